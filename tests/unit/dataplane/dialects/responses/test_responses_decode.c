/* Streams and answers that no recording shows, and what providers must not be trusted with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dataplane/dialects/responses/responses.h"
#include "tests/unit/dataplane/dialects/support.h"

static const struct tg_dialect *const dialect = &tg_dialect_responses;

#define EVENT(type, members) "event: " type "\ndata: {\"type\":\"" type "\"" members "}\n\n"
#define CREATED                                                                                                        \
    EVENT("response.created", ",\"response\":{\"id\":\"resp_1\",\"model\":\"m\",\"status\":\"in_progress\"}")
#define ADDED(index, item) EVENT("response.output_item.added", ",\"output_index\":" index ",\"item\":" item)
#define DONE(index, item)  EVENT("response.output_item.done", ",\"output_index\":" index ",\"item\":" item)
#define END(status, members)                                                                                           \
    EVENT("response." status, ",\"response\":{\"id\":\"resp_1\",\"status\":\"" status "\"" members "}")

struct decoded {
    struct tg_arena arena;
    struct recording recording;
};

static struct decoded *begin(struct tg_answer_sink *sink)
{
    static struct decoded decoded;
    tg_arena_init(&decoded.arena);
    recording_init(&decoded.recording, &decoded.arena, sink);
    return &decoded;
}

static struct decoded *decode(const char *stream)
{
    struct tg_answer_sink sink;
    struct decoded *decoded = begin(&sink);
    decode_sse(dialect, &decoded->arena, tg_text_of(stream), &sink);
    return decoded;
}

static void end(struct decoded *decoded)
{
    tg_arena_deinit(&decoded->arena);
}

static const char *kind_name(enum tg_answer_event_kind kind)
{
    static const char *const NAMES[] = {"start",    "begin",  "delta", "signature", "citations", "logprobs",
                                        "part_end", "finish", "usage", "error",     "end"};
    return NAMES[kind];
}

/* All events as one line: "start begin:0 delta:0(text) …". */
static void assert_events(const struct decoded *decoded, const char *wanted)
{
    static char line[8192];
    size_t used = 0;
    line[0] = '\0';
    for (size_t i = 0; i < decoded->recording.count; ++i) {
        const struct tg_answer_event *event = &decoded->recording.events[i];
        bool is_part = event->kind >= TG_ANSWER_PART_BEGIN && event->kind <= TG_ANSWER_PART_END;
        used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%s", i == 0 ? "" : " ", kind_name(event->kind));
        if (is_part)
            used += (size_t)snprintf(line + used, sizeof(line) - used, ":%u", event->part);
        if (event->text.written.bytes != 0)
            used += (size_t)snprintf(line + used, sizeof(line) - used, "(%.*s)", TG_TEXT_ARG(event->text.written));
    }
    assert_string_equal(line, wanted);
}

static const struct tg_answer_event *event_of(const struct decoded *decoded, enum tg_answer_event_kind kind)
{
    const struct tg_answer_event *event = recorded(&decoded->recording, kind);
    assert_non_null(event);
    return event;
}

static void a_custom_tools_text_becomes_the_input_of_a_function(void **state)
{
    struct decoded *decoded = decode(
        CREATED ADDED("0", "{\"type\":\"custom_tool_call\",\"id\":\"ctc_1\",\"call_id\":\"c1\",\"name\":"
                           "\"apply_patch\",\"input\":\"\"}") EVENT("response.custom_tool_call_input.delta",
                                                                    ",\"output_index\":0,\"delta\":\"a\\n\"")
            EVENT("response.custom_tool_call_input.delta", ",\"output_index\":0,\"delta\":\"\\\"b\"")
                EVENT("response.custom_tool_call_input.done", ",\"output_index\":0,\"input\":\"a\\n\\\"b\"")
                    DONE("0", "{\"type\":\"custom_tool_call\",\"call_id\":\"c1\",\"name\":\"apply_patch\",\"input\":"
                              "\"a\\n\\\"b\"}") END("completed", ""));
    assert_events(decoded, "start begin:0 delta:0({\\\"input\\\":\\\") delta:0(a\\\\n) delta:0(\\\\\\\"b) "
                           "delta:0(\\\"}) part_end:0 finish end");
    const struct tg_answer_event *begin_event = event_of(decoded, TG_ANSWER_PART_BEGIN);
    assert_int_equal(begin_event->part_kind, TG_PART_TOOL_CALL);
    assert_true(tg_text_is(begin_event->name.written, "apply_patch"));
    assert_int_equal(event_of(decoded, TG_ANSWER_FINISH)->finish, TG_FINISH_TOOL_CALLS);
    end(decoded);
}

