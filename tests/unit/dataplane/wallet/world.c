#include "world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bank_model.h"

void world_fail(struct world *world, const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: at %" PRId64 " ms it does not hold that %s\nrun again with TOLLGATE_SEED=%" PRIu64 "\n",
            file, line, world->now_ms, condition, world->seed);
    abort();
}

/* SplitMix64: every seed, also a small one, gives a different course. */
uint64_t world_random(struct world *world, uint64_t below)
{
    uint64_t mixed = world->random += 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return (mixed ^ (mixed >> 31)) % below;
}

static void boot_replica(struct world *world, size_t index)
{
    struct replica *replica = &world->replicas[index];
    world_check(world, world->boot_count < MAX_BOOTS);
    replica->boot = world->boot_count++;
    world->boots[replica->boot] = (struct boot){.replica = index, .closes_at_ms = INT64_MAX};
    struct tg_wallet_config config = {.max_waiters = MAX_CALLS};
    replica->wallet = tg_wallet_create(&config);
    for (size_t i = 0; i < world->budget_count; ++i)
        replica->accounts[i] = tg_wallet_intern(replica->wallet, &world->budgets[i]);
    replica->is_connected = false;
    replica->reconnects_at_ms = world->now_ms + (int64_t)world_random(world, 100);
}

struct world *world_create(uint64_t seed, const struct tg_wallet_budget *budgets, const int64_t *window_ms,
                           size_t budget_count, size_t replica_count)
{
    struct world *world = calloc(1, sizeof(*world));
    if (world == NULL)
        abort();
    world->seed = world->random = seed;
    world->now_ms = 100000;
    world->budget_count = budget_count;
    world->replica_count = replica_count;
    memcpy(world->budgets, budgets, budget_count * sizeof(*budgets));
    memcpy(world->window_ms, window_ms, budget_count * sizeof(*window_ms));
    for (size_t i = 0; i < replica_count; ++i)
        boot_replica(world, i);
    return world;
}

void world_destroy(struct world *world)
{
    for (size_t i = 0; i < world->replica_count; ++i) {
        tg_wallet_destroy(world->replicas[i].wallet);
        free(world->replicas[i].up.parcels);
        free(world->replicas[i].down.parcels);
    }
    free(world->leases);
    free(world);
}

/* ---- calls ---- */

struct call *world_idle_call(struct world *world)
{
    for (size_t i = 0; i < MAX_CALLS; ++i) {
        if (world->calls[i].state == CALL_IDLE)
            return &world->calls[i];
    }
    return NULL;
}

size_t world_live_calls(const struct world *world)
{
    size_t count = 0;
    for (size_t i = 0; i < MAX_CALLS; ++i)
        count += world->calls[i].state != CALL_IDLE;
    return count;
}

/* Among calls that concern one and the same single budget the order of arrival is strict. */
static void check_order(struct world *world, const struct call *call)
{
    if (call->reservation.demand_count != 1)
        return;
    for (size_t i = 0; i < MAX_CALLS; ++i) {
        const struct call *other = &world->calls[i];
        bool is_rival = other->state == CALL_WAITING && other->reservation.answer == TG_WALLET_WAITING &&
                        other->replica == call->replica && other->reservation.demand_count == 1 &&
                        other->reservation.demands[0].account == call->reservation.demands[0].account;
        world_check(world, !is_rival || other->arrival > call->arrival);
    }
}

