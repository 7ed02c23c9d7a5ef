/* The tokens of one call, by the kinds that have a price, each counted once: what the provider reported, or an estimate
 * where it reported nothing. */
#ifndef TG_DIALECTS_USAGE_H
#define TG_DIALECTS_USAGE_H

#include <stdbool.h>
#include <stdint.h>

struct tg_usage {
    int64_t input_tokens; /* without the cached ones */
    int64_t cached_input_tokens;
    int64_t output_tokens; /* without the reasoning ones */
    int64_t reasoning_tokens;
};

static inline int64_t tg_usage_total_input(const struct tg_usage *usage)
{
    return usage->input_tokens + usage->cached_input_tokens;
}

static inline int64_t tg_usage_total_output(const struct tg_usage *usage)
{
    return usage->output_tokens + usage->reasoning_tokens;
}

#endif
