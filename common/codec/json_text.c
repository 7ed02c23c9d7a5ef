#include "common/codec/json_text.h"

#if defined(__SSE2__) && !defined(TG_CODEC_PORTABLE)
#include <emmintrin.h>
#endif

static bool is_plain(unsigned char byte)
{
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

#if defined(__SSE2__) && !defined(TG_CODEC_PORTABLE)

/* As signed bytes, control characters and everything from 0x80 up are below 0x20: one comparison finds both. */
static const char *skip_blocks(const char *at, const char *end)
{
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    const __m128i space = _mm_set1_epi8(0x20);
    while (end - at >= 16) {
        __m128i block = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i special = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, backslash)),
                                       _mm_cmplt_epi8(block, space));
        int found = _mm_movemask_epi8(special);
        if (found != 0)
            return at + __builtin_ctz((unsigned)found);
        at += 16;
    }
    return at;
}

#else

/* The same eight bytes at a time. Each test may set bits above the first hit, never below or without one, so that the
 * block is left to the loop over bytes. */
static const char *skip_blocks(const char *at, const char *end)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t highs = UINT64_C(0x8080808080808080);
    while (end - at >= 8) {
        uint64_t block;
        memcpy(&block, at, sizeof(block));
        uint64_t quote = block ^ (ones * '"');
        uint64_t backslash = block ^ (ones * '\\');
        uint64_t special = (quote - ones) | (backslash - ones) | (block - ones * 0x20) | block;
        if ((special & highs) != 0)
            return at;
        at += 8;
    }
    return at;
}

#endif

const char *tg_json_plain_end(const char *at, const char *end)
{
    at = skip_blocks(at, end);
    while (at != end && is_plain((unsigned char)*at))
        ++at;
    return at;
}

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

/* RFC 3629 section 4; overlong forms, surrogates and what is above U+10FFFF show in the second byte. */
size_t tg_json_utf8_bytes(const char *at, const char *end)
{
    unsigned char lead = (unsigned char)at[0];
    unsigned char second = end - at > 1 ? (unsigned char)at[1] : 0;
    if (lead >= 0xc2 && lead <= 0xdf)
        return is_continuation((char)second) ? 2 : 0;
    if (lead >= 0xe0 && lead <= 0xef) {
        unsigned char low = lead == 0xe0 ? 0xa0 : 0x80;
        unsigned char high = lead == 0xed ? 0x9f : 0xbf;
        return second >= low && second <= high && end - at > 2 && is_continuation(at[2]) ? 3 : 0;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        unsigned char low = lead == 0xf0 ? 0x90 : 0x80;
        unsigned char high = lead == 0xf4 ? 0x8f : 0xbf;
        return second >= low && second <= high && end - at > 3 && is_continuation(at[2]) && is_continuation(at[3]) ? 4
                                                                                                                   : 0;
    }
    return 0;
}

int32_t tg_json_hex4(const char *at, const char *end)
{
    if (end - at < 4)
        return -1;
    int32_t value = 0;
    for (int i = 0; i < 4; ++i) {
        char digit = at[i];
        if (digit >= '0' && digit <= '9')
            value = value << 4 | (digit - '0');
        else if ((digit | 0x20) >= 'a' && (digit | 0x20) <= 'f')
            value = value << 4 | ((digit | 0x20) - 'a' + 10);
        else
            return -1;
    }
    return value;
}

static size_t encode_utf8(uint32_t code, char out[4])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

/* `*at` is behind the 'u'. A high surrogate takes the low one that follows it (RFC 8259 section 7). */
static uint32_t decode_unicode_escape(const char **at, const char *end)
{
    enum { REPLACEMENT = 0xfffd };
    int32_t unit = tg_json_hex4(*at, end);
    *at += 4;
    if (unit < 0xd800 || unit > 0xdfff)
        return unit < 0 ? REPLACEMENT : (uint32_t)unit;
    if (unit > 0xdbff || end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u')
        return REPLACEMENT;
    int32_t low = tg_json_hex4(*at + 2, end);
    if (low < 0xdc00 || low > 0xdfff)
        return REPLACEMENT;
    *at += 6;
    return 0x10000 + ((uint32_t)(unit - 0xd800) << 10) + (uint32_t)(low - 0xdc00);
}

size_t tg_json_decode_char(const char **at, const char *end, char out[4])
{
    char first = **at;
    if (first != '\\') {
        size_t bytes = (unsigned char)first < 0x80 ? 1 : tg_json_utf8_bytes(*at, end);
        memcpy(out, *at, bytes);
        *at += bytes;
        return bytes;
    }
    char escape = (*at)[1];
    *at += 2;
    switch (escape) {
    case 'b':
        out[0] = '\b';
        return 1;
    case 'f':
        out[0] = '\f';
        return 1;
    case 'n':
        out[0] = '\n';
        return 1;
    case 'r':
        out[0] = '\r';
        return 1;
    case 't':
        out[0] = '\t';
        return 1;
    case 'u':
        return encode_utf8(decode_unicode_escape(at, end), out);
    default:
        out[0] = escape; /* quote, backslash, slash */
        return 1;
    }
}
