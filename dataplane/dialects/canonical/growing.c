#include "dataplane/dialects/canonical/growing.h"

enum { FIRST_BYTES = 64 };

enum tg_status tg_growing_append(struct tg_growing *growing, struct tg_arena *arena, struct tg_text text)
{
    if (text.bytes == 0)
        return TG_OK;
    if (text.bytes > TG_GROWING_MAX_BYTES - growing->bytes)
        return TG_TOO_LARGE;
    size_t wanted = growing->bytes + text.bytes;
    if (wanted > growing->capacity) {
        size_t capacity = growing->capacity == 0 ? FIRST_BYTES : growing->capacity * 2;
        growing->capacity = capacity > wanted ? capacity : wanted;
        char *data = tg_arena_alloc(arena, growing->capacity);
        if (growing->bytes != 0)
            memcpy(data, growing->data, growing->bytes);
        growing->data = data;
    }
    memcpy(growing->data + growing->bytes, text.data, text.bytes);
    growing->bytes = wanted;
    return TG_OK;
}
