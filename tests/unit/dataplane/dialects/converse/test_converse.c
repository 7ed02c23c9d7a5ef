/* Bedrock's Converse by hand: what its documentation shows and no recording does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/codec/aws_event_stream.h"
#include "dataplane/dialects/converse/converse.h"
#include "tests/unit/dataplane/dialects/support.h"

static const struct tg_dialect *const dialect = &tg_dialect_converse;

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

static struct tg_model_request read_text(void **state, const char *body, const char *model)
{
    struct tg_request_source source = {
        .arena = *state, .body = tg_text_of(body), .path_model = tg_text_of(model), .is_streaming_path = true};
    struct tg_model_request request;
    struct tg_client_error error;
    if (!dialect->read_request(&source, &request, &error))
        fail_msg("%.*s", TG_TEXT_ARG(tg_client_error_sentence(*state, &error)));
    return request;
}

/* ---- reading ---- */

static void model_and_streaming_are_the_paths(void **state)
{
    struct tg_model_request request = read_text(state, "{\"messages\":[]}", "us.amazon.nova-lite-v1:0");
    assert_true(tg_text_is(request.model, "us.amazon.nova-lite-v1:0"));
    assert_true(request.is_streaming);
    assert_int_equal(request.dialect, TG_DIALECT_CONVERSE);
}

static void a_cache_point_marks_what_stands_before_it(void **state)
{
    struct tg_model_request request =
        read_text(state,
                  "{\"messages\":[{\"content\":[{\"text\":\"a\"},{ \"cachePoint\":{\"type\":\"default\",\"ttl\":\"1h\"}"
                  "},{\"text\":\"b\"}],\"role\":\"user\"}],\"system\":[{\"text\":\"s\"},{\"cachePoint\":{\"type\":"
                  "\"default\"}}],\"toolConfig\":{\"tools\":[{\"toolSpec\":{\"name\":\"f\",\"inputSchema\":{\"json\":"
                  "{}}}},{\"cachePoint\":{\"type\":\"default\"}}]}}",
                  "m");
    const struct tg_turn *system = request.turns, *user = system->next;
    assert_int_equal(system->role, TG_ROLE_SYSTEM);
    assert_int_equal(system->parts->cache, TG_CACHE_MARK_5M);
    assert_int_equal(user->parts->cache, TG_CACHE_MARK_1H);
    assert_int_equal(user->parts->next->cache, TG_CACHE_NO_MARK);
    assert_null(user->parts->next->next);
    assert_int_equal(request.tools->cache, TG_CACHE_MARK_5M);
    assert_null(request.tools->next);
}

static void blocks_become_parts_and_the_providers_own_stay_as_they_came(void **state)
{
    struct tg_model_request request =
        read_text(state,
                  "{\"messages\":[{\"role\":\"assistant\",\"content\":[{\"toolUse\":{\"toolUseId\":\"i\",\"name\":"
                  "\"code\",\"type\":\"server_tool_use\",\"input\":{}}},{\"citationsContent\":{\"content\":[{\"text\":"
                  "\"a\"},{\"text\":\"b\"}],\"citations\":[{\"title\":\"t\"}]}},{\"reasoningContent\":{"
                  "\"redactedContent\":\"dG9sbGdhdGUudjEubWVzc2FnZXMuYWJj\"}}]},{\"role\":\"user\",\"content\":[{"
                  "\"toolResult\":{\"toolUseId\":\"i\",\"status\":\"error\",\"content\":[{\"json\":{\"a\":\"b\"}}]}},{"
                  "\"video\":{\"format\":\"mp4\",\"source\":{\"s3Location\":{\"uri\":\"s3://b/k\"}}}}]}]}",
                  "m");
    const struct tg_part *opaque = request.turns->parts, *cited = opaque->next, *redacted = cited->next;
    const struct tg_part *result = request.turns->next->parts;
    assert_int_equal(opaque->kind, TG_PART_OTHER);
    assert_true(tg_json_string_is(opaque->name, "toolUse"));
    assert_true(tg_text_starts_with(opaque->raw, "{\"toolUse\":"));
    assert_true(tg_json_string_is(cited->text, "ab"));
    assert_true(tg_text_is(cited->citations, "[{\"title\":\"t\"}]"));
    assert_int_equal(redacted->kind, TG_PART_REDACTED_THINKING);
    assert_int_equal(redacted->signature_origin, TG_DIALECT_MESSAGES);
    assert_true(tg_json_string_is(redacted->signature, "abc"));
    assert_true(result->is_error);
    assert_true(tg_json_string_is(result->content->text, "{\"a\":\"b\"}"));
    assert_int_equal(result->next->kind, TG_PART_VIDEO);
    assert_int_equal(result->next->media->source, TG_MEDIA_FILE_ID);
    assert_true(tg_json_string_is(result->next->media->media_type, "video/mp4"));
}

