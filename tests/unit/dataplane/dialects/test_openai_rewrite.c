#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/codec/json_scan.h"
#include "dataplane/dialects/openai_rewrite.h"

static const struct rewriting {
    const char *body;
    struct tg_openai_changes changes;
    const char *wanted;
} rewritings[] = {
    /* nothing to change */
    {"{\"model\":\"m\",\"messages\":[]}",
     {.upstream_model = TG_TEXT_LITERAL("m")},
     "{\"model\":\"m\",\"messages\":[]}"},
    /* the model */
    {"{\"messages\":[],\"model\":\"m\"}",
     {.upstream_model = TG_TEXT_LITERAL("up")},
     "{\"messages\":[],\"model\":\"up\"}"},
    {"{\"model\":\"m\",\"messages\":[]}",
     {.upstream_model = TG_TEXT_LITERAL("a\"b\\c")},
     "{\"model\":\"a\\\"b\\\\c\",\"messages\":[]}"},
    {"{\"model\":\"\\u006d\",\"messages\":[]}",
     {.upstream_model = TG_TEXT_LITERAL("m")},
     "{\"model\":\"\\u006d\",\"messages\":[]}"},
    /* the usage of a stream */
    {" { \"model\":\"m\",\"messages\":[]}",
     {.asks_for_usage = true},
     " {\"stream_options\":{\"include_usage\":true}, \"model\":\"m\",\"messages\":[]}"},
    {"{\"model\":\"m\",\"messages\":[],\"stream_options\":null}",
     {.asks_for_usage = true},
     "{\"model\":\"m\",\"messages\":[],\"stream_options\":{\"include_usage\":true}}"},
    {"{\"model\":\"m\",\"messages\":[],\"stream_options\":{ }}",
     {.asks_for_usage = true},
     "{\"model\":\"m\",\"messages\":[],\"stream_options\":{\"include_usage\":true }}"},
    {"{\"model\":\"m\",\"messages\":[],\"stream_options\":{\"x\":[1]}}",
     {.asks_for_usage = true},
     "{\"model\":\"m\",\"messages\":[],\"stream_options\":{\"include_usage\":true,\"x\":[1]}}"},
    {"{\"stream_options\":{\"x\":1,\"include_usage\":false},\"model\":\"m\",\"messages\":[]}",
     {.asks_for_usage = true},
     "{\"stream_options\":{\"x\":1,\"include_usage\":true},\"model\":\"m\",\"messages\":[]}"},
    {"{\"stream_options\":{\"include_usage\":null},\"model\":\"m\",\"messages\":[]}",
     {.asks_for_usage = true},
     "{\"stream_options\":{\"include_usage\":true},\"model\":\"m\",\"messages\":[]}"},
    {"{\"stream_options\":{\"include_usage\":true},\"model\":\"m\",\"messages\":[]}",
     {.asks_for_usage = true},
     "{\"stream_options\":{\"include_usage\":true},\"model\":\"m\",\"messages\":[]}"},
    /* the maximum */
    {"{\"model\":\"m\",\"messages\":[]}",
     {.max_output_tokens = 64, .maximum_field = "max_tokens"},
     "{\"max_tokens\":64,\"model\":\"m\",\"messages\":[]}"},
    {"{\"model\":\"m\",\"max_completion_tokens\":4096,\"messages\":[]}",
     {.max_output_tokens = 64, .maximum_field = "max_tokens"},
     "{\"model\":\"m\",\"max_completion_tokens\":64,\"messages\":[]}"},
    {"{\"max_tokens\":null,\"model\":\"m\",\"max_completion_tokens\":4096,\"messages\":[]}",
     {.max_output_tokens = 64, .maximum_field = "max_tokens"},
     "{\"max_tokens\":null,\"model\":\"m\",\"max_completion_tokens\":64,\"messages\":[]}"},
    {"{\"max_tokens\":4096,\"model\":\"m\",\"max_completion_tokens\":null,\"messages\":[]}",
     {.max_output_tokens = 64, .maximum_field = "max_tokens"},
     "{\"max_tokens\":64,\"model\":\"m\",\"max_completion_tokens\":null,\"messages\":[]}"},
    {"{\"max_tokens\":null,\"model\":\"m\",\"messages\":[]}",
     {.max_output_tokens = 64, .maximum_field = "max_completion_tokens"},
     "{\"max_tokens\":64,\"model\":\"m\",\"messages\":[]}"},
    /* everything at once */
    {"{\"max_tokens\":9,\"model\":\"m\",\"max_completion_tokens\":8,\"messages\":[]}",
     {.upstream_model = TG_TEXT_LITERAL("up"),
      .asks_for_usage = true,
      .max_output_tokens = 7,
      .maximum_field = "max_tokens"},
     "{\"stream_options\":{\"include_usage\":true},\"max_tokens\":7,\"model\":\"up\",\"max_completion_tokens\":7,"
     "\"messages\":[]}"},
    {"{\"model\":\"m\",\"messages\":[]}",
     {.upstream_model = TG_TEXT_LITERAL("up"),
      .asks_for_usage = true,
      .max_output_tokens = 7,
      .maximum_field = "max_completion_tokens"},
     "{\"stream_options\":{\"include_usage\":true},\"max_completion_tokens\":7,\"model\":\"up\",\"messages\":[]}"},
};

