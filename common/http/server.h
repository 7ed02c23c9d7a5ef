/* An HTTP/1.1 server on a loop (RFC 9110, RFC 9112): the listener of both planes and of the provider simulator.
 *
 * accept -> read head -> read body (bounded, and counted against one gauge for the whole process) -> on_request ->
 * the handler answers now or later, whole or in pieces -> next request on the connection.
 * Requests on one connection are answered in order; a pipelined next request waits in the socket, not in memory.
 * While a request is being handled the connection is still watched, so a client that leaves is noticed at once.
 * Why not libh2o's own server: docs/decisions/. HTTP/2 is not offered: it belongs to the load balancer in front.
 *
 * Thread: everything of one server belongs to its loop. */
#ifndef TG_HTTP_SERVER_H
#define TG_HTTP_SERVER_H

#include <stdatomic.h>

#include "common/base/arena.h"
#include "common/net/loop.h"

typedef struct tg_http_server tg_http_server;
typedef struct tg_tls_context tg_tls_context; /* common/crypto/tls.h */

struct tg_http_header {
    struct tg_text name; /* as sent; compare without case */
    struct tg_text value;
};

enum { TG_HTTP_MAX_HEADERS = 100 };

/* One request. Owned by the server; valid from on_request until after on_close (which always comes, exactly once).
 * All text points into memory of the request. */
struct tg_http_request {
    struct tg_text method;
    struct tg_text target; /* as sent: path and query */
    struct tg_text path;   /* up to '?' ; not decoded */
    struct tg_text query;  /* after '?', or empty */
    const struct tg_http_header *headers;
    size_t header_count;
    struct tg_text body;    /* complete, chunked coding removed. Writable memory of the request */
    char peer[64];          /* numeric address and port, for audit and logs */
    struct tg_arena *arena; /* lives as long as the request: the handler's scratch memory */
    void *user;             /* the handler's own */
};

/* The first header of that name (case does not matter), or NULL. */
const struct tg_text *tg_http_request_header(const struct tg_http_request *request, const char *name);
/* The raw (still percent-encoded) value of the first query parameter of that name; false if there is none. */
bool tg_http_query_param(struct tg_text query, const char *name, struct tg_text *value);
/* Percent-decodes (and '+' as space if `is_form`); false on bad escapes. Result in the arena. */
bool tg_http_percent_decode(struct tg_arena *arena, struct tg_text text, bool is_form, struct tg_text *decoded);

/* Why the server itself refuses a request, before any handler: the handler renders it in its dialect. */
enum tg_http_refusal {
    TG_HTTP_BAD_REQUEST,      /* 400: not HTTP, or ambiguous framing (smuggling) */
    TG_HTTP_HEAD_TOO_LARGE,   /* 431 */
    TG_HTTP_BODY_TOO_LARGE,   /* 413: over max_body_bytes */
    TG_HTTP_LENGTH_REQUIRED,  /* 411 or 501: a transfer coding other than chunked */
    TG_HTTP_BODIES_EXHAUSTED, /* 503 with Retry-After: the process holds as many bytes of bodies as it may */
    TG_HTTP_REQUEST_TIMEOUT,  /* 408: head or body did not arrive in time */
    TG_HTTP_BODY_UNWANTED,    /* the handler's own reason: see wants_body */
};
int tg_http_refusal_status(enum tg_http_refusal refusal);
const char *tg_http_refusal_name(enum tg_http_refusal refusal);

/* Bytes of request bodies held by all servers of the process; one per process, shared by its loops. */
struct tg_http_body_gauge {
    _Atomic int64_t held_bytes;
    int64_t max_bytes;
};

struct tg_http_server_config {
    void *user;
    /* The head is complete, the body not yet. False if the request is refused whatever its body says: none of it is
     * invited, held or read, and on_refuse follows at once with TG_HTTP_BODY_UNWANTED. NULL: every body is wanted. */
    bool (*wants_body)(void *user, const struct tg_http_request *request);
    /* The request is complete. Answer with tg_http_respond() or tg_http_start() + tg_http_send(), now or later. */
    void (*on_request)(void *user, struct tg_http_request *request);
    /* The server refuses; head fields are set as far as they are known (method may be empty). Must answer at once with
     * tg_http_respond(). The connection closes afterwards; on_close does not follow, nothing else does. */
    void (*on_refuse)(void *user, struct tg_http_request *request, enum tg_http_refusal refusal);
    /* The request is over: `is_complete` if the whole answer was handed to the kernel, false if the client left
     * (may come at any moment after on_request, never from inside a call the handler makes into the server, but for
     * tg_http_server_destroy). After it returns the request is gone; the handler must let go of it. A client that only
     * ends its own side of the connection has left, too. */
    void (*on_close)(void *user, struct tg_http_request *request, bool is_complete);
    /* tg_http_send() may be called again (see there). */
    void (*on_writable)(void *user, struct tg_http_request *request);

