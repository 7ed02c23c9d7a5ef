#include "controlplane/budget/bank_store.h"

#include <stdio.h>

enum { MAX_ATTEMPTS = 5 };

/* What one question to the database tells about the budget and its current window. */
struct view {
    struct tg_id organization_id;
    struct tg_bank_account account;
    int64_t window_start_ms, window_remaining_ms;
    int64_t replicas;
    bool has_account, has_stale_limit;
    bool is_answered; /* this request, or a later one, was granted before */
    struct tg_id lease_id;
    int64_t last_request_number, last_request_amount;
};

/* The current window of budget b: w.start and w.stop (NULL where there is no end). Hours have a fixed length; longer
 * windows end at the same local time. Windows of one budget follow each other without overlap also where the
 * organization moved to another time zone: the open one runs to its end, and the next begins there and ends where the
 * new calendar says. */
#define CURRENT_WINDOW                                                                                                 \
    "CROSS JOIN LATERAL (SELECT CASE b.window_kind WHEN 'none' THEN 'epoch'::timestamptz"                              \
    "  ELSE date_trunc(b.window_kind, now(), o.timezone) END AS start) s "                                             \
    "CROSS JOIN LATERAL (SELECT CASE b.window_kind WHEN 'none' THEN NULL"                                              \
    "  WHEN 'hour' THEN s.start + interval '1 hour'"                                                                   \
    "  ELSE (s.start AT TIME ZONE o.timezone + ('1 ' || b.window_kind)::interval) AT TIME ZONE o.timezone END AS "     \
    "stop) e "                                                                                                         \
    "LEFT JOIN LATERAL (SELECT window_start AS start, window_end AS stop FROM budget_accounts"                         \
    "  WHERE organization_id = b.organization_id AND budget_id = b.id AND window_start <= now()"                       \
    "  ORDER BY window_start DESC LIMIT 1) last ON true "                                                              \
    "CROSS JOIN LATERAL (SELECT"                                                                                       \
    "  CASE WHEN last.stop > now() THEN last.start ELSE greatest(s.start, last.stop) END AS start,"                    \
    "  CASE WHEN last.stop > now() THEN last.stop ELSE e.stop END AS stop) w "

/* NULL where there is no end. (greatest() passes over NULL.) */
#define REMAINING_MS(stop)                                                                                             \
    "CASE WHEN " stop " IS NOT NULL THEN greatest(1, floor(extract(epoch FROM " stop " - now()) * 1000))::bigint END"

static int64_t amount_at(const tg_db_result *result, size_t column)
{
    int64_t value;
    return tg_db_get_numeric_int64(result, 0, column, &value) ? value : INT64_MAX;
}

static enum tg_status look_up(tg_db *db, const struct tg_bank_asker *asker, struct tg_id budget_id, struct view *view,
                              struct tg_error *error)
{
    static const char sql[] = "SELECT b.organization_id, w.start, " REMAINING_MS(
        "w.stop") ","
                  " b.limit_amount, a.limit_amount, a.settled, a.leased, l.remaining,"
                  " (SELECT count(*) FROM replicas WHERE is_connected) "
                  "FROM budgets b JOIN organizations o ON o.id = b.organization_id " CURRENT_WINDOW
                  "LEFT JOIN budget_accounts a ON a.organization_id = b.organization_id AND a.budget_id = b.id"
                  " AND a.window_start = w.start "
                  "LEFT JOIN leases l ON l.organization_id = b.organization_id AND l.budget_id = b.id AND l.boot_id = "
                  "$2"
                  " AND l.window_start = w.start "
                  "WHERE b.id = $1 AND b.deleted_at IS NULL AND o.deleted_at IS NULL";
    struct tg_db_value params[] = {tg_db_id(budget_id), tg_db_id(asker->boot_id)};
    TG_DB_RESULT tg_db_result *result = NULL;
    enum tg_status status = tg_db_query(db, sql, params, 2, &result, error);
    if (status != TG_OK)
        return status;
    if (tg_db_rows(result) == 0)
        return TG_NOT_FOUND;
    *view = (struct view){
        .organization_id = tg_db_get_id(result, 0, 0),
        .window_start_ms = tg_db_get_time_ms(result, 0, 1),
        .window_remaining_ms = tg_db_get_int64(result, 0, 2),
        .has_account = !tg_db_is_null(result, 0, 4),
        .replicas = tg_db_get_int64(result, 0, 8),
    };
    view->account = (struct tg_bank_account){amount_at(result, 3), amount_at(result, 5), amount_at(result, 6),
                                             amount_at(result, 7)};
    view->has_stale_limit = view->has_account && amount_at(result, 4) != view->account.limit;
    return TG_OK;
}

/* Whether this number was granted before, in whichever window. The answer then names that window, though it may be
 * over: the replica will find the lease at its end and give it back. */
