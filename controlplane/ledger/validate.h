/* What a record must be like to be booked, checked before Postgres sees it. Pure. */
#ifndef TG_LEDGER_VALIDATE_H
#define TG_LEDGER_VALIDATE_H

#include "common/base/arena.h"
#include "common/wire/protocol.h"

enum { TG_LEDGER_MAX_CHARGES = 64 };

/* NULL if the record can be booked, else why not, as a sentence for people. Text is not judged: see below. */
const char *tg_ledger_reject_reason(const Tollgate__V1__UsageRecord *record);

/* Model names and the like come from clients and providers. Money must not be turned away for an odd byte in one:
 * what is not UTF-8 (RFC 3629) becomes U+FFFD. The record's own bytes where there is nothing to mend, else a copy in
 * the arena. */
struct tg_text tg_ledger_clean_text(struct tg_arena *arena, const char *string);

#endif
