#include <inttypes.h>

#include "dataplane/telemetry/telemetry_internal.h"

/* Remembers running out of room, so that every line need not be checked. */
struct page {
    struct tg_buf *out;
    enum tg_status status;
    const struct telemetry_block *blocks;
};

#define PUT(page, ...)                                                                                                 \
    do {                                                                                                               \
        if ((page)->status == TG_OK)                                                                                   \
            (page)->status = tg_buf_printf((page)->out, __VA_ARGS__);                                                  \
    } while (0)

/* The sum over all workers of the counter at this place in their blocks. */
static uint64_t sum(const struct page *page, size_t offset)
{
    uint64_t total = 0;
    for (const struct telemetry_block *block = page->blocks; block != NULL; block = block->next) {
        const tg_counter *counter = (const tg_counter *)(const void *)((const char *)&block->counters + offset);
        total += atomic_load_explicit(counter, memory_order_relaxed);
    }
    return total;
}

#define SUM(page, member)           sum(page, offsetof(struct tg_counters, member))
#define SUM_AT(page, member, index) sum(page, offsetof(struct tg_counters, member) + (index) * sizeof(tg_counter))

static void head(struct page *page, const char *name, const char *type, const char *help)
{
    PUT(page, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void counter(struct page *page, const char *name, const char *help, uint64_t value)
{
    head(page, name, "counter", help);
    PUT(page, "%s %" PRIu64 "\n", name, value);
}

static void gauge(struct page *page, const char *name, const char *help, int64_t value)
{
    head(page, name, "gauge", help);
    PUT(page, "%s %" PRId64 "\n", name, value);
}

/* A whole number of `digits` decimal places, as a decimal number: no floating point. */
static void put_decimal(struct page *page, uint64_t value, unsigned digits)
{
    uint64_t unit = 1;
    for (unsigned i = 0; i < digits; ++i)
        unit *= 10;
    PUT(page, "%" PRIu64 ".%0*" PRIu64, value / unit, (int)digits, value % unit);
}

static void histogram(struct page *page, const char *name, const char *help, size_t offset)
{
    uint64_t total = 0;
    head(page, name, "histogram", help);
    for (size_t i = 0; i < TG_TELEMETRY_BUCKETS; ++i) {
        total += sum(page, offset + offsetof(struct tg_histogram, buckets) + i * sizeof(tg_counter));
        PUT(page, "%s_bucket{le=\"", name);
        put_decimal(page, (uint64_t)telemetry_bounds_ns[i], 9);
        PUT(page, "\"} %" PRIu64 "\n", total);
    }
    total += sum(page, offset + offsetof(struct tg_histogram, buckets) + TG_TELEMETRY_BUCKETS * sizeof(tg_counter));
    PUT(page, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n%s_sum ", name, total, name);
    put_decimal(page, sum(page, offset + offsetof(struct tg_histogram, sum_ns)), 9);
    PUT(page, "\n%s_count %" PRIu64 "\n", name, total);
}

static bool have_one_name(unsigned a, unsigned b)
{
    return strcmp(tg_endpoint_name((enum tg_endpoint)a), tg_endpoint_name((enum tg_endpoint)b)) == 0;
}

/* Several endpoints may be one to people: the lists of models in all their shapes. */
static bool is_first_of_its_name(unsigned endpoint)
{
    for (unsigned before = TG_ENDPOINT_ROOT + 1; before < endpoint; ++before)
        if (have_one_name(before, endpoint))
            return false;
    return true;
}

static void requests(struct page *page)
{
    head(page, "tollgate_requests_total", "counter", "Requests that ended, by endpoint and outcome.");
    for (unsigned endpoint = TG_ENDPOINT_UNKNOWN; endpoint < TG_ENDPOINT_COUNT; ++endpoint) {
        const char *name = tg_endpoint_name((enum tg_endpoint)endpoint);
        if (endpoint == TG_ENDPOINT_ROOT || !is_first_of_its_name(endpoint))
            continue;
        for (unsigned outcome = 1; outcome < TG_TELEMETRY_OUTCOMES; ++outcome) {
            uint64_t count = 0;
            for (unsigned same = endpoint; same < TG_ENDPOINT_COUNT; ++same)
                if (same == endpoint || (same != TG_ENDPOINT_ROOT && have_one_name(same, endpoint)))
                    count += SUM_AT(page, requests, same * TG_TELEMETRY_OUTCOMES + outcome);
            PUT(page, "tollgate_requests_total{endpoint=\"%s\",outcome=\"%s\"} %" PRIu64 "\n",
                name[0] == '\0' ? "other" : name, tg_wire_outcome_name((Tollgate__V1__Outcome)outcome), count);
        }
    }
    head(page, "tollgate_refusals_total", "counter", "Requests answered with an error of the gateway, by its code.");
    for (unsigned code = TG_ERROR_NONE + 1; code < TG_ERROR_COUNT; ++code)
        PUT(page, "tollgate_refusals_total{code=\"%s\"} %" PRIu64 "\n",
            tg_client_error_code_name((enum tg_client_error_code)code), SUM_AT(page, refusals, code));
    counter(page, "tollgate_unrecorded_refusals_total",
            "Refusals of unknown callers beyond the rate at which these are journaled.",
            SUM(page, unrecorded_refusals));
    gauge(page, "tollgate_requests_in_flight", "Requests being handled.",
          (int64_t)(SUM(page, requests_begun) - SUM(page, requests_ended)));
}

static void upstream(struct page *page)
{
    head(page, "tollgate_upstream_answers_total", "counter", "Answers of providers, by class of status.");
    for (unsigned class = 2; class < 6; ++class)
        PUT(page, "tollgate_upstream_answers_total{status=\"%uxx\"} %" PRIu64 "\n", class,
            SUM_AT(page, upstream_statuses, class));
    head(page, "tollgate_upstream_failures_total", "counter", "Calls that ended without an answer, by cause.");
    for (unsigned failure = TG_HTTP_NO_FAILURE + 1; failure < TG_TELEMETRY_FAILURES; ++failure)
        PUT(page, "tollgate_upstream_failures_total{failure=\"%s\"} %" PRIu64 "\n",
            tg_http_failure_name((enum tg_http_failure)failure), SUM_AT(page, upstream_failures, failure));
    counter(page, "tollgate_failovers_total", "Calls that went on to another deployment.", SUM(page, failovers));
}

static void usage(struct page *page)
{
    for (int kind = 0; kind < TG_USAGE_KIND_COUNT; ++kind) {
        if (kind == 0)
            head(page, "tollgate_tokens_total", "counter", "Tokens booked, each counted under one kind.");
        if (kind == TG_USAGE_TOKEN_KINDS)
            head(page, "tollgate_units_total", "counter", "What else was booked, by its unit.");
        const char *name = tg_usage_kind_name((enum tg_usage_kind)kind);
        bool is_tokens = kind < TG_USAGE_TOKEN_KINDS;
        size_t bytes = strlen(name) - (is_tokens ? sizeof("_tokens") - 1 : 0);
        PUT(page, "tollgate_%s_total{kind=\"%.*s\"} %" PRIu64 "\n", is_tokens ? "tokens" : "units", (int)bytes, name,
            SUM_AT(page, used, (size_t)kind));
    }
    head(page, "tollgate_cost_usd_total", "counter", "Cost booked, in US dollars.");
    PUT(page, "tollgate_cost_usd_total ");
    put_decimal(page, SUM(page, cost_pusd), 12);
    PUT(page, "\n");
    counter(page, "tollgate_unpriced_calls_total",
            "Calls booked at less than they cost: something in them has no price.", SUM(page, unpriced));
    counter(page, "tollgate_estimated_calls_total", "Calls whose tokens were estimated.", SUM(page, estimated));
    counter(page, "tollgate_clamped_calls_total", "Calls whose maximum output a budget lowered.", SUM(page, clamped));
    counter(page, "tollgate_budget_waits_total", "Requests that waited for room in a budget.", SUM(page, budget_waits));
}

static void state(struct page *page, const struct tg_gauges *gauges)
{
    gauge(page, "tollgate_ready", "1 when the replica has a snapshot and serves.", gauges->is_ready);
    gauge(page, "tollgate_control_plane_connected", "1 while the control plane is connected.", gauges->is_connected);
    gauge(page, "tollgate_snapshot_revision", "Revision of the configuration that decides.", gauges->snapshot_revision);
    gauge(page, "tollgate_request_body_bytes", "Bytes of request bodies held.", gauges->body_bytes_held);
    gauge(page, "tollgate_request_body_limit_bytes", "Bytes of request bodies that may be held.",
          gauges->body_bytes_limit);
    gauge(page, "tollgate_journal_pending_records", "Usage records that the control plane has not acknowledged.",
          gauges->journal_pending_records);
    gauge(page, "tollgate_journal_pending_bytes", "Size of these records.", gauges->journal_pending_bytes);
    gauge(page, "tollgate_journal_filling", "1 from the alarm on.", gauges->is_journal_filling);
    gauge(page, "tollgate_journal_full", "1 while budgeted calls are refused for want of room.",
          gauges->is_journal_full);
    counter(page, "tollgate_journal_dropped_refusals_total", "Records of refusals that found no room.",
            (uint64_t)gauges->journal_dropped_refusals);
    counter(page, "tollgate_journal_corrupt_entries_total", "Journal entries that failed their check.",
            (uint64_t)gauges->journal_corrupt_entries);
}

enum tg_status tg_telemetry_render(struct tg_telemetry *telemetry, const struct tg_gauges *gauges, struct tg_buf *out)
{
    pthread_mutex_lock(&telemetry->lock);
    struct page page = {out, TG_OK, telemetry->blocks};
    requests(&page);
    upstream(&page);
    usage(&page);
    histogram(&page, "tollgate_request_duration_seconds", "From the whole request to the answer handed over.",
              offsetof(struct tg_counters, duration));
    histogram(&page, "tollgate_first_byte_seconds", "From the whole request to the first byte of the answer.",
              offsetof(struct tg_counters, first_byte));
    histogram(&page, "tollgate_added_latency_seconds",
              "From the whole request to the call being sent, for calls that waited for no budget.",
              offsetof(struct tg_counters, added));
    state(&page, gauges);
    pthread_mutex_unlock(&telemetry->lock);
    return page.status;
}