static enum tg_status look_up_repetition(tg_db *db, const struct tg_bank_asker *asker, struct tg_id budget_id,
                                         uint64_t request_number, struct view *view, struct tg_error *error)
{
    static const char sql[] =
        "SELECT l.id, l.last_request_number, l.last_request_amount, l.window_start,"
        " " REMAINING_MS("a.window_end") " "
                                         "FROM leases l JOIN budget_accounts a ON a.organization_id = "
                                         "l.organization_id AND a.budget_id = l.budget_id"
                                         " AND a.window_start = l.window_start "
                                         "WHERE l.organization_id = $1 AND l.budget_id = $2 AND l.boot_id = $3 AND "
                                         "l.last_request_number >= $4 "
                                         "ORDER BY l.last_request_number DESC LIMIT 1";
    struct tg_db_value params[] = {tg_db_id(view->organization_id), tg_db_id(budget_id), tg_db_id(asker->boot_id),
                                   tg_db_int64((int64_t)request_number)};
    TG_DB_RESULT tg_db_result *result = NULL;
    enum tg_status status = tg_db_query(db, sql, params, 4, &result, error);
    if (status != TG_OK || tg_db_rows(result) == 0)
        return status;
    view->is_answered = true;
    view->lease_id = tg_db_get_id(result, 0, 0);
    view->last_request_number = tg_db_get_int64(result, 0, 1);
    view->last_request_amount = tg_db_get_int64(result, 0, 2);
    view->window_start_ms = tg_db_get_time_ms(result, 0, 3);
    view->window_remaining_ms = tg_db_get_int64(result, 0, 4);
    return TG_OK;
}

/* Makes the account, or brings its limit up to date. The budget is read after the account is locked: whoever changes a
 * limit changes the budget first and its accounts after, so that the later of the two sees the other. */
static enum tg_status prepare_account(tg_db *db, struct tg_id budget_id, const struct view *view,
                                      struct tg_error *error)
{
    struct tg_db_value key[] = {tg_db_id(view->organization_id), tg_db_id(budget_id),
                                tg_db_time(view->window_start_ms)};
    enum tg_status status = TG_OK;
    if (!view->has_account)
        status = tg_db_query(db,
                             "INSERT INTO budget_accounts (organization_id, budget_id, window_start, window_end,"
                             " limit_amount) "
                             "SELECT b.organization_id, b.id, w.start, w.stop, b.limit_amount "
                             "FROM budgets b JOIN organizations o ON o.id = b.organization_id " CURRENT_WINDOW
                             "WHERE b.organization_id = $1 AND b.id = $2 AND w.start = $3 ON CONFLICT DO NOTHING",
                             key, 3, NULL, error);
    if (status == TG_OK)
        status = tg_db_query(db,
                             "SELECT FROM budget_accounts WHERE organization_id = $1 AND budget_id = $2"
                             " AND window_start = $3 FOR NO KEY UPDATE",
                             key, 3, NULL, error);
    if (status == TG_OK)
        status = tg_db_query(db,
                             "UPDATE budget_accounts a SET limit_amount = b.limit_amount,"
                             " overrun = greatest(0, a.settled + a.leased - b.limit_amount) FROM budgets b "
                             "WHERE a.organization_id = $1 AND a.budget_id = $2 AND a.window_start = $3"
                             " AND b.organization_id = a.organization_id AND b.id = a.budget_id"
                             " AND a.limit_amount <> b.limit_amount",
                             key, 3, NULL, error);
    return status;
}

/* The grant itself. TG_CONFLICT if somebody else took the room since it was looked up. */
static enum tg_status grant(tg_db *db, const struct tg_bank_asker *asker, struct tg_id budget_id,
                            uint64_t request_number, const struct view *view, struct tg_bank_answer *answer,
                            struct tg_error *error)
{
    int64_t amount = answer->decision.amount;
    struct tg_db_value account[] = {tg_db_id(view->organization_id), tg_db_id(budget_id),
                                    tg_db_time(view->window_start_ms), tg_db_int64(amount)};
    TG_DB_RESULT tg_db_result *updated = NULL;
    enum tg_status status =
        tg_db_query(db,
                    "UPDATE budget_accounts SET leased = leased + $4 WHERE organization_id = $1 AND budget_id = $2"
                    " AND window_start = $3 AND settled + leased + $4 <= limit_amount "
                    "RETURNING settled, leased",
                    account, 4, &updated, error);
    if (status != TG_OK)
        return status;
    if (tg_db_rows(updated) == 0)
        return TG_CONFLICT;
    answer->settled = amount_at(updated, 0);
    answer->leased = amount_at(updated, 1);
    struct tg_db_value lease[] = {tg_db_id(view->organization_id),
                                  tg_db_id(tg_id_new()),
                                  tg_db_id(budget_id),
                                  tg_db_time(view->window_start_ms),
                                  tg_db_string(asker->replica),
                                  tg_db_id(asker->boot_id),
                                  tg_db_int64(amount),
                                  tg_db_int64((int64_t)request_number)};
    TG_DB_RESULT tg_db_result *upserted = NULL;
    status = tg_db_query(db,
                         "INSERT INTO leases AS l (organization_id, id, budget_id, window_start, replica, boot_id,"
                         " granted, remaining, last_request_number, last_request_amount) "
                         "VALUES ($1, $2, $3, $4, $5, $6, $7, $7::numeric, $8, $7::bigint) "
                         "ON CONFLICT (organization_id, budget_id, boot_id, window_start) DO UPDATE SET"
                         " granted = l.granted + excluded.granted, remaining = l.remaining + excluded.remaining,"
                         " last_request_number = excluded.last_request_number,"
                         " last_request_amount = excluded.last_request_amount, updated_at = now() "
                         "RETURNING id",
                         lease, 8, &upserted, error);
    if (status == TG_OK)
        answer->lease_id = tg_db_get_id(upserted, 0, 0);
    return status;
}

