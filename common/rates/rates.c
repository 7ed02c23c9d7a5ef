#include "common/rates/rates.h"

#include "common/base/money.h"

enum { NOTHING = TG_USAGE_KIND_COUNT, MILLION = 1000000, PICO_DIGITS = 12, PICO_PER_MILLIONTH_DIGITS = 6 };

/* What a kind is called in prices, what its price is for, and what stands in for it. */
static const struct {
    const char *name;
    int64_t quantity;
    int stands_in;
} kinds[TG_USAGE_KIND_COUNT] = {
    [TG_USAGE_INPUT] = {"input", MILLION, NOTHING},
    [TG_USAGE_CACHED_INPUT] = {"cached_input", MILLION, TG_USAGE_INPUT},
    [TG_USAGE_CACHE_WRITE_5M] = {"cache_write_5m", MILLION, TG_USAGE_INPUT},
    [TG_USAGE_CACHE_WRITE_1H] = {"cache_write_1h", MILLION, TG_USAGE_CACHE_WRITE_5M},
    [TG_USAGE_INPUT_AUDIO] = {"input_audio", MILLION, TG_USAGE_INPUT},
    [TG_USAGE_CACHED_INPUT_AUDIO] = {"cached_input_audio", MILLION, TG_USAGE_INPUT_AUDIO},
    [TG_USAGE_INPUT_IMAGE] = {"input_image", MILLION, TG_USAGE_INPUT},
    [TG_USAGE_OUTPUT] = {"output", MILLION, NOTHING},
    [TG_USAGE_REASONING] = {"reasoning", MILLION, TG_USAGE_OUTPUT},
    [TG_USAGE_OUTPUT_AUDIO] = {"output_audio", MILLION, TG_USAGE_OUTPUT},
    [TG_USAGE_OUTPUT_IMAGE] = {"output_image", MILLION, TG_USAGE_OUTPUT},
    [TG_USAGE_IMAGES] = {"images", 1, NOTHING},
    [TG_USAGE_AUDIO_MS] = {"audio_minutes", 1, NOTHING},
    [TG_USAGE_CHARACTERS] = {"characters", MILLION, NOTHING},
    [TG_USAGE_WEB_SEARCHES] = {"web_searches", 1, NOTHING},
    [TG_USAGE_SEARCH_UNITS] = {"search_units", 1, NOTHING},
};

const char *tg_rate_name(enum tg_usage_kind kind)
{
    return (unsigned)kind < TG_USAGE_KIND_COUNT ? kinds[kind].name : "";
}

bool tg_rate_find(struct tg_text name, enum tg_usage_kind *kind)
{
    for (int i = 0; i < TG_USAGE_KIND_COUNT; ++i) {
        if (!tg_text_is(name, kinds[i].name))
            continue;
        *kind = (enum tg_usage_kind)i;
        return true;
    }
    return false;
}

int64_t tg_rate_quantity(enum tg_usage_kind kind)
{
    return kinds[kind].quantity;
}

enum tg_decimal_result tg_rate_parse(enum tg_usage_kind kind, struct tg_text text, int64_t *pusd)
{
    bool is_of_million = kinds[kind].quantity == MILLION;
    enum tg_decimal_result result =
        tg_decimal_parse(text, is_of_million ? PICO_PER_MILLIONTH_DIGITS : PICO_DIGITS, pusd);
    return result == TG_DECIMAL_OK && is_of_million && *pusd > INT64_MAX / MILLION ? TG_DECIMAL_TOO_LARGE : result;
}

void tg_rate_format(enum tg_usage_kind kind, int64_t pusd, char *out)
{
    tg_money_format(tg_money_multiply(pusd, kinds[kind].quantity), out);
}

bool tg_rates_is_standard(struct tg_text service_tier)
{
    static const char *const names[] = {"", "default", "standard", "auto", "on_demand"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); ++i)
        if (tg_text_equals_nocase(service_tier, tg_text_of(names[i])))
            return true;
    return false;
}

bool tg_rates_is_tier_name(struct tg_text service_tier)
{
    for (size_t i = 0; i < service_tier.bytes; ++i) {
        char c = service_tier.data[i];
        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-')
            return false;
    }
    return service_tier.bytes <= TG_RATES_TIER_MAX_BYTES && !tg_rates_is_standard(service_tier);
}

/* ---- sets ---- */

static bool is_of(const struct tg_rate_set *set, struct tg_text service_tier, int64_t above_input_tokens)
{
    return set->above_input_tokens == above_input_tokens && tg_text_equals(set->service_tier, service_tier);
}

