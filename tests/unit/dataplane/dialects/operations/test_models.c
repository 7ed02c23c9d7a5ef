#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dataplane/dialects/operations/models.h"

static void models_are_listed_in_openais_shape(void **state)
{
    struct tg_arena arena;
    tg_arena_init(&arena);
    struct tg_operations_listed_model models[] = {{tg_text_of("a"), 1700000000999}, {tg_text_of("b\"c"), 0}};
    assert_string_equal(tg_operations_models_body(&arena, models, 2).data,
                        "{\"object\":\"list\",\"data\":[{\"id\":\"a\",\"object\":\"model\",\"created\":1700000000,"
                        "\"owned_by\":\"tollgate\"},{\"id\":\"b\\\"c\",\"object\":\"model\",\"created\":0,"
                        "\"owned_by\":\"tollgate\"}]}");
    assert_string_equal(tg_operations_models_body(&arena, models, 0).data, "{\"object\":\"list\",\"data\":[]}");
    tg_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_are_listed_in_openais_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
