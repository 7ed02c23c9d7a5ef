#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/tokens/tokens.h"

enum { MAX_IDS = 64, LONG_BYTES = 1 << 20 };

/* What tiktoken 1.0.22 (npm) says; ids end at the first 0 behind the first place. */
static const struct {
    const char *text;
    uint32_t o200k[MAX_IDS];
    uint32_t cl100k[MAX_IDS];
} known[] = {
    {"It's 12345 o'clock, WE'LL go",
     {15834, 220, 7633, 2548, 293, 141801, 11, 26919, 6, 7454, 810},
     {2181, 596, 220, 4513, 1774, 297, 63510, 11, 20255, 6, 4178, 733}},
    {"  \n\n\tx  ", {11691, 21395, 256}, {19124, 10436, 256}},
    {"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x81\xae\xe6\x96\x87\xe7\xab\xa0\xe3\x81\xa7\xe3\x81\x99\xe3\x80\x82",
     {9048, 40909, 3385, 26474, 15121, 788},
     {9080, 22656, 45918, 252, 16144, 83125, 38641, 1811}},
    {"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7 \xf0\x9f\x87\xa9\xf0\x9f\x87\xaa",
     {28823, 102, 2524, 28823, 102, 2524, 28823, 100, 173468, 102, 55506, 103},
     {9468, 239, 102, 378, 235, 9468, 239, 102, 378, 235, 9468, 239, 100, 11410, 229, 102, 9468, 229, 103}},
    {"e\xcc\x81tude \xc3\x80\xc3\x89 na\xc3\xafve",
     {68, 13430, 83, 3525, 27643, 5859, 153475, 737},
     {68, 54939, 83, 799, 65381, 27887, 95980, 588}},
    {"if (a == b) {\n\treturn -1;\n}\n",
     {366, 350, 64, 951, 287, 8, 405, 1393, 533, 16, 307, 739},
     {333, 320, 64, 624, 293, 8, 341, 862, 482, 16, 280, 534}},
    {"<|endoftext|>", {27, 91, 419, 1440, 919, 91, 29}, {27, 91, 8862, 728, 428, 91, 29}},
    {"camelCaseXMLHttpRequest_\xe6\xbc\xa2\xe5\xad\x97"
     "ABC\xe6\xbc\xa2",
     {178067, 6187, 13836, 4682, 2303, 62, 183591, 8134, 44197, 183591},
     {94421, 4301, 10833, 27459, 62, 78256, 95, 19113, 26484, 78256, 95}},
};

static void assert_ids(enum tg_vocabulary vocabulary, struct tg_text text, const uint32_t *expected)
{
    uint32_t ids[MAX_IDS] = {0};
    int64_t count = 0;
    while (expected[count] != 0)
        ++count;
    assert_int_equal(tg_tokens_encode(vocabulary, text, ids, MAX_IDS), count);
    assert_memory_equal(ids, expected, sizeof(ids));
    assert_int_equal(tg_tokens_count(vocabulary, text), count);
}

static void known_texts_have_the_ids_that_openai_gives_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); ++i) {
        assert_ids(TG_VOCABULARY_O200K, tg_text_of(known[i].text), known[i].o200k);
        assert_ids(TG_VOCABULARY_CL100K, tg_text_of(known[i].text), known[i].cl100k);
    }
}

static void nothing_is_no_token(void **state)
{
    (void)state;
    assert_int_equal(tg_tokens_count(TG_VOCABULARY_O200K, tg_text_of(NULL)), 0);
    assert_int_equal(tg_tokens_count(TG_VOCABULARY_CL100K, tg_text_of("")), 0);
}

static void more_ids_than_there_is_room_for_are_counted_and_not_written(void **state)
{
    (void)state;
    uint32_t ids[3] = {0, 0, 77};
    assert_int_equal(tg_tokens_encode(TG_VOCABULARY_O200K, tg_text_of("Hello, world!"), ids, 2), 4);
    assert_int_equal(ids[0], 13225);
    assert_int_equal(ids[1], 11);
    assert_int_equal(ids[2], 77);
}

static void every_token_s_bytes_are_found_again(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {[TG_VOCABULARY_O200K] = 199998, [TG_VOCABULARY_CL100K] = 100256};
    for (int vocabulary = TG_VOCABULARY_O200K; vocabulary <= TG_VOCABULARY_CL100K; ++vocabulary) {
        for (uint32_t id = 0; id < sizes[vocabulary]; ++id) {
            struct tg_text bytes = tg_tokens_bytes(vocabulary, id);
            assert_in_range(bytes.bytes, 1, 128);
            /* Some tokens span what the splitting now keeps apart; their bytes are kept all the same. */
            uint32_t ids[128];
            int64_t count = tg_tokens_encode(vocabulary, bytes, ids, 128);
            size_t total = 0;
            for (int64_t i = 0; i < count; ++i) {
                struct tg_text part = tg_tokens_bytes(vocabulary, ids[i]);
                assert_memory_equal(bytes.data + total, part.data, part.bytes);
                total += part.bytes;
            }
            assert_int_equal(total, bytes.bytes);
            if (count == 1)
                assert_int_equal(ids[0], id);
        }
        assert_null(tg_tokens_bytes(vocabulary, sizes[vocabulary]).data);
        assert_null(tg_tokens_bytes(vocabulary, UINT32_MAX).data);
    }
}

