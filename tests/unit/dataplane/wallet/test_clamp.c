#include "scene.h"

static tg_wallet_account *clamping_account(struct scene *scene, uint32_t number)
{
    struct tg_wallet_budget budget = scene_budget(number);
    budget.contention = TG_BUDGET_CLAMP;
    return tg_wallet_intern(scene->wallet, &budget);
}

/* The account is told of `limit`, of which it gets `amount` on lease and others have the rest but for `grantable`. */
static void hold_of(struct scene *scene, tg_wallet_account *account, int64_t amount, int64_t grantable)
{
    struct call call;
    assert_int_equal(scene_take(scene, &call, account, 1), TG_WALLET_WAITING);
    struct tg_wallet_message request = scene_expect(scene, TG_WALLET_REQUEST);
    assert_true(tg_wallet_cancel(scene->wallet, &call.reservation, scene->now_ms));
    struct tg_wallet_grant grant = scene_grant(&request, amount);
    grant.limit_amount = 1000000;
    grant.leased = 1000000 - grantable;
    scene_say(scene, &grant);
    scene_expect_silence(scene);
}

static void an_ample_budget_does_not_clamp(void **state)
{
    struct scene *scene = *state;
    tg_wallet_account *account = clamping_account(scene, 1);
    hold_of(scene, account, 1000, 100000);
    struct call call;
    assert_int_equal(scene_generate(scene, &call, account, 100, 1, 900), TG_WALLET_RESERVED);
    assert_int_equal(call.reservation.output_tokens, 900);
    assert_false(call.reservation.is_clamped);
    scene_settle(scene, &call, 1);
}

static void the_first_call_does_not_take_everything_of_a_scarce_budget(void **state)
{
    struct scene *scene = *state;
    tg_wallet_account *account = clamping_account(scene, 1);
    hold_of(scene, account, 8000, 0);
    struct call calls[8];
    for (int i = 0; i < 8; ++i) {
        assert_int_equal(scene_generate(scene, &calls[i], account, 100, 3, 100000), TG_WALLET_RESERVED);
        assert_int_equal(calls[i].reservation.output_tokens, (1000 - 100) / 3);
        assert_true(calls[i].reservation.is_clamped);
        assert_int_equal(calls[i].reservation.lines[0].reserved, 1000);
    }
    for (int i = 0; i < 8; ++i)
        scene_settle(scene, &calls[i], 100);
}

static void waiters_share_what_there_is_equally(void **state)
{
    struct scene *scene = *state;
    tg_wallet_account *account = clamping_account(scene, 1);
    struct call calls[50];
    for (int i = 0; i < 50; ++i)
        assert_int_equal(scene_generate(scene, &calls[i], account, 0, 1, 10000), TG_WALLET_WAITING);
    struct tg_wallet_message request = scene_expect(scene, TG_WALLET_REQUEST);
    assert_int_equal(request.minimum, 16);
    assert_true(request.wanted >= 50 * 10000);
    struct tg_wallet_grant grant = scene_grant(&request, 5000);
    grant.limit_amount = grant.leased = 5000;
    scene_say(scene, &grant);
    for (int i = 0; i < 50; ++i) {
        assert_int_equal(scene_answer(scene, &calls[i]), TG_WALLET_RESERVED);
        assert_int_equal(calls[i].reservation.output_tokens, 100);
    }
    for (int i = 0; i < 50; ++i)
        scene_settle(scene, &calls[i], 1);
}

static void below_the_floor_a_call_waits_and_below_it_for_good_it_is_refused(void **state)
{
    struct scene *scene = *state;
    tg_wallet_account *account = clamping_account(scene, 1);
    struct call running, waiting, refused;
    assert_int_equal(scene_take(scene, &running, account, 90), TG_WALLET_WAITING);
    struct tg_wallet_message request = scene_expect(scene, TG_WALLET_REQUEST);
    struct tg_wallet_grant grant = scene_grant(&request, 100);
    grant.limit_amount = 100;
    scene_say(scene, &grant);
    assert_int_equal(scene_generate(scene, &waiting, account, 0, 1, 5000), TG_WALLET_WAITING);
    assert_int_equal(scene_generate(scene, &refused, account, 85, 1, 5000), TG_WALLET_EXCEEDED);
    assert_int_equal(refused.reservation.refusal.needed, 101);
    scene_settle(scene, &running, 80);
    assert_int_equal(scene_answer(scene, &waiting), TG_WALLET_RESERVED);
    assert_in_range(waiting.reservation.output_tokens, 16, 20);
    scene_settle(scene, &waiting, 1);
}

