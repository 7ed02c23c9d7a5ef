/* Bank and ledger against a real Postgres: many threads lend, book, repeat and return at once, and the books balance.
 *
 *     test_books <owner's database URL> <service's database URL>
 *
 * The database is migrated. Each test makes its own organization, so that runs can follow one another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <pthread.h>

#include "fixture.h"

#define SETTLED  "SELECT coalesce(sum(settled), 0) FROM budget_accounts WHERE budget_id = $1"
#define LEASED   "SELECT coalesce(sum(leased), 0) FROM budget_accounts WHERE budget_id = $1"
#define OVERRUN  "SELECT coalesce(sum(overrun), 0) FROM budget_accounts WHERE budget_id = $1"
#define REMAINS  "SELECT coalesce(sum(remaining), 0) FROM leases WHERE budget_id = $1"
#define RECORDS  "SELECT count(*) FROM usage_records WHERE boot_id = $1"
#define REJECTED "SELECT count(*) FROM usage_rejected WHERE boot_id = $1"

static void a_batch_moves_money_from_leased_to_settled_once(void **state)
{
    struct fixture *fixture = *state;
    struct tg_id boot = tg_id_new(), budget = make_budget(fixture, "month", 100000);
    struct tg_bank_answer grant = lend(fixture->service, boot, budget, 1, 10000, 0);
    assert_int_equal(grant.decision.outcome, TG_BANK_GRANTED);
    assert_int_equal(grant.decision.amount, 10000);
    struct batch *batch = make_batch(fixture, boot, 1, 100);
    add_charge(batch, budget, &grant, 10);
    for (int i = 0; i < 3; ++i) {
        struct tg_ledger_receipt receipt = book(fixture, fixture->service, batch);
        assert_int_equal(receipt.through_sequence, 100);
        assert_int_equal(receipt.booked, i == 0 ? 100 : 0);
        assert_int_equal(receipt.repeated, i == 0 ? 0 : 100);
        assert_int_equal(receipt.uncovered_accounts, 0);
    }
    assert_int_equal(number(fixture, RECORDS, boot), 100);
    assert_int_equal(number(fixture, SETTLED, budget), 1000);
    assert_int_equal(number(fixture, LEASED, budget), 9000);
    assert_int_equal(number(fixture, REMAINS, budget), 9000);
    assert_int_equal(number(fixture, "SELECT sum(cost_pusd) FROM usage_rollups_hourly WHERE organization_id = $1",
                            fixture->organization),
                     1000);
    free(batch);
}

static void a_request_sent_again_is_granted_once(void **state)
{
    struct fixture *fixture = *state;
    struct tg_id boot = tg_id_new(), budget = make_budget(fixture, "none", 100000);
    struct tg_bank_answer first = lend(fixture->service, boot, budget, 7, 1000, 0);
    struct tg_bank_answer again = lend(fixture->service, boot, budget, 7, 1000, 0);
    assert_int_equal(again.decision.outcome, TG_BANK_GRANTED);
    assert_int_equal(again.decision.amount, first.decision.amount);
    assert_true(tg_id_equals(first.lease_id, again.lease_id));
    assert_int_equal(number(fixture, LEASED, budget), 1000);
    assert_int_equal(first.window_start_ms, 0);
    assert_int_equal(first.window_remaining_ms, 0);
    struct tg_bank_answer next = lend(fixture->service, boot, budget, 8, 500, 0);
    assert_true(tg_id_equals(first.lease_id, next.lease_id));
    assert_int_equal(number(fixture, LEASED, budget), 1500);
}

static void a_return_sent_again_is_taken_once(void **state)
{
    struct fixture *fixture = *state;
    struct tg_id boot = tg_id_new(), budget = make_budget(fixture, "day", 100000);
    struct tg_bank_answer grant = lend(fixture->service, boot, budget, 1, 1000, 0);
    struct tg_error error = {0};
    int64_t taken = -1;
    assert_int_equal(tg_bank_take_back(fixture->service, boot, grant.lease_id, 1, 400, &taken, &error), TG_OK);
    assert_int_equal(taken, 400);
    assert_int_equal(tg_bank_take_back(fixture->service, boot, grant.lease_id, 1, 400, &taken, &error), TG_OK);
    assert_int_equal(taken, 0);
    assert_int_equal(number(fixture, LEASED, budget), 600);
    assert_int_equal(tg_bank_take_back(fixture->service, boot, grant.lease_id, 2, 4000, &taken, &error), TG_OK);
    assert_int_equal(taken, 600);
    assert_int_equal(number(fixture, LEASED, budget), 0);
    assert_int_equal(tg_bank_take_back(fixture->service, tg_id_new(), grant.lease_id, 3, 1, &taken, &error),
                     TG_NOT_FOUND);
}

static void a_gap_is_noted_and_a_late_record_is_kept_aside(void **state)
{
    struct fixture *fixture = *state;
    struct tg_id boot = tg_id_new();
    struct batch *batch = make_batch(fixture, boot, 11, 5);
    struct tg_ledger_receipt receipt = book(fixture, fixture->service, batch);
    assert_int_equal(receipt.missing, 10);
    assert_int_equal(
        number(fixture, "SELECT last_sequence - first_sequence + 1 FROM usage_gaps WHERE boot_id = $1", boot), 10);
    struct batch *late = make_batch(fixture, boot, 9, 4);
    receipt = book(fixture, fixture->service, late);
    assert_int_equal(receipt.booked, 0);
    assert_int_equal(receipt.through_sequence, 15);
    assert_int_equal(number(fixture, RECORDS, boot), 5);
    assert_int_equal(number(fixture, REJECTED, boot), 2);
    free(batch);
    free(late);
}

static void bad_records_do_not_stop_the_good_ones(void **state)
{
    struct fixture *fixture = *state;
    struct tg_id boot = tg_id_new(), budget = make_budget(fixture, "hour", 100000), unknown = tg_id_new();
    struct tg_bank_answer grant = lend(fixture->service, boot, budget, 1, 10000, 0);
    struct batch *batch = make_batch(fixture, boot, 1, 64);
    add_charge(batch, budget, &grant, 10);
    batch->records[5].cost_pusd = -1;                             /* found before Postgres sees it */
    batch->charges[17][0].budget_id = tg_wire_id_field(&unknown); /* found by Postgres */
    batch->charges[40][0].budget_id = tg_wire_id_field(&unknown);
    batch->records[63].model_name = (char *)(uintptr_t) "not \xff utf-8"; /* mended */
    struct tg_ledger_receipt receipt = book(fixture, fixture->service, batch);
    assert_int_equal(receipt.through_sequence, 64);
    assert_int_equal(receipt.booked, 61);
    assert_int_equal(receipt.rejected, 3);
    assert_int_equal(number(fixture, RECORDS, boot), 61);
    assert_int_equal(number(fixture, REJECTED, boot), 3);
    assert_int_equal(number(fixture, SETTLED, budget), 610);
    free(batch);
}

