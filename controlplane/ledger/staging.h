/* One booking's statements, in the order in which they run. Everything happens inside the caller's platform
 * transaction. The batch is gathered in temporary tables of the connection, which empty themselves at its end:
 * Postgres does not COPY into tables with row-level security. */
#ifndef TG_LEDGER_STAGING_H
#define TG_LEDGER_STAGING_H

#include "common/base/id.h"
#include "common/wire/protocol.h"
#include "controlplane/store/db.h"

struct tg_staging {
    tg_db *db;
    const char *replica;
    struct tg_id boot_id;
};

/* Makes the tables where the connection has none yet. */
enum tg_status tg_staging_prepare(const struct tg_staging *staging, struct tg_error *error) TG_MUST_CHECK;

/* COPY: rows between begin and end. */
enum tg_status tg_staging_begin(const struct tg_staging *staging, struct tg_error *error) TG_MUST_CHECK;
enum tg_status tg_staging_add(const struct tg_staging *staging, const Tollgate__V1__UsageRecord *record,
                              int64_t sequence, struct tg_error *error) TG_MUST_CHECK;
enum tg_status tg_staging_end(const struct tg_staging *staging, struct tg_error *error) TG_MUST_CHECK;

/* From staging into usage_records and usage_rollups_hourly. */
enum tg_status tg_staging_book_records(const struct tg_staging *staging, struct tg_error *error) TG_MUST_CHECK;

/* From staging into budget_accounts and leases. `uncovered` counts accounts that paid more than their leases covered;
 * they are logged. */
enum tg_status tg_staging_settle_charges(const struct tg_staging *staging, size_t *uncovered,
                                         struct tg_error *error) TG_MUST_CHECK;

/* The record, whole, into usage_rejected. */
enum tg_status tg_staging_reject(const struct tg_staging *staging, const Tollgate__V1__UsageRecord *record,
                                 int64_t sequence, const char *reason, struct tg_error *error) TG_MUST_CHECK;

#endif
