/* What the files of this room share and nobody else includes: libh2o's loop inside ours. */
#ifndef TG_NET_LOOP_INTERNAL_H
#define TG_NET_LOOP_INTERNAL_H

#include <stdatomic.h>

#include <h2o/socket.h>

#include "common/net/loop.h"
#include "common/net/timer_heap.h"

struct tg_loop {
    h2o_evloop_t *evloop;
    bool is_stopping;

    /* The clocks are read at most once per turn, by whoever asks first. */
    bool is_now_known;
    int64_t now_ms;

    struct timer_heap timers;
    struct tg_deferred *deferred; /* first in, first out */
    struct tg_deferred **deferred_tail;

    /* Messages: a stack that any thread pushes on; who finds it empty writes to the eventfd. */
    _Atomic(struct tg_message *) posted;
    int wake_fd;
    h2o_socket_t *wake;
};

#endif
