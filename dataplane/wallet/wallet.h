/* What this replica may spend: the leased part of every budget, and who waits for it.
 *
 * A request states what it may cost at worst in each budget concerned; tg_wallet_reserve() takes all of it or nothing
 * from the leases held. Afterwards tg_wallet_settle() replaces the reservation by the truth and the rest is free again.
 * What does not fit waits, in order of arrival and until its deadline, for reservations in flight to settle or for a
 * grant; or, where the budget allows clamping, goes on with a smaller maximum output. It is refused when what is
 * settled leaves no room (TG_WALLET_EXCEEDED), or when the deadline passes (TG_WALLET_BUSY).
 *
 *   budget ── account (one for the process) ── lease of the current window ── held = free + reserved
 *                                           └─ leases of past windows, until their last reservation settles
 *
 * Pure: no sockets, no clock (every call is given the monotonic time), no threads of its own. Inside is one mutex with
 * short critical sections; calls come from every worker and from the link's thread. The arithmetic and the queueing
 * rules are in docs/architecture/budgets.md and are tested against a model with random schedules. */
#ifndef TG_WALLET_WALLET_H
#define TG_WALLET_WALLET_H

#include "common/base/id.h"
#include "common/base/status.h"

typedef struct tg_wallet tg_wallet;
typedef struct tg_wallet_account tg_wallet_account;

enum tg_budget_unit { TG_BUDGET_MONEY, TG_BUDGET_TOKENS };
enum tg_budget_contention { TG_BUDGET_WAIT, TG_BUDGET_CLAMP };
enum tg_budget_outage { TG_BUDGET_DENY, TG_BUDGET_ALLOW_AND_REPORT };

const char *tg_budget_unit_name(enum tg_budget_unit unit);                   /* "money", "tokens" */
const char *tg_budget_contention_name(enum tg_budget_contention contention); /* "wait", "clamp" */
const char *tg_budget_outage_name(enum tg_budget_outage outage);             /* "deny", "allow_and_report" */

/* What the snapshot says of a budget. */
struct tg_wallet_budget {
    struct tg_id id;
    enum tg_budget_unit unit;
    enum tg_budget_contention contention;
    enum tg_budget_outage outage;
    int64_t max_wait_ms;
    int64_t clamp_floor_tokens;
    int64_t limit_amount; /* pusd or tokens; a changed limit makes a known exhaustion be asked about again */
};

struct tg_wallet_config {
    void *user;
    /* Something is there for tg_wallet_next_message(): the link's thread should look soon. Any thread; must not block
     * and must not call back into the wallet. */
    void (*on_message)(void *user);
    size_t max_waiters; /* over all accounts; beyond it a request is answered TG_WALLET_BUSY at once */
};

tg_wallet *tg_wallet_create(const struct tg_wallet_config *config);
void tg_wallet_destroy(tg_wallet *wallet);

/* The account of a budget, made when new, its settings updated when known. The pointer lives as long as the wallet, so
 * a snapshot keeps it. Any thread. */
tg_wallet_account *tg_wallet_intern(tg_wallet *wallet, const struct tg_wallet_budget *budget);
/* The budget is gone from the snapshot: give back what is free; the account stays for reservations in flight. */
void tg_wallet_retire(tg_wallet *wallet, tg_wallet_account *account, int64_t now_ms);

/* ---- requests (worker threads) ---- */

enum { TG_WALLET_MAX_LINES = 16 };

/* The worst case in one budget: fixed + per_output_token * maximum output. */
struct tg_wallet_demand {
    tg_wallet_account *account;
    int64_t fixed;
    int64_t per_output_token;
};

/* What is taken from one budget. */
struct tg_wallet_line {
    tg_wallet_account *account;
    struct tg_wallet_lease *lease; /* the wallet's own; NULL where allowed beyond any lease */
    struct tg_id budget_id;
    struct tg_id lease_id; /* zero where lease is NULL */
    int64_t window_start_ms;
    int64_t reserved;
    enum tg_budget_unit unit;
};

enum tg_wallet_answer {
    TG_WALLET_RESERVED,
    TG_WALLET_WAITING,  /* on_decided will come, unless cancelled */
    TG_WALLET_EXCEEDED, /* what is settled leaves no room */
    TG_WALLET_BUSY,     /* the room is there but taken by others until the deadline */
};

const char *tg_wallet_answer_name(enum tg_wallet_answer answer);

/* Why a request was not served, for the error message. Amounts are in the budget's unit. */
struct tg_wallet_refusal {
    tg_wallet_account *account;
    struct tg_id budget_id;
    enum tg_budget_unit unit;
    int64_t needed;
    int64_t limit;
    int64_t settled;  /* known settled anywhere, booked or spent here */
    int64_t reserved; /* by requests in flight on this replica */
    int64_t free;     /* neither settled, nor reserved here, nor leased to other replicas, as last told; at least 0 */
    int64_t window_remaining_ms; /* until the budget's window ends; 0 for none */
    bool is_control_plane_away;
};

/* Inside: a moment in a heap. */
struct tg_wallet_timer {
    int64_t at_ms;
    uint64_t order; /* among equal moments */
    size_t slot;    /* 0: not in the heap */
};

/* One request's stake; embedded in the exchange, all zero before use. Owned by the caller; while it waits, the wallet
 * links it. */
struct tg_reservation {
    struct tg_wallet_line lines[TG_WALLET_MAX_LINES];
    size_t line_count;
    int64_t output_tokens;            /* granted maximum output */
    bool is_clamped;                  /* less than wanted */
    struct tg_wallet_refusal refusal; /* valid after EXCEEDED and BUSY */

