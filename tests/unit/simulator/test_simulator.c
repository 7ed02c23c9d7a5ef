#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/codec/json.h"
#include "tests/simulator/answer.h"
#include "tests/simulator/embeddings.h"

struct fixture {
    struct tg_arena arena;
    struct sim_chat chat;
    struct sim_answer answer;
};

static int setup(void **state)
{
    *state = calloc(1, sizeof(struct fixture));
    tg_arena_init(&((struct fixture *)*state)->arena);
    return 0;
}

static int teardown(void **state)
{
    tg_arena_deinit(&((struct fixture *)*state)->arena);
    free(*state);
    return 0;
}

static void ask(struct fixture *fixture, const char *body)
{
    struct tg_error error;
    if (sim_chat_read(&fixture->arena, tg_text_of(body), &fixture->chat, &error) != TG_OK)
        fail_msg("%s", error.message);
    sim_answer_plan(&fixture->arena, &fixture->chat, (struct tg_id){{1}}, 1700000000000, &fixture->answer);
}

static tg_json *whole(struct fixture *fixture)
{
    tg_json *root;
    struct tg_error error;
    if (tg_json_parse(sim_answer_body(&fixture->arena, &fixture->answer), &root, &error) != TG_OK)
        fail_msg("%s", error.message);
    return root;
}

static tg_json *message_of(tg_json *root, size_t choice)
{
    return tg_json_member(tg_json_at(tg_json_member(root, "choices"), choice), "message");
}

static int64_t usage_of(tg_json *root, const char *name)
{
    return tg_json_i64(tg_json_member(tg_json_member(root, "usage"), name));
}

static void append(struct tg_buf *buf, const struct sim_event *event)
{
    for (size_t i = 0; i < event->count; ++i)
        assert_int_equal(tg_buf_append(buf, event->pieces[i]), TG_OK);
}

/* Everything that a stream sends; *chunks counts those between opening and end. */
static struct tg_buf streamed(struct fixture *fixture, int *chunks)
{
    struct tg_buf buf;
    struct sim_stream stream;
    struct sim_event event;
    tg_buf_init(&buf, 1 << 20);
    sim_stream_init(&stream, &fixture->arena, &fixture->answer);
    sim_stream_open(&stream, &event);
    append(&buf, &event);
    for (*chunks = 0; sim_stream_next(&stream, &event); ++*chunks)
        append(&buf, &event);
    assert_int_equal(stream.generated, sim_answer_all_units(&fixture->answer));
    sim_stream_end(&stream, &event);
    append(&buf, &event);
    assert_int_equal(tg_buf_append(&buf, tg_text("", 1)), TG_OK);
    return buf;
}

/* Takes the deltas of a stream together: the content of one choice, or the arguments of its first tool call. */
static void gather(struct tg_buf *stream, int64_t choice, struct tg_buf *content, struct tg_buf *arguments)
{
    tg_buf_init(content, 1 << 20);
    tg_buf_init(arguments, 1 << 20);
    for (char *event = strtok(stream->data, "\n"); event != NULL; event = strtok(NULL, "\n")) {
        if (strcmp(event, "data: [DONE]") == 0)
            continue;
        tg_json *root;
        assert_int_equal(tg_json_parse(tg_text_of(event + strlen("data: ")), &root, NULL), TG_OK);
        tg_json *first = tg_json_at(tg_json_member(root, "choices"), 0);
        if (first != NULL && tg_json_i64(tg_json_member(first, "index")) == choice) {
            tg_json *delta = tg_json_member(first, "delta"), *text = tg_json_member(delta, "content");
            tg_json *call = tg_json_at(tg_json_member(delta, "tool_calls"), 0);
            if (tg_json_is(text, TG_JSON_STRING))
                assert_int_equal(tg_buf_append(content, tg_json_text(text)), TG_OK);
            if (call != NULL)
                assert_int_equal(tg_buf_append(arguments, tg_json_text(tg_json_member(tg_json_member(call, "function"),
                                                                                      "arguments"))),
                                 TG_OK);
        }
        tg_json_destroy(root);
    }
}

static void prompt_tokens_are_three_per_message_and_one_per_word(void **state)
{
    struct fixture *fixture = *state;
    ask(fixture, "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"be  kind\"},"
                 "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"one\\ntwo\"},"
                 "{\"type\":\"text\",\"text\":\"three\"}]}]}");
    assert_int_equal(fixture->answer.prompt_tokens, 3 + 2 + 3 + 3);
}

