#include "common/rates/rates_json.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/base/money.h"

/* ---- reading ---- */

struct reader {
    struct tg_rate_list *list;
    struct tg_rates_problem *problem;
};

static bool fail(struct reader *reader, const char *field, const char *format, ...) TG_PRINTF(3, 4);
static bool fail(struct reader *reader, const char *field, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    snprintf(reader->problem->field, sizeof(reader->problem->field), "%s", field);
    vsnprintf(reader->problem->message, sizeof(reader->problem->message), format, args);
    va_end(args);
    return false;
}

static bool fail_number(struct reader *reader, const char *field, enum tg_usage_kind kind,
                        enum tg_decimal_result result)
{
    bool is_of_million = tg_rate_quantity(kind) != 1;
    if (result == TG_DECIMAL_TOO_FINE)
        return fail(reader, field, "must have at most %d decimals", is_of_million ? 6 : 12);
    if (result == TG_DECIMAL_TOO_LARGE)
        return fail(reader, field, "is too large");
    return fail(reader, field, "must be US dollars %s in a string, such as \"0.075\"",
                kind == TG_USAGE_AUDIO_MS     ? "per minute"
                : !is_of_million              ? "per one"
                : kind == TG_USAGE_CHARACTERS ? "per million characters"
                                              : "per million tokens");
}

/* {"input": "2.50", …} into the set of that tier and threshold. */
static bool read_rates(struct reader *reader, const char *path, const tg_json *rates, struct tg_text service_tier,
                       int64_t above_input_tokens)
{
    struct tg_json_cursor cursor = {0};
    char field[sizeof(reader->problem->field)];
    if (!tg_json_is(rates, TG_JSON_OBJECT))
        return fail(reader, path, "must be an object of rates, such as {\"input\": \"2.50\", \"output\": \"10\"}");
    struct tg_rate_set *set = tg_rates_set(reader->list, service_tier, above_input_tokens);
    if (set == NULL)
        return fail(reader, path, "is too much: a price has at most %d groups of rates", TG_RATES_MAX_SETS);
    while (tg_json_next_member(rates, &cursor)) {
        enum tg_usage_kind kind;
        int64_t pusd;
        snprintf(field, sizeof(field), "%s.%.*s", path, cursor.key.bytes > 40 ? 40 : (int)cursor.key.bytes,
                 cursor.key.data);
        if (!tg_rate_find(cursor.key, &kind))
            return fail(reader, field, "is no kind of rate");
        if (!tg_json_is(cursor.value, TG_JSON_STRING))
            return fail_number(reader, field, kind, TG_DECIMAL_MALFORMED);
        struct tg_text text = tg_json_text(cursor.value);
        bool is_decimal = memchr(text.data, 'e', text.bytes) == NULL && memchr(text.data, 'E', text.bytes) == NULL;
        enum tg_decimal_result result = is_decimal ? tg_rate_parse(kind, text, &pusd) : TG_DECIMAL_MALFORMED;
        if (result != TG_DECIMAL_OK)
            return fail_number(reader, field, kind, result);
        tg_rate_state(set, kind, pusd);
    }
    return true;
}

static bool has_only(struct reader *reader, const char *path, const tg_json *object, const char *one, const char *other)
{
    struct tg_json_cursor cursor = {0};
    char field[sizeof(reader->problem->field)];
    if (!tg_json_is(object, TG_JSON_OBJECT))
        return fail(reader, path, "must be an object");
    while (tg_json_next_member(object, &cursor)) {
        if (tg_text_is(cursor.key, one) || tg_text_is(cursor.key, other))
            continue;
        snprintf(field, sizeof(field), "%s.%.*s", path, cursor.key.bytes > 40 ? 40 : (int)cursor.key.bytes,
                 cursor.key.data);
        return fail(reader, field, "is unknown here: there is %s and %s", one, other);
    }
    return true;
}

/* [{"above_input_tokens": 200000, "rates": {…}}, …] */
static bool read_tiers(struct reader *reader, const char *path, const tg_json *tiers, struct tg_text service_tier)
{
    char element[sizeof(reader->problem->field) / 2], field[sizeof(reader->problem->field)];
    if (!tg_json_is(tiers, TG_JSON_ARRAY))
        return fail(reader, path, "must be a list");
    for (size_t i = 0; i < tg_json_count(tiers); ++i) {
        const tg_json *tier = tg_json_at(tiers, i);
        snprintf(element, sizeof(element), "%.40s[%zu]", path, i);
        if (!has_only(reader, element, tier, "above_input_tokens", "rates"))
            return false;
        const tg_json *above = tg_json_member(tier, "above_input_tokens"), *rates = tg_json_member(tier, "rates");
        snprintf(field, sizeof(field), "%s.above_input_tokens", element);
        if (!tg_json_is_i64(above) || tg_json_i64(above) < 1 || tg_json_i64(above) > TG_RATES_MAX_THRESHOLD)
            return fail(reader, field, "must be a whole number from 1 to %d", TG_RATES_MAX_THRESHOLD);
        for (size_t k = 0; k < reader->list->count; ++k)
            if (reader->list->sets[k].above_input_tokens == tg_json_i64(above) &&
                tg_text_equals(reader->list->sets[k].service_tier, service_tier))
                return fail(reader, field, "is there twice");
        snprintf(field, sizeof(field), "%s.rates", element);
        if (!read_rates(reader, field, rates, service_tier, tg_json_i64(above)))
            return false;
        if (tg_json_count(rates) == 0)
            return fail(reader, field, "must have a rate");
    }
    return true;
}

