#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/crypto/digest.h"
#include "common/crypto/random.h"

static void assert_hex(const uint8_t digest[TG_SHA256_BYTES], const char *expected)
{
    char hex[2 * TG_SHA256_BYTES + 1];
    tg_hex_encode(digest, TG_SHA256_BYTES, hex);
    assert_string_equal(hex, expected);
}

/* FIPS 180-4 examples. */
static void sha256_gives_the_published_digests(void **state)
{
    uint8_t digest[TG_SHA256_BYTES];
    tg_sha256("abc", 3, digest);
    assert_hex(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    tg_sha256("", 0, digest);
    assert_hex(digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    const char *two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    tg_sha256(two_blocks, strlen(two_blocks), digest);
    assert_hex(digest, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void pieces_digest_like_the_whole_and_a_state_starts_anew(void **state)
{
    uint8_t digest[TG_SHA256_BYTES];
    struct tg_sha256_state sha;
    tg_sha256_init(&sha);
    for (int round = 0; round < 2; ++round) {
        tg_sha256_update(&sha, "a", 1);
        tg_sha256_update(&sha, "", 0);
        tg_sha256_update(&sha, "bc", 2);
        tg_sha256_finish(&sha, digest);
        assert_hex(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
    tg_sha256_deinit(&sha);
}

/* RFC 4231 test cases 1, 2 and 6 (a key longer than a block). */
static void hmac_gives_the_published_codes(void **state)
{
    uint8_t code[TG_SHA256_BYTES];
    char key[131];
    memset(key, 0x0b, 20);
    tg_hmac_sha256(tg_text(key, 20), "Hi There", 8, code);
    assert_hex(code, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    const char *what = "what do ya want for nothing?";
    tg_hmac_sha256(tg_text_of("Jefe"), what, strlen(what), code);
    assert_hex(code, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof(key));
    const char *larger = "Test Using Larger Than Block-Size Key - Hash Key First";
    tg_hmac_sha256(tg_text(key, sizeof(key)), larger, strlen(larger), code);
    assert_hex(code, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* RFC 5869 test case 3: no salt, no info. */
static void a_derived_key_is_hkdf(void **state)
{
    char secret[22];
    memset(secret, 0x0b, sizeof(secret));
    uint8_t key[32];
    tg_derive_key(tg_text(secret, sizeof(secret)), "", key);
    assert_hex(key, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
    uint8_t other[32];
    tg_derive_key(tg_text(secret, sizeof(secret)), "disk snapshot", other);
    assert_memory_not_equal(key, other, sizeof(key));
}

static void comparison_sees_a_difference_in_any_byte(void **state)
{
    char a[32] = {0};
    char b[32] = {0};
    assert_true(tg_equals_constant_time(a, b, sizeof(a)));
    for (size_t i = 0; i < sizeof(a); ++i) {
        b[i] = 1;
        assert_false(tg_equals_constant_time(a, b, sizeof(a)));
        b[i] = 0;
    }
}

static void tokens_are_letters_and_digits_and_never_repeat(void **state)
{
    enum { DRAWS = 200, CAPACITY = sizeof("tg-") + TG_RANDOM_TOKEN_CHARS };
    static char tokens[DRAWS][CAPACITY];
    int uses[128] = {0};
    for (int i = 0; i < DRAWS; ++i) {
        tg_random_token("tg-", tokens[i], CAPACITY);
        assert_memory_equal(tokens[i], "tg-", 3);
        assert_int_equal(strlen(tokens[i]), CAPACITY - 1);
        assert_int_equal(strspn(tokens[i] + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
                         TG_RANDOM_TOKEN_CHARS);
        for (const char *at = tokens[i] + 3; *at != '\0'; ++at)
            ++uses[(unsigned char)*at];
        for (int j = 0; j < i; ++j)
            assert_string_not_equal(tokens[i], tokens[j]);
    }
    /* 8,600 draws of 62 letters: each comes about 139 times; never coming would be a bug, not chance. */
    for (const char *at = "09AZaz"; *at != '\0'; ++at)
        assert_true(uses[(unsigned char)*at] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_gives_the_published_digests),
        cmocka_unit_test(pieces_digest_like_the_whole_and_a_state_starts_anew),
        cmocka_unit_test(hmac_gives_the_published_codes),
        cmocka_unit_test(a_derived_key_is_hkdf),
        cmocka_unit_test(comparison_sees_a_difference_in_any_byte),
        cmocka_unit_test(tokens_are_letters_and_digits_and_never_repeat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
