/* Internal to the room: what the API counts of itself, for /metrics. The loop's thread only. */
#ifndef TG_API_METRICS_H
#define TG_API_METRICS_H

#include "common/base/buf.h"

enum { TG_API_METHODS = 6, TG_API_CLASSES = 4, TG_API_BUCKETS = 10 };

struct tg_api_metrics {
    int64_t requests[TG_API_METHODS][TG_API_CLASSES]; /* by method, and 2xx to 5xx */
    int64_t abandoned;                                /* clients that left before the answer */
    int64_t buckets[TG_API_BUCKETS + 1];              /* of durations; the last is beyond all */
    int64_t duration_sum_ms;
};

void tg_api_metrics_count(struct tg_api_metrics *metrics, struct tg_text method, int status, int64_t duration_ms);

enum tg_status tg_api_metrics_render(const struct tg_api_metrics *metrics, size_t queued, size_t jobs,
                                     struct tg_buf *out) TG_MUST_CHECK;

#endif
