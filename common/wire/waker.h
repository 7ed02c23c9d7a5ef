/* Wakes a thread that sleeps in poll(2), from any other thread. It outlives the connections of the thread that owns it,
 * so a thread that reconnects is woken all the same. */
#ifndef TG_WIRE_WAKER_H
#define TG_WIRE_WAKER_H

#include <stdatomic.h>

#include "common/base/status.h"
#include "common/base/text.h"

struct tg_waker {
    int fd; /* becomes readable with each wake that was not taken yet */
    atomic_bool is_woken;
};

enum tg_status tg_waker_init(struct tg_waker *waker, struct tg_error *error) TG_MUST_CHECK;
void tg_waker_deinit(struct tg_waker *waker);

/* Any thread; cheap when it is woken already. */
void tg_waker_wake(struct tg_waker *waker);

/* The owner: whether it was woken since the last call. */
bool tg_waker_take(struct tg_waker *waker);

/* The owner: sleeps until woken (true, and taken) or for `timeout_ms` (-1: without end). */
bool tg_waker_wait(struct tg_waker *waker, int64_t timeout_ms);

#endif