static void an_item_that_comes_whole_is_told_once(void **state)
{
    struct decoded *decoded =
        decode(CREATED ADDED("0", "{\"type\":\"function_call\",\"call_id\":\"c1\",\"name\":\"f\"}")
                   DONE("0", "{\"type\":\"function_call\",\"call_id\":\"c1\",\"name\":\"f\",\"arguments\":\"{}\"}")
                       DONE("1", "{\"type\":\"message\",\"content\":[{\"type\":\"output_text\",\"text\":\"Hi\"}]}")
                           DONE("2", "{\"type\":\"reasoning\",\"summary\":[{\"text\":\"a\"},{\"text\":\"b\"}],"
                                     "\"encrypted_content\":\"e\"}") END("completed", ""));
    assert_events(decoded, "start begin:0 delta:0({}) part_end:0 begin:1 delta:1(Hi) part_end:1 begin:2 delta:2(a) "
                           "delta:2(\\n\\n) delta:2(b) signature:2(e) part_end:2 finish end");
    end(decoded);
}

static void an_answer_that_is_only_in_the_last_event_is_told(void **state)
{
    struct decoded *decoded = decode(
        CREATED END("completed", ",\"output\":[{\"type\":\"message\",\"content\":[{\"type\":\"output_text\",\"text\":"
                                 "\"Hi\",\"logprobs\":[{\"token\":\"Hi\"}],\"annotations\":[{\"type\":"
                                 "\"url_citation\",\"url\":\"u\",\"title\":\"t\",\"start_index\":0,\"end_index\":2},"
                                 "{\"type\":\"file_path\"}]}]}]"));
    assert_events(decoded, "start begin:0 delta:0(Hi) logprobs:0 citations:0 part_end:0 finish end");
    const struct tg_citation *citation = event_of(decoded, TG_ANSWER_CITATIONS)->citations;
    assert_true(tg_text_is(citation->url.written, "u"));
    assert_int_equal(citation->end, 2);
    end(decoded);
}

static void text_that_nobody_announced_and_parts_that_nobody_closed_are_still_parts(void **state)
{
    struct decoded *decoded = decode(
        CREATED EVENT("response.output_text.delta", ",\"output_index\":0,\"content_index\":0,\"delta\":\"a\"")
            EVENT("response.reasoning_text.delta", ",\"output_index\":1,\"content_index\":0,\"delta\":\"r\"") EVENT(
                "response.reasoning_summary_text.delta", ",\"output_index\":1,\"summary_index\":0,\"delta\":\"s\"")
                EVENT("response.output_text.delta", ",\"output_index\":0,\"content_index\":0,\"delta\":\"b\"")
                    END("completed", ""));
    assert_events(decoded, "start begin:0 delta:0(a) begin:1 delta:1(r) delta:1(\\n\\n) delta:1(s) delta:0(b) "
                           "part_end:0 part_end:1 finish end");
    end(decoded);
}

