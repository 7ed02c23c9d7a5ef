#include "controlplane/ledger/staging.h"

#include <stdlib.h>

#include "common/base/arena.h"
#include "common/log/log.h"
#include "common/wire/pack.h"
#include "controlplane/ledger/validate.h"

#define COLUMN(column) " " #column ","
#define SUM(column)    " sum(" #column "),"
#define ADD(column)    " " #column " = r." #column " + excluded." #column ","
/* Every kind's column, for the middle of a statement. */
#define KINDS      TG_USAGE_COLUMNS(COLUMN)
#define SUMS       TG_USAGE_COLUMNS(SUM)
#define KINDS_PLUS TG_USAGE_COLUMNS(ADD)

/* The columns of usage_records that a record fills, in the order of staged_usage; booked_at has its default. */
#define RECORD_COLUMNS                                                                                                 \
    "organization_id, started_at, boot_id, sequence, request_id, duration_ms, first_byte_ms, replica, team_id,"        \
    " project_id, application_id, api_key_id, access_profile_id, model_id, deployment_id, provider_id, price_id,"      \
    " endpoint, model_name, upstream_model, provider_request_id, is_streaming, is_estimated, is_clamped, outcome,"     \
    " http_status, error_code, service_tier, attempt, is_unpriced, cost_pusd, snapshot_revision," KINDS                \
    " charge_budget_ids, charge_window_starts, charge_amounts"

enum {
    PLAIN_COLUMNS = 32, /* those before the kinds of usage */
    CHARGE_COLUMNS = 4, /* those after them, and the leases */
    STAGED_COLUMNS = PLAIN_COLUMNS + TG_USAGE_KIND_COUNT + CHARGE_COLUMNS,
};

static enum tg_status run(const struct tg_staging *staging, const char *sql, struct tg_error *error)
{
    return tg_db_query(staging->db, sql, NULL, 0, NULL, error);
}

enum tg_status tg_staging_prepare(const struct tg_staging *staging, struct tg_error *error)
{
    /* Compiling a statement takes longer than it runs here. */
    enum tg_status status = run(staging, "SET LOCAL jit = off", error);
    if (status == TG_OK)
        status = run(staging,
                     "CREATE TEMPORARY TABLE IF NOT EXISTS staged_usage ON COMMIT DELETE ROWS AS SELECT " RECORD_COLUMNS
                     ", ARRAY[]::uuid[] AS charge_lease_ids FROM usage_records WITH NO DATA",
                     error);
    if (status == TG_OK)
        status = run(staging,
                     "CREATE TEMPORARY TABLE IF NOT EXISTS staged_charges (organization_id uuid, budget_id uuid,"
                     " window_start timestamptz, lease_id uuid, amount numeric, covered numeric NOT NULL DEFAULT 0)"
                     " ON COMMIT DELETE ROWS",
                     error);
    return status;
}

enum tg_status tg_staging_begin(const struct tg_staging *staging, struct tg_error *error)
{
    return tg_db_copy_begin(
        staging->db, "COPY staged_usage (" RECORD_COLUMNS ", charge_lease_ids) FROM STDIN (FORMAT binary)", error);
}

/* An identifier, or the zero id where it is empty; the record has been validated. */
static struct tg_id id_of(ProtobufCBinaryData field)
{
    struct tg_id id = {0};
    if (field.len == sizeof(id.octets))
        memcpy(id.octets, field.data, sizeof(id.octets));
    return id;
}

static struct tg_db_value optional(ProtobufCBinaryData field)
{
    return tg_db_id_or_null(id_of(field));
}

