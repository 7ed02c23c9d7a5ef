/* Internal to the room: what tls.c, tls_connection.c and certificate.c share. */
#ifndef TG_CRYPTO_TLS_CONTEXT_H
#define TG_CRYPTO_TLS_CONTEXT_H

#include <stdbool.h>

#include <openssl/ssl.h>

#include "common/base/status.h"
#include "common/base/text.h"

struct tg_tls_context {
    SSL_CTX *native;
    bool is_server;
};

/* Where an SSL keeps the name (const char *) that its peer must prove; see verify_server(). */
int tg_tls_expected_name_index(void);

/* An IPv4 or IPv6 literal, which has no place in SNI (RFC 6066 section 3). */
bool tg_tls_is_address(const char *name);

/* ---- certificate.c ---- */

/* For OpenSSL, which would ask on the terminal. */
int tg_tls_refuse_passphrase(char *buffer, int size, int is_writing, void *user);

/* All certificates of the text, at least one; `what` begins the error. Let go of with tg_tls_free_certificates(). */
enum tg_status tg_tls_read_certificates(struct tg_text pem, const char *what, STACK_OF(X509) * *certificates,
                                        struct tg_error *error) TG_MUST_CHECK;
void tg_tls_free_certificates(STACK_OF(X509) * certificates);

/* The context proves itself with this certificate, its chain and its key. */
enum tg_status tg_tls_use_identity(SSL_CTX *native, struct tg_text certificate_pem, struct tg_text key_pem,
                                   struct tg_error *error) TG_MUST_CHECK;

#endif
