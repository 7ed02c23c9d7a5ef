#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dataplane/pricing/pricing.h"

/* gpt-4o-mini: $0.15, $0.075 and $0.60 per million tokens. */
static const struct tg_price PRICE = {
    .input_pusd = 150000, .cached_input_pusd = 75000, .output_pusd = 600000, .request_pusd = 0};

static void each_kind_of_token_has_its_price(void **state)
{
    struct tg_usage usage = {.of[TG_USAGE_INPUT] = 12,
                             .of[TG_USAGE_CACHED_INPUT] = 8,
                             .of[TG_USAGE_OUTPUT] = 7,
                             .of[TG_USAGE_REASONING] = 3};
    assert_int_equal(tg_pricing_cost_pusd(&PRICE, &usage), 12 * 150000 + 8 * 75000 + 10 * 600000);
}

static void a_request_has_its_own_price_even_without_tokens(void **state)
{
    struct tg_price price = {.request_pusd = 5000};
    assert_int_equal(tg_pricing_cost_pusd(&price, &(struct tg_usage){0}), 5000);
}

static void without_a_price_nothing_is_charged(void **state)
{
    assert_int_equal(tg_pricing_cost_pusd(NULL, &(struct tg_usage){.of[TG_USAGE_INPUT] = 1000}), 0);
}

static void a_worst_case_is_exact_to_the_pico_dollar(void **state)
{
    /* A prompt of 62 bytes and no maximum: 62 x $0.00000015 + 16,384 x $0.0000006. */
    struct tg_worst_case worst = {.input_tokens = 62, .choices = 1, .output_tokens = 16384};
    struct tg_worst_case_demand demand = tg_pricing_demand(TG_BUDGET_MONEY, &worst, &PRICE);
    assert_int_equal(demand.fixed, 62 * 150000);
    assert_int_equal(demand.per_output_token, 600000);
    assert_int_equal(demand.fixed + demand.per_output_token * worst.output_tokens, INT64_C(9839700000));
}

static void every_choice_may_use_the_whole_maximum(void **state)
{
    struct tg_worst_case worst = {.input_tokens = 10, .choices = 4, .output_tokens = 100};
    assert_int_equal(tg_pricing_demand(TG_BUDGET_MONEY, &worst, &PRICE).per_output_token, 4 * 600000);
    assert_int_equal(tg_pricing_demand(TG_BUDGET_TOKENS, &worst, NULL).per_output_token, 4);
    assert_int_equal(tg_pricing_demand(TG_BUDGET_TOKENS, &worst, NULL).fixed, 10);
}

static void rejected_predictions_are_reserved_as_output(void **state)
{
    struct tg_worst_case worst = {.input_tokens = 10, .extra_output_tokens = 5, .choices = 1};
    assert_int_equal(tg_pricing_demand(TG_BUDGET_MONEY, &worst, &PRICE).fixed, 10 * 150000 + 5 * 600000);
    assert_int_equal(tg_pricing_demand(TG_BUDGET_TOKENS, &worst, NULL).fixed, 15);
}

static void cached_input_that_costs_more_bounds_the_input(void **state)
{
    struct tg_price price = {.input_pusd = 1, .cached_input_pusd = 3};
    struct tg_worst_case worst = {.input_tokens = 10, .choices = 1};
    assert_int_equal(tg_pricing_demand(TG_BUDGET_MONEY, &worst, &price).fixed, 30);
}

static void sums_beyond_all_bounds_stop_instead_of_wrapping(void **state)
{
    struct tg_usage usage = {.of[TG_USAGE_INPUT] = INT64_MAX, .of[TG_USAGE_OUTPUT] = INT64_MAX};
    assert_int_equal(tg_pricing_cost_pusd(&PRICE, &usage), INT64_MAX);
    assert_int_equal(tg_pricing_amount(TG_BUDGET_TOKENS, &usage, 0), INT64_MAX);
    struct tg_worst_case worst = {.input_tokens = INT64_MAX, .extra_output_tokens = INT64_MAX, .choices = 128};
    assert_int_equal(tg_pricing_demand(TG_BUDGET_MONEY, &worst, &PRICE).fixed, INT64_MAX);
    assert_int_equal(tg_pricing_demand(TG_BUDGET_TOKENS, &worst, NULL).fixed, INT64_MAX);
}

