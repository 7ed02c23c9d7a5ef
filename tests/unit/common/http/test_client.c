#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/http/client.h"
#include "tests/unit/common/http/peer.h"
#include "tests/unit/common/net/loop_until.h"

static tg_loop *loop;
static tg_http_client *client;
static struct tg_http_client_config config;
static struct tg_http_origin origin;
static int listening;

/* One call and what became of it. */
struct outcome {
    tg_http_call *call;
    int status;
    int64_t content_length;
    const struct tg_http_header *headers;
    size_t header_count;
    char body[64]; /* its beginning, if it is text */
    size_t body_bytes;
    size_t piece_count;
    bool is_last_seen;
    bool is_over;
    bool is_inside_start;
    bool pauses_at_head;
    bool pauses_at_piece;
    bool cancels_at_head;
    bool cancels_at_piece;
    enum tg_http_failure failure;
    char reason[256];
};

static void on_head(void *user, int status, const struct tg_http_header *headers, size_t header_count,
                    int64_t content_length)
{
    struct outcome *outcome = user;
    assert_false(outcome->is_inside_start);
    outcome->status = status;
    outcome->headers = headers;
    outcome->header_count = header_count;
    outcome->content_length = content_length;
    if (outcome->pauses_at_head)
        tg_http_call_pause(outcome->call);
    if (outcome->cancels_at_head)
        tg_http_call_cancel(outcome->call);
}

static void on_body(void *user, struct tg_text piece, bool is_last)
{
    struct outcome *outcome = user;
    assert_false(outcome->is_last_seen);
    size_t room = sizeof(outcome->body) - 1 - strlen(outcome->body);
    strncat(outcome->body, piece.data, piece.bytes < room ? piece.bytes : room);
    outcome->body_bytes += piece.bytes;
    outcome->is_last_seen = is_last;
    ++outcome->piece_count;
    if (outcome->pauses_at_piece)
        tg_http_call_pause(outcome->call);
    if (outcome->cancels_at_piece)
        tg_http_call_cancel(outcome->call);
}

static void on_end(void *user, enum tg_http_failure failure, const char *reason)
{
    struct outcome *outcome = user;
    assert_false(outcome->is_over);
    assert_false(outcome->is_inside_start);
    assert_true(outcome->is_last_seen == (failure == TG_HTTP_NO_FAILURE));
    outcome->is_over = true;
    outcome->failure = failure;
    snprintf(outcome->reason, sizeof(outcome->reason), "%s", reason);
}

static const struct tg_http_call_handler handler = {on_head, on_body, on_end};
static const struct tg_http_timeouts generous = {10000, 10000, 10000, 15000};

static int set_up(void **state)
{
    loop = tg_loop_create();
    config = (struct tg_http_client_config){0};
    client = tg_http_client_create(loop, &config);
    uint16_t port;
    listening = peer_listen(&port);
    origin = (struct tg_http_origin){"http", "127.0.0.1", port, NULL};
    return 0;
}

static int tear_down(void **state)
{
    tg_http_client_destroy(client);
    tg_loop_destroy(loop);
    close(listening);
    return 0;
}

static void start_request(struct outcome *outcome, const struct tg_http_timeouts *timeouts, const char *request)
{
    struct tg_text pieces[] = {tg_text_of(request), tg_text_of("body")};
    outcome->is_inside_start = true;
    outcome->call = tg_http_call_start(client, &origin, timeouts, pieces, 2, &handler, outcome);
    outcome->is_inside_start = false;
}

static const char *const request_text = "POST /x HTTP/1.1\r\nHost: p\r\nContent-Length: 4\r\n\r\n";

static void start(struct outcome *outcome, const struct tg_http_timeouts *timeouts)
{
    start_request(outcome, timeouts, request_text);
}

/* The provider has the whole request. */
static void expect_request(struct peer *provider)
{
    peer_wait_for(provider, loop, "\r\n\r\nbody");
    peer_clear(provider);
}

/* A call on a new connection, answered with `answer`; ended by closing if `closes`. */
static void call_once(struct outcome *outcome, const char *answer, bool closes)
{
    struct peer provider;
    start(outcome, &generous);
    peer_accept(&provider, loop, listening);
    expect_request(&provider);
    peer_send(&provider, answer);
    if (closes)
        peer_close(&provider);
    loop_until_true(loop, &outcome->is_over);
    if (!closes)
        peer_close(&provider);
}

static bool has_no_idle(void *unused)
{
    return tg_http_client_idle_count(client) == 0;
}