static void what_only_this_dialect_says_stays_whole(void **state)
{
    struct decoded *decoded =
        decode(CREATED ADDED("0", "{\"type\":\"web_search_call\",\"id\":\"w\"}")
                   EVENT("response.web_search_call.searching", ",\"output_index\":0")
                       DONE("0", "{\"type\":\"web_search_call\",\"id\":\"w\",\"status\":\"completed\",\"action\":"
                                 "{\"type\":\"search\"}}")
                           END("completed", ",\"output\":[{\"type\":\"web_search_call\",\"status\":\"completed\","
                                            "\"action\":{\"type\":\"search\"}},{\"type\":\"web_search_call\","
                                            "\"status\":\"failed\",\"action\":{\"type\":\"search\"}},{\"type\":"
                                            "\"web_search_call\",\"status\":\"completed\",\"action\":{\"type\":"
                                            "\"open_page\"}}],\"usage\":{\"input_tokens\":1,\"output_tokens\":2}"));
    assert_events(decoded, "start begin:0 part_end:0 finish usage end");
    const struct tg_answer_event *other = event_of(decoded, TG_ANSWER_PART_BEGIN);
    assert_int_equal(other->part_kind, TG_PART_OTHER);
    assert_int_equal(other->signature_origin, TG_DIALECT_RESPONSES);
    assert_true(tg_text_starts_with(other->raw, "{\"type\":\"web_search_call\",\"id\":\"w\",\"status\""));
    assert_int_equal(decoded->recording.usage.of[TG_USAGE_WEB_SEARCHES], 1);
    end(decoded);
}

static void every_token_is_counted_once(void **state)
{
    static const struct {
        const char *usage;
        int64_t input, cached, written, output, reasoning;
    } CASES[] = {
        {"{\"input_tokens\":100,\"input_tokens_details\":{\"cached_tokens\":30,\"cache_write_tokens\":20},"
         "\"output_tokens\":50,\"output_tokens_details\":{\"reasoning_tokens\":40},\"total_tokens\":150}",
         50, 30, 20, 10, 40},
        /* reasoning beside the output */
        {"{\"input_tokens\":10,\"output_tokens\":5,\"output_tokens_details\":{\"reasoning_tokens\":3},"
         "\"total_tokens\":18}",
         10, 0, 0, 5, 3},
        {"{\"input_tokens\":10,\"total_tokens\":15}", 10, 0, 0, 5, 0},
        /* more than there is */
        {"{\"input_tokens\":10,\"input_tokens_details\":{\"cached_tokens\":50},\"output_tokens\":1}", 0, 10, 0, 1, 0},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); ++i) {
        char body[1024];
        struct tg_answer_sink sink;
        struct decoded *decoded = begin(&sink);
        snprintf(body, sizeof(body), "{\"status\":\"completed\",\"output\":[],\"usage\":%s}", CASES[i].usage);
        assert_int_equal(dialect->decode_whole(&decoded->arena, tg_text_of(body), &sink), TG_OK);
        const int64_t *of = decoded->recording.usage.of;
        assert_int_equal(of[TG_USAGE_INPUT], CASES[i].input);
        assert_int_equal(of[TG_USAGE_CACHED_INPUT], CASES[i].cached);
        assert_int_equal(of[TG_USAGE_CACHE_WRITE_5M], CASES[i].written);
        assert_int_equal(of[TG_USAGE_OUTPUT], CASES[i].output);
        assert_int_equal(of[TG_USAGE_REASONING], CASES[i].reasoning);
        end(decoded);
    }
}

static void usage_that_cannot_be_true_is_none(void **state)
{
    static const char *const ABSURD[] = {
        "{\"input_tokens\":-1,\"output_tokens\":2}",
        "{\"input_tokens\":1,\"output_tokens\":1e30}",
        "{\"input_tokens\":\"7\",\"output_tokens\":2}",
        "{\"output_tokens\":2}",
        "null",
    };
    for (size_t i = 0; i < sizeof(ABSURD) / sizeof(ABSURD[0]); ++i) {
        char body[1024];
        struct tg_answer_sink sink;
        struct decoded *decoded = begin(&sink);
        snprintf(body, sizeof(body), "{\"status\":\"completed\",\"output\":[],\"usage\":%s}", ABSURD[i]);
        assert_int_equal(dialect->decode_whole(&decoded->arena, tg_text_of(body), &sink), TG_OK);
        assert_false(decoded->recording.has_usage);
        end(decoded);
    }
}

