/* Text that grows in an arena: for encoders, which own no other memory and must keep an answer until its end. It
 * doubles, so that what is left behind is never more than what is kept; and it has a bound. */
#ifndef TG_CANONICAL_GROWING_H
#define TG_CANONICAL_GROWING_H

#include "common/base/arena.h"
#include "common/base/status.h"

enum { TG_GROWING_MAX_BYTES = 64 << 20 };

/* Begin with all zeros. */
struct tg_growing {
    char *data;
    size_t bytes;
    size_t capacity;
};

/* TG_TOO_LARGE, and nothing appended, beyond TG_GROWING_MAX_BYTES. */
enum tg_status tg_growing_append(struct tg_growing *growing, struct tg_arena *arena, struct tg_text text) TG_MUST_CHECK;

static inline struct tg_text tg_growing_text(const struct tg_growing *growing)
{
    return tg_text(growing->data, growing->bytes);
}

#endif
