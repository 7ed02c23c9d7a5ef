/* The wallet and the bank's rule under random schedules. The seed comes from the command line or TOLLGATE_SEED, else it
 * is fixed, so that a run can be repeated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "world.h"

enum { EPISODES = 80, STEPS = 2500 };

static uint64_t base_seed = 20260117;

static struct world *random_world(uint64_t seed)
{
    struct world dice = {.random = seed};
    struct tg_wallet_budget budgets[MAX_BUDGETS];
    int64_t window_ms[MAX_BUDGETS] = {0};
    for (size_t i = 0; i < MAX_BUDGETS; ++i) {
        budgets[i] = (struct tg_wallet_budget){
            .id = {{'b', (uint8_t)i}},
            .unit = i % 2 == 0 ? TG_BUDGET_MONEY : TG_BUDGET_TOKENS,
            .contention = world_random(&dice, 3) == 0 ? TG_BUDGET_CLAMP : TG_BUDGET_WAIT,
            .outage = i == 3 && world_random(&dice, 2) == 0 ? TG_BUDGET_ALLOW_AND_REPORT : TG_BUDGET_DENY,
            .max_wait_ms = 500 + (int64_t)world_random(&dice, 10000),
            .clamp_floor_tokens = 1 + (int64_t)world_random(&dice, 20),
            .limit_amount = 2000 + (int64_t)world_random(&dice, 100000),
        };
        if (world_random(&dice, 3) == 0)
            window_ms[i] = 4000 + (int64_t)world_random(&dice, 12000);
    }
    return world_create(seed, budgets, window_ms, MAX_BUDGETS, 1 + (size_t)world_random(&dice, MAX_REPLICAS));
}

static void start_something(struct world *world)
{
    struct call *call = world_idle_call(world);
    if (call == NULL)
        return;
    size_t replica = (size_t)world_random(world, world->replica_count), count = 0;
    struct tg_wallet_demand demands[MAX_BUDGETS];
    /* Most calls concern budget 0 (the organization's) and one team's. */
    for (size_t i = 0; i < world->budget_count; ++i) {
        if (world_random(world, 10) < (i == 0 ? 8u : 4u))
            demands[count++] = (struct tg_wallet_demand){
                .account = world->replicas[replica].accounts[i],
                .fixed = (int64_t)world_random(world, 100),
                .per_output_token = (int64_t)world_random(world, 4),
            };
    }
    int64_t wanted = (int64_t)world_random(world, world_random(world, 8) == 0 ? 5000 : 300);
    int64_t truth = world_random(world, 5) == 0 ? -1 : (int64_t)world_random(world, 40);
    world_start(world, call, replica, demands, count, wanted, truth, (int64_t)world_random(world, 1500));
}

static void cancel_something(struct world *world)
{
    struct call *call = &world->calls[world_random(world, 64)];
    if (call->state == CALL_WAITING)
        world_cancel(world, call);
}

static void step(struct world *world)
{
    uint64_t what = world_random(world, 1000);
    size_t replica = (size_t)world_random(world, world->replica_count);
    if (what < 600)
        start_something(world);
    else if (what < 640)
        cancel_something(world);
    else if (what < 650 && world->replicas[replica].is_connected)
        world_disconnect(world, replica, (int64_t)world_random(world, 2000));
    else if (what < 652 && world->boot_count < MAX_BOOTS)
        world_crash(world, replica);
    else if (what < 654)
        world_raise_limit(world, (size_t)world_random(world, world->budget_count), 500);
    world_pass(world, (int64_t)world_random(world, 20));
}

static void come_to_rest(struct world *world)
{
    world->is_calm = true;
    int64_t until_ms = world->now_ms + 60000;
    while (world_live_calls(world) != 0 && world->now_ms < until_ms)
        world_pass(world, 5);
    world_check(world, world_live_calls(world) == 0);
    for (int i = 0; i < 1000; ++i)
        world_pass(world, 5);
}

/* One call that needs all that is left, at every replica at the same time: all are served, one after the other, and a
 * call that needs one more is refused. */
