#include "dataplane/wallet/internal.h"

void account_look(tg_wallet_account *account, int64_t at_ms)
{
    tg_wallet *wallet = account->wallet;
    if (account->look.slot == 0 || at_ms < account->look.at_ms) {
        account->look.order = ++wallet->last_look;
        heap_set(&wallet->looks, &account->look, at_ms);
    }
    if (at_ms < wallet->link_looks_at_ms) {
        wallet->link_looks_at_ms = at_ms;
        wallet->is_message_due = true;
    }
}

void account_refresh(tg_wallet_account *account, int64_t now_ms)
{
    if (account->lease != NULL && account->lease->ends_at_ms <= now_ms) {
        lease_turn(account);
        account_look(account, now_ms);
    }
    if (account->knowledge.is_told && account->knowledge.ends_at_ms <= now_ms)
        account->knowledge = (struct knowledge){0};
}

int64_t account_free(const tg_wallet_account *account)
{
    return account->lease == NULL ? 0 : lease_free(account->lease);
}

int64_t account_held(const tg_wallet_account *account)
{
    return account->lease == NULL ? 0 : account->lease->held;
}

/* What is neither booked nor spent here since. */
static int64_t unspent(const struct knowledge *knowledge)
{
    return tg_money_add(tg_money_add(knowledge->limit, -knowledge->settled), -knowledge->spent_since);
}

int64_t account_grantable(const tg_wallet_account *account)
{
    const struct knowledge *knowledge = &account->knowledge;
    if (!knowledge->is_told)
        return 0;
    int64_t grantable = tg_money_add(tg_money_add(knowledge->limit, -knowledge->settled), -knowledge->leased);
    return grantable < 0 ? 0 : grantable;
}

bool account_is_fresh(const tg_wallet_account *account, int64_t now_ms)
{
    return account->knowledge.is_told && now_ms - account->knowledge.told_at_ms <= KNOWLEDGE_MS;
}

bool account_is_exceeded(const tg_wallet_account *account, int64_t needed, int64_t now_ms)
{
    const struct knowledge *knowledge = &account->knowledge;
    /* While nobody can be asked, the last answer stands: what is settled in a window never becomes less. */
    if (!knowledge->is_told || (account->wallet->is_connected && !account_is_fresh(account, now_ms)))
        return false;
    return needed > unspent(knowledge) || (knowledge->exhausted_minimum > 0 && needed >= knowledge->exhausted_minimum);
}

bool account_may_go_beyond(const tg_wallet_account *account)
{
    return !account->wallet->is_connected && account->budget.outage == TG_BUDGET_ALLOW_AND_REPORT;
}

bool account_can_ask(const tg_wallet_account *account)
{
    return account->wallet->is_connected && !account->wallet->is_closing && !account->is_retired;
}

bool account_can_learn(const tg_wallet_account *account, int64_t now_ms)
{
    return account_can_ask(account) && (account->request_state != REQUEST_NONE || now_ms >= account->ask_at_ms);
}

bool account_should_ask(tg_wallet_account *account, int64_t now_ms)
{
    if (!account_can_ask(account) || account->request_state != REQUEST_NONE || now_ms < account->ask_at_ms)
        return false;
    if (account->first != NULL)
        return true;
    return now_ms >= account->refill_at_ms && account_held(account) < account_low(account, now_ms);
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void roll(struct pace *pace, int64_t now_ms)
{
    int64_t elapsed_ms = now_ms - pace->second_began_ms;
    if (elapsed_ms < 1000)
        return;
    int64_t seconds = elapsed_ms / 1000;
    pace->second_began_ms += seconds * 1000;
    for (int64_t i = 0; i < seconds && i < 64; ++i) {
        /* The first second of spending counts at once; afterwards half of the difference. */
        pace->rate_per_s = pace->rate_per_s == 0 ? pace->spent : (pace->rate_per_s / 2 + pace->spent / 2);
        pace->peak_before = larger(pace->peak, pace->peak_before - larger(pace->peak_before / 4, 1));
        pace->spent = pace->peak = 0;
    }
}

void account_note_reserved(tg_wallet_account *account, int64_t amount, int64_t now_ms)
{
    struct pace *pace = &account->pace;
    roll(pace, now_ms);
    pace->peak = larger(pace->peak, account->lease->reserved);
    pace->stock = amount;
}

void account_note_lacking(tg_wallet_account *account, int64_t amount, int64_t now_ms)
{
    struct pace *pace = &account->pace;
    roll(pace, now_ms);
    int64_t reserved = account->lease == NULL ? 0 : account->lease->reserved;
    pace->peak = larger(pace->peak, tg_money_add(reserved, amount));
}

void account_note_spent(tg_wallet_account *account, int64_t amount, int64_t now_ms)
{
    roll(&account->pace, now_ms);
    account->pace.spent = tg_money_add(account->pace.spent, amount);
}

int64_t account_rate(tg_wallet_account *account, int64_t now_ms)
{
    roll(&account->pace, now_ms);
    return larger(account->pace.rate_per_s, account->pace.spent);
}

static int64_t peak(tg_wallet_account *account)
{
    int64_t reserved = account->lease == NULL ? 0 : account->lease->reserved;
    return larger(reserved, larger(account->pace.peak, account->pace.peak_before));
}

int64_t account_low(tg_wallet_account *account, int64_t now_ms)
{
    int64_t rate = account_rate(account, now_ms), busiest = peak(account);
    return tg_money_add(tg_money_multiply(rate, LOW_SECONDS), tg_money_add(busiest, busiest / 2));
}

int64_t account_high(tg_wallet_account *account, int64_t now_ms)
{
    int64_t rate = account_rate(account, now_ms);
    return tg_money_add(tg_money_multiply(rate, HIGH_SECONDS), tg_money_multiply(peak(account), 2));
}

void account_refusal(const tg_wallet_account *account, int64_t needed, int64_t now_ms,
                     struct tg_wallet_refusal *refusal)
{
    const struct knowledge *knowledge = &account->knowledge;
    *refusal = (struct tg_wallet_refusal){
        .account = (tg_wallet_account *)account,
        .budget_id = account->id,
        .unit = account->budget.unit,
        .needed = needed,
        .limit = knowledge->is_told ? knowledge->limit : account->budget.limit_amount,
        .settled = tg_money_add(knowledge->settled, knowledge->spent_since),
        .reserved = tg_money_add(account->lease == NULL ? 0 : account->lease->reserved, account->beyond_reserved),
        .free = tg_money_add(account_grantable(account), larger(account_free(account), 0)),
        .is_control_plane_away = !account->wallet->is_connected,
    };
    int64_t ends_at_ms = knowledge->is_told       ? knowledge->ends_at_ms
                         : account->lease != NULL ? account->lease->ends_at_ms
                                                  : NEVER_MS;
    refusal->window_remaining_ms = ends_at_ms == NEVER_MS ? 0 : larger(ends_at_ms - now_ms, 1);
}
