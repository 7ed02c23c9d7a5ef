#include "common/wire/dial.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/time.h"

enum {
    UNACKNOWLEDGED_MAX_MS = 20000, /* TCP_USER_TIMEOUT: data on the way for so long means that the peer is gone */
    ATTEMPT_MAX_MS = 3000,         /* for one of several addresses */
};

enum tg_status tg_dial_await(const struct tg_dial *dial, int fd, short events, struct tg_error *error)
{
    for (;;) {
        if (dial->waker != NULL && tg_waker_take(dial->waker)) {
            tg_waker_wake(dial->waker); /* the owner, who polls next, should see it too */
            if (dial->is_cancelled != NULL && dial->is_cancelled(dial->user))
                return tg_fail(error, TG_TIMEOUT, "cancelled");
        }
        int64_t left_ms = dial->deadline_ms - tg_time_monotonic_ms();
        if (left_ms <= 0)
            return tg_fail(error, TG_TIMEOUT, "timed out");
        struct pollfd entry = {.fd = fd, .events = events};
        /* Short sleeps keep a wake that came before the sleep from being overlooked without spinning on one that
         * stays untaken. */
        int64_t nap_ms = dial->waker != NULL && left_ms > 50 ? 50 : left_ms;
        int count = poll(&entry, 1, (int)nap_ms);
        if (count > 0)
            return TG_OK;
        if (count < 0 && errno != EINTR)
            return tg_fail(error, TG_IO, "poll: %s", strerror(errno));
    }
}

enum tg_status tg_dial_prepare(int fd, struct tg_error *error)
{
    static const int on = 1;
    static const unsigned unacknowledged_ms = UNACKNOWLEDGED_MAX_MS;
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_ms, sizeof(unacknowledged_ms)) != 0)
        return tg_fail(error, TG_IO, "preparing a socket: %s", strerror(errno));
    return TG_OK;
}

static enum tg_status connect_one(const struct tg_dial *dial, const struct addrinfo *address, int *fd,
                                  struct tg_error *error)
{
    *fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd < 0)
        return tg_fail(error, TG_IO, "socket: %s", strerror(errno));
    enum tg_status status = tg_dial_prepare(*fd, error);
    if (status == TG_OK && connect(*fd, address->ai_addr, address->ai_addrlen) != 0) {
        if (errno == EINPROGRESS)
            status = tg_dial_await(dial, *fd, POLLOUT, error);
        else
            status = tg_fail(error, TG_UNAVAILABLE, "%s", strerror(errno));
    }
    int reason = 0;
    socklen_t bytes = sizeof(reason);
    if (status == TG_OK && getsockopt(*fd, SOL_SOCKET, SO_ERROR, &reason, &bytes) == 0 && reason != 0)
        status = tg_fail(error, TG_UNAVAILABLE, "%s", strerror(reason));
    if (status != TG_OK) {
        close(*fd);
        *fd = -1;
    }
    return status;
}

enum tg_status tg_dial_connect(const struct tg_dial *dial, const char *host, uint16_t port, int *fd,
                               struct tg_error *error)
{
    char service[8];
    snprintf(service, sizeof(service), "%u", (unsigned)port);
    const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *addresses = NULL;
    *fd = -1;
    int result = getaddrinfo(host, service, &wanted, &addresses);
    if (result != 0)
        return tg_fail(error, TG_UNAVAILABLE, "%s cannot be resolved: %s", host,
                       result == EAI_SYSTEM ? strerror(errno) : gai_strerror(result));
    enum tg_status status = TG_UNAVAILABLE;
    for (const struct addrinfo *at = addresses; at != NULL; at = at->ai_next) {
        struct tg_dial attempt = *dial;
        int64_t attempt_deadline_ms = tg_time_monotonic_ms() + ATTEMPT_MAX_MS;
        if (at->ai_next != NULL && attempt_deadline_ms < attempt.deadline_ms)
            attempt.deadline_ms = attempt_deadline_ms;
        status = connect_one(&attempt, at, fd, error);
        if (status == TG_OK || tg_time_monotonic_ms() >= dial->deadline_ms ||
            (dial->is_cancelled != NULL && dial->is_cancelled(dial->user)))
            break;
    }
    freeaddrinfo(addresses);
    return status == TG_OK ? TG_OK : tg_fail_context(error, status, "%s port %u", host, (unsigned)port);
}

void tg_dial_peer_address(int fd, char out[TG_DIAL_ADDRESS_BYTES])
{
    struct sockaddr_storage address;
    socklen_t bytes = sizeof(address);
    char host[NI_MAXHOST] = "?", service[NI_MAXSERV] = "?";
    if (getpeername(fd, (struct sockaddr *)&address, &bytes) == 0)
        (void)getnameinfo((struct sockaddr *)&address, bytes, host, sizeof(host), service, sizeof(service),
                          NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(out, TG_DIAL_ADDRESS_BYTES, "%.60s:%.8s", host, service);
}
