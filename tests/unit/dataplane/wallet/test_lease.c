#include "scene.h"

static int64_t next_look(struct scene *scene)
{
    struct tg_wallet_message message;
    int64_t next_at_ms;
    assert_false(tg_wallet_next_message(scene->wallet, scene->now_ms, &message, &next_at_ms));
    return next_at_ms;
}

static void more_is_asked_for_before_the_lease_runs_dry(void **state)
{
    struct scene *scene = *state;
    tg_wallet_account *account = scene_account(scene, 1);
    scene_hold(scene, account, 300);
    int notices = scene->notices;
    struct call calls[10];
    int asked_at = -1;
    for (int i = 0; i < 10; ++i) {
        assert_int_equal(scene_take(scene, &calls[i], account, 30), TG_WALLET_RESERVED);
        if (asked_at < 0 && scene->notices > notices)
            asked_at = i;
    }
    assert_in_range(asked_at, 1, 8);
    struct tg_wallet_message request = scene_expect(scene, TG_WALLET_REQUEST);
    assert_int_equal(request.minimum, 0);
    assert_int_equal(request.held, 300);
    assert_true(request.wanted >= 30);
    scene_expect_silence(scene); /* one request at a time */
    for (int i = 0; i < 10; ++i)
        scene_settle(scene, &calls[i], 1);
}

static void after_busy_it_asks_again_when_it_was_told_to(void **state)
{
    struct scene *scene = *state;
    struct call call;
    assert_int_equal(scene_take(scene, &call, scene_account(scene, 1), 50), TG_WALLET_WAITING);
    struct tg_wallet_message request = scene_expect(scene, TG_WALLET_REQUEST);
    struct tg_wallet_grant grant = scene_grant(&request, 0);
    grant.outcome = TG_LEASE_BUSY;
    grant.retry_after_ms = 200;
    grant.leased = 990;
    scene_say(scene, &grant);
    int64_t next_at_ms = next_look(scene);
    assert_in_range(next_at_ms - scene->now_ms, 200, 300);
    scene->now_ms = next_at_ms;
    struct tg_wallet_message again = scene_expect(scene, TG_WALLET_REQUEST);
    assert_true(again.number > request.number);
    assert_int_equal(again.minimum, 50);
    assert_true(tg_wallet_cancel(scene->wallet, &call.reservation, scene->now_ms));
}

static void an_answer_to_an_unknown_or_answered_number_is_ignored(void **state)
{
    struct scene *scene = *state;
    tg_wallet_account *account = scene_account(scene, 1);
    struct call call;
    assert_int_equal(scene_take(scene, &call, account, 50), TG_WALLET_WAITING);
    struct tg_wallet_message request = scene_expect(scene, TG_WALLET_REQUEST);
    struct tg_wallet_grant grant = scene_grant(&request, 60);
    grant.request_number += 1;
    scene_say(scene, &grant);
    assert_int_equal(call.decisions, 0);
    grant.request_number -= 1;
    scene_say(scene, &grant);
    scene_say(scene, &grant);
    assert_int_equal(scene_answer(scene, &call), TG_WALLET_RESERVED);
    struct call other;
    assert_int_equal(scene_take(scene, &other, account, 20), TG_WALLET_WAITING); /* 10 are free, not 70 */
    assert_true(tg_wallet_cancel(scene->wallet, &other.reservation, scene->now_ms));
    scene_settle(scene, &call, 0);
}

static void after_a_reconnect_what_was_unanswered_is_sent_again_with_its_number(void **state)
{
    struct scene *scene = *state;
    tg_wallet_account *account = scene_account(scene, 1);
    scene_hold(scene, account, 100);
    tg_wallet_on_recall(scene->wallet, scene_id('b', 1), scene->now_ms);
    struct tg_wallet_message returned = scene_expect(scene, TG_WALLET_RETURN);
    struct call call;
    assert_int_equal(scene_take(scene, &call, account, 50), TG_WALLET_WAITING);
    struct tg_wallet_message request = scene_expect(scene, TG_WALLET_REQUEST);
    scene_expect_silence(scene);

    tg_wallet_set_connected(scene->wallet, false, scene->now_ms);
    scene_expect_silence(scene);
    tg_wallet_set_connected(scene->wallet, true, scene->now_ms);
    struct tg_wallet_message again = scene_expect(scene, TG_WALLET_RETURN);
    assert_int_equal(again.number, returned.number);
    assert_int_equal(again.amount, returned.amount);
    again = scene_expect(scene, TG_WALLET_REQUEST);
    assert_int_equal(again.number, request.number);
    assert_int_equal(again.minimum, request.minimum);
    scene_expect_silence(scene);
    assert_true(tg_wallet_cancel(scene->wallet, &call.reservation, scene->now_ms));
}

