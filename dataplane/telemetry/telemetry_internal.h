/* Internal to the room: the blocks behind tg_telemetry, for counting and for rendering. */
#ifndef TG_TELEMETRY_TELEMETRY_INTERNAL_H
#define TG_TELEMETRY_TELEMETRY_INTERNAL_H

#include <pthread.h>
#include <stdalign.h>

#include "dataplane/telemetry/telemetry.h"

enum { TELEMETRY_LINE_BYTES = 64 };

struct telemetry_block {
    alignas(TELEMETRY_LINE_BYTES) struct tg_counters counters;
    struct telemetry_block *next;
};

struct tg_telemetry {
    pthread_mutex_t lock; /* guards the list; the counters need none */
    struct telemetry_block *blocks;
};

extern const int64_t telemetry_bounds_ns[TG_TELEMETRY_BUCKETS];

#endif
