/* An organization of a test's own in a real database, budgets in it, and batches of usage for it. */
#ifndef TG_TEST_BOOKS_FIXTURE_H
#define TG_TEST_BOOKS_FIXTURE_H

#include "controlplane/budget/bank_store.h"
#include "controlplane/ledger/ledger.h"

extern const char *owner_url, *service_url; /* the command line's */

enum { MAX_RECORDS = 500, MAX_CHARGES = 3 };

struct fixture {
    tg_db *owner, *service;
    tg_ledger *ledger;
    struct tg_id organization;
};

int set_up(void **state);
int tear_down(void **state);

tg_db *open_database(const char *url);

/* The tables force row-level security upon their owner too; superusers, as which the test prepares, are exempt. */
void run_as_owner(struct fixture *fixture, const char *sql, const struct tg_db_value *params, size_t count);
int64_t number(struct fixture *fixture, const char *sql, struct tg_id id);

struct tg_id make_budget(struct fixture *fixture, const char *window, int64_t limit);

struct tg_bank_answer lend(tg_db *db, struct tg_id boot, struct tg_id budget, uint64_t number_of_request,
                           int64_t wanted, int64_t minimum);

/* A batch whose records all pay the same charges. */
struct batch {
    Tollgate__V1__UsageBatch message;
    Tollgate__V1__UsageRecord records[MAX_RECORDS], *record_list[MAX_RECORDS];
    Tollgate__V1__Charge charges[MAX_RECORDS][MAX_CHARGES], *charge_list[MAX_RECORDS][MAX_CHARGES];
    struct tg_id boot, organization, request_ids[MAX_RECORDS];
    struct tg_id budgets[MAX_CHARGES], leases[MAX_CHARGES];
};

struct batch *make_batch(struct fixture *fixture, struct tg_id boot, int64_t first, size_t count); /* free() it */
void add_charge(struct batch *batch, struct tg_id budget, const struct tg_bank_answer *grant, int64_t amount);
struct tg_ledger_receipt book(struct fixture *fixture, tg_db *db, struct batch *batch);

#endif
