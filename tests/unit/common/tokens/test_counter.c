#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/base/buf.h"
#include "common/tokens/tokens.h"

enum { MAX_TEXT_BYTES = 1 << 20 };

static const char mixed[] =
    "It's 12345 o'clock;  WE'LL go\n\n \tto \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e "
    "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa9 e\xcc\x81tude!!\n//x\xe3\x80\x80\xe3\x80\x80y   ";

/* Each part is an exact heap copy, so that AddressSanitizer sees every stray read. */
static int64_t count_in_parts(enum tg_vocabulary vocabulary, struct tg_text text, size_t first, size_t later)
{
    struct tg_token_counter counter;
    tg_token_counter_init(&counter, vocabulary);
    for (size_t at = 0, part = first; at < text.bytes; at += part, part = later) {
        size_t bytes = part < text.bytes - at ? part : text.bytes - at;
        char *copy = malloc(bytes);
        assert_non_null(copy);
        memcpy(copy, text.data + at, bytes);
        tg_token_counter_feed(&counter, tg_text(copy, bytes));
        free(copy);
    }
    return tg_token_counter_finish(&counter);
}

static void a_text_cut_anywhere_has_the_tokens_of_the_whole(void **state)
{
    (void)state;
    struct tg_text text = tg_text_of(mixed);
    for (int vocabulary = TG_VOCABULARY_O200K; vocabulary <= TG_VOCABULARY_CL100K; ++vocabulary) {
        int64_t expected = tg_tokens_count(vocabulary, text);
        for (size_t first = 1; first <= text.bytes; ++first)
            for (size_t later = 1; later < 9; ++later)
                assert_int_equal(count_in_parts(vocabulary, text, first, later), expected);
    }
}

static void every_beginning_of_a_text_can_be_counted_while_it_comes(void **state)
{
    (void)state;
    struct tg_text text = tg_text_of(mixed);
    struct tg_token_counter counter;
    tg_token_counter_init(&counter, TG_VOCABULARY_O200K);
    for (size_t at = 0; at < text.bytes; ++at) {
        assert_int_equal(tg_token_counter_finish(&counter),
                         tg_tokens_count(TG_VOCABULARY_O200K, tg_text(text.data, at)));
        tg_token_counter_feed(&counter, tg_text(text.data + at, 1));
    }
}

static void nothing_fed_is_no_token(void **state)
{
    (void)state;
    struct tg_token_counter counter;
    tg_token_counter_init(&counter, TG_VOCABULARY_CL100K);
    tg_token_counter_feed(&counter, tg_text_of(NULL));
    assert_int_equal(tg_token_counter_finish(&counter), 0);
}

static struct tg_buf repeat(const char *unit, size_t bytes)
{
    struct tg_buf text;
    tg_buf_init(&text, MAX_TEXT_BYTES);
    while (text.bytes < bytes)
        assert_int_equal(tg_buf_append(&text, tg_text_of(unit)), TG_OK);
    return text;
}

static void a_piece_without_end_is_counted_alike_however_it_is_fed(void **state)
{
    (void)state;
    static const char *const units[] = {
        "a",
        "tokenization",
        " ",
        "\n ",
        "=",
        "\xe6\x97\xa5\xe6\x9c\xac",
        "\xe6\x97\xa5"
        "AAAAAAAA",
        "\x80", /* never a character */
        "\xf0\x9f\x91\xa9\xe2\x80\x8d",
    };
    for (size_t i = 0; i < sizeof(units) / sizeof(*units); ++i) {
        struct tg_buf text = repeat(units[i], 20000);
        int64_t whole = tg_tokens_count(TG_VOCABULARY_O200K, tg_buf_text(&text));
        int64_t at_once = count_in_parts(TG_VOCABULARY_O200K, tg_buf_text(&text), text.bytes, 1);
        assert_int_equal(count_in_parts(TG_VOCABULARY_O200K, tg_buf_text(&text), 7, 1000), at_once);
        assert_int_equal(count_in_parts(TG_VOCABULARY_O200K, tg_buf_text(&text), 1, 64), at_once);
        assert_in_range(at_once, whole, whole + 2 * 20);
        tg_buf_deinit(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_cut_anywhere_has_the_tokens_of_the_whole),
        cmocka_unit_test(every_beginning_of_a_text_can_be_counted_while_it_comes),
        cmocka_unit_test(nothing_fed_is_no_token),
        cmocka_unit_test(a_piece_without_end_is_counted_alike_however_it_is_fed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
