#include <assert.h>
#include <endian.h>

#include "controlplane/store/internal.h"

/* Rows gather in db->copy_row and go to libpq in pieces of about this size. */
enum { PIECE_BYTES = 64 * 1024 };

/* The connection is in the middle of a COPY that cannot go on. */
static enum tg_status give_up(tg_db *db, struct tg_error *error)
{
    db->is_copying = false;
    return tg_db_fail(db, NULL, error);
}

static enum tg_status send_gathered(tg_db *db, struct tg_error *error)
{
    int64_t deadline_ms = tg_db_deadline_ms(db);
    int queued;
    while ((queued = PQputCopyData(db->connection, db->copy_row.data, (int)db->copy_row.bytes)) == 0) {
        if (!tg_db_flush(db, deadline_ms))
            return give_up(db, error);
    }
    if (queued < 0 || !tg_db_flush(db, deadline_ms))
        return give_up(db, error);
    tg_buf_consume(&db->copy_row, db->copy_row.bytes);
    return TG_OK;
}

enum tg_status tg_db_copy_begin(tg_db *db, const char *sql, struct tg_error *error)
{
    static const char header[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"; /* signature, flags, extension length */
    assert(db->in_transaction && !db->is_copying);
    db->sqlstate[0] = '\0';
    db->constraint[0] = '\0';
    PGresult *result = PQsendQuery(db->connection, sql) ? tg_db_gather(db, tg_db_deadline_ms(db)) : NULL;
    enum tg_status status = TG_OK;
    if (PQresultStatus(result) != PGRES_COPY_IN)
        status = tg_db_fail(db, result, error);
    PQclear(result);
    if (status != TG_OK)
        return status;
    db->is_copying = true;
    tg_buf_consume(&db->copy_row, db->copy_row.bytes);
    return tg_buf_append(&db->copy_row, tg_text(header, 19));
}

enum tg_status tg_db_copy_row(tg_db *db, const struct tg_db_value *values, size_t count, struct tg_error *error)
{
    assert(db->is_copying);
    size_t row_at = db->copy_row.bytes;
    uint16_t big = htobe16((uint16_t)count);
    enum tg_status status = tg_buf_append(&db->copy_row, tg_text((const char *)&big, sizeof(big)));
    for (size_t i = 0; i < count && status == TG_OK; ++i)
        status = tg_db_encode_field(&db->copy_row, &values[i]);
    if (status != TG_OK)
        return tg_fail(error, status, "a row of %zu columns is larger than %zu bytes", count,
                       db->copy_row.max_bytes - row_at);
    return db->copy_row.bytes < PIECE_BYTES ? TG_OK : send_gathered(db, error);
}

enum tg_status tg_db_copy_end(tg_db *db, int64_t *rows, struct tg_error *error)
{
    assert(db->is_copying);
    static const char trailer[] = {(char)0xff, (char)0xff};
    enum tg_status status = tg_buf_append(&db->copy_row, tg_text(trailer, sizeof(trailer)));
    if (status == TG_OK)
        status = send_gathered(db, error);
    if (status != TG_OK)
        return status;
    int64_t deadline_ms = tg_db_deadline_ms(db);
    int queued;
    while ((queued = PQputCopyEnd(db->connection, NULL)) == 0) {
        if (!tg_db_flush(db, deadline_ms))
            return give_up(db, error);
    }
    PGresult *result = queued > 0 ? tg_db_gather(db, deadline_ms) : NULL;
    db->is_copying = false;
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        status = tg_db_fail(db, result, error);
    else if (rows != NULL)
        *rows = tg_db_affected(&(tg_db_result){.native = result});
    PQclear(result);
    return status;
}
