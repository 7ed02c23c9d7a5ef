#include "controlplane/replication/desk.h"

#include <assert.h>
#include <stdlib.h>

#include "common/wire/pack.h"

enum { MAX_BOOKED_TOGETHER = 5000 };

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

/* Jobs of one lane that are done together: a closed boot alone, or batches of a boot without a gap between them. */
struct work {
    Tollgate__V1__ReplicaFrame *jobs[TG_LANE_DEPTH];
    size_t job_count, record_count;
};

static size_t records_in(const Tollgate__V1__ReplicaFrame *job)
{
    return job->kind_case == TOLLGATE__V1__REPLICA_FRAME__KIND_USAGE_BATCH ? job->usage_batch->n_records : 0;
}

static bool follows(const Tollgate__V1__ReplicaFrame *before, const Tollgate__V1__ReplicaFrame *job)
{
    if (before->kind_case != TOLLGATE__V1__REPLICA_FRAME__KIND_USAGE_BATCH ||
        job->kind_case != TOLLGATE__V1__REPLICA_FRAME__KIND_USAGE_BATCH)
        return false;
    const Tollgate__V1__UsageBatch *a = before->usage_batch, *b = job->usage_batch;
    return tg_text_equals(tg_wire_text_of(a->boot_id), tg_wire_text_of(b->boot_id)) && a->first_sequence > 0 &&
           a->first_sequence <= INT64_MAX - (int64_t)a->n_records &&
           b->first_sequence == a->first_sequence + (int64_t)a->n_records;
}

/* They stay in the lane, and count, until they are done. */
static void gather(const struct tg_lane *lane, struct work *work)
{
    for (work->job_count = work->record_count = 0; work->job_count < lane->job_count; ++work->job_count) {
        Tollgate__V1__ReplicaFrame *job = lane->jobs[(lane->first_job + work->job_count) % TG_LANE_DEPTH];
        if (work->job_count > 0 && (!follows(work->jobs[work->job_count - 1], job) ||
                                    work->record_count + records_in(job) > MAX_BOOKED_TOGETHER))
            return;
        work->jobs[work->job_count] = job;
        work->record_count += records_in(job);
    }
}

static void book(tg_desk *desk, tg_db *db, const char *replica, const struct work *work, struct tg_desk_result *result)
{
    struct tg_ledger_receipt receipt;
    Tollgate__V1__UsageBatch batch = *work->jobs[0]->usage_batch;
    Tollgate__V1__UsageRecord **records = calloc(work->record_count + 1, sizeof(*records));
    if (records == NULL)
        abort();
    batch.records = records;
    batch.n_records = 0;
    for (size_t i = 0; i < work->job_count; ++i)
        for (size_t k = 0; k < work->jobs[i]->usage_batch->n_records; ++k)
            records[batch.n_records++] = work->jobs[i]->usage_batch->records[k];
    result->kind = TG_DESK_BOOKED;
    result->status = tg_wire_id(batch.boot_id, &result->boot_id)
                         ? tg_ledger_book(desk->ledger, db, replica, &batch, &receipt, &result->error)
                         : tg_fail(&result->error, TG_INVALID, "a usage batch without a boot_id");
    free(records);
    if (result->status != TG_OK)
        return;
    result->through_sequence = receipt.through_sequence;
    tg_stat_add(desk->stats, TG_STAT_USAGE_BATCHES, (int64_t)work->job_count);
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

static void drop_jobs(struct tg_lane *lane, size_t count)
{
    for (; count > 0; --count, --lane->job_count, lane->first_job = (lane->first_job + 1) % TG_LANE_DEPTH) {
        lane->record_count -= records_in(lane->jobs[lane->first_job]);
        tg_wire_free(lane->jobs[lane->first_job]);
    }
}

/* What the lane that has waited longest has to do next; the mutex is held on entry and exit. */
static void work_on_next(tg_desk *desk, tg_db *db)
{
    struct tg_lane *lane = desk->first;
    struct work work;
    desk->first = lane->next;
    if (desk->first == NULL)
        desk->last = &desk->first;
    lane->is_queued = false;
    lane->is_busy = true;
    gather(lane, &work);
    pthread_mutex_unlock(&desk->mutex);

    struct tg_desk_result result = {.status = TG_OK};
    if (work.jobs[0]->kind_case == TOLLGATE__V1__REPLICA_FRAME__KIND_USAGE_BATCH)
        book(desk, db, lane->replica, &work, &result);
    else
        close_boot(db, lane->replica, work.jobs[0]->boot_closed, &result);

    pthread_mutex_lock(&desk->mutex);
    lane->is_busy = false;
    lane->is_broken = result.kind == TG_DESK_BOOKED && result.status != TG_OK;
    drop_jobs(lane, lane->is_broken ? lane->job_count : work.job_count);
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
        work_on_next(desk, self->db);
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
    drop_jobs(lane, lane->job_count);
    lane->desk = NULL;
    pthread_mutex_unlock(&desk->mutex);
}

bool tg_lane_is_full(struct tg_lane *lane)
{
    pthread_mutex_lock(&lane->desk->mutex);
    bool is_full = lane->job_count + lane->result_count == TG_LANE_DEPTH || lane->record_count >= TG_LANE_MAX_RECORDS;
    pthread_mutex_unlock(&lane->desk->mutex);
    return is_full;
}

void tg_lane_put(struct tg_lane *lane, Tollgate__V1__ReplicaFrame *frame)
{
    tg_desk *desk = lane->desk;
    pthread_mutex_lock(&desk->mutex);
    assert(lane->job_count + lane->result_count < TG_LANE_DEPTH);
    lane->jobs[(lane->first_job + lane->job_count++) % TG_LANE_DEPTH] = frame;
    lane->record_count += records_in(frame);
    if (lane->is_broken)
        drop_jobs(lane, lane->job_count);
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
