/* Recorded exchanges with OpenAI, DeepSeek, OpenRouter, Azure and Bedrock: their requests can be read, edited and
 * written, their answers decoded with the usage that was recorded, and what is encoded again means the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/codec/sse.h"
#include "dataplane/dialects/responses/responses.h"
#include "tests/unit/dataplane/dialects/cassette.h"
#include "tests/unit/dataplane/dialects/support.h"

static const struct tg_dialect *const dialect = &tg_dialect_responses;

enum { MAX_BYTES = 64 << 20 };

static tg_json *parse(const char *name, struct tg_text text)
{
    struct tg_error error;
    tg_json *root = NULL;
    if (tg_json_parse(text, &root, &error) != TG_OK)
        fail_msg("%s: %s: %.*s", name, error.message, TG_TEXT_ARG(text));
    return root;
}

static struct tg_text dump(struct tg_arena *arena, const tg_json *value)
{
    struct tg_buf buf;
    tg_buf_init(&buf, MAX_BYTES);
    assert_int_equal(tg_json_dump(value, TG_JSON_COMPACT, &buf), TG_OK);
    struct tg_text text = tg_arena_copy(arena, tg_buf_text(&buf));
    tg_buf_deinit(&buf);
    return text;
}

static bool is_text(const tg_json *value, const char *text)
{
    return tg_json_is(value, TG_JSON_STRING) && tg_text_is(tg_json_text(value), text);
}

/* ---- requests ---- */

static void check_request(const struct cassette_exchange *exchange)
{
    struct tg_arena *arena = exchange->arena;
    struct tg_request_target target = {.upstream_model = tg_text_of("other-model"), .max_output_tokens = 77};
    struct tg_request_target same = {.max_output_tokens = 0};
    struct tg_loss loss = {.policy = TG_LOSS_REFUSE_ALL};
    struct tg_model_request request = read_ok(dialect, arena, exchange->request);
    struct tg_text body = edited(dialect, arena, exchange->request, &request, &target);
    struct tg_model_request again = read_ok(dialect, arena, body);
    assert_true(tg_text_is(again.model, "other-model"));
    assert_int_equal(again.max_output_tokens, 77);
    assert_int_equal(again.is_streaming, request.is_streaming);

    /* In its own dialect all of it can be said, and what was written says the same again. */
    struct tg_text written = write_ok(dialect, arena, &request, &same, &loss);
    if (loss.refused.bytes != 0)
        fail_msg("%s: %.*s is lost", exchange->name, TG_TEXT_ARG(loss.refused));
    struct tg_model_request rewritten = read_ok(dialect, arena, written);
    assert_same_json(exchange->name, written, write_ok(dialect, arena, &rewritten, &same, &loss));
}

/* ---- answers ---- */

static int64_t number(const tg_json *object, const char *key)
{
    const tg_json *member = tg_json_member(object, key);
    return member != NULL && tg_json_is_i64(member) ? tg_json_i64(member) : 0;
}

static void check_usage(const char *name, const tg_json *response, const struct tg_usage *usage, bool has_usage)
{
    const tg_json *reported = tg_json_member(response, "usage");
    if (!tg_json_is(reported, TG_JSON_OBJECT)) {
        assert_false(has_usage);
        return;
    }
    if (!has_usage)
        fail_msg("%s: no usage was found", name);
    assert_int_equal(tg_usage_total_input(usage), number(reported, "input_tokens"));
    assert_int_equal(tg_usage_total_output(usage), number(reported, "output_tokens"));
    assert_int_equal(usage->of[TG_USAGE_CACHED_INPUT],
                     number(tg_json_member(reported, "input_tokens_details"), "cached_tokens"));
    assert_int_equal(usage->of[TG_USAGE_REASONING],
                     number(tg_json_member(reported, "output_tokens_details"), "reasoning_tokens"));
    int64_t searches = 0;
    const tg_json *output = tg_json_member(response, "output");
    for (size_t i = 0; i < tg_json_count(output); ++i) {
        const tg_json *item = tg_json_at(output, i);
        searches += is_text(tg_json_member(item, "type"), "web_search_call") &&
                    is_text(tg_json_member(tg_json_member(item, "action"), "type"), "search");
    }
    assert_int_equal(usage->of[TG_USAGE_WEB_SEARCHES], searches);
}

