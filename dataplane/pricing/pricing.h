/* What usage costs, and what a call can cost at most. Pure integer arithmetic in pico-dollars that stops at INT64_MAX
 * instead of wrapping: an amount that large fits no lease, which refuses the call.
 *
 * The bound: a call whose usage is within its worst case, served by whichever deployment, at whichever service tier and
 * whatever threshold its input passes, never costs more than its demand. */
#ifndef TG_PRICING_PRICING_H
#define TG_PRICING_PRICING_H

#include "common/base/usage.h"
#include "dataplane/dialects/canonical/operation.h"
#include "dataplane/snapshot/snapshot.h"

enum { TG_PRICING_UNIT_KINDS = TG_USAGE_KIND_COUNT - TG_USAGE_TOKEN_KINDS };

/* Every kind at the rate that the price has for it at that service tier, in a request with that much input, and the
 * price of a request. What has no rate costs nothing here: *is_unpriced says so, also for a price that is NULL, and for
 * a service tier that the price does not know, which is charged at the standard rates. Sound is rounded up to a whole
 * pico-dollar. */
int64_t tg_pricing_cost_pusd(const struct tg_price *price, const struct tg_usage *usage, struct tg_text service_tier,
                             bool *is_unpriced);

/* What bounds a call before it is sent. */
struct tg_worst_case {
    int64_t input_tokens;        /* at most so many */
    int64_t extra_output_tokens; /* billed as output beyond the maximum, whatever it is: rejected predictions */
    int64_t choices;
    int64_t output_tokens;                /* maximum per choice */
    bool is_text_only;                    /* the prompt: it has no tokens of sound or pictures */
    struct tg_text service_tier;          /* as asked for: only it and the standard one can be; empty or "auto": any */
    int64_t units[TG_PRICING_UNIT_KINDS]; /* of what is not tokens, by kind from TG_USAGE_TOKEN_KINDS on */
};

/* Fills worst->units with what a request announces: pictures, characters, sound, searches. */
void tg_pricing_announced_units(enum tg_operation operation, const struct tg_model_request *asked, int64_t body_bytes,
                                struct tg_worst_case *worst);

/* The dearest rates that may apply to a call. */
struct tg_dearest {
    int64_t input_pusd, output_pusd;
    int64_t request_pusd;
    int64_t unit_pusd[TG_PRICING_UNIT_KINDS];
};

/* Over all kinds of tokens that the call may use, the thresholds that its input may pass, the service tiers that it may
 * be served at, and the prices in force at `unix_ms` of all deployments of the model. False if none has a price. */
bool tg_pricing_dearest(const struct tg_model *model, int64_t unix_ms, const struct tg_worst_case *worst,
                        struct tg_dearest *dearest);

/* The part of a worst case that does not depend on the maximum output, and the part for each token of it, in a budget
 * of that unit. `dearest` matters for money only. */
struct tg_worst_case_demand {
    int64_t fixed;
    int64_t per_output_token;
};
struct tg_worst_case_demand tg_pricing_demand(enum tg_budget_unit unit, const struct tg_worst_case *worst,
                                              const struct tg_dearest *dearest);

/* What a call at that one price can cost at most; 0 for NULL. */
int64_t tg_pricing_most_pusd(const struct tg_price *price, const struct tg_worst_case *worst);

/* What a finished call takes from a budget of that unit. */
int64_t tg_pricing_amount(enum tg_budget_unit unit, const struct tg_usage *usage, int64_t cost_pusd);

#endif
