#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "common/base/file.h"
#include "common/crypto/tls.h"

/* Two authorities; the first certifies a server by name and address and a replica as client, the second an impostor. */
static const char make_certificates[] =
    "set -e; cd \"$1\"; exec 2>openssl.log\n"
    "key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'\n"
    "for ca in ca other; do openssl req -x509 $key -keyout $ca.key -out $ca.pem -subj /CN=$ca -days 2; done\n"
    "issue() { openssl req $key -keyout $1.key -out $1.csr -subj \"$3\"; printf '%s\\n' \"$4\" > $1.ext\n"
    "  openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -CAcreateserial -days 2 -out $1.pem -extfile $1.ext; }\n"
    "issue server ca /CN=common.test 'subjectAltName=DNS:gateway.test,DNS:*.wild.test,IP:127.0.0.1,IP:::1'\n"
    "issue client ca /CN=replica-1 'extendedKeyUsage=clientAuth'\n"
    "issue impostor other /CN=replica-1 'extendedKeyUsage=clientAuth'\n";

static char directory[] = "/tmp/tollgate-test-tls-XXXXXX";

static const char *file(const char *name)
{
    static char paths[4][128];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
    return path;
}

static int prepare(void **state)
{
    signal(SIGPIPE, SIG_IGN);
    if (mkdtemp(directory) == NULL)
        return -1;
    if (tg_file_write_atomic(file("make"), tg_text_of(make_certificates), 0600, NULL) != TG_OK)
        return -1;
    char command[256];
    snprintf(command, sizeof(command), "sh %s %s", file("make"), directory);
    return system(command);
}

static int clean_up(void **state)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s", directory);
    return system(command);
}

static tg_tls_context *server_context(const char *client_ca)
{
    tg_tls_context *context;
    struct tg_error error = {0};
    if (tg_tls_server_create(file("server.pem"), file("server.key"), client_ca, &context, &error) != TG_OK)
        fail_msg("%s", error.message);
    return context;
}

static tg_tls_context *client_context(const char *ca, const char *identity)
{
    char certificate[64];
    char key[64];
    snprintf(certificate, sizeof(certificate), "%s.pem", identity == NULL ? "" : identity);
    snprintf(key, sizeof(key), "%s.key", identity == NULL ? "" : identity);
    tg_tls_context *context;
    struct tg_error error = {0};
    if (tg_tls_client_create(file(ca), tg_text_of(""), identity == NULL ? NULL : file(certificate),
                             identity == NULL ? NULL : file(key), &context, &error) != TG_OK)
        fail_msg("%s", error.message);
    return context;
}

struct pair {
    tg_tls_connection *client;
    tg_tls_connection *server;
    enum tg_tls_io client_io;
    enum tg_tls_io server_io;
    struct tg_error client_error;
    struct tg_error server_error;
};

static void open_socketpair(int ends[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
}

static bool is_waiting(enum tg_tls_io io)
{
    return io == TG_TLS_WANT_READ || io == TG_TLS_WANT_WRITE;
}

/* Runs both handshakes against each other until neither can go on. */
static void shake_hands(struct pair *pair)
{
    pair->client_io = pair->server_io = TG_TLS_WANT_READ;
    for (int round = 0; round < 20 && (is_waiting(pair->client_io) || is_waiting(pair->server_io)); ++round) {
        if (is_waiting(pair->client_io))
            pair->client_io = tg_tls_handshake(pair->client, &pair->client_error);
        if (is_waiting(pair->server_io))
            pair->server_io = tg_tls_handshake(pair->server, &pair->server_error);
    }
}

static struct pair connect_pair(tg_tls_context *server, tg_tls_context *client, const char *server_name)
{
    int ends[2];
    open_socketpair(ends);
    struct pair pair = {.client = tg_tls_connection_create(client, ends[0], server_name),
                        .server = tg_tls_connection_create(server, ends[1], NULL)};
    shake_hands(&pair);
    return pair;
}

static void disconnect(struct pair *pair)
{
    tg_tls_connection_destroy(pair->client);
    tg_tls_connection_destroy(pair->server);
}

static void exchange_bytes(struct pair *pair)
{
    /* More than one record and more than the socket holds: both directions of waiting are seen. */
    enum { BYTES = 1 << 20 };
    char *sent = malloc(BYTES);
    char *received = malloc(BYTES);
    for (size_t i = 0; i < BYTES; ++i)
        sent[i] = (char)(i * 31 >> 3);
    size_t out = 0;
    size_t in = 0;
    bool has_waited_to_write = false;
    struct tg_error error;
    while (in < BYTES) {
        size_t done;
        enum tg_tls_io io =
            out == BYTES ? TG_TLS_WANT_WRITE : tg_tls_write(pair->client, sent + out, BYTES - out, &done, &error);
        if (io == TG_TLS_DONE) {
            out += done;
            continue;
        }
        assert_int_equal(io, TG_TLS_WANT_WRITE);
        has_waited_to_write |= out < BYTES;
        while ((io = tg_tls_read(pair->server, received + in, BYTES - in, &done, &error)) == TG_TLS_DONE && in < BYTES)
            in += done;
        if (in < BYTES)
            assert_int_equal(io, TG_TLS_WANT_READ);
    }
    assert_true(has_waited_to_write);
    assert_memory_equal(sent, received, BYTES);
    free(sent);
    free(received);
}

static void a_client_that_knows_the_authority_talks_to_the_named_server(void **state)
{
    tg_tls_context *server = server_context(NULL);
    tg_tls_context *client = client_context("ca.pem", NULL);
    const char *names[] = {"gateway.test", "GATEWAY.test", "a.wild.test", "127.0.0.1", "::1"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); ++i) {
        struct pair pair = connect_pair(server, client, names[i]);
        assert_int_equal(pair.client_io, TG_TLS_DONE);
        assert_int_equal(pair.server_io, TG_TLS_DONE);
        char name[128];
        tg_tls_peer_name(pair.client, name);
        assert_string_equal(name, "common.test");
        tg_tls_peer_name(pair.server, name);
        assert_string_equal(name, "");
        if (i == 0)
            exchange_bytes(&pair);
        disconnect(&pair);
    }
    tg_tls_context_destroy(server);
    tg_tls_context_destroy(client);
}

