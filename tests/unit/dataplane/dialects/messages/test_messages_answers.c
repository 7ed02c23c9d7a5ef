/* Anthropic's answers by hand: what goes wrong, what comes from other dialects, and what is learnt on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dataplane/dialects/messages/messages.h"
#include "tests/unit/dataplane/dialects/support.h"

static const struct tg_dialect *const dialect = &tg_dialect_messages;

static int setup(void **state)
{
    static struct tg_arena arena;
    tg_arena_init(&arena);
    *state = &arena;
    return 0;
}

static int teardown(void **state)
{
    tg_arena_deinit(*state);
    return 0;
}

#define EVENT(name, rest) "event: " name "\ndata: {\"type\":\"" name "\"" rest "}\n\n"
#define START                                                                                                          \
    EVENT("message_start", ",\"message\":{\"id\":\"msg_1\",\"model\":\"claude-x\",\"usage\":{\"input_tokens\":10,"     \
                           "\"cache_read_input_tokens\":3,\"cache_creation_input_tokens\":9,\"cache_creation\":{"      \
                           "\"ephemeral_5m_input_tokens\":4,\"ephemeral_1h_input_tokens\":5},\"output_tokens\":1,"     \
                           "\"service_tier\":\"priority\"}}")
#define TEXT EVENT("content_block_start", ",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}")
#define END                                                                                                            \
    EVENT("message_delta", ",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{"              \
                           "\"output_tokens\":7,\"output_tokens_details\":{\"thinking_tokens\":2}}")                   \
    EVENT("message_stop", "")

static struct recording decoded(void **state, const char *stream)
{
    struct recording recording;
    struct tg_answer_sink sink;
    recording_init(&recording, *state, &sink);
    decode_sse(dialect, *state, tg_text_of(stream), &sink);
    return recording;
}

static const struct tg_answer_event *last(const struct recording *recording)
{
    return &recording->events[recording->count - 1];
}

/* ---- decoding ---- */

static void figures_that_are_left_out_at_the_end_are_those_of_the_start(void **state)
{
    struct recording recording = decoded(state, START TEXT END);
    const int64_t *of = recording.usage.of;
    assert_int_equal(of[TG_USAGE_INPUT], 10);
    assert_int_equal(of[TG_USAGE_CACHED_INPUT], 3);
    assert_int_equal(of[TG_USAGE_CACHE_WRITE_5M], 4);
    assert_int_equal(of[TG_USAGE_CACHE_WRITE_1H], 5);
    assert_int_equal(of[TG_USAGE_OUTPUT], 5);
    assert_int_equal(of[TG_USAGE_REASONING], 2);
    assert_true(recorded(&recording, TG_ANSWER_USAGE)->is_usage_partial);
    assert_true(tg_text_is(recorded(&recording, TG_ANSWER_USAGE)->service_tier, "priority"));
    assert_int_equal(last(&recording)->kind, TG_ANSWER_END);
    assert_false(recording.events[recording.count - 2].is_usage_partial);
}

static void an_absurd_figure_makes_all_of_them_unbelievable(void **state)
{
    struct recording recording = decoded(
        state, EVENT("message_start", ",\"message\":{\"usage\":{\"input_tokens\":-1,\"output_tokens\":1}}") END);
    assert_false(recording.has_usage);
    recording = decoded(state, EVENT("message_start", ",\"message\":{\"usage\":{\"input_tokens\":1000000000001,"
                                                      "\"output_tokens\":1}}") END);
    assert_false(recording.has_usage);
}

static void a_stream_that_goes_wrong_ends_with_one_error(void **state)
{
    static const struct {
        const char *stream;
        int http_status;
    } rows[] = {
        {START TEXT, 502},
        {"", 502},
        {START "event: content_block_start\ndata: {\"index\":\n\n" END, 502},
        {START EVENT("content_block_delta", ",\"index\":4,\"delta\":{\"type\":\"text_delta\",\"text\":\"x\"}") END,
         502},
        {START TEXT TEXT END, 502},
        {START EVENT("error", ",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}") END, 529},
        {EVENT("error", ",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"slow\"}"), 429},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct recording recording = decoded(state, rows[i].stream);
        assert_int_equal(last(&recording)->kind, TG_ANSWER_ERROR);
        assert_int_equal(last(&recording)->error->http_status, rows[i].http_status);
        assert_ptr_equal(recorded(&recording, TG_ANSWER_ERROR), last(&recording));
        assert_null(recorded(&recording, TG_ANSWER_END));
    }
}

