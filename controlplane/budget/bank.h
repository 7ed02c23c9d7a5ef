/* The bank's rules: how much of a budget a replica that asks gets on lease. Pure deciding code: no database, no clock.
 *
 *   limit ─┬─ settled   booked; only grows
 *          ├─ leased    out to replicas: free there, reserved there, or spent and not booked yet
 *          └─ free      what can still be granted
 *
 * A grant follows the replica's recent rate, is cut to a fraction of what is free, and so shrinks as the budget runs
 * out; but it is never less than the call that waits needs, as long as that much is free. When it is not, what replicas
 * hold idle is recalled and the answer is BUSY: leases come back, or turn into bookings that are cheaper than their
 * worst case. EXHAUSTED is said only when what is settled leaves too little, for that will never get better.
 *
 * Replicas ask again after BUSY. A minimum is granted whole or not at all, so that two replicas never each wait with
 * half of what one of them needs. */
#ifndef TG_BUDGET_BANK_H
#define TG_BUDGET_BANK_H

#include <stdbool.h>
#include <stdint.h>

/* One window's account. Amounts are pico-dollars or tokens, none negative. */
struct tg_bank_account {
    int64_t limit;
    int64_t settled;
    int64_t leased;          /* to all replicas */
    int64_t leased_to_asker; /* of that, to the boot that asks */
};

struct tg_bank_request {
    int64_t wanted;            /* what recent traffic suggests */
    int64_t minimum;           /* what the first call that waits lacks; 0 if none waits */
    int64_t held;              /* unspent at the replica, reserved or not */
    int64_t recent_rate_per_s; /* spent lately */
};

enum tg_bank_outcome { TG_BANK_GRANTED, TG_BANK_BUSY, TG_BANK_EXHAUSTED, TG_BANK_UNKNOWN_BUDGET };
const char *tg_bank_outcome_name(enum tg_bank_outcome outcome);

struct tg_bank_decision {
    enum tg_bank_outcome outcome;
    int64_t amount;         /* GRANTED: above zero, at least the minimum, at most what is free */
    int64_t retry_after_ms; /* BUSY */
    bool recalls_others;    /* ask the other replicas for what they hold idle */
    bool recalls_asker;     /* ask it too: what the others hold cannot be enough */
};

/* What is left to grant: limit - settled - leased, at least 0. */
int64_t tg_bank_free(const struct tg_bank_account *account);

/* `replicas` is how many share the budget, the asker included (values below 1 count as 1). Never UNKNOWN_BUDGET. */
struct tg_bank_decision tg_bank_decide(const struct tg_bank_account *account, const struct tg_bank_request *request,
                                       int64_t replicas);

#endif
