/* A connection between the planes: frames over mutual TLS 1.3, for a thread that owns it and has nothing else to do.
 *
 * Both ends use it. The replica connects (every address of the name, until a deadline), the control plane adopts what
 * its listener accepted; both then send messages and poll for what happens next:
 *
 *     while ((event = tg_wire_link_poll(link, timeout_ms, &frame, &error)) != TG_WIRE_CLOSED)
 *         ...
 *
 * Sending only queues; tg_wire_link_poll writes. The queue is bounded and says when it is full, so a peer that reads
 * slowly slows its sender and costs bounded memory. Other threads never touch a link; they wake its owner through the
 * waker, which shows as TG_WIRE_WOKEN. Programs ignore SIGPIPE. */
#ifndef TG_WIRE_LINK_H
#define TG_WIRE_LINK_H

#include "common/crypto/tls.h"
#include "common/wire/frame.h"
#include "common/wire/pack.h"
#include "common/wire/waker.h"

typedef struct tg_wire_link tg_wire_link;

struct tg_wire_link_config {
    const tg_tls_context *tls; /* with a certificate of its own, and demanding one of the peer */
    struct tg_waker *waker;    /* of the owning thread */
    size_t send_max_bytes;     /* queued and not yet taken by the kernel; default 4 MiB when 0 */
    /* Asked when the waker fires while a connection is being made; true gives up. NULL: never. */
    bool (*is_cancelled)(void *user);
    void *user;
};

/* Resolves `host`, connects to its addresses in turn and shakes hands, all within `timeout_ms`; the peer's certificate
 * must be for `server_name`. Name resolution is the system's and may block beyond the deadline where no numeric address
 * is given. TG_UNAVAILABLE, TG_TIMEOUT, TG_DENIED (certificate), TG_CORRUPT (not TLS); also TG_TIMEOUT if cancelled. */
enum tg_status tg_wire_link_connect(const struct tg_wire_link_config *config, const char *host, uint16_t port,
                                    const char *server_name, int64_t timeout_ms, tg_wire_link **link,
                                    struct tg_error *error) TG_MUST_CHECK;

/* Takes an accepted connection (`fd` is closed also on failure) and shakes hands as the server. */
enum tg_status tg_wire_link_accept(const struct tg_wire_link_config *config, int fd, int64_t timeout_ms,
                                   tg_wire_link **link, struct tg_error *error) TG_MUST_CHECK;

/* Drops what was not sent; tg_wire_link_flush() first where that matters. NULL is fine. */
void tg_wire_link_close(tg_wire_link *link);

/* The common name in the peer's verified certificate. */
const char *tg_wire_link_peer(const tg_wire_link *link);
/* The peer's address as text, for logs. */
const char *tg_wire_link_address(const tg_wire_link *link);

/* Queues a message (a ReplicaFrame or ControlFrame). TG_EXHAUSTED: the queue is full, poll and try again; TG_TOO_LARGE:
 * longer than a frame may be. Nothing is queued then. */
enum tg_status tg_wire_link_send(tg_wire_link *link, const ProtobufCMessage *message) TG_MUST_CHECK;
/* Queues ControlFrame{upsert} around a packed resource, byte for byte. */
enum tg_status tg_wire_link_send_upsert(tg_wire_link *link, struct tg_text packed_resource) TG_MUST_CHECK;
/* Queues ReplicaFrame{usage_batch} around a packed batch. */
enum tg_status tg_wire_link_send_usage_batch(tg_wire_link *link, struct tg_text packed_batch) TG_MUST_CHECK;

size_t tg_wire_link_unsent_bytes(const tg_wire_link *link);

enum tg_wire_event {
    TG_WIRE_FRAME,    /* `frame` is a packed message, valid until the next call on the link */
    TG_WIRE_WOKEN,    /* somebody used the waker */
    TG_WIRE_WRITABLE, /* everything queued has been sent; once after each time the queue ran empty */
    TG_WIRE_TIMEOUT,
    TG_WIRE_CLOSED, /* the connection is over; `error` says why */
};
const char *tg_wire_event_name(enum tg_wire_event event);

/* Writes what is queued, reads what came, sleeps for at most `timeout_ms` (-1: without end), and returns the next thing
 * that happened. After CLOSED only tg_wire_link_close is left. */
enum tg_wire_event tg_wire_link_poll(tg_wire_link *link, int64_t timeout_ms, struct tg_text *frame,
                                     struct tg_error *error);

/* Writes until nothing is queued; what comes in meanwhile stays for the next poll. */
enum tg_status tg_wire_link_flush(tg_wire_link *link, int64_t timeout_ms, struct tg_error *error) TG_MUST_CHECK;

#endif
