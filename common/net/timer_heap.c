#include "common/net/timer_heap.h"

#include <assert.h>
#include <stdlib.h>

enum { FIRST_CAPACITY = 64 };

static void put(struct timer_heap *heap, size_t index, struct tg_timer *timer)
{
    heap->timers[index] = timer;
    timer->heap_index = index;
}

static void sift_up(struct timer_heap *heap, size_t index)
{
    struct tg_timer *timer = heap->timers[index];
    while (index != 0) {
        size_t parent = (index - 1) / 2;
        if (heap->timers[parent]->expires_at_ms <= timer->expires_at_ms)
            break;
        put(heap, index, heap->timers[parent]);
        index = parent;
    }
    put(heap, index, timer);
}

static void sift_down(struct timer_heap *heap, size_t index)
{
    struct tg_timer *timer = heap->timers[index];
    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= heap->count)
            break;
        if (child + 1 < heap->count && heap->timers[child + 1]->expires_at_ms < heap->timers[child]->expires_at_ms)
            ++child;
        if (timer->expires_at_ms <= heap->timers[child]->expires_at_ms)
            break;
        put(heap, index, heap->timers[child]);
        index = child;
    }
    put(heap, index, timer);
}

void timer_heap_add(struct timer_heap *heap, struct tg_timer *timer)
{
    if (heap->count == heap->capacity) {
        heap->capacity = heap->capacity == 0 ? FIRST_CAPACITY : heap->capacity * 2;
        heap->timers = realloc(heap->timers, heap->capacity * sizeof(struct tg_timer *));
        if (heap->timers == NULL)
            abort();
    }
    put(heap, heap->count++, timer);
    sift_up(heap, timer->heap_index);
}

void timer_heap_move(struct timer_heap *heap, struct tg_timer *timer)
{
    assert(heap->timers[timer->heap_index] == timer);
    sift_up(heap, timer->heap_index);
    sift_down(heap, timer->heap_index);
}

void timer_heap_remove(struct timer_heap *heap, struct tg_timer *timer)
{
    size_t index = timer->heap_index;
    assert(heap->timers[index] == timer);
    struct tg_timer *last = heap->timers[--heap->count];
    if (last == timer)
        return;
    put(heap, index, last);
    timer_heap_move(heap, last);
}