static bool read_service_tiers(struct reader *reader, const tg_json *service_tiers)
{
    struct tg_json_cursor cursor = {0};
    char path[sizeof(reader->problem->field) / 2], field[sizeof(reader->problem->field)];
    if (!tg_json_is(service_tiers, TG_JSON_OBJECT))
        return fail(reader, "service_tiers", "must be an object, such as {\"batch\": {\"rates\": {…}}}");
    while (tg_json_next_member(service_tiers, &cursor)) {
        snprintf(path, sizeof(path), "service_tiers.%.*s", cursor.key.bytes > 40 ? 40 : (int)cursor.key.bytes,
                 cursor.key.data);
        if (!tg_rates_is_tier_name(cursor.key))
            return fail(reader, path,
                        tg_rates_is_standard(cursor.key) ? "is the standard tier: its rates stand in rates and tiers"
                                                         : "must be 1 to 32 of a-z, 0-9, _ and -");
        if (!has_only(reader, path, cursor.value, "rates", "tiers"))
            return false;
        const tg_json *rates = tg_json_member(cursor.value, "rates"), *tiers = tg_json_member(cursor.value, "tiers");
        snprintf(field, sizeof(field), "%s.rates", path);
        if (!read_rates(reader, field, rates, cursor.key, 0))
            return false;
        snprintf(field, sizeof(field), "%s.tiers", path);
        if (tiers != NULL && !read_tiers(reader, field, tiers, cursor.key))
            return false;
    }
    return true;
}

bool tg_rates_read(const tg_json *rates, const tg_json *tiers, const tg_json *service_tiers, struct tg_rate_list *list,
                   struct tg_rates_problem *problem)
{
    struct reader reader = {list, problem};
    const struct tg_text standard = tg_text(NULL, 0);
    return (rates == NULL || read_rates(&reader, "rates", rates, standard, 0)) &&
           (tiers == NULL || read_tiers(&reader, "tiers", tiers, standard)) &&
           (service_tiers == NULL || read_service_tiers(&reader, service_tiers));
}

/* ---- writing ---- */

static tg_json *new_rates(const struct tg_rate_set *set)
{
    tg_json *rates = tg_json_new_object();
    for (int kind = 0; set != NULL && kind < TG_USAGE_KIND_COUNT; ++kind) {
        char text[TG_MONEY_TEXT_BYTES];
        if (!tg_rate_has(set, (enum tg_usage_kind)kind))
            continue;
        tg_rate_format((enum tg_usage_kind)kind, set->pusd[kind], text);
        tg_json_set_text(rates, tg_rate_name((enum tg_usage_kind)kind), tg_text_of(text));
    }
    return rates;
}

/* The tier's set with the lowest threshold from `least` on. */
static const struct tg_rate_set *next_tier(const struct tg_rate_set *sets, size_t count, struct tg_text service_tier,
                                           int64_t least)
{
    const struct tg_rate_set *next = NULL;
    for (size_t i = 0; i < count; ++i)
        if (tg_text_equals(sets[i].service_tier, service_tier) && sets[i].above_input_tokens >= least &&
            (next == NULL || sets[i].above_input_tokens < next->above_input_tokens))
            next = &sets[i];
    return next;
}

static void write_tier(const struct tg_rate_set *sets, size_t count, struct tg_text service_tier, tg_json *object)
{
    tg_json *tiers = tg_json_new_array();
    const struct tg_rate_set *base = next_tier(sets, count, service_tier, 0), *set;
    tg_json_set(object, "rates", new_rates(base != NULL && base->above_input_tokens == 0 ? base : NULL));
    for (int64_t least = 1; (set = next_tier(sets, count, service_tier, least)) != NULL;
         least = set->above_input_tokens + 1) {
        tg_json *tier = tg_json_new_object();
        tg_json_set_i64(tier, "above_input_tokens", set->above_input_tokens);
        tg_json_set(tier, "rates", new_rates(set));
        tg_json_append(tiers, tier);
    }
    tg_json_set(object, "tiers", tiers);
}

void tg_rates_write(const struct tg_rate_set *sets, size_t count, tg_json *object)
{
    tg_json *service_tiers = tg_json_new_object();
    write_tier(sets, count, tg_text(NULL, 0), object);
    for (size_t i = 0; i < count; ++i) {
        char name[TG_RATES_TIER_MAX_BYTES + 1];
        snprintf(name, sizeof(name), "%.*s", TG_TEXT_ARG(sets[i].service_tier));
        if (name[0] == '\0' || tg_json_member(service_tiers, name) != NULL)
            continue;
        tg_json *tier = tg_json_new_object();
        write_tier(sets, count, sets[i].service_tier, tier);
        tg_json_set(service_tiers, name, tier);
    }
    tg_json_set(object, "service_tiers", service_tiers);
}
