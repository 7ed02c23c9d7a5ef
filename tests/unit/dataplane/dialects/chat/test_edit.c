#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/codec/json_scan.h"
#include "dataplane/dialects/chat/chat.h"

static const struct tg_parameter_rule rules[] = {
    {.name = TG_TEXT_LITERAL("user")},
    {.name = TG_TEXT_LITERAL("seed"), .new_name = TG_TEXT_LITERAL("random_seed")},
    {.name = TG_TEXT_LITERAL("max_completion_tokens"), .new_name = TG_TEXT_LITERAL("max_tokens")},
};

/* A provider that has the model in the path, and wants to be told a version. */
static const struct tg_parameter_rule path_rules[] = {
    {.name = TG_TEXT_LITERAL("version"), .value = TG_TEXT_LITERAL("v\"1")},
    {.name = TG_TEXT_LITERAL("model")},
};

static const struct editing {
    const char *body;
    struct tg_request_target target;
    const char *wanted;
} editings[] = {
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
    /* what a provider does not take, or calls otherwise */
    {"{\"model\":\"m\",\"seed\":1,\"messages\":[],\"user\":\"u\"}",
     {.upstream_model = TG_TEXT_LITERAL("up"), .rules = rules, .rule_count = 2},
     "{\"model\":\"up\",\"random_seed\":1,\"messages\":[]}"},
    {"{\"model\":\"m\",\"max_completion_tokens\":9,\"messages\":[]}",
     {.max_output_tokens = 7, .maximum_field = "max_tokens", .rules = rules, .rule_count = 3},
     "{\"model\":\"m\",\"max_tokens\":7,\"messages\":[]}"},
    {"{\"model\":\"m\",\"messages\":[]}",
     {.upstream_model = TG_TEXT_LITERAL("up"), .rules = path_rules, .rule_count = 2},
     "{\"version\":\"v\\\"1\",\"messages\":[]}"},
    {"{\"messages\":[],\"version\":7,\"model\":\"m\"}",
     {.upstream_model = TG_TEXT_LITERAL("up"), .rules = path_rules, .rule_count = 2},
     "{\"messages\":[],\"version\":\"v\\\"1\"}"},
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

static struct tg_text join(struct tg_arena *arena, const struct tg_body *body)
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
    for (size_t i = 0; i < sizeof(editings) / sizeof(editings[0]); ++i) {
        struct tg_arena arena;
        struct tg_model_request request;
        struct tg_client_error error;
        struct tg_body edited;
        struct tg_json_scan scan;
        tg_arena_init(&arena);
        struct tg_text body = tg_text_of(editings[i].body);
        struct tg_request_source source = {.arena = &arena, .body = body};
        assert_true(tg_dialect_chat.read_request(&source, &request, &error));
        tg_dialect_chat.edit_request(&arena, body, &request, &editings[i].target, &edited);
        struct tg_text joined = join(&arena, &edited);
        assert_string_equal(joined.data, editings[i].wanted);
        tg_json_scan_init(&scan, joined);
        assert_int_equal(tg_json_scan_finish(&scan, NULL), TG_OK);
        tg_arena_deinit(&arena);
    }
}

static void the_body_itself_is_never_copied(void **state)
{
    struct tg_arena arena;
    struct tg_model_request request;
    struct tg_client_error error;
    struct tg_body edited;
    tg_arena_init(&arena);
    struct tg_text body = tg_text_of("{\"model\":\"m\",\"messages\":[{\"content\":\"long\"}]}");
    struct tg_request_target target = {.upstream_model = tg_text_of("up")};
    struct tg_request_source source = {.arena = &arena, .body = body};
    assert_true(tg_dialect_chat.read_request(&source, &request, &error));
    tg_dialect_chat.edit_request(&arena, body, &request, &target, &edited);
    assert_int_equal(edited.piece_count, 3);
    assert_ptr_equal(edited.pieces[0].data, body.data);
    assert_ptr_equal(edited.pieces[2].data + edited.pieces[2].bytes, body.data + body.bytes);
    tg_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_must_change_changes),
        cmocka_unit_test(the_body_itself_is_never_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
