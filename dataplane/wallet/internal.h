/* What the files of this room share. Everything here is called with the wallet's mutex held.
 *
 *   wallet.c   the public calls of requests: lock, decide, unlock, tell
 *   decide.c   all or nothing over the accounts of one request
 *   clamp.c    how much output a fair share covers
 *   queue.c    who waits on which account
 *   account.c  what an account may reserve, knows, and is likely to need
 *   lease.c    leases of the current and of past windows
 *   talk.c     requests and returns: the link's side */
#ifndef TG_WALLET_INTERNAL_H
#define TG_WALLET_INTERNAL_H

#include <pthread.h>

#include "common/base/money.h"
#include "dataplane/wallet/heap.h"
#include "dataplane/wallet/table.h"
#include "dataplane/wallet/wallet.h"

enum {
    KNOWLEDGE_MS = 1000,     /* how long an answer of the control plane is acted upon before it is asked again */
    REFILL_PAUSE_MS = 1000,  /* between requests that nobody waits for, once the budget is scarce */
    SURPLUS_AFTER_MS = 3000, /* a lease is left alone for so long after a grant */
    LOOK_AGAIN_MS = 1000,    /* an account that is in use is looked after so often */
    LOW_SECONDS = 10,        /* of spending at the recent rate: with less in hand more is asked for, … */
    HIGH_SECONDS = 30,       /* … up to so much; a control plane that is away for shorter is not missed */
    CLAMP_PRESUMED = 8,      /* a clamping call never gets more than this part of what is left */
};
static const int64_t NEVER_MS = INT64_MAX;

/* A slice of one window of one budget. held = free + reserved. */
struct tg_wallet_lease {
    struct tg_id id; /* first: the table's key */
    tg_wallet_account *account;
    int64_t window_start_ms;
    int64_t ends_at_ms; /* monotonic; NEVER_MS without an end */
    int64_t held, reserved;
    size_t in_flight;       /* reservations */
    uint64_t return_number; /* of the return under way; 0: none */
    int64_t return_amount;
    bool is_return_unsent;
    bool owes_return;             /* recalled: a return is due even if it is of zero */
    struct tg_wallet_lease *next; /* among the past ones of the account */
};

/* What the control plane said last of the window that is current there. */
struct knowledge {
    bool is_told;
    int64_t told_at_ms, window_start_ms, ends_at_ms;
    int64_t limit, settled, leased;
    int64_t spent_since;       /* settled here afterwards: surely not contained in `settled` */
    int64_t exhausted_minimum; /* answered EXHAUSTED for this much; 0: not */
};

/* How an account is used, in seconds that roll by as calls come. */
struct pace {
    int64_t second_began_ms;
    int64_t spent;             /* in this second */
    int64_t rate_per_s;        /* spent in the seconds before, smoothed */
    int64_t peak, peak_before; /* most reserved at once in this second, and before (fading) */
    int64_t stock;             /* the last reservation: what an idle account keeps */
};

enum request_state { REQUEST_NONE, REQUEST_UNSENT, REQUEST_SENT };

struct tg_wallet_account {
    struct tg_id id; /* first: the table's key */
    tg_wallet *wallet;
    struct tg_wallet_budget budget;
    bool is_retired;

    struct tg_wallet_lease *lease; /* of the current window, or NULL */
    struct tg_wallet_lease *past;
    int64_t beyond_reserved; /* reserved beyond any lease */
    struct knowledge knowledge;
    struct pace pace;

    struct tg_reservation *first, *last; /* waiters by ticket */
    size_t waiting;
    __int128 waiting_amount; /* what they would all take */

    enum request_state request_state;
    struct tg_wallet_message request;
    bool is_request_outdated; /* the limit changed after it was made */
    int64_t ask_at_ms;        /* not before, for waiters */
    int64_t refill_at_ms;     /* not before, in advance */
    int64_t granted_at_ms;
    struct tg_wallet_timer look; /* when the link should look at this account */
};

struct tg_wallet {
    struct tg_wallet_config config;
    pthread_mutex_t mutex;
    struct table accounts, leases;
    struct heap looks, deadlines;
    size_t waiting;
    uint64_t last_ticket, last_number, last_look;
    bool is_connected, is_closing;
    int64_t link_looks_at_ms;                      /* when it will look by itself, as it was told */
    bool is_message_due;                           /* on_message is called after unlocking */
    struct tg_reservation *decided, *last_decided; /* on_decided is called after unlocking */
};

/* Unlocks, then makes the calls that became due: on_message and on_decided. (wallet.c) */
void wallet_unlock(tg_wallet *wallet);

/* ---- account.c ---- */

