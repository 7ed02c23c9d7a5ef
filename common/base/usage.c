#include "common/base/usage.h"

#include "common/base/money.h"

const char *tg_usage_kind_name(enum tg_usage_kind kind)
{
    static const char *const names[TG_USAGE_KIND_COUNT] = {
        [TG_USAGE_INPUT] = "input_tokens",
        [TG_USAGE_CACHED_INPUT] = "cached_input_tokens",
        [TG_USAGE_CACHE_WRITE_5M] = "cache_write_5m_tokens",
        [TG_USAGE_CACHE_WRITE_1H] = "cache_write_1h_tokens",
        [TG_USAGE_INPUT_AUDIO] = "input_audio_tokens",
        [TG_USAGE_CACHED_INPUT_AUDIO] = "cached_input_audio_tokens",
        [TG_USAGE_INPUT_IMAGE] = "input_image_tokens",
        [TG_USAGE_OUTPUT] = "output_tokens",
        [TG_USAGE_REASONING] = "reasoning_tokens",
        [TG_USAGE_OUTPUT_AUDIO] = "output_audio_tokens",
        [TG_USAGE_OUTPUT_IMAGE] = "output_image_tokens",
        [TG_USAGE_IMAGES] = "images",
        [TG_USAGE_AUDIO_MS] = "audio_ms",
        [TG_USAGE_CHARACTERS] = "characters",
        [TG_USAGE_WEB_SEARCHES] = "web_searches",
        [TG_USAGE_SEARCH_UNITS] = "search_units",
    };
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