static void check_that_nobody_is_refused_while_covered(struct world *world, size_t budget)
{
    int64_t window_ms = world->window_ms[budget];
    if (window_ms != 0)
        world_pass(world, window_ms - world->now_ms % window_ms + MAX_TRANSIT_MS);
    int64_t left = world->budgets[budget].limit_amount - world_account(world, budget)->settled;
    if (left == 0)
        return;
    struct call *calls[MAX_REPLICAS];
    for (size_t i = 0; i < world->replica_count; ++i) {
        world->budgets[budget].max_wait_ms = 3500;
        tg_wallet_intern(world->replicas[i].wallet, &world->budgets[budget]);
        struct tg_wallet_demand demand = {.account = world->replicas[i].accounts[budget], .per_output_token = left};
        calls[i] = world_idle_call(world);
        world_start(world, calls[i], i, &demand, 1, 1, 0, 20);
    }
    for (int i = 0; i < 1000 && world_live_calls(world) != 0; ++i)
        world_pass(world, 4);
    for (size_t i = 0; i < world->replica_count; ++i)
        world_check(world, calls[i]->answer == TG_WALLET_RESERVED);

    struct tg_wallet_demand demand = {.account = world->replicas[0].accounts[budget], .per_output_token = left + 1};
    struct call *call = world_idle_call(world);
    if (window_ms != 0)
        world_pass(world, window_ms - world->now_ms % window_ms + MAX_TRANSIT_MS);
    int64_t settled = world_account(world, budget)->settled;
    if (settled + left != world->budgets[budget].limit_amount)
        return; /* a new window with less spent in it */
    world_start(world, call, 0, &demand, 1, 1, 0, 20);
    while (call->state == CALL_WAITING)
        world_pass(world, 4);
    world_check(world, call->answer == TG_WALLET_EXCEEDED);
}

static void check_that_nothing_leaks(struct world *world)
{
    for (size_t i = 0; i < world->replica_count; ++i)
        tg_wallet_return_all(world->replicas[i].wallet, world->now_ms);
    for (int i = 0; i < 200; ++i)
        world_pass(world, 5);
    for (size_t i = 0; i < world->lease_count; ++i)
        world_check(world, world->leases[i].remaining == 0);
}

static void the_books_hold_under_random_schedules(void **state)
{
    int64_t reserved = 0, exceeded = 0, busy = 0, clamped = 0;
    for (uint64_t episode = 0; episode < EPISODES; ++episode) {
        struct world *world = random_world(base_seed + episode);
        for (int i = 0; i < STEPS; ++i)
            step(world);
        come_to_rest(world);
        for (size_t i = 0; i < world->budget_count; ++i)
            check_that_nobody_is_refused_while_covered(world, i);
        check_that_nothing_leaks(world);
        reserved += world->reserved_count;
        exceeded += world->exceeded_count;
        busy += world->busy_count;
        clamped += world->clamped_count;
        world_destroy(world);
    }
    print_message("seed %" PRIu64 ": %" PRId64 " reserved (%" PRId64 " clamped), %" PRId64 " exceeded, %" PRId64
                  " busy\n",
                  base_seed, reserved, clamped, exceeded, busy);
    /* A course in which nothing happens would show nothing. */
    assert_true(reserved > EPISODES * STEPS / 20 && exceeded > EPISODES && busy > EPISODES && clamped > EPISODES);
}

static const int64_t USD = TG_PUSD_PER_USD;

/* $0.6 per million output tokens, 16,384 of them at most, 45 of them in truth: a worst case of $0.0098, a true cost of
 * $0.000027. Budget: $0.02. The provider takes 2 s. */
static struct world *two_hundred_calls(enum tg_budget_contention contention, size_t replicas, int64_t spread_ms)
{
    struct tg_wallet_budget budget = {
        .id = {{'b', 0}},
        .contention = contention,
        .max_wait_ms = 10000,
        .clamp_floor_tokens = 16,
        .limit_amount = USD / 50,
    };
    struct world *world = world_create(base_seed, &budget, (int64_t[]){0}, 1, replicas);
    world->is_calm = true;
    world_pass(world, 200);
    for (int i = 0; i < 200; ++i) {
        size_t replica = (size_t)i % replicas;
        struct tg_wallet_demand demand = {.account = world->replicas[replica].accounts[0], .per_output_token = 600000};
        world_start(world, &world->calls[i], replica, &demand, 1, 16384, 45, 2000);
        world_pass(world, spread_ms != 0 && i % (200 / spread_ms) == 0 ? 1 : 0);
    }
    while (world_live_calls(world) != 0)
        world_pass(world, 2);
    return world;
}

