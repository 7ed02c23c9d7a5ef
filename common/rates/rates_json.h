/* A price's rates as JSON has them, in the API, in Postgres and in files:
 *
 *   "rates": {"input": "2.50", "cached_input": "1.25", "output": "10"},
 *   "tiers": [{"above_input_tokens": 200000, "rates": {"input": "5", "output": "15"}}],
 *   "service_tiers": {"batch": {"rates": {"input": "1.25", "output": "5"}, "tiers": […]}}
 *
 * Rates are decimal strings of US dollars: per million tokens or characters, per minute of sound, else per one. */
#ifndef TG_RATES_RATES_JSON_H
#define TG_RATES_RATES_JSON_H

#include "common/codec/json.h"
#include "common/rates/rates.h"

enum { TG_RATES_MAX_THRESHOLD = 100000000 };

/* The first thing that is wrong. */
struct tg_rates_problem {
    char field[128]; /* "tiers[0].rates.input" */
    char message[160];
};

/* Adds what the three say to a list that is empty at first; each may be NULL. `list` refers to their texts. False, with
 * the problem, if they are no such thing. */
bool tg_rates_read(const tg_json *rates, const tg_json *tiers, const tg_json *service_tiers, struct tg_rate_list *list,
                   struct tg_rates_problem *problem);

/* The three as members of `object`, kinds in the order of their enum, thresholds rising; "tiers" and "service_tiers"
 * are there also when they are empty. */
void tg_rates_write(const struct tg_rate_set *sets, size_t count, tg_json *object);

#endif
