#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dataplane/pricing/pricing.h"

enum { MAX_FULL = (TG_RATES_MAX_SETS + 1) * (TG_RATES_MAX_SETS + 1) };

/* A price with the memory of its sets. */
struct made {
    struct tg_rate_list stated;
    struct tg_rate_set full[MAX_FULL];
    struct tg_price price;
};

static void state_rate(struct made *made, const char *tier, int64_t above, enum tg_usage_kind kind, int64_t pusd)
{
    struct tg_rate_set *set = tg_rates_set(&made->stated, tg_text_of(tier), above);
    assert_non_null(set);
    tg_rate_state(set, kind, pusd);
}

static const struct tg_price *finish(struct made *made)
{
    assert_true(tg_rates_resolved_bound(made->stated.count) <= MAX_FULL);
    made->price.sets = made->full;
    made->price.set_count = tg_rates_resolve(made->stated.sets, made->stated.count, made->full);
    return &made->price;
}

/* gpt-4o-mini: $0.15, $0.075 and $0.60 per million tokens. */
static const struct tg_price *make_mini(struct made *made)
{
    *made = (struct made){.stated = {.count = 0}};
    state_rate(made, "", 0, TG_USAGE_INPUT, 150000);
    state_rate(made, "", 0, TG_USAGE_CACHED_INPUT, 75000);
    state_rate(made, "", 0, TG_USAGE_OUTPUT, 600000);
    return finish(made);
}

static int64_t cost_of(const struct tg_price *price, struct tg_usage usage, const char *tier)
{
    bool is_unpriced;
    int64_t cost_pusd = tg_pricing_cost_pusd(price, &usage, tg_text_of(tier), &is_unpriced);
    assert_false(is_unpriced);
    return cost_pusd;
}

static struct tg_worst_case_demand demand_of(enum tg_budget_unit unit, const struct tg_worst_case *worst,
                                             const struct tg_price *price)
{
    struct tg_deployment deployment = {.prices = price, .price_count = 1};
    struct tg_model model = {.deployments = &deployment, .deployment_count = 1};
    struct tg_dearest dearest;
    assert_true(tg_pricing_dearest(&model, INT64_MAX, worst, &dearest));
    return tg_pricing_demand(unit, worst, &dearest);
}

/* ---- cost ---- */

static void each_kind_of_token_has_its_price(void **state)
{
    struct made made;
    struct tg_usage usage = {.of[TG_USAGE_INPUT] = 12,
                             .of[TG_USAGE_CACHED_INPUT] = 8,
                             .of[TG_USAGE_OUTPUT] = 7,
                             .of[TG_USAGE_REASONING] = 3};
    assert_int_equal(cost_of(make_mini(&made), usage, ""), 12 * 150000 + 8 * 75000 + 10 * 600000);
}

static void every_kind_is_charged_at_its_own_rate(void **state)
{
    struct made made = {.stated = {.count = 0}};
    for (int kind = 0; kind < TG_USAGE_KIND_COUNT; ++kind)
        state_rate(&made, "", 0, (enum tg_usage_kind)kind, INT64_C(60000) << kind);
    const struct tg_price *price = finish(&made);
    for (int kind = 0; kind < TG_USAGE_KIND_COUNT; ++kind) {
        struct tg_usage usage = {.of = {0}};
        usage.of[kind] = 3;
        int64_t each = kind == TG_USAGE_AUDIO_MS ? INT64_C(1) << kind : INT64_C(60000) << kind;
        assert_int_equal(cost_of(price, usage, ""), 3 * each);
    }
}

static void sound_is_charged_by_the_minute_and_rounded_up(void **state)
{
    struct made made = {.stated = {.count = 0}};
    state_rate(&made, "", 0, TG_USAGE_AUDIO_MS, 4300000000); /* $0.0043 a minute */
    const struct tg_price *price = finish(&made);
    assert_int_equal(cost_of(price, (struct tg_usage){.of[TG_USAGE_AUDIO_MS] = 60000}, ""), 4300000000);
    assert_int_equal(cost_of(price, (struct tg_usage){.of[TG_USAGE_AUDIO_MS] = 1}, ""), 71667);
    made.full[0].pusd[TG_USAGE_AUDIO_MS] = INT64_MAX;
    assert_int_equal(cost_of(price, (struct tg_usage){.of[TG_USAGE_AUDIO_MS] = INT64_MAX}, ""), INT64_MAX);
}

