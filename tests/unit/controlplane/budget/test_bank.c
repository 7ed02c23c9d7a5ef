/* The bank's rules, alone and against a model of replicas that spend, return, crash and book under random schedules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "controlplane/budget/bank.h"

static void a_minimum_that_fits_is_granted_whole(void **state)
{
    struct tg_bank_account account = {.limit = 100, .settled = 40, .leased = 50};
    struct tg_bank_request request = {.minimum = 10};
    struct tg_bank_decision decision = tg_bank_decide(&account, &request, 8);
    assert_int_equal(decision.outcome, TG_BANK_GRANTED);
    assert_int_equal(decision.amount, 10);
}

static void a_grant_follows_the_recent_rate(void **state)
{
    struct tg_bank_account account = {.limit = 1000000};
    struct tg_bank_request request = {.wanted = 100, .recent_rate_per_s = 1000, .held = 500};
    struct tg_bank_decision decision = tg_bank_decide(&account, &request, 2);
    assert_int_equal(decision.outcome, TG_BANK_GRANTED);
    assert_int_equal(decision.amount, 5 * 1000 - 500);
    request.wanted = 9000;
    assert_int_equal(tg_bank_decide(&account, &request, 2).amount, 9000);
}

static void a_grant_leaves_as_much_for_every_other_replica_and_half_for_later(void **state)
{
    struct tg_bank_account account = {.limit = 1000, .settled = 100, .leased = 100};
    struct tg_bank_request request = {.wanted = 100000};
    assert_int_equal(tg_bank_decide(&account, &request, 4).amount, 800 / 2 / 4);
    assert_int_equal(tg_bank_decide(&account, &request, 0).amount, 800 / 2);
}

static void idle_leases_of_others_are_recalled_before_anyone_is_refused(void **state)
{
    struct tg_bank_account account = {.limit = 100, .settled = 10, .leased = 90};
    struct tg_bank_request request = {.minimum = 50};
    struct tg_bank_decision decision = tg_bank_decide(&account, &request, 2);
    assert_int_equal(decision.outcome, TG_BANK_BUSY);
    assert_true(decision.recalls_others);
    assert_false(decision.recalls_asker);
    assert_in_range(decision.retry_after_ms, 20, 50);
}

static void what_the_asker_holds_is_recalled_when_the_others_do_not_hold_enough(void **state)
{
    struct tg_bank_account account = {.limit = 100, .settled = 1, .leased = 97, .leased_to_asker = 97};
    struct tg_bank_request request = {.minimum = 98, .held = 97};
    struct tg_bank_decision decision = tg_bank_decide(&account, &request, 2);
    assert_int_equal(decision.outcome, TG_BANK_BUSY);
    assert_false(decision.recalls_others);
    assert_true(decision.recalls_asker);
}

static void only_what_is_settled_exhausts_a_budget(void **state)
{
    struct tg_bank_account account = {.limit = 100, .settled = 60, .leased = 40};
    struct tg_bank_request request = {.minimum = 40};
    assert_int_equal(tg_bank_decide(&account, &request, 2).outcome, TG_BANK_BUSY);
    request.minimum = 41;
    assert_int_equal(tg_bank_decide(&account, &request, 2).outcome, TG_BANK_EXHAUSTED);
}

static void nothing_is_taken_from_others_while_nobody_waits(void **state)
{
    struct tg_bank_account account = {.limit = 100, .leased = 100};
    struct tg_bank_request request = {.wanted = 50};
    struct tg_bank_decision decision = tg_bank_decide(&account, &request, 2);
    assert_int_equal(decision.outcome, TG_BANK_BUSY);
    assert_false(decision.recalls_others);
    assert_true(decision.retry_after_ms > 50);
    account.settled = 100;
    account.leased = 0;
    assert_int_equal(tg_bank_decide(&account, &request, 2).outcome, TG_BANK_EXHAUSTED);
}

static void an_overrun_account_has_nothing_free(void **state)
{
    struct tg_bank_account account = {.limit = 100, .settled = 70, .leased = 50, .leased_to_asker = 0};
    assert_int_equal(tg_bank_free(&account), 0);
    struct tg_bank_request request = {.minimum = 1};
    assert_int_equal(tg_bank_decide(&account, &request, 1).outcome, TG_BANK_BUSY);
}

static void the_largest_amounts_do_not_wrap(void **state)
{
    struct tg_bank_account account = {.limit = INT64_MAX, .settled = INT64_MAX, .leased = INT64_MAX};
    struct tg_bank_request request = {.wanted = INT64_MAX, .minimum = INT64_MAX, .recent_rate_per_s = INT64_MAX};
    assert_int_equal(tg_bank_decide(&account, &request, INT64_MAX).outcome, TG_BANK_EXHAUSTED);
    account = (struct tg_bank_account){.limit = INT64_MAX};
    assert_int_equal(tg_bank_decide(&account, &request, INT64_MAX).outcome, TG_BANK_GRANTED);
    assert_int_equal(tg_bank_decide(&account, &request, INT64_MAX).amount, INT64_MAX);
}

/* ---- the model ---- */

