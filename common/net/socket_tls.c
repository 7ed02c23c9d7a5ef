/* A socket's I/O through TLS. libh2o only watches the descriptor: its own TLS reads without bound, and with TLS 1.3 it
 * skips its check of the host name (docs/decisions/0001-own-http-server.md). */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "common/net/socket_internal.h"

enum { STAGE_BYTES = 16384 }; /* the most that fits into one TLS record */

struct tls_side {
    tg_tls_connection *connection; /* NULL if there was no descriptor left for it */
    char *stage;                   /* pieces gathered into one record; allocated while something is in it */
    size_t stage_first;
    size_t stage_bytes;
    bool read_wants_write; /* TLS may have to write in order to read, and the reverse */
    bool write_wants_read;
};

void tg_socket_start_tls(tg_socket *socket, const tg_tls_context *context, const char *server_name)
{
    assert(socket->state == SOCKET_OPEN && socket->tls == NULL);
    socket->tls = calloc(1, sizeof(*socket->tls));
    if (socket->tls == NULL)
        abort();
    socket->state = SOCKET_HANDSHAKING;
    /* Both libh2o and the TLS connection close the descriptor they were given. */
    int fd = fcntl(socket->fd, F_DUPFD_CLOEXEC, 0);
    if (fd >= 0)
        socket->tls->connection = tg_tls_connection_create(context, fd, server_name);
    else
        tg_fail(&socket->failure, TG_IO, "TLS: %s", strerror(errno));
    tg_loop_defer(socket->loop, &socket->again); /* the first step; its result must not come from inside this call */
}

static void step_handshake(tg_socket *socket)
{
    enum tg_tls_io result = TG_TLS_FAILED;
    if (socket->tls->connection != NULL)
        result = tg_tls_handshake(socket->tls->connection, &socket->failure);
    if (result == TG_TLS_WANT_READ) {
        socket_watch_reads(socket, true);
        return;
    }
    if (result == TG_TLS_WANT_WRITE) {
        socket_watch_writes(socket);
        return;
    }
    socket->state = SOCKET_OPEN;
    if (result == TG_TLS_DONE) {
        if (socket->is_reading)
            tg_socket_read_start(socket);
        socket->handler->on_open(socket->user, NULL);
        return;
    }
    if (result == TG_TLS_CLOSED)
        tg_fail(&socket->failure, TG_UNAVAILABLE, "TLS: the peer closed the connection during the handshake");
    struct tg_error error = socket->failure;
    socket->handler->on_open(socket->user, &error);
}

void tls_on_event(tg_socket *socket, bool is_writable)
{
    if (socket->state == SOCKET_HANDSHAKING) {
        step_handshake(socket);
        return;
    }
    struct tls_side *tls = socket->tls;
    if (socket->is_writing && (is_writable || tls->write_wants_read)) {
        socket_continue_write(socket);
        if (socket->state == SOCKET_CLOSED) /* the owner closed it just now; freed at the end of the turn */
            return;
    }
    if (is_writable && !tls->read_wants_write)
        return;
    tls->read_wants_write = false;
    if (socket->is_reading)
        socket->handler->on_readable(socket->user);
    else
        socket_watch_reads(socket, false);
}

enum tg_read tls_read(tg_socket *socket, void *into, size_t capacity, size_t *bytes)
{
    struct tls_side *tls = socket->tls;
    switch (tg_tls_read(tls->connection, into, capacity, bytes, &socket->failure)) {
    case TG_TLS_DONE:
        tg_loop_defer(socket->loop, &socket->again);
        return TG_READ_DATA;
    case TG_TLS_WANT_READ:
        return TG_READ_AGAIN;
    case TG_TLS_WANT_WRITE:
        tls->read_wants_write = true;
        socket_watch_writes(socket);
        return TG_READ_AGAIN;
    case TG_TLS_CLOSED:
        return TG_READ_END;
    case TG_TLS_FAILED:
        break;
    }
    return TG_READ_FAILED;
}

/* Head and body of a message go into one record where they fit. */
static void fill_stage(tg_socket *socket)
{
    struct tls_side *tls = socket->tls;
    if (tls->stage == NULL && (tls->stage = malloc(STAGE_BYTES)) == NULL)
        abort();
    tls->stage_first = 0;
    while (socket->pending_count != 0 && tls->stage_bytes != STAGE_BYTES) {
        const struct iovec *piece = &socket->pending[socket->pending_first];
        size_t room = STAGE_BYTES - tls->stage_bytes;
        size_t bytes = piece->iov_len < room ? piece->iov_len : room;
        memcpy(tls->stage + tls->stage_bytes, piece->iov_base, bytes);
        tls->stage_bytes += bytes;
        socket_advance(socket, bytes);
    }
}

static void drop_stage(struct tls_side *tls)
{
    free(tls->stage);
    tls->stage = NULL;
    tls->stage_bytes = 0;
}

enum tg_write tls_flush(tg_socket *socket)
{
    struct tls_side *tls = socket->tls;
    tls->write_wants_read = false;
    while (socket->pending_count != 0 || tls->stage_bytes != 0) {
        if (tls->stage_bytes == 0)
            fill_stage(socket);
        size_t written;
        switch (tg_tls_write(tls->connection, tls->stage + tls->stage_first, tls->stage_bytes, &written,
                             &socket->failure)) {
        case TG_TLS_DONE:
            tls->stage_first += written;
            tls->stage_bytes -= written;
            break;
        case TG_TLS_WANT_READ:
            tls->write_wants_read = true;
            socket_watch_reads(socket, true);
            return TG_WRITE_PENDING;
        case TG_TLS_WANT_WRITE:
            socket_watch_writes(socket);
            return TG_WRITE_PENDING;
        case TG_TLS_CLOSED:
        case TG_TLS_FAILED:
            drop_stage(tls);
            socket->pending_count = 0;
            return TG_WRITE_FAILED;
        }
    }
    drop_stage(tls);
    return TG_WRITE_DONE;
}

size_t tls_staged_bytes(const tg_socket *socket)
{
    return socket->tls->stage_bytes;
}

void tls_destroy(tg_socket *socket)
{
    tg_tls_connection_destroy(socket->tls->connection);
    free(socket->tls->stage);
    free(socket->tls);
    socket->tls = NULL;
}