static void check_lines(struct world *world, const struct call *call)
{
    const struct tg_reservation *reservation = &call->reservation;
    bool may_clamp = false;
    world_check(world, reservation->line_count == reservation->demand_count);
    for (size_t i = 0; i < reservation->line_count; ++i) {
        const struct tg_wallet_line *line = &reservation->lines[i];
        may_clamp |= line->account->budget.contention == TG_BUDGET_CLAMP;
        world_check(world, line->reserved == amount_of(&reservation->demands[i], reservation->output_tokens));
        if (line->lease == NULL) {
            world_check(world, !world->replicas[call->replica].is_connected);
            world_check(world, line->account->budget.outage == TG_BUDGET_ALLOW_AND_REPORT);
            continue;
        }
        /* The window may be over at the bank by no more than a message takes. */
        world_check(world, line->lease->ends_at_ms > world->now_ms);
        const struct bank_lease *lease = &world->leases[bank_lease_index(line->lease_id)];
        int64_t window_ms = world->window_ms[lease->budget];
        world_check(world, window_ms == 0 || world->now_ms < (int64_t)(lease->window + 1) * window_ms + MAX_TRANSIT_MS);
    }
    world_check(world, reservation->output_tokens >= reservation->floor_output_tokens);
    world_check(world, reservation->output_tokens <= reservation->wanted_output_tokens);
    world_check(world, may_clamp || reservation->output_tokens == reservation->wanted_output_tokens);
    world_check(world, reservation->is_clamped == (reservation->output_tokens < reservation->wanted_output_tokens));
}

/* A refusal as exceeded must be true: what was really spent leaves less than needed, in the window of the bank now or
 * a message's journey ago. */
static void check_refusal(struct world *world, const struct call *call)
{
    const struct tg_wallet_refusal *refusal = &call->reservation.refusal;
    size_t budget = refusal->budget_id.octets[1];
    int64_t limit = refusal->account->budget.limit_amount, window_ms = world->window_ms[budget];
    bool is_true = limit - world_account(world, budget)->spent < refusal->needed;
    if (window_ms != 0 && !is_true) {
        size_t before = (size_t)((world->now_ms - MAX_TRANSIT_MS) / window_ms);
        is_true = limit - world->accounts[budget][before].spent < refusal->needed;
    }
    world_check(world, is_true);
}

static void decided(struct call *call, enum tg_wallet_answer answer)
{
    struct world *world = call->world;
    call->answer = answer;
    switch (answer) {
    case TG_WALLET_RESERVED:
        check_lines(world, call);
        check_order(world, call);
        call->state = CALL_RUNNING;
        call->settles_at_ms = world->now_ms + call->runs_ms;
        ++world->reserved_count;
        world->clamped_count += call->reservation.is_clamped;
        break;
    case TG_WALLET_EXCEEDED:
        check_refusal(world, call);
        call->state = CALL_IDLE;
        ++world->exceeded_count;
        break;
    case TG_WALLET_BUSY:
        call->state = CALL_IDLE;
        ++world->busy_count;
        break;
    case TG_WALLET_WAITING:
        call->state = CALL_WAITING;
        break;
    }
}

static void on_decided(struct tg_reservation *reservation)
{
    struct call *call = (struct call *)((char *)reservation - offsetof(struct call, reservation));
    world_check(call->world, call->state == CALL_WAITING);
    decided(call, tg_wallet_answer_of(call->world->replicas[call->replica].wallet, reservation));
}

void world_start(struct world *world, struct call *call, size_t replica, const struct tg_wallet_demand *demands,
                 size_t count, int64_t wanted_tokens, int64_t true_tokens, int64_t runs_ms)
{
    *call = (struct call){
        .reservation.on_decided = on_decided,
        .world = world,
        .replica = replica,
        .arrival = ++world->arrivals,
        .runs_ms = runs_ms,
        .true_tokens = true_tokens,
    };
    decided(call, tg_wallet_reserve(world->replicas[replica].wallet, world->now_ms, &call->reservation, demands, count,
                                    wanted_tokens));
}

void world_cancel(struct world *world, struct call *call)
{
    world_check(world, call->state == CALL_WAITING);
    world_check(world, tg_wallet_cancel(world->replicas[call->replica].wallet, &call->reservation, world->now_ms));
    call->state = CALL_IDLE;
}

