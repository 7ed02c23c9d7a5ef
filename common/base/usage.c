#include "common/base/usage.h"

#include "common/base/money.h"

const char *tg_usage_kind_name(enum tg_usage_kind kind)
{
#define NAME(column) #column,
    static const char *const names[] = {TG_USAGE_COLUMNS(NAME)};
    _Static_assert(sizeof(names) / sizeof(names[0]) == TG_USAGE_KIND_COUNT, "one column for each kind");
    return (unsigned)kind < TG_USAGE_KIND_COUNT ? names[kind] : "";
}

static int64_t total(const struct tg_usage *usage, int begin, int end)
{
    int64_t sum = 0;
    for (int kind = begin; kind < end; ++kind)
        sum = tg_money_add(sum, usage->of[kind]);
    return sum;
}

int64_t tg_usage_total_input(const struct tg_usage *usage)
{
    return total(usage, 0, TG_USAGE_FIRST_OUTPUT);
}

int64_t tg_usage_total_output(const struct tg_usage *usage)
{
    return total(usage, TG_USAGE_FIRST_OUTPUT, TG_USAGE_TOKEN_KINDS);
}

bool tg_usage_is_zero(const struct tg_usage *usage)
{
    for (int kind = 0; kind < TG_USAGE_KIND_COUNT; ++kind)
        if (usage->of[kind] != 0)
            return false;
    return true;
}
