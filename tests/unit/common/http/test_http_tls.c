#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/crypto/tls.h"
#include "common/http/client.h"
#include "tests/unit/common/http/peer.h"
#include "tests/unit/common/net/loop_until.h"
#include "tests/unit/common/wire/certificates.h"

/* Server and client on one loop, TLS between them; the server echoes. */
enum { LARGE_BYTES = 4 * 1024 * 1024 };
static tg_loop *loop;
static tg_http_server *server;
static struct tg_http_server_config config;
static tg_http_client *client;
static tg_tls_context *server_tls;
static tg_tls_context *client_tls;
static size_t request_count;

struct outcome {
    tg_http_call *call;
    int status;
    size_t body_bytes;
    bool pauses;
    bool is_over;
    enum tg_http_failure failure;
    char reason[256];
};

static void on_request(void *user, struct tg_http_request *request)
{
    ++request_count;
    tg_http_respond(request, 200, NULL, 0, request->body);
}

static void on_refuse(void *user, struct tg_http_request *request, enum tg_http_refusal refusal)
{
    tg_http_respond(request, tg_http_refusal_status(refusal), NULL, 0, tg_text_of(""));
}

static void on_close(void *user, struct tg_http_request *request, bool is_complete)
{
}

static void on_head(void *user, int status, const struct tg_http_header *headers, size_t header_count,
                    int64_t content_length)
{
    ((struct outcome *)user)->status = status;
}

static void on_body(void *user, struct tg_text piece, bool is_last)
{
    struct outcome *outcome = user;
    for (size_t i = 0; i < piece.bytes; ++i)
        assert_int_equal(piece.data[i], (char)((outcome->body_bytes + i) * 7 % 251));
    outcome->body_bytes += piece.bytes;
    if (outcome->pauses) { /* resumed by hand, piece by piece */
        tg_http_call_pause(outcome->call);
        tg_http_call_resume(outcome->call);
    }
}

static void on_end(void *user, enum tg_http_failure failure, const char *reason)
{
    struct outcome *outcome = user;
    outcome->is_over = true;
    outcome->failure = failure;
    snprintf(outcome->reason, sizeof(outcome->reason), "%s", reason);
}

static const struct tg_http_call_handler handler = {on_head, on_body, on_end};

static int make_certificates(void **state)
{
    return test_certificates_make() == NULL ? -1 : 0;
}

static int remove_certificates(void **state)
{
    test_certificates_remove();
    return 0;
}

static void start_server(uint16_t port)
{
    struct tg_error error;
    assert_int_equal(tg_http_server_create(loop, "127.0.0.1", port, &config, &server, &error), TG_OK);
}

static int set_up(void **state)
{
    struct tg_error error;
    loop = tg_loop_create();
    if (tg_tls_server_create(test_certificates_path("server.pem"), test_certificates_path("server.key"), NULL,
                             &server_tls, &error) != TG_OK ||
        tg_tls_client_create(test_certificates_path("ca.pem"), tg_text_of(""), NULL, NULL, &client_tls, &error) !=
            TG_OK)
        return -1;
    config = (struct tg_http_server_config){
        .on_request = on_request, .on_refuse = on_refuse, .on_close = on_close, .tls = server_tls};
    start_server(0);
    client = tg_http_client_create(loop, NULL);
    request_count = 0;
    return 0;
}

static int tear_down(void **state)
{
    tg_http_client_destroy(client);
    tg_http_server_destroy(server);
    tg_loop_destroy(loop);
    tg_tls_context_destroy(server_tls);
    tg_tls_context_destroy(client_tls);
    return 0;
}

