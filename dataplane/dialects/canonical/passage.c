#include "dataplane/dialects/canonical/passage.h"

void tg_passage_init(struct tg_passage *passage, const struct tg_dialect *dialect, bool hides_usage)
{
    memset(passage, 0, sizeof(*passage));
    passage->dialect = dialect;
    passage->hides_usage = hides_usage;
    tg_sse_init(&passage->sse, TG_PASSAGE_BLOCK_BYTES);
    tg_buf_init(&passage->end, TG_PASSAGE_BLOCK_BYTES);
}

void tg_passage_deinit(struct tg_passage *passage)
{
    tg_sse_deinit(&passage->sse);
    tg_buf_deinit(&passage->end);
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

static enum tg_status take_block(struct tg_passage *passage, const struct block *block, struct run *run)
{
    enum tg_block_fate fate = TG_BLOCK_PASS;
    if (passage->seen.is_done)
        return TG_OK; /* clients stop reading at the end */
    if (block->has_data)
        fate = watch(passage, block);
    enum tg_status status = passage->end.bytes == 0 ? TG_OK : let_go(passage, run);
    if (fate == TG_BLOCK_HIDE || status != TG_OK)
        return status;
    return fate == TG_BLOCK_PASS ? pass(run, block->raw) : tg_buf_append(&passage->end, block->raw);
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

enum tg_status tg_passage_feed(struct tg_passage *passage, struct tg_text piece, struct tg_buf *out)
{
    return feed_sse(passage, piece, out);
}

enum tg_status tg_passage_finish(struct tg_passage *passage, struct tg_buf *out)
{
    struct tg_text rest = tg_sse_rest(&passage->sse);
    if (rest.bytes == 0 || passage->seen.is_done)
        return TG_OK;
    if (tg_text_is(rest, "\n")) /* of a CRLF that was cut in two behind the last block */
        return tg_buf_append(out, rest);
    return feed_sse(passage, tg_text("\n\n", 2), out);
}
