/* A binary heap of timers, the earliest first. A timer knows its place, so it can be moved or taken out in O(log n). */
#ifndef TG_NET_TIMER_HEAP_H
#define TG_NET_TIMER_HEAP_H

#include "common/net/loop.h"

struct timer_heap {
    struct tg_timer **timers;
    size_t count;
    size_t capacity; /* as large as the most timers ever armed at once */
};

/* Adds `timer`, or moves it to its new expires_at_ms. A timer that is in the heap has expires_at_ms != 0. */
void timer_heap_add(struct timer_heap *heap, struct tg_timer *timer);
void timer_heap_move(struct timer_heap *heap, struct tg_timer *timer);
void timer_heap_remove(struct timer_heap *heap, struct tg_timer *timer);

static inline struct tg_timer *timer_heap_first(const struct timer_heap *heap)
{
    return heap->count == 0 ? NULL : heap->timers[0];
}

#endif