enum { REPLICAS = 4, BATCHES = 8 };

/* A batch of spending that is on its way to the books. */
struct batch {
    int64_t sequence, amount;
};

struct replica {
    int64_t free, reserved; /* what it may spend, and what calls in flight may cost at worst */
    int64_t waits_for;      /* the worst case of a call that waits; 0: none */
    struct batch unbooked[BATCHES];
    int64_t unbooked_count, next_sequence, booked_sequence;
    int64_t lease; /* the bank's side: unsettled */
};

struct model {
    uint64_t random;
    int64_t limit, settled, leased, spent;
    struct replica replicas[REPLICAS];
};

static int64_t draw(struct model *model, int64_t below)
{
    model->random ^= model->random << 13;
    model->random ^= model->random >> 7;
    model->random ^= model->random << 17;
    return (int64_t)(model->random % (uint64_t)below);
}

static void check_invariants(const struct model *model)
{
    int64_t leased = 0;
    for (int i = 0; i < REPLICAS; ++i) {
        const struct replica *replica = &model->replicas[i];
        int64_t unbooked = 0;
        for (int64_t k = 0; k < replica->unbooked_count; ++k)
            unbooked += replica->unbooked[k].amount;
        assert_true(replica->free >= 0 && replica->reserved >= 0);
        assert_int_equal(replica->lease, replica->free + replica->reserved + unbooked);
        leased += replica->lease;
    }
    assert_int_equal(model->leased, leased);
    assert_true(model->settled + model->leased <= model->limit);
    assert_true(model->spent <= model->limit);
}

static void give_back(struct model *model, struct replica *replica)
{
    model->leased -= replica->free;
    replica->lease -= replica->free;
    replica->free = 0;
}

static struct tg_bank_decision ask(struct model *model, struct replica *replica, int64_t rate)
{
    struct tg_bank_account account = {model->limit, model->settled, model->leased, replica->lease};
    struct tg_bank_request request = {.wanted = draw(model, 200),
                                      .minimum = replica->waits_for,
                                      .held = replica->free + replica->reserved,
                                      .recent_rate_per_s = rate};
    struct tg_bank_decision decision = tg_bank_decide(&account, &request, REPLICAS);
    if (decision.outcome == TG_BANK_GRANTED) {
        assert_true(decision.amount >= 1 && decision.amount >= request.minimum);
        assert_true(decision.amount <= tg_bank_free(&account));
        model->leased += decision.amount;
        replica->lease += decision.amount;
        replica->free += decision.amount;
    } else if (decision.outcome == TG_BANK_EXHAUSTED) {
        assert_true(model->limit - model->settled < (request.minimum > 0 ? request.minimum : 1));
    } else {
        for (struct replica *other = model->replicas; other < model->replicas + REPLICAS; ++other)
            if (other == replica ? decision.recalls_asker : decision.recalls_others)
                give_back(model, other);
    }
    return decision;
}

static void start_call(struct replica *replica, int64_t worst)
{
    if (replica->free < worst) {
        replica->waits_for = worst;
        return;
    }
    replica->free -= worst;
    replica->reserved += worst;
    replica->waits_for = 0;
}

static void end_calls(struct model *model, struct replica *replica, bool is_interrupted)
{
    if (replica->reserved == 0 || replica->unbooked_count == BATCHES)
        return;
    int64_t cost = is_interrupted ? replica->reserved : draw(model, replica->reserved + 1) / 10;
    replica->free += replica->reserved - cost;
    replica->reserved = 0;
    replica->unbooked[replica->unbooked_count++] = (struct batch){++replica->next_sequence, cost};
    model->spent += cost;
}

