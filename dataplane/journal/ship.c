#include <assert.h>
#include <stdlib.h>

#include "common/wire/pack.h"
#include "dataplane/journal/brief.h"
#include "dataplane/journal/crc32c.h"
#include "dataplane/journal/journal_internal.h"
#include "dataplane/journal/shape.h"

enum { BATCH_BYTES = 512 << 10 };

size_t tg_journal_boot_count(tg_journal *journal)
{
    return journal->boot_count + (journal->is_forgotten ? 0 : 1);
}

struct tg_id tg_journal_boot_id(tg_journal *journal, size_t index)
{
    return index < journal->boot_count ? journal->boots[index].id : journal->config.boot_id;
}

/* ---- reading ---- */

/* A batch under construction. */
struct batch {
    struct tg_buf *buf;
    size_t limit_bytes, max_records, count;
    struct tg_id boot_id;
    int64_t after_sequence, last_sequence;
};

/* False if the batch is full, or the record does not follow the one before it. */
static bool add_record(struct batch *batch, int64_t sequence, struct tg_text record)
{
    if (batch->count == batch->max_records || batch->buf->bytes + record.bytes > batch->limit_bytes ||
        (batch->count != 0 && sequence != batch->last_sequence + 1))
        return false;
    if ((batch->count == 0 && tg_wire_begin_usage_batch(batch->boot_id, sequence, batch->buf) != TG_OK) ||
        tg_wire_add_usage_record(record, batch->buf) != TG_OK)
        return false;
    batch->last_sequence = sequence;
    ++batch->count;
    return true;
}

/* Where a walk over a chain of files stands. */
struct walk {
    struct tg_journal_file *file;
    size_t offset;
    int64_t sequence; /* of the last record passed */
    bool is_own;      /* written by this process: nothing to check */
};

static bool next_entry(const struct walk *walk, size_t used_bytes, struct tg_journal_entry *entry)
{
    bool has_skipped; /* was counted when the file was surveyed */
    if (walk->offset >= used_bytes)
        return false;
    if (!walk->is_own)
        return tg_journal_entry_find(walk->file->map, used_bytes, walk->offset, entry, &has_skipped);
    tg_journal_entry_own(walk->file->map, walk->offset, entry);
    return true;
}

/* Passes entries of `file` up to `used_bytes`, putting the records after batch->after_sequence into the batch. False if
 * the batch takes no more. */
static bool walk_file(struct walk *walk, size_t used_bytes, struct batch *batch)
{
    struct tg_journal_entry entry;
    while (next_entry(walk, used_bytes, &entry)) {
        if (entry.kind == TG_JOURNAL_RECORD && entry.sequence > batch->after_sequence &&
            !add_record(batch, entry.sequence, entry.record))
            return false;
        walk->offset = entry.next_offset;
        if (entry.kind == TG_JOURNAL_RECORD)
            walk->sequence = entry.sequence;
    }
    return true;
}

/* This boot: workers append behind the walk, so its bounds are taken under the lock; what is before them never changes.
 */
static void read_current(tg_journal *journal, struct batch *batch)
{
    struct walk walk = {journal->cursor_file, journal->cursor_offset, journal->cursor_sequence, true};
    pthread_mutex_lock(&journal->lock);
    if (walk.file == NULL || walk.sequence > batch->after_sequence)
        walk = (struct walk){journal->oldest, sizeof(struct tg_journal_file_header), 0, true};
    while (walk.file != NULL) {
        size_t used_bytes = walk.file->used_bytes;
        struct tg_journal_file *newer = walk.file->newer;
        pthread_mutex_unlock(&journal->lock);
        bool goes_on = walk_file(&walk, used_bytes, batch);
        pthread_mutex_lock(&journal->lock);
        if (!goes_on || newer == NULL)
            break;
        walk.file = newer;
        walk.offset = sizeof(struct tg_journal_file_header);
    }
    journal->cursor_file = walk.file;
    journal->cursor_offset = walk.offset;
    journal->cursor_sequence = walk.sequence;
    pthread_mutex_unlock(&journal->lock);
}

/* The record that an intent becomes when its process died: charged at what was reserved, marked as an estimate. */
static size_t make_interrupted(const struct tg_journal_entry *intent, char *out)
{
    Tollgate__V1__UsageRecord *record = tg_journal_intent_unpack(intent);
    if (record == NULL)
        return 0; /* its checksum was right, so a newer version wrote it in another form */
    record->outcome = TOLLGATE__V1__OUTCOME__OUTCOME_INTERRUPTED;
    record->is_estimated = true;
    size_t bytes = tg_journal_shape(record, out);
    tg_wire_free(record);
    return bytes;
}

