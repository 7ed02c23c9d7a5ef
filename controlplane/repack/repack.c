#include "controlplane/repack/repack.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/crypto/digest.h"
#include "common/log/log.h"
#include "common/wire/waker.h"
#include "controlplane/registry/registry.h"
#include "controlplane/repack/organization_internal.h"

/* Count it up when a pack() of any type writes something else for the same row, within a version of the program. */
enum { PACKING = 1 };

enum { RETRY_MS = 1000 };

struct tg_repack {
    struct tg_repack_config config;
    tg_db *db; /* holds the instance's advisory lock until it is closed */
    struct tg_waker waker;
    atomic_bool must_stop;
    pthread_t thread;
    bool is_started, was_away;
    uint8_t packing[TG_SHA256_BYTES];
};

/* What resources are packed by. */
static void digest_packing(uint8_t packing[TG_SHA256_BYTES])
{
    uint8_t number = PACKING;
    struct tg_sha256_state state;
    tg_sha256_init(&state);
    tg_sha256_update(&state, &number, sizeof(number));
    tg_sha256_update(&state, tg_registry_digest(), TG_REGISTRY_DIGEST_BYTES);
    tg_sha256_update(&state, TG_VERSION, strlen(TG_VERSION));
    tg_sha256_finish(&state, packing);
    tg_sha256_deinit(&state);
}

static enum tg_status is_current(tg_repack *repack, bool *is, struct tg_error *error)
{
    tg_db *db = repack->db;
    TG_DB_SCOPE tg_db *scope = db;
    TG_DB_RESULT tg_db_result *row = NULL;
    enum tg_status status = tg_db_begin(db, TG_DB_PLATFORM, NULL, error);
    if (status == TG_OK)
        status = tg_db_query(db, "SELECT packing FROM config_state", NULL, 0, &row, error);
    if (status == TG_OK && tg_db_rows(row) != 1)
        status = tg_fail(error, TG_CORRUPT, "the table config_state has lost its row");
    if (status == TG_OK)
        *is = tg_text_equals(tg_db_get_bytes(row, 0, 0), tg_text((const char *)repack->packing, TG_SHA256_BYTES));
    return status;
}

/* One instance at a time. The lock goes with the connection. */
static enum tg_status lock(tg_repack *repack, bool *is_ours, struct tg_error *error)
{
    TG_DB_RESULT tg_db_result *answer = NULL;
    enum tg_status status =
        tg_db_query(repack->db, "SELECT pg_try_advisory_lock(hashtext('tollgate.repack'))", NULL, 0, &answer, error);
    if (status == TG_OK)
        *is_ours = tg_db_get_bool(answer, 0, 0);
    return status;
}

static enum tg_status list_organizations(tg_repack *repack, tg_db_result **organizations, struct tg_error *error)
{
    tg_db *db = repack->db;
    TG_DB_SCOPE tg_db *scope = db;
    enum tg_status status = tg_db_begin(db, TG_DB_PLATFORM, NULL, error);
    if (status == TG_OK)
        status = tg_db_query(db, "SELECT id FROM organizations WHERE deleted_at IS NULL ORDER BY id", NULL, 0,
                             organizations, error);
    return status;
}

static enum tg_status note_packing(tg_repack *repack, struct tg_error *error)
{
    tg_db *db = repack->db;
    TG_DB_SCOPE tg_db *scope = db;
    struct tg_db_value params[] = {tg_db_bytes(repack->packing, sizeof(repack->packing))};
    enum tg_status status = tg_db_begin(db, TG_DB_PLATFORM, NULL, error);
    if (status == TG_OK)
        status = tg_db_query(db, "UPDATE config_state SET packing = $1", params, 1, NULL, error);
    return status == TG_OK ? tg_db_commit(db, error) : status;
}

/* Organizations that are made meanwhile are packed by whoever makes them. */
static enum tg_status repack_all(tg_repack *repack, struct tg_error *error)
{
    int64_t resources = 0;
    TG_DB_RESULT tg_db_result *organizations = NULL;
    enum tg_status status = list_organizations(repack, &organizations, error);
    for (size_t i = 0; status == TG_OK && i < tg_db_rows(organizations); ++i) {
        int64_t count;
        if (atomic_load(&repack->must_stop))
            return TG_OK;
        status = tg_repack_organization(&repack->config, repack->db, tg_db_get_id(organizations, i, 0), &count, error);
        resources += count;
    }
    if (status == TG_OK)
        status = note_packing(repack, error);
    if (status == TG_OK)
        tg_log(TG_LOG_INFO, "repack_done", tg_log_number("organizations", (int64_t)tg_db_rows(organizations)),
               tg_log_number("resources", resources));
    return status;
}

/* *is_done: there is nothing left to do; else another instance is at it. */
static enum tg_status work(tg_repack *repack, bool *is_done, struct tg_error *error)
{
    bool is_ours = false;
    enum tg_status status = is_current(repack, is_done, error);
    if (status == TG_OK && !*is_done)
        status = lock(repack, &is_ours, error);
    if (status != TG_OK || *is_done || !is_ours)
        return status;
    status = is_current(repack, is_done, error); /* who had the lock before may have done it */
    if (status == TG_OK && !*is_done)
        status = repack_all(repack, error);
    *is_done = status == TG_OK;
    return status;
}

static void *run(void *argument)
{
    tg_repack *repack = argument;
    bool is_done = false;
    while (!is_done && !atomic_load(&repack->must_stop)) {
        struct tg_error error = {0};
        enum tg_status status = work(repack, &is_done, &error);
        if (status != TG_OK && !repack->was_away)
            tg_log(TG_LOG_WARNING, "repack_waits", tg_log_string("error", error.message));
        repack->was_away = status != TG_OK;
        is_done = is_done && status == TG_OK;
        if (!is_done)
            (void)tg_waker_wait(&repack->waker, RETRY_MS);
    }
    tg_db_close(repack->db); /* the lock is not kept for the life of the process */
    repack->db = NULL;
    return NULL;
}

/* ---- the whole life ---- */

enum tg_status tg_repack_start(const struct tg_repack_config *config, tg_repack **repack, struct tg_error *error)
{
    tg_repack *made = calloc(1, sizeof(*made));
    if (made == NULL)
        abort();
    made->config = *config;
    made->waker.fd = -1;
    digest_packing(made->packing);
    struct tg_db_config db = {.url = config->database_url, .application_name = "tollgate-controlplane repack"};
    enum tg_status status = tg_db_open(&db, &made->db, error);
    if (status == TG_OK)
        status = tg_waker_init(&made->waker, error);
    if (status == TG_OK) {
        made->is_started = pthread_create(&made->thread, NULL, run, made) == 0;
        status = made->is_started ? TG_OK : tg_fail(error, TG_EXHAUSTED, "cannot start a thread");
    }
    if (status != TG_OK) {
        tg_repack_destroy(made);
        made = NULL;
    }
    *repack = made;
    return status;
}

void tg_repack_destroy(tg_repack *repack)
{
    if (repack == NULL)
        return;
    atomic_store(&repack->must_stop, true);
    if (repack->is_started) {
        tg_waker_wake(&repack->waker);
        pthread_join(repack->thread, NULL);
    }
    if (repack->waker.fd >= 0)
        tg_waker_deinit(&repack->waker);
    tg_db_close(repack->db);
    free(repack);
}
