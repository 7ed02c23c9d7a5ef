/* Brief intents. Calls of one key for one model are alike: the same identifiers and texts, the same leases. An intent
 * that is like an earlier one in the same file says so, and holds only what is its own: the request's identifier and
 * all numbers. The earlier one, written whole, is its pattern; entries are never taken back, so a pattern stays as long
 * as the file. Only recovery reads intents, and makes them whole again; records are always written whole. */
#ifndef TG_JOURNAL_BRIEF_H
#define TG_JOURNAL_BRIEF_H

#include "common/wire/protocol.h"
#include "dataplane/journal/entry.h"

/* The patterns of the current file that were used last. */
struct tg_journal_patterns;

struct tg_journal_patterns *tg_journal_patterns_create(void);
void tg_journal_patterns_destroy(struct tg_journal_patterns *patterns); /* NULL is fine */

/* Whether an intent like `record` stands in the file of `file_order`: its offset, and the length of its record. */
bool tg_journal_pattern_find(const struct tg_journal_patterns *patterns, const Tollgate__V1__UsageRecord *record,
                             uint64_t file_order, size_t *offset, size_t *record_bytes);
/* The intent at `offset` was written whole: others may refer to it. */
void tg_journal_pattern_add(struct tg_journal_patterns *patterns, const Tollgate__V1__UsageRecord *record,
                            uint64_t file_order, size_t offset, size_t record_bytes);

/* Packs what is the record's own into `out` (TG_JOURNAL_RECORD_MAX_BYTES); its length. */
size_t tg_journal_brief_pack(const Tollgate__V1__UsageRecord *record, char *out);

/* The record of an intent, unpacked from its entry, brief or not. NULL if it cannot be (a newer version wrote it in
 * another form). To be freed with tg_wire_free. */
Tollgate__V1__UsageRecord *tg_journal_intent_unpack(const struct tg_journal_entry *entry);

#endif
