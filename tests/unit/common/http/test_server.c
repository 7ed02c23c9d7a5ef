#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "common/base/time.h"
#include "common/http/server.h"
#include "common/net/socket.h"
#include "tests/unit/common/http/peer.h"
#include "tests/unit/common/net/loop_until.h"

/* A handler that echoes the body, or waits, or streams, as the path says, and counts what it is told. */
static tg_loop *loop;
static tg_http_server *server;
static struct tg_http_server_config config;
static struct tg_http_body_gauge gauge;
static struct tg_http_request *waiting;
static size_t request_count;
static size_t complete_count;
static size_t left_count;
static size_t writable_count;
static bool has_waiting;
static bool has_left;
static bool has_completed;
static bool is_drained;
static bool is_in_handler;
static char piece[64 * 1024];
static size_t endless_sends;

static void send_endlessly(struct tg_http_request *request)
{
    struct tg_text text = tg_text(piece, sizeof(piece));
    ++endless_sends;
    tg_http_send(request, &text, 1, false);
}

static void on_request(void *user, struct tg_http_request *request)
{
    ++request_count;
    is_in_handler = true;
    if (tg_text_is(request->path, "/wait")) {
        waiting = request;
        has_waiting = true;
    } else if (tg_text_is(request->path, "/endless")) {
        tg_http_start(request, 200, NULL, 0, -1);
        request->user = (void *)1;
        send_endlessly(request);
    } else if (tg_text_is(request->path, "/big")) {
        tg_http_respond(request, 200, NULL, 0, request->body);
        memset((char *)request->body.data, 'X', request->body.bytes); /* it is ours, and the answer was taken */
    } else {
        static const struct tg_http_header headers[] = {
            {TG_TEXT_LITERAL("x-kind"), TG_TEXT_LITERAL("echo\r\nx-smuggled: 1")},
            {TG_TEXT_LITERAL("x-late"), TG_TEXT_LITERAL("0123456789abcdef\x7f")},
            {TG_TEXT_LITERAL("x-short"), TG_TEXT_LITERAL("a\rb")},
            {TG_TEXT_LITERAL("x-fine"), TG_TEXT_LITERAL("tab\there, caf\xc3\xa9 ~!")},
            {TG_TEXT_LITERAL("Content-Length"), TG_TEXT_LITERAL("99")},
        };
        tg_http_respond(request, 200, headers, sizeof(headers) / sizeof(headers[0]), request->body);
    }
    is_in_handler = false;
}

static void on_refuse(void *user, struct tg_http_request *request, enum tg_http_refusal refusal)
{
    tg_http_respond(request, tg_http_refusal_status(refusal), NULL, 0, tg_text_of(tg_http_refusal_name(refusal)));
}

static void on_close(void *user, struct tg_http_request *request, bool is_complete)
{
    assert_false(is_in_handler);
    if (request == waiting)
        waiting = NULL;
    *(is_complete ? &complete_count : &left_count) += 1;
    *(is_complete ? &has_completed : &has_left) = true;
}

static void on_writable(void *user, struct tg_http_request *request)
{
    assert_false(is_in_handler);
    ++writable_count;
    if (request->user != NULL)
        send_endlessly(request);
}

static void start(void)
{
    struct tg_error error;
    assert_int_equal(tg_http_server_create(loop, "127.0.0.1", 0, &config, &server, &error), TG_OK);
}

static int set_up(void **state)
{
    loop = tg_loop_create();
    atomic_store(&gauge.held_bytes, 0);
    gauge.max_bytes = 64 * 1024 * 1024;
    config = (struct tg_http_server_config){.on_request = on_request,
                                            .on_refuse = on_refuse,
                                            .on_close = on_close,
                                            .on_writable = on_writable,
                                            .bodies = &gauge,
                                            .max_body_bytes = 16 * 1024 * 1024};
    waiting = NULL;
    request_count = complete_count = left_count = writable_count = endless_sends = 0;
    has_waiting = has_left = has_completed = is_drained = false;
    return 0;
}

