#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/time.h"
#include "controlplane/store/internal.h"

enum { GRACE_MS = 5000 }; /* beyond the server's own statement timeout */

static int64_t or_default(int64_t value, int64_t fallback)
{
    return value == 0 ? fallback : value;
}

enum tg_status tg_db_open(const struct tg_db_config *config, tg_db **db, struct tg_error *error)
{
    *db = NULL;
    char *reason = NULL;
    PQconninfoOption *options = PQconninfoParse(config->url, &reason);
    PQfreemem(reason); /* it may quote the URL, and with it a password */
    if (options == NULL)
        return tg_fail(error, TG_INVALID, "the database URL is malformed; write postgresql://user@host/database");
    PQconninfoFree(options);
    tg_db *created = calloc(1, sizeof(*created));
    if (created == NULL)
        abort();
    created->url = tg_text_strdup(tg_text_of(config->url));
    created->application_name = tg_text_strdup(tg_text_of(config->application_name));
    created->connect_timeout_ms = or_default(config->connect_timeout_ms, 5000);
    created->statement_timeout_ms = or_default(config->statement_timeout_ms, 10000);
    created->lock_timeout_ms = or_default(config->lock_timeout_ms, 5000);
    tg_buf_init(&created->copy_row, 1 << 20);
    *db = created;
    return TG_OK;
}

void tg_db_close(tg_db *db)
{
    if (db == NULL)
        return;
    tg_db_drop(db);
    for (size_t i = 0; i < db->channel_count; ++i)
        free((char *)db->channels[i]);
    tg_buf_deinit(&db->copy_row);
    free(db->application_name);
    free(db->url);
    free(db);
}

static void forget_statements(tg_db *db)
{
    for (size_t i = 0; i < TG_DB_STATEMENT_BUCKETS; ++i) {
        while (db->statements[i] != NULL) {
            struct tg_db_statement *statement = db->statements[i];
            db->statements[i] = statement->next;
            free(statement);
        }
    }
    db->statement_count = 0;
}

void tg_db_drop(tg_db *db)
{
    PQfinish(db->connection);
    db->connection = NULL;
    db->in_transaction = false;
    db->is_copying = false;
    forget_statements(db);
}

static void ignore_server_notice(void *user, const char *message)
{
}

/* Waits for `events` on the connection's socket. False at the deadline. */
static bool wait_socket(const tg_db *db, short events, int64_t deadline_ms)
{
    for (;;) {
        int64_t left_ms = deadline_ms - tg_time_monotonic_ms();
        if (left_ms <= 0)
            return false;
        struct pollfd watched = {.fd = PQsocket(db->connection), .events = events};
        int ready = poll(&watched, 1, left_ms > 60000 ? 60000 : (int)left_ms);
        if (ready > 0)
            return true;
    }
}

static enum tg_status fail_connect(tg_db *db, const char *reason, struct tg_error *error)
{
    size_t bytes = strcspn(reason, "\n");
    enum tg_status status = tg_fail(error, TG_UNAVAILABLE, "cannot connect to the database: %.*s", (int)bytes, reason);
    tg_db_drop(db);
    return status;
}

static enum tg_status dial(tg_db *db, struct tg_error *error)
{
    const char *const keys[] = {"dbname", "fallback_application_name", "tcp_user_timeout", "client_encoding", NULL};
    const char *const values[] = {db->url, db->application_name, "15000", "UTF8", NULL};
    db->connection = PQconnectStartParams(keys, values, 1);
    if (db->connection == NULL)
        abort();
    PQsetNoticeProcessor(db->connection, ignore_server_notice, NULL);
    int64_t deadline_ms = tg_time_monotonic_ms() + db->connect_timeout_ms;
    PostgresPollingStatusType state =
        PQstatus(db->connection) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
    while (state != PGRES_POLLING_OK) {
        if (state == PGRES_POLLING_FAILED)
            return fail_connect(db, PQerrorMessage(db->connection), error);
        if (!wait_socket(db, state == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline_ms))
            return fail_connect(db, "it did not answer in time", error);
        state = PQconnectPoll(db->connection);
    }
    PQsetnonblocking(db->connection, 1);
    return TG_OK;
}

bool tg_db_pump(tg_db *db, int64_t deadline_ms)
{
    for (;;) {
        int unsent = PQflush(db->connection);
        if (unsent < 0)
            return false;
        if (unsent == 0 && !PQisBusy(db->connection))
            return true;
        if (!wait_socket(db, (short)(POLLIN | (unsent > 0 ? POLLOUT : 0)), deadline_ms))
            return false;
        if (!PQconsumeInput(db->connection))
            return false;
    }
}

bool tg_db_flush(tg_db *db, int64_t deadline_ms)
{
    for (;;) {
        int unsent = PQflush(db->connection);
        if (unsent <= 0)
            return unsent == 0;
        /* Reading too: a server that waits for us to read an error would never take the rest. */
        if (!wait_socket(db, POLLIN | POLLOUT, deadline_ms) || !PQconsumeInput(db->connection))
            return false;
    }
}

int64_t tg_db_deadline_ms(const tg_db *db)
{
    return tg_time_monotonic_ms() + db->statement_timeout_ms + GRACE_MS;
}

static bool is_failure(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
}

PGresult *tg_db_gather(tg_db *db, int64_t deadline_ms)
{
    PGresult *kept = NULL;
    for (;;) {
        if (!tg_db_pump(db, deadline_ms)) {
            PQclear(kept);
            return NULL;
        }
        PGresult *result = PQgetResult(db->connection);
        if (result == NULL)
            return PQstatus(db->connection) == CONNECTION_BAD && kept == NULL ? NULL : kept;
        if (kept != NULL && is_failure(kept)) {
            PQclear(result);
            continue;
        }
        PQclear(kept);
        kept = result;
        if (PQresultStatus(result) == PGRES_COPY_IN)
            return kept;
    }
}

