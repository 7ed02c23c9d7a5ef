/* What tokens cost, and what a call can cost at most. Pure integer arithmetic in pico-dollars that stops at INT64_MAX
 * instead of wrapping: an amount that large fits no lease, which refuses the call. */
#ifndef TG_PRICING_PRICING_H
#define TG_PRICING_PRICING_H

#include "dataplane/dialects/canonical/usage.h"
#include "dataplane/snapshot/snapshot.h"

/* input x price + cached x its price + (output + reasoning) x output price + the price of a request. NULL costs 0. */
int64_t tg_pricing_cost_pusd(const struct tg_price *price, const struct tg_usage *usage);

/* What bounds a call before it is sent. */
struct tg_worst_case {
    int64_t input_tokens;        /* at most so many */
    int64_t extra_output_tokens; /* billed as output beyond the maximum, whatever it is: rejected predictions */
    int64_t choices;
    int64_t output_tokens; /* maximum per choice */
};

/* The part of a worst case that does not depend on the maximum output, and the part for each token of it, in a budget
 * of that unit. `price` is the dearest that may apply and matters for money only. */
struct tg_worst_case_demand {
    int64_t fixed;
    int64_t per_output_token;
};
struct tg_worst_case_demand tg_pricing_demand(enum tg_budget_unit unit, const struct tg_worst_case *worst,
                                              const struct tg_price *price);

/* The dearest of the prices in force at `unix_ms` over all deployments of the model, each kind for itself, so that it
 * bounds whichever serves the call. False if no deployment has one. */
bool tg_pricing_dearest(const struct tg_model *model, int64_t unix_ms, struct tg_price *dearest);

/* What a finished call takes from a budget of that unit. */
int64_t tg_pricing_amount(enum tg_budget_unit unit, const struct tg_usage *usage, int64_t cost_pusd);

#endif
