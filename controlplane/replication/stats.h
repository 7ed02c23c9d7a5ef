/* Counters of the room, written by any of its threads and read by /metrics. Each is one row of the table in stats.c. */
#ifndef TG_REPLICATION_STATS_H
#define TG_REPLICATION_STATS_H

#include <stdatomic.h>

#include "common/base/buf.h"

enum tg_replication_stat {
    TG_STAT_CONNECTED, /* a gauge: goes down again */
    TG_STAT_ACCEPTED,
    TG_STAT_TURNED_AWAY,
    TG_STAT_FULL_SNAPSHOTS,
    TG_STAT_COMMITS,
    TG_STAT_ACKS,
    TG_STAT_NACKS,
    TG_STAT_LEASES_GRANTED,
    TG_STAT_LEASES_BUSY,
    TG_STAT_LEASES_EXHAUSTED,
    TG_STAT_LEASES_UNKNOWN,
    TG_STAT_LEASES_RETURNED,
    TG_STAT_RECALLS,
    TG_STAT_USAGE_BATCHES,
    TG_STAT_USAGE_BOOKED,
    TG_STAT_USAGE_REPEATED,
    TG_STAT_USAGE_REJECTED,
    TG_STAT_USAGE_MISSING,
    TG_STAT_USAGE_UNCOVERED,
    TG_STAT_COUNT,
};

struct tg_replication_stats {
    _Atomic int64_t values[TG_STAT_COUNT];
};

static inline void tg_stat_add(struct tg_replication_stats *stats, enum tg_replication_stat stat, int64_t amount)
{
    atomic_fetch_add_explicit(&stats->values[stat], amount, memory_order_relaxed);
}

enum tg_status tg_stats_render(const struct tg_replication_stats *stats, struct tg_buf *out) TG_MUST_CHECK;

#endif
