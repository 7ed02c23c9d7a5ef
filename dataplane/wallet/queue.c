#include "dataplane/wallet/internal.h"

bool queue_is_behind(const tg_wallet_account *account, const struct tg_reservation *reservation)
{
    if (account->first == NULL || account->first == reservation)
        return false;
    return reservation->ticket == 0 || account->first->ticket < reservation->ticket;
}

/* What a waiter would take if it got all it wants. */
static int64_t full_amount(const struct tg_reservation *reservation, const tg_wallet_account *account)
{
    for (size_t i = 0; i < reservation->demand_count; ++i) {
        if (reservation->demands[i].account == account)
            return amount_of(&reservation->demands[i], reservation->wanted_output_tokens);
    }
    return 0;
}

static void link_by_ticket(tg_wallet_account *account, struct tg_reservation *reservation)
{
    struct tg_reservation *before = account->last; /* new arrivals have the highest ticket */
    while (before != NULL && before->ticket > reservation->ticket)
        before = before->waits_before;
    struct tg_reservation *after = before == NULL ? account->first : before->waits_after;
    reservation->waits_before = before;
    reservation->waits_after = after;
    *(before == NULL ? &account->first : &before->waits_after) = reservation;
    *(after == NULL ? &account->last : &after->waits_before) = reservation;
}

static void unlink_from(tg_wallet_account *account, struct tg_reservation *reservation)
{
    struct tg_reservation *before = reservation->waits_before, *after = reservation->waits_after;
    *(before == NULL ? &account->first : &before->waits_after) = after;
    *(after == NULL ? &account->last : &after->waits_before) = before;
    reservation->waits_before = reservation->waits_after = NULL;
}

static void join(tg_wallet_account *account, struct tg_reservation *reservation)
{
    link_by_ticket(account, reservation);
    reservation->waits_on = account;
    ++account->waiting;
    account->waiting_amount += full_amount(reservation, account);
}

static void leave(struct tg_reservation *reservation)
{
    tg_wallet_account *account = reservation->waits_on;
    unlink_from(account, reservation);
    reservation->waits_on = NULL;
    --account->waiting;
    account->waiting_amount -= full_amount(reservation, account);
}

void queue_add(tg_wallet_account *account, struct tg_reservation *reservation)
{
    tg_wallet *wallet = account->wallet;
    reservation->ticket = ++wallet->last_ticket;
    reservation->deadline.order = reservation->ticket;
    reservation->answer = TG_WALLET_WAITING;
    heap_set(&wallet->deadlines, &reservation->deadline, reservation->deadline.at_ms);
    join(account, reservation);
    ++wallet->waiting;
}

void queue_remove(tg_wallet *wallet, struct tg_reservation *reservation)
{
    leave(reservation);
    heap_remove(&wallet->deadlines, &reservation->deadline);
    --wallet->waiting;
}

void queue_decided(tg_wallet *wallet, struct tg_reservation *reservation, enum tg_wallet_answer answer)
{
    reservation->answer = answer;
    reservation->waits_after = NULL;
    if (wallet->decided == NULL)
        wallet->decided = reservation;
    else
        wallet->last_decided->waits_after = reservation;
    wallet->last_decided = reservation;
}

void queue_busy(struct tg_reservation *reservation, tg_wallet_account *account, int64_t now_ms)
{
    account_refusal(account, decide_least(reservation, account), now_ms, &reservation->refusal);
}

void queue_serve(tg_wallet_account *account, int64_t now_ms)
{
    tg_wallet *wallet = account->wallet;
    while (account->first != NULL) {
        struct tg_reservation *reservation = account->first;
        tg_wallet_account *lacks_on = NULL;
        enum tg_wallet_answer answer = decide(wallet, reservation, now_ms, false, &lacks_on);
        if (answer == TG_WALLET_WAITING && lacks_on == account)
            break;
        if (answer == TG_WALLET_WAITING) {
            leave(reservation);
            join(lacks_on, reservation);
            if (account_should_ask(lacks_on, now_ms))
                account_look(lacks_on, now_ms);
            continue;
        }
        queue_remove(wallet, reservation);
        queue_decided(wallet, reservation, answer);
    }
    if (account->first != NULL && account_should_ask(account, now_ms))
        account_look(account, now_ms);
}

void queue_refuse(tg_wallet_account *account, int64_t now_ms)
{
    struct tg_reservation *next;
    for (struct tg_reservation *at = account->first; at != NULL; at = next) {
        next = at->waits_after;
        int64_t least = decide_least(at, account);
        if (least <= account_free(account) || !account_is_exceeded(account, least, now_ms))
            continue;
        account_refusal(account, least, now_ms, &at->refusal);
        queue_remove(account->wallet, at);
        queue_decided(account->wallet, at, TG_WALLET_EXCEEDED);
    }
}
