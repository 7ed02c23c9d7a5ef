/* What real clients said to OpenAI and to many that speak its dialect, and what was answered: read, edited, written,
 * decoded and encoded again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/codec/sse.h"
#include "dataplane/dialects/chat/chat.h"
#include "tests/unit/dataplane/dialects/cassette.h"
#include "tests/unit/dataplane/dialects/support.h"

static const struct tg_dialect *const dialect = &tg_dialect_chat;

struct counts {
    int wholes, streams, errors;
};

static tg_json *parsed(const char *name, struct tg_text text)
{
    struct tg_error error;
    tg_json *root = NULL;
    if (tg_json_parse(text, &root, &error) != TG_OK)
        fail_msg("%s: %s: %.*s", name, error.message, TG_TEXT_ARG(text));
    return root;
}

/* ---- requests ---- */

static void edit_is_exact(const struct cassette_exchange *exchange, const struct tg_model_request *request)
{
    struct tg_request_target target = {.upstream_model = tg_text_of("other-model"),
                                       .max_output_tokens = 77,
                                       .maximum_field = "max_tokens",
                                       .asks_for_usage = request->is_streaming};
    struct tg_text body = edited(dialect, exchange->arena, exchange->request, request, &target);
    tg_json *wanted = parsed(exchange->name, exchange->request), *got = parsed(exchange->name, body);
    bool has_new = tg_json_member(wanted, "max_completion_tokens") != NULL;
    tg_json_set_text(wanted, "model", tg_text_of("other-model"));
    tg_json_set_i64(wanted, has_new ? "max_completion_tokens" : "max_tokens", 77);
    if (request->is_streaming) {
        if (!tg_json_is(tg_json_member(wanted, "stream_options"), TG_JSON_OBJECT))
            tg_json_set(wanted, "stream_options", tg_json_new_object());
        tg_json_set_boolean(tg_json_member(wanted, "stream_options"), "include_usage", true);
    }
    if (!tg_json_equals(wanted, got))
        fail_msg("%s: %.*s", exchange->name, TG_TEXT_ARG(body));
    tg_json_destroy(wanted);
    tg_json_destroy(got);
}

/* All text of a message's content, in order. */
static void append_text(const tg_json *content, struct tg_buf *out)
{
    if (tg_json_is(content, TG_JSON_STRING))
        assert_int_equal(tg_buf_append(out, tg_json_text(content)), TG_OK);
    for (size_t i = 0; tg_json_is(content, TG_JSON_ARRAY) && i < tg_json_count(content); ++i) {
        const tg_json *part = tg_json_at(content, i);
        if (tg_json_is(tg_json_member(part, "text"), TG_JSON_STRING))
            append_text(tg_json_member(part, "text"), out);
    }
}

/* Arguments that are empty are told as an empty object: clients parse them. */
static bool same_function(const tg_json *wanted, const tg_json *got)
{
    const tg_json *arguments = tg_json_member(wanted, "arguments");
    bool is_empty = arguments == NULL || tg_json_text(arguments).bytes == 0;
    bool is_same = is_empty ? tg_text_is(tg_json_text(tg_json_member(got, "arguments")), "{}")
                            : tg_json_equals(arguments, tg_json_member(got, "arguments"));
    return is_same && tg_json_equals(tg_json_member(wanted, "name"), tg_json_member(got, "name"));
}

static void same_calls(const char *name, const tg_json *wanted, const tg_json *got)
{
    size_t count = tg_json_is(wanted, TG_JSON_ARRAY) ? tg_json_count(wanted) : 0;
    assert_int_equal(tg_json_is(got, TG_JSON_ARRAY) ? tg_json_count(got) : 0, count);
    for (size_t i = 0; i < count; ++i) {
        const tg_json *a = tg_json_at(wanted, i), *b = tg_json_at(got, i);
        const tg_json *a_id = tg_json_member(a, "id");
        bool has_id = tg_json_is(a_id, TG_JSON_STRING) && tg_json_text(a_id).bytes != 0;
        if (!same_function(tg_json_member(a, "function"), tg_json_member(b, "function")) ||
            (has_id && !tg_json_equals(a_id, tg_json_member(b, "id"))))
            fail_msg("%s: another tool call", name);
    }
}

