/* Google's streams on their way to a client of Google's: as events, as one array, and from the one to the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/codec/json.h"
#include "dataplane/dialects/canonical/answer_stream.h"
#include "dataplane/dialects/gemini/gemini.h"

#define FIRST  "{\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"Hel\"}]}}]}"
#define SECOND "{\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"lo\"}]}, \"finishReason\": \"STOP\"}]}"
#define LAST                                                                                                           \
    "{\"candidates\": [{\"finishReason\": \"STOP\"}], \"usageMetadata\": {\"promptTokenCount\": 3, "                   \
    "\"candidatesTokenCount\": 2}}"
#define SSE(data) "data: " data "\r\n\r\n"
#define ARRAY     "[" FIRST "\n,\r\n" SECOND "\n,\r\n" LAST "\n]\n"
#define REFRAMED  "[" FIRST ",\r\n" SECOND ",\r\n" LAST "]"
#define EVENTS    SSE(FIRST) SSE(SECOND) SSE(LAST)

struct passed {
    struct tg_buf out;
    struct tg_answer_stream stream;
};

static void pass(struct passed *passed, enum tg_framing framing, enum tg_framing client, struct tg_text stream,
                 size_t step)
{
    tg_buf_init(&passed->out, 1 << 20);
    passed->stream.kind = TG_STREAM_PASSING;
    tg_passage_init_framed(&passed->stream.passage, &tg_dialect_gemini, framing, client, false);
    for (size_t at = 0; at < stream.bytes; at += step) {
        size_t left = stream.bytes - at;
        struct tg_text piece = tg_text(stream.data + at, left < step ? left : step);
        assert_int_equal(tg_answer_stream_feed(&passed->stream, piece, &passed->out), TG_OK);
    }
}

static void end(struct passed *passed)
{
    tg_answer_stream_deinit(&passed->stream);
    tg_buf_deinit(&passed->out);
}

/* The last chunk is held; the one before it was, until more came. */
static void comes_out_as(enum tg_framing framing, enum tg_framing client, const char *stream, const char *wanted)
{
    struct tg_text text = tg_text_of(stream);
    for (size_t step = 1; step <= text.bytes; ++step) {
        struct passed passed;
        pass(&passed, framing, client, text, step);
        assert_int_equal(tg_answer_stream_finish(&passed.stream, &passed.out), TG_OK);
        const char *last = memmem(passed.out.data, passed.out.bytes, "usageMetadata", 13);
        assert_null(last);
        assert_non_null(memmem(passed.out.data, passed.out.bytes, SECOND, strlen(SECOND)));
        assert_int_equal(tg_buf_append(&passed.out, tg_answer_stream_end(&passed.stream)), TG_OK);
        /* a CR LF that was cut in two in the middle of a blank line, and white space behind an array, may be left */
        struct tg_text got = tg_buf_text(&passed.out);
        size_t bytes = strlen(wanted);
        bool is_same = got.bytes <= bytes && got.bytes + 1 >= bytes && memcmp(got.data, wanted, got.bytes) == 0;
        if (!is_same)
            fail_msg("by %zu: %.*s", step, TG_TEXT_ARG(got));
        const struct tg_seen *seen = tg_answer_stream_seen(&passed.stream);
        assert_true(seen->is_done && seen->has_usage && !seen->has_error);
        assert_int_equal(seen->usage.of[TG_USAGE_INPUT], 3);
        assert_int_equal(seen->usage.of[TG_USAGE_OUTPUT], 2);
        assert_int_equal(seen->text_bytes, 5);
        end(&passed);
    }
}

static void events_pass_unchanged(void **state)
{
    comes_out_as(TG_FRAMING_SSE, TG_FRAMING_SSE, EVENTS, EVENTS);
}

static void an_array_passes_unchanged(void **state)
{
    comes_out_as(TG_FRAMING_JSON_ARRAY, TG_FRAMING_JSON_ARRAY, ARRAY, ARRAY);
}

static void events_become_the_elements_of_an_array(void **state)
{
    comes_out_as(TG_FRAMING_SSE, TG_FRAMING_JSON_ARRAY, EVENTS, REFRAMED);
}

static void a_stream_that_is_cut_anywhere_ends_in_a_whole_array_with_the_error(void **state)
{
    static const struct {
        enum tg_framing framing;
        const char *stream;
    } rows[] = {{TG_FRAMING_JSON_ARRAY, ARRAY}, {TG_FRAMING_SSE, EVENTS}, {TG_FRAMING_SSE, SSE(SECOND) SSE(LAST)}};
    struct tg_answer_error error = {.http_status = 502, .message = tg_json_string_literal("gone")};
    for (size_t i = 0; i < 3; ++i) {
        size_t most = strlen(rows[i].stream) - strlen(LAST);
        for (size_t cut = 0; cut < most; ++cut) {
            struct passed passed;
            struct tg_arena arena;
            struct tg_error problem;
            tg_json *array = NULL;
            tg_arena_init(&arena);
            pass(&passed, rows[i].framing, TG_FRAMING_JSON_ARRAY, tg_text(rows[i].stream, cut), cut + 1);
            struct tg_text words = tg_answer_stream_error(&passed.stream, &arena, &error);
            assert_int_equal(tg_buf_append(&passed.out, words), TG_OK);
            if (tg_json_parse(tg_buf_text(&passed.out), &array, &problem) != TG_OK)
                fail_msg("%zu: %.*s", cut, TG_TEXT_ARG(tg_buf_text(&passed.out)));
            assert_non_null(tg_json_member(tg_json_at(array, tg_json_count(array) - 1), "error"));
            tg_json_destroy(array);
            tg_arena_deinit(&arena);
            end(&passed);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_pass_unchanged),
        cmocka_unit_test(an_array_passes_unchanged),
        cmocka_unit_test(events_become_the_elements_of_an_array),
        cmocka_unit_test(a_stream_that_is_cut_anywhere_ends_in_a_whole_array_with_the_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
