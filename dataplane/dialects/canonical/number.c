#include "dataplane/dialects/canonical/number.h"

#include "common/codec/json_scan.h"

/* An exponent beyond which no written digits matter: requests are shorter. */
static const int64_t FAR = (int64_t)1 << 40;

bool tg_number_exceeds_one(struct tg_text number)
{
    int64_t exponent = 0;
    int64_t point = -1, first = -1, digits = 0; /* places among the digits */
    char first_digit = 0;
    bool has_more = false;
    if (number.bytes == 0 || number.data[0] == '-')
        return false;
    for (size_t i = 0; i < number.bytes; ++i) {
        char c = number.data[i];
        if (c == '.') {
            point = digits;
        } else if (c == 'e' || c == 'E') {
            struct tg_text rest = tg_text(number.data + i + 1, number.bytes - i - 1);
            if (rest.bytes != 0 && rest.data[0] == '+')
                rest = tg_text(rest.data + 1, rest.bytes - 1);
            bool is_small = rest.bytes != 0 && rest.data[0] == '-';
            if (tg_json_to_i64(rest, &exponent) != TG_OK || exponent > FAR || exponent < -FAR)
                exponent = is_small ? -FAR : FAR;
            break;
        } else {
            if (c != '0' && first >= 0)
                has_more = true;
            if (c != '0' && first < 0) {
                first = digits;
                first_digit = c;
            }
            ++digits;
        }
    }
    if (first < 0)
        return false;
    int64_t before_point = (point < 0 ? digits : point) - first + exponent; /* 1: the first digit is that of ones */
    return before_point > 1 || (before_point == 1 && (first_digit > '1' || has_more));
}
