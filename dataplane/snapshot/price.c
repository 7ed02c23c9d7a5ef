/* From a price's rates as they were stated to full sets of rates. */
#include <stdlib.h>

#include "dataplane/snapshot/snapshot_internal.h"

_Static_assert((int)TOLLGATE__V1__USAGE_KIND__USAGE_KIND_SEARCH_UNITS == (int)TG_USAGE_KIND_COUNT,
               "UsageKind numbers the kinds from 1");

const char *tg_price_check(const Tollgate__V1__Price *message, const char **why)
{
    struct tg_rate_list list = {.count = 0};
    *why = "must not be negative";
    if (message->input_pusd < 0)
        return "input_pusd";
    if (message->cached_input_pusd < 0)
        return "cached_input_pusd";
    if (message->output_pusd < 0)
        return "output_pusd";
    if (message->request_pusd < 0)
        return "request_pusd";
    for (size_t i = 0; i < message->n_rates; ++i) {
        const Tollgate__V1__Rate *rate = message->rates[i];
        if (rate->pusd < 0 || rate->above_input_tokens < 0)
            return "rates";
        if ((unsigned)rate->kind > TG_USAGE_KIND_COUNT) {
            *why = "have a kind that this version does not know";
            return "rates";
        }
        if (tg_rates_set(&list, tg_text_of(rate->service_tier), rate->above_input_tokens) == NULL) {
            *why = "have too many tiers";
            return "rates";
        }
    }
    return NULL;
}

static void gather(const Tollgate__V1__Price *message, struct tg_rate_list *list)
{
    if (message->n_rates == 0) {
        struct tg_rate_set *set = tg_rates_set(list, tg_text(NULL, 0), 0);
        tg_rate_state(set, TG_USAGE_INPUT, message->input_pusd);
        tg_rate_state(set, TG_USAGE_CACHED_INPUT, message->cached_input_pusd);
        tg_rate_state(set, TG_USAGE_OUTPUT, message->output_pusd);
    }
    for (size_t i = 0; i < message->n_rates; ++i) {
        const Tollgate__V1__Rate *rate = message->rates[i];
        struct tg_rate_set *set = tg_rates_set(list, tg_text_of(rate->service_tier), rate->above_input_tokens);
        if (rate->kind != TOLLGATE__V1__USAGE_KIND__USAGE_KIND_UNSPECIFIED)
            tg_rate_state(set, (enum tg_usage_kind)(rate->kind - 1), rate->pusd);
    }
}

struct tg_price tg_price_build(struct tg_arena *arena, const Tollgate__V1__Price *message)
{
    struct tg_rate_list list = {.count = 0};
    gather(message, &list);
    for (size_t i = 0; i < list.count; ++i)
        list.sets[i].service_tier = tg_arena_copy(arena, list.sets[i].service_tier);
    struct tg_rate_set *full = malloc(tg_rates_resolved_bound(list.count) * sizeof(*full));
    if (full == NULL)
        abort();
    size_t count = tg_rates_resolve(list.sets, list.count, full);
    struct tg_rate_set *sets = tg_arena_alloc(arena, count * sizeof(*sets));
    memcpy(sets, full, count * sizeof(*sets));
    free(full);
    struct tg_price price = {.effective_from_ms = message->effective_from_ms,
                             .request_pusd = message->request_pusd,
                             .sets = sets,
                             .set_count = count};
    (void)tg_wire_id(message->id, &price.id); /* checked before */
    return price;
}
