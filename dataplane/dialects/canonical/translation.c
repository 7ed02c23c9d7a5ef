#include "dataplane/dialects/canonical/translation.h"

enum {
    MAX_BLOCK_BYTES = 8 << 20,
    MAX_END_BYTES = 8 << 20, /* the last event of OpenAI's responses repeats the whole answer */
};

void tg_translation_init(struct tg_translation *translation, const struct tg_dialect *from, const struct tg_dialect *to,
                         enum tg_framing framing, struct tg_arena *arena, const struct tg_encode_options *options)
{
    memset(translation, 0, sizeof(*translation));
    translation->from = from;
    translation->to = to;
    translation->framing = framing;
    translation->decoder = from->decoder_new(arena);
    translation->encoder = to->encoder_new(arena, options);
    tg_sse_init(&translation->sse, MAX_BLOCK_BYTES);
    tg_json_array_init(&translation->json_array, MAX_BLOCK_BYTES);
    tg_aws_event_stream_init(&translation->aws, MAX_BLOCK_BYTES);
    tg_arena_init(&translation->scratch);
    tg_buf_init(&translation->end, MAX_END_BYTES);
    tg_buf_init(&translation->text, TG_SEEN_TEXT_BYTES);
    translation->seen.text = &translation->text;
}

void tg_translation_deinit(struct tg_translation *translation)
{
    tg_sse_deinit(&translation->sse);
    tg_json_array_deinit(&translation->json_array);
    tg_aws_event_stream_deinit(&translation->aws);
    tg_arena_deinit(&translation->scratch);
    tg_buf_deinit(&translation->end);
    tg_buf_deinit(&translation->text);
}

/* ---- events ---- */

static size_t keep(struct tg_text text, char *room, size_t room_bytes)
{
    size_t bytes = text.bytes < room_bytes ? text.bytes : room_bytes;
    if (bytes != 0)
        memcpy(room, text.data, bytes);
    return bytes;
}

static void learn(struct tg_translation *translation, const struct tg_answer_event *event)
{
    struct tg_seen *seen = &translation->seen;
    switch (event->kind) {
    case TG_ANSWER_START:
        seen->model_bytes = keep(event->model.written, seen->model, sizeof(seen->model));
        break;
    case TG_ANSWER_DELTA:
        tg_seen_add_text(seen, event->text.written);
        break;
    case TG_ANSWER_FINISH:
        translation->has_finished = true;
        break;
    case TG_ANSWER_USAGE:
        seen->usage = *event->usage;
        seen->has_usage = true;
        seen->is_usage_partial = event->is_usage_partial;
        if (event->service_tier.bytes != 0)
            seen->service_tier_bytes = keep(event->service_tier, seen->service_tier, sizeof(seen->service_tier));
        break;
    case TG_ANSWER_ERROR:
        seen->has_error = true;
        break;
    default:
        break;
    }
    /* Nothing is missing any more: the connection need not end for the call to be over. */
    if (event->kind == TG_ANSWER_END || (translation->has_finished && seen->has_usage && !seen->is_usage_partial))
        seen->is_done = true;
}

static enum tg_status take(void *user, const struct tg_answer_event *event)
{
    struct tg_translation *translation = user;
    learn(translation, event);
    if (translation->has_said_all)
        return TG_OK;
    translation->has_said_all = event->kind == TG_ANSWER_END || event->kind == TG_ANSWER_ERROR;
    return translation->to->encode(translation->encoder, event,
                                   event->kind == TG_ANSWER_END ? &translation->end : translation->out);
}

/* ---- blocks ---- */

/* What a block reports includes its own text, whichever its decoder tells first. */
static void note_usage(struct tg_translation *translation)
{
    struct tg_seen *seen = &translation->seen;
    if (!seen->has_usage || tg_usage_total_output(&seen->usage) == translation->reported_output)
        return;
    translation->reported_output = tg_usage_total_output(&seen->usage);
    seen->usage_text_bytes = seen->text_bytes;
}

static enum tg_status decode(struct tg_translation *translation, struct tg_text name, struct tg_text data)
{
    const struct tg_answer_sink sink = {take, translation};
    enum tg_status status =
        translation->from->decode_block(translation->decoder, &translation->scratch, name, data, &sink);
    tg_arena_reset(&translation->scratch);
    note_usage(translation);
    return status;
}

