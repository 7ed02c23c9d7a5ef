/* The inside of a socket, for socket.c (life, plain I/O), socket_tls.c (the same through TLS) and listener.c. */
#ifndef TG_NET_SOCKET_INTERNAL_H
#define TG_NET_SOCKET_INTERNAL_H

#include <sys/uio.h>

#include "common/crypto/tls.h"
#include "common/net/loop_internal.h"
#include "common/net/socket.h"

enum socket_state {
    SOCKET_CONNECTING,
    SOCKET_OPEN,
    SOCKET_HANDSHAKING,
    SOCKET_CLOSED, /* freed at the end of the turn */
};

struct tg_socket {
    tg_loop *loop;
    h2o_socket_t *watch; /* libh2o's side: which events are waited for */
    int fd;
    enum socket_state state;
    const struct tg_socket_handler *handler;
    void *user;

    bool is_reading;                            /* the owner wants on_readable */
    bool is_read_watched;                       /* libh2o waits for it */
    bool is_write_watched;                      /* libh2o waits until the kernel takes more */
    struct iovec pending[TG_SOCKET_MAX_PIECES]; /* what is left of the outstanding write */
    char *owned;                                /* tg_socket_own_pending(): the pending piece points into it */
    size_t pending_first;
    size_t pending_count;
    bool is_writing;       /* a write is outstanding */
    uint64_t sent_bytes;   /* plain only */
    uint64_t marked_bytes; /* what the peer's kernel can have acknowledged at tg_socket_mark() */

    struct tls_side *tls;     /* NULL: plain */
    struct tg_deferred again; /* TLS: on_readable once more, there may be decrypted bytes; closed: free */
    struct tg_error failure;
};

void socket_watch_reads(tg_socket *socket, bool is_wanted);
void socket_watch_writes(tg_socket *socket);
tg_socket *socket_create(tg_loop *loop, int fd, bool is_accepted);
/* Writes on; tells the owner when it is over. */
void socket_continue_write(tg_socket *socket);
/* Skips `bytes` of the pending pieces. */
void socket_advance(tg_socket *socket, size_t bytes);

/* socket_tls.c */
void tls_on_event(tg_socket *socket, bool is_writable);
enum tg_read tls_read(tg_socket *socket, void *into, size_t capacity, size_t *bytes);
/* Writes pending pieces: DONE, PENDING (event awaited) or FAILED. */
enum tg_write tls_flush(tg_socket *socket);
size_t tls_staged_bytes(const tg_socket *socket);
void tls_destroy(tg_socket *socket);

#endif
