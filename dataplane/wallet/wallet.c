#include "dataplane/wallet/wallet.h"

#include <assert.h>
#include <stdlib.h>

#include "dataplane/wallet/internal.h"

const char *tg_budget_unit_name(enum tg_budget_unit unit)
{
    return unit == TG_BUDGET_MONEY ? "money" : "tokens";
}

const char *tg_budget_contention_name(enum tg_budget_contention contention)
{
    return contention == TG_BUDGET_WAIT ? "wait" : "clamp";
}

const char *tg_budget_outage_name(enum tg_budget_outage outage)
{
    return outage == TG_BUDGET_DENY ? "deny" : "allow_and_report";
}

const char *tg_wallet_answer_name(enum tg_wallet_answer answer)
{
    static const char *const names[] = {
        [TG_WALLET_RESERVED] = "reserved",
        [TG_WALLET_WAITING] = "waiting",
        [TG_WALLET_EXCEEDED] = "exceeded",
        [TG_WALLET_BUSY] = "busy",
    };
    return names[answer];
}

tg_wallet *tg_wallet_create(const struct tg_wallet_config *config)
{
    tg_wallet *wallet = calloc(1, sizeof(*wallet));
    if (wallet == NULL || pthread_mutex_init(&wallet->mutex, NULL) != 0)
        abort();
    wallet->config = *config;
    wallet->link_looks_at_ms = NEVER_MS;
    return wallet;
}

static void free_account(tg_wallet_account *account)
{
    lease_turn(account);
    for (struct tg_wallet_lease *lease = account->past, *next; lease != NULL; lease = next) {
        next = lease->next;
        free(lease);
    }
    free(account);
}

void tg_wallet_destroy(tg_wallet *wallet)
{
    if (wallet == NULL)
        return;
    assert(wallet->waiting == 0);
    for (size_t i = 0; i < wallet->accounts.capacity; ++i) {
        if (wallet->accounts.slots[i] != NULL)
            free_account((tg_wallet_account *)wallet->accounts.slots[i]);
    }
    table_deinit(&wallet->accounts);
    table_deinit(&wallet->leases);
    heap_deinit(&wallet->looks);
    heap_deinit(&wallet->deadlines);
    pthread_mutex_destroy(&wallet->mutex);
    free(wallet);
}

void wallet_unlock(tg_wallet *wallet)
{
    struct tg_reservation *decided = wallet->decided;
    bool is_message_due = wallet->is_message_due;
    wallet->decided = wallet->last_decided = NULL;
    wallet->is_message_due = false;
    pthread_mutex_unlock(&wallet->mutex);
    while (decided != NULL) {
        struct tg_reservation *next = decided->waits_after;
        decided->on_decided(decided); /* it belongs to its owner from here on */
        decided = next;
    }
    if (is_message_due && wallet->config.on_message != NULL)
        wallet->config.on_message(wallet->config.user);
}

tg_wallet_account *tg_wallet_intern(tg_wallet *wallet, const struct tg_wallet_budget *budget)
{
    pthread_mutex_lock(&wallet->mutex);
    tg_wallet_account *account = table_find(&wallet->accounts, budget->id);
    if (account == NULL) {
        account = calloc(1, sizeof(*account));
        if (account == NULL)
            abort();
        account->id = budget->id;
        account->wallet = wallet;
        account->budget = *budget;
        table_add(&wallet->accounts, account);
    } else if (account->budget.limit_amount != budget->limit_amount) {
        account->knowledge = (struct knowledge){0};
        account->is_request_outdated = account->request_state != REQUEST_NONE;
        account->ask_at_ms = account->refill_at_ms = INT64_MIN;
        if (account->first != NULL)
            account_look(account, INT64_MIN);
    }
    account->budget = *budget;
    account->is_retired = false;
    wallet_unlock(wallet);
    return account;
}

void tg_wallet_retire(tg_wallet *wallet, tg_wallet_account *account, int64_t now_ms)
{
    pthread_mutex_lock(&wallet->mutex);
    account->is_retired = true;
    account_look(account, now_ms);
    queue_serve(account, now_ms);
    wallet_unlock(wallet);
}

static void prepare(struct tg_reservation *reservation, const struct tg_wallet_demand *demands, size_t count,
                    int64_t wanted_output_tokens, int64_t now_ms)
{
    int64_t floor = 1;
    for (size_t i = 0; i < count; ++i) {
        const struct tg_wallet_budget *budget = &demands[i].account->budget;
        reservation->demands[i] = demands[i];
        for (size_t j = 0; j < i; ++j)
            assert(demands[j].account != demands[i].account);
        if (budget->contention == TG_BUDGET_CLAMP && budget->clamp_floor_tokens > floor)
            floor = budget->clamp_floor_tokens;
    }
    reservation->demand_count = count;
    reservation->line_count = 0;
    reservation->wanted_output_tokens = wanted_output_tokens < 0 ? 0 : wanted_output_tokens;
    reservation->floor_output_tokens =
        floor < reservation->wanted_output_tokens ? floor : reservation->wanted_output_tokens;
    reservation->arrived_at_ms = now_ms;
    reservation->deadline = (struct tg_wallet_timer){.at_ms = INT64_MAX};
    reservation->ticket = 0;
    reservation->waits_on = NULL;
}

