/* Internal to the room: the two threads' worlds and what they share. */
#ifndef TG_API_SERVER_H
#define TG_API_SERVER_H

#include "controlplane/api/api.h"
#include "controlplane/api/job.h"
#include "controlplane/api/metrics.h"

enum { TG_API_MAX_WORKERS = 64, TG_API_QUEUE_PER_WORKER = 16 };

struct tg_api_pool {
    tg_api *api;
    pthread_t threads[TG_API_MAX_WORKERS];
    tg_db *connections[TG_API_MAX_WORKERS];
    size_t count;
    size_t started;
    pthread_mutex_t mutex;
    pthread_cond_t filled;
    /* guarded by mutex */
    struct tg_api_job *first, **end;
    size_t queued, max_queued;
    bool is_stopping;
};

struct tg_api {
    tg_loop *loop;
    tg_http_server *http;
    struct tg_http_body_gauge bodies;
    struct tg_authenticator authenticator;
    const tg_seal_ring *seal_ring;
    enum tg_status (*write_metrics)(void *user, struct tg_buf *out);
    void *user;
    struct tg_api_pool pool;
    _Atomic size_t downloads; /* workers that stream to a client */
    struct tg_api_metrics metrics;
    size_t job_count; /* jobs that exist; the loop's thread only */
    struct tg_timer stop_timer;
    struct tg_deferred stop_step;
    bool is_stopping, is_drained;
    void (*on_stopped)(void *user);
    void *on_stopped_user;
};

extern const struct tg_route tg_api_routes[];
extern const size_t tg_api_route_count;

enum tg_status tg_api_pool_start(struct tg_api_pool *pool, tg_api *api, size_t workers, const char *database_url,
                                 struct tg_error *error) TG_MUST_CHECK;
/* False if the queue is full. */
bool tg_api_pool_push(struct tg_api_pool *pool, struct tg_api_job *job);
size_t tg_api_pool_queued(struct tg_api_pool *pool);
/* Waits for the threads. The queue is empty. */
void tg_api_pool_stop(struct tg_api_pool *pool);

/* The worker has let go of the job: runs on the loop. */
void tg_api_on_done(struct tg_message *message);
void tg_api_on_piece(struct tg_message *message);

#endif
