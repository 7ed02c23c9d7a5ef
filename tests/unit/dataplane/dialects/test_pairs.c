/* Every pair of dialects: an answer of the one on its way to a client of the other, however its bytes are cut, and
 * where it ends too early. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/codec/json_scan.h"
#include "dataplane/dialects/canonical/translation.h"
#include "dataplane/dialects/dialects.h"
#include "tests/unit/dataplane/dialects/support.h"

enum { MAX_BYTES = 1 << 20 };

/* ---- the answer ---- */

static const char TEXT[] = "Gr\xc3\xbc\xc3\x9f"
                           "e \\\"dich\\\"\\n\\ud83d\\ude00";
static const char ARGUMENTS[] = "{\\\"city\\\":\\\"Z\xc3\xbcrich\\\",\\\"days\\\":[1,2]}";

static const struct tg_usage usage = {
    .of = {[TG_USAGE_INPUT] = 12, [TG_USAGE_CACHED_INPUT] = 3, [TG_USAGE_OUTPUT] = 7}};

/* Two deltas of a text, cut in an escape's neighbourhood; then a call. */
static void tell_all(const struct tg_dialect *dialect, void *encoder, struct tg_buf *out)
{
    size_t half = 6;
    struct tg_text text = tg_text_of(TEXT), arguments = tg_text_of(ARGUMENTS);
#define EVENT(...) ((struct tg_answer_event){__VA_ARGS__})
#define CALL       .part = 1, .part_kind = TG_PART_TOOL_CALL
    const struct tg_answer_event events[] = {
        EVENT(.kind = TG_ANSWER_START, .id = tg_json_string_literal("id-1"), .model = tg_json_string_literal("m-1")),
        EVENT(.kind = TG_ANSWER_PART_BEGIN, .part_kind = TG_PART_TEXT),
        EVENT(.kind = TG_ANSWER_DELTA, .part_kind = TG_PART_TEXT, .text = tg_json_string(tg_text(text.data, half))),
        EVENT(.kind = TG_ANSWER_DELTA, .part_kind = TG_PART_TEXT,
              .text = tg_json_string(tg_text(text.data + half, text.bytes - half))),
        EVENT(.kind = TG_ANSWER_PART_END, .part_kind = TG_PART_TEXT),
        EVENT(.kind = TG_ANSWER_PART_BEGIN, CALL, .call_id = tg_json_string_literal("call_1"),
              .name = tg_json_string_literal("weather")),
        EVENT(.kind = TG_ANSWER_DELTA, CALL, .text = tg_json_string(tg_text(arguments.data, 10))),
        EVENT(.kind = TG_ANSWER_DELTA, CALL,
              .text = tg_json_string(tg_text(arguments.data + 10, arguments.bytes - 10))),
        EVENT(.kind = TG_ANSWER_PART_END, CALL),
        EVENT(.kind = TG_ANSWER_FINISH, .finish = TG_FINISH_TOOL_CALLS),
        EVENT(.kind = TG_ANSWER_USAGE, .usage = &usage),
        EVENT(.kind = TG_ANSWER_END),
    };
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); ++i)
        assert_int_equal(dialect->encode(encoder, &events[i], out), TG_OK);
}

/* ---- how it is framed ---- */

struct way {
    const struct tg_dialect *dialect;
    enum tg_framing framing;
};

/* Google's clients have two. */
static size_t all_ways(struct way *ways)
{
    size_t count = 0;
    for (unsigned id = 0; id < TG_DIALECT_COUNT; ++id) {
        const struct tg_dialect *dialect = tg_dialect_of((enum tg_dialect_id)id);
        if (dialect == NULL)
            continue;
        ways[count++] = (struct way){dialect, id == TG_DIALECT_CONVERSE ? TG_FRAMING_AWS : TG_FRAMING_SSE};
        if (id == TG_DIALECT_GEMINI)
            ways[count++] = (struct way){dialect, TG_FRAMING_JSON_ARRAY};
    }
    return count;
}

static struct tg_encode_options options_of(const struct way *way, const struct tg_model_request *request)
{
    return (struct tg_encode_options){.request_id = tg_text_of("0192f000-0000-7000-8000-000000000001"),
                                      .model = tg_text_of("asked"),
                                      .unix_ms = 1767225600000,
                                      .is_streaming = true,
                                      .framing = way->framing,
                                      .wants_usage = true,
                                      .request = request};
}

