/* The replica's memory of what it did, on disk before the client sees the end of its answer.
 *
 * Two kinds of entries, in files mapped into memory and allocated in advance (so a full disk shows when a file is made,
 * never in the middle of a write):
 *   intent   before a call is sent upstream: who is about to spend, and at most what
 *   record   the usage record that replaces it, numbered 1, 2, 3 … per boot
 * A write is a copy into mapped memory, which outlives the death of the process; every so often the file is flushed to
 * the device as well. The shipper reads records in order, sends them in batches, and files whose records are all
 * acknowledged are removed. After a crash the successor reads the files of earlier boots, turns each intent without a
 * record into an `interrupted` record charged at its reservation, ships the rest, and closes the boot.
 *
 * A record's texts are cut to fixed lengths and made valid UTF-8 here: whatever a client or a provider sends as a name
 * neither breaks the reservation of space nor stops the books.
 *
 * Threads: append from any worker (a short lock); everything else from the link's thread. */
#ifndef TG_JOURNAL_JOURNAL_H
#define TG_JOURNAL_JOURNAL_H

#include "common/base/buf.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "common/wire/protocol.h"

typedef struct tg_journal tg_journal;

struct tg_journal_config {
    const char *directory;
    struct tg_id boot_id;
    int64_t file_bytes;        /* of each file; default 8 MiB when 0 */
    int64_t max_bytes;         /* of all files: beyond it appends fail, and budgeted traffic is refused */
    int64_t alarm_bytes;       /* journal_is_filling is reported from here on */
    int64_t flush_interval_ms; /* to the device; default 1000 when 0 */
    void *user;
    /* There is something to ship again, after tg_journal_read had found nothing. Any thread; must not block. */
    void (*on_records)(void *user);
};

/* Opens the directory (one process at a time: a lock file), recovers what earlier boots left. */
enum tg_status tg_journal_open(const struct tg_journal_config *config, tg_journal **journal,
                               struct tg_error *error) TG_MUST_CHECK;
/* Flushes and closes; files with unacknowledged records stay. */
void tg_journal_close(tg_journal *journal);

/* Where an intent was put, to be given back with its record. */
struct tg_journal_intent {
    uint64_t number; /* 0: none */
};

/* Notes that the call `record` (identity, model, charges = reserved amounts) is about to be sent. TG_EXHAUSTED when the
 * disk or the bound leaves no room: the call must be refused then. */
enum tg_status tg_journal_begin(tg_journal *journal, const Tollgate__V1__UsageRecord *record,
                                struct tg_journal_intent *intent) TG_MUST_CHECK;

/* Appends the record, numbers it and takes the intent's place. Room for it was set aside by tg_journal_begin, so it
 * fails only for records without an intent (refusals), which are then counted in tg_journal_stats.dropped_refusals. */
enum tg_status tg_journal_append(tg_journal *journal, const Tollgate__V1__UsageRecord *record,
                                 struct tg_journal_intent intent);

struct tg_journal_stats {
    int64_t pending_records, pending_bytes, dropped_refusals, corrupt_entries;
    bool is_filling, is_full;
    bool is_failing; /* the device refuses to take what was written; calls with a budget are refused meanwhile */
};
void tg_journal_read_stats(tg_journal *journal, struct tg_journal_stats *stats); /* any thread */

/* ---- the shipper (link's thread) ---- */

/* Boots with something to ship or to close, the oldest first; this boot is the last. */
size_t tg_journal_boot_count(tg_journal *journal);
struct tg_id tg_journal_boot_id(tg_journal *journal, size_t index);

/* Appends to `batch` a packed UsageBatch of up to `max_records` consecutive records (and about 512 KiB) after
 * `after_sequence`; *last_sequence is the number of its last. Returns how many; 0 if there are none. Records are copied
 * as they were packed by their worker. A batch ends early at a gap in the numbers (lost to a damaged disk), which the
 * ledger then sees. */
size_t tg_journal_read(tg_journal *journal, size_t boot_index, int64_t after_sequence, size_t max_records,
                       struct tg_buf *batch, int64_t *last_sequence);

/* Everything of that boot up to `through_sequence` is booked: files that hold nothing else are removed. */
void tg_journal_acknowledge(tg_journal *journal, struct tg_id boot_id, int64_t through_sequence);

/* For an earlier boot: the last number it gave out, once all is acknowledged; -1 while it is not, or for this boot. */
int64_t tg_journal_closable(tg_journal *journal, size_t boot_index);
/* For this boot at the end, when no worker appends any more: the last number it gave out, once everything is
 * acknowledged and no call is open; -1 otherwise. */
int64_t tg_journal_finished(tg_journal *journal);
/* The control plane has released the boot's leases (or this boot ends cleanly): forget it. */
void tg_journal_forget_boot(tg_journal *journal, struct tg_id boot_id);

#endif
