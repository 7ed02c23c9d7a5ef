#include "dataplane/worker/worker.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/log/log.h"
#include "dataplane/exchange/exchange.h"
#include "dataplane/pipeline/pipeline.h"

enum worker_state {
    WORKER_SERVING,
    WORKER_DRAINING, /* accepts no more, requests in flight go on */
    WORKER_CLOSING,  /* the server is gone; decisions of the wallet may still be on their way */
};

struct tg_worker {
    struct tg_exchange_host host; /* first, so that one is the other */
    enum worker_state state;
    pthread_t thread;
    tg_http_server *server;
    uint16_t port;
    struct tg_timer grace;
};

static struct tg_worker *worker_of(struct tg_exchange_host *host)
{
    return (struct tg_worker *)host;
}

/* ---- the server's callbacks ---- */

static bool wants_body(void *user, const struct tg_http_request *request)
{
    return tg_exchange_wants_body(user, request);
}

static void on_request(void *user, struct tg_http_request *request)
{
    tg_exchange_begin(user, request);
}

static void on_refuse(void *user, struct tg_http_request *request, enum tg_http_refusal refusal)
{
    tg_exchange_refuse_unread(user, request, refusal);
}

static void on_close(void *user, struct tg_http_request *request, bool is_complete)
{
    tg_exchange_on_close(request, is_complete);
}

static void on_writable(void *user, struct tg_http_request *request)
{
    tg_exchange_on_writable(request);
}

/* ---- life ---- */

static void on_idle(struct tg_exchange_host *host)
{
    if (worker_of(host)->state == WORKER_CLOSING)
        tg_loop_stop(host->loop);
}

static void close_server(struct tg_worker *worker)
{
    assert(worker->state == WORKER_DRAINING);
    worker->state = WORKER_CLOSING;
    tg_timer_stop(worker->host.loop, &worker->grace);
    tg_http_server_destroy(worker->server); /* on_close comes for every request that is left */
    worker->server = NULL;
    if (worker->host.live_count == 0)
        tg_loop_stop(worker->host.loop);
}

static void on_drained(void *user)
{
    struct tg_worker *worker = user;
    if (worker->state == WORKER_DRAINING)
        close_server(worker);
}

static void on_grace_over(struct tg_timer *timer)
{
    struct tg_worker *worker = (struct tg_worker *)(void *)((char *)timer - offsetof(struct tg_worker, grace));
    tg_log(TG_LOG_WARNING, "worker_cut_requests", tg_log_number("requests", (int64_t)worker->host.live_count));
    close_server(worker);
}

static void *run(void *argument)
{
    struct tg_worker *worker = argument;
    tg_loop_run(worker->host.loop);
    return NULL;
}

static void destroy(struct tg_worker *worker)
{
    if (worker->server != NULL)
        tg_http_server_destroy(worker->server);
    tg_exchange_host_deinit(&worker->host);
    tg_http_client_destroy(worker->host.client);
    tg_snapshot_handle_release(worker->host.snapshot);
    tg_loop_destroy(worker->host.loop);
    free(worker);
}

static enum tg_status listen_on(struct tg_worker *worker, const struct tg_worker_config *config, struct tg_error *error)
{
    struct tg_http_server_config server_config = {
        .user = &worker->host,
        .wants_body = wants_body,
        .on_request = on_request,
        .on_refuse = on_refuse,
        .on_close = on_close,
        .on_writable = on_writable,
        .bodies = config->bodies,
        .max_body_bytes = config->max_body_bytes,
        .max_connections = config->max_connections,
        .tls = config->tls,
    };
    enum tg_status status =
        tg_http_server_create(worker->host.loop, config->host, config->port, &server_config, &worker->server, error);
    if (status == TG_OK)
        worker->port = tg_http_server_port(worker->server);
    return status;
}

/* Signals are the main thread's business. */
static int start_thread(struct tg_worker *worker)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failure = pthread_create(&worker->thread, NULL, run, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failure == 0)
        pthread_setname_np(worker->thread, "tg-worker");
    return failure;
}

enum tg_status tg_worker_start(const struct tg_worker_config *config, tg_worker **worker, struct tg_error *error)
{
    struct tg_worker *started = calloc(1, sizeof(*started));
    if (started == NULL)
        abort();
    struct tg_exchange_host *host = &started->host;
    host->loop = tg_loop_create();
    host->client = tg_http_client_create(host->loop, &(struct tg_http_client_config){0});
    host->wallet = config->wallet;
    host->journal = config->journal;
    host->counters = tg_telemetry_add(config->telemetry);
    host->pipeline = &tg_pipeline;
    host->max_body_bytes = config->max_body_bytes;
    host->on_idle = on_idle;
    started->grace.on_expire = on_grace_over;
    tg_exchange_host_init(host);

    enum tg_status status = listen_on(started, config, error);
    if (status == TG_OK && start_thread(started) != 0)
        status = tg_fail(error, TG_EXHAUSTED, "cannot start a thread for a worker: the system's limit is reached");
    if (status != TG_OK) {
        destroy(started);
        return status;
    }
    *worker = started;
    return TG_OK;
}

uint16_t tg_worker_port(const tg_worker *worker)
{
    return worker->port;
}

/* ---- messages ---- */

struct snapshot_message {
    struct tg_message message;
    struct tg_exchange_host *host;
    struct tg_snapshot_handle *handle;
};

static void take_snapshot(struct tg_message *message)
{
    struct snapshot_message *news = (struct snapshot_message *)(void *)message;
    struct tg_snapshot_handle *old = news->host->snapshot;
    news->host->snapshot = news->handle;
    tg_snapshot_handle_release(old); /* exchanges that began under it still use it */
    free(news);
}

void tg_worker_set_snapshot(tg_worker *worker, tg_snapshot *snapshot)
{
    struct tg_snapshot_handle *handle = calloc(1, sizeof(*handle));
    struct snapshot_message *news = calloc(1, sizeof(*news));
    if (handle == NULL || news == NULL)
        abort();
    handle->snapshot = tg_snapshot_ref(snapshot);
    handle->revision = tg_snapshot_revision(snapshot);
    handle->users = 1;
    snprintf(handle->revision_text, sizeof(handle->revision_text), "%" PRId64, handle->revision);
    *news = (struct snapshot_message){{.run = take_snapshot}, &worker->host, handle};
    tg_loop_post(worker->host.loop, &news->message);
}

struct stop_message {
    struct tg_message message;
    struct tg_worker *worker;
    int64_t grace_ms;
};

static void drain(struct tg_message *message)
{
    struct stop_message *stop = (struct stop_message *)(void *)message;
    struct tg_worker *worker = stop->worker;
    worker->state = WORKER_DRAINING;
    tg_timer_start(worker->host.loop, &worker->grace, stop->grace_ms);
    tg_http_server_drain(worker->server, on_drained, worker);
    free(stop);
}

void tg_worker_stop(tg_worker *worker, int64_t grace_ms)
{
    struct stop_message *stop = calloc(1, sizeof(*stop));
    if (stop == NULL)
        abort();
    *stop = (struct stop_message){{.run = drain}, worker, grace_ms};
    tg_loop_post(worker->host.loop, &stop->message);
    pthread_join(worker->thread, NULL);
    destroy(worker);
}
