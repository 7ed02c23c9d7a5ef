#include "common/base/time.h"
#include "common/log/log.h"
#include "controlplane/budget/bank_store.h"
#include "controlplane/replication/internal.h"
#include "controlplane/snapshot/change.h"

/* Should a notice ever be missed, the revision is seen by looking. */
enum { LOOK_INTERVAL_MS = 1000, SWEEP_INTERVAL_MS = 10000, RETRY_MS = 500 };

/* What the thread knows between two rounds. */
struct watch {
    tg_replication *server;
    struct tg_id epoch;
    bool is_listening, was_away;
    int64_t looked_at_ms, swept_at_ms;
};

static void raise_revision(tg_replication *server, int64_t revision)
{
    int64_t known = atomic_load(&server->latest_revision);
    while (revision > known && !atomic_compare_exchange_weak(&server->latest_revision, &known, revision))
        continue;
    if (revision > known)
        tg_replication_wake_all(server);
}

static enum tg_status look(struct watch *watch, struct tg_error *error)
{
    struct tg_feed_state state;
    enum tg_status status = tg_feed_read_revision(watch->server->notices, &state, error);
    if (status != TG_OK)
        return status;
    watch->looked_at_ms = tg_time_monotonic_ms();
    bool is_another =
        !tg_id_equals(state.epoch, watch->epoch) || state.revision < atomic_load(&watch->server->latest_revision);
    if (is_another && !tg_id_is_zero(watch->epoch)) {
        tg_log(TG_LOG_WARNING, "database_replaced", tg_log_number("revision", state.revision));
        atomic_store(&watch->server->latest_revision, 0);
        tg_replication_end_all(watch->server);
    }
    watch->epoch = state.epoch;
    raise_revision(watch->server, state.revision);
    return TG_OK;
}

static enum tg_status listen_to_all(struct watch *watch, struct tg_error *error)
{
    static const char *const channels[] = {TG_SNAPSHOT_CHANNEL, TG_BANK_RECALL_CHANNEL};
    static const size_t count = sizeof(channels) / sizeof(channels[0]);
    enum tg_status status = TG_OK;
    for (size_t i = 0; i < count && status == TG_OK; ++i)
        status = tg_db_listen(watch->server->notices, channels[i], error);
    watch->is_listening = status == TG_OK;
    return status;
}

static void on_notice(struct watch *watch, const struct tg_db_notice *notice)
{
    struct tg_text channel = tg_text_of(notice->channel), payload = tg_text_of(notice->payload);
    struct tg_id budget_id, spared_boot;
    uint64_t revision;
    if (tg_text_is(channel, TG_SNAPSHOT_CHANNEL) && tg_text_to_u64(payload, &revision) && revision <= INT64_MAX)
        raise_revision(watch->server, (int64_t)revision);
    else if (tg_text_is(channel, TG_BANK_RECALL_CHANNEL) && tg_bank_parse_recall(payload, &budget_id, &spared_boot))
        tg_replication_recall(watch->server, budget_id, spared_boot);
    else
        tg_log(TG_LOG_WARNING, "unknown_notice", tg_log_text("channel", channel));
}

/* One thing after the other: be listening, look now and then, sweep now and then, wait for the next notice. */
static enum tg_status watch_once(struct watch *watch, struct tg_error *error)
{
    tg_replication *server = watch->server;
    enum tg_status status = watch->is_listening ? TG_OK : listen_to_all(watch, error);
    int64_t now_ms = tg_time_monotonic_ms();
    if (status == TG_OK && (watch->was_away || now_ms - watch->looked_at_ms >= LOOK_INTERVAL_MS))
        status = look(watch, error);
    if (status == TG_OK && now_ms - watch->swept_at_ms >= SWEEP_INTERVAL_MS) {
        watch->swept_at_ms = now_ms;
        status = tg_fleet_sweep(server->notices, error);
    }
    if (status != TG_OK)
        return status;
    watch->was_away = false;
    struct tg_db_notice notice;
    status = tg_db_wait_notice(server->notices, LOOK_INTERVAL_MS, server->notices_waker.fd, &notice, error);
    if (status == TG_OK)
        on_notice(watch, &notice);
    return status == TG_TIMEOUT ? TG_OK : status;
}

void *tg_notices_run(void *argument)
{
    tg_replication *server = argument;
    struct watch watch = {.server = server, .was_away = true, .swept_at_ms = INT64_MIN / 2};
    while (!atomic_load(&server->is_stopping)) {
        struct tg_error error = {0};
        if (watch_once(&watch, &error) == TG_OK)
            continue;
        if (!watch.was_away)
            tg_log(TG_LOG_ERROR, "database_away", tg_log_string("error", error.message));
        watch.was_away = true;
        (void)tg_waker_wait(&server->notices_waker, RETRY_MS);
    }
    return NULL;
}
