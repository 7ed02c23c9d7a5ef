/* The database, as straight-line code sees it: one blocking connection per thread.
 *
 *     TG_DB_SCOPE tg_db *scope = db;                            // rolls back unless committed
 *     status = tg_db_begin(db, TG_DB_TENANT, &organization, error);
 *     status = tg_db_query(db, "SELECT name FROM teams WHERE id = $1", params, 1, &result, error);
 *     status = tg_db_commit(db, error);
 *
 * A connection is made when it is first needed and made again when it was lost; only what was inside a transaction then
 * fails (TG_UNAVAILABLE). Every transaction takes one of the two roles of migrations/0001, so that row-level security
 * decides what it can see. Statements are prepared once per connection, parameters always bound. Every wait ends: the
 * server enforces the statement timeout, and a server that does not answer a while after it is given up.
 * The only room that sees libpq. */
#ifndef TG_STORE_DB_H
#define TG_STORE_DB_H

#include "common/base/id.h"
#include "common/base/status.h"

typedef struct tg_db tg_db;
typedef struct tg_db_result tg_db_result;

struct tg_db_config {
    const char *url;              /* as libpq takes it: a postgresql:// URL or keywords and values */
    const char *application_name; /* shows in pg_stat_activity */
    int64_t connect_timeout_ms;   /* 0: 5 s */
    int64_t statement_timeout_ms; /* 0: 10 s */
    int64_t lock_timeout_ms;      /* 0: 5 s */
};

/* Checks the URL and keeps copies; does not connect yet. TG_INVALID for a malformed URL (which is not quoted). */
enum tg_status tg_db_open(const struct tg_db_config *config, tg_db **db, struct tg_error *error) TG_MUST_CHECK;
void tg_db_close(tg_db *db); /* NULL is fine; an open transaction is rolled back by the server */

/* Connects if that is needed. TG_UNAVAILABLE with the server's or the system's reason. */
enum tg_status tg_db_connect(tg_db *db, struct tg_error *error) TG_MUST_CHECK;

/* ---- transactions ------------------------------------------------------------------------------------------------ */

enum tg_db_role {
    TG_DB_LOGIN,    /* as logged in: migrations */
    TG_DB_TENANT,   /* one organization's configuration and reports; `organization` is required */
    TG_DB_PLATFORM, /* the stream and the ledger, and what spans organizations; `organization` is NULL */
};
const char *tg_db_role_name(enum tg_db_role role);

/* READ COMMITTED, in one round trip. On a lost connection it connects again first. */
enum tg_status tg_db_begin(tg_db *db, enum tg_db_role role, const struct tg_id *organization,
                           struct tg_error *error) TG_MUST_CHECK;
/* Changes the organization that a TENANT transaction sees from here on. */
enum tg_status tg_db_set_organization(tg_db *db, struct tg_id organization, struct tg_error *error) TG_MUST_CHECK;
/* TG_UNAVAILABLE means that nobody knows whether it was committed: the caller's design must make a repeat harmless. */
enum tg_status tg_db_commit(tg_db *db, struct tg_error *error) TG_MUST_CHECK;
/* No-op outside a transaction. A connection that cannot be rolled back is dropped. */
void tg_db_rollback(tg_db *db);
bool tg_db_in_transaction(const tg_db *db);

static inline void tg_db_scope_end(tg_db **db)
{
    tg_db_rollback(*db);
}
#define TG_DB_SCOPE __attribute__((cleanup(tg_db_scope_end), unused))

/* ---- parameters -------------------------------------------------------------------------------------------------- */

/* In statements the server infers each type from its place; say `$1::uuid` where it cannot. Text also serves numeric,
 * jsonb and every other type. In COPY the kind must be exactly the column's type. Memory is the caller's. */
