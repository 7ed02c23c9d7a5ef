/* From an entry of each format to rates.
 *
 * LiteLLM (https://github.com/BerriAI/litellm, model_prices_and_context_window.json): dollars per token, character,
 * second, picture, query; a column's name ends in what it applies to: _above_200k_tokens, then _batches, _flex or
 * _priority. models.dev (https://models.dev/api.json, member `cost`): dollars per million tokens; context_over_200k
 * holds those for longer prompts. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/price_list.h"
#include "common/rates/rates_json.h"

enum { PICO = 12, PICO_PER_MILLIONTH = 6, SECONDS_PER_MINUTE = 60 };

static enum tg_status no_room(struct tg_error *error)
{
    return tg_fail(error, TG_INVALID, "it has more than %d groups of rates", TG_RATES_MAX_SETS);
}

/* A column as the rate of a kind, which must be one that can be shown again. */
static enum tg_status read_rate(struct tg_text column, const tg_json *value, int scale, enum tg_usage_kind kind,
                                int64_t *pusd, struct tg_error *error)
{
    enum tg_status status = tg_price_column(column, value, scale, pusd, error);
    if (status == TG_OK && *pusd > INT64_MAX / tg_rate_quantity(kind))
        status =
            tg_fail(error, TG_INVALID, "%.*s is too large", column.bytes > 80 ? 80 : (int)column.bytes, column.data);
    return status;
}

/* ---- LiteLLM ---- */

static const struct {
    const char *column;
    enum tg_usage_kind kind;
} litellm_tokens[] = {
    {"input_cost_per_token", TG_USAGE_INPUT},
    {"cache_read_input_token_cost", TG_USAGE_CACHED_INPUT},
    {"cache_creation_input_token_cost", TG_USAGE_CACHE_WRITE_5M},
    {"cache_creation_input_token_cost_above_1hr", TG_USAGE_CACHE_WRITE_1H},
    {"input_cost_per_audio_token", TG_USAGE_INPUT_AUDIO},
    {"cache_read_input_audio_token_cost", TG_USAGE_CACHED_INPUT_AUDIO},
    {"input_cost_per_image_token", TG_USAGE_INPUT_IMAGE},
    {"output_cost_per_token", TG_USAGE_OUTPUT},
    {"output_cost_per_reasoning_token", TG_USAGE_REASONING},
    {"output_cost_per_audio_token", TG_USAGE_OUTPUT_AUDIO},
    {"output_cost_per_image_token", TG_USAGE_OUTPUT_IMAGE},
};

/* What only means what it says for models of one mode: chat models have columns per character or picture, too, which
 * estimate what the provider bills by token. The first of a kind that is not zero counts. */
static const struct {
    const char *mode, *column;
    enum tg_usage_kind kind;
    int64_t times;
} litellm_units[] = {
    {"audio_speech", "input_cost_per_character", TG_USAGE_CHARACTERS, 1},
    {"audio_speech", "output_cost_per_second", TG_USAGE_AUDIO_MS, SECONDS_PER_MINUTE},
    {"audio_transcription", "input_cost_per_second", TG_USAGE_AUDIO_MS, SECONDS_PER_MINUTE},
    {"audio_transcription", "output_cost_per_second", TG_USAGE_AUDIO_MS, SECONDS_PER_MINUTE},
    {"image_generation", "output_cost_per_image", TG_USAGE_IMAGES, 1},
    {"image_generation", "input_cost_per_image", TG_USAGE_IMAGES, 1},
    {"image_edit", "output_cost_per_image", TG_USAGE_IMAGES, 1},
    {"image_edit", "input_cost_per_image", TG_USAGE_IMAGES, 1},
    {"rerank", "input_cost_per_query", TG_USAGE_SEARCH_UNITS, 1},
};

static bool take_end(struct tg_text *text, const char *end)
{
    size_t bytes = strlen(end);
    if (text->bytes < bytes || memcmp(text->data + text->bytes - bytes, end, bytes) != 0)
        return false;
    text->bytes -= bytes;
    return true;
}