static void an_answer_ends_for_the_reason_it_gives(void **state)
{
    static const struct {
        const char *members;
        enum tg_finish finish;
    } CASES[] = {
        {"\"status\":\"completed\",\"output\":[]", TG_FINISH_STOP},
        {"\"status\":\"incomplete\",\"incomplete_details\":{\"reason\":\"max_output_tokens\"},\"output\":[]",
         TG_FINISH_LENGTH},
        {"\"status\":\"incomplete\",\"incomplete_details\":{\"reason\":\"content_filter\"},\"output\":[]",
         TG_FINISH_CONTENT_FILTER},
        {"\"status\":\"queued\",\"output\":[]", TG_FINISH_OTHER},
        {"\"status\":\"completed\",\"output\":[{\"type\":\"message\",\"content\":[{\"type\":\"refusal\",\"refusal\":"
         "\"No.\"}]}]",
         TG_FINISH_REFUSAL},
        {"\"status\":\"completed\",\"output\":[{\"type\":\"local_shell_call\",\"id\":\"l\",\"action\":{\"command\":"
         "[]}}]",
         TG_FINISH_TOOL_CALLS},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); ++i) {
        char body[1024];
        struct tg_answer_sink sink;
        struct decoded *decoded = begin(&sink);
        snprintf(body, sizeof(body), "{%s}", CASES[i].members);
        assert_int_equal(dialect->decode_whole(&decoded->arena, tg_text_of(body), &sink), TG_OK);
        assert_int_equal(event_of(decoded, TG_ANSWER_FINISH)->finish, CASES[i].finish);
        end(decoded);
    }
}

static void what_is_no_response_is_told_as_such(void **state)
{
    static const char *const BODIES[] = {"", "[]", "{}", "{\"error\":{\"message\":\"x\"}}", "{\"output\":[}"};
    for (size_t i = 0; i < sizeof(BODIES) / sizeof(BODIES[0]); ++i) {
        struct tg_answer_sink sink;
        struct decoded *decoded = begin(&sink);
        assert_int_equal(dialect->decode_whole(&decoded->arena, tg_text_of(BODIES[i]), &sink), TG_INVALID);
        assert_int_equal(decoded->recording.count, 0);
        end(decoded);
    }
}

/* ---- trouble ---- */

static void errors_of_all_shapes_end_the_answer(void **state)
{
    static const struct {
        const char *stream, *events, *message;
        int status;
    } CASES[] = {
        {CREATED EVENT("error", ",\"code\":\"rate_limit_exceeded\",\"message\":\"Slow.\",\"param\":null"),
         "start error", "Slow.", 429},
        {EVENT("error", ",\"error\":{\"type\":\"invalid_request_error\",\"code\":\"bad\",\"message\":\"Bad.\"}"),
         "error", "Bad.", 400},
        {CREATED END("failed", ",\"error\":{\"code\":\"server_error\",\"message\":\"Oops.\"},\"usage\":{\"input_"
                               "tokens\":3,\"output_tokens\":1}"),
         "start usage error", "Oops.", 500},
        {CREATED "data: {\"type\":\"response.output_text.delta\",\"delta\":\"x\n\n", "start error",
         "The provider sent an event that is not JSON.", 502},
        {CREATED EVENT("response.output_text.delta", ",\"delta\":\"x\""), "start begin:0 delta:0(x) part_end:0 error",
         "The provider broke off in the middle of its answer.", 502},
        {": nothing\n\n", "error", "The provider broke off in the middle of its answer.", 502},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); ++i) {
        struct decoded *decoded = decode(CASES[i].stream);
        assert_events(decoded, CASES[i].events);
        const struct tg_answer_error *error = event_of(decoded, TG_ANSWER_ERROR)->error;
        assert_true(tg_text_is(error->message.written, CASES[i].message));
        assert_int_equal(error->http_status, CASES[i].status);
        end(decoded);
    }
}