/* The stream of a provider of that dialect, as the dialect itself would tell it. */
static struct tg_text provider_stream(struct tg_arena *arena, const struct way *way)
{
    struct tg_model_request request = {.choices = 1};
    struct tg_encode_options options = options_of(way, &request);
    struct tg_buf out;
    tg_buf_init(&out, MAX_BYTES);
    tell_all(way->dialect, way->dialect->encoder_new(arena, &options), &out);
    struct tg_text stream = tg_arena_copy(arena, tg_buf_text(&out));
    tg_buf_deinit(&out);
    return stream;
}

/* Decodes a client's stream as that client would; it must be well-formed to its last byte. */
static void decode_stream(struct tg_arena *arena, const struct way *way, struct tg_text stream,
                          struct recording *recording)
{
    struct tg_answer_sink sink;
    recording_init(recording, arena, &sink);
    if (way->framing == TG_FRAMING_SSE) {
        assert_true(stream.bytes > 2 && stream.data[stream.bytes - 1] == '\n');
        decode_sse(way->dialect, arena, stream, &sink);
    } else if (way->framing == TG_FRAMING_AWS) {
        decode_aws(way->dialect, arena, stream, &sink);
    } else {
        struct tg_error error;
        tg_json *array = NULL;
        void *decoder = way->dialect->decoder_new(arena);
        if (tg_json_parse(stream, &array, &error) != TG_OK)
            fail_msg("%s: %.*s", error.message, TG_TEXT_ARG(stream));
        for (size_t i = 0; i < tg_json_count(array); ++i) {
            struct tg_buf element;
            tg_buf_init(&element, MAX_BYTES);
            assert_int_equal(tg_json_dump(tg_json_at(array, i), TG_JSON_COMPACT, &element), TG_OK);
            assert_int_equal(way->dialect->decode_block(decoder, arena, tg_text(NULL, 0),
                                                        tg_arena_copy(arena, tg_buf_text(&element)), &sink),
                             TG_OK);
            tg_buf_deinit(&element);
        }
        assert_int_equal(way->dialect->decode_end(decoder, arena, &sink), TG_OK);
        tg_json_destroy(array);
    }
    assert_true(recording->count > 0);
}

/* ---- from one to the other ---- */

struct translated {
    struct tg_translation translation;
    struct tg_buf out;
    struct tg_model_request request;
};

static void begin(struct translated *at, struct tg_arena *arena, const struct way *from, const struct way *to)
{
    at->request = (struct tg_model_request){.choices = 1, .is_streaming = true};
    struct tg_encode_options options = options_of(to, &at->request);
    tg_translation_init(&at->translation, from->dialect, to->dialect, from->framing, arena, &options);
    tg_buf_init(&at->out, MAX_BYTES);
}

static void feed(struct translated *at, struct tg_text piece)
{
    assert_int_equal(tg_translation_feed(&at->translation, piece, &at->out), TG_OK);
}

static void finish(struct translated *at)
{
    assert_int_equal(tg_translation_finish(&at->translation, &at->out), TG_OK);
    assert_int_equal(tg_buf_append(&at->out, tg_buf_text(&at->translation.end)), TG_OK);
}

static void end(struct translated *at)
{
    tg_translation_deinit(&at->translation);
    tg_buf_deinit(&at->out);
}

static enum tg_part_kind kind_of(const struct recording *recording, unsigned part)
{
    for (size_t i = 0; i < recording->count; ++i)
        if (recording->events[i].kind == TG_ANSWER_PART_BEGIN && recording->events[i].part == part)
            return recording->events[i].part_kind;
    fail_msg("part %u never began", part);
    return TG_PART_OTHER;
}

static struct tg_text said(struct tg_arena *arena, const struct recording *recording, enum tg_part_kind kind)
{
    struct tg_text all = tg_text("", 0);
    for (size_t i = 0; i < recording->count; ++i) {
        const struct tg_answer_event *event = &recording->events[i];
        if (event->kind == TG_ANSWER_DELTA && kind_of(recording, event->part) == kind)
            all = tg_arena_printf(arena, "%.*s%.*s", TG_TEXT_ARG(all), TG_TEXT_ARG(event->text.written));
    }
    return tg_json_unescape(arena, all);
}

