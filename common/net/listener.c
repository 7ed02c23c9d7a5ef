#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/net/address.h"
#include "common/net/socket_internal.h"

enum {
    BACKLOG = 4096,
    /* Other events get their turn after so many new connections. */
    MAX_ACCEPTS_PER_EVENT = 32,
    /* Out of descriptors or memory: wait a little instead of spinning on an event that does not go away. */
    RETRY_MS = 100,
};

struct tg_listener {
    tg_loop *loop;
    int fd;
    h2o_socket_t *watch;
    uint16_t port;
    void (*on_accept)(void *user, tg_socket *socket);
    void *user;
    bool is_paused; /* by the owner */
    bool is_closed;
    struct tg_timer retry;
    struct tg_deferred release;
};

static void watch(tg_listener *listener);

static bool is_temporary(int error)
{
    /* The connection is gone again, or its network is: accept(2) passes such errors on. */
    return error == ECONNABORTED || error == EINTR || error == EPROTO || error == ENETDOWN || error == EHOSTUNREACH ||
           error == ENETUNREACH || error == EHOSTDOWN || error == ENOPROTOOPT || error == EOPNOTSUPP ||
           error == ENONET || error == EPERM;
}

static void accept_some(tg_listener *listener, int most)
{
    for (int i = 0; i < most && !listener->is_paused && !listener->is_closed; ++i) {
        int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            listener->on_accept(listener->user, socket_create(listener->loop, fd, true));
        } else if (errno == EAGAIN) {
            return;
        } else if (!is_temporary(errno)) {
            h2o_socket_read_stop(listener->watch);
            tg_timer_start(listener->loop, &listener->retry, RETRY_MS);
            return;
        }
    }
}

static void on_connection(h2o_socket_t *sock, const char *failure)
{
    accept_some(sock->data, MAX_ACCEPTS_PER_EVENT);
}

static void watch(tg_listener *listener)
{
    if (!listener->is_paused && listener->retry.expires_at_ms == 0)
        h2o_socket_read_start(listener->watch, on_connection);
}

static void on_retry(struct tg_timer *timer)
{
    watch((tg_listener *)((char *)timer - offsetof(tg_listener, retry)));
}

static enum tg_status to_address(const char *host, uint16_t port, struct tg_address *address, struct tg_error *error)
{
    const char *numeric = host;
    if (host == NULL || *host == '\0' || strcmp(host, "*") == 0)
        numeric = "0.0.0.0";
    else if (strcmp(host, "localhost") == 0)
        numeric = "127.0.0.1";
    if (!tg_address_parse(numeric, port, address))
        return tg_fail(error, TG_INVALID,
                       "cannot listen on \"%s\": it must be a numeric address, \"localhost\" or \"*\"", host);
    return TG_OK;
}

static enum tg_status open_listening(const struct tg_address *address, int share_option, int *ret_fd,
                                     struct tg_error *error)
{
    char text[TG_ADDRESS_TEXT_BYTES];
    tg_address_format(address, text);
    const struct sockaddr *to = (const struct sockaddr *)address->sockaddr;
    int fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return tg_fail(error, TG_IO, "cannot open a socket for %s: %s", text, strerror(errno));
    int on = 1;
    enum tg_status status = TG_OK;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        (share_option != 0 && setsockopt(fd, SOL_SOCKET, share_option, &on, sizeof(on)) != 0))
        status = tg_fail(error, TG_IO, "cannot set up the socket for %s: %s", text, strerror(errno));
    else if (bind(fd, to, address->size_bytes) != 0 || listen(fd, BACKLOG) != 0)
        status = errno == EADDRINUSE
                     ? tg_fail(error, TG_CONFLICT, "cannot listen on %s: another program uses this port", text)
                     : tg_fail(error, TG_IO, "cannot listen on %s: %s", text, strerror(errno));
    if (status != TG_OK) {
        close(fd);
        return status;
    }
    *ret_fd = fd;
    return TG_OK;
}

enum tg_status tg_listener_probe(const char *host, uint16_t port, struct tg_error *error)
{
    struct tg_address address;
    enum tg_status status = to_address(host, port, &address, error);
    int fd;
    if (status == TG_OK)
        status = open_listening(&address, 0, &fd, error);
    if (status == TG_OK)
        close(fd);
    return status;
}

static uint16_t bound_port(int fd)
{
    struct sockaddr_storage bound;
    socklen_t bytes = sizeof(bound);
    if (getsockname(fd, (struct sockaddr *)&bound, &bytes) != 0)
        return 0;
    return ntohs(bound.ss_family == AF_INET ? ((struct sockaddr_in *)&bound)->sin_port
                                            : ((struct sockaddr_in6 *)&bound)->sin6_port);
}

static void release(struct tg_deferred *deferred)
{
    free((char *)deferred - offsetof(tg_listener, release));
}

enum tg_status tg_listener_create(tg_loop *loop, const char *host, uint16_t port,
                                  void (*on_accept)(void *user, tg_socket *socket), void *user, tg_listener **ret,
                                  struct tg_error *error)
{
    *ret = NULL;
    struct tg_address address;
    enum tg_status status = to_address(host, port, &address, error);
    int fd;
    if (status == TG_OK)
        status = open_listening(&address, SO_REUSEPORT, &fd, error);
    if (status != TG_OK)
        return status;
    tg_listener *listener = calloc(1, sizeof(*listener));
    if (listener == NULL)
        abort();
    listener->loop = loop;
    listener->fd = fd;
    listener->port = bound_port(fd);
    listener->on_accept = on_accept;
    listener->user = user;
    listener->retry.on_expire = on_retry;
    listener->release.run = release;
    listener->watch = h2o_evloop_socket_create(loop->evloop, fd, 0);
    listener->watch->data = listener;
    h2o_socket_dont_read(listener->watch, 1);
    watch(listener);
    *ret = listener;
    return TG_OK;
}

uint16_t tg_listener_port(const tg_listener *listener)
{
    return listener->port;
}

void tg_listener_pause(tg_listener *listener)
{
    if (listener->is_paused)
        return;
    listener->is_paused = true;
    h2o_socket_read_stop(listener->watch);
}

void tg_listener_resume(tg_listener *listener)
{
    if (!listener->is_paused)
        return;
    listener->is_paused = false;
    watch(listener);
}

void tg_listener_accept_waiting(tg_listener *listener)
{
    accept_some(listener, BACKLOG);
}

void tg_listener_destroy(tg_listener *listener)
{
    if (listener == NULL)
        return;
    listener->is_closed = true;
    tg_timer_stop(listener->loop, &listener->retry);
    h2o_socket_close(listener->watch);
    tg_loop_defer(listener->loop, &listener->release); /* it may be in the middle of accepting */
}
