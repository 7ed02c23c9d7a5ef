#include "common/rates/decimal.h"

enum { MAX_EXPONENT = 100000, MAX_DIGITS = 19 }; /* of a number below 2^63 */

struct number {
    bool is_negative;
    struct tg_text whole, fraction;
    int exponent;
};

static size_t count_digits(struct tg_text text)
{
    size_t count = 0;
    while (count < text.bytes && text.data[count] >= '0' && text.data[count] <= '9')
        ++count;
    return count;
}

static void skip(struct tg_text *text, size_t bytes)
{
    *text = tg_text(text->data + bytes, text->bytes - bytes);
}

static bool take(struct tg_text *text, char wanted)
{
    if (text->bytes == 0 || text->data[0] != wanted)
        return false;
    skip(text, 1);
    return true;
}

/* What follows the e. */
static bool split_exponent(struct tg_text *text, struct number *number)
{
    bool is_negative = take(text, '-');
    if (!is_negative)
        (void)take(text, '+');
    size_t digits = count_digits(*text);
    for (size_t i = 0; i < digits; ++i)
        if (number->exponent < MAX_EXPONENT)
            number->exponent = number->exponent * 10 + (text->data[i] - '0');
    skip(text, digits);
    if (is_negative)
        number->exponent = -number->exponent;
    return digits != 0;
}

static bool split(struct tg_text text, struct number *number)
{
    *number = (struct number){.is_negative = take(&text, '-')};
    size_t digits = count_digits(text);
    number->whole = tg_text(text.data, digits);
    if (digits == 0 || (digits > 1 && text.data[0] == '0'))
        return false;
    skip(&text, digits);
    if (take(&text, '.')) {
        digits = count_digits(text);
        number->fraction = tg_text(text.data, digits);
        if (digits == 0)
            return false;
        skip(&text, digits);
    }
    if ((take(&text, 'e') || take(&text, 'E')) && !split_exponent(&text, number))
        return false;
    return text.bytes == 0;
}

/* The digits before and behind the point, as one run. */
static char digit_at(const struct number *number, size_t index)
{
    return index < number->whole.bytes ? number->whole.data[index] : number->fraction.data[index - number->whole.bytes];
}

enum tg_decimal_result tg_decimal_parse(struct tg_text text, int scale, int64_t *value)
{
    struct number number;
    if (!split(text, &number))
        return TG_DECIMAL_MALFORMED;
    size_t begin = 0, end = number.whole.bytes + number.fraction.bytes;
    int64_t shift = (int64_t)number.exponent + scale - (int64_t)number.fraction.bytes;
    while (begin < end && digit_at(&number, begin) == '0')
        ++begin;
    *value = 0;
    if (begin == end)
        return TG_DECIMAL_OK; /* any zero */
    if (number.is_negative)
        return TG_DECIMAL_NEGATIVE;
    for (; digit_at(&number, end - 1) == '0'; --end)
        ++shift;
    if (shift < 0)
        return TG_DECIMAL_TOO_FINE;
    if (end - begin > MAX_DIGITS || shift > MAX_DIGITS)
        return TG_DECIMAL_TOO_LARGE;
    for (; begin < end; ++begin)
        if (__builtin_mul_overflow(*value, 10, value) ||
            __builtin_add_overflow(*value, digit_at(&number, begin) - '0', value))
            return TG_DECIMAL_TOO_LARGE;
    for (; shift > 0; --shift)
        if (__builtin_mul_overflow(*value, 10, value))
            return TG_DECIMAL_TOO_LARGE;
    return TG_DECIMAL_OK;
}

const char *tg_decimal_result_name(enum tg_decimal_result result)
{
    static const char *const names[] = {"ok", "malformed", "negative", "too_fine", "too_large"};
    return names[result];
}