enum tg_status tg_staging_add(const struct tg_staging *staging, const Tollgate__V1__UsageRecord *record,
                              int64_t sequence, struct tg_error *error)
{
    struct tg_id budgets[TG_LEDGER_MAX_CHARGES], leases[TG_LEDGER_MAX_CHARGES];
    int64_t windows[TG_LEDGER_MAX_CHARGES], amounts[TG_LEDGER_MAX_CHARGES];
    for (size_t i = 0; i < record->n_charges; ++i) {
        const Tollgate__V1__Charge *charge = record->charges[i];
        budgets[i] = id_of(charge->budget_id);
        leases[i] = id_of(charge->lease_id);
        windows[i] = charge->window_start_ms;
        amounts[i] = charge->amount;
    }
    struct tg_arena arena;
    tg_arena_init(&arena);
    struct tg_db_value values[STAGED_COLUMNS] = {
        tg_db_id(id_of(record->organization_id)),
        tg_db_time(record->started_at_ms),
        tg_db_id(staging->boot_id),
        tg_db_int64(sequence),
        tg_db_id(id_of(record->request_id)),
        tg_db_int64(record->duration_ms),
        tg_db_int64(record->first_byte_ms),
        tg_db_string(staging->replica),
        optional(record->team_id),
        optional(record->project_id),
        optional(record->application_id),
        optional(record->api_key_id),
        optional(record->access_profile_id),
        optional(record->model_id),
        optional(record->deployment_id),
        optional(record->provider_id),
        optional(record->price_id),
        tg_db_text(tg_ledger_clean_text(&arena, record->endpoint)),
        tg_db_text(tg_ledger_clean_text(&arena, record->model_name)),
        tg_db_text(tg_ledger_clean_text(&arena, record->upstream_model)),
        tg_db_text(tg_ledger_clean_text(&arena, record->provider_request_id)),
        tg_db_bool(record->is_streaming),
        tg_db_bool(record->is_estimated),
        tg_db_bool(record->is_clamped),
        tg_db_string(tg_wire_outcome_name(record->outcome)),
        tg_db_int32(record->http_status),
        tg_db_text(tg_ledger_clean_text(&arena, record->error_code)),
        tg_db_text(tg_ledger_clean_text(&arena, record->service_tier)),
        tg_db_int32(record->attempt > 0 ? record->attempt : 1), /* 0: of a replica that did not number them yet */
        tg_db_bool(record->is_unpriced),
        tg_db_int64(record->cost_pusd),
        tg_db_int64(record->snapshot_revision),
    };
    const struct tg_db_value charges[CHARGE_COLUMNS] = {
        tg_db_ids(budgets, record->n_charges),
        tg_db_times(windows, record->n_charges),
        tg_db_int64s(amounts, record->n_charges),
        tg_db_ids(leases, record->n_charges),
    };
    for (int kind = 0; kind < TG_USAGE_KIND_COUNT; ++kind)
        values[PLAIN_COLUMNS + kind] = tg_db_int64(tg_wire_used(record, (enum tg_usage_kind)kind));
    memcpy(values + PLAIN_COLUMNS + TG_USAGE_KIND_COUNT, charges, sizeof(charges));
    enum tg_status status = tg_db_copy_row(staging->db, values, STAGED_COLUMNS, error);
    tg_arena_deinit(&arena);
    return status;
}

enum tg_status tg_staging_end(const struct tg_staging *staging, struct tg_error *error)
{
    return tg_db_copy_end(staging->db, NULL, error);
}

enum tg_status tg_staging_book_records(const struct tg_staging *staging, struct tg_error *error)
{
    enum tg_status status = run(
        staging, "INSERT INTO usage_records (" RECORD_COLUMNS ") SELECT " RECORD_COLUMNS " FROM staged_usage", error);
    if (status != TG_OK)
        return status;
    return run(
        staging,
        "INSERT INTO usage_rollups_hourly AS r (organization_id, hour, team_id, project_id, application_id, api_key_id,"
        " model_id, deployment_id, outcome, requests, unpriced_requests," KINDS " cost_pusd) "
        "SELECT organization_id, date_trunc('hour', started_at, 'UTC'), coalesce(team_id, none.id),"
        " coalesce(project_id, none.id), coalesce(application_id, none.id), coalesce(api_key_id, none.id),"
        " coalesce(model_id, none.id), coalesce(deployment_id, none.id), outcome, count(*),"
        " count(*) FILTER (WHERE is_unpriced)," SUMS " sum(cost_pusd) "
        "FROM staged_usage, (VALUES ('00000000-0000-0000-0000-000000000000'::uuid)) AS none (id) "
        "GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9 "
        "ON CONFLICT (organization_id, hour, team_id, project_id, application_id, api_key_id, model_id, deployment_id,"
        " outcome) DO UPDATE SET requests = r.requests + excluded.requests,"
        " unpriced_requests = r.unpriced_requests + excluded.unpriced_requests," KINDS_PLUS
        " cost_pusd = r.cost_pusd + excluded.cost_pusd",
        error);
}

/* An account that was never leased from (the replica spent beyond any lease) is made now. Its limit is the budget's;
 * a budget that does not exist breaks the foreign key, which names the fault. */
static const char make_accounts[] =
    "INSERT INTO budget_accounts (organization_id, budget_id, window_start, window_end, limit_amount) "
    "SELECT DISTINCT c.organization_id, c.budget_id, c.window_start, CASE b.window_kind WHEN 'none' THEN NULL"
    "  WHEN 'hour' THEN c.window_start + interval '1 hour'"
    "  ELSE (c.window_start AT TIME ZONE o.timezone + ('1 ' || b.window_kind)::interval) AT TIME ZONE o.timezone END,"
    " coalesce(b.limit_amount, 0) "
    "FROM staged_charges c LEFT JOIN budgets b ON b.organization_id = c.organization_id AND b.id = c.budget_id "
    "LEFT JOIN organizations o ON o.id = c.organization_id "
    "WHERE NOT EXISTS (SELECT FROM budget_accounts a WHERE a.organization_id = c.organization_id"
    " AND a.budget_id = c.budget_id AND a.window_start = c.window_start) "
    "ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING";

