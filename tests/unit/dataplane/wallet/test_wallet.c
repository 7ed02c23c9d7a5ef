#include "scene.h"

static void a_request_without_budgets_is_reserved_at_once(void **state)
{
    struct scene *scene = *state;
    struct tg_reservation reservation = {0};
    assert_int_equal(tg_wallet_reserve(scene->wallet, scene->now_ms, &reservation, NULL, 0, 500), TG_WALLET_RESERVED);
    assert_int_equal(reservation.output_tokens, 500);
    assert_int_equal(reservation.line_count, 0);
}

static void the_first_request_waits_for_a_grant_and_then_has_it(void **state)
{
    struct scene *scene = *state;
    struct call call;
    assert_int_equal(scene_take(scene, &call, scene_account(scene, 1), 40), TG_WALLET_WAITING);
    assert_int_equal(scene->notices, 1);
    struct tg_wallet_message request = scene_expect(scene, TG_WALLET_REQUEST);
    assert_int_equal(request.minimum, 40);
    assert_true(request.wanted > 40);
    scene_expect_silence(scene);

    struct tg_wallet_grant grant = scene_grant(&request, 120);
    grant.window_start_ms = 7000;
    grant.window_remaining_ms = 60000;
    scene_say(scene, &grant);
    assert_int_equal(call.decisions, 1);
    assert_int_equal(scene_answer(scene, &call), TG_WALLET_RESERVED);
    assert_int_equal(call.reservation.line_count, 1);
    const struct tg_wallet_line *line = &call.reservation.lines[0];
    assert_int_equal(line->reserved, 40);
    assert_int_equal(line->window_start_ms, 7000);
    assert_true(tg_id_equals(line->lease_id, grant.lease_id));
    scene_settle(scene, &call, 3);
}

static void what_is_not_spent_is_free_again(void **state)
{
    struct scene *scene = *state;
    tg_wallet_account *account = scene_account(scene, 1);
    scene_hold(scene, account, 100);
    for (int i = 0; i < 20; ++i) {
        struct call call;
        assert_int_equal(scene_take(scene, &call, account, 80), TG_WALLET_RESERVED);
        scene_settle(scene, &call, 1);
    }
    struct call call;
    assert_int_equal(scene_take(scene, &call, account, 81), TG_WALLET_WAITING);
    assert_true(tg_wallet_cancel(scene->wallet, &call.reservation, scene->now_ms));
    assert_int_equal(scene_take(scene, &call, account, 80), TG_WALLET_RESERVED);
    scene_settle(scene, &call, 0);
}

static void a_budget_is_never_overspent_by_two_reservations(void **state)
{
    struct scene *scene = *state;
    tg_wallet_account *account = scene_account(scene, 1);
    scene_hold(scene, account, 100);
    struct call first, second;
    assert_int_equal(scene_take(scene, &first, account, 60), TG_WALLET_RESERVED);
    assert_int_equal(scene_take(scene, &second, account, 60), TG_WALLET_WAITING);
    scene_settle(scene, &first, 40);
    assert_int_equal(second.decisions, 1);
    assert_int_equal(scene_answer(scene, &second), TG_WALLET_RESERVED);
    scene_settle(scene, &second, 60);
}

static void nothing_is_taken_from_any_account_if_one_lacks(void **state)
{
    struct scene *scene = *state;
    tg_wallet_account *rich = scene_account(scene, 1), *poor = scene_account(scene, 2);
    scene_hold(scene, rich, 100);
    scene_hold(scene, poor, 10);
    struct call both, other;
    assert_int_equal(scene_take_both(scene, &both, rich, poor, 50), TG_WALLET_WAITING);
    assert_int_equal(scene_take(scene, &other, rich, 100), TG_WALLET_RESERVED);
    scene_settle(scene, &other, 0);
    assert_true(tg_wallet_cancel(scene->wallet, &both.reservation, scene->now_ms));
}

static void a_team_that_ran_dry_does_not_block_the_organization(void **state)
{
    struct scene *scene = *state;
    tg_wallet_account *organization = scene_account(scene, 1), *dry = scene_account(scene, 2),
                      *other = scene_account(scene, 3);
    scene_hold(scene, organization, 100);
    scene_hold(scene, other, 100);
    struct call waiting, passing;
    assert_int_equal(scene_take_both(scene, &waiting, organization, dry, 30), TG_WALLET_WAITING);
    assert_int_equal(scene_take_both(scene, &passing, organization, other, 30), TG_WALLET_RESERVED);
    scene_settle(scene, &passing, 30);
    assert_true(tg_wallet_cancel(scene->wallet, &waiting.reservation, scene->now_ms));
}

