#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "certificates.h"
#include "common/base/time.h"
#include "common/wire/link.h"

enum { PATIENCE_MS = 20000 };

static int listener = -1;
static uint16_t port;

/* The other end: a thread that accepts one connection and then does what the test says. */
struct peer {
    pthread_t thread;
    struct tg_waker waker;
    tg_tls_context *tls;
    tg_wire_link *link;
    enum tg_status accepted;
    struct tg_error error;
    void (*act)(struct peer *peer);
    size_t frames, bytes;
};

static void *run_peer(void *user)
{
    struct peer *peer = user;
    int fd = accept(listener, NULL, NULL);
    const struct tg_wire_link_config config = {.tls = peer->tls, .waker = &peer->waker};
    peer->accepted = tg_wire_link_accept(&config, fd, PATIENCE_MS, &peer->link, &peer->error);
    if (peer->accepted == TG_OK && peer->act != NULL)
        peer->act(peer);
    tg_wire_link_close(peer->link);
    return NULL;
}

static void start_peer(struct peer *peer, void (*act)(struct peer *peer))
{
    *peer = (struct peer){.act = act, .tls = test_certificates_server()};
    assert_int_equal(tg_waker_init(&peer->waker, NULL), TG_OK);
    assert_int_equal(pthread_create(&peer->thread, NULL, run_peer, peer), 0);
}

static void join_peer(struct peer *peer)
{
    pthread_join(peer->thread, NULL);
    tg_waker_deinit(&peer->waker);
    tg_tls_context_destroy(peer->tls);
}

struct near_end {
    struct tg_waker waker;
    tg_tls_context *tls;
    struct tg_wire_link_config config;
    tg_wire_link *link;
    struct tg_error error;
};

static enum tg_status open_near(struct near_end *near, const char *identity, const char *server_name,
                                size_t send_max_bytes)
{
    *near = (struct near_end){.tls = test_certificates_client(identity)};
    assert_int_equal(tg_waker_init(&near->waker, NULL), TG_OK);
    near->config =
        (struct tg_wire_link_config){.tls = near->tls, .waker = &near->waker, .send_max_bytes = send_max_bytes};
    return tg_wire_link_connect(&near->config, "127.0.0.1", port, server_name, PATIENCE_MS, &near->link, &near->error);
}

static void close_near(struct near_end *near)
{
    tg_wire_link_close(near->link);
    tg_waker_deinit(&near->waker);
    tg_tls_context_destroy(near->tls);
}

static enum tg_status send_ping(tg_wire_link *link, int64_t number)
{
    Tollgate__V1__Ping ping = TOLLGATE__V1__PING__INIT;
    ping.sent_at_ms = number;
    Tollgate__V1__ControlFrame frame = TOLLGATE__V1__CONTROL_FRAME__INIT;
    frame.kind_case = TOLLGATE__V1__CONTROL_FRAME__KIND_PING;
    frame.ping = &ping;
    return tg_wire_link_send(link, &frame.base);
}

/* Sends back what it gets until the other side closes. */
static void echo(struct peer *peer)
{
    struct tg_text frame;
    enum tg_wire_event event;
    while ((event = tg_wire_link_poll(peer->link, PATIENCE_MS, &frame, &peer->error)) == TG_WIRE_FRAME ||
           event == TG_WIRE_WRITABLE) {
        if (event != TG_WIRE_FRAME)
            continue;
        Tollgate__V1__ControlFrame *message;
        assert_int_equal(tg_wire_unpack_control_frame(frame, &message, NULL), TG_OK);
        assert_int_equal(tg_wire_link_send(peer->link, &message->base), TG_OK);
        tg_wire_free(message);
        ++peer->frames;
    }
    assert_int_equal(event, TG_WIRE_CLOSED);
}

static void messages_go_both_ways_and_both_ends_know_each_other(void **state)
{
    struct peer peer;
    start_peer(&peer, echo);
    struct near_end near;
    assert_int_equal(open_near(&near, "client", "stream.test", 0), TG_OK);
    assert_string_equal(tg_wire_link_peer(near.link), "control");
    for (int64_t i = 1; i <= 100; ++i)
        assert_int_equal(send_ping(near.link, i), TG_OK);
    for (int64_t expected = 1; expected <= 100;) {
        struct tg_text frame;
        enum tg_wire_event event = tg_wire_link_poll(near.link, PATIENCE_MS, &frame, &near.error);
        if (event == TG_WIRE_WRITABLE)
            continue;
        assert_string_equal(tg_wire_event_name(event), "frame");
        Tollgate__V1__ControlFrame *message;
        assert_int_equal(tg_wire_unpack_control_frame(frame, &message, NULL), TG_OK);
        assert_int_equal(message->ping->sent_at_ms, expected++);
        tg_wire_free(message);
    }
    close_near(&near);
    join_peer(&peer);
    assert_int_equal(peer.accepted, TG_OK);
    assert_int_equal(peer.frames, 100);
}

static void a_wake_from_another_thread_ends_the_sleep(void **state)
{
    struct peer peer;
    start_peer(&peer, echo);
    struct near_end near;
    assert_int_equal(open_near(&near, "client", "127.0.0.1", 0), TG_OK);
    struct tg_text frame;
    assert_int_equal(tg_wire_link_poll(near.link, 0, &frame, &near.error), TG_WIRE_TIMEOUT);
    tg_waker_wake(&near.waker);
    tg_waker_wake(&near.waker);
    assert_int_equal(tg_wire_link_poll(near.link, -1, &frame, &near.error), TG_WIRE_WOKEN);
    assert_int_equal(tg_wire_link_poll(near.link, 0, &frame, &near.error), TG_WIRE_TIMEOUT);
    close_near(&near);
    join_peer(&peer);
}

