/* Workers and the link's thread at the same time; meant for ThreadSanitizer, and for lost wake-ups anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/base/time.h"
#include "dataplane/wallet/wallet.h"

enum { WORKERS = 3, CALLS = 4000, BUDGETS = 3, LIMIT = 1000000 };

struct yard {
    tg_wallet *wallet;
    tg_wallet_account *accounts[BUDGETS];
    pthread_mutex_t mutex;
    pthread_cond_t looks;
    bool is_message_due, is_done;
    int64_t lent[BUDGETS]; /* the link's thread only */
    _Atomic int64_t spent[BUDGETS];
    _Atomic int64_t served;
};

/* A call with the means to wait for its decision. */
struct waiting_call {
    struct tg_reservation reservation;
    pthread_mutex_t mutex;
    pthread_cond_t decided;
    bool is_decided;
};

static void on_message(void *user)
{
    struct yard *yard = user;
    pthread_mutex_lock(&yard->mutex);
    yard->is_message_due = true;
    pthread_cond_signal(&yard->looks);
    pthread_mutex_unlock(&yard->mutex);
}

static void on_decided(struct tg_reservation *reservation)
{
    struct waiting_call *call = (struct waiting_call *)reservation;
    pthread_mutex_lock(&call->mutex);
    call->is_decided = true;
    pthread_cond_signal(&call->decided);
    pthread_mutex_unlock(&call->mutex);
}

static void wait_for_decision(struct waiting_call *call)
{
    pthread_mutex_lock(&call->mutex);
    while (!call->is_decided)
        pthread_cond_wait(&call->decided, &call->mutex);
    pthread_mutex_unlock(&call->mutex);
}

/* A control plane that lends as long as there is anything, and takes back. */
static void answer(struct yard *yard, const struct tg_wallet_message *message, int64_t now_ms)
{
    size_t index = message->budget_id.octets[1];
    if (message->kind == TG_WALLET_RETURN) {
        yard->lent[index] -= message->amount;
        tg_wallet_on_return_ack(yard->wallet, message->lease_id, message->number, now_ms);
        return;
    }
    int64_t left = LIMIT - yard->lent[index];
    struct tg_wallet_grant grant = {
        .request_number = message->number,
        .budget_id = message->budget_id,
        .lease_id = {{'l', (uint8_t)index}},
        .outcome = left < message->minimum || left == 0 ? TG_LEASE_BUSY : TG_LEASE_GRANTED,
        .amount = message->wanted < left ? message->wanted : left,
        .limit_amount = LIMIT,
        .leased = yard->lent[index],
        .retry_after_ms = 1,
    };
    if (grant.outcome == TG_LEASE_GRANTED)
        yard->lent[index] += grant.amount;
    tg_wallet_on_grant(yard->wallet, &grant, now_ms);
}

static void *run_link(void *user)
{
    struct yard *yard = user;
    for (int turn = 0;; ++turn) {
        struct tg_wallet_message message;
        int64_t next_at_ms, now_ms = tg_time_monotonic_ms();
        while (tg_wallet_next_message(yard->wallet, now_ms, &message, &next_at_ms))
            answer(yard, &message, now_ms);
        tg_wallet_expire(yard->wallet, now_ms);
        if (turn % 16 == 0)
            tg_wallet_on_recall(yard->wallet, (struct tg_id){{'b', (uint8_t)(turn / 16 % BUDGETS)}}, now_ms);
        if (turn % 100 == 99) {
            tg_wallet_set_connected(yard->wallet, false, now_ms);
            tg_wallet_set_connected(yard->wallet, true, now_ms);
        }
        int64_t until_ns = tg_time_monotonic_ns() + 1000000;
        struct timespec until = {.tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000};
        pthread_mutex_lock(&yard->mutex);
        bool is_done = yard->is_done;
        if (!yard->is_message_due && !is_done)
            pthread_cond_timedwait(&yard->looks, &yard->mutex, &until);
        yard->is_message_due = false;
        pthread_mutex_unlock(&yard->mutex);
        if (is_done)
            return NULL;
    }
}

