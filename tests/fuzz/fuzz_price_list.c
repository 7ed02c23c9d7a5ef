/* What is taken from a list of prices, whatever is in it, is a price: it can be written and read again, the same, and
 * resolves to full sets in which nothing is cheaper than it was stated. */

#include <stdlib.h>

#include "cli/price_list.h"
#include "common/rates/rates_json.h"
#include "tests/fuzz/fuzz.h"

static void check_resolved(const struct tg_rate_list *rates)
{
    struct tg_rate_set *full = calloc(tg_rates_resolved_bound(rates->count), sizeof(*full));
    REQUIRE(full != NULL);
    size_t count = tg_rates_resolve(rates->sets, rates->count, full);
    for (size_t i = 0; i < rates->count; ++i) {
        bool is_known, is_standard = rates->sets[i].service_tier.bytes == 0;
        const struct tg_rate_set *set =
            tg_rates_pick(full, count, rates->sets[i].service_tier, rates->sets[i].above_input_tokens + 1, &is_known);
        REQUIRE(set != NULL && is_known);
        for (int kind = 0; kind < TG_USAGE_KIND_COUNT && (is_standard || is_known); ++kind)
            if (tg_rate_has(&rates->sets[i], (enum tg_usage_kind)kind) &&
                set->above_input_tokens == rates->sets[i].above_input_tokens)
                REQUIRE(set->pusd[kind] == rates->sets[i].pusd[kind]);
    }
    free(full);
}

static void check_offer(const struct tg_price_offer *offer)
{
    tg_json *price = tg_json_new_object();
    struct tg_rate_list again = {.count = 0};
    struct tg_rates_problem problem;
    check_resolved(&offer->rates);
    tg_rates_write(offer->rates.sets, offer->rates.count, price);
    REQUIRE(tg_rates_read(tg_json_member(price, "rates"), tg_json_member(price, "tiers"),
                          tg_json_member(price, "service_tiers"), &again, &problem));
    for (size_t i = 0; i < offer->rates.count; ++i) {
        const struct tg_rate_set *set = &offer->rates.sets[i];
        const struct tg_rate_set *read = tg_rates_set(&again, set->service_tier, set->above_input_tokens);
        REQUIRE(read != NULL && read->has == set->has);
        REQUIRE(memcmp(read->pusd, set->pusd, sizeof(set->pusd)) == 0);
    }
    tg_json_destroy(price);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static const char *const kinds[] = {"openai", "gemini", "bedrock"};
    static const char *const models[] = {"gpt-9", "gpt-9-2031-02-03", "us.maker.model-v1:0", "gemini-9@20310203"};
    struct tg_price_list list;
    struct tg_error error;
    tg_json *litellm = tg_json_new_array();
    tg_json_append(litellm, tg_json_new_text(tg_text_of("openai")));
    tg_json_append(litellm, tg_json_new_text(tg_text_of("vertex_ai-language-models")));
    if (tg_price_list_parse(tg_text((const char *)data, bytes), &list, &error) == TG_OK) {
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) * sizeof(models) / sizeof(models[0]); ++i) {
            struct tg_price_place place = {.kind = kinds[i / 4],
                                           .litellm = litellm,
                                           .region = i % 2 == 0 ? "" : "eu-west-1",
                                           .upstream_model = models[i % 4]};
            struct tg_price_entry entry;
            struct tg_price_offer offer;
            if (tg_price_list_find(&list, &place, &entry) && tg_price_list_read(&list, &entry, &offer, &error) == TG_OK)
                check_offer(&offer);
        }
    }
    tg_price_list_deinit(&list);
    tg_json_destroy(litellm);
    return 0;
}
