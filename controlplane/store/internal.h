/* Internal to the room: what its files share. */
#ifndef TG_STORE_INTERNAL_H
#define TG_STORE_INTERNAL_H

#include <libpq-fe.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "controlplane/store/db.h"

enum { TG_DB_MAX_CHANNELS = 4, TG_DB_STATEMENT_BUCKETS = 128, TG_DB_MAX_STATEMENTS = 512, TG_DB_MAX_PARAMS = 64 };

struct tg_db_statement {
    struct tg_db_statement *next; /* in its bucket */
    uint64_t number;              /* its name at the server */
    char sql[];
};

struct tg_db {
    PGconn *connection; /* NULL until first needed, and after it was lost */
    char *url;
    char *application_name;
    int64_t connect_timeout_ms;
    int64_t statement_timeout_ms;
    int64_t lock_timeout_ms;
    bool in_transaction;
    bool is_copying;
    char sqlstate[6];
    char constraint[64];
    const char *channels[TG_DB_MAX_CHANNELS]; /* copies, listened to after every connect */
    size_t channel_count;
    struct tg_db_statement *statements[TG_DB_STATEMENT_BUCKETS];
    size_t statement_count;
    uint64_t last_statement;
    struct tg_buf copy_row;
};

struct tg_db_result {
    PGresult *native;
};

/* Type numbers of pg_type.dat that never change. */
enum tg_db_oid {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_NAME = 19,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_JSON = 114,
    OID_BPCHAR = 1042,
    OID_VARCHAR = 1043,
    OID_TIMESTAMPTZ = 1184,
    OID_NUMERIC = 1700,
    OID_UUID = 2950,
    OID_JSONB = 3802,
};

/* Between 1970-01-01 and 2000-01-01, from which Postgres counts. */
#define TG_DB_EPOCH_MS INT64_C(946684800000)

/* The connection is useless: closes it and forgets what was prepared on it. */
void tg_db_drop(tg_db *db);

/* Sends what is queued and waits until the connection can be read without blocking. False when the deadline
 * (monotonic) has passed or the connection is lost. */
bool tg_db_pump(tg_db *db, int64_t deadline_ms);
/* Sends what is queued; false as above. */
bool tg_db_flush(tg_db *db, int64_t deadline_ms);
/* When to give up on a statement that begins now. */
int64_t tg_db_deadline_ms(const tg_db *db);
/* The last result of what was sent, or the first that failed; NULL if the connection is lost. PQclear it. */
PGresult *tg_db_gather(tg_db *db, int64_t deadline_ms);

/* Fills sqlstate, constraint and `error` from a failed result (NULL: the connection was lost, and is dropped). */
enum tg_status tg_db_fail(tg_db *db, const PGresult *native, struct tg_error *error);

/* A parameter in the form the server takes: text where it can infer, binary for bytea and arrays (is_binary). The
 * bytes are the value's own or come from `arena`. NULL data is SQL's NULL. */
struct tg_text tg_db_encode_param(struct tg_arena *arena, const struct tg_db_value *value, bool *is_binary);
/* Appends the binary form of a COPY field: its length and its bytes. */
enum tg_status tg_db_encode_field(struct tg_buf *out, const struct tg_db_value *value) TG_MUST_CHECK;

#endif
