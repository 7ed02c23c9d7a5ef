#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dataplane/dialects/chat/chat.h"
#include "dataplane/dialects/chat/watch_internal.h"

static void assert_usage(const struct tg_usage *usage, int64_t input, int64_t cached, int64_t output, int64_t reasoning)
{
    assert_int_equal(usage->of[TG_USAGE_INPUT], input);
    assert_int_equal(usage->of[TG_USAGE_CACHED_INPUT], cached);
    assert_int_equal(usage->of[TG_USAGE_OUTPUT], output);
    assert_int_equal(usage->of[TG_USAGE_REASONING], reasoning);
}

/* Usage objects as servers send them, and each token counted once. */
static const struct reported {
    const char *usage;
    int64_t input, cached, output, reasoning;
} reports[] = {
    {"{\"prompt_tokens\":13,\"completion_tokens\":11,\"total_tokens\":24}", 13, 0, 11, 0},
    {"{\"prompt_tokens\":2006,\"completion_tokens\":300,\"total_tokens\":2306,\"prompt_tokens_details\":"
     "{\"cached_tokens\":1920,\"audio_tokens\":0},\"completion_tokens_details\":{\"reasoning_tokens\":256,"
     "\"accepted_prediction_tokens\":0}}",
     86, 1920, 44, 256},
    {"{\"prompt_tokens\":8,\"total_tokens\":8}", 8, 0, 0, 0},
    /* xAI: reasoning is not part of completion_tokens, but of the total */
    {"{\"prompt_tokens\":10,\"completion_tokens\":5,\"total_tokens\":115,\"completion_tokens_details\":"
     "{\"reasoning_tokens\":100}}",
     10, 0, 5, 100},
    {"{\"prompt_tokens\":10,\"completion_tokens\":200,\"total_tokens\":310,\"completion_tokens_details\":"
     "{\"reasoning_tokens\":100}}",
     10, 0, 200, 100},
    /* DeepSeek */
    {"{\"prompt_tokens\":20,\"completion_tokens\":4,\"total_tokens\":24,\"prompt_cache_hit_tokens\":12,"
     "\"prompt_cache_miss_tokens\":8}",
     8, 12, 4, 0},
    /* spaces, objects that are not known, numbers deeper than any that count */
    {"{ \"prompt_tokens\" : 5 , \"completion_tokens\" : 6, \"x\": {\"prompt_tokens\": 99, \"y\": {\"cached_tokens\": "
     "9}},"
     "\n\"prompt_tokens_details\" : { \"text\": \"a\\\"b}\", \"cached_tokens\" : 2 }, \"z\": [7, {\"total_tokens\": "
     "1}] }",
     3, 2, 6, 0},
    /* details that are null, more cached than there was, numbers that are none */
    {"{\"prompt_tokens\":5,\"completion_tokens\":1,\"total_tokens\":6,\"prompt_tokens_details\":null,"
     "\"completion_tokens_details\":null}",
     5, 0, 1, 0},
    {"{\"prompt_tokens\":5,\"completion_tokens\":1,\"prompt_tokens_details\":{\"cached_tokens\":9}}", 0, 5, 1, 0},
    {"{\"prompt_tokens\":5,\"completion_tokens\":3,\"prompt_tokens_details\":{\"cached_tokens\":1.5}}", 5, 0, 3, 0},
    {"{\"prompt_tokens\":5,\"completion_tokens\":3,\"prompt_tokens_details\":{\"cached_tokens\":-7},"
     "\"completion_tokens_details\":{\"reasoning_tokens\":-9}}",
     5, 0, 3, 0},
    /* the completion only as a part of the total; the most that is believed */
    {"{\"prompt_tokens\":5,\"completion_tokens\":null,\"total_tokens\":9}", 5, 0, 4, 0},
    {"{\"prompt_tokens\":2147483647,\"completion_tokens\":2147483647,\"total_tokens\":1e30}", 2147483647, 0, 2147483647,
     0},
};

