/* Stream sockets on a loop, plain or TLS, for those who speak a protocol on them (common/http).
 *
 * A socket tells its owner when there is something to read, and the owner reads straight into its own memory: nothing
 * is buffered here, so what a connection can hold is bounded by what its owner asks for. Reading is left on between
 * requests, which costs no system call and shows at once when the other side leaves. Writing goes to the kernel at
 * once; only what it does not take waits, one write at a time.
 *
 * Life: accepted by a listener or made by tg_socket_connect() -> (tg_socket_start_tls ->) on_open -> reads and writes
 * -> tg_socket_close(), after which no callback comes and the handle is gone. Callbacks run on the loop's thread and
 * never from inside a call that the owner makes. */
#ifndef TG_NET_SOCKET_H
#define TG_NET_SOCKET_H

#include "common/net/loop.h"

typedef struct tg_socket tg_socket;
typedef struct tg_listener tg_listener;
typedef struct tg_tls_context tg_tls_context; /* common/crypto/tls.h */

/* A numeric address and port, as the kernel takes it (struct sockaddr_in or sockaddr_in6). */
struct tg_address {
    uint32_t size_bytes;
    _Alignas(8) unsigned char sockaddr[28];
};

enum { TG_ADDRESS_TEXT_BYTES = 64 };

/* False unless `host` is a numeric IPv4 or IPv6 address. */
bool tg_address_parse(const char *host, uint16_t port, struct tg_address *address);
/* "127.0.0.1:8080", "[::1]:8080". */
void tg_address_format(const struct tg_address *address, char out[TG_ADDRESS_TEXT_BYTES]);

struct tg_socket_handler {
    /* The connection attempt or the TLS handshake ended; `error` is NULL if well. */
    void (*on_open)(void *user, const struct tg_error *error);
    /* Something may be read: data, the end, or a failure. Comes again while anything is left, unless reading stops. */
    void (*on_readable)(void *user);
    /* A write that was TG_WRITE_PENDING ended. Not well: the connection is broken. */
    void (*on_written)(void *user, bool is_well);
};

/* ---- listening ---- */

/* Binds with SO_REUSEPORT, so that each loop of a process (and the next process during an upgrade) listens on the same
 * port. `host` is a numeric address or "localhost" or "" or "*" (any address). Port 0 picks a free one.
 * `on_accept` owns the socket it is given and must call tg_socket_set_handler() or tg_socket_close(). */
enum tg_status tg_listener_create(tg_loop *loop, const char *host, uint16_t port,
                                  void (*on_accept)(void *user, tg_socket *socket), void *user, tg_listener **listener,
                                  struct tg_error *error) TG_MUST_CHECK;
uint16_t tg_listener_port(const tg_listener *listener);
/* While paused, new connections wait in the kernel's queue. */
void tg_listener_pause(tg_listener *listener);
void tg_listener_resume(tg_listener *listener);
/* Accepts what waits in the kernel's queue now: before a listener goes, so that nobody in the queue is turned away. */
void tg_listener_accept_waiting(tg_listener *listener);
void tg_listener_destroy(tg_listener *listener); /* NULL is fine */

/* SO_REUSEPORT lets a second program of the same user share a port in silence. A program that wants it for itself asks
 * here before its first listener: TG_CONFLICT with a sentence if anybody listens there. */
enum tg_status tg_listener_probe(const char *host, uint16_t port, struct tg_error *error) TG_MUST_CHECK;

/* ---- a connection ---- */

/* Starts to connect; on_open follows. NULL, and errno, if the system refuses at once. */
tg_socket *tg_socket_connect(tg_loop *loop, const struct tg_address *address, const struct tg_socket_handler *handler,
                             void *user) TG_MUST_CHECK;
void tg_socket_set_handler(tg_socket *socket, const struct tg_socket_handler *handler, void *user);

/* Starts the handshake; on_open follows. As client (`server_name` not NULL) the peer's certificate must verify for that
 * name or numeric address. As server, `server_name` is NULL. Nothing may have been read or written before. */
void tg_socket_start_tls(tg_socket *socket, const tg_tls_context *context, const char *server_name);

/* Turns on_readable on or off. Both are cheap when repeated; nothing is lost while off. */
void tg_socket_read_start(tg_socket *socket);
void tg_socket_read_stop(tg_socket *socket);

enum tg_read {
    TG_READ_DATA,  /* *bytes of them, at least one */
    TG_READ_AGAIN, /* nothing now */
    TG_READ_END,   /* the peer sends no more */
    TG_READ_FAILED /* the connection is broken */
};
enum tg_read tg_socket_read(tg_socket *socket, void *into, size_t capacity, size_t *bytes) TG_MUST_CHECK;

enum tg_write {
    TG_WRITE_DONE,    /* the kernel has it all */
    TG_WRITE_PENDING, /* the pieces must stay where they are until on_written; no other write until then */
    TG_WRITE_FAILED   /* the connection is broken; on_written does not come */
};
enum { TG_SOCKET_MAX_PIECES = 24 };
enum tg_write tg_socket_write(tg_socket *socket, const struct tg_text *pieces, size_t count) TG_MUST_CHECK;

/* After TG_WRITE_PENDING: copies what the kernel has not taken yet, so that the pieces need not stay. */
void tg_socket_own_pending(tg_socket *socket);

/* Bytes of the pending write that the kernel has not taken yet: 0 when none is pending. Tells progress from standstill.
 */
size_t tg_socket_unsent_bytes(const tg_socket *socket);

/* True if the peer's kernel has acknowledged none of the bytes written since tg_socket_mark(): it cannot have acted on
 * them. False if it has, or if the system cannot tell. */
void tg_socket_mark(tg_socket *socket);
bool tg_socket_is_unseen_since_mark(const tg_socket *socket);

/* No more will be written; the peer reads the end. */
void tg_socket_shutdown(tg_socket *socket);
void tg_socket_close(tg_socket *socket); /* NULL is fine */
/* Closes so that the peer sees a failure instead of an end, where the end would be taken for success. */
void tg_socket_reset(tg_socket *socket);

void tg_socket_peer(const tg_socket *socket, char out[TG_ADDRESS_TEXT_BYTES]);
/* Why the last read, write or handshake failed: a short phrase without secrets, for logs. */
const char *tg_socket_failure(const tg_socket *socket);
/* True if that was a certificate: the peer's here, or this side's there. */
bool tg_socket_is_denied(const tg_socket *socket);

#endif