static void a_waiter_moves_to_the_account_that_lacks_now_and_keeps_its_place(void **state)
{
    struct scene *scene = *state;
    tg_wallet_account *a = scene_account(scene, 1), *b = scene_account(scene, 2);
    scene_hold(scene, a, 100);
    scene_hold(scene, b, 100);
    struct call in_a, in_b, both, later;
    assert_int_equal(scene_take(scene, &in_a, a, 100), TG_WALLET_RESERVED);
    assert_int_equal(scene_take_both(scene, &both, a, b, 60), TG_WALLET_WAITING); /* on a */
    assert_int_equal(scene_take(scene, &in_b, b, 100), TG_WALLET_RESERVED);
    assert_int_equal(scene_take(scene, &later, b, 50), TG_WALLET_WAITING); /* on b */
    scene_settle(scene, &in_a, 0); /* now `both` lacks b, where it is before `later` */
    assert_int_equal(both.decisions, 0);
    scene_settle(scene, &in_b, 0);
    assert_int_equal(scene_answer(scene, &both), TG_WALLET_RESERVED);
    assert_int_equal(later.decisions, 0);
    scene_settle(scene, &both, 0);
    assert_int_equal(scene_answer(scene, &later), TG_WALLET_RESERVED);
    scene_settle(scene, &later, 0);
}

static void waiters_are_served_in_order_of_arrival_even_if_a_later_one_would_fit(void **state)
{
    struct scene *scene = *state;
    tg_wallet_account *account = scene_account(scene, 1);
    scene_hold(scene, account, 100);
    struct call running, large, small;
    assert_int_equal(scene_take(scene, &running, account, 50), TG_WALLET_RESERVED);
    assert_int_equal(scene_take(scene, &large, account, 90), TG_WALLET_WAITING);
    assert_int_equal(scene_take(scene, &small, account, 10), TG_WALLET_WAITING);
    assert_true(tg_wallet_cancel(scene->wallet, &large.reservation, scene->now_ms));
    assert_int_equal(small.decisions, 1); /* whoever leaves the head lets the next one through */
    assert_int_equal(scene_answer(scene, &small), TG_WALLET_RESERVED);
    scene_settle(scene, &small, 0);
    scene_settle(scene, &running, 0);
}

static void a_wait_ends_at_the_shortest_deadline_of_the_accounts_that_lack(void **state)
{
    struct scene *scene = *state;
    struct tg_wallet_budget budget = scene_budget(1);
    budget.max_wait_ms = 500;
    tg_wallet_account *quick = tg_wallet_intern(scene->wallet, &budget), *slow = scene_account(scene, 2);
    struct call call;
    assert_true(tg_wallet_next_deadline_ms(scene->wallet) == INT64_MAX);
    assert_int_equal(scene_take_both(scene, &call, slow, quick, 10), TG_WALLET_WAITING);
    assert_int_equal(tg_wallet_next_deadline_ms(scene->wallet), scene->now_ms + 500);
    tg_wallet_expire(scene->wallet, scene->now_ms + 499);
    assert_int_equal(call.decisions, 0);
    tg_wallet_expire(scene->wallet, scene->now_ms + 500);
    assert_int_equal(call.decisions, 1);
    assert_int_equal(scene_answer(scene, &call), TG_WALLET_BUSY);
    assert_false(tg_wallet_cancel(scene->wallet, &call.reservation, scene->now_ms));
}

static void a_refusal_says_what_is_settled_reserved_and_free(void **state)
{
    struct scene *scene = *state;
    tg_wallet_account *account = scene_account(scene, 1);
    struct call waiting, running, large;
    assert_int_equal(scene_take(scene, &running, account, 60), TG_WALLET_WAITING);
    struct tg_wallet_message request = scene_expect(scene, TG_WALLET_REQUEST);
    struct tg_wallet_grant grant = scene_grant(&request, 100);
    grant.settled = 700; /* and 200 are with another replica */
    grant.leased = 300;
    grant.window_start_ms = 1;
    grant.window_remaining_ms = 90000;
    scene_say(scene, &grant);
    assert_int_equal(scene_take(scene, &waiting, account, 20), TG_WALLET_RESERVED);
    scene_settle(scene, &waiting, 0);
    scene->now_ms += 1;
    assert_int_equal(scene_take(scene, &waiting, account, 20), TG_WALLET_RESERVED);
    scene_settle(scene, &waiting, 5);
    assert_int_equal(scene_take(scene, &large, account, 200), TG_WALLET_WAITING);
    tg_wallet_expire(scene->wallet, scene->now_ms + 10000);
    assert_int_equal(scene_answer(scene, &large), TG_WALLET_BUSY);
    const struct tg_wallet_refusal *refusal = &large.reservation.refusal;
    assert_int_equal(refusal->needed, 200);
    assert_int_equal(refusal->limit, 1000);
    assert_int_equal(refusal->settled, 705);
    assert_int_equal(refusal->reserved, 60);
    assert_int_equal(refusal->free, 35);
    assert_int_equal(refusal->window_remaining_ms, 79999);
    assert_false(refusal->is_control_plane_away);
    scene_settle(scene, &running, 60);
}

