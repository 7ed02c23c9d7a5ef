/* The share of a clamping call: an equal part of everything that could still be spent here (held, and what the control
 * plane can grant) among all who are present, waiting or in flight, and among at least CLAMP_PRESUMED, because more may
 * be coming. What is in flight counts as unspent, since most of it comes back: so the share does not shrink to crumbs
 * while the first calls sit on their worst cases. */
#include "dataplane/wallet/internal.h"

static int64_t tokens_for(const struct tg_wallet_demand *demand, int64_t amount)
{
    return amount < demand->fixed ? -1 : tg_money_add(amount, -demand->fixed) / demand->per_output_token;
}

static int64_t fair_share(const tg_wallet_account *account, const struct tg_reservation *reservation)
{
    int64_t present = (int64_t)account->waiting + (reservation->waits_on == account ? 0 : 1);
    if (account->lease != NULL)
        present += (int64_t)account->lease->in_flight;
    int64_t left = tg_money_add(account_held(account), account_grantable(account));
    return left / (present < CLAMP_PRESUMED ? CLAMP_PRESUMED : present);
}

int64_t clamp_tokens(const struct tg_wallet_demand *demand, const struct tg_reservation *reservation, int64_t now_ms,
                     bool is_last_chance)
{
    const tg_wallet_account *account = demand->account;
    int64_t floor = reservation->floor_output_tokens, wanted = reservation->wanted_output_tokens;
    if (queue_is_behind(account, reservation))
        return -1;
    if (demand->per_output_token <= 0)
        return demand->fixed <= account_free(account) ? wanted : -1;

    int64_t share = tokens_for(demand, fair_share(account, reservation));
    share = share < floor ? floor : share > wanted ? wanted : share;
    int64_t covered = tokens_for(demand, account_free(account));
    int64_t tokens = covered < share ? covered : share;
    if (tokens == wanted)
        return wanted;
    if (tokens < floor)
        return -1;
    if (is_last_chance)
        return tokens;

    /* Before somebody gets less than he wants, the control plane is asked what there is. */
    bool can_learn = account_can_learn(account, now_ms), is_fresh = account_is_fresh(account, now_ms);
    if (can_learn && !is_fresh)
        return -1;
    if (tokens == share)
        return tokens;
    if (can_learn && account_grantable(account) > 0)
        return -1;
    /* Crumbs are worse than a short wait, as long as something in flight will come back. */
    bool is_crumb = tokens < share / 2 && account->lease != NULL && account->lease->in_flight != 0;
    return is_crumb ? -1 : tokens;
}
