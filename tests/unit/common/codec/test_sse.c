#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/codec/sse.h"

enum { MAX_BLOCK_BYTES = 256 };

/* What a stream contains, written down so that two readings can be compared: one line per block. */
struct transcript {
    struct tg_buf events;
    struct tg_buf raw;
};

static void note(struct transcript *transcript, const struct tg_sse_block *block)
{
    assert_int_equal(tg_buf_append(&transcript->raw, block->raw), TG_OK);
    if (block->has_data)
        assert_int_equal(
            tg_buf_printf(&transcript->events, "[%.*s](%.*s)", TG_TEXT_ARG(block->name), TG_TEXT_ARG(block->data)),
            TG_OK);
}

/* Feeds exact heap copies of the pieces that `cuts` (ascending) make, so that AddressSanitizer sees every stray read.
 */
static struct transcript read_in_pieces(struct tg_text stream, const size_t *cuts, size_t cut_count)
{
    struct transcript transcript;
    tg_buf_init(&transcript.events, 4096);
    tg_buf_init(&transcript.raw, 4096);
    struct tg_sse sse;
    tg_sse_init(&sse, MAX_BLOCK_BYTES);
    size_t from = 0;
    for (size_t i = 0; i <= cut_count; ++i) {
        size_t to = i == cut_count ? stream.bytes : cuts[i];
        char *piece = malloc(to - from + (to == from));
        memcpy(piece, stream.data + from, to - from);
        tg_sse_feed(&sse, tg_text(piece, to - from));
        struct tg_sse_block block;
        enum tg_sse_result result;
        while ((result = tg_sse_next(&sse, &block)) == TG_SSE_BLOCK)
            note(&transcript, &block);
        assert_int_equal(result, TG_SSE_MORE);
        free(piece);
        from = to;
    }
    assert_int_equal(tg_buf_append(&transcript.raw, tg_sse_rest(&sse)), TG_OK);
    tg_sse_deinit(&sse);
    return transcript;
}

static void forget(struct transcript *transcript)
{
    tg_buf_deinit(&transcript->events);
    tg_buf_deinit(&transcript->raw);
}

static void assert_reads_as(struct tg_text stream, const size_t *cuts, size_t cut_count, const char *expected)
{
    struct transcript transcript = read_in_pieces(stream, cuts, cut_count);
    if (!tg_text_is(tg_buf_text(&transcript.events), expected))
        fail_msg("%.*s\nreads as %.*s\ninstead of %s (first cut at %zu)", TG_TEXT_ARG(stream),
                 TG_TEXT_ARG(tg_buf_text(&transcript.events)), expected, cut_count == 0 ? 0 : cuts[0]);
    assert_true(tg_text_equals(tg_buf_text(&transcript.raw), stream)); /* nothing lost, nothing added */
    forget(&transcript);
}

