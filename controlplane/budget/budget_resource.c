#include "controlplane/budget/budget_resource.h"

#include "common/base/money.h"
#include "controlplane/access/access.h"
#include "controlplane/catalog/catalog.h"
#include "controlplane/resource/show.h"
#include "controlplane/tenancy/tenancy.h"

static const char *const scopes[] = {"organization", "team", "project", "application", "api_key", NULL};
static const char *const units[] = {"money", "tokens", NULL};
static const char *const windows[] = {"hour", "day", "week", "month", "none", NULL};
static const char *const modes[] = {"hard", NULL};
static const char *const contentions[] = {"wait", "clamp", NULL};
static const char *const outages[] = {"deny", "allow_and_report", NULL};

static const struct tg_field fields[] = {
    {.name = "name", .column = "name", .kind = TG_FIELD_NAME, .flags = TG_FIELD_REQUIRED | TG_FIELD_FILTER},
    {.name = "scope",
     .column = "scope",
     .kind = TG_FIELD_CHOICE,
     .flags = TG_FIELD_REQUIRED | TG_FIELD_IMMUTABLE | TG_FIELD_FILTER,
     .choices = scopes},
    {.name = "scope_id", .column = "scope_id", .kind = TG_FIELD_ID, .flags = TG_FIELD_IMMUTABLE | TG_FIELD_FILTER},
    {.name = "model_id",
     .column = "model_id",
     .kind = TG_FIELD_ID,
     .flags = TG_FIELD_IMMUTABLE | TG_FIELD_NULLABLE | TG_FIELD_FILTER,
     .target = &tg_model_type},
    {.name = "unit",
     .column = "unit",
     .kind = TG_FIELD_CHOICE,
     .flags = TG_FIELD_REQUIRED | TG_FIELD_IMMUTABLE,
     .choices = units},
    {.name = "limit", .column = "limit_amount", .kind = TG_FIELD_AMOUNT, .flags = TG_FIELD_REQUIRED},
    {.name = "window",
     .column = "window_kind",
     .kind = TG_FIELD_CHOICE,
     .flags = TG_FIELD_REQUIRED | TG_FIELD_IMMUTABLE,
     .choices = windows},
    {.name = "mode",
     .column = "mode",
     .kind = TG_FIELD_CHOICE,
     .flags = TG_FIELD_IMMUTABLE,
     .choices = modes,
     .default_text = "hard"},
    {.name = "contention",
     .column = "contention",
     .kind = TG_FIELD_CHOICE,
     .choices = contentions,
     .default_text = "wait"},
    {.name = "max_wait_ms",
     .column = "max_wait_ms",
     .kind = TG_FIELD_INTEGER,
     .min = 0,
     .max = 600000,
     .default_number = 10000},
    {.name = "clamp_floor_tokens",
     .column = "clamp_floor_tokens",
     .kind = TG_FIELD_INTEGER,
     .min = 1,
     .max = 1000000,
     .default_number = 16},
    {.name = "outage", .column = "outage", .kind = TG_FIELD_CHOICE, .choices = outages, .default_text = "deny"},
    {.name = "account", .kind = TG_FIELD_JSON, .flags = TG_FIELD_COMPUTED | TG_FIELD_VOLATILE},
};

struct scope_row {
    const char *name;
    const struct tg_resource_type *type;
    Tollgate__V1__BudgetScope wire;
};

static const struct scope_row scope_rows[] = {
    {"organization", &tg_organization_type, TOLLGATE__V1__BUDGET_SCOPE__BUDGET_SCOPE_ORGANIZATION},
    {"team", &tg_team_type, TOLLGATE__V1__BUDGET_SCOPE__BUDGET_SCOPE_TEAM},
    {"project", &tg_project_type, TOLLGATE__V1__BUDGET_SCOPE__BUDGET_SCOPE_PROJECT},
    {"application", &tg_application_type, TOLLGATE__V1__BUDGET_SCOPE__BUDGET_SCOPE_APPLICATION},
    {"api_key", &tg_api_key_type, TOLLGATE__V1__BUDGET_SCOPE__BUDGET_SCOPE_API_KEY},
};

static const struct scope_row *find_scope(const struct tg_record *record)
{
    for (size_t i = 0; i < sizeof(scope_rows) / sizeof(scope_rows[0]); ++i) {
        if (tg_text_is(tg_record_get(record, "scope")->text, scope_rows[i].name))
            return &scope_rows[i];
    }
    return NULL;
}

static bool is_money(const struct tg_record *record)
{
    return tg_text_is(tg_record_get(record, "unit")->text, "money");
}

/* The unit decides how a limit is read. */
static void read_limit(struct tg_record *record, struct tg_refusal *refusal)
{
    struct tg_value *limit = tg_record_value(record, "limit");
    struct tg_text unit = tg_record_get(record, "unit")->text;
    uint64_t tokens = 0;
    if (!limit->is_given || unit.bytes == 0)
        return;
    if (is_money(record)) {
        if (!tg_money_parse(limit->text, &limit->number) || tg_text_starts_with(limit->text, "-"))
            tg_refuse_field(refusal, tg_text_of("limit"),
                            "must be a decimal number of US dollars with at most twelve decimals, up to 9223372,"
                            " such as \"0.02\"");
        return;
    }
    if (!tg_text_to_u64(limit->text, &tokens) || tokens > INT64_MAX)
        tg_refuse_field(refusal, tg_text_of("limit"), "must be a whole number of tokens, such as \"1000000\"");
    limit->number = (int64_t)tokens;
}

