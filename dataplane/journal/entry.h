/* The format of a journal file, and walking over one.
 *
 *   file   header (64 bytes) | entry | entry | … | zeros (allocated, not yet written)
 *   entry  head (32 bytes) | packed usage record | zeros up to a multiple of 8
 *
 * Integers are in the machine's order: a journal is read where it was written. An entry's checksum covers its record
 * and its head, and is written last, so that one which was cut off by a crash does not count. */
#ifndef TG_JOURNAL_ENTRY_H
#define TG_JOURNAL_ENTRY_H

#include "common/base/id.h"
#include "common/base/status.h"

#define TG_JOURNAL_MAGIC UINT64_C(0x31304c4e524a4754) /* "TGJRNL01" */

struct tg_journal_file_header {
    uint64_t magic; /* 0 in a spare file that was never used */
    struct tg_id boot_id;
    uint64_t order;         /* of the boot's files */
    int64_t first_sequence; /* every record in this file has this number or a higher one */
    uint64_t reserved[2];
    uint32_t zero;
    uint32_t crc32c; /* of what is before it */
};
_Static_assert(sizeof(struct tg_journal_file_header) == 64, "the format is fixed");

enum tg_journal_entry_kind {
    TG_JOURNAL_INTENT = 1,
    TG_JOURNAL_RECORD = 2,
    TG_JOURNAL_BRIEF = 3, /* an intent that is like an earlier one in its file: see brief.h */
};

struct tg_journal_entry_head {
    uint32_t record_bytes;
    uint32_t kind;
    uint64_t intent_number; /* RECORD: the intent that it replaces; 0 for none */
    int64_t sequence;       /* RECORD; of a BRIEF the offset of the INTENT that it is like */
    uint32_t record_crc32c;
    uint32_t head_crc32c; /* of the 28 bytes before it */
};
_Static_assert(sizeof(struct tg_journal_entry_head) == 32, "the format is fixed");

enum {
    TG_JOURNAL_RECORD_MAX_BYTES = 4096,
    TG_JOURNAL_ENTRY_MAX_BYTES = TG_JOURNAL_RECORD_MAX_BYTES + (int)sizeof(struct tg_journal_entry_head),
};

/* What an entry takes. */
static inline size_t tg_journal_entry_bytes(size_t record_bytes)
{
    return sizeof(struct tg_journal_entry_head) + ((record_bytes + 7) & ~(size_t)7);
}

struct tg_journal_entry {
    enum tg_journal_entry_kind kind;
    uint64_t intent_number;
    int64_t sequence;
    struct tg_text record;
    struct tg_text pattern; /* BRIEF: the record of the intent that it is like */
    size_t offset, next_offset;
};

void tg_journal_header_write(void *map, struct tg_id boot_id, uint64_t order, int64_t first_sequence);
/* False if it is damaged. */
bool tg_journal_header_is_valid(const struct tg_journal_file_header *header);

/* Writes an entry at `at`; the record's checksum is given because it was made before the lock was taken. */
void tg_journal_entry_write(void *at, enum tg_journal_entry_kind kind, uint64_t intent_number, int64_t sequence,
                            struct tg_text record, uint32_t record_crc32c);

/* The entry at `offset`; false if there is no whole one. A brief intent is whole if its pattern is. */
bool tg_journal_entry_at(const void *map, size_t bytes, size_t offset, struct tg_journal_entry *entry);

/* The same for an entry that this process wrote itself and is done with: nothing is checked, nor a pattern looked up.
 */
void tg_journal_entry_own(const void *map, size_t offset, struct tg_journal_entry *entry);

/* The first whole entry at or after `offset`, passing over damage: sets *has_skipped when it did. False at the end. */
bool tg_journal_entry_find(const void *map, size_t bytes, size_t offset, struct tg_journal_entry *entry,
                           bool *has_skipped);

#endif
