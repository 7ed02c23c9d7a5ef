#include "common/codec/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* 0 to 63; -1 for anything else. */
static int value_of(char digit)
{
    if (digit >= 'A' && digit <= 'Z')
        return digit - 'A';
    if (digit >= 'a' && digit <= 'z')
        return digit - 'a' + 26;
    if (digit >= '0' && digit <= '9')
        return digit - '0' + 52;
    return digit == '+' ? 62 : digit == '/' ? 63 : -1;
}

bool tg_base64_decode(struct tg_arena *arena, struct tg_text base64, struct tg_text *octets)
{
    if (base64.bytes % 4 != 0)
        return false;
    size_t padding = 0;
    while (padding < 2 && padding < base64.bytes && base64.data[base64.bytes - 1 - padding] == '=')
        ++padding;
    size_t digits = base64.bytes - padding;
    char *out = tg_arena_alloc(arena, base64.bytes / 4 * 3 + 1);
    size_t bytes = 0;
    uint32_t bits = 0;
    for (size_t i = 0; i < digits; ++i) {
        int value = value_of(base64.data[i]);
        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        if (i % 4 != 0)
            out[bytes++] = (char)(bits >> (6 - 2 * (i % 4)) & 0xff);
    }
    *octets = tg_text(out, bytes);
    return true;
}

struct tg_text tg_base64_encode(struct tg_arena *arena, struct tg_text octets)
{
    size_t quanta = (octets.bytes + 2) / 3;
    char *out = tg_arena_alloc(arena, quanta * 4 + 1);
    for (size_t i = 0; i < quanta; ++i) {
        const unsigned char *in = (const unsigned char *)octets.data + i * 3;
        size_t left = octets.bytes - i * 3;
        uint32_t bits = (uint32_t)in[0] << 16 | (left > 1 ? (uint32_t)in[1] << 8 : 0) | (left > 2 ? in[2] : 0);
        out[i * 4] = alphabet[bits >> 18];
        out[i * 4 + 1] = alphabet[bits >> 12 & 63];
        out[i * 4 + 2] = left > 1 ? alphabet[bits >> 6 & 63] : '=';
        out[i * 4 + 3] = left > 2 ? alphabet[bits & 63] : '=';
    }
    return tg_text(out, quanta * 4);
}