static void fields_that_the_gateway_governs_are_judged(void **state)
{
    static const struct {
        const char *body, *param;
    } rows[] = {
        {"{\"inferenceConfig\":{\"maxTokens\":0}}", "inferenceConfig.maxTokens"},
        {"{\"inferenceConfig\":{\"maxTokens\":5,\"maxTokens\":6}}", "inferenceConfig.maxTokens"},
        {"{\"inferenceConfig\":3}", "inferenceConfig"},
        {"{\"messages\":{}}", "messages"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct tg_request_source source = {
            .arena = *state, .body = tg_text_of(rows[i].body), .path_model = tg_text_of("m")};
        struct tg_model_request request;
        struct tg_client_error error;
        assert_false(dialect->read_request(&source, &request, &error));
        assert_true(tg_text_is(error.param, rows[i].param));
    }
}

static void an_edit_sets_the_maximum_wherever_it_may_stand(void **state)
{
    static const char *const bodies[][2] = {
        {"{}", "{\"inferenceConfig\":{\"maxTokens\":9}}"},
        {"{\"messages\":[]}", "{\"inferenceConfig\":{\"maxTokens\":9},\"messages\":[]}"},
        {"{\"inferenceConfig\":{}}", "{\"inferenceConfig\":{\"maxTokens\":9}}"},
        {"{\"inferenceConfig\":null}", "{\"inferenceConfig\":{\"maxTokens\":9}}"},
        {"{\"inferenceConfig\":{\"topP\":1}}", "{\"inferenceConfig\":{\"maxTokens\":9,\"topP\":1}}"},
        {"{\"inferenceConfig\":{\"maxTokens\":500}}", "{\"inferenceConfig\":{\"maxTokens\":9}}"},
    };
    struct tg_request_target target = {.upstream_model = tg_text_of("other"), .max_output_tokens = 9};
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); ++i) {
        struct tg_model_request request = read_text(state, bodies[i][0], "m");
        struct tg_text body = edited(dialect, *state, tg_text_of(bodies[i][0]), &request, &target);
        if (!tg_text_is(body, bodies[i][1]))
            fail_msg("%.*s", TG_TEXT_ARG(body));
    }
}

/* ---- writing ---- */

#define HELLO "\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"hello\"}]}]"

static struct tg_text write_as(void **state, enum tg_dialect_id from, const char *body, const char *model,
                               struct tg_loss *loss)
{
    struct tg_model_request request = read_text(state, body, "m");
    struct tg_request_target target = {.upstream_model = tg_text_of(model)};
    request.dialect = from;
    *loss = (struct tg_loss){.policy = TG_LOSS_REFUSE_MEANING};
    return write_ok(dialect, *state, &request, &target, loss);
}

