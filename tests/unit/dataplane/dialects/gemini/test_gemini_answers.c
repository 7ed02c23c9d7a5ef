/* Google's answers by hand: what its documentation shows and no recording does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "dataplane/dialects/gemini/gemini.h"
#include "tests/unit/dataplane/dialects/support.h"

static const struct tg_dialect *const dialect = &tg_dialect_gemini;

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

static struct recording decode(void **state, const char *body)
{
    struct recording recording;
    struct tg_answer_sink sink;
    recording_init(&recording, *state, &sink);
    assert_int_equal(dialect->decode_whole(*state, tg_text_of(body), &sink), TG_OK);
    return recording;
}

static struct recording decode_stream(void **state, const char *stream)
{
    struct recording recording;
    struct tg_answer_sink sink;
    recording_init(&recording, *state, &sink);
    decode_sse(dialect, *state, tg_text_of(stream), &sink);
    return recording;
}

#define CHUNK(candidate, rest) "data: {\"candidates\":[{" candidate "}]" rest "}\n\n"
#define STOP                   "\"finishReason\":\"STOP\""
#define SAYS(text)             "\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"" text "\"}]}"

/* ---- usage ---- */

static void every_kind_of_token_has_its_own_column(void **state)
{
    struct tg_usage usage;
    assert_true(tg_gemini_usage(
        tg_text_of("{\"promptTokenCount\":1000,\"cachedContentTokenCount\":300,\"toolUsePromptTokenCount\":50,"
                   "\"candidatesTokenCount\":90,\"thoughtsTokenCount\":40,"
                   "\"promptTokensDetails\":[{\"modality\":\"TEXT\",\"tokenCount\":700},"
                   "{\"modality\":\"AUDIO\",\"tokenCount\":200},{\"modality\":\"IMAGE\",\"tokenCount\":100}],"
                   "\"cacheTokensDetails\":[{\"modality\":\"TEXT\",\"tokenCount\":220},"
                   "{\"modality\":\"AUDIO\",\"tokenCount\":80}],"
                   "\"candidatesTokensDetails\":[{\"modality\":\"IMAGE\",\"tokenCount\":60}]}"),
        &usage));
    assert_int_equal(usage.of[TG_USAGE_CACHED_INPUT], 220);
    assert_int_equal(usage.of[TG_USAGE_CACHED_INPUT_AUDIO], 80);
    assert_int_equal(usage.of[TG_USAGE_INPUT_AUDIO], 120);
    assert_int_equal(usage.of[TG_USAGE_INPUT_IMAGE], 100);
    assert_int_equal(usage.of[TG_USAGE_INPUT], 1000 - 300 - 120 - 100 + 50);
    assert_int_equal(usage.of[TG_USAGE_OUTPUT_IMAGE], 60);
    assert_int_equal(usage.of[TG_USAGE_OUTPUT], 30);
    assert_int_equal(usage.of[TG_USAGE_REASONING], 40);
}

static void numbers_that_cannot_be_are_no_usage(void **state)
{
    static const char *const bodies[] = {
        "{\"promptTokenCount\":-1}",       "{\"promptTokenCount\":1e3}",   "{\"promptTokenCount\":9999999999999}",
        "{\"trafficType\":\"ON_DEMAND\"}", "{\"promptTokenCount\":\"5\"}", "{\"promptTokenCount\":5"};
    struct tg_usage usage;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); ++i)
        assert_false(tg_gemini_usage(tg_text_of(bodies[i]), &usage));
}

static void details_beyond_their_sum_do_not_count_a_token_twice(void **state)
{
    struct tg_usage usage;
    assert_true(tg_gemini_usage(tg_text_of("{\"promptTokenCount\":10,\"cachedContentTokenCount\":8,"
                                           "\"promptTokensDetails\":[{\"modality\":\"AUDIO\",\"tokenCount\":50}]}"),
                                &usage));
    assert_int_equal(tg_usage_total_input(&usage), 10);
}

