/* The books. A replica numbers its usage records 1, 2, 3 … per boot and ships them in order until they are
 * acknowledged; here each number is booked exactly once, whatever is sent twice, lost or interrupted:
 *
 *   begin, lock the boot's row ── numbers up to booked_sequence are repetitions ── a jump is noted as a gap
 *     -> COPY the rest into temporary tables -> usage_records -> rollups
 *     -> accounts: settled += amount, leased -= what the lease covers; leases: remaining -= the same
 *     -> booked_sequence = last number, commit -> the replica may forget them
 *
 * A record that cannot be booked (a negative count, a budget that does not exist) goes to usage_rejected with the
 * reason, in the same transaction that counts its number as booked: it neither stops the stream nor is lost.
 *
 * Locks are taken in one order everywhere: boot, rollups by key, accounts by key, leases. Any thread, each with its own
 * connection. */
#ifndef TG_LEDGER_LEDGER_H
#define TG_LEDGER_LEDGER_H

#include "common/base/id.h"
#include "common/base/status.h"
#include "common/wire/protocol.h"
#include "controlplane/store/db.h"

/* What all threads of the process know about the tables: which months have their partition. */
typedef struct tg_ledger tg_ledger;

tg_ledger *tg_ledger_create(void);
void tg_ledger_destroy(tg_ledger *ledger);

struct tg_ledger_receipt {
    int64_t through_sequence; /* acknowledge this */
    size_t booked, repeated, rejected;
    int64_t missing;           /* numbers that never came, noted as a gap */
    size_t uncovered_accounts; /* charged beyond what their leases covered */
};

/* Books a batch; TG_OK means that everything in it is durable. Tries again by itself after deadlocks and lost
 * connections; a batch that failed (TG_UNAVAILABLE, …) may have been booked in part and is to be sent again.
 * TG_DENIED if the boot belongs to another replica, TG_INVALID for a batch without a usable boot or number. */
enum tg_status tg_ledger_book(tg_ledger *ledger, tg_db *db, const char *replica, const Tollgate__V1__UsageBatch *batch,
                              struct tg_ledger_receipt *receipt, struct tg_error *error) TG_MUST_CHECK;

/* Notes the boot (TG_DENIED if it belongs to another replica) and tells what is booked of it. */
enum tg_status tg_ledger_open_boot(tg_db *db, const char *replica, struct tg_id boot_id, int64_t *through_sequence,
                                   struct tg_error *error) TG_MUST_CHECK;

/* The boot writes no more: frees what it still has out, once everything it numbered is booked. May be repeated.
 * TG_CONFLICT while numbers up to `last_sequence` are not booked. */
enum tg_status tg_ledger_close_boot(tg_db *db, const char *replica, struct tg_id boot_id, int64_t last_sequence,
                                    struct tg_error *error) TG_MUST_CHECK;

#endif
