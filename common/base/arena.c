#include "common/base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK_BYTES = 4096 };

struct tg_arena_block {
    struct tg_arena_block *older;
    size_t usable_bytes;
    alignas(max_align_t) char data[];
};

void tg_arena_init(struct tg_arena *arena)
{
    *arena = (struct tg_arena){0};
}

void tg_arena_deinit(struct tg_arena *arena)
{
    struct tg_arena_block *block = arena->blocks;
    while (block != NULL) {
        struct tg_arena_block *older = block->older;
        free(block);
        block = older;
    }
    tg_arena_init(arena);
}

void tg_arena_reset(struct tg_arena *arena)
{
    struct tg_arena_block *block = arena->blocks;
    while (block != NULL && block->older != NULL) {
        struct tg_arena_block *older = block->older;
        free(block);
        block = older;
    }
    arena->blocks = block;
    if (block != NULL) {
        arena->next = block->data;
        arena->end = block->data + block->usable_bytes;
    }
    if (block != NULL && block->usable_bytes > BLOCK_BYTES)
        tg_arena_deinit(arena); /* the first was a large one, made for one thing */
}

void *tg_arena_alloc(struct tg_arena *arena, size_t bytes)
{
    bytes = (bytes + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if ((size_t)(arena->end - arena->next) < bytes) {
        size_t usable = BLOCK_BYTES - sizeof(struct tg_arena_block);
        if (bytes > usable)
            usable = bytes;
        struct tg_arena_block *block = malloc(sizeof(*block) + usable);
        if (block == NULL)
            abort();
        block->older = arena->blocks;
        block->usable_bytes = usable;
        arena->blocks = block;
        arena->next = block->data;
        arena->end = block->data + usable;
    }
    void *memory = arena->next;
    arena->next += bytes;
    return memory;
}

void *tg_arena_calloc(struct tg_arena *arena, size_t bytes)
{
    return memset(tg_arena_alloc(arena, bytes), 0, bytes);
}

struct tg_text tg_arena_copy(struct tg_arena *arena, struct tg_text text)
{
    char *copy = tg_arena_alloc(arena, text.bytes + 1);
    if (text.bytes != 0)
        memcpy(copy, text.data, text.bytes);
    copy[text.bytes] = '\0';
    return tg_text(copy, text.bytes);
}

struct tg_text tg_arena_printf(struct tg_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int bytes = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (bytes < 0)
        abort();
    char *out = tg_arena_alloc(arena, (size_t)bytes + 1);
    vsnprintf(out, (size_t)bytes + 1, format, again);
    va_end(again);
    return tg_text(out, (size_t)bytes);
}
