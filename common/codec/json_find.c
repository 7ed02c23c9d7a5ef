#include "common/codec/json_find.h"

#include <assert.h>

#if defined(__SSE2__) && !defined(TG_CODEC_PORTABLE)
#include <emmintrin.h>
#endif

static bool is_here(const char *at, struct tg_text quoted)
{
    return memcmp(at, quoted.data, quoted.bytes) == 0;
}

#if defined(__SSE2__) && !defined(TG_CODEC_PORTABLE)

/* A quote and the letter behind it are rare together: both are looked for at 16 places at once. Leaves in *at where it
 * stopped for want of a whole block; `last` is the last place where the name may begin. */
static const char *find_in_blocks(const char **at, const char *last, struct tg_text quoted)
{
    const __m128i first = _mm_set1_epi8(quoted.data[0]);
    const __m128i second = _mm_set1_epi8(quoted.data[1]);
    for (; last - *at >= 16; *at += 16) {
        __m128i here = _mm_loadu_si128((const __m128i *)(const void *)*at);
        __m128i behind = _mm_loadu_si128((const __m128i *)(const void *)(*at + 1));
        __m128i both = _mm_and_si128(_mm_cmpeq_epi8(here, first), _mm_cmpeq_epi8(behind, second));
        for (unsigned found = (unsigned)_mm_movemask_epi8(both); found != 0; found &= found - 1) {
            const char *place = *at + __builtin_ctz(found);
            if (is_here(place, quoted))
                return place;
        }
    }
    return NULL;
}

#else

static const char *find_in_blocks(const char **at, const char *last, struct tg_text quoted)
{
    return NULL; /* all of it is left to the caller */
}

#endif

const char *tg_json_find(const char *at, const char *end, struct tg_text quoted)
{
    assert(quoted.bytes >= 2);
    if (end - at < (ptrdiff_t)quoted.bytes)
        return NULL;
    const char *last = end - quoted.bytes;
    const char *found = find_in_blocks(&at, last, quoted);
    if (found != NULL)
        return found;
    for (; at <= last; ++at)
        if (at[0] == quoted.data[0] && at[1] == quoted.data[1] && is_here(at, quoted))
            return at;
    return NULL;
}
