/* Decimal numbers as text, such as "0.075" or JSON's 1.5e-07, to whole numbers of a smaller unit: exactly or not at
 * all. */
#ifndef TG_RATES_DECIMAL_H
#define TG_RATES_DECIMAL_H

#include "common/base/status.h"
#include "common/base/text.h"

enum tg_decimal_result {
    TG_DECIMAL_OK,
    TG_DECIMAL_MALFORMED, /* no number as JSON writes it (RFC 8259 section 6) */
    TG_DECIMAL_NEGATIVE,
    TG_DECIMAL_TOO_FINE,  /* it is no whole number of that unit */
    TG_DECIMAL_TOO_LARGE, /* for an int64_t */
};
const char *tg_decimal_result_name(enum tg_decimal_result result);

/* text x 10^scale. A leading zero ("007") is malformed, as in JSON. */
enum tg_decimal_result tg_decimal_parse(struct tg_text text, int scale, int64_t *value) TG_MUST_CHECK;

#endif
