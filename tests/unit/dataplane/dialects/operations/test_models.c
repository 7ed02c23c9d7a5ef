#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dataplane/dialects/operations/models.h"

static const struct tg_operations_listed_model MODELS[] = {
    {.name = TG_TEXT_LITERAL("a"), .kind = TG_MODEL_CHAT, .created_at_ms = 1700000000999, .max_input_tokens = 9},
    {.name = TG_TEXT_LITERAL("b\"c"), .kind = TG_MODEL_EMBEDDING},
};

static void assert_list(enum tg_dialect_id dialect, size_t count, const char *wanted)
{
    struct tg_arena arena;
    tg_arena_init(&arena);
    assert_string_equal(tg_operations_models_body(&arena, dialect, MODELS, count).data, wanted);
    tg_arena_deinit(&arena);
}

static void models_are_listed_in_each_dialects_shape(void **state)
{
    assert_list(TG_DIALECT_CHAT, 2,
                "{\"object\":\"list\",\"data\":[{\"id\":\"a\",\"object\":\"model\",\"created\":1700000000,"
                "\"owned_by\":\"tollgate\"},{\"id\":\"b\\\"c\",\"object\":\"model\",\"created\":0,"
                "\"owned_by\":\"tollgate\"}]}");
    assert_list(TG_DIALECT_CHAT, 0, "{\"object\":\"list\",\"data\":[]}");
    assert_list(TG_DIALECT_MESSAGES, 1,
                "{\"data\":[{\"type\":\"model\",\"id\":\"a\",\"display_name\":\"a\",\"created_at\":"
                "\"2023-11-14T22:13:20.999Z\"}],\"has_more\":false,\"first_id\":\"a\",\"last_id\":\"a\"}");
    assert_list(TG_DIALECT_MESSAGES, 0, "{\"data\":[],\"has_more\":false,\"first_id\":null,\"last_id\":null}");
    assert_list(
        TG_DIALECT_GEMINI, 2,
        "{\"models\":[{\"name\":\"models/a\",\"displayName\":\"a\",\"inputTokenLimit\":9,\"outputTokenLimit\":0,"
        "\"supportedGenerationMethods\":[\"generateContent\",\"countTokens\"]},{\"name\":\"models/b\\\"c\","
        "\"displayName\":\"b\\\"c\",\"inputTokenLimit\":0,\"outputTokenLimit\":0,"
        "\"supportedGenerationMethods\":[\"embedContent\"]}]}");
}

static void one_model_is_shown_as_in_the_list(void **state)
{
    struct tg_arena arena;
    tg_arena_init(&arena);
    assert_string_equal(tg_operations_model_body(&arena, TG_DIALECT_CHAT, &MODELS[0]).data,
                        "{\"id\":\"a\",\"object\":\"model\",\"created\":1700000000,\"owned_by\":\"tollgate\"}");
    assert_non_null(strstr(tg_operations_model_body(&arena, TG_DIALECT_GEMINI, &MODELS[0]).data, "models/a"));
    tg_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_are_listed_in_each_dialects_shape),
        cmocka_unit_test(one_model_is_shown_as_in_the_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
