/* One event loop per thread: sockets, timers, messages from other threads, and work put off to the end of the turn.
 *
 * A thread creates a loop, hangs servers, clients and timers on it and calls tg_loop_run(), which returns after
 * tg_loop_stop(). Everything that hangs on a loop is touched by its thread only; the one exception is tg_loop_post().
 * Adapter of libh2o's evloop; no other room sees libh2o. */
#ifndef TG_NET_LOOP_H
#define TG_NET_LOOP_H

#include "common/base/status.h"
#include "common/base/text.h"

typedef struct tg_loop tg_loop;

tg_loop *tg_loop_create(void);
/* Everything on the loop must be gone. NULL is fine. */
void tg_loop_destroy(tg_loop *loop);

/* Runs turns until tg_loop_stop() was called (by this thread, or by another through tg_loop_post). */
void tg_loop_run(tg_loop *loop);
void tg_loop_stop(tg_loop *loop);

/* The time at which this turn began: cheap, the same for all that happens in a turn. */
int64_t tg_loop_now_ms(const tg_loop *loop); /* monotonic */
int64_t tg_loop_now_unix_ms(const tg_loop *loop);

/* A one-shot timer, embedded in its owner. All zero is a valid idle timer. */
struct tg_timer {
    void (*on_expire)(struct tg_timer *timer);
    int64_t expires_at_ms; /* monotonic; 0 while idle */
    size_t heap_index;
};

/* (Re)arms: on_expire runs once, `delay_ms` from now, on the loop's thread. */
void tg_timer_start(tg_loop *loop, struct tg_timer *timer, int64_t delay_ms);
void tg_timer_stop(tg_loop *loop, struct tg_timer *timer); /* fine when idle */

/* Work that runs once at the end of the current turn, after all socket callbacks: frees of objects that a callback
 * may still be looking at, a flush of what the turn gathered. Embedded in its owner; queueing it twice is one run. */
struct tg_deferred {
    void (*run)(struct tg_deferred *deferred);
    struct tg_deferred *next;
    bool is_queued;
};
void tg_loop_defer(tg_loop *loop, struct tg_deferred *deferred);

/* Sends work to a loop from any thread. Heap-allocated by the sender, owned by the loop after the call;
 * run() frees it. Never blocks, never drops while the loop exists. */
struct tg_message {
    void (*run)(struct tg_message *message);
    struct tg_message *next;
};
void tg_loop_post(tg_loop *loop, struct tg_message *message);

#endif
