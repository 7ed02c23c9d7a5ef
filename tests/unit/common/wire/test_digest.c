#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/crypto/digest.h"
#include "common/wire/digest.h"

static struct tg_digest number(uint8_t top, uint8_t middle, uint8_t bottom)
{
    struct tg_digest digest = {{0}};
    digest.octets[0] = top;
    digest.octets[16] = middle;
    digest.octets[31] = bottom;
    return digest;
}

static void a_carry_runs_through_all_octets_and_wraps(void **state)
{
    struct tg_digest sum;
    memset(sum.octets, 0xff, sizeof(sum.octets));
    struct tg_digest one = number(0, 0, 1);
    tg_digest_add(&sum, one.octets);
    struct tg_digest zero = number(0, 0, 0);
    assert_true(tg_digest_equals(&sum, &zero));
    tg_digest_subtract(&sum, one.octets);
    for (size_t i = 0; i < sizeof(sum.octets); ++i)
        assert_int_equal(sum.octets[i], 0xff);
}

static void the_last_octet_counts_ones(void **state)
{
    struct tg_digest sum = number(0, 0, 0xfe);
    struct tg_digest three = number(0, 0, 3);
    tg_digest_add(&sum, three.octets);
    assert_int_equal(sum.octets[31], 1);
    assert_int_equal(sum.octets[30], 1);
    assert_int_equal(sum.octets[29], 0);
    tg_digest_subtract(&sum, three.octets);
    struct tg_digest expected = number(0, 0, 0xfe);
    assert_true(tg_digest_equals(&sum, &expected));
}

static void neither_order_nor_detours_matter(void **state)
{
    uint8_t hashes[8][32];
    for (int i = 0; i < 8; ++i)
        tg_sha256(&i, sizeof(i), hashes[i]);
    struct tg_digest forth = {{0}}, back = {{0}};
    for (int i = 0; i < 6; ++i)
        tg_digest_add(&forth, hashes[i]);
    for (int i = 7; i >= 0; --i)
        tg_digest_add(&back, hashes[i]);
    assert_false(tg_digest_equals(&forth, &back));
    tg_digest_subtract(&back, hashes[7]);
    tg_digest_subtract(&back, hashes[6]);
    assert_true(tg_digest_equals(&forth, &back));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_carry_runs_through_all_octets_and_wraps),
        cmocka_unit_test(the_last_octet_counts_ones),
        cmocka_unit_test(neither_order_nor_detours_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
