/* The bank's books: accounts and leases in Postgres. Every change is one short transaction that any instance may run;
 * the constraint `account_covers` holds whatever they do at once.
 *
 * Windows are the database's business: which hour, day, week or month it is now in the organization's time zone,
 * across changes of daylight saving time, is computed there, from its clock.
 *
 * Exactly once: a request that was granted, or a return that was taken, is recognized by its number when it is sent
 * again, and answered as before. All functions may therefore be repeated after any failure. */
#ifndef TG_BUDGET_BANK_STORE_H
#define TG_BUDGET_BANK_STORE_H

#include "common/base/id.h"
#include "controlplane/budget/bank.h"
#include "controlplane/store/db.h"

/* The channel that tells every instance to ask its replicas for idle leases. */
#define TG_BANK_RECALL_CHANNEL "tollgate_recall"

struct tg_bank_asker {
    const char *replica;
    struct tg_id boot_id;
};

struct tg_bank_answer {
    struct tg_bank_decision decision;
    struct tg_id lease_id; /* GRANTED */
    /* All but UNKNOWN_BUDGET. Amounts beyond int64 are cut to it. */
    int64_t window_start_ms;     /* 0: the budget has no windows */
    int64_t window_remaining_ms; /* 0: no end; else at least 1 */
    int64_t limit_amount, settled, leased;
};

/* Decides on a request and carries out what was decided. `request_number` rises within the boot. The caller sends the
 * recalls that the decision asks for. */
enum tg_status tg_bank_lend(tg_db *db, const struct tg_bank_asker *asker, struct tg_id budget_id,
                            uint64_t request_number, const struct tg_bank_request *request,
                            struct tg_bank_answer *answer, struct tg_error *error) TG_MUST_CHECK;

/* Takes back `amount` of a lease of that boot; `return_number` rises within the boot. *taken is what is free again: 0
 * for a repetition, less than the amount if less was out. TG_NOT_FOUND if the boot has no such lease. */
enum tg_status tg_bank_take_back(tg_db *db, struct tg_id boot_id, struct tg_id lease_id, uint64_t return_number,
                                 int64_t amount, int64_t *taken, struct tg_error *error) TG_MUST_CHECK;

/* Inside the caller's platform transaction: everything that the boot still has out is free again. */
enum tg_status tg_bank_release_boot(tg_db *db, struct tg_id boot_id, struct tg_error *error) TG_MUST_CHECK;

/* Tells every instance; `spared_boot` (may be zero) is not asked. */
enum tg_status tg_bank_recall(tg_db *db, struct tg_id budget_id, struct tg_id spared_boot,
                              struct tg_error *error) TG_MUST_CHECK;

/* Reads what tg_bank_recall() sent. */
bool tg_bank_parse_recall(struct tg_text payload, struct tg_id *budget_id, struct tg_id *spared_boot);

#endif
