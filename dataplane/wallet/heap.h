/* A binary heap of timers that are embedded in what they belong to: the deadlines of waiters, and the moments at which
 * accounts need the link's attention. */
#ifndef TG_WALLET_HEAP_H
#define TG_WALLET_HEAP_H

#include "dataplane/wallet/wallet.h"

struct heap {
    struct tg_wallet_timer **slots; /* slot 0 is unused, so that a timer's slot 0 means "not in the heap" */
    size_t count, capacity;
};

void heap_deinit(struct heap *heap);

/* Puts the timer in, or moves it. Equal times keep the order in which they were set. */
void heap_set(struct heap *heap, struct tg_wallet_timer *timer, int64_t at_ms);
void heap_remove(struct heap *heap, struct tg_wallet_timer *timer); /* fine when it is not in */

/* The earliest, or NULL. */
struct tg_wallet_timer *heap_first(const struct heap *heap);

#endif
