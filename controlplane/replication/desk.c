#include "controlplane/replication/desk.h"

#include <assert.h>
#include <stdlib.h>

#include "common/wire/pack.h"

struct desk_thread {
    tg_desk *desk;
    tg_db *db;
    pthread_t thread;
    bool is_started;
};

struct tg_desk {
    pthread_mutex_t mutex;   /* of everything below and of every lane */
    pthread_cond_t has_work; /* for the threads */
    pthread_cond_t is_done;  /* for lanes that are being left */
    bool is_stopping;
    struct tg_lane *first, **last; /* lanes with work that nobody works on */
    tg_ledger *ledger;
    struct tg_replication_stats *stats;
    size_t thread_count;
    struct desk_thread threads[];
};

enum tg_status tg_desk_create(const struct tg_db_config *database, size_t threads, struct tg_replication_stats *stats,
                              tg_desk **desk, struct tg_error *error)
{
    *desk = NULL;
    tg_desk *made = calloc(1, sizeof(*made) + threads * sizeof(made->threads[0]));
    if (made == NULL)
        abort();
    pthread_mutex_init(&made->mutex, NULL);
    pthread_cond_init(&made->has_work, NULL);
    pthread_cond_init(&made->is_done, NULL);
    made->last = &made->first;
    made->ledger = tg_ledger_create();
    made->stats = stats;
    for (; made->thread_count < threads; ++made->thread_count) {
        made->threads[made->thread_count].desk = made;
        enum tg_status status = tg_db_open(database, &made->threads[made->thread_count].db, error);
        if (status != TG_OK) {
            tg_desk_destroy(made);
            return status;
        }
    }
    *desk = made;
    return TG_OK;
}

void tg_desk_destroy(tg_desk *desk)
{
    if (desk == NULL)
        return;
    assert(desk->first == NULL);
    pthread_mutex_lock(&desk->mutex);
    desk->is_stopping = true;
    pthread_cond_broadcast(&desk->has_work);
    pthread_mutex_unlock(&desk->mutex);
    for (size_t i = 0; i < desk->thread_count; ++i) {
        if (desk->threads[i].is_started)
            pthread_join(desk->threads[i].thread, NULL);
        tg_db_close(desk->threads[i].db);
    }
    tg_ledger_destroy(desk->ledger);
    pthread_cond_destroy(&desk->is_done);
    pthread_cond_destroy(&desk->has_work);
    pthread_mutex_destroy(&desk->mutex);
    free(desk);
}

/* ---- the work ---- */

static void book(tg_desk *desk, tg_db *db, const char *replica, const Tollgate__V1__UsageBatch *batch,
                 struct tg_desk_result *result)
{
    struct tg_ledger_receipt receipt;
    result->kind = TG_DESK_BOOKED;
    result->status = tg_wire_id(batch->boot_id, &result->boot_id)
                         ? tg_ledger_book(desk->ledger, db, replica, batch, &receipt, &result->error)
                         : tg_fail(&result->error, TG_INVALID, "a usage batch without a boot_id");
    if (result->status != TG_OK)
        return;
    result->through_sequence = receipt.through_sequence;
    tg_stat_add(desk->stats, TG_STAT_USAGE_BATCHES, 1);
    tg_stat_add(desk->stats, TG_STAT_USAGE_BOOKED, (int64_t)receipt.booked);
    tg_stat_add(desk->stats, TG_STAT_USAGE_REPEATED, (int64_t)receipt.repeated);
    tg_stat_add(desk->stats, TG_STAT_USAGE_REJECTED, (int64_t)receipt.rejected);
    tg_stat_add(desk->stats, TG_STAT_USAGE_MISSING, receipt.missing);
    tg_stat_add(desk->stats, TG_STAT_USAGE_UNCOVERED, (int64_t)receipt.uncovered_accounts);
}

static void close_boot(tg_db *db, const char *replica, const Tollgate__V1__BootClosed *closed,
                       struct tg_desk_result *result)
{
    result->kind = TG_DESK_CLOSED;
    result->status = tg_wire_id(closed->boot_id, &result->boot_id)
                         ? tg_ledger_close_boot(db, replica, result->boot_id, closed->last_sequence, &result->error)
                         : tg_fail(&result->error, TG_INVALID, "a closed boot without a boot_id");
}

static void append_lane(tg_desk *desk, struct tg_lane *lane)
{
    lane->next = NULL;
    lane->is_queued = true;
    *desk->last = lane;
    desk->last = &lane->next;
}

static void drop_jobs(struct tg_lane *lane)
{
    for (; lane->job_count > 0; --lane->job_count, lane->first_job = (lane->first_job + 1) % TG_LANE_DEPTH)
        tg_wire_free(lane->jobs[lane->first_job]);
}

