#include "controlplane/api/cursor.h"
#include "controlplane/api/handlers.h"
#include "controlplane/resource/show.h"

/* ---- replicas ---- */

struct fleet_query {
    size_t limit;
    struct tg_text after; /* a name; empty: from the beginning */
    struct tg_text name;  /* empty: any */
};

static void read_fleet_query(struct tg_api_job *job, struct fleet_query *query)
{
    static const char *const known[] = {"limit", "cursor", "name", NULL};
    struct tg_text cursor;
    tg_api_check_query(job, known);
    query->limit = tg_api_read_limit(job);
    if (tg_api_query(job, "cursor", &cursor) && !tg_cursor_parse_name(&job->arena, cursor, &query->after))
        tg_api_refuse_query(job, "cursor", "is no next_cursor of this list");
    tg_api_query(job, "name", &query->name);
}

static enum tg_status show_gaps(struct tg_json_writer *writer, tg_db *db, struct tg_text replica,
                                struct tg_error *error)
{
    struct tg_db_value params[] = {tg_db_text(replica)};
    TG_DB_RESULT tg_db_result *gaps = NULL;
    enum tg_status status = tg_db_query(db,
                                        "SELECT g.boot_id, g.first_sequence, g.last_sequence, g.noticed_at"
                                        " FROM usage_gaps g JOIN replica_boots b ON b.boot_id = g.boot_id"
                                        " WHERE b.replica = $1 ORDER BY g.noticed_at DESC, g.boot_id, g.first_sequence"
                                        " LIMIT 100",
                                        params, 1, &gaps, error);
    if (status != TG_OK)
        return status;
    tg_json_write_key(writer, "gaps");
    tg_json_write_array_begin(writer);
    for (size_t i = 0; i < tg_db_rows(gaps); ++i) {
        tg_json_write_object_begin(writer);
        tg_show_id(writer, "boot_id", tg_db_get_id(gaps, i, 0));
        tg_show_i64(writer, "first_sequence", tg_db_get_int64(gaps, i, 1));
        tg_show_i64(writer, "last_sequence", tg_db_get_int64(gaps, i, 2));
        tg_show_time(writer, "noticed_at", tg_db_get_time_ms(gaps, i, 3));
        tg_json_write_object_end(writer);
    }
    tg_json_write_array_end(writer);
    return TG_OK;
}

static enum tg_status show_replica(struct tg_json_writer *writer, tg_db *db, const tg_db_result *rows, size_t row,
                                   struct tg_error *error)
{
    tg_json_write_object_begin(writer);
    tg_show_text(writer, "name", tg_db_get_text(rows, row, 0));
    tg_show_boolean(writer, "is_connected", tg_db_get_bool(rows, row, 1));
    tg_show_id(writer, "boot_id", tg_db_get_id(rows, row, 2));
    tg_show_text(writer, "version", tg_db_get_text(rows, row, 3));
    tg_show_text(writer, "address", tg_db_get_text(rows, row, 4));
    tg_show_time(writer, "connected_at", tg_db_get_time_ms(rows, row, 5));
    tg_show_time(writer, "last_seen_at", tg_db_get_time_ms(rows, row, 6));
    tg_show_i64(writer, "revision", tg_db_get_int64(rows, row, 7));
    tg_show_i64(writer, "acked_revision", tg_db_get_int64(rows, row, 8));
    tg_show_i64(writer, "lag", tg_db_get_int64(rows, row, 7) - tg_db_get_int64(rows, row, 8));
    if (tg_db_is_null(rows, row, 9)) {
        tg_show_null(writer, "refused_revision");
        tg_show_null(writer, "refused_reason");
    } else {
        tg_show_i64(writer, "refused_revision", tg_db_get_int64(rows, row, 9));
        tg_show_text(writer, "refused_reason", tg_db_get_text(rows, row, 10));
    }
    tg_show_i64(writer, "journal_pending_records", tg_db_get_int64(rows, row, 11));
    tg_show_i64(writer, "journal_pending_bytes", tg_db_get_int64(rows, row, 12));
    tg_show_i64(writer, "active_requests", tg_db_get_int64(rows, row, 13));
    tg_show_i64(writer, "resident_bytes", tg_db_get_int64(rows, row, 14));
    enum tg_status status = show_gaps(writer, db, tg_db_get_text(rows, row, 0), error);
    tg_show_i64(writer, "rejected_records", tg_db_get_int64(rows, row, 15));
    tg_json_write_object_end(writer);
    return status;
}

