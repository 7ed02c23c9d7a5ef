/* Memory that lives and dies together: everything that belongs to one exchange comes from its arena and is given back
 * at once when the exchange ends. Not thread-safe; one owner. */
#ifndef TG_BASE_ARENA_H
#define TG_BASE_ARENA_H

#include "common/base/text.h"

struct tg_arena_block;

struct tg_arena {
    struct tg_arena_block *blocks; /* newest first */
    char *next;
    char *end;
};

void tg_arena_init(struct tg_arena *arena);

/* Frees everything that came from the arena. The arena can be used again afterwards. */
void tg_arena_deinit(struct tg_arena *arena);

/* Gives everything back but one block, which is kept for what comes next: for an owner that is used again and again. */
void tg_arena_reset(struct tg_arena *arena);

/* `bytes` of uninitialised memory, aligned for any type. Never NULL: out of memory aborts. */
void *tg_arena_alloc(struct tg_arena *arena, size_t bytes);

void *tg_arena_calloc(struct tg_arena *arena, size_t bytes);

/* A copy with a terminating NUL that is not counted in `bytes`. */
struct tg_text tg_arena_copy(struct tg_arena *arena, struct tg_text text);

struct tg_text tg_arena_printf(struct tg_arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
