/* TLS contexts and certificates' names, for listeners, for calls to providers and for the stream between the planes.
 *
 * TLS 1.2 and 1.3 only; contexts made from files with client certificates on either side (the stream) speak 1.3 only. A
 * context is immutable after creation and shared by threads.
 *
 * A client context checks chain and name in its certificate callback, where OpenSSL cannot be driven around it: the
 * name is the connection's `server_name`, and a handshake without one fails. Only subject alternative names count (RFC
 * 9525); an IP literal must be among the certificate's addresses.
 *
 * A write to a socket whose peer is gone raises SIGPIPE: programs ignore that signal. */
#ifndef TG_CRYPTO_TLS_H
#define TG_CRYPTO_TLS_H

#include "common/base/status.h"
#include "common/base/text.h"

typedef struct tg_tls_context tg_tls_context;

/* Server side: PEM files, the certificate with its chain. `client_ca_file` not NULL demands a client certificate signed
 * by it (mutual TLS; TLS 1.3 and no session resumption then, so that each connection proves itself anew). */
enum tg_status tg_tls_server_create(const char *certificate_file, const char *key_file, const char *client_ca_file,
                                    tg_tls_context **context, struct tg_error *error) TG_MUST_CHECK;

/* Client side. `ca_file` NULL is the system's trust store; `ca_pem` (may be empty) adds PEM text in its place.
 * `certificate_file` and `key_file` NULL: no client certificate. The peer's chain and host name are always verified.
 * With a client certificate TLS 1.3 is required; the server refusing it then shows at the first read, not in the
 * handshake (RFC 8446 section 4.4.2.4). */
enum tg_status tg_tls_client_create(const char *ca_file, struct tg_text ca_pem, const char *certificate_file,
                                    const char *key_file, tg_tls_context **context,
                                    struct tg_error *error) TG_MUST_CHECK;

/* The same from PEM text, for calls to providers, which may not speak 1.3 yet. Empty texts: the system's trust store,
 * no client certificate. */
enum tg_status tg_tls_client_create_from_pem(struct tg_text ca_pem, struct tg_text certificate_pem,
                                             struct tg_text key_pem, tg_tls_context **context,
                                             struct tg_error *error) TG_MUST_CHECK;

void tg_tls_context_destroy(tg_tls_context *context); /* NULL is fine */

/* ---- a TLS connection on a blocking-free file descriptor, for threads that own one (the stream between planes) ----
 */

typedef struct tg_tls_connection tg_tls_connection;

/* Takes the connected, non-blocking `fd` (closed by destroy). `server_name` is verified against the peer's certificate
 * on the client side, NULL on the server side. */
tg_tls_connection *tg_tls_connection_create(const tg_tls_context *context, int fd, const char *server_name);
void tg_tls_connection_destroy(tg_tls_connection *connection);

/* CLOSED: the peer said goodbye (close_notify). Anything else that ends the connection is FAILED, with the reason in
 * `error`: TG_DENIED if a certificate is not accepted, the peer's here or this side's there, TG_UNAVAILABLE if the
 * connection broke, else TG_CORRUPT. */
enum tg_tls_io { TG_TLS_DONE, TG_TLS_WANT_READ, TG_TLS_WANT_WRITE, TG_TLS_CLOSED, TG_TLS_FAILED };
const char *tg_tls_io_name(enum tg_tls_io io);

/* One step each, never blocking; the caller polls the fd as the result says and calls again. A write that has to be
 * repeated is repeated with the same bytes (they may have moved); it may take fewer than offered. A read may leave
 * decrypted bytes behind: read until TG_TLS_WANT_READ before polling. */
enum tg_tls_io tg_tls_handshake(tg_tls_connection *connection, struct tg_error *error);
enum tg_tls_io tg_tls_read(tg_tls_connection *connection, void *data, size_t capacity, size_t *bytes,
                           struct tg_error *error);
enum tg_tls_io tg_tls_write(tg_tls_connection *connection, const void *data, size_t bytes, size_t *written,
                            struct tg_error *error);

/* The subject common name of the peer's verified certificate; empty if there is none. `out` holds 128 bytes. */
void tg_tls_peer_name(const tg_tls_connection *connection, char out[128]);

#endif
