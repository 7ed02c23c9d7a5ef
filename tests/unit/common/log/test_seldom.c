#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/log/seldom.h"

#define START_MS INT64_C(1792886400000)
#define HOUR_MS  INT64_C(3600000)

static struct tg_id subject(uint8_t number)
{
    struct tg_id id = {{0}};
    id.octets[0] = number;
    return id;
}

static void a_subject_is_due_once_an_hour_and_each_for_itself(void **state)
{
    struct tg_seldom seldom = {0};
    assert_true(tg_seldom_is_due(&seldom, subject(1), START_MS));
    assert_false(tg_seldom_is_due(&seldom, subject(1), START_MS + 1));
    assert_true(tg_seldom_is_due(&seldom, subject(2), START_MS + 1));
    assert_false(tg_seldom_is_due(&seldom, subject(1), START_MS + HOUR_MS - 1));
    assert_true(tg_seldom_is_due(&seldom, subject(1), START_MS + HOUR_MS));
    assert_false(tg_seldom_is_due(&seldom, subject(2), START_MS + HOUR_MS));
    assert_false(tg_seldom_is_due(&seldom, subject(1), START_MS + 2 * HOUR_MS - 1));
}

static void without_room_the_one_that_was_logged_longest_ago_is_forgotten(void **state)
{
    struct tg_seldom seldom = {0};
    for (int i = 0; i < TG_SELDOM_SUBJECTS; ++i)
        assert_true(tg_seldom_is_due(&seldom, subject((uint8_t)(i + 1)), START_MS + i));
    assert_true(tg_seldom_is_due(&seldom, subject(200), START_MS + 1000));
    assert_false(tg_seldom_is_due(&seldom, subject(2), START_MS + 1000));
    assert_true(tg_seldom_is_due(&seldom, subject(1), START_MS + 1001));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_subject_is_due_once_an_hour_and_each_for_itself),
        cmocka_unit_test(without_room_the_one_that_was_logged_longest_ago_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
