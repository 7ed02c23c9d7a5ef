/* Gives a record a bounded size and clean texts before it is packed. */
#ifndef TG_JOURNAL_SHAPE_H
#define TG_JOURNAL_SHAPE_H

#include "common/wire/protocol.h"
#include "dataplane/journal/entry.h"

enum {
    TG_JOURNAL_TEXT_MAX_BYTES = 128,
    /* How much longer a record can be than its intent: texts that were empty, and numbers that grew. */
    TG_JOURNAL_GROWTH_MAX_BYTES = 1024,
};

/* Packs into `out` (TG_JOURNAL_RECORD_MAX_BYTES) with every text cut to TG_JOURNAL_TEXT_MAX_BYTES and made valid UTF-8.
 * Returns the length; 0 if the record is too long all the same (more charges than any request can have). */
size_t tg_journal_shape(const Tollgate__V1__UsageRecord *record, char *out);

#endif