/* What is written of a request in its own dialect says the same to the model. */
static void writing_is_faithful(const struct cassette_exchange *exchange, const struct tg_model_request *request)
{
    struct tg_request_target target = {.upstream_model = tg_text_of("other-model"), .maximum_field = "max_tokens"};
    struct tg_loss loss = {.policy = TG_LOSS_REFUSE_ALL};
    struct tg_text once = write_ok(dialect, exchange->arena, request, &target, &loss);
    if (loss.refused.bytes != 0)
        fail_msg("%s: %.*s is refused", exchange->name, TG_TEXT_ARG(loss.refused));
    struct tg_model_request again = read_ok(dialect, exchange->arena, once);
    assert_same_json(exchange->name, once, write_ok(dialect, exchange->arena, &again, &target, &loss));
    assert_int_equal(again.max_output_tokens, request->max_output_tokens);
    assert_int_equal(again.is_streaming, request->is_streaming);

    tg_json *wanted = parsed(exchange->name, exchange->request), *got = parsed(exchange->name, once);
    const tg_json *a = tg_json_member(wanted, "messages"), *b = tg_json_member(got, "messages");
    assert_int_equal(tg_json_count(a), tg_json_count(b));
    for (size_t i = 0; i < tg_json_count(a); ++i) {
        const tg_json *said = tg_json_at(a, i), *told = tg_json_at(b, i);
        struct tg_buf said_text, told_text;
        tg_buf_init(&said_text, 16 << 20);
        tg_buf_init(&told_text, 16 << 20);
        append_text(tg_json_member(said, "content"), &said_text);
        append_text(tg_json_member(told, "content"), &told_text);
        if (!tg_text_equals(tg_buf_text(&said_text), tg_buf_text(&told_text)))
            fail_msg("%s: message %zu says something else", exchange->name, i);
        same_calls(exchange->name, tg_json_member(said, "tool_calls"), tg_json_member(told, "tool_calls"));
        if (tg_json_member(said, "tool_call_id") != NULL)
            assert_true(tg_json_equals(tg_json_member(said, "tool_call_id"), tg_json_member(told, "tool_call_id")));
        tg_buf_deinit(&said_text);
        tg_buf_deinit(&told_text);
    }
    const tg_json *tools = tg_json_member(wanted, "tools"), *written = tg_json_member(got, "tools");
    assert_int_equal(tools == NULL ? 0 : tg_json_count(tools), written == NULL ? 0 : tg_json_count(written));
    for (size_t i = 0; tools != NULL && i < tg_json_count(tools); ++i) {
        const tg_json *function = tg_json_member(tg_json_at(tools, i), "function");
        const tg_json *other = tg_json_member(tg_json_at(written, i), "function");
        if (function == NULL)
            continue;
        assert_true(tg_json_equals(tg_json_member(function, "parameters"), tg_json_member(other, "parameters")));
        assert_true(tg_json_equals(tg_json_member(function, "name"), tg_json_member(other, "name")));
    }
    tg_json_destroy(wanted);
    tg_json_destroy(got);
}

/* ---- answers ---- */

static int64_t number(const tg_json *object, const char *key)
{
    const tg_json *value = tg_json_member(object, key);
    return value != NULL && tg_json_is_i64(value) ? tg_json_i64(value) : 0;
}

/* Independent sums over what the provider reported. */
static void usage_is_the_providers(const char *name, const tg_json *usage, const struct tg_usage *seen)
{
    int64_t prompt = number(usage, "prompt_tokens"), completion = number(usage, "completion_tokens");
    int64_t total = number(usage, "total_tokens");
    const tg_json *details = tg_json_member(usage, "prompt_tokens_details");
    int64_t cached = number(details, "cached_tokens") + number(usage, "num_cached_tokens");
    int64_t reasoning = number(tg_json_member(usage, "completion_tokens_details"), "reasoning_tokens");
    if (total > prompt + completion) { /* Gemini thinks beside what it counts as completion */
        reasoning = total - prompt - completion;
        completion += reasoning;
    }
    const int64_t *of = seen->of;
    if (tg_usage_total_input(seen) != prompt || tg_usage_total_output(seen) != completion ||
        of[TG_USAGE_CACHED_INPUT] != cached || of[TG_USAGE_REASONING] != reasoning ||
        of[TG_USAGE_CACHE_WRITE_5M] != number(details, "cache_write_tokens") ||
        of[TG_USAGE_INPUT_AUDIO] != number(details, "audio_tokens"))
        fail_msg("%s: the usage is not what the provider reported", name);
}

