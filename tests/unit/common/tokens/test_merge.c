/* The merging in windows against the rule itself, taken literally over the whole piece. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/tokens/merge.h"

enum { MAX_PIECE_BYTES = 3000, ROUNDS = 12 };

/* Joins the lowest pair, the leftmost first, until none is left. The tokens; `ids` has room for one per byte. */
static size_t merge_literally(const struct tg_token_view *view, const uint8_t *piece, size_t length, uint32_t *ids)
{
    static size_t starts[MAX_PIECE_BYTES + 1];
    size_t count = length;
    for (size_t i = 0; i <= length; ++i)
        starts[i] = i;
    for (;;) {
        uint32_t lowest = TG_TOKEN_NONE;
        size_t at = 0;
        for (size_t i = 0; i + 1 < count; ++i) {
            uint32_t id = tg_tokens_find(view, piece + starts[i], starts[i + 2] - starts[i]);
            if (id < lowest) {
                lowest = id;
                at = i;
            }
        }
        if (lowest == TG_TOKEN_NONE)
            break;
        memmove(starts + at + 1, starts + at + 2, (count - at - 1) * sizeof(*starts));
        --count;
    }
    for (size_t i = 0; i < count; ++i)
        ids[i] = tg_tokens_find(view, piece + starts[i], starts[i + 1] - starts[i]);
    return count;
}

static void assert_same(enum tg_vocabulary vocabulary, const uint8_t *piece, size_t length)
{
    static uint32_t expected[MAX_PIECE_BYTES];
    static uint32_t ids[MAX_PIECE_BYTES];
    struct tg_token_view view = tg_tokens_view(vocabulary);
    struct tg_token_sink sink = {ids, MAX_PIECE_BYTES, 0};
    size_t count = merge_literally(&view, piece, length, expected);
    tg_tokens_merge(&view, piece, length, &sink);
    assert_int_equal(sink.tokens, count);
    assert_memory_equal(ids, expected, count * sizeof(*ids));
}

static void assert_same_for_letters(const char *letters)
{
    uint8_t piece[MAX_PIECE_BYTES];
    size_t kinds = strlen(letters);
    uint32_t random = 1;
    for (int round = 0; round < ROUNDS; ++round) {
        size_t length = round < ROUNDS / 2 ? 1 + (size_t)round * 90 : 513 + (size_t)round * 31;
        for (size_t i = 0; i < length; ++i) {
            random = random * 1664525 + 1013904223;
            piece[i] = (uint8_t)letters[(random >> 8) % kinds];
        }
        assert_same(TG_VOCABULARY_O200K, piece, length);
        assert_same(TG_VOCABULARY_CL100K, piece, length);
    }
}

static void words_of_few_letters_are_merged_by_the_rule(void **state)
{
    (void)state;
    assert_same_for_letters("a");
    assert_same_for_letters("ab");
    assert_same_for_letters("acgt");
    assert_same_for_letters(" \t");
    assert_same_for_letters("=-");
}

static void words_of_many_letters_are_merged_by_the_rule(void **state)
{
    (void)state;
    assert_same_for_letters("etaoinshrdlu");
    assert_same_for_letters("abcdefghijklmnopqrstuvwxyz");
    assert_same_for_letters("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    assert_same_for_letters("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_few_letters_are_merged_by_the_rule),
        cmocka_unit_test(words_of_many_letters_are_merged_by_the_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