static void an_exhausted_budget_refuses_those_it_does_not_cover_and_no_others(void **state)
{
    struct scene *scene = *state;
    tg_wallet_account *account = scene_account(scene, 1);
    struct call large, small;
    assert_int_equal(scene_take(scene, &large, account, 60), TG_WALLET_WAITING);
    assert_int_equal(scene_take(scene, &small, account, 20), TG_WALLET_WAITING);
    struct tg_wallet_message request = scene_expect(scene, TG_WALLET_REQUEST);
    struct tg_wallet_grant grant = scene_grant(&request, 0);
    grant.outcome = TG_LEASE_EXHAUSTED;
    grant.settled = 970;
    grant.leased = 0;
    scene_say(scene, &grant);
    assert_int_equal(scene_answer(scene, &large), TG_WALLET_EXCEEDED);
    assert_int_equal(scene_answer(scene, &small), TG_WALLET_WAITING);
    scene->now_ms += 30;
    request = scene_expect(scene, TG_WALLET_REQUEST);
    assert_int_equal(request.minimum, 20);
    grant = scene_grant(&request, 30);
    grant.settled = 970;
    scene_say(scene, &grant);
    assert_int_equal(scene_answer(scene, &small), TG_WALLET_RESERVED);
    scene_settle(scene, &small, 20);
}

static void a_known_exhaustion_is_not_asked_about_again_for_a_second(void **state)
{
    struct scene *scene = *state;
    tg_wallet_account *account = scene_account(scene, 1);
    struct call call;
    assert_int_equal(scene_take(scene, &call, account, 60), TG_WALLET_WAITING);
    struct tg_wallet_message request = scene_expect(scene, TG_WALLET_REQUEST);
    struct tg_wallet_grant grant = scene_grant(&request, 0);
    grant.outcome = TG_LEASE_EXHAUSTED;
    grant.settled = 1000;
    scene_say(scene, &grant);
    for (int i = 0; i < 100; ++i) {
        assert_int_equal(scene_take(scene, &call, account, 60), TG_WALLET_EXCEEDED);
        scene_expect_silence(scene);
        scene->now_ms += 10;
    }
    scene->now_ms += 1;
    assert_int_equal(scene_take(scene, &call, account, 60), TG_WALLET_WAITING);
    request = scene_expect(scene, TG_WALLET_REQUEST);
    grant.request_number = request.number;
    scene_say(scene, &grant);
    assert_int_equal(scene_answer(scene, &call), TG_WALLET_EXCEEDED);
}

static void a_raised_limit_ends_a_known_exhaustion(void **state)
{
    struct scene *scene = *state;
    tg_wallet_account *account = scene_account(scene, 1);
    struct call call;
    assert_int_equal(scene_take(scene, &call, account, 60), TG_WALLET_WAITING);
    struct tg_wallet_message request = scene_expect(scene, TG_WALLET_REQUEST);
    struct tg_wallet_budget raised = scene_budget(1);
    raised.limit_amount = 2000;
    tg_wallet_intern(scene->wallet, &raised); /* while the question under the old limit is under way */
    struct tg_wallet_grant grant = scene_grant(&request, 0);
    grant.outcome = TG_LEASE_EXHAUSTED;
    grant.settled = 1000;
    scene_say(scene, &grant);
    assert_int_equal(scene_answer(scene, &call), TG_WALLET_WAITING);
    scene->now_ms += 30;
    request = scene_expect(scene, TG_WALLET_REQUEST);
    grant = scene_grant(&request, 60);
    scene_say(scene, &grant);
    assert_int_equal(scene_answer(scene, &call), TG_WALLET_RESERVED);
    scene_settle(scene, &call, 60);
}