static void the_last_usage_of_a_stream_holds_and_says_the_tier(void **state)
{
    struct tg_seen seen = {.has_usage = false};
    static const char *const chunks[] = {
        "{\"candidates\":[{" SAYS("a") "}],\"usageMetadata\":{\"trafficType\":\"ON_DEMAND_PRIORITY\"}}",
        "{\"candidates\":[{" SAYS("b") "}],\"usageMetadata\":{\"promptTokenCount\":5,\"candidatesTokenCount\":1}}",
        "{\"candidates\":[{" SAYS("c") "," STOP "}],\"usageMetadata\":{\"promptTokenCount\":5,"
                                       "\"candidatesTokenCount\":3,\"trafficType\":\"ON_DEMAND_PRIORITY\"},"
                                       "\"modelVersion\":\"gemini-2.5-pro\"}"};
    assert_int_equal(dialect->watch_block(&seen, false, tg_text(NULL, 0), tg_text_of(chunks[0])), TG_BLOCK_PASS);
    assert_false(seen.has_usage);
    assert_int_equal(dialect->watch_block(&seen, false, tg_text(NULL, 0), tg_text_of(chunks[1])), TG_BLOCK_PASS);
    assert_true(seen.has_usage && seen.is_usage_partial);
    assert_int_equal(dialect->watch_block(&seen, false, tg_text(NULL, 0), tg_text_of(chunks[2])), TG_BLOCK_HOLD_SO_FAR);
    assert_true(seen.has_usage && !seen.is_usage_partial && seen.is_done);
    assert_int_equal(seen.usage.of[TG_USAGE_OUTPUT], 3);
    assert_true(tg_text_is(tg_text(seen.service_tier, seen.service_tier_bytes), "priority"));
    assert_int_equal(seen.text_bytes, 3);
}

static void usage_that_comes_behind_the_end_is_taken_and_the_end_stays(void **state)
{
    struct tg_seen seen = {.has_usage = false};
    static const char *const chunks[] = {"{\"candidates\":[{" SAYS("a") "," STOP "}]}",
                                         "{\"usageMetadata\":{\"promptTokenCount\":5,\"candidatesTokenCount\":1}}"};
    for (size_t i = 0; i < 2; ++i)
        assert_int_equal(dialect->watch_block(&seen, false, tg_text(NULL, 0), tg_text_of(chunks[i])),
                         TG_BLOCK_HOLD_SO_FAR);
    assert_true(seen.is_done && seen.has_usage && !seen.is_usage_partial);
    struct recording recording =
        decode_stream(state, CHUNK(SAYS("a") "," STOP, "") "data: {\"usageMetadata\":{\"promptTokenCount\":5}}\n\n");
    assert_int_equal(recording.events[recording.count - 1].kind, TG_ANSWER_END);
    assert_int_equal(recording.usage.of[TG_USAGE_INPUT], 5);
}

static void text_is_counted_without_a_parse_until_usage_may_matter(void **state)
{
    struct tg_seen seen = {.has_usage = false};
    static const char USAGE[] = "\"usageMetadata\":{\"promptTokenCount\":5,\"candidatesTokenCount\":%d},"
                                "\"modelVersion\":\"gemini-2.5-pro\"}";
    static const char *const candidates[] = {
        "\"index\":0," SAYS("abc"),           /* the first is parsed */
        "\"index\":0," SAYS("a\\\"text\\\""), /* an escape is as long as it is written */
        "\"index\":1," SAYS("de"),            /* another candidate is */
        "\"index\":1," STOP,
        "\"index\":0," SAYS("f") "," STOP,
    };
    static const int output[] = {0, 0, 2, 3, 4};
    static const size_t text[] = {3, 12, 14, 14, 15};
    for (int i = 0; i < 5; ++i) {
        char chunk[512];
        int bytes = snprintf(chunk, sizeof(chunk), "{\"candidates\":[{%s}],", candidates[i]);
        snprintf(chunk + bytes, sizeof(chunk) - (size_t)bytes, USAGE, i);
        enum tg_block_fate fate = dialect->watch_block(&seen, false, tg_text(NULL, 0), tg_text_of(chunk));
        assert_int_equal(fate, i == 4 ? TG_BLOCK_HOLD_SO_FAR : TG_BLOCK_PASS);
        assert_int_equal(seen.usage.of[TG_USAGE_OUTPUT], output[i]);
        assert_int_equal(seen.text_bytes, text[i]);
        assert_int_equal(seen.is_usage_partial, i != 4);
    }
}

static void a_candidate_that_ends_does_not_end_the_others(void **state)
{
    struct tg_seen seen = {.has_usage = false};
    static const char *const chunks[] = {"{\"candidates\":[{\"index\":0," SAYS("a") "},{\"index\":1," SAYS("b") "}]}",
                                         "{\"candidates\":[{\"index\":0," STOP "}]}",
                                         "{\"candidates\":[{\"index\":1," STOP "}]}"};
    assert_int_equal(dialect->watch_block(&seen, false, tg_text(NULL, 0), tg_text_of(chunks[0])), TG_BLOCK_PASS);
    assert_int_equal(dialect->watch_block(&seen, false, tg_text(NULL, 0), tg_text_of(chunks[1])), TG_BLOCK_PASS);
    assert_false(seen.is_done);
    assert_int_equal(dialect->watch_block(&seen, false, tg_text(NULL, 0), tg_text_of(chunks[2])), TG_BLOCK_HOLD_SO_FAR);
    assert_true(seen.is_done);
}