/* One job of the lane that has waited longest; the mutex is held on entry and exit. */
static void work(tg_desk *desk, tg_db *db)
{
    struct tg_lane *lane = desk->first;
    desk->first = lane->next;
    if (desk->first == NULL)
        desk->last = &desk->first;
    lane->is_queued = false;
    lane->is_busy = true;
    Tollgate__V1__ReplicaFrame *job = lane->jobs[lane->first_job];
    pthread_mutex_unlock(&desk->mutex);

    struct tg_desk_result result = {.status = TG_OK};
    if (job->kind_case == TOLLGATE__V1__REPLICA_FRAME__KIND_USAGE_BATCH)
        book(desk, db, lane->replica, job->usage_batch, &result);
    else
        close_boot(db, lane->replica, job->boot_closed, &result);
    tg_wire_free(job);

    pthread_mutex_lock(&desk->mutex);
    lane->is_busy = false;
    lane->first_job = (lane->first_job + 1) % TG_LANE_DEPTH;
    --lane->job_count;
    lane->is_broken = result.kind == TG_DESK_BOOKED && result.status != TG_OK;
    if (lane->is_broken)
        drop_jobs(lane);
    lane->results[(lane->first_result + lane->result_count++) % TG_LANE_DEPTH] = result;
    if (lane->job_count > 0)
        append_lane(desk, lane);
    tg_waker_wake(lane->waker);
    pthread_cond_broadcast(&desk->is_done);
}

static void *run(void *argument)
{
    struct desk_thread *self = argument;
    tg_desk *desk = self->desk;
    pthread_mutex_lock(&desk->mutex);
    for (;;) {
        while (desk->first == NULL && !desk->is_stopping)
            pthread_cond_wait(&desk->has_work, &desk->mutex);
        if (desk->is_stopping)
            break;
        work(desk, self->db);
    }
    pthread_mutex_unlock(&desk->mutex);
    return NULL;
}

enum tg_status tg_desk_start(tg_desk *desk, struct tg_error *error)
{
    for (size_t i = 0; i < desk->thread_count; ++i) {
        int reason = pthread_create(&desk->threads[i].thread, NULL, run, &desk->threads[i]);
        if (reason != 0)
            return tg_fail(error, TG_IO, "no thread for bookings: %s", strerror(reason));
        desk->threads[i].is_started = true;
    }
    return TG_OK;
}

/* ---- lanes ---- */

void tg_lane_enter(struct tg_lane *lane, tg_desk *desk, const char *replica, struct tg_waker *waker)
{
    *lane = (struct tg_lane){.desk = desk, .replica = replica, .waker = waker};
}

static void unlink_lane(tg_desk *desk, struct tg_lane *lane)
{
    struct tg_lane **at = &desk->first;
    while (*at != lane)
        at = &(*at)->next;
    *at = lane->next;
    if (desk->last == &lane->next)
        desk->last = at;
    lane->is_queued = false;
}

void tg_lane_leave(struct tg_lane *lane)
{
    tg_desk *desk = lane->desk;
    if (desk == NULL)
        return;
    pthread_mutex_lock(&desk->mutex);
    while (lane->is_busy)
        pthread_cond_wait(&desk->is_done, &desk->mutex);
    if (lane->is_queued)
        unlink_lane(desk, lane);
    drop_jobs(lane);
    lane->desk = NULL;
    pthread_mutex_unlock(&desk->mutex);
}

bool tg_lane_is_full(struct tg_lane *lane)
{
    pthread_mutex_lock(&lane->desk->mutex);
    bool is_full = lane->job_count + lane->result_count == TG_LANE_DEPTH;
    pthread_mutex_unlock(&lane->desk->mutex);
    return is_full;
}

void tg_lane_put(struct tg_lane *lane, Tollgate__V1__ReplicaFrame *frame)
{
    tg_desk *desk = lane->desk;
    pthread_mutex_lock(&desk->mutex);
    assert(lane->job_count + lane->result_count < TG_LANE_DEPTH);
    lane->jobs[(lane->first_job + lane->job_count++) % TG_LANE_DEPTH] = frame;
    if (lane->is_broken)
        drop_jobs(lane);
    else if (!lane->is_queued && !lane->is_busy)
        append_lane(desk, lane);
    pthread_cond_signal(&desk->has_work);
    pthread_mutex_unlock(&desk->mutex);
}

bool tg_lane_take_result(struct tg_lane *lane, struct tg_desk_result *result)
{
    pthread_mutex_lock(&lane->desk->mutex);
    bool is_there = lane->result_count > 0;
    if (is_there) {
        *result = lane->results[lane->first_result];
        lane->first_result = (lane->first_result + 1) % TG_LANE_DEPTH;
        --lane->result_count;
    }
    pthread_mutex_unlock(&lane->desk->mutex);
    return is_there;
}
