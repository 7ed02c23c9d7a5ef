#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/time.h"
#include "tests/unit/common/net/loop_until.h"

enum { GIVE_UP_MS = 20 * 1000 };

struct wait {
    struct tg_timer timer; /* first */
    tg_loop *loop;
    bool (*is_met)(void *user);
    void *user;
    int64_t give_up_at_ms;
};

/* Looks once per turn; never idle, so that it sees what happens outside the loop, too. */
static void look(struct tg_timer *timer)
{
    struct wait *wait = (struct wait *)timer;
    if (wait->is_met(wait->user) || tg_time_monotonic_ms() > wait->give_up_at_ms)
        tg_loop_stop(wait->loop);
    else
        tg_timer_start(wait->loop, &wait->timer, 0);
}

void loop_until(tg_loop *loop, bool (*is_met)(void *user), void *user)
{
    struct wait wait = {{.on_expire = look}, loop, is_met, user, tg_time_monotonic_ms() + GIVE_UP_MS};
    tg_timer_start(loop, &wait.timer, 0);
    tg_loop_run(loop);
    assert_true(tg_time_monotonic_ms() <= wait.give_up_at_ms);
}

static bool is_true(void *flag)
{
    return *(const bool *)flag;
}

void loop_until_true(tg_loop *loop, const bool *flag)
{
    loop_until(loop, is_true, (void *)flag);
}