/* The scope decides what kind of resource scope_id names; it is locked like every reference. */
static enum tg_status resolve_scope(struct tg_operation *operation, struct tg_record *record,
                                    struct tg_refusal *refusal, struct tg_error *error)
{
    const struct scope_row *scope = find_scope(record);
    struct tg_value *scope_id = tg_record_value(record, "scope_id");
    if (scope == NULL)
        return TG_OK;
    if (!scope_id->is_given) {
        if (scope->type == &tg_organization_type)
            *scope_id = (struct tg_value){.is_given = true, .id = record->organization_id};
        else
            tg_refuse_field(refusal, tg_text_of("scope_id"), "is required for this scope");
        return TG_OK;
    }
    const char *sql = tg_arena_printf(operation->arena, "SELECT FROM %s WHERE id = $1 AND deleted_at IS NULL FOR SHARE",
                                      scope->type->table)
                          .data;
    struct tg_db_value params[] = {tg_db_id(scope_id->id)};
    TG_DB_RESULT tg_db_result *found = NULL;
    enum tg_status status = tg_db_query(operation->db, sql, params, 1, &found, error);
    if (status == TG_OK && tg_db_rows(found) == 0)
        tg_refuse_field(refusal, tg_text_of("scope_id"), "is no %s here", scope->type->noun);
    return status;
}

static enum tg_status prepare(struct tg_operation *operation, const struct tg_record *before, struct tg_record *after,
                              struct tg_refusal *refusal, struct tg_error *error)
{
    read_limit(after, refusal);
    return before != NULL ? TG_OK : resolve_scope(operation, after, refusal, error);
}

/* Replicas hold what they hold: a limit below that leaves an overrun, which shrinks the next grants to nothing. The
 * budget's row is written first, so that an account that is made meanwhile gets the new limit (bank_store.c). */
static enum tg_status store(struct tg_operation *operation, const struct tg_record *before,
                            const struct tg_record *after, struct tg_error *error)
{
    int64_t limit = tg_record_get(after, "limit")->number;
    if (before == NULL || tg_record_get(before, "limit")->number == limit)
        return TG_OK;
    struct tg_db_value params[] = {tg_db_id(after->organization_id), tg_db_id(after->id), tg_db_int64(limit)};
    enum tg_status status = tg_db_query(operation->db,
                                        "SELECT FROM budget_accounts WHERE organization_id = $1 AND budget_id = $2"
                                        " AND (window_end IS NULL OR window_end > now()) ORDER BY window_start"
                                        " FOR NO KEY UPDATE",
                                        params, 2, NULL, error);
    if (status != TG_OK)
        return status;
    return tg_db_query(operation->db,
                       "UPDATE budget_accounts SET limit_amount = $3::numeric,"
                       " overrun = greatest(0, settled + leased - $3::numeric)"
                       " WHERE organization_id = $1 AND budget_id = $2 AND (window_end IS NULL OR window_end > now())",
                       params, 3, NULL, error);
}

static void show_amount(struct tg_json_writer *writer, const char *key, bool in_money, const tg_db_result *result,
                        size_t row, size_t column)
{
    char digits[TG_DB_NUMERIC_TEXT_BYTES];
    char text[TG_AMOUNT_TEXT_BYTES];
    tg_db_get_numeric(result, row, column, digits);
    tg_amount_format(tg_text_of(digits), in_money, text);
    tg_show_text(writer, key, tg_text_of(text));
}

static void show_moment(struct tg_json_writer *writer, const char *key, const tg_db_result *result, size_t row,
                        size_t column, bool has_windows)
{
    if (!has_windows || tg_db_is_null(result, row, column))
        tg_show_null(writer, key);
    else
        tg_show_time(writer, key, tg_db_get_time_ms(result, row, column));
}

static enum tg_status show_account(struct tg_operation *operation, struct tg_record *record, const tg_db_result *result,
                                   size_t row)
{
    enum { MAX_ACCOUNT_BYTES = 4096 };
    bool in_money = is_money(record);
    bool has_windows = !tg_text_is(tg_record_get(record, "window")->text, "none");
    struct tg_buf buf;
    struct tg_json_writer writer;
    tg_buf_init(&buf, MAX_ACCOUNT_BYTES);
    tg_json_write_init(&writer, &buf);
    tg_json_write_object_begin(&writer);
    show_moment(&writer, "window_start", result, row, 1, has_windows);
    show_moment(&writer, "window_end", result, row, 2, has_windows);
    show_amount(&writer, "limit", in_money, result, row, 3);
    show_amount(&writer, "settled", in_money, result, row, 4);
    show_amount(&writer, "leased", in_money, result, row, 5);
    show_amount(&writer, "free", in_money, result, row, 6);
    show_amount(&writer, "overrun", in_money, result, row, 7);
    show_amount(&writer, "in_doubt", in_money, result, row, 8);
    tg_json_write_object_end(&writer);
    enum tg_status status = tg_json_write_finish(&writer);
    *tg_record_value(record, "account") = (struct tg_value){.text = tg_arena_copy(operation->arena, tg_buf_text(&buf))};
    tg_buf_deinit(&buf);
    return status;
}