static void same_message(const char *name, const tg_json *wanted, const tg_json *got)
{
    struct tg_buf said, told;
    tg_buf_init(&said, 16 << 20);
    tg_buf_init(&told, 16 << 20);
    append_text(tg_json_member(wanted, "content"), &said);
    append_text(tg_json_member(got, "content"), &told);
    if (!tg_text_equals(tg_buf_text(&said), tg_buf_text(&told)))
        fail_msg("%s: another text", name);
    tg_buf_deinit(&said);
    tg_buf_deinit(&told);
    same_calls(name, tg_json_member(wanted, "tool_calls"), tg_json_member(got, "tool_calls"));
    static const char *const fields[] = {"reasoning", "reasoning_content"};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); ++i) {
        const tg_json *thought = tg_json_member(wanted, fields[i]);
        if (!tg_json_is(thought, TG_JSON_STRING) || tg_json_member(wanted, "reasoning_details") != NULL)
            continue;
        if (!tg_json_equals(thought, tg_json_member(got, "reasoning_content")))
            fail_msg("%s: another thought", name);
    }
    const tg_json *details = tg_json_member(wanted, "reasoning_details");
    if (details != NULL && !tg_json_equals(details, tg_json_member(got, "reasoning_details")))
        fail_msg("%s: other reasoning details", name);
}

static void same_answer(const char *name, const tg_json *wanted, const tg_json *got)
{
    const tg_json *a = tg_json_member(wanted, "choices"), *b = tg_json_member(got, "choices");
    assert_true(tg_json_equals(tg_json_member(wanted, "id"), tg_json_member(got, "id")));
    assert_true(tg_json_equals(tg_json_member(wanted, "model"), tg_json_member(got, "model")));
    assert_int_equal(tg_json_count(a), tg_json_count(b));
    for (size_t i = 0; i < tg_json_count(a); ++i) {
        const tg_json *choice = tg_json_at(a, i), *other = tg_json_at(b, i);
        same_message(name, tg_json_member(choice, "message"), tg_json_member(other, "message"));
        assert_true(tg_json_equals(tg_json_member(choice, "finish_reason"), tg_json_member(other, "finish_reason")));
    }
}

static void whole_answer_survives(const struct cassette_exchange *exchange)
{
    struct recording recording, streamed;
    struct tg_answer_sink sink, streamed_sink;
    struct tg_seen seen = {.has_usage = false};
    struct tg_usage tail_usage;
    recording_init(&recording, exchange->arena, &sink);
    assert_int_equal(dialect->decode_whole(exchange->arena, exchange->answer, &sink), TG_OK);
    assert_int_equal(recording.events[recording.count - 1].kind, TG_ANSWER_END);
    struct tg_text again = encode_all(dialect, exchange->arena, &recording, false);
    tg_json *wanted = parsed(exchange->name, exchange->answer), *got = parsed(exchange->name, again);
    same_answer(exchange->name, wanted, got);
    usage_is_the_providers(exchange->name, tg_json_member(wanted, "usage"), &recording.usage);
    dialect->watch_whole(&seen, exchange->answer);
    assert_true(seen.has_usage);
    assert_memory_equal(&seen.usage, &recording.usage, sizeof(seen.usage));
    assert_true(dialect->watch_tail(exchange->answer, &tail_usage));
    assert_memory_equal(&tail_usage, &recording.usage, sizeof(tail_usage));
    tg_json_destroy(wanted);
    tg_json_destroy(got);
    /* and as a stream */
    recording_init(&streamed, exchange->arena, &streamed_sink);
    decode_sse(dialect, exchange->arena, encode_all(dialect, exchange->arena, &recording, true), &streamed_sink);
    assert_memory_equal(&streamed.usage, &recording.usage, sizeof(seen.usage));
    assert_same_json(exchange->name, again, encode_all(dialect, exchange->arena, &streamed, false));
}

