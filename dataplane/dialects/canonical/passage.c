#include "dataplane/dialects/canonical/passage.h"

void tg_passage_init_framed(struct tg_passage *passage, const struct tg_dialect *dialect, enum tg_framing framing,
                            enum tg_framing client_framing, bool hides_usage)
{
    memset(passage, 0, sizeof(*passage));
    passage->dialect = dialect;
    passage->hides_usage = hides_usage;
    passage->framing = framing;
    passage->client_framing = client_framing;
    tg_sse_init(&passage->sse, TG_PASSAGE_BLOCK_BYTES);
    tg_json_array_init(&passage->json_array, TG_PASSAGE_BLOCK_BYTES);
    tg_aws_event_stream_init(&passage->aws, TG_PASSAGE_BLOCK_BYTES);
    tg_buf_init(&passage->end, TG_PASSAGE_BLOCK_BYTES);
    tg_buf_init(&passage->text, TG_SEEN_TEXT_BYTES);
    passage->seen.text = &passage->text;
}

void tg_passage_init(struct tg_passage *passage, const struct tg_dialect *dialect, bool hides_usage)
{
    tg_passage_init_framed(passage, dialect, TG_FRAMING_SSE, TG_FRAMING_SSE, hides_usage);
}

void tg_passage_deinit(struct tg_passage *passage)
{
    tg_sse_deinit(&passage->sse);
    tg_json_array_deinit(&passage->json_array);
    tg_aws_event_stream_deinit(&passage->aws);
    tg_buf_deinit(&passage->end);
    tg_buf_deinit(&passage->text);
}

static bool is_reframed(const struct tg_passage *passage)
{
    return passage->framing != passage->client_framing;
}

/* A block of a stream, whatever its framing. */
struct block {
    struct tg_text raw;
    struct tg_text name, data;
    bool has_data; /* false: a comment, which passes */
};

/* Blocks that pass are contiguous in the piece more often than not: they are appended as one run. */
struct run {
    struct tg_text bytes;
    struct tg_buf *out;
};

static enum tg_status end_run(struct run *run)
{
    struct tg_text bytes = run->bytes;
    run->bytes = tg_text(NULL, 0);
    return tg_buf_append(run->out, bytes);
}

static enum tg_status pass(struct run *run, struct tg_text raw)
{
    if (run->bytes.bytes != 0 && run->bytes.data + run->bytes.bytes == raw.data) {
        run->bytes.bytes += raw.bytes;
        return TG_OK;
    }
    enum tg_status status = end_run(run);
    run->bytes = raw;
    return status;
}

/* What was held was not the end: more has come. */
static enum tg_status let_go(struct tg_passage *passage, struct run *run)
{
    enum tg_status status = end_run(run);
    if (status == TG_OK)
        status = tg_buf_append(run->out, tg_buf_text(&passage->end));
    passage->end.bytes = 0;
    return status;
}

/* Notes how much text there was when the usage was last reported. */
static enum tg_block_fate watch(struct tg_passage *passage, const struct block *block)
{
    struct tg_seen *seen = &passage->seen;
    enum tg_block_fate fate = passage->dialect->watch_block(seen, passage->hides_usage, block->name, block->data);
    if (seen->has_usage && tg_usage_total_output(&seen->usage) != passage->reported_output) {
        passage->reported_output = tg_usage_total_output(&seen->usage);
        seen->usage_text_bytes = seen->text_bytes;
    }
    return fate;
}

/* An event's data as an element of the client's array. */
static enum tg_status pass_element(struct tg_passage *passage, struct tg_text data, struct tg_buf *out)
{
    enum tg_status status = tg_buf_append(out, tg_text_of(passage->has_begun ? ",\r\n" : "["));
    passage->has_begun = true;
    return status == TG_OK ? tg_buf_append(out, data) : status;
}

static enum tg_status take_data(struct tg_passage *passage, const struct block *block, struct run *run)
{
    enum tg_block_fate fate = watch(passage, block);
    enum tg_status status = passage->end.bytes == 0 ? TG_OK : let_go(passage, run);
    if (fate == TG_BLOCK_HIDE || status != TG_OK)
        return status;
    passage->is_over = fate == TG_BLOCK_HOLD;
    if (is_reframed(passage)) {
        status = end_run(run);
        return status == TG_OK ? pass_element(passage, block->data, fate == TG_BLOCK_PASS ? run->out : &passage->end)
                               : status;
    }
    passage->has_begun = true;
    return fate == TG_BLOCK_PASS ? pass(run, block->raw) : tg_buf_append(&passage->end, block->raw);
}

static enum tg_status take_block(struct tg_passage *passage, const struct block *block, struct run *run)
{
    if (passage->is_over)
        return TG_OK;
    if (block->has_data)
        return take_data(passage, block, run);
    if (is_reframed(passage))
        return TG_OK; /* comments */
    bool is_behind_end = passage->end.bytes != 0;
    return is_behind_end ? tg_buf_append(&passage->end, block->raw) : pass(run, block->raw);
}

/* A block that spanned pieces lies in the splitter's own memory, which its next call reuses. */
static enum tg_status settle_run(struct run *run, struct tg_text piece)
{
    bool is_in_piece =
        run->bytes.bytes == 0 || (run->bytes.data >= piece.data && run->bytes.data < piece.data + piece.bytes);
    return is_in_piece ? TG_OK : end_run(run);
}