/* "…_above_200k_tokens": cut off, its number in *above_input_tokens. */
static void take_threshold(struct tg_text *column, int64_t *above_input_tokens)
{
    static const char middle[] = "_above_";
    struct tg_text rest = *column;
    uint64_t thousands;
    if (!take_end(&rest, "k_tokens"))
        return;
    size_t digits = 0;
    while (digits < rest.bytes && rest.data[rest.bytes - digits - 1] >= '0' &&
           rest.data[rest.bytes - digits - 1] <= '9')
        ++digits;
    if (!tg_text_to_u64(tg_text(rest.data + rest.bytes - digits, digits), &thousands) || thousands == 0 ||
        thousands > TG_RATES_MAX_THRESHOLD / 1000)
        return;
    rest.bytes -= digits;
    if (!take_end(&rest, middle))
        return;
    *column = rest;
    *above_input_tokens = (int64_t)thousands * 1000;
}

static struct tg_text take_service_tier(struct tg_text *column)
{
    if (take_end(column, "_batches"))
        return tg_text_of("batch");
    if (take_end(column, "_flex"))
        return tg_text_of("flex");
    if (take_end(column, "_priority"))
        return tg_text_of("priority");
    return tg_text(NULL, 0);
}

static bool is_price(struct tg_text column)
{
    return memmem(column.data, column.bytes, "_cost", 5) != NULL;
}

/* The dearest of what a search costs by the size of its context. */
static enum tg_status read_searches(struct tg_text column, const tg_json *sizes, struct tg_rate_set *set,
                                    struct tg_error *error)
{
    struct tg_json_cursor cursor = {0};
    enum tg_status status = TG_OK;
    while (status == TG_OK && tg_json_next_member(sizes, &cursor)) {
        int64_t pusd;
        status = read_rate(column, cursor.value, PICO, TG_USAGE_WEB_SEARCHES, &pusd, error);
        if (status == TG_OK && pusd >= set->pusd[TG_USAGE_WEB_SEARCHES])
            tg_rate_state(set, TG_USAGE_WEB_SEARCHES, pusd);
    }
    return status;
}

/* *is_known is false for a column that is none of these. */
static enum tg_status read_tokens(struct tg_text column, const tg_json *value, struct tg_price_offer *offer,
                                  bool *is_known, struct tg_error *error)
{
    struct tg_text name = column;
    int64_t above_input_tokens = 0, pusd;
    struct tg_text service_tier = take_service_tier(&name);
    take_threshold(&name, &above_input_tokens);
    for (size_t i = 0; i < sizeof(litellm_tokens) / sizeof(litellm_tokens[0]); ++i) {
        if (!tg_text_is(name, litellm_tokens[i].column))
            continue;
        *is_known = true;
        enum tg_status status = read_rate(column, value, PICO, litellm_tokens[i].kind, &pusd, error);
        if (status != TG_OK)
            return status;
        struct tg_rate_set *set = tg_rates_set(&offer->rates, service_tier, above_input_tokens);
        if (set == NULL)
            return no_room(error);
        tg_rate_state(set, litellm_tokens[i].kind, pusd);
        return TG_OK;
    }
    return TG_OK;
}

static enum tg_status read_units(const tg_json *node, struct tg_text column, const tg_json *value,
                                 struct tg_price_offer *offer, bool *is_known, struct tg_error *error)
{
    const tg_json *mode = tg_json_member(node, "mode");
    struct tg_rate_set *set = &offer->rates.sets[0];
    for (size_t i = 0; i < sizeof(litellm_units) / sizeof(litellm_units[0]); ++i) {
        int64_t pusd;
        if (!tg_text_is(column, litellm_units[i].column) || !tg_json_is(mode, TG_JSON_STRING) ||
            !tg_text_is(tg_json_text(mode), litellm_units[i].mode))
            continue;
        *is_known = true;
        enum tg_status status = read_rate(column, value, PICO, litellm_units[i].kind, &pusd, error);
        if (status != TG_OK)
            return status;
        if (__builtin_mul_overflow(pusd, litellm_units[i].times, &pusd))
            return tg_fail(error, TG_INVALID, "%.*s is too large", TG_TEXT_ARG(column));
        if (pusd > set->pusd[litellm_units[i].kind]) /* some lists have it as input and as output */
            tg_rate_state(set, litellm_units[i].kind, pusd);
    }
    return TG_OK;
}

static enum tg_status read_litellm_column(const tg_json *node, struct tg_text column, const tg_json *value,
                                          struct tg_price_offer *offer, struct tg_error *error)
{
    bool is_known = false;
    if (tg_text_is(column, "input_cost_per_request"))
        return tg_price_column(column, value, PICO, &offer->request_pusd, error);
    if (tg_text_is(column, "search_context_cost_per_query") && tg_json_is(value, TG_JSON_OBJECT))
        return read_searches(column, value, &offer->rates.sets[0], error);
    enum tg_status status = read_tokens(column, value, offer, &is_known, error);
    if (status == TG_OK && !is_known)
        status = read_units(node, column, value, offer, &is_known, error);
    if (status == TG_OK && !is_known)
        tg_price_pass_over(offer, column);
    return status;
}

