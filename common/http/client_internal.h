/* The inside of the client: client.c (its life, origins, the pool), call.c (a call's way to its connection and its
 * request on it), receive.c (the answer). */
#ifndef TG_HTTP_CLIENT_INTERNAL_H
#define TG_HTTP_CLIENT_INTERNAL_H

#include "common/http/chunked.h"
#include "common/http/client.h"
#include "common/http/message.h"
#include "common/net/resolve.h"

enum { ORIGIN_BUCKETS = 64 };

/* Exists while it has a connection or a call. */
struct origin {
    struct origin *next; /* in its bucket */
    char *host;
    uint16_t port;
    tg_tls_context *tls;   /* NULL: http */
    struct upstream *idle; /* the one used last is first: the others may fall asleep */
    size_t idle_count;
    size_t user_count; /* calls and connections */
};

/* One connection. */
struct upstream {
    tg_http_client *client;
    struct origin *origin;
    tg_socket *socket;
    tg_http_call *call; /* NULL while idle */
    struct upstream *next;
    struct upstream *previous;
    bool is_reused;
    int64_t idle_since_ms;
    struct tg_deferred release;
};

enum call_state {
    CALL_RESOLVING,
    CALL_CONNECTING,
    CALL_SECURING, /* TLS handshake */
    CALL_AWAITING, /* the request is on its way, or waits for its answer */
    CALL_READING,  /* the head was handed over */
    CALL_FAILED,   /* on_end is due */
    CALL_ENDED,    /* freed at the end of the turn */
};

struct tg_http_call {
    tg_http_client *client;
    struct origin *origin;
    struct upstream *upstream;
    tg_http_call *next; /* among those that run, or those to be used again */
    tg_http_call *previous;
    enum call_state state;
    const struct tg_http_call_handler *handler;
    void *user;
    struct tg_http_timeouts timeouts;
    struct tg_text pieces[TG_HTTP_MAX_PIECES];
    size_t piece_count;
    bool is_to_head; /* a HEAD request */
    bool is_sent;    /* the kernel has all of it */
    bool is_retried;
    bool is_paused;
    bool has_bytes; /* of the answer */

    tg_lookup *lookup;
    struct tg_addresses addresses;
    size_t next_address;
    int64_t connect_deadline_ms;
    int64_t deadline_ms; /* of the present wait; 0: none */
    int64_t total_deadline_ms;
    struct tg_timer timer; /* not later than either */
    struct tg_deferred work;

    struct message_head head;
    struct chunked chunked;
    int64_t left_bytes; /* of a body by length */
    char *kept;         /* the head, or what there is of it; kept_inline or allocated */
    size_t kept_bytes;
    size_t kept_capacity;
    size_t seen_bytes;
    char *held; /* body bytes that came with the head while the call was paused */
    size_t held_bytes;
    bool is_holding;
    enum tg_http_failure failure;
    char reason[192];

    struct tg_http_header headers[MESSAGE_HEADER_CAPACITY];
    char kept_inline[1024];
};

struct tg_http_client {
    tg_loop *loop;
    struct tg_http_client_config config;
    struct origin *origins[ORIGIN_BUCKETS];
    tg_http_call *calls;
    tg_http_call *spare_calls;
    size_t spare_call_count;
    size_t idle_count;
    struct tg_timer sweep; /* closes what was idle for too long */
    char *scratch;         /* read_bytes: every read of every call lands here */
    bool is_destroyed;
    struct tg_deferred release;
};

/* client.c */
struct upstream *upstream_create(tg_http_call *call);
struct upstream *upstream_take_idle(struct origin *origin);
void upstream_make_idle(struct upstream *upstream);
void upstream_close(struct upstream *upstream);
struct origin *origin_take(tg_http_client *client, const struct tg_http_origin *origin);
void origin_drop(tg_http_client *client, struct origin *origin);
tg_http_call *call_take(tg_http_client *client);
void call_release(tg_http_call *call);

/* call.c */
extern const struct tg_socket_handler upstream_socket_handler;
void call_wait(tg_http_call *call, int64_t delay_ms);
void call_fail(tg_http_call *call, enum tg_http_failure failure, const char *reason);
/* The connection broke before the answer: once more if that cannot do harm, else it is a failure. */
void call_retry_or_fail(tg_http_call *call, const char *reason);
/* The answer is complete; `is_reusable` says whether the connection is. */
void call_finish(tg_http_call *call, bool is_reusable);

/* receive.c */
void receive(struct upstream *upstream);
void receive_held(tg_http_call *call);

#endif