static void append_texts(const tg_json *list, struct tg_buf *text)
{
    for (size_t i = 0; i < tg_json_count(list); ++i) {
        const tg_json *part = tg_json_member(tg_json_at(list, i), "text");
        if (!tg_json_is(part, TG_JSON_STRING) || tg_json_text(part).bytes == 0)
            continue;
        if (text->bytes != 0)
            assert_int_equal(tg_buf_append(text, tg_text_of("\n\n")), TG_OK);
        assert_int_equal(tg_buf_append(text, tg_json_text(part)), TG_OK);
    }
}

static void copy_member(const tg_json *from, tg_json *to, const char *key, const char *to_key)
{
    const tg_json *member = tg_json_member(from, key);
    if (member != NULL && !tg_json_is(member, TG_JSON_NULL))
        tg_json_set(to, to_key, tg_json_copy(member));
}

static tg_json *reasoning(const tg_json *item)
{
    tg_json *object = tg_json_new_object();
    struct tg_buf text;
    tg_buf_init(&text, MAX_BYTES);
    append_texts(tg_json_member(item, "summary"), &text);
    append_texts(tg_json_member(item, "content"), &text);
    tg_json_set_text(object, "reasoning", tg_buf_text(&text));
    copy_member(item, object, "encrypted_content", "encrypted_content");
    tg_buf_deinit(&text);
    return object;
}

/* An output without what responses.h says is not carried: ids and phases, where messages and summaries begin. */
static tg_json *meaning(const tg_json *output)
{
    static const char *const CALL[] = {"call_id", "name", "namespace", "arguments", "input"};
    static const char *const CONTENT[] = {"type", "text", "refusal", "annotations", "logprobs"};
    tg_json *list = tg_json_new_array();
    for (size_t i = 0; i < tg_json_count(output); ++i) {
        const tg_json *item = tg_json_at(output, i), *type = tg_json_member(item, "type");
        if (is_text(type, "message")) {
            const tg_json *content = tg_json_member(item, "content");
            for (size_t j = 0; j < tg_json_count(content); ++j) {
                tg_json *part = tg_json_new_object();
                for (size_t k = 0; k < sizeof(CONTENT) / sizeof(CONTENT[0]); ++k)
                    copy_member(tg_json_at(content, j), part, CONTENT[k], CONTENT[k]);
                if (tg_json_member(part, "text") != NULL && tg_json_member(part, "logprobs") == NULL)
                    tg_json_set(part, "logprobs", tg_json_new_array());
                tg_json_append(list, part);
            }
        } else if (is_text(type, "reasoning")) {
            tg_json_append(list, reasoning(item));
        } else if (is_text(type, "function_call") || is_text(type, "custom_tool_call")) {
            tg_json *call = tg_json_new_object();
            for (size_t k = 0; k < sizeof(CALL) / sizeof(CALL[0]); ++k)
                copy_member(item, call, CALL[k], CALL[k]);
            tg_json_append(list, call);
        } else {
            tg_json_append(list, tg_json_copy(item));
        }
    }
    return list;
}

static void assert_same_meaning(const struct cassette_exchange *exchange, const tg_json *response, struct tg_text again)
{
    tg_json *other = parse(exchange->name, again);
    tg_json *a = meaning(tg_json_member(response, "output")), *b = meaning(tg_json_member(other, "output"));
    assert_same_json(exchange->name, dump(exchange->arena, a), dump(exchange->arena, b));
    const tg_json *status = tg_json_member(response, "status");
    if (is_text(status, "completed") || is_text(status, "incomplete"))
        assert_true(tg_json_equals(status, tg_json_member(other, "status")));
    if (tg_json_is(tg_json_member(response, "usage"), TG_JSON_OBJECT))
        assert_int_equal(number(tg_json_member(tg_json_member(response, "usage"), "total_tokens") == NULL
                                    ? NULL
                                    : tg_json_member(response, "usage"),
                                "total_tokens"),
                         number(tg_json_member(other, "usage"), "total_tokens"));
    tg_json_destroy(a);
    tg_json_destroy(b);
    tg_json_destroy(other);
}