static const struct {
    struct tg_text stream;
    const char *expected; /* [name](data) of each event */
} streams[] = {
    {TG_TEXT_LITERAL("data: one\n\ndata: two\n\n"), "[](one)[](two)"},
    {TG_TEXT_LITERAL("data: one\r\n\r\ndata: two\r\n\r\n"), "[](one)[](two)"},
    {TG_TEXT_LITERAL("data: one\r\rdata: two\r\r"), "[](one)[](two)"},
    {TG_TEXT_LITERAL("data: one\r\n\ndata: two\n\r\ndata: three\r\n\r"), "[](one)[](two)[](three)"},
    {TG_TEXT_LITERAL("event: delta\ndata: {\"a\":1}\n\n"), "[delta]({\"a\":1})"},
    {TG_TEXT_LITERAL("data: x\nevent: late\n\ndata: y\n\n"), "[late](x)[](y)"},
    {TG_TEXT_LITERAL("data: a\ndata: b\ndata:\ndata: c\n\n"), "[](a\nb\n\nc)"},
    {TG_TEXT_LITERAL("data: a\r\ndata: b\r\n\r\n"), "[](a\nb)"},
    {TG_TEXT_LITERAL("data:no space\n\ndata:  two spaces\n\ndata: trailing \n\n"),
     "[](no space)[]( two spaces)[](trailing )"},
    {TG_TEXT_LITERAL("data\n\ndata:\n\ndata\ndata\n\n"), "[]()[]()[](\n)"},
    {TG_TEXT_LITERAL(": comment\n\n:\n\n: another\ndata: x\n:last\n\n"), "[](x)"},
    {TG_TEXT_LITERAL("\xef\xbb\xbf"
                     "data: bom\n\ndata: \xef\xbb\xbf\n\n"),
     "[](bom)[](\xef\xbb\xbf)"},
    {TG_TEXT_LITERAL("\xef\xbb\xbf\ndata: x\n\n"), "[](x)"},
    {TG_TEXT_LITERAL("data: x\n\n\xef\xbb\xbf"
                     "data: not at the start\n\n"),
     "[](x)"},
    {TG_TEXT_LITERAL("id: 7\nretry: 10\nunknown: u\ndatax: no\ndat: no\n data: no\nData: no\ndata: yes\n\n"),
     "[](yes)"},
    {TG_TEXT_LITERAL("data: a: b: c\n\n"), "[](a: b: c)"},
    {TG_TEXT_LITERAL("event: only\n\ndata: x\n\n"), "[](x)"},
    {TG_TEXT_LITERAL("event: a\nevent: b\ndata: x\n\n"), "[b](x)"},
    {TG_TEXT_LITERAL("event: a\nevent\ndata: x\n\n"), "[](x)"},
    {TG_TEXT_LITERAL("\n\n\r\n\r\rdata: x\n\n\n"), "[](x)"},
    {TG_TEXT_LITERAL("data: unfinished\n"), ""},
    {TG_TEXT_LITERAL("data: done\n\ndata: unfinished"), "[](done)"},
    {TG_TEXT_LITERAL(""), ""},
};

static void assert_stream(size_t i, const size_t *cuts, size_t cut_count)
{
    assert_reads_as(streams[i].stream, cuts, cut_count, streams[i].expected);
}

static void streams_read_as_the_standard_says(void **state)
{
    for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); ++i)
        assert_stream(i, NULL, 0);
}

static void a_cut_at_any_place_changes_nothing(void **state)
{
    for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); ++i)
        for (size_t cut = 0; cut <= streams[i].stream.bytes; ++cut)
            assert_stream(i, &cut, 1);
}

static void two_cuts_at_any_places_change_nothing(void **state)
{
    for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); ++i)
        for (size_t first = 0; first <= streams[i].stream.bytes; ++first)
            for (size_t second = first; second <= streams[i].stream.bytes; ++second)
                assert_stream(i, (const size_t[]){first, second}, 2);
}

static void one_byte_at_a_time_changes_nothing(void **state)
{
    size_t cuts[MAX_BLOCK_BYTES];
    for (size_t i = 0; i < MAX_BLOCK_BYTES; ++i)
        cuts[i] = i + 1;
    for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); ++i)
        if (streams[i].stream.bytes != 0)
            assert_stream(i, cuts, streams[i].stream.bytes - 1);
}

static void nul_bytes_are_data(void **state)
{
    struct tg_sse sse;
    struct tg_sse_block block;
    tg_sse_init(&sse, MAX_BLOCK_BYTES);
    tg_sse_feed(&sse, tg_text("data: a\0b\n\n", 11));
    assert_int_equal(tg_sse_next(&sse, &block), TG_SSE_BLOCK);
    assert_true(tg_text_equals(block.data, tg_text("a\0b", 3)));
    tg_sse_deinit(&sse);
}