static void a_recall_is_answered_with_all_that_is_free_even_if_that_is_nothing(void **state)
{
    struct scene *scene = *state;
    tg_wallet_account *account = scene_account(scene, 1);
    scene_hold(scene, account, 100);
    struct call call;
    assert_int_equal(scene_take(scene, &call, account, 40), TG_WALLET_RESERVED);
    tg_wallet_on_recall(scene->wallet, scene_id('b', 1), scene->now_ms);
    struct tg_wallet_message returned = scene_expect(scene, TG_WALLET_RETURN);
    assert_int_equal(returned.amount, 60);
    scene_expect_silence(scene);
    tg_wallet_on_recall(scene->wallet, scene_id('b', 1), scene->now_ms);
    scene_expect_silence(scene); /* one return under way */
    tg_wallet_on_return_ack(scene->wallet, returned.lease_id, returned.number, scene->now_ms);
    returned = scene_expect(scene, TG_WALLET_RETURN);
    assert_int_equal(returned.amount, 0);
    scene_expect_silence(scene);
    scene_settle(scene, &call, 0);
}

static void half_of_what_a_waiter_needs_is_given_back_when_recalled(void **state)
{
    struct scene *scene = *state;
    tg_wallet_account *account = scene_account(scene, 1);
    scene_hold(scene, account, 60);
    struct call call;
    assert_int_equal(scene_take(scene, &call, account, 100), TG_WALLET_WAITING);
    struct tg_wallet_message request = scene_expect(scene, TG_WALLET_REQUEST);
    assert_int_equal(request.minimum, 40);
    struct tg_wallet_grant grant = scene_grant(&request, 0);
    grant.outcome = TG_LEASE_BUSY;
    grant.retry_after_ms = 10;
    scene_say(scene, &grant);
    tg_wallet_on_recall(scene->wallet, scene_id('b', 1), scene->now_ms);
    assert_int_equal(scene_expect(scene, TG_WALLET_RETURN).amount, 60);
    scene->now_ms += 20;
    assert_int_equal(scene_expect(scene, TG_WALLET_REQUEST).minimum, 100);
    assert_true(tg_wallet_cancel(scene->wallet, &call.reservation, scene->now_ms));
}

static void an_idle_lease_is_given_back_but_for_a_working_stock(void **state)
{
    struct scene *scene = *state;
    tg_wallet_account *account = scene_account(scene, 1);
    scene_hold(scene, account, 500);
    struct call call;
    assert_int_equal(scene_take(scene, &call, account, 10), TG_WALLET_RESERVED);
    scene_settle(scene, &call, 5);
    scene_expect_silence(scene);
    int64_t returned = 0;
    for (int64_t until_ms = scene->now_ms + 60000; scene->now_ms < until_ms; scene->now_ms += 500) {
        struct tg_wallet_message message;
        int64_t next_at_ms;
        while (tg_wallet_next_message(scene->wallet, scene->now_ms, &message, &next_at_ms)) {
            assert_int_equal(message.kind, TG_WALLET_RETURN);
            returned += message.amount;
            tg_wallet_on_return_ack(scene->wallet, message.lease_id, message.number, scene->now_ms);
        }
    }
    assert_in_range(returned, 475, 485);
    assert_int_equal(scene_take(scene, &call, account, 10), TG_WALLET_RESERVED);
    scene_settle(scene, &call, 0);
}