static struct tg_text join(struct tg_arena *arena, const struct tg_openai_body *body)
{
    char *out = tg_arena_alloc(arena, body->bytes + 1);
    size_t used = 0;
    for (size_t i = 0; i < body->piece_count; ++i) {
        assert_true(used + body->pieces[i].bytes <= body->bytes);
        memcpy(out + used, body->pieces[i].data, body->pieces[i].bytes);
        used += body->pieces[i].bytes;
    }
    assert_int_equal(used, body->bytes);
    out[used] = '\0';
    return tg_text(out, used);
}

static void only_what_must_change_changes(void **state)
{
    for (size_t i = 0; i < sizeof(rewritings) / sizeof(rewritings[0]); ++i) {
        struct tg_arena arena;
        struct tg_openai_request request;
        struct tg_client_error error;
        struct tg_openai_body rewritten;
        struct tg_json_scan scan;
        tg_arena_init(&arena);
        struct tg_text body = tg_text_of(rewritings[i].body);
        assert_true(tg_openai_request_read(&arena, TG_ENDPOINT_CHAT_COMPLETIONS, body, &request, &error));
        tg_openai_rewrite(&arena, body, &request, &rewritings[i].changes, &rewritten);
        struct tg_text joined = join(&arena, &rewritten);
        assert_string_equal(joined.data, rewritings[i].wanted);
        tg_json_scan_init(&scan, joined);
        assert_int_equal(tg_json_scan_finish(&scan, NULL), TG_OK);
        tg_arena_deinit(&arena);
    }
}

static void the_body_itself_is_never_copied(void **state)
{
    struct tg_arena arena;
    struct tg_openai_request request;
    struct tg_client_error error;
    struct tg_openai_body rewritten;
    tg_arena_init(&arena);
    struct tg_text body = tg_text_of("{\"model\":\"m\",\"messages\":[{\"content\":\"long\"}]}");
    struct tg_openai_changes changes = {.upstream_model = tg_text_of("up")};
    assert_true(tg_openai_request_read(&arena, TG_ENDPOINT_CHAT_COMPLETIONS, body, &request, &error));
    tg_openai_rewrite(&arena, body, &request, &changes, &rewritten);
    assert_int_equal(rewritten.piece_count, 3);
    assert_ptr_equal(rewritten.pieces[0].data, body.data);
    assert_ptr_equal(rewritten.pieces[2].data + rewritten.pieces[2].bytes, body.data + body.bytes);
    tg_arena_deinit(&arena);
}

static void openai_gets_the_new_field_and_all_others_the_one_they_know(void **state)
{
    assert_string_equal(tg_openai_maximum_field(tg_text_of("api.openai.com")), "max_completion_tokens");
    assert_string_equal(tg_openai_maximum_field(tg_text_of("OpenAI.com")), "max_completion_tokens");
    assert_string_equal(tg_openai_maximum_field(tg_text_of("x.openai.azure.com")), "max_completion_tokens");
    assert_string_equal(tg_openai_maximum_field(tg_text_of("notopenai.com")), "max_tokens");
    assert_string_equal(tg_openai_maximum_field(tg_text_of("127.0.0.1")), "max_tokens");
    assert_string_equal(tg_openai_maximum_field(tg_text_of("")), "max_tokens");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_must_change_changes),
        cmocka_unit_test(the_body_itself_is_never_copied),
        cmocka_unit_test(openai_gets_the_new_field_and_all_others_the_one_they_know),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
