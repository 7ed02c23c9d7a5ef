/* An HTTP/1.1 client on a loop with a pool of keep-alive connections per origin, for calls to providers.
 *
 * get a connection (idle, or connect + TLS) -> write head and body in one write -> read head -> on_head -> body pieces
 * as they come -> on_done -> connection back to its origin's idle list, still watched so that a close is seen.
 * The pool belongs to the loop: no lock, no export of sockets.
 *
 * A request that failed on a reused connection before a single byte of the answer was read, because the provider closed
 * the idle connection at that moment, is sent once more on a new one. RFC 9110 section 9.2.2 allows it only where the
 * server cannot have begun to act, so it is done only if the provider's kernel acknowledged no byte of the request;
 * else the call ends as broken. `is_retried` says so.
 *
 * Thread: everything of one client belongs to its loop. */
#ifndef TG_HTTP_CLIENT_H
#define TG_HTTP_CLIENT_H

#include "common/http/server.h" /* struct tg_http_header */

typedef struct tg_http_client tg_http_client;
typedef struct tg_http_call tg_http_call;

enum tg_http_failure {
    TG_HTTP_NO_FAILURE,
    TG_HTTP_RESOLVE_FAILED,
    TG_HTTP_CONNECT_FAILED,
    TG_HTTP_CONNECT_TIMEOUT,
    TG_HTTP_TLS_FAILED,         /* includes certificates that are not accepted, on either side */
    TG_HTTP_FIRST_BYTE_TIMEOUT, /* sent, and no head in time */
    TG_HTTP_IDLE_TIMEOUT,       /* no byte for too long in the middle of the answer */
    TG_HTTP_TOTAL_TIMEOUT,
    TG_HTTP_BROKEN,       /* closed before the end that its framing announced */
    TG_HTTP_BAD_RESPONSE, /* not HTTP, or beyond a limit */
};
const char *tg_http_failure_name(enum tg_http_failure failure);

/* Where to connect. Interned per client: one pool each. */
struct tg_http_origin {
    const char *scheme; /* "http" or "https" */
    const char *host;   /* name or address, without brackets */
    uint16_t port;
    tg_tls_context *tls; /* for https: verifies the chain and the host name; shared by all loops */
};

struct tg_http_timeouts {
    int64_t connect_ms;    /* name resolution, TCP and TLS */
    int64_t first_byte_ms; /* from the request written to the answer's head */
    int64_t idle_ms;       /* between two reads of the body (paused time does not count) */
    int64_t total_ms;      /* everything; 0 is none */
};

struct tg_http_call_handler {
    /* The head is there. Text is valid until on_end. `content_length` is -1 when unknown. */
    void (*on_head)(void *user, int status, const struct tg_http_header *headers, size_t header_count,
                    int64_t content_length);
    /* The next bytes of the body, with transfer coding removed; valid during the call only. With `is_last` set the
     * body ended with these (possibly zero) bytes: on_end(TG_HTTP_NO_FAILURE) follows at once. */
    void (*on_body)(void *user, struct tg_text piece, bool is_last);
    /* The call is over, exactly once, unless it was cancelled. The call object is gone afterwards.
     * `reason` is a short English phrase for logs (system error, certificate problem). */
    void (*on_end)(void *user, enum tg_http_failure failure, const char *reason);
};

struct tg_http_client_config {
    size_t max_idle_per_origin; /* default 64 when 0 */
    int64_t idle_keepalive_ms;  /* an idle connection is closed after so long; default 30 s when 0 */
    size_t max_head_bytes;      /* default 64 KiB when 0 */
    size_t read_bytes;          /* most bytes handed over at once; default 64 KiB when 0 */
};

tg_http_client *tg_http_client_create(tg_loop *loop, const struct tg_http_client_config *config);
/* Cancels what runs, closes what is idle. */
void tg_http_client_destroy(tg_http_client *client);
/* Idle connections to all origins, for metrics. */
size_t tg_http_client_idle_count(const tg_http_client *client);

/* Starts a call. `head` is the complete request head as bytes (request line, fields, empty line); `body` follows it in
 * the same write. Both are referenced until on_end or cancel. Callbacks never run from inside this call. */
tg_http_call *tg_http_call_start(tg_http_client *client, const struct tg_http_origin *origin,
                                 const struct tg_http_timeouts *timeouts, const struct tg_text *pieces,
                                 size_t piece_count, const struct tg_http_call_handler *handler, void *user);

/* No more body pieces until resumed (the socket is not read: backpressure reaches the provider). */
void tg_http_call_pause(tg_http_call *call);
void tg_http_call_resume(tg_http_call *call);

/* Ends the call now: its connection is closed, no callback comes any more. */
void tg_http_call_cancel(tg_http_call *call);

/* True once the request went out on a second connection (see the top). */
bool tg_http_call_is_retried(const tg_http_call *call);

#endif
