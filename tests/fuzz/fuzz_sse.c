/* Any bytes, cut by the input's first byte: no byte is lost or added, and the events do not depend on the cuts. */
#include "common/codec/sse.h"
#include "tests/fuzz/fuzz.h"

enum { MAX_BLOCK_BYTES = 512 };

struct reading {
    struct tg_buf raw;    /* all blocks and the rest */
    struct tg_buf events; /* names and data with separators that cannot occur in them */
    bool is_too_large;
};

static void append(struct tg_buf *buf, struct tg_text text)
{
    REQUIRE(tg_buf_append(buf, text) == TG_OK);
}

static void note(struct reading *reading, const struct tg_sse_block *block)
{
    REQUIRE(block->raw.bytes != 0 && block->raw.bytes <= MAX_BLOCK_BYTES);
    char last = block->raw.data[block->raw.bytes - 1];
    REQUIRE(last == '\n' || last == '\r');
    append(&reading->raw, block->raw);
    if (!block->has_data)
        return;
    REQUIRE(memchr(block->name.data, '\n', block->name.bytes) == NULL);
    REQUIRE(memchr(block->data.data, '\r', block->data.bytes) == NULL);
    append(&reading->events, block->name);
    append(&reading->events, tg_text("\n", 1));
    append(&reading->events, block->data);
    append(&reading->events, tg_text("\r", 1));
}

static void read_stream(struct tg_text stream, size_t step, struct reading *reading)
{
    struct tg_sse sse;
    tg_sse_init(&sse, MAX_BLOCK_BYTES);
    tg_buf_init(&reading->raw, stream.bytes);
    tg_buf_init(&reading->events, 2 * stream.bytes + 2);
    reading->is_too_large = false;
    for (size_t at = 0; at < stream.bytes && !reading->is_too_large; at += step) {
        struct tg_sse_block block;
        enum tg_sse_result result;
        tg_sse_feed(&sse, tg_text(stream.data + at, stream.bytes - at < step ? stream.bytes - at : step));
        while ((result = tg_sse_next(&sse, &block)) == TG_SSE_BLOCK)
            note(reading, &block);
        reading->is_too_large = result == TG_SSE_TOO_LARGE;
    }
    if (!reading->is_too_large) {
        append(&reading->raw, tg_sse_rest(&sse));
        REQUIRE(tg_text_equals(tg_buf_text(&reading->raw), stream));
    }
    tg_sse_deinit(&sse);
}

static void forget(struct reading *reading)
{
    tg_buf_deinit(&reading->raw);
    tg_buf_deinit(&reading->events);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct tg_text stream = tg_text((const char *)data + 1, size - 1);
    struct reading whole;
    struct reading cut;
    read_stream(stream, size, &whole);
    read_stream(stream, 1 + data[0] % 32, &cut);
    /* A CRLF that is cut in two counts its LF to the next block, which decides at the bound only. */
    if (!whole.is_too_large && !cut.is_too_large)
        REQUIRE(tg_text_equals(tg_buf_text(&whole.events), tg_buf_text(&cut.events)));
    forget(&whole);
    forget(&cut);
    return 0;
}