static void no_usage_within_the_bounds_costs_more_than_was_reserved(void **state)
{
    static const struct tg_price PRICES[] = {
        {.input_pusd = 150000, .cached_input_pusd = 75000, .output_pusd = 600000, .request_pusd = 7},
        {.input_pusd = 1, .cached_input_pusd = 9, .output_pusd = 2},
        {.request_pusd = 3},
    };
    for (size_t p = 0; p < sizeof(PRICES) / sizeof(PRICES[0]); ++p) {
        struct tg_worst_case worst = {.input_tokens = 6, .extra_output_tokens = 2, .choices = 2, .output_tokens = 3};
        struct tg_worst_case_demand money = tg_pricing_demand(TG_BUDGET_MONEY, &worst, &PRICES[p]);
        struct tg_worst_case_demand tokens = tg_pricing_demand(TG_BUDGET_TOKENS, &worst, &PRICES[p]);
        for (int64_t cached = 0; cached <= 6; ++cached) {
            for (int64_t reasoning = 0; reasoning <= 8; ++reasoning) {
                struct tg_usage usage = {.of[TG_USAGE_INPUT] = 6 - cached,
                                         .of[TG_USAGE_CACHED_INPUT] = cached,
                                         .of[TG_USAGE_OUTPUT] = 8 - reasoning,
                                         .of[TG_USAGE_REASONING] = reasoning};
                assert_true(tg_pricing_cost_pusd(&PRICES[p], &usage) <= money.fixed + 3 * money.per_output_token);
                assert_true(tg_pricing_amount(TG_BUDGET_TOKENS, &usage, 0) <=
                            tokens.fixed + 3 * tokens.per_output_token);
            }
        }
    }
}

static void the_dearest_of_all_deployments_bounds_whichever_serves(void **state)
{
    static const struct tg_price CHEAP_INPUT = {.input_pusd = 1, .cached_input_pusd = 1, .output_pusd = 9};
    static const struct tg_price CHEAP_OUTPUT = {.input_pusd = 5, .output_pusd = 2, .request_pusd = 4};
    struct tg_deployment deployments[] = {
        {.prices = &CHEAP_INPUT, .price_count = 1}, {.price_count = 0}, {.prices = &CHEAP_OUTPUT, .price_count = 1}};
    struct tg_model model = {.deployments = deployments, .deployment_count = 3};
    struct tg_price dearest;
    assert_true(tg_pricing_dearest(&model, 1000, &dearest));
    assert_int_equal(dearest.input_pusd, 5);
    assert_int_equal(dearest.cached_input_pusd, 1);
    assert_int_equal(dearest.output_pusd, 9);
    assert_int_equal(dearest.request_pusd, 4);
    model.deployments = &deployments[1];
    model.deployment_count = 1;
    assert_false(tg_pricing_dearest(&model, 1000, &dearest));
}

static void a_price_that_is_not_in_force_yet_does_not_count(void **state)
{
    static const struct tg_price TOMORROW = {.effective_from_ms = 2000, .input_pusd = 5};
    struct tg_deployment deployment = {.prices = &TOMORROW, .price_count = 1};
    struct tg_model model = {.deployments = &deployment, .deployment_count = 1};
    struct tg_price dearest;
    assert_false(tg_pricing_dearest(&model, 1999, &dearest));
    assert_true(tg_pricing_dearest(&model, 2000, &dearest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_token_has_its_price),
        cmocka_unit_test(a_request_has_its_own_price_even_without_tokens),
        cmocka_unit_test(without_a_price_nothing_is_charged),
        cmocka_unit_test(a_worst_case_is_exact_to_the_pico_dollar),
        cmocka_unit_test(every_choice_may_use_the_whole_maximum),
        cmocka_unit_test(rejected_predictions_are_reserved_as_output),
        cmocka_unit_test(cached_input_that_costs_more_bounds_the_input),
        cmocka_unit_test(sums_beyond_all_bounds_stop_instead_of_wrapping),
        cmocka_unit_test(no_usage_within_the_bounds_costs_more_than_was_reserved),
        cmocka_unit_test(the_dearest_of_all_deployments_bounds_whichever_serves),
        cmocka_unit_test(a_price_that_is_not_in_force_yet_does_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
