#include "controlplane/reports/reports.h"

enum { HOUR_MS = 3600000 };

#define COLUMN(column) " " #column ","
#define SUM(column)    " sum(" #column ") AS " #column ","
#define OF_S(column)   " s." #column ","
/* Every kind's column, for the middle of a statement. */
#define KINDS      TG_USAGE_COLUMNS(COLUMN)
#define SUMS       TG_USAGE_COLUMNS(SUM)
#define KINDS_OF_S TG_USAGE_COLUMNS(OF_S)

/* Sums over whole hours from the rollups, united with the ends of the range from the records.
 * $1 organization, $2 from, $3 first whole hour, $4 end of the last one, $5 to. */
#define SUMMARY(id, table)                                                                                             \
    "WITH parts AS ("                                                                                                  \
    "SELECT " id " AS id, outcome, requests, unpriced_requests," KINDS " cost_pusd FROM usage_rollups_hourly"          \
    " WHERE organization_id = $1 AND hour >= $3 AND hour < $4 "                                                        \
    "UNION ALL "                                                                                                       \
    "SELECT coalesce(" id ", '00000000-0000-0000-0000-000000000000'), outcome, 1, is_unpriced::int," KINDS             \
    " cost_pusd FROM usage_records WHERE organization_id = $1"                                                         \
    " AND started_at >= $2 AND started_at < $5 AND (started_at < $3 OR started_at >= $4)),"                            \
    " sums AS (SELECT id, sum(requests) AS requests, coalesce(sum(requests) FILTER (WHERE outcome = 'refused'), 0) AS" \
    " refused, sum(unpriced_requests) AS unpriced_requests," SUMS " sum(cost_pusd) AS cost_pusd"                       \
    " FROM parts GROUP BY id) "                                                                                        \
    "SELECT s.id, n.name::text, trim_scale(s.cost_pusd * 0.000000000001)::text, s.requests, s.refused," KINDS_OF_S     \
    " s.unpriced_requests FROM sums s "                                                                                \
    "LEFT JOIN " table " n ON n.organization_id = $1 AND n.id = s.id ORDER BY s.cost_pusd DESC, s.requests DESC, s.id"
enum { FIRST_KIND = 5 };

static const struct dimension {
    const char *name, *sql;
} dimensions[] = {
    [TG_REPORT_TEAM] = {"team", SUMMARY("team_id", "teams")},
    [TG_REPORT_PROJECT] = {"project", SUMMARY("project_id", "projects")},
    [TG_REPORT_APPLICATION] = {"application", SUMMARY("application_id", "applications")},
    [TG_REPORT_MODEL] = {"model", SUMMARY("model_id", "models")},
};

const char *tg_report_dimension_name(enum tg_report_dimension dimension)
{
    return dimensions[dimension].name;
}

bool tg_report_dimension_parse(struct tg_text name, enum tg_report_dimension *dimension)
{
    for (size_t i = 0; i < sizeof(dimensions) / sizeof(dimensions[0]); ++i) {
        if (!tg_text_is(name, dimensions[i].name))
            continue;
        *dimension = (enum tg_report_dimension)i;
        return true;
    }
    return false;
}

struct listener {
    enum tg_status (*on_sum)(void *user, const struct tg_report_sum *sum);
    void *user;
};

static int64_t count_at(const tg_db_result *row, size_t column)
{
    int64_t value;
    return tg_db_get_numeric_int64(row, 0, column, &value) ? value : INT64_MAX;
}

static enum tg_status on_row(void *user, const tg_db_result *row)
{
    const struct listener *listener = user;
    struct tg_report_sum sum = {
        .id = tg_db_get_id(row, 0, 0),
        .name = tg_db_get_text(row, 0, 1),
        .cost_usd = tg_db_get_text(row, 0, 2),
        .requests = count_at(row, 3),
        .refused = count_at(row, 4),
        .unpriced_requests = count_at(row, FIRST_KIND + TG_USAGE_KIND_COUNT),
    };
    for (size_t kind = 0; kind < TG_USAGE_KIND_COUNT; ++kind)
        sum.usage.of[kind] = count_at(row, FIRST_KIND + kind);
    return listener->on_sum(listener->user, &sum);
}

/* The whole hours inside the range; where there are none, an empty span at its end. */
static struct tg_report_range whole_hours(struct tg_report_range range)
{
    int64_t first = (range.from_ms + HOUR_MS - 1) / HOUR_MS * HOUR_MS, end = range.to_ms / HOUR_MS * HOUR_MS;
    if (first >= end)
        return (struct tg_report_range){range.to_ms, range.to_ms};
    return (struct tg_report_range){first, end};
}

enum tg_status tg_report_summarize(tg_db *db, struct tg_id organization_id, struct tg_report_range range,
                                   enum tg_report_dimension dimension,
                                   enum tg_status (*on_sum)(void *user, const struct tg_report_sum *sum), void *user,
                                   struct tg_error *error)
{
    struct tg_report_range hours = whole_hours(range);
    struct tg_db_value params[] = {tg_db_id(organization_id), tg_db_time(range.from_ms), tg_db_time(hours.from_ms),
                                   tg_db_time(hours.to_ms), tg_db_time(range.to_ms)};
    struct listener listener = {on_sum, user};
    TG_DB_SCOPE tg_db *scope = db;
    enum tg_status status = tg_db_begin(db, TG_DB_TENANT, &organization_id, error);
    if (status == TG_OK)
        status = tg_db_stream(db, dimensions[dimension].sql, params, 5, on_row, &listener, error);
    return status;
}