static void each_makers_models_are_told_to_think_in_their_own_way(void **state)
{
    static const struct {
        const char *fields, *model, *written;
    } rows[] = {
        {"\"reasoning_effort\":\"high\"", "us.anthropic.claude-sonnet-4-6",
         "{\"thinking\":{\"type\":\"adaptive\"},"
         "\"output_config\":{\"effort\":\"high\"}}"},
        {"\"reasoning_effort\":\"low\"", "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
         "{\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2000}}"},
        {"\"reasoning_effort\":\"max\"", "openai.gpt-oss-120b-1:0", "{\"reasoning_effort\":\"high\"}"},
        {"\"reasoning_effort\":\"high\"", "qwen.qwen3-32b-v1:0", "{\"reasoning_config\":\"high\"}"},
        {"\"reasoning_effort\":\"low\"", "us.amazon.nova-2-lite-v1:0",
         "{\"reasoningConfig\":{\"type\":\"enabled\",\"maxReasoningEffort\":\"low\"}}"},
        {"\"reasoning_effort\":\"none\"", "us.anthropic.claude-opus-5", "{\"thinking\":{\"type\":\"disabled\"}}"},
        {"\"top_k\":7", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "{\"top_k\":7}"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct tg_loss loss;
        struct tg_text request = tg_arena_printf(*state,
                                                 "{" HELLO ",\"inferenceConfig\":{\"maxTokens\":10000},"
                                                 "\"additionalModelRequestFields\":{%s}}",
                                                 rows[i].fields);
        struct tg_text body =
            write_as(state, TG_DIALECT_CHAT, tg_arena_copy(*state, request).data, rows[i].model, &loss);
        struct tg_text wanted = tg_arena_printf(*state,
                                                "{" HELLO ",\"inferenceConfig\":{\"maxTokens\":10000},"
                                                "\"additionalModelRequestFields\":%s}",
                                                rows[i].written);
        assert_same_json(rows[i].model, body, wanted);
        assert_int_equal(loss.refused.bytes + loss.dropped_count, 0);
    }
}

static void what_cannot_be_said_is_refused_by_its_name(void **state)
{
    static const struct {
        const char *settings, *model, *refused;
    } rows[] = {
        {"\"inferenceConfig\":{\"temperature\":1.5}", "us.amazon.nova-lite-v1:0", "inferenceConfig.temperature"},
        {"\"inferenceConfig\":{\"temperature\":0.5}", "us.anthropic.claude-opus-4-8", "inferenceConfig.temperature"},
        {"\"additionalModelRequestFields\":{\"top_k\":5}", "us.amazon.nova-lite-v1:0",
         "additionalModelRequestFields.top_k"},
        {"\"guardrailConfig\":{\"guardrailIdentifier\":\"x\"}", "us.amazon.nova-lite-v1:0", "guardrailConfig"},
        {"\"toolConfig\":{\"tools\":[{\"systemTool\":{\"name\":\"x\"}}]}", "us.amazon.nova-lite-v1:0",
         "toolConfig.tools[0]"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct tg_loss loss;
        struct tg_text request = tg_arena_printf(*state, "{" HELLO ",%s}", rows[i].settings);
        write_as(state, TG_DIALECT_CHAT, tg_arena_copy(*state, request).data, rows[i].model, &loss);
        if (!tg_text_is(loss.refused, rows[i].refused))
            fail_msg("%s: %.*s", rows[i].settings, TG_TEXT_ARG(loss.refused));
    }
}

/* A request as another dialect's reader would leave it. */
static void a_conversation_of_another_dialect_is_written(void **state)
{
    struct tg_arena *arena = *state;
    struct tg_model_request request = {.choices = 1, .dialect = TG_DIALECT_CHAT, .max_output_tokens = 50};
    struct tg_request_tail tail = {.turn = NULL};
    struct tg_media document = {
        .source = TG_MEDIA_TEXT, .data = tg_json_string_literal("hi"), .title = tg_json_string_literal("a/b.txt")};
    struct tg_loss loss = {.policy = TG_LOSS_REFUSE_MEANING};
    struct tg_request_target target = {.upstream_model = tg_text_of("us.amazon.nova-lite-v1:0")};
    tg_request_add_turn(arena, &request, &tail, TG_ROLE_DEVELOPER);
    tg_request_add_part(arena, &request, &tail, TG_PART_TEXT)->text = tg_json_string_literal("s");
    tg_request_add_turn(arena, &request, &tail, TG_ROLE_ASSISTANT);
    struct tg_part *call = tg_request_add_part(arena, &request, &tail, TG_PART_TOOL_CALL);
    call->call_id = tg_json_string_literal("call/1");
    call->name = tg_json_string_literal("f");
    call->arguments = (struct tg_arguments){.is_string = true, .raw = tg_text_of("{\\\"x\\\":1}")};
    tg_request_add_turn(arena, &request, &tail, TG_ROLE_USER);
    tg_request_add_part(arena, &request, &tail, TG_PART_TEXT)->text = tg_json_string_literal(" \\n");
    tg_request_add_part(arena, &request, &tail, TG_PART_DOCUMENT)->media = &document;
    tg_request_add_turn(arena, &request, &tail, TG_ROLE_USER);
    struct tg_part *result = tg_request_add_part(arena, &request, &tail, TG_PART_TOOL_RESULT);
    result->call_id = tg_json_string_literal("call/1");
    result->cache = TG_CACHE_MARK_5M;
    tg_request_add_content(arena, &request, &tail, result, TG_PART_TEXT)->text = tg_json_string_literal("r");
    struct tg_turn *late = tg_request_add_turn(arena, &request, &tail, TG_ROLE_SYSTEM);
    late->path = tg_text_of("messages[4]");
    tg_request_add_part(arena, &request, &tail, TG_PART_TEXT)->text = tg_json_string_literal("late");
    request.format = (struct tg_format){.kind = TG_FORMAT_JSON_SCHEMA,
                                        .name = tg_json_string_literal("n"),
                                        .schema = tg_text_of("{\"type\":\"object\"}")};
    tg_request_add_field(arena, &request, &tail, TG_FIELD_SERVICE_TIER, tg_text_of("service_tier"),
                         tg_text_of("\"flex\""));
    tg_request_add_field(arena, &request, &tail, TG_FIELD_METADATA, tg_text_of("metadata"),
                         tg_text_of("{\"a\":\"b c\"}"));
    assert_same_json(
        "conversation", write_ok(dialect, arena, &request, &target, &loss),
        tg_text_of(
            "{\"system\":[{\"text\":\"s\"},{\"text\":\"late\"}],\"messages\":[{\"role\":\"assistant\",\"content\":"
            "[{\"toolUse\":{\"toolUseId\":\"call_2f1\",\"name\":\"f\",\"input\":{\"x\":1}}}]},{\"role\":\"user\","
            "\"content\":[{\"toolResult\":{\"toolUseId\":\"call_2f1\",\"content\":[{\"text\":\"r\"}]}},{"
            "\"cachePoint\":{\"type\":\"default\"}},{\"document\":{\"format\":\"txt\",\"name\":\"a b txt\","
            "\"source\":{\"bytes\":\"aGk=\"}}}]}],\"inferenceConfig\":{\"maxTokens\":50},\"outputConfig\":{"
            "\"textFormat\":{\"type\":\"json_schema\",\"structure\":{\"jsonSchema\":{\"schema\":\"{\\\"type\\\":"
            "\\\"object\\\"}\",\"name\":\"n\"}}}},\"serviceTier\":{\"type\":\"flex\"},\"requestMetadata\":{"
            "\"a\":\"b c\"}}"));
    assert_int_equal(loss.refused.bytes, 0);
    assert_int_equal(loss.dropped_count, 1);
    assert_true(tg_text_is(loss.dropped[0], "messages[4]"));
}

static void long_ids_stay_apart(void **state)
{
    struct tg_loss loss;
    struct tg_text body =
        write_as(state, TG_DIALECT_CHAT,
                 "{\"messages\":[{\"role\":\"assistant\",\"content\":[{\"toolUse\":{\"toolUseId\":"
                 "\"0123456789012345678901234567890123456789012345678901234567890123456789a\",\"name\":\"f\",\"input\":"
                 "{}}},{\"toolUse\":{\"toolUseId\":"
                 "\"0123456789012345678901234567890123456789012345678901234567890123456789b\",\"name\":\"f\",\"input\":"
                 "{}}}]}]}",
                 "us.amazon.nova-lite-v1:0", &loss);
    struct tg_model_request again = read_text(state, tg_arena_copy(*state, body).data, "m");
    struct tg_json_string a = again.turns->parts->call_id, b = again.turns->parts->next->call_id;
    assert_int_equal(a.written.bytes, 64);
    assert_false(tg_json_string_equals(a, b));
}

static void no_tool_choice_leaves_the_tools_out(void **state)
{
    struct tg_model_request request = read_text(
        state, "{" HELLO ",\"toolConfig\":{\"tools\":[{\"toolSpec\":{\"name\":\"f\",\"inputSchema\":{\"json\":{}}}}]}}",
        "m");
    struct tg_request_target target = {.upstream_model = tg_text_of("us.amazon.nova-lite-v1:0")};
    struct tg_loss loss = {.policy = TG_LOSS_REFUSE_MEANING};
    request.dialect = TG_DIALECT_CHAT;
    request.tool_choice.mode = TG_CHOICE_NONE;
    struct tg_text body = write_ok(dialect, *state, &request, &target, &loss);
    assert_null(memmem(body.data, body.bytes, "toolConfig", 10));
    assert_int_equal(loss.refused.bytes, 0);
    request.turns->parts->kind = TG_PART_TOOL_CALL;
    write_ok(dialect, *state, &request, &target, &loss);
    assert_true(tg_text_is(loss.refused, "tool_choice"));
}

/* ---- answers ---- */

static struct tg_text usage_of(const struct recording *recording, struct tg_arena *arena)
{
    const int64_t *of = recording->usage.of;
    return tg_arena_printf(arena, "%lld %lld %lld %lld %lld", (long long)of[TG_USAGE_INPUT],
                           (long long)of[TG_USAGE_CACHED_INPUT], (long long)of[TG_USAGE_CACHE_WRITE_5M],
                           (long long)of[TG_USAGE_CACHE_WRITE_1H], (long long)of[TG_USAGE_OUTPUT]);
}

static void every_kind_of_token_has_its_own_column(void **state)
{
    static const struct {
        const char *usage, *columns;
    } rows[] = {
        {"\"inputTokens\":5,\"outputTokens\":6,\"totalTokens\":30,\"cacheReadInputTokens\":7,\"cacheWriteInputTokens\":"
         "12,\"cacheDetails\":[{\"ttl\":\"5m\",\"inputTokens\":4},{\"ttl\":\"1h\",\"inputTokens\":8}]",
         "5 7 4 8 6"},
        {"\"inputTokens\":9,\"outputTokens\":1,\"totalTokens\":10,\"cacheReadInputTokens\":4", "5 4 0 0 1"},
        {"\"inputTokens\":9,\"outputTokens\":-1", NULL},
        {"\"inputTokens\":9", NULL},
        {"\"inputTokens\":9,\"outputTokens\":2000000000000", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct recording recording;
        struct tg_answer_sink sink;
        recording_init(&recording, *state, &sink);
        struct tg_text body = tg_arena_printf(
            *state, "{\"output\":{\"message\":{\"content\":[]}},\"stopReason\":\"end_turn\",\"usage\":{%s}}",
            rows[i].usage);
        assert_int_equal(dialect->decode_whole(*state, body, &sink), TG_OK);
        assert_int_equal(recording.has_usage, rows[i].columns != NULL);
        if (rows[i].columns != NULL)
            assert_true(tg_text_is(usage_of(&recording, *state), rows[i].columns));
    }
}

static const struct tg_answer_event *decode_blocks(void **state, const char *const (*blocks)[2], size_t count,
                                                   struct recording *recording)
{
    struct tg_answer_sink sink;
    void *decoder = dialect->decoder_new(*state);
    recording_init(recording, *state, &sink);
    for (size_t i = 0; i < count; ++i)
        assert_int_equal(
            dialect->decode_block(decoder, *state, tg_text_of(blocks[i][0]), tg_text_of(blocks[i][1]), &sink), TG_OK);
    assert_int_equal(dialect->decode_end(decoder, *state, &sink), TG_OK);
    return &recording->events[recording->count - 1];
}

static void a_stream_that_goes_wrong_ends_with_one_error(void **state)
{
    static const char *const streams[][3][2] = {
        {{"messageStart", "{}"},
         {"contentBlockDelta", "{\"contentBlockIndex\":0,\"delta\":{\"text\":\"a\"}}"},
         {"x", "{}"}},
        {{"messageStart", "{}"}, {"contentBlockDelta", "{\"delta\""}, {"messageStop", "{}"}},
        {{"messageStart", "{}"}, {"throttlingException", "{\"message\":\"slow\"}"}, {"messageStop", "{}"}},
        {{"messageStart", "{}"}, {"modelStreamErrorException", "broken"}, {"messageStop", "{}"}},
    };
    static const int statuses[] = {502, 502, 429, 424};
    for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); ++i) {
        struct recording recording;
        const struct tg_answer_event *last = decode_blocks(state, streams[i], 3, &recording);
        assert_int_equal(last->kind, TG_ANSWER_ERROR);
        assert_int_equal(last->error->http_status, statuses[i]);
        assert_ptr_equal(recorded(&recording, TG_ANSWER_ERROR), last);
    }
}

static void citations_are_told_in_every_dialects_terms(void **state)
{
    static const char *const blocks[][2] = {
        {"messageStart", "{\"role\":\"assistant\"}"},
        {"contentBlockDelta", "{\"contentBlockIndex\":0,\"delta\":{\"text\":\"a\"}}"},
        {"contentBlockDelta",
         "{\"contentBlockIndex\":0,\"delta\":{\"citation\":{\"title\":\"T\",\"sourceContent\":[{\"text\":\"q1\"},{"
         "\"text\":\"q2\"}],\"location\":{\"documentPage\":{\"documentIndex\":2,\"start\":1,\"end\":2}}}}}"},
        {"messageStop", "{\"stopReason\":\"end_turn\"}"},
    };
    struct recording recording;
    assert_int_equal(decode_blocks(state, blocks, 4, &recording)->kind, TG_ANSWER_END);
    const struct tg_answer_event *event = recorded(&recording, TG_ANSWER_CITATIONS);
    assert_int_equal(event->citation_count, 1);
    assert_int_equal(event->citations[0].document_index, 2);
    assert_true(tg_json_string_is(event->citations[0].quote, "q1q2"));
    assert_true(tg_json_string_is(event->citations[0].document_title, "T"));
}

static void an_answer_of_another_dialect_survives_both_ways(void **state)
{
    static const struct tg_usage usage = {
        .of = {[TG_USAGE_INPUT] = 7, [TG_USAGE_CACHE_WRITE_1H] = 3, [TG_USAGE_OUTPUT] = 4, [TG_USAGE_REASONING] = 2}};
    struct tg_answer_event events[] = {
        {.kind = TG_ANSWER_START, .id = tg_json_string_literal("msg_1")},
        {.kind = TG_ANSWER_PART_BEGIN, .part = 0, .part_kind = TG_PART_REDACTED_THINKING},
        {.kind = TG_ANSWER_SIGNATURE,
         .part = 0,
         .text = tg_json_string_literal("abc"),
         .signature_origin = TG_DIALECT_MESSAGES},
        {.kind = TG_ANSWER_PART_END, .part = 0},
        {.kind = TG_ANSWER_PART_BEGIN,
         .part = 1,
         .part_kind = TG_PART_IMAGE,
         .media_type = tg_json_string_literal("image/jpeg")},
        {.kind = TG_ANSWER_DELTA, .part = 1, .text = tg_json_string_literal("AA")},
        {.kind = TG_ANSWER_DELTA, .part = 1, .text = tg_json_string_literal("AA")},
        {.kind = TG_ANSWER_PART_END, .part = 1},
        {.kind = TG_ANSWER_FINISH, .finish = TG_FINISH_REFUSAL},
        {.kind = TG_ANSWER_USAGE, .usage = &usage},
        {.kind = TG_ANSWER_END},
    };
    struct recording recording = {.arena = *state, .events = events, .count = sizeof(events) / sizeof(events[0])},
                     again;
    struct tg_answer_sink sink;
    struct tg_text wanted = tg_text_of(
        "{\"output\":{\"message\":{\"role\":\"assistant\",\"content\":[{\"reasoningContent\":{\"redactedContent\":"
        "\"dG9sbGdhdGUudjEubWVzc2FnZXMuYWJj\"}},{\"image\":{\"format\":\"jpeg\",\"source\":{\"bytes\":\"AAAA\"}}}]}},"
        "\"stopReason\":\"content_filtered\",\"usage\":{\"inputTokens\":7,\"outputTokens\":6,\"totalTokens\":16,"
        "\"cacheReadInputTokens\":0,\"cacheWriteInputTokens\":3,\"cacheDetails\":[{\"ttl\":\"1h\",\"inputTokens\":3}]},"
        "\"metrics\":{\"latencyMs\":0}}");
    assert_same_json("whole", encode_all(dialect, *state, &recording, false), wanted);
    recording_init(&again, *state, &sink);
    decode_aws(dialect, *state, encode_all(dialect, *state, &recording, true), &sink);
    assert_same_json("streamed", encode_all(dialect, *state, &again, false), wanted);
}

static void errors_are_named_in_a_header_and_in_a_stream(void **state)
{
    static const struct {
        int http_status;
        const char *type, *event;
    } rows[] = {
        {400, "ValidationException", "validationException"},
        {402, "AccessDeniedException", "validationException"},
        {404, "ResourceNotFoundException", "validationException"},
        {429, "ThrottlingException", "throttlingException"},
        {500, "InternalServerException", "internalServerException"},
        {502, "ServiceUnavailableException", "serviceUnavailableException"},
    };
    assert_string_equal(dialect->error_type_header, "x-amzn-errortype");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct tg_answer_error error = {.http_status = rows[i].http_status, .message = tg_json_string_literal("no\\n")};
        struct tg_aws_event_stream stream;
        struct tg_aws_event_message message;
        assert_string_equal(dialect->error_type(&error), rows[i].type);
        assert_true(tg_text_is(dialect->error_body(*state, &error), "{\"message\":\"no\\n\"}"));
        tg_aws_event_stream_init(&stream, TG_AWS_EVENT_MAX_BYTES);
        tg_aws_event_stream_feed(&stream, dialect->error_event(*state, &error, TG_FRAMING_AWS));
        assert_int_equal(tg_aws_event_stream_next(&stream, &message), TG_AWS_EVENT_MESSAGE);
        assert_true(tg_text_is(message.message_type, "exception"));
        assert_true(tg_text_is(message.exception_type, rows[i].event));
        assert_true(tg_text_is(message.payload, "{\"message\":\"no\\n\"}"));
        tg_aws_event_stream_deinit(&stream);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(model_and_streaming_are_the_paths, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cache_point_marks_what_stands_before_it, setup, teardown),
        cmocka_unit_test_setup_teardown(blocks_become_parts_and_the_providers_own_stay_as_they_came, setup, teardown),
        cmocka_unit_test_setup_teardown(fields_that_the_gateway_governs_are_judged, setup, teardown),
        cmocka_unit_test_setup_teardown(an_edit_sets_the_maximum_wherever_it_may_stand, setup, teardown),
        cmocka_unit_test_setup_teardown(each_makers_models_are_told_to_think_in_their_own_way, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_said_is_refused_by_its_name, setup, teardown),
        cmocka_unit_test_setup_teardown(a_conversation_of_another_dialect_is_written, setup, teardown),
        cmocka_unit_test_setup_teardown(long_ids_stay_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(no_tool_choice_leaves_the_tools_out, setup, teardown),
        cmocka_unit_test_setup_teardown(every_kind_of_token_has_its_own_column, setup, teardown),
        cmocka_unit_test_setup_teardown(a_stream_that_goes_wrong_ends_with_one_error, setup, teardown),
        cmocka_unit_test_setup_teardown(citations_are_told_in_every_dialects_terms, setup, teardown),
        cmocka_unit_test_setup_teardown(an_answer_of_another_dialect_survives_both_ways, setup, teardown),
        cmocka_unit_test_setup_teardown(errors_are_named_in_a_header_and_in_a_stream, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
