#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dataplane/dialects/endpoint.h"

static enum tg_endpoint find(const char *path)
{
    struct tg_text name;
    return tg_endpoint_find(tg_text_of(path), &name);
}

static void the_paths_of_the_sdks_are_known(void **state)
{
    assert_int_equal(find("/"), TG_ENDPOINT_ROOT);
    assert_int_equal(find("/v1/chat/completions"), TG_ENDPOINT_CHAT_COMPLETIONS);
    assert_int_equal(find("/v1/embeddings"), TG_ENDPOINT_EMBEDDINGS);
    assert_int_equal(find("/v1/models"), TG_ENDPOINT_MODELS);
    assert_int_equal(find("/v1/models/"), TG_ENDPOINT_MODELS);
}

static void anything_else_is_unknown(void **state)
{
    static const char *const PATHS[] = {
        "",           "/v1",         "/v1/chat",    "/chat/completions", "/v1/chat/completions/x",
        "/V1/models", "//v1/models", "/v1/modelsx", "/v1/completions"};
    for (size_t i = 0; i < sizeof(PATHS) / sizeof(PATHS[0]); ++i)
        assert_int_equal(find(PATHS[i]), TG_ENDPOINT_UNKNOWN);
}

static void the_name_of_a_model_is_the_rest_of_the_path(void **state)
{
    struct tg_text name;
    assert_int_equal(tg_endpoint_find(tg_text_of("/v1/models/meta%2Fllama/3"), &name), TG_ENDPOINT_MODEL);
    assert_true(tg_text_is(name, "meta%2Fllama/3"));
}

static void calls_take_post_and_lists_take_get(void **state)
{
    assert_true(tg_endpoint_allows(TG_ENDPOINT_CHAT_COMPLETIONS, tg_text_of("POST")));
    assert_false(tg_endpoint_allows(TG_ENDPOINT_CHAT_COMPLETIONS, tg_text_of("GET")));
    assert_true(tg_endpoint_allows(TG_ENDPOINT_MODELS, tg_text_of("GET")));
    assert_true(tg_endpoint_allows(TG_ENDPOINT_ROOT, tg_text_of("HEAD")));
    assert_false(tg_endpoint_allows(TG_ENDPOINT_MODELS, tg_text_of("POST")));
    assert_false(tg_endpoint_allows(TG_ENDPOINT_MODELS, tg_text_of("get")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_paths_of_the_sdks_are_known),
        cmocka_unit_test(anything_else_is_unknown),
        cmocka_unit_test(the_name_of_a_model_is_the_rest_of_the_path),
        cmocka_unit_test(calls_take_post_and_lists_take_get),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
