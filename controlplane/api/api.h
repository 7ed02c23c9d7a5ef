/* The admin API: HTTP in front, resources behind.
 *
 *   loop's thread                                worker threads (api.workers), each with its own database connection
 *   on_request: route, authenticate ── job ───►  queue ── handler: plain blocking code ── answer, or pieces of one
 *   answer the client            ◄── message ──
 *
 * A job owns a copy of everything it needs of the request, so that a client that leaves never pulls memory away from a
 * worker; it only makes the work pointless, and streamed answers stop. The queue is bounded: beyond it the answer is
 * 503. Answers of any length go through a pipe of two pieces, so that a slow client slows the query. */
#ifndef TG_API_API_H
#define TG_API_API_H

#include "common/crypto/seal.h"
#include "common/crypto/tls.h"
#include "common/net/loop.h"

typedef struct tg_api tg_api;

struct tg_api_config {
    const char *host;
    uint16_t port;
    tg_tls_context *tls; /* NULL: plain */
    size_t workers;
    const char *database_url;
    const tg_seal_ring *seal_ring;
    struct tg_text admin_token; /* only its hash is kept */
    /* Appends what other parts count to /metrics; NULL: nothing. */
    enum tg_status (*write_metrics)(void *user, struct tg_buf *out);
    void *user;
};

/* Binds, and starts the workers. TG_CONFLICT if the port is taken. */
enum tg_status tg_api_create(tg_loop *loop, const struct tg_api_config *config, tg_api **api,
                             struct tg_error *error) TG_MUST_CHECK;
uint16_t tg_api_port(const tg_api *api);

/* Stops accepting and ends what is under way; after `deadline_ms` connections are cut. on_stopped runs on the loop when
 * nothing is left, and may destroy the API. */
void tg_api_stop(tg_api *api, int64_t deadline_ms, void (*on_stopped)(void *user), void *user);
void tg_api_destroy(tg_api *api); /* stopped, or never used; NULL is fine */

#endif
