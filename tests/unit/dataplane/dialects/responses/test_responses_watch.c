/* Streams and answers that pass unchanged, and errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dataplane/dialects/responses/responses.h"
#include "tests/unit/dataplane/dialects/support.h"

static const struct tg_dialect *const dialect = &tg_dialect_responses;

static enum tg_block_fate watch(struct tg_seen *seen, const char *name, const char *data)
{
    return dialect->watch_block(seen, true, tg_text_of(name), tg_text_of(data));
}

static void the_end_of_a_stream_is_held_and_tells_the_usage(void **state)
{
    struct tg_seen seen = {.has_usage = false};
    assert_int_equal(watch(&seen, "response.created",
                           "{\"type\":\"response.created\",\"response\":{\"model\":\"gpt-9-2026\",\"service_tier\":"
                           "\"auto\",\"usage\":null}}"),
                     TG_BLOCK_PASS);
    assert_int_equal(watch(&seen, "response.output_text.delta",
                           "{\"type\":\"response.output_text.delta\",\"delta\":\"a\\\"b\",\"logprobs\":[]}"),
                     TG_BLOCK_PASS);
    assert_int_equal(seen.text_bytes, 4);
    assert_false(seen.is_done);
    assert_int_equal(watch(&seen, "response.completed",
                           "{\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\"service_tier\":"
                           "\"default\",\"output\":[],\"usage\":{\"input_tokens\":3,\"output_tokens\":4}}}"),
                     TG_BLOCK_HOLD);
    assert_true(seen.is_done);
    assert_true(seen.has_usage);
    assert_int_equal(seen.usage.of[TG_USAGE_INPUT], 3);
    assert_int_equal(seen.usage.of[TG_USAGE_OUTPUT], 4);
    assert_true(tg_text_is(tg_text(seen.model, seen.model_bytes), "gpt-9-2026"));
    assert_true(tg_text_is(tg_text(seen.service_tier, seen.service_tier_bytes), "default"));
    assert_false(seen.has_error);
    assert_int_equal(watch(&seen, "", "[DONE]"), TG_BLOCK_HOLD); /* it must not overtake */
}

static void events_without_names_are_known_by_their_type(void **state)
{
    static const char *const ENDS[] = {
        "{\"type\":\"response.incomplete\",\"response\":{\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}}",
        "{\"response\":{\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}, \"type\" : \"response.completed\"}",
    };
    for (size_t i = 0; i < sizeof(ENDS) / sizeof(ENDS[0]); ++i) {
        struct tg_seen seen = {.has_usage = false};
        assert_int_equal(watch(&seen, "", ENDS[i]), TG_BLOCK_HOLD);
        assert_true(seen.has_usage);
        assert_true(seen.is_done);
    }
}

static void failures_are_seen(void **state)
{
    struct tg_seen seen = {.has_usage = false};
    assert_int_equal(watch(&seen, "error", "{\"type\":\"error\",\"message\":\"x\"}"), TG_BLOCK_PASS);
    assert_true(seen.has_error);
    seen = (struct tg_seen){.has_usage = false};
    assert_int_equal(watch(&seen, "response.failed",
                           "{\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"server_error\"},"
                           "\"usage\":{\"input_tokens\":3,\"output_tokens\":4}}}"),
                     TG_BLOCK_HOLD);
    assert_true(seen.has_error);
    assert_true(seen.has_usage);
}

static void what_is_not_json_is_passed_and_not_believed(void **state)
{
    struct tg_seen seen = {.has_usage = false};
    assert_int_equal(watch(&seen, "response.completed", "{\"response\":{\"usage\":{\"input_tokens\":3}}"),
                     TG_BLOCK_HOLD);
    assert_false(seen.has_usage);
    assert_int_equal(watch(&seen, "response.output_text.delta", "{\"delta\":\"never ends"), TG_BLOCK_HOLD);
    assert_int_equal(watch(&seen, "keepalive", "garbage"), TG_BLOCK_HOLD);
    dialect->watch_whole(&seen, tg_text_of("{\"usage\":"));
    assert_false(seen.has_usage);
}

