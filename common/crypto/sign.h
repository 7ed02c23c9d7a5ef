/* Signatures with a private key: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 section 8.2), which JSON web tokens call
 * RS256 (RFC 7518 section 3.3). Any thread. */
#ifndef TG_CRYPTO_SIGN_H
#define TG_CRYPTO_SIGN_H

#include "common/base/buf.h"

enum { TG_SIGN_MIN_RSA_BITS = 2048, TG_SIGN_MAX_RSA_BYTES = 1024 };

/* TG_OK if the text is an RSA private key (PEM, PKCS #8 or #1, no passphrase) of at least TG_SIGN_MIN_RSA_BITS. The
 * error quotes nothing of it. */
enum tg_status tg_sign_check_rsa_key(struct tg_text private_key_pem, struct tg_error *error) TG_MUST_CHECK;

/* Appends the signature's octets (at most TG_SIGN_MAX_RSA_BYTES). TG_INVALID if that is no such key. */
enum tg_status tg_sign_rs256(struct tg_text private_key_pem, struct tg_text message, struct tg_buf *signature,
                             struct tg_error *error) TG_MUST_CHECK;

#endif
