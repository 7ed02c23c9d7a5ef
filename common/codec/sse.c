#include "common/codec/sse.h"

#include <assert.h>

const char *tg_sse_result_name(enum tg_sse_result result)
{
    switch (result) {
    case TG_SSE_BLOCK:
        return "block";
    case TG_SSE_MORE:
        return "more";
    case TG_SSE_TOO_LARGE:
        return "too_large";
    }
    return "unknown";
}

void tg_sse_init(struct tg_sse *sse, size_t max_block_bytes)
{
    *sse = (struct tg_sse){.max_block_bytes = max_block_bytes};
    tg_buf_init(&sse->held, max_block_bytes);
    tg_buf_init(&sse->joined, max_block_bytes);
}

void tg_sse_deinit(struct tg_sse *sse)
{
    tg_buf_deinit(&sse->held);
    tg_buf_deinit(&sse->joined);
}

void tg_sse_feed(struct tg_sse *sse, struct tg_text piece)
{
    assert(sse->at == sse->piece_end); /* the piece before was taken in whole */
    if (piece.bytes == 0)
        return;
    sse->piece = sse->block = sse->at = piece.data;
    sse->piece_end = piece.data + piece.bytes;
    sse->next_lf = sse->next_cr = NULL;
}

static const char *find_byte(const char *at, const char *end, char byte)
{
    const char *found = memchr(at, byte, (size_t)(end - at));
    return found == NULL ? end : found;
}

/* The first line end from sse->at on. Each of the two is searched for only once it was passed, so that a piece is read
 * through at most twice whatever its line ends are. */
static const char *find_line_end(struct tg_sse *sse)
{
    if (sse->next_lf == NULL || sse->next_lf < sse->at)
        sse->next_lf = find_byte(sse->at, sse->piece_end, '\n');
    if (sse->next_cr == NULL || sse->next_cr < sse->at)
        sse->next_cr = find_byte(sse->at, sse->piece_end, '\r');
    return sse->next_lf < sse->next_cr ? sse->next_lf : sse->next_cr;
}

/* Moves to `to`, counting the bytes to the current block. False if that makes the block too large. */
static bool take(struct tg_sse *sse, const char *to)
{
    struct tg_text bytes = tg_text(sse->at, (size_t)(to - sse->at));
    sse->at = to;
    if (sse->held.bytes != 0) {
        if (tg_buf_append(&sse->held, bytes) != TG_OK)
            sse->is_too_large = true;
    } else if ((size_t)(to - sse->block) > sse->max_block_bytes) {
        sse->is_too_large = true;
    }
    return !sse->is_too_large;
}

/* The block so far. */
static struct tg_text block_bytes(const struct tg_sse *sse)
{
    return sse->held.bytes != 0 ? tg_buf_text(&sse->held) : tg_text(sse->block, (size_t)(sse->at - sse->block));
}

/* Keeps an unfinished block for the next piece. */
static enum tg_sse_result hold(struct tg_sse *sse)
{
    if (!take(sse, sse->piece_end))
        return TG_SSE_TOO_LARGE;
    if (sse->held.bytes == 0 && tg_buf_append(&sse->held, block_bytes(sse)) != TG_OK)
        return TG_SSE_TOO_LARGE;
    sse->block = sse->piece_end;
    return TG_SSE_MORE;
}

static void append_data(struct tg_sse *sse, const char *block, struct tg_sse_span value)
{
    if (sse->data_lines == 0) {
        sse->data = value;
    } else {
        if (sse->data_lines == 1) {
            sse->joined.bytes = 0;
            if (tg_buf_append(&sse->joined, tg_text(block + sse->data.at, sse->data.bytes)) != TG_OK)
                sse->is_too_large = true;
        }
        if (tg_buf_append(&sse->joined, tg_text("\n", 1)) != TG_OK ||
            tg_buf_append(&sse->joined, tg_text(block + value.at, value.bytes)) != TG_OK)
            sse->is_too_large = true;
    }
    ++sse->data_lines;
}