static void usage_is_found_in_the_last_bytes_of_a_large_answer(void **state)
{
    struct tg_usage usage;
    assert_true(dialect->watch_tail(
        tg_text_of("…text\"}]}],\"usage\":{\"input_tokens\":30,\"input_tokens_details\":{\"cached_tokens\":10},"
                   "\"output_tokens\":4,\"total_tokens\":34},\"user\":null,\"metadata\":{}}"),
        &usage));
    assert_int_equal(usage.of[TG_USAGE_INPUT], 20);
    assert_int_equal(usage.of[TG_USAGE_CACHED_INPUT], 10);
    assert_false(dialect->watch_tail(tg_text_of("text\"}]}],\"user\":null}"), &usage));
    assert_false(dialect->watch_tail(tg_text_of("\"usage\":{\"input_tokens\":30,\"output_tokens\":4}}}]}"), &usage));
}

/* ---- errors ---- */

static void errors_are_read_in_the_shapes_that_providers_use(void **state)
{
    struct tg_arena arena;
    struct tg_answer_error error;
    tg_arena_init(&arena);
    assert_true(dialect->read_error(&arena, 400,
                                    tg_text_of("{\"error\":{\"message\":\"No \\\"x\\\".\",\"type\":"
                                               "\"invalid_request_error\",\"param\":\"input\",\"code\":null}}"),
                                    &error));
    assert_true(tg_text_is(error.message.written, "No \\\"x\\\"."));
    assert_true(tg_text_is(error.param.written, "input"));
    assert_true(tg_json_string_is_empty(error.code));
    assert_int_equal(error.origin, TG_DIALECT_RESPONSES);
    assert_true(dialect->read_error(&arena, 403, tg_text_of("{\"code\":\"denied\",\"error\":\"No.\"}"), &error));
    assert_true(tg_text_is(error.message.written, "No."));
    assert_true(tg_text_is(error.code.written, "denied"));
    static const char *const OTHERS[] = {"", "<html>", "{}", "{\"error\":null}", "{\"error\":{\"message\":\"x\"}"};
    for (size_t i = 0; i < sizeof(OTHERS) / sizeof(OTHERS[0]); ++i) {
        assert_false(dialect->read_error(&arena, 502, tg_text_of(OTHERS[i]), &error));
        assert_int_equal(error.http_status, 502);
    }
    tg_arena_deinit(&arena);
}

static void errors_of_others_get_a_type_of_this_dialect(void **state)
{
    static const struct {
        int status;
        const char *type;
    } CASES[] = {
        {400, "invalid_request_error"}, {401, "authentication_error"}, {403, "permission_error"},
        {404, "invalid_request_error"}, {429, "rate_limit_exceeded"},  {503, "server_error"},
    };
    struct tg_arena arena;
    tg_arena_init(&arena);
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); ++i) {
        struct tg_answer_error error = {
            .http_status = CASES[i].status,
            .message = tg_json_string_literal("m"),
            .code = tg_json_string_literal("c"),
            .type = tg_json_string_literal("theirs"),
            .origin = TG_DIALECT_GEMINI,
        };
        struct tg_text wanted = tg_arena_printf(
            &arena, "{\"error\":{\"message\":\"m\",\"type\":\"%s\",\"param\":null,\"code\":\"c\"}}", CASES[i].type);
        assert_same_json("error", dialect->error_body(&arena, &error), wanted);
    }
    tg_arena_deinit(&arena);
}

static void an_error_in_a_stream_that_passes_is_told_without_its_encoder(void **state)
{
    struct tg_arena arena;
    struct tg_answer_sink sink;
    struct recording recording;
    struct tg_answer_error error = {.http_status = 429, .message = tg_json_string_literal("Slow \\\"down\\\".")};
    tg_arena_init(&arena);
    recording_init(&recording, &arena, &sink);
    struct tg_text event = dialect->error_event(&arena, &error, TG_FRAMING_SSE);
    assert_true(tg_text_starts_with(event, "event: error\ndata: {\"type\":\"error\""));
    assert_non_null(strstr(event.data, "\n\nevent: response.failed\ndata: {"));
    decode_sse(dialect, &arena, event, &sink);
    assert_int_equal(recording.count, 1);
    assert_true(tg_text_is(recording.events[0].error->message.written, "Slow \\\"down\\\"."));
    tg_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_end_of_a_stream_is_held_and_tells_the_usage),
        cmocka_unit_test(events_without_names_are_known_by_their_type),
        cmocka_unit_test(failures_are_seen),
        cmocka_unit_test(what_is_not_json_is_passed_and_not_believed),
        cmocka_unit_test(usage_is_found_in_the_last_bytes_of_a_large_answer),
        cmocka_unit_test(errors_are_read_in_the_shapes_that_providers_use),
        cmocka_unit_test(errors_of_others_get_a_type_of_this_dialect),
        cmocka_unit_test(an_error_in_a_stream_that_passes_is_told_without_its_encoder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
