#include "dataplane/dialects/responses/encode_internal.h"

static void write_null(struct tg_json_writer *json, const char *key)
{
    tg_json_write_key(json, key);
    tg_json_write_null(json);
}

static void write_raw(struct tg_json_writer *json, const char *key, struct tg_text value, const char *otherwise)
{
    tg_json_write_key(json, key);
    tg_json_write_raw(json, value.bytes != 0 ? value : tg_text_of(otherwise));
}

static struct tg_text field(const struct tg_model_request *request, enum tg_field_id id)
{
    const struct tg_field *found = request == NULL ? NULL : tg_request_field(request, id);
    return found == NULL ? tg_text(NULL, 0) : found->value;
}

static void write_string_or_null(struct tg_json_writer *json, const char *key, struct tg_json_string string)
{
    tg_json_write_key(json, key);
    if (tg_json_string_is_empty(string))
        tg_json_write_null(json);
    else
        tg_json_write_written(json, string);
}

static void write_instructions(struct tg_json_writer *json, const struct tg_model_request *request)
{
    const struct tg_turn *turn = request == NULL ? NULL : request->turns;
    bool is_there = turn != NULL && tg_text_is(turn->path, "instructions") && turn->parts != NULL;
    write_string_or_null(json, "instructions", is_there ? turn->parts->text : tg_json_string(tg_text(NULL, 0)));
}

static void write_tools(struct tg_json_writer *json, const struct tg_model_request *request)
{
    const char *written = NULL; /* a namespace with several tools is one */
    tg_json_write_key(json, "tools");
    tg_json_write_array_begin(json);
    for (const struct tg_tool *tool = request == NULL ? NULL : request->tools; tool != NULL; tool = tool->next) {
        if (tool->raw.bytes == 0 || tool->raw.data == written)
            continue;
        tg_json_write_raw(json, tool->raw);
        written = tool->raw.data;
    }
    tg_json_write_array_end(json);
}

static void write_text(struct tg_json_writer *json, const struct tg_model_request *request)
{
    struct tg_text format = request == NULL ? tg_text(NULL, 0) : request->format.raw;
    tg_json_write_key(json, "text");
    tg_json_write_object_begin(json);
    write_raw(json, "format", format, "{\"type\":\"text\"}");
    write_raw(json, "verbosity", field(request, TG_FIELD_VERBOSITY), "null");
    tg_json_write_object_end(json);
}

static void write_reasoning(struct tg_json_writer *json, const struct tg_model_request *request)
{
    struct tg_json_string none = tg_json_string(tg_text(NULL, 0));
    bool wants_text = request != NULL && request->thinking.wants_text;
    tg_json_write_key(json, "reasoning");
    tg_json_write_object_begin(json);
    write_string_or_null(json, "effort", request == NULL ? none : request->thinking.effort);
    write_string_or_null(json, "summary", wants_text ? tg_json_string_literal("auto") : none);
    tg_json_write_object_end(json);
}

static void write_echo(struct tg_json_writer *json, const struct tg_model_request *request)
{
    int64_t maximum = request == NULL ? 0 : request->max_output_tokens;
    struct tg_text choice = request == NULL ? tg_text(NULL, 0) : request->tool_choice.raw;
    tg_json_write_key(json, "background");
    tg_json_write_boolean(json, false);
    write_instructions(json, request);
    tg_json_write_key(json, "max_output_tokens");
    if (maximum > 0)
        tg_json_write_i64(json, maximum);
    else
        tg_json_write_null(json);
    write_raw(json, "max_tool_calls", field(request, TG_FIELD_MAX_TOOL_CALLS), "null");
    write_raw(json, "metadata", field(request, TG_FIELD_METADATA), "{}");
    write_raw(json, "parallel_tool_calls", field(request, TG_FIELD_PARALLEL_TOOL_CALLS), "true");
    write_null(json, "previous_response_id");
    write_raw(json, "prompt_cache_key", field(request, TG_FIELD_PROMPT_CACHE_KEY), "null");
    write_reasoning(json, request);
    write_raw(json, "safety_identifier", field(request, TG_FIELD_SAFETY_IDENTIFIER), "null");
    tg_json_write_key(json, "store"); /* nothing is, whatever the default is */
    tg_json_write_boolean(json, false);
    write_raw(json, "temperature", field(request, TG_FIELD_TEMPERATURE), "null");
    write_text(json, request);
    write_raw(json, "tool_choice", choice, "\"auto\"");
    write_tools(json, request);
    write_raw(json, "top_logprobs", field(request, TG_FIELD_TOP_LOGPROBS), "0");
    write_raw(json, "top_p", field(request, TG_FIELD_TOP_P), "null");
    write_raw(json, "truncation", field(request, TG_FIELD_TRUNCATION), "\"disabled\"");
    write_raw(json, "user", field(request, TG_FIELD_USER), "null");
}

