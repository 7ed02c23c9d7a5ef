#include "common/net/socket.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/net/address.h"
#include "common/net/socket_internal.h"

enum { TOGETHER_MAX_BYTES = 4 << 10 };

static void fail_with_errno(tg_socket *socket, const char *what)
{
    tg_fail(&socket->failure, TG_UNAVAILABLE, "%s: %s", what, strerror(errno));
}

/* ---- events ---- */

static enum tg_write flush_plain(tg_socket *socket);

static enum tg_write flush(tg_socket *socket)
{
    return socket->tls != NULL ? tls_flush(socket) : flush_plain(socket);
}

static void finish_connect(tg_socket *socket)
{
    int failure = 0;
    socklen_t bytes = sizeof(failure);
    if (getsockopt(socket->fd, SOL_SOCKET, SO_ERROR, &failure, &bytes) != 0)
        failure = errno;
    socket->state = SOCKET_OPEN;
    if (failure == 0) {
        socket->handler->on_open(socket->user, NULL);
        return;
    }
    errno = failure;
    fail_with_errno(socket, "connect");
    struct tg_error error = socket->failure;
    socket->handler->on_open(socket->user, &error);
}

void socket_continue_write(tg_socket *socket)
{
    enum tg_write result = flush(socket);
    if (result == TG_WRITE_PENDING)
        return;
    socket->is_writing = false;
    free(socket->owned);
    socket->owned = NULL;
    socket->handler->on_written(socket->user, result == TG_WRITE_DONE);
}

static void on_readable(h2o_socket_t *watch, const char *failure)
{
    tg_socket *socket = watch->data;
    if (socket->tls != NULL)
        tls_on_event(socket, false);
    else if (!socket->is_reading)
        socket_watch_reads(socket, false);
    else
        socket->handler->on_readable(socket->user);
}

static void on_writable(h2o_socket_t *watch, const char *failure)
{
    tg_socket *socket = watch->data;
    socket->is_write_watched = false;
    if (socket->state == SOCKET_CONNECTING)
        finish_connect(socket);
    else if (socket->tls != NULL)
        tls_on_event(socket, true);
    else if (socket->is_writing)
        socket_continue_write(socket);
}

void socket_watch_reads(tg_socket *socket, bool is_wanted)
{
    if (socket->is_read_watched == is_wanted)
        return;
    socket->is_read_watched = is_wanted;
    if (is_wanted)
        h2o_socket_read_start(socket->watch, on_readable);
    else
        h2o_socket_read_stop(socket->watch);
}

void socket_watch_writes(tg_socket *socket)
{
    if (socket->is_write_watched)
        return;
    socket->is_write_watched = true;
    h2o_socket_notify_write(socket->watch, on_writable);
}

/* ---- life ---- */

static void run_again(struct tg_deferred *deferred)
{
    tg_socket *socket = (tg_socket *)((char *)deferred - offsetof(tg_socket, again));
    if (socket->state == SOCKET_CLOSED)
        free(socket);
    else if (socket->state == SOCKET_HANDSHAKING)
        tls_on_event(socket, false);
    else if (socket->state == SOCKET_OPEN && socket->is_reading)
        socket->handler->on_readable(socket->user);
}

tg_socket *socket_create(tg_loop *loop, int fd, bool is_accepted)
{
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* without it: slower, not wrong */
    tg_socket *socket = calloc(1, sizeof(*socket));
    if (socket == NULL)
        abort();
    socket->loop = loop;
    socket->fd = fd;
    socket->state = SOCKET_OPEN;
    socket->again.run = run_again;
    socket->watch =
        h2o_evloop_socket_create(loop->evloop, fd, is_accepted ? H2O_SOCKET_FLAG_IS_ACCEPTED_CONNECTION : 0);
    socket->watch->data = socket;
    h2o_socket_dont_read(socket->watch, 1); /* libh2o would read until the kernel has no more, however much that is */
    return socket;
}

