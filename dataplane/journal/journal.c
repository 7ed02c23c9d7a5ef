#include "dataplane/journal/journal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log/log.h"
#include "dataplane/journal/crc32c.h"
#include "dataplane/journal/journal_internal.h"
#include "dataplane/journal/shape.h"

enum {
    DEFAULT_FILE_BYTES = 8 << 20,
    LEAST_FILE_BYTES = 64 << 10,
    DEFAULT_FLUSH_INTERVAL_MS = 1000,
    FIRST_SLOTS = 256,
    NO_SLOT = UINT32_MAX & 0x7fffffff,
};

/* ---- open and close ---- */

static enum tg_status take_directory(tg_journal *journal, struct tg_error *error)
{
    if (mkdir(journal->directory, 0700) != 0 && errno != EEXIST)
        return tg_fail(error, TG_IO, "journal directory %s: %s", journal->directory, strerror(errno));
    journal->directory_fd = open(journal->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (journal->directory_fd < 0)
        return tg_fail(error, TG_IO, "journal directory %s: %s", journal->directory, strerror(errno));
    journal->lock_fd = openat(journal->directory_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (journal->lock_fd < 0)
        return tg_fail(error, TG_IO, "journal lock %s/lock: %s", journal->directory, strerror(errno));
    if (flock(journal->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK
                   ? tg_fail(error, TG_CONFLICT, "the journal in %s is used by another process", journal->directory)
                   : tg_fail(error, TG_IO, "journal lock %s/lock: %s", journal->directory, strerror(errno));
    return TG_OK;
}

static tg_journal *create(const struct tg_journal_config *config)
{
    tg_journal *journal = calloc(1, sizeof(*journal));
    if (journal == NULL)
        abort();
    journal->config = *config;
    journal->directory = tg_text_strdup(tg_text_of(config->directory));
    if (journal->config.file_bytes == 0)
        journal->config.file_bytes = DEFAULT_FILE_BYTES;
    if (journal->config.file_bytes < LEAST_FILE_BYTES)
        journal->config.file_bytes = LEAST_FILE_BYTES;
    if (journal->config.flush_interval_ms == 0)
        journal->config.flush_interval_ms = DEFAULT_FLUSH_INTERVAL_MS;
    journal->directory_fd = journal->lock_fd = -1;
    journal->free_slot = NO_SLOT;
    journal->patterns = tg_journal_patterns_create();
    atomic_init(&journal->wants_wake, true);
    pthread_mutex_init(&journal->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&journal->flusher_wakes, &attributes);
    pthread_condattr_destroy(&attributes);
    return journal;
}

static void destroy(tg_journal *journal)
{
    for (size_t i = 0; i < journal->boot_count; ++i)
        tg_journal_boot_deinit(journal, &journal->boots[i], false);
    free(journal->boots);
    while (journal->oldest != NULL) {
        struct tg_journal_file *file = journal->oldest;
        journal->oldest = file->newer;
        tg_journal_let_go(journal, file, journal->is_forgotten);
    }
    while (journal->spares != NULL) {
        struct tg_journal_file *file = journal->spares;
        journal->spares = file->newer;
        tg_journal_let_go(journal, file, true);
    }
    if (journal->lock_fd >= 0)
        close(journal->lock_fd);
    if (journal->directory_fd >= 0)
        close(journal->directory_fd);
    pthread_cond_destroy(&journal->flusher_wakes);
    pthread_mutex_destroy(&journal->lock);
    tg_journal_patterns_destroy(journal->patterns);
    free(journal->slots);
    free(journal->directory);
    free(journal);
}

/* The first file is put to use at once, so that the successor knows of this boot and closes it even if it wrote
 * nothing. A disk without room does not keep the process from shipping what it has; it is told at once. */
static void make_first_file(tg_journal *journal)
{
    struct tg_error error;
    if (tg_journal_make_spare(journal, false, &error) == TG_OK) {
        tg_journal_take_spare(journal);
        return;
    }
    journal->is_full = true;
    tg_log(TG_LOG_ERROR, "journal_full", tg_log_string("error", error.message),
           tg_log_string("effect", "calls with a budget are refused until there is room"));
}

enum tg_status tg_journal_open(const struct tg_journal_config *config, tg_journal **journal, struct tg_error *error)
{
    *journal = NULL;
    tg_journal *made = create(config);
    enum tg_status status = take_directory(made, error);
    if (status == TG_OK)
        status = tg_journal_recover(made, error);
    if (status == TG_OK)
        make_first_file(made);
    if (status == TG_OK && fsync(made->directory_fd) != 0)
        status = tg_fail(error, TG_IO, "journal directory %s: %s", made->directory, strerror(errno));
    if (status == TG_OK)
        status = tg_journal_start_flusher(made, error);
    if (status != TG_OK) {
        destroy(made);
        return status;
    }
    *journal = made;
    return TG_OK;
}

void tg_journal_close(tg_journal *journal)
{
    if (journal == NULL)
        return;
    tg_journal_stop_flusher(journal);
    (void)tg_journal_flush(journal); /* it has logged; the files are there all the same */
    destroy(journal);
}

/* ---- append ---- */

static bool take_slot(tg_journal *journal, uint32_t *slot)
{
    if (journal->free_slot == NO_SLOT) {
        if (journal->slot_count == TG_JOURNAL_MAX_OPEN_INTENTS)
            return false;
        size_t count = journal->slot_count == 0 ? FIRST_SLOTS : 2 * journal->slot_count;
        struct tg_journal_slot *slots = reallocarray(journal->slots, count, sizeof(*slots));
        if (slots == NULL)
            abort();
        for (size_t i = journal->slot_count; i < count; ++i)
            slots[i] = (struct tg_journal_slot){.next_free = i + 1 == count ? NO_SLOT : (uint32_t)(i + 1)};
        journal->free_slot = (uint32_t)journal->slot_count;
        journal->slots = slots;
        journal->slot_count = count;
    }
    *slot = journal->free_slot;
    journal->free_slot = journal->slots[*slot].next_free;
    return true;
}

static void free_slot(tg_journal *journal, uint32_t slot)
{
    journal->slots[slot] = (struct tg_journal_slot){.next_free = journal->free_slot};
    journal->free_slot = slot;
}

/* An intent, packed, and how it is to be written. */
struct writing {
    struct tg_text packed;
    uint32_t crc32c;
    enum tg_journal_entry_kind kind;
    size_t pattern_offset; /* BRIEF */
    size_t record_bytes;   /* of the whole */
};

static enum tg_status begin(tg_journal *journal, const struct writing *writing, uint64_t *number)
{
    size_t entry_bytes = tg_journal_entry_bytes(writing->packed.bytes);
    size_t set_aside = tg_journal_entry_bytes(writing->record_bytes + TG_JOURNAL_GROWTH_MAX_BYTES);
    uint32_t slot;
    if (journal->is_failing || tg_journal_make_room(journal, entry_bytes, set_aside, NULL) != TG_OK ||
        !take_slot(journal, &slot))
        return TG_EXHAUSTED;
    *number = ++journal->intent_count << TG_JOURNAL_SLOT_BITS | slot;
    char *at = tg_journal_claim(journal, entry_bytes);
    tg_journal_entry_write(at, writing->kind, *number, (int64_t)writing->pattern_offset, writing->packed,
                           writing->crc32c);
    journal->slots[slot] = (struct tg_journal_slot){
        .intent_number = *number,
        .file = journal->current,
        .offset = (uint32_t)(at - journal->current->map),
        .set_aside = (uint32_t)set_aside,
    };
    ++journal->current->open_intents;
    ++journal->open_intents;
    journal->set_aside_bytes += (int64_t)set_aside;
    return TG_OK;
}

/* Refers to an earlier intent in the current file; false if there is none, or the file has no room. */
static bool begin_brief(tg_journal *journal, const Tollgate__V1__UsageRecord *record, struct tg_text packed,
                        uint32_t crc, uint64_t *number, enum tg_status *status)
{
    struct writing writing = {.packed = packed, .crc32c = crc, .kind = TG_JOURNAL_BRIEF};
    const struct tg_journal_file *file = journal->current;
    if (file == NULL || file->bytes - file->used_bytes < tg_journal_entry_bytes(packed.bytes) ||
        !tg_journal_pattern_find(journal->patterns, record, file->order, &writing.pattern_offset,
                                 &writing.record_bytes))
        return false;
    *status = begin(journal, &writing, number);
    return true;
}

static enum tg_status begin_whole(tg_journal *journal, const Tollgate__V1__UsageRecord *record, uint64_t *number)
{
    char packed[TG_JOURNAL_RECORD_MAX_BYTES];
    size_t bytes = tg_journal_shape(record, packed);
    if (bytes == 0 || bytes + TG_JOURNAL_GROWTH_MAX_BYTES > TG_JOURNAL_RECORD_MAX_BYTES)
        return TG_EXHAUSTED;
    struct writing writing = {.packed = tg_text(packed, bytes),
                              .crc32c = tg_crc32c(0, packed, bytes),
                              .kind = TG_JOURNAL_INTENT,
                              .record_bytes = bytes};
    pthread_mutex_lock(&journal->lock);
    enum tg_status status = begin(journal, &writing, number);
    if (status == TG_OK) {
        const struct tg_journal_slot *slot = &journal->slots[*number & (TG_JOURNAL_MAX_OPEN_INTENTS - 1)];
        tg_journal_pattern_add(journal->patterns, record, slot->file->order, slot->offset, bytes);
    }
    pthread_mutex_unlock(&journal->lock);
    return status;
}

enum tg_status tg_journal_begin(tg_journal *journal, const Tollgate__V1__UsageRecord *record,
                                struct tg_journal_intent *intent)
{
    char packed[TG_JOURNAL_RECORD_MAX_BYTES];
    enum tg_status status = TG_OK;
    intent->number = 0;
    size_t bytes = tg_journal_brief_pack(record, packed);
    uint32_t crc = tg_crc32c(0, packed, bytes);
    pthread_mutex_lock(&journal->lock);
    bool is_brief = bytes != 0 && begin_brief(journal, record, tg_text(packed, bytes), crc, &intent->number, &status);
    pthread_mutex_unlock(&journal->lock);
    return is_brief ? status : begin_whole(journal, record, &intent->number);
}

/* Gives back what the intent had set aside, so that the record can take its place. */
static void end_intent(tg_journal *journal, struct tg_journal_intent intent)
{
    uint32_t slot = (uint32_t)(intent.number & (TG_JOURNAL_MAX_OPEN_INTENTS - 1));
    assert(slot < journal->slot_count && journal->slots[slot].intent_number == intent.number);
    journal->set_aside_bytes -= journal->slots[slot].set_aside;
    --journal->slots[slot].file->open_intents;
    --journal->open_intents;
    free_slot(journal, slot);
}

static enum tg_status append(tg_journal *journal, struct tg_text packed, uint32_t crc, struct tg_journal_intent intent)
{
    size_t entry_bytes = tg_journal_entry_bytes(packed.bytes);
    if (intent.number != 0) {
        end_intent(journal, intent);
    } else if (tg_journal_make_room(journal, entry_bytes, 0, NULL) != TG_OK) {
        ++journal->dropped_refusals;
        return TG_EXHAUSTED;
    }
    char *at = tg_journal_claim(journal, entry_bytes);
    int64_t sequence = ++journal->last_sequence;
    tg_journal_entry_write(at, TG_JOURNAL_RECORD, intent.number, sequence, packed, crc);
    journal->current->last_sequence = sequence;
    return TG_OK;
}

enum tg_status tg_journal_append(tg_journal *journal, const Tollgate__V1__UsageRecord *record,
                                 struct tg_journal_intent intent)
{
    char packed[TG_JOURNAL_RECORD_MAX_BYTES];
    size_t bytes = tg_journal_shape(record, packed);
    assert(bytes != 0); /* TG_WALLET_MAX_LINES charges fit three times over */
    uint32_t crc = tg_crc32c(0, packed, bytes);
    pthread_mutex_lock(&journal->lock);
    enum tg_status status = append(journal, tg_text(packed, bytes), crc, intent);
    pthread_mutex_unlock(&journal->lock);
    if (status == TG_OK && atomic_load_explicit(&journal->wants_wake, memory_order_seq_cst) &&
        atomic_exchange_explicit(&journal->wants_wake, false, memory_order_acq_rel) &&
        journal->config.on_records != NULL)
        journal->config.on_records(journal->config.user);
    return status;
}

void tg_journal_read_stats(tg_journal *journal, struct tg_journal_stats *stats)
{
    pthread_mutex_lock(&journal->lock);
    int64_t bytes = journal->earlier_bytes;
    bool is_idle = journal->acknowledged == journal->last_sequence && journal->open_intents == 0;
    for (const struct tg_journal_file *file = journal->oldest; file != NULL && !is_idle; file = file->newer)
        bytes += (int64_t)(file->used_bytes - sizeof(struct tg_journal_file_header));
    *stats = (struct tg_journal_stats){
        .pending_records = journal->earlier_records + journal->last_sequence - journal->acknowledged,
        .pending_bytes = bytes,
        .dropped_refusals = journal->dropped_refusals,
        .corrupt_entries = journal->corrupt_entries,
        .is_filling = journal->config.alarm_bytes > 0 && bytes >= journal->config.alarm_bytes,
        .is_full = journal->is_full,
        .is_failing = journal->is_failing,
    };
    pthread_mutex_unlock(&journal->lock);
}
