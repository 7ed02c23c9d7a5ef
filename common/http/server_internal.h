/* The inside of the server: server.c (listening, life, draining), connection.c (reading requests, in order),
 * answer.c (writing answers).
 *
 * A connection has one request at a time, from the first byte of its head until its answer is in the kernel. Bytes of a
 * next request that came along wait in `early`, at most one buffer of them. Nothing that a handler calls runs a
 * handler's callback: such calls record what happened and queue the connection, and settle() goes on from there at the
 * end of the turn. */
#ifndef TG_HTTP_SERVER_INTERNAL_H
#define TG_HTTP_SERVER_INTERNAL_H

#include "common/http/chunked.h"
#include "common/http/message.h"
#include "common/net/socket.h"

enum {
    INPUT_BYTES = 4096,  /* holds the head, and a small body with it, of nearly every request */
    OUTPUT_BYTES = 1024, /* the same for the head of an answer */
};

enum connection_state {
    CONNECTION_HANDSHAKING,
    CONNECTION_IDLE, /* between requests: not a byte of the next one is there */
    CONNECTION_HEAD,
    CONNECTION_BODY,
    CONNECTION_HANDLING,  /* the handler has the request */
    CONNECTION_LINGERING, /* the last answer is sent; what the client still sends is thrown away for a moment */
    CONNECTION_BROKEN,    /* nothing can be sent any more; settle() tells the handler */
    CONNECTION_CLOSED,    /* settle() frees it */
};

enum answer_state {
    ANSWER_AWAITED, /* -> BEGUN by tg_http_start, -> ENDING or ENDED by tg_http_respond */
    ANSWER_BEGUN,   /* head composed, not sent */
    ANSWER_WRITING, /* a piece is with the kernel */
    ANSWER_WRITTEN, /* it took it; on_writable is due */
    ANSWER_OPEN,    /* the next piece may come */
    ANSWER_ENDING,  /* the last piece is with the kernel */
    ANSWER_ENDED,   /* it took it; on_close is due */
};

struct request {
    struct tg_http_request public; /* first, so that one is the other */
    struct connection *connection;
    struct request *next; /* in the list of those to be used again */
    struct tg_arena arena;
    struct message_head head;
    bool is_refused; /* went to on_refuse: no on_close */

    char *input; /* the head, and the body if it fits behind; then what came after */
    size_t input_bytes;
    size_t input_capacity;
    size_t seen_bytes; /* of which the parser said PARTIAL */
    char *body;        /* inside input, or allocated */
    size_t body_bytes;
    size_t body_capacity;
    int64_t held_bytes; /* counted in the gauge */
    int64_t body_began_at_ms;
    struct chunked chunked;

    enum answer_state answer;
    bool has_body; /* the answer: not for HEAD, 204, 304 */
    bool is_chunked;
    bool is_until_close;
    int64_t answer_left_bytes; /* with a Content-Length: what must still follow */
    char *output;              /* head of the answer */
    size_t output_bytes;
    char chunk_head[24];

    struct tg_http_header headers[MESSAGE_HEADER_CAPACITY];
    char output_inline[OUTPUT_BYTES];
    char input_inline[INPUT_BYTES];
};

struct connection {
    tg_http_server *server;
    struct connection *next;
    struct connection *previous;
    tg_socket *socket;
    enum connection_state state;
    struct request *request; /* NULL while idle */
    struct request *early;   /* bytes of the one after; usually NULL */
    bool is_used;            /* it has carried a request */
    bool is_last;            /* the connection closes after this answer */
    bool is_aborted;         /* the answer is cut short on purpose */
    bool awaits_continue;    /* "100 Continue" is on its way out */
    int64_t deadline_ms;     /* 0: nothing is waited for. The timer may be set to an earlier time */
    size_t unsent_bytes;     /* when the deadline was set */
    uint64_t discarded_bytes;
    struct tg_timer timer;
    struct tg_deferred work; /* settle() */
    char peer[TG_ADDRESS_TEXT_BYTES];
};

struct tg_http_server {
    tg_loop *loop;
    struct tg_http_server_config config;
    tg_listener *listener;
    uint16_t port;
    struct connection *connections;
    size_t connection_count;
    struct request *spare_requests;
    size_t spare_request_count;
    bool is_draining;
    bool is_destroyed;
    void (*on_drained)(void *user);
    void *on_drained_user;
    struct tg_deferred work;
    int64_t date_unix_s;
    char date[32]; /* as in the Date header */
};

/* server.c */
struct request *request_take(struct connection *connection);
void request_release(tg_http_server *server, struct request *request);
void server_forget(struct connection *connection);

/* connection.c */
extern const struct tg_socket_handler connection_socket_handler;
void connection_open(tg_http_server *server, tg_socket *socket);
void connection_expect_within(struct connection *connection, int64_t delay_ms);
void connection_expect_nothing(struct connection *connection);
void connection_break(struct connection *connection);
/* on_close if a handler has the request, and then the connection is gone but for its memory. */
void connection_close(struct connection *connection);
void connection_settle_later(struct connection *connection);
void connection_refuse(struct connection *connection, enum tg_http_refusal refusal);
void connection_after_answer(struct connection *connection);

/* body.c: both end in a delivered or refused request, or a broken connection, or wait for more. */
void body_begin(struct connection *connection);
void body_read(struct connection *connection);
void body_release(struct request *request, struct tg_http_body_gauge *gauge);

/* answer.c */
void answer_on_written(struct connection *connection, bool is_well);

#endif
