#include "bank_model.h"

#include <stdlib.h>

#include "controlplane/budget/bank.h"

static size_t current_window(const struct world *world, size_t budget)
{
    return world->window_ms[budget] == 0 ? 0 : (size_t)(world->now_ms / world->window_ms[budget]);
}

struct bank_account *world_account(struct world *world, size_t budget)
{
    size_t window = current_window(world, budget);
    world_check(world, window < MAX_WINDOWS);
    return &world->accounts[budget][window];
}

/* ---- the way ---- */

void bank_post(struct world *world, struct pipe *pipe, const struct parcel *parcel)
{
    if (pipe->count == pipe->capacity) {
        size_t capacity = pipe->capacity == 0 ? 16 : 2 * pipe->capacity;
        struct parcel *parcels = calloc(capacity, sizeof(*parcels));
        if (parcels == NULL)
            abort();
        for (size_t i = 0; i < pipe->count; ++i)
            parcels[i] = pipe->parcels[(pipe->first + i) % pipe->capacity];
        free(pipe->parcels);
        *pipe = (struct pipe){.parcels = parcels, .count = pipe->count, .capacity = capacity};
    }
    int64_t at_ms = world->now_ms + (int64_t)world_random(world, MAX_TRANSIT_MS / 2 - 1);
    if (pipe->count != 0) {
        int64_t last_ms = pipe->parcels[(pipe->first + pipe->count - 1) % pipe->capacity].at_ms;
        at_ms = at_ms < last_ms ? last_ms : at_ms;
    }
    struct parcel *slot = &pipe->parcels[(pipe->first + pipe->count++) % pipe->capacity];
    *slot = *parcel;
    slot->at_ms = at_ms;
}

static bool take(struct world *world, struct pipe *pipe, struct parcel *parcel)
{
    if (pipe->count == 0 || pipe->parcels[pipe->first].at_ms > world->now_ms)
        return false;
    *parcel = pipe->parcels[pipe->first];
    pipe->first = (pipe->first + 1) % pipe->capacity;
    --pipe->count;
    return true;
}

/* ---- leases ---- */

size_t bank_lease_index(struct tg_id lease_id)
{
    uint64_t index;
    memcpy(&index, lease_id.octets + 8, sizeof(index));
    return (size_t)index;
}

static struct tg_id lease_id_of(size_t lease)
{
    struct tg_id id = {{'l'}};
    uint64_t index = lease;
    memcpy(id.octets + 8, &index, sizeof(index));
    return id;
}

static size_t lease_of(struct world *world, size_t budget, size_t window, size_t boot)
{
    for (size_t i = 0; i < world->lease_count; ++i) {
        const struct bank_lease *lease = &world->leases[i];
        if (lease->budget == budget && lease->window == window && lease->boot == boot)
            return i;
    }
    if (world->lease_count == world->lease_capacity) {
        world->lease_capacity = world->lease_capacity == 0 ? 64 : 2 * world->lease_capacity;
        world->leases = realloc(world->leases, world->lease_capacity * sizeof(*world->leases));
        if (world->leases == NULL)
            abort();
    }
    world->leases[world->lease_count] = (struct bank_lease){.budget = budget, .window = window, .boot = boot};
    return world->lease_count++;
}

void bank_spend(struct world *world, struct tg_id lease_id, int64_t amount)
{
    struct bank_lease *lease = &world->leases[bank_lease_index(lease_id)];
    lease->unbooked += amount;
    world->accounts[lease->budget][lease->window].spent += amount;
}

static void recall(struct world *world, size_t budget, size_t asker, bool recalls_others, bool recalls_asker)
{
    for (size_t i = 0; i < world->replica_count; ++i) {
        bool is_asked = i == asker ? recalls_asker : recalls_others;
        if (is_asked && world->replicas[i].is_connected)
            bank_post(world, &world->replicas[i].down,
                      &(struct parcel){.kind = CARRIES_RECALL, .id = world->budgets[budget].id});
    }
}

static void describe(struct world *world, size_t budget, size_t window, struct tg_wallet_grant *grant)
{
    int64_t window_ms = world->window_ms[budget];
    const struct bank_account *account = &world->accounts[budget][window];
    if (window_ms != 0) {
        int64_t remaining_ms = (int64_t)(window + 1) * window_ms - world->now_ms;
        grant->window_start_ms = (int64_t)window * window_ms;
        grant->window_remaining_ms = remaining_ms < 0 ? 0 : remaining_ms;
    }
    grant->limit_amount = world->budgets[budget].limit_amount;
    grant->settled = account->settled;
    grant->leased = account->leased;
}

