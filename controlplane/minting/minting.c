#include "controlplane/minting/minting.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#include "common/base/time.h"
#include "common/log/log.h"
#include "common/wire/waker.h"
#include "controlplane/minting/expiry.h"
#include "controlplane/minting/work.h"
#include "controlplane/snapshot/change.h"

/* Should a notice be missed, what is due is seen by looking. Credentials whose endpoints hang do not hold up others. */
enum { LOOK_INTERVAL_MS = 15 * 1000, RETRY_MS = 1000, BUSY_INTERVAL_MS = 250, WORKERS = 4 };
enum { WARN_INTERVAL_MS = 24 * 3600 * 1000 }; /* of certificates that end soon; at once when there are more of them */

struct worker {
    tg_minting *owner;
    tg_db *db;
    struct tg_waker waker;
    pthread_t thread;
    bool is_started;
};

struct tg_minting {
    const tg_seal_ring *ring;
    char *token_dir;
    atomic_bool must_stop;
    struct worker workers[WORKERS];
    _Atomic int64_t minted, failed, failing, expiring;

    /* The scheduler's: it hears of changes, looks what is due, and wakes workers. */
    tg_db *db, *notices;
    struct tg_waker waker;
    pthread_t thread;
    bool is_started, is_listening, was_away;
    int64_t warned_at_ms; /* 0: not yet */
};

/* ---- workers ---- */

/* Everything that is due and that nobody else has. */
static enum tg_status work_off(struct worker *worker, struct tg_error *error)
{
    tg_minting *minting = worker->owner;
    struct tg_mint_worker tools = {worker->db, minting->ring, minting->token_dir, &minting->must_stop};
    bool is_taken = true;
    enum tg_status status = TG_OK;
    while (status == TG_OK && is_taken && !atomic_load(&minting->must_stop)) {
        struct tg_mint_claim claim;
        status = tg_mint_take(worker->db, &claim, &is_taken, error);
        if (status == TG_OK && is_taken)
            atomic_fetch_add(tg_mint_do(&tools, &claim) ? &minting->minted : &minting->failed, 1);
    }
    return status;
}

static void *run_worker(void *argument)
{
    struct worker *worker = argument;
    while (!atomic_load(&worker->owner->must_stop)) {
        (void)tg_waker_wait(&worker->waker, -1);
        struct tg_error error;
        if (work_off(worker, &error) != TG_OK) /* the scheduler wakes it again */
            tg_log(TG_LOG_WARNING, "minting_waits", tg_log_string("error", error.message));
    }
    return NULL;
}

/* ---- the scheduler ---- */

static enum tg_status look_at_certificates(tg_minting *minting, struct tg_error *error)
{
    int64_t count, now_ms = tg_time_monotonic_ms();
    enum tg_status status = tg_expiry_count(minting->db, &count, error);
    if (status != TG_OK)
        return status;
    bool are_more = count > atomic_exchange(&minting->expiring, count);
    if (count == 0 || (!are_more && now_ms - minting->warned_at_ms < WARN_INTERVAL_MS))
        return TG_OK;
    minting->warned_at_ms = now_ms;
    return tg_expiry_warn(minting->db, error);
}

/* Wakes as many workers as there is work. *wait_ms is how long nothing else will be due. */
static enum tg_status look(tg_minting *minting, int64_t *wait_ms, struct tg_error *error)
{
    struct tg_mint_state state;
    enum tg_status status = tg_mint_look(minting->db, &state, error);
    if (status != TG_OK)
        return status;
    atomic_store(&minting->failing, state.failing);
    for (int64_t i = 0; i < state.due && i < WORKERS; ++i)
        tg_waker_wake(&minting->workers[i].waker);
    *wait_ms = state.due > 0                         ? BUSY_INTERVAL_MS
               : state.next_in_ms < 0                ? LOOK_INTERVAL_MS
               : state.next_in_ms < LOOK_INTERVAL_MS ? state.next_in_ms + 1
                                                     : LOOK_INTERVAL_MS;
    return TG_OK;
}

static enum tg_status schedule_once(tg_minting *minting, struct tg_error *error)
{
    enum tg_status status = TG_OK;
    if (!minting->is_listening)
        status = tg_db_listen(minting->notices, TG_SNAPSHOT_CHANNEL, error);
    minting->is_listening = status == TG_OK;
    int64_t wait_ms = 0;
    if (status == TG_OK)
        status = look(minting, &wait_ms, error);
    if (status == TG_OK)
        status = look_at_certificates(minting, error);
    if (status != TG_OK)
        return status;
    minting->was_away = false;
    struct tg_db_notice notice;
    status = tg_db_wait_notice(minting->notices, wait_ms, minting->waker.fd, &notice, error);
    return status == TG_TIMEOUT ? TG_OK : status;
}

