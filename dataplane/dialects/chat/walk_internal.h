/* Internal to the room: small steps through JSON that is not scanned. */
#ifndef TG_CHAT_WALK_INTERNAL_H
#define TG_CHAT_WALK_INTERNAL_H

#include "common/base/text.h"

static inline const char *chat_skip_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n'))
        ++at;
    return at;
}

static inline bool chat_is_escaped(const char *begin, const char *quote)
{
    size_t backslashes = 0;
    while (quote - backslashes > begin && quote[-1 - (ptrdiff_t)backslashes] == '\\')
        ++backslashes;
    return backslashes % 2 == 1;
}

/* The closing quote of the string whose inside starts at `at`; `end` if it is not there. */
static inline const char *chat_string_end(const char *at, const char *end)
{
    const char *begin = at;
    while (at < end) {
        const char *quote = memchr(at, '"', (size_t)(end - at));
        if (quote == NULL)
            return end;
        if (!chat_is_escaped(begin, quote))
            return quote;
        at = quote + 1;
    }
    return end;
}

#endif
