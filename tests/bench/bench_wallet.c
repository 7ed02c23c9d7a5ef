/* Time of one reserve and settle over three accounts, uncontended and from as many threads as there are cores. Aim:
 * well under a microsecond together. Build with the release preset; prints nanoseconds per pair. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/time.h"
#include "dataplane/wallet/wallet.h"

enum { ACCOUNTS = 3, ROUNDS = 2000000, MAX_THREADS = 64 };

struct bench {
    tg_wallet *wallet;
    struct tg_wallet_demand demands[ACCOUNTS];
};

static void *run(void *user)
{
    struct bench *bench = user;
    struct tg_reservation reservation = {0};
    const int64_t amounts[ACCOUNTS] = {1, 1, 1};
    for (int64_t i = 0; i < ROUNDS; ++i) {
        int64_t now_ms = 1000 + i / 1000;
        if (tg_wallet_reserve(bench->wallet, now_ms, &reservation, bench->demands, ACCOUNTS, 1000) !=
            TG_WALLET_RESERVED)
            abort();
        tg_wallet_settle(bench->wallet, &reservation, amounts, now_ms);
    }
    return NULL;
}

static void measure(struct bench *bench, long threads)
{
    pthread_t ids[MAX_THREADS];
    int64_t began_ns = tg_time_monotonic_ns();
    for (long i = 0; i < threads; ++i) {
        if (pthread_create(&ids[i], NULL, run, bench) != 0)
            abort();
    }
    for (long i = 0; i < threads; ++i)
        pthread_join(ids[i], NULL);
    int64_t took_ns = tg_time_monotonic_ns() - began_ns;
    printf("%ld thread%s: %" PRId64 " ns of wall clock per reserve and settle over %d accounts\n", threads,
           threads == 1 ? "" : "s", took_ns / (threads * ROUNDS), ACCOUNTS);
}

int main(void)
{
    struct bench bench;
    struct tg_wallet_config config = {.max_waiters = 1000};
    bench.wallet = tg_wallet_create(&config);
    for (size_t i = 0; i < ACCOUNTS; ++i) {
        struct tg_wallet_budget budget = {
            .id = {{'b', (uint8_t)i}},
            .contention = i == 1 ? TG_BUDGET_CLAMP : TG_BUDGET_WAIT,
            .max_wait_ms = 10000,
            .clamp_floor_tokens = 16,
            .limit_amount = INT64_MAX,
        };
        bench.demands[i] = (struct tg_wallet_demand){
            .account = tg_wallet_intern(bench.wallet, &budget), .fixed = 1000, .per_output_token = 10};
    }
    /* One request in each account, granted amply, so that afterwards everything fits. */
    struct tg_reservation first = {.on_decided = NULL};
    tg_wallet_set_connected(bench.wallet, true, 1);
    for (size_t i = 0; i < ACCOUNTS; ++i) {
        struct tg_wallet_message message;
        int64_t next_at_ms;
        tg_wallet_reserve(bench.wallet, 1, &first, &bench.demands[i], 1, 1);
        if (!tg_wallet_next_message(bench.wallet, 1, &message, &next_at_ms))
            abort();
        tg_wallet_cancel(bench.wallet, &first, 1);
        struct tg_wallet_grant grant = {.request_number = message.number,
                                        .budget_id = message.budget_id,
                                        .lease_id = {{'l', (uint8_t)i}},
                                        .outcome = TG_LEASE_GRANTED,
                                        .amount = INT64_C(1) << 50,
                                        .limit_amount = INT64_C(1) << 60};
        tg_wallet_on_grant(bench.wallet, &grant, 1);
    }
    measure(&bench, 1);
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (cores > 1)
        measure(&bench, cores < MAX_THREADS ? cores : MAX_THREADS);
    tg_wallet_destroy(bench.wallet);
    return 0;
}