static inline int64_t amount_of(const struct tg_wallet_demand *demand, int64_t tokens)
{
    return tg_money_add(demand->fixed, tg_money_multiply(demand->per_output_token, tokens));
}

/* The link should look at the account then. */
void account_look(tg_wallet_account *account, int64_t at_ms);
/* Ends the current window if its time is over. Call before anything else at a new moment. */
void account_refresh(tg_wallet_account *account, int64_t now_ms);
int64_t account_free(const tg_wallet_account *account); /* may be negative */
int64_t account_held(const tg_wallet_account *account);
/* What the control plane could still grant, as last told; 0 if unknown. */
int64_t account_grantable(const tg_wallet_account *account);
bool account_is_fresh(const tg_wallet_account *account, int64_t now_ms);
/* True only if it is certain that the budget does not cover `needed` any more. */
bool account_is_exceeded(const tg_wallet_account *account, int64_t needed, int64_t now_ms);
/* Spending is allowed although no lease covers it. */
bool account_may_go_beyond(const tg_wallet_account *account);
/* Requests can be made at all. */
bool account_can_ask(const tg_wallet_account *account);
/* An answer is under way, or a request may be made now. */
bool account_can_learn(const tg_wallet_account *account, int64_t now_ms);
/* There is reason to make a request now. */
bool account_should_ask(tg_wallet_account *account, int64_t now_ms);
void account_note_reserved(tg_wallet_account *account, int64_t amount, int64_t now_ms);
void account_note_lacking(tg_wallet_account *account, int64_t amount, int64_t now_ms);
void account_note_spent(tg_wallet_account *account, int64_t amount, int64_t now_ms);
int64_t account_rate(tg_wallet_account *account, int64_t now_ms);
/* What it should hold so that requests do not wait: below `low` more is asked for, up to `high`. */
int64_t account_low(tg_wallet_account *account, int64_t now_ms);
int64_t account_high(tg_wallet_account *account, int64_t now_ms);
void account_refusal(const tg_wallet_account *account, int64_t needed, int64_t now_ms,
                     struct tg_wallet_refusal *refusal);

/* ---- lease.c ---- */

static inline int64_t lease_free(const struct tg_wallet_lease *lease)
{
    return tg_money_add(lease->held, -lease->reserved);
}

/* The current lease becomes a past one. */
void lease_turn(tg_wallet_account *account);
/* Adds a grant to the lease it names, which becomes the current one unless its window is over (false). */
bool lease_add(tg_wallet_account *account, const struct tg_wallet_grant *grant, int64_t now_ms);
/* Makes a return of `amount` and says so in *message; the amount is not held any more. */
void lease_return(struct tg_wallet_lease *lease, int64_t amount, struct tg_wallet_message *message);
/* Frees past leases that nothing is left of. */
void lease_sweep(tg_wallet_account *account);

/* ---- clamp.c ---- */

/* The output tokens that `demand` on a clamping account may have now, from the floor to what is wanted; -1 if it has
 * to wait. With `is_last_chance` whatever is there will do if it covers the floor. */
int64_t clamp_tokens(const struct tg_wallet_demand *demand, const struct tg_reservation *reservation, int64_t now_ms,
                     bool is_last_chance);

/* ---- decide.c ---- */

/* RESERVED (the lines are filled and taken), EXCEEDED (the refusal is filled) or WAITING: *lacks_on is the first
 * account that lacks, and the deadline is drawn in to the shortest wait among those that lack. */
enum tg_wallet_answer decide(tg_wallet *wallet, struct tg_reservation *reservation, int64_t now_ms, bool is_last_chance,
                             tg_wallet_account **lacks_on);
/* What a waiter must at least find in an account. */
int64_t decide_least(const struct tg_reservation *reservation, const tg_wallet_account *account);

/* ---- queue.c ---- */

/* True if somebody who came before waits on the account. */
bool queue_is_behind(const tg_wallet_account *account, const struct tg_reservation *reservation);
void queue_add(tg_wallet_account *account, struct tg_reservation *reservation);
void queue_remove(tg_wallet *wallet, struct tg_reservation *reservation);
/* Serves the waiters of an account as far as possible, in order. */
void queue_serve(tg_wallet_account *account, int64_t now_ms);
/* Refuses those of its waiters that the budget certainly does not cover. */
void queue_refuse(tg_wallet_account *account, int64_t now_ms);
/* A wait has ended: on_decided is called after unlocking. The reservation is in no queue. */
void queue_decided(tg_wallet *wallet, struct tg_reservation *reservation, enum tg_wallet_answer answer);
/* The refusal of one that waits no longer for `account`. */
void queue_busy(struct tg_reservation *reservation, tg_wallet_account *account, int64_t now_ms);

#endif
