#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "common/base/time.h"
#include "common/log/log.h"
#include "dataplane/journal/journal_internal.h"

/* The first file behind that of `after_order` with something that the device does not have yet; marked, so that nobody
 * frees it. */
static struct tg_journal_file *next_dirty(tg_journal *journal, uint64_t after_order, size_t *from, size_t *to)
{
    for (struct tg_journal_file *file = journal->oldest; file != NULL; file = file->newer) {
        if (file->order > after_order && file->flushed_bytes < file->used_bytes && !file->is_flushing) {
            size_t page = (size_t)sysconf(_SC_PAGESIZE);
            *from = file->flushed_bytes & ~(page - 1);
            *to = file->used_bytes;
            file->is_flushing = true;
            return file;
        }
    }
    return NULL;
}

/* Writes one file's new part to the device. The pages that are full are dropped from the process's resident memory;
 * they stay in the page cache, where the shipper finds them. */
static int flush_file(const struct tg_journal_file *file, size_t from, size_t to)
{
    if (msync(file->map + from, to - from, MS_SYNC) != 0)
        return errno;
    size_t page = (size_t)sysconf(_SC_PAGESIZE), full = to & ~(page - 1);
    if (full > from)
        (void)madvise(file->map + from, full - from, MADV_DONTNEED); /* only a hint */
    return 0;
}

/* The worker that writes does not wait for the kernel to find a page, nor pay for it one by one. With the lock, which
 * is let go of meanwhile. */
static void page_in_ahead(tg_journal *journal)
{
    struct tg_journal_file *file = journal->current;
    size_t paged_after = tg_journal_paged_after(file);
    file->is_flushing = true;
    pthread_mutex_unlock(&journal->lock);
    tg_journal_page_in(file);
    pthread_mutex_lock(&journal->lock);
    file->is_flushing = false;
    file->paged_bytes = paged_after;
    journal->needs_pages = false;
    if (file->is_let_go)
        tg_journal_let_go(journal, file, false);
}

/* Each file once, as it is then: what is written meanwhile waits for the next time. With the lock, which is let go of
 * meanwhile. */
static bool flush_all(tg_journal *journal)
{
    uint64_t order = 0;
    size_t from = 0, to = 0;
    struct tg_journal_file *file;
    while ((file = next_dirty(journal, order, &from, &to)) != NULL) {
        order = file->order;
        pthread_mutex_unlock(&journal->lock);
        int failure = flush_file(file, from, to);
        pthread_mutex_lock(&journal->lock);
        file->is_flushing = false;
        if (file->is_let_go) {
            tg_journal_let_go(journal, file, false);
            continue;
        }
        if (failure != 0) {
            if (!journal->is_failing)
                tg_log(TG_LOG_ERROR, "journal_flush_failed", tg_log_string("error", strerror(failure)),
                       tg_log_string("effect", "calls with a budget are refused until a flush succeeds"));
            journal->is_failing = true;
            return false;
        }
        file->flushed_bytes = to;
        if (journal->is_failing)
            tg_log(TG_LOG_INFO, "journal_flush_recovered");
        journal->is_failing = false;
    }
    return true;
}

bool tg_journal_flush(tg_journal *journal)
{
    pthread_mutex_lock(&journal->lock);
    bool is_flushed = flush_all(journal);
    pthread_mutex_unlock(&journal->lock);
    return is_flushed;
}

static struct timespec next_flush(const tg_journal *journal)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    int64_t ns = at.tv_nsec + journal->config.flush_interval_ms % 1000 * 1000000;
    at.tv_sec += journal->config.flush_interval_ms / 1000 + ns / 1000000000;
    at.tv_nsec = ns % 1000000000;
    return at;
}

static void *run_flusher(void *user)
{
    tg_journal *journal = user;
    pthread_mutex_lock(&journal->lock);
    struct timespec flush_at = next_flush(journal);
    while (!journal->is_closing) {
        if (journal->needs_pages) {
            page_in_ahead(journal);
            continue;
        }
        if (journal->needs_spare) {
            /* Whoever needs the room asks again and gets the error; here it is only made in advance. */
            (void)(tg_journal_make_spare(journal, true, NULL) == TG_OK);
            journal->needs_spare = false;
            continue;
        }
        if (pthread_cond_timedwait(&journal->flusher_wakes, &journal->lock, &flush_at) == ETIMEDOUT) {
            (void)flush_all(journal); /* it logs, and sets is_failing */
            flush_at = next_flush(journal);
        }
    }
    pthread_mutex_unlock(&journal->lock);
    return NULL;
}

enum tg_status tg_journal_start_flusher(tg_journal *journal, struct tg_error *error)
{
    int failure = pthread_create(&journal->flusher, NULL, run_flusher, journal);
    if (failure != 0)
        return tg_fail(error, TG_IO, "journal: a thread: %s", strerror(failure));
    pthread_setname_np(journal->flusher, "tg-journal");
    return TG_OK;
}

void tg_journal_stop_flusher(tg_journal *journal)
{
    pthread_mutex_lock(&journal->lock);
    journal->is_closing = true;
    pthread_cond_signal(&journal->flusher_wakes);
    pthread_mutex_unlock(&journal->lock);
    pthread_join(journal->flusher, NULL);
}