static void run_call(struct yard *yard, struct waiting_call *call, uint64_t dice)
{
    struct tg_wallet_demand demands[BUDGETS];
    size_t count = 0;
    for (size_t i = 0; i < BUDGETS; ++i) {
        if (i == 0 || (dice >> i & 1) != 0)
            demands[count++] = (struct tg_wallet_demand){
                .account = yard->accounts[i], .fixed = 10, .per_output_token = 1 + (int64_t)(dice >> 8 & 3)};
    }
    call->is_decided = false;
    int64_t wanted = (int64_t)(dice >> 16 & 0x1ffff);
    enum tg_wallet_answer answer =
        tg_wallet_reserve(yard->wallet, tg_time_monotonic_ms(), &call->reservation, demands, count, wanted);
    if (answer == TG_WALLET_WAITING) {
        bool leaves = (dice >> 40 & 15) == 0;
        if (leaves && tg_wallet_cancel(yard->wallet, &call->reservation, tg_time_monotonic_ms()))
            return;
        wait_for_decision(call);
        answer = tg_wallet_answer_of(yard->wallet, &call->reservation);
    }
    if (answer == TG_WALLET_WAITING)
        abort(); /* cmocka's assertions are for the main thread */
    if (answer != TG_WALLET_RESERVED)
        return;
    int64_t amounts[TG_WALLET_MAX_LINES];
    for (size_t i = 0; i < call->reservation.line_count; ++i) {
        amounts[i] = (int64_t)(dice >> 48 & 7);
        yard->spent[demands[i].account == yard->accounts[0]   ? 0
                    : demands[i].account == yard->accounts[1] ? 1
                                                              : 2] += amounts[i];
    }
    tg_wallet_settle(yard->wallet, &call->reservation, amounts, tg_time_monotonic_ms());
    ++yard->served;
}

struct worker {
    struct yard *yard;
    uint64_t random;
};

static void *run_worker(void *user)
{
    struct worker *worker = user;
    struct waiting_call call = {.reservation.on_decided = on_decided};
    pthread_mutex_init(&call.mutex, NULL);
    pthread_cond_init(&call.decided, NULL);
    for (int i = 0; i < CALLS; ++i) {
        worker->random = worker->random * 6364136223846793005u + 1442695040888963407u;
        run_call(worker->yard, &call, worker->random ^ (worker->random >> 29));
    }
    pthread_cond_destroy(&call.decided);
    pthread_mutex_destroy(&call.mutex);
    return NULL;
}

static void workers_and_the_link_share_the_wallet_without_losing_anything(void **state)
{
    struct yard yard = {0};
    struct tg_wallet_config config = {.user = &yard, .on_message = on_message, .max_waiters = 100};
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&yard.mutex, NULL);
    pthread_cond_init(&yard.looks, &monotonic);
    yard.wallet = tg_wallet_create(&config);
    for (size_t i = 0; i < BUDGETS; ++i) {
        struct tg_wallet_budget budget = {
            .id = {{'b', (uint8_t)i}},
            .contention = i == 1 ? TG_BUDGET_CLAMP : TG_BUDGET_WAIT,
            .max_wait_ms = 60000,
            .clamp_floor_tokens = 1,
            .limit_amount = LIMIT,
        };
        yard.accounts[i] = tg_wallet_intern(yard.wallet, &budget);
    }
    tg_wallet_set_connected(yard.wallet, true, tg_time_monotonic_ms());
    pthread_t link, threads[WORKERS];
    struct worker workers[WORKERS];
    assert_int_equal(pthread_create(&link, NULL, run_link, &yard), 0);
    for (size_t i = 0; i < WORKERS; ++i) {
        workers[i] = (struct worker){.yard = &yard, .random = i + 1};
        assert_int_equal(pthread_create(&threads[i], NULL, run_worker, &workers[i]), 0);
    }
    for (size_t i = 0; i < WORKERS; ++i)
        pthread_join(threads[i], NULL);
    pthread_mutex_lock(&yard.mutex);
    yard.is_done = true;
    pthread_cond_signal(&yard.looks);
    pthread_mutex_unlock(&yard.mutex);
    pthread_join(link, NULL);

    assert_true(yard.served > WORKERS * CALLS / 2);
    /* What was lent and not spent comes back to the last unit. */
    tg_wallet_set_connected(yard.wallet, false, tg_time_monotonic_ms());
    tg_wallet_set_connected(yard.wallet, true, tg_time_monotonic_ms());
    tg_wallet_return_all(yard.wallet, tg_time_monotonic_ms());
    struct tg_wallet_message message;
    int64_t next_at_ms;
    while (tg_wallet_next_message(yard.wallet, tg_time_monotonic_ms(), &message, &next_at_ms))
        answer(&yard, &message, tg_time_monotonic_ms());
    for (size_t i = 0; i < BUDGETS; ++i)
        assert_int_equal(yard.lent[i], yard.spent[i]);
    tg_wallet_destroy(yard.wallet);
    pthread_cond_destroy(&yard.looks);
    pthread_mutex_destroy(&yard.mutex);
    pthread_condattr_destroy(&monotonic);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_and_the_link_share_the_wallet_without_losing_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
