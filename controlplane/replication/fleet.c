#include "controlplane/replication/fleet.h"

#define STALE "interval '60 s'"
_Static_assert(TG_FLEET_STALE_S == 60, "the interval in SQL says the same");

static enum tg_status try_to_change(tg_db *db, const char *sql, const struct tg_db_value *params, size_t count,
                                    tg_db_result **result, struct tg_error *error)
{
    TG_DB_SCOPE tg_db *scope = db;
    enum tg_status status = tg_db_begin(db, TG_DB_PLATFORM, NULL, error);
    if (status == TG_OK)
        status = tg_db_query(db, "SET LOCAL synchronous_commit = off", NULL, 0, NULL, error);
    if (status == TG_OK)
        status = tg_db_query(db, sql, params, count, result, error);
    if (status == TG_OK)
        status = tg_db_commit(db, error);
    return status;
}

/* One statement in a transaction that does not wait for the disk: what it says is true again at the next refresh.
 * Saying it twice does no harm, so a connection that was lost while it lay idle is not worth losing a replica for. */
static enum tg_status change(tg_db *db, const char *sql, const struct tg_db_value *params, size_t count,
                             tg_db_result **result, struct tg_error *error)
{
    enum tg_status status = try_to_change(db, sql, params, count, result, error);
    if (status != TG_UNAVAILABLE)
        return status;
    if (result != NULL) {
        tg_db_result_free(*result);
        *result = NULL;
    }
    return try_to_change(db, sql, params, count, result, error);
}

enum tg_status tg_fleet_join(tg_db *db, const struct tg_fleet_member *member, int64_t held_revision, bool *was_refused,
                             struct tg_error *error)
{
    struct tg_db_value params[] = {tg_db_string(member->name),    tg_db_id(member->boot_id),
                                   tg_db_string(member->version), tg_db_string(member->address),
                                   tg_db_int64(held_revision),    tg_db_time(member->connected_at_ms)};
    TG_DB_RESULT tg_db_result *joined = NULL;
    enum tg_status status = change(
        db,
        "INSERT INTO replicas AS r (name, boot_id, version, address, is_connected, connected_at, last_seen_at,"
        " acked_revision) VALUES ($1, $2, $3, $4, true, $6, now(), $5) "
        "ON CONFLICT (name) DO UPDATE SET boot_id = excluded.boot_id, version = excluded.version,"
        " address = excluded.address, is_connected = true, connected_at = excluded.connected_at, last_seen_at = now(),"
        " acked_revision = excluded.acked_revision "
        "RETURNING r.refused_revision IS NOT NULL",
        params, 6, &joined, error);
    *was_refused = status == TG_OK && tg_db_get_bool(joined, 0, 0);
    return status;
}

enum tg_status tg_fleet_leave(tg_db *db, const struct tg_fleet_member *member, struct tg_error *error)
{
    struct tg_db_value params[] = {tg_db_string(member->name), tg_db_time(member->connected_at_ms)};
    return change(
        db, "UPDATE replicas SET is_connected = false, last_seen_at = now() WHERE name = $1 AND connected_at = $2",
        params, 2, NULL, error);
}

enum tg_status tg_fleet_note_ack(tg_db *db, const struct tg_fleet_member *member, int64_t revision,
                                 struct tg_error *error)
{
    struct tg_db_value params[] = {tg_db_string(member->name), tg_db_time(member->connected_at_ms),
                                   tg_db_int64(revision)};
    return change(db,
                  "UPDATE replicas SET acked_revision = $3, refused_revision = NULL, refused_reason = NULL,"
                  " last_seen_at = now() WHERE name = $1 AND connected_at = $2",
                  params, 3, NULL, error);
}

enum tg_status tg_fleet_note_nack(tg_db *db, const struct tg_fleet_member *member, int64_t revision,
                                  struct tg_text reason, struct tg_error *error)
{
    struct tg_db_value params[] = {tg_db_string(member->name), tg_db_time(member->connected_at_ms),
                                   tg_db_int64(revision), tg_db_text(reason)};
    return change(db,
                  "UPDATE replicas SET refused_revision = $3, refused_reason = $4, last_seen_at = now() "
                  "WHERE name = $1 AND connected_at = $2",
                  params, 4, NULL, error);
}

enum tg_status tg_fleet_refresh(tg_db *db, const struct tg_fleet_member *member, const struct tg_fleet_health *health,
                                struct tg_error *error)
{
    struct tg_db_value params[6] = {tg_db_string(member->name), tg_db_time(member->connected_at_ms)};
    if (health == NULL)
        return change(db,
                      "UPDATE replicas SET is_connected = true, last_seen_at = now() "
                      "WHERE name = $1 AND connected_at = $2",
                      params, 2, NULL, error);
    params[2] = tg_db_int64(health->journal_pending_records);
    params[3] = tg_db_int64(health->journal_pending_bytes);
    params[4] = tg_db_int64(health->active_requests);
    params[5] = tg_db_int64(health->resident_bytes);
    return change(db,
                  "UPDATE replicas SET is_connected = true, last_seen_at = now(), journal_pending_records = $3,"
                  " journal_pending_bytes = $4, active_requests = $5, resident_bytes = $6 "
                  "WHERE name = $1 AND connected_at = $2",
                  params, 6, NULL, error);
}

enum tg_status tg_fleet_sweep(tg_db *db, struct tg_error *error)
{
    return change(db, "UPDATE replicas SET is_connected = false WHERE is_connected AND last_seen_at < now() - " STALE,
                  NULL, 0, NULL, error);
}