tg_socket *tg_socket_connect(tg_loop *loop, const struct tg_address *address, const struct tg_socket_handler *handler,
                             void *user)
{
    const struct sockaddr *to = (const struct sockaddr *)address->sockaddr;
    int fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return NULL;
    if (connect(fd, to, address->size_bytes) != 0 && errno != EINPROGRESS) {
        int saved = errno;
        close(fd);
        errno = saved;
        return NULL;
    }
    tg_socket *socket = socket_create(loop, fd, false);
    tg_socket_set_handler(socket, handler, user);
    socket->state = SOCKET_CONNECTING;
    socket_watch_writes(socket);
    return socket;
}

void tg_socket_set_handler(tg_socket *socket, const struct tg_socket_handler *handler, void *user)
{
    socket->handler = handler;
    socket->user = user;
}

void tg_socket_shutdown(tg_socket *socket)
{
    /* Fails only on a connection that is broken already, which the next read tells. */
    (void)shutdown(socket->fd, SHUT_WR);
}

void tg_socket_close(tg_socket *socket)
{
    if (socket == NULL)
        return;
    assert(socket->state != SOCKET_CLOSED);
    socket->state = SOCKET_CLOSED;
    if (socket->tls != NULL)
        tls_destroy(socket);
    h2o_socket_close(socket->watch);
    free(socket->owned);
    tg_loop_defer(socket->loop, &socket->again);
}

void tg_socket_reset(tg_socket *socket)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(socket->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    tg_socket_close(socket);
}

/* ---- reading ---- */

void tg_socket_read_start(tg_socket *socket)
{
    socket->is_reading = true;
    socket_watch_reads(socket, true);
    if (socket->tls != NULL && socket->state == SOCKET_OPEN)
        tg_loop_defer(socket->loop, &socket->again); /* decrypted bytes raise no event */
}

void tg_socket_read_stop(tg_socket *socket)
{
    socket->is_reading = false; /* libh2o is told when the next event comes: often reading starts again before */
}

enum tg_read tg_socket_read(tg_socket *socket, void *into, size_t capacity, size_t *bytes)
{
    if (socket->tls != NULL)
        return tls_read(socket, into, capacity, bytes);
    *bytes = 0;
    ssize_t got;
    do
        got = recv(socket->fd, into, capacity, 0);
    while (got < 0 && errno == EINTR);
    if (got > 0) {
        *bytes = (size_t)got;
        return TG_READ_DATA;
    }
    if (got == 0)
        return TG_READ_END;
    if (errno == EAGAIN)
        return TG_READ_AGAIN;
    fail_with_errno(socket, "read");
    return TG_READ_FAILED;
}

/* ---- writing ---- */

void socket_advance(tg_socket *socket, size_t bytes)
{
    while (socket->pending_count != 0 && bytes >= socket->pending[socket->pending_first].iov_len) {
        bytes -= socket->pending[socket->pending_first].iov_len;
        ++socket->pending_first;
        --socket->pending_count;
    }
    if (socket->pending_count != 0) {
        struct iovec *piece = &socket->pending[socket->pending_first];
        piece->iov_base = (char *)piece->iov_base + bytes;
        piece->iov_len -= bytes;
    }
}

/* Small pieces are put together first: that takes less than what the kernel does for each of them. */
static ssize_t send_pending(tg_socket *socket)
{
    char together[TOGETHER_MAX_BYTES];
    struct iovec *pieces = socket->pending + socket->pending_first;
    size_t count = socket->pending_count, bytes = 0;
    if (count == 1)
        return send(socket->fd, pieces->iov_base, pieces->iov_len, MSG_NOSIGNAL);
    for (size_t i = 0; i < count; ++i) {
        if (pieces[i].iov_len > sizeof(together) - bytes) {
            struct msghdr message = {.msg_iov = pieces, .msg_iovlen = count};
            return sendmsg(socket->fd, &message, MSG_NOSIGNAL);
        }
        memcpy(together + bytes, pieces[i].iov_base, pieces[i].iov_len);
        bytes += pieces[i].iov_len;
    }
    return send(socket->fd, together, bytes, MSG_NOSIGNAL);
}