static const char lock_accounts[] = "SELECT FROM budget_accounts a WHERE (organization_id, budget_id, window_start) IN"
                                    " (SELECT organization_id, budget_id, window_start FROM staged_charges) "
                                    "ORDER BY organization_id, budget_id, window_start FOR NO KEY UPDATE";

/* Leases change only under their account's lock, so what is read here stays true. */
static const char cover_charges[] =
    "UPDATE staged_charges c SET covered = least(c.amount, l.remaining) FROM leases l "
    "WHERE l.organization_id = c.organization_id AND l.id = c.lease_id AND l.budget_id = c.budget_id"
    " AND l.window_start = c.window_start";

static const char settle_leases[] =
    "UPDATE leases l SET remaining = l.remaining - c.covered, updated_at = now() FROM staged_charges c "
    "WHERE c.covered > 0 AND l.organization_id = c.organization_id AND l.id = c.lease_id";

static const char settle_accounts[] =
    "UPDATE budget_accounts a SET settled = a.settled + c.amount, leased = a.leased - c.covered,"
    " overrun = greatest(0, a.settled + c.amount + a.leased - c.covered - a.limit_amount) "
    "FROM (SELECT organization_id, budget_id, window_start, sum(amount) AS amount, sum(covered) AS covered"
    "  FROM staged_charges GROUP BY 1, 2, 3) c "
    "WHERE a.organization_id = c.organization_id AND a.budget_id = c.budget_id AND a.window_start = c.window_start "
    "RETURNING CASE WHEN c.amount > c.covered THEN a.budget_id END, least(c.amount - c.covered, 9223372036854775807)";

static void log_uncovered(const struct tg_staging *staging, const tg_db_result *settled, size_t *uncovered)
{
    for (size_t row = 0; row < tg_db_rows(settled); ++row) {
        if (tg_db_is_null(settled, row, 0))
            continue;
        int64_t amount = 0;
        if (!tg_db_get_numeric_int64(settled, row, 1, &amount))
            amount = INT64_MAX;
        ++*uncovered;
        tg_log(TG_LOG_WARNING, "charged_beyond_lease", tg_log_string("replica", staging->replica),
               tg_log_id("budget", tg_db_get_id(settled, row, 0)), tg_log_number("amount", amount));
    }
}

enum tg_status tg_staging_settle_charges(const struct tg_staging *staging, size_t *uncovered, struct tg_error *error)
{
    TG_DB_RESULT tg_db_result *charges = NULL;
    TG_DB_RESULT tg_db_result *settled = NULL;
    enum tg_status status =
        tg_db_query(staging->db,
                    "INSERT INTO staged_charges (organization_id, budget_id, window_start, lease_id, amount) "
                    "SELECT s.organization_id, c.budget_id, c.window_start, c.lease_id, sum(c.amount) "
                    "FROM staged_usage s, unnest(s.charge_budget_ids, s.charge_window_starts, s.charge_lease_ids,"
                    " s.charge_amounts) AS c (budget_id, window_start, lease_id, amount) GROUP BY 1, 2, 3, 4",
                    NULL, 0, &charges, error);
    if (status != TG_OK || tg_db_affected(charges) == 0)
        return status;
    const char *const statements[] = {make_accounts, lock_accounts, cover_charges, settle_leases};
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]) && status == TG_OK; ++i)
        status = run(staging, statements[i], error);
    if (status == TG_OK)
        status = tg_db_query(staging->db, settle_accounts, NULL, 0, &settled, error);
    if (status == TG_OK)
        log_uncovered(staging, settled, uncovered);
    return status;
}

enum tg_status tg_staging_reject(const struct tg_staging *staging, const Tollgate__V1__UsageRecord *record,
                                 int64_t sequence, const char *reason, struct tg_error *error)
{
    size_t bytes = tg_wire_packed_bytes(&record->base);
    uint8_t *packed = malloc(bytes == 0 ? 1 : bytes);
    if (packed == NULL)
        abort();
    tg_wire_pack_into(&record->base, packed);
    struct tg_db_value params[] = {tg_db_id(staging->boot_id), tg_db_int64(sequence), tg_db_string(staging->replica),
                                   tg_db_string(reason), tg_db_bytes(packed, bytes)};
    enum tg_status status = tg_db_query(staging->db,
                                        "INSERT INTO usage_rejected (boot_id, sequence, replica, reason, record) "
                                        "VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
                                        params, 5, NULL, error);
    free(packed);
    return status;
}