static void another_host_name_is_refused(void **state)
{
    tg_tls_context *server = server_context(NULL);
    tg_tls_context *client = client_context("ca.pem", NULL);
    const char *names[] = {"other.test", "common.test", "wild.test", "a.b.wild.test", "127.0.0.2", "gateway.test.evil"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); ++i) {
        struct pair pair = connect_pair(server, client, names[i]);
        assert_int_equal(pair.client_io, TG_TLS_FAILED);
        assert_int_equal(pair.client_error.status, TG_DENIED);
        assert_non_null(strstr(pair.client_error.message, names[i]));
        assert_int_equal(pair.server_io, TG_TLS_FAILED);
        disconnect(&pair);
    }
    tg_tls_context_destroy(server);
    tg_tls_context_destroy(client);
}

static void an_unknown_authority_is_refused(void **state)
{
    tg_tls_context *server = server_context(NULL);
    tg_tls_context *client = client_context("other.pem", NULL);
    struct pair pair = connect_pair(server, client, "gateway.test");
    assert_int_equal(pair.client_io, TG_TLS_FAILED);
    assert_int_equal(pair.client_error.status, TG_DENIED);
    disconnect(&pair);
    tg_tls_context_destroy(client);

    struct tg_error error;
    assert_int_equal(tg_tls_client_create(NULL, tg_text_of(""), NULL, NULL, &client, &error), TG_OK);
    pair = connect_pair(server, client, "gateway.test"); /* the system's trust store does not know it either */
    assert_int_equal(pair.client_io, TG_TLS_FAILED);
    disconnect(&pair);
    tg_tls_context_destroy(client);
    tg_tls_context_destroy(server);
}

static void authorities_can_be_given_as_text(void **state)
{
    struct tg_buf pem;
    struct tg_error error;
    tg_tls_context *client;
    assert_int_equal(tg_file_read(file("ca.pem"), 65536, &pem, &error), TG_OK);
    assert_int_equal(tg_tls_client_create(NULL, tg_buf_text(&pem), NULL, NULL, &client, &error), TG_OK);
    tg_tls_context *server = server_context(NULL);
    struct pair pair = connect_pair(server, client, "gateway.test");
    assert_int_equal(pair.client_io, TG_TLS_DONE);
    disconnect(&pair);
    tg_tls_context_destroy(client);
    tg_tls_context_destroy(server);
    struct tg_text cut = tg_text(pem.data, pem.bytes / 2);
    assert_int_equal(tg_tls_client_create(NULL, cut, NULL, NULL, &client, &error), TG_INVALID);
    assert_int_equal(tg_tls_client_create(NULL, tg_text_of("no PEM"), NULL, NULL, &client, &error), TG_INVALID);
    assert_null(client);
    tg_buf_deinit(&pem);
}

static void mutual_tls_proves_the_clients_name(void **state)
{
    tg_tls_context *server = server_context(file("ca.pem"));
    tg_tls_context *client = client_context("ca.pem", "client");
    struct pair pair = connect_pair(server, client, "gateway.test");
    assert_int_equal(pair.client_io, TG_TLS_DONE);
    assert_int_equal(pair.server_io, TG_TLS_DONE);
    char name[128];
    tg_tls_peer_name(pair.server, name);
    assert_string_equal(name, "replica-1");
    exchange_bytes(&pair);
    disconnect(&pair);
    tg_tls_context_destroy(client);
    tg_tls_context_destroy(server);
}

