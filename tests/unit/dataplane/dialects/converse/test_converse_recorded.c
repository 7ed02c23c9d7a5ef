/* What real clients said to Bedrock's Converse and what it answered: read, edited, decoded and encoded again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/codec/aws_event_stream.h"
#include "dataplane/dialects/converse/converse.h"
#include "tests/unit/dataplane/dialects/cassette.h"
#include "tests/unit/dataplane/dialects/support.h"

static const struct tg_dialect *const dialect = &tg_dialect_converse;

struct checked {
    int streams, broken_bodies;
};

static void edit_is_exact(const struct cassette_exchange *exchange, const struct tg_model_request *request)
{
    struct tg_request_target target = {.max_output_tokens = 77};
    struct tg_text body = edited(dialect, exchange->arena, exchange->request, request, &target);
    struct tg_error error;
    tg_json *wanted = NULL, *got = NULL;
    assert_int_equal(tg_json_parse(exchange->request, &wanted, &error), TG_OK);
    assert_int_equal(tg_json_parse(body, &got, &error), TG_OK);
    if (tg_json_member(wanted, "inferenceConfig") == NULL)
        tg_json_set(wanted, "inferenceConfig", tg_json_new_object());
    tg_json_set_i64(tg_json_member(wanted, "inferenceConfig"), "maxTokens", 77);
    if (!tg_json_equals(wanted, got))
        fail_msg("%s: %.*s", exchange->name, TG_TEXT_ARG(body));
    tg_json_destroy(wanted);
    tg_json_destroy(got);
}

/* What the dialect writes of its own requests is read as the same again. */
static void writing_is_faithful(const struct cassette_exchange *exchange, const struct tg_model_request *request)
{
    struct tg_request_source source = {.arena = exchange->arena, .path_model = request->model};
    struct tg_request_target target = {.upstream_model = request->model};
    struct tg_loss loss = {.policy = TG_LOSS_REFUSE_MEANING};
    struct tg_model_request again;
    struct tg_client_error error;
    source.body = write_ok(dialect, exchange->arena, request, &target, &loss);
    if (loss.refused.bytes != 0)
        fail_msg("%s: %.*s is refused", exchange->name, TG_TEXT_ARG(loss.refused));
    assert_true(dialect->read_request(&source, &again, &error));
    assert_same_json(exchange->name, source.body, write_ok(dialect, exchange->arena, &again, &target, &loss));
    assert_int_equal(again.max_output_tokens, request->max_output_tokens);
    assert_int_equal(again.thinking.budget_tokens, request->thinking.budget_tokens);
    assert_int_equal(again.format.kind, request->format.kind);
}

static int64_t number(const tg_json *object, const char *key)
{
    const tg_json *value = tg_json_member(object, key);
    return value != NULL && tg_json_is_i64(value) ? tg_json_i64(value) : 0;
}

/* Every token that the provider counted, once. */
static void usage_is_the_providers(const char *name, const tg_json *usage, const struct tg_usage *seen)
{
    const int64_t *of = seen->of;
    if (tg_usage_total_input(seen) + tg_usage_total_output(seen) != number(usage, "totalTokens") ||
        of[TG_USAGE_INPUT] != number(usage, "inputTokens") || of[TG_USAGE_OUTPUT] != number(usage, "outputTokens") ||
        of[TG_USAGE_CACHED_INPUT] != number(usage, "cacheReadInputTokens") ||
        of[TG_USAGE_CACHE_WRITE_5M] != number(usage, "cacheWriteInputTokens"))
        fail_msg("%s: the usage is not what the provider reported", name);
}

