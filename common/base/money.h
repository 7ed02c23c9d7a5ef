/* Money is an integer number of pico-dollars (1e-12 USD) in an int64_t, named *_pusd: $0.075 per million tokens is
 * 75,000 pusd per token, and one amount holds up to 9.2 million dollars. Sums over many records are NUMERIC in
 * Postgres. No floating point touches money. */
#ifndef TG_BASE_MONEY_H
#define TG_BASE_MONEY_H

#include "common/base/text.h"

#define TG_PUSD_PER_USD INT64_C(1000000000000)

enum { TG_MONEY_TEXT_BYTES = 32 };

/* A decimal number of dollars without needless zeros, at least one digit before the point: "0.000027", "12", "-0.5". */
void tg_money_format(int64_t amount_pusd, char out[TG_MONEY_TEXT_BYTES]);

/* Optional minus, digits, optional point with at most 12 digits; false if it is anything else or does not fit. */
bool tg_money_parse(struct tg_text text, int64_t *amount_pusd);

/* a + b and a * b that stop at INT64_MAX / INT64_MIN instead of wrapping. A saturated reservation is simply too big for
 * any lease, which refuses the call: the safe side. */
int64_t tg_money_add(int64_t a, int64_t b);
int64_t tg_money_multiply(int64_t a, int64_t b);

#endif