    /* Set by the caller before tg_wallet_reserve: called when a wait ends, from any thread, with no lock held; it must
     * only hand a message to the owner's loop (the owner then calls tg_wallet_answer_of). */
    void (*on_decided)(struct tg_reservation *reservation);

    /* The wallet's own while waiting. */
    enum tg_wallet_answer answer;
    struct tg_wallet_demand demands[TG_WALLET_MAX_LINES];
    size_t demand_count;
    int64_t wanted_output_tokens, floor_output_tokens, planned_output_tokens, arrived_at_ms;
    struct tg_wallet_timer deadline;
    uint64_t ticket; /* order of arrival among those that had to wait; 0 before */
    tg_wallet_account *waits_on;
    struct tg_reservation *waits_before, *waits_after;
};

/* Reserves fixed + per_output_token * output_tokens in every demanded account, all or nothing. `wanted_output_tokens`
 * is the maximum output that the request would have; with clamping the granted one may be smaller (see
 * reservation->output_tokens), never below the floor of the budgets that clamp (and never below 1). The wait is bounded
 * by the smallest max_wait_ms of the accounts that lack. `count` may be 0 (no budget applies): RESERVED. The accounts
 * are all different. */
enum tg_wallet_answer tg_wallet_reserve(tg_wallet *wallet, int64_t now_ms, struct tg_reservation *reservation,
                                        const struct tg_wallet_demand *demands, size_t count,
                                        int64_t wanted_output_tokens);

/* After on_decided: how the wait ended. Owner's thread. */
enum tg_wallet_answer tg_wallet_answer_of(tg_wallet *wallet, const struct tg_reservation *reservation);

/* Leaves the queue. True: it was still waiting, and on_decided will not come. False: it has been decided already (a
 * RESERVED one must then be settled with zeros); on_decided has been or is being called, and the reservation must stay
 * where it is until it was. */
bool tg_wallet_cancel(tg_wallet *wallet, struct tg_reservation *reservation, int64_t now_ms);

/* Replaces what was reserved by the true `amounts` (one per line, may exceed the reservation: the truth is the truth)
 * and frees the rest. The reservation is spent afterwards. Wakes who waits.
 *
 * `now_ms` is not later than the moment at which the record of the call went into the journal (the beginning of the
 * loop's turn will do), so that nothing is counted here that is booked already. If the process dies between this and
 * the journal, the call is booked at its reservation though its room may be in use again: the books then show an
 * overrun that was not really spent. Journal first where that matters. */
void tg_wallet_settle(tg_wallet *wallet, struct tg_reservation *reservation, const int64_t *amounts, int64_t now_ms);

/* Ends waits whose deadline passed. Called by some thread at least every 50 ms while there are waiters. */
void tg_wallet_expire(tg_wallet *wallet, int64_t now_ms);
/* When the first wait ends; INT64_MAX while nobody waits. Any thread. */
int64_t tg_wallet_next_deadline_ms(tg_wallet *wallet);

/* ---- the link's side (one thread) ---- */

/* What should be sent to the control plane next. */
struct tg_wallet_message {
    enum { TG_WALLET_REQUEST, TG_WALLET_RETURN } kind;
    uint64_t number;
    struct tg_id budget_id, lease_id;
    int64_t amount;                                   /* RETURN */
    int64_t wanted, minimum, held, recent_rate_per_s; /* REQUEST */
};

/* The next thing to send, false if there is none now; *next_at_ms then says when to look again (a retry after BUSY, a
 * window that ends; INT64_MAX for never). Call it until it says false: before that no on_message comes. */
bool tg_wallet_next_message(tg_wallet *wallet, int64_t now_ms, struct tg_wallet_message *message, int64_t *next_at_ms);

enum tg_lease_outcome { TG_LEASE_GRANTED, TG_LEASE_EXHAUSTED, TG_LEASE_BUSY, TG_LEASE_UNKNOWN_BUDGET };

struct tg_wallet_grant {
    uint64_t request_number;
    struct tg_id budget_id, lease_id;
    enum tg_lease_outcome outcome;
    int64_t amount;
    /* Start 0: the budget has no windows. Remaining 0 with a start: that window has ended already. */
    int64_t window_start_ms, window_remaining_ms;
    /* Known with every outcome but UNKNOWN_BUDGET; `leased` is to all replicas, after this grant. */
    int64_t limit_amount, settled, leased;
    int64_t retry_after_ms;
};

/* An answer for an unknown or answered number is ignored. */
void tg_wallet_on_grant(tg_wallet *wallet, const struct tg_wallet_grant *grant, int64_t now_ms);
void tg_wallet_on_return_ack(tg_wallet *wallet, struct tg_id lease_id, uint64_t number, int64_t now_ms);
/* Answered by a RETURN of what is free, possibly zero. What is free while somebody waits is what does not suffice for
 * him: it is given back too, or two replicas could each sit on half of what either needs. */
void tg_wallet_on_recall(tg_wallet *wallet, struct tg_id budget_id, int64_t now_ms);
/* After (re)connecting, unanswered requests and returns are sent again with their numbers. While away, accounts that
 * lack apply their outage rule. Starts as away. */
void tg_wallet_set_connected(tg_wallet *wallet, bool is_connected, int64_t now_ms);
/* Gives back everything that is free, for a clean stop. */
void tg_wallet_return_all(tg_wallet *wallet, int64_t now_ms);

#endif