static void at_its_deadline_a_waiter_takes_what_covers_the_floor(void **state)
{
    struct scene *scene = *state;
    tg_wallet_account *account = clamping_account(scene, 1);
    struct call running, waiting;
    assert_int_equal(scene_take(scene, &running, account, 7975), TG_WALLET_WAITING);
    struct tg_wallet_message request = scene_expect(scene, TG_WALLET_REQUEST);
    struct tg_wallet_grant grant = scene_grant(&request, 8000);
    grant.limit_amount = 8000;
    scene_say(scene, &grant);
    assert_int_equal(scene_generate(scene, &waiting, account, 0, 1, 5000), TG_WALLET_WAITING); /* a crumb of 25 */
    scene->now_ms = tg_wallet_next_deadline_ms(scene->wallet);
    tg_wallet_expire(scene->wallet, scene->now_ms);
    assert_int_equal(scene_answer(scene, &waiting), TG_WALLET_RESERVED);
    assert_int_equal(waiting.reservation.output_tokens, 25);
    scene_settle(scene, &waiting, 1);
    scene_settle(scene, &running, 1);
}

static void before_clamping_on_old_knowledge_the_control_plane_is_asked(void **state)
{
    struct scene *scene = *state;
    tg_wallet_account *account = clamping_account(scene, 1);
    hold_of(scene, account, 8000, 0);
    scene->now_ms += 1500;
    struct call call;
    assert_int_equal(scene_generate(scene, &call, account, 0, 1, 4000), TG_WALLET_WAITING);
    struct tg_wallet_message request = scene_expect(scene, TG_WALLET_REQUEST);
    struct tg_wallet_grant grant = scene_grant(&request, 500);
    grant.limit_amount = 100000; /* it has become ample */
    scene_say(scene, &grant);
    assert_int_equal(scene_answer(scene, &call), TG_WALLET_RESERVED);
    assert_int_equal(call.reservation.output_tokens, 4000);
    scene_settle(scene, &call, 1);
}

static void a_waiting_budget_beside_a_clamping_one_needs_only_the_clamped_amount(void **state)
{
    struct scene *scene = *state;
    tg_wallet_account *clamping = clamping_account(scene, 1), *waiting = scene_account(scene, 2);
    hold_of(scene, clamping, 800, 0);
    scene_hold(scene, waiting, 250);
    struct tg_wallet_demand demands[2] = {{.account = clamping, .per_output_token = 1},
                                          {.account = waiting, .fixed = 50, .per_output_token = 2}};
    struct tg_reservation reservation = {0};
    assert_int_equal(tg_wallet_reserve(scene->wallet, scene->now_ms, &reservation, demands, 2, 5000),
                     TG_WALLET_RESERVED);
    assert_int_equal(reservation.output_tokens, 100);
    assert_int_equal(reservation.lines[0].reserved, 100);
    assert_int_equal(reservation.lines[1].reserved, 250);
    tg_wallet_settle(scene->wallet, &reservation, (int64_t[]){1, 1}, scene->now_ms);
}

static void a_call_without_output_is_not_clamped(void **state)
{
    struct scene *scene = *state;
    tg_wallet_account *account = clamping_account(scene, 1);
    hold_of(scene, account, 100, 0);
    struct call call;
    assert_int_equal(scene_generate(scene, &call, account, 90, 1, 0), TG_WALLET_RESERVED);
    assert_int_equal(call.reservation.output_tokens, 0);
    assert_false(call.reservation.is_clamped);
    scene_settle(scene, &call, 1);
}

int main(void)
{
#define SCENE_TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        SCENE_TEST(an_ample_budget_does_not_clamp),
        SCENE_TEST(the_first_call_does_not_take_everything_of_a_scarce_budget),
        SCENE_TEST(waiters_share_what_there_is_equally),
        SCENE_TEST(below_the_floor_a_call_waits_and_below_it_for_good_it_is_refused),
        SCENE_TEST(at_its_deadline_a_waiter_takes_what_covers_the_floor),
        SCENE_TEST(before_clamping_on_old_knowledge_the_control_plane_is_asked),
        SCENE_TEST(a_waiting_budget_beside_a_clamping_one_needs_only_the_clamped_amount),
        SCENE_TEST(a_call_without_output_is_not_clamped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
