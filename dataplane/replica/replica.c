#include "dataplane/replica/replica.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/crypto/tls.h"
#include "common/log/log.h"
#include "common/net/socket.h"
#include "dataplane/link/link.h"
#include "dataplane/replica/monitor.h"
#include "dataplane/telemetry/telemetry.h"
#include "dataplane/worker/worker.h"

enum { MAX_WORKERS = 256, MAX_WAITERS = 100000, ALARM_PERCENT = 50 };

struct tg_replica {
    struct tg_replica_config config;
    struct tg_id boot_id;
    char *journal_dir, *snapshot_file;
    struct tg_telemetry *telemetry;
    struct tg_http_body_gauge bodies;
    tg_tls_context *tls;
    tg_wallet *wallet;
    tg_journal *journal;
    tg_link *link;
    tg_worker **workers;
    size_t worker_count;
    tg_monitor *monitor;
    pthread_mutex_t lock; /* workers are not told anything once they are being stopped */
    bool is_ready, is_stopping;
};

/* ---- what the parts ask of each other ---- */

static void on_snapshot(void *user, tg_snapshot *snapshot)
{
    tg_replica *replica = user;
    pthread_mutex_lock(&replica->lock);
    for (size_t i = 0; i < replica->worker_count && !replica->is_stopping; ++i)
        tg_worker_set_snapshot(replica->workers[i], snapshot);
    bool is_first = !replica->is_ready && !replica->is_stopping;
    replica->is_ready = true;
    pthread_mutex_unlock(&replica->lock);
    if (!is_first)
        return;
    tg_log(TG_LOG_INFO, "ready", tg_log_string("replica", replica->config.name),
           tg_log_number("port", tg_worker_port(replica->workers[0])),
           tg_log_number("admin_port", tg_monitor_port(replica->monitor)),
           tg_log_number("workers", (int64_t)replica->worker_count),
           tg_log_number("revision", tg_snapshot_revision(snapshot)));
}

static int64_t count_active_requests(void *user)
{
    return tg_telemetry_active_requests(((tg_replica *)user)->telemetry);
}

static void read_gauges(void *user, struct tg_gauges *gauges)
{
    tg_replica *replica = user;
    struct tg_link_status status;
    struct tg_journal_stats stats;
    tg_link_read_status(replica->link, &status);
    tg_journal_read_stats(replica->journal, &stats);
    *gauges = (struct tg_gauges){
        .is_ready = status.has_snapshot,
        .is_connected = status.is_connected,
        .snapshot_revision = status.revision,
        .body_bytes_held = atomic_load(&replica->bodies.held_bytes),
        .body_bytes_limit = replica->bodies.max_bytes,
        .journal_pending_records = stats.pending_records,
        .journal_pending_bytes = stats.pending_bytes,
        .journal_dropped_refusals = stats.dropped_refusals,
        .journal_corrupt_entries = stats.corrupt_entries,
        .is_journal_filling = stats.is_filling,
        .is_journal_full = stats.is_full || stats.is_failing,
    };
}

/* ---- starting ---- */

static char *join(const char *directory, const char *name)
{
    char *path;
    if (asprintf(&path, "%s/%s", directory, name) < 0)
        abort();
    return path;
}

static enum tg_status prepare_state(tg_replica *replica, struct tg_error *error)
{
    const char *directory = replica->config.state_dir;
    if (mkdir(directory, 0700) != 0 && errno != EEXIST)
        return tg_fail(error, TG_IO, "state.dir %s: %s", directory, strerror(errno));
    replica->journal_dir = join(directory, "journal");
    replica->snapshot_file = join(directory, "snapshot");
    return TG_OK;
}

/* The link comes first, because wallet and journal wake it; it does nothing before it is started. */
static enum tg_status create_books(tg_replica *replica, struct tg_error *error)
{
    const struct tg_replica_config *config = &replica->config;
    bool has_server_name = config->stream_server_name != NULL && config->stream_server_name[0] != '\0';
    const struct tg_link_config link = {
        .replica = config->name,
        .host = config->stream_host,
        .port = config->stream_port,
        .server_name = has_server_name ? config->stream_server_name : config->stream_host,
        .ca_file = config->stream_ca_file,
        .certificate_file = config->stream_certificate_file,
        .key_file = config->stream_key_file,
        .snapshot_file = replica->snapshot_file,
        .boot_id = replica->boot_id,
        .user = replica,
        .on_snapshot = on_snapshot,
        .count_active_requests = count_active_requests,
    };
    enum tg_status status = tg_link_create(&link, &replica->link, error);
    if (status != TG_OK)
        return status;
    const struct tg_wallet_config wallet = {
        .user = replica->link, .on_message = tg_link_wake_for_wallet, .max_waiters = MAX_WAITERS};
    replica->wallet = tg_wallet_create(&wallet);
    const struct tg_journal_config journal = {
        .directory = replica->journal_dir,
        .boot_id = replica->boot_id,
        .max_bytes = config->journal_max_bytes,
        .alarm_bytes = config->journal_max_bytes / 100 * ALARM_PERCENT,
        .user = replica->link,
        .on_records = tg_link_wake_for_records,
    };
    return tg_journal_open(&journal, &replica->journal, error);
}