struct tg_db_value {
    enum tg_db_kind {
        TG_DB_NULL,
        TG_DB_TEXT,
        TG_DB_BYTES,   /* bytea */
        TG_DB_INT64,   /* any integer or numeric in statements; bigint in COPY */
        TG_DB_INT32,   /* integer in COPY */
        TG_DB_NUMERIC, /* from an int64 */
        TG_DB_BOOL,
        TG_DB_ID,   /* uuid */
        TG_DB_TIME, /* timestamptz, milliseconds since 1970 */
        TG_DB_INT64S,
        TG_DB_IDS,
        TG_DB_TIMES,
    } kind;
    union {
        struct tg_text text;
        int64_t number;
        struct tg_id id;
        struct {
            const void *items; /* int64_t, struct tg_id or int64_t (ms) */
            size_t count;
        } array;
    };
};

static inline struct tg_db_value tg_db_null(void)
{
    return (struct tg_db_value){.kind = TG_DB_NULL};
}
static inline struct tg_db_value tg_db_text(struct tg_text text)
{
    return (struct tg_db_value){.kind = TG_DB_TEXT, .text = text};
}
static inline struct tg_db_value tg_db_string(const char *string) /* NULL is SQL's NULL */
{
    return string == NULL ? tg_db_null() : tg_db_text(tg_text_of(string));
}
static inline struct tg_db_value tg_db_bytes(const void *data, size_t bytes)
{
    return (struct tg_db_value){.kind = TG_DB_BYTES, .text = {data, bytes}};
}
static inline struct tg_db_value tg_db_int64(int64_t number)
{
    return (struct tg_db_value){.kind = TG_DB_INT64, .number = number};
}
static inline struct tg_db_value tg_db_int32(int32_t number)
{
    return (struct tg_db_value){.kind = TG_DB_INT32, .number = number};
}
static inline struct tg_db_value tg_db_numeric(int64_t number)
{
    return (struct tg_db_value){.kind = TG_DB_NUMERIC, .number = number};
}
static inline struct tg_db_value tg_db_bool(bool flag)
{
    return (struct tg_db_value){.kind = TG_DB_BOOL, .number = flag};
}
static inline struct tg_db_value tg_db_id(struct tg_id id)
{
    return (struct tg_db_value){.kind = TG_DB_ID, .id = id};
}
static inline struct tg_db_value tg_db_id_or_null(struct tg_id id) /* the zero id is SQL's NULL */
{
    return tg_id_is_zero(id) ? tg_db_null() : tg_db_id(id);
}
static inline struct tg_db_value tg_db_time(int64_t unix_ms)
{
    return (struct tg_db_value){.kind = TG_DB_TIME, .number = unix_ms};
}
static inline struct tg_db_value tg_db_int64s(const int64_t *items, size_t count)
{
    return (struct tg_db_value){.kind = TG_DB_INT64S, .array = {items, count}};
}
static inline struct tg_db_value tg_db_ids(const struct tg_id *items, size_t count)
{
    return (struct tg_db_value){.kind = TG_DB_IDS, .array = {items, count}};
}
static inline struct tg_db_value tg_db_times(const int64_t *items_unix_ms, size_t count)
{
    return (struct tg_db_value){.kind = TG_DB_TIMES, .array = {items_unix_ms, count}};
}

/* ---- statements -------------------------------------------------------------------------------------------------- */

/* Runs one statement. `result` may be NULL when only success matters; otherwise free it with tg_db_result_free()
 * (after failure it is NULL). Outside a transaction it commits by itself.
 * Failures by SQLSTATE class: unique_violation TG_CONFLICT, foreign_key_violation TG_NOT_FOUND, other constraint and
 * data errors TG_INVALID, insufficient_privilege TG_DENIED, statement or lock timeout TG_TIMEOUT, serialization
 * failure, deadlock and lack of resources TG_EXHAUSTED, no connection TG_UNAVAILABLE, anything else TG_IO. */
enum tg_status tg_db_query(tg_db *db, const char *sql, const struct tg_db_value *params, size_t count,
                           tg_db_result **result, struct tg_error *error) TG_MUST_CHECK;

/* The same for an answer of any length: on_row sees one row at a time (row 0 of `row`, which is freed after it
 * returns). Anything but TG_OK from on_row stops the statement at the server and is returned; the transaction can
 * only be rolled back then. */
enum tg_status tg_db_stream(tg_db *db, const char *sql, const struct tg_db_value *params, size_t count,
                            enum tg_status (*on_row)(void *user, const tg_db_result *row), void *user,
                            struct tg_error *error) TG_MUST_CHECK;