static enum tg_status enrich(struct tg_operation *operation, struct tg_record *records, size_t count,
                             struct tg_error *error)
{
    struct tg_id *ids = tg_arena_alloc(operation->arena, count * sizeof(*ids));
    for (size_t i = 0; i < count; ++i) {
        ids[i] = records[i].id;
        *tg_record_value(&records[i], "account") = (struct tg_value){.is_null = true};
    }
    struct tg_db_value params[] = {tg_db_ids(ids, count)};
    TG_DB_RESULT tg_db_result *rows = NULL;
    enum tg_status status = tg_db_query(
        operation->db,
        "SELECT a.budget_id, a.window_start, a.window_end, a.limit_amount, a.settled, a.leased,"
        " greatest(0, a.limit_amount - a.settled - a.leased), a.overrun, coalesce(doubt.amount, 0)"
        " FROM budget_accounts a LEFT JOIN LATERAL (SELECT sum(l.remaining) AS amount FROM leases l"
        "  WHERE l.organization_id = a.organization_id AND l.budget_id = a.budget_id"
        "  AND l.window_start = a.window_start AND l.remaining > 0"
        "  AND NOT EXISTS (SELECT FROM replicas r WHERE r.boot_id = l.boot_id AND r.is_connected)) doubt ON true"
        " WHERE a.budget_id = ANY ($1::uuid[]) AND a.window_start <= now()"
        " AND (a.window_end IS NULL OR a.window_end > now()) ORDER BY a.budget_id, a.window_start",
        params, 1, &rows, error);
    if (status != TG_OK)
        return status;
    size_t next = 0; /* both are sorted by the budget */
    for (size_t row = 0; row < tg_db_rows(rows) && status == TG_OK; ++row) {
        while (next < count && !tg_id_equals(records[next].id, tg_db_get_id(rows, row, 0)))
            ++next;
        if (next == count)
            break;
        status = show_account(operation, &records[next], rows, row);
    }
    return status == TG_OK ? TG_OK : tg_fail(error, status, "an account is larger than expected");
}

static enum tg_status pack(const struct tg_operation *operation, const struct tg_record *record,
                           struct tg_packed *packed, struct tg_error *error)
{
    Tollgate__V1__Budget budget = TOLLGATE__V1__BUDGET__INIT;
    budget.id = tg_wire_id_field(&record->id);
    budget.organization_id = tg_wire_id_field(&record->organization_id);
    budget.name = tg_record_string(operation, record, "name");
    budget.scope = find_scope(record)->wire;
    budget.scope_id = tg_wire_id_field(&tg_record_get(record, "scope_id")->id);
    budget.model_id = tg_wire_id_field(&tg_record_get(record, "model_id")->id);
    budget.unit =
        is_money(record) ? TOLLGATE__V1__BUDGET_UNIT__BUDGET_UNIT_MONEY : TOLLGATE__V1__BUDGET_UNIT__BUDGET_UNIT_TOKENS;
    budget.contention = tg_text_is(tg_record_get(record, "contention")->text, "clamp")
                            ? TOLLGATE__V1__BUDGET_CONTENTION__BUDGET_CONTENTION_CLAMP
                            : TOLLGATE__V1__BUDGET_CONTENTION__BUDGET_CONTENTION_WAIT;
    budget.max_wait_ms = tg_record_get(record, "max_wait_ms")->number;
    budget.clamp_floor_tokens = tg_record_get(record, "clamp_floor_tokens")->number;
    budget.outage = tg_text_is(tg_record_get(record, "outage")->text, "deny")
                        ? TOLLGATE__V1__BUDGET_OUTAGE__BUDGET_OUTAGE_DENY
                        : TOLLGATE__V1__BUDGET_OUTAGE__BUDGET_OUTAGE_ALLOW_AND_REPORT;
    budget.limit_amount = tg_record_get(record, "limit")->number;
    budget.window = tg_record_string(operation, record, "window");
    Tollgate__V1__Resource resource = TOLLGATE__V1__RESOURCE__INIT;
    resource.kind_case = TOLLGATE__V1__RESOURCE__KIND_BUDGET;
    resource.budget = &budget;
    return tg_snapshot_pack(&resource, packed, error);
}

const struct tg_resource_type tg_budget_type = {
    .name = "budget",
    .plural = "budgets",
    .noun = "budget",
    .article_noun = "a budget",
    .table = "budgets",
    .wire_type = TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_BUDGET,
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .prepare = prepare,
    .enrich = enrich,
    .store = store,
    .pack = pack,
};
