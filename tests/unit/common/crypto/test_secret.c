#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/crypto/secret.h"

static char directory[] = "/tmp/tollgate-test-secret-XXXXXX";
static char path[128];

static int make_directory(void **state)
{
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/secret", directory);
    return 0;
}

static int remove_directory(void **state)
{
    unlink(path);
    return rmdir(directory);
}

static void write_file(const char *content, mode_t mode)
{
    assert_int_equal(tg_file_write_atomic(path, tg_text_of(content), mode, NULL), TG_OK);
}

static void a_secret_file_is_read_without_its_line_end(void **state)
{
    struct tg_secret secret;
    const char *contents[] = {"token value", "token value\n", "token value\r\n"};
    for (size_t i = 0; i < 3; ++i) {
        write_file(contents[i], 0600);
        assert_int_equal(tg_secret_read_file(path, 13, &secret, NULL), TG_OK);
        assert_true(tg_text_is(tg_secret_text(&secret), "token value"));
        assert_int_equal(secret.data[secret.bytes], '\0');
        tg_secret_deinit(&secret);
    }
}

static void a_file_that_others_can_reach_is_refused(void **state)
{
    struct tg_secret secret;
    struct tg_error error;
    const mode_t modes[] = {0640, 0604, 0620, 0602, 0644};
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); ++i) {
        write_file("token value", modes[i]);
        assert_int_equal(tg_secret_read_file(path, 100, &secret, &error), TG_DENIED);
        assert_non_null(strstr(error.message, path));
        assert_non_null(strstr(error.message, "chmod 600"));
        assert_null(strstr(error.message, "token value"));
        assert_null(secret.data);
    }
}

static void missing_empty_long_and_irregular_files_are_refused(void **state)
{
    struct tg_secret secret;
    unlink(path);
    assert_int_equal(tg_secret_read_file(path, 100, &secret, NULL), TG_NOT_FOUND);
    write_file("\n", 0600);
    assert_int_equal(tg_secret_read_file(path, 100, &secret, NULL), TG_INVALID);
    write_file("12345", 0600);
    assert_int_equal(tg_secret_read_file(path, 4, &secret, NULL), TG_TOO_LARGE);
    assert_int_equal(tg_secret_read_file(path, 5, &secret, NULL), TG_OK);
    tg_secret_deinit(&secret);
    assert_int_equal(tg_secret_read_file(directory, 100, &secret, NULL), TG_INVALID);
}

static void a_key_is_hex_or_base64(void **state)
{
    uint8_t expected[32];
    for (int i = 0; i < 32; ++i)
        expected[i] = (uint8_t)i;
    const char *forms[] = {
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n",
        "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
    };
    for (size_t i = 0; i < 3; ++i) {
        uint8_t key[32] = {0xff};
        write_file(forms[i], 0400);
        assert_int_equal(tg_secret_read_key(path, key, NULL), TG_OK);
        assert_memory_equal(key, expected, sizeof(key));
    }
}

static void what_is_not_a_key_is_refused_without_quoting_it(void **state)
{
    const char *wrong[] = {
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e",     /* a byte short */
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20", /* a byte long */
        "zz0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdH*8=",
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); ++i) {
        uint8_t key[32];
        struct tg_error error;
        write_file(wrong[i], 0600);
        assert_int_equal(tg_secret_read_key(path, key, &error), TG_INVALID);
        assert_null(strstr(error.message, wrong[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_file_is_read_without_its_line_end),
        cmocka_unit_test(a_file_that_others_can_reach_is_refused),
        cmocka_unit_test(missing_empty_long_and_irregular_files_are_refused),
        cmocka_unit_test(a_key_is_hex_or_base64),
        cmocka_unit_test(what_is_not_a_key_is_refused_without_quoting_it),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
