/* Internal to the room: the journal's parts and who may touch them.
 *
 *   journal.c    open, close, append            any worker, under `lock`
 *   brief.c      intents that refer to others   under `lock`, what it knows of the current file
 *   space.c      files made, filled, let go of  under `lock`
 *   flush.c      the thread that flushes to the device, and keeps pages and a spare file ready
 *   recovery.c   what earlier boots left        link's thread
 *   ship.c       read, acknowledge, forget      link's thread; takes `lock` for what it shares with the workers
 *
 * Space: a call in flight has its intent in a file and room set aside for the record that will replace it. The files
 * that are allocated always cover what is set aside, also when entries do not fill a file to its last byte.
 *
 * Trimming: files go from the oldest on, so that what is left of a boot is always its last part, and an intent without
 * a record in it really has none. The intents of calls that take longer than the files around them are written again at
 * the end, under their old numbers, so that one slow call does not keep everything. */
#ifndef TG_JOURNAL_INTERNAL_H
#define TG_JOURNAL_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "dataplane/journal/brief.h"
#include "dataplane/journal/entry.h"
#include "dataplane/journal/journal.h"

/* An intent's number is the slot that tracks it and how many intents the boot had begun before. */
enum { TG_JOURNAL_SLOT_BITS = 20, TG_JOURNAL_MAX_OPEN_INTENTS = 1 << TG_JOURNAL_SLOT_BITS };

struct tg_journal_file {
    struct tg_journal_file *newer;
    char *path;
    uint64_t order; /* rises along the chain; 0 while it is a spare */
    int fd;
    char *map;
    size_t bytes;          /* of the file */
    size_t used_bytes;     /* header and entries */
    size_t flushed_bytes;  /* of those, known to be on the device */
    size_t paged_bytes;    /* whose pages are there already, so that a write to them does not fault */
    int64_t last_sequence; /* the highest number that was given out when its last record was written */
    size_t open_intents;
    /* Its open intents were written again into the file of this order, up to there; 0: were not. */
    uint64_t carried_order;
    size_t carried_bytes;
    bool is_flushing; /* the flush thread looks at it, or pages it in, without the lock */
    bool is_let_go;   /* and is to free it afterwards */
};

struct tg_journal_slot {
    uint64_t intent_number; /* 0: free */
    struct tg_journal_file *file;
    uint32_t offset;    /* of the intent's entry */
    uint32_t set_aside; /* bytes for the record */
    uint32_t next_free;
};

/* An earlier boot, read-only. */
struct tg_journal_boot {
    struct tg_id id;
    struct tg_journal_file *files;        /* oldest first; also those that hold nothing any more: see forget */
    struct tg_journal_entry *interrupted; /* intents without a record, in the order of their numbers */
    size_t interrupted_count;
    int64_t last_recorded; /* the highest number that is known to have been given out */
    int64_t last_sequence; /* with the interrupted ones, which follow */
    int64_t acknowledged;
    /* Where the shipper stands: the next record after cursor_sequence is at cursor_offset of cursor_file or later. */
    struct tg_journal_file *cursor_file;
    size_t cursor_offset;
    int64_t cursor_sequence;
    int64_t pending_records, pending_bytes;
};

struct tg_journal {
    struct tg_journal_config config;
    char *directory;
    int directory_fd, lock_fd;

    pthread_mutex_t lock;
    struct tg_journal_file *oldest, *current; /* linked by newer */
    struct tg_journal_file *spares;
    size_t spare_count;
    uint64_t file_count, order_count; /* made, and put to use, since the start */
    int64_t allocated_bytes;          /* of all files of all boots */
    int64_t set_aside_bytes;
    int64_t next_room_attempt_ms; /* after a refusal by the file system */
    int64_t last_sequence, acknowledged;
    uint64_t intent_count;
    struct tg_journal_patterns *patterns;
    struct tg_journal_slot *slots;
    size_t slot_count, open_intents;
    uint32_t free_slot;
    int64_t dropped_refusals, corrupt_entries;
    int64_t earlier_records, earlier_bytes; /* pending of earlier boots */
    bool is_full, is_failing;

    atomic_bool wants_wake; /* the shipper found nothing and waits */

    pthread_t flusher;
    pthread_cond_t flusher_wakes;
    bool is_closing, needs_spare, needs_pages;

    /* link's thread only */
    struct tg_journal_boot *boots; /* oldest first */
    size_t boot_count;
    struct tg_journal_file *cursor_file;
    size_t cursor_offset;
    int64_t cursor_sequence;
    bool is_forgotten;
};

/* ---- space.c; with the lock ---- */

/* Makes sure that an entry of `entry_bytes` can be written and `set_aside` more be set aside. */
enum tg_status tg_journal_make_room(tg_journal *journal, size_t entry_bytes, size_t set_aside,
                                    struct tg_error *error) TG_MUST_CHECK;
/* Where the next entry of that size goes; the room was made before. Moves on to a spare file if need be. */
char *tg_journal_claim(tg_journal *journal, size_t entry_bytes);
/* A file that is allocated in full, its header empty. With `may_unlock` the lock is let go of while the file system
 * works, so that nobody waits for it. */
enum tg_status tg_journal_make_spare(tg_journal *journal, bool may_unlock, struct tg_error *error) TG_MUST_CHECK;
/* Puts a spare, of which there is one, to use at the end of the chain. */
void tg_journal_take_spare(tg_journal *journal);
/* Unmaps and closes; with `is_removed` the file goes too. */
void tg_journal_let_go(tg_journal *journal, struct tg_journal_file *file, bool is_removed);
/* The same, with removal, for a list of files that are in no chain any more; without the lock, because the file system
 * takes as long to free a file as a hundred requests, and workers would wait for it. */
void tg_journal_remove(tg_journal *journal, struct tg_journal_file *files);
/* Brings in the pages of the file's next part, for writing. Only a hint: a write to a page that is not there faults. */
void tg_journal_page_in(const struct tg_journal_file *file);
/* Up to where they are there then. */
size_t tg_journal_paged_after(const struct tg_journal_file *file);
/* Maps a file; NULL, and errno, if that fails. The descriptor is the file's then. */
struct tg_journal_file *tg_journal_map(const char *path, int fd, size_t bytes, bool is_writable);

/* ---- flush.c ---- */

enum tg_status tg_journal_start_flusher(tg_journal *journal, struct tg_error *error) TG_MUST_CHECK;
void tg_journal_stop_flusher(tg_journal *journal);
/* Now, on this thread: everything written so far. False if the device refuses. */
bool tg_journal_flush(tg_journal *journal);

/* ---- recovery.c ---- */

enum tg_status tg_journal_recover(tg_journal *journal, struct tg_error *error) TG_MUST_CHECK;
void tg_journal_boot_deinit(tg_journal *journal, struct tg_journal_boot *boot, bool is_removed);

#endif