static void every_token_is_counted_once(void **state)
{
    for (size_t i = 0; i < sizeof(reports) / sizeof(reports[0]); ++i) {
        char document[1024];
        struct chat_glance answer;
        struct tg_usage usage;
        snprintf(document, sizeof(document), "{\"id\":\"x\",\"model\":\"m-1\",\"choices\":[],\"usage\":%s,\"z\":1}",
                 reports[i].usage);
        chat_glance_read(tg_text_of(document), &answer);
        assert_true(answer.has_usage);
        assert_true(tg_text_is(answer.model, "m-1"));
        assert_usage(&answer.usage, reports[i].input, reports[i].cached, reports[i].output, reports[i].reasoning);
        assert_true(chat_tail_usage(tg_text_of(document), &usage));
        assert_memory_equal(&usage, &answer.usage, sizeof(usage));
    }
}

struct kinds {
    enum tg_usage_kind kind;
    int64_t tokens;
};

/* All kinds that are not named are 0. */
static void assert_kinds(const char *document, const struct kinds *kinds, size_t count)
{
    struct tg_usage wanted = {.of = {0}};
    struct tg_seen whole = {.has_usage = false}, chunk = {.has_usage = false};
    for (size_t i = 0; i < count; ++i)
        wanted.of[kinds[i].kind] = kinds[i].tokens;
    tg_dialect_chat.watch_whole(&whole, tg_text_of(document));
    tg_dialect_chat.watch_block(&chunk, false, tg_text(NULL, 0), tg_text_of(document));
    assert_true(whole.has_usage && chunk.has_usage);
    assert_memory_equal(&whole.usage, &wanted, sizeof(wanted));
    assert_memory_equal(&chunk.usage, &wanted, sizeof(wanted));
}

static void every_kind_has_a_column_of_its_own(void **state)
{
    /* OpenAI: sound and pictures, in and out; a written cache */
    assert_kinds("{\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":50,\"total_tokens\":150,"
                 "\"prompt_tokens_details\":{\"cached_tokens\":10,\"cache_write_tokens\":20,\"audio_tokens\":30,"
                 "\"image_tokens\":5,\"text_tokens\":65},\"completion_tokens_details\":{\"reasoning_tokens\":11,"
                 "\"audio_tokens\":12,\"text_tokens\":27,\"rejected_prediction_tokens\":9}}}",
                 (struct kinds[]){{TG_USAGE_INPUT, 35},
                                  {TG_USAGE_CACHED_INPUT, 10},
                                  {TG_USAGE_CACHE_WRITE_5M, 20},
                                  {TG_USAGE_INPUT_AUDIO, 30},
                                  {TG_USAGE_INPUT_IMAGE, 5},
                                  {TG_USAGE_REASONING, 11},
                                  {TG_USAGE_OUTPUT_AUDIO, 12},
                                  {TG_USAGE_OUTPUT, 27}},
                 8);
    /* OpenRouter with a picture made; Mistral's cache; Gemini's thoughts, which only the total tells */
    assert_kinds("{\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":1300,\"completion_tokens_details\":"
                 "{\"image_tokens\":1290}}}",
                 (struct kinds[]){{TG_USAGE_INPUT, 5}, {TG_USAGE_OUTPUT_IMAGE, 1290}, {TG_USAGE_OUTPUT, 10}}, 3);
    assert_kinds(
        "{\"usage\":{\"prompt_tokens\":77,\"completion_tokens\":1,\"total_tokens\":78,\"num_cached_tokens\":76}}",
        (struct kinds[]){{TG_USAGE_INPUT, 1}, {TG_USAGE_CACHED_INPUT, 76}, {TG_USAGE_OUTPUT, 1}}, 3);
    assert_kinds("{\"usage\":{\"prompt_tokens\":35,\"completion_tokens\":12,\"total_tokens\":109}}",
                 (struct kinds[]){{TG_USAGE_INPUT, 35}, {TG_USAGE_OUTPUT, 12}, {TG_USAGE_REASONING, 62}}, 3);
    /* Perplexity's deep research */
    assert_kinds(
        "{\"usage\":{\"prompt_tokens\":33,\"completion_tokens\":7163,\"total_tokens\":7196,\"citation_tokens\":"
        "20016,\"num_search_queries\":18,\"reasoning_tokens\":73997}}",
        (struct kinds[]){
            {TG_USAGE_INPUT, 20049}, {TG_USAGE_OUTPUT, 7163}, {TG_USAGE_REASONING, 73997}, {TG_USAGE_WEB_SEARCHES, 18}},
        4);
    /* more parts than the whole has: nothing twice */
    assert_kinds(
        "{\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":4,\"prompt_tokens_details\":{\"cached_tokens\":8,"
        "\"audio_tokens\":8}}}",
        (struct kinds[]){{TG_USAGE_CACHED_INPUT, 8}, {TG_USAGE_INPUT_AUDIO, 2}, {TG_USAGE_OUTPUT, 4}}, 3);
}