/* Several statements without parameters, unprepared: migrations only. No statement timeout of the server applies. */
enum tg_status tg_db_run_script(tg_db *db, const char *sql, struct tg_error *error) TG_MUST_CHECK;

/* The name of the constraint that the last statement violated, or "". Valid until the next statement. */
const char *tg_db_constraint(const tg_db *db);
/* Whether the same transaction may succeed when run again from its beginning: serialization failure, deadlock. */
bool tg_db_should_retry(const tg_db *db);

/* ---- results ----------------------------------------------------------------------------------------------------- */

void tg_db_result_free(tg_db_result *result); /* NULL is fine */
static inline void tg_db_result_end(tg_db_result **result)
{
    tg_db_result_free(*result);
}
#define TG_DB_RESULT __attribute__((cleanup(tg_db_result_end)))

size_t tg_db_rows(const tg_db_result *result);
size_t tg_db_columns(const tg_db_result *result);
int64_t tg_db_affected(const tg_db_result *result); /* by INSERT, UPDATE, DELETE, COPY */

/* Getters assert that the column has the type they read. For NULL they give zero or empty. Text and bytes live as long
 * as the result; text is followed by a NUL that is not counted. */
bool tg_db_is_null(const tg_db_result *result, size_t row, size_t column);
struct tg_text tg_db_get_text(const tg_db_result *result, size_t row, size_t column); /* text, varchar, json, jsonb */
struct tg_text tg_db_get_bytes(const tg_db_result *result, size_t row, size_t column);
int64_t tg_db_get_int64(const tg_db_result *result, size_t row, size_t column); /* smallint, integer, bigint */
bool tg_db_get_bool(const tg_db_result *result, size_t row, size_t column);
struct tg_id tg_db_get_id(const tg_db_result *result, size_t row, size_t column);
int64_t tg_db_get_time_ms(const tg_db_result *result, size_t row, size_t column); /* timestamptz, rounded down */

/* numeric: exact decimal digits, without an exponent; "0" for NULL. */
enum { TG_DB_NUMERIC_TEXT_BYTES = 160 };
void tg_db_get_numeric(const tg_db_result *result, size_t row, size_t column, char out[TG_DB_NUMERIC_TEXT_BYTES]);
/* The same as an integer; false if it has a fraction or does not fit. Also reads the integer types. */
bool tg_db_get_numeric_int64(const tg_db_result *result, size_t row, size_t column, int64_t *value);

/* ---- COPY … FROM STDIN (FORMAT binary) --------------------------------------------------------------------------- */

/* Inside a transaction. Postgres refuses COPY into a table whose row-level security applies to the role: copy into a
 * temporary table and INSERT … SELECT from there. After a failed call the transaction can only be rolled back. */
enum tg_status tg_db_copy_begin(tg_db *db, const char *sql, struct tg_error *error) TG_MUST_CHECK;
enum tg_status tg_db_copy_row(tg_db *db, const struct tg_db_value *values, size_t count,
                              struct tg_error *error) TG_MUST_CHECK;
enum tg_status tg_db_copy_end(tg_db *db, int64_t *rows, struct tg_error *error) TG_MUST_CHECK; /* `rows` may be NULL */

/* ---- LISTEN / NOTIFY --------------------------------------------------------------------------------------------- */

/* Outside a transaction, on a connection used for nothing else. `channel` is an identifier of the program's own. It is
 * listened to again after every reconnect. */
enum tg_status tg_db_listen(tg_db *db, const char *channel, struct tg_error *error) TG_MUST_CHECK;

struct tg_db_notice {
    char channel[64];
    char payload[256]; /* cut to fit */
};
/* Waits for the next notice. TG_TIMEOUT when none came in time or `wake_fd` (-1: none) became readable. TG_UNAVAILABLE
 * when the connection was lost: notices may have been missed; the next call connects again and its success says
 * nothing about them. */
enum tg_status tg_db_wait_notice(tg_db *db, int64_t timeout_ms, int wake_fd, struct tg_db_notice *notice,
                                 struct tg_error *error) TG_MUST_CHECK;

#endif
