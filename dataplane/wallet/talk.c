/* The link's side: which requests and returns to send, and what the answers change. */
#include "dataplane/wallet/internal.h"

enum { PAUSE_AFTER_NOTHING_MS = 50, PAUSE_AFTER_EXHAUSTED_MS = 20, MAX_RETRY_MS = 5000 };

static int64_t at_least_zero(int64_t amount)
{
    return amount < 0 ? 0 : amount;
}

/* What an account keeps when traffic is as it was lately. */
static int64_t working_stock(tg_wallet_account *account, int64_t now_ms)
{
    int64_t high = account_high(account, now_ms);
    return high > account->pace.stock ? high : account->pace.stock;
}

static bool gives_everything_back(const tg_wallet_account *account)
{
    return account->wallet->is_closing || account->is_retired;
}

/* True if the current lease has something to give back now. */
static bool has_surplus(tg_wallet_account *account, int64_t now_ms, int64_t *amount)
{
    struct tg_wallet_lease *lease = account->lease;
    *amount = at_least_zero(lease_free(lease));
    if (lease->owes_return)
        return true;
    if (gives_everything_back(account))
        return *amount > 0;
    if (account->first != NULL || now_ms - account->granted_at_ms < SURPLUS_AFTER_MS)
        return false;
    int64_t stock = working_stock(account, now_ms), surplus = lease->held - stock;
    if (surplus <= stock / 2)
        return false;
    if (surplus < *amount)
        *amount = surplus;
    return *amount > 0;
}

static bool produce_return(tg_wallet_account *account, int64_t now_ms, struct tg_wallet_message *message)
{
    struct tg_wallet_lease *lease = account->lease;
    int64_t amount;
    if (lease != NULL && lease->return_number != 0 && lease->is_return_unsent) {
        lease_return(lease, 0, message);
        return true;
    }
    if (lease != NULL && lease->return_number == 0 && has_surplus(account, now_ms, &amount)) {
        lease_return(lease, amount, message);
        return true;
    }
    lease_sweep(account);
    for (lease = account->past; lease != NULL; lease = lease->next) {
        bool is_new = lease->return_number == 0 && lease_free(lease) > 0;
        if (is_new || (lease->return_number != 0 && lease->is_return_unsent)) {
            lease_return(lease, at_least_zero(lease_free(lease)), message);
            return true;
        }
    }
    return false;
}

/* Enough for those who wait and for traffic as it was lately; the least that helps the first who waits. */
static void make_request(tg_wallet_account *account, int64_t now_ms)
{
    int64_t free = account_free(account), held = account_held(account), minimum = 0;
    if (account->first != NULL) {
        minimum = tg_money_add(decide_least(account->first, account), -free);
        if (minimum < 1)
            minimum = 1;
    }
    int64_t for_waiters = account->waiting_amount > INT64_MAX ? INT64_MAX : (int64_t)account->waiting_amount;
    int64_t wanted = tg_money_add(at_least_zero(tg_money_add(for_waiters, -free)),
                                  at_least_zero(tg_money_add(account_high(account, now_ms), -held)));
    account->request = (struct tg_wallet_message){
        .kind = TG_WALLET_REQUEST,
        .number = ++account->wallet->last_number,
        .budget_id = account->id,
        .lease_id = account->lease != NULL ? account->lease->id : (struct tg_id){{0}},
        .wanted = wanted < minimum ? minimum : wanted,
        .minimum = minimum,
        .held = at_least_zero(held),
        .recent_rate_per_s = account_rate(account, now_ms),
    };
    account->request_state = REQUEST_UNSENT;
    account->is_request_outdated = false;
}

static bool produce(tg_wallet_account *account, int64_t now_ms, struct tg_wallet_message *message)
{
    if (produce_return(account, now_ms, message))
        return true;
    if (account_should_ask(account, now_ms))
        make_request(account, now_ms);
    if (account->request_state != REQUEST_UNSENT)
        return false;
    account->request_state = REQUEST_SENT;
    *message = account->request;
    return true;
}

