/* Counting where a provider does not: what a prompt of each part comes to, and that the work is bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dataplane/dialects/dialects.h"
#include "dataplane/estimate/estimate.h"
#include "tests/unit/dataplane/dialects/support.h"

enum { PER_MESSAGE = TG_TOKENS_PER_MESSAGE, BEFORE_ANSWER = TG_TOKENS_BEFORE_ANSWER };

static int setup(void **state)
{
    static struct tg_arena arena;
    tg_arena_init(&arena);
    *state = &arena;
    return 0;
}

static int teardown(void **state)
{
    tg_arena_deinit(*state);
    return 0;
}

static int64_t prompt_of(void **state, const char *members)
{
    struct tg_text body = tg_arena_printf(*state, "{\"model\":\"m\",%s}", members);
    struct tg_model_request request = read_ok(tg_dialect_of(TG_DIALECT_CHAT), *state, body);
    return tg_estimate_prompt(&request, TG_VOCABULARY_O200K);
}

static int64_t tokens_of(const char *plain)
{
    return tg_tokens_count(TG_VOCABULARY_O200K, tg_text_of(plain));
}

static int64_t written(const char *text, size_t all_bytes)
{
    return tg_estimate_text(tg_text_of(text), all_bytes, TG_VOCABULARY_O200K);
}

static void a_prompt_is_counted_as_openai_counts_it(void **state)
{
    /* "hello world" has two tokens in every vocabulary of OpenAI's since GPT-3.5. */
    assert_int_equal(prompt_of(state, "\"messages\":[{\"role\":\"user\",\"content\":\"hello world\"}]"),
                     2 + PER_MESSAGE + BEFORE_ANSWER);
    assert_int_equal(prompt_of(state, "\"messages\":[{\"role\":\"system\",\"content\":\"hello world\"},"
                                      "{\"role\":\"user\",\"name\":\"world\",\"content\":\"hello world\"}]"),
                     2 + 2 + tokens_of("world") + TG_TOKENS_PER_NAME + 2 * PER_MESSAGE + BEFORE_ANSWER);
}

static void escapes_are_resolved_before_text_is_counted(void **state)
{
    static const char WRITTEN[] = "caf\\u00e9\\n\\\"\\ud83d\\ude00\\\" \\/ \\u4f60\\u597d";
    int64_t tokens = tokens_of("caf\xc3\xa9\n\"\xf0\x9f\x98\x80\" / \xe4\xbd\xa0\xe5\xa5\xbd");
    assert_int_equal(written(WRITTEN, sizeof(WRITTEN) - 1), tokens);
    assert_int_equal(
        prompt_of(state,
                  tg_arena_printf(*state, "\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]", WRITTEN).data),
        tokens + PER_MESSAGE + BEFORE_ANSWER);
}

static void what_is_no_escape_is_taken_as_it_stands(void **state)
{
    static const char *const ODD[] = {
        "\\", "\\u", "\\u12", "a\\u12g4 b", "\\x", "\\ud83d", "\\ud83d\\u0041", "\\udc00", "\\ud83d\\ud83d\\ude00"};
    (void)state;
    for (size_t i = 0; i < sizeof(ODD) / sizeof(ODD[0]); ++i)
        for (size_t bytes = 1; bytes <= strlen(ODD[i]); ++bytes) {
            char *copy = malloc(bytes); /* so that a byte too many is found */
            memcpy(copy, ODD[i], bytes);
            assert_in_range(tg_estimate_text(tg_text(copy, bytes), bytes, TG_VOCABULARY_O200K), 1, 4 * bytes);
            free(copy);
        }
    assert_int_equal(written("\\x\\", 3), tokens_of("\\x\\"));
}

static void calls_results_tools_and_schemas_count(void **state)
{
    int64_t bare = prompt_of(state, "\"messages\":[{\"role\":\"user\",\"content\":\"hello world\"}]");
    int64_t tools = prompt_of(state, "\"messages\":[{\"role\":\"user\",\"content\":\"hello world\"}],"
                                     "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"get_weather\","
                                     "\"description\":\"The weather\",\"parameters\":{\"type\":\"object\"}}}]");
    assert_int_equal(tools - bare,
                     tokens_of("get_weather") + tokens_of("The weather") + tokens_of("{\"type\":\"object\"}"));
    int64_t called = prompt_of(
        state,
        "\"messages\":[{\"role\":\"user\",\"content\":\"hello world\"},{\"role\":\"assistant\",\"content\":null,"
        "\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":\"get_weather\","
        "\"arguments\":\"{\\\"a\\\": 1}\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"sunny\"}]");
    assert_int_equal(called - bare,
                     tokens_of("get_weather") + tokens_of("{\"a\": 1}") + tokens_of("sunny") + 2 * PER_MESSAGE);
}

static void a_picture_is_no_text_however_large_it_is(void **state)
{
    char *base64 = malloc(400001);
    memset(base64, 'A', 400000);
    base64[400000] = '\0';
    struct tg_text members =
        tg_arena_printf(*state,
                        "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"hello "
                        "world\"},{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,%s\"}}]}]",
                        base64);
    assert_int_equal(prompt_of(state, members.data), 2 + TG_ESTIMATE_PICTURE_TOKENS + PER_MESSAGE + BEFORE_ANSWER);
    free(base64);
}

/* "word word …", long enough that only a part is looked at. */
static char *words(size_t count)
{
    char *text = malloc(count * 5 + 1);
    for (size_t i = 0; i < count; ++i)
        memcpy(text + i * 5, " word", 5);
    text[count * 5] = '\0';
    return text;
}

static void of_a_long_prompt_a_sample_is_counted(void **state)
{
    char *text = words(200000); /* 1 MB, a token for each word */
    struct tg_text one = tg_arena_printf(*state, "\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]", text);
    assert_in_range(prompt_of(state, one.data), 199000, 201000);
    text[5 * 20000] = '\0';
    struct tg_text many = tg_arena_printf(
        *state,
        "\"messages\":[{\"role\":\"user\",\"content\":\"%s\"},{\"role\":\"user\",\"content\":\"a short one\"},"
        "{\"role\":\"user\",\"content\":\"%s\"}]",
        text, text);
    assert_in_range(prompt_of(state, many.data), 39500, 40500);
    free(text);
}

static void of_a_text_that_was_not_kept_the_rest_is_like_the_beginning(void **state)
{
    char *text = words(1000);
    (void)state;
    assert_int_equal(written(text, 5000), 1000);
    assert_int_equal(written(text, 50000), 10000);
    assert_int_equal(written("", 401), 101);
    assert_int_equal(written("", 0), 0);
    free(text);
}

static void what_is_no_conversation_counts_a_token_for_four_bytes(void **state)
{
    const struct tg_model_request embedding = {.prompt_bytes = 41, .inputs = 2};
    (void)state;
    assert_int_equal(tg_estimate_prompt(&embedding, TG_VOCABULARY_O200K), 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_prompt_is_counted_as_openai_counts_it, setup, teardown),
        cmocka_unit_test_setup_teardown(escapes_are_resolved_before_text_is_counted, setup, teardown),
        cmocka_unit_test(what_is_no_escape_is_taken_as_it_stands),
        cmocka_unit_test_setup_teardown(calls_results_tools_and_schemas_count, setup, teardown),
        cmocka_unit_test_setup_teardown(a_picture_is_no_text_however_large_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(of_a_long_prompt_a_sample_is_counted, setup, teardown),
        cmocka_unit_test(of_a_text_that_was_not_kept_the_rest_is_like_the_beginning),
        cmocka_unit_test(what_is_no_conversation_counts_a_token_for_four_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