/* Unprepared and without parameters: only SQL that this room writes. */
static enum tg_status run(tg_db *db, const char *sql, int64_t deadline_ms, struct tg_error *error)
{
    PGresult *result = PQsendQuery(db->connection, sql) ? tg_db_gather(db, deadline_ms) : NULL;
    enum tg_status status = result == NULL || is_failure(result) ? tg_db_fail(db, result, error) : TG_OK;
    PQclear(result);
    return status;
}

static enum tg_status set_up_session(tg_db *db, struct tg_error *error)
{
    char sql[512];
    snprintf(sql, sizeof(sql),
             "SET statement_timeout = %lld; SET lock_timeout = %lld; SET idle_in_transaction_session_timeout = 60000; "
             "SET timezone = 'UTC'; SET default_transaction_isolation = 'read committed'",
             (long long)db->statement_timeout_ms, (long long)db->lock_timeout_ms);
    enum tg_status status = run(db, sql, tg_db_deadline_ms(db), error);
    for (size_t i = 0; i < db->channel_count && status == TG_OK; ++i) {
        snprintf(sql, sizeof(sql), "LISTEN %s", db->channels[i]);
        status = run(db, sql, tg_db_deadline_ms(db), error);
    }
    if (status != TG_OK)
        tg_db_drop(db);
    return status;
}

enum tg_status tg_db_connect(tg_db *db, struct tg_error *error)
{
    if (db->connection != NULL && PQstatus(db->connection) == CONNECTION_OK)
        return TG_OK;
    assert(!db->in_transaction || db->connection != NULL);
    tg_db_drop(db);
    enum tg_status status = dial(db, error);
    return status != TG_OK ? status : set_up_session(db, error);
}

const char *tg_db_role_name(enum tg_db_role role)
{
    switch (role) {
    case TG_DB_LOGIN:
        return "none";
    case TG_DB_TENANT:
        return "tollgate_tenant";
    case TG_DB_PLATFORM:
        return "tollgate_platform";
    }
    return "unknown";
}

enum tg_status tg_db_begin(tg_db *db, enum tg_db_role role, const struct tg_id *organization, struct tg_error *error)
{
    assert(!db->in_transaction);
    assert((role == TG_DB_TENANT) == (organization != NULL));
    char sql[256];
    int bytes = snprintf(sql, sizeof(sql), "BEGIN");
    if (role != TG_DB_LOGIN)
        bytes += snprintf(sql + bytes, sizeof(sql) - (size_t)bytes, "; SET LOCAL ROLE %s", tg_db_role_name(role));
    if (organization != NULL) {
        char id[TG_ID_TEXT_BYTES];
        tg_id_format(*organization, id);
        snprintf(sql + bytes, sizeof(sql) - (size_t)bytes, "; SET LOCAL tollgate.organization_id = '%s'", id);
    }
    enum tg_status status = TG_UNAVAILABLE;
    for (int attempt = 0; attempt < 2 && status == TG_UNAVAILABLE; ++attempt) { /* an idle connection may have died */
        bool was_connected = db->connection != NULL;
        status = tg_db_connect(db, error);
        if (status != TG_OK)
            return status;
        status = run(db, sql, tg_db_deadline_ms(db), error);
        if (!was_connected)
            break;
    }
    db->in_transaction = db->connection != NULL;
    if (status != TG_OK)
        tg_db_rollback(db);
    return status;
}

enum tg_status tg_db_set_organization(tg_db *db, struct tg_id organization, struct tg_error *error)
{
    assert(db->in_transaction);
    char id[TG_ID_TEXT_BYTES];
    char sql[128];
    tg_id_format(organization, id);
    snprintf(sql, sizeof(sql), "SET LOCAL tollgate.organization_id = '%s'", id);
    return run(db, sql, tg_db_deadline_ms(db), error);
}

enum tg_status tg_db_commit(tg_db *db, struct tg_error *error)
{
    assert(db->in_transaction);
    if (PQtransactionStatus(db->connection) == PQTRANS_INERROR) { /* COMMIT would roll back and call that success */
        tg_db_rollback(db);
        return tg_fail(error, TG_CONFLICT, "the transaction had failed before its commit");
    }
    enum tg_status status = run(db, "COMMIT", tg_db_deadline_ms(db), error);
    db->in_transaction = false;
    return status;
}

void tg_db_rollback(tg_db *db)
{
    if (!db->in_transaction)
        return;
    struct tg_error error;
    bool is_clean = !db->is_copying && db->connection != NULL && PQtransactionStatus(db->connection) != PQTRANS_ACTIVE;
    if (!is_clean || run(db, "ROLLBACK", tg_db_deadline_ms(db), &error) != TG_OK)
        tg_db_drop(db);
    db->in_transaction = false;
}

bool tg_db_in_transaction(const tg_db *db)
{
    return db->in_transaction;
}

enum tg_status tg_db_run_script(tg_db *db, const char *sql, struct tg_error *error)
{
    enum { SCRIPT_TIMEOUT_MS = 3600 * 1000 };
    enum tg_status status = tg_db_connect(db, error);
    if (status == TG_OK)
        status = run(db, "SET statement_timeout = 0", tg_db_deadline_ms(db), error);
    return status != TG_OK ? status : run(db, sql, tg_time_monotonic_ms() + SCRIPT_TIMEOUT_MS, error);
}
