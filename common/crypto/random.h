/* Random bytes that nobody can guess. There is no way to go on without them: failure aborts. Any thread. */
#ifndef TG_CRYPTO_RANDOM_H
#define TG_CRYPTO_RANDOM_H

#include "common/base/text.h"

void tg_random_bytes(void *out, size_t bytes);

enum { TG_RANDOM_TOKEN_CHARS = 43 };

/* `prefix` followed by TG_RANDOM_TOKEN_CHARS random letters and digits (256 bits), NUL-terminated, for API keys and
 * bearer tokens: nothing to escape anywhere, and a double click selects all of it after the prefix. `capacity` is at
 * least strlen(prefix) + TG_RANDOM_TOKEN_CHARS + 1. */
void tg_random_token(const char *prefix, char *out, size_t capacity);

#endif