static struct tg_wallet_grant lend(struct world *world, size_t replica, const struct tg_wallet_message *request)
{
    size_t budget = request->budget_id.octets[1], boot = world->replicas[replica].boot;
    size_t window = current_window(world, budget), index = lease_of(world, budget, window, boot);
    struct bank_account *account = world_account(world, budget);
    struct bank_lease *lease = &world->leases[index];
    struct tg_bank_account seen = {.limit = world->budgets[budget].limit_amount,
                                   .settled = account->settled,
                                   .leased = account->leased,
                                   .leased_to_asker = lease->remaining};
    struct tg_bank_request asked = {.wanted = request->wanted,
                                    .minimum = request->minimum,
                                    .held = request->held,
                                    .recent_rate_per_s = request->recent_rate_per_s};
    struct tg_bank_decision decision = tg_bank_decide(&seen, &asked, (int64_t)world->replica_count);
    static const enum tg_lease_outcome outcomes[] = {
        [TG_BANK_GRANTED] = TG_LEASE_GRANTED, [TG_BANK_BUSY] = TG_LEASE_BUSY, [TG_BANK_EXHAUSTED] = TG_LEASE_EXHAUSTED};
    struct tg_wallet_grant grant = {.request_number = request->number,
                                    .budget_id = request->budget_id,
                                    .outcome = outcomes[decision.outcome],
                                    .retry_after_ms = decision.retry_after_ms};
    if (decision.outcome == TG_BANK_GRANTED) {
        lease->remaining += decision.amount;
        account->leased += decision.amount;
        grant.lease_id = lease_id_of(index);
        grant.amount = decision.amount;
    }
    describe(world, budget, window, &grant);
    recall(world, budget, replica, decision.recalls_others, decision.recalls_asker);
    return grant;
}

static void on_request(struct world *world, size_t replica, const struct tg_wallet_message *request)
{
    size_t budget = request->budget_id.octets[1];
    struct boot *boot = &world->boots[world->replicas[replica].boot];
    world_check(world, request->minimum <= request->wanted);
    world_check(world, request->number >= boot->granted[budget].number);
    struct tg_wallet_grant grant;
    if (request->number == boot->granted[budget].number) {
        grant = boot->granted[budget].grant;
        describe(world, budget, world->leases[bank_lease_index(grant.lease_id)].window, &grant);
    } else {
        grant = lend(world, replica, request);
        if (grant.outcome == TG_LEASE_GRANTED) {
            boot->granted[budget].number = request->number;
            boot->granted[budget].grant = grant;
        }
    }
    struct parcel parcel = {.kind = CARRIES_GRANT, .grant = grant};
    bank_post(world, &world->replicas[replica].down, &parcel);
    if (!world->is_calm && world_random(world, 10) == 0)
        bank_post(world, &world->replicas[replica].down, &parcel);
}

static void on_return(struct world *world, size_t replica, const struct tg_wallet_message *message)
{
    struct bank_lease *lease = &world->leases[bank_lease_index(message->lease_id)];
    world_check(world, message->amount >= 0);
    if (message->number > lease->last_return_number) {
        lease->last_return_number = message->number;
        lease->remaining -= message->amount;
        world->accounts[lease->budget][lease->window].leased -= message->amount;
    }
    struct parcel ack = {.kind = CARRIES_ACK, .id = message->lease_id, .number = message->number};
    bank_post(world, &world->replicas[replica].down, &ack);
}

void bank_deliver(struct world *world, size_t index)
{
    struct replica *replica = &world->replicas[index];
    struct parcel parcel;
    while (take(world, &replica->up, &parcel)) {
        if (parcel.message.kind == TG_WALLET_REQUEST)
            on_request(world, index, &parcel.message);
        else
            on_return(world, index, &parcel.message);
    }
    while (take(world, &replica->down, &parcel)) {
        if (parcel.kind == CARRIES_GRANT)
            tg_wallet_on_grant(replica->wallet, &parcel.grant, world->now_ms);
        else if (parcel.kind == CARRIES_ACK)
            tg_wallet_on_return_ack(replica->wallet, parcel.id, parcel.number, world->now_ms);
        else
            tg_wallet_on_recall(replica->wallet, parcel.id, world->now_ms);
    }
}

/* ---- the books ---- */

static void book(struct world *world, struct bank_lease *lease)
{
    struct bank_account *account = &world->accounts[lease->budget][lease->window];
    account->settled += lease->unbooked;
    account->leased -= lease->unbooked;
    lease->remaining -= lease->unbooked;
    lease->unbooked = 0;
}