static void parts_are_bounded(void **state)
{
    struct tg_buf stream;
    tg_buf_init(&stream, 16 << 20);
    assert_int_equal(tg_buf_append(&stream, tg_text_of(START)), TG_OK);
    for (int i = 0; i < 10000; ++i)
        assert_int_equal(
            tg_buf_printf(&stream,
                          "data: {\"type\":\"content_block_start\",\"index\":%d,\"content_block\":{\"type\":"
                          "\"text\",\"text\":\"\"}}\n\ndata: {\"type\":\"content_block_stop\",\"index\":%d}"
                          "\n\n",
                          i, i),
            TG_OK);
    assert_int_equal(tg_buf_append(&stream, tg_text("", 1)), TG_OK);
    struct recording recording = decoded(state, stream.data);
    assert_int_equal(last(&recording)->kind, TG_ANSWER_ERROR);
    assert_true(recording.count < 10000);
    tg_buf_deinit(&stream);
}

static void what_is_no_answer_is_invalid(void **state)
{
    struct recording recording;
    struct tg_answer_sink sink;
    recording_init(&recording, *state, &sink);
    assert_int_equal(dialect->decode_whole(*state, tg_text_of("<html>"), &sink), TG_INVALID);
    assert_int_equal(dialect->decode_whole(*state, tg_text_of("{\"type\":\"error\"}"), &sink), TG_INVALID);
    assert_int_equal(recording.count, 0);
}

static void an_invoke_chunk_holds_an_event(void **state)
{
    struct tg_text event;
    assert_true(tg_messages_from_invoke_chunk(
        *state, tg_text_of("{\"bytes\":\"eyJ0eXBlIjoibWVzc2FnZV9zdG9wIn0=\",\"p\":\"abc\"}"), &event));
    assert_true(tg_text_is(event, "{\"type\":\"message_stop\"}"));
    assert_false(tg_messages_from_invoke_chunk(*state, tg_text_of("{\"bytes\":\"eyJ0\"}]"), &event));
    assert_false(tg_messages_from_invoke_chunk(*state, tg_text_of("{\"bytes\":\"####\"}"), &event));
    assert_false(tg_messages_from_invoke_chunk(*state, tg_text_of("{}"), &event));
}

/* ---- encoding what others said ---- */

static struct tg_json_string string(const char *written)
{
    return tg_json_string_literal(written);
}

static const struct tg_usage others_usage = {
    .of = {[TG_USAGE_INPUT] = 7, [TG_USAGE_CACHED_INPUT] = 2, [TG_USAGE_OUTPUT] = 4, [TG_USAGE_REASONING] = 1}};

/* As a decoder of chat might tell it. */
static struct recording others_answer(void **state)
{
    static struct tg_answer_event events[] = {
        {.kind = TG_ANSWER_START, .id = {{"chatcmpl-9", 10}}, .model = {{"gpt-x", 5}}},
        {.kind = TG_ANSWER_PART_BEGIN, .part = 0, .part_kind = TG_PART_THINKING},
        {.kind = TG_ANSWER_DELTA, .part = 0, .part_kind = TG_PART_THINKING, .text = {{"hm", 2}}},
        {.kind = TG_ANSWER_SIGNATURE, .part = 0, .text = {{"ab", 2}}, .signature_origin = TG_DIALECT_GEMINI},
        {.kind = TG_ANSWER_SIGNATURE, .part = 0, .text = {{"cd", 2}}, .signature_origin = TG_DIALECT_GEMINI},
        {.kind = TG_ANSWER_PART_END, .part = 0},
        {.kind = TG_ANSWER_PART_BEGIN,
         .part = 1,
         .part_kind = TG_PART_TOOL_CALL,
         .call_id = {{"a:b", 3}},
         .name = {{"f", 1}}},
        {.kind = TG_ANSWER_PART_BEGIN, .part = 2, .part_kind = TG_PART_AUDIO},
        {.kind = TG_ANSWER_DELTA, .part = 2, .text = {{"AAAA", 4}}},
        {.kind = TG_ANSWER_DELTA, .part = 1, .text = {{"{\\\"x\\\"", 6}}},
        {.kind = TG_ANSWER_PART_BEGIN, .part = 3, .part_kind = TG_PART_REFUSAL},
        {.kind = TG_ANSWER_DELTA, .part = 3, .text = {{"no", 2}}},
        {.kind = TG_ANSWER_DELTA, .part = 1, .text = {{":1}", 3}}},
        {.kind = TG_ANSWER_PART_END, .part = 1},
        {.kind = TG_ANSWER_PART_END, .part = 2},
        {.kind = TG_ANSWER_PART_END, .part = 3},
        {.kind = TG_ANSWER_FINISH, .finish = TG_FINISH_STOP},
        {.kind = TG_ANSWER_USAGE, .usage = &others_usage, .service_tier = {"default", 7}},
        {.kind = TG_ANSWER_END},
    };
    return (struct recording){.arena = *state, .events = events, .count = sizeof(events) / sizeof(events[0])};
}