static void a_request_has_its_own_price_even_without_tokens(void **state)
{
    struct tg_price price = {.request_pusd = 5000};
    struct made made;
    assert_int_equal(cost_of(&price, (struct tg_usage){{0}}, ""), 5000);
    made = (struct made){.price = {.request_pusd = 7}};
    state_rate(&made, "", 0, TG_USAGE_INPUT, 3);
    assert_int_equal(cost_of(finish(&made), (struct tg_usage){.of[TG_USAGE_INPUT] = 2}, ""), 13);
}

static void what_has_no_price_is_told_and_never_passed_over(void **state)
{
    struct made made;
    bool is_unpriced;
    struct tg_usage tokens = {.of[TG_USAGE_INPUT] = 1000};
    assert_int_equal(tg_pricing_cost_pusd(NULL, &tokens, tg_text_of(""), &is_unpriced), 0);
    assert_true(is_unpriced);
    const struct tg_price *price = make_mini(&made);
    struct tg_usage searches = {.of[TG_USAGE_INPUT] = 10, .of[TG_USAGE_WEB_SEARCHES] = 2};
    assert_int_equal(tg_pricing_cost_pusd(price, &searches, tg_text_of(""), &is_unpriced), 10 * 150000);
    assert_true(is_unpriced);
    assert_int_equal(tg_pricing_cost_pusd(price, &tokens, tg_text_of("priority"), &is_unpriced), 1000 * 150000);
    assert_true(is_unpriced); /* that tier's rates are not known: the standard ones are a guess */
    struct tg_price nothing = {.request_pusd = 1};
    assert_int_equal(tg_pricing_cost_pusd(&nothing, &tokens, tg_text_of(""), &is_unpriced), 1);
    assert_true(is_unpriced);
}

static void a_rate_of_zero_is_a_price(void **state)
{
    struct made made = {.stated = {.count = 0}};
    state_rate(&made, "", 0, TG_USAGE_INPUT, 0);
    state_rate(&made, "", 0, TG_USAGE_OUTPUT, 0);
    assert_int_equal(cost_of(finish(&made), (struct tg_usage){.of[TG_USAGE_INPUT] = 5, .of[TG_USAGE_OUTPUT] = 5}, ""),
                     0);
}

static void a_long_prompt_is_charged_at_the_higher_rate_from_its_first_token_on(void **state)
{
    struct made made;
    make_mini(&made);
    state_rate(&made, "", 200000, TG_USAGE_INPUT, 300000);
    state_rate(&made, "", 200000, TG_USAGE_CACHED_INPUT, 150000);
    state_rate(&made, "", 200000, TG_USAGE_OUTPUT, 900000);
    const struct tg_price *price = finish(&made);
    struct tg_usage usage = {
        .of[TG_USAGE_INPUT] = 150000, .of[TG_USAGE_CACHED_INPUT] = 50000, .of[TG_USAGE_OUTPUT] = 10};
    assert_int_equal(cost_of(price, usage, ""), INT64_C(150000) * 150000 + INT64_C(50000) * 75000 + 10 * 600000);
    ++usage.of[TG_USAGE_CACHED_INPUT]; /* the cached part counts, too */
    assert_int_equal(cost_of(price, usage, ""), INT64_C(150000) * 300000 + INT64_C(50001) * 150000 + 10 * 900000);
}

static void batch_and_priority_have_prices_of_their_own(void **state)
{
    struct made made;
    make_mini(&made);
    state_rate(&made, "batch", 0, TG_USAGE_INPUT, 75000);
    state_rate(&made, "batch", 0, TG_USAGE_OUTPUT, 300000);
    state_rate(&made, "priority", 0, TG_USAGE_INPUT, 250000);
    const struct tg_price *price = finish(&made);
    struct tg_usage usage = {.of[TG_USAGE_INPUT] = 10, .of[TG_USAGE_OUTPUT] = 10};
    assert_int_equal(cost_of(price, usage, "batch"), 10 * 75000 + 10 * 300000);
    assert_int_equal(cost_of(price, usage, "priority"), 10 * 250000 + 10 * 600000);
    assert_int_equal(cost_of(price, usage, "default"), 10 * 150000 + 10 * 600000);
}

/* ---- at most ---- */

