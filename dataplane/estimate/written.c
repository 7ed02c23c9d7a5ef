/* A resolver of escapes that trusts nothing: watchers find texts without a parse, and samples end anywhere. */
#include "dataplane/estimate/written.h"

enum { REPLACEMENT = 0xfffd };

/* -1 if there are no four hex digits behind the two bytes of an escape. */
static int32_t unit_at(const char *escape, const char *end)
{
    int32_t unit = 0;
    if (end - escape < 6 || escape[0] != '\\' || escape[1] != 'u')
        return -1;
    for (const char *at = escape + 2; at < escape + 6; ++at) {
        char lower = (char)(*at | 0x20);
        if (*at >= '0' && *at <= '9')
            unit = unit << 4 | (*at - '0');
        else if (lower >= 'a' && lower <= 'f')
            unit = unit << 4 | (lower - 'a' + 10);
        else
            return -1;
    }
    return unit;
}

/* UTF-8. */
static size_t put_code(char *out, uint32_t code)
{
    static const unsigned char LEAD[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t bytes = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = bytes - 1; i > 0; --i, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)(LEAD[bytes] | code);
    return bytes;
}

/* \uXXXX, with its partner if it is half a pair. The bytes of it; 0 if it is none. */
static size_t resolve_unicode(const char *escape, const char *end, char *out, size_t *put)
{
    int32_t unit = unit_at(escape, end);
    if (unit < 0)
        return 0;
    bool is_half = unit >= 0xd800 && unit <= 0xdfff;
    int32_t low = is_half && unit < 0xdc00 ? unit_at(escape + 6, end) : -1;
    if (low >= 0xdc00 && low <= 0xdfff) {
        *put = put_code(out, 0x10000 + ((uint32_t)(unit - 0xd800) << 10) + (uint32_t)(low - 0xdc00));
        return 12;
    }
    *put = put_code(out, is_half ? REPLACEMENT : (uint32_t)unit);
    return 6;
}

/* The bytes of the escape, at least the backslash itself; what it means is never longer. */
static size_t resolve(const char *escape, const char *end, char *out, size_t *put)
{
    static const char NAMES[] = "\"\\/bfnrt", MEANINGS[] = "\"\\/\b\f\n\r\t";
    const char *name = end - escape >= 2 ? memchr(NAMES, escape[1], sizeof(NAMES) - 1) : NULL;
    *put = 1;
    *out = name == NULL ? '\\' : MEANINGS[name - NAMES];
    if (name != NULL)
        return 2;
    size_t bytes = resolve_unicode(escape, end, out, put);
    return bytes == 0 ? 1 : bytes;
}

struct tg_text estimate_plain(struct tg_arena *arena, struct tg_text written)
{
    if (written.bytes == 0 || memchr(written.data, '\\', written.bytes) == NULL)
        return written;
    const char *at = written.data, *end = at + written.bytes;
    char *plain = tg_arena_alloc(arena, written.bytes), *out = plain;
    while (at != end) {
        const char *escape = memchr(at, '\\', (size_t)(end - at));
        size_t bytes = (size_t)((escape == NULL ? end : escape) - at), put;
        memcpy(out, at, bytes);
        out += bytes;
        at += bytes;
        if (at == end)
            break;
        at += resolve(at, end, out, &put);
        out += put;
    }
    return tg_text(plain, (size_t)(out - plain));
}
