#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/err.h>

#include "common/crypto/reason.h"
#include "common/crypto/tls.h"
#include "common/crypto/tls_context.h"

struct tg_tls_connection {
    SSL *ssl;
    int fd;
    char *server_name; /* the SSL refers to it */
};

const char *tg_tls_io_name(enum tg_tls_io io)
{
    switch (io) {
    case TG_TLS_DONE:
        return "done";
    case TG_TLS_WANT_READ:
        return "want_read";
    case TG_TLS_WANT_WRITE:
        return "want_write";
    case TG_TLS_CLOSED:
        return "closed";
    case TG_TLS_FAILED:
        return "failed";
    }
    return "unknown";
}

tg_tls_connection *tg_tls_connection_create(const tg_tls_context *context, int fd, const char *server_name)
{
    assert(context->is_server == (server_name == NULL));
    tg_tls_connection *connection = calloc(1, sizeof(*connection));
    SSL *ssl = SSL_new(context->native);
    if (connection == NULL || ssl == NULL || SSL_set_fd(ssl, fd) != 1)
        abort();
    connection->ssl = ssl;
    connection->fd = fd;
    SSL_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (context->is_server) {
        SSL_set_accept_state(ssl);
        return connection;
    }
    SSL_set_connect_state(ssl);
    connection->server_name = strdup(server_name);
    if (connection->server_name == NULL ||
        SSL_set_ex_data(ssl, tg_tls_expected_name_index(), connection->server_name) != 1 ||
        (!tg_tls_is_address(server_name) && SSL_set_tlsext_host_name(ssl, server_name) != 1))
        abort();
    return connection;
}

void tg_tls_connection_destroy(tg_tls_connection *connection)
{
    if (connection == NULL)
        return;
    ERR_clear_error();
    if (SSL_is_init_finished(connection->ssl))
        (void)SSL_shutdown(connection->ssl); /* best effort: the peer learns that this end is on purpose */
    ERR_clear_error();
    SSL_free(connection->ssl);
    close(connection->fd);
    free(connection->server_name);
    free(connection);
}

/* Whether the peer's alert is about the certificate that this side showed, or did not (RFC 8446 section 6.2). */
static bool is_about_own_certificate(int reason)
{
    switch (reason) {
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
        return true;
    default:
        return false;
    }
}

static void explain_protocol_failure(const tg_tls_connection *connection, struct tg_error *error)
{
    long verdict = SSL_get_verify_result(connection->ssl);
    if (verdict != X509_V_OK && connection->server_name != NULL)
        tg_fail(error, TG_DENIED, "the certificate of %s is not accepted: %s", connection->server_name,
                X509_verify_cert_error_string(verdict));
    else if (verdict != X509_V_OK)
        tg_fail(error, TG_DENIED, "the client's certificate is not accepted: %s",
                X509_verify_cert_error_string(verdict));
    else if (is_about_own_certificate(ERR_GET_REASON(ERR_peek_error())))
        tg_fail(error, TG_DENIED, "the peer does not accept this side's certificate: %s", tg_crypto_reason());
    else if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        tg_fail(error, TG_UNAVAILABLE, "TLS: the peer closed the connection without saying goodbye");
    else
        tg_fail(error, TG_CORRUPT, "TLS: %s", tg_crypto_reason());
    ERR_clear_error();
}

/* What a call that did not succeed means; `saved_errno` is errno right after it. */
static enum tg_tls_io classify(tg_tls_connection *connection, int result, int saved_errno, struct tg_error *error)
{
    switch (SSL_get_error(connection->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return TG_TLS_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return TG_TLS_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return TG_TLS_CLOSED;
    case SSL_ERROR_SYSCALL:
        tg_fail(error, TG_UNAVAILABLE, "TLS: the connection broke: %s",
                saved_errno == 0 ? "closed by the peer" : strerror(saved_errno));
        ERR_clear_error();
        return TG_TLS_FAILED;
    default:
        explain_protocol_failure(connection, error);
        return TG_TLS_FAILED;
    }
}

static void before_call(void)
{
    ERR_clear_error();
    errno = 0;
}

enum tg_tls_io tg_tls_handshake(tg_tls_connection *connection, struct tg_error *error)
{
    before_call();
    int result = SSL_do_handshake(connection->ssl);
    return result == 1 ? TG_TLS_DONE : classify(connection, result, errno, error);
}

enum tg_tls_io tg_tls_read(tg_tls_connection *connection, void *data, size_t capacity, size_t *bytes,
                           struct tg_error *error)
{
    before_call();
    *bytes = 0;
    int result = SSL_read_ex(connection->ssl, data, capacity, bytes);
    return result == 1 ? TG_TLS_DONE : classify(connection, result, errno, error);
}

enum tg_tls_io tg_tls_write(tg_tls_connection *connection, const void *data, size_t bytes, size_t *written,
                            struct tg_error *error)
{
    before_call();
    *written = 0;
    int result = SSL_write_ex(connection->ssl, data, bytes, written);
    return result == 1 ? TG_TLS_DONE : classify(connection, result, errno, error);
}

void tg_tls_peer_name(const tg_tls_connection *connection, char out[128])
{
    out[0] = '\0';
    X509 *certificate = SSL_get0_peer_certificate(connection->ssl);
    if (certificate == NULL || SSL_get_verify_result(connection->ssl) != X509_V_OK)
        return;
    const X509_NAME *subject = X509_get_subject_name(certificate);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0)
        return; /* none, or more than one: which would be meant? */
    unsigned char *name = NULL;
    int bytes = ASN1_STRING_to_UTF8(&name, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    if (bytes > 0 && bytes < 128 && memchr(name, '\0', (size_t)bytes) == NULL) {
        memcpy(out, name, (size_t)bytes);
        out[bytes] = '\0';
    }
    OPENSSL_free(name);
}
