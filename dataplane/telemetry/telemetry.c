#include "dataplane/telemetry/telemetry_internal.h"

#include <stdlib.h>

/* From what a loop adds to what a long answer takes. */
const int64_t telemetry_bounds_ns[TG_TELEMETRY_BUCKETS] = {
    10000,      25000,      50000,       100000,      250000,      500000,       1000000,   2500000,
    5000000,    10000000,   25000000,    50000000,    100000000,   250000000,    500000000, 1000000000,
    2500000000, 5000000000, 10000000000, 30000000000, 60000000000, 300000000000,
};

void tg_observe(struct tg_histogram *histogram, int64_t duration_ns)
{
    size_t bucket = 0;
    while (bucket < TG_TELEMETRY_BUCKETS && duration_ns > telemetry_bounds_ns[bucket])
        ++bucket;
    tg_count(&histogram->buckets[bucket], 1);
    tg_count(&histogram->sum_ns, duration_ns > 0 ? (uint64_t)duration_ns : 0);
}

struct tg_telemetry *tg_telemetry_create(void)
{
    struct tg_telemetry *telemetry = calloc(1, sizeof(*telemetry));
    if (telemetry == NULL || pthread_mutex_init(&telemetry->lock, NULL) != 0)
        abort();
    return telemetry;
}

void tg_telemetry_destroy(struct tg_telemetry *telemetry)
{
    if (telemetry == NULL)
        return;
    while (telemetry->blocks != NULL) {
        struct telemetry_block *next = telemetry->blocks->next;
        free(telemetry->blocks);
        telemetry->blocks = next;
    }
    pthread_mutex_destroy(&telemetry->lock);
    free(telemetry);
}

struct tg_counters *tg_telemetry_add(struct tg_telemetry *telemetry)
{
    size_t bytes = (sizeof(struct telemetry_block) + TELEMETRY_LINE_BYTES - 1) & ~(size_t)(TELEMETRY_LINE_BYTES - 1);
    struct telemetry_block *block = aligned_alloc(TELEMETRY_LINE_BYTES, bytes);
    if (block == NULL)
        abort();
    memset(block, 0, bytes);
    pthread_mutex_lock(&telemetry->lock);
    block->next = telemetry->blocks;
    telemetry->blocks = block;
    pthread_mutex_unlock(&telemetry->lock);
    return &block->counters;
}

int64_t tg_telemetry_active_requests(struct tg_telemetry *telemetry)
{
    int64_t active = 0;
    pthread_mutex_lock(&telemetry->lock);
    for (struct telemetry_block *block = telemetry->blocks; block != NULL; block = block->next) {
        uint64_t ended = atomic_load_explicit(&block->counters.requests_ended, memory_order_relaxed);
        active += (int64_t)(atomic_load_explicit(&block->counters.requests_begun, memory_order_relaxed) - ended);
    }
    pthread_mutex_unlock(&telemetry->lock);
    return active < 0 ? 0 : active;
}
