#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log/log.h"
#include "dataplane/journal/journal_internal.h"

static const char file_suffix[] = ".journal";

void tg_journal_boot_deinit(tg_journal *journal, struct tg_journal_boot *boot, bool is_removed)
{
    while (boot->files != NULL) {
        struct tg_journal_file *file = boot->files;
        boot->files = file->newer;
        tg_journal_let_go(journal, file, is_removed);
    }
    free(boot->interrupted);
    *boot = (struct tg_journal_boot){.files = NULL};
}

/* Keeps what cannot be read for a person to look at, out of the way. */
static void put_aside(tg_journal *journal, const char *path, const char *why)
{
    char aside[PATH_MAX];
    bool is_moved =
        (size_t)snprintf(aside, sizeof(aside), "%s.damaged", path) < sizeof(aside) && rename(path, aside) == 0;
    tg_log(TG_LOG_ERROR, "journal_file_damaged", tg_log_string("path", path), tg_log_string("reason", why),
           tg_log_string("kept_as", is_moved ? aside : path));
    ++journal->corrupt_entries;
}

/* NULL if there is nothing in it to recover. */
static struct tg_journal_file *open_file(tg_journal *journal, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) {
        tg_log(TG_LOG_ERROR, "journal_file_unreadable", tg_log_string("path", path),
               tg_log_string("error", strerror(errno)));
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    if (status.st_size < (off_t)sizeof(struct tg_journal_file_header)) {
        close(fd);
        unlink(path); /* the process died while it made the file */
        return NULL;
    }
    struct tg_journal_file *file = tg_journal_map(path, fd, (size_t)status.st_size, false);
    if (file == NULL) {
        tg_log(TG_LOG_ERROR, "journal_file_unreadable", tg_log_string("path", path),
               tg_log_string("error", strerror(errno)));
        close(fd);
        return NULL;
    }
    const struct tg_journal_file_header *header = (const struct tg_journal_file_header *)file->map;
    journal->allocated_bytes += status.st_size;
    file->order = header->order;
    if (tg_journal_header_is_valid(header))
        return file;
    struct tg_journal_entry entry;
    bool has_skipped;
    bool is_spare =
        header->magic == 0 && !tg_journal_entry_find(file->map, file->bytes, sizeof(*header), &entry, &has_skipped);
    if (!is_spare) {
        put_aside(journal, path, "its header is damaged");
        journal->allocated_bytes -= status.st_size;
    }
    tg_journal_let_go(journal, file, is_spare);
    return NULL;
}

static struct tg_journal_boot *boot_of(tg_journal *journal, struct tg_id id)
{
    for (size_t i = 0; i < journal->boot_count; ++i) {
        if (tg_id_equals(journal->boots[i].id, id))
            return &journal->boots[i];
    }
    journal->boots = reallocarray(journal->boots, journal->boot_count + 1, sizeof(*journal->boots));
    if (journal->boots == NULL)
        abort();
    struct tg_journal_boot *boot = &journal->boots[journal->boot_count++];
    *boot = (struct tg_journal_boot){.id = id};
    return boot;
}

static void add_file(tg_journal *journal, struct tg_journal_file *file)
{
    const struct tg_journal_file_header *header = (const struct tg_journal_file_header *)file->map;
    struct tg_journal_file **at = &boot_of(journal, header->boot_id)->files;
    while (*at != NULL && (*at)->order < file->order)
        at = &(*at)->newer;
    file->newer = *at;
    *at = file;
}

/* The calls that were begun and not ended; one entry per slot at any time. */
struct open_calls {
    struct tg_journal_entry *entries;
    size_t count;
};

static void note_intent(struct open_calls *calls, const struct tg_journal_entry *entry)
{
    size_t slot = entry->intent_number & (TG_JOURNAL_MAX_OPEN_INTENTS - 1);
    if (slot >= calls->count) {
        size_t count = calls->count == 0 ? 256 : calls->count;
        while (count <= slot)
            count *= 2;
        calls->entries = reallocarray(calls->entries, count, sizeof(*calls->entries));
        if (calls->entries == NULL)
            abort();
        memset(calls->entries + calls->count, 0, (count - calls->count) * sizeof(*calls->entries));
        calls->count = count;
    }
    calls->entries[slot] = *entry;
}

static void note_record(struct open_calls *calls, const struct tg_journal_entry *entry)
{
    size_t slot = entry->intent_number & (TG_JOURNAL_MAX_OPEN_INTENTS - 1);
    if (entry->intent_number != 0 && slot < calls->count && calls->entries[slot].intent_number == entry->intent_number)
        calls->entries[slot] = (struct tg_journal_entry){.intent_number = 0};
}

