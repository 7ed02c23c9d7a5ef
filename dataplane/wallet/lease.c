#include <stdlib.h>

#include "dataplane/wallet/internal.h"

void lease_turn(tg_wallet_account *account)
{
    struct tg_wallet_lease *lease = account->lease;
    if (lease == NULL)
        return;
    account->lease = NULL;
    lease->next = account->past;
    account->past = lease;
}

static void unlink_past(tg_wallet_account *account, struct tg_wallet_lease *lease)
{
    struct tg_wallet_lease **at = &account->past;
    while (*at != NULL && *at != lease)
        at = &(*at)->next;
    if (*at == lease)
        *at = lease->next;
    lease->next = NULL;
}

bool lease_add(tg_wallet_account *account, const struct tg_wallet_grant *grant, int64_t now_ms)
{
    tg_wallet *wallet = account->wallet;
    struct tg_wallet_lease *lease = table_find(&wallet->leases, grant->lease_id);
    if (lease == NULL) {
        lease = calloc(1, sizeof(*lease));
        if (lease == NULL)
            abort();
        lease->id = grant->lease_id;
        lease->account = account;
        lease->window_start_ms = grant->window_start_ms;
        table_add(&wallet->leases, lease);
    } else if (lease->account != account) {
        return false; /* the control plane never gives two budgets one lease */
    } else if (lease != account->lease) {
        unlink_past(account, lease);
    }
    lease->held = tg_money_add(lease->held, grant->amount);
    bool has_window = grant->window_start_ms != 0 || grant->window_remaining_ms > 0;
    lease->ends_at_ms = has_window ? tg_money_add(now_ms, grant->window_remaining_ms) : NEVER_MS;
    if (lease == account->lease)
        return true;
    /* A repeated answer may speak of a window that is over, or older than the one we are in: that goes back. */
    bool is_over = lease->ends_at_ms <= now_ms ||
                   (account->lease != NULL && account->lease->window_start_ms > lease->window_start_ms);
    if (is_over) {
        lease->next = account->past;
        account->past = lease;
    } else {
        lease_turn(account);
        account->lease = lease;
    }
    return !is_over;
}

void lease_return(struct tg_wallet_lease *lease, int64_t amount, struct tg_wallet_message *message)
{
    if (lease->return_number == 0) {
        lease->return_number = ++lease->account->wallet->last_number;
        lease->return_amount = amount;
        lease->held -= amount;
        lease->owes_return = false;
    }
    lease->is_return_unsent = false;
    *message = (struct tg_wallet_message){
        .kind = TG_WALLET_RETURN,
        .number = lease->return_number,
        .budget_id = lease->account->id,
        .lease_id = lease->id,
        .amount = lease->return_amount,
    };
}

void lease_sweep(tg_wallet_account *account)
{
    struct tg_wallet_lease **at = &account->past;
    while (*at != NULL) {
        struct tg_wallet_lease *lease = *at;
        if (lease->in_flight != 0 || lease->return_number != 0 || lease_free(lease) > 0) {
            at = &lease->next;
            continue;
        }
        *at = lease->next;
        table_remove(&account->wallet->leases, lease->id);
        free(lease);
    }
}