static void settle(struct world *world, struct call *call)
{
    struct tg_reservation *reservation = &call->reservation;
    int64_t amounts[TG_WALLET_MAX_LINES];
    for (size_t i = 0; i < reservation->line_count; ++i) {
        int64_t tokens = call->true_tokens < 0 || call->true_tokens > reservation->output_tokens
                             ? reservation->output_tokens
                             : call->true_tokens;
        amounts[i] = amount_of(&reservation->demands[i], tokens);
        if (reservation->lines[i].lease != NULL)
            bank_spend(world, reservation->lines[i].lease_id, amounts[i]);
    }
    call->state = CALL_IDLE;
    tg_wallet_settle(world->replicas[call->replica].wallet, reservation, amounts, world->now_ms);
}

/* ---- replicas ---- */

void world_disconnect(struct world *world, size_t index, int64_t for_ms)
{
    struct replica *replica = &world->replicas[index];
    replica->is_connected = false;
    replica->up.count = replica->down.count = 0; /* lost on the way */
    replica->reconnects_at_ms = world->now_ms + for_ms;
    tg_wallet_set_connected(replica->wallet, false, world->now_ms);
}

/* Calls in flight are charged at their reservation, as the successor finds them in the journal. */
void world_crash(struct world *world, size_t index)
{
    struct replica *replica = &world->replicas[index];
    for (size_t i = 0; i < MAX_CALLS; ++i) {
        struct call *call = &world->calls[i];
        if (call->replica != index || call->state != CALL_RUNNING)
            continue;
        for (size_t j = 0; j < call->reservation.line_count; ++j) {
            const struct tg_wallet_line *line = &call->reservation.lines[j];
            if (line->lease != NULL)
                bank_spend(world, line->lease_id, line->reserved);
        }
        call->state = CALL_IDLE;
    }
    replica->is_connected = false;
    for (size_t i = 0; i < MAX_CALLS; ++i) {
        struct call *call = &world->calls[i];
        if (call->replica == index && call->state == CALL_WAITING)
            world_cancel(world, call);
    }
    /* Cancelling may have let others through. They die with the process before anything is sent. */
    for (size_t i = 0; i < MAX_CALLS; ++i) {
        if (world->calls[i].replica == index)
            world->calls[i].state = CALL_IDLE;
    }
    tg_wallet_destroy(replica->wallet);
    replica->up.count = replica->down.count = 0;
    world->boots[replica->boot].closes_at_ms = world->now_ms + 50 + (int64_t)world_random(world, 3000);
    boot_replica(world, index);
}

void world_raise_limit(struct world *world, size_t budget, int64_t by)
{
    world->budgets[budget].limit_amount += by;
    for (size_t i = 0; i < world->replica_count; ++i)
        tg_wallet_intern(world->replicas[i].wallet, &world->budgets[budget]);
}

static void talk(struct world *world, size_t index)
{
    struct replica *replica = &world->replicas[index];
    if (!replica->is_connected && world->now_ms >= replica->reconnects_at_ms) {
        replica->is_connected = true;
        tg_wallet_set_connected(replica->wallet, true, world->now_ms);
    }
    bank_deliver(world, index);
    struct tg_wallet_message message;
    int64_t next_at_ms;
    while (tg_wallet_next_message(replica->wallet, world->now_ms, &message, &next_at_ms)) {
        world_check(world, replica->is_connected);
        bank_post(world, &replica->up, &(struct parcel){.kind = CARRIES_MESSAGE, .message = message});
    }
    world_check(world, next_at_ms > world->now_ms);
    tg_wallet_expire(replica->wallet, world->now_ms);
    world_check(world, tg_wallet_next_deadline_ms(replica->wallet) > world->now_ms);
}

void world_pass(struct world *world, int64_t ms)
{
    world->now_ms += ms;
    for (size_t i = 0; i < MAX_CALLS; ++i) {
        struct call *call = &world->calls[i];
        if (call->state == CALL_RUNNING && call->settles_at_ms <= world->now_ms)
            settle(world, call);
    }
    for (size_t i = 0; i < world->replica_count; ++i)
        talk(world, i);
    bank_book(world);
    world_check_books(world);
}