static int by_number(const void *a, const void *b)
{
    uint64_t left = ((const struct tg_journal_entry *)a)->intent_number;
    uint64_t right = ((const struct tg_journal_entry *)b)->intent_number;
    return left < right ? -1 : left > right;
}

static void keep_interrupted(struct tg_journal_boot *boot, struct open_calls *calls)
{
    for (size_t i = 0; i < calls->count; ++i) {
        if (calls->entries[i].intent_number != 0)
            calls->entries[boot->interrupted_count++] = calls->entries[i];
    }
    boot->interrupted = calls->entries;
    if (boot->interrupted_count != 0)
        qsort(boot->interrupted, boot->interrupted_count, sizeof(*boot->interrupted), by_number);
}

/* Reads the boot's files once: what is to be shipped, and which calls were cut off. The result depends on the files
 * alone, and they stay until all of it is acknowledged, so a successor that dies meanwhile is followed by one that
 * finds the same numbers. */
static void survey(tg_journal *journal, struct tg_journal_boot *boot)
{
    struct open_calls calls = {NULL, 0};
    for (struct tg_journal_file *file = boot->files; file != NULL; file = file->newer) {
        int64_t given_out = ((const struct tg_journal_file_header *)file->map)->first_sequence - 1;
        if (given_out > boot->last_recorded)
            boot->last_recorded = given_out;
        struct tg_journal_entry entry;
        bool has_skipped;
        size_t offset = sizeof(struct tg_journal_file_header);
        for (; tg_journal_entry_find(file->map, file->bytes, offset, &entry, &has_skipped);
             offset = entry.next_offset) {
            journal->corrupt_entries += has_skipped;
            if (entry.kind != TG_JOURNAL_RECORD) {
                note_intent(&calls, &entry);
                continue;
            }
            note_record(&calls, &entry);
            ++boot->pending_records;
            boot->pending_bytes += (int64_t)(entry.next_offset - entry.offset);
            if (entry.sequence > boot->last_recorded)
                boot->last_recorded = entry.sequence;
        }
        file->used_bytes = offset;
    }
    keep_interrupted(boot, &calls);
    boot->pending_records += (int64_t)boot->interrupted_count;
    for (size_t i = 0; i < boot->interrupted_count; ++i)
        boot->pending_bytes += (int64_t)(boot->interrupted[i].next_offset - boot->interrupted[i].offset);
    boot->last_sequence = boot->last_recorded + (int64_t)boot->interrupted_count;
    journal->earlier_records += boot->pending_records;
    journal->earlier_bytes += boot->pending_bytes;
    tg_log(TG_LOG_INFO, "journal_recovered", tg_log_id("boot", boot->id),
           tg_log_number("records", boot->pending_records),
           tg_log_number("interrupted", (int64_t)boot->interrupted_count),
           tg_log_number("last_sequence", boot->last_sequence));
}

static int by_id(const void *a, const void *b)
{
    return memcmp(((const struct tg_journal_boot *)a)->id.octets, ((const struct tg_journal_boot *)b)->id.octets, 16);
}

enum tg_status tg_journal_recover(tg_journal *journal, struct tg_error *error)
{
    DIR *directory = opendir(journal->directory);
    if (directory == NULL)
        return tg_fail(error, TG_IO, "journal directory %s: %s", journal->directory, strerror(errno));
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        size_t length = strlen(entry->d_name);
        char path[PATH_MAX];
        if (length < sizeof(file_suffix) || strcmp(entry->d_name + length - strlen(file_suffix), file_suffix) != 0 ||
            (size_t)snprintf(path, sizeof(path), "%s/%s", journal->directory, entry->d_name) >= sizeof(path))
            continue;
        struct tg_journal_file *file = open_file(journal, path);
        if (file != NULL)
            add_file(journal, file);
    }
    closedir(directory);
    if (journal->boot_count != 0) /* ids begin with the time, so they sort by age */
        qsort(journal->boots, journal->boot_count, sizeof(*journal->boots), by_id);
    for (size_t i = 0; i < journal->boot_count; ++i) {
        if (tg_id_equals(journal->boots[i].id, journal->config.boot_id))
            return tg_fail(error, TG_CONFLICT, "the journal in %s already has files of this boot", journal->directory);
        survey(journal, &journal->boots[i]);
    }
    return TG_OK;
}
