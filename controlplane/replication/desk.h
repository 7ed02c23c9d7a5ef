/* Where usage is booked: a few threads, each with its own database connection, work for every replica of the instance.
 *
 * Each connection of a replica has a lane. What is put into a lane is done in order and one at a time; lanes take
 * turns, so that a replica with a long journal does not hold up the others. Results are taken out by the lane's owner,
 * who is woken for each. A lane is short: when it is full its owner stops reading from the replica. After a failure the
 * lane books nothing more, for a batch that overtook another would make a gap in the numbers. */
#ifndef TG_REPLICATION_DESK_H
#define TG_REPLICATION_DESK_H

#include <pthread.h>

#include "common/wire/protocol.h"
#include "common/wire/waker.h"
#include "controlplane/ledger/ledger.h"
#include "controlplane/replication/stats.h"

typedef struct tg_desk tg_desk;

struct tg_desk_result {
    enum { TG_DESK_BOOKED, TG_DESK_CLOSED } kind;
    struct tg_id boot_id;
    enum tg_status status; /* anything but TG_OK: `error` says why, and nothing is to be acknowledged */
    int64_t through_sequence;
    struct tg_error error;
};

/* A lane is full with so many frames, or at so many records; a replica has fewer on their way. */
enum { TG_LANE_DEPTH = 64, TG_LANE_MAX_RECORDS = 16000 };

/* The desk's own; embedded in its owner. */
struct tg_lane {
    tg_desk *desk;
    const char *replica;
    struct tg_waker *waker;
    Tollgate__V1__ReplicaFrame *jobs[TG_LANE_DEPTH];
    struct tg_desk_result results[TG_LANE_DEPTH];
    size_t first_job, job_count;       /* waiting or being worked on */
    size_t record_count;               /* in those */
    size_t first_result, result_count; /* jobs and results together never exceed the depth */
    bool is_busy, is_queued;
    bool is_broken; /* something failed: what follows it must not be booked first, and is dropped */
    struct tg_lane *next;
};

enum tg_status tg_desk_create(const struct tg_db_config *database, size_t threads, struct tg_replication_stats *stats,
                              tg_desk **desk, struct tg_error *error) TG_MUST_CHECK;
enum tg_status tg_desk_start(tg_desk *desk, struct tg_error *error) TG_MUST_CHECK;
/* All lanes are left. NULL is fine. */
void tg_desk_destroy(tg_desk *desk);

/* `replica` and `waker` outlive the lane. */
void tg_lane_enter(struct tg_lane *lane, tg_desk *desk, const char *replica, struct tg_waker *waker);
/* Waits for what is being booked and drops the rest, which the replica will send again. */
void tg_lane_leave(struct tg_lane *lane);

bool tg_lane_is_full(struct tg_lane *lane);
/* Takes the frame (a usage batch or a closed boot), to be freed by the desk. The lane is not full. */
void tg_lane_put(struct tg_lane *lane, Tollgate__V1__ReplicaFrame *frame);
bool tg_lane_take_result(struct tg_lane *lane, struct tg_desk_result *result);

#endif
