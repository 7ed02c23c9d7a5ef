#include <inttypes.h>

#include "common/settings/settings_internal.h"

const char *tg_setting_type_name(enum tg_setting_type type)
{
    switch (type) {
    case TG_SETTING_STRING:
        return "text";
    case TG_SETTING_PATH:
        return "path";
    case TG_SETTING_INTEGER:
        return "integer";
    case TG_SETTING_SIZE:
        return "size";
    case TG_SETTING_CHOICE:
        return "choice";
    }
    return "unknown";
}

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit size_units[] = {
    {"", 1}, {"B", 1}, {"KiB", INT64_C(1) << 10}, {"MiB", INT64_C(1) << 20}, {"GiB", INT64_C(1) << 30}, {NULL, 0},
};

static const struct unit no_units[] = {{"", 1}, {NULL, 0}};

/* Digits, then one of the units. */
static bool parse_amount(const char *text, const struct unit *units, int64_t *number)
{
    bool is_negative = *text == '-' && units == no_units;
    const char *digits = text + is_negative;
    size_t count = strspn(digits, "0123456789");
    uint64_t amount;
    if (!tg_text_to_u64(tg_text(digits, count), &amount) || amount > INT64_MAX)
        return false;
    for (const struct unit *unit = units; unit->name != NULL; ++unit) {
        if (strcmp(digits + count, unit->name) == 0) {
            int64_t sign = is_negative ? -1 : 1;
            return !__builtin_mul_overflow((int64_t)amount * sign, unit->factor, number);
        }
    }
    return false;
}

static bool find_choice(const char *const *choices, const char *text, int64_t *number)
{
    for (int64_t i = 0; choices[i] != NULL; ++i) {
        if (strcmp(choices[i], text) == 0) {
            *number = i;
            return true;
        }
    }
    return false;
}

static bool parse_number(const struct tg_setting *row, const char *text, int64_t *number)
{
    switch (row->type) {
    case TG_SETTING_STRING:
    case TG_SETTING_PATH:
        return true;
    case TG_SETTING_INTEGER:
        return parse_amount(text, no_units, number);
    case TG_SETTING_SIZE:
        return parse_amount(text, size_units, number);
    case TG_SETTING_CHOICE:
        return find_choice(row->choices, text, number);
    }
    return false;
}

static const char *expectation(enum tg_setting_type type)
{
    switch (type) {
    case TG_SETTING_INTEGER:
        return "a whole number";
    case TG_SETTING_SIZE:
        return "a size such as 512, 64KiB, 64MiB or 2GiB";
    default:
        return "text";
    }
}

static enum tg_status refuse_value(const struct tg_setting *row, const char *text, const char *origin,
                                   struct tg_error *error)
{
    if (row->type != TG_SETTING_CHOICE)
        return tg_fail(error, TG_INVALID, "%s: %s must be %s, not \"%s\"", origin, row->key, expectation(row->type),
                       text);
    char words[160] = "";
    for (size_t i = 0; row->choices[i] != NULL; ++i) {
        size_t used = strlen(words);
        snprintf(words + used, sizeof(words) - used, "%s%s", i == 0 ? "" : ", ", row->choices[i]);
    }
    return tg_fail(error, TG_INVALID, "%s: %s must be one of %s, not \"%s\"", origin, row->key, words, text);
}

enum tg_status setting_parse(const struct tg_setting *row, const char *text, const char *origin, int64_t *number,
                             struct tg_error *error)
{
    *number = 0;
    if (!parse_number(row, text, number))
        return refuse_value(row, text, origin, error);
    bool has_bounds = row->type == TG_SETTING_INTEGER || row->type == TG_SETTING_SIZE;
    const char *unit = row->type == TG_SETTING_SIZE ? " bytes" : "";
    if (has_bounds && *number < row->min)
        return tg_fail(error, TG_INVALID, "%s: %s must be at least %" PRId64 "%s, not \"%s\"", origin, row->key,
                       row->min, unit, text);
    if (has_bounds && row->max != 0 && *number > row->max)
        return tg_fail(error, TG_INVALID, "%s: %s must be at most %" PRId64 "%s, not \"%s\"", origin, row->key,
                       row->max, unit, text);
    return TG_OK;
}
