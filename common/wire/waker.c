#include "common/wire/waker.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/time.h"

enum tg_status tg_waker_init(struct tg_waker *waker, struct tg_error *error)
{
    atomic_init(&waker->is_woken, false);
    waker->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (waker->fd < 0)
        return tg_fail(error, TG_IO, "eventfd: %s", strerror(errno));
    return TG_OK;
}

void tg_waker_deinit(struct tg_waker *waker)
{
    if (waker->fd >= 0)
        close(waker->fd);
    waker->fd = -1;
}

void tg_waker_wake(struct tg_waker *waker)
{
    if (atomic_exchange_explicit(&waker->is_woken, true, memory_order_acq_rel))
        return;
    static const uint64_t one = 1;
    while (write(waker->fd, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
}

/* The flag is cleared before the descriptor: a wake in between leaves the flag set, and the flag is looked at before
 * every sleep. */
bool tg_waker_take(struct tg_waker *waker)
{
    if (!atomic_exchange_explicit(&waker->is_woken, false, memory_order_acq_rel))
        return false;
    uint64_t count;
    while (read(waker->fd, &count, sizeof(count)) < 0 && errno == EINTR)
        continue;
    return true;
}

bool tg_waker_wait(struct tg_waker *waker, int64_t timeout_ms)
{
    int64_t deadline_ms = timeout_ms < 0 ? INT64_MAX : tg_time_monotonic_ms() + timeout_ms;
    for (;;) {
        if (tg_waker_take(waker))
            return true;
        int64_t left_ms = timeout_ms < 0 ? -1 : deadline_ms - tg_time_monotonic_ms();
        if (timeout_ms >= 0 && left_ms <= 0)
            return false;
        struct pollfd entry = {.fd = waker->fd, .events = POLLIN};
        if (poll(&entry, 1, left_ms > INT_MAX ? INT_MAX : (int)left_ms) < 0 && errno != EINTR)
            abort(); /* only a bug makes poll fail */
    }
}