static void the_same_question_gets_the_same_words_whole_and_streamed(void **state)
{
    struct fixture *fixture = *state;
    ask(fixture, "{\"model\":\"m\",\"n\":3,\"messages\":[{\"role\":\"user\",\"content\":\"[[sim tokens=11 "
                 "chunk_tokens=4]]\"}]}");
    tg_json *root = whole(fixture);
    assert_int_equal(usage_of(root, "completion_tokens"), 33);
    for (int64_t choice = 0; choice < 3; ++choice) {
        struct tg_text text = tg_json_text(tg_json_member(message_of(root, (size_t)choice), "content"));
        assert_int_equal(sim_count_words(text), 11);
        int chunks;
        struct tg_buf stream = streamed(fixture, &chunks), content, arguments;
        assert_int_equal(chunks, 9);
        gather(&stream, choice, &content, &arguments);
        assert_true(tg_text_equals(tg_buf_text(&content), text));
        tg_buf_deinit(&stream);
        tg_buf_deinit(&content);
        tg_buf_deinit(&arguments);
    }
    tg_json_destroy(root);
}

static void an_answer_never_exceeds_its_maximum(void **state)
{
    struct fixture *fixture = *state;
    for (int max = 1; max < 40; ++max) {
        char body[256];
        snprintf(body, sizeof(body),
                 "{\"model\":\"m\",\"max_tokens\":%d,\"messages\":[{\"role\":\"user\",\"content\":\"[[sim tokens=20 "
                 "reasoning=9]]\"}]}",
                 max);
        ask(fixture, body);
        tg_json *root = whole(fixture);
        int64_t completion = usage_of(root, "completion_tokens");
        assert_int_equal(completion, max < 29 ? max : 29);
        struct tg_text reason =
            tg_json_text(tg_json_member(tg_json_at(tg_json_member(root, "choices"), 0), "finish_reason"));
        assert_true(tg_text_is(reason, max < 29 ? "length" : "stop"));
        int64_t seen = sim_count_words(tg_json_text(tg_json_member(message_of(root, 0), "content")));
        assert_int_equal(seen, completion - sim_answer_reasoning_tokens(&fixture->answer, seen));
        tg_json_destroy(root);
    }
}

static const char weather[] =
    "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"get_weather\",\"parameters\":{\"type\":\"object\","
    "\"properties\":{\"city\":{\"type\":\"string\"},\"unit\":{\"enum\":[\"C\"]},\"days\":{\"type\":\"integer\"},"
    "\"is \\\"odd\\\"\":{\"type\":\"boolean\"}}}}}]";

static void a_burst_sends_the_same_bytes_in_fewer_pieces(void **state)
{
    struct fixture *fixture = *state;
    ask(fixture, "{\"model\":\"m\",\"n\":2,\"messages\":[{\"role\":\"user\",\"content\":\"[[sim tokens=9 "
                 "malformed=4]]\"}]}");
    int chunks, bursts;
    struct tg_buf single = streamed(fixture, &chunks);
    fixture->chat.directive.burst = 4;
    struct tg_buf several = streamed(fixture, &bursts);
    assert_int_equal(chunks, 18);
    assert_int_equal(bursts, 5);
    assert_true(tg_text_equals(tg_buf_text(&single), tg_buf_text(&several)));
    tg_buf_deinit(&single);
    tg_buf_deinit(&several);
}

static void a_tool_is_called_when_asked_for_with_arguments_that_suit_its_schema(void **state)
{
    struct fixture *fixture = *state;
    char body[1024];
    snprintf(body, sizeof(body),
             "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"please call get_weather.\"}],%s}",
             weather);
    ask(fixture, body);
    tg_json *root = whole(fixture), *parsed;
    tg_json *call = tg_json_at(tg_json_member(message_of(root, 0), "tool_calls"), 0);
    tg_json *function = tg_json_member(call, "function");
    assert_true(tg_text_is(tg_json_text(tg_json_member(function, "name")), "get_weather"));
    struct tg_text arguments = tg_json_text(tg_json_member(function, "arguments"));
    assert_int_equal(tg_json_parse(arguments, &parsed, NULL), TG_OK);
    assert_true(tg_json_is(tg_json_member(parsed, "city"), TG_JSON_STRING));
    assert_true(tg_text_is(tg_json_text(tg_json_member(parsed, "unit")), "C"));
    assert_true(tg_json_is_i64(tg_json_member(parsed, "days")));
    assert_true(tg_json_is(tg_json_member(parsed, "is \"odd\""), TG_JSON_BOOLEAN));

    int chunks;
    struct tg_buf stream = streamed(fixture, &chunks), content, gathered;
    gather(&stream, 0, &content, &gathered);
    assert_int_equal(chunks, usage_of(root, "completion_tokens"));
    assert_true(tg_text_equals(tg_buf_text(&gathered), arguments));
    tg_buf_deinit(&stream);
    tg_buf_deinit(&content);
    tg_buf_deinit(&gathered);
    tg_json_destroy(parsed);
    tg_json_destroy(root);
}