static void a_worst_case_is_exact_to_the_pico_dollar(void **state)
{
    /* A prompt of 62 bytes and no maximum: 62 x $0.00000015 + 16,384 x $0.0000006. */
    struct made made;
    struct tg_worst_case worst = {.input_tokens = 62, .choices = 1, .output_tokens = 16384};
    struct tg_worst_case_demand demand = demand_of(TG_BUDGET_MONEY, &worst, make_mini(&made));
    assert_int_equal(demand.fixed, 62 * 150000);
    assert_int_equal(demand.per_output_token, 600000);
    assert_int_equal(demand.fixed + demand.per_output_token * worst.output_tokens, INT64_C(9839700000));
    assert_int_equal(tg_pricing_most_pusd(&made.price, &worst), INT64_C(9839700000));
    assert_int_equal(tg_pricing_most_pusd(NULL, &worst), 0);
}

static void every_choice_may_use_the_whole_maximum(void **state)
{
    struct made made;
    struct tg_worst_case worst = {.input_tokens = 10, .choices = 4, .output_tokens = 100};
    assert_int_equal(demand_of(TG_BUDGET_MONEY, &worst, make_mini(&made)).per_output_token, 4 * 600000);
    assert_int_equal(tg_pricing_demand(TG_BUDGET_TOKENS, &worst, NULL).per_output_token, 4);
    assert_int_equal(tg_pricing_demand(TG_BUDGET_TOKENS, &worst, NULL).fixed, 10);
}

static void rejected_predictions_are_reserved_as_output(void **state)
{
    struct made made;
    struct tg_worst_case worst = {.input_tokens = 10, .extra_output_tokens = 5, .choices = 1};
    assert_int_equal(demand_of(TG_BUDGET_MONEY, &worst, make_mini(&made)).fixed, 10 * 150000 + 5 * 600000);
    assert_int_equal(tg_pricing_demand(TG_BUDGET_TOKENS, &worst, NULL).fixed, 15);
}

static void input_that_costs_more_because_it_is_cached_or_written_bounds_the_input(void **state)
{
    struct made made = {.stated = {.count = 0}};
    struct tg_worst_case worst = {.input_tokens = 10, .choices = 1};
    state_rate(&made, "", 0, TG_USAGE_INPUT, 4);
    state_rate(&made, "", 0, TG_USAGE_CACHED_INPUT, 5);
    state_rate(&made, "", 0, TG_USAGE_CACHE_WRITE_1H, 8);
    assert_int_equal(demand_of(TG_BUDGET_MONEY, &worst, finish(&made)).fixed, 80);
}

static void a_prompt_of_text_is_not_reserved_at_the_price_of_sound(void **state)
{
    struct made made;
    make_mini(&made);
    state_rate(&made, "", 0, TG_USAGE_INPUT_AUDIO, 40000000);
    const struct tg_price *price = finish(&made);
    struct tg_worst_case worst = {.input_tokens = 10, .choices = 1, .is_text_only = true};
    assert_int_equal(demand_of(TG_BUDGET_MONEY, &worst, price).fixed, 10 * 150000);
    worst.is_text_only = false;
    assert_int_equal(demand_of(TG_BUDGET_MONEY, &worst, price).fixed, 10 * 40000000);
}

static void a_threshold_that_the_input_cannot_pass_is_not_reserved_for(void **state)
{
    struct made made;
    make_mini(&made);
    state_rate(&made, "", 200000, TG_USAGE_INPUT, 300000);
    const struct tg_price *price = finish(&made);
    struct tg_worst_case worst = {.input_tokens = 200000, .choices = 1};
    assert_int_equal(demand_of(TG_BUDGET_MONEY, &worst, price).fixed, INT64_C(200000) * 150000);
    worst.input_tokens = 200001;
    assert_int_equal(demand_of(TG_BUDGET_MONEY, &worst, price).fixed, INT64_C(200001) * 300000);
}

static void a_tier_that_was_not_asked_for_is_not_reserved_for(void **state)
{
    static const struct {
        const char *asked;
        int64_t input_pusd;
    } CASES[] = {{"", 250000}, {"auto", 250000}, {"priority", 250000}, {"default", 150000}, {"batch", 150000}};
    struct made made;
    make_mini(&made);
    state_rate(&made, "batch", 0, TG_USAGE_INPUT, 75000);
    state_rate(&made, "priority", 0, TG_USAGE_INPUT, 250000);
    const struct tg_price *price = finish(&made);
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); ++i) {
        struct tg_worst_case worst = {.input_tokens = 10, .choices = 1, .service_tier = tg_text_of(CASES[i].asked)};
        assert_int_equal(demand_of(TG_BUDGET_MONEY, &worst, price).fixed, 10 * CASES[i].input_pusd);
    }
}