static void usage_is_right(const struct tg_usage *seen)
{
    assert_int_equal(seen->of[TG_USAGE_INPUT], 12);
    assert_int_equal(seen->of[TG_USAGE_CACHED_INPUT], 3);
    assert_int_equal(seen->of[TG_USAGE_OUTPUT], 7);
}

static void all_is_said(struct tg_arena *arena, const struct way *from, const struct way *to,
                        const struct recording *recording)
{
    struct tg_text text = said(arena, recording, TG_PART_TEXT);
    if (!tg_text_equals(text, tg_json_unescape(arena, tg_text_of(TEXT))))
        fail_msg("%s to %s says \"%.*s\"", from->dialect->name, to->dialect->name, TG_TEXT_ARG(text));
    assert_same_json("arguments", said(arena, recording, TG_PART_TOOL_CALL),
                     tg_json_unescape(arena, tg_text_of(ARGUMENTS)));
    assert_int_equal(recorded(recording, TG_ANSWER_FINISH)->finish, TG_FINISH_TOOL_CALLS);
}

static void the_answer_is_right(struct tg_arena *arena, const struct way *from, const struct way *to,
                                struct tg_text stream)
{
    struct recording recording;
    decode_stream(arena, to, stream, &recording);
    if (recording.events[recording.count - 1].kind != TG_ANSWER_END)
        fail_msg("%s to %s does not end well: %.*s", from->dialect->name, to->dialect->name, TG_TEXT_ARG(stream));
    all_is_said(arena, from, to, &recording);
    usage_is_right(&recording.usage);
}

static void cut_at_every_byte(const struct way *from, const struct way *to)
{
    struct tg_arena arena;
    tg_arena_init(&arena);
    struct tg_text stream = provider_stream(&arena, from), whole = tg_text(NULL, 0);
    for (size_t cut = 0; cut <= stream.bytes; ++cut) {
        struct tg_arena own;
        struct translated at;
        tg_arena_init(&own);
        begin(&at, &own, from, to);
        feed(&at, tg_text(stream.data, cut));
        feed(&at, tg_text(stream.data + cut, stream.bytes - cut));
        finish(&at);
        const struct tg_seen *seen = &at.translation.seen;
        if (!seen->has_usage || !seen->is_done || seen->has_error)
            fail_msg("%s to %s, cut at %zu: %d %d %d\n%.*s", from->dialect->name, to->dialect->name, cut,
                     seen->has_usage, seen->is_done, seen->has_error, TG_TEXT_ARG(stream));
        usage_is_right(&at.translation.seen.usage);
        if (cut == 0) {
            whole = tg_arena_copy(&arena, tg_buf_text(&at.out));
            the_answer_is_right(&own, from, to, whole);
        } else if (!tg_text_equals(whole, tg_buf_text(&at.out))) {
            fail_msg("%s to %s, cut at %zu: %.*s", from->dialect->name, to->dialect->name, cut,
                     TG_TEXT_ARG(tg_buf_text(&at.out)));
        }
        end(&at);
        tg_arena_deinit(&own);
    }
    tg_arena_deinit(&arena);
}

/* Where blocks end. */
static size_t block_ends(const struct way *from, struct tg_text stream, size_t *ends, size_t most)
{
    struct tg_sse sse;
    struct tg_sse_block event;
    struct tg_aws_event_stream aws;
    struct tg_aws_event_message message;
    struct tg_json_array array;
    struct tg_json_array_block element;
    size_t count = 0, at = 0;
    tg_sse_init(&sse, MAX_BYTES);
    tg_aws_event_stream_init(&aws, MAX_BYTES);
    tg_json_array_init(&array, MAX_BYTES);
    tg_sse_feed(&sse, stream);
    tg_aws_event_stream_feed(&aws, stream);
    tg_json_array_feed(&array, stream);
    while (count < most) {
        if (from->framing == TG_FRAMING_SSE && tg_sse_next(&sse, &event) == TG_SSE_BLOCK)
            at += event.raw.bytes;
        else if (from->framing == TG_FRAMING_AWS && tg_aws_event_stream_next(&aws, &message) == TG_AWS_EVENT_MESSAGE)
            at += message.raw.bytes;
        else if (from->framing == TG_FRAMING_JSON_ARRAY && tg_json_array_next(&array, &element) == TG_JSON_ARRAY_BLOCK)
            at += element.raw.bytes;
        else
            break;
        ends[count++] = at;
    }
    tg_sse_deinit(&sse);
    tg_aws_event_stream_deinit(&aws);
    tg_json_array_deinit(&array);
    return count;
}