static void groq_tells_usage_in_a_place_of_its_own(void **state)
{
    static const char CHUNK[] =
        "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"x_groq\":{\"id\":\"r\","
        "\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":6,\"total_tokens\":11}}}";
    struct tg_seen seen = {.has_usage = false};
    assert_int_equal(tg_dialect_chat.watch_block(&seen, true, tg_text(NULL, 0), tg_text_of(CHUNK)), TG_BLOCK_PASS);
    assert_true(seen.has_usage);
    assert_usage(&seen.usage, 5, 0, 6, 0);
}

static void the_tier_that_served_is_told(void **state)
{
    static const char BEHIND[] =
        "{\"model\":\"m\",\"choices\":[{\"service_tier\":\"no\"}],\"usage\":{\"prompt_tokens\":1},"
        "\"service_tier\":\"flex\",\"x\":{\"service_tier\":\"no\"}}";
    struct tg_seen seen = {.has_usage = false};
    tg_dialect_chat.watch_whole(&seen, tg_text_of(BEHIND));
    assert_true(tg_text_is(tg_text(seen.service_tier, seen.service_tier_bytes), "flex"));
    assert_true(tg_text_is(tg_text(seen.model, seen.model_bytes), "m"));
}

static void what_is_no_usage_is_not_taken_for_one(void **state)
{
    static const char *const DOCUMENTS[] = {
        "{\"usage\":null}",
        "{\"usage\":{}}",
        "{\"usage\":{\"prompt_tokens\":null}}",
        "{\"usage\":[1]}",
        /* absurd: what was reported cannot be what the call came to */
        "{\"usage\":{\"prompt_tokens\":-5,\"completion_tokens\":3}}",
        "{\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":-3}}",
        "{\"usage\":{\"prompt_tokens\":5.5,\"completion_tokens\":3}}",
        "{\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":1e30}}",
        "{\"usage\":{\"prompt_tokens\":2147483648,\"completion_tokens\":3}}",
        "{\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":9223372036854775807}}",
        "{\"usage\":{\"prompt_tokens\":99999999999999999999,\"completion_tokens\":3}}",
        "{\"x\":{\"usage\":{\"prompt_tokens\":1}}}",
        "{\"choices\":[{\"usage\":{\"prompt_tokens\":1}}]}",
        "{\"text\":\"\\\"usage\\\":{\\\"prompt_tokens\\\":1}\"}",
        "{\"usage\":{\"prompt_tokens\":1}",
        "[{\"usage\":{\"prompt_tokens\":1}}]",
        "",
        "null",
    };
    for (size_t i = 0; i < sizeof(DOCUMENTS) / sizeof(DOCUMENTS[0]); ++i) {
        struct chat_glance answer;
        struct tg_usage usage;
        chat_glance_read(tg_text_of(DOCUMENTS[i]), &answer);
        if (answer.has_usage || chat_tail_usage(tg_text_of(DOCUMENTS[i]), &usage))
            fail_msg("usage found in: %s", DOCUMENTS[i]);
    }
}

