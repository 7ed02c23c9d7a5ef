/* The memory of exchanges, and what a worker's exchanges share. */
#include <assert.h>
#include <stdlib.h>

#include "common/crypto/random.h"
#include "common/crypto/secret.h"
#include "dataplane/exchange/host_internal.h"

enum {
    MAX_SPARE = 256,
    KEPT_OUTBOX_BYTES = 16 << 10, /* larger ones are given back */
    /* The outbox is bounded by what it may hold while the client is slow, and by the largest block of a stream. */
    MAX_OUTBOX_BYTES = 2 * TG_PASSAGE_BLOCK_BYTES + TG_EXCHANGE_WHOLE_ANSWER_BYTES,
    MAX_WRITTEN_BYTES = 64 << 20, /* a request's body is bounded, and other dialects need at most a little more */
};

/* xoshiro256** (Blackman, Vigna 2018). */
uint64_t tg_exchange_random(struct tg_exchange_host *host)
{
    uint64_t *s = host->random;
    uint64_t scrambled = s[1] * 5;
    uint64_t result = ((scrambled << 7) | (scrambled >> 57)) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 45) | (s[3] >> 19);
    return result;
}

void tg_snapshot_handle_release(struct tg_snapshot_handle *handle)
{
    if (handle == NULL || --handle->users != 0)
        return;
    tg_snapshot_unref(handle->snapshot);
    free(handle);
}

static void release_over(struct tg_deferred *deferred)
{
    struct tg_exchange_host *host =
        (struct tg_exchange_host *)(void *)((char *)deferred - offsetof(struct tg_exchange_host, release));
    while (host->over != NULL) {
        struct tg_exchange *exchange = host->over;
        host->over = exchange->next;
        if (host->spare_count == MAX_SPARE) {
            tg_buf_deinit(&exchange->outbox);
            tg_buf_deinit(&exchange->written);
            free(exchange);
        } else {
            exchange->next = host->spare;
            host->spare = exchange;
            ++host->spare_count;
        }
        --host->live_count;
    }
    if (host->live_count == 0 && host->on_idle != NULL)
        host->on_idle(host);
}

/* Ends waits for a budget whose deadline has passed, as long as any exchange of this host waits. */
static void on_wallet_timer(struct tg_timer *timer)
{
    struct tg_exchange_host *host =
        (struct tg_exchange_host *)(void *)((char *)timer - offsetof(struct tg_exchange_host, wallet_timer));
    if (host->waiting_count == 0)
        return;
    tg_wallet_expire(host->wallet, tg_loop_now_ms(host->loop));
    tg_timer_start(host->loop, &host->wallet_timer, TG_EXCHANGE_WALLET_TICK_MS);
}

void tg_exchange_host_init(struct tg_exchange_host *host)
{
    host->release.run = release_over;
    host->wallet_timer.on_expire = on_wallet_timer;
    host->anonymous_records = TG_EXCHANGE_ANONYMOUS_BURST;
    host->anonymous_refilled_at_ms = tg_loop_now_ms(host->loop);
    tg_random_bytes(host->random, sizeof(host->random));
    host->random[0] |= 1; /* the state must not be all zero */
}

void tg_exchange_host_deinit(struct tg_exchange_host *host)
{
    tg_secret_wipe(&host->signing_keys, sizeof(host->signing_keys));
    assert(host->live_count == 0 && host->over == NULL);
    tg_timer_stop(host->loop, &host->wallet_timer);
    while (host->spare != NULL) {
        struct tg_exchange *exchange = host->spare;
        host->spare = exchange->next;
        tg_buf_deinit(&exchange->outbox);
        tg_buf_deinit(&exchange->written);
        free(exchange);
    }
    host->spare_count = 0;
}

void tg_exchange_host_watch_waits(struct tg_exchange_host *host)
{
    if (host->wallet_timer.expires_at_ms == 0)
        tg_timer_start(host->loop, &host->wallet_timer, TG_EXCHANGE_WALLET_TICK_MS);
}

struct tg_exchange *exchange_host_give(struct tg_exchange_host *host)
{
    struct tg_exchange *exchange = host->spare;
    if (exchange != NULL) {
        host->spare = exchange->next;
        --host->spare_count;
    } else {
        exchange = malloc(sizeof(*exchange));
        if (exchange == NULL)
            abort();
        tg_buf_init(&exchange->outbox, MAX_OUTBOX_BYTES);
        tg_buf_init(&exchange->written, MAX_WRITTEN_BYTES);
        exchange->stream.kind = TG_STREAM_NONE;
    }
    memset(exchange, 0, offsetof(struct tg_exchange, reservation));
    exchange->linger = (struct tg_timer){0};
    ++host->live_count;
    tg_count(&host->counters->requests_begun, 1);
    return exchange;
}

void exchange_host_take_back(struct tg_exchange *exchange)
{
    struct tg_exchange_host *host = exchange->host;
    tg_snapshot_handle_release(exchange->snapshot);
    exchange->snapshot = NULL;
    tg_answer_stream_deinit(&exchange->stream);
    tg_buf_deinit(&exchange->written);
    exchange->outbox.bytes = 0;
    if (exchange->outbox.capacity > KEPT_OUTBOX_BYTES)
        tg_buf_deinit(&exchange->outbox);
    tg_count(&host->counters->requests_ended, 1);
    exchange->next = host->over;
    host->over = exchange;
    tg_loop_defer(host->loop, &host->release);
}
