/* What one replica is told of the configuration: everything that changed since the revision it holds, in pages, and
 * then a Commit.
 *
 * Pages are read in order of revision, each in a statement of its own, so that no transaction waits for a slow replica.
 * What changes meanwhile gets a later revision and comes again behind the cursor; the page that reaches the end is,
 * with the revision and digest read in the same statement, consistent with all that was sent before. Several revisions
 * become one Commit. One Commit is out at a time: the next set is read when the replica has answered. */
#ifndef TG_REPLICATION_FEED_H
#define TG_REPLICATION_FEED_H

#include "common/base/id.h"
#include "common/crypto/seal.h"
#include "common/wire/digest.h"
#include "common/wire/link.h"
#include "controlplane/store/db.h"

/* What the database holds now. */
struct tg_feed_state {
    struct tg_id epoch;
    int64_t revision;
    struct tg_digest digest;
};
enum tg_status tg_feed_read_state(tg_db *db, struct tg_feed_state *state, struct tg_error *error) TG_MUST_CHECK;

/* The cheap part of it; the digest is left empty. */
enum tg_status tg_feed_read_revision(tg_db *db, struct tg_feed_state *state, struct tg_error *error) TG_MUST_CHECK;

enum tg_feed_phase {
    TG_FEED_IDLE,     /* the replica holds `held_revision` */
    TG_FEED_SENDING,  /* pages are on their way */
    TG_FEED_AWAITING, /* Commit(sent_revision) is out */
};
const char *tg_feed_phase_name(enum tg_feed_phase phase);

struct tg_feed {
    const tg_seal_ring *ring;
    enum tg_feed_phase phase;
    int64_t held_revision;    /* applied by the replica */
    int64_t refused_revision; /* it said no to this one: nothing is sent before there is a later one */
    int64_t sent_revision;
    int64_t quiet_through_revision; /* in a whole snapshot, deletions up to here were never known to the replica */
    bool must_commit;               /* a whole snapshot ends with Commit even if it is empty */
    int64_t cursor_revision;        /* the last row sent */
    int16_t cursor_type;
    struct tg_id cursor_id;
};

/* Whether the replica must forget what it holds. `was_refused`: it refused what it was sent last. */
bool tg_feed_needs_full(const struct tg_feed_state *state, struct tg_id epoch, int64_t revision,
                        const struct tg_digest *digest, bool was_refused);

/* At the start: a whole snapshot is sent at once, else the replica is taken to hold `held_revision`. */
void tg_feed_init(struct tg_feed *feed, const tg_seal_ring *ring, const struct tg_feed_state *state, bool is_full,
                  int64_t held_revision);

/* Whether tg_feed_send_page() has something to do, when the database is known to be at `latest_revision`. */
bool tg_feed_wants_to_send(const struct tg_feed *feed, int64_t latest_revision);

/* Queues one page, and the Commit if it is the last. The link's queue is empty. */
enum tg_status tg_feed_send_page(struct tg_feed *feed, tg_db *db, tg_wire_link *link,
                                 struct tg_error *error) TG_MUST_CHECK;

/* False if nothing of that revision is awaited. */
bool tg_feed_on_ack(struct tg_feed *feed, int64_t revision);
bool tg_feed_on_nack(struct tg_feed *feed, int64_t revision);

#endif
