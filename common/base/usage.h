/* What one call used, by the kinds that have a price of their own, each unit counted once: what the provider reported,
 * or an estimate where it reported nothing. The one list of kinds that everything follows: records, columns, exports,
 * prices, counters. */
#ifndef TG_BASE_USAGE_H
#define TG_BASE_USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tg_usage_kind {
    /* tokens of the prompt: their sum is what the provider calls its input, however it nests the parts */
    TG_USAGE_INPUT,
    TG_USAGE_CACHED_INPUT,   /* read from a prompt cache */
    TG_USAGE_CACHE_WRITE_5M, /* written to a prompt cache that lives five minutes, or that has one lifetime only */
    TG_USAGE_CACHE_WRITE_1H, /* … an hour */
    TG_USAGE_INPUT_AUDIO,
    TG_USAGE_CACHED_INPUT_AUDIO,
    TG_USAGE_INPUT_IMAGE, /* only where the provider reports them apart: their price differs */
    /* tokens of the answer */
    TG_USAGE_OUTPUT,
    TG_USAGE_REASONING,
    TG_USAGE_OUTPUT_AUDIO,
    TG_USAGE_OUTPUT_IMAGE,
    /* not tokens */
    TG_USAGE_IMAGES,       /* pictures made */
    TG_USAGE_AUDIO_MS,     /* sound transcribed or made, where it is billed by time */
    TG_USAGE_CHARACTERS,   /* text spoken, where it is billed by characters */
    TG_USAGE_WEB_SEARCHES, /* made by the provider's own search tool */
    TG_USAGE_SEARCH_UNITS, /* reranking: Cohere's and Jina's unit */
    TG_USAGE_KIND_COUNT
};
enum { TG_USAGE_FIRST_OUTPUT = TG_USAGE_OUTPUT, TG_USAGE_TOKEN_KINDS = TG_USAGE_IMAGES };

/* X(column) for every kind in the enum's order, with the name that records, exports and the API have for it: tables and
 * SQL that must name them all are made of this. */
#define TG_USAGE_COLUMNS(X)                                                                                            \
    X(input_tokens)                                                                                                    \
    X(cached_input_tokens)                                                                                             \
    X(cache_write_5m_tokens)                                                                                           \
    X(cache_write_1h_tokens)                                                                                           \
    X(input_audio_tokens)                                                                                              \
    X(cached_input_audio_tokens)                                                                                       \
    X(input_image_tokens)                                                                                              \
    X(output_tokens)                                                                                                   \
    X(reasoning_tokens)                                                                                                \
    X(output_audio_tokens)                                                                                             \
    X(output_image_tokens)                                                                                             \
    X(images)                                                                                                          \
    X(audio_ms)                                                                                                        \
    X(characters)                                                                                                      \
    X(web_searches)                                                                                                    \
    X(search_units)

/* "input_tokens", "cache_write_5m_tokens", "images", … */
const char *tg_usage_kind_name(enum tg_usage_kind kind);

struct tg_usage {
    int64_t of[TG_USAGE_KIND_COUNT];
};

/* Sums stop at INT64_MAX. */
int64_t tg_usage_total_input(const struct tg_usage *usage);
int64_t tg_usage_total_output(const struct tg_usage *usage);

/* Whether anything was used at all. */
bool tg_usage_is_zero(const struct tg_usage *usage);

#endif