static void what_no_lease_covers_is_booked_as_overrun_when_it_passes_the_limit(void **state)
{
    struct fixture *fixture = *state;
    struct tg_id boot = tg_id_new(), budget = make_budget(fixture, "week", 1000);
    struct tg_bank_answer none = {.window_start_ms = 1770000000000 / 1000 * 1000};
    struct batch *batch = make_batch(fixture, boot, 1, 100);
    add_charge(batch, budget, &none, 12);
    struct tg_ledger_receipt receipt = book(fixture, fixture->service, batch);
    assert_int_equal(receipt.uncovered_accounts, 1);
    assert_int_equal(number(fixture, SETTLED, budget), 1200);
    assert_int_equal(number(fixture, OVERRUN, budget), 200);
    assert_int_equal(number(fixture, LEASED, budget), 0);
    free(batch);
}

static void closing_a_boot_frees_what_it_holds_once_all_is_booked(void **state)
{
    struct fixture *fixture = *state;
    struct tg_id boot = tg_id_new(), budget = make_budget(fixture, "none", 100000);
    struct tg_bank_answer grant = lend(fixture->service, boot, budget, 1, 10000, 0);
    struct batch *batch = make_batch(fixture, boot, 1, 10);
    add_charge(batch, budget, &grant, 10);
    struct tg_error error = {0};
    assert_int_equal(tg_ledger_close_boot(fixture->service, "replica-a", boot, 10, &error), TG_CONFLICT);
    assert_int_equal(number(fixture, LEASED, budget), 10000);
    book(fixture, fixture->service, batch);
    assert_int_equal(tg_ledger_close_boot(fixture->service, "replica-b", boot, 10, &error), TG_DENIED);
    for (int i = 0; i < 2; ++i)
        assert_int_equal(tg_ledger_close_boot(fixture->service, "replica-a", boot, 10, &error), TG_OK);
    assert_int_equal(number(fixture, LEASED, budget), 0);
    assert_int_equal(number(fixture, REMAINS, budget), 0);
    assert_int_equal(number(fixture, SETTLED, budget), 100);
    free(batch);
}