static void units_that_are_not_tokens_are_reserved_as_announced(void **state)
{
    struct made made = {.stated = {.count = 0}};
    state_rate(&made, "", 0, TG_USAGE_IMAGES, 40000000000);
    state_rate(&made, "", 0, TG_USAGE_AUDIO_MS, 6000000000);
    struct tg_worst_case worst = {.units[TG_USAGE_IMAGES - TG_USAGE_TOKEN_KINDS] = 3,
                                  .units[TG_USAGE_AUDIO_MS - TG_USAGE_TOKEN_KINDS] = 1001};
    assert_int_equal(demand_of(TG_BUDGET_MONEY, &worst, finish(&made)).fixed, INT64_C(3) * 40000000000 + 100100000);
}

static int64_t announced(enum tg_operation operation, const struct tg_model_request *asked, int64_t body_bytes,
                         enum tg_usage_kind kind)
{
    struct tg_worst_case worst = {.input_tokens = 0};
    tg_pricing_announced_units(operation, asked, body_bytes, &worst);
    return worst.units[kind - TG_USAGE_TOKEN_KINDS];
}

static void a_request_announces_what_it_may_use_beside_tokens(void **state)
{
    struct tg_tool function = {.kind = TG_TOOL_FUNCTION}, search = {.next = &function, .kind = TG_TOOL_WEB_SEARCH};
    struct tg_model_request asked = {.choices = 2, .inputs = 150, .images = 4};
    assert_int_equal(announced(TG_OPERATION_IMAGE, &asked, 1000, TG_USAGE_IMAGES), 4);
    assert_int_equal(announced(TG_OPERATION_SPEECH, &asked, 1000, TG_USAGE_CHARACTERS), 1000);
    assert_int_equal(announced(TG_OPERATION_SPEECH, &asked, 1000, TG_USAGE_AUDIO_MS), 1000000);
    assert_int_equal(announced(TG_OPERATION_TRANSCRIBE, &asked, 16000, TG_USAGE_AUDIO_MS), 32000);
    assert_int_equal(announced(TG_OPERATION_RERANK, &asked, 1000, TG_USAGE_SEARCH_UNITS), 2);
    assert_int_equal(announced(TG_OPERATION_RERANK, &asked, 500000, TG_USAGE_SEARCH_UNITS), 12);
    assert_int_equal(announced(TG_OPERATION_GENERATE, &asked, 1000, TG_USAGE_WEB_SEARCHES), 0);
    asked.tools = &function;
    assert_int_equal(announced(TG_OPERATION_GENERATE, &asked, 1000, TG_USAGE_WEB_SEARCHES), 0);
    asked.is_beyond_text = true;
    assert_int_equal(announced(TG_OPERATION_GENERATE, &asked, 1000, TG_USAGE_WEB_SEARCHES), 2);
    asked.tools = &search;
    assert_int_equal(announced(TG_OPERATION_GENERATE, &asked, 1000, TG_USAGE_WEB_SEARCHES), 64);
    asked.images = 0;
    assert_int_equal(announced(TG_OPERATION_IMAGE_EDIT, &asked, 1000, TG_USAGE_IMAGES), 1);
    assert_int_equal(announced(TG_OPERATION_EMBED, &asked, 1000, TG_USAGE_IMAGES), 0);
}

static void sums_beyond_all_bounds_stop_instead_of_wrapping(void **state)
{
    struct made made;
    const struct tg_price *price = make_mini(&made);
    struct tg_usage usage = {.of[TG_USAGE_INPUT] = INT64_MAX, .of[TG_USAGE_OUTPUT] = INT64_MAX};
    assert_int_equal(cost_of(price, usage, ""), INT64_MAX);
    assert_int_equal(tg_pricing_amount(TG_BUDGET_TOKENS, &usage, 0), INT64_MAX);
    struct tg_worst_case worst = {.input_tokens = INT64_MAX, .extra_output_tokens = INT64_MAX, .choices = 128};
    assert_int_equal(demand_of(TG_BUDGET_MONEY, &worst, price).fixed, INT64_MAX);
    assert_int_equal(tg_pricing_demand(TG_BUDGET_TOKENS, &worst, NULL).fixed, INT64_MAX);
}