static void two_hundred_calls_at_once_are_all_answered_by_a_clamping_budget(void **state)
{
    static const struct {
        size_t replicas;
        int64_t spread_ms;
    } courses[] = {{1, 0}, {1, 100}, {2, 0}, {2, 100}, {3, 40}};
    for (size_t i = 0; i < sizeof(courses) / sizeof(courses[0]); ++i) {
        struct world *world = two_hundred_calls(TG_BUDGET_CLAMP, courses[i].replicas, courses[i].spread_ms);
        int64_t least = INT64_MAX;
        for (int j = 0; j < 200; ++j) {
            assert_int_equal(world->calls[j].answer, TG_WALLET_RESERVED);
            if (world->calls[j].reservation.output_tokens < least)
                least = world->calls[j].reservation.output_tokens;
        }
        print_message("%zu replicas, %d ms apart: at least %d tokens each, done after %d ms\n", courses[i].replicas,
                      (int)courses[i].spread_ms, (int)least, (int)(world->now_ms - 100200));
        assert_true(least >= 45); /* nobody's answer was cut */
        assert_true(world_account(world, 0)->spent == 200 * 45 * INT64_C(600000));
        world_destroy(world);
    }
}

static void two_hundred_calls_at_once_never_overspend_a_waiting_budget(void **state)
{
    struct world *world = two_hundred_calls(TG_BUDGET_WAIT, 1, 0);
    assert_true(world->reserved_count >= 8 && world->busy_count == 200 - world->reserved_count);
    for (int i = 0; i < 200; ++i) {
        if (world->calls[i].answer != TG_WALLET_BUSY)
            continue;
        const struct tg_wallet_refusal *refusal = &world->calls[i].reservation.refusal;
        assert_true(refusal->limit == USD / 50 && refusal->needed == 16384 * INT64_C(600000));
        assert_true(refusal->settled + refusal->reserved + refusal->free <= refusal->limit);
        assert_true(refusal->reserved + refusal->settled > 0);
    }
    world_destroy(world);
}

/* 64 at a time over two replicas, each costing a third of its worst case, until ten times as much was asked for as
 * there is: nobody is BUSY, nobody is refused while a worst case is left, and what is left in the end covers none. */
static void ten_thousand_calls_use_up_a_budget_for_a_tenth_of_them(void **state)
{
    enum { CALLS = 10000, AT_ONCE = 64, WORST = 37, TRUE = 11 };
    struct tg_wallet_budget budget = {
        .id = {{'b', 0}},
        .contention = TG_BUDGET_WAIT,
        .max_wait_ms = 60000,
        .limit_amount = CALLS / 10 * TRUE * INT64_C(600000),
    };
    struct world *world = world_create(base_seed, &budget, (int64_t[]){0}, 1, 2);
    world->is_calm = true;
    for (int started = 0; started < CALLS || world_live_calls(world) != 0;) {
        while (started < CALLS && world_live_calls(world) < AT_ONCE) {
            size_t replica = (size_t)started++ % 2;
            struct tg_wallet_demand demand = {.account = world->replicas[replica].accounts[0],
                                              .per_output_token = 600000};
            struct call *call = world_idle_call(world);
            world_start(world, call, replica, &demand, 1, WORST, TRUE, 1 + (int64_t)world_random(world, 10));
            if (call->state == CALL_IDLE)
                break; /* refused: the next one comes when some time has passed */
        }
        world_pass(world, 1);
    }
    print_message("%d served, %d refused in %d ms\n", (int)world->reserved_count, (int)world->exceeded_count,
                  (int)(world->now_ms - 100000));
    assert_int_equal(world->busy_count, 0);
    assert_true(budget.limit_amount - world_account(world, 0)->spent < WORST * INT64_C(600000));
    world_destroy(world);
}

int main(int argc, char **argv)
{
    const char *seed = argc > 1 ? argv[1] : getenv("TOLLGATE_SEED");
    if (seed != NULL)
        base_seed = strtoull(seed, NULL, 10);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_books_hold_under_random_schedules),
        cmocka_unit_test(two_hundred_calls_at_once_are_all_answered_by_a_clamping_budget),
        cmocka_unit_test(two_hundred_calls_at_once_never_overspend_a_waiting_budget),
        cmocka_unit_test(ten_thousand_calls_use_up_a_budget_for_a_tenth_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
