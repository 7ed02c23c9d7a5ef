#include "common/crypto/random.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

void tg_random_bytes(void *out, size_t bytes)
{
    assert(bytes <= INT_MAX);
    if (RAND_bytes(out, (int)bytes) != 1)
        abort();
}

/* Every character is equally likely: bytes from 248 up, which would favour the first letters, are drawn again. */
void tg_random_token(const char *prefix, char *out, size_t capacity)
{
    static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    enum { LETTERS = sizeof(letters) - 1, FAIR_BYTES = 256 / LETTERS * LETTERS };
    size_t prefix_bytes = strlen(prefix);
    assert(capacity > prefix_bytes + TG_RANDOM_TOKEN_CHARS);
    memcpy(out, prefix, prefix_bytes);
    char *at = out + prefix_bytes;
    char *end = at + TG_RANDOM_TOKEN_CHARS;
    uint8_t pool[64];
    while (at != end) {
        tg_random_bytes(pool, sizeof(pool));
        for (size_t i = 0; i < sizeof(pool) && at != end; ++i)
            if (pool[i] < FAIR_BYTES)
                *at++ = letters[pool[i] % LETTERS];
    }
    *at = '\0';
    OPENSSL_cleanse(pool, sizeof(pool));
}