static void a_waiter_is_refused_once_settlements_have_used_up_the_budget(void **state)
{
    struct scene *scene = *state;
    tg_wallet_account *account = scene_account(scene, 1);
    struct call running, waiting;
    assert_int_equal(scene_take(scene, &running, account, 900), TG_WALLET_WAITING);
    struct tg_wallet_message request = scene_expect(scene, TG_WALLET_REQUEST);
    struct tg_wallet_grant grant = scene_grant(&request, 1000);
    scene_say(scene, &grant);
    assert_int_equal(scene_take(scene, &waiting, account, 200), TG_WALLET_WAITING);
    scene->now_ms += 1;
    scene_settle(scene, &running, 900); /* told of 1,000 of which nothing was settled, and 900 spent here since */
    assert_int_equal(scene_answer(scene, &waiting), TG_WALLET_EXCEEDED);
    assert_int_equal(waiting.reservation.refusal.settled, 900);
    assert_int_equal(waiting.reservation.refusal.free, 100);
}

static void what_may_be_booked_already_is_not_counted_twice(void **state)
{
    struct scene *scene = *state;
    tg_wallet_account *account = scene_account(scene, 1);
    struct call running, waiting;
    assert_int_equal(scene_take(scene, &running, account, 600), TG_WALLET_WAITING);
    struct tg_wallet_message request = scene_expect(scene, TG_WALLET_REQUEST);
    struct tg_wallet_grant grant = scene_grant(&request, 600);
    scene_say(scene, &grant);
    assert_int_equal(scene_take(scene, &waiting, account, 500), TG_WALLET_WAITING);
    request = scene_expect(scene, TG_WALLET_REQUEST);
    int64_t began_ms = scene->now_ms; /* of the turn in which the record is put in the journal */
    scene->now_ms += 5;
    grant = scene_grant(&request, 0);
    grant.outcome = TG_LEASE_BUSY;
    grant.settled = 400; /* it is booked, and the wallet is told so before it hears of the settlement itself */
    grant.leased = 200;
    scene_say(scene, &grant);
    tg_wallet_settle(scene->wallet, &running.reservation, (int64_t[]){400}, began_ms);
    assert_int_equal(scene_answer(scene, &waiting), TG_WALLET_WAITING);
    assert_true(tg_wallet_cancel(scene->wallet, &waiting.reservation, scene->now_ms));
}

static void a_settlement_above_the_reservation_blocks_until_it_is_covered(void **state)
{
    struct scene *scene = *state;
    tg_wallet_account *account = scene_account(scene, 1);
    scene_hold(scene, account, 100);
    struct call call;
    assert_int_equal(scene_take(scene, &call, account, 50), TG_WALLET_RESERVED);
    scene_settle(scene, &call, 130);
    assert_int_equal(scene_take(scene, &call, account, 1), TG_WALLET_WAITING);
    struct tg_wallet_message request = scene_expect(scene, TG_WALLET_REQUEST);
    assert_int_equal(request.minimum, 31);
    struct tg_wallet_grant grant = scene_grant(&request, 31);
    scene_say(scene, &grant);
    assert_int_equal(scene_answer(scene, &call), TG_WALLET_RESERVED);
    scene_settle(scene, &call, 1);
}

static void a_worst_case_beyond_all_numbers_is_refused_not_wrapped(void **state)
{
    struct scene *scene = *state;
    tg_wallet_account *account = scene_account(scene, 1);
    scene_hold(scene, account, 100);
    struct call call;
    assert_int_equal(scene_generate(scene, &call, account, INT64_MAX, INT64_MAX, INT64_MAX), TG_WALLET_EXCEEDED);
}

static void beyond_the_maximum_of_waiters_the_answer_is_busy_at_once(void **state)
{
    struct scene *scene = *state;
    struct tg_wallet_config config = {.max_waiters = 1};
    tg_wallet *wallet = tg_wallet_create(&config);
    struct tg_wallet_budget budget = scene_budget(1);
    struct tg_wallet_demand demand = {.account = tg_wallet_intern(wallet, &budget), .fixed = 1};
    struct tg_reservation first = {0}, second = {0};
    assert_int_equal(tg_wallet_reserve(wallet, scene->now_ms, &first, &demand, 1, 0), TG_WALLET_WAITING);
    assert_int_equal(tg_wallet_reserve(wallet, scene->now_ms, &second, &demand, 1, 0), TG_WALLET_BUSY);
    assert_true(second.refusal.is_control_plane_away);
    assert_true(tg_wallet_cancel(wallet, &first, scene->now_ms));
    tg_wallet_destroy(wallet);
}

