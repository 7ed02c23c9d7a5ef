/* One configuration change as replicas will see it, inside the transaction that makes it.
 *
 * begin takes the lock that orders all changes and with it the next revision; put and remove write what each touched
 * resource has become; end brings the organization's digest up to date and wakes every instance when the transaction
 * commits. Begin late: everybody else's changes wait from there to the commit.
 *
 *     tg_snapshot_change_begin(&change, db, organization_id, error)
 *     tg_snapshot_change_put(&change, type, id, &packed, error)
 *     tg_snapshot_change_end(&change, error)
 *
 * Runs as TG_DB_TENANT of that organization. */
#ifndef TG_SNAPSHOT_CHANGE_H
#define TG_SNAPSHOT_CHANGE_H

#include "common/base/buf.h"
#include "common/wire/digest.h"
#include "common/wire/protocol.h"
#include "controlplane/store/db.h"

/* The channel that instances listen to; the payload is the revision. */
#define TG_SNAPSHOT_CHANNEL "tollgate_config"

/* No resource is larger than what fits into a frame of the stream beside its envelope. */
enum { TG_SNAPSHOT_MAX_PAYLOAD_BYTES = (1 << 20) - 4096 };

/* A packed tollgate.v1.Resource as it is stored, and the SHA-256 of it as a replica receives it. */
struct tg_packed {
    struct tg_buf payload;
    uint8_t sha256[32];
};

/* Packs a resource without secrets; initialises `packed`, which the caller deinits in every case. TG_TOO_LARGE beyond
 * TG_SNAPSHOT_MAX_PAYLOAD_BYTES. */
enum tg_status tg_snapshot_pack(const Tollgate__V1__Resource *resource, struct tg_packed *packed,
                                struct tg_error *error) TG_MUST_CHECK;
void tg_packed_deinit(struct tg_packed *packed);

struct tg_snapshot_change {
    tg_db *db;
    struct tg_id organization_id;
    int64_t revision; /* read it after begin, for the audit row */
    struct tg_digest digest;
    int64_t resource_count;
};

enum tg_status tg_snapshot_change_begin(struct tg_snapshot_change *change, tg_db *db, struct tg_id organization_id,
                                        struct tg_error *error) TG_MUST_CHECK;
enum tg_status tg_snapshot_change_put(struct tg_snapshot_change *change, Tollgate__V1__ResourceType type,
                                      struct tg_id id, const struct tg_packed *packed,
                                      struct tg_error *error) TG_MUST_CHECK;
/* What is not there, or removed already, is fine. */
enum tg_status tg_snapshot_change_remove(struct tg_snapshot_change *change, Tollgate__V1__ResourceType type,
                                         struct tg_id id, struct tg_error *error) TG_MUST_CHECK;
enum tg_status tg_snapshot_change_end(struct tg_snapshot_change *change, struct tg_error *error) TG_MUST_CHECK;

#endif
