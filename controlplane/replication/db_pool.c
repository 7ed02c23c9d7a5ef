#include "controlplane/replication/db_pool.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/time.h"

struct tg_db_pool {
    pthread_mutex_t mutex;
    pthread_cond_t freed;
    size_t count, free_count;
    tg_db **free; /* the last used first: its caches are warm */
};

enum tg_status tg_db_pool_create(const struct tg_db_config *config, size_t count, tg_db_pool **pool,
                                 struct tg_error *error)
{
    tg_db_pool *made = calloc(1, sizeof(*made));
    tg_db **list = calloc(count, sizeof(*list));
    if (made == NULL || list == NULL)
        abort();
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&made->freed, &clock);
    pthread_condattr_destroy(&clock);
    pthread_mutex_init(&made->mutex, NULL);
    made->free = list;
    *pool = NULL;
    for (; made->count < count; ++made->count, ++made->free_count) {
        enum tg_status status = tg_db_open(config, &list[made->count], error);
        if (status != TG_OK) {
            tg_db_pool_destroy(made);
            return status;
        }
    }
    *pool = made;
    return TG_OK;
}

void tg_db_pool_destroy(tg_db_pool *pool)
{
    if (pool == NULL)
        return;
    assert(pool->free_count == pool->count);
    for (size_t i = 0; i < pool->count; ++i)
        tg_db_close(pool->free[i]);
    free(pool->free);
    pthread_cond_destroy(&pool->freed);
    pthread_mutex_destroy(&pool->mutex);
    free(pool);
}

enum tg_status tg_db_pool_take(tg_db_pool *pool, int64_t timeout_ms, tg_db **db, struct tg_error *error)
{
    int64_t deadline_ns = tg_time_monotonic_ns() + timeout_ms * 1000000;
    struct timespec deadline = {.tv_sec = deadline_ns / 1000000000, .tv_nsec = deadline_ns % 1000000000};
    enum tg_status status = TG_OK;
    pthread_mutex_lock(&pool->mutex);
    while (pool->free_count == 0 && status == TG_OK)
        if (pthread_cond_timedwait(&pool->freed, &pool->mutex, &deadline) == ETIMEDOUT && pool->free_count == 0)
            status = tg_fail(error, TG_TIMEOUT, "no database connection became free");
    if (status == TG_OK)
        *db = pool->free[--pool->free_count];
    pthread_mutex_unlock(&pool->mutex);
    return status;
}

void tg_db_pool_put(tg_db_pool *pool, tg_db *db)
{
    pthread_mutex_lock(&pool->mutex);
    pool->free[pool->free_count++] = db;
    pthread_cond_signal(&pool->freed);
    pthread_mutex_unlock(&pool->mutex);
}
