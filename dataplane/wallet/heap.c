#include "dataplane/wallet/heap.h"

#include <stdlib.h>

void heap_deinit(struct heap *heap)
{
    free(heap->slots);
    *heap = (struct heap){0};
}

static bool is_before(const struct tg_wallet_timer *a, const struct tg_wallet_timer *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void place(struct heap *heap, size_t slot, struct tg_wallet_timer *timer)
{
    heap->slots[slot] = timer;
    timer->slot = slot;
}

/* Moves the timer from a free slot to where it belongs. */
static void settle_into(struct heap *heap, size_t slot, struct tg_wallet_timer *timer)
{
    while (slot > 1 && is_before(timer, heap->slots[slot / 2])) {
        place(heap, slot, heap->slots[slot / 2]);
        slot /= 2;
    }
    for (;;) {
        size_t child = 2 * slot;
        if (child > heap->count)
            break;
        if (child + 1 <= heap->count && is_before(heap->slots[child + 1], heap->slots[child]))
            ++child;
        if (!is_before(heap->slots[child], timer))
            break;
        place(heap, slot, heap->slots[child]);
        slot = child;
    }
    place(heap, slot, timer);
}

void heap_set(struct heap *heap, struct tg_wallet_timer *timer, int64_t at_ms)
{
    if (timer->slot == 0) {
        if (heap->count + 1 >= heap->capacity) {
            heap->capacity = heap->capacity == 0 ? 16 : 2 * heap->capacity;
            heap->slots = realloc(heap->slots, heap->capacity * sizeof(*heap->slots));
            if (heap->slots == NULL)
                abort();
        }
        timer->slot = ++heap->count;
        heap->slots[timer->slot] = timer;
    }
    timer->at_ms = at_ms;
    settle_into(heap, timer->slot, timer);
}

void heap_remove(struct heap *heap, struct tg_wallet_timer *timer)
{
    size_t slot = timer->slot;
    if (slot == 0)
        return;
    timer->slot = 0;
    struct tg_wallet_timer *last = heap->slots[heap->count--];
    if (last != timer)
        settle_into(heap, slot, last);
}

struct tg_wallet_timer *heap_first(const struct heap *heap)
{
    return heap->count == 0 ? NULL : heap->slots[1];
}
