/* What real clients said to Google and what it answered: read, edited, decoded and encoded again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/codec/sse.h"
#include "dataplane/dialects/gemini/gemini.h"
#include "tests/unit/dataplane/dialects/cassette.h"
#include "tests/unit/dataplane/dialects/support.h"

static const struct tg_dialect *const dialect = &tg_dialect_gemini;

/* …/models/gemini-2.5-pro:streamGenerateContent?alt=sse */
static struct tg_text model_of(struct tg_text uri)
{
    const char *begin = memmem(uri.data, uri.bytes, "/models/", 8);
    assert_non_null(begin);
    begin += 8;
    const char *end = memchr(begin, ':', (size_t)(uri.data + uri.bytes - begin));
    assert_non_null(end);
    return tg_text(begin, (size_t)(end - begin));
}

static struct tg_model_request read_at(struct tg_arena *arena, struct tg_text uri, struct tg_text body)
{
    struct tg_request_source source = {.arena = arena, .body = body, .path_model = model_of(uri)};
    struct tg_model_request request;
    struct tg_client_error error;
    source.is_streaming_path = memmem(uri.data, uri.bytes, ":stream", 7) != NULL;
    if (!dialect->read_request(&source, &request, &error))
        fail_msg("%.*s", TG_TEXT_ARG(tg_client_error_sentence(arena, &error)));
    return request;
}

static void edit_is_exact(const struct cassette_exchange *exchange, const struct tg_model_request *request)
{
    struct tg_request_target target = {.upstream_model = tg_text_of("other-model"), .max_output_tokens = 77};
    struct tg_text body = edited(dialect, exchange->arena, exchange->request, request, &target);
    struct tg_error error;
    tg_json *wanted = NULL, *got = NULL;
    assert_int_equal(tg_json_parse(exchange->request, &wanted, &error), TG_OK);
    assert_int_equal(tg_json_parse(body, &got, &error), TG_OK);
    tg_json *config = tg_json_member(wanted, "generationConfig");
    if (config == NULL) {
        config = tg_json_new_object();
        tg_json_set_i64(config, "maxOutputTokens", 77);
        tg_json_set(wanted, "generationConfig", config);
    } else {
        tg_json_set_i64(config, "maxOutputTokens", 77);
    }
    if (!tg_json_equals(wanted, got))
        fail_msg("%s: %.*s", exchange->name, TG_TEXT_ARG(body));
    tg_json_destroy(wanted);
    tg_json_destroy(got);
}

/* What the dialect writes of its own requests is read as the same again. */
static void writing_is_faithful(const struct cassette_exchange *exchange, const struct tg_model_request *request)
{
    struct tg_request_target target = {.upstream_model = model_of(exchange->uri)};
    struct tg_loss loss = {.policy = TG_LOSS_REFUSE_MEANING};
    struct tg_text once = write_ok(dialect, exchange->arena, request, &target, &loss);
    if (loss.refused.bytes != 0)
        fail_msg("%s: %.*s is refused", exchange->name, TG_TEXT_ARG(loss.refused));
    struct tg_model_request again = read_at(exchange->arena, exchange->uri, once);
    assert_same_json(exchange->name, once, write_ok(dialect, exchange->arena, &again, &target, &loss));
}

static int64_t number(const tg_json *object, const char *key)
{
    const tg_json *value = object == NULL ? NULL : tg_json_member(object, key);
    return value != NULL && tg_json_is_i64(value) ? tg_json_i64(value) : 0;
}

/* Independent sums over what the provider reported last. */
static void usage_is_the_providers(const char *name, const tg_json *usage, const struct tg_usage *seen)
{
    const int64_t *of = seen->of;
    int64_t cached = of[TG_USAGE_CACHED_INPUT] + of[TG_USAGE_CACHED_INPUT_AUDIO];
    int64_t input = number(usage, "promptTokenCount") + number(usage, "toolUsePromptTokenCount");
    if (tg_usage_total_input(seen) != input || cached != number(usage, "cachedContentTokenCount") ||
        of[TG_USAGE_REASONING] != number(usage, "thoughtsTokenCount") ||
        tg_usage_total_output(seen) - of[TG_USAGE_REASONING] != number(usage, "candidatesTokenCount"))
        fail_msg("%s: the usage is not what the provider reported", name);
    int64_t total = number(usage, "totalTokenCount");
    if (total != 0 && tg_usage_total_input(seen) + tg_usage_total_output(seen) != total)
        print_message("%s: the provider's total is %lld\n", name, (long long)total);
}

/* ---- comparing answers: README.md lists what the canonical form does not carry ---- */

static void forget(tg_json *object, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; ++i)
        tg_json_remove(object, names[i]);
}

/* A call gets an id if it had none. */
static void forget_of_part(tg_json *part)
{
    tg_json *call = tg_json_member(part, "functionCall");
    if (call != NULL)
        tg_json_remove(call, "id");
}

