#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/base/time.h"

const char *owner_url, *service_url;

tg_db *open_database(const char *url)
{
    struct tg_error error = {0};
    tg_db *db = NULL;
    struct tg_db_config config = {
        .url = url, .application_name = "test_books", .lock_timeout_ms = 20000, .statement_timeout_ms = 30000};
    if (tg_db_open(&config, &db, &error) != TG_OK)
        fail_msg("%s", error.message);
    return db;
}

void run_as_owner(struct fixture *fixture, const char *sql, const struct tg_db_value *params, size_t count)
{
    struct tg_error error = {0};
    if (tg_db_query(fixture->owner, sql, params, count, NULL, &error) != TG_OK)
        fail_msg("%s: %s", sql, error.message);
}

int64_t number(struct fixture *fixture, const char *sql, struct tg_id id)
{
    struct tg_error error = {0};
    struct tg_db_value params[] = {tg_db_id(id)};
    TG_DB_RESULT tg_db_result *result = NULL;
    if (tg_db_query(fixture->owner, sql, params, 1, &result, &error) != TG_OK)
        fail_msg("%s: %s", sql, error.message);
    assert_int_equal(tg_db_rows(result), 1);
    int64_t value = -1;
    assert_true(tg_db_get_numeric_int64(result, 0, 0, &value));
    return value;
}

int set_up(void **state)
{
    struct fixture *fixture = test_calloc(1, sizeof(*fixture));
    fixture->owner = open_database(owner_url);
    fixture->service = open_database(service_url);
    fixture->ledger = tg_ledger_create();
    fixture->organization = tg_id_new();
    char name[TG_ID_TEXT_BYTES];
    tg_id_format(fixture->organization, name);
    struct tg_db_value params[] = {tg_db_id(fixture->organization), tg_db_string(name)};
    run_as_owner(fixture, "INSERT INTO organizations (id, name, timezone) VALUES ($1, $2, 'Europe/Berlin')", params, 2);
    *state = fixture;
    return 0;
}

int tear_down(void **state)
{
    struct fixture *fixture = *state;
    tg_db_close(fixture->owner);
    tg_db_close(fixture->service);
    tg_ledger_destroy(fixture->ledger);
    test_free(fixture);
    return 0;
}

struct tg_id make_budget(struct fixture *fixture, const char *window, int64_t limit)
{
    struct tg_id id = tg_id_new();
    char name[TG_ID_TEXT_BYTES];
    tg_id_format(id, name);
    struct tg_db_value params[] = {tg_db_id(fixture->organization), tg_db_id(id), tg_db_string(name),
                                   tg_db_string(window), tg_db_int64(limit)};
    run_as_owner(fixture,
                 "INSERT INTO budgets (organization_id, id, name, scope, scope_id, unit, window_kind, limit_amount) "
                 "VALUES ($1, $2, $3, 'organization', $1, 'money', $4, $5)",
                 params, 5);
    return id;
}

struct tg_bank_answer lend(tg_db *db, struct tg_id boot, struct tg_id budget, uint64_t number_of_request,
                           int64_t wanted, int64_t minimum)
{
    struct tg_bank_asker asker = {.replica = "replica-a", .boot_id = boot};
    struct tg_bank_request request = {.wanted = wanted, .minimum = minimum};
    struct tg_bank_answer answer;
    struct tg_error error = {0};
    if (tg_bank_lend(db, &asker, budget, number_of_request, &request, &answer, &error) != TG_OK)
        fail_msg("%s", error.message);
    return answer;
}

struct batch *make_batch(struct fixture *fixture, struct tg_id boot, int64_t first, size_t count)
{
    struct batch *batch = calloc(1, sizeof(*batch)); /* cmocka's own is not for threads */
    batch->boot = boot;
    batch->organization = fixture->organization;
    tollgate__v1__usage_batch__init(&batch->message);
    batch->message.boot_id = tg_wire_id_field(&batch->boot);
    batch->message.first_sequence = first;
    batch->message.n_records = count;
    batch->message.records = batch->record_list;
    for (size_t i = 0; i < count; ++i) {
        Tollgate__V1__UsageRecord *record = batch->record_list[i] = &batch->records[i];
        tollgate__v1__usage_record__init(record);
        batch->request_ids[i] = tg_id_new();
        record->request_id = tg_wire_id_field(&batch->request_ids[i]);
        record->organization_id = tg_wire_id_field(&batch->organization);
        record->started_at_ms = tg_time_unix_ms();
        record->outcome = TOLLGATE__V1__OUTCOME__OUTCOME_COMPLETED;
        record->input_tokens = 3;
        record->output_tokens = 4;
        record->cost_pusd = 10;
        record->charges = batch->charge_list[i];
    }
    return batch;
}

void add_charge(struct batch *batch, struct tg_id budget, const struct tg_bank_answer *grant, int64_t amount)
{
    size_t k = batch->records[0].n_charges;
    batch->budgets[k] = budget;
    batch->leases[k] = grant->lease_id;
    for (size_t i = 0; i < batch->message.n_records; ++i) {
        Tollgate__V1__Charge *charge = batch->charge_list[i][k] = &batch->charges[i][k];
        tollgate__v1__charge__init(charge);
        charge->budget_id = tg_wire_id_field(&batch->budgets[k]);
        charge->lease_id = tg_wire_id_field(&batch->leases[k]);
        charge->window_start_ms = grant->window_start_ms;
        charge->amount = amount;
        batch->records[i].n_charges = k + 1;
    }
}

struct tg_ledger_receipt book(struct fixture *fixture, tg_db *db, struct batch *batch)
{
    struct tg_ledger_receipt receipt;
    struct tg_error error = {0};
    if (tg_ledger_book(fixture->ledger, db, "replica-a", &batch->message, &receipt, &error) != TG_OK)
        fail_msg("%s", error.message);
    return receipt;
}
