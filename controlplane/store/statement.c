#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/time.h"
#include "controlplane/store/internal.h"

static struct tg_db_statement **find(tg_db *db, const char *sql)
{
    struct tg_db_statement **at = &db->statements[tg_text_hash(tg_text_of(sql), 0) % TG_DB_STATEMENT_BUCKETS];
    while (*at != NULL && strcmp((*at)->sql, sql) != 0)
        at = &(*at)->next;
    return at;
}

enum { NAME_BYTES = 32 };

static void name_of(uint64_t number, char name[NAME_BYTES])
{
    snprintf(name, NAME_BYTES, "tg_%" PRIu64, number);
}

static bool has_failed(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result); /* NULL counts as fatal */
    return status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_SINGLE_TUPLE &&
           status != PGRES_COPY_IN;
}

/* Beyond the bound everything is prepared anew: simple, and no program of ours has that many statements. */
static enum tg_status make_room(tg_db *db, struct tg_error *error)
{
    PGresult *result = PQsendQuery(db->connection, "DEALLOCATE ALL") ? tg_db_gather(db, tg_db_deadline_ms(db)) : NULL;
    enum tg_status status = has_failed(result) ? tg_db_fail(db, result, error) : TG_OK;
    PQclear(result);
    for (size_t i = 0; i < TG_DB_STATEMENT_BUCKETS && status == TG_OK; ++i) {
        while (db->statements[i] != NULL) {
            struct tg_db_statement *statement = db->statements[i];
            db->statements[i] = statement->next;
            free(statement);
        }
    }
    if (status == TG_OK)
        db->statement_count = 0;
    return status;
}

static enum tg_status prepare(tg_db *db, const char *sql, char name[NAME_BYTES], struct tg_error *error)
{
    struct tg_db_statement **at = find(db, sql);
    if (*at != NULL) {
        name_of((*at)->number, name);
        return TG_OK;
    }
    if (db->statement_count == TG_DB_MAX_STATEMENTS) {
        enum tg_status status = make_room(db, error);
        if (status != TG_OK)
            return status;
        at = find(db, sql);
    }
    uint64_t number = ++db->last_statement;
    name_of(number, name);
    PGresult *result =
        PQsendPrepare(db->connection, name, sql, 0, NULL) ? tg_db_gather(db, tg_db_deadline_ms(db)) : NULL;
    enum tg_status status = has_failed(result) ? tg_db_fail(db, result, error) : TG_OK;
    PQclear(result);
    if (status != TG_OK)
        return status;
    size_t bytes = strlen(sql) + 1;
    struct tg_db_statement *statement = malloc(sizeof(*statement) + bytes);
    if (statement == NULL)
        abort();
    statement->next = NULL;
    statement->number = number;
    memcpy(statement->sql, sql, bytes);
    *at = statement;
    ++db->statement_count;
    return TG_OK;
}

/* A migration changed a table under a prepared statement, or a pooler lost it: the next use prepares it again. */
static void forget_if_stale(tg_db *db, const char *sql)
{
    if (strcmp(db->sqlstate, "0A000") != 0 && strcmp(db->sqlstate, "26000") != 0)
        return;
    struct tg_db_statement **at = find(db, sql);
    if (*at == NULL)
        return;
    struct tg_db_statement *stale = *at;
    *at = stale->next;
    free(stale);
    --db->statement_count;
}

static bool send_prepared(tg_db *db, const char *name, const struct tg_db_value *params, size_t count)
{
    assert(count <= TG_DB_MAX_PARAMS);
    const char *values[TG_DB_MAX_PARAMS];
    int lengths[TG_DB_MAX_PARAMS];
    int formats[TG_DB_MAX_PARAMS];
    struct tg_arena arena;
    tg_arena_init(&arena);
    for (size_t i = 0; i < count; ++i) {
        bool is_binary;
        struct tg_text text = tg_db_encode_param(&arena, &params[i], &is_binary);
        values[i] = text.data;
        lengths[i] = (int)text.bytes;
        formats[i] = is_binary;
    }
    bool is_sent = PQsendQueryPrepared(db->connection, name, (int)count, values, lengths, formats, 1);
    tg_arena_deinit(&arena);
    return is_sent;
}

static enum tg_status start(tg_db *db, const char *sql, const struct tg_db_value *params, size_t count,
                            struct tg_error *error)
{
    assert(!db->is_copying);
    db->sqlstate[0] = '\0';
    db->constraint[0] = '\0';
    if (db->in_transaction && db->connection == NULL)
        return tg_fail(error, TG_UNAVAILABLE, "the database connection was lost in this transaction");
    char name[NAME_BYTES];
    enum tg_status status = db->in_transaction ? TG_OK : tg_db_connect(db, error);
    if (status == TG_OK)
        status = prepare(db, sql, name, error);
    if (status == TG_OK && !send_prepared(db, name, params, count))
        status = tg_db_fail(db, NULL, error);
    return status;
}

enum tg_status tg_db_query(tg_db *db, const char *sql, const struct tg_db_value *params, size_t count,
                           tg_db_result **result, struct tg_error *error)
{
    if (result != NULL)
        *result = NULL;
    enum tg_status status = start(db, sql, params, count, error);
    if (status != TG_OK)
        return status;
    PGresult *native = tg_db_gather(db, tg_db_deadline_ms(db));
    if (has_failed(native)) {
        status = tg_db_fail(db, native, error);
        forget_if_stale(db, sql);
    }
    if (status == TG_OK && result != NULL) {
        *result = malloc(sizeof(**result));
        if (*result == NULL)
            abort();
        (*result)->native = native;
    } else {
        PQclear(native);
    }
    return status;
}

/* The rest of an answer that nobody wants: asks the server to stop and reads to the end. */
static void discard_rest(tg_db *db)
{
    PGcancel *cancel = PQgetCancel(db->connection);
    char reason[256];
    if (cancel == NULL || !PQcancel(cancel, reason, sizeof(reason))) {
        PQfreeCancel(cancel);
        tg_db_drop(db);
        return;
    }
    PQfreeCancel(cancel);
    for (;;) {
        if (!tg_db_pump(db, tg_db_deadline_ms(db))) {
            tg_db_drop(db);
            return;
        }
        PGresult *result = PQgetResult(db->connection);
        if (result == NULL)
            return;
        PQclear(result);
    }
}

enum tg_status tg_db_stream(tg_db *db, const char *sql, const struct tg_db_value *params, size_t count,
                            enum tg_status (*on_row)(void *user, const tg_db_result *row), void *user,
                            struct tg_error *error)
{
    enum tg_status status = start(db, sql, params, count, error);
    if (status != TG_OK)
        return status;
    PQsetSingleRowMode(db->connection);
    for (;;) {
        if (!tg_db_pump(db, tg_db_deadline_ms(db)))
            return tg_db_fail(db, NULL, error);
        tg_db_result row = {.native = PQgetResult(db->connection)};
        if (row.native == NULL)
            return status;
        if (has_failed(row.native)) {
            if (status == TG_OK)
                status = tg_db_fail(db, row.native, error);
            forget_if_stale(db, sql);
        } else if (PQntuples(row.native) == 1) {
            status = on_row(user, &row);
        }
        PQclear(row.native);
        if (db->connection == NULL)
            return status;
        if (status != TG_OK && db->sqlstate[0] == '\0') {
            bool was_in_transaction = db->in_transaction;
            discard_rest(db);
            db->in_transaction = was_in_transaction;
            return status;
        }
    }
}
