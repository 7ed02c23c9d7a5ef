#include <assert.h>

#include "dataplane/wallet/internal.h"

static bool is_clamping(const tg_wallet_account *account)
{
    return account->budget.contention == TG_BUDGET_CLAMP;
}

/* The maximum output that the clamping accounts allow. Bits of *lacking are set for those that allow none now. */
static int64_t plan_tokens(struct tg_reservation *reservation, int64_t now_ms, bool is_last_chance, uint32_t *lacking)
{
    int64_t tokens = reservation->wanted_output_tokens;
    for (size_t i = 0; i < reservation->demand_count; ++i) {
        const struct tg_wallet_demand *demand = &reservation->demands[i];
        account_refresh(demand->account, now_ms);
        if (!is_clamping(demand->account))
            continue;
        int64_t allowed = clamp_tokens(demand, reservation, now_ms, is_last_chance);
        if (allowed < 0 && !account_may_go_beyond(demand->account))
            *lacking |= UINT32_C(1) << i;
        else if (allowed >= 0 && allowed < tokens)
            tokens = allowed;
    }
    return *lacking != 0 ? reservation->floor_output_tokens : tokens;
}

static void take(struct tg_reservation *reservation, size_t index, int64_t amount, bool is_beyond, int64_t now_ms)
{
    tg_wallet_account *account = reservation->demands[index].account;
    struct tg_wallet_lease *lease = is_beyond ? NULL : account->lease;
    struct tg_wallet_line *line = &reservation->lines[index];
    *line = (struct tg_wallet_line){
        .account = account,
        .lease = lease,
        .budget_id = account->id,
        .reserved = amount,
        .unit = account->budget.unit,
    };
    if (lease == NULL) {
        account->beyond_reserved = tg_money_add(account->beyond_reserved, amount);
        line->window_start_ms = account->lease != NULL ? account->lease->window_start_ms : 0;
        return;
    }
    line->lease_id = lease->id;
    line->window_start_ms = lease->window_start_ms;
    lease->reserved += amount;
    ++lease->in_flight;
    account_note_reserved(account, amount, now_ms);
    if (account->look.slot == 0)
        account_look(account, now_ms + LOOK_AGAIN_MS);
    if (account_should_ask(account, now_ms))
        account_look(account, now_ms);
}

static void take_all(struct tg_reservation *reservation, int64_t tokens, uint32_t beyond, int64_t now_ms)
{
    for (size_t i = 0; i < reservation->demand_count; ++i)
        take(reservation, i, amount_of(&reservation->demands[i], tokens), (beyond >> i & 1) != 0, now_ms);
    reservation->line_count = reservation->demand_count;
    reservation->output_tokens = tokens;
    reservation->is_clamped = tokens < reservation->wanted_output_tokens;
}

int64_t decide_least(const struct tg_reservation *reservation, const tg_wallet_account *account)
{
    for (size_t i = 0; i < reservation->demand_count; ++i) {
        if (reservation->demands[i].account == account)
            return amount_of(&reservation->demands[i], is_clamping(account) ? reservation->floor_output_tokens
                                                                            : reservation->planned_output_tokens);
    }
    assert(false);
    return 0;
}

enum tg_wallet_answer decide(tg_wallet *wallet, struct tg_reservation *reservation, int64_t now_ms, bool is_last_chance,
                             tg_wallet_account **lacks_on)
{
    uint32_t lacking = 0, beyond = 0;
    int64_t tokens = plan_tokens(reservation, now_ms, is_last_chance, &lacking);
    reservation->planned_output_tokens = tokens;
    for (size_t i = 0; i < reservation->demand_count; ++i) {
        const struct tg_wallet_demand *demand = &reservation->demands[i];
        int64_t needed = amount_of(demand, tokens);
        if ((lacking >> i & 1) != 0)
            continue;
        bool is_covered = demand->account->lease != NULL && needed <= lease_free(demand->account->lease);
        if (is_covered && !queue_is_behind(demand->account, reservation))
            continue;
        if (account_may_go_beyond(demand->account))
            beyond |= UINT32_C(1) << i;
        else
            lacking |= UINT32_C(1) << i;
    }
    if (lacking == 0) {
        take_all(reservation, tokens, beyond, now_ms);
        return TG_WALLET_RESERVED;
    }
    *lacks_on = NULL;
    for (size_t i = 0; i < reservation->demand_count; ++i) {
        if ((lacking >> i & 1) == 0)
            continue;
        tg_wallet_account *account = reservation->demands[i].account;
        int64_t least = decide_least(reservation, account);
        if (least > account_free(account) && account_is_exceeded(account, least, now_ms)) {
            account_refusal(account, least, now_ms, &reservation->refusal);
            return TG_WALLET_EXCEEDED;
        }
        int64_t until_ms = tg_money_add(reservation->arrived_at_ms, account->budget.max_wait_ms);
        if (until_ms < reservation->deadline.at_ms) {
            if (reservation->deadline.slot != 0)
                heap_set(&wallet->deadlines, &reservation->deadline, until_ms);
            else
                reservation->deadline.at_ms = until_ms;
        }
        if (*lacks_on == NULL)
            *lacks_on = account;
    }
    return TG_WALLET_WAITING;
}
