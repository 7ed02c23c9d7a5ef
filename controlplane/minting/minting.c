#include "controlplane/minting/minting.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#include "common/log/log.h"
#include "common/wire/waker.h"
#include "controlplane/minting/work.h"
#include "controlplane/snapshot/change.h"

/* Should a notice be missed, what is due is seen by looking. */
enum { LOOK_INTERVAL_MS = 15 * 1000, RETRY_MS = 1000 };

struct tg_minting {
    tg_db *db, *notices;
    const tg_seal_ring *ring;
    char *token_dir;
    struct tg_waker waker;
    atomic_bool must_stop;
    bool is_started;
    pthread_t thread;
    bool is_listening, was_away; /* the thread's */
    _Atomic int64_t minted, failed, failing;
};

/* Everything that is due, one after the other. *wait_ms is how long nothing will be. */
static enum tg_status work_off(tg_minting *minting, int64_t *wait_ms, struct tg_error *error)
{
    struct tg_mint_worker worker = {minting->db, minting->ring, minting->token_dir, &minting->must_stop};
    struct tg_mint_state state = {0};
    enum tg_status status = tg_mint_look(minting->db, &state, error);
    while (status == TG_OK && state.has_due && state.due_in_ms <= 0 && !atomic_load(&minting->must_stop)) {
        struct tg_mint_claim claim;
        bool is_taken;
        status = tg_mint_take(minting->db, &claim, &is_taken, error);
        if (status == TG_OK && is_taken)
            atomic_fetch_add(tg_mint_do(&worker, &claim) ? &minting->minted : &minting->failed, 1);
        if (status == TG_OK)
            status = tg_mint_look(minting->db, &state, error);
        if (status == TG_OK && !is_taken)
            break; /* others have it */
    }
    atomic_store(&minting->failing, state.failing);
    *wait_ms = !state.has_due || state.due_in_ms > LOOK_INTERVAL_MS ? LOOK_INTERVAL_MS
               : state.due_in_ms < 1                                ? RETRY_MS
                                                                    : state.due_in_ms;
    return status;
}

static enum tg_status run_once(tg_minting *minting, struct tg_error *error)
{
    enum tg_status status = TG_OK;
    if (!minting->is_listening)
        status = tg_db_listen(minting->notices, TG_SNAPSHOT_CHANNEL, error);
    minting->is_listening = status == TG_OK;
    int64_t wait_ms = 0;
    if (status == TG_OK)
        status = work_off(minting, &wait_ms, error);
    if (status != TG_OK || atomic_load(&minting->must_stop))
        return status;
    minting->was_away = false;
    struct tg_db_notice notice;
    status = tg_db_wait_notice(minting->notices, wait_ms, minting->waker.fd, &notice, error);
    return status == TG_TIMEOUT ? TG_OK : status;
}

static void *run(void *argument)
{
    tg_minting *minting = argument;
    while (!atomic_load(&minting->must_stop)) {
        struct tg_error error = {0};
        if (run_once(minting, &error) == TG_OK)
            continue;
        if (!minting->was_away)
            tg_log(TG_LOG_WARNING, "minting_waits", tg_log_string("error", error.message));
        minting->was_away = true;
        (void)tg_waker_wait(&minting->waker, RETRY_MS);
    }
    return NULL;
}

enum tg_status tg_minting_start(const struct tg_minting_config *config, tg_minting **minting, struct tg_error *error)
{
    tg_minting *made = calloc(1, sizeof(*made));
    if (made == NULL)
        abort();
    made->ring = config->seal_ring;
    made->token_dir = config->token_dir == NULL ? NULL : tg_text_strdup(tg_text_of(config->token_dir));
    made->waker.fd = -1;
    struct tg_db_config db = {.url = config->database_url, .application_name = "tollgate minting"};
    enum tg_status status = tg_db_open(&db, &made->db, error);
    if (status == TG_OK)
        status = tg_db_open(&db, &made->notices, error);
    if (status == TG_OK)
        status = tg_waker_init(&made->waker, error);
    if (status == TG_OK && pthread_create(&made->thread, NULL, run, made) != 0)
        status = tg_fail(error, TG_EXHAUSTED, "cannot start a thread");
    made->is_started = status == TG_OK;
    if (status != TG_OK) {
        tg_minting_destroy(made);
        made = NULL;
    }
    *minting = made;
    return status;
}

void tg_minting_destroy(tg_minting *minting)
{
    if (minting == NULL)
        return;
    if (minting->is_started) {
        atomic_store(&minting->must_stop, true);
        tg_waker_wake(&minting->waker);
        pthread_join(minting->thread, NULL);
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
                         "tollgate_minting_failing %" PRId64 "\n",
                         atomic_load(&minting->minted), atomic_load(&minting->failed), atomic_load(&minting->failing));
}