static void read_interrupted(const struct tg_journal_boot *boot, struct batch *batch)
{
    int64_t first = batch->after_sequence < boot->last_recorded ? 0 : batch->after_sequence - boot->last_recorded;
    for (int64_t i = first; i < (int64_t)boot->interrupted_count; ++i) {
        char packed[TG_JOURNAL_RECORD_MAX_BYTES];
        size_t bytes = make_interrupted(&boot->interrupted[i], packed);
        if (!add_record(batch, boot->last_recorded + 1 + i, tg_text(packed, bytes)))
            return;
    }
}

static void read_earlier(struct tg_journal_boot *boot, struct batch *batch)
{
    struct walk walk = {boot->cursor_file, boot->cursor_offset, boot->cursor_sequence, false};
    if (walk.file == NULL || walk.sequence > batch->after_sequence)
        walk = (struct walk){boot->files, sizeof(struct tg_journal_file_header), 0, false};
    bool goes_on;
    while ((goes_on = walk_file(&walk, walk.file->used_bytes, batch)) && walk.file->newer != NULL) {
        walk.file = walk.file->newer;
        walk.offset = sizeof(struct tg_journal_file_header);
    }
    boot->cursor_file = walk.file;
    boot->cursor_offset = walk.offset;
    boot->cursor_sequence = walk.sequence;
    if (goes_on)
        read_interrupted(boot, batch);
}

size_t tg_journal_read(tg_journal *journal, size_t boot_index, int64_t after_sequence, size_t max_records,
                       struct tg_buf *batch, int64_t *last_sequence)
{
    struct batch building = {
        .buf = batch,
        .limit_bytes = batch->bytes + BATCH_BYTES,
        .max_records = max_records,
        .boot_id = tg_journal_boot_id(journal, boot_index),
        .after_sequence = after_sequence,
        .last_sequence = after_sequence,
    };
    if (boot_index < journal->boot_count) {
        read_earlier(&journal->boots[boot_index], &building);
    } else {
        read_current(journal, &building);
        if (building.count == 0) {
            /* Ask to be woken, then look again: a record may have come in between. */
            atomic_store_explicit(&journal->wants_wake, true, memory_order_seq_cst);
            read_current(journal, &building);
        }
    }
    *last_sequence = building.last_sequence;
    return building.count;
}

/* ---- acknowledging ---- */

/* Writes an intent again at the end of the journal; whole, as its pattern stays behind. NULL if there is no room. */
static char *carry_intent(tg_journal *journal, const struct tg_journal_entry *entry)
{
    char packed[TG_JOURNAL_RECORD_MAX_BYTES];
    struct tg_text record = entry->record;
    if (entry->kind == TG_JOURNAL_BRIEF) {
        Tollgate__V1__UsageRecord *whole = tg_journal_intent_unpack(entry);
        assert(whole != NULL); /* this process wrote it */
        record = tg_text(packed, tg_journal_shape(whole, packed));
        tg_wire_free(whole);
    }
    size_t entry_bytes = tg_journal_entry_bytes(record.bytes);
    if (tg_journal_make_room(journal, entry_bytes, 0, NULL) != TG_OK)
        return NULL;
    char *at = tg_journal_claim(journal, entry_bytes);
    tg_journal_entry_write(at, TG_JOURNAL_INTENT, entry->intent_number, 0, record,
                           tg_crc32c(0, record.data, record.bytes));
    return at;
}

/* Writes the open intents of the oldest file again at the end. Stops early if there is no room, which is no harm: the
 * file stays, and the next acknowledgement tries again. */
static void carry_intents(tg_journal *journal, struct tg_journal_file *from)
{
    for (size_t i = 0; i < journal->slot_count && from->open_intents != 0; ++i) {
        struct tg_journal_slot *slot = &journal->slots[i];
        struct tg_journal_entry entry;
        if (slot->intent_number == 0 || slot->file != from)
            continue;
        bool is_found = tg_journal_entry_at(from->map, from->used_bytes, slot->offset, &entry);
        assert(is_found);
        char *at = carry_intent(journal, &entry);
        if (at == NULL)
            return;
        slot->file = journal->current;
        slot->offset = (uint32_t)(at - journal->current->map);
        --from->open_intents;
        ++journal->current->open_intents;
        from->carried_order = journal->current->order;
        from->carried_bytes = journal->current->used_bytes;
    }
}

