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

static void feed_code(struct tg_token_counter *counter, uint32_t code)
{
    char out[4];
    size_t bytes = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (bytes == 1) {
        out[0] = (char)code;
    } else {
        static const unsigned char LEAD[] = {0, 0, 0xc0, 0xe0, 0xf0};
        for (size_t i = bytes - 1; i > 0; --i, code >>= 6)
            out[i] = (char)(0x80 | (code & 0x3f));
        out[0] = (char)(LEAD[bytes] | code);
    }
    tg_token_counter_feed(counter, tg_text(out, bytes));
}

/* \uXXXX, with its partner if it is half a pair. The bytes of it; 0 if it is none. */
static size_t feed_unicode(struct tg_token_counter *counter, const char *escape, const char *end)
{
    int32_t unit = unit_at(escape, end);
    if (unit < 0)
        return 0;
    if (unit < 0xd800 || unit > 0xdfff) {
        feed_code(counter, (uint32_t)unit);
        return 6;
    }
    int32_t low = unit < 0xdc00 ? unit_at(escape + 6, end) : -1;
    if (low < 0xdc00 || low > 0xdfff) {
        feed_code(counter, REPLACEMENT);
        return 6;
    }
    feed_code(counter, 0x10000 + ((uint32_t)(unit - 0xd800) << 10) + (uint32_t)(low - 0xdc00));
    return 12;
}

/* The bytes of the escape, at least the backslash itself. */
static size_t feed_escape(struct tg_token_counter *counter, const char *escape, const char *end)
{
    static const char NAMES[] = "\"\\/bfnrt", MEANINGS[] = "\"\\/\b\f\n\r\t";
    if (end - escape >= 2) {
        const char *name = memchr(NAMES, escape[1], sizeof(NAMES) - 1);
        if (name != NULL) {
            tg_token_counter_feed(counter, tg_text(MEANINGS + (name - NAMES), 1));
            return 2;
        }
        size_t bytes = feed_unicode(counter, escape, end);
        if (bytes != 0)
            return bytes;
    }
    tg_token_counter_feed(counter, tg_text(escape, 1));
    return 1;
}

void estimate_feed_written(struct tg_token_counter *counter, struct tg_text written)
{
    const char *at = written.data, *end = at + written.bytes;
    while (at != end) {
        const char *escape = memchr(at, '\\', (size_t)(end - at));
        const char *plain_end = escape == NULL ? end : escape;
        if (plain_end != at)
            tg_token_counter_feed(counter, tg_text(at, (size_t)(plain_end - at)));
        at = plain_end;
        if (at != end)
            at += feed_escape(counter, at, end);
    }
}