static enum tg_status feed_sse(struct tg_passage *passage, struct tg_text piece, struct tg_buf *out)
{
    struct run run = {.out = out};
    struct tg_sse_block event;
    enum tg_sse_result result;
    enum tg_status status = TG_OK;
    tg_sse_feed(&passage->sse, piece);
    while (status == TG_OK && (result = tg_sse_next(&passage->sse, &event)) != TG_SSE_MORE) {
        if (result == TG_SSE_TOO_LARGE)
            return TG_TOO_LARGE;
        struct block block = {event.raw, event.name, event.data, event.has_data};
        status = take_block(passage, &block, &run);
        if (status == TG_OK)
            status = settle_run(&run, piece);
    }
    return status == TG_OK ? end_run(&run) : status;
}

static enum tg_status feed_array(struct tg_passage *passage, struct tg_text piece, struct tg_buf *out)
{
    struct run run = {.out = out};
    struct tg_json_array_block element;
    enum tg_json_array_result result;
    enum tg_status status = TG_OK;
    tg_json_array_feed(&passage->json_array, piece);
    while (status == TG_OK && (result = tg_json_array_next(&passage->json_array, &element)) != TG_JSON_ARRAY_MORE) {
        if (result == TG_JSON_ARRAY_TOO_LARGE)
            return TG_TOO_LARGE;
        struct block block = {element.raw, tg_text(NULL, 0), element.data, element.data.bytes != 0};
        passage->has_ended = passage->json_array.is_over;
        status = take_block(passage, &block, &run);
        if (status == TG_OK)
            status = settle_run(&run, piece);
    }
    return status == TG_OK ? end_run(&run) : status;
}

static enum tg_status feed_aws(struct tg_passage *passage, struct tg_text piece, struct tg_buf *out)
{
    struct run run = {.out = out};
    struct tg_aws_event_message message;
    enum tg_aws_event_result result;
    enum tg_status status = TG_OK;
    tg_aws_event_stream_feed(&passage->aws, piece);
    while (status == TG_OK && (result = tg_aws_event_stream_next(&passage->aws, &message)) != TG_AWS_EVENT_MORE) {
        if (result != TG_AWS_EVENT_MESSAGE)
            return TG_TOO_LARGE; /* or damaged: nothing behind it can be found */
        bool is_event = tg_text_is(message.message_type, "event");
        struct block block = {message.raw, is_event ? message.event_type : message.exception_type, message.payload,
                              true};
        status = take_block(passage, &block, &run);
        if (status == TG_OK)
            status = settle_run(&run, piece);
    }
    return status == TG_OK ? end_run(&run) : status;
}

enum tg_status tg_passage_feed(struct tg_passage *passage, struct tg_text piece, struct tg_buf *out)
{
    switch (passage->framing) {
    case TG_FRAMING_JSON_ARRAY:
        return feed_array(passage, piece, out);
    case TG_FRAMING_AWS:
        return feed_aws(passage, piece, out);
    default:
        return feed_sse(passage, piece, out);
    }
}

/* ---- the end ---- */

static enum tg_status finish_sse(struct tg_passage *passage, struct tg_buf *out)
{
    struct tg_text rest = tg_sse_rest(&passage->sse);
    if (rest.bytes == 0 || passage->is_over)
        return TG_OK;
    if (!tg_text_is(rest, "\n")) /* of a CRLF that was cut in two behind the last block */
        return feed_sse(passage, tg_text("\n\n", 2), out);
    if (is_reframed(passage))
        return TG_OK;
    return tg_buf_append(passage->end.bytes != 0 ? &passage->end : out, rest);
}

/* The array is closed where the provider, or its framing, did not. */
static enum tg_status finish_array(struct tg_passage *passage)
{
    if (passage->client_framing != TG_FRAMING_JSON_ARRAY || passage->has_ended || !passage->seen.is_done)
        return TG_OK;
    passage->has_ended = true;
    return tg_buf_append(&passage->end, tg_text_of("]"));
}

enum tg_status tg_passage_finish(struct tg_passage *passage, struct tg_buf *out)
{
    enum tg_status status = passage->framing == TG_FRAMING_SSE ? finish_sse(passage, out) : TG_OK;
    return status == TG_OK ? finish_array(passage) : status;
}

/* What was held and is not known to be the last goes before it. */
struct tg_text tg_passage_error(const struct tg_passage *passage, struct tg_arena *arena,
                                const struct tg_answer_error *error)
{
    struct tg_text event = passage->dialect->error_event(arena, error, passage->client_framing);
    struct tg_text held = passage->is_over ? tg_text(NULL, 0) : tg_buf_text(&passage->end);
    if (passage->has_ended)
        return tg_text(NULL, 0);
    if (passage->client_framing == TG_FRAMING_JSON_ARRAY)
        event = tg_arena_printf(arena, "%s%.*s]", passage->has_begun ? ",\r\n" : "[", TG_TEXT_ARG(event));
    if (held.bytes == 0)
        return event;
    char *both = tg_arena_alloc(arena, held.bytes + event.bytes);
    memcpy(both, held.data, held.bytes);
    memcpy(both + held.bytes, event.data, event.bytes);
    return tg_text(both, held.bytes + event.bytes);
}