static void *run_scheduler(void *argument)
{
    tg_minting *minting = argument;
    while (!atomic_load(&minting->must_stop)) {
        struct tg_error error = {0};
        if (schedule_once(minting, &error) == TG_OK)
            continue;
        if (!minting->was_away)
            tg_log(TG_LOG_WARNING, "minting_waits", tg_log_string("error", error.message));
        minting->was_away = true;
        (void)tg_waker_wait(&minting->waker, RETRY_MS);
    }
    return NULL;
}

/* ---- the whole life ---- */

static enum tg_status start_thread(pthread_t *thread, void *(*body)(void *), void *argument, bool *is_started,
                                   struct tg_error *error)
{
    *is_started = pthread_create(thread, NULL, body, argument) == 0;
    return *is_started ? TG_OK : tg_fail(error, TG_EXHAUSTED, "cannot start a thread");
}

static enum tg_status start_all(tg_minting *minting, const struct tg_db_config *db, struct tg_error *error)
{
    enum tg_status status = tg_db_open(db, &minting->db, error);
    if (status == TG_OK)
        status = tg_db_open(db, &minting->notices, error);
    if (status == TG_OK)
        status = tg_waker_init(&minting->waker, error);
    for (size_t i = 0; i < WORKERS && status == TG_OK; ++i) {
        struct worker *worker = &minting->workers[i];
        status = tg_db_open(db, &worker->db, error);
        if (status == TG_OK)
            status = tg_waker_init(&worker->waker, error);
        if (status == TG_OK)
            status = start_thread(&worker->thread, run_worker, worker, &worker->is_started, error);
    }
    if (status == TG_OK)
        status = start_thread(&minting->thread, run_scheduler, minting, &minting->is_started, error);
    return status;
}

enum tg_status tg_minting_start(const struct tg_minting_config *config, tg_minting **minting, struct tg_error *error)
{
    tg_minting *made = calloc(1, sizeof(*made));
    if (made == NULL)
        abort();
    made->ring = config->seal_ring;
    made->token_dir = config->token_dir == NULL ? NULL : tg_text_strdup(tg_text_of(config->token_dir));
    made->waker.fd = -1;
    for (size_t i = 0; i < WORKERS; ++i) {
        made->workers[i].owner = made;
        made->workers[i].waker.fd = -1;
    }
    struct tg_db_config db = {.url = config->database_url, .application_name = "tollgate minting"};
    enum tg_status status = start_all(made, &db, error);
    if (status != TG_OK) {
        tg_minting_destroy(made);
        made = NULL;
    }
    *minting = made;
    return status;
}

static void join(pthread_t thread, bool is_started, struct tg_waker *waker)
{
    if (is_started) {
        tg_waker_wake(waker);
        pthread_join(thread, NULL);
    }
}

void tg_minting_destroy(tg_minting *minting)
{
    if (minting == NULL)
        return;
    atomic_store(&minting->must_stop, true);
    join(minting->thread, minting->is_started, &minting->waker); /* it wakes the others */
    for (size_t i = 0; i < WORKERS; ++i) {
        struct worker *worker = &minting->workers[i];
        join(worker->thread, worker->is_started, &worker->waker);
        if (worker->waker.fd >= 0)
            tg_waker_deinit(&worker->waker);
        tg_db_close(worker->db);
    }
    if (minting->waker.fd >= 0)
        tg_waker_deinit(&minting->waker);
    tg_db_close(minting->notices);
    tg_db_close(minting->db);
    free(minting->token_dir);
    free(minting);
}

enum tg_status tg_minting_render_metrics(const tg_minting *minting, struct tg_buf *out)
{
    return tg_buf_printf(out,
                         "# HELP tollgate_minting_exchanges_total Exchanges of credentials for short-lived tokens.\n"
                         "# TYPE tollgate_minting_exchanges_total counter\n"
                         "tollgate_minting_exchanges_total{outcome=\"minted\"} %" PRId64 "\n"
                         "tollgate_minting_exchanges_total{outcome=\"failed\"} %" PRId64 "\n"
                         "# HELP tollgate_minting_failing Credentials whose last exchange failed.\n"
                         "# TYPE tollgate_minting_failing gauge\n"
                         "tollgate_minting_failing %" PRId64 "\n"
                         "# HELP tollgate_client_certificates_expiring Client certificates of credentials that end "
                         "within 30 days, or have ended.\n"
                         "# TYPE tollgate_client_certificates_expiring gauge\n"
                         "tollgate_client_certificates_expiring %" PRId64 "\n",
                         atomic_load(&minting->minted), atomic_load(&minting->failed), atomic_load(&minting->failing),
                         atomic_load(&minting->expiring));
}