enum tg_status tg_price_read_litellm(const tg_json *node, struct tg_price_offer *offer, struct tg_error *error)
{
    struct tg_json_cursor cursor = {0};
    const tg_json *source = tg_json_member(node, "source");
    enum tg_status status = TG_OK;
    while (status == TG_OK && tg_json_next_member(node, &cursor))
        if (is_price(cursor.key) && !tg_json_is(cursor.value, TG_JSON_NULL))
            status = read_litellm_column(node, cursor.key, cursor.value, offer, error);
    if (tg_json_is(source, TG_JSON_STRING))
        snprintf(offer->source, sizeof(offer->source), "%s", tg_json_text(source).data);
    return status;
}

/* ---- models.dev ---- */

static const struct {
    const char *column;
    enum tg_usage_kind kind;
} models_dev_tokens[] = {
    {"input", TG_USAGE_INPUT},
    {"cache_read", TG_USAGE_CACHED_INPUT},
    {"cache_write", TG_USAGE_CACHE_WRITE_5M},
    {"input_audio", TG_USAGE_INPUT_AUDIO},
    {"output", TG_USAGE_OUTPUT},
    {"reasoning", TG_USAGE_REASONING},
    {"output_audio", TG_USAGE_OUTPUT_AUDIO},
};
enum { MODELS_DEV_THRESHOLD = 200000 };

static enum tg_status read_cost(const tg_json *cost, int64_t above_input_tokens, struct tg_price_offer *offer,
                                struct tg_error *error)
{
    struct tg_json_cursor cursor = {0};
    enum tg_status status = TG_OK;
    while (status == TG_OK && tg_json_next_member(cost, &cursor)) {
        bool is_known = tg_json_is(cursor.value, TG_JSON_NULL);
        if (tg_text_is(cursor.key, "context_over_200k") && above_input_tokens == 0) {
            status = read_cost(cursor.value, MODELS_DEV_THRESHOLD, offer, error);
            continue;
        }
        for (size_t i = 0; i < sizeof(models_dev_tokens) / sizeof(models_dev_tokens[0]) && !is_known; ++i) {
            if (!tg_text_is(cursor.key, models_dev_tokens[i].column))
                continue;
            int64_t pusd;
            struct tg_rate_set *set = tg_rates_set(&offer->rates, tg_text(NULL, 0), above_input_tokens);
            is_known = true;
            status = set == NULL ? no_room(error)
                                 : read_rate(cursor.key, cursor.value, PICO_PER_MILLIONTH, models_dev_tokens[i].kind,
                                             &pusd, error);
            if (status == TG_OK)
                tg_rate_state(set, models_dev_tokens[i].kind, pusd);
        }
        if (!is_known)
            tg_price_pass_over(offer, cursor.key);
    }
    return status;
}

enum tg_status tg_price_read_models_dev(const tg_json *node, struct tg_price_offer *offer, struct tg_error *error)
{
    return read_cost(tg_json_member(node, "cost"), 0, offer, error);
}

/* ---- our own ---- */

enum tg_status tg_price_read_own(const tg_json *node, struct tg_price_offer *offer, struct tg_error *error)
{
    struct tg_rates_problem problem;
    const tg_json *request_price = tg_json_member(node, "request_price"), *source = tg_json_member(node, "source");
    offer->rates.count = 0;
    if (!tg_rates_read(tg_json_member(node, "rates"), tg_json_member(node, "tiers"),
                       tg_json_member(node, "service_tiers"), &offer->rates, &problem))
        return tg_fail(error, TG_INVALID, "%s %s", problem.field, problem.message);
    if (offer->rates.count == 0)
        (void)tg_rates_set(&offer->rates, tg_text(NULL, 0), 0);
    if (tg_json_is(source, TG_JSON_STRING))
        snprintf(offer->source, sizeof(offer->source), "%s", tg_json_text(source).data);
    return request_price == NULL
               ? TG_OK
               : tg_price_column(tg_text_of("request_price"), request_price, PICO, &offer->request_pusd, error);
}