static enum tg_status start_workers(tg_replica *replica, struct tg_error *error)
{
    const struct tg_replica_config *config = &replica->config;
    enum tg_status status = TG_OK;
    if (config->listen_certificate_file != NULL && config->listen_certificate_file[0] != '\0')
        status =
            tg_tls_server_create(config->listen_certificate_file, config->listen_key_file, NULL, &replica->tls, error);
    if (status == TG_OK && config->listen_port != 0)
        status = tg_listener_probe(config->listen_host, config->listen_port, error);
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t count = config->workers != 0 ? config->workers : cores < 1 ? 1 : (size_t)cores;
    if (count > MAX_WORKERS)
        count = MAX_WORKERS;
    replica->workers = calloc(count, sizeof(tg_worker *));
    if (replica->workers == NULL)
        abort();
    struct tg_worker_config worker = {
        .host = config->listen_host,
        .port = config->listen_port,
        .tls = replica->tls,
        .bodies = &replica->bodies,
        .max_body_bytes = (size_t)config->max_body_bytes,
        .max_connections = ((size_t)config->max_connections + count - 1) / count,
        .wallet = replica->wallet,
        .journal = replica->journal,
        .telemetry = replica->telemetry,
    };
    while (status == TG_OK && replica->worker_count < count) {
        status = tg_worker_start(&worker, &replica->workers[replica->worker_count], error);
        if (status == TG_OK)
            worker.port = tg_worker_port(replica->workers[replica->worker_count++]);
    }
    return status;
}

enum tg_status tg_replica_start(const struct tg_replica_config *config, tg_replica **replica, struct tg_error *error)
{
    *replica = NULL;
    tg_replica *made = calloc(1, sizeof(*made));
    if (made == NULL)
        abort();
    made->config = *config;
    pthread_mutex_init(&made->lock, NULL);
    made->boot_id = tg_id_new();
    made->bodies.max_bytes = config->max_bodies_bytes;
    made->telemetry = tg_telemetry_create();
    enum tg_status status = prepare_state(made, error);
    if (status == TG_OK)
        status = create_books(made, error);
    if (status == TG_OK)
        status = start_workers(made, error);
    if (status == TG_OK)
        status = tg_monitor_start(config->admin_host, config->admin_port, made->telemetry, read_gauges, made,
                                  &made->monitor, error);
    if (status == TG_OK) {
        tg_log(TG_LOG_INFO, "listening", tg_log_string("host", config->listen_host),
               tg_log_number("port", tg_worker_port(made->workers[0])),
               tg_log_number("admin_port", tg_monitor_port(made->monitor)), tg_log_id("boot", made->boot_id));
        status = tg_link_start(made->link, made->wallet, made->journal, error);
    }
    if (status != TG_OK) {
        tg_replica_stop(made, 0);
        return status;
    }
    *replica = made;
    return TG_OK;
}

/* ---- stopping ---- */

struct stopping {
    tg_worker *worker;
    int64_t grace_ms;
    pthread_t thread;
    bool has_thread;
};

static void *stop_worker(void *user)
{
    const struct stopping *stopping = user;
    tg_worker_stop(stopping->worker, stopping->grace_ms);
    return NULL;
}

/* All at once: while one drained alone, the others would go on accepting. */
static void stop_workers(tg_replica *replica, int64_t grace_ms)
{
    struct stopping stopping[MAX_WORKERS];
    for (size_t i = 0; i < replica->worker_count; ++i) {
        stopping[i] = (struct stopping){.worker = replica->workers[i], .grace_ms = grace_ms};
        stopping[i].has_thread = pthread_create(&stopping[i].thread, NULL, stop_worker, &stopping[i]) == 0;
    }
    for (size_t i = 0; i < replica->worker_count; ++i) {
        if (stopping[i].has_thread)
            pthread_join(stopping[i].thread, NULL);
        else
            stop_worker(&stopping[i]);
    }
}

void tg_replica_stop(tg_replica *replica, int64_t grace_ms)
{
    if (replica == NULL)
        return;
    tg_log(TG_LOG_INFO, "draining", tg_log_number("grace_ms", grace_ms));
    pthread_mutex_lock(&replica->lock);
    replica->is_stopping = true;
    pthread_mutex_unlock(&replica->lock);
    stop_workers(replica, grace_ms);
    bool is_closed = replica->link != NULL && tg_link_stop(replica->link, grace_ms);
    tg_monitor_stop(replica->monitor);
    tg_log(TG_LOG_INFO, "stopped", tg_log_string("books", is_closed ? "closed" : "the next start ships the rest"));
    tg_link_destroy(replica->link);
    tg_journal_close(replica->journal);
    tg_wallet_destroy(replica->wallet);
    tg_tls_context_destroy(replica->tls);
    tg_telemetry_destroy(replica->telemetry);
    free(replica->workers);
    free(replica->journal_dir);
    free(replica->snapshot_file);
    pthread_mutex_destroy(&replica->lock);
    free(replica);
}
