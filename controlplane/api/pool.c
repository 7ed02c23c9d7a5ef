#include <string.h>

#include "common/base/time.h"
#include "controlplane/api/server.h"

/* When the database answers nobody, who waits longer is told at once and not after another attempt. */
enum { MAX_QUEUED_MS = 10 * 1000 };

static struct tg_api_job *pop(struct tg_api_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    while (pool->first == NULL && !pool->is_stopping)
        pthread_cond_wait(&pool->filled, &pool->mutex);
    struct tg_api_job *job = pool->first;
    if (job != NULL) {
        pool->first = job->next;
        if (pool->first == NULL)
            pool->end = &pool->first;
        --pool->queued;
    }
    pthread_mutex_unlock(&pool->mutex);
    return job;
}

static void work(struct tg_api_pool *pool, tg_db *db)
{
    for (;;) {
        struct tg_api_job *job = pop(pool);
        if (job == NULL)
            return;
        if (tg_time_monotonic_ms() - job->queued_at_ms > MAX_QUEUED_MS)
            tg_refuse(&job->refusal, TG_REFUSAL_BUSY, "The request waited too long for its turn. Try again.");
        if (!atomic_load(&job->is_abandoned))
            tg_api_job_run(job, db);
        job->done.run = tg_api_on_done;
        tg_loop_post(pool->api->loop, &job->done);
    }
}

static void *run_worker(void *argument)
{
    struct tg_api_pool *pool = argument;
    pthread_mutex_lock(&pool->mutex);
    tg_db *db = pool->connections[pool->started++];
    pthread_mutex_unlock(&pool->mutex);
    work(pool, db);
    return NULL;
}

enum tg_status tg_api_pool_start(struct tg_api_pool *pool, tg_api *api, size_t workers, const char *database_url,
                                 struct tg_error *error)
{
    *pool = (struct tg_api_pool){.api = api, .max_queued = workers * TG_API_QUEUE_PER_WORKER};
    pool->end = &pool->first;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->filled, NULL);
    struct tg_db_config config = {.url = database_url, .application_name = "tollgate-controlplane api"};
    for (size_t i = 0; i < workers; ++i) {
        enum tg_status status = tg_db_open(&config, &pool->connections[i], error);
        if (status != TG_OK)
            return status;
        int problem = pthread_create(&pool->threads[i], NULL, run_worker, pool);
        if (problem != 0) {
            tg_db_close(pool->connections[i]);
            pool->connections[i] = NULL;
            return tg_fail(error, TG_EXHAUSTED, "cannot start a worker thread: %s", strerror(problem));
        }
        ++pool->count;
    }
    return TG_OK;
}

bool tg_api_pool_push(struct tg_api_pool *pool, struct tg_api_job *job)
{
    pthread_mutex_lock(&pool->mutex);
    bool has_room = pool->queued < pool->max_queued;
    if (has_room) {
        job->next = NULL;
        job->queued_at_ms = tg_time_monotonic_ms();
        *pool->end = job;
        pool->end = &job->next;
        ++pool->queued;
        pthread_cond_signal(&pool->filled);
    }
    pthread_mutex_unlock(&pool->mutex);
    return has_room;
}

size_t tg_api_pool_queued(struct tg_api_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    size_t queued = pool->queued;
    pthread_mutex_unlock(&pool->mutex);
    return queued;
}

void tg_api_pool_stop(struct tg_api_pool *pool)
{
    if (pool->api == NULL)
        return;
    pthread_mutex_lock(&pool->mutex);
    pool->is_stopping = true;
    pthread_cond_broadcast(&pool->filled);
    pthread_mutex_unlock(&pool->mutex);
    for (size_t i = 0; i < pool->count; ++i) {
        pthread_join(pool->threads[i], NULL);
        tg_db_close(pool->connections[i]);
    }
    pthread_cond_destroy(&pool->filled);
    pthread_mutex_destroy(&pool->mutex);
    pool->api = NULL;
}
