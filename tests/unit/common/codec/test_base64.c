#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/codec/base64.h"

/* RFC 4648 section 10. */
static void the_vectors_of_the_rfc_hold(void **state)
{
    static const char *const vectors[][2] = {{"", ""},
                                             {"f", "Zg=="},
                                             {"fo", "Zm8="},
                                             {"foo", "Zm9v"},
                                             {"foob", "Zm9vYg=="},
                                             {"fooba", "Zm9vYmE="},
                                             {"foobar", "Zm9vYmFy"}};
    struct tg_arena arena;
    tg_arena_init(&arena);
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); ++i) {
        struct tg_text octets;
        assert_true(tg_text_is(tg_base64_encode(&arena, tg_text_of(vectors[i][0])), vectors[i][1]));
        assert_true(tg_base64_decode(&arena, tg_text_of(vectors[i][1]), &octets));
        assert_true(tg_text_is(octets, vectors[i][0]));
    }
    tg_arena_deinit(&arena);
}

static void every_octet_survives(void **state)
{
    struct tg_arena arena;
    struct tg_text octets;
    char all[256];
    tg_arena_init(&arena);
    for (int i = 0; i < 256; ++i)
        all[i] = (char)i;
    assert_true(tg_base64_decode(&arena, tg_base64_encode(&arena, tg_text(all, sizeof(all))), &octets));
    assert_int_equal(octets.bytes, sizeof(all));
    assert_memory_equal(octets.data, all, sizeof(all));
    tg_arena_deinit(&arena);
}

static void what_is_not_whole_or_not_of_the_alphabet_is_refused(void **state)
{
    static const char *const bad[] = {"Z", "Zg", "Zg=", "Zg==Zg==", "Z===", "====", "Zm9v\n", "Zm-v", "Zm 9"};
    struct tg_arena arena;
    struct tg_text octets;
    tg_arena_init(&arena);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); ++i)
        assert_false(tg_base64_decode(&arena, tg_text_of(bad[i]), &octets));
    tg_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_rfc_hold),
        cmocka_unit_test(every_octet_survives),
        cmocka_unit_test(what_is_not_whole_or_not_of_the_alphabet_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
