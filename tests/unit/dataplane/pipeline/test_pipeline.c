#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/base/text.h"
#include "dataplane/pipeline/pipeline.h"

static size_t place_of(const char *name)
{
    for (size_t i = 0; i < tg_pipeline.count; ++i)
        if (strcmp(tg_pipeline.stages[i].name, name) == 0)
            return i;
    fail_msg("there is no stage %s", name);
    return 0;
}

static void the_record_is_written_after_everything_else_has_finished(void **state)
{
    assert_int_equal(place_of("meter"), 0);
    assert_non_null(tg_pipeline.stages[0].on_finish);
}

static void nothing_is_looked_at_before_it_is_known_who_asks(void **state)
{
    assert_int_equal(place_of("identify"), 1);
    assert_true(place_of("resolve_profile") < place_of("inspect"));
}

static void nothing_is_reserved_for_what_is_not_allowed(void **state)
{
    assert_true(place_of("authorize") < place_of("reserve"));
}

static void nothing_is_sent_that_is_not_reserved(void **state)
{
    assert_true(place_of("reserve") < place_of("call"));
    assert_int_equal(place_of("call"), tg_pipeline.count - 1);
}

static void who_holds_something_lets_go_of_it(void **state)
{
    assert_non_null(tg_pipeline.stages[place_of("reserve")].on_finish);
    assert_non_null(tg_pipeline.stages[place_of("call")].on_finish);
}

static void every_stage_has_a_name_of_its_own(void **state)
{
    for (size_t i = 0; i < tg_pipeline.count; ++i) {
        assert_non_null(tg_pipeline.stages[i].on_entry);
        assert_int_equal(place_of(tg_pipeline.stages[i].name), i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_record_is_written_after_everything_else_has_finished),
        cmocka_unit_test(nothing_is_looked_at_before_it_is_known_who_asks),
        cmocka_unit_test(nothing_is_reserved_for_what_is_not_allowed),
        cmocka_unit_test(nothing_is_sent_that_is_not_reserved),
        cmocka_unit_test(who_holds_something_lets_go_of_it),
        cmocka_unit_test(every_stage_has_a_name_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