static void searches_are_billed_by_prompt_before_gemini_3_and_by_query_since(void **state)
{
    static const char BODY[] =
        "{\"candidates\":[{" SAYS("x") "," STOP
                                       ",\"groundingMetadata\":{\"webSearchQueries\":[\"a\",\"\",\"b\",\"a\"]}}],"
                                       "\"usageMetadata\":{\"promptTokenCount\":1},\"modelVersion\":\"%s\"}";
    struct tg_seen seen = {.has_usage = false}, later = {.has_usage = false};
    char body[512];
    snprintf(body, sizeof(body), BODY, "gemini-2.5-flash");
    dialect->watch_whole(&seen, tg_text_of(body));
    assert_int_equal(seen.usage.of[TG_USAGE_WEB_SEARCHES], 1);
    snprintf(body, sizeof(body), BODY, "gemini-3-flash-preview");
    dialect->watch_whole(&later, tg_text_of(body));
    assert_int_equal(later.usage.of[TG_USAGE_WEB_SEARCHES], 2);
    assert_int_equal(decode(state, body).usage.of[TG_USAGE_WEB_SEARCHES], 2);
}

/* ---- decoding ---- */

static void a_stop_beside_calls_is_for_the_calls(void **state)
{
    struct recording recording = decode(
        state, "{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":{\"q\":\"\\\"\"}},"
               "\"thoughtSignature\":\"c2ln\"}]}," STOP "}]}");
    assert_int_equal(recorded(&recording, TG_ANSWER_FINISH)->finish, TG_FINISH_TOOL_CALLS);
    assert_int_equal(recording.events[1].part_kind, TG_PART_REDACTED_THINKING);
    assert_true(tg_json_string_is(recorded(&recording, TG_ANSWER_SIGNATURE)->text, "c2ln"));
    assert_true(tg_json_string_is(recorded(&recording, TG_ANSWER_DELTA)->text, "{\"q\":\"\\\"\"}"));
}

static void a_blocked_prompt_is_a_filtered_answer(void **state)
{
    struct recording recording =
        decode_stream(state, "data: {\"promptFeedback\":{\"blockReason\":\"PROHIBITED_CONTENT\"},"
                             "\"usageMetadata\":{\"promptTokenCount\":7,\"totalTokenCount\":7}}\n\n");
    assert_int_equal(recorded(&recording, TG_ANSWER_FINISH)->finish, TG_FINISH_CONTENT_FILTER);
    assert_int_equal(recording.events[recording.count - 1].kind, TG_ANSWER_END);
    assert_int_equal(recording.usage.of[TG_USAGE_INPUT], 7);
}

static void a_stream_without_a_finish_broke_off(void **state)
{
    struct recording recording = decode_stream(state, CHUNK(SAYS("half"), ""));
    assert_int_equal(recording.events[recording.count - 1].kind, TG_ANSWER_ERROR);
    assert_int_equal(recording.events[recording.count - 1].error->http_status, 502);
}

static void an_error_in_a_stream_keeps_the_providers_words(void **state)
{
    struct recording recording =
        decode_stream(state, CHUNK(SAYS("half"), "") "data: {\"error\":{\"code\":503,\"message\":\"overloaded\","
                                                     "\"status\":\"UNAVAILABLE\"}}\n\n");
    const struct tg_answer_event *last = &recording.events[recording.count - 1];
    assert_int_equal(last->kind, TG_ANSWER_ERROR);
    assert_int_equal(last->error->http_status, 503);
    assert_true(tg_json_string_is(last->error->message, "overloaded"));
}

static void texts_go_on_from_chunk_to_chunk_and_places_are_characters(void **state)
{
    struct recording recording = decode_stream(
        state,
        CHUNK(SAYS("Gr\\u00fc"), "") CHUNK(SAYS("\xc3\x9f"
                                                "e!"),
                                           "")
            CHUNK(SAYS("") "," STOP ",\"groundingMetadata\":{\"groundingChunks\":[{\"web\":{\"uri\":\"https://a\","
                           "\"title\":\"A\"}}],\"groundingSupports\":[{\"segment\":{\"startIndex\":4,\"endIndex\":7},"
                           "\"groundingChunkIndices\":[0]}]}",
                  ""));
    unsigned begun = 0;
    for (size_t i = 0; i < recording.count; ++i)
        begun += recording.events[i].kind == TG_ANSWER_PART_BEGIN;
    assert_int_equal(begun, 1);
    const struct tg_answer_event *cited = recorded(&recording, TG_ANSWER_CITATIONS);
    assert_int_equal(cited->citation_count, 1);
    assert_int_equal(cited->citations[0].begin, 3);
    assert_int_equal(cited->citations[0].end, 5);
    assert_true(tg_json_string_is(cited->citations[0].url, "https://a"));
}

static void more_parts_than_are_followed_end_in_an_error(void **state)
{
    struct tg_buf body;
    struct recording recording;
    struct tg_answer_sink sink;
    tg_buf_init(&body, 8 << 20);
    assert_int_equal(tg_buf_append(&body, tg_text_of("{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}")),
                     TG_OK);
    for (int i = 0; i < 10000; ++i)
        assert_int_equal(tg_buf_append(&body, tg_text_of(",{\"functionCall\":{\"name\":\"f\"}}")), TG_OK);
    assert_int_equal(tg_buf_append(&body, tg_text_of("]}," STOP "}]}")), TG_OK);
    recording_init(&recording, *state, &sink);
    assert_int_equal(dialect->decode_whole(*state, tg_buf_text(&body), &sink), TG_OK);
    assert_int_equal(recording.events[recording.count - 1].kind, TG_ANSWER_ERROR);
    tg_buf_deinit(&body);
}

/* ---- encoding ---- */

static void assert_holds(const struct tg_buf *out, const char *wanted)
{
    if (memmem(out->data, out->bytes, wanted, strlen(wanted)) == NULL)
        fail_msg("%s is not in %.*s", wanted, TG_TEXT_ARG(tg_buf_text(out)));
}

struct encoding {
    void *encoder;
    struct tg_buf out;
};

static struct encoding encoding(void **state, bool is_streaming, enum tg_framing framing)
{
    struct encoding encoding;
    struct tg_encode_options options = {.request_id = tg_text_of("id-1"),
                                        .model = tg_text_of("fast"),
                                        .is_streaming = is_streaming,
                                        .framing = framing};
    encoding.encoder = dialect->encoder_new(*state, &options);
    tg_buf_init(&encoding.out, 1 << 20);
    return encoding;
}

static void tell(struct encoding *encoding, struct tg_answer_event event)
{
    assert_int_equal(dialect->encode(encoding->encoder, &event, &encoding->out), TG_OK);
}

static void tell_text(struct encoding *encoding, enum tg_part_kind kind, const char *text)
{
    tell(encoding, (struct tg_answer_event){
                       .kind = TG_ANSWER_PART_BEGIN, .part_kind = kind, .name = tg_json_string_literal("f")});
    tell(encoding,
         (struct tg_answer_event){.kind = TG_ANSWER_DELTA, .part_kind = kind, .text = tg_json_string_literal(text)});
}

static void a_json_array_is_whole_at_every_end(void **state)
{
    struct tg_answer_error error = {.http_status = 502, .message = tg_json_string_literal("gone")};
    struct encoding good = encoding(state, true, TG_FRAMING_JSON_ARRAY),
                    bad = encoding(state, true, TG_FRAMING_JSON_ARRAY),
                    none = encoding(state, true, TG_FRAMING_JSON_ARRAY);
    tell_text(&good, TG_PART_TEXT, "a");
    tell(&good, (struct tg_answer_event){.kind = TG_ANSWER_PART_END});
    tell(&good, (struct tg_answer_event){.kind = TG_ANSWER_FINISH});
    tell(&good, (struct tg_answer_event){.kind = TG_ANSWER_END});
    tell_text(&bad, TG_PART_TEXT, "a");
    tell(&bad, (struct tg_answer_event){.kind = TG_ANSWER_ERROR, .error = &error});
    tell(&none, (struct tg_answer_event){.kind = TG_ANSWER_ERROR, .error = &error});
    static const size_t counts[] = {2, 2, 1};
    struct encoding *all[] = {&good, &bad, &none};
    for (size_t i = 0; i < 3; ++i) {
        struct tg_error problem;
        tg_json *array = NULL;
        if (tg_json_parse(tg_buf_text(&all[i]->out), &array, &problem) != TG_OK)
            fail_msg("%.*s", TG_TEXT_ARG(tg_buf_text(&all[i]->out)));
        assert_int_equal(tg_json_count(array), counts[i]);
        const tg_json *last = tg_json_at(array, counts[i] - 1);
        assert_true((tg_json_member(last, "error") != NULL) == (i != 0));
        tg_json_destroy(array);
        tg_buf_deinit(&all[i]->out);
    }
}

static void arguments_come_in_one_piece_and_bad_ones_are_told(void **state)
{
    struct encoding good = encoding(state, true, TG_FRAMING_SSE), bad = encoding(state, false, TG_FRAMING_SSE);
    tell_text(&good, TG_PART_TOOL_CALL, "{\\\"q\\\":");
    assert_int_equal(good.out.bytes, 0);
    tell(&good, (struct tg_answer_event){.kind = TG_ANSWER_DELTA, .text = tg_json_string_literal("1}")});
    tell(&good, (struct tg_answer_event){.kind = TG_ANSWER_PART_END});
    assert_holds(&good.out, "\"name\":\"f\",\"args\":{\"q\":1}}");
    tell_text(&bad, TG_PART_TOOL_CALL, "{\\\"q\\\":");
    tell(&bad, (struct tg_answer_event){.kind = TG_ANSWER_PART_END});
    tell(&bad, (struct tg_answer_event){.kind = TG_ANSWER_FINISH, .finish = TG_FINISH_TOOL_CALLS});
    tell(&bad, (struct tg_answer_event){.kind = TG_ANSWER_END});
    assert_holds(&bad.out, "\"finishReason\":\"MALFORMED_FUNCTION_CALL\"");
    tg_buf_deinit(&good.out);
    tg_buf_deinit(&bad.out);
}

static void another_makers_signature_is_base64_for_googles_sdks(void **state)
{
    struct encoding at = encoding(state, false, TG_FRAMING_SSE);
    tell_text(&at, TG_PART_THINKING, "hm");
    tell(&at, (struct tg_answer_event){.kind = TG_ANSWER_SIGNATURE,
                                       .signature_origin = TG_DIALECT_MESSAGES,
                                       .text = tg_json_string_literal("Er?>>>")});
    tell(&at, (struct tg_answer_event){.kind = TG_ANSWER_PART_END});
    tell(&at, (struct tg_answer_event){.kind = TG_ANSWER_FINISH});
    tell(&at, (struct tg_answer_event){.kind = TG_ANSWER_END});
    assert_holds(&at.out, "\"dG9sbGdhdGUudjEubWVzc2FnZXMuRXI/Pj4+\"");
    tg_buf_deinit(&at.out);
}

/* ---- errors ---- */

static void errors_have_googles_shape_both_ways(void **state)
{
    struct tg_answer_error error = {.http_status = 429,
                                    .message = tg_json_string_literal("slow down"),
                                    .code = tg_json_string_literal("budget_exceeded")},
                           read;
    struct tg_text body = tg_gemini_error_body(*state, &error);
    assert_same_json("error", body,
                     tg_text_of("{\"error\":{\"code\":429,\"message\":\"slow down\",\"status\":\"RESOURCE_EXHAUSTED\","
                                "\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\","
                                "\"reason\":\"budget_exceeded\"}]}}"));
    assert_true(tg_gemini_read_error(*state, 429, tg_arena_printf(*state, "[%.*s]", TG_TEXT_ARG(body)), &read));
    assert_true(tg_json_string_is(read.message, "slow down"));
    assert_true(tg_json_string_is(read.code, "budget_exceeded"));
    assert_false(tg_gemini_read_error(*state, 500, tg_text_of("<html>"), &read));
    assert_int_equal(read.http_status, 500);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(every_kind_of_token_has_its_own_column),
        TEST(numbers_that_cannot_be_are_no_usage),
        TEST(details_beyond_their_sum_do_not_count_a_token_twice),
        TEST(the_last_usage_of_a_stream_holds_and_says_the_tier),
        TEST(usage_that_comes_behind_the_end_is_taken_and_the_end_stays),
        TEST(text_is_counted_without_a_parse_until_usage_may_matter),
        TEST(a_candidate_that_ends_does_not_end_the_others),
        TEST(searches_are_billed_by_prompt_before_gemini_3_and_by_query_since),
        TEST(a_stop_beside_calls_is_for_the_calls),
        TEST(a_blocked_prompt_is_a_filtered_answer),
        TEST(a_stream_without_a_finish_broke_off),
        TEST(an_error_in_a_stream_keeps_the_providers_words),
        TEST(texts_go_on_from_chunk_to_chunk_and_places_are_characters),
        TEST(more_parts_than_are_followed_end_in_an_error),
        TEST(a_json_array_is_whole_at_every_end),
        TEST(arguments_come_in_one_piece_and_bad_ones_are_told),
        TEST(another_makers_signature_is_base64_for_googles_sdks),
        TEST(errors_have_googles_shape_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