static enum tg_write flush_plain(tg_socket *socket)
{
    while (socket->pending_count != 0) {
        ssize_t sent = send_pending(socket);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno != EAGAIN) {
            fail_with_errno(socket, "write");
            socket->pending_count = 0;
            return TG_WRITE_FAILED;
        }
        if (sent < 0) {
            socket_watch_writes(socket);
            return TG_WRITE_PENDING;
        }
        socket->sent_bytes += (uint64_t)sent;
        socket_advance(socket, (size_t)sent);
    }
    return TG_WRITE_DONE;
}

enum tg_write tg_socket_write(tg_socket *socket, const struct tg_text *pieces, size_t count)
{
    assert(socket->state == SOCKET_OPEN && !socket->is_writing && count <= TG_SOCKET_MAX_PIECES);
    socket->pending_first = 0;
    socket->pending_count = 0;
    for (size_t i = 0; i < count; ++i) {
        if (pieces[i].bytes != 0)
            socket->pending[socket->pending_count++] = (struct iovec){(void *)pieces[i].data, pieces[i].bytes};
    }
    enum tg_write result = flush(socket);
    socket->is_writing = result == TG_WRITE_PENDING;
    return result;
}

void tg_socket_own_pending(tg_socket *socket)
{
    size_t bytes = 0;
    for (size_t i = 0; i < socket->pending_count; ++i)
        bytes += socket->pending[socket->pending_first + i].iov_len;
    if (!socket->is_writing || socket->owned != NULL || bytes == 0)
        return;
    socket->owned = malloc(bytes);
    if (socket->owned == NULL)
        abort();
    char *to = socket->owned;
    for (size_t i = 0; i < socket->pending_count; ++i) {
        const struct iovec *piece = &socket->pending[socket->pending_first + i];
        to = (char *)memcpy(to, piece->iov_base, piece->iov_len) + piece->iov_len;
    }
    socket->pending[0] = (struct iovec){socket->owned, bytes};
    socket->pending_first = 0;
    socket->pending_count = 1;
}

size_t tg_socket_unsent_bytes(const tg_socket *socket)
{
    if (!socket->is_writing)
        return 0;
    size_t bytes = socket->tls != NULL ? tls_staged_bytes(socket) : 0;
    for (size_t i = 0; i < socket->pending_count; ++i)
        bytes += socket->pending[socket->pending_first + i].iov_len;
    return bytes;
}

/* ---- what the peer's kernel has seen ---- */

static bool acknowledged_bytes(const tg_socket *socket, uint64_t *bytes)
{
    struct tcp_info info;
    socklen_t size = sizeof(info);
    if (getsockopt(socket->fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
        size < offsetof(struct tcp_info, tcpi_bytes_acked) + sizeof(info.tcpi_bytes_acked))
        return false;
    *bytes = info.tcpi_bytes_acked;
    return true;
}

void tg_socket_mark(tg_socket *socket)
{
    /* Linux counts the SYN as one byte. Through TLS the bytes on the wire are not ours to count. */
    if (socket->tls == NULL)
        socket->marked_bytes = socket->sent_bytes + 1;
    else if (!acknowledged_bytes(socket, &socket->marked_bytes))
        socket->marked_bytes = UINT64_MAX;
}

bool tg_socket_is_unseen_since_mark(const tg_socket *socket)
{
    uint64_t bytes;
    return socket->marked_bytes != UINT64_MAX && acknowledged_bytes(socket, &bytes) && bytes <= socket->marked_bytes;
}

void tg_socket_peer(const tg_socket *socket, char out[TG_ADDRESS_TEXT_BYTES])
{
    struct sockaddr_storage peer = {0};
    socklen_t bytes = sizeof(peer);
    struct tg_address address = {0};
    if (getpeername(socket->fd, (struct sockaddr *)&peer, &bytes) == 0)
        (void)address_from_sockaddr((const struct sockaddr *)&peer, &address);
    tg_address_format(&address, out);
}

const char *tg_socket_failure(const tg_socket *socket)
{
    return socket->failure.message;
}

bool tg_socket_is_denied(const tg_socket *socket)
{
    return socket->failure.status == TG_DENIED;
}