/* One attempt, one transaction. TG_CONFLICT: look again. */
static enum tg_status try_to_lend(tg_db *db, const struct tg_bank_asker *asker, struct tg_id budget_id,
                                  uint64_t request_number, const struct tg_bank_request *request,
                                  struct tg_bank_answer *answer, struct tg_error *error)
{
    struct view view;
    TG_DB_SCOPE tg_db *scope = db;
    enum tg_status status = tg_db_begin(db, TG_DB_PLATFORM, NULL, error);
    if (status == TG_OK)
        status = look_up(db, asker, budget_id, &view, error);
    if (status == TG_NOT_FOUND) {
        *answer = (struct tg_bank_answer){.decision.outcome = TG_BANK_UNKNOWN_BUDGET};
        return TG_OK;
    }
    if (status == TG_OK)
        status = look_up_repetition(db, asker, budget_id, request_number, &view, error);
    if (status != TG_OK)
        return status;
    *answer = (struct tg_bank_answer){
        .window_start_ms = view.window_start_ms,
        .window_remaining_ms = view.window_remaining_ms,
        .limit_amount = view.account.limit,
        .settled = view.account.settled,
        .leased = view.account.leased,
    };
    if (view.is_answered) {
        bool is_same = view.last_request_number == (int64_t)request_number;
        answer->decision.outcome = is_same ? TG_BANK_GRANTED : TG_BANK_BUSY;
        answer->decision.amount = is_same ? view.last_request_amount : 0;
        answer->lease_id = view.lease_id;
        return TG_OK;
    }
    answer->decision = tg_bank_decide(&view.account, request, view.replicas);
    if (answer->decision.outcome != TG_BANK_GRANTED)
        return TG_OK;
    if (!view.has_account || view.has_stale_limit)
        status = prepare_account(db, budget_id, &view, error);
    if (status == TG_OK)
        status = grant(db, asker, budget_id, request_number, &view, answer, error);
    if (status == TG_OK)
        status = tg_db_commit(db, error);
    return status;
}

enum tg_status tg_bank_lend(tg_db *db, const struct tg_bank_asker *asker, struct tg_id budget_id,
                            uint64_t request_number, const struct tg_bank_request *request,
                            struct tg_bank_answer *answer, struct tg_error *error)
{
    for (int attempt = 1;; ++attempt) {
        enum tg_status status = try_to_lend(db, asker, budget_id, request_number, request, answer, error);
        bool is_raced = status == TG_CONFLICT;
        if (status == TG_OK || !(is_raced || status == TG_UNAVAILABLE || tg_db_should_retry(db)))
            return status;
        if (attempt < MAX_ATTEMPTS)
            continue;
        if (!is_raced)
            return status;
        answer->decision = (struct tg_bank_decision){.outcome = TG_BANK_BUSY, .retry_after_ms = 25};
        return TG_OK;
    }
}