enum { MAX_BLOCKS = 64 };

/* After each block, and in the middle of the next. */
static void ends_early(const struct way *from, const struct way *to)
{
    struct tg_arena arena;
    size_t ends[MAX_BLOCKS];
    tg_arena_init(&arena);
    struct tg_text stream = provider_stream(&arena, from);
    size_t count = block_ends(from, stream, ends, MAX_BLOCKS);
    assert_true(count > 2 && count < MAX_BLOCKS);
    for (size_t i = 0; i < 2 * count; ++i) {
        struct translated at;
        struct recording recording;
        size_t before = i < 2 ? 0 : ends[i / 2 - 1];
        size_t bytes = i % 2 == 0 ? before : before + (ends[i / 2] - before) / 2;
        begin(&at, &arena, from, to);
        feed(&at, tg_text(stream.data, bytes));
        finish(&at);
        decode_stream(&arena, to, tg_buf_text(&at.out), &recording);
        enum tg_answer_event_kind last = recording.events[recording.count - 1].kind;
        /* what lacks its usage or last words alone may be complete: then it is for both, and all was said */
        bool is_complete = !at.translation.seen.has_error;
        if (last != (is_complete ? TG_ANSWER_END : TG_ANSWER_ERROR))
            fail_msg("%s to %s, ended at %zu: %.*s", from->dialect->name, to->dialect->name, bytes,
                     TG_TEXT_ARG(tg_buf_text(&at.out)));
        if (is_complete)
            all_is_said(&arena, from, to, &recording);
        end(&at);
    }
    tg_arena_deinit(&arena);
}

/* The gateway itself gives up: what was said and the error make a whole stream. */
static void is_given_up(const struct way *from, const struct way *to)
{
    struct tg_arena arena;
    size_t ends[MAX_BLOCKS];
    const struct tg_answer_error error = {.http_status = 502, .message = tg_json_string_literal("gone")};
    tg_arena_init(&arena);
    struct tg_text stream = provider_stream(&arena, from);
    size_t count = block_ends(from, stream, ends, MAX_BLOCKS);
    for (size_t i = 0; i + 2 < count; ++i) {
        struct translated at;
        struct recording recording;
        begin(&at, &arena, from, to);
        feed(&at, tg_text(stream.data, ends[i]));
        assert_int_equal(tg_buf_append(&at.out, tg_translation_error(&at.translation, &arena, &error)), TG_OK);
        assert_int_equal(tg_translation_error(&at.translation, &arena, &error).bytes, 0);
        decode_stream(&arena, to, tg_buf_text(&at.out), &recording);
        const struct tg_answer_event *last = &recording.events[recording.count - 1];
        if (last->kind != TG_ANSWER_ERROR)
            fail_msg("%s to %s, given up at %zu: %.*s", from->dialect->name, to->dialect->name, ends[i],
                     TG_TEXT_ARG(tg_buf_text(&at.out)));
        if (!tg_json_string_is(last->error->message, "gone"))
            fail_msg("%s to %s: %.*s", from->dialect->name, to->dialect->name, TG_TEXT_ARG(tg_buf_text(&at.out)));
        end(&at);
    }
    tg_arena_deinit(&arena);
}

static void with_all_pairs(void (*check)(const struct way *from, const struct way *to))
{
    struct way ways[TG_DIALECT_COUNT + 1];
    size_t count = all_ways(ways);
    assert_true(count > 1);
    for (size_t from = 0; from < count; ++from)
        for (size_t to = 0; to < count; ++to)
            check(&ways[from], &ways[to]);
}

static void an_answer_does_not_depend_on_how_its_bytes_are_cut(void **state)
{
    with_all_pairs(cut_at_every_byte);
}

static void an_answer_that_ends_early_ends_well_for_the_client(void **state)
{
    with_all_pairs(ends_early);
}

static void an_answer_that_is_given_up_ends_in_the_clients_own_error(void **state)
{
    with_all_pairs(is_given_up);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_does_not_depend_on_how_its_bytes_are_cut),
        cmocka_unit_test(an_answer_that_ends_early_ends_well_for_the_client),
        cmocka_unit_test(an_answer_that_is_given_up_ends_in_the_clients_own_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