/* Members that the canonical form does not carry: README.md lists them. */
static void forget_what_is_not_carried(tg_json *answer)
{
    static const char *const of_answer[] = {"metrics", "usage", "additionalModelResponseFields", "trace",
                                            "serviceTier"};
    for (size_t i = 0; i < sizeof(of_answer) / sizeof(of_answer[0]); ++i)
        tg_json_remove(answer, of_answer[i]);
    const tg_json *content = tg_json_member(tg_json_member(tg_json_member(answer, "output"), "message"), "content");
    for (size_t i = 0; i < tg_json_count(content); ++i) {
        tg_json *call = tg_json_member(tg_json_at(content, i), "toolUse");
        const tg_json *type = tg_json_member(call, "type");
        if (type != NULL && tg_text_is(tg_json_text(type), "tool_use"))
            tg_json_remove(call, "type");
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
    usage_is_the_providers(exchange->name, tg_json_member(got, "usage"), &recording.usage);
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
    /* and as a stream, but for the provider's own tools, whose results come apart there */
    for (size_t i = 0; i < recording.count; ++i)
        if (recording.events[i].part_kind == TG_PART_OTHER)
            return;
    recording_init(&streamed, exchange->arena, &streamed_sink);
    decode_aws(dialect, exchange->arena, encode_all(dialect, exchange->arena, &recording, true), &streamed_sink);
    assert_same_json(exchange->name, again, encode_all(dialect, exchange->arena, &streamed, false));
}

/* What is learnt on the way, the last block held. */
static void watch_stream(struct tg_text stream, struct tg_seen *seen)
{
    struct tg_aws_event_stream events;
    struct tg_aws_event_message message;
    *seen = (struct tg_seen){.has_usage = false};
    tg_aws_event_stream_init(&events, TG_AWS_EVENT_MAX_BYTES);
    tg_aws_event_stream_feed(&events, stream);
    while (tg_aws_event_stream_next(&events, &message) == TG_AWS_EVENT_MESSAGE) {
        assert_false(seen->is_done);
        assert_int_equal(dialect->watch_block(seen, false, message.event_type, message.payload),
                         tg_text_is(message.event_type, "metadata") ? TG_BLOCK_HOLD : TG_BLOCK_PASS);
    }
    assert_true(seen->is_done);
    tg_aws_event_stream_deinit(&events);
}

static void stream_survives(const struct cassette_exchange *exchange)
{
    struct recording recording, again;
    struct tg_answer_sink sink, again_sink;
    struct tg_seen seen;
    struct tg_arena *arena = exchange->arena;
    recording_init(&recording, arena, &sink);
    decode_aws(dialect, arena, exchange->answer, &sink);
    if (recording.events[recording.count - 1].kind != TG_ANSWER_END)
        fail_msg("%s does not end well", exchange->name);
    assert_true(recording.has_usage);
    recording_init(&again, arena, &again_sink);
    decode_aws(dialect, arena, encode_all(dialect, arena, &recording, true), &again_sink);
    assert_memory_equal(&recording.usage, &again.usage, sizeof(again.usage));
    assert_same_json(exchange->name, encode_all(dialect, arena, &recording, false),
                     encode_all(dialect, arena, &again, false));
    watch_stream(exchange->answer, &seen);
    assert_true(seen.has_usage);
    assert_memory_equal(&seen.usage, &recording.usage, sizeof(seen.usage));
    assert_true(seen.text_bytes > 0);
}

static struct tg_text path_model(const struct cassette_exchange *exchange)
{
    const char *end = exchange->uri.data + exchange->uri.bytes;
    const char *at = memmem(exchange->uri.data, exchange->uri.bytes, "/model/", 7);
    assert_non_null(at);
    at += 7;
    return tg_text(at, (size_t)((const char *)memchr(at, '/', (size_t)(end - at)) - at));
}

static void check(const struct cassette_exchange *exchange, void *user)
{
    struct checked *checked = user;
    struct tg_request_source source = {.arena = exchange->arena, .body = exchange->request};
    struct tg_model_request request;
    struct tg_client_error error;
    source.path_model = path_model(exchange);
    source.is_streaming_path = memmem(exchange->uri.data, exchange->uri.bytes, "converse-stream", 15) != NULL;
    if (!dialect->read_request(&source, &request, &error)) { /* one recording was made unreadable by its filter */
        assert_int_equal(error.code, TG_ERROR_INVALID_JSON);
        ++checked->broken_bodies;
    } else {
        edit_is_exact(exchange, &request);
        writing_is_faithful(exchange, &request);
    }
    if (exchange->status != 200) {
        struct tg_answer_error answer_error;
        assert_true(dialect->read_error(exchange->arena, exchange->status, exchange->answer, &answer_error));
        assert_false(tg_json_string_is_empty(answer_error.message));
    } else if (exchange->is_stream) {
        stream_survives(exchange);
        ++checked->streams;
    } else {
        whole_answer_survives(exchange);
    }
}

static void recorded_exchanges_survive_translation_to_and_fro(void **state)
{
    static const char *const folders[] = {"test_bedrock", "bedrock-test_cache", "bedrock-test_native_output",
                                          "bedrock-test_strict_tool_calls", "test_tool_choice_matrix"};
    struct cassette_count count = {.exchanges = 0};
    struct checked checked = {.streams = 0};
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); ++i)
        cassette_each(folders[i], "/converse", check, &checked, &count);
    if (count.exchanges == 0) {
        print_message("SKIPPED: no recorded exchanges (set TOLLGATE_CORPORA to the folder that holds cassettes/)\n");
        skip();
    }
    assert_true(checked.broken_bodies <= 1);
    print_message("%d exchanges, %d of them streamed; %d files cannot be read\n", count.exchanges, checked.streams,
                  count.refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_exchanges_survive_translation_to_and_fro),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