static void a_block_within_one_piece_is_not_copied(void **state)
{
    static const char piece[] = "data: one\n\nevent: e\ndata: two\n\ndata: th";
    struct tg_sse sse;
    struct tg_sse_block block;
    tg_sse_init(&sse, MAX_BLOCK_BYTES);
    tg_sse_feed(&sse, tg_text_of(piece));
    assert_int_equal(tg_sse_next(&sse, &block), TG_SSE_BLOCK);
    assert_ptr_equal(block.raw.data, piece);
    assert_ptr_equal(block.data.data, piece + 6);
    assert_int_equal(tg_sse_next(&sse, &block), TG_SSE_BLOCK);
    assert_ptr_equal(block.raw.data, piece + 11);
    assert_int_equal(tg_sse_next(&sse, &block), TG_SSE_MORE);
    static const char rest[] = "ree\n\ndata: four\n\n";
    tg_sse_feed(&sse, tg_text_of(rest));
    assert_int_equal(tg_sse_next(&sse, &block), TG_SSE_BLOCK);
    assert_true(tg_text_is(block.raw, "data: three\n\n"));
    assert_int_equal(tg_sse_next(&sse, &block), TG_SSE_BLOCK);
    assert_ptr_equal(block.raw.data, rest + 5);
    assert_int_equal(tg_sse_next(&sse, &block), TG_SSE_MORE);
    tg_sse_deinit(&sse);
}

static void comments_are_handed_out_without_data(void **state)
{
    struct tg_sse sse;
    struct tg_sse_block block;
    tg_sse_init(&sse, MAX_BLOCK_BYTES);
    tg_sse_feed(&sse, tg_text_of(": keep-alive\n\n"));
    assert_int_equal(tg_sse_next(&sse, &block), TG_SSE_BLOCK);
    assert_false(block.has_data);
    assert_true(tg_text_is(block.raw, ": keep-alive\n\n"));
    tg_sse_deinit(&sse);
}

/* Bytes that end with a CR are a whole block already; waiting for a possible LF would delay it by a chunk. */
static void a_block_that_ends_with_cr_is_handed_out_at_once(void **state)
{
    struct tg_sse sse;
    struct tg_sse_block block;
    tg_sse_init(&sse, MAX_BLOCK_BYTES);
    tg_sse_feed(&sse, tg_text_of("data: x\r\n\r"));
    assert_int_equal(tg_sse_next(&sse, &block), TG_SSE_BLOCK);
    assert_true(tg_text_is(block.data, "x"));
    assert_int_equal(tg_sse_next(&sse, &block), TG_SSE_MORE);
    tg_sse_feed(&sse, tg_text_of("\n"));
    assert_int_equal(tg_sse_next(&sse, &block), TG_SSE_MORE);
    assert_true(tg_text_is(tg_sse_rest(&sse), "\n"));
    tg_sse_deinit(&sse);
}

static void blocks_are_bounded_however_they_arrive(void **state)
{
    char stream[MAX_BLOCK_BYTES + 2];
    for (size_t step = 1; step <= sizeof(stream); ++step) {
        for (size_t bytes = MAX_BLOCK_BYTES; bytes <= MAX_BLOCK_BYTES + 1; ++bytes) {
            memset(stream, 'x', sizeof(stream));
            memcpy(stream, "data: ", 6);
            memcpy(stream + bytes - 2, "\n\n", 2);
            struct tg_sse sse;
            struct tg_sse_block block;
            enum tg_sse_result result = TG_SSE_MORE;
            tg_sse_init(&sse, MAX_BLOCK_BYTES);
            for (size_t at = 0; at < bytes && result == TG_SSE_MORE; at += step) {
                tg_sse_feed(&sse, tg_text(stream + at, bytes - at < step ? bytes - at : step));
                result = tg_sse_next(&sse, &block);
            }
            assert_int_equal(result, bytes <= MAX_BLOCK_BYTES ? TG_SSE_BLOCK : TG_SSE_TOO_LARGE);
            if (bytes > MAX_BLOCK_BYTES)
                assert_int_equal(tg_sse_next(&sse, &block), TG_SSE_TOO_LARGE);
            tg_sse_deinit(&sse);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_read_as_the_standard_says),
        cmocka_unit_test(a_cut_at_any_place_changes_nothing),
        cmocka_unit_test(two_cuts_at_any_places_change_nothing),
        cmocka_unit_test(one_byte_at_a_time_changes_nothing),
        cmocka_unit_test(nul_bytes_are_data),
        cmocka_unit_test(a_block_within_one_piece_is_not_copied),
        cmocka_unit_test(comments_are_handed_out_without_data),
        cmocka_unit_test(a_block_that_ends_with_cr_is_handed_out_at_once),
        cmocka_unit_test(blocks_are_bounded_however_they_arrive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
