#include "dataplane/link/link.h"

#include <stdlib.h>

#include "common/base/time.h"
#include "common/crypto/random.h"
#include "common/log/log.h"
#include "dataplane/link/link_internal.h"

enum {
    BACKOFF_FIRST_MS = 100,
    BACKOFF_MAX_MS = 5000,
    STOPPING_ATTEMPTS = 3, /* failed one after the other */
    SAVE_INTERVAL_MS = 1000,
    TROUBLE_REPEAT_MS = 60000,
};

enum tg_status tg_link_create(const struct tg_link_config *config, tg_link **link, struct tg_error *error)
{
    *link = NULL;
    tg_link *made = calloc(1, sizeof(*made));
    if (made == NULL)
        abort();
    made->config = *config;
    enum tg_status status = tg_waker_init(&made->waker, error);
    if (status == TG_OK)
        status = tg_tls_client_create(config->ca_file, tg_text_of(""), config->certificate_file, config->key_file,
                                      &made->tls, error);
    if (status == TG_OK)
        status = tg_snapshot_disk_create(config->snapshot_file, config->key_file, config->replica, &made->disk, error);
    if (status != TG_OK) {
        tg_link_destroy(made);
        return status;
    }
    *link = made;
    return TG_OK;
}

void tg_link_wake_for_wallet(void *link)
{
    tg_waker_wake(&((tg_link *)link)->waker);
}

void tg_link_wake_for_records(void *link)
{
    atomic_store(&((tg_link *)link)->has_records, true);
    tg_waker_wake(&((tg_link *)link)->waker);
}

void tg_link_read_status(tg_link *link, struct tg_link_status *status)
{
    *status = (struct tg_link_status){
        .has_snapshot = atomic_load(&link->has_snapshot),
        .is_connected = atomic_load(&link->is_connected),
        .revision = atomic_load(&link->revision),
    };
}

/* ---- snapshots ---- */

void tg_link_publish(tg_link *link, tg_snapshot *snapshot)
{
    link->config.on_snapshot(link->config.user, snapshot);
    atomic_store(&link->revision, tg_snapshot_revision(snapshot));
    atomic_store(&link->has_snapshot, true);
}

static void load_from_disk(tg_link *link)
{
    tg_snapshot *snapshot;
    struct tg_error error;
    enum tg_status status =
        tg_snapshot_disk_load(link->disk, link->builder, tg_time_monotonic_ms(), &link->held_epoch, &snapshot, &error);
    if (status == TG_OK) {
        tg_log(TG_LOG_INFO, "snapshot_loaded", tg_log_number("revision", tg_snapshot_revision(snapshot)));
        tg_link_publish(link, snapshot);
        tg_snapshot_unref(snapshot);
        return;
    }
    link->held_epoch = (struct tg_id){{0}};
    if (status != TG_NOT_FOUND)
        tg_log(TG_LOG_WARNING, "snapshot_not_loaded", tg_log_string("error", error.message));
}

int64_t tg_link_save_if_due(tg_link *link, int64_t now_ms)
{
    if (!link->needs_saving)
        return INT64_MAX;
    int64_t due_ms = link->saved_at_ms + SAVE_INTERVAL_MS;
    if (now_ms < due_ms && link->saved_at_ms != 0)
        return due_ms;
    link->needs_saving = false;
    link->saved_at_ms = now_ms;
    struct tg_buf sealed;
    struct tg_error error;
    if (tg_snapshot_disk_seal(link->disk, link->builder, link->held_epoch, &sealed, &error) == TG_OK)
        tg_saver_put(link->saver, &sealed);
    else
        tg_log(TG_LOG_ERROR, "snapshot_not_saved", tg_log_string("error", error.message));
    tg_buf_deinit(&sealed);
    return INT64_MAX;
}

/* ---- the thread ---- */

bool tg_link_is_done(const tg_link *link, int64_t now_ms)
{
    return atomic_load(&link->is_stopping) && (link->is_boot_closed || now_ms >= atomic_load(&link->stop_deadline_ms));
}