/* Books the oldest batch; a duplicate is one that was booked but whose acknowledgement was lost. */
static void book(struct model *model, struct replica *replica, bool loses_acknowledgement)
{
    if (replica->unbooked_count == 0)
        return;
    struct batch batch = replica->unbooked[0];
    for (int arrivals = loses_acknowledgement ? 2 : 1; arrivals > 0; --arrivals) {
        if (batch.sequence <= replica->booked_sequence)
            continue;
        replica->booked_sequence = batch.sequence;
        model->settled += batch.amount;
        model->leased -= batch.amount;
        replica->lease -= batch.amount;
    }
    --replica->unbooked_count;
    for (int64_t k = 0; k < replica->unbooked_count; ++k)
        replica->unbooked[k] = replica->unbooked[k + 1];
}

/* The successor ships the journal, charges what was in flight at its reservation, and the boot is closed. */
static void crash(struct model *model, struct replica *replica)
{
    while (replica->unbooked_count > 0)
        book(model, replica, true);
    end_calls(model, replica, true);
    book(model, replica, false);
    give_back(model, replica);
    replica->waits_for = 0;
    assert_int_equal(replica->lease, 0);
    *replica = (struct replica){0};
}

static void step(struct model *model)
{
    struct replica *replica = &model->replicas[draw(model, REPLICAS)];
    switch (draw(model, 12)) {
    case 0:
    case 1:
    case 2:
    case 3:
        start_call(replica, 1 + draw(model, 150));
        break;
    case 4:
    case 5:
        ask(model, replica, draw(model, 60));
        break;
    case 6:
    case 7:
        end_calls(model, replica, false);
        break;
    case 8:
    case 9:
        book(model, replica, draw(model, 4) == 0);
        break;
    case 10:
        give_back(model, replica);
        break;
    default:
        if (draw(model, 8) == 0)
            crash(model, replica);
        break;
    }
}

/* Nothing in flight, everything booked: then a call must be granted within a few questions if the budget covers it. */
static void settle_down_and_ask(struct model *model)
{
    for (struct replica *replica = model->replicas; replica < model->replicas + REPLICAS; ++replica) {
        while (replica->unbooked_count > 0)
            book(model, replica, false);
        end_calls(model, replica, false);
        book(model, replica, false);
    }
    check_invariants(model);
    struct replica *asker = &model->replicas[draw(model, REPLICAS)];
    asker->waits_for = 1 + draw(model, 150);
    bool is_covered = model->limit - model->settled >= asker->waits_for;
    enum tg_bank_outcome outcome = TG_BANK_BUSY;
    for (int questions = 0; questions < 2 && outcome == TG_BANK_BUSY; ++questions)
        outcome = ask(model, asker, 0).outcome;
    assert_int_equal(outcome, is_covered ? TG_BANK_GRANTED : TG_BANK_EXHAUSTED);
    start_call(asker, asker->waits_for);
    check_invariants(model);
}

static void a_budget_is_never_overspent_nor_refused_while_it_covers(void **state)
{
    int exhausted = 0;
    for (uint64_t seed = 1; seed <= 400; ++seed) {
        struct model model = {.random = seed * UINT64_C(0x9e3779b97f4a7c15), .limit = 1 + (int64_t)(seed * 37 % 3000)};
        for (int i = 0; i < 600; ++i) {
            step(&model);
            check_invariants(&model);
            if (i % 100 == 99)
                settle_down_and_ask(&model);
        }
        exhausted += model.limit - model.settled < 150;
    }
    /* The schedules reach both ends: budgets that run out, and budgets that last. */
    assert_in_range(exhausted, 20, 380);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_minimum_that_fits_is_granted_whole),
        cmocka_unit_test(a_grant_follows_the_recent_rate),
        cmocka_unit_test(a_grant_leaves_as_much_for_every_other_replica_and_half_for_later),
        cmocka_unit_test(idle_leases_of_others_are_recalled_before_anyone_is_refused),
        cmocka_unit_test(what_the_asker_holds_is_recalled_when_the_others_do_not_hold_enough),
        cmocka_unit_test(only_what_is_settled_exhausts_a_budget),
        cmocka_unit_test(nothing_is_taken_from_others_while_nobody_waits),
        cmocka_unit_test(an_overrun_account_has_nothing_free),
        cmocka_unit_test(the_largest_amounts_do_not_wrap),
        cmocka_unit_test(a_budget_is_never_overspent_nor_refused_while_it_covers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