struct tg_rate_set *tg_rates_set(struct tg_rate_list *list, struct tg_text service_tier, int64_t above_input_tokens)
{
    for (size_t i = 0; i < list->count; ++i)
        if (is_of(&list->sets[i], service_tier, above_input_tokens))
            return &list->sets[i];
    if (list->count == TG_RATES_MAX_SETS)
        return NULL;
    struct tg_rate_set *made = &list->sets[list->count++];
    *made = (struct tg_rate_set){.service_tier = service_tier, .above_input_tokens = above_input_tokens};
    return made;
}

size_t tg_rates_resolved_bound(size_t count)
{
    return (count + 1) * (count + 1); /* tiers x thresholds */
}

/* Of the tier's stated sets at or below the threshold, the highest below `*limit`, which it becomes; NULL at the end.
 */
static const struct tg_rate_set *next_below(const struct tg_rate_set *stated, size_t count, struct tg_text service_tier,
                                            int64_t *limit)
{
    const struct tg_rate_set *next = NULL;
    for (size_t i = 0; i < count; ++i)
        if (tg_text_equals(stated[i].service_tier, service_tier) && stated[i].above_input_tokens < *limit &&
            (next == NULL || stated[i].above_input_tokens > next->above_input_tokens))
            next = &stated[i];
    if (next != NULL)
        *limit = next->above_input_tokens;
    return next;
}

/* The rate of a kind, or of one that stands in for it, within one set. */
static bool find_rate(const struct tg_rate_set *set, int kind, int64_t *pusd)
{
    for (; kind != NOTHING; kind = kinds[kind].stands_in) {
        if (!tg_rate_has(set, (enum tg_usage_kind)kind))
            continue;
        *pusd = set->pusd[kind];
        return true;
    }
    return false;
}

/* Gives `full` what the tier states for kinds that have no rate yet. */
static void fill_from(const struct tg_rate_set *stated, size_t count, struct tg_text service_tier,
                      struct tg_rate_set *full)
{
    int64_t limit = full->above_input_tokens + 1;
    const struct tg_rate_set *set;
    while ((set = next_below(stated, count, service_tier, &limit)) != NULL) {
        for (int kind = 0; kind < TG_USAGE_KIND_COUNT; ++kind) {
            int64_t pusd;
            if (!tg_rate_has(full, (enum tg_usage_kind)kind) && find_rate(set, kind, &pusd))
                tg_rate_state(full, (enum tg_usage_kind)kind, pusd);
        }
    }
}

static bool is_first_of_tier(const struct tg_rate_set *stated, size_t index)
{
    for (size_t i = 0; i < index; ++i)
        if (tg_text_equals(stated[i].service_tier, stated[index].service_tier))
            return false;
    return true;
}

/* One tier at each threshold that it or the standard tier has, the highest first, down to 0. */
static size_t resolve_tier(const struct tg_rate_set *stated, size_t count, struct tg_text service_tier,
                           struct tg_rate_set *full)
{
    size_t made = 0;
    int64_t limit = INT64_MAX;
    const struct tg_text standard = tg_text(NULL, 0);
    for (bool is_last = false; !is_last;) {
        int64_t own = limit, of_standard = limit, threshold = 0;
        if (next_below(stated, count, service_tier, &own) != NULL)
            threshold = own;
        if (next_below(stated, count, standard, &of_standard) != NULL && of_standard > threshold)
            threshold = of_standard;
        is_last = threshold == 0;
        limit = threshold;
        full[made] = (struct tg_rate_set){.service_tier = service_tier, .above_input_tokens = threshold};
        fill_from(stated, count, service_tier, &full[made]);
        fill_from(stated, count, standard, &full[made]);
        ++made;
    }
    return made;
}

size_t tg_rates_resolve(const struct tg_rate_set *stated, size_t count, struct tg_rate_set *full)
{
    size_t made = resolve_tier(stated, count, tg_text(NULL, 0), full);
    for (size_t i = 0; i < count; ++i)
        if (stated[i].service_tier.bytes != 0 && is_first_of_tier(stated, i))
            made += resolve_tier(stated, count, stated[i].service_tier, full + made);
    return made;
}

const struct tg_rate_set *tg_rates_pick(const struct tg_rate_set *full, size_t count, struct tg_text service_tier,
                                        int64_t input_tokens, bool *is_tier_known)
{
    const struct tg_rate_set *standard = NULL;
    *is_tier_known = tg_rates_is_standard(service_tier);
    for (size_t i = 0; i < count; ++i) {
        const struct tg_rate_set *set = &full[i];
        bool applies = set->above_input_tokens == 0 || input_tokens > set->above_input_tokens;
        if (set->service_tier.bytes == 0) {
            if (applies && standard == NULL)
                standard = set;
        } else if (applies && tg_text_equals_nocase(set->service_tier, service_tier)) {
            *is_tier_known = true;
            return set;
        }
        if (standard != NULL && *is_tier_known)
            return standard;
    }
    return standard;
}
