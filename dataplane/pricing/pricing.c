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

int64_t tg_pricing_cost_pusd(const struct tg_price *price, const struct tg_usage *usage)
{
    if (price == NULL)
        return 0;
    int64_t output_tokens = tg_usage_total_output(usage);
    int64_t cost_pusd = tg_money_multiply(usage->of[TG_USAGE_INPUT], price->input_pusd);
    cost_pusd = tg_money_add(cost_pusd, tg_money_multiply(usage->of[TG_USAGE_CACHED_INPUT], price->cached_input_pusd));
    cost_pusd = tg_money_add(cost_pusd, tg_money_multiply(output_tokens, price->output_pusd));
    return tg_money_add(cost_pusd, price->request_pusd);
}

struct tg_worst_case_demand tg_pricing_demand(enum tg_budget_unit unit, const struct tg_worst_case *worst,
                                              const struct tg_price *price)
{
    struct tg_worst_case_demand demand;
    if (unit == TG_BUDGET_TOKENS) {
        demand.fixed = tg_money_add(worst->input_tokens, worst->extra_output_tokens);
        demand.per_output_token = worst->choices;
        return demand;
    }
    int64_t input_pusd = larger(price->input_pusd, price->cached_input_pusd);
    demand.fixed = tg_money_add(tg_money_multiply(worst->input_tokens, input_pusd), price->request_pusd);
    demand.fixed = tg_money_add(demand.fixed, tg_money_multiply(worst->extra_output_tokens, price->output_pusd));
    demand.per_output_token = tg_money_multiply(worst->choices, price->output_pusd);
    return demand;
}

bool tg_pricing_dearest(const struct tg_model *model, int64_t unix_ms, struct tg_price *dearest)
{
    bool is_priced = false;
    *dearest = (struct tg_price){.input_pusd = 0};
    for (size_t i = 0; i < model->deployment_count; ++i) {
        const struct tg_price *price = tg_deployment_price(&model->deployments[i], unix_ms);
        if (price == NULL)
            continue;
        is_priced = true;
        dearest->input_pusd = larger(dearest->input_pusd, price->input_pusd);
        dearest->cached_input_pusd = larger(dearest->cached_input_pusd, price->cached_input_pusd);
        dearest->output_pusd = larger(dearest->output_pusd, price->output_pusd);
        dearest->request_pusd = larger(dearest->request_pusd, price->request_pusd);
    }
    return is_priced;
}

int64_t tg_pricing_amount(enum tg_budget_unit unit, const struct tg_usage *usage, int64_t cost_pusd)
{
    return unit == TG_BUDGET_MONEY ? cost_pusd : all_tokens(usage);
}
