#include "dataplane/journal/entry.h"

#include <stdatomic.h>

#include "dataplane/journal/crc32c.h"

void tg_journal_header_write(void *map, struct tg_id boot_id, uint64_t order, int64_t first_sequence)
{
    struct tg_journal_file_header header = {
        .magic = TG_JOURNAL_MAGIC, .boot_id = boot_id, .order = order, .first_sequence = first_sequence};
    header.crc32c = tg_crc32c(0, &header, offsetof(struct tg_journal_file_header, crc32c));
    memcpy(map, &header, sizeof(header));
}

bool tg_journal_header_is_valid(const struct tg_journal_file_header *header)
{
    return header->magic == TG_JOURNAL_MAGIC && header->first_sequence > 0 &&
           header->crc32c == tg_crc32c(0, header, offsetof(struct tg_journal_file_header, crc32c));
}

void tg_journal_entry_write(void *at, enum tg_journal_entry_kind kind, uint64_t intent_number, int64_t sequence,
                            struct tg_text record, uint32_t record_crc32c)
{
    struct tg_journal_entry_head head = {
        .record_bytes = (uint32_t)record.bytes,
        .kind = (uint32_t)kind,
        .intent_number = intent_number,
        .sequence = sequence,
        .record_crc32c = record_crc32c,
    };
    head.head_crc32c = tg_crc32c(0, &head, offsetof(struct tg_journal_entry_head, head_crc32c));
    memcpy((char *)at + sizeof(head), record.data, record.bytes);
    /* The process may be killed between any two stores, so the head comes after what it vouches for. */
    atomic_signal_fence(memory_order_release);
    memcpy(at, &head, sizeof(head));
}

static void describe(const void *map, size_t offset, const struct tg_journal_entry_head *head,
                     struct tg_journal_entry *entry)
{
    *entry = (struct tg_journal_entry){
        .kind = (enum tg_journal_entry_kind)head->kind,
        .intent_number = head->intent_number,
        .sequence = head->sequence,
        .record = tg_text((const char *)map + offset + sizeof(*head), head->record_bytes),
        .offset = offset,
        .next_offset = offset + tg_journal_entry_bytes(head->record_bytes),
    };
}

void tg_journal_entry_own(const void *map, size_t offset, struct tg_journal_entry *entry)
{
    struct tg_journal_entry_head head;
    memcpy(&head, (const char *)map + offset, sizeof(head));
    describe(map, offset, &head, entry);
}

/* A whole entry, by itself. */
static bool read_entry(const void *map, size_t bytes, size_t offset, struct tg_journal_entry *entry)
{
    struct tg_journal_entry_head head;
    if (offset > bytes || bytes - offset < sizeof(head))
        return false;
    memcpy(&head, (const char *)map + offset, sizeof(head));
    if (head.kind < TG_JOURNAL_INTENT || head.kind > TG_JOURNAL_BRIEF ||
        head.record_bytes > TG_JOURNAL_RECORD_MAX_BYTES || bytes - offset < tg_journal_entry_bytes(head.record_bytes) ||
        head.head_crc32c != tg_crc32c(0, &head, offsetof(struct tg_journal_entry_head, head_crc32c)))
        return false;
    describe(map, offset, &head, entry);
    return head.record_crc32c == tg_crc32c(0, entry->record.data, entry->record.bytes);
}

bool tg_journal_entry_at(const void *map, size_t bytes, size_t offset, struct tg_journal_entry *entry)
{
    if (!read_entry(map, bytes, offset, entry))
        return false;
    if (entry->kind != TG_JOURNAL_BRIEF)
        return true;
    struct tg_journal_entry like;
    if (entry->sequence < 0 || !read_entry(map, bytes, (size_t)entry->sequence, &like) ||
        like.kind != TG_JOURNAL_INTENT)
        return false;
    entry->pattern = like.record;
    return true;
}

bool tg_journal_entry_find(const void *map, size_t bytes, size_t offset, struct tg_journal_entry *entry,
                           bool *has_skipped)
{
    *has_skipped = false;
    for (; offset < bytes; offset += 8) {
        if (tg_journal_entry_at(map, bytes, offset, entry))
            return true;
        *has_skipped = true;
    }
    return false;
}