struct tg_text tg_responses_echo(struct tg_arena *arena, const struct tg_model_request *request)
{
    struct tg_json_writer json;
    struct tg_buf buf;
    struct tg_text echo = tg_text_of("\"tools\":[]");
    tg_buf_init(&buf, MAX_KEPT_BYTES); /* a request is far smaller; without its echo an answer is still one */
    tg_json_write_init(&json, &buf);
    tg_json_write_object_begin(&json);
    write_echo(&json, request);
    tg_json_write_object_end(&json);
    if (tg_json_write_finish(&json) == TG_OK)
        echo = tg_arena_copy(arena, tg_text(buf.data + 1, buf.bytes - 2)); /* without its braces */
    tg_buf_deinit(&buf);
    return echo;
}

/* The model's window was full: no more could be said than if the maximum had been lower. A refusal of which nothing
 * was said is told as what it is to the client. */
static const char *incomplete_reason(const struct encoder *encoder)
{
    switch (encoder->finish) {
    case TG_FINISH_LENGTH:
    case TG_FINISH_CONTEXT_FULL:
        return "max_output_tokens";
    case TG_FINISH_CONTENT_FILTER:
        return "content_filter";
    case TG_FINISH_REFUSAL:
        return encoder->has_refusal ? NULL : "content_filter";
    default:
        return NULL;
    }
}

const char *tg_responses_final_status(const struct encoder *encoder)
{
    return incomplete_reason(encoder) == NULL ? "completed" : "incomplete";
}

static void write_outcome(struct tg_json_writer *json, const struct encoder *encoder, const char *status,
                          const struct tg_answer_error *error)
{
    bool is_incomplete = strcmp(status, "incomplete") == 0;
    tg_json_write_key(json, "error");
    if (error == NULL) {
        tg_json_write_null(json);
    } else {
        tg_json_write_object_begin(json);
        tg_json_write_key(json, "code");
        tg_json_write_written(json, tg_responses_error_code(error));
        tg_json_write_key(json, "message");
        tg_json_write_written(json, error->message);
        tg_json_write_object_end(json);
    }
    tg_json_write_key(json, "incomplete_details");
    if (!is_incomplete) {
        tg_json_write_null(json);
        return;
    }
    tg_json_write_object_begin(json);
    tg_json_write_key(json, "reason");
    tg_json_write_string(json, tg_text_of(incomplete_reason(encoder)));
    tg_json_write_object_end(json);
}

void tg_responses_write_response(struct tg_json_writer *json, const struct encoder *encoder, const char *status,
                                 const struct tg_answer_error *error)
{
    tg_json_write_object_begin(json);
    tg_json_write_key(json, "id");
    tg_json_write_written(json, encoder->id);
    tg_json_write_key(json, "object");
    tg_json_write_string(json, tg_text_of("response"));
    tg_json_write_key(json, "created_at");
    tg_json_write_i64(json, encoder->options->unix_ms / 1000);
    tg_json_write_key(json, "status");
    tg_json_write_string(json, tg_text_of(status));
    tg_json_write_key(json, "model");
    tg_json_write_written(json, encoder->model);
    write_outcome(json, encoder, status, error);
    tg_json_write_raw(json, encoder->echo);
    tg_json_write_key(json, "output");
    tg_json_write_array_begin(json);
    for (const struct encoded_item *item = encoder->items; item != NULL; item = item->next)
        if (item->json.bytes != 0)
            tg_json_write_raw(json, item->json);
    tg_json_write_array_end(json);
    tg_json_write_key(json, "service_tier");
    tg_json_write_string(json, encoder->service_tier.bytes != 0 ? encoder->service_tier : tg_text_of("default"));
    tg_json_write_key(json, "usage");
    if (encoder->has_usage)
        tg_responses_write_usage(json, &encoder->usage);
    else
        tg_json_write_null(json);
    tg_json_write_object_end(json);
}
