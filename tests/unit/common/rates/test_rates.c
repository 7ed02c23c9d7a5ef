#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/base/money.h"
#include "common/rates/rates.h"

enum { MAX_FULL = 64 };

struct resolved {
    struct tg_rate_list stated;
    struct tg_rate_set full[MAX_FULL];
    size_t count;
};

static void state_rate(struct resolved *price, const char *tier, int64_t above, enum tg_usage_kind kind, int64_t pusd)
{
    struct tg_rate_set *set = tg_rates_set(&price->stated, tg_text_of(tier), above);
    assert_non_null(set);
    tg_rate_state(set, kind, pusd);
}

static void resolve(struct resolved *price)
{
    assert_true(tg_rates_resolved_bound(price->stated.count) <= MAX_FULL);
    price->count = tg_rates_resolve(price->stated.sets, price->stated.count, price->full);
    assert_in_range(price->count, 1, tg_rates_resolved_bound(price->stated.count));
}

/* -1: it has none. */
static int64_t rate(const struct resolved *price, const char *tier, int64_t input_tokens, enum tg_usage_kind kind)
{
    bool is_known;
    const struct tg_rate_set *set = tg_rates_pick(price->full, price->count, tg_text_of(tier), input_tokens, &is_known);
    return tg_rate_has(set, kind) ? set->pusd[kind] : -1;
}

static void a_kind_without_a_rate_takes_that_of_the_kind_that_stands_in(void **state)
{
    struct resolved price = {.count = 0};
    state_rate(&price, "", 0, TG_USAGE_INPUT, 10);
    state_rate(&price, "", 0, TG_USAGE_OUTPUT, 40);
    resolve(&price);
    for (int kind = 0; kind < TG_USAGE_TOKEN_KINDS; ++kind)
        assert_int_equal(rate(&price, "", 5, (enum tg_usage_kind)kind), kind < TG_USAGE_FIRST_OUTPUT ? 10 : 40);
    for (int kind = TG_USAGE_TOKEN_KINDS; kind < TG_USAGE_KIND_COUNT; ++kind)
        assert_int_equal(rate(&price, "", 5, (enum tg_usage_kind)kind), -1);

    price = (struct resolved){.count = 0};
    state_rate(&price, "", 0, TG_USAGE_INPUT, 10);
    state_rate(&price, "", 0, TG_USAGE_CACHED_INPUT, 1);
    state_rate(&price, "", 0, TG_USAGE_CACHE_WRITE_5M, 12);
    state_rate(&price, "", 0, TG_USAGE_INPUT_AUDIO, 100);
    resolve(&price);
    assert_int_equal(rate(&price, "", 5, TG_USAGE_CACHED_INPUT), 1);
    assert_int_equal(rate(&price, "", 5, TG_USAGE_CACHE_WRITE_1H), 12);
    assert_int_equal(rate(&price, "", 5, TG_USAGE_CACHED_INPUT_AUDIO), 100); /* the dear side */
    assert_int_equal(rate(&price, "", 5, TG_USAGE_OUTPUT), -1);
    assert_int_equal(rate(&price, "", 5, TG_USAGE_REASONING), -1);
}

static void a_threshold_applies_to_input_above_it_only(void **state)
{
    struct resolved price = {.count = 0};
    state_rate(&price, "", 0, TG_USAGE_INPUT, 10);
    state_rate(&price, "", 0, TG_USAGE_CACHED_INPUT, 1);
    state_rate(&price, "", 0, TG_USAGE_OUTPUT, 40);
    state_rate(&price, "", 0, TG_USAGE_WEB_SEARCHES, 7);
    state_rate(&price, "", 200000, TG_USAGE_INPUT, 20);
    state_rate(&price, "", 128000, TG_USAGE_OUTPUT, 50);
    resolve(&price);
    assert_int_equal(rate(&price, "", 128000, TG_USAGE_OUTPUT), 40);
    assert_int_equal(rate(&price, "", 128001, TG_USAGE_OUTPUT), 50);
    assert_int_equal(rate(&price, "", 128001, TG_USAGE_INPUT), 10);
    assert_int_equal(rate(&price, "", 200000, TG_USAGE_INPUT), 10);
    assert_int_equal(rate(&price, "", 200001, TG_USAGE_INPUT), 20);
    assert_int_equal(rate(&price, "", 200001, TG_USAGE_OUTPUT), 50);       /* of the threshold below */
    assert_int_equal(rate(&price, "", 200001, TG_USAGE_CACHED_INPUT), 20); /* its own input rate: the dear side */
    assert_int_equal(rate(&price, "", 200000, TG_USAGE_CACHED_INPUT), 1);
    assert_int_equal(rate(&price, "", INT64_MAX, TG_USAGE_WEB_SEARCHES), 7);
}

