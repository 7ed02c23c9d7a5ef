#include "tests/unit/common/http/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/common/net/loop_until.h"

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* Else a small second part waits 40 ms for the first to be acknowledged. */
static void send_at_once(int fd)
{
    int on = 1;
    assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), 0);
}

void peer_connect(struct peer *peer, uint16_t port)
{
    *peer = (struct peer){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    struct sockaddr_in to = loopback(port);
    assert_int_equal(connect(peer->fd, (struct sockaddr *)&to, sizeof(to)), 0);
    send_at_once(peer->fd);
}

void peer_send_bytes(struct peer *peer, const void *data, size_t bytes)
{
    assert_int_equal(peer_send_some(peer, data, bytes), bytes);
}

void peer_send(struct peer *peer, const char *text)
{
    peer_send_bytes(peer, text, strlen(text));
}

size_t peer_send_some(struct peer *peer, const void *data, size_t bytes)
{
    ssize_t sent = send(peer->fd, data, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent < 0 ? 0 : (size_t)sent;
}

void peer_close(struct peer *peer)
{
    if (peer->fd >= 0)
        close(peer->fd);
    peer->fd = -1;
    free(peer->got);
    peer->got = NULL;
    peer->bytes = 0;
    peer->capacity = 0;
}

void peer_clear(struct peer *peer)
{
    peer->bytes = 0;
    if (peer->got != NULL)
        peer->got[0] = '\0';
}

static void pump(struct peer *peer)
{
    for (;;) {
        if (peer->capacity - peer->bytes < 64 * 1024 + 1) {
            peer->capacity = (peer->capacity + 64 * 1024) * 2;
            peer->got = realloc(peer->got, peer->capacity);
            assert_non_null(peer->got);
        }
        ssize_t got = recv(peer->fd, peer->got + peer->bytes, 64 * 1024, MSG_DONTWAIT);
        if (got == 0)
            peer->is_ended = true;
        if (got < 0 && errno != EAGAIN)
            peer->is_ended = peer->is_broken = true;
        if (got > 0)
            peer->bytes += (size_t)got;
        peer->got[peer->bytes] = '\0';
        if (got <= 0)
            return;
    }
}

bool peer_has(const struct peer *peer, const char *text)
{
    return peer->got != NULL && memmem(peer->got, peer->bytes, text, strlen(text)) != NULL;
}

struct expectation {
    struct peer *peer;
    const char *text;
    size_t bytes;
};

static bool has_text(void *user)
{
    struct expectation *expectation = user;
    pump(expectation->peer);
    return peer_has(expectation->peer, expectation->text);
}

static bool has_bytes(void *user)
{
    struct expectation *expectation = user;
    pump(expectation->peer);
    return expectation->peer->bytes >= expectation->bytes;
}

static bool has_ended(void *user)
{
    pump(user);
    return ((struct peer *)user)->is_ended;
}

void peer_wait_for(struct peer *peer, tg_loop *loop, const char *text)
{
    loop_until(loop, has_text, &(struct expectation){peer, text, 0});
}

void peer_wait_for_bytes(struct peer *peer, tg_loop *loop, size_t bytes)
{
    loop_until(loop, has_bytes, &(struct expectation){peer, NULL, bytes});
}

void peer_wait_for_end(struct peer *peer, tg_loop *loop)
{
    loop_until(loop, has_ended, peer);
}

int peer_listen(uint16_t *port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_in at = loopback(0);
    socklen_t bytes = sizeof(at);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(fd, 64), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &bytes), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

bool peer_try_accept(struct peer *peer, int listening)
{
    int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return false;
    *peer = (struct peer){.fd = fd};
    send_at_once(fd);
    return true;
}

struct acceptance {
    struct peer *peer;
    int listening;
};

static bool is_accepted(void *user)
{
    struct acceptance *acceptance = user;
    return peer_try_accept(acceptance->peer, acceptance->listening);
}

void peer_accept(struct peer *peer, tg_loop *loop, int listening)
{
    loop_until(loop, is_accepted, &(struct acceptance){peer, listening});
}
