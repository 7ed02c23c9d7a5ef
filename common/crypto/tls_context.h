/* Internal to the room: what tls.c and tls_connection.c share. */
#ifndef TG_CRYPTO_TLS_CONTEXT_H
#define TG_CRYPTO_TLS_CONTEXT_H

#include <stdbool.h>

#include <openssl/ssl.h>

struct tg_tls_context {
    SSL_CTX *native;
    bool is_server;
};

/* Where an SSL keeps the name (const char *) that its peer must prove; see verify_server(). */
int tg_tls_expected_name_index(void);

/* An IPv4 or IPv6 literal, which has no place in SNI (RFC 6066 section 3). */
bool tg_tls_is_address(const char *name);

#endif