#define OTHERS_CONTENT                                                                                                 \
    "[{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"tollgate.v1.gemini.abcd\"},{\"type\":\"tool_use\","   \
    "\"id\":\"a_3ab\",\"name\":\"f\",\"input\":{\"x\":1}},{\"type\":\"text\",\"text\":\"no\"}]"
#define OTHERS_USAGE                                                                                                   \
    "{\"input_tokens\":7,\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":2,\"cache_creation\":{"         \
    "\"ephemeral_5m_input_tokens\":0,\"ephemeral_1h_input_tokens\":0},\"output_tokens\":5,\"output_tokens_details\":{" \
    "\"thinking_tokens\":1},\"service_tier\":\"standard\"}"

static void an_answer_of_another_dialect_becomes_a_message(void **state)
{
    struct recording recording = others_answer(state);
    assert_same_json("whole", encode_all(dialect, *state, &recording, false),
                     tg_text_of("{\"id\":\"msg_0192f000000070008000000000000001\",\"type\":\"message\",\"role\":"
                                "\"assistant\",\"model\":\"gpt-x\",\"content\":" OTHERS_CONTENT
                                ",\"stop_reason\":\"tool_use\",\"stop_sequence\":null,\"usage\":" OTHERS_USAGE "}"));
}

static void the_same_streamed_comes_to_the_same(void **state)
{
    struct recording recording = others_answer(state), again;
    struct tg_answer_sink sink;
    struct tg_text stream = encode_all(dialect, *state, &recording, true);
    recording_init(&again, *state, &sink);
    decode_sse(dialect, *state, stream, &sink);
    assert_same_json("streamed", encode_all(dialect, *state, &again, false),
                     tg_text_of("{\"id\":\"msg_0192f000000070008000000000000001\",\"type\":\"message\",\"role\":"
                                "\"assistant\",\"model\":\"gpt-x\",\"content\":" OTHERS_CONTENT
                                ",\"stop_reason\":\"tool_use\",\"stop_sequence\":null,\"usage\":" OTHERS_USAGE "}"));
    /* one signature_delta, since SDKs replace what they have by it */
    const char *first = memmem(stream.data, stream.bytes, "signature_delta", 15);
    assert_non_null(first);
    assert_null(memmem(first + 1, (size_t)(stream.data + stream.bytes - first - 1), "signature_delta", 15));
}

static void usage_that_is_known_early_is_in_message_start(void **state)
{
    struct recording recording = decoded(state, START TEXT END);
    struct tg_text stream = encode_all(dialect, *state, &recording, true);
    assert_true(tg_text_starts_with(stream,
                                    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":"
                                    "\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-x\","
                                    "\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{"
                                    "\"input_tokens\":10,\"cache_creation_input_tokens\":9,"));
}

static void arguments_that_are_no_object_are_quoted(void **state)
{
    struct tg_answer_event events[] = {
        {.kind = TG_ANSWER_START},
        {.kind = TG_ANSWER_PART_BEGIN, .part_kind = TG_PART_TOOL_CALL, .name = string("f")},
        {.kind = TG_ANSWER_DELTA, .text = string("[1")},
        {.kind = TG_ANSWER_PART_END},
        {.kind = TG_ANSWER_FINISH, .finish = TG_FINISH_TOOL_CALLS},
        {.kind = TG_ANSWER_END},
    };
    struct recording recording = {.arena = *state, .events = events, .count = sizeof(events) / sizeof(events[0])};
    struct tg_text whole = encode_all(dialect, *state, &recording, false);
    assert_non_null(memmem(whole.data, whole.bytes, "\"input\":{\"invalid_arguments\":\"[1\"}", 34));
    assert_non_null(memmem(whole.data, whole.bytes, "\"id\":\"toolu_0192f000000070008000000000000001_0\"", 47));
}

/* ---- errors ---- */

static void errors_come_in_anthropics_shape(void **state)
{
    struct tg_answer_error error = {.http_status = 429,
                                    .message = string("slow down"),
                                    .type = string("insufficient_quota"),
                                    .origin = TG_DIALECT_CHAT};
    assert_true(tg_text_is(dialect->error_body(*state, &error), "{\"type\":\"error\",\"error\":{\"type\":"
                                                                "\"rate_limit_error\",\"message\":\"slow down\"}}"));
    error.origin = TG_DIALECT_MESSAGES;
    error.type = string("billing_error");
    assert_true(tg_text_is(dialect->error_event(*state, &error, TG_FRAMING_SSE),
                           "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"billing_error\",\"message\":"
                           "\"slow down\"}}\n\n"));
    assert_null(dialect->error_type);
}