/* ---- the bound, against random prices and usage ---- */

static uint64_t state_of_random = 7;

static int64_t below(int64_t bound)
{
    state_of_random = state_of_random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int64_t)(state_of_random >> 20) % bound;
}

static const char *const TIERS[] = {"", "batch", "flex", "priority"};
enum { TIER_COUNT = 4, LONGEST = 40 };

static void make_any_price(struct made *made)
{
    *made = (struct made){.price = {.request_pusd = below(3)}};
    for (int64_t i = below(25); i >= 0; --i)
        state_rate(made, TIERS[below(TIER_COUNT)], below(3) == 0 ? below(LONGEST) : 0,
                   (enum tg_usage_kind)below(TG_USAGE_KIND_COUNT), below(1000));
    finish(made);
}

/* Spreads at most `total` over the kinds [begin, end), sometimes all of it. */
static void use_some(struct tg_usage *usage, int64_t total, int begin, int end)
{
    int64_t left = below(2) == 0 ? total : below(total + 1);
    while (left > 0) {
        int64_t part = 1 + below(left);
        usage->of[begin + below(end - begin)] += part;
        left -= part;
    }
}

static struct tg_usage use_within(const struct tg_worst_case *worst)
{
    struct tg_usage usage = {.of = {0}};
    use_some(&usage, worst->input_tokens, 0, TG_USAGE_FIRST_OUTPUT);
    use_some(&usage, worst->choices * worst->output_tokens + worst->extra_output_tokens, TG_USAGE_FIRST_OUTPUT,
             TG_USAGE_TOKEN_KINDS);
    for (int kind = TG_USAGE_TOKEN_KINDS; kind < TG_USAGE_KIND_COUNT; ++kind)
        usage.of[kind] = below(worst->units[kind - TG_USAGE_TOKEN_KINDS] + 1);
    if (!worst->is_text_only)
        return usage;
    static const enum tg_usage_kind BEYOND[] = {TG_USAGE_INPUT_AUDIO, TG_USAGE_CACHED_INPUT_AUDIO,
                                                TG_USAGE_INPUT_IMAGE};
    for (size_t i = 0; i < sizeof(BEYOND) / sizeof(BEYOND[0]); ++i) {
        usage.of[TG_USAGE_INPUT] += usage.of[BEYOND[i]];
        usage.of[BEYOND[i]] = 0;
    }
    return usage;
}

static void no_usage_within_the_bounds_costs_more_than_was_reserved(void **state)
{
    bool was_reached = false;
    for (int round = 0; round < 40000; ++round) {
        struct made made[2];
        make_any_price(&made[0]);
        make_any_price(&made[1]);
        struct tg_deployment deployments[] = {{.prices = &made[0].price, .price_count = 1},
                                              {.prices = &made[1].price, .price_count = 1}};
        struct tg_model model = {.deployments = deployments, .deployment_count = 2};
        const char *asked = TIERS[below(TIER_COUNT)];
        struct tg_worst_case worst = {.input_tokens = below(LONGEST),
                                      .extra_output_tokens = below(3),
                                      .choices = 1 + below(3),
                                      .output_tokens = below(9),
                                      .is_text_only = below(2) == 0,
                                      .service_tier = tg_text_of(asked),
                                      .units = {below(3), below(200000), below(9), below(2), below(2)}};
        struct tg_dearest dearest;
        assert_true(tg_pricing_dearest(&model, 0, &worst, &dearest));
        struct tg_worst_case_demand money = tg_pricing_demand(TG_BUDGET_MONEY, &worst, &dearest);
        struct tg_worst_case_demand tokens = tg_pricing_demand(TG_BUDGET_TOKENS, &worst, &dearest);
        int64_t most_pusd = money.fixed + money.per_output_token * worst.output_tokens;
        struct tg_usage usage = use_within(&worst);
        for (int p = 0; p < 2; ++p) {
            for (int t = 0; t < TIER_COUNT; ++t) {
                if (asked[0] != '\0' && t != 0 && strcmp(TIERS[t], asked) != 0)
                    continue; /* a provider serves as asked, or as usual */
                bool is_unpriced;
                int64_t cost_pusd = tg_pricing_cost_pusd(&made[p].price, &usage, tg_text_of(TIERS[t]), &is_unpriced);
                assert_true(cost_pusd <= most_pusd);
                assert_true(cost_pusd <= tg_pricing_most_pusd(&made[p].price, &worst));
                was_reached = was_reached || (cost_pusd == most_pusd && cost_pusd > 1000);
            }
        }
        assert_true(tg_pricing_amount(TG_BUDGET_TOKENS, &usage, 0) <=
                    tokens.fixed + tokens.per_output_token * worst.output_tokens);
    }
    assert_true(was_reached); /* the bound is no larger than it must be */
}

