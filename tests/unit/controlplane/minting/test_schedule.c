#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "controlplane/minting/schedule.h"

static const uint64_t chances[] = {0, 1, 99, 12345678901, UINT64_MAX};
enum { CHANCES = sizeof(chances) / sizeof(chances[0]) };

static void a_token_is_renewed_when_half_to_three_fifths_of_its_life_is_over(void **state)
{
    static const int64_t lives_ms[] = {1, 10, 6000, 65000, 3600000, 43200000};
    for (size_t i = 0; i < sizeof(lives_ms) / sizeof(lives_ms[0]); ++i)
        for (size_t k = 0; k < CHANCES; ++k) {
            int64_t now_ms = INT64_C(1800000000000);
            int64_t waits_ms = tg_mint_renewal_ms(now_ms, now_ms + lives_ms[i], chances[k]) - now_ms;
            assert_in_range(waits_ms, lives_ms[i] / 2, lives_ms[i] / 2 + lives_ms[i] / 10);
        }
}

static void renewals_of_tokens_that_were_taken_together_are_spread(void **state)
{
    int64_t earliest_ms = INT64_MAX, latest_ms = 0;
    for (uint64_t chance = 0; chance < 1000000; chance += 997) {
        int64_t at_ms = tg_mint_renewal_ms(0, 3600000, chance);
        earliest_ms = at_ms < earliest_ms ? at_ms : earliest_ms;
        latest_ms = at_ms > latest_ms ? at_ms : latest_ms;
    }
    assert_true(latest_ms - earliest_ms > 300000);
}

static void what_has_ended_is_due_at_once(void **state)
{
    assert_int_equal(tg_mint_renewal_ms(1000, 1000, 7), 1000);
    assert_int_equal(tg_mint_renewal_ms(1000, 10, 7), 1000);
}

static void waits_after_failures_double_up_to_a_bound(void **state)
{
    int64_t expected_ms = 1000;
    for (int64_t failures = 1; failures < 100; ++failures) {
        for (size_t k = 0; k < CHANCES; ++k)
            assert_in_range(tg_mint_backoff_ms(failures, chances[k]), expected_ms, expected_ms + expected_ms / 4);
        expected_ms = 2 * expected_ms < TG_MINT_MAX_BACKOFF_MS ? 2 * expected_ms : TG_MINT_MAX_BACKOFF_MS;
    }
    assert_int_equal(tg_mint_backoff_ms(INT64_MAX, 0), TG_MINT_MAX_BACKOFF_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_renewed_when_half_to_three_fifths_of_its_life_is_over),
        cmocka_unit_test(renewals_of_tokens_that_were_taken_together_are_spread),
        cmocka_unit_test(what_has_ended_is_due_at_once),
        cmocka_unit_test(waits_after_failures_double_up_to_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
