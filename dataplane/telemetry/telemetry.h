/* What the replica counts. Each worker has a block of counters that only it writes, so that counting costs a plain add
 * and no cache line is shared; the listener for monitoring (admin.h) adds the blocks up when somebody asks.
 *
 * Labels are bounded sets of the program's own words (endpoints, outcomes, error codes, kinds of tokens). Who spent
 * what is the ledger's business, never a label. */
#ifndef TG_TELEMETRY_TELEMETRY_H
#define TG_TELEMETRY_TELEMETRY_H

#include <stdatomic.h>

#include "common/base/buf.h"
#include "common/http/client.h"
#include "common/wire/protocol.h"
#include "dataplane/dialects/canonical/client_error.h"
#include "dataplane/dialects/canonical/usage.h"
#include "dataplane/dialects/endpoint.h"

struct tg_telemetry;

/* Written by one thread, read by others. */
typedef _Atomic uint64_t tg_counter;

enum {
    TG_TELEMETRY_OUTCOMES = TOLLGATE__V1__OUTCOME__OUTCOME_INTERRUPTED + 1,
    TG_TELEMETRY_FAILURES = TG_HTTP_BAD_RESPONSE + 1,
    TG_TELEMETRY_BUCKETS = 22,
};

struct tg_histogram {
    tg_counter buckets[TG_TELEMETRY_BUCKETS + 1]; /* the last is for all beyond */
    tg_counter sum_ns;
};

struct tg_counters {
    tg_counter requests[TG_ENDPOINT_COUNT][TG_TELEMETRY_OUTCOMES];
    tg_counter refusals[TG_ERROR_COUNT]; /* by the code that the client saw */
    tg_counter upstream_failures[TG_TELEMETRY_FAILURES];
    tg_counter upstream_statuses[6]; /* answers by class: [2] is 2xx */
    tg_counter failovers;
    tg_counter used[TG_USAGE_KIND_COUNT];
    tg_counter cost_pusd;
    tg_counter unpriced;  /* calls booked at less than their cost, for want of a price */
    tg_counter estimated; /* calls whose tokens no provider reported */
    tg_counter clamped;
    tg_counter budget_waits;
    tg_counter unrecorded_refusals;            /* of unknown callers, beyond what is journaled of them */
    tg_counter requests_begun, requests_ended; /* the difference is in flight */
    struct tg_histogram duration;              /* request complete -> answer handed over */
    struct tg_histogram first_byte;            /* request complete -> first byte of the answer */
    struct tg_histogram added;                 /* request complete -> call handed to its connection, without waits */
};

static inline void tg_count(tg_counter *counter, uint64_t by)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + by, memory_order_relaxed);
}

void tg_observe(struct tg_histogram *histogram, int64_t duration_ns);

struct tg_telemetry *tg_telemetry_create(void);
void tg_telemetry_destroy(struct tg_telemetry *telemetry); /* NULL is fine; after the last user of its counters */

/* A block for one more worker, all zero. Any thread. Lives as long as the telemetry; counts of a worker that ended
 * stay. */
struct tg_counters *tg_telemetry_add(struct tg_telemetry *telemetry);

/* Requests in flight on all workers. Any thread. */
int64_t tg_telemetry_active_requests(struct tg_telemetry *telemetry);

/* The state of things that are not counted but looked at. */
struct tg_gauges {
    bool is_ready;     /* has a snapshot and listens */
    bool is_connected; /* to the control plane */
    int64_t snapshot_revision;
    int64_t body_bytes_held, body_bytes_limit;
    int64_t journal_pending_records, journal_pending_bytes;
    int64_t journal_dropped_refusals, journal_corrupt_entries;
    bool is_journal_filling, is_journal_full;
};

/* Appends everything in Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/). */
enum tg_status tg_telemetry_render(struct tg_telemetry *telemetry, const struct tg_gauges *gauges,
                                   struct tg_buf *out) TG_MUST_CHECK;

#endif
