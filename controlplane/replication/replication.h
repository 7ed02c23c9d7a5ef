/* The control plane's end of the stream: replicas dial in, are told the configuration as it changes, are lent parts of
 * budgets, and ship what they used.
 *
 *   accept thread ── one thread for each replica: Hello, Welcome, then whatever comes ── link to the replica
 *                      ├─ feed      pages of changes since what the replica holds, each set closed by a Commit
 *                      ├─ lenders   a few connections to the bank, so that no call waits behind a booking
 *                      └─ desk      a few threads that book usage in each replica's order, beside everything else
 *   notices thread ── hears of changes and recalls from every instance and wakes the replicas' threads
 *
 * Instances are equal and share nothing but Postgres: a replica may be here now and elsewhere after a reconnect. An
 * instance that loses the database lets its replicas go, for another may still have it; they come back by themselves.
 * Programs ignore SIGPIPE. */
#ifndef TG_REPLICATION_REPLICATION_H
#define TG_REPLICATION_REPLICATION_H

#include "common/base/buf.h"
#include "common/base/status.h"
#include "common/crypto/seal.h"

typedef struct tg_replication tg_replication;

struct tg_replication_config {
    const char *host; /* numeric address or name to listen on */
    uint16_t port;    /* 0 picks a free one */
    const char *certificate_file, *key_file, *client_ca_file;
    const char *database_url;
    const tg_seal_ring *seal_ring;   /* outlives the server */
    size_t max_replicas;             /* 0: 1,024; more are turned away */
    size_t lease_connections;        /* to the database; 0: 2 */
    size_t booking_connections;      /* 0: 2 */
    size_t state_connections;        /* for the configuration and the replicas' states; 0: 2 */
    int64_t ping_interval_ms;        /* 0: 5 s */
    int64_t silence_timeout_ms;      /* a replica that sends or takes nothing for so long is dropped; 0: 60 s */
    int64_t usage_batch_max_records; /* 0: 2,000 */
};

/* Reads the certificates and listens; nothing is accepted yet. TG_CONFLICT if the port is taken. The config's strings
 * are copied. */
enum tg_status tg_replication_create(const struct tg_replication_config *config, tg_replication **server,
                                     struct tg_error *error) TG_MUST_CHECK;
uint16_t tg_replication_port(const tg_replication *server);

/* Starts the threads. The database need not be there yet. */
enum tg_status tg_replication_start(tg_replication *server, struct tg_error *error) TG_MUST_CHECK;

/* Ends every connection and waits for the threads; bookings under way are finished. No-op when not started. */
void tg_replication_stop(tg_replication *server);
void tg_replication_destroy(tg_replication *server); /* stops first; NULL is fine */

/* Appends Prometheus text (metrics tollgate_stream_…, tollgate_lease_…, tollgate_usage_…). Any thread. */
enum tg_status tg_replication_render_metrics(const tg_replication *server, struct tg_buf *out) TG_MUST_CHECK;

#endif