static void the_tail_of_a_large_answer_suffices(void **state)
{
    static const char DOCUMENT[] =
        "{\"object\":\"list\",\"data\":[{\"embedding\":[0.1,0.2],\"text\":\"a } ] \\\" {\"}],\"model\":\"e\","
        "\"usage\":{\"prompt_tokens\":7,\"total_tokens\":7},\"note\":\"} \\\\\",\"more\":{\"a\":[1,{}]}} \n";
    size_t usage_at = (size_t)(strstr(DOCUMENT, "\"usage\"") - DOCUMENT);
    for (size_t from = 0; from <= usage_at; ++from) {
        struct tg_usage usage;
        /* A cut inside a string may leave half an escape in front: it must not confuse what follows. */
        assert_true(chat_tail_usage(tg_text(DOCUMENT + from, sizeof(DOCUMENT) - 1 - from), &usage));
        assert_usage(&usage, 7, 0, 0, 0);
    }
    for (size_t from = usage_at + 1; from < sizeof(DOCUMENT); ++from) {
        struct tg_usage usage;
        assert_false(chat_tail_usage(tg_text(DOCUMENT + from, sizeof(DOCUMENT) - 1 - from), &usage));
    }
}

static void what_the_model_wrote_is_measured(void **state)
{
    struct chat_glance answer;
    chat_glance_read(
        tg_text_of(
            "{\"id\":\"long identifier\",\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\"12345\","
            "\"reasoning_content\":\"678\",\"tool_calls\":[{\"id\":\"call\",\"function\":{\"name\":\"f\","
            "\"arguments\":\"{\\\"a\\\":1}\"}}]},\"finish_reason\":\"stop\"}]}"),
        &answer);
    assert_true(answer.is_object);
    assert_true(answer.has_choices);
    assert_int_equal(answer.text_bytes, 5 + 3 + strlen("{\\\"a\\\":1}"));
}

static void the_text_of_a_chunk_is_measured_without_a_parse(void **state)
{
    static const struct {
        const char *chunk;
        size_t bytes;
    } CHUNKS[] = {
        {"{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}}]}", 0},
        {"{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Paris\"},\"finish_reason\":null}]}", 5},
        {"{\"choices\": [{\"index\": 0, \"delta\": {\"content\": \"a \\\"b\\\" c\"}, \"finish_reason\": null}]}", 9},
        {"{\"choices\":[{\"delta\":{\"content\":\"ab\"}},{\"delta\":{\"content\":\"cde\"}}]}", 5},
        {"{\"choices\":[{\"delta\":{\"reasoning_content\":\"think\",\"content\":null}}]}", 5},
        {"{\"choices\":[{\"delta\":{\"tool_calls\":[{\"id\":\"x\",\"function\":{\"name\":\"get\",\"arguments\":\"{"
         "\\\"a\"}}"
         "]}}]}",
         4},
        {"{\"choices\":[{\"delta\":{\"content\":\"cut off", 0 + 7},
        {"{\"choices\":[{\"delta\":{\"content\":\"ends in an escape \\", 19},
        {"{\"choices\":[],\"usage\":{\"content\":\"no delta\"}}", 0},
        {"", 0},
        {"\"delta\"", 0},
    };
    for (size_t i = 0; i < sizeof(CHUNKS) / sizeof(CHUNKS[0]); ++i) {
        size_t bytes = strlen(CHUNKS[i].chunk);
        char *copy = malloc(bytes + (bytes == 0));
        memcpy(copy, CHUNKS[i].chunk, bytes);
        struct tg_seen seen = {.has_usage = false};
        chat_take_chunk_text(tg_text(copy, bytes), &seen);
        assert_int_equal(seen.text_bytes, CHUNKS[i].bytes);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_token_is_counted_once),
        cmocka_unit_test(every_kind_has_a_column_of_its_own),
        cmocka_unit_test(groq_tells_usage_in_a_place_of_its_own),
        cmocka_unit_test(the_tier_that_served_is_told),
        cmocka_unit_test(what_is_no_usage_is_not_taken_for_one),
        cmocka_unit_test(the_tail_of_a_large_answer_suffices),
        cmocka_unit_test(what_the_model_wrote_is_measured),
        cmocka_unit_test(the_text_of_a_chunk_is_measured_without_a_parse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