static void a_service_tier_has_its_own_rates_and_else_the_standard_ones(void **state)
{
    struct resolved price = {.count = 0};
    state_rate(&price, "", 0, TG_USAGE_INPUT, 10);
    state_rate(&price, "", 0, TG_USAGE_OUTPUT, 40);
    state_rate(&price, "", 0, TG_USAGE_IMAGES, 900);
    state_rate(&price, "", 200000, TG_USAGE_INPUT, 20);
    state_rate(&price, "batch", 0, TG_USAGE_INPUT, 5);
    state_rate(&price, "batch", 0, TG_USAGE_OUTPUT, 20);
    state_rate(&price, "priority", 272000, TG_USAGE_OUTPUT, 99);
    assert_non_null(tg_rates_set(&price.stated, tg_text_of("flex"), 0)); /* costs the same, and says so */
    resolve(&price);
    assert_int_equal(rate(&price, "batch", 5, TG_USAGE_INPUT), 5);
    assert_int_equal(rate(&price, "batch", 200001, TG_USAGE_INPUT),
                     5); /* it states no threshold: its rate is for any */
    assert_int_equal(rate(&price, "batch", 5, TG_USAGE_IMAGES), 900);
    assert_int_equal(rate(&price, "flex", 5, TG_USAGE_INPUT), 10);
    assert_int_equal(rate(&price, "flex", 200001, TG_USAGE_INPUT), 20);
    assert_int_equal(rate(&price, "priority", 200001, TG_USAGE_INPUT), 20);
    assert_int_equal(rate(&price, "priority", 272000, TG_USAGE_OUTPUT), 40);
    assert_int_equal(rate(&price, "priority", 272001, TG_USAGE_OUTPUT), 99);
}

static void a_tier_that_the_price_does_not_know_is_told(void **state)
{
    struct resolved price = {.count = 0};
    bool is_known;
    state_rate(&price, "", 0, TG_USAGE_INPUT, 10);
    state_rate(&price, "flex", 0, TG_USAGE_INPUT, 5);
    resolve(&price);
    static const char *const STANDARD[] = {"", "default", "standard", "auto", "on_demand", "ON_DEMAND"};
    for (size_t i = 0; i < sizeof(STANDARD) / sizeof(STANDARD[0]); ++i) {
        const struct tg_rate_set *set = tg_rates_pick(price.full, price.count, tg_text_of(STANDARD[i]), 1, &is_known);
        assert_true(is_known);
        assert_int_equal(set->pusd[TG_USAGE_INPUT], 10);
    }
    assert_int_equal(tg_rates_pick(price.full, price.count, tg_text_of("flex"), 1, &is_known)->pusd[0], 5);
    assert_true(is_known);
    assert_int_equal(tg_rates_pick(price.full, price.count, tg_text_of("FLEX"), 1, &is_known)->pusd[0], 5);
    assert_true(is_known);
    assert_int_equal(tg_rates_pick(price.full, price.count, tg_text_of("priority"), 1, &is_known)->pusd[0], 10);
    assert_false(is_known);
    assert_null(tg_rates_pick(NULL, 0, tg_text_of(""), 1, &is_known));
}

static void a_list_has_room_for_so_many_sets_and_no_more(void **state)
{
    struct resolved price = {.count = 0};
    for (int i = 0; i < TG_RATES_MAX_SETS; ++i)
        assert_non_null(tg_rates_set(&price.stated, tg_text_of(""), i));
    assert_null(tg_rates_set(&price.stated, tg_text_of(""), TG_RATES_MAX_SETS));
    assert_non_null(tg_rates_set(&price.stated, tg_text_of(""), 3));
    assert_int_equal(price.stated.count, TG_RATES_MAX_SETS);
}

static void every_kind_has_a_name_and_a_price_for_so_many_of_it(void **state)
{
    for (int i = 0; i < TG_USAGE_KIND_COUNT; ++i) {
        enum tg_usage_kind kind = (enum tg_usage_kind)i, found;
        char text[TG_MONEY_TEXT_BYTES];
        int64_t pusd;
        assert_true(tg_rate_find(tg_text_of(tg_rate_name(kind)), &found));
        assert_int_equal(found, kind);
        assert_int_equal(tg_rate_parse(kind, tg_text_of("2.50"), &pusd), TG_DECIMAL_OK);
        assert_int_equal(pusd, tg_rate_quantity(kind) == 1 ? INT64_C(2500000000000) : 2500000);
        tg_rate_format(kind, pusd, text);
        assert_string_equal(text, "2.5");
    }
    enum tg_usage_kind none;
    assert_false(tg_rate_find(tg_text_of("tokens"), &none));
    int64_t pusd;
    assert_int_equal(tg_rate_parse(TG_USAGE_INPUT, tg_text_of("9300000"), &pusd), TG_DECIMAL_TOO_LARGE);
    assert_int_equal(tg_rate_parse(TG_USAGE_INPUT, tg_text_of("0.0000001"), &pusd), TG_DECIMAL_TOO_FINE);
    assert_int_equal(tg_rate_parse(TG_USAGE_IMAGES, tg_text_of("0.000000000001"), &pusd), TG_DECIMAL_OK);
    assert_int_equal(pusd, 1);
}

static void names_of_service_tiers_are_short_and_plain(void **state)
{
    assert_true(tg_rates_is_tier_name(tg_text_of("flex")));
    assert_true(tg_rates_is_tier_name(tg_text_of("priority_2-x")));
    static const char *const BAD[] = {"", "default", "Batch", "a b", "abcdefghijklmnopqrstuvwxyz0123456789", "ü"};
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); ++i)
        assert_false(tg_rates_is_tier_name(tg_text_of(BAD[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kind_without_a_rate_takes_that_of_the_kind_that_stands_in),
        cmocka_unit_test(a_threshold_applies_to_input_above_it_only),
        cmocka_unit_test(a_service_tier_has_its_own_rates_and_else_the_standard_ones),
        cmocka_unit_test(a_tier_that_the_price_does_not_know_is_told),
        cmocka_unit_test(a_list_has_room_for_so_many_sets_and_no_more),
        cmocka_unit_test(every_kind_has_a_name_and_a_price_for_so_many_of_it),
        cmocka_unit_test(names_of_service_tiers_are_short_and_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
