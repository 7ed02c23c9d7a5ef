/* A view of bytes that somebody else owns, and the few operations that parsers need on it. Not NUL-terminated. */
#ifndef TG_BASE_TEXT_H
#define TG_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct tg_text {
    const char *data;
    size_t bytes;
};

/* For printf: printf("%.*s", TG_TEXT_ARG(text)). */
#define TG_TEXT_ARG(text) (int)(text).bytes, (text).data
/* A string literal as text, usable in static initializers. */
#define TG_TEXT_LITERAL(literal)                                                                                       \
    {                                                                                                                  \
        (literal), sizeof(literal) - 1                                                                                 \
    }

static inline struct tg_text tg_text(const char *data, size_t bytes)
{
    return (struct tg_text){data, bytes};
}

/* `string` may be NULL, which is empty text. */
static inline struct tg_text tg_text_of(const char *string)
{
    return (struct tg_text){string, string == NULL ? 0 : strlen(string)};
}

static inline bool tg_text_equals(struct tg_text a, struct tg_text b)
{
    return a.bytes == b.bytes && (a.bytes == 0 || memcmp(a.data, b.data, a.bytes) == 0);
}

static inline bool tg_text_is(struct tg_text text, const char *string)
{
    return tg_text_equals(text, tg_text_of(string));
}

/* ASCII case is ignored, as for HTTP field names (RFC 9110 section 5.1). */
bool tg_text_equals_nocase(struct tg_text a, struct tg_text b);

bool tg_text_starts_with(struct tg_text text, const char *prefix);

/* Without spaces and tabs at both ends. */
struct tg_text tg_text_trim(struct tg_text text);

/* An unsigned decimal number that is the whole text; false if it is anything else or does not fit. */
bool tg_text_to_u64(struct tg_text text, uint64_t *value);

/* Heap copy with a terminating NUL; free() it. */
char *tg_text_strdup(struct tg_text text);

/* 64-bit hash for in-memory tables (not stable across versions, not for outside input without a random seed). */
uint64_t tg_text_hash(struct tg_text text, uint64_t seed);

/* Lower-case hex of `bytes` octets; `out` holds 2 * bytes + 1. */
void tg_hex_encode(const void *data, size_t bytes, char *out);

/* The reverse; false unless `hex` is exactly 2 * bytes hex digits. */
bool tg_hex_decode(struct tg_text hex, void *out, size_t bytes);

#endif