    struct tg_http_body_gauge *bodies; /* NULL: only max_body_bytes bounds */
    size_t max_head_bytes;             /* default 32 KiB when 0 */
    size_t max_body_bytes;             /* default 10 MiB when 0 */
    size_t max_connections;            /* beyond it, accepting pauses; default 10,000 when 0 */
    int64_t head_timeout_ms;           /* from the first byte of a head to its end; default 30 s when 0 */
    int64_t body_idle_timeout_ms;      /* between two reads of a body, which also come at 8 KiB/s; default 30 s */
    int64_t keepalive_timeout_ms;      /* between two requests; default 75 s when 0 */
    int64_t write_idle_timeout_ms;     /* a client that takes nothing for so long is dropped; default 60 s when 0 */
    tg_tls_context *tls;               /* NULL: plain */
};

/* Binds `host`:`port` with SO_REUSEPORT and listens; port 0 picks a free one (see tg_http_server_port).
 * TG_CONFLICT with a clear message if the port is taken. */
enum tg_status tg_http_server_create(tg_loop *loop, const char *host, uint16_t port,
                                     const struct tg_http_server_config *config, tg_http_server **server,
                                     struct tg_error *error) TG_MUST_CHECK;
uint16_t tg_http_server_port(const tg_http_server *server);
size_t tg_http_server_connection_count(const tg_http_server *server);

/* Stops accepting; idle connections close, busy ones close after their answer (with "connection: close").
 * on_drained runs when the last is gone. */
void tg_http_server_drain(tg_http_server *server, void (*on_drained)(void *user), void *user);
/* Drops every connection (on_close comes for each request first) and frees the server. Not from inside on_request,
 * on_refuse, on_writable or on_close; from on_drained it is fine. */
void tg_http_server_destroy(tg_http_server *server);

/* A whole answer. Content-Length, Connection, Date and Transfer-Encoding are the server's: such headers of the caller
 * are left out. Headers and body need to be valid during the call only: what the kernel does not take at once is
 * copied. HEAD is handled. On a request whose client left already, this and the calls below do nothing; on_close is
 * due. */
void tg_http_respond(struct tg_http_request *request, int status, const struct tg_http_header *headers,
                     size_t header_count, struct tg_text body);

/* Begins an answer in pieces. With `content_length` >= 0 that many bytes must follow; -1 is chunked coding (or
 * close-delimited for HTTP/1.0). The head goes out with the first send. Header bytes are copied at once. */
void tg_http_start(struct tg_http_request *request, int status, const struct tg_http_header *headers,
                   size_t header_count, int64_t content_length);

/* Hands over the next pieces. The bytes are referenced, not copied: they must stay until on_writable (or on_close).
 * Only one send may be outstanding: after a call that is not final, wait for on_writable before the next; that is the
 * backpressure. on_writable never runs from inside this call. At most TG_HTTP_MAX_PIECES pieces. */
enum { TG_HTTP_MAX_PIECES = 16 };
void tg_http_send(struct tg_http_request *request, const struct tg_text *pieces, size_t piece_count, bool is_final);

/* The same for pieces that are valid during the call only, such as those of a tg_http_call's on_body: what the kernel
 * does not take at once is copied. on_writable follows as after tg_http_send. */
void tg_http_forward(struct tg_http_request *request, const struct tg_text *pieces, size_t piece_count, bool is_final);

/* True if an answer is begun and nothing of it is outstanding: tg_http_send() may be called. */
bool tg_http_is_writable(const struct tg_http_request *request);

/* Ends a begun answer that cannot be completed: the connection is cut so that the client sees the truncation. */
void tg_http_abort(struct tg_http_request *request);

#endif
