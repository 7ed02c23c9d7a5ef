#include "controlplane/snapshot/seal_check.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/wire/pack.h"
#include "controlplane/snapshot/change.h"
#include "controlplane/snapshot/credential.h"

enum { PLACE_BYTES = sizeof("seal-check:4294967295"), MAX_SEALED_BYTES = 256 };

static const char known_value[] = "tollgate";

static struct tg_text place(int64_t key_id, char out[PLACE_BYTES])
{
    snprintf(out, PLACE_BYTES, "seal-check:%" PRIu32, (uint32_t)key_id);
    return tg_text_of(out);
}

/* ---- what the database expects ---- */

static enum tg_status open_check(const tg_seal_ring *ring, int64_t key_id, struct tg_text sealed,
                                 struct tg_error *error)
{
    char bound_to[PLACE_BYTES];
    struct tg_secret plain = {0};
    enum tg_status status = tg_seal_open(ring, sealed, place(key_id, bound_to), &plain, NULL);
    bool is_known = status == TG_OK && tg_text_is(tg_secret_text(&plain), known_value);
    tg_secret_deinit(&plain);
    if (status == TG_NOT_FOUND)
        return tg_fail(error, TG_INVALID,
                       "the database expects seal key %" PRId64 ", and seal.key_file holds key %" PRIu32, key_id,
                       tg_seal_ring_current(ring));
    if (!is_known)
        return tg_fail(error, TG_INVALID,
                       "seal.key_file does not hold the seal key %" PRId64 " that the database expects: its credentials"
                       " are sealed under another key of this number; put that key's file back",
                       key_id);
    return TG_OK;
}

static enum tg_status open_checks(tg_db *db, const tg_seal_ring *ring, bool *has_current, struct tg_error *error)
{
    *has_current = false;
    TG_DB_RESULT tg_db_result *checks = NULL;
    enum tg_status status =
        tg_db_query(db, "SELECT key_id, sealed_value FROM seal_checks ORDER BY key_id", NULL, 0, &checks, error);
    for (size_t row = 0; status == TG_OK && row < tg_db_rows(checks); ++row) {
        int64_t key_id = tg_db_get_int64(checks, row, 0);
        status = open_check(ring, key_id, tg_db_get_bytes(checks, row, 1), error);
        *has_current |= key_id == tg_seal_ring_current(ring);
    }
    return status;
}

/* ---- the first time ---- */

static enum tg_status open_latest_credential(tg_db *db, const tg_seal_ring *ring, struct tg_error *error)
{
    struct tg_db_value params[] = {tg_db_int64(TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_CREDENTIAL)};
    TG_DB_RESULT tg_db_result *latest = NULL;
    enum tg_status status = tg_db_query(db,
                                        "SELECT organization_id, payload FROM snapshot_resources"
                                        " WHERE resource_type = $1 AND NOT is_deleted ORDER BY revision DESC LIMIT 1",
                                        params, 1, &latest, error);
    if (status != TG_OK || tg_db_rows(latest) == 0)
        return status;
    struct tg_buf opened;
    tg_buf_init(&opened, TG_SNAPSHOT_MAX_PAYLOAD_BYTES);
    struct tg_error reason;
    if (tg_snapshot_reveal(ring, tg_db_get_id(latest, 0, 0), TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_CREDENTIAL,
                           tg_db_get_bytes(latest, 0, 1), &opened, &reason) != TG_OK)
        status = tg_fail(error, TG_INVALID,
                         "seal.key_file does not hold the key that the database's credentials are sealed under (%s);"
                         " put that key's file back",
                         reason.message);
    tg_secret_wipe(opened.data, opened.bytes);
    tg_buf_deinit(&opened);
    return status;
}

static enum tg_status leave_check(tg_db *db, const tg_seal_ring *ring, struct tg_error *error)
{
    int64_t key_id = tg_seal_ring_current(ring);
    char bound_to[PLACE_BYTES];
    struct tg_buf sealed;
    tg_buf_init(&sealed, MAX_SEALED_BYTES);
    enum tg_status status = tg_seal(ring, tg_text_of(known_value), place(key_id, bound_to), &sealed);
    if (status != TG_OK)
        tg_fail(error, status, "a check of the seal key does not fit into its buffer");
    struct tg_db_value params[] = {tg_db_int64(key_id), tg_db_bytes(sealed.data, sealed.bytes)};
    if (status == TG_OK) /* another instance may have been faster: its value counts */
        status = tg_db_query(
            db, "INSERT INTO seal_checks (key_id, sealed_value) VALUES ($1, $2) ON CONFLICT (key_id) DO NOTHING",
            params, 2, NULL, error);
    tg_buf_deinit(&sealed);
    return status;
}

enum tg_status tg_snapshot_check_seal_key(tg_db *db, const tg_seal_ring *ring, struct tg_error *error)
{
    bool has_current;
    TG_DB_SCOPE tg_db *scope = db;
    enum tg_status status = tg_db_begin(db, TG_DB_PLATFORM, NULL, error);
    if (status == TG_OK)
        status = open_checks(db, ring, &has_current, error);
    if (status != TG_OK || has_current)
        return status;
    status = open_latest_credential(db, ring, error);
    if (status == TG_OK)
        status = leave_check(db, ring, error);
    if (status == TG_OK)
        status = open_checks(db, ring, &has_current, error);
    return status == TG_OK ? tg_db_commit(db, error) : status;
}
