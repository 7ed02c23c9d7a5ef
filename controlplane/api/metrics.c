#include "controlplane/api/metrics.h"

#include <inttypes.h>

static const char *const methods[TG_API_METHODS] = {"GET", "HEAD", "POST", "PATCH", "DELETE", "other"};
static const int64_t bounds_ms[TG_API_BUCKETS] = {1, 2, 5, 10, 25, 50, 100, 250, 1000, 10000};

void tg_api_metrics_count(struct tg_api_metrics *metrics, struct tg_text method, int status, int64_t duration_ms)
{
    size_t row = 0;
    while (row < TG_API_METHODS - 1 && !tg_text_is(method, methods[row]))
        ++row;
    int class = status / 100 - 2;
    ++metrics->requests[row][class < 0 ? 0 : class >= TG_API_CLASSES ? TG_API_CLASSES - 1 : class];
    size_t bucket = 0;
    while (bucket < TG_API_BUCKETS && duration_ms > bounds_ms[bucket])
        ++bucket;
    ++metrics->buckets[bucket];
    metrics->duration_sum_ms += duration_ms;
}

static enum tg_status render_requests(const struct tg_api_metrics *metrics, struct tg_buf *out)
{
    enum tg_status status = tg_buf_printf(out, "# HELP tollgate_api_requests_total Requests answered.\n"
                                               "# TYPE tollgate_api_requests_total counter\n");
    for (size_t i = 0; i < TG_API_METHODS; ++i) {
        for (size_t j = 0; j < TG_API_CLASSES && status == TG_OK; ++j)
            status = tg_buf_printf(out, "tollgate_api_requests_total{method=\"%s\",class=\"%zuxx\"} %" PRId64 "\n",
                                   methods[i], j + 2, metrics->requests[i][j]);
    }
    return status;
}

static enum tg_status render_durations(const struct tg_api_metrics *metrics, struct tg_buf *out)
{
    enum tg_status status = tg_buf_printf(out, "# HELP tollgate_api_request_seconds From request to end of answer.\n"
                                               "# TYPE tollgate_api_request_seconds histogram\n");
    int64_t count = 0;
    for (size_t i = 0; i < TG_API_BUCKETS && status == TG_OK; ++i) {
        count += metrics->buckets[i];
        status =
            tg_buf_printf(out, "tollgate_api_request_seconds_bucket{le=\"%" PRId64 ".%03" PRId64 "\"} %" PRId64 "\n",
                          bounds_ms[i] / 1000, bounds_ms[i] % 1000, count);
    }
    count += metrics->buckets[TG_API_BUCKETS];
    if (status == TG_OK)
        status = tg_buf_printf(out,
                               "tollgate_api_request_seconds_bucket{le=\"+Inf\"} %" PRId64 "\n"
                               "tollgate_api_request_seconds_sum %" PRId64 ".%03" PRId64 "\n"
                               "tollgate_api_request_seconds_count %" PRId64 "\n",
                               count, metrics->duration_sum_ms / 1000, metrics->duration_sum_ms % 1000, count);
    return status;
}

enum tg_status tg_api_metrics_render(const struct tg_api_metrics *metrics, size_t queued, size_t jobs,
                                     struct tg_buf *out)
{
    enum tg_status status = render_requests(metrics, out);
    if (status == TG_OK)
        status = render_durations(metrics, out);
    if (status == TG_OK)
        status = tg_buf_printf(out,
                               "# HELP tollgate_api_abandoned_total Clients that left before their answer.\n"
                               "# TYPE tollgate_api_abandoned_total counter\n"
                               "tollgate_api_abandoned_total %" PRId64 "\n"
                               "# HELP tollgate_api_queued Requests that wait for a worker.\n"
                               "# TYPE tollgate_api_queued gauge\n"
                               "tollgate_api_queued %zu\n"
                               "# HELP tollgate_api_active Requests that are not answered yet.\n"
                               "# TYPE tollgate_api_active gauge\n"
                               "tollgate_api_active %zu\n"
                               "# HELP tollgate_build_info The version that runs.\n"
                               "# TYPE tollgate_build_info gauge\n"
                               "tollgate_build_info{program=\"controlplane\",version=\"%s\"} 1\n",
                               metrics->abandoned, queued, jobs, TG_VERSION);
    return status;
}