static void a_lowered_limit_is_respected_by_the_next_grant(void **state)
{
    struct fixture *fixture = *state;
    struct tg_id boot = tg_id_new(), budget = make_budget(fixture, "none", 100000);
    lend(fixture->service, boot, budget, 1, 10000, 0);
    struct tg_db_value params[] = {tg_db_id(budget)};
    run_as_owner(fixture, "UPDATE budgets SET limit_amount = 10500 WHERE id = $1", params, 1);
    assert_int_equal(lend(fixture->service, boot, budget, 2, 0, 501).decision.outcome, TG_BANK_BUSY);
    assert_int_equal(lend(fixture->service, boot, budget, 3, 0, 500).decision.outcome, TG_BANK_GRANTED);
    assert_int_equal(number(fixture, LEASED, budget), 10500);
    assert_int_equal(lend(fixture->service, boot, budget, 4, 0, 10501).decision.outcome, TG_BANK_EXHAUSTED);
    run_as_owner(fixture, "UPDATE budgets SET deleted_at = now() WHERE id = $1", params, 1);
    assert_int_equal(lend(fixture->service, boot, budget, 5, 0, 1).decision.outcome, TG_BANK_UNKNOWN_BUDGET);
}

/* ---- windows ---- */

static int64_t moment(struct fixture *fixture, const char *sql)
{
    char query[512];
    snprintf(query, sizeof(query), "SELECT (extract(epoch FROM %s) * 1000)::bigint WHERE $1::uuid IS NOT NULL", sql);
    return number(fixture, query, fixture->organization);
}

/* By the clock on a wall in Berlin, which is where the organization is. */
static void windows_begin_and_end_where_the_organization_is(void **state)
{
    struct fixture *fixture = *state;
    static const char *const kinds[] = {"hour", "day", "week", "month"};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); ++i) {
        char start[256], end[256];
        snprintf(start, sizeof(start),
                 "date_trunc('%s', now() AT TIME ZONE 'Europe/Berlin') AT TIME ZONE 'Europe/Berlin'", kinds[i]);
        snprintf(
            end, sizeof(end),
            "(date_trunc('%s', now() AT TIME ZONE 'Europe/Berlin') + interval '1 %s') AT TIME ZONE 'Europe/Berlin'",
            kinds[i], kinds[i]);
        struct tg_id budget = make_budget(fixture, kinds[i], 1000);
        struct tg_bank_answer answer;
        int64_t before_ms, expected_ms;
        do { /* once more if an hour ended in between */
            expected_ms = moment(fixture, start);
            before_ms = moment(fixture, "now()");
            answer = lend(fixture->service, tg_id_new(), budget, 1, 1, 0);
        } while (expected_ms != moment(fixture, start));
        assert_int_equal(answer.window_start_ms, expected_ms);
        int64_t end_ms = before_ms + answer.window_remaining_ms;
        assert_in_range(moment(fixture, end) - end_ms, 0, 1000); /* the questions take a moment */
    }
}

/* The night of 2026-10-25 has an hour more: the day lasts 25. The account is made by booking, from its start alone. */
static void a_day_on_which_the_clock_is_put_back_lasts_25_hours(void **state)
{
    struct fixture *fixture = *state;
    struct tg_id budget = make_budget(fixture, "day", 1000);
    struct tg_bank_answer none = {.window_start_ms = 1792879200000}; /* 2026-10-24T22:00:00Z, midnight in Berlin */
    struct batch *batch = make_batch(fixture, tg_id_new(), 1, 1);
    add_charge(batch, budget, &none, 1);
    book(fixture, fixture->service, batch);
    free(batch);
    assert_int_equal(
        number(fixture,
               "SELECT (extract(epoch FROM window_end - window_start) / 3600)::bigint FROM budget_accounts "
               "WHERE budget_id = $1",
               budget),
        25);
}