/* The same trouble again is told once a minute. */
static void tell_trouble(tg_link *link, const struct tg_error *error, int64_t now_ms)
{
    if (strcmp(link->last_trouble, error->message) == 0 && now_ms - link->last_trouble_at_ms < TROUBLE_REPEAT_MS)
        return;
    memcpy(link->last_trouble, error->message, sizeof(link->last_trouble));
    link->last_trouble_at_ms = now_ms;
    tg_log(TG_LOG_WARNING, "stream_lost", tg_log_string("error", error->message),
           tg_log_number("serving_revision", tg_snapshot_builder_revision(link->builder)));
}

/* Full jitter: anything from nothing to a bound that doubles, so that replicas do not come back all at once. */
static int64_t draw_backoff_ms(int failures)
{
    int64_t bound_ms = BACKOFF_FIRST_MS;
    for (int i = 1; i < failures && bound_ms < BACKOFF_MAX_MS; ++i)
        bound_ms *= 2;
    if (bound_ms > BACKOFF_MAX_MS)
        bound_ms = BACKOFF_MAX_MS;
    uint32_t draw;
    tg_random_bytes(&draw, sizeof(draw));
    return 1 + (int64_t)(draw % (uint32_t)bound_ms);
}

/* A process that is to stop does not wait for a control plane that is away: the journal keeps what was not shipped. */
static bool has_given_up(const tg_link *link)
{
    return atomic_load(&link->is_stopping) && link->failures >= STOPPING_ATTEMPTS;
}

static void back_off(tg_link *link)
{
    int64_t now_ms = tg_time_monotonic_ms();
    int64_t until_ms = now_ms + draw_backoff_ms(++link->failures);
    while (now_ms < until_ms && !tg_link_is_done(link, now_ms) && !has_given_up(link)) {
        int64_t save_at_ms = tg_link_save_if_due(link, now_ms);
        int64_t next_ms = save_at_ms < until_ms ? save_at_ms : until_ms;
        if (atomic_load(&link->is_stopping) && atomic_load(&link->stop_deadline_ms) < next_ms)
            next_ms = atomic_load(&link->stop_deadline_ms);
        (void)tg_waker_wait(&link->waker, next_ms - now_ms); /* woken or not: look again */
        now_ms = tg_time_monotonic_ms();
    }
}

static void *run(void *user)
{
    tg_link *link = user;
    while (!tg_link_is_done(link, tg_time_monotonic_ms())) {
        struct tg_error error = {TG_OK, ""};
        if (tg_link_run_session(link, &error) == TG_OK)
            break;
        tell_trouble(link, &error, tg_time_monotonic_ms());
        back_off(link);
        if (has_given_up(link))
            break;
    }
    link->saved_at_ms = 0; /* the last snapshot is written whatever the clock says */
    (void)tg_link_save_if_due(link, tg_time_monotonic_ms());
    return NULL;
}

enum tg_status tg_link_start(tg_link *link, tg_wallet *wallet, tg_journal *journal, struct tg_error *error)
{
    link->wallet = wallet;
    link->journal = journal;
    link->builder = tg_snapshot_builder_create(wallet, 0);
    enum tg_status status = tg_saver_create(link->disk, &link->saver, error);
    if (status != TG_OK)
        return status;
    tg_link_init_shipments(link);
    load_from_disk(link);
    int failure = pthread_create(&link->thread, NULL, run, link);
    if (failure != 0)
        return tg_fail(error, TG_IO, "a thread for the stream: %s", strerror(failure));
    pthread_setname_np(link->thread, "tg-link");
    link->is_started = true;
    return TG_OK;
}

bool tg_link_stop(tg_link *link, int64_t grace_ms)
{
    if (!link->is_started)
        return false;
    atomic_store(&link->stop_deadline_ms, tg_time_monotonic_ms() + grace_ms);
    atomic_store(&link->is_stopping, true);
    tg_waker_wake(&link->waker);
    pthread_join(link->thread, NULL);
    link->is_started = false;
    return link->is_boot_closed;
}

void tg_link_destroy(tg_link *link)
{
    if (link == NULL)
        return;
    tg_saver_destroy(link->saver);
    tg_snapshot_builder_destroy(link->builder);
    tg_snapshot_disk_destroy(link->disk);
    tg_tls_context_destroy(link->tls);
    tg_waker_deinit(&link->waker);
    free(link->shipments);
    tg_buf_deinit(&link->batch);
    free(link);
}