static enum tg_status show_fleet(struct tg_api_job *job, const struct fleet_query *query, struct tg_error *error)
{
    struct tg_db_value params[] = {
        tg_db_text(query->after),
        query->name.bytes == 0 ? tg_db_null() : tg_db_text(query->name),
        tg_db_int64((int64_t)query->limit + 1),
    };
    TG_DB_SCOPE tg_db *scope = job->db;
    TG_DB_RESULT tg_db_result *rows = NULL;
    enum tg_status status = tg_db_begin(job->db, TG_DB_PLATFORM, NULL, error);
    if (status == TG_OK)
        status = tg_db_query(job->db,
                             "SELECT r.name, r.is_connected, r.boot_id, r.version, r.address, r.connected_at,"
                             " r.last_seen_at, greatest(c.revision, r.acked_revision), r.acked_revision,"
                             " r.refused_revision, coalesce(r.refused_reason, ''), r.journal_pending_records,"
                             " r.journal_pending_bytes, r.active_requests, r.resident_bytes,"
                             " (SELECT count(*) FROM usage_rejected u WHERE u.replica = r.name)"
                             " FROM replicas r CROSS JOIN config_state c"
                             " WHERE r.name > $1 COLLATE \"C\" AND ($2::text IS NULL OR r.name = $2)"
                             " ORDER BY r.name COLLATE \"C\" LIMIT $3",
                             params, 3, &rows, error);
    if (status != TG_OK)
        return status;
    bool has_more = tg_db_rows(rows) > query->limit;
    size_t count = has_more ? query->limit : tg_db_rows(rows);
    struct tg_json_writer writer;
    tg_api_page_begin(job, &writer);
    for (size_t i = 0; i < count && status == TG_OK; ++i)
        status = show_replica(&writer, job->db, rows, i, error);
    if (status == TG_OK)
        tg_api_page_end(job, &writer,
                        has_more ? tg_cursor_format_name(&job->arena, tg_db_get_text(rows, count - 1, 0))
                                 : tg_text(NULL, 0));
    return status;
}

void tg_api_list_replicas(struct tg_api_job *job)
{
    struct fleet_query query = {0};
    struct tg_error error;
    read_fleet_query(job, &query);
    if (tg_refused(&job->refusal))
        return;
    enum tg_status status = show_fleet(job, &query, &error);
    if (status != TG_OK)
        tg_refuse_failure(&job->refusal, status, &error);
}

/* ---- leases ---- */

static void show_amount(struct tg_json_writer *writer, const char *key, bool is_money, const tg_db_result *rows,
                        size_t row, size_t column)
{
    char digits[TG_DB_NUMERIC_TEXT_BYTES];
    char text[TG_AMOUNT_TEXT_BYTES];
    tg_db_get_numeric(rows, row, column, digits);
    tg_amount_format(tg_text_of(digits), is_money, text);
    tg_show_text(writer, key, tg_text_of(text));
}

