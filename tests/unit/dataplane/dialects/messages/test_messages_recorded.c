/* What real clients said to Anthropic and what it answered: read, edited, decoded and encoded again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/codec/sse.h"
#include "dataplane/dialects/messages/messages.h"
#include "tests/unit/dataplane/dialects/cassette.h"
#include "tests/unit/dataplane/dialects/support.h"

static const struct tg_dialect *const dialect = &tg_dialect_messages;

static void edit_is_exact(const struct cassette_exchange *exchange, const struct tg_model_request *request)
{
    struct tg_request_target target = {.upstream_model = tg_text_of("other-model"), .max_output_tokens = 77};
    struct tg_text body = edited(dialect, exchange->arena, exchange->request, request, &target);
    struct tg_error error;
    tg_json *wanted = NULL, *got = NULL;
    assert_int_equal(tg_json_parse(exchange->request, &wanted, &error), TG_OK);
    assert_int_equal(tg_json_parse(body, &got, &error), TG_OK);
    if (request->marks.model.bytes != 0)
        tg_json_set_text(wanted, "model", tg_text_of("other-model"));
    tg_json_set_i64(wanted, "max_tokens", 77);
    assert_true(tg_json_equals(wanted, got));
    tg_json_destroy(wanted);
    tg_json_destroy(got);
}

/* What the dialect writes of its own requests is read as the same again. */
static void writing_is_faithful(const struct cassette_exchange *exchange, const struct tg_model_request *request)
{
    struct tg_request_target target = {.upstream_model = tg_text_of("claude-opus-4-8")};
    struct tg_loss loss = {.policy = TG_LOSS_REFUSE_MEANING};
    struct tg_text once = write_ok(dialect, exchange->arena, request, &target, &loss);
    if (loss.refused.bytes != 0)
        fail_msg("%s: %.*s is refused", exchange->name, TG_TEXT_ARG(loss.refused));
    struct tg_model_request again = read_ok(dialect, exchange->arena, once);
    struct tg_text twice = write_ok(dialect, exchange->arena, &again, &target, &loss);
    assert_same_json(exchange->name, once, twice);
    assert_int_equal(again.stop_count, request->stop_count);
    assert_int_equal(again.max_output_tokens, request->max_output_tokens > 0 ? request->max_output_tokens : 4096);
}

static int64_t number(const tg_json *object, const char *key)
{
    const tg_json *value = tg_json_member(object, key);
    return value != NULL && tg_json_is_i64(value) ? tg_json_i64(value) : 0;
}

/* Independent sums over what the provider reported. */
static void usage_is_the_providers(const char *name, const tg_json *usage, const struct tg_usage *seen)
{
    int64_t input = number(usage, "input_tokens"), output = number(usage, "output_tokens");
    int64_t written = number(usage, "cache_creation_input_tokens"), read = number(usage, "cache_read_input_tokens");
    const tg_json *iterations = tg_json_member(usage, "iterations");
    for (size_t i = 0; i < tg_json_count(iterations); ++i) {
        const tg_json *one = tg_json_at(iterations, i);
        if (tg_text_is(tg_json_text(tg_json_member(one, "type")), "message"))
            continue;
        input += number(one, "input_tokens");
        output += number(one, "output_tokens");
    }
    const int64_t *of = seen->of;
    if (of[TG_USAGE_INPUT] != input || of[TG_USAGE_CACHED_INPUT] != read ||
        of[TG_USAGE_CACHE_WRITE_5M] + of[TG_USAGE_CACHE_WRITE_1H] != written ||
        of[TG_USAGE_OUTPUT] + of[TG_USAGE_REASONING] != output ||
        of[TG_USAGE_WEB_SEARCHES] != number(tg_json_member(usage, "server_tool_use"), "web_search_requests") ||
        of[TG_USAGE_CACHE_WRITE_1H] != number(tg_json_member(usage, "cache_creation"), "ephemeral_1h_input_tokens") ||
        of[TG_USAGE_REASONING] != number(tg_json_member(usage, "output_tokens_details"), "thinking_tokens"))
        fail_msg("%s: the usage is not what the provider reported", name);
}

/* Members that the canonical form does not carry: README.md lists them. */
static void forget_what_is_not_carried(tg_json *message)
{
    static const char *const of_message[] = {"container", "context_management", "stop_details", "usage"};
    for (size_t i = 0; i < sizeof(of_message) / sizeof(of_message[0]); ++i)
        tg_json_remove(message, of_message[i]);
    const tg_json *content = tg_json_member(message, "content");
    for (size_t i = 0; i < tg_json_count(content); ++i) {
        tg_json *block = tg_json_at(content, i);
        const tg_json *citations = tg_json_member(block, "citations");
        if (tg_text_is(tg_json_text(tg_json_member(block, "type")), "tool_use"))
            tg_json_remove(block, "caller");
        if (citations != NULL && tg_json_count(citations) == 0)
            tg_json_remove(block, "citations");
    }
}