static void wait_until_no_connection_is_idle(void)
{
    loop_until(loop, has_no_idle, NULL);
}

static void an_answer_comes_with_head_body_and_end(void **state)
{
    struct outcome outcome = {0};
    call_once(&outcome, "HTTP/1.1 201 Created\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello", false);
    assert_int_equal(outcome.failure, TG_HTTP_NO_FAILURE);
    assert_int_equal(outcome.status, 201);
    assert_int_equal(outcome.content_length, 5);
    assert_string_equal(outcome.body, "hello");
}

static void a_connection_is_used_again_and_the_last_used_first(void **state)
{
    struct outcome first = {0};
    struct outcome second = {0};
    struct peer providers[2];
    start(&first, &generous);
    peer_accept(&providers[0], loop, listening);
    start(&second, &generous);
    peer_accept(&providers[1], loop, listening);
    for (int i = 0; i < 2; ++i) {
        expect_request(&providers[i]);
        peer_send(&providers[i], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        loop_until_true(loop, i == 0 ? &first.is_over : &second.is_over);
    }
    assert_int_equal(tg_http_client_idle_count(client), 2);
    for (int i = 0; i < 3; ++i) {
        struct outcome again = {0};
        start(&again, &generous);
        expect_request(&providers[1]);
        peer_send(&providers[1], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        loop_until_true(loop, &again.is_over);
        assert_int_equal(again.failure, TG_HTTP_NO_FAILURE);
    }
    struct peer unexpected;
    assert_false(peer_try_accept(&unexpected, listening));
    peer_close(&providers[0]);
    peer_close(&providers[1]);
    wait_until_no_connection_is_idle(); /* a close of an idle connection is seen */
}

static void a_body_split_at_any_byte_is_the_same_body(void **state)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n"
                                 "5\r\nhello\r\n6;ext\r\n world\r\n0\r\nTrailer: t\r\n\r\n";
    struct peer provider = {.fd = -1};
    for (size_t split = 1; split < sizeof(answer) - 1; ++split) {
        struct outcome outcome = {0};
        start(&outcome, &generous);
        if (provider.fd < 0)
            peer_accept(&provider, loop, listening);
        expect_request(&provider);
        peer_send_bytes(&provider, answer, split);
        /* Another call that is answered proves that the first part was read. */
        struct outcome other = {0};
        call_once(&other, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", false);
        assert_int_equal(other.failure, TG_HTTP_NO_FAILURE);
        peer_send_bytes(&provider, answer + split, sizeof(answer) - 1 - split);
        loop_until_true(loop, &outcome.is_over);
        assert_int_equal(outcome.failure, TG_HTTP_NO_FAILURE);
        assert_string_equal(outcome.body, "hello world");
        assert_int_equal(outcome.content_length, -1);
    }
    peer_close(&provider);
}

static void header_texts_stay_valid_while_the_body_comes(void **state)
{
    struct outcome outcome = {0};
    struct peer provider;
    start(&outcome, &generous);
    peer_accept(&provider, loop, listening);
    expect_request(&provider);
    peer_send(&provider, "HTTP/1.1 200 OK\r\nX-Long: 0123456789\r\nContent-Length: 2000\r\n\r\n");
    char zeros[1000];
    memset(zeros, 'z', sizeof(zeros));
    peer_send_bytes(&provider, zeros, sizeof(zeros));
    while (outcome.body_bytes == 0)
        peer_wait_for_bytes(&provider, loop, 0);
    assert_int_equal(outcome.header_count, 2);
    assert_true(tg_text_is(outcome.headers[0].name, "X-Long"));
    assert_true(tg_text_is(outcome.headers[0].value, "0123456789"));
    peer_send_bytes(&provider, zeros, sizeof(zeros));
    loop_until_true(loop, &outcome.is_over);
    assert_int_equal(outcome.body_bytes, 2000);
    peer_close(&provider);
}

static void answers_without_a_length_end_with_the_connection(void **state)
{
    struct outcome outcome = {0};
    call_once(&outcome, "HTTP/1.1 200 OK\r\n\r\nall there is", true);
    assert_int_equal(outcome.failure, TG_HTTP_NO_FAILURE);
    assert_string_equal(outcome.body, "all there is");
    assert_int_equal(tg_http_client_idle_count(client), 0);
}

static void interim_answers_are_passed_over(void **state)
{
    struct outcome outcome = {0};
    call_once(&outcome,
              "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
              "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
              false);
    assert_int_equal(outcome.status, 200);
    assert_string_equal(outcome.body, "ok");
}

static void answers_to_head_have_a_length_and_no_body(void **state)
{
    struct outcome outcome = {0};
    struct peer provider;
    start_request(&outcome, &generous, "HEAD /x HTTP/1.1\r\nHost: p\r\n\r\n");
    peer_accept(&provider, loop, listening);
    expect_request(&provider);
    peer_send(&provider, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n");
    loop_until_true(loop, &outcome.is_over);
    assert_int_equal(outcome.failure, TG_HTTP_NO_FAILURE);
    assert_int_equal(outcome.body_bytes, 0);
    assert_int_equal(tg_http_client_idle_count(client), 1);
    peer_close(&provider);
}

static void answers_that_break_the_rules_are_failures(void **state)
{
    static const struct {
        const char *answer;
        enum tg_http_failure failure;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok", TG_HTTP_BAD_RESPONSE},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", TG_HTTP_BAD_RESPONSE},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\nok", TG_HTTP_BAD_RESPONSE},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", TG_HTTP_BAD_RESPONSE},
        {"SSH-2.0-OpenSSH\r\n\r\n", TG_HTTP_BAD_RESPONSE},
        {"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf", TG_HTTP_BROKEN},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", TG_HTTP_BROKEN},
        {"HTTP/1.1 200 OK\r\nContent-Le", TG_HTTP_BROKEN},
        {"", TG_HTTP_BROKEN},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        struct outcome outcome = {0};
        call_once(&outcome, cases[i].answer, true);
        if (outcome.failure != cases[i].failure)
            fail_msg("%s: %s", cases[i].answer, tg_http_failure_name(outcome.failure));
        assert_true(outcome.reason[0] != '\0');
        assert_int_equal(tg_http_client_idle_count(client), 0);
    }
}

static void a_head_without_end_is_a_failure(void **state)
{
    tg_http_client_destroy(client);
    config.max_head_bytes = 4096;
    client = tg_http_client_create(loop, &config);
    struct outcome outcome = {0};
    char answer[8192] = "HTTP/1.1 200 OK\r\nX: ";
    memset(answer + strlen(answer), 'x', 6000);
    call_once(&outcome, answer, false);
    assert_int_equal(outcome.failure, TG_HTTP_BAD_RESPONSE);
}

static void bytes_behind_an_answer_spoil_the_connection_but_not_the_answer(void **state)
{
    struct outcome outcome = {0};
    call_once(&outcome, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n", false);
    assert_int_equal(outcome.failure, TG_HTTP_NO_FAILURE);
    assert_string_equal(outcome.body, "ok");
    assert_int_equal(tg_http_client_idle_count(client), 0);
}

static void a_request_that_crossed_the_close_of_its_connection_is_sent_once_more(void **state)
{
    struct outcome first = {0};
    struct peer provider;
    start(&first, &generous);
    peer_accept(&provider, loop, listening);
    expect_request(&provider);
    peer_send(&provider, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    loop_until_true(loop, &first.is_over);
    peer_close(&provider); /* and before the loop can see it: */
    struct outcome second = {0};
    start(&second, &generous);
    peer_accept(&provider, loop, listening);
    expect_request(&provider);
    assert_true(tg_http_call_is_retried(second.call));
    peer_send(&provider, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    loop_until_true(loop, &second.is_over);
    assert_int_equal(second.failure, TG_HTTP_NO_FAILURE);
    assert_string_equal(second.body, "ok");
    peer_close(&provider);
}

static void a_request_that_the_provider_has_received_is_never_sent_again(void **state)
{
    struct outcome first = {0};
    struct peer provider;
    start(&first, &generous);
    peer_accept(&provider, loop, listening);
    expect_request(&provider);
    peer_send(&provider, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    loop_until_true(loop, &first.is_over);
    struct outcome second = {0};
    start(&second, &generous);
    expect_request(&provider);
    peer_close(&provider);
    loop_until_true(loop, &second.is_over);
    assert_int_equal(second.failure, TG_HTTP_BROKEN);
    assert_false(peer_try_accept(&provider, listening));
}

static void each_wait_has_its_own_deadline(void **state)
{
    static const struct {
        struct tg_http_timeouts timeouts;
        const char *answer;
        enum tg_http_failure failure;
    } cases[] = {
        {{10000, 30, 10000, 0}, "", TG_HTTP_FIRST_BYTE_TIMEOUT},
        {{10000, 30, 10000, 0}, "HTTP/1.1 200 OK\r\nX", TG_HTTP_FIRST_BYTE_TIMEOUT},
        {{10000, 10000, 30, 0}, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhal", TG_HTTP_IDLE_TIMEOUT},
        {{10000, 10000, 30, 0}, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", TG_HTTP_IDLE_TIMEOUT},
        {{10000, 10000, 10000, 30}, "", TG_HTTP_TOTAL_TIMEOUT},
        {{10000, 10000, 10000, 30}, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhal", TG_HTTP_TOTAL_TIMEOUT},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        struct outcome outcome = {0};
        struct peer provider;
        start(&outcome, &cases[i].timeouts);
        peer_accept(&provider, loop, listening);
        peer_send(&provider, cases[i].answer);
        loop_until_true(loop, &outcome.is_over);
        assert_int_equal(outcome.failure, cases[i].failure);
        peer_wait_for_end(&provider, loop); /* the connection is not kept */
        peer_close(&provider);
    }
}

static void a_refused_connection_is_a_failure_told_later(void **state)
{
    close(listening);
    listening = -1;
    struct outcome outcome = {0};
    start(&outcome, &generous);
    loop_until_true(loop, &outcome.is_over);
    assert_int_equal(outcome.failure, TG_HTTP_CONNECT_FAILED);
    assert_non_null(strstr(outcome.reason, "refused"));
}

static void a_name_is_resolved_off_the_loop_and_its_addresses_tried_in_turn(void **state)
{
    origin.host = "localhost"; /* often ::1 first, where nobody listens */
    struct outcome outcome = {0};
    call_once(&outcome, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false);
    assert_int_equal(outcome.failure, TG_HTTP_NO_FAILURE);
}

static void a_name_that_cannot_be_is_a_failure(void **state)
{
    static char name[80];
    memset(name, 'x', sizeof(name) - 1); /* a label has at most 63 bytes */
    origin.host = name;
    struct outcome outcome = {0};
    start(&outcome, &generous);
    loop_until_true(loop, &outcome.is_over);
    assert_int_equal(outcome.failure, TG_HTTP_RESOLVE_FAILED);
}

static void a_call_cancelled_at_any_point_says_nothing_more(void **state)
{
    /* at once, while resolving, while connected, inside on_head, inside on_body */
    struct outcome outcome = {0};
    start(&outcome, &generous);
    tg_http_call_cancel(outcome.call);
    origin.host = "localhost";
    start(&outcome, &generous);
    tg_http_call_cancel(outcome.call);
    origin.host = "127.0.0.1";
    struct peer provider;
    while (peer_try_accept(&provider, listening))
        peer_close(&provider);
    start(&outcome, &generous);
    peer_accept(&provider, loop, listening);
    expect_request(&provider);
    tg_http_call_cancel(outcome.call);
    peer_wait_for_end(&provider, loop);
    peer_close(&provider);
    for (int i = 0; i < 2; ++i) {
        struct outcome inside = {.cancels_at_head = i == 0, .cancels_at_piece = i == 1};
        start(&inside, &generous);
        peer_accept(&provider, loop, listening);
        expect_request(&provider);
        peer_send(&provider, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        peer_wait_for_end(&provider, loop);
        assert_int_equal(inside.piece_count, (size_t)i);
        assert_false(inside.is_over);
        peer_close(&provider);
    }
    assert_false(outcome.is_over);
    assert_int_equal(outcome.status, 0);
}

static void a_paused_call_reads_nothing_until_resumed(void **state)
{
    enum { BYTES = 32 * 1024 * 1024 };
    struct outcome outcome = {.pauses_at_piece = true};
    struct tg_http_timeouts timeouts = {10000, 10000, 50, 0};
    struct peer provider;
    start(&outcome, &timeouts);
    peer_accept(&provider, loop, listening);
    expect_request(&provider);
    peer_send(&provider, "HTTP/1.1 200 OK\r\nContent-Length: 33554432\r\n\r\n");
    char *body = calloc(1, BYTES);
    size_t sent = 0;
    for (size_t now = 1; now != 0 || outcome.piece_count == 0; sent += now) {
        now = peer_send_some(&provider, body + sent, BYTES - sent);
        struct outcome other = {0};
        call_once(&other, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", false);
    }
    assert_int_equal(outcome.piece_count, 1);
    assert_true(sent < BYTES);
    outcome.pauses_at_piece = false;
    tg_http_call_resume(outcome.call);
    while (sent < BYTES) {
        sent += peer_send_some(&provider, body + sent, BYTES - sent);
        peer_wait_for_bytes(&provider, loop, 0);
    }
    loop_until_true(loop, &outcome.is_over);
    assert_int_equal(outcome.failure, TG_HTTP_NO_FAILURE);
    assert_int_equal(outcome.body_bytes, BYTES);
    free(body);
    peer_close(&provider);
}

static bool has_status(void *outcome)
{
    return ((struct outcome *)outcome)->status != 0;
}

static void a_call_paused_at_its_head_gets_the_body_that_came_along_when_resumed(void **state)
{
    struct outcome outcome = {.pauses_at_head = true};
    struct peer provider;
    start(&outcome, &generous);
    peer_accept(&provider, loop, listening);
    expect_request(&provider);
    peer_send(&provider, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    loop_until(loop, has_status, &outcome);
    assert_int_equal(outcome.piece_count, 0);
    tg_http_call_resume(outcome.call);
    assert_int_equal(outcome.piece_count, 0);
    loop_until_true(loop, &outcome.is_over);
    assert_string_equal(outcome.body, "hello");
    assert_int_equal(tg_http_client_idle_count(client), 1);
    peer_close(&provider);
}

static void connections_idle_for_too_long_or_too_many_are_closed(void **state)
{
    tg_http_client_destroy(client);
    config.max_idle_per_origin = 1;
    config.idle_keepalive_ms = 30;
    client = tg_http_client_create(loop, &config);
    struct outcome outcomes[2] = {0};
    struct peer providers[2];
    for (int i = 0; i < 2; ++i) {
        start(&outcomes[i], &generous);
        peer_accept(&providers[i], loop, listening);
        expect_request(&providers[i]);
    }
    for (int i = 0; i < 2; ++i) {
        peer_send(&providers[i], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        loop_until_true(loop, &outcomes[i].is_over);
    }
    assert_true(tg_http_client_idle_count(client) <= 1);
    wait_until_no_connection_is_idle();
    for (int i = 0; i < 2; ++i) {
        peer_wait_for_end(&providers[i], loop);
        peer_close(&providers[i]);
    }
}

static void an_early_answer_to_a_long_request_is_taken(void **state)
{
    enum { BYTES = 32 * 1024 * 1024 };
    struct outcome outcome = {0};
    struct peer provider;
    char *body = calloc(1, BYTES);
    struct tg_text pieces[] = {tg_text_of("POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 33554432\r\n\r\n"),
                               tg_text(body, BYTES)};
    outcome.call = tg_http_call_start(client, &origin, &generous, pieces, 2, &handler, &outcome);
    peer_accept(&provider, loop, listening);
    peer_wait_for(&provider, loop, "\r\n\r\n");
    peer_send(&provider, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig");
    loop_until_true(loop, &outcome.is_over);
    assert_int_equal(outcome.failure, TG_HTTP_NO_FAILURE);
    assert_int_equal(outcome.status, 413);
    assert_int_equal(tg_http_client_idle_count(client), 0); /* half a request is still on its way there */
    free(body);
    peer_close(&provider);
}

#define CLIENT_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLIENT_TEST(an_answer_comes_with_head_body_and_end),
        CLIENT_TEST(a_connection_is_used_again_and_the_last_used_first),
        CLIENT_TEST(a_body_split_at_any_byte_is_the_same_body),
        CLIENT_TEST(header_texts_stay_valid_while_the_body_comes),
        CLIENT_TEST(answers_without_a_length_end_with_the_connection),
        CLIENT_TEST(interim_answers_are_passed_over),
        CLIENT_TEST(answers_to_head_have_a_length_and_no_body),
        CLIENT_TEST(answers_that_break_the_rules_are_failures),
        CLIENT_TEST(a_head_without_end_is_a_failure),
        CLIENT_TEST(bytes_behind_an_answer_spoil_the_connection_but_not_the_answer),
        CLIENT_TEST(a_request_that_crossed_the_close_of_its_connection_is_sent_once_more),
        CLIENT_TEST(a_request_that_the_provider_has_received_is_never_sent_again),
        CLIENT_TEST(each_wait_has_its_own_deadline),
        CLIENT_TEST(a_refused_connection_is_a_failure_told_later),
        CLIENT_TEST(a_name_is_resolved_off_the_loop_and_its_addresses_tried_in_turn),
        CLIENT_TEST(a_name_that_cannot_be_is_a_failure),
        CLIENT_TEST(a_call_cancelled_at_any_point_says_nothing_more),
        CLIENT_TEST(a_paused_call_reads_nothing_until_resumed),
        CLIENT_TEST(a_call_paused_at_its_head_gets_the_body_that_came_along_when_resumed),
        CLIENT_TEST(connections_idle_for_too_long_or_too_many_are_closed),
        CLIENT_TEST(an_early_answer_to_a_long_request_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