static void check_whole(const struct cassette_exchange *exchange)
{
    struct recording recording, again;
    struct tg_answer_sink sink;
    struct tg_seen seen = {.has_usage = false};
    struct tg_usage usage;
    tg_json *response = parse(exchange->name, exchange->answer);
    recording_init(&recording, exchange->arena, &sink);
    assert_int_equal(dialect->decode_whole(exchange->arena, exchange->answer, &sink), TG_OK);
    check_usage(exchange->name, response, &recording.usage, recording.has_usage);

    dialect->watch_whole(&seen, exchange->answer);
    check_usage(exchange->name, response, &seen.usage, seen.has_usage);
    assert_true(seen.is_done);
    size_t tail = exchange->answer.bytes < 16384 ? exchange->answer.bytes : 16384;
    if (seen.has_usage) {
        assert_true(dialect->watch_tail(tg_text(exchange->answer.data + exchange->answer.bytes - tail, tail), &usage));
        assert_int_equal(tg_usage_total_input(&usage), tg_usage_total_input(&seen.usage));
        assert_int_equal(tg_usage_total_output(&usage), tg_usage_total_output(&seen.usage));
    }

    struct tg_text encoded = encode_all(dialect, exchange->arena, &recording, false);
    assert_same_meaning(exchange, response, encoded);
    recording_init(&again, exchange->arena, &sink);
    assert_int_equal(dialect->decode_whole(exchange->arena, encoded, &sink), TG_OK);
    assert_same_meaning(exchange, response, encode_all(dialect, exchange->arena, &again, false));
    tg_json_destroy(response);
}

/* ---- streams ---- */

struct blocks {
    struct tg_text names[4096], data[4096];
    size_t count;
};

static void split(struct tg_arena *arena, struct tg_text stream, struct blocks *blocks)
{
    struct tg_sse sse;
    struct tg_sse_block block;
    blocks->count = 0;
    tg_sse_init(&sse, MAX_BYTES);
    tg_sse_feed(&sse, ended(arena, stream));
    while (tg_sse_next(&sse, &block) == TG_SSE_BLOCK) {
        if (!block.has_data || tg_text_is(block.data, "[DONE]"))
            continue;
        assert_true(blocks->count < 4096);
        blocks->names[blocks->count] = tg_arena_copy(arena, block.name);
        blocks->data[blocks->count++] = tg_arena_copy(arena, block.data);
    }
    tg_sse_deinit(&sse);
}

/* Every event that is encoded has the members that a recorded one of its type has. */
static void check_shapes(const struct cassette_exchange *exchange, const struct blocks *recorded_blocks,
                         const struct blocks *encoded)
{
    for (size_t i = 0; i < encoded->count; ++i) {
        tg_json *event = parse(exchange->name, encoded->data[i]);
        assert_true(tg_text_equals(tg_json_text(tg_json_member(event, "type")), encoded->names[i]));
        assert_int_equal(number(event, "sequence_number"), i);
        for (size_t j = 0; j < recorded_blocks->count; ++j) {
            tg_json *other = parse(exchange->name, recorded_blocks->data[j]);
            struct tg_json_cursor cursor = {.position = NULL};
            bool is_same = tg_json_equals(tg_json_member(other, "type"), tg_json_member(event, "type"));
            while (is_same && tg_json_next_member(other, &cursor)) {
                char key[128];
                snprintf(key, sizeof(key), "%.*s", TG_TEXT_ARG(cursor.key));
                if (!tg_text_is(cursor.key, "obfuscation") && tg_json_member(event, key) == NULL)
                    fail_msg("%s: %.*s has no %s", exchange->name, TG_TEXT_ARG(encoded->names[i]), key);
            }
            tg_json_destroy(other);
            if (is_same)
                break;
        }
        tg_json_destroy(event);
    }
}

static void check_watch(const struct cassette_exchange *exchange, const struct blocks *blocks, const tg_json *response)
{
    struct tg_seen seen = {.has_usage = false};
    for (size_t i = 0; i < blocks->count; ++i) {
        bool is_last = i + 1 == blocks->count;
        enum tg_block_fate fate = dialect->watch_block(&seen, false, blocks->names[i], blocks->data[i]);
        assert_int_equal(fate, is_last ? TG_BLOCK_HOLD : TG_BLOCK_PASS);
    }
    assert_true(seen.is_done);
    assert_true(seen.text_bytes > 0);
    check_usage(exchange->name, response, &seen.usage, seen.has_usage);
    assert_true(tg_text_equals(tg_text(seen.model, seen.model_bytes), tg_json_text(tg_json_member(response, "model"))));
}

