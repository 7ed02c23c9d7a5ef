#include "common/net/loop.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/time.h"
#include "common/net/loop_internal.h"

enum {
    MAX_WAIT_MS = 60 * 60 * 1000,
    /* Deferred work may defer more; after so many rounds sockets and timers get their turn first. */
    MAX_DEFERRED_ROUNDS = 16,
};

static void ignore_broken_pipes(void)
{
    struct sigaction action = {.sa_handler = SIG_IGN};
    if (sigaction(SIGPIPE, &action, NULL) != 0)
        abort();
}

static void run_posted(tg_loop *loop)
{
    struct tg_message *newest = atomic_exchange_explicit(&loop->posted, NULL, memory_order_acquire);
    struct tg_message *oldest = NULL;
    while (newest != NULL) {
        struct tg_message *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest != NULL) {
        struct tg_message *next = oldest->next;
        oldest->run(oldest);
        oldest = next;
    }
}

static void on_wake(h2o_socket_t *wake, const char *failure)
{
    tg_loop *loop = wake->data;
    eventfd_t ignored;
    while (eventfd_read(loop->wake_fd, &ignored) != 0 && errno == EINTR)
        ;
    run_posted(loop);
}

tg_loop *tg_loop_create(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, ignore_broken_pipes);

    tg_loop *loop = calloc(1, sizeof(*loop));
    if (loop == NULL)
        abort();
    loop->deferred_tail = &loop->deferred;
    loop->evloop = h2o_evloop_create();
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->wake_fd < 0) {
        perror("eventfd");
        abort();
    }
    loop->wake = h2o_evloop_socket_create(loop->evloop, loop->wake_fd, 0);
    loop->wake->data = loop;
    h2o_socket_dont_read(loop->wake, 1);
    h2o_socket_read_start(loop->wake, on_wake);
    return loop;
}

static void run_deferred(tg_loop *loop)
{
    for (int round = 0; loop->deferred != NULL && round < MAX_DEFERRED_ROUNDS; ++round) {
        struct tg_deferred *batch = loop->deferred;
        loop->deferred = NULL;
        loop->deferred_tail = &loop->deferred;
        while (batch != NULL) {
            struct tg_deferred *next = batch->next;
            batch->is_queued = false;
            batch->run(batch);
            batch = next;
        }
    }
}

static void run_timers(tg_loop *loop)
{
    /* A timer that an expiry re-arms for "now" waits for the next turn: the loop cannot be held here. */
    int64_t now_ms = tg_loop_now_ms(loop);
    size_t most = loop->timers.count;
    for (size_t i = 0; i < most; ++i) {
        struct tg_timer *timer = timer_heap_first(&loop->timers);
        if (timer == NULL || timer->expires_at_ms > now_ms)
            break;
        timer_heap_remove(&loop->timers, timer);
        timer->expires_at_ms = 0;
        timer->on_expire(timer);
    }
}

static int32_t wait_ms(tg_loop *loop)
{
    if (loop->deferred != NULL || loop->is_stopping)
        return 0;
    const struct tg_timer *timer = timer_heap_first(&loop->timers);
    if (timer == NULL)
        return MAX_WAIT_MS;
    int64_t wait = timer->expires_at_ms - tg_time_monotonic_ms();
    return wait < 0 ? 0 : wait > MAX_WAIT_MS ? MAX_WAIT_MS : (int32_t)wait;
}

static void run_turn(tg_loop *loop, int32_t max_wait_ms)
{
    loop->is_now_known = false; /* callbacks run after the wait, and that is when time is asked for */
    if (h2o_evloop_run(loop->evloop, max_wait_ms) != 0 && errno != EINTR) {
        perror("h2o_evloop_run");
        abort();
    }
    run_timers(loop);
    run_deferred(loop);
}

void tg_loop_destroy(tg_loop *loop)
{
    if (loop == NULL)
        return;
    run_posted(loop); /* a message is owned by the loop, and only its run() can free it */
    do
        run_deferred(loop);
    while (loop->deferred != NULL);
    assert(loop->timers.count == 0);
    h2o_socket_close(loop->wake);
    h2o_evloop_destroy(loop->evloop); /* 2.2.5 leaves its epoll descriptor open; loops live as long as the process */
    free(loop->timers.timers);
    free(loop);
}

void tg_loop_run(tg_loop *loop)
{
    while (!loop->is_stopping)
        run_turn(loop, wait_ms(loop));
    loop->is_stopping = false;
}

void tg_loop_stop(tg_loop *loop)
{
    loop->is_stopping = true;
}

int64_t tg_loop_now_ms(const tg_loop *const_loop)
{
    tg_loop *loop = (tg_loop *)const_loop;
    if (!loop->is_now_known) {
        loop->now_ms = tg_time_monotonic_ms();
        loop->is_now_known = true;
    }
    return loop->now_ms;
}

int64_t tg_loop_now_unix_ms(const tg_loop *loop)
{
    return (int64_t)h2o_now(loop->evloop);
}

void tg_timer_start(tg_loop *loop, struct tg_timer *timer, int64_t delay_ms)
{
    bool is_armed = timer->expires_at_ms != 0;
    timer->expires_at_ms = tg_loop_now_ms(loop) + (delay_ms < 0 ? 0 : delay_ms);
    if (is_armed)
        timer_heap_move(&loop->timers, timer);
    else
        timer_heap_add(&loop->timers, timer);
}

void tg_timer_stop(tg_loop *loop, struct tg_timer *timer)
{
    if (timer->expires_at_ms == 0)
        return;
    timer_heap_remove(&loop->timers, timer);
    timer->expires_at_ms = 0;
}

void tg_loop_defer(tg_loop *loop, struct tg_deferred *deferred)
{
    if (deferred->is_queued)
        return;
    deferred->is_queued = true;
    deferred->next = NULL;
    *loop->deferred_tail = deferred;
    loop->deferred_tail = &deferred->next;
}

void tg_loop_post(tg_loop *loop, struct tg_message *message)
{
    int wake_fd = loop->wake_fd; /* once pushed, the message may stop the loop and with it everything in it */
    struct tg_message *newest = atomic_load_explicit(&loop->posted, memory_order_relaxed);
    do
        message->next = newest;
    while (!atomic_compare_exchange_weak_explicit(&loop->posted, &newest, message, memory_order_release,
                                                  memory_order_relaxed));
    if (newest == NULL) {
        while (eventfd_write(wake_fd, 1) != 0 && errno == EINTR)
            ;
    }
}
