/* What an organization used, for finance: every record as a line, or sums over them.
 *
 * Everything runs as the tenant, so that row-level security bounds what can be seen. The caller holds no open
 * transaction on `db`. Moments are [from, to). */
#ifndef TG_REPORTS_REPORTS_H
#define TG_REPORTS_REPORTS_H

#include "common/base/id.h"
#include "common/base/status.h"
#include "common/base/usage.h"
#include "controlplane/store/db.h"

/* Takes the next piece of the report; the bytes are gone after it returns. Anything but TG_OK ends the report and is
 * returned. It may block. */
typedef enum tg_status tg_report_sink(void *user, struct tg_text piece);

enum tg_report_format { TG_REPORT_CSV, TG_REPORT_JSONL };
const char *tg_report_format_name(enum tg_report_format format); /* "csv", "jsonl" */
bool tg_report_format_parse(struct tg_text name, enum tg_report_format *format);
const char *tg_report_media_type(enum tg_report_format format);

struct tg_report_range {
    int64_t from_ms, to_ms;
};

/* Usage records in order of started_at. CSV is RFC 4180 with a header line; a text cell that a spreadsheet would take
 * for a formula begins with an apostrophe. JSON lines: one object each, null where there is nothing. Money is a decimal
 * string of dollars. Read in pages, each in a statement of its own: memory is bounded and a slow sink holds no
 * transaction; what is booked meanwhile into a moment that was passed is not in it. */
enum tg_status tg_report_export(tg_db *db, struct tg_id organization_id, struct tg_report_range range,
                                enum tg_report_format format, tg_report_sink *sink, void *user,
                                struct tg_error *error) TG_MUST_CHECK;

enum tg_report_dimension { TG_REPORT_TEAM, TG_REPORT_PROJECT, TG_REPORT_APPLICATION, TG_REPORT_MODEL };
const char *tg_report_dimension_name(enum tg_report_dimension dimension);
bool tg_report_dimension_parse(struct tg_text name, enum tg_report_dimension *dimension);

/* One row of a summary; text is valid during the call. */
struct tg_report_sum {
    struct tg_id id;     /* zero: what belongs to none */
    struct tg_text name; /* empty then */
    int64_t requests, refused;
    int64_t unpriced_requests; /* whose cost lacks something that has no price */
    struct tg_usage usage;     /* INT64_MAX for anything beyond */
    struct tg_text cost_usd;   /* decimal */
};

/* The most expensive first. Whole hours come from the rollups, what is left at both ends from the records: the result
 * is exact for any range. */
enum tg_status tg_report_summarize(tg_db *db, struct tg_id organization_id, struct tg_report_range range,
                                   enum tg_report_dimension dimension,
                                   enum tg_status (*on_sum)(void *user, const struct tg_report_sum *sum), void *user,
                                   struct tg_error *error) TG_MUST_CHECK;

#endif