static void a_tool_is_not_called_for_another_name_nor_after_its_result(void **state)
{
    struct fixture *fixture = *state;
    static const char *const messages[] = {
        "{\"role\":\"user\",\"content\":\"call get_weather_now\"}",
        "{\"role\":\"user\",\"content\":\"get_weather\"}",
        "{\"role\":\"user\",\"content\":\"call "
        "get_weather\"},{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"21\"}",
    };
    for (size_t i = 0; i < 3; ++i) {
        char body[1024];
        snprintf(body, sizeof(body), "{\"model\":\"m\",\"messages\":[%s],%s}", messages[i], weather);
        ask(fixture, body);
        assert_int_equal(fixture->answer.tools.count, 0);
        assert_true(fixture->answer.units > 0);
    }
}

static void the_usage_chunk_comes_only_when_asked_for(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *body;
        bool has_usage;
    } cases[] = {
        {"{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"stream\":true}", false},
        {"{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"stream\":true,"
         "\"stream_options\":{\"include_usage\":true}}",
         true},
        {"{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"[[sim usage=none]]\"}],\"stream\":true,"
         "\"stream_options\":{\"include_usage\":true}}",
         false},
    };
    for (size_t i = 0; i < 3; ++i) {
        ask(fixture, cases[i].body);
        int chunks;
        struct tg_buf stream = streamed(fixture, &chunks);
        assert_true((strstr(stream.data, "\"choices\":[],\"usage\":{\"prompt_tokens\"") != NULL) == cases[i].has_usage);
        assert_non_null(strstr(stream.data, "data: [DONE]\n\n"));
        tg_buf_deinit(&stream);
    }
}

static void a_malformed_chunk_is_not_json_and_the_others_are(void **state)
{
    struct fixture *fixture = *state;
    ask(fixture, "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"[[sim tokens=5 malformed=3]]\"}]}");
    int chunks, bad = 0;
    struct tg_buf stream = streamed(fixture, &chunks);
    assert_int_equal(chunks, 5);
    for (char *event = strtok(stream.data, "\n"); event != NULL; event = strtok(NULL, "\n")) {
        tg_json *root;
        if (strcmp(event, "data: [DONE]") == 0)
            continue;
        if (tg_json_parse(tg_text_of(event + strlen("data: ")), &root, NULL) == TG_OK)
            tg_json_destroy(root);
        else
            ++bad;
    }
    assert_int_equal(bad, 1);
    tg_buf_deinit(&stream);
}

static void a_directive_is_found_in_any_place_and_read_whole(void **state)
{
    struct sim_directive directive;
    struct tg_error error;
    assert_int_equal(
        sim_directive_find(tg_text_of("please [[sim latency=2000 tokens=45  drip=50 status=429 retry_after=3 "
                                      "drop_after=0 malformed=3 chunk_tokens=2 usage=none cached=10 "
                                      "reasoning=7]] thanks"),
                           &directive, &error),
        TG_OK);
    assert_int_equal(directive.latency_ms, 2000);
    assert_int_equal(directive.tokens, 45);
    assert_int_equal(directive.drip_ms, 50);
    assert_int_equal(directive.status, 429);
    assert_int_equal(directive.retry_after_s, 3);
    assert_int_equal(directive.drop_after, 0);
    assert_int_equal(directive.malformed, 3);
    assert_int_equal(directive.chunk_tokens, 2);
    assert_true(directive.hides_usage);
    assert_int_equal(directive.cached, 10);
    assert_int_equal(directive.reasoning, 7);
}

