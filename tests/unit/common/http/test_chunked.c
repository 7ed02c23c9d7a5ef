#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/http/chunked.h"

static const char coded[] = "5\r\nhello\r\n1;name=\"v\"\r\n \r\n00a\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nNEXT";
static const char plain[] = "hello 0123456789";

/* Feeds `coded` in two parts; what is left behind the body is put where *rest points. */
static bool decode_in_two(size_t split, char *body, size_t *body_bytes, char *rest)
{
    struct chunked chunked = {0};
    size_t bytes = sizeof(coded) - 1;
    *body_bytes = 0;
    rest[0] = '\0';
    for (size_t part = 0; part < 2; ++part) {
        size_t from = part == 0 ? 0 : split;
        size_t size = part == 0 ? split : bytes - split;
        char *data = malloc(size + 1);
        memcpy(data, coded + from, size);
        data[size] = '\0';
        size_t got;
        size_t taken;
        if (!chunked_decode(&chunked, data, size, &got, &taken)) {
            free(data);
            return false;
        }
        memcpy(body + *body_bytes, data, got);
        *body_bytes += got;
        strcat(rest, data + taken);
        free(data);
    }
    return chunked_is_done(&chunked);
}

static void a_body_split_at_any_byte_is_the_same_body(void **state)
{
    for (size_t split = 0; split < sizeof(coded); ++split) {
        char body[64];
        char rest[64];
        size_t bytes;
        assert_true(decode_in_two(split, body, &bytes, rest));
        assert_int_equal(bytes, sizeof(plain) - 1);
        assert_memory_equal(body, plain, bytes);
        assert_string_equal(rest, "NEXT");
    }
}

static void what_is_not_chunked_coding_is_refused(void **state)
{
    static const char *const cases[] = {
        "\r\n",
        "g\r\n",
        "-1\r\n",
        "0x5\r\nhello\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "5\r\nhello\r\r\n0\r\n\r\n",
        "5\rhello\r\n0\r\n\r\n",
        "5\r\nhello\r\n0\r\n\n",
        "5\r\nhello\r\n0\r\nTrailer: x\n\r\n",
        "5;a\nb\r\nhello\r\n",
        "5junk\r\nhello\r\n",
        "10000000000000000\r\n",
        "ffffffffffffffffffffffff\r\n",
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        struct chunked chunked = {0};
        size_t body_bytes;
        size_t taken;
        char data[64];
        strcpy(data, cases[i]);
        if (chunked_decode(&chunked, data, strlen(data), &body_bytes, &taken))
            fail_msg("taken for chunked: %s", cases[i]);
    }
}

static void endless_extensions_and_trailers_are_refused(void **state)
{
    static const char *const beginnings[] = {"5;", "0\r\n"};
    for (size_t i = 0; i < 2; ++i) {
        struct chunked chunked = {0};
        size_t body_bytes;
        size_t taken;
        char data[1024];
        strcpy(data, beginnings[i]);
        bool is_well = chunked_decode(&chunked, data, strlen(data), &body_bytes, &taken);
        size_t fed = 0;
        for (; is_well && fed < 100; ++fed) {
            memset(data, 'x', sizeof(data));
            is_well = chunked_decode(&chunked, data, sizeof(data), &body_bytes, &taken);
        }
        assert_false(is_well);
        assert_true(fed <= 9);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_split_at_any_byte_is_the_same_body),
        cmocka_unit_test(what_is_not_chunked_coding_is_refused),
        cmocka_unit_test(endless_extensions_and_trailers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