/* The items as they were when each was done, in order: reasoning is encrypted anew for the final response. */
static void take_items_from_events(const struct cassette_exchange *exchange, const struct blocks *blocks,
                                   tg_json *response)
{
    tg_json *output = tg_json_new_array();
    for (int64_t index = 0; index < 64; ++index) {
        for (size_t i = 0; i < blocks->count; ++i) {
            if (memmem(blocks->data[i].data, blocks->data[i].bytes, "output_item.done", 16) == NULL)
                continue;
            tg_json *event = parse(exchange->name, blocks->data[i]);
            if (is_text(tg_json_member(event, "type"), "response.output_item.done") &&
                number(event, "output_index") == index)
                tg_json_append(output, tg_json_copy(tg_json_member(event, "item")));
            tg_json_destroy(event);
        }
    }
    assert_int_equal(tg_json_count(output), tg_json_count(tg_json_member(response, "output")));
    tg_json_set(response, "output", output);
}

static void check_stream(const struct cassette_exchange *exchange)
{
    static struct blocks blocks, encoded_blocks;
    struct recording recording, again;
    struct tg_answer_sink sink;
    split(exchange->arena, exchange->answer, &blocks);
    tg_json *last = parse(exchange->name, blocks.data[blocks.count - 1]);
    tg_json *response = tg_json_member(last, "response");
    take_items_from_events(exchange, &blocks, response);
    recording_init(&recording, exchange->arena, &sink);
    decode_sse(dialect, exchange->arena, exchange->answer, &sink);
    assert_int_equal(recording.events[recording.count - 1].kind, TG_ANSWER_END);
    check_usage(exchange->name, response, &recording.usage, recording.has_usage);
    check_watch(exchange, &blocks, response);

    struct tg_text encoded = encode_all(dialect, exchange->arena, &recording, true);
    split(exchange->arena, encoded, &encoded_blocks);
    check_shapes(exchange, &blocks, &encoded_blocks);
    tg_json *final = parse(exchange->name, encoded_blocks.data[encoded_blocks.count - 1]);
    assert_same_meaning(exchange, response, dump(exchange->arena, tg_json_member(final, "response")));
    assert_same_meaning(exchange, response, encode_all(dialect, exchange->arena, &recording, false));
    recording_init(&again, exchange->arena, &sink);
    decode_sse(dialect, exchange->arena, encoded, &sink);
    assert_same_meaning(exchange, response, encode_all(dialect, exchange->arena, &again, false));
    tg_json_destroy(final);
    tg_json_destroy(last);
}

struct checked {
    int requests, wholes, streams, errors;
};

static void check_error(const struct cassette_exchange *exchange)
{
    struct tg_answer_error error;
    struct tg_arena *arena = exchange->arena;
    assert_true(dialect->read_error(arena, exchange->status, exchange->answer, &error));
    assert_int_equal(error.http_status, exchange->status);
    assert_same_json(exchange->name, exchange->answer, dialect->error_body(arena, &error));
}

static void check(const struct cassette_exchange *exchange, void *user)
{
    struct checked *checked = user;
    bool is_answer = memmem(exchange->uri.data, exchange->uri.bytes, "/compact", 8) == NULL &&
                     memmem(exchange->uri.data, exchange->uri.bytes, "/input_tokens", 13) == NULL;
    if (exchange->request.bytes > 2 && exchange->request.data[0] == '{') {
        check_request(exchange);
        ++checked->requests;
    }
    if (exchange->status != 200) {
        check_error(exchange);
        ++checked->errors;
    } else if (is_answer && exchange->is_stream) {
        check_stream(exchange);
        ++checked->streams;
    } else if (is_answer) {
        check_whole(exchange);
        ++checked->wholes;
    }
}

static void recorded_exchanges_keep_their_meaning_and_their_usage(void **state)
{
    static const char *const FOLDERS[] = {
        "test_openai_responses",
        "test_deepseek_responses",
        "test_openai_tool_availability_delta",
        "test_openai_prompt_cache",
        "test_openai",
        "test_bedrock_mantle",
        "test_thinking_native_tools",
        "test_tool_choice_matrix",
    };
    struct checked checked = {.requests = 0};
    struct cassette_count count = {.exchanges = 0};
    for (size_t i = 0; i < sizeof(FOLDERS) / sizeof(FOLDERS[0]); ++i)
        cassette_each(FOLDERS[i], "/responses", check, &checked, &count);
    if (count.exchanges == 0) {
        print_message("SKIPPED: no recorded exchanges (set TOLLGATE_CORPORA to the folder that holds cassettes/)\n");
        skip();
    }
    print_message("%d requests, %d whole answers, %d streams, %d errors; %d files not readable\n", checked.requests,
                  checked.wholes, checked.streams, checked.errors, count.refused);
    assert_true(checked.streams >= 10 && checked.wholes >= 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_exchanges_keep_their_meaning_and_their_usage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
