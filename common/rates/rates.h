/* What a deployment costs: rates by kind of usage. A price holds a list of rate sets; each states rates, for a service
 * tier (or the standard one) and for requests whose whole input is above a number of tokens (or all). Which set applies
 * is decided once for a request, and then for all of it: providers bill a long prompt at the higher rate from its first
 * token on.
 *
 *   stated sets  ── tg_rates_resolve() ──►  full sets, in which every kind that can have a rate has it
 *                                           ── tg_rates_pick(tier, input tokens) ──► the one that applies
 *
 * A rate that is not stated is another's, in this order: of the same set along the kinds that stand in (below); of the
 * same service tier with a lower threshold; of the standard tier. So a set that states input and not cached_input bills
 * cached input at its own input rate: a missing rate makes a bill too high, never silently too low.
 *
 *   cached_input, cache_write_5m, input_audio, input_image <- input
 *   cache_write_1h <- cache_write_5m        cached_input_audio <- input_audio
 *   reasoning, output_audio, output_image <- output
 *   input, output, images, audio, characters, web searches, search units: nothing stands in
 *
 * Rates are pico-dollars per unit: token, picture, character, search, search unit; sound per minute. */
#ifndef TG_RATES_RATES_H
#define TG_RATES_RATES_H

#include "common/base/text.h"
#include "common/base/usage.h"
#include "common/rates/decimal.h"

enum {
    TG_RATES_MAX_SETS = 32, /* stated for one price */
    TG_RATES_TIER_MAX_BYTES = 32,
    TG_RATES_AUDIO_UNIT_MS = 60000,
};

struct tg_rate_set {
    struct tg_text service_tier; /* empty: the standard one */
    int64_t above_input_tokens;  /* 0: any input */
    uint32_t has;                /* bit 1 << kind: pusd[kind] is a rate */
    int64_t pusd[TG_USAGE_KIND_COUNT];
};

static inline bool tg_rate_has(const struct tg_rate_set *set, enum tg_usage_kind kind)
{
    return (set->has & 1u << kind) != 0;
}

static inline void tg_rate_state(struct tg_rate_set *set, enum tg_usage_kind kind, int64_t pusd)
{
    set->has |= 1u << kind;
    set->pusd[kind] = pusd;
}

struct tg_rate_list {
    struct tg_rate_set sets[TG_RATES_MAX_SETS];
    size_t count;
};

/* ---- names and texts ---- */

/* "input", "cache_write_5m", …, "output_image", "images", "audio_minutes", "characters", "web_searches", …: as prices
 * name them. */
const char *tg_rate_name(enum tg_usage_kind kind);
bool tg_rate_find(struct tg_text name, enum tg_usage_kind *kind);

/* How many units a price outside is for: a million tokens or characters, one of anything else. */
int64_t tg_rate_quantity(enum tg_usage_kind kind);

/* Between that price in dollars, as decimal text, and pico-dollars per unit: at most 9.2 dollars for a token. `out` is
 * TG_MONEY_TEXT_BYTES. */
enum tg_decimal_result tg_rate_parse(enum tg_usage_kind kind, struct tg_text text, int64_t *pusd) TG_MUST_CHECK;
void tg_rate_format(enum tg_usage_kind kind, int64_t pusd, char *out);

/* Names by which providers call the standard tier: "default" (OpenAI), "standard" (Anthropic, OpenAI's audio), "auto",
 * "on_demand" (Groq, and Vertex in capitals), and no name. In any case. */
bool tg_rates_is_standard(struct tg_text service_tier);
/* 1 to TG_RATES_TIER_MAX_BYTES of a-z 0-9 _ -, and not a name of the standard tier. */
bool tg_rates_is_tier_name(struct tg_text service_tier);

/* ---- sets ---- */

/* The set of that tier and threshold; made where there is none yet. NULL when the list is full. */
struct tg_rate_set *tg_rates_set(struct tg_rate_list *list, struct tg_text service_tier, int64_t above_input_tokens);

/* How many sets resolving `count` of them gives at most. */
size_t tg_rates_resolved_bound(size_t count);
/* Fills `full` (of that bound): one set for each tier and each threshold that it or the standard tier has, the standard
 * tier first, the highest threshold of a tier first. Returns how many. Texts are those of `stated`. */
size_t tg_rates_resolve(const struct tg_rate_set *stated, size_t count, struct tg_rate_set *full);

/* Of full sets, the one that applies to a request: *is_tier_known is false, and the standard tier's taken, if none is
 * of that tier. NULL if there are no sets. */
const struct tg_rate_set *tg_rates_pick(const struct tg_rate_set *full, size_t count, struct tg_text service_tier,
                                        int64_t input_tokens, bool *is_tier_known);

#endif
