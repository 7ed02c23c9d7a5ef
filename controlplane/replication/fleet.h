/* The table `replicas`: who is connected where, what each has applied or refused, how it does. It is what
 * GET /api/v1/replicas shows and what the bank counts.
 *
 * Every instance writes it, each for its own connections only: a row belongs to the connection that wrote
 * `connected_at` last, and an older connection of the same replica changes nothing any more. A row that nobody
 * refreshes (its instance died) is marked as not connected after a while. Refreshing is not worth waiting for the disk.
 */
#ifndef TG_REPLICATION_FLEET_H
#define TG_REPLICATION_FLEET_H

#include "common/base/id.h"
#include "controlplane/store/db.h"

/* After so long without a sign of life a row counts as left behind; living ones are refreshed far more often. */
enum { TG_FLEET_STALE_S = 60, TG_FLEET_REFRESH_MS = 10000 };

struct tg_fleet_member {
    const char *name, *version, *address;
    struct tg_id boot_id;
    int64_t connected_at_ms; /* of this connection: tells it from others of the same name */
};

struct tg_fleet_health {
    int64_t journal_pending_records, journal_pending_bytes, active_requests, resident_bytes;
};

/* Takes over the row. `was_refused`: the last revision it was sent was refused, and nothing was applied since. */
enum tg_status tg_fleet_join(tg_db *db, const struct tg_fleet_member *member, int64_t held_revision, bool *was_refused,
                             struct tg_error *error) TG_MUST_CHECK;
enum tg_status tg_fleet_leave(tg_db *db, const struct tg_fleet_member *member, struct tg_error *error) TG_MUST_CHECK;

enum tg_status tg_fleet_note_ack(tg_db *db, const struct tg_fleet_member *member, int64_t revision,
                                 struct tg_error *error) TG_MUST_CHECK;
enum tg_status tg_fleet_note_nack(tg_db *db, const struct tg_fleet_member *member, int64_t revision,
                                  struct tg_text reason, struct tg_error *error) TG_MUST_CHECK;
/* `health` NULL: it is alive, nothing else is known. */
enum tg_status tg_fleet_refresh(tg_db *db, const struct tg_fleet_member *member, const struct tg_fleet_health *health,
                                struct tg_error *error) TG_MUST_CHECK;

/* Marks the rows that were left behind, of whichever instance. */
enum tg_status tg_fleet_sweep(tg_db *db, struct tg_error *error) TG_MUST_CHECK;

#endif
