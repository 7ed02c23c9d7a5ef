#include "dataplane/dialects/responses/encode_internal.h"

void *tg_responses_encoder_new(struct tg_arena *arena, const struct tg_encode_options *options)
{
    struct encoder *encoder = tg_arena_calloc(arena, sizeof(*encoder));
    struct tg_encode_options *copy = tg_arena_alloc(arena, sizeof(*copy));
    *copy = *options;
    encoder->arena = arena;
    encoder->options = copy;
    encoder->echo = tg_responses_echo(arena, options->request);
    encoder->model = tg_json_string_of(arena, options->model);
    encoder->id = tg_json_string_of(arena, tg_arena_printf(arena, "resp_%.*s", TG_TEXT_ARG(options->request_id)));
    return encoder;
}

static struct tg_json_string copy(struct tg_arena *arena, struct tg_json_string string)
{
    return tg_json_string_is_empty(string) ? string : tg_json_string(tg_arena_copy(arena, string.written));
}

static enum tg_status start(struct encoder *encoder, const struct tg_answer_event *event, struct tg_buf *out)
{
    if (encoder->has_started)
        return TG_OK;
    encoder->has_started = true;
    if (tg_text_starts_with(event->id.written, "resp_"))
        encoder->id = copy(encoder->arena, event->id);
    if (tg_json_string_is_empty(encoder->model))
        encoder->model = copy(encoder->arena, event->model);
    if (!encoder->options->is_streaming)
        return TG_OK;
    enum tg_status status = tg_responses_say_response(encoder, out, "response.created", "in_progress", NULL);
    if (status == TG_OK)
        status = tg_responses_say_response(encoder, out, "response.in_progress", "in_progress", NULL);
    return status;
}

static enum tg_status finish(struct encoder *encoder, const struct tg_answer_event *event, struct tg_buf *out)
{
    encoder->finish = event->finish;
    return tg_responses_close_message(encoder, tg_responses_final_status(encoder), out);
}

/* Tiers of other makers ("standard", "on_demand") have names that no client of this dialect knows. */
static bool is_own_tier(struct tg_text tier)
{
    static const char *const TIERS[] = {"auto", "default", "flex", "scale", "priority", "fast", "ultrafast"};
    for (size_t i = 0; i < sizeof(TIERS) / sizeof(TIERS[0]); ++i)
        if (tg_text_is(tier, TIERS[i]))
            return true;
    return false;
}

static enum tg_status write_whole(struct encoder *encoder, struct tg_buf *out)
{
    struct tg_json_writer json;
    tg_json_write_init(&json, out);
    tg_responses_write_response(&json, encoder, tg_responses_final_status(encoder), NULL);
    return tg_json_write_finish(&json);
}

static enum tg_status end(struct encoder *encoder, struct tg_buf *out)
{
    const char *status = tg_responses_final_status(encoder);
    bool is_complete = strcmp(status, "completed") == 0;
    enum tg_status result = tg_responses_close_message(encoder, status, out);
    encoder->is_over = true;
    if (result != TG_OK)
        return result;
    if (!encoder->options->is_streaming)
        return write_whole(encoder, out);
    return tg_responses_say_response(encoder, out, is_complete ? "response.completed" : "response.incomplete", status,
                                     NULL);
}

/* Streamed as two events: SDKs raise the first for its member `error`; Codex, for one, looks for response.failed. */
static enum tg_status fail(struct encoder *encoder, const struct tg_answer_error *error, struct tg_buf *out)
{
    encoder->is_over = true;
    if (!encoder->options->is_streaming)
        return tg_buf_append(out, tg_responses_error_body(encoder->arena, error));
    enum tg_status status = tg_responses_say_error(encoder, out, error);
    return status == TG_OK ? tg_responses_say_response(encoder, out, "response.failed", "failed", error) : status;
}

enum tg_status tg_responses_encode(void *state, const struct tg_answer_event *event, struct tg_buf *out)
{
    struct encoder *encoder = state;
    if (encoder->is_over || event->choice != 0) /* a response is one choice */
        return TG_OK;
    switch (event->kind) {
    case TG_ANSWER_START:
        return start(encoder, event, out);
    case TG_ANSWER_PART_BEGIN:
        return tg_responses_begin_part(encoder, event, out);
    case TG_ANSWER_DELTA:
    case TG_ANSWER_SIGNATURE:
    case TG_ANSWER_CITATIONS:
    case TG_ANSWER_LOGPROBS:
        return tg_responses_go_on(encoder, event, out);
    case TG_ANSWER_PART_END:
        return tg_responses_end_part(encoder, event->part, out);
    case TG_ANSWER_FINISH:
        return finish(encoder, event, out);
    case TG_ANSWER_USAGE:
        encoder->has_usage = true;
        encoder->usage = *event->usage;
        if (is_own_tier(event->service_tier))
            encoder->service_tier = tg_arena_copy(encoder->arena, event->service_tier);
        return TG_OK;
    case TG_ANSWER_ERROR:
        return fail(encoder, event->error, out);
    case TG_ANSWER_END:
        return end(encoder, out);
    }
    return TG_OK;
}