static void forget_what_is_not_carried(tg_json *answer)
{
    static const char *const of_answer[] = {"usageMetadata", "createTime", "promptFeedback", "sdkHttpResponse"};
    static const char *const of_candidate[] = {"avgLogprobs",        "finishMessage", "safetyRatings",   "index",
                                               "urlContextMetadata", "tokenCount",    "citationMetadata"};
    forget(answer, of_answer, 4);
    const tg_json *candidates = tg_json_member(answer, "candidates");
    for (size_t i = 0; candidates != NULL && i < tg_json_count(candidates); ++i) {
        tg_json *candidate = tg_json_at(candidates, i);
        const tg_json *content = tg_json_member(candidate, "content");
        const tg_json *parts = content == NULL ? NULL : tg_json_member(content, "parts");
        forget(candidate, of_candidate, 7);
        for (size_t p = 0; parts != NULL && p < tg_json_count(parts); ++p)
            forget_of_part(tg_json_at(parts, p));
    }
}

static struct tg_text text_of(const tg_json *object, const char *key)
{
    const tg_json *value = tg_json_member(object, key);
    return tg_json_is(value, TG_JSON_STRING) ? tg_json_text(value) : tg_text("", 0);
}

static void flush(tg_json *said, struct tg_buf *text)
{
    if (text->bytes != 0)
        tg_json_append(said, tg_json_new_text(tg_buf_text(text)));
    text->bytes = 0;
}

/* Everything that is said, in order: how texts are cut into parts does not matter. */
static tg_json *say(const tg_json *parts)
{
    tg_json *said = tg_json_new_array();
    struct tg_buf text;
    tg_buf_init(&text, 16 << 20);
    for (size_t i = 0; i < tg_json_count(parts); ++i) {
        const tg_json *part = tg_json_at(parts, i);
        struct tg_text words = text_of(part, "text"), signature = text_of(part, "thoughtSignature");
        if (tg_json_member(part, "text") == NULL) {
            flush(said, &text);
            tg_json_append(said, tg_json_copy(part));
            continue;
        }
        if (tg_json_member(part, "thought") != NULL && words.bytes != 0)
            assert_int_equal(tg_buf_append(&text, tg_text_of("~")), TG_OK);
        assert_int_equal(tg_buf_append(&text, words), TG_OK);
        assert_int_equal(tg_buf_append(&text, signature), TG_OK);
    }
    flush(said, &text);
    tg_buf_deinit(&text);
    return said;
}

static void same_is_said(const char *name, const tg_json *wanted, const tg_json *got)
{
    const tg_json *wanted_list = tg_json_member(wanted, "candidates"), *got_list = tg_json_member(got, "candidates");
    size_t count = wanted_list == NULL ? 0 : tg_json_count(wanted_list);
    assert_int_equal(tg_json_count(got_list), count == 0 ? 1 : count); /* a blocked prompt: one that was filtered */
    for (size_t i = 0; i < count; ++i) {
        const tg_json *a = tg_json_at(wanted_list, i), *b = tg_json_at(got_list, i);
        tg_json *said_a = say(tg_json_member(tg_json_member(a, "content"), "parts"));
        tg_json *said_b = say(tg_json_member(tg_json_member(b, "content"), "parts"));
        if (!tg_json_equals(said_a, said_b))
            fail_msg("%s: something else is said", name);
        tg_json_destroy(said_a);
        tg_json_destroy(said_b);
        static const char *const same[] = {"groundingMetadata", "finishReason"};
        for (size_t m = 0; m < 2; ++m) {
            const tg_json *member = tg_json_member(a, same[m]), *other = tg_json_member(b, same[m]);
            bool is_empty = member == NULL || (tg_json_kind(member) == TG_JSON_OBJECT && tg_json_count(member) == 0);
            bool is_failed_call = m == 1 && member != NULL && tg_text_starts_with(text_of(a, same[m]), "MALFORMED");
            if (!is_empty && !is_failed_call && (other == NULL || !tg_json_equals(member, other)))
                fail_msg("%s: %s is another", name, same[m]);
        }
    }
}

static void whole_answer_survives(const struct cassette_exchange *exchange)
{
    struct recording recording, streamed;
    struct tg_answer_sink sink, streamed_sink;
    struct tg_seen seen = {.has_usage = false};
    struct tg_error error;
    tg_json *wanted = NULL, *got = NULL;
    recording_init(&recording, exchange->arena, &sink);
    assert_int_equal(dialect->decode_whole(exchange->arena, exchange->answer, &sink), TG_OK);
    assert_int_equal(recording.events[recording.count - 1].kind, TG_ANSWER_END);
    struct tg_text again = encode_all(dialect, exchange->arena, &recording, false);
    assert_int_equal(tg_json_parse(exchange->answer, &wanted, &error), TG_OK);
    assert_int_equal(tg_json_parse(again, &got, &error), TG_OK);
    usage_is_the_providers(exchange->name, tg_json_member(wanted, "usageMetadata"), &recording.usage);
    dialect->watch_whole(&seen, exchange->answer);
    bool has_usage = tg_json_member(tg_json_member(wanted, "usageMetadata"), "promptTokenCount") != NULL;
    assert_int_equal(seen.has_usage, has_usage);
    assert_int_equal(recording.has_usage, has_usage);
    if (has_usage)
        assert_memory_equal(&seen.usage, &recording.usage, sizeof(seen.usage));
    assert_false(seen.is_usage_partial);
    forget_what_is_not_carried(wanted);
    forget_what_is_not_carried(got);
    same_is_said(exchange->name, wanted, got);
    tg_json_destroy(wanted);
    tg_json_destroy(got);
    /* and as a stream */
    recording_init(&streamed, exchange->arena, &streamed_sink);
    decode_sse(dialect, exchange->arena, encode_all(dialect, exchange->arena, &recording, true), &streamed_sink);
    assert_same_json(exchange->name, again, encode_all(dialect, exchange->arena, &streamed, false));
}

