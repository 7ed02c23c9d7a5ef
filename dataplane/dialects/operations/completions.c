/* OpenAI's legacy completions: chat's stream and usage, other words. */
#include "dataplane/dialects/operations/operations_internal.h"

static void read_prompts(struct tg_reading *reading, struct tg_json_token *token)
{
    if (token->kind != TG_JSON_NULL)
        operations_read_inputs(reading, token);
}

static void read_maximum(struct tg_reading *reading, struct tg_json_token *token)
{
    struct tg_model_request *request = reading->request;
    if (token->kind == TG_JSON_NUMBER && tg_text_is(token->value, "0"))
        return; /* a prompt alone, with its log-probabilities */
    request->max_output_tokens =
        tg_reading_count(reading, "max_tokens", token, INT64_MAX, "a whole number that is not negative");
    if (token->event == TG_JSON_VALUE)
        request->marks.older_maximum = tg_reading_span(reading, token->value);
}

/* So many are made and billed, though fewer may be shown. */
static void read_best_of(struct tg_reading *reading, struct tg_json_token *token)
{
    int64_t best = tg_reading_count(reading, "best_of", token, TG_MAX_CHOICES, "a whole number from 1 to 128");
    reading->request->images = best; /* kept there until `n` is known */
}

static void read_options(struct tg_reading *reading, struct tg_json_token *token)
{
    struct tg_body_marks *marks = &reading->request->marks;
    struct tg_json_token member;
    marks->stream_options = tg_reading_span(reading, token->value);
    if (token->kind != TG_JSON_OBJECT && token->kind != TG_JSON_NULL)
        tg_reading_fail_type(reading, "stream_options", "an object", token);
    while (token->kind == TG_JSON_OBJECT && tg_json_scan_next_in(&reading->scan, token, &member)) {
        marks->has_stream_options_members = true;
        if (!tg_json_text_is(member.key, "include_usage"))
            continue;
        if (marks->include_usage.bytes != 0)
            tg_reading_fail_value(reading, "stream_options.include_usage", "given once");
        reading->request->wants_usage = tg_reading_boolean(reading, "stream_options.include_usage", &member);
        marks->include_usage = tg_reading_span(reading, member.value);
    }
}

static bool read_request(const struct tg_request_source *source, struct tg_model_request *request,
                         struct tg_client_error *error)
{
    static const struct operations_rule rules[] = {
        {"model", operations_read_model, true},    {"prompt", read_prompts, false},
        {"suffix", operations_read_prompt, false}, {"max_tokens", read_maximum, false},
        {"n", operations_read_choices, false},     {"best_of", read_best_of, false},
        {"stream", operations_read_stream, false}, {"stream_options", read_options, false},
    };
    bool is_good = operations_read(source, request, error, TG_DIALECT_CHAT, rules, sizeof(rules) / sizeof(rules[0]));
    if (request->images > request->choices)
        request->choices = request->images;
    if (request->inputs > 1) /* each prompt is continued as often */
        request->choices *= request->inputs;
    request->images = request->inputs = 0;
    return is_good;
}

static void edit_request(struct tg_arena *arena, struct tg_text body, const struct tg_model_request *request,
                         const struct tg_request_target *target, struct tg_body *edited)
{
    struct tg_request_target as_chat = *target;
    as_chat.maximum_field = "max_tokens";
    as_chat.asks_for_usage = target->asks_for_usage && request->is_streaming;
    tg_dialect_chat.edit_request(arena, body, request, &as_chat, edited);
}

/* "text" of every choice; chat's own watcher counts what is in deltas. */
static void take_text(struct tg_seen *seen, struct tg_text data)
{
    struct tg_json_scan scan;
    struct tg_json_token root, member, choice, inner;
    tg_json_scan_init(&scan, data);
    if (data.bytes == 0 || tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN || root.kind != TG_JSON_OBJECT)
        return;
    while (tg_json_scan_next_in(&scan, &root, &member))
        while (member.kind == TG_JSON_ARRAY && tg_json_scan_next_in(&scan, &member, &choice))
            while (choice.kind == TG_JSON_OBJECT && tg_json_scan_next_in(&scan, &choice, &inner))
                if (inner.kind == TG_JSON_STRING && tg_json_text_is(inner.key, "text"))
                    tg_seen_add_text(seen, inner.value);
}

static enum tg_block_fate watch_block(struct tg_seen *seen, bool hides_usage, struct tg_text name, struct tg_text data)
{
    take_text(seen, data);
    return tg_chat_watch_block(seen, hides_usage, name, data);
}

static void watch_whole(struct tg_seen *seen, struct tg_text body)
{
    tg_chat_watch_whole(seen, body);
    if (seen->has_usage)
        return;
    seen->text_bytes = 0;
    take_text(seen, body);
}

const struct tg_dialect tg_operations_completions = {
    .id = TG_DIALECT_CHAT,
    .name = "completions",
    .read_request = read_request,
    .error_body = tg_chat_error_body,
    .error_event = tg_chat_error_event,
    .read_error = tg_chat_read_error,
    .edit_request = edit_request,
    .watch_block = watch_block,
    .watch_whole = watch_whole,
    .watch_tail = tg_chat_watch_tail,
};