static enum tg_status feed_sse(struct tg_translation *translation, struct tg_text piece)
{
    struct tg_sse_block block;
    enum tg_sse_result result;
    enum tg_status status = TG_OK;
    tg_sse_feed(&translation->sse, piece);
    while (status == TG_OK && (result = tg_sse_next(&translation->sse, &block)) != TG_SSE_MORE) {
        if (result == TG_SSE_TOO_LARGE)
            return TG_TOO_LARGE;
        if (block.has_data)
            status = decode(translation, block.name, block.data);
    }
    return status;
}

static enum tg_status feed_aws(struct tg_translation *translation, struct tg_text piece)
{
    struct tg_aws_event_message message;
    enum tg_aws_event_result result;
    enum tg_status status = TG_OK;
    tg_aws_event_stream_feed(&translation->aws, piece);
    while (status == TG_OK && (result = tg_aws_event_stream_next(&translation->aws, &message)) != TG_AWS_EVENT_MORE) {
        if (result != TG_AWS_EVENT_MESSAGE)
            return TG_TOO_LARGE; /* or damaged: nothing behind it can be found */
        bool is_event = tg_text_is(message.message_type, "event");
        status = decode(translation, is_event ? message.event_type : message.exception_type, message.payload);
    }
    return status;
}

static enum tg_status feed_array(struct tg_translation *translation, struct tg_text piece)
{
    struct tg_json_array_block block;
    enum tg_json_array_result result;
    enum tg_status status = TG_OK;
    tg_json_array_feed(&translation->json_array, piece);
    while (status == TG_OK && (result = tg_json_array_next(&translation->json_array, &block)) != TG_JSON_ARRAY_MORE) {
        if (result == TG_JSON_ARRAY_TOO_LARGE)
            return TG_TOO_LARGE;
        if (block.data.bytes != 0)
            status = decode(translation, tg_text(NULL, 0), block.data);
    }
    return status;
}

static enum tg_status feed(struct tg_translation *translation, struct tg_text piece)
{
    switch (translation->framing) {
    case TG_FRAMING_AWS:
        return feed_aws(translation, piece);
    case TG_FRAMING_JSON_ARRAY:
        return feed_array(translation, piece);
    default:
        return feed_sse(translation, piece);
    }
}

enum tg_status tg_translation_feed(struct tg_translation *translation, struct tg_text piece, struct tg_buf *out)
{
    translation->out = out;
    return feed(translation, piece);
}

enum tg_status tg_translation_finish(struct tg_translation *translation, struct tg_buf *out)
{
    const struct tg_answer_sink sink = {take, translation};
    translation->out = out;
    /* A last event whose blank line is missing is taken all the same. */
    if (translation->framing == TG_FRAMING_SSE && tg_sse_rest(&translation->sse).bytes != 0 &&
        !translation->has_said_all) {
        enum tg_status status = feed(translation, tg_text("\n\n", 2));
        if (status != TG_OK)
            return status;
    }
    enum tg_status status = translation->from->decode_end(translation->decoder, &translation->scratch, &sink);
    tg_arena_reset(&translation->scratch);
    return status;
}

enum tg_status tg_translation_whole(struct tg_translation *translation, struct tg_text body, struct tg_buf *out)
{
    const struct tg_answer_sink sink = {take, translation};
    translation->out = out;
    enum tg_status status = translation->from->decode_whole(&translation->scratch, body, &sink);
    tg_arena_reset(&translation->scratch);
    return status == TG_OK ? tg_buf_append(out, tg_buf_text(&translation->end)) : status;
}

struct tg_text tg_translation_error(struct tg_translation *translation, struct tg_arena *arena,
                                    const struct tg_answer_error *error)
{
    const struct tg_answer_event event = {.kind = TG_ANSWER_ERROR, .error = error};
    struct tg_text text = tg_text(NULL, 0);
    struct tg_buf out;
    if (translation->has_said_all)
        return text;
    translation->has_said_all = true;
    tg_buf_init(&out, MAX_BLOCK_BYTES);
    if (translation->to->encode(translation->encoder, &event, &out) == TG_OK)
        text = tg_arena_copy(arena, tg_buf_text(&out));
    tg_buf_deinit(&out);
    return text;
}