void bank_book(struct world *world)
{
    for (size_t i = 0; i < world->lease_count; ++i) {
        struct bank_lease *lease = &world->leases[i];
        struct boot *boot = &world->boots[lease->boot];
        bool is_closed = boot->closes_at_ms <= world->now_ms;
        bool is_shipping = boot->closes_at_ms == INT64_MAX && world->replicas[boot->replica].is_connected;
        if (is_closed || (is_shipping && world_random(world, 4) == 0))
            book(world, lease);
        if (is_closed) {
            world->accounts[lease->budget][lease->window].leased -= lease->remaining;
            lease->remaining = 0;
        }
    }
}

/* The first in a queue is there because something really lacks; otherwise a wake-up was lost. */
static void check_first(struct world *world, const tg_wallet_account *account)
{
    const struct tg_reservation *first = account->first;
    bool lacks = false;
    for (size_t i = 0; first != NULL && i < first->demand_count; ++i) {
        const tg_wallet_account *wanted = first->demands[i].account;
        if (wanted->budget.contention == TG_BUDGET_CLAMP)
            return; /* its own rules: see clamp.c */
        lacks |= wanted->lease == NULL || wanted->lease->ends_at_ms <= world->now_ms ||
                 amount_of(&first->demands[i], first->wanted_output_tokens) > lease_free(wanted->lease) ||
                 queue_is_behind(wanted, first);
    }
    world_check(world, first == NULL || lacks);
}

/* What a lease counts as reserved is what the calls that run have reserved from it. */
static void check_reserved(struct world *world, const struct tg_wallet_lease *lease)
{
    int64_t reserved = 0;
    size_t in_flight = 0;
    for (size_t i = 0; i < MAX_CALLS; ++i) {
        const struct call *call = &world->calls[i];
        for (size_t j = 0; call->state == CALL_RUNNING && j < call->reservation.line_count; ++j) {
            if (call->reservation.lines[j].lease != lease)
                continue;
            reserved += call->reservation.lines[j].reserved;
            ++in_flight;
        }
    }
    world_check(world, lease->reserved == reserved && lease->in_flight == in_flight);
}

static void check_wallet(struct world *world, const struct replica *replica)
{
    size_t waiting = 0;
    for (size_t i = 0; i < world->budget_count; ++i) {
        const tg_wallet_account *account = replica->accounts[i];
        size_t count = 0;
        for (const struct tg_reservation *at = account->first; at != NULL; at = at->waits_after, ++count) {
            world_check(world, at->waits_on == account && at->answer == TG_WALLET_WAITING);
            world_check(world, at->waits_after == NULL ? at == account->last : at->ticket < at->waits_after->ticket);
        }
        world_check(world, count == account->waiting && (count != 0 || account->waiting_amount == 0));
        waiting += count;
        check_first(world, account);
        if (account->lease != NULL) {
            world_check(world, account->lease->held >= account->lease->reserved);
            check_reserved(world, account->lease);
        }
        for (const struct tg_wallet_lease *lease = account->past; lease != NULL; lease = lease->next)
            check_reserved(world, lease);
    }
    world_check(world, waiting == replica->wallet->waiting && waiting == replica->wallet->deadlines.count);
}

void world_check_books(struct world *world)
{
    int64_t leased[MAX_BUDGETS][MAX_WINDOWS];
    memset(leased, 0, sizeof(leased));
    for (size_t i = 0; i < world->lease_count; ++i) {
        const struct bank_lease *lease = &world->leases[i];
        leased[lease->budget][lease->window] += lease->remaining;
        world_check(world, lease->unbooked >= 0 && lease->remaining >= lease->unbooked);
        const struct boot *boot = &world->boots[lease->boot];
        if (boot->closes_at_ms != INT64_MAX)
            continue;
        const struct tg_wallet_lease *held = table_find(&world->replicas[boot->replica].wallet->leases, lease_id_of(i));
        world_check(world, held == NULL || held->held + lease->unbooked <= lease->remaining);
    }
    for (size_t i = 0; i < world->budget_count; ++i) {
        for (size_t window = 0; window < MAX_WINDOWS; ++window) {
            const struct bank_account *account = &world->accounts[i][window];
            world_check(world, account->settled + account->leased <= world->budgets[i].limit_amount);
            world_check(world, account->spent <= world->budgets[i].limit_amount);
            world_check(world, account->leased == leased[i][window]);
        }
    }
    for (size_t i = 0; i < world->replica_count; ++i)
        check_wallet(world, &world->replicas[i]);
}
