#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dataplane/dialects/chat/chat_internal.h"

struct reading {
    struct tg_arena arena;
    struct tg_text body;
    struct tg_model_request request;
    struct tg_client_error error;
    bool is_good;
};

/* Reads an exact heap copy, so that AddressSanitizer sees every stray read. */
static struct reading read_chat(const char *body)
{
    struct reading reading;
    tg_arena_init(&reading.arena);
    size_t bytes = strlen(body);
    char *copy = malloc(bytes + (bytes == 0));
    memcpy(copy, body, bytes);
    reading.body = tg_text(copy, bytes);
    struct tg_request_source source = {.arena = &reading.arena, .body = reading.body};
    reading.is_good = tg_dialect_chat.read_request(&source, &reading.request, &reading.error);
    return reading;
}

static void forget(struct reading *reading)
{
    free((char *)(uintptr_t)reading->body.data);
    tg_arena_deinit(&reading->arena);
}

static void assert_span(const struct reading *reading, struct tg_span span, const char *text)
{
    assert_true(tg_text_is(tg_text(reading->body.data + span.at, span.bytes), text));
}

static void what_the_gateway_governs_is_read_with_its_place(void **state)
{
    struct reading reading =
        read_chat(" {\"model\" : \"gpt\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"stream\":true,"
                  "\"stream_options\":{\"x\":1,\"include_usage\":false},\"max_tokens\":5,"
                  "\"max_completion_tokens\":7,\"n\":3,\"unknown\":{\"model\":9}}");
    assert_true(reading.is_good);
    const struct tg_model_request *request = &reading.request;
    assert_true(tg_text_is(request->model, "gpt"));
    assert_span(&reading, request->marks.model, "gpt");
    assert_true(request->is_streaming);
    assert_false(request->wants_usage);
    assert_true(request->marks.has_stream_options_members);
    assert_span(&reading, request->marks.include_usage, "false");
    assert_span(&reading, request->marks.older_maximum, "5");
    assert_span(&reading, request->marks.maximum, "7");
    assert_int_equal(request->max_output_tokens, 7);
    assert_int_equal(request->choices, 3);
    assert_int_equal(request->marks.first_member_at, 2);
    assert_int_equal(request->prompt_bytes, strlen("[{\"role\":\"user\",\"content\":\"hi\"}]"));
    assert_false(request->is_beyond_text);
    forget(&reading);
}

static void escapes_in_names_and_values_mean_what_they_say(void **state)
{
    struct reading reading = read_chat("{\"mod\\u0065l\":\"g\\u0070t\\\\\",\"messages\":[]}");
    assert_true(reading.is_good);
    assert_true(tg_text_is(reading.request.model, "gpt\\"));
    assert_span(&reading, reading.request.marks.model, "g\\u0070t\\\\");
    forget(&reading);
}

static void null_is_as_good_as_absent(void **state)
{
    struct reading reading =
        read_chat("{\"model\":\"m\",\"messages\":[],\"stream\":null,\"n\":null,\"max_tokens\":null,"
                  "\"stream_options\":null,\"prediction\":null,\"web_search_options\":null}");
    assert_true(reading.is_good);
    assert_false(reading.request.is_streaming);
    assert_int_equal(reading.request.choices, 1);
    assert_int_equal(reading.request.max_output_tokens, 0);
    assert_span(&reading, reading.request.marks.older_maximum, "null");
    assert_span(&reading, reading.request.marks.stream_options, "null");
    assert_int_equal(reading.request.extra_output_bytes, 0);
    assert_false(reading.request.is_beyond_text);
    forget(&reading);
}

static const struct refusal {
    const char *body;
    enum tg_client_error_code code;
    const char *param;
} refusals[] = {
    {"", TG_ERROR_INVALID_JSON, ""},
    {"[]", TG_ERROR_INVALID_JSON, ""},
    {"\"text\"", TG_ERROR_INVALID_JSON, ""},
    {"{\"model\":\"m\",\"messages\":[]", TG_ERROR_INVALID_JSON, ""},
    {"{\"model\":\"m\",\"messages\":[]} x", TG_ERROR_INVALID_JSON, ""},
    {"{\"model\":\"m\",\"messages\":[],}", TG_ERROR_INVALID_JSON, ""},
    {"{\"model\":\"m\",\"model\":\"n\",\"messages\":[]}", TG_ERROR_INVALID_JSON, ""},
    {"{\"model\":\"m\",\"mode\\u006c\":\"n\",\"messages\":[]}", TG_ERROR_INVALID_JSON, ""},
    {"{\"model\":\"\xff\",\"messages\":[]}", TG_ERROR_INVALID_JSON, ""},
    {"{}", TG_ERROR_MISSING_PARAMETER, "model"},
    {"{\"model\":\"m\"}", TG_ERROR_MISSING_PARAMETER, "messages"},
    {"{\"messages\":[]}", TG_ERROR_MISSING_PARAMETER, "model"},
    {"{\"model\":null,\"messages\":[]}", TG_ERROR_INVALID_TYPE, "model"},
    {"{\"model\":[\"m\"],\"messages\":[]}", TG_ERROR_INVALID_TYPE, "model"},
    {"{\"model\":\"\",\"messages\":[]}", TG_ERROR_INVALID_VALUE, "model"},
    {"{\"model\":\"m\",\"messages\":{}}", TG_ERROR_INVALID_TYPE, "messages"},
    {"{\"model\":\"m\",\"messages\":[\"hi\"]}", TG_ERROR_INVALID_TYPE, "messages[]"},
    {"{\"model\":\"m\",\"messages\":[],\"stream\":1}", TG_ERROR_INVALID_TYPE, "stream"},
    {"{\"model\":\"m\",\"messages\":[],\"stream_options\":[]}", TG_ERROR_INVALID_TYPE, "stream_options"},
    {"{\"model\":\"m\",\"messages\":[],\"stream_options\":{\"include_usage\":1}}", TG_ERROR_INVALID_TYPE,
     "stream_options.include_usage"},
    {"{\"model\":\"m\",\"messages\":[],\"stream_options\":{\"include_usage\":true,\"include_usage\":false}}",
     TG_ERROR_INVALID_VALUE, "stream_options.include_usage"},
    {"{\"model\":\"m\",\"messages\":[],\"n\":0}", TG_ERROR_INVALID_VALUE, "n"},
    {"{\"model\":\"m\",\"messages\":[],\"n\":129}", TG_ERROR_INVALID_VALUE, "n"},
    {"{\"model\":\"m\",\"messages\":[],\"n\":1.5}", TG_ERROR_INVALID_VALUE, "n"},
    {"{\"model\":\"m\",\"messages\":[],\"n\":\"2\"}", TG_ERROR_INVALID_TYPE, "n"},
    {"{\"model\":\"m\",\"messages\":[],\"max_tokens\":-1}", TG_ERROR_INVALID_VALUE, "max_tokens"},
    {"{\"model\":\"m\",\"messages\":[],\"max_completion_tokens\":99999999999999999999}", TG_ERROR_INVALID_VALUE,
     "max_completion_tokens"},
    {"{\"model\":\"m\",\"messages\":[],\"max_tokens\":{}}", TG_ERROR_INVALID_TYPE, "max_tokens"},
};

