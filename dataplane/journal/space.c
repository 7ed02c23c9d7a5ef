#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/time.h"
#include "dataplane/journal/journal_internal.h"

enum {
    ROOM_RETRY_MS = 1000,
    PAGED_AT_ONCE_BYTES = 512 << 10, /* the next such part is asked for when half of it is left */
};

struct tg_journal_file *tg_journal_map(const char *path, int fd, size_t bytes, bool is_writable)
{
    char *map = mmap(NULL, bytes, is_writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return NULL;
    struct tg_journal_file *file = calloc(1, sizeof(*file));
    if (file == NULL)
        abort();
    *file = (struct tg_journal_file){.path = tg_text_strdup(tg_text_of(path)), .fd = fd, .map = map, .bytes = bytes};
    return file;
}

size_t tg_journal_paged_after(const struct tg_journal_file *file)
{
    return file->bytes - file->paged_bytes < PAGED_AT_ONCE_BYTES ? file->bytes
                                                                 : file->paged_bytes + PAGED_AT_ONCE_BYTES;
}

void tg_journal_page_in(const struct tg_journal_file *file)
{
    (void)madvise(file->map + file->paged_bytes, tg_journal_paged_after(file) - file->paged_bytes, MADV_POPULATE_WRITE);
}

/* A new file, allocated, mapped, its first part paged in; NULL, and errno, if the file system has no room. */
static struct tg_journal_file *allocate(const char *path, int64_t bytes)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return NULL;
    int failure = posix_fallocate(fd, 0, bytes);
    struct tg_journal_file *file = failure == 0 ? tg_journal_map(path, fd, (size_t)bytes, true) : NULL;
    if (file == NULL) {
        if (failure == 0)
            failure = errno;
        close(fd);
        unlink(path);
        errno = failure;
        return NULL;
    }
    tg_journal_page_in(file);
    file->paged_bytes = tg_journal_paged_after(file);
    return file;
}

enum tg_status tg_journal_make_spare(tg_journal *journal, bool may_unlock, struct tg_error *error)
{
    int64_t bytes = journal->config.file_bytes;
    bool is_first = journal->current == NULL && journal->spares == NULL; /* without it nothing works at all */
    if (journal->allocated_bytes + bytes > journal->config.max_bytes && !is_first)
        return tg_fail(error, TG_EXHAUSTED, "the journal holds its %lld bytes (journal.max_bytes)",
                       (long long)journal->config.max_bytes);
    if (tg_time_monotonic_ms() < journal->next_room_attempt_ms)
        return tg_fail(error, TG_EXHAUSTED, "the file system had no room for the journal a moment ago");
    char boot[TG_ID_TEXT_BYTES], path[PATH_MAX];
    tg_id_format(journal->config.boot_id, boot);
    if ((size_t)snprintf(path, sizeof(path), "%s/%s-%08llu.journal", journal->directory, boot,
                         (unsigned long long)++journal->file_count) >= sizeof(path))
        return tg_fail(error, TG_INVALID, "journal directory %s: the path is too long", journal->directory);
    journal->allocated_bytes += bytes;
    if (may_unlock)
        pthread_mutex_unlock(&journal->lock);
    struct tg_journal_file *file = allocate(path, bytes);
    int failure = errno;
    if (may_unlock)
        pthread_mutex_lock(&journal->lock);
    if (file == NULL) {
        journal->allocated_bytes -= bytes;
        journal->next_room_attempt_ms = tg_time_monotonic_ms() + ROOM_RETRY_MS;
        return tg_fail(error, TG_EXHAUSTED, "journal file %s: %s", path, strerror(failure));
    }
    file->newer = journal->spares;
    journal->spares = file;
    ++journal->spare_count;
    return TG_OK;
}

void tg_journal_take_spare(tg_journal *journal)
{
    struct tg_journal_file *file = journal->spares;
    assert(file != NULL);
    journal->spares = file->newer;
    --journal->spare_count;
    file->newer = NULL;
    file->order = ++journal->order_count;
    file->last_sequence = journal->last_sequence;
    tg_journal_header_write(file->map, journal->config.boot_id, file->order, journal->last_sequence + 1);
    file->used_bytes = sizeof(struct tg_journal_file_header);
    if (journal->current == NULL)
        journal->oldest = file;
    else
        journal->current->newer = file;
    journal->current = file;
}

/* What can surely be written: each file may be left with nearly one entry's length unused. */
static int64_t usable_bytes(const tg_journal *journal)
{
    int64_t current = 0;
    if (journal->current != NULL)
        current = (int64_t)(journal->current->bytes - journal->current->used_bytes) - TG_JOURNAL_ENTRY_MAX_BYTES;
    int64_t spare =
        journal->config.file_bytes - (int64_t)sizeof(struct tg_journal_file_header) - TG_JOURNAL_ENTRY_MAX_BYTES;
    return (current > 0 ? current : 0) + (int64_t)journal->spare_count * spare;
}

enum tg_status tg_journal_make_room(tg_journal *journal, size_t entry_bytes, size_t set_aside, struct tg_error *error)
{
    int64_t needed = journal->set_aside_bytes + (int64_t)(entry_bytes + set_aside);
    while (usable_bytes(journal) < needed) {
        enum tg_status status = tg_journal_make_spare(journal, false, error);
        if (status != TG_OK) {
            journal->is_full = true;
            return status;
        }
    }
    journal->is_full = false;
    if (usable_bytes(journal) - needed < journal->config.file_bytes / 2 && !journal->needs_spare) {
        journal->needs_spare = true;
        pthread_cond_signal(&journal->flusher_wakes);
    }
    return TG_OK;
}

char *tg_journal_claim(tg_journal *journal, size_t entry_bytes)
{
    if (journal->current == NULL || journal->current->bytes - journal->current->used_bytes < entry_bytes)
        tg_journal_take_spare(journal);
    struct tg_journal_file *file = journal->current;
    assert(file->bytes - file->used_bytes >= entry_bytes);
    char *at = file->map + file->used_bytes;
    file->used_bytes += entry_bytes;
    if (file->paged_bytes < file->bytes && file->used_bytes + PAGED_AT_ONCE_BYTES / 2 > file->paged_bytes &&
        !journal->needs_pages) {
        journal->needs_pages = true;
        pthread_cond_signal(&journal->flusher_wakes);
    }
    return at;
}

static void dispose(struct tg_journal_file *file)
{
    munmap(file->map, file->bytes);
    close(file->fd);
    free(file->path);
    free(file);
}

void tg_journal_remove(tg_journal *journal, struct tg_journal_file *files)
{
    int64_t bytes = 0;
    while (files != NULL) {
        struct tg_journal_file *file = files;
        files = file->newer;
        bytes += (int64_t)file->bytes;
        unlink(file->path);
        dispose(file);
    }
    pthread_mutex_lock(&journal->lock);
    journal->allocated_bytes -= bytes;
    journal->next_room_attempt_ms = 0;
    pthread_mutex_unlock(&journal->lock);
}

void tg_journal_let_go(tg_journal *journal, struct tg_journal_file *file, bool is_removed)
{
    if (is_removed) {
        unlink(file->path);
        journal->allocated_bytes -= (int64_t)file->bytes;
        journal->next_room_attempt_ms = 0;
    }
    if (file->is_flushing) {
        file->is_let_go = true;
        return;
    }
    dispose(file);
}
