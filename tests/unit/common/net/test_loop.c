#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/base/time.h"
#include "common/net/loop.h"
#include "tests/unit/common/net/loop_until.h"

static tg_loop *loop;
static char order[64];
static size_t order_count;

struct named_timer {
    struct tg_timer timer;
    char name;
};

static void note(char name)
{
    order[order_count++] = name;
    order[order_count] = '\0';
}

static void on_expire(struct tg_timer *timer)
{
    note(((struct named_timer *)timer)->name);
}

static int set_up(void **state)
{
    loop = tg_loop_create();
    order_count = 0;
    order[0] = '\0';
    return 0;
}

static int tear_down(void **state)
{
    tg_loop_destroy(loop);
    return 0;
}

static bool has_count(void *count)
{
    return order_count >= *(size_t *)count;
}

static void timers_expire_in_order_of_time(void **state)
{
    struct named_timer timers[] = {{.name = 'c'}, {.name = 'a'}, {.name = 'd'}, {.name = 'b'}};
    static const int delays_ms[] = {9, 1, 12, 5};
    for (size_t i = 0; i < 4; ++i) {
        timers[i].timer.on_expire = on_expire;
        tg_timer_start(loop, &timers[i].timer, delays_ms[i]);
    }
    loop_until(loop, has_count, &(size_t){4});
    assert_string_equal(order, "abcd");
}

static void a_stopped_timer_does_not_expire_and_a_restarted_one_expires_once(void **state)
{
    struct named_timer stopped = {.timer.on_expire = on_expire, .name = 'x'};
    struct named_timer moved = {.timer.on_expire = on_expire, .name = 'm'};
    struct named_timer last = {.timer.on_expire = on_expire, .name = 'z'};
    tg_timer_stop(loop, &stopped.timer);
    tg_timer_start(loop, &stopped.timer, 1);
    tg_timer_start(loop, &moved.timer, 1000000);
    tg_timer_start(loop, &moved.timer, 2);
    tg_timer_start(loop, &last.timer, 4);
    tg_timer_stop(loop, &stopped.timer);
    loop_until(loop, has_count, &(size_t){2});
    assert_string_equal(order, "mz");
    assert_int_equal(stopped.timer.expires_at_ms, 0);
}

/* A model: the heap must agree with looking through all of them. */
static void a_thousand_timers_started_moved_and_stopped_at_random_expire_in_order(void **state)
{
    enum { COUNT = 1000 };
    static struct named_timer timers[COUNT];
    unsigned seed = 7;
    for (size_t i = 0; i < 5000; ++i) {
        struct named_timer *timer = &timers[rand_r(&seed) % COUNT];
        timer->timer.on_expire = on_expire;
        if (rand_r(&seed) % 4 == 0)
            tg_timer_stop(loop, &timer->timer);
        else
            tg_timer_start(loop, &timer->timer, 100000 + rand_r(&seed) % 1000);
    }
    /* Stopping each in turn exercises removal from every place; the loop's destruction asserts that none is left. */
    for (size_t i = 0; i < COUNT; ++i)
        tg_timer_stop(loop, &timers[i].timer);
}

static struct tg_deferred first_work;
static struct tg_deferred second_work;

static void run_first(struct tg_deferred *deferred)
{
    note('1');
    tg_loop_defer(loop, &second_work);
    tg_loop_defer(loop, &second_work);
}

static void run_second(struct tg_deferred *deferred)
{
    note('2');
}

static void deferred_work_runs_once_however_often_it_is_queued(void **state)
{
    first_work.run = run_first;
    second_work.run = run_second;
    tg_loop_defer(loop, &first_work);
    tg_loop_defer(loop, &first_work);
    assert_string_equal(order, "");
    struct named_timer later = {.timer.on_expire = on_expire, .name = '.'};
    tg_timer_start(loop, &later.timer, 5);
    loop_until(loop, has_count, &(size_t){3});
    assert_string_equal(order, "12.");
}

enum { THREADS = 4, MESSAGES_PER_THREAD = 2000 };
static size_t received;
static int last_of_thread[THREADS];

struct number_message {
    struct tg_message message;
    int thread;
    int number;
};

static void run_number(struct tg_message *message)
{
    struct number_message *number = (struct number_message *)message;
    assert_int_equal(number->number, last_of_thread[number->thread] + 1);
    last_of_thread[number->thread] = number->number;
    ++received;
    free(number);
}

static void *post_numbers(void *user)
{
    int thread = *(const int *)user;
    for (int i = 1; i <= MESSAGES_PER_THREAD; ++i) {
        struct number_message *number = malloc(sizeof(*number));
        *number = (struct number_message){{.run = run_number}, thread, i};
        tg_loop_post(loop, &number->message);
    }
    return NULL;
}

static bool has_received_all(void *unused)
{
    return received == (size_t)THREADS * MESSAGES_PER_THREAD;
}

static void messages_from_many_threads_all_arrive_in_each_threads_order(void **state)
{
    pthread_t threads[THREADS];
    int names[THREADS];
    received = 0;
    for (int i = 0; i < THREADS; ++i) {
        last_of_thread[i] = 0;
        names[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, post_numbers, &names[i]), 0);
    }
    loop_until(loop, has_received_all, NULL);
    for (int i = 0; i < THREADS; ++i)
        pthread_join(threads[i], NULL);
}

static void run_stop(struct tg_message *message)
{
    free(message);
    tg_loop_stop(loop);
}

static void *post_stop(void *unused)
{
    struct tg_message *message = malloc(sizeof(*message));
    message->run = run_stop;
    tg_loop_post(loop, message);
    return NULL;
}

static void a_message_wakes_a_loop_that_has_nothing_else_to_wait_for(void **state)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, post_stop, NULL), 0);
    tg_loop_run(loop);
    pthread_join(thread, NULL);
}

static void the_time_stands_still_within_a_turn_and_follows_the_clock(void **state)
{
    int64_t before_ms = tg_time_monotonic_ms();
    struct named_timer timer = {.timer.on_expire = on_expire, .name = 't'};
    tg_timer_start(loop, &timer.timer, 3);
    loop_until(loop, has_count, &(size_t){1});
    assert_true(tg_loop_now_ms(loop) >= before_ms + 3);
    assert_true(tg_loop_now_ms(loop) <= tg_time_monotonic_ms());
    int64_t difference_ms = tg_loop_now_unix_ms(loop) - tg_time_unix_ms();
    assert_in_range(difference_ms + 10000, 0, 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(timers_expire_in_order_of_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stopped_timer_does_not_expire_and_a_restarted_one_expires_once, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_thousand_timers_started_moved_and_stopped_at_random_expire_in_order, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(deferred_work_runs_once_however_often_it_is_queued, set_up, tear_down),
        cmocka_unit_test_setup_teardown(messages_from_many_threads_all_arrive_in_each_threads_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_message_wakes_a_loop_that_has_nothing_else_to_wait_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_time_stands_still_within_a_turn_and_follows_the_clock, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