static void show_lease(struct tg_json_writer *writer, struct tg_id budget_id, bool is_money, bool has_windows,
                       const tg_db_result *rows, size_t row)
{
    tg_json_write_object_begin(writer);
    tg_show_id(writer, "id", tg_db_get_id(rows, row, 0));
    tg_show_id(writer, "budget_id", budget_id);
    if (has_windows)
        tg_show_time(writer, "window_start", tg_db_get_time_ms(rows, row, 1));
    else
        tg_show_null(writer, "window_start");
    tg_show_text(writer, "replica", tg_db_get_text(rows, row, 2));
    tg_show_id(writer, "boot_id", tg_db_get_id(rows, row, 3));
    show_amount(writer, "granted", is_money, rows, row, 4);
    show_amount(writer, "remaining", is_money, rows, row, 5);
    tg_show_boolean(writer, "is_in_doubt", tg_db_get_bool(rows, row, 6));
    tg_show_time(writer, "created_at", tg_db_get_time_ms(rows, row, 7));
    tg_show_time(writer, "updated_at", tg_db_get_time_ms(rows, row, 8));
    tg_json_write_object_end(writer);
}

static enum tg_status select_leases(struct tg_api_job *job, size_t limit, struct tg_id after, tg_db_result **rows,
                                    struct tg_error *error)
{
    struct tg_db_value params[] = {tg_db_id(job->match.id), tg_db_id(after), tg_db_int64((int64_t)limit + 1)};
    return tg_db_query(job->db,
                       "SELECT l.id, l.window_start, l.replica, l.boot_id, l.granted, l.remaining,"
                       " NOT EXISTS (SELECT FROM replicas r WHERE r.boot_id = l.boot_id AND r.is_connected),"
                       " l.created_at, l.updated_at FROM leases l"
                       " WHERE l.organization_id = current_organization_id() AND l.budget_id = $1 AND l.id > $2"
                       " AND l.remaining > 0 ORDER BY l.id LIMIT $3",
                       params, 3, rows, error);
}

/* The unit and the window of the budget decide how its leases are shown. */
static enum tg_status find_budget(struct tg_api_job *job, bool *is_money, bool *has_windows, struct tg_error *error)
{
    struct tg_db_value params[] = {tg_db_id(job->match.id)};
    TG_DB_RESULT tg_db_result *budget = NULL;
    enum tg_status status = tg_db_query(
        job->db, "SELECT unit = 'money', window_kind <> 'none' FROM budgets WHERE id = $1 AND deleted_at IS NULL",
        params, 1, &budget, error);
    if (status == TG_OK && tg_db_rows(budget) == 0)
        tg_refuse(&job->refusal, TG_REFUSAL_NOT_FOUND, "There is no such budget here.");
    else if (status == TG_OK) {
        *is_money = tg_db_get_bool(budget, 0, 0);
        *has_windows = tg_db_get_bool(budget, 0, 1);
    }
    return status;
}

void tg_api_list_leases(struct tg_api_job *job)
{
    static const char *const known[] = {"limit", "cursor", NULL};
    TG_DB_SCOPE tg_db *scope = job->db;
    tg_api_check_query(job, known);
    size_t limit = tg_api_read_limit(job);
    struct tg_id after = tg_api_read_cursor(job);
    if (!tg_refused(&job->refusal))
        tg_operation_begin(&job->operation, false, &job->refusal);
    if (tg_refused(&job->refusal))
        return;
    bool is_money = false, has_windows = false;
    struct tg_error error;
    TG_DB_RESULT tg_db_result *rows = NULL;
    enum tg_status status = find_budget(job, &is_money, &has_windows, &error);
    if (status == TG_OK && !tg_refused(&job->refusal))
        status = select_leases(job, limit, after, &rows, &error);
    if (status != TG_OK)
        tg_refuse_failure(&job->refusal, status, &error);
    if (tg_refused(&job->refusal))
        return;
    bool has_more = tg_db_rows(rows) > limit;
    size_t count = has_more ? limit : tg_db_rows(rows);
    struct tg_json_writer writer;
    tg_api_page_begin(job, &writer);
    for (size_t i = 0; i < count; ++i)
        show_lease(&writer, job->match.id, is_money, has_windows, rows, i);
    char cursor[TG_CURSOR_ID_TEXT_BYTES];
    if (has_more)
        tg_cursor_format_id(tg_db_get_id(rows, count - 1, 0), cursor);
    tg_api_page_end(job, &writer, has_more ? tg_text_of(cursor) : tg_text(NULL, 0));
}