/* What was carried from the file must be on the device before the file goes. */
static bool is_carried_safely(const tg_journal *journal, const struct tg_journal_file *from)
{
    for (const struct tg_journal_file *file = from->newer; file != NULL && file->order <= from->carried_order;
         file = file->newer) {
        if (file->flushed_bytes < (file->order == from->carried_order ? from->carried_bytes : file->used_bytes))
            return false;
    }
    return true;
}

/* Takes files that hold nothing any more from the chain; returns those that are to be removed, the oldest first. */
static struct tg_journal_file *trim(tg_journal *journal)
{
    struct tg_journal_file *over = NULL, **end = &over;
    while (journal->oldest != journal->current && journal->oldest->last_sequence <= journal->acknowledged) {
        struct tg_journal_file *file = journal->oldest;
        if (file->open_intents != 0)
            carry_intents(journal, file);
        if (file->open_intents != 0 || !is_carried_safely(journal, file))
            break;
        if (journal->cursor_file == file)
            journal->cursor_file = NULL;
        journal->oldest = file->newer;
        if (file->is_flushing) {
            tg_journal_let_go(journal, file, true);
        } else {
            file->newer = NULL;
            *end = file;
            end = &file->newer;
        }
    }
    return over;
}

static struct tg_journal_boot *find_boot(tg_journal *journal, struct tg_id id)
{
    for (size_t i = 0; i < journal->boot_count; ++i) {
        if (tg_id_equals(journal->boots[i].id, id))
            return &journal->boots[i];
    }
    return NULL;
}

/* The numbers in the statistics; exact at both ends, in between by count. */
static void account_earlier(tg_journal *journal, struct tg_journal_boot *boot, int64_t newly_acknowledged)
{
    int64_t records = newly_acknowledged < boot->pending_records ? newly_acknowledged : boot->pending_records;
    if (boot->acknowledged >= boot->last_sequence)
        records = boot->pending_records;
    int64_t bytes =
        records == boot->pending_records ? boot->pending_bytes : boot->pending_bytes / boot->pending_records * records;
    boot->pending_records -= records;
    boot->pending_bytes -= bytes;
    journal->earlier_records -= records;
    journal->earlier_bytes -= bytes;
}

void tg_journal_acknowledge(tg_journal *journal, struct tg_id boot_id, int64_t through_sequence)
{
    struct tg_journal_file *over = NULL;
    pthread_mutex_lock(&journal->lock);
    struct tg_journal_boot *boot = find_boot(journal, boot_id);
    if (boot != NULL && through_sequence > boot->acknowledged) {
        int64_t before = boot->acknowledged;
        boot->acknowledged = through_sequence;
        account_earlier(journal, boot, through_sequence - before);
    } else if (tg_id_equals(boot_id, journal->config.boot_id)) {
        if (through_sequence > journal->last_sequence)
            through_sequence = journal->last_sequence;
        if (through_sequence > journal->acknowledged)
            journal->acknowledged = through_sequence;
        over = trim(journal);
    }
    pthread_mutex_unlock(&journal->lock);
    if (over != NULL)
        tg_journal_remove(journal, over);
}

int64_t tg_journal_closable(tg_journal *journal, size_t boot_index)
{
    if (boot_index >= journal->boot_count)
        return -1;
    const struct tg_journal_boot *boot = &journal->boots[boot_index];
    return boot->acknowledged >= boot->last_sequence ? boot->last_sequence : -1;
}

int64_t tg_journal_finished(tg_journal *journal)
{
    pthread_mutex_lock(&journal->lock);
    bool is_finished = journal->open_intents == 0 && journal->acknowledged == journal->last_sequence;
    int64_t last_sequence = journal->last_sequence;
    pthread_mutex_unlock(&journal->lock);
    return is_finished ? last_sequence : -1;
}

void tg_journal_forget_boot(tg_journal *journal, struct tg_id boot_id)
{
    pthread_mutex_lock(&journal->lock);
    struct tg_journal_boot *boot = find_boot(journal, boot_id);
    if (boot != NULL) {
        boot->acknowledged = boot->last_sequence;
        account_earlier(journal, boot, boot->pending_records);
        tg_journal_boot_deinit(journal, boot, true);
        size_t index = (size_t)(boot - journal->boots);
        memmove(boot, boot + 1, (--journal->boot_count - index) * sizeof(*boot));
    } else if (tg_id_equals(boot_id, journal->config.boot_id) && journal->open_intents == 0 &&
               journal->acknowledged == journal->last_sequence) {
        journal->is_forgotten = true; /* the files go when the journal is closed */
    }
    pthread_mutex_unlock(&journal->lock);
}
