/* One worker: a thread with its event loop, its listener, its upstream pool and its exchanges.
 *
 * Workers are told things by message only: a new snapshot, a budget decision, stop. Each holds one reference to the
 * snapshot it decides with; an exchange keeps the one it began under. */
#ifndef TG_WORKER_WORKER_H
#define TG_WORKER_WORKER_H

#include "common/http/server.h"
#include "dataplane/journal/journal.h"
#include "dataplane/snapshot/snapshot.h"
#include "dataplane/wallet/wallet.h"

typedef struct tg_worker tg_worker;

struct tg_worker_config {
    const char *host;
    uint16_t port;
    tg_tls_context *tls; /* NULL: plain */
    struct tg_http_body_gauge *bodies;
    size_t max_body_bytes;
    size_t max_connections;
    tg_wallet *wallet;
    tg_journal *journal;
    struct tg_telemetry *telemetry; /* shared counters, dataplane/telemetry */
};

/* Starts the thread and listens. The worker answers 503 until it has a snapshot. */
enum tg_status tg_worker_start(const struct tg_worker_config *config, tg_worker **worker,
                               struct tg_error *error) TG_MUST_CHECK;
uint16_t tg_worker_port(const tg_worker *worker);

/* Hands over a snapshot (a reference of its own is taken). Any thread. */
void tg_worker_set_snapshot(tg_worker *worker, tg_snapshot *snapshot);

/* Stops accepting, lets requests in flight finish for at most `grace_ms`, cuts the rest, joins the thread, frees. */
void tg_worker_stop(tg_worker *worker, int64_t grace_ms);

#endif