static void whole_answer_survives(const struct cassette_exchange *exchange)
{
    struct recording recording, streamed;
    struct tg_answer_sink sink, streamed_sink;
    struct tg_seen seen = {.has_usage = false};
    struct tg_usage tail_usage;
    struct tg_error error;
    tg_json *wanted = NULL, *got = NULL;
    recording_init(&recording, exchange->arena, &sink);
    assert_int_equal(dialect->decode_whole(exchange->arena, exchange->answer, &sink), TG_OK);
    assert_int_equal(recording.events[recording.count - 1].kind, TG_ANSWER_END);
    struct tg_text again = encode_all(dialect, exchange->arena, &recording, false);
    assert_int_equal(tg_json_parse(exchange->answer, &wanted, &error), TG_OK);
    assert_int_equal(tg_json_parse(again, &got, &error), TG_OK);
    usage_is_the_providers(exchange->name, tg_json_member(wanted, "usage"), &recording.usage);
    dialect->watch_whole(&seen, exchange->answer);
    assert_true(seen.has_usage);
    assert_memory_equal(&seen.usage, &recording.usage, sizeof(seen.usage));
    assert_true(dialect->watch_tail(exchange->answer, &tail_usage));
    assert_memory_equal(&tail_usage, &recording.usage, sizeof(tail_usage));
    forget_what_is_not_carried(wanted);
    forget_what_is_not_carried(got);
    if (!tg_json_equals(wanted, got))
        fail_msg("%s: %.*s\n%.*s", exchange->name, TG_TEXT_ARG(exchange->answer), TG_TEXT_ARG(again));
    tg_json_destroy(wanted);
    tg_json_destroy(got);
    /* and as a stream */
    recording_init(&streamed, exchange->arena, &streamed_sink);
    decode_sse(dialect, exchange->arena, encode_all(dialect, exchange->arena, &recording, true), &streamed_sink);
    assert_same_json(exchange->name, again, encode_all(dialect, exchange->arena, &streamed, false));
}

/* What is learnt on the way, the last block held. */
static void watch_stream(struct tg_arena *arena, struct tg_text stream, struct tg_seen *seen)
{
    struct tg_sse sse;
    struct tg_sse_block block;
    *seen = (struct tg_seen){.has_usage = false};
    tg_sse_init(&sse, 16 << 20);
    tg_sse_feed(&sse, ended(arena, stream));
    while (tg_sse_next(&sse, &block) == TG_SSE_BLOCK) {
        if (!block.has_data)
            continue;
        assert_false(seen->is_done);
        assert_int_equal(dialect->watch_block(seen, false, block.name, block.data),
                         tg_text_is(block.name, "message_stop") ? TG_BLOCK_HOLD : TG_BLOCK_PASS);
    }
    assert_true(seen->is_done);
    assert_false(seen->is_usage_partial);
    tg_sse_deinit(&sse);
}

static void stream_survives(const char *name, struct tg_arena *arena, struct tg_text stream)
{
    struct recording recording, again;
    struct tg_answer_sink sink, again_sink;
    struct tg_seen seen;
    recording_init(&recording, arena, &sink);
    decode_sse(dialect, arena, stream, &sink);
    if (recording.events[recording.count - 1].kind != TG_ANSWER_END)
        fail_msg("%s does not end well", name);
    recording_init(&again, arena, &again_sink);
    decode_sse(dialect, arena, encode_all(dialect, arena, &recording, true), &again_sink);
    assert_memory_equal(&recording.usage, &again.usage, sizeof(again.usage));
    assert_same_json(name, encode_all(dialect, arena, &recording, false), encode_all(dialect, arena, &again, false));
    watch_stream(arena, stream, &seen);
    assert_true(seen.has_usage);
    assert_memory_equal(&seen.usage, &recording.usage, sizeof(seen.usage));
    assert_true(seen.text_bytes > 0);
    assert_true(seen.model_bytes > 0);
}

static void check(const struct cassette_exchange *exchange, void *user)
{
    int *streams = user;
    if (memmem(exchange->uri.data, exchange->uri.bytes, "count_tokens", 12) != NULL)
        return;
    struct tg_model_request request = read_ok(dialect, exchange->arena, exchange->request);
    edit_is_exact(exchange, &request);
    writing_is_faithful(exchange, &request);
    if (exchange->status != 200)
        return;
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
    static const char *const folders[] = {"test_anthropic", "anthropic-test_output",
                                          "anthropic-test_unpaired_native_tool_calls",
                                          "test_anthropic_mid_conversation_system", "test_tool_choice_matrix"};
    struct cassette_count count = {.exchanges = 0};
    int streams = 0;
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); ++i)
        cassette_each(folders[i], "api.anthropic.com", check, &streams, &count);
    if (count.exchanges == 0) {
        print_message("SKIPPED: no recorded exchanges (set TOLLGATE_CORPORA to the folder that holds cassettes/)\n");
        skip();
    }
    print_message("%d exchanges, %d of them streamed; %d files cannot be read\n", count.exchanges, streams,
                  count.refused);
}

static void recorded_streams_survive_translation_to_and_fro(void **state)
{
    static const char *const names[] = {"sse/anthropic/fallback_response.txt", "sse/anthropic/tool_use_response.txt"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); ++i) {
        struct tg_buf stream;
        struct tg_arena arena;
        if (!cassette_file(names[i], &stream)) {
            print_message("SKIPPED: no recorded streams (set TOLLGATE_CORPORA to the folder that holds sse/)\n");
            skip();
        }
        tg_arena_init(&arena);
        stream_survives(names[i], &arena, tg_buf_text(&stream));
        tg_arena_deinit(&arena);
        tg_buf_deinit(&stream);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_exchanges_survive_translation_to_and_fro),
        cmocka_unit_test(recorded_streams_survive_translation_to_and_fro),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