static void call(struct outcome *outcome, const char *host, tg_tls_context *tls, uint16_t port, int64_t connect_ms,
                 struct tg_text body)
{
    struct tg_http_origin origin = {"https", host, port, tls};
    struct tg_http_timeouts timeouts = {connect_ms, 10000, 10000, 0};
    char head[128];
    sprintf(head, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", body.bytes);
    struct tg_text pieces[] = {tg_text_of(head), body};
    outcome->call = tg_http_call_start(client, &origin, &timeouts, pieces, 2, &handler, outcome);
    loop_until_true(loop, &outcome->is_over);
}

static void a_verified_connection_carries_requests_and_is_used_again(void **state)
{
    for (size_t i = 1; i <= 3; ++i) {
        struct outcome outcome = {0};
        call(&outcome, "127.0.0.1", client_tls, tg_http_server_port(server), 10000, tg_text("\0\7\16", 3));
        assert_string_equal(outcome.reason, "");
        assert_int_equal(outcome.status, 200);
        assert_int_equal(outcome.body_bytes, 3);
        assert_int_equal(tg_http_client_idle_count(client), 1);
        assert_int_equal(tg_http_server_connection_count(server), 1);
        assert_int_equal(request_count, i);
    }
}

static void a_certificate_for_another_name_is_refused_before_anything_is_sent(void **state)
{
    struct outcome outcome = {0};
    call(&outcome, "localhost", client_tls, tg_http_server_port(server), 10000, tg_text_of("secret"));
    assert_int_equal(outcome.failure, TG_HTTP_TLS_FAILED);
    assert_non_null(strstr(outcome.reason, "localhost"));
    assert_int_equal(request_count, 0);
}

static void a_certificate_of_an_unknown_authority_is_refused(void **state)
{
    struct tg_error error;
    tg_tls_context *other;
    assert_int_equal(
        tg_tls_client_create(test_certificates_path("other.pem"), tg_text_of(""), NULL, NULL, &other, &error), TG_OK);
    struct outcome outcome = {0};
    call(&outcome, "127.0.0.1", other, tg_http_server_port(server), 10000, tg_text_of("secret"));
    assert_int_equal(outcome.failure, TG_HTTP_TLS_FAILED);
    assert_int_equal(request_count, 0);
    tg_tls_context_destroy(other);
}

/* A server that wants a client certificate, and a client that shows "client", "impostor" or none. */
static void call_mutual(struct outcome *outcome, tg_tls_context *client_context, struct tg_text body)
{
    call(outcome, "127.0.0.1", client_context, tg_http_server_port(server), 10000, body);
}

static void a_client_certificate_that_is_not_accepted_is_a_failed_handshake(void **state)
{
    tg_tls_context *mutual = test_certificates_server(), *impostor = test_certificates_client("impostor");
    char *large = calloc(1, LARGE_BYTES);
    tg_http_server_destroy(server);
    config.tls = mutual;
    start_server(0);
    tg_tls_context *refused[] = {client_tls, impostor};
    for (size_t i = 0; i < 4; ++i) { /* with TLS 1.3 the request is under way when the server says so */
        struct outcome outcome = {0};
        call_mutual(&outcome, refused[i % 2], i < 2 ? tg_text_of("x") : tg_text(large, LARGE_BYTES));
        assert_int_equal(outcome.failure, TG_HTTP_TLS_FAILED);
        assert_non_null(strstr(outcome.reason, "certificate"));
    }
    assert_int_equal(request_count, 0);
    free(large);
    tg_http_client_destroy(client); /* before its contexts */
    client = tg_http_client_create(loop, NULL);
    tg_http_server_destroy(server);
    config.tls = server_tls;
    start_server(0);
    tg_tls_context_destroy(impostor);
    tg_tls_context_destroy(mutual);
}

static void connections_of_two_client_certificates_are_never_mixed(void **state)
{
    tg_tls_context *mutual = test_certificates_server();
    tg_tls_context *one = test_certificates_client("client"), *two = test_certificates_client("client");
    tg_http_server_destroy(server);
    config.tls = mutual;
    start_server(0);
    for (size_t i = 0; i < 6; ++i) {
        struct outcome outcome = {0};
        call_mutual(&outcome, i % 2 == 0 ? one : two, tg_text("\0", 1));
        assert_string_equal(outcome.reason, "");
        assert_int_equal(tg_http_client_idle_count(client), i == 0 ? 1 : 2); /* one for each */
    }
    tg_http_client_destroy(client);
    client = tg_http_client_create(loop, NULL);
    tg_http_server_destroy(server);
    config.tls = server_tls;
    start_server(0);
    tg_tls_context_destroy(one);
    tg_tls_context_destroy(two);
    tg_tls_context_destroy(mutual);
}

static void large_bodies_go_through_both_ways_with_and_without_pauses(void **state)
{
    char *body = malloc(LARGE_BYTES);
    for (size_t i = 0; i < LARGE_BYTES; ++i)
        body[i] = (char)(i * 7 % 251);
    for (int pauses = 0; pauses < 2; ++pauses) {
        struct outcome outcome = {.pauses = pauses == 1};
        call(&outcome, "127.0.0.1", client_tls, tg_http_server_port(server), 10000, tg_text(body, LARGE_BYTES));
        assert_string_equal(outcome.reason, "");
        assert_int_equal(outcome.body_bytes, LARGE_BYTES);
    }
    free(body);
}

static void a_handshake_that_does_not_end_is_a_connect_timeout(void **state)
{
    uint16_t port;
    struct peer silent = {.fd = peer_listen(&port)};
    struct outcome outcome = {0};
    call(&outcome, "127.0.0.1", client_tls, port, 30, tg_text_of("x"));
    assert_int_equal(outcome.failure, TG_HTTP_CONNECT_TIMEOUT);
    peer_close(&silent);
}

static void a_client_without_tls_is_turned_away(void **state)
{
    struct peer peer;
    peer_connect(&peer, tg_http_server_port(server));
    peer_send(&peer, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_wait_for_end(&peer, loop);
    assert_false(peer_has(&peer, "HTTP/1.1"));
    assert_int_equal(request_count, 0);
    peer_close(&peer);
}

static void a_request_that_crossed_the_close_of_its_connection_is_sent_once_more(void **state)
{
    struct outcome first = {0};
    call(&first, "127.0.0.1", client_tls, tg_http_server_port(server), 10000, tg_text("\0", 1));
    assert_int_equal(tg_http_client_idle_count(client), 1);
    uint16_t port = tg_http_server_port(server);
    tg_http_server_destroy(server); /* closes the connection before the client's side of the loop can see it */
    start_server(port);
    struct outcome second = {0};
    call(&second, "127.0.0.1", client_tls, port, 10000, tg_text("\0", 1));
    assert_string_equal(second.reason, "");
    assert_int_equal(second.status, 200);
    assert_int_equal(request_count, 2);
}

#define TLS_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TLS_TEST(a_verified_connection_carries_requests_and_is_used_again),
        TLS_TEST(a_certificate_for_another_name_is_refused_before_anything_is_sent),
        TLS_TEST(a_certificate_of_an_unknown_authority_is_refused),
        TLS_TEST(a_client_certificate_that_is_not_accepted_is_a_failed_handshake),
        TLS_TEST(connections_of_two_client_certificates_are_never_mixed),
        TLS_TEST(large_bodies_go_through_both_ways_with_and_without_pauses),
        TLS_TEST(a_handshake_that_does_not_end_is_a_connect_timeout),
        TLS_TEST(a_client_without_tls_is_turned_away),
        TLS_TEST(a_request_that_crossed_the_close_of_its_connection_is_sent_once_more),
    };
    return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}
