#include "controlplane/budget/bank.h"

#include "common/base/money.h"

enum {
    HORIZON_S = 5,            /* a lease is meant to last this long at the recent rate */
    RETRY_RECALLED_MS = 25,   /* a recall and its return are one round trip each */
    RETRY_BOOKING_MS = 50,    /* only bookings can free something */
    RETRY_PREFETCH_MS = 1000, /* nobody waits for it */
};

const char *tg_bank_outcome_name(enum tg_bank_outcome outcome)
{
    switch (outcome) {
    case TG_BANK_GRANTED:
        return "granted";
    case TG_BANK_BUSY:
        return "busy";
    case TG_BANK_EXHAUSTED:
        return "exhausted";
    case TG_BANK_UNKNOWN_BUDGET:
        return "unknown_budget";
    }
    return "unknown";
}

static int64_t at_least(int64_t value, int64_t floor)
{
    return value < floor ? floor : value;
}

static int64_t at_most(int64_t value, int64_t ceiling)
{
    return value > ceiling ? ceiling : value;
}

int64_t tg_bank_free(const struct tg_bank_account *account)
{
    return at_least(tg_money_add(tg_money_add(account->limit, -account->settled), -account->leased), 0);
}

/* What would be granted if the call that waits needed nothing: some seconds' worth, cut to a share that leaves as much
 * for every other replica, and half of it all for later. */
static int64_t comfortable_amount(const struct tg_bank_request *request, int64_t free, int64_t replicas)
{
    int64_t seconds_worth = tg_money_multiply(at_least(request->recent_rate_per_s, 0), HORIZON_S);
    int64_t goal = at_least(request->wanted, tg_money_add(seconds_worth, -at_least(request->held, 0)));
    int64_t share = free / 2 / at_least(replicas, 1);
    return at_most(at_least(goal, 1), share);
}

static struct tg_bank_decision busy(const struct tg_bank_account *account, const struct tg_bank_request *request,
                                    int64_t free)
{
    struct tg_bank_decision decision = {.outcome = TG_BANK_BUSY, .retry_after_ms = RETRY_PREFETCH_MS};
    if (request->minimum <= 0)
        return decision; /* nobody waits: nothing is taken from others for it */
    int64_t others = at_least(account->leased - account->leased_to_asker, 0);
    decision.recalls_others = others > 0;
    decision.recalls_asker = request->held > 0 && tg_money_add(free, others) < request->minimum;
    decision.retry_after_ms = decision.recalls_others || decision.recalls_asker ? RETRY_RECALLED_MS : RETRY_BOOKING_MS;
    return decision;
}

struct tg_bank_decision tg_bank_decide(const struct tg_bank_account *account, const struct tg_bank_request *request,
                                       int64_t replicas)
{
    int64_t free = tg_bank_free(account);
    int64_t needed = at_least(request->minimum, 1);
    if (tg_money_add(account->limit, -account->settled) < needed)
        return (struct tg_bank_decision){.outcome = TG_BANK_EXHAUSTED};
    int64_t amount = at_least(comfortable_amount(request, free, replicas), request->minimum);
    if (amount < 1 || amount > free)
        return busy(account, request, free);
    return (struct tg_bank_decision){.outcome = TG_BANK_GRANTED, .amount = amount};
}
