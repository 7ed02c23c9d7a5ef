#include "dataplane/link/saver.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/log/log.h"

struct tg_saver {
    const tg_snapshot_disk *disk;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wakes;
    struct tg_buf waiting; /* empty: nothing */
    bool is_ending;
};

static void write_one(const tg_saver *saver, struct tg_buf *sealed)
{
    struct tg_error error;
    if (tg_snapshot_disk_write(saver->disk, tg_buf_text(sealed), &error) != TG_OK)
        tg_log(TG_LOG_ERROR, "snapshot_not_saved", tg_log_string("error", error.message),
               tg_log_string("effect", "a restart without a control plane would serve an older one"));
    tg_buf_deinit(sealed);
}

static void *run(void *user)
{
    tg_saver *saver = user;
    pthread_mutex_lock(&saver->lock);
    while (!saver->is_ending || saver->waiting.bytes != 0) {
        if (saver->waiting.bytes == 0) {
            pthread_cond_wait(&saver->wakes, &saver->lock);
            continue;
        }
        struct tg_buf sealed = saver->waiting;
        tg_buf_init(&saver->waiting, 0);
        pthread_mutex_unlock(&saver->lock);
        write_one(saver, &sealed);
        pthread_mutex_lock(&saver->lock);
    }
    pthread_mutex_unlock(&saver->lock);
    return NULL;
}

enum tg_status tg_saver_create(const tg_snapshot_disk *disk, tg_saver **saver, struct tg_error *error)
{
    *saver = NULL;
    tg_saver *made = calloc(1, sizeof(*made));
    if (made == NULL)
        abort();
    made->disk = disk;
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->wakes, NULL);
    int failure = pthread_create(&made->thread, NULL, run, made);
    if (failure != 0) {
        free(made);
        return tg_fail(error, TG_IO, "a thread for saving snapshots: %s", strerror(failure));
    }
    pthread_setname_np(made->thread, "tg-saver");
    *saver = made;
    return TG_OK;
}

void tg_saver_put(tg_saver *saver, struct tg_buf *sealed)
{
    pthread_mutex_lock(&saver->lock);
    tg_buf_deinit(&saver->waiting);
    saver->waiting = *sealed;
    tg_buf_init(sealed, sealed->max_bytes);
    pthread_cond_signal(&saver->wakes);
    pthread_mutex_unlock(&saver->lock);
}

void tg_saver_destroy(tg_saver *saver)
{
    if (saver == NULL)
        return;
    pthread_mutex_lock(&saver->lock);
    saver->is_ending = true;
    pthread_cond_signal(&saver->wakes);
    pthread_mutex_unlock(&saver->lock);
    pthread_join(saver->thread, NULL);
    pthread_cond_destroy(&saver->wakes);
    pthread_mutex_destroy(&saver->lock);
    free(saver);
}
