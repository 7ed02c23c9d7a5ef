#include "dataplane/pricing/pricing.h"

#include "common/base/money.h"

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t all_tokens(const struct tg_usage *usage)
{
    return tg_money_add(tg_usage_total_input(usage), tg_usage_total_output(usage));
}

/* Rounded up where a rate is for more than one unit. */
static int64_t cost_of(enum tg_usage_kind kind, int64_t units, int64_t pusd)
{
    if (kind != TG_USAGE_AUDIO_MS)
        return tg_money_multiply(units, pusd);
    __int128 cost = ((__int128)units * pusd + TG_RATES_AUDIO_UNIT_MS - 1) / TG_RATES_AUDIO_UNIT_MS;
    return cost > INT64_MAX ? INT64_MAX : (int64_t)cost;
}

int64_t tg_pricing_cost_pusd(const struct tg_price *price, const struct tg_usage *usage, struct tg_text service_tier,
                             bool *is_unpriced)
{
    *is_unpriced = true;
    if (price == NULL)
        return 0;
    bool is_tier_known;
    const struct tg_rate_set *set =
        tg_rates_pick(price->sets, price->set_count, service_tier, tg_usage_total_input(usage), &is_tier_known);
    int64_t cost_pusd = price->request_pusd;
    *is_unpriced = !is_tier_known;
    for (int i = 0; i < TG_USAGE_KIND_COUNT; ++i) {
        enum tg_usage_kind kind = (enum tg_usage_kind)i;
        if (usage->of[kind] == 0)
            continue;
        if (set != NULL && tg_rate_has(set, kind))
            cost_pusd = tg_money_add(cost_pusd, cost_of(kind, usage->of[kind], set->pusd[kind]));
        else
            *is_unpriced = true;
    }
    return cost_pusd;
}

/* ---- at most ---- */

static bool is_reachable(const struct tg_rate_set *set, const struct tg_worst_case *worst)
{
    if (set->above_input_tokens != 0 && set->above_input_tokens >= worst->input_tokens)
        return false;
    bool may_be_any = worst->service_tier.bytes == 0 || tg_text_is(worst->service_tier, "auto");
    return may_be_any || set->service_tier.bytes == 0 || tg_text_equals(set->service_tier, worst->service_tier);
}

static bool may_be_used(enum tg_usage_kind kind, const struct tg_worst_case *worst)
{
    bool is_beyond_text =
        kind == TG_USAGE_INPUT_AUDIO || kind == TG_USAGE_CACHED_INPUT_AUDIO || kind == TG_USAGE_INPUT_IMAGE;
    return !worst->is_text_only || !is_beyond_text;
}

/* A kind without a rate has pusd 0 in a set. */
static void raise_to_set(struct tg_dearest *dearest, const struct tg_rate_set *set, const struct tg_worst_case *worst)
{
    for (int i = 0; i < TG_USAGE_KIND_COUNT; ++i) {
        enum tg_usage_kind kind = (enum tg_usage_kind)i;
        int64_t *rate = i >= TG_USAGE_TOKEN_KINDS    ? &dearest->unit_pusd[i - TG_USAGE_TOKEN_KINDS]
                        : i >= TG_USAGE_FIRST_OUTPUT ? &dearest->output_pusd
                                                     : &dearest->input_pusd;
        if (may_be_used(kind, worst))
            *rate = larger(*rate, set->pusd[kind]);
    }
}

static void raise_to_price(struct tg_dearest *dearest, const struct tg_price *price, const struct tg_worst_case *worst)
{
    dearest->request_pusd = larger(dearest->request_pusd, price->request_pusd);
    for (size_t i = 0; i < price->set_count; ++i)
        if (is_reachable(&price->sets[i], worst))
            raise_to_set(dearest, &price->sets[i], worst);
}

bool tg_pricing_dearest(const struct tg_model *model, int64_t unix_ms, const struct tg_worst_case *worst,
                        struct tg_dearest *dearest)
{
    bool is_priced = false;
    *dearest = (struct tg_dearest){.input_pusd = 0};
    for (size_t i = 0; i < model->deployment_count; ++i) {
        const struct tg_price *price = tg_deployment_price(&model->deployments[i], unix_ms);
        if (price == NULL)
            continue;
        is_priced = true;
        raise_to_price(dearest, price, worst);
    }
    return is_priced;
}

struct tg_worst_case_demand tg_pricing_demand(enum tg_budget_unit unit, const struct tg_worst_case *worst,
                                              const struct tg_dearest *dearest)
{
    struct tg_worst_case_demand demand;
    if (unit == TG_BUDGET_TOKENS) {
        demand.fixed = tg_money_add(worst->input_tokens, worst->extra_output_tokens);
        demand.per_output_token = worst->choices;
        return demand;
    }
    demand.fixed = tg_money_add(tg_money_multiply(worst->input_tokens, dearest->input_pusd), dearest->request_pusd);
    demand.fixed = tg_money_add(demand.fixed, tg_money_multiply(worst->extra_output_tokens, dearest->output_pusd));
    for (int i = 0; i < TG_PRICING_UNIT_KINDS; ++i)
        demand.fixed = tg_money_add(demand.fixed, cost_of((enum tg_usage_kind)(TG_USAGE_TOKEN_KINDS + i),
                                                          worst->units[i], dearest->unit_pusd[i]));
    demand.per_output_token = tg_money_multiply(worst->choices, dearest->output_pusd);
    return demand;
}

int64_t tg_pricing_most_pusd(const struct tg_price *price, const struct tg_worst_case *worst)
{
    struct tg_dearest dearest = {.input_pusd = 0};
    if (price == NULL)
        return 0;
    raise_to_price(&dearest, price, worst);
    struct tg_worst_case_demand demand = tg_pricing_demand(TG_BUDGET_MONEY, worst, &dearest);
    return tg_money_add(demand.fixed, tg_money_multiply(demand.per_output_token, worst->output_tokens));
}

int64_t tg_pricing_amount(enum tg_budget_unit unit, const struct tg_usage *usage, int64_t cost_pusd)
{
    return unit == TG_BUDGET_MONEY ? cost_pusd : all_tokens(usage);
}