/* ---- many at once ---- */

enum { THREADS = 4, ROUNDS = 25 };

struct worker {
    struct fixture *fixture;
    const struct tg_id *budgets; /* MAX_CHARGES, charged in an order of the worker's own */
    unsigned index;
    int64_t spent;
    struct tg_id boot;
};

static void *lend_and_book(void *argument)
{
    struct worker *worker = argument;
    tg_db *db = open_database(service_url);
    uint64_t request = 0;
    int64_t sequence = 1;
    for (int round = 0; round < ROUNDS; ++round) {
        struct batch *batch = make_batch(worker->fixture, worker->boot, sequence, 20);
        struct tg_bank_answer grants[MAX_CHARGES];
        bool is_granted = true;
        for (unsigned k = 0; k < MAX_CHARGES; ++k) {
            unsigned pick = (k + worker->index) % MAX_CHARGES;
            grants[k] = lend(db, worker->boot, worker->budgets[pick], ++request, 0, 200);
            is_granted = is_granted && grants[k].decision.outcome == TG_BANK_GRANTED;
        }
        for (unsigned k = 0; k < MAX_CHARGES; ++k) {
            unsigned pick = (k + worker->index) % MAX_CHARGES;
            int64_t taken;
            struct tg_error error = {0};
            if (is_granted)
                add_charge(batch, worker->budgets[pick], &grants[k], 10);
            else if (grants[k].decision.outcome == TG_BANK_GRANTED)
                assert_int_equal(
                    tg_bank_take_back(db, worker->boot, grants[k].lease_id, ++request, 200, &taken, &error), TG_OK);
        }
        if (is_granted) {
            book(worker->fixture, db, batch);
            book(worker->fixture, db, batch);
            sequence += 20;
            worker->spent += 200;
        }
        free(batch);
    }
    tg_db_close(db);
    return NULL;
}

static void the_books_balance_when_many_lend_and_book_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct tg_id budgets[MAX_CHARGES];
    for (int k = 0; k < MAX_CHARGES; ++k)
        budgets[k] = make_budget(fixture, "day", 4100); /* covers 20 of the 100 rounds */
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; ++i) {
        workers[i] = (struct worker){.fixture = fixture, .budgets = budgets, .index = i, .boot = tg_id_new()};
        assert_int_equal(pthread_create(&threads[i], NULL, lend_and_book, &workers[i]), 0);
    }
    int64_t spent = 0;
    for (unsigned i = 0; i < THREADS; ++i) {
        pthread_join(threads[i], NULL);
        spent += workers[i].spent;
    }
    assert_in_range(spent, 200, 4100);
    for (int k = 0; k < MAX_CHARGES; ++k) {
        assert_int_equal(number(fixture, SETTLED, budgets[k]), spent);
        assert_int_equal(number(fixture, LEASED, budgets[k]), number(fixture, REMAINS, budgets[k]));
        assert_int_equal(number(fixture, LEASED, budgets[k]), 0);
        assert_int_equal(number(fixture, OVERRUN, budgets[k]), 0);
        assert_int_equal(number(fixture,
                                "SELECT coalesce(sum(c.amount), 0) FROM usage_records,"
                                " unnest(charge_budget_ids, charge_amounts) AS c (budget_id, amount) "
                                "WHERE c.budget_id = $1",
                                budgets[k]),
                         spent);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s <owner's database URL> <service's database URL>\n", argv[0]);
        return 2;
    }
    owner_url = argv[1];
    service_url = argv[2];
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_batch_moves_money_from_leased_to_settled_once),
        TEST(a_request_sent_again_is_granted_once),
        TEST(a_return_sent_again_is_taken_once),
        TEST(a_gap_is_noted_and_a_late_record_is_kept_aside),
        TEST(bad_records_do_not_stop_the_good_ones),
        TEST(what_no_lease_covers_is_booked_as_overrun_when_it_passes_the_limit),
        TEST(closing_a_boot_frees_what_it_holds_once_all_is_booked),
        TEST(a_lowered_limit_is_respected_by_the_next_grant),
        TEST(windows_begin_and_end_where_the_organization_is),
        TEST(a_day_on_which_the_clock_is_put_back_lasts_25_hours),
        TEST(the_books_balance_when_many_lend_and_book_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
