/* A model of everything around the wallet, in virtual time and from one seed: a bank (the control plane's own rule for
 * grants over books kept in memory), replicas with a wallet each, connections that delay, break and repeat, calls that
 * run, cost less than feared and leave, replicas that die.
 *
 * After every step the books are checked; a breach prints the seed and aborts. */
#ifndef TG_TEST_WALLET_WORLD_H
#define TG_TEST_WALLET_WORLD_H

#include "dataplane/wallet/internal.h"

enum { MAX_BUDGETS = 4, MAX_REPLICAS = 3, MAX_WINDOWS = 256, MAX_CALLS = 512, MAX_BOOTS = 64, MAX_TRANSIT_MS = 40 };

/* Holds or stops the program, telling the seed. */
#define world_check(world, condition)                                                                                  \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            world_fail(world, __FILE__, __LINE__, #condition);                                                         \
    } while (0)

struct bank_account {
    int64_t settled, leased;
    int64_t spent; /* the truth, booked or not */
};

struct bank_lease {
    size_t budget, window, boot;
    int64_t remaining, unbooked;
    uint64_t last_return_number;
};

struct boot {
    size_t replica;
    int64_t closes_at_ms; /* of a dead one; INT64_MAX while it lives, 0 when closed */
    struct {
        uint64_t number;
        struct tg_wallet_grant grant;
    } granted[MAX_BUDGETS]; /* the last, for repetition */
};

struct parcel {
    int64_t at_ms;
    enum { CARRIES_MESSAGE, CARRIES_GRANT, CARRIES_ACK, CARRIES_RECALL } kind;
    struct tg_wallet_message message;
    struct tg_wallet_grant grant;
    struct tg_id id;
    uint64_t number;
};

struct pipe {
    struct parcel *parcels;
    size_t first, count, capacity;
};

struct replica {
    tg_wallet *wallet;
    tg_wallet_account *accounts[MAX_BUDGETS];
    size_t boot;
    bool is_connected;
    int64_t reconnects_at_ms;
    struct pipe up, down;
};

enum call_state { CALL_IDLE, CALL_WAITING, CALL_RUNNING };

struct call {
    struct tg_reservation reservation;
    struct world *world;
    enum call_state state;
    enum tg_wallet_answer answer; /* how it was decided last */
    size_t replica;
    uint64_t arrival;
    int64_t settles_at_ms, runs_ms;
    int64_t true_tokens; /* -1: costs all that was reserved */
};

struct world {
    uint64_t seed, random;
    int64_t now_ms;
    bool is_calm; /* no accidents */
    size_t budget_count, replica_count, boot_count;
    struct tg_wallet_budget budgets[MAX_BUDGETS];
    int64_t window_ms[MAX_BUDGETS]; /* 0: none */
    struct bank_account accounts[MAX_BUDGETS][MAX_WINDOWS];
    struct bank_lease *leases;
    size_t lease_count, lease_capacity;
    struct boot boots[MAX_BOOTS];
    struct replica replicas[MAX_REPLICAS];
    struct call calls[MAX_CALLS];
    uint64_t arrivals;
    int64_t reserved_count, exceeded_count, busy_count, clamped_count;
};

struct world *world_create(uint64_t seed, const struct tg_wallet_budget *budgets, const int64_t *window_ms,
                           size_t budget_count, size_t replica_count);
void world_destroy(struct world *world);
void world_fail(struct world *world, const char *file, int line, const char *condition) __attribute__((noreturn));

uint64_t world_random(struct world *world, uint64_t below);

/* Lets `ms` pass: deliveries, messages of the wallets, deadlines, settlements, bookings; then checks the books. */
void world_pass(struct world *world, int64_t ms);
void world_check_books(struct world *world);

/* An idle call, or NULL. */
struct call *world_idle_call(struct world *world);
/* Starts it at a replica; the answer is in call->answer. It settles `runs_ms` after it was reserved. */
void world_start(struct world *world, struct call *call, size_t replica, const struct tg_wallet_demand *demands,
                 size_t count, int64_t wanted_tokens, int64_t true_tokens, int64_t runs_ms);
void world_cancel(struct world *world, struct call *call);
void world_disconnect(struct world *world, size_t replica, int64_t for_ms);
void world_crash(struct world *world, size_t replica);
void world_raise_limit(struct world *world, size_t budget, int64_t by);

/* The account that is current at the bank. */
struct bank_account *world_account(struct world *world, size_t budget);
size_t world_live_calls(const struct world *world);

#endif