static void while_the_control_plane_is_away_a_denying_budget_waits_and_then_is_busy(void **state)
{
    struct scene *scene = *state;
    tg_wallet_account *account = scene_account(scene, 1);
    scene_hold(scene, account, 100);
    tg_wallet_set_connected(scene->wallet, false, scene->now_ms);
    struct call running, served, late;
    assert_int_equal(scene_take(scene, &running, account, 80), TG_WALLET_RESERVED);
    assert_int_equal(scene_take(scene, &served, account, 30), TG_WALLET_WAITING);
    assert_int_equal(scene_take(scene, &late, account, 100), TG_WALLET_WAITING);
    scene_settle(scene, &running, 10);
    assert_int_equal(scene_answer(scene, &served), TG_WALLET_RESERVED);
    tg_wallet_expire(scene->wallet, scene->now_ms + 10000);
    assert_int_equal(scene_answer(scene, &late), TG_WALLET_BUSY);
    assert_true(late.reservation.refusal.is_control_plane_away);
    scene_settle(scene, &served, 0);
}

static void while_the_control_plane_is_away_an_allowing_budget_goes_beyond_its_lease(void **state)
{
    struct scene *scene = *state;
    struct tg_wallet_budget budget = scene_budget(1);
    budget.outage = TG_BUDGET_ALLOW_AND_REPORT;
    tg_wallet_account *account = tg_wallet_intern(scene->wallet, &budget);
    scene_hold(scene, account, 100);
    struct call within, beyond, waiting;
    assert_int_equal(scene_take(scene, &waiting, account, 300), TG_WALLET_WAITING);
    tg_wallet_set_connected(scene->wallet, false, scene->now_ms);
    assert_int_equal(scene_answer(scene, &waiting), TG_WALLET_RESERVED);
    assert_null(waiting.reservation.lines[0].lease);
    assert_true(tg_id_is_zero(waiting.reservation.lines[0].lease_id));
    assert_int_equal(scene_take(scene, &within, account, 90), TG_WALLET_RESERVED);
    assert_non_null(within.reservation.lines[0].lease);
    assert_int_equal(scene_take(scene, &beyond, account, 90), TG_WALLET_RESERVED);
    assert_null(beyond.reservation.lines[0].lease);
    tg_wallet_set_connected(scene->wallet, true, scene->now_ms);
    scene_settle(scene, &waiting, 1);
    scene_settle(scene, &within, 1);
    scene_settle(scene, &beyond, 1);
    assert_int_equal(scene_take(scene, &beyond, account, 100), TG_WALLET_WAITING);
    assert_true(tg_wallet_cancel(scene->wallet, &beyond.reservation, scene->now_ms));
}

int main(void)
{
#define SCENE_TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        SCENE_TEST(a_request_without_budgets_is_reserved_at_once),
        SCENE_TEST(the_first_request_waits_for_a_grant_and_then_has_it),
        SCENE_TEST(what_is_not_spent_is_free_again),
        SCENE_TEST(a_budget_is_never_overspent_by_two_reservations),
        SCENE_TEST(nothing_is_taken_from_any_account_if_one_lacks),
        SCENE_TEST(a_team_that_ran_dry_does_not_block_the_organization),
        SCENE_TEST(a_waiter_moves_to_the_account_that_lacks_now_and_keeps_its_place),
        SCENE_TEST(waiters_are_served_in_order_of_arrival_even_if_a_later_one_would_fit),
        SCENE_TEST(a_wait_ends_at_the_shortest_deadline_of_the_accounts_that_lack),
        SCENE_TEST(a_refusal_says_what_is_settled_reserved_and_free),
        SCENE_TEST(an_exhausted_budget_refuses_those_it_does_not_cover_and_no_others),
        SCENE_TEST(a_known_exhaustion_is_not_asked_about_again_for_a_second),
        SCENE_TEST(a_raised_limit_ends_a_known_exhaustion),
        SCENE_TEST(a_waiter_is_refused_once_settlements_have_used_up_the_budget),
        SCENE_TEST(what_may_be_booked_already_is_not_counted_twice),
        SCENE_TEST(a_settlement_above_the_reservation_blocks_until_it_is_covered),
        SCENE_TEST(a_worst_case_beyond_all_numbers_is_refused_not_wrapped),
        SCENE_TEST(beyond_the_maximum_of_waiters_the_answer_is_busy_at_once),
        SCENE_TEST(while_the_control_plane_is_away_a_denying_budget_waits_and_then_is_busy),
        SCENE_TEST(while_the_control_plane_is_away_an_allowing_budget_goes_beyond_its_lease),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
