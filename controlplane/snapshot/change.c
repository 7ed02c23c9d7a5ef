#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/crypto/digest.h"
#include "common/wire/pack.h"
#include "controlplane/snapshot/change.h"

enum tg_status tg_snapshot_pack(const Tollgate__V1__Resource *resource, struct tg_packed *packed,
                                struct tg_error *error)
{
    tg_buf_init(&packed->payload, TG_SNAPSHOT_MAX_PAYLOAD_BYTES);
    enum tg_status status = tg_wire_pack(&resource->base, &packed->payload);
    if (status != TG_OK)
        return tg_fail(error, status, "a resource does not fit into a frame of the stream");
    tg_sha256(packed->payload.data, packed->payload.bytes, packed->sha256);
    return TG_OK;
}

void tg_packed_deinit(struct tg_packed *packed)
{
    tg_buf_deinit(&packed->payload);
}

enum tg_status tg_snapshot_change_begin(struct tg_snapshot_change *change, tg_db *db, struct tg_id organization_id,
                                        struct tg_error *error)
{
    *change = (struct tg_snapshot_change){.db = db, .organization_id = organization_id};
    TG_DB_RESULT tg_db_result *revision = NULL;
    enum tg_status status = tg_db_query(db, "UPDATE config_state SET revision = revision + 1 RETURNING revision", NULL,
                                        0, &revision, error);
    if (status != TG_OK)
        return status;
    if (tg_db_rows(revision) != 1)
        return tg_fail(error, TG_CORRUPT, "the table config_state has lost its row");
    change->revision = tg_db_get_int64(revision, 0, 0);
    /* A statement of its own: only now, under the lock, is what it sees the latest. */
    TG_DB_RESULT tg_db_result *digest = NULL;
    struct tg_db_value params[] = {tg_db_id(organization_id)};
    status = tg_db_query(db, "SELECT digest, resource_count FROM snapshot_digests WHERE organization_id = $1", params,
                         1, &digest, error);
    if (status == TG_OK && tg_db_rows(digest) == 1) {
        memcpy(change->digest.octets, tg_db_get_bytes(digest, 0, 0).data, sizeof(change->digest.octets));
        change->resource_count = tg_db_get_int64(digest, 0, 1);
    }
    return status;
}

/* Takes what the resource was out of the digest. */
static enum tg_status forget(struct tg_snapshot_change *change, Tollgate__V1__ResourceType type, struct tg_id id,
                             struct tg_error *error)
{
    TG_DB_RESULT tg_db_result *old = NULL;
    struct tg_db_value params[] = {tg_db_id(change->organization_id), tg_db_int64(type), tg_db_id(id)};
    enum tg_status status = tg_db_query(change->db,
                                        "SELECT sha256 FROM snapshot_resources WHERE organization_id = $1"
                                        " AND resource_type = $2 AND id = $3 AND NOT is_deleted",
                                        params, 3, &old, error);
    if (status == TG_OK && tg_db_rows(old) == 1) {
        tg_digest_subtract(&change->digest, (const uint8_t *)tg_db_get_bytes(old, 0, 0).data);
        --change->resource_count;
    }
    return status;
}

enum tg_status tg_snapshot_change_put(struct tg_snapshot_change *change, Tollgate__V1__ResourceType type,
                                      struct tg_id id, const struct tg_packed *packed, struct tg_error *error)
{
    assert(change->revision > 0);
    enum tg_status status = forget(change, type, id, error);
    if (status != TG_OK)
        return status;
    tg_digest_add(&change->digest, packed->sha256);
    ++change->resource_count;
    struct tg_db_value params[] = {tg_db_id(change->organization_id),
                                   tg_db_int64(type),
                                   tg_db_id(id),
                                   tg_db_int64(change->revision),
                                   tg_db_bytes(packed->payload.data, packed->payload.bytes),
                                   tg_db_bytes(packed->sha256, sizeof(packed->sha256))};
    return tg_db_query(change->db,
                       "INSERT INTO snapshot_resources (organization_id, resource_type, id, revision, payload, sha256)"
                       " VALUES ($1, $2, $3, $4, $5, $6)"
                       " ON CONFLICT (organization_id, resource_type, id) DO UPDATE SET revision = excluded.revision,"
                       " payload = excluded.payload, sha256 = excluded.sha256, is_deleted = false",
                       params, 6, NULL, error);
}

enum tg_status tg_snapshot_change_remove(struct tg_snapshot_change *change, Tollgate__V1__ResourceType type,
                                         struct tg_id id, struct tg_error *error)
{
    assert(change->revision > 0);
    enum tg_status status = forget(change, type, id, error);
    if (status != TG_OK)
        return status;
    struct tg_db_value params[] = {tg_db_id(change->organization_id), tg_db_int64(type), tg_db_id(id),
                                   tg_db_int64(change->revision)};
    /* The mark keeps nothing of what it was, least of all a secret. */
    return tg_db_query(change->db,
                       "UPDATE snapshot_resources SET is_deleted = true, revision = $4, payload = ''"
                       " WHERE organization_id = $1 AND resource_type = $2 AND id = $3 AND NOT is_deleted",
                       params, 4, NULL, error);
}

enum tg_status tg_snapshot_change_end(struct tg_snapshot_change *change, struct tg_error *error)
{
    struct tg_db_value digest[] = {tg_db_id(change->organization_id),
                                   tg_db_bytes(change->digest.octets, sizeof(change->digest.octets)),
                                   tg_db_int64(change->resource_count)};
    enum tg_status status =
        tg_db_query(change->db,
                    "INSERT INTO snapshot_digests (organization_id, digest, resource_count) VALUES ($1, $2, $3)"
                    " ON CONFLICT (organization_id) DO UPDATE SET digest = excluded.digest,"
                    " resource_count = excluded.resource_count",
                    digest, 3, NULL, error);
    if (status != TG_OK)
        return status;
    char revision[24];
    snprintf(revision, sizeof(revision), "%" PRId64, change->revision);
    struct tg_db_value notice[] = {tg_db_string(TG_SNAPSHOT_CHANNEL), tg_db_string(revision)};
    return tg_db_query(change->db, "SELECT pg_notify($1, $2)", notice, 2, NULL, error);
}
