#include "controlplane/minting/expiry.h"

#include "common/base/time.h"
#include "common/log/log.h"
#include "controlplane/catalog/catalog.h"

/* The token of a credential that is exchanged ends, too, but has a time of its next minting. */
#define OF_EXPIRING                                                                                                    \
    " FROM credentials WHERE next_mint_at IS NULL AND expires_at < now() + $1::bigint * interval '1 ms'"               \
    " AND deleted_at IS NULL"

static enum tg_status ask(tg_db *db, const char *sql, tg_db_result **rows, struct tg_error *error)
{
    TG_DB_SCOPE tg_db *scope = db;
    struct tg_db_value params[] = {tg_db_int64(TG_CREDENTIAL_EXPIRING_MS)};
    enum tg_status status = tg_db_begin(db, TG_DB_PLATFORM, NULL, error);
    if (status == TG_OK)
        status = tg_db_query(db, sql, params, 1, rows, error);
    return status == TG_OK ? tg_db_commit(db, error) : status;
}

enum tg_status tg_expiry_count(tg_db *db, int64_t *count, struct tg_error *error)
{
    TG_DB_RESULT tg_db_result *row = NULL;
    enum tg_status status = ask(db, "SELECT count(*)" OF_EXPIRING, &row, error);
    *count = status == TG_OK ? tg_db_get_int64(row, 0, 0) : 0;
    return status;
}

enum tg_status tg_expiry_warn(tg_db *db, struct tg_error *error)
{
    TG_DB_RESULT tg_db_result *rows = NULL;
    enum tg_status status =
        ask(db, "SELECT organization_id, id, name::text, expires_at" OF_EXPIRING " ORDER BY expires_at LIMIT 100",
            &rows, error);
    int64_t now_ms = tg_time_unix_ms();
    for (size_t i = 0; status == TG_OK && i < tg_db_rows(rows); ++i)
        tg_log(TG_LOG_WARNING, "client_certificate_expires", tg_log_id("organization_id", tg_db_get_id(rows, i, 0)),
               tg_log_id("credential_id", tg_db_get_id(rows, i, 1)),
               tg_log_text("credential", tg_db_get_text(rows, i, 2)),
               tg_log_number("expires_in_ms", tg_db_get_time_ms(rows, i, 3) - now_ms));
    return status;
}
