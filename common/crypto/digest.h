/* SHA-256 (FIPS 180-4), HMAC-SHA-256 (RFC 2104), HKDF-SHA-256 (RFC 5869) and comparison in constant time.
 *
 * One-shot where the bytes are at hand (an API key on the request path), incremental where they come in pieces (the
 * digest over a snapshot). Any thread; an incremental state has one owner. */
#ifndef TG_CRYPTO_DIGEST_H
#define TG_CRYPTO_DIGEST_H

#include "common/base/text.h"

enum { TG_SHA256_BYTES = 32 };

void tg_sha256(const void *data, size_t bytes, uint8_t out[TG_SHA256_BYTES]);

struct tg_sha256_state {
    void *context;
};

void tg_sha256_init(struct tg_sha256_state *state);
void tg_sha256_update(struct tg_sha256_state *state, const void *data, size_t bytes);
/* Writes the digest of everything so far and starts anew. */
void tg_sha256_finish(struct tg_sha256_state *state, uint8_t out[TG_SHA256_BYTES]);
void tg_sha256_deinit(struct tg_sha256_state *state);

void tg_hmac_sha256(struct tg_text key, const void *data, size_t bytes, uint8_t out[TG_SHA256_BYTES]);

/* A 32-byte key for one purpose from other secret bytes: HKDF with empty salt and `purpose` as info. The same secret
 * gives unrelated keys for different purposes. */
void tg_derive_key(struct tg_text secret, const char *purpose, uint8_t out[32]);

/* Whether both are equal, in a time that depends on `bytes` only. */
bool tg_equals_constant_time(const void *a, const void *b, size_t bytes);

#endif