static void text_with_an_absurd_place_is_not_taken_for_arguments(void **state)
{
    struct decoded *decoded =
        decode(CREATED ADDED("0", "{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"f\"}")
                   EVENT("response.output_text.delta", ",\"output_index\":0,\"content_index\":-1,\"delta\":\"x\"")
                       EVENT("response.function_call_arguments.delta", ",\"output_index\":0,\"delta\":\"{}\"")
                           END("completed", ""));
    assert_events(decoded, "start begin:0 begin:1 delta:1(x) delta:0({}) part_end:0 part_end:1 finish end");
    end(decoded);
}

static void nothing_is_told_behind_the_end(void **state)
{
    struct decoded *decoded = decode(CREATED END("completed", "") END("completed", "")
                                         EVENT("response.output_text.delta", ",\"delta\":\"x\"") "data: [DONE]\n\n");
    assert_events(decoded, "start finish end");
    end(decoded);
}

static void parts_without_end_become_an_error(void **state)
{
    struct tg_buf stream;
    tg_buf_init(&stream, 16 << 20);
    assert_int_equal(tg_buf_append(&stream, tg_text_of(CREATED)), TG_OK);
    for (int i = 0; i < 10000; ++i)
        assert_int_equal(tg_buf_printf(&stream,
                                       "data: {\"type\":\"response.output_item.done\",\"output_index\":%d,\"item\":"
                                       "{\"type\":\"future_call\"}}\n\n",
                                       i),
                         TG_OK);
    struct tg_answer_sink sink;
    struct decoded *decoded = begin(&sink);
    decode_sse(dialect, &decoded->arena, tg_buf_text(&stream), &sink);
    assert_int_equal(decoded->recording.count, 1 + 2 * 4096 + 1);
    assert_int_equal(decoded->recording.events[decoded->recording.count - 1].kind, TG_ANSWER_ERROR);
    end(decoded);

    stream.bytes = 0; /* and as many that are open at once */
    for (int i = 0; i < 1000; ++i)
        assert_int_equal(tg_buf_printf(&stream,
                                       "data: {\"type\":\"response.output_text.delta\",\"output_index\":%d,\"delta\":"
                                       "\"x\"}\n\n",
                                       i),
                         TG_OK);
    decoded = begin(&sink);
    decode_sse(dialect, &decoded->arena, tg_buf_text(&stream), &sink);
    assert_int_equal(decoded->recording.events[decoded->recording.count - 1].kind, TG_ANSWER_ERROR);
    assert_true(decoded->recording.count < 200);
    end(decoded);
    tg_buf_deinit(&stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_custom_tools_text_becomes_the_input_of_a_function),
        cmocka_unit_test(an_item_that_comes_whole_is_told_once),
        cmocka_unit_test(an_answer_that_is_only_in_the_last_event_is_told),
        cmocka_unit_test(text_that_nobody_announced_and_parts_that_nobody_closed_are_still_parts),
        cmocka_unit_test(what_only_this_dialect_says_stays_whole),
        cmocka_unit_test(every_token_is_counted_once),
        cmocka_unit_test(usage_that_cannot_be_true_is_none),
        cmocka_unit_test(an_answer_ends_for_the_reason_it_gives),
        cmocka_unit_test(what_is_no_response_is_told_as_such),
        cmocka_unit_test(errors_of_all_shapes_end_the_answer),
        cmocka_unit_test(text_with_an_absurd_place_is_not_taken_for_arguments),
        cmocka_unit_test(nothing_is_told_behind_the_end),
        cmocka_unit_test(parts_without_end_become_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
