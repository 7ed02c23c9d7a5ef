#include "common/base/money.h"

#include <inttypes.h>
#include <stdio.h>

void tg_money_format(int64_t amount_pusd, char out[TG_MONEY_TEXT_BYTES])
{
    uint64_t magnitude = amount_pusd < 0 ? 0 - (uint64_t)amount_pusd : (uint64_t)amount_pusd;
    uint64_t whole = magnitude / (uint64_t)TG_PUSD_PER_USD, fraction = magnitude % (uint64_t)TG_PUSD_PER_USD;
    int bytes = snprintf(out, TG_MONEY_TEXT_BYTES, "%s%" PRIu64, amount_pusd < 0 ? "-" : "", whole);
    if (fraction == 0)
        return;
    bytes += snprintf(out + bytes, TG_MONEY_TEXT_BYTES - (size_t)bytes, ".%012" PRIu64, fraction);
    while (out[bytes - 1] == '0')
        out[--bytes] = '\0';
}

bool tg_money_parse(struct tg_text text, int64_t *amount_pusd)
{
    bool is_negative = text.bytes != 0 && text.data[0] == '-';
    if (is_negative) {
        ++text.data;
        --text.bytes;
    }
    const char *point = text.bytes == 0 ? NULL : memchr(text.data, '.', text.bytes);
    struct tg_text whole = text, fraction = {0};
    if (point != NULL) {
        whole.bytes = (size_t)(point - text.data);
        fraction = tg_text(point + 1, text.bytes - whole.bytes - 1);
        if (fraction.bytes == 0 || fraction.bytes > 12)
            return false;
    }
    uint64_t dollars, picos = 0;
    if (!tg_text_to_u64(whole, &dollars) || (fraction.bytes != 0 && !tg_text_to_u64(fraction, &picos)))
        return false;
    for (size_t i = fraction.bytes; fraction.bytes != 0 && i < 12; ++i)
        picos *= 10;
    int64_t amount;
    if (dollars > INT64_MAX || __builtin_mul_overflow((int64_t)dollars, TG_PUSD_PER_USD, &amount) ||
        __builtin_add_overflow(amount, (int64_t)picos, &amount))
        return false;
    *amount_pusd = is_negative ? -amount : amount;
    return true;
}

int64_t tg_money_add(int64_t a, int64_t b)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return b > 0 ? INT64_MAX : INT64_MIN;
    return sum;
}

int64_t tg_money_multiply(int64_t a, int64_t b)
{
    int64_t product;
    if (__builtin_mul_overflow(a, b, &product))
        return (a > 0) == (b > 0) ? INT64_MAX : INT64_MIN;
    return product;
}