/* What is learnt on the way; the last chunk is held. */
static void watch_stream(struct tg_arena *arena, struct tg_text stream, struct tg_seen *seen, tg_json **last_usage)
{
    struct tg_sse sse;
    struct tg_sse_block block;
    enum tg_block_fate fate = TG_BLOCK_PASS;
    *seen = (struct tg_seen){.has_usage = false};
    *last_usage = NULL;
    tg_sse_init(&sse, 16 << 20);
    tg_sse_feed(&sse, ended(arena, stream));
    while (tg_sse_next(&sse, &block) == TG_SSE_BLOCK) {
        struct tg_error error;
        tg_json *chunk = NULL;
        if (!block.has_data)
            continue;
        fate = dialect->watch_block(seen, false, block.name, block.data);
        assert_int_equal(tg_json_parse(block.data, &chunk, &error), TG_OK);
        if (tg_json_member(chunk, "usageMetadata") != NULL) {
            tg_json_destroy(*last_usage);
            *last_usage = chunk;
        } else {
            tg_json_destroy(chunk);
        }
    }
    assert_int_equal(fate, TG_BLOCK_HOLD_SO_FAR);
    assert_true(seen->is_done);
    assert_false(seen->is_usage_partial);
    tg_sse_deinit(&sse);
}

static void stream_survives(const char *name, struct tg_arena *arena, struct tg_text stream)
{
    struct recording recording, again;
    struct tg_answer_sink sink, again_sink;
    struct tg_seen seen;
    tg_json *last_usage;
    recording_init(&recording, arena, &sink);
    decode_sse(dialect, arena, stream, &sink);
    if (recording.events[recording.count - 1].kind != TG_ANSWER_END)
        fail_msg("%s does not end well", name);
    recording_init(&again, arena, &again_sink);
    decode_sse(dialect, arena, encode_all(dialect, arena, &recording, true), &again_sink);
    assert_int_equal(tg_usage_total_input(&recording.usage), tg_usage_total_input(&again.usage));
    assert_int_equal(tg_usage_total_output(&recording.usage), tg_usage_total_output(&again.usage));
    assert_same_json(name, encode_all(dialect, arena, &recording, false), encode_all(dialect, arena, &again, false));
    watch_stream(arena, stream, &seen, &last_usage);
    usage_is_the_providers(name, tg_json_member(last_usage, "usageMetadata"), &seen.usage);
    tg_json_destroy(last_usage);
    assert_true(seen.has_usage);
    assert_memory_equal(&seen.usage, &recording.usage, sizeof(seen.usage));
    assert_true(seen.text_bytes > 0);
    assert_true(seen.model_bytes > 0);
}

static void check(const struct cassette_exchange *exchange, void *user)
{
    int *streams = user;
    struct tg_model_request request = read_at(exchange->arena, exchange->uri, exchange->request);
    edit_is_exact(exchange, &request);
    writing_is_faithful(exchange, &request);
    if (exchange->status != 200) {
        struct tg_answer_error error;
        assert_true(dialect->read_error(exchange->arena, exchange->status, exchange->answer, &error));
        assert_false(tg_json_string_is_empty(error.message));
        assert_false(tg_json_string_is_empty(error.type));
        return;
    }
    if (!exchange->is_stream) {
        whole_answer_survives(exchange);
        return;
    }
    assert_true(request.is_streaming);
    stream_survives(exchange->name, exchange->arena, exchange->answer);
    ++*streams;
}

static void recorded_exchanges_survive_translation_to_and_fro(void **state)
{
    static const char *const folders[] = {"test_google",
                                          "google-test_code_execution",
                                          "google-test_output",
                                          "google-test_structured_output",
                                          "test_thinking_wire_contract",
                                          "test_tool_choice_matrix",
                                          "test_anthropic"};
    struct cassette_count count = {.exchanges = 0};
    int streams = 0;
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); ++i)
        cassette_each(folders[i], "enerateContent", check, &streams, &count);
    if (count.exchanges == 0) {
        print_message("SKIPPED: no recorded exchanges (set TOLLGATE_CORPORA to the folder that holds cassettes/)\n");
        skip();
    }
    print_message("%d exchanges, %d of them streamed; %d files cannot be read\n", count.exchanges, streams,
                  count.refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(recorded_exchanges_survive_translation_to_and_fro)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