static int64_t next_look(tg_wallet_account *account, int64_t now_ms)
{
    if (!account->wallet->is_connected)
        return NEVER_MS; /* every account is looked at after connecting */
    int64_t next_ms = account->lease == NULL ? NEVER_MS : account->lease->ends_at_ms;
    int64_t again_ms = NEVER_MS;
    if (account_can_ask(account) && account->request_state == REQUEST_NONE) {
        if (account->first != NULL)
            again_ms = account->ask_at_ms;
        else if (account_held(account) < account_low(account, now_ms))
            again_ms = account->ask_at_ms > account->refill_at_ms ? account->ask_at_ms : account->refill_at_ms;
    }
    bool is_in_use = account_high(account, now_ms) > 0;
    bool is_well_stocked = account_held(account) / 3 > working_stock(account, now_ms) / 2;
    if ((is_in_use || is_well_stocked) && again_ms > now_ms + LOOK_AGAIN_MS)
        again_ms = now_ms + LOOK_AGAIN_MS;
    if (again_ms <= now_ms)
        again_ms = now_ms + 1;
    return again_ms < next_ms ? again_ms : next_ms;
}

static tg_wallet_account *account_of(struct tg_wallet_timer *timer)
{
    return (tg_wallet_account *)((char *)timer - offsetof(tg_wallet_account, look));
}

bool tg_wallet_next_message(tg_wallet *wallet, int64_t now_ms, struct tg_wallet_message *message, int64_t *next_at_ms)
{
    pthread_mutex_lock(&wallet->mutex);
    bool is_found = false;
    struct tg_wallet_timer *timer;
    wallet->link_looks_at_ms = INT64_MIN; /* it is looking */
    while (!is_found && (timer = heap_first(&wallet->looks)) != NULL && timer->at_ms <= now_ms) {
        tg_wallet_account *account = account_of(timer);
        account_refresh(account, now_ms);
        is_found = wallet->is_connected && produce(account, now_ms, message);
        if (is_found)
            break;
        int64_t next_ms = next_look(account, now_ms);
        if (next_ms == NEVER_MS) {
            heap_remove(&wallet->looks, timer);
        } else {
            timer->order = ++wallet->last_look;
            heap_set(&wallet->looks, timer, next_ms);
        }
    }
    timer = heap_first(&wallet->looks);
    *next_at_ms = is_found ? now_ms : timer == NULL ? NEVER_MS : timer->at_ms;
    if (!is_found)
        wallet->link_looks_at_ms = *next_at_ms;
    pthread_mutex_unlock(&wallet->mutex);
    return is_found;
}

/* Replicas that were turned away together should not come back together. */
static int64_t retry_after(const tg_wallet_account *account, const struct tg_wallet_grant *grant)
{
    int64_t retry_ms = grant->retry_after_ms <= 0 ? PAUSE_AFTER_NOTHING_MS : grant->retry_after_ms;
    if (retry_ms > MAX_RETRY_MS)
        retry_ms = MAX_RETRY_MS;
    struct tg_id id = account->lease != NULL ? account->lease->id : account->id;
    uint64_t mixed = tg_text_hash(tg_text((const char *)id.octets, sizeof(id.octets)), grant->request_number);
    return retry_ms + (int64_t)(mixed % (uint64_t)(retry_ms / 2 + 1));
}

static void learn(tg_wallet_account *account, const struct tg_wallet_grant *grant, int64_t now_ms)
{
    struct knowledge *knowledge = &account->knowledge;
    bool has_window = grant->window_start_ms != 0 || grant->window_remaining_ms > 0;
    int64_t ends_at_ms = has_window ? tg_money_add(now_ms, grant->window_remaining_ms) : NEVER_MS;
    /* An answer repeated after a reconnect may speak of a window that is over; one with a newer window ends ours. */
    if (ends_at_ms <= now_ms || (knowledge->is_told && grant->window_start_ms < knowledge->window_start_ms))
        return;
    if (account->lease != NULL && account->lease->window_start_ms < grant->window_start_ms)
        lease_turn(account);
    if (account->is_request_outdated) {
        *knowledge = (struct knowledge){0};
        return;
    }
    *knowledge = (struct knowledge){
        .is_told = true,
        .told_at_ms = now_ms,
        .window_start_ms = grant->window_start_ms,
        .ends_at_ms = ends_at_ms,
        .limit = grant->limit_amount,
        .settled = grant->settled,
        .leased = grant->leased,
        .exhausted_minimum = grant->outcome == TG_LEASE_EXHAUSTED ? account->request.minimum : 0,
    };
}

static void on_granted(tg_wallet_account *account, const struct tg_wallet_grant *grant, int64_t now_ms)
{
    bool is_current = lease_add(account, grant, now_ms);
    account->granted_at_ms = now_ms;
    account->ask_at_ms = now_ms;
    bool is_short = is_current && grant->amount < account->request.wanted;
    if (is_short)
        account->refill_at_ms = now_ms + REFILL_PAUSE_MS;
    struct tg_reservation *first = account->first;
    queue_serve(account, now_ms);
    /* That was all there is for now, and it helped nobody. */
    if (is_short && account->first != NULL && account->first == first)
        account->ask_at_ms = now_ms + PAUSE_AFTER_NOTHING_MS;
}