static struct tg_buf read_file(const char *name)
{
    struct tg_buf content;
    assert_int_equal(tg_file_read(file(name), 1 << 16, &content, NULL), TG_OK);
    return content;
}

static void a_client_s_certificate_can_be_given_as_text(void **state)
{
    tg_tls_context *server = server_context(file("ca.pem")), *client;
    struct tg_buf ca = read_file("ca.pem"), certificate = read_file("client.pem"), key = read_file("client.key");
    struct tg_error error;
    assert_int_equal(
        tg_tls_client_create_from_pem(tg_buf_text(&ca), tg_buf_text(&certificate), tg_buf_text(&key), &client, &error),
        TG_OK);
    struct pair pair = connect_pair(server, client, "gateway.test");
    char name[128];
    assert_int_equal(pair.server_io, TG_TLS_DONE);
    tg_tls_peer_name(pair.server, name);
    assert_string_equal(name, "replica-1");
    exchange_bytes(&pair);
    disconnect(&pair);
    tg_tls_context_destroy(client);
    assert_int_equal(
        tg_tls_client_create_from_pem(tg_buf_text(&ca), tg_buf_text(&certificate), tg_text_of(""), &client, &error),
        TG_INVALID);
    tg_buf_deinit(&ca);
    tg_buf_deinit(&certificate);
    tg_buf_deinit(&key);
    tg_tls_context_destroy(server);
}

static void a_client_without_or_with_a_foreign_certificate_is_refused(void **state)
{
    tg_tls_context *server = server_context(file("ca.pem"));
    const char *identities[] = {NULL, "impostor"};
    for (size_t i = 0; i < 2; ++i) {
        tg_tls_context *client = client_context("ca.pem", identities[i]);
        struct pair pair = connect_pair(server, client, "gateway.test");
        assert_int_equal(pair.server_io, TG_TLS_FAILED);
        char name[128];
        tg_tls_peer_name(pair.server, name);
        assert_string_equal(name, "");
        char byte;
        size_t bytes;
        assert_int_equal(tg_tls_read(pair.client, &byte, 1, &bytes, &pair.client_error), TG_TLS_FAILED);
        assert_int_equal(pair.client_error.status, TG_DENIED);
        assert_non_null(strstr(pair.client_error.message, "this side's certificate"));
        disconnect(&pair);
        tg_tls_context_destroy(client);
    }
    tg_tls_context_destroy(server);
}

static void a_goodbye_is_told_from_a_broken_connection(void **state)
{
    tg_tls_context *server = server_context(NULL);
    tg_tls_context *client = client_context("ca.pem", NULL);
    struct pair pair = connect_pair(server, client, "gateway.test");
    char byte;
    size_t bytes;
    tg_tls_connection_destroy(pair.client);
    assert_int_equal(tg_tls_read(pair.server, &byte, 1, &bytes, &pair.server_error), TG_TLS_CLOSED);
    tg_tls_connection_destroy(pair.server);

    int ends[2];
    open_socketpair(ends);
    tg_tls_connection *alone = tg_tls_connection_create(server, ends[1], NULL);
    close(ends[0]);
    struct tg_error error = {0};
    assert_int_equal(tg_tls_handshake(alone, &error), TG_TLS_FAILED);
    assert_int_equal(error.status, TG_UNAVAILABLE);
    tg_tls_connection_destroy(alone);
    tg_tls_context_destroy(client);
    tg_tls_context_destroy(server);
}

static void bad_files_are_named(void **state)
{
    tg_tls_context *context;
    struct tg_error error;
    assert_int_equal(tg_tls_server_create(file("absent.pem"), file("server.key"), NULL, &context, &error), TG_INVALID);
    assert_non_null(strstr(error.message, "absent.pem"));
    assert_int_equal(tg_tls_server_create(file("server.pem"), file("client.key"), NULL, &context, &error), TG_INVALID);
    assert_non_null(strstr(error.message, "client.key"));
    assert_int_equal(tg_tls_client_create(file("absent.pem"), tg_text_of(""), NULL, NULL, &context, &error),
                     TG_INVALID);
    assert_non_null(strstr(error.message, "absent.pem"));
    assert_null(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_that_knows_the_authority_talks_to_the_named_server),
        cmocka_unit_test(another_host_name_is_refused),
        cmocka_unit_test(an_unknown_authority_is_refused),
        cmocka_unit_test(authorities_can_be_given_as_text),
        cmocka_unit_test(mutual_tls_proves_the_clients_name),
        cmocka_unit_test(a_client_s_certificate_can_be_given_as_text),
        cmocka_unit_test(a_client_without_or_with_a_foreign_certificate_is_refused),
        cmocka_unit_test(a_goodbye_is_told_from_a_broken_connection),
        cmocka_unit_test(bad_files_are_named),
    };
    return cmocka_run_group_tests(tests, prepare, clean_up);
}
