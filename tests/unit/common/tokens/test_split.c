#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/tokens/split.h"

enum { MAX_SHOWN_BYTES = 256 };

/* The pieces with a bar between them. */
static void assert_pieces(enum tg_vocabulary vocabulary, const char *whole, const char *expected)
{
    struct tg_text text = tg_text_of(whole);
    char shown[MAX_SHOWN_BYTES];
    int at = 0;
    while (text.bytes != 0) {
        bool is_certain;
        size_t length = tg_tokens_split(vocabulary, text, &is_certain);
        assert_in_range(length, 1, text.bytes);
        at += snprintf(shown + at, sizeof(shown) - (size_t)at, "%s%.*s", at == 0 ? "" : "|", (int)length, text.data);
        text = tg_text(text.data + length, text.bytes - length);
    }
    assert_string_equal(shown, expected);
}

static void both(const char *whole, const char *expected)
{
    assert_pieces(TG_VOCABULARY_O200K, whole, expected);
    assert_pieces(TG_VOCABULARY_CL100K, whole, expected);
}

static void a_word_takes_one_space_or_sign_before_it(void **state)
{
    (void)state;
    both("one two (three) -four", "one| two| (|three|)| -|four");
    both("(x_y--z", "(x|_y|--|z");
    both("  deep\t\ttab", " | deep|\t|\ttab");
}

static void digits_come_in_threes_and_take_no_space(void **state)
{
    (void)state;
    both("x 1234567 8", "x| |123|456|7| |8");
    both("\xd9\xa1\xd9\xa2\xd9\xa3\xd9\xa4", "\xd9\xa1\xd9\xa2\xd9\xa3|\xd9\xa4");
}

static void line_breaks_end_a_run_of_white_space(void **state)
{
    (void)state;
    both("a \n \n  b", "a| \n \n| | b");
    both("a\r\n\r\n", "a|\r\n\r\n");
    both("a   ", "a|   ");
    both("a\xe3\x80\x80\xe3\x80\x80"
         "1",
         "a|\xe3\x80\x80|\xe3\x80\x80|1");
}

static void punctuation_takes_line_breaks_and_in_o200k_slashes(void **state)
{
    (void)state;
    both("x ...\n\ny", "x| ...\n\n|y");
    assert_pieces(TG_VOCABULARY_O200K, "!\n//\n/ x", "!\n//\n/| x");
    assert_pieces(TG_VOCABULARY_CL100K, "!\n//\n/ x", "!\n|//\n|/| x");
}

static void contractions_stay_with_the_word_in_o200k_alone(void **state)
{
    (void)state;
    assert_pieces(TG_VOCABULARY_O200K, "don't WE'LL o'clock 's", "don't| WE'LL| o|'clock| '|s");
    assert_pieces(TG_VOCABULARY_CL100K, "don't WE'LL o'clock 's", "don|'t| WE|'LL| o|'clock| '|s");
    assert_pieces(TG_VOCABULARY_O200K, "he'Re's", "he'Re|'s");
    assert_pieces(TG_VOCABULARY_CL100K, "'sat", "'s|at");
}

/* Case-insensitive matching knows one s beyond ASCII. */
static void the_long_s_is_an_s(void **state)
{
    (void)state;
    assert_pieces(TG_VOCABULARY_O200K, "IT'\xc5\xbfX", "IT'\xc5\xbf|X");
    assert_pieces(TG_VOCABULARY_CL100K, "IT'\xc5\xbfX", "IT|'\xc5\xbf|X");
}

static void o200k_cuts_where_capitals_begin(void **state)
{
    (void)state;
    assert_pieces(TG_VOCABULARY_O200K, "camelCase", "camel|Case");
    assert_pieces(TG_VOCABULARY_O200K, "XMLHttpABC", "XMLHttp|ABC");
    assert_pieces(TG_VOCABULARY_CL100K, "camelCase", "camelCase");
    /* Letters without case can end a word, and do when only capitals follow. */
    assert_pieces(TG_VOCABULARY_O200K,
                  "\xe5\xad\x97"
                  "AB\xe5\xad\x97"
                  "AB",
                  "\xe5\xad\x97"
                  "AB\xe5\xad\x97|AB");
    assert_pieces(TG_VOCABULARY_O200K,
                  "\xe5\xad\x97"
                  "ABc",
                  "\xe5\xad\x97"
                  "ABc");
}

static void marks_are_letters_in_o200k_and_signs_in_cl100k(void **state)
{
    (void)state;
    assert_pieces(TG_VOCABULARY_O200K,
                  "e\xcc\x81"
                  "A\xcc\x81's",
                  "e\xcc\x81|A\xcc\x81's");
    assert_pieces(TG_VOCABULARY_CL100K,
                  "e\xcc\x81"
                  "A",
                  "e|\xcc\x81"
                  "A");
}

static bool is_certain_of(const char *text)
{
    bool is_certain;
    tg_tokens_split(TG_VOCABULARY_O200K, tg_text_of(text), &is_certain);
    return is_certain;
}

static void a_piece_is_certain_once_what_follows_cannot_change_it(void **state)
{
    (void)state;
    assert_false(is_certain_of("word"));
    assert_true(is_certain_of("word "));
    assert_false(is_certain_of("word'"));
    assert_false(is_certain_of("word'r"));
    assert_true(is_certain_of("word'x"));
    assert_false(is_certain_of("  "));
    assert_true(is_certain_of("  x"));
    assert_false(is_certain_of("  \xe2\x80")); /* could become white space */
    assert_true(is_certain_of("  \xe2\xe2"));
    assert_false(is_certain_of("12"));
    assert_true(is_certain_of("123"));
    assert_false(is_certain_of("!"));
    assert_false(is_certain_of("!\n"));
    assert_true(is_certain_of("!\n "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_takes_one_space_or_sign_before_it),
        cmocka_unit_test(digits_come_in_threes_and_take_no_space),
        cmocka_unit_test(line_breaks_end_a_run_of_white_space),
        cmocka_unit_test(punctuation_takes_line_breaks_and_in_o200k_slashes),
        cmocka_unit_test(contractions_stay_with_the_word_in_o200k_alone),
        cmocka_unit_test(the_long_s_is_an_s),
        cmocka_unit_test(o200k_cuts_where_capitals_begin),
        cmocka_unit_test(marks_are_letters_in_o200k_and_signs_in_cl100k),
        cmocka_unit_test(a_piece_is_certain_once_what_follows_cannot_change_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