static void a_directive_that_is_not_understood_is_refused_by_name(void **state)
{
    static const char *const wrong[] = {"[[sim speed=3]]", "[[sim tokens=many]]",    "[[sim usage=all]]",
                                        "[[sim tokens=3",  "[[sim chunk_tokens=0]]", "[[sim status=200]]",
                                        "[[sim tokens]]"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); ++i) {
        struct sim_directive directive;
        struct tg_error error;
        assert_int_equal(sim_directive_find(tg_text_of(wrong[i]), &directive, &error), TG_INVALID);
    }
    struct sim_directive directive;
    struct tg_error error;
    assert_int_equal(sim_directive_find(tg_text_of("[[sim speed=3]]"), &directive, &error), TG_INVALID);
    assert_non_null(strstr(error.message, "speed=3"));
}

static void a_request_without_model_or_messages_is_refused(void **state)
{
    struct fixture *fixture = *state;
    static const char *const wrong[] = {"",
                                        "[]",
                                        "{}",
                                        "{\"model\":\"m\"}",
                                        "{\"messages\":[{}]}",
                                        "{\"model\":\"m\",",
                                        "{\"model\":\"m\",\"messages\":[{}],\"max_tokens\":0}",
                                        "{\"model\":\"m\",\"messages\":[{}],\"n\":129}"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); ++i) {
        struct tg_error error;
        assert_int_equal(sim_chat_read(&fixture->arena, tg_text_of(wrong[i]), &fixture->chat, &error), TG_INVALID);
    }
}

static void embeddings_are_counted_and_depend_on_their_text_only(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *input;
        int64_t inputs, tokens;
    } cases[] = {{"\"one two\"", 1, 2},
                 {"[\"one\",\"\",\"two words\"]", 3, 4},
                 {"[5,6,7]", 1, 3},
                 {"[[5,6],[7]]", 2, 3},
                 {"[\"two words\",\"one\"]", 2, 3}};
    struct sim_embeddings embeddings;
    uint64_t seed_of_one = 0;
    char body[128];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        struct tg_error error;
        snprintf(body, sizeof(body), "{\"model\":\"e\",\"dimensions\":3,\"input\":%s}", cases[i].input);
        assert_int_equal(sim_embeddings_read(&fixture->arena, tg_text_of(body), &embeddings, &error), TG_OK);
        assert_int_equal(embeddings.input_count, cases[i].inputs);
        assert_int_equal(embeddings.prompt_tokens, cases[i].tokens);
        if (i == 1)
            seed_of_one = embeddings.seeds[0];
    }
    assert_true(seed_of_one != 0 && embeddings.seeds[1] == seed_of_one);
    tg_json *root;
    assert_int_equal(tg_json_parse(sim_embeddings_body(&fixture->arena, &embeddings), &root, NULL), TG_OK);
    assert_int_equal(tg_json_count(tg_json_member(root, "data")), 2);
    assert_int_equal(tg_json_count(tg_json_member(tg_json_at(tg_json_member(root, "data"), 1), "embedding")), 3);
    tg_json_destroy(root);
    embeddings.is_base64 = true;
    assert_int_equal(tg_json_parse(sim_embeddings_body(&fixture->arena, &embeddings), &root, NULL), TG_OK);
    struct tg_text base64 = tg_json_text(tg_json_member(tg_json_at(tg_json_member(root, "data"), 1), "embedding"));
    assert_int_equal(base64.bytes, 16); /* 3 float32: 12 octets */
    tg_json_destroy(root);
}

int main(void)
{
#define FIXTURE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(prompt_tokens_are_three_per_message_and_one_per_word),
        FIXTURE_TEST(the_same_question_gets_the_same_words_whole_and_streamed),
        FIXTURE_TEST(an_answer_never_exceeds_its_maximum),
        FIXTURE_TEST(a_burst_sends_the_same_bytes_in_fewer_pieces),
        FIXTURE_TEST(a_tool_is_called_when_asked_for_with_arguments_that_suit_its_schema),
        FIXTURE_TEST(a_tool_is_not_called_for_another_name_nor_after_its_result),
        FIXTURE_TEST(the_usage_chunk_comes_only_when_asked_for),
        FIXTURE_TEST(a_malformed_chunk_is_not_json_and_the_others_are),
        FIXTURE_TEST(a_directive_is_found_in_any_place_and_read_whole),
        FIXTURE_TEST(a_directive_that_is_not_understood_is_refused_by_name),
        FIXTURE_TEST(a_request_without_model_or_messages_is_refused),
        FIXTURE_TEST(embeddings_are_counted_and_depend_on_their_text_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