static void the_dearest_of_all_deployments_bounds_whichever_serves(void **state)
{
    struct made cheap_input = {.price = {.request_pusd = 0}}, cheap_output = {.price = {.request_pusd = 4}};
    state_rate(&cheap_input, "", 0, TG_USAGE_INPUT, 1);
    state_rate(&cheap_input, "", 0, TG_USAGE_OUTPUT, 9);
    state_rate(&cheap_output, "", 0, TG_USAGE_INPUT, 5);
    state_rate(&cheap_output, "", 0, TG_USAGE_OUTPUT, 2);
    struct tg_deployment deployments[] = {{.prices = finish(&cheap_input), .price_count = 1},
                                          {.price_count = 0},
                                          {.prices = finish(&cheap_output), .price_count = 1}};
    struct tg_model model = {.deployments = deployments, .deployment_count = 3};
    struct tg_worst_case worst = {.input_tokens = 1};
    struct tg_dearest dearest;
    assert_true(tg_pricing_dearest(&model, 1000, &worst, &dearest));
    assert_int_equal(dearest.input_pusd, 5);
    assert_int_equal(dearest.output_pusd, 9);
    assert_int_equal(dearest.request_pusd, 4);
    model.deployments = &deployments[1];
    model.deployment_count = 1;
    assert_false(tg_pricing_dearest(&model, 1000, &worst, &dearest));
}

static void a_price_that_is_not_in_force_yet_does_not_count(void **state)
{
    static const struct tg_price TOMORROW = {.effective_from_ms = 2000, .request_pusd = 5};
    struct tg_deployment deployment = {.prices = &TOMORROW, .price_count = 1};
    struct tg_model model = {.deployments = &deployment, .deployment_count = 1};
    struct tg_worst_case worst = {.input_tokens = 1};
    struct tg_dearest dearest;
    assert_false(tg_pricing_dearest(&model, 1999, &worst, &dearest));
    assert_true(tg_pricing_dearest(&model, 2000, &worst, &dearest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_token_has_its_price),
        cmocka_unit_test(every_kind_is_charged_at_its_own_rate),
        cmocka_unit_test(sound_is_charged_by_the_minute_and_rounded_up),
        cmocka_unit_test(a_request_has_its_own_price_even_without_tokens),
        cmocka_unit_test(what_has_no_price_is_told_and_never_passed_over),
        cmocka_unit_test(a_rate_of_zero_is_a_price),
        cmocka_unit_test(a_long_prompt_is_charged_at_the_higher_rate_from_its_first_token_on),
        cmocka_unit_test(batch_and_priority_have_prices_of_their_own),
        cmocka_unit_test(a_worst_case_is_exact_to_the_pico_dollar),
        cmocka_unit_test(every_choice_may_use_the_whole_maximum),
        cmocka_unit_test(rejected_predictions_are_reserved_as_output),
        cmocka_unit_test(input_that_costs_more_because_it_is_cached_or_written_bounds_the_input),
        cmocka_unit_test(a_prompt_of_text_is_not_reserved_at_the_price_of_sound),
        cmocka_unit_test(a_threshold_that_the_input_cannot_pass_is_not_reserved_for),
        cmocka_unit_test(a_tier_that_was_not_asked_for_is_not_reserved_for),
        cmocka_unit_test(units_that_are_not_tokens_are_reserved_as_announced),
        cmocka_unit_test(a_request_announces_what_it_may_use_beside_tokens),
        cmocka_unit_test(sums_beyond_all_bounds_stop_instead_of_wrapping),
        cmocka_unit_test(no_usage_within_the_bounds_costs_more_than_was_reserved),
        cmocka_unit_test(the_dearest_of_all_deployments_bounds_whichever_serves),
        cmocka_unit_test(a_price_that_is_not_in_force_yet_does_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