void tg_wallet_on_return_ack(tg_wallet *wallet, struct tg_id lease_id, uint64_t number, int64_t now_ms)
{
    pthread_mutex_lock(&wallet->mutex);
    struct tg_wallet_lease *lease = table_find(&wallet->leases, lease_id);
    if (lease != NULL && lease->return_number == number && number != 0) {
        lease->return_number = 0;
        account_look(lease->account, now_ms);
    }
    wallet_unlock(wallet);
}

void tg_wallet_on_recall(tg_wallet *wallet, struct tg_id budget_id, int64_t now_ms)
{
    pthread_mutex_lock(&wallet->mutex);
    tg_wallet_account *account = table_find(&wallet->accounts, budget_id);
    if (account != NULL && account->lease != NULL) {
        account_refresh(account, now_ms);
        if (account->lease != NULL)
            account->lease->owes_return = true;
        account->refill_at_ms = now_ms + REFILL_PAUSE_MS; /* do not take back at once what nobody waits for */
        account_look(account, now_ms);
    }
    wallet_unlock(wallet);
}

void tg_wallet_on_grant(tg_wallet *wallet, const struct tg_wallet_grant *grant, int64_t now_ms)
{
    pthread_mutex_lock(&wallet->mutex);
    tg_wallet_account *account = table_find(&wallet->accounts, grant->budget_id);
    if (account == NULL || account->request_state == REQUEST_NONE || account->request.number != grant->request_number) {
        pthread_mutex_unlock(&wallet->mutex);
        return;
    }
    account->request_state = REQUEST_NONE;
    account_refresh(account, now_ms);
    if (grant->outcome != TG_LEASE_UNKNOWN_BUDGET)
        learn(account, grant, now_ms);
    switch (grant->outcome) {
    case TG_LEASE_GRANTED:
        on_granted(account, grant, now_ms);
        break;
    case TG_LEASE_BUSY:
        account->ask_at_ms = now_ms + retry_after(account, grant);
        account->refill_at_ms = now_ms + REFILL_PAUSE_MS;
        break;
    case TG_LEASE_EXHAUSTED:
        account->ask_at_ms = now_ms + PAUSE_AFTER_EXHAUSTED_MS;
        account->refill_at_ms = now_ms + REFILL_PAUSE_MS;
        break;
    case TG_LEASE_UNKNOWN_BUDGET:
        account->ask_at_ms = account->refill_at_ms = now_ms + REFILL_PAUSE_MS;
        break;
    }
    queue_refuse(account, now_ms);
    queue_serve(account, now_ms);
    account_look(account, now_ms);
    wallet_unlock(wallet);
}

static void on_connected(tg_wallet_account *account, int64_t now_ms)
{
    /* Thousands of budgets are never used: they cost nothing here, where workers wait for the mutex. */
    if (account->pace.second_began_ms == 0 && account->request_state == REQUEST_NONE && account->lease == NULL &&
        account->past == NULL && account->first == NULL)
        return;
    if (account->request_state == REQUEST_SENT)
        account->request_state = REQUEST_UNSENT;
    if (account->lease != NULL)
        account->lease->is_return_unsent = account->lease->return_number != 0;
    for (struct tg_wallet_lease *lease = account->past; lease != NULL; lease = lease->next)
        lease->is_return_unsent = lease->return_number != 0;
    account_look(account, now_ms);
}

void tg_wallet_set_connected(tg_wallet *wallet, bool is_connected, int64_t now_ms)
{
    pthread_mutex_lock(&wallet->mutex);
    wallet->is_connected = is_connected;
    for (size_t i = 0; i < wallet->accounts.capacity; ++i) {
        tg_wallet_account *account = (tg_wallet_account *)wallet->accounts.slots[i];
        if (account == NULL)
            continue;
        if (is_connected)
            on_connected(account, now_ms);
        else
            queue_serve(account, now_ms); /* some may go beyond their lease now */
    }
    wallet_unlock(wallet);
}

void tg_wallet_return_all(tg_wallet *wallet, int64_t now_ms)
{
    pthread_mutex_lock(&wallet->mutex);
    wallet->is_closing = true;
    for (size_t i = 0; i < wallet->accounts.capacity; ++i) {
        if (wallet->accounts.slots[i] != NULL)
            account_look((tg_wallet_account *)wallet->accounts.slots[i], now_ms);
    }
    wallet_unlock(wallet);
}