static void a_client_from_another_authority_gets_nothing(void **state)
{
    struct peer peer;
    start_peer(&peer, echo);
    struct near_end near;
    /* In TLS 1.3 the client's handshake ends first; the refusal comes with the first read. */
    if (open_near(&near, "impostor", "stream.test", 0) == TG_OK) {
        struct tg_text frame;
        assert_int_equal(tg_wire_link_poll(near.link, PATIENCE_MS, &frame, &near.error), TG_WIRE_CLOSED);
    }
    close_near(&near);
    join_peer(&peer);
    assert_int_equal(peer.accepted, TG_DENIED);
}

static void a_server_of_another_name_is_refused(void **state)
{
    struct peer peer;
    start_peer(&peer, echo);
    struct near_end near;
    assert_int_equal(open_near(&near, "client", "elsewhere.test", 0), TG_DENIED);
    assert_non_null(strstr(near.error.message, "elsewhere.test"));
    assert_null(near.link);
    close_near(&near);
    join_peer(&peer);
    assert_int_not_equal(peer.accepted, TG_OK);
}

/* Reads nothing until woken, then everything. */
static void dawdle(struct peer *peer)
{
    assert_true(tg_waker_wait(&peer->waker, PATIENCE_MS));
    struct tg_text frame;
    while (tg_wire_link_poll(peer->link, PATIENCE_MS, &frame, &peer->error) == TG_WIRE_FRAME) {
        ++peer->frames;
        peer->bytes += frame.bytes;
    }
}

static void a_peer_that_does_not_read_fills_a_bounded_queue(void **state)
{
    struct peer peer;
    start_peer(&peer, dawdle);
    struct near_end near;
    assert_int_equal(open_near(&near, "client", "stream.test", 1 << 20), TG_OK);
    char *filler = malloc(100000);
    memset(filler, 'x', 100000);
    size_t sent = 0;
    struct tg_text frame;
    enum tg_status status;
    while ((status = tg_wire_link_send_upsert(near.link, tg_text(filler, 100000))) == TG_OK || sent < 20) {
        sent += status == TG_OK;
        enum tg_wire_event event = tg_wire_link_poll(near.link, 0, &frame, &near.error);
        assert_true(event == TG_WIRE_TIMEOUT || event == TG_WIRE_WRITABLE);
        assert_true(tg_wire_link_unsent_bytes(near.link) <= 1 << 20);
        if (status != TG_OK && sent >= 8)
            break; /* kernel buffers and queue are full */
    }
    assert_int_equal(status, TG_EXHAUSTED);
    tg_waker_wake(&peer.waker);
    assert_int_equal(tg_wire_link_flush(near.link, PATIENCE_MS, &near.error), TG_OK);
    assert_int_equal(tg_wire_link_unsent_bytes(near.link), 0);
    free(filler);
    close_near(&near);
    join_peer(&peer);
    assert_int_equal(peer.frames, sent);
    assert_int_equal(peer.bytes, sent * (100000 + 4));
}

static void a_port_where_nobody_listens_is_a_clear_error(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0); /* bound, never listening: its port refuses */
    assert_int_equal(bind(fd, (struct sockaddr *)&address, bytes), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &bytes), 0);
    struct near_end near = {.tls = test_certificates_client("client")};
    assert_int_equal(tg_waker_init(&near.waker, NULL), TG_OK);
    near.config = (struct tg_wire_link_config){.tls = near.tls, .waker = &near.waker};
    assert_int_equal(tg_wire_link_connect(&near.config, "127.0.0.1", ntohs(address.sin_port), "stream.test",
                                          PATIENCE_MS, &near.link, &near.error),
                     TG_UNAVAILABLE);
    assert_non_null(strstr(near.error.message, "127.0.0.1 port "));
    close_near(&near);
    close(fd);
}

static bool yes(void *user)
{
    return true;
}

static void a_handshake_with_a_mute_server_can_be_cancelled(void **state)
{
    /* The listener's backlog accepts the connection; nobody answers the handshake. */
    struct near_end near = {.tls = test_certificates_client("client")};
    assert_int_equal(tg_waker_init(&near.waker, NULL), TG_OK);
    near.config = (struct tg_wire_link_config){.tls = near.tls, .waker = &near.waker, .is_cancelled = yes};
    tg_waker_wake(&near.waker);
    assert_int_equal(
        tg_wire_link_connect(&near.config, "127.0.0.1", port, "stream.test", PATIENCE_MS, &near.link, &near.error),
        TG_TIMEOUT);
    assert_true(tg_waker_take(&near.waker)); /* the owner still learns that it was woken */
    close_near(&near);
    close(accept(listener, NULL, NULL));
}

static int prepare(void **state)
{
    signal(SIGPIPE, SIG_IGN);
    if (test_certificates_make() == NULL)
        return -1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof(address);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, bytes) != 0 || listen(listener, 16) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &bytes) != 0)
        return -1;
    port = ntohs(address.sin_port);
    return 0;
}

static int clean_up(void **state)
{
    close(listener);
    test_certificates_remove();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_go_both_ways_and_both_ends_know_each_other),
        cmocka_unit_test(a_wake_from_another_thread_ends_the_sleep),
        cmocka_unit_test(a_client_from_another_authority_gets_nothing),
        cmocka_unit_test(a_server_of_another_name_is_refused),
        cmocka_unit_test(a_peer_that_does_not_read_fills_a_bounded_queue),
        cmocka_unit_test(a_port_where_nobody_listens_is_a_clear_error),
        cmocka_unit_test(a_handshake_with_a_mute_server_can_be_cancelled),
    };
    return cmocka_run_group_tests(tests, prepare, clean_up);
}