static void bytes_that_are_not_utf8_are_tokens_too(void **state)
{
    (void)state;
    static const char *const broken[] = {"\xc3",         "a\xe2\x82",        "\xed\xa0\x80", "\xf0\x9f\x98",
                                         "\xff\xfe\xfd", "\xf4\x90\x80\x80", "\xc0\xaf",     "\x80\x80 x"};
    for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); ++i) {
        struct tg_text text = tg_text_of(broken[i]);
        uint32_t ids[8];
        size_t total = 0;
        int64_t count = tg_tokens_encode(TG_VOCABULARY_O200K, text, ids, 8);
        for (int64_t token = 0; token < count; ++token)
            total += tg_tokens_bytes(TG_VOCABULARY_O200K, ids[token]).bytes;
        assert_int_equal(total, text.bytes);
    }
}

static int64_t count_run(enum tg_vocabulary vocabulary, const char *unit)
{
    struct tg_text part = tg_text_of(unit);
    char *text = malloc(LONG_BYTES);
    assert_non_null(text);
    for (size_t i = 0; i < LONG_BYTES; ++i)
        text[i] = part.data[i % part.bytes];
    int64_t tokens = tg_tokens_count(vocabulary, tg_text(text, LONG_BYTES));
    free(text);
    return tokens;
}

/* By the square of the length this would take hours. */
static void a_megabyte_of_one_character_is_counted_in_linear_time(void **state)
{
    (void)state;
    assert_int_equal(count_run(TG_VOCABULARY_O200K, "a"), LONG_BYTES / 8);
    assert_int_equal(count_run(TG_VOCABULARY_CL100K, "a"), LONG_BYTES / 8);
    assert_int_equal(count_run(TG_VOCABULARY_O200K, " "), (LONG_BYTES + 127) / 128);
    assert_int_equal(count_run(TG_VOCABULARY_CL100K, "="), LONG_BYTES / 64);
}

static void models_have_the_vocabulary_that_openai_names(void **state)
{
    (void)state;
    static const char *const o200k[] = {"gpt-4o",
                                        "gpt-4o-mini-2024-07-18",
                                        "chatgpt-4o-latest",
                                        "gpt-4.1",
                                        "gpt-4.1-nano",
                                        "gpt-4.5-preview",
                                        "gpt-5",
                                        "gpt-5-mini",
                                        "o1",
                                        "o3-mini",
                                        "o4-mini",
                                        "openai/gpt-4o",
                                        "ft:gpt-4o-mini:acme::id",
                                        "claude-sonnet-4",
                                        "gemini-2.5-pro",
                                        "gpt-41",
                                        "/",
                                        ""};
    static const char *const cl100k[] = {"gpt-4",
                                         "gpt-4-0613",
                                         "gpt-4-turbo",
                                         "gpt-4-32k",
                                         "gpt-3.5-turbo",
                                         "gpt-35-turbo-16k",
                                         "ft:gpt-3.5-turbo:acme::id",
                                         "ft:gpt-4:x",
                                         "azure/gpt-4",
                                         "text-embedding-3-small",
                                         "text-embedding-3-large",
                                         "text-embedding-ada-002"};
    for (size_t i = 0; i < sizeof(o200k) / sizeof(*o200k); ++i)
        assert_string_equal(tg_vocabulary_name(tg_vocabulary_for_model(tg_text_of(o200k[i]))), "o200k_base");
    for (size_t i = 0; i < sizeof(cl100k) / sizeof(*cl100k); ++i)
        assert_string_equal(tg_vocabulary_name(tg_vocabulary_for_model(tg_text_of(cl100k[i]))), "cl100k_base");
    assert_int_equal(tg_vocabulary_for_model(tg_text_of(NULL)), TG_VOCABULARY_O200K);
}

/* The example of the Cookbook's page: six messages, four of them with a name, are 129 tokens for gpt-3.5-turbo and
 * gpt-4 and 124 for gpt-4o. */
static void the_cookbook_s_example_has_the_count_that_openai_billed(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "system",
        "You are a helpful, pattern-following assistant that translates corporate jargon into plain English.",
        "system",
        "example_user",
        "New synergies will help drive top-line growth.",
        "system",
        "example_assistant",
        "Things working well together will increase revenue.",
        "system",
        "example_user",
        "Let's circle back when we have more bandwidth to touch base on opportunities for increased leverage.",
        "system",
        "example_assistant",
        "Let's talk later when we're less busy about how to do better.",
        "user",
        "This late pivot means we don't have time to boil the ocean for the client deliverable.",
    };
    int64_t o200k = tg_tokens_chat_overhead(6, 4);
    int64_t cl100k = tg_tokens_chat_overhead(6, 4);
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); ++i) {
        o200k += tg_tokens_count(TG_VOCABULARY_O200K, tg_text_of(texts[i]));
        cl100k += tg_tokens_count(TG_VOCABULARY_CL100K, tg_text_of(texts[i]));
    }
    assert_int_equal(o200k, 124);
    assert_int_equal(cl100k, 129);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_texts_have_the_ids_that_openai_gives_them),
        cmocka_unit_test(nothing_is_no_token),
        cmocka_unit_test(more_ids_than_there_is_room_for_are_counted_and_not_written),
        cmocka_unit_test(every_token_s_bytes_are_found_again),
        cmocka_unit_test(bytes_that_are_not_utf8_are_tokens_too),
        cmocka_unit_test(a_megabyte_of_one_character_is_counted_in_linear_time),
        cmocka_unit_test(models_have_the_vocabulary_that_openai_names),
        cmocka_unit_test(the_cookbook_s_example_has_the_count_that_openai_billed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
