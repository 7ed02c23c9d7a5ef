/* Recalls are few and bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "controlplane/replication/recalls.h"

static const struct tg_id budget = {{1, 2, 3}}, another = {{4, 5, 6}};

static void a_budget_is_recalled_again_only_after_a_pause(void **state)
{
    struct tg_recent_recalls recent;
    tg_recent_recalls_init(&recent);
    assert_true(tg_recent_recalls_admit(&recent, budget, 1000));
    assert_false(tg_recent_recalls_admit(&recent, budget, 1000 + TG_RECALL_PAUSE_MS - 1));
    assert_true(tg_recent_recalls_admit(&recent, another, 1001));
    assert_true(tg_recent_recalls_admit(&recent, budget, 1000 + TG_RECALL_PAUSE_MS));
    tg_recent_recalls_deinit(&recent);
}

static void a_replica_is_asked_once_for_each_budget_and_for_a_bounded_number(void **state)
{
    struct tg_pending_recalls pending = {.count = 0};
    assert_true(tg_pending_recalls_add(&pending, budget));
    assert_false(tg_pending_recalls_add(&pending, budget));
    assert_int_equal(pending.count, 1);
    for (int i = 1; i < TG_PENDING_RECALLS; ++i)
        assert_true(tg_pending_recalls_add(&pending, (struct tg_id){{9, (uint8_t)i}}));
    assert_false(tg_pending_recalls_add(&pending, another));
    assert_int_equal(pending.count, TG_PENDING_RECALLS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_budget_is_recalled_again_only_after_a_pause),
        cmocka_unit_test(a_replica_is_asked_once_for_each_budget_and_for_a_bounded_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