static void what_cannot_be_used_is_refused_by_the_name_of_its_field(void **state)
{
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); ++i) {
        struct reading reading = read_chat(refusals[i].body);
        if (reading.is_good || reading.error.code != refusals[i].code ||
            !tg_text_is(reading.error.param, refusals[i].param))
            fail_msg("%s: %s, %.*s", refusals[i].body, tg_client_error_code_name(reading.error.code),
                     TG_TEXT_ARG(reading.error.param));
        forget(&reading);
    }
}

static void every_cut_of_a_good_body_is_refused(void **state)
{
    static const char BODY[] = "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\"}]}],"
                               "\"stream_options\":{\"include_usage\":true},\"max_tokens\":12}";
    for (size_t bytes = 0; bytes < sizeof(BODY) - 1; ++bytes) {
        char cut[sizeof(BODY)];
        memcpy(cut, BODY, bytes);
        cut[bytes] = '\0';
        struct reading reading = read_chat(cut);
        assert_false(reading.is_good);
        assert_int_equal(reading.error.code, TG_ERROR_INVALID_JSON);
        assert_int_equal(reading.request.model.bytes, 0);
        forget(&reading);
    }
}

static bool is_beyond_text(const char *messages, const char *rest)
{
    char body[512];
    snprintf(body, sizeof(body), "{\"model\":\"m\",\"messages\":%s%s}", messages, rest);
    struct reading reading = read_chat(body);
    assert_true(reading.is_good);
    bool is = reading.request.is_beyond_text;
    forget(&reading);
    return is;
}

static void only_plain_text_is_bounded_by_its_bytes(void **state)
{
    assert_false(is_beyond_text("[{\"role\":\"user\",\"content\":\"see image_url\"}]", ""));
    assert_false(is_beyond_text("[{\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"refusal\"}]}]", ""));
    assert_true(is_beyond_text("[{\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"x\"}}]}]", ""));
    assert_true(is_beyond_text("[{\"content\":[{\"type\":\"text\"},{\"type\":\"input_audio\"}]}]", ""));
    assert_true(is_beyond_text("[{\"content\":[{\"file\":{}}]}]", ""));
    assert_true(is_beyond_text("[{\"content\":[\"text\"]}]", ""));
    assert_true(is_beyond_text("[{\"content\":[{\"type\":\"text\",\"type\":\"image_url\"}]}]", ""));
    assert_true(is_beyond_text("[{\"content\":[{\"type\":\"\\u0074ext\"}]}]", "")); /* odd enough to be careful */
    assert_true(is_beyond_text("[{\"cont\\u0065nt\":[{\"type\":\"image_url\"}]}]", ""));
    assert_true(is_beyond_text("[{\"role\":\"assistant\",\"audio\":{\"id\":\"a\"}}]", ""));
    assert_true(is_beyond_text("[]", ",\"web_search_options\":{}"));
}

static void predictions_and_tools_are_measured(void **state)
{
    struct reading reading = read_chat("{\"model\":\"m\",\"messages\":[],\"tools\":[{\"type\":\"function\"}],"
                                       "\"prediction\":{\"type\":\"content\",\"content\":\"abc\"}}");
    assert_true(reading.is_good);
    assert_int_equal(reading.request.prompt_bytes, strlen("[]") + strlen("[{\"type\":\"function\"}]"));
    assert_int_equal(reading.request.extra_output_bytes, strlen("{\"type\":\"content\",\"content\":\"abc\"}"));
    forget(&reading);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_gateway_governs_is_read_with_its_place),
        cmocka_unit_test(escapes_in_names_and_values_mean_what_they_say),
        cmocka_unit_test(null_is_as_good_as_absent),
        cmocka_unit_test(what_cannot_be_used_is_refused_by_the_name_of_its_field),
        cmocka_unit_test(every_cut_of_a_good_body_is_refused),
        cmocka_unit_test(only_plain_text_is_bounded_by_its_bytes),
        cmocka_unit_test(predictions_and_tools_are_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