static void the_providers_own_words_are_read(void **state)
{
    struct tg_answer_error error;
    assert_true(
        dialect->read_error(*state, 404,
                            tg_text_of("{\"type\":\"error\",\"error\":{\"type\":\"not_found_error\",\"message\":"
                                       "\"model: x\"},\"request_id\":\"req_1\"}"),
                            &error));
    assert_true(tg_json_string_is(error.message, "model: x"));
    assert_true(tg_json_string_is(error.type, "not_found_error"));
    assert_int_equal(error.origin, TG_DIALECT_MESSAGES);
    assert_false(dialect->read_error(*state, 502, tg_text_of("Bad gateway"), &error));
    assert_int_equal(error.http_status, 502);
}

/* ---- watching ---- */

static void events_without_names_are_known_by_their_type(void **state)
{
    struct tg_seen seen = {.has_usage = false};
    const struct tg_text none = {NULL, 0};
    assert_int_equal(
        dialect->watch_block(&seen, false, none,
                             tg_text_of("{\"type\":\"message_start\",\"message\":{\"model\":\"m\",\"usage\":"
                                        "{\"input_tokens\":5,\"output_tokens\":1}}}")),
        TG_BLOCK_PASS);
    assert_true(seen.has_usage);
    assert_true(seen.is_usage_partial);
    assert_int_equal(dialect->watch_block(&seen, false, none,
                                          tg_text_of("{\"type\": \"content_block_delta\", \"index\": 0, \"delta\": {"
                                                     "\"type\": \"text_delta\", \"text\": \"a\\\"b\"}}")),
                     TG_BLOCK_PASS);
    assert_int_equal(seen.text_bytes, 4);
    assert_int_equal(dialect->watch_block(&seen, false, none, tg_text_of("{\"type\":\"ping\"}")), TG_BLOCK_PASS);
    assert_int_equal(dialect->watch_block(&seen, false, none,
                                          tg_text_of("{\"type\":\"message_delta\",\"usage\":{\"output_tokens\":9}}")),
                     TG_BLOCK_PASS);
    assert_false(seen.is_usage_partial);
    assert_int_equal(seen.usage.of[TG_USAGE_INPUT], 5);
    assert_int_equal(seen.usage.of[TG_USAGE_OUTPUT], 9);
    assert_int_equal(dialect->watch_block(&seen, false, none, tg_text_of("{\"type\":\"message_stop\"}")),
                     TG_BLOCK_HOLD);
    assert_true(seen.is_done);
    assert_int_equal(dialect->watch_block(&seen, false, tg_text_of("error"), tg_text_of("{}")), TG_BLOCK_PASS);
    assert_true(seen.has_error);
}

static void usage_is_found_at_the_end_of_what_is_known(void **state)
{
    struct tg_usage usage;
    assert_true(dialect->watch_tail(tg_text_of("\\\"usage\\\":{}\"}],\"stop_reason\":\"end_turn\",\"usage\":{"
                                               "\"input_tokens\":4,\"output_tokens\":2,\"server_tool_use\":{"
                                               "\"web_search_requests\":3}},\"x\":[1]}\n"),
                                    &usage));
    assert_int_equal(usage.of[TG_USAGE_INPUT], 4);
    assert_int_equal(usage.of[TG_USAGE_WEB_SEARCHES], 3);
    assert_false(dialect->watch_tail(tg_text_of("{\"message\":{\"usage\":{\"input_tokens\":4}}}"), &usage));
    assert_false(dialect->watch_tail(tg_text_of("\"usage\":{\"input_tokens\":4,"), &usage));
    assert_false(dialect->watch_tail(tg_text(NULL, 0), &usage));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(figures_that_are_left_out_at_the_end_are_those_of_the_start, setup, teardown),
        cmocka_unit_test_setup_teardown(an_absurd_figure_makes_all_of_them_unbelievable, setup, teardown),
        cmocka_unit_test_setup_teardown(a_stream_that_goes_wrong_ends_with_one_error, setup, teardown),
        cmocka_unit_test_setup_teardown(parts_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_answer_is_invalid, setup, teardown),
        cmocka_unit_test_setup_teardown(an_invoke_chunk_holds_an_event, setup, teardown),
        cmocka_unit_test_setup_teardown(an_answer_of_another_dialect_becomes_a_message, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_streamed_comes_to_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(usage_that_is_known_early_is_in_message_start, setup, teardown),
        cmocka_unit_test_setup_teardown(arguments_that_are_no_object_are_quoted, setup, teardown),
        cmocka_unit_test_setup_teardown(errors_come_in_anthropics_shape, setup, teardown),
        cmocka_unit_test_setup_teardown(the_providers_own_words_are_read, setup, teardown),
        cmocka_unit_test_setup_teardown(events_without_names_are_known_by_their_type, setup, teardown),
        cmocka_unit_test_setup_teardown(usage_is_found_at_the_end_of_what_is_known, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