static int tear_down(void **state)
{
    tg_http_server_destroy(server);
    server = NULL;
    tg_loop_destroy(loop);
    /* Whatever happened, nothing of a body is counted any more. */
    return atomic_load(&gauge.held_bytes) == 0 ? 0 : -1;
}

static void connect_to_server(struct peer *peer)
{
    peer_connect(peer, tg_http_server_port(server));
}

static bool is_idle_connection(void *unused)
{
    return tg_http_server_connection_count(server) == 0;
}

/* ---- requests and answers ---- */

static void a_request_is_answered_with_length_and_date_and_no_header_of_the_handlers_splits_it(void **state)
{
    start();
    struct peer peer;
    connect_to_server(&peer);
    peer_send(&peer, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    peer_wait_for(&peer, loop, "\r\n\r\nhello");
    assert_true(peer_has(&peer, "HTTP/1.1 200 OK\r\ndate: "));
    assert_true(peer_has(&peer, "\r\ncontent-length: 5\r\n"));
    assert_false(peer_has(&peer, "99"));
    assert_true(peer_has(&peer, "x-kind: echo  x-smuggled: 1\r\n"));
    assert_true(peer_has(&peer, "x-late: 0123456789abcdef \r\nx-short: a b\r\n"));
    assert_true(peer_has(&peer, "x-fine: tab\there, caf\xc3\xa9 ~!\r\n"));
    peer_close(&peer);
}

static void a_request_split_at_any_byte_is_the_same_request(void **state)
{
    static const char request[] = "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
    start();
    struct peer peer;
    connect_to_server(&peer);
    for (size_t split = 1; split < sizeof(request) - 1; ++split) {
        peer_clear(&peer);
        peer_send_bytes(&peer, request, split);
        /* Another connection's answer proves that the first part was read. */
        struct peer other;
        connect_to_server(&other);
        peer_send(&other, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        peer_wait_for(&other, loop, "\r\n\r\n");
        peer_close(&other);
        peer_send_bytes(&peer, request + split, sizeof(request) - 1 - split);
        peer_wait_for(&peer, loop, "\r\n\r\nhello world");
    }
    peer_close(&peer);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    start();
    struct peer peer;
    connect_to_server(&peer);
    char all[8192] = "";
    for (int i = 0; i < 50; ++i)
        sprintf(all + strlen(all), "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n<%02d>", i);
    strcat(all, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    peer_send(&peer, all);
    peer_wait_for_end(&peer, loop);
    const char *at = peer.got;
    for (int i = 0; i < 50; ++i) {
        char expected[16];
        sprintf(expected, "<%02d>", i);
        at = strstr(at, expected);
        assert_non_null(at);
    }
    assert_non_null(strstr(at, "connection: close\r\n\r\n"));
    assert_int_equal(request_count, 51);
    peer_close(&peer);
}

static void a_pipelined_request_waits_until_the_one_before_is_answered(void **state)
{
    start();
    struct peer peer;
    connect_to_server(&peer);
    peer_send(&peer, "GET /wait HTTP/1.1\r\nHost: a\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\n\r\n");
    loop_until_true(loop, &has_waiting);
    /* A client that pipelines without end is not read without end: its sends stop at what kernels hold. */
    size_t sent = 0;
    for (size_t more = 1; more != 0; sent += more) {
        struct peer other;
        connect_to_server(&other);
        peer_send(&other, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        peer_wait_for(&other, loop, "\r\n\r\n");
        peer_close(&other);
        more = peer_send_some(&peer, piece, sizeof(piece));
        assert_true(sent < 64 * 1024 * 1024);
    }
    tg_http_respond(waiting, 200, NULL, 0, tg_text_of("first"));
    peer_wait_for(&peer, loop, "first");
    peer_wait_for(&peer, loop, "x-kind");
    peer_close(&peer);
}

static void a_large_body_arrives_whole_by_length_and_chunked(void **state)
{
    enum { BYTES = 10 * 1024 * 1024 };
    start();
    char *body = malloc(BYTES);
    for (size_t i = 0; i < BYTES; ++i)
        body[i] = (char)('a' + i * 7 % 23);
    for (int is_chunked = 0; is_chunked < 2; ++is_chunked) {
        struct peer peer;
        connect_to_server(&peer);
        char head[128];
        if (is_chunked)
            sprintf(head, "POST /big HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n", BYTES);
        else
            sprintf(head, "POST /big HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", BYTES);
        peer_send(&peer, head);
        for (size_t sent = 0; sent < BYTES;) {
            sent += peer_send_some(&peer, body + sent, BYTES - sent);
            peer_wait_for_bytes(&peer, loop, 0); /* one turn of the loop */
        }
        if (is_chunked)
            peer_send(&peer, "\r\n0\r\n\r\n");
        peer_wait_for(&peer, loop, "\r\n\r\n");
        size_t head_bytes = (size_t)(strstr(peer.got, "\r\n\r\n") + 4 - peer.got);
        peer_wait_for_bytes(&peer, loop, head_bytes + BYTES);
        assert_memory_equal(peer.got + head_bytes, body, BYTES);
        peer_close(&peer);
    }
    free(body);
}

static void head_gets_the_length_and_no_body(void **state)
{
    start();
    struct peer peer;
    connect_to_server(&peer);
    peer_send(&peer, "HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_wait_for(&peer, loop, "content-length: 0\r\n\r\n");
    assert_true(peer_has(&peer, "content-length: 5\r\n\r\nHTTP/1.1 200"));
    peer_close(&peer);
}

static void old_clients_keep_the_connection_only_if_they_ask_for_it(void **state)
{
    start();
    struct peer peer;
    connect_to_server(&peer);
    peer_send(&peer, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    peer_wait_for(&peer, loop, "connection: keep-alive\r\n\r\n");
    peer_send(&peer, "GET / HTTP/1.0\r\n\r\n");
    peer_wait_for(&peer, loop, "connection: close\r\n\r\n");
    peer_wait_for_end(&peer, loop);
    peer_close(&peer);
}

static void a_stream_is_chunked_and_to_old_clients_ends_with_the_connection(void **state)
{
    start();
    for (int minor = 0; minor < 2; ++minor) {
        struct peer peer;
        connect_to_server(&peer);
        char request[64];
        sprintf(request, "GET /wait HTTP/1.%d\r\nHost: a\r\n\r\n", minor);
        has_waiting = false;
        peer_send(&peer, request);
        loop_until_true(loop, &has_waiting);
        tg_http_start(waiting, 200, NULL, 0, -1);
        const struct tg_text first[] = {TG_TEXT_LITERAL("data: "), TG_TEXT_LITERAL("one")};
        tg_http_send(waiting, first, 2, false);
        peer_wait_for(&peer, loop, "one");
        size_t seen = writable_count;
        assert_int_equal(seen, (size_t)minor + 1);
        assert_true(tg_http_is_writable(waiting));
        const struct tg_text last = TG_TEXT_LITERAL("two");
        tg_http_forward(waiting, &last, 1, true);
        peer_wait_for(&peer, loop, minor == 0 ? "data: onetwo" : "\r\n\r\n9\r\ndata: one\r\n3\r\ntwo\r\n0\r\n\r\n");
        if (minor == 0)
            peer_wait_for_end(&peer, loop);
        assert_int_equal(peer_has(&peer, "transfer-encoding"), minor == 1);
        peer_close(&peer);
    }
}

/* ---- refusals ---- */

static void refuse(const char *request, const char *status_line)
{
    struct peer peer;
    connect_to_server(&peer);
    peer_send(&peer, request);
    peer_wait_for(&peer, loop, "\r\n\r\n");
    if (!peer_has(&peer, status_line))
        fail_msg("%s was answered with %s", request, peer.got);
    assert_true(peer_has(&peer, "connection: close\r\n"));
    peer_wait_for_end(&peer, loop);
    assert_false(peer_has(&peer, "100 Continue"));
    peer_close(&peer);
}

static void what_is_refused_gets_its_status_and_never_reaches_the_handler(void **state)
{
    config.max_body_bytes = 1000;
    config.max_head_bytes = 2000;
    start();
    refuse("nonsense\r\n\r\n", "HTTP/1.1 400 ");
    refuse("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 400 ");
    refuse("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "HTTP/1.1 400 ");
    refuse("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 501 ");
    refuse("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n", "HTTP/1.1 413 ");
    char long_request[8192] = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    memset(long_request + strlen(long_request), 'x', 3000);
    refuse(long_request, "HTTP/1.1 431 ");
    char chunked[4096] = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n";
    memset(chunked + strlen(chunked), 'x', 1001);
    refuse(chunked, "HTTP/1.1 413 ");
    assert_int_equal(request_count, 0);
    assert_int_equal(complete_count + left_count, 0);
}

static void a_client_that_sends_on_after_a_refusal_still_reads_the_answer(void **state)
{
    config.max_body_bytes = 1000;
    start();
    struct peer peer;
    connect_to_server(&peer);
    peer_send(&peer, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
    for (size_t sent = 0; sent < 1000000;) {
        size_t now = peer_send_some(&peer, piece, sizeof(piece));
        sent += now;
        peer_wait_for_bytes(&peer, loop, 0);
        if (peer.is_ended)
            break;
    }
    peer_wait_for_end(&peer, loop);
    assert_true(peer_has(&peer, "HTTP/1.1 413 "));
    assert_false(peer.is_broken);
    peer_close(&peer);
    loop_until(loop, is_idle_connection, NULL);
}

static void the_body_is_invited_only_when_it_will_be_read(void **state)
{
    start();
    struct peer peer;
    connect_to_server(&peer);
    peer_send(&peer, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    peer_wait_for(&peer, loop, "HTTP/1.1 100 Continue\r\n\r\n");
    peer_clear(&peer);
    peer_send(&peer, "hello");
    peer_wait_for(&peer, loop, "\r\n\r\nhello");
    assert_true(strncmp(peer.got, "HTTP/1.1 200 OK", 15) == 0);
    peer_clear(&peer);
    peer_send(&peer, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello");
    peer_wait_for(&peer, loop, "\r\n\r\nhello");
    assert_false(peer_has(&peer, "100 Continue"));
    peer_close(&peer);
}

static bool wants_body_of_known_callers(void *user, const struct tg_http_request *request)
{
    return tg_http_request_header(request, "authorization") != NULL;
}

static void a_body_that_is_not_wanted_is_neither_invited_nor_held(void **state)
{
    config.wants_body = wants_body_of_known_callers;
    gauge.max_bytes = 10;
    start();
    refuse("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 500\r\n\r\n", "HTTP/1.1 403 ");
    refuse("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\nabc", "HTTP/1.1 403 ");
    refuse("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "HTTP/1.1 403 ");
    assert_int_equal(request_count, 0);
    struct peer peer;
    connect_to_server(&peer);
    peer_send(&peer, "POST / HTTP/1.1\r\nHost: a\r\nAuthorization: x\r\nContent-Length: 5\r\n\r\n");
    peer_send(&peer, "hello");
    peer_wait_for(&peer, loop, "\r\n\r\nhello");
    peer_close(&peer);
}

static void bodies_beyond_the_gauge_are_refused_until_others_are_gone(void **state)
{
    gauge.max_bytes = 1000;
    start();
    struct peer first;
    connect_to_server(&first);
    peer_send(&first, "POST /wait HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    loop_until_true(loop, &has_waiting);
    assert_int_equal(atomic_load(&gauge.held_bytes), 5);
    refuse("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 996\r\n\r\n", "HTTP/1.1 503 ");
    refuse("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 503 ");
    assert_int_equal(atomic_load(&gauge.held_bytes), 5);
    tg_http_respond(waiting, 200, NULL, 0, tg_text_of("done"));
    peer_wait_for(&first, loop, "done");
    loop_until_true(loop, &has_completed);
    assert_int_equal(atomic_load(&gauge.held_bytes), 0);
    char body[1024];
    memset(body, 'b', 996);
    body[996] = '\0';
    peer_send(&first, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 996\r\n\r\n");
    peer_send(&first, body);
    peer_wait_for(&first, loop, body);
    peer_close(&first);
}

/* ---- clients that leave, are slow, or say nothing ---- */

static void a_client_that_leaves_while_the_handler_waits_is_noticed(void **state)
{
    start();
    struct peer peer;
    connect_to_server(&peer);
    peer_send(&peer, "POST /wait HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    loop_until_true(loop, &has_waiting);
    peer_close(&peer);
    loop_until_true(loop, &has_left);
    assert_int_equal(left_count, 1);
    assert_int_equal(complete_count, 0);
    assert_null(waiting);
    loop_until(loop, is_idle_connection, NULL);
}

static void a_client_that_takes_nothing_stops_the_handler_and_one_that_takes_again_resumes_it(void **state)
{
    start();
    struct peer peer;
    connect_to_server(&peer);
    peer_send(&peer, "GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");
    /* It stops: from one look to the next, with another client served in between, nothing was sent. */
    size_t before;
    do {
        before = endless_sends;
        struct peer other;
        connect_to_server(&other);
        peer_send(&other, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        peer_wait_for(&other, loop, "\r\n\r\n");
        peer_close(&other);
        assert_true(endless_sends < 1000); /* 64 MB: no kernel holds that much */
    } while (before == 0 || endless_sends != before);
    peer_wait_for_bytes(&peer, loop, (before + 4) * sizeof(piece));
    assert_true(endless_sends > before);
    peer_close(&peer);
    loop_until_true(loop, &has_left);
}

static void a_client_that_takes_nothing_for_too_long_is_dropped(void **state)
{
    config.write_idle_timeout_ms = 30;
    start();
    struct peer peer;
    connect_to_server(&peer);
    peer_send(&peer, "GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");
    loop_until_true(loop, &has_left);
    assert_int_equal(left_count, 1);
    peer_close(&peer);
}

static void heads_and_bodies_that_do_not_come_in_time_are_refused(void **state)
{
    config.head_timeout_ms = 20;
    config.body_idle_timeout_ms = 20;
    start();
    refuse("GET / HTTP/1.1\r\nHo", "HTTP/1.1 408 ");
    refuse("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel", "HTTP/1.1 408 ");
    refuse("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", "HTTP/1.1 408 ");
}

struct dripper {
    struct tg_timer timer;
    struct peer *peer;
};

static void drip(struct tg_timer *timer)
{
    struct peer *peer = ((struct dripper *)timer)->peer;
    if (peer_has(peer, "HTTP/1.1"))
        return;
    peer_send(peer, "x");
    tg_timer_start(loop, timer, 5);
}

static void a_body_that_comes_byte_by_byte_is_refused_in_the_end(void **state)
{
    config.body_idle_timeout_ms = 60;
    start();
    struct peer peer;
    connect_to_server(&peer);
    peer_send(&peer, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
    struct dripper dripper = {.timer.on_expire = drip, .peer = &peer};
    tg_timer_start(loop, &dripper.timer, 5);
    peer_wait_for_end(&peer, loop);
    tg_timer_stop(loop, &dripper.timer);
    assert_true(peer_has(&peer, "HTTP/1.1 408 "));
    peer_close(&peer);
}

static void a_connection_that_is_not_used_is_closed_without_a_word(void **state)
{
    config.keepalive_timeout_ms = 20;
    start();
    struct peer peer;
    connect_to_server(&peer);
    peer_wait_for_end(&peer, loop);
    assert_int_equal(peer.bytes, 0);
    peer_close(&peer);
    connect_to_server(&peer);
    peer_send(&peer, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_wait_for_end(&peer, loop);
    assert_true(peer_has(&peer, "200 OK"));
    assert_false(peer_has(&peer, "408"));
    peer_close(&peer);
}

static void a_handler_may_take_longer_than_every_timeout(void **state)
{
    config.keepalive_timeout_ms = config.head_timeout_ms = config.body_idle_timeout_ms = config.write_idle_timeout_ms =
        10;
    start();
    struct peer peer;
    connect_to_server(&peer);
    peer_send(&peer, "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    loop_until_true(loop, &has_waiting);
    struct peer idle; /* its end shows that the time has passed */
    connect_to_server(&idle);
    peer_wait_for_end(&idle, loop);
    peer_close(&idle);
    assert_non_null(waiting);
    tg_http_respond(waiting, 200, NULL, 0, tg_text_of("late"));
    peer_wait_for(&peer, loop, "late");
    peer_close(&peer);
}

static void an_aborted_answer_is_seen_to_be_cut(void **state)
{
    start();
    struct peer peer;
    connect_to_server(&peer);
    peer_send(&peer, "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    loop_until_true(loop, &has_waiting);
    tg_http_start(waiting, 200, NULL, 0, -1);
    const struct tg_text text = TG_TEXT_LITERAL("half");
    tg_http_send(waiting, &text, 1, false);
    peer_wait_for(&peer, loop, "half");
    tg_http_abort(waiting);
    assert_int_equal(left_count, 0); /* not from inside the call */
    peer_wait_for_end(&peer, loop);
    assert_int_equal(left_count, 1);
    assert_false(peer_has(&peer, "0\r\n\r\n"));
    peer_close(&peer);
}

static void an_answer_shorter_than_its_length_is_cut(void **state)
{
    start();
    struct peer peer;
    connect_to_server(&peer);
    peer_send(&peer, "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    loop_until_true(loop, &has_waiting);
    tg_http_start(waiting, 200, NULL, 0, 10);
    const struct tg_text text = TG_TEXT_LITERAL("half");
    tg_http_send(waiting, &text, 1, true);
    peer_wait_for_end(&peer, loop);
    assert_int_equal(left_count, 1);
    peer_close(&peer);
}

/* ---- the server as a whole ---- */

static void connections_beyond_the_maximum_wait_until_one_leaves(void **state)
{
    config.max_connections = 1;
    start();
    struct peer first;
    struct peer second;
    connect_to_server(&first);
    peer_send(&first, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_wait_for(&first, loop, "\r\n\r\n");
    connect_to_server(&second);
    peer_send(&second, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_clear(&first);
    peer_send(&first, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_wait_for(&first, loop, "\r\n\r\n");
    assert_int_equal(tg_http_server_connection_count(server), 1);
    assert_int_equal(request_count, 2);
    peer_close(&first);
    peer_wait_for(&second, loop, "200 OK");
    peer_close(&second);
}

static void on_drained(void *user)
{
    is_drained = true;
    tg_http_server_destroy(server);
    server = NULL;
}

static void draining_closes_what_is_idle_and_lets_what_is_busy_finish(void **state)
{
    start();
    struct peer idle;
    struct peer busy;
    struct peer fresh;
    connect_to_server(&idle);
    peer_send(&idle, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_wait_for(&idle, loop, "\r\n\r\n");
    connect_to_server(&busy);
    peer_send(&busy, "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    loop_until_true(loop, &has_waiting);
    connect_to_server(&fresh); /* in the kernel's queue, not accepted yet */
    tg_http_server_drain(server, on_drained, NULL);
    peer_wait_for_end(&idle, loop);
    peer_send(&fresh, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_wait_for(&fresh, loop, "200 OK");
    assert_true(peer_has(&fresh, "connection: close"));
    assert_false(is_drained);
    tg_http_respond(waiting, 200, NULL, 0, tg_text_of("last words"));
    peer_wait_for_end(&busy, loop);
    assert_true(peer_has(&busy, "connection: close"));
    assert_true(peer_has(&busy, "last words"));
    loop_until_true(loop, &is_drained);
    peer_close(&idle);
    peer_close(&busy);
    peer_close(&fresh);
}

static void destroying_the_server_ends_every_request_first(void **state)
{
    start();
    struct peer peer;
    connect_to_server(&peer);
    peer_send(&peer, "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    loop_until_true(loop, &has_waiting);
    tg_http_server_destroy(server);
    server = NULL;
    assert_int_equal(left_count, 1);
    peer_wait_for_end(&peer, loop);
    peer_close(&peer);
}

static void a_port_in_use_is_a_clear_conflict(void **state)
{
    uint16_t port;
    int listening = peer_listen(&port);
    struct tg_error error;
    assert_int_equal(tg_http_server_create(loop, "127.0.0.1", port, &config, &server, &error), TG_CONFLICT);
    assert_null(server);
    assert_non_null(strstr(error.message, "another program uses this port"));
    assert_int_equal(tg_http_server_create(loop, "example.test", 0, &config, &server, &error), TG_INVALID);
    struct peer end = {.fd = listening};
    peer_close(&end);
}

static void a_probe_finds_a_port_that_would_be_shared_in_silence(void **state)
{
    start();
    struct tg_error error;
    uint16_t port = tg_http_server_port(server);
    assert_int_equal(tg_listener_probe("127.0.0.1", port, &error), TG_CONFLICT);
    tg_http_server_destroy(server);
    server = NULL;
    assert_int_equal(tg_listener_probe("127.0.0.1", port, &error), TG_OK);
}

static void a_process_out_of_descriptors_accepts_again_when_it_has_some(void **state)
{
    config.keepalive_timeout_ms = 20;
    start();
    struct peer first;
    struct peer second;
    connect_to_server(&first);
    peer_send(&first, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_wait_for(&first, loop, "\r\n\r\n");
    connect_to_server(&second);
    peer_send(&second, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    peer_wait_for_end(&first, loop); /* idle for too long: time has passed, and the loop works */
    assert_int_equal(request_count, 1);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    peer_wait_for(&second, loop, "200 OK");
    peer_close(&first);
    peer_close(&second);
}

#define SERVER_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVER_TEST(a_request_is_answered_with_length_and_date_and_no_header_of_the_handlers_splits_it),
        SERVER_TEST(a_request_split_at_any_byte_is_the_same_request),
        SERVER_TEST(pipelined_requests_are_answered_in_order),
        SERVER_TEST(a_pipelined_request_waits_until_the_one_before_is_answered),
        SERVER_TEST(a_large_body_arrives_whole_by_length_and_chunked),
        SERVER_TEST(head_gets_the_length_and_no_body),
        SERVER_TEST(old_clients_keep_the_connection_only_if_they_ask_for_it),
        SERVER_TEST(a_stream_is_chunked_and_to_old_clients_ends_with_the_connection),
        SERVER_TEST(what_is_refused_gets_its_status_and_never_reaches_the_handler),
        SERVER_TEST(a_client_that_sends_on_after_a_refusal_still_reads_the_answer),
        SERVER_TEST(the_body_is_invited_only_when_it_will_be_read),
        SERVER_TEST(a_body_that_is_not_wanted_is_neither_invited_nor_held),
        SERVER_TEST(bodies_beyond_the_gauge_are_refused_until_others_are_gone),
        SERVER_TEST(a_client_that_leaves_while_the_handler_waits_is_noticed),
        SERVER_TEST(a_client_that_takes_nothing_stops_the_handler_and_one_that_takes_again_resumes_it),
        SERVER_TEST(a_client_that_takes_nothing_for_too_long_is_dropped),
        SERVER_TEST(heads_and_bodies_that_do_not_come_in_time_are_refused),
        SERVER_TEST(a_body_that_comes_byte_by_byte_is_refused_in_the_end),
        SERVER_TEST(a_connection_that_is_not_used_is_closed_without_a_word),
        SERVER_TEST(a_handler_may_take_longer_than_every_timeout),
        SERVER_TEST(an_aborted_answer_is_seen_to_be_cut),
        SERVER_TEST(an_answer_shorter_than_its_length_is_cut),
        SERVER_TEST(connections_beyond_the_maximum_wait_until_one_leaves),
        SERVER_TEST(draining_closes_what_is_idle_and_lets_what_is_busy_finish),
        SERVER_TEST(destroying_the_server_ends_every_request_first),
        SERVER_TEST(a_port_in_use_is_a_clear_conflict),
        SERVER_TEST(a_probe_finds_a_port_that_would_be_shared_in_silence),
        SERVER_TEST(a_process_out_of_descriptors_accepts_again_when_it_has_some),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
