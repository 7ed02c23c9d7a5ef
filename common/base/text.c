#include "common/base/text.h"

#include <stdlib.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool tg_text_equals_nocase(struct tg_text a, struct tg_text b)
{
    if (a.bytes != b.bytes)
        return false;
    for (size_t i = 0; i < a.bytes; ++i) {
        if (a.data[i] != b.data[i] && lower(a.data[i]) != lower(b.data[i]))
            return false;
    }
    return true;
}

bool tg_text_starts_with(struct tg_text text, const char *prefix)
{
    size_t bytes = strlen(prefix);
    return text.bytes >= bytes && memcmp(text.data, prefix, bytes) == 0;
}

struct tg_text tg_text_trim(struct tg_text text)
{
    while (text.bytes != 0 && (*text.data == ' ' || *text.data == '\t')) {
        ++text.data;
        --text.bytes;
    }
    while (text.bytes != 0 && (text.data[text.bytes - 1] == ' ' || text.data[text.bytes - 1] == '\t'))
        --text.bytes;
    return text;
}

bool tg_text_to_u64(struct tg_text text, uint64_t *value)
{
    if (text.bytes == 0)
        return false;
    uint64_t result = 0;
    for (size_t i = 0; i < text.bytes; ++i) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        if (__builtin_mul_overflow(result, 10, &result) ||
            __builtin_add_overflow(result, (uint64_t)(text.data[i] - '0'), &result))
            return false;
    }
    *value = result;
    return true;
}

char *tg_text_strdup(struct tg_text text)
{
    char *copy = malloc(text.bytes + 1);
    if (copy == NULL)
        abort();
    if (text.bytes != 0)
        memcpy(copy, text.data, text.bytes);
    copy[text.bytes] = '\0';
    return copy;
}

/* wyhash-like folding: multiply 64 x 64 -> 128 bits and fold the halves together. */
static uint64_t fold(uint64_t a, uint64_t b)
{
    __uint128_t product = (__uint128_t)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t tg_text_hash(struct tg_text text, uint64_t seed)
{
    uint64_t hash = seed ^ 0x9e3779b97f4a7c15u ^ text.bytes;
    const char *at = text.data;
    size_t left = text.bytes;
    while (left >= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        hash = fold(hash ^ word, 0xd6e8feb86659fd93u);
        at += 8;
        left -= 8;
    }
    uint64_t tail = 0;
    if (left != 0)
        memcpy(&tail, at, left);
    return fold(hash ^ tail, 0xa0761d6478bd642fu);
}

void tg_hex_encode(const void *data, size_t bytes, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *octets = data;
    for (size_t i = 0; i < bytes; ++i) {
        out[2 * i] = digits[octets[i] >> 4];
        out[2 * i + 1] = digits[octets[i] & 15];
    }
    out[2 * bytes] = '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool tg_hex_decode(struct tg_text hex, void *out, size_t bytes)
{
    if (hex.bytes != 2 * bytes)
        return false;
    uint8_t *octets = out;
    for (size_t i = 0; i < bytes; ++i) {
        int high = hex_value(hex.data[2 * i]), low = hex_value(hex.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        octets[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}
