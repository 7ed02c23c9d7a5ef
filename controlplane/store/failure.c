#include <stdio.h>

#include "controlplane/store/internal.h"

struct class_row {
    const char *prefix; /* of the SQLSTATE; the first match wins (Postgres manual, appendix A) */
    enum tg_status status;
};

static const struct class_row classes[] = {
    {"23505", TG_CONFLICT},    /* unique_violation */
    {"23503", TG_NOT_FOUND},   /* foreign_key_violation */
    {"23", TG_INVALID},        /* check, not null, exclusion */
    {"22", TG_INVALID},        /* data exceptions */
    {"42501", TG_DENIED},      /* insufficient_privilege, row-level security */
    {"28", TG_DENIED},         /* authorization */
    {"40", TG_EXHAUSTED},      /* serialization_failure, deadlock_detected */
    {"53", TG_EXHAUSTED},      /* disk, memory, connections */
    {"57014", TG_TIMEOUT},     /* query_canceled: the statement timeout */
    {"55P03", TG_TIMEOUT},     /* lock_not_available: the lock timeout */
    {"25P03", TG_UNAVAILABLE}, /* idle_in_transaction_session_timeout */
    {"57P", TG_UNAVAILABLE},   /* shutdown, crash */
    {"08", TG_UNAVAILABLE},    /* connection exceptions */
};

static enum tg_status status_of(const char *sqlstate)
{
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); ++i) {
        if (strncmp(sqlstate, classes[i].prefix, strlen(classes[i].prefix)) == 0)
            return classes[i].status;
    }
    return TG_IO;
}

static const char *field_or_empty(const PGresult *native, int field)
{
    const char *value = native == NULL ? NULL : PQresultErrorField(native, field);
    return value == NULL ? "" : value;
}

enum tg_status tg_db_fail(tg_db *db, const PGresult *native, struct tg_error *error)
{
    snprintf(db->sqlstate, sizeof(db->sqlstate), "%s", field_or_empty(native, PG_DIAG_SQLSTATE));
    snprintf(db->constraint, sizeof(db->constraint), "%s", field_or_empty(native, PG_DIAG_CONSTRAINT_NAME));
    bool is_lost = native == NULL || db->connection == NULL || PQstatus(db->connection) == CONNECTION_BAD;
    enum tg_status status = db->sqlstate[0] == '\0' || is_lost ? TG_UNAVAILABLE : status_of(db->sqlstate);
    const char *reason = field_or_empty(native, PG_DIAG_MESSAGE_PRIMARY);
    if (reason[0] == '\0')
        reason = native == NULL ? "the connection was lost or the server did not answer in time"
                                : PQresultErrorMessage(native);
    tg_fail(error, status, "database: %.*s", (int)strcspn(reason, "\n"), reason);
    if (status == TG_UNAVAILABLE) {
        bool was_in_transaction = db->in_transaction;
        tg_db_drop(db);
        db->in_transaction = was_in_transaction; /* its owner still has to end it */
    }
    return status;
}

const char *tg_db_constraint(const tg_db *db)
{
    return db->constraint;
}

bool tg_db_should_retry(const tg_db *db)
{
    return strcmp(db->sqlstate, "40001") == 0 || strcmp(db->sqlstate, "40P01") == 0;
}
