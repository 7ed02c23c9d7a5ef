#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dataplane/exchange/exchange.h"

static bool may_move(enum tg_exchange_state from, enum tg_exchange_state to)
{
    return (tg_exchange_moves[from] & 1u << to) != 0;
}

static void every_state_of_an_exchange_leads_to_its_end(void **state)
{
    for (unsigned from = 0; from < TG_EXCHANGE_STATE_COUNT; ++from) {
        unsigned reached = 1u << from;
        for (unsigned round = 0; round < TG_EXCHANGE_STATE_COUNT; ++round)
            for (unsigned at = 0; at < TG_EXCHANGE_STATE_COUNT; ++at)
                if ((reached & 1u << at) != 0)
                    reached |= tg_exchange_moves[at];
        assert_true((reached & 1u << TG_EXCHANGE_OVER) != 0);
    }
}

static void an_exchange_finishes_its_stages_once(void **state)
{
    unsigned after_finishing = 0, reached = tg_exchange_moves[TG_EXCHANGE_FINISHING];
    while (reached != after_finishing) {
        after_finishing = reached;
        for (unsigned at = 0; at < TG_EXCHANGE_STATE_COUNT; ++at)
            if ((after_finishing & 1u << at) != 0)
                reached |= tg_exchange_moves[at];
    }
    assert_false((reached & 1u << TG_EXCHANGE_FINISHING) != 0);
    assert_false((reached & 1u << TG_EXCHANGE_ENTERING) != 0);
    assert_false((reached & 1u << TG_EXCHANGE_RELAYING) != 0);
}

static void nothing_is_answered_or_over_before_its_stages_have_finished(void **state)
{
    for (unsigned from = 0; from < TG_EXCHANGE_FINISHING; ++from) {
        assert_false(may_move((enum tg_exchange_state)from, TG_EXCHANGE_FLUSHING));
        assert_false(may_move((enum tg_exchange_state)from, TG_EXCHANGE_ANSWERED));
        assert_false(may_move((enum tg_exchange_state)from, TG_EXCHANGE_OVER));
    }
}

static void once_the_client_has_seen_something_no_stage_is_entered(void **state)
{
    assert_int_equal(tg_exchange_moves[TG_EXCHANGE_RELAYING], 1u << TG_EXCHANGE_FINISHING);
}

static void what_is_over_stays_over(void **state)
{
    assert_int_equal(tg_exchange_moves[TG_EXCHANGE_OVER], 0);
    assert_int_equal(tg_call_moves[TG_CALL_COMPLETE], 0);
    assert_int_equal(tg_call_moves[TG_CALL_FAILED], 0);
    assert_int_equal(tg_call_moves[TG_CALL_CANCELLED], 0);
}

static void a_call_can_be_cancelled_exactly_while_it_runs(void **state)
{
    for (unsigned at = 0; at < TG_CALL_STATE_COUNT; ++at) {
        struct tg_call call = {.state = (enum tg_call_state)at};
        assert_int_equal(tg_call_is_running(&call), (tg_call_moves[at] & 1u << TG_CALL_CANCELLED) != 0);
        assert_int_equal(tg_call_is_running(&call), (tg_call_moves[at] & 1u << TG_CALL_FAILED) != 0);
    }
}

static void every_state_has_a_name(void **state)
{
    for (unsigned at = 0; at < TG_EXCHANGE_STATE_COUNT; ++at)
        assert_string_not_equal(tg_exchange_state_name((enum tg_exchange_state)at), "unknown");
    for (unsigned at = 0; at < TG_CALL_STATE_COUNT; ++at)
        assert_string_not_equal(tg_call_state_name((enum tg_call_state)at), "unknown");
    assert_string_equal(tg_exchange_state_name(TG_EXCHANGE_STATE_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_of_an_exchange_leads_to_its_end),
        cmocka_unit_test(an_exchange_finishes_its_stages_once),
        cmocka_unit_test(nothing_is_answered_or_over_before_its_stages_have_finished),
        cmocka_unit_test(once_the_client_has_seen_something_no_stage_is_entered),
        cmocka_unit_test(what_is_over_stays_over),
        cmocka_unit_test(a_call_can_be_cancelled_exactly_while_it_runs),
        cmocka_unit_test(every_state_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
