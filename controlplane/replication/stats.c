#include "controlplane/replication/stats.h"

#include <inttypes.h>

static const struct row {
    const char *name, *type, *help;
} rows[TG_STAT_COUNT] = {
    [TG_STAT_CONNECTED] = {"tollgate_stream_replicas", "gauge", "Replicas connected to this instance."},
    [TG_STAT_ACCEPTED] = {"tollgate_stream_connections_total", "counter",
                          "Connections of replicas that were welcomed."},
    [TG_STAT_TURNED_AWAY] = {"tollgate_stream_refused_total", "counter",
                             "Connections that were turned away: too many, no valid certificate, a wrong name."},
    [TG_STAT_FULL_SNAPSHOTS] = {"tollgate_stream_full_snapshots_total", "counter", "Whole snapshots begun."},
    [TG_STAT_COMMITS] = {"tollgate_stream_commits_total", "counter", "Revisions sent to replicas."},
    [TG_STAT_ACKS] = {"tollgate_stream_acks_total", "counter", "Revisions that replicas applied."},
    [TG_STAT_NACKS] = {"tollgate_stream_nacks_total", "counter", "Revisions that replicas refused."},
    [TG_STAT_LEASES_GRANTED] = {"tollgate_lease_granted_total", "counter", "Lease requests granted."},
    [TG_STAT_LEASES_BUSY] = {"tollgate_lease_busy_total", "counter", "Lease requests answered by asking again later."},
    [TG_STAT_LEASES_EXHAUSTED] = {"tollgate_lease_exhausted_total", "counter",
                                  "Lease requests refused because the budget is settled."},
    [TG_STAT_LEASES_UNKNOWN] = {"tollgate_lease_unknown_budget_total", "counter",
                                "Lease requests for budgets that do not exist."},
    [TG_STAT_LEASES_RETURNED] = {"tollgate_lease_returns_total", "counter", "Returns of leases."},
    [TG_STAT_RECALLS] = {"tollgate_lease_recalls_total", "counter", "Recalls that this instance started."},
    [TG_STAT_USAGE_BATCHES] = {"tollgate_usage_batches_total", "counter", "Usage batches booked."},
    [TG_STAT_USAGE_BOOKED] = {"tollgate_usage_records_booked_total", "counter", "Usage records booked."},
    [TG_STAT_USAGE_REPEATED] = {"tollgate_usage_records_repeated_total", "counter",
                                "Usage records that came again after they were booked."},
    [TG_STAT_USAGE_REJECTED] = {"tollgate_usage_records_rejected_total", "counter",
                                "Usage records put into usage_rejected."},
    [TG_STAT_USAGE_MISSING] = {"tollgate_usage_records_missing_total", "counter",
                               "Numbers of usage records that never came."},
    [TG_STAT_USAGE_UNCOVERED] = {"tollgate_usage_uncovered_charges_total", "counter",
                                 "Budget accounts charged beyond what their leases covered, per booking."},
};

enum tg_status tg_stats_render(const struct tg_replication_stats *stats, struct tg_buf *out)
{
    for (size_t i = 0; i < TG_STAT_COUNT; ++i) {
        int64_t value = atomic_load_explicit(&stats->values[i], memory_order_relaxed);
        enum tg_status status = tg_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %" PRId64 "\n", rows[i].name,
                                              rows[i].help, rows[i].name, rows[i].type, rows[i].name, value);
        if (status != TG_OK)
            return status;
    }
    return TG_OK;
}