static void nothing_is_reserved_from_a_window_that_has_ended(void **state)
{
    struct scene *scene = *state;
    tg_wallet_account *account = scene_account(scene, 1);
    struct call old, young;
    assert_int_equal(scene_take(scene, &old, account, 60), TG_WALLET_WAITING);
    struct tg_wallet_message request = scene_expect(scene, TG_WALLET_REQUEST);
    struct tg_wallet_grant grant = scene_grant(&request, 100);
    grant.window_start_ms = 1;
    grant.window_remaining_ms = 5000;
    scene_say(scene, &grant);
    assert_true(next_look(scene) <= scene->now_ms + 5000);

    scene->now_ms += 5000;
    assert_int_equal(scene_take(scene, &young, account, 10), TG_WALLET_WAITING);
    struct tg_wallet_message returned = scene_expect(scene, TG_WALLET_RETURN);
    assert_int_equal(returned.amount, 40);
    assert_true(tg_id_equals(returned.lease_id, grant.lease_id));
    request = scene_expect(scene, TG_WALLET_REQUEST);
    assert_int_equal(request.held, 0);
    struct tg_wallet_grant next = scene_grant(&request, 500);
    next.lease_id = scene_id('m', 1);
    next.window_start_ms = 5001;
    next.window_remaining_ms = 5000;
    scene_say(scene, &next);
    assert_int_equal(young.reservation.lines[0].window_start_ms, 5001);

    /* The reservation of the old window settles there, and its rest goes back to that lease. */
    assert_int_equal(old.reservation.lines[0].window_start_ms, 1);
    scene_settle(scene, &old, 20);
    tg_wallet_on_return_ack(scene->wallet, returned.lease_id, returned.number, scene->now_ms);
    returned = scene_expect(scene, TG_WALLET_RETURN);
    assert_int_equal(returned.amount, 40);
    assert_true(tg_id_equals(returned.lease_id, grant.lease_id));
    tg_wallet_on_return_ack(scene->wallet, returned.lease_id, returned.number, scene->now_ms);
    scene_expect_silence(scene);
    scene_settle(scene, &young, 0);
}

static void a_repeated_grant_of_a_window_that_is_over_goes_back(void **state)
{
    struct scene *scene = *state;
    tg_wallet_account *account = scene_account(scene, 1);
    struct call call;
    assert_int_equal(scene_take(scene, &call, account, 60), TG_WALLET_WAITING);
    struct tg_wallet_message request = scene_expect(scene, TG_WALLET_REQUEST);
    struct tg_wallet_grant grant = scene_grant(&request, 100);
    grant.window_start_ms = 1;
    grant.window_remaining_ms = 0;
    scene_say(scene, &grant);
    assert_int_equal(call.decisions, 0);
    assert_int_equal(scene_expect(scene, TG_WALLET_RETURN).amount, 100);
    assert_int_equal(scene_expect(scene, TG_WALLET_REQUEST).minimum, 60);
    assert_true(tg_wallet_cancel(scene->wallet, &call.reservation, scene->now_ms));
}

static void a_retired_budget_gives_back_what_is_free_and_later_what_settles(void **state)
{
    struct scene *scene = *state;
    tg_wallet_account *account = scene_account(scene, 1);
    scene_hold(scene, account, 100);
    struct call call;
    assert_int_equal(scene_take(scene, &call, account, 30), TG_WALLET_RESERVED);
    tg_wallet_retire(scene->wallet, account, scene->now_ms);
    struct tg_wallet_message returned = scene_expect(scene, TG_WALLET_RETURN);
    assert_int_equal(returned.amount, 70);
    tg_wallet_on_return_ack(scene->wallet, returned.lease_id, returned.number, scene->now_ms);
    scene_expect_silence(scene);
    scene_settle(scene, &call, 10);
    assert_int_equal(scene_expect(scene, TG_WALLET_RETURN).amount, 20);
}

static void a_clean_stop_gives_everything_back(void **state)
{
    struct scene *scene = *state;
    for (uint32_t i = 1; i <= 3; ++i)
        scene_hold(scene, scene_account(scene, i), 100 * i);
    tg_wallet_return_all(scene->wallet, scene->now_ms);
    int64_t returned = 0;
    for (int i = 0; i < 3; ++i)
        returned += scene_expect(scene, TG_WALLET_RETURN).amount;
    assert_int_equal(returned, 600);
    scene_expect_silence(scene);
}

int main(void)
{
#define SCENE_TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        SCENE_TEST(more_is_asked_for_before_the_lease_runs_dry),
        SCENE_TEST(after_busy_it_asks_again_when_it_was_told_to),
        SCENE_TEST(an_answer_to_an_unknown_or_answered_number_is_ignored),
        SCENE_TEST(after_a_reconnect_what_was_unanswered_is_sent_again_with_its_number),
        SCENE_TEST(a_recall_is_answered_with_all_that_is_free_even_if_that_is_nothing),
        SCENE_TEST(half_of_what_a_waiter_needs_is_given_back_when_recalled),
        SCENE_TEST(an_idle_lease_is_given_back_but_for_a_working_stock),
        SCENE_TEST(nothing_is_reserved_from_a_window_that_has_ended),
        SCENE_TEST(a_repeated_grant_of_a_window_that_is_over_goes_back),
        SCENE_TEST(a_retired_budget_gives_back_what_is_free_and_later_what_settles),
        SCENE_TEST(a_clean_stop_gives_everything_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