/* The text of all deltas, by a way of its own. */
static void append_stream_text(const char *name, struct tg_text stream, struct tg_arena *arena, struct tg_buf *out)
{
    struct tg_sse sse;
    struct tg_sse_block block;
    tg_sse_init(&sse, 16 << 20);
    tg_sse_feed(&sse, ended(arena, stream));
    while (tg_sse_next(&sse, &block) == TG_SSE_BLOCK) {
        if (!block.has_data || tg_text_starts_with(block.data, "[DONE]"))
            continue;
        tg_json *chunk = parsed(name, block.data);
        const tg_json *choices = tg_json_member(chunk, "choices");
        for (size_t i = 0; choices != NULL && i < tg_json_count(choices); ++i)
            append_text(tg_json_member(tg_json_member(tg_json_at(choices, i), "delta"), "content"), out);
        tg_json_destroy(chunk);
    }
    tg_sse_deinit(&sse);
}

static void stream_survives(const struct cassette_exchange *exchange, struct counts *counts)
{
    struct recording recording, again;
    struct tg_answer_sink sink, again_sink;
    struct tg_buf said, told;
    recording_init(&recording, exchange->arena, &sink);
    decode_sse(dialect, exchange->arena, exchange->answer, &sink);
    enum tg_answer_event_kind last = recording.events[recording.count - 1].kind;
    if (memmem(exchange->answer.data, exchange->answer.bytes, "data: {\"error\"", 14) != NULL) {
        assert_int_equal(last, TG_ANSWER_ERROR);
        ++counts->errors;
        return;
    }
    if (last != TG_ANSWER_END)
        fail_msg("%s does not end well", exchange->name);
    struct tg_text stream = encode_all(dialect, exchange->arena, &recording, true);
    recording_init(&again, exchange->arena, &again_sink);
    decode_sse(dialect, exchange->arena, stream, &again_sink);
    assert_memory_equal(&recording.usage, &again.usage, sizeof(again.usage));
    assert_same_json(exchange->name, encode_all(dialect, exchange->arena, &recording, false),
                     encode_all(dialect, exchange->arena, &again, false));
    tg_buf_init(&said, 16 << 20);
    tg_buf_init(&told, 16 << 20);
    append_stream_text(exchange->name, exchange->answer, exchange->arena, &said);
    append_stream_text(exchange->name, stream, exchange->arena, &told);
    assert_true(tg_text_equals(tg_buf_text(&said), tg_buf_text(&told)));
    tg_buf_deinit(&said);
    tg_buf_deinit(&told);
    ++counts->streams;
}

static void check(const struct cassette_exchange *exchange, void *user)
{
    struct counts *counts = user;
    struct tg_answer_error error;
    struct tg_model_request request = read_ok(dialect, exchange->arena, exchange->request);
    edit_is_exact(exchange, &request);
    writing_is_faithful(exchange, &request);
    if (exchange->status != 200) {
        assert_true(dialect->read_error(exchange->arena, exchange->status, exchange->answer, &error));
        assert_int_equal(error.http_status, exchange->status);
        assert_true(error.message.written.bytes > 10);
        ++counts->errors;
    } else if (exchange->is_stream) {
        stream_survives(exchange, counts);
    } else if (memmem(exchange->answer.data, exchange->answer.bytes, "\"choices\"", 9) != NULL) {
        whole_answer_survives(exchange);
        ++counts->wholes;
    }
}

static void recorded_exchanges_survive_translation_to_and_fro(void **state)
{
    static const char *const folders[] = {
        "openrouter-test_cache",
        "providers-test_openrouter",
        "test_cerebras",
        "test_deepseek",
        "test_google",
        "test_groq",
        "test_mistral",
        "test_ollama",
        "test_openai",
        "test_openai_prompt_cache",
        "test_openrouter",
        "test_thinking_wire_contract",
        "test_tool_choice_matrix",
        "test_xai",
    };
    struct cassette_count count = {.exchanges = 0};
    struct counts counts = {.wholes = 0};
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); ++i)
        cassette_each(folders[i], "chat/completions", check, &counts, &count);
    if (count.exchanges == 0) {
        print_message("SKIPPED: no recorded exchanges (set TOLLGATE_CORPORA to the folder that holds cassettes/)\n");
        skip();
    }
    print_message("%d exchanges: %d whole answers, %d streams, %d errors; %d files cannot be read\n", count.exchanges,
                  counts.wholes, counts.streams, counts.errors, count.refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_exchanges_survive_translation_to_and_fro),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
