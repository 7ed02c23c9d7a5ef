#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/rates/decimal.h"

static void check(const char *text, int scale, enum tg_decimal_result wanted, int64_t wanted_value)
{
    int64_t value = -1;
    enum tg_decimal_result result = tg_decimal_parse(tg_text_of(text), scale, &value);
    if (result != wanted || (result == TG_DECIMAL_OK && value != wanted_value))
        fail_msg("%s x 10^%d: %s, %lld", text, scale, tg_decimal_result_name(result), (long long)value);
}

static void prices_per_token_as_price_lists_write_them_are_exact(void **state)
{
    check("1.5e-07", 12, TG_DECIMAL_OK, 150000);
    check("7.5e-08", 12, TG_DECIMAL_OK, 75000);
    check("1e-06", 12, TG_DECIMAL_OK, 1000000);
    check("0.00003", 12, TG_DECIMAL_OK, 30000000);
    check("3e-05", 12, TG_DECIMAL_OK, 30000000);
    check("0.0", 12, TG_DECIMAL_OK, 0);
    check("0e-400", 12, TG_DECIMAL_OK, 0);
    check("-0.0", 12, TG_DECIMAL_OK, 0);
    check("1E-12", 12, TG_DECIMAL_OK, 1);
    check("1.0000e-12", 12, TG_DECIMAL_OK, 1);
    check("2.50", 6, TG_DECIMAL_OK, 2500000);
    check("0.000001", 6, TG_DECIMAL_OK, 1);
    check("1e+2", 0, TG_DECIMAL_OK, 100);
    check("9223372036854775807", 0, TG_DECIMAL_OK, INT64_MAX);
    check("9.223372036854775807e6", 12, TG_DECIMAL_OK, INT64_MAX);
}

static void what_would_have_to_be_rounded_is_refused(void **state)
{
    check("1e-13", 12, TG_DECIMAL_TOO_FINE, 0);
    check("1.6666666666666667e-05", 12, TG_DECIMAL_TOO_FINE, 0);
    check("0.0000001", 6, TG_DECIMAL_TOO_FINE, 0);
    check("1e-99999999999999999999", 12, TG_DECIMAL_TOO_FINE, 0);
    check("9223372036854775808", 0, TG_DECIMAL_TOO_LARGE, 0);
    check("10000000", 12, TG_DECIMAL_TOO_LARGE, 0);
    check("1e99999999999999999999", 12, TG_DECIMAL_TOO_LARGE, 0);
    check("99999999999999999999", 0, TG_DECIMAL_TOO_LARGE, 0);
    check("-1e-06", 12, TG_DECIMAL_NEGATIVE, 0);
}

static void what_json_does_not_call_a_number_is_none(void **state)
{
    static const char *const BAD[] = {"",    "-",        ".5",    "5.",   "1e",  "1e+",  "+1",    "01",
                                      "0x1", "1 ",       " 1",    "1,5",  "NaN", "1e5x", "1.2.3", "--1",
                                      "1e-", "Infinity", "1_000", "00.1", "e5",  "1.e5", "½"};
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); ++i)
        check(BAD[i], 12, TG_DECIMAL_MALFORMED, 0);
}

/* Every text that snprintf can make of a whole number with its point moved about comes back as that number. */
static void a_number_is_the_same_wherever_its_point_stands(void **state)
{
    uint64_t random = 1;
    for (int round = 0; round < 20000; ++round) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        int64_t number = (int64_t)(random >> (1 + random % 63));
        char digits[64], text[96];
        snprintf(digits, sizeof(digits), "%019lld", (long long)number);
        size_t point = 1 + random % 18;
        size_t skipped = 0;
        while (skipped + 1 < point && digits[skipped] == '0')
            ++skipped;
        snprintf(text, sizeof(text), "%.*s.%se%d", (int)(point - skipped), digits + skipped, digits + point,
                 (int)(19 - point) - 12);
        check(text, 12, TG_DECIMAL_OK, number);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prices_per_token_as_price_lists_write_them_are_exact),
        cmocka_unit_test(what_would_have_to_be_rounded_is_refused),
        cmocka_unit_test(what_json_does_not_call_a_number_is_none),
        cmocka_unit_test(a_number_is_the_same_wherever_its_point_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