/* It does not fit now: a place in the queue, unless the time or the room to wait is nought. */
static enum tg_wallet_answer start_waiting(tg_wallet *wallet, struct tg_reservation *reservation,
                                           tg_wallet_account *account, int64_t now_ms)
{
    account_note_lacking(account, decide_least(reservation, account), now_ms);
    bool may_wait = reservation->deadline.at_ms > now_ms && wallet->waiting < wallet->config.max_waiters;
    if (may_wait)
        queue_add(account, reservation);
    else
        queue_busy(reservation, account, now_ms);
    if (account_should_ask(account, now_ms))
        account_look(account, now_ms);
    return may_wait ? TG_WALLET_WAITING : TG_WALLET_BUSY;
}

enum tg_wallet_answer tg_wallet_reserve(tg_wallet *wallet, int64_t now_ms, struct tg_reservation *reservation,
                                        const struct tg_wallet_demand *demands, size_t count,
                                        int64_t wanted_output_tokens)
{
    assert(count <= TG_WALLET_MAX_LINES);
    pthread_mutex_lock(&wallet->mutex);
    prepare(reservation, demands, count, wanted_output_tokens, now_ms);
    tg_wallet_account *lacks_on;
    enum tg_wallet_answer answer = decide(wallet, reservation, now_ms, false, &lacks_on);
    if (answer == TG_WALLET_WAITING)
        answer = start_waiting(wallet, reservation, lacks_on, now_ms);
    reservation->answer = answer;
    wallet_unlock(wallet);
    return answer;
}

enum tg_wallet_answer tg_wallet_answer_of(tg_wallet *wallet, const struct tg_reservation *reservation)
{
    pthread_mutex_lock(&wallet->mutex);
    enum tg_wallet_answer answer = reservation->answer;
    pthread_mutex_unlock(&wallet->mutex);
    return answer;
}

bool tg_wallet_cancel(tg_wallet *wallet, struct tg_reservation *reservation, int64_t now_ms)
{
    pthread_mutex_lock(&wallet->mutex);
    tg_wallet_account *account = reservation->waits_on;
    if (account != NULL) {
        queue_remove(wallet, reservation);
        reservation->answer = TG_WALLET_BUSY;
        queue_serve(account, now_ms);
    }
    wallet_unlock(wallet);
    return account != NULL;
}

static void settle_line(struct tg_wallet_line *line, int64_t amount, int64_t now_ms)
{
    tg_wallet_account *account = line->account;
    account_refresh(account, now_ms);
    account_note_spent(account, amount, now_ms);
    struct tg_wallet_lease *lease = line->lease;
    if (lease == NULL) {
        account->beyond_reserved -= line->reserved;
        return;
    }
    lease->reserved -= line->reserved;
    lease->held = tg_money_add(lease->held, -amount);
    --lease->in_flight;
    if (lease != account->lease)
        account_look(account, now_ms); /* the rest of a past window goes back */
    else if (account->wallet->is_closing || account->is_retired || account_should_ask(account, now_ms))
        account_look(account, now_ms);
    /* Only what cannot be among what the control plane said is booked. */
    struct knowledge *knowledge = &account->knowledge;
    if (knowledge->is_told && knowledge->window_start_ms == lease->window_start_ms && now_ms > knowledge->told_at_ms)
        knowledge->spent_since = tg_money_add(knowledge->spent_since, amount);
}

void tg_wallet_settle(tg_wallet *wallet, struct tg_reservation *reservation, const int64_t *amounts, int64_t now_ms)
{
    pthread_mutex_lock(&wallet->mutex);
    for (size_t i = 0; i < reservation->line_count; ++i)
        settle_line(&reservation->lines[i], amounts[i], now_ms);
    for (size_t i = 0; i < reservation->line_count; ++i) {
        tg_wallet_account *account = reservation->lines[i].account;
        if (account->first != NULL) {
            queue_refuse(account, now_ms);
            queue_serve(account, now_ms);
        }
    }
    reservation->line_count = 0;
    wallet_unlock(wallet);
}

static struct tg_reservation *reservation_of(struct tg_wallet_timer *timer)
{
    return (struct tg_reservation *)((char *)timer - offsetof(struct tg_reservation, deadline));
}

void tg_wallet_expire(tg_wallet *wallet, int64_t now_ms)
{
    pthread_mutex_lock(&wallet->mutex);
    struct tg_wallet_timer *timer;
    while ((timer = heap_first(&wallet->deadlines)) != NULL && timer->at_ms <= now_ms) {
        struct tg_reservation *reservation = reservation_of(timer);
        tg_wallet_account *account = reservation->waits_on, *lacks_on;
        enum tg_wallet_answer answer = decide(wallet, reservation, now_ms, true, &lacks_on);
        queue_remove(wallet, reservation);
        if (answer == TG_WALLET_WAITING) {
            answer = TG_WALLET_BUSY;
            queue_busy(reservation, lacks_on, now_ms);
        }
        queue_decided(wallet, reservation, answer);
        queue_serve(account, now_ms);
    }
    wallet_unlock(wallet);
}

int64_t tg_wallet_next_deadline_ms(tg_wallet *wallet)
{
    pthread_mutex_lock(&wallet->mutex);
    struct tg_wallet_timer *first = heap_first(&wallet->deadlines);
    int64_t at_ms = first == NULL ? NEVER_MS : first->at_ms;
    pthread_mutex_unlock(&wallet->mutex);
    return at_ms;
}
