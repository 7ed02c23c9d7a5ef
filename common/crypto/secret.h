/* Bytes that must not leak: a provider's credential, a token, a key. They live on the heap in one place, are wiped when
 * let go of, and there is no helper that prints them. One owner. */
#ifndef TG_CRYPTO_SECRET_H
#define TG_CRYPTO_SECRET_H

#include "common/base/status.h"
#include "common/base/text.h"

/* All zero is a valid empty secret. */
struct tg_secret {
    char *data; /* a NUL follows that is not counted in `bytes` */
    size_t bytes;
};

/* A copy of `text`. */
struct tg_secret tg_secret_copy(struct tg_text text);

/* Wipes and frees; the secret is empty afterwards. */
void tg_secret_deinit(struct tg_secret *secret);

/* A view, as long as the secret lives. */
static inline struct tg_text tg_secret_text(const struct tg_secret *secret)
{
    return tg_text(secret->data, secret->bytes);
}

/* Overwrites memory in a way that the compiler keeps. */
void tg_secret_wipe(void *data, size_t bytes);

/* The content of a file that only its owner may read (TG_DENIED for anything that group or others may read), at most
 * `max_bytes`, without line ends at its end. An empty file is TG_INVALID. The error never quotes the content. */
enum tg_status tg_secret_read_file(const char *path, size_t max_bytes, struct tg_secret *secret,
                                   struct tg_error *error) TG_MUST_CHECK;

/* A 32-byte key from such a file: 64 hex digits, or base64 (RFC 4648 section 4, padded). */
enum tg_status tg_secret_read_key(const char *path, uint8_t key[32], struct tg_error *error) TG_MUST_CHECK;

#endif