static enum tg_status try_to_take_back(tg_db *db, struct tg_id boot_id, struct tg_id lease_id, uint64_t return_number,
                                       int64_t amount, int64_t *taken, struct tg_error *error)
{
    struct tg_db_value params[] = {tg_db_id(boot_id), tg_db_id(lease_id), tg_db_int64((int64_t)return_number),
                                   tg_db_int64(amount)};
    TG_DB_SCOPE tg_db *scope = db;
    TG_DB_RESULT tg_db_result *account = NULL;
    TG_DB_RESULT tg_db_result *freed = NULL;
    enum tg_status status = tg_db_begin(db, TG_DB_PLATFORM, NULL, error);
    if (status == TG_OK)
        status = tg_db_query(db,
                             "SELECT FROM leases l JOIN budget_accounts a ON a.organization_id = l.organization_id"
                             " AND a.budget_id = l.budget_id AND a.window_start = l.window_start "
                             "WHERE l.boot_id = $1 AND l.id = $2 FOR NO KEY UPDATE OF a",
                             params, 2, &account, error);
    if (status != TG_OK)
        return status;
    if (tg_db_rows(account) == 0)
        return tg_fail(error, TG_NOT_FOUND, "the boot holds no such lease");
    status = tg_db_query(
        db,
        "WITH b AS (SELECT organization_id, budget_id, window_start, least(remaining, $4) AS freed FROM leases"
        "  WHERE boot_id = $1 AND id = $2 AND last_return_number < $3),"
        " l AS (UPDATE leases SET remaining = remaining - b.freed, last_return_number = $3, updated_at = now() FROM b"
        "  WHERE leases.boot_id = $1 AND leases.id = $2) "
        "UPDATE budget_accounts a SET leased = a.leased - b.freed,"
        " overrun = greatest(0, a.settled + a.leased - b.freed - a.limit_amount) FROM b "
        "WHERE a.organization_id = b.organization_id AND a.budget_id = b.budget_id AND a.window_start = b.window_start "
        "RETURNING b.freed",
        params, 4, &freed, error);
    if (status != TG_OK)
        return status;
    *taken = tg_db_rows(freed) == 0 ? 0 : amount_at(freed, 0);
    return tg_db_commit(db, error);
}

enum tg_status tg_bank_take_back(tg_db *db, struct tg_id boot_id, struct tg_id lease_id, uint64_t return_number,
                                 int64_t amount, int64_t *taken, struct tg_error *error)
{
    *taken = 0;
    if (amount <= 0) /* the answer to a recall of one who had nothing to spare */
        return amount == 0 ? TG_OK : tg_fail(error, TG_INVALID, "a return of a negative amount");
    for (int attempt = 1;; ++attempt) {
        enum tg_status status = try_to_take_back(db, boot_id, lease_id, return_number, amount, taken, error);
        if (status == TG_OK || attempt == MAX_ATTEMPTS || !(status == TG_UNAVAILABLE || tg_db_should_retry(db)))
            return status;
    }
}

enum tg_status tg_bank_release_boot(tg_db *db, struct tg_id boot_id, struct tg_error *error)
{
    struct tg_db_value params[] = {tg_db_id(boot_id)};
    enum tg_status status =
        tg_db_query(db,
                    "SELECT FROM budget_accounts a WHERE (organization_id, budget_id, window_start) IN"
                    " (SELECT organization_id, budget_id, window_start FROM leases WHERE boot_id = $1) "
                    "ORDER BY organization_id, budget_id, window_start FOR NO KEY UPDATE",
                    params, 1, NULL, error);
    if (status != TG_OK)
        return status;
    return tg_db_query(
        db,
        "WITH b AS (SELECT organization_id, id, budget_id, window_start, remaining FROM leases"
        "  WHERE boot_id = $1 AND remaining > 0),"
        " l AS (UPDATE leases SET remaining = 0, updated_at = now() FROM b"
        "  WHERE leases.organization_id = b.organization_id AND leases.id = b.id) "
        "UPDATE budget_accounts a SET leased = a.leased - b.remaining,"
        " overrun = greatest(0, a.settled + a.leased - b.remaining - a.limit_amount) FROM b "
        "WHERE a.organization_id = b.organization_id AND a.budget_id = b.budget_id AND a.window_start = b.window_start",
        params, 1, NULL, error);
}

enum tg_status tg_bank_recall(tg_db *db, struct tg_id budget_id, struct tg_id spared_boot, struct tg_error *error)
{
    char payload[2 * TG_ID_TEXT_BYTES];
    tg_id_format(budget_id, payload);
    payload[TG_ID_TEXT_BYTES - 1] = ' ';
    tg_id_format(spared_boot, payload + TG_ID_TEXT_BYTES);
    struct tg_db_value params[] = {tg_db_string(payload)};
    return tg_db_query(db, "SELECT pg_notify('" TG_BANK_RECALL_CHANNEL "', $1)", params, 1, NULL, error);
}

bool tg_bank_parse_recall(struct tg_text payload, struct tg_id *budget_id, struct tg_id *spared_boot)
{
    size_t id_bytes = TG_ID_TEXT_BYTES - 1;
    if (payload.bytes != 2 * id_bytes + 1 || payload.data[id_bytes] != ' ')
        return false;
    return tg_id_parse(tg_text(payload.data, id_bytes), budget_id) &&
           tg_id_parse(tg_text(payload.data + id_bytes + 1, id_bytes), spared_boot);
}