/* A line that is not blank, without its end. Fields other than data and event, and comments, are only passed on. */
static void read_field(struct tg_sse *sse, const char *block, struct tg_sse_span line)
{
    const char *begin = block + line.at;
    const char *colon = memchr(begin, ':', line.bytes);
    size_t name_bytes = colon == NULL ? line.bytes : (size_t)(colon - begin);
    struct tg_sse_span value = {line.at + line.bytes, 0};
    if (colon != NULL) {
        size_t skipped = name_bytes + 1;
        if (skipped < line.bytes && begin[skipped] == ' ')
            ++skipped;
        value = (struct tg_sse_span){line.at + skipped, line.bytes - skipped};
    }
    if (name_bytes == 4 && memcmp(begin, "data", 4) == 0)
        append_data(sse, block, value);
    else if (name_bytes == 5 && memcmp(begin, "event", 5) == 0)
        sse->name = value;
}

static void hand_out(struct tg_sse *sse, struct tg_sse_block *block)
{
    struct tg_text raw = block_bytes(sse);
    block->raw = raw;
    block->has_data = sse->data_lines != 0;
    block->name = tg_text(raw.data + sse->name.at, sse->name.bytes);
    block->data = sse->data_lines > 1 ? tg_buf_text(&sse->joined) : tg_text(raw.data + sse->data.at, sse->data.bytes);
    sse->is_held = sse->held.bytes != 0;
    sse->block = sse->at;
    sse->line_at = 0;
    sse->name = sse->data = (struct tg_sse_span){0, 0};
    sse->data_lines = 0;
}

/* The LF of a CRLF whose CR ended the piece before (or the block before). */
static bool take_pending_lf(struct tg_sse *sse)
{
    if (!sse->is_after_cr)
        return true;
    sse->is_after_cr = false;
    if (*sse->at != '\n')
        return true;
    ++sse->line_at;
    return take(sse, sse->at + 1);
}

enum tg_sse_result tg_sse_next(struct tg_sse *sse, struct tg_sse_block *block)
{
    if (sse->is_too_large)
        return TG_SSE_TOO_LARGE;
    if (sse->is_held) {
        sse->is_held = false;
        sse->held.bytes = 0;
    }
    while (sse->at != sse->piece_end) {
        if (!take_pending_lf(sse))
            return TG_SSE_TOO_LARGE;
        const char *line_end = find_line_end(sse);
        if (line_end == sse->piece_end)
            return hold(sse);
        size_t end_bytes = 1;
        if (*line_end == '\r' && line_end + 1 == sse->piece_end)
            sse->is_after_cr = true;
        else if (*line_end == '\r' && line_end[1] == '\n')
            end_bytes = 2;
        if (!take(sse, line_end + end_bytes))
            return TG_SSE_TOO_LARGE;

        struct tg_text so_far = block_bytes(sse);
        struct tg_sse_span line = {sse->line_at, so_far.bytes - end_bytes - sse->line_at};
        sse->line_at = so_far.bytes;
        if (!sse->is_started) {
            sse->is_started = true;
            if (line.bytes >= 3 && memcmp(so_far.data + line.at, "\xef\xbb\xbf", 3) == 0)
                line = (struct tg_sse_span){line.at + 3, line.bytes - 3};
        }
        if (line.bytes == 0) {
            hand_out(sse, block);
            return TG_SSE_BLOCK;
        }
        read_field(sse, so_far.data, line);
        if (sse->is_too_large)
            return TG_SSE_TOO_LARGE;
    }
    return sse->block == sse->piece_end ? TG_SSE_MORE : hold(sse);
}

struct tg_text tg_sse_rest(const struct tg_sse *sse)
{
    return sse->is_held ? tg_text(NULL, 0) : tg_buf_text(&sse->held);
}
