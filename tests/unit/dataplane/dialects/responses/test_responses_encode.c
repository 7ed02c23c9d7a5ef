/* What a client of this dialect gets of an answer that another maker's model gave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/codec/sse.h"
#include "dataplane/dialects/responses/responses.h"
#include "tests/unit/dataplane/dialects/support.h"

static const struct tg_dialect *const dialect = &tg_dialect_responses;

#define S(plain) tg_json_string_literal(plain)

enum { OUT_BYTES = 16 << 20 };

static const char REQUEST[] =
    "{\"model\":\"claude\",\"instructions\":\"Be brief.\",\"input\":\"hi\",\"metadata\":{\"a\":\"b\"},"
    "\"max_output_tokens\":100,\"reasoning\":{\"effort\":\"high\",\"summary\":\"auto\"},\"tool_choice\":\"auto\","
    "\"tools\":[{\"type\":\"namespace\",\"name\":\"git\",\"description\":\"d\",\"tools\":[{\"type\":\"function\","
    "\"name\":\"log\"},{\"type\":\"function\",\"name\":\"diff\"}]},{\"type\":\"custom\",\"name\":\"patch\"},{\"type\":"
    "\"local_shell\"}]}";

struct answer {
    struct tg_arena arena;
    struct tg_model_request request;
    struct tg_buf out;
    void *encoder;
};

static struct answer *begin(bool is_streaming)
{
    static struct answer answer;
    tg_arena_init(&answer.arena);
    tg_buf_init(&answer.out, OUT_BYTES);
    answer.request = read_ok(dialect, &answer.arena, tg_text_of(REQUEST));
    struct tg_encode_options options = {
        .request_id = tg_text_of("r"),
        .model = tg_text_of("claude"),
        .unix_ms = 1767225600999,
        .is_streaming = is_streaming,
        .request = &answer.request,
    };
    answer.encoder = dialect->encoder_new(&answer.arena, &options);
    return &answer;
}

static void end(struct answer *answer)
{
    tg_buf_deinit(&answer->out);
    tg_arena_deinit(&answer->arena);
}

static void tell(struct answer *answer, struct tg_answer_event event)
{
    assert_int_equal(dialect->encode(answer->encoder, &event, &answer->out), TG_OK);
}

#define TELL(answer, ...) tell(answer, (struct tg_answer_event){__VA_ARGS__})

static void tell_part(struct answer *answer, unsigned part, enum tg_part_kind kind, const char *text)
{
    TELL(answer, .kind = TG_ANSWER_PART_BEGIN, .part = part, .part_kind = kind);
    TELL(answer, .kind = TG_ANSWER_DELTA, .part = part, .part_kind = kind, .text = S(text));
    TELL(answer, .kind = TG_ANSWER_PART_END, .part = part, .part_kind = kind);
}

static void tell_call(struct answer *answer, unsigned part, const char *id, const char *name, const char *arguments)
{
    TELL(answer, .kind = TG_ANSWER_PART_BEGIN, .part = part, .part_kind = TG_PART_TOOL_CALL, .call_id = S(id),
         .name = S(name));
    TELL(answer, .kind = TG_ANSWER_DELTA, .part = part, .text = S(arguments));
    TELL(answer, .kind = TG_ANSWER_PART_END, .part = part);
}

static void tell_end(struct answer *answer, enum tg_finish finish)
{
    static const struct tg_usage USAGE = {.of = {[TG_USAGE_INPUT] = 10,
                                                 [TG_USAGE_CACHED_INPUT] = 5,
                                                 [TG_USAGE_CACHE_WRITE_1H] = 3,
                                                 [TG_USAGE_OUTPUT] = 7,
                                                 [TG_USAGE_REASONING] = 2}};
    TELL(answer, .kind = TG_ANSWER_FINISH, .finish = finish);
    TELL(answer, .kind = TG_ANSWER_USAGE, .usage = &USAGE, .service_tier = tg_text_of("priority"));
    TELL(answer, .kind = TG_ANSWER_END);
}

static void start(struct answer *answer)
{
    TELL(answer, .kind = TG_ANSWER_START, .id = S("msg_1"), .model = S("claude-1"));
}

/* A member of the whole answer, or of the last event's response. */
static void assert_member(struct answer *answer, struct tg_text document, const char *key, const char *wanted)
{
    struct tg_error error;
    struct tg_buf dump;
    tg_json *root = NULL;
    assert_int_equal(tg_json_parse(document, &root, &error), TG_OK);
    const tg_json *response = tg_json_member(root, "response");
    const tg_json *member = tg_json_member(response == NULL ? root : response, key);
    assert_non_null(member);
    tg_buf_init(&dump, OUT_BYTES);
    assert_int_equal(tg_json_dump(member, TG_JSON_COMPACT, &dump), TG_OK);
    struct tg_text text = tg_arena_copy(&answer->arena, tg_buf_text(&dump));
    tg_buf_deinit(&dump);
    tg_json_destroy(root);
    if (text.data[0] == '{' || text.data[0] == '[')
        assert_same_json(key, text, tg_text_of(wanted));
    else
        assert_true(tg_text_is(text, wanted));
}

/* The stream's events by name; their data's `index`th, if asked for. */
static struct tg_text names(struct answer *answer, size_t index, struct tg_text *data)
{
    struct tg_sse sse;
    struct tg_sse_block block;
    struct tg_text line = tg_text(NULL, 0);
    size_t count = 0;
    tg_sse_init(&sse, OUT_BYTES);
    tg_sse_feed(&sse, tg_buf_text(&answer->out));
    while (tg_sse_next(&sse, &block) == TG_SSE_BLOCK) {
        assert_true(tg_text_starts_with(block.name, "response.") || tg_text_is(block.name, "error"));
        struct tg_text name =
            tg_text_is(block.name, "error") ? block.name : tg_text(block.name.data + 9, block.name.bytes - 9);
        line =
            tg_arena_printf(&answer->arena, "%.*s%s%.*s", TG_TEXT_ARG(line), count == 0 ? "" : " ", TG_TEXT_ARG(name));
        if (count++ == index)
            *data = tg_arena_copy(&answer->arena, block.data);
    }
    assert_int_equal(tg_sse_rest(&sse).bytes, 0);
    tg_sse_deinit(&sse);
    return line;
}

static void assert_stream(struct answer *answer, const char *wanted, struct tg_text *last)
{
    struct tg_text ignored;
    size_t count = 1;
    for (const char *at = wanted; *at != '\0'; ++at)
        count += *at == ' ';
    struct tg_text line = names(answer, last == NULL ? SIZE_MAX : count - 1, last == NULL ? &ignored : last);
    if (!tg_text_is(line, wanted))
        fail_msg("%.*s", TG_TEXT_ARG(line));
}

/* ---- streams ---- */

static void a_text_is_streamed_as_a_message(void **state)
{
    struct answer *answer = begin(true);
    struct tg_text last;
    start(answer);
    tell_part(answer, 0, TG_PART_TEXT, "Hel");
    tell_part(answer, 1, TG_PART_TEXT, "lo"); /* some makers cut a paragraph in parts: it is one message */
    tell_end(answer, TG_FINISH_STOP);
    assert_stream(answer,
                  "created in_progress output_item.added content_part.added output_text.delta output_text.done "
                  "content_part.done content_part.added output_text.delta output_text.done content_part.done "
                  "output_item.done completed",
                  &last);
    assert_member(answer, last, "output",
                  "[{\"id\":\"msg_r_0\",\"type\":\"message\",\"status\":\"completed\",\"role\":\"assistant\","
                  "\"content\":[{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":[],\"text\":\"Hel\"},"
                  "{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":[],\"text\":\"lo\"}]}]");
    assert_member(answer, last, "id", "\"resp_r\"");
    assert_member(answer, last, "model", "\"claude\"");
    assert_member(answer, last, "created_at", "1767225600");
    assert_member(answer, last, "status", "\"completed\"");
    assert_member(answer, last, "service_tier", "\"priority\"");
    assert_member(answer, last, "instructions", "\"Be brief.\"");
    assert_member(answer, last, "metadata", "{\"a\":\"b\"}");
    assert_member(answer, last, "reasoning", "{\"effort\":\"high\",\"summary\":\"auto\"}");
    assert_member(answer, last, "tool_choice", "\"auto\"");
    assert_member(answer, last, "tools",
                  "[{\"type\":\"namespace\",\"name\":\"git\",\"description\":\"d\",\"tools\":[{\"type\":\"function\","
                  "\"name\":\"log\"},{\"type\":\"function\",\"name\":\"diff\"}]},{\"type\":\"custom\",\"name\":"
                  "\"patch\"},{\"type\":\"local_shell\"}]");
    assert_member(answer, last, "usage",
                  "{\"input_tokens\":18,\"input_tokens_details\":{\"cached_tokens\":5,\"cache_write_tokens\":3},"
                  "\"output_tokens\":9,\"output_tokens_details\":{\"reasoning_tokens\":2},\"total_tokens\":27}");
    end(answer);
}

static void thinking_goes_out_as_reasoning_with_its_makers_mark(void **state)
{
    struct answer *answer = begin(true);
    struct tg_text last;
    start(answer);
    TELL(answer, .kind = TG_ANSWER_PART_BEGIN, .part = 0, .part_kind = TG_PART_THINKING);
    TELL(answer, .kind = TG_ANSWER_DELTA, .part = 0, .text = S("Hm."));
    TELL(answer, .kind = TG_ANSWER_SIGNATURE, .part = 0, .text = S("c2"), .signature_origin = TG_DIALECT_MESSAGES);
    TELL(answer, .kind = TG_ANSWER_SIGNATURE, .part = 0, .text = S("ln"), .signature_origin = TG_DIALECT_MESSAGES);
    TELL(answer, .kind = TG_ANSWER_PART_END, .part = 0);
    TELL(answer, .kind = TG_ANSWER_PART_BEGIN, .part = 1, .part_kind = TG_PART_REDACTED_THINKING);
    TELL(answer, .kind = TG_ANSWER_SIGNATURE, .part = 1, .text = S("b3Bx"), .signature_origin = TG_DIALECT_MESSAGES);
    TELL(answer, .kind = TG_ANSWER_PART_END, .part = 1);
    tell_end(answer, TG_FINISH_STOP);
    assert_stream(answer,
                  "created in_progress output_item.added reasoning_summary_part.added reasoning_summary_text.delta "
                  "reasoning_summary_text.done reasoning_summary_part.done output_item.done output_item.added "
                  "output_item.done completed",
                  &last);
    assert_member(answer, last, "output",
                  "[{\"id\":\"rs_r_0\",\"type\":\"reasoning\",\"summary\":[{\"type\":\"summary_text\",\"text\":"
                  "\"Hm.\"}],\"encrypted_content\":\"tollgate.v1.messages.c2ln\"},{\"id\":\"rs_r_1\",\"type\":"
                  "\"reasoning\",\"summary\":[],\"encrypted_content\":\"tollgate.v1.messages.redacted.b3Bx\"}]");
    end(answer);
}

static void calls_go_out_in_the_shape_of_their_tool(void **state)
{
    struct answer *answer = begin(true);
    struct tg_text last;
    start(answer);
    tell_call(answer, 0, "t0", "plain", "");
    tell_call(answer, 1, "t1", "git__diff", "{\\\"a\\\":1}");
    tell_call(answer, 2, "", "patch", "{\\\"input\\\":\\\"a\\\\nb\\\"}");
    tell_call(answer, 3, "t3", "local_shell", "{\\\"command\\\":[\\\"ls\\\"]}");
    tell_end(answer, TG_FINISH_TOOL_CALLS);
    assert_stream(answer,
                  "created in_progress output_item.added function_call_arguments.delta function_call_arguments.done "
                  "output_item.done output_item.added function_call_arguments.delta function_call_arguments.done "
                  "output_item.done output_item.added custom_tool_call_input.delta custom_tool_call_input.done "
                  "output_item.done output_item.added output_item.done completed",
                  &last);
    assert_member(answer, last, "output",
                  "[{\"id\":\"fc_r_0\",\"type\":\"function_call\",\"status\":\"completed\",\"call_id\":\"t0\",\"name\":"
                  "\"plain\",\"arguments\":\"{}\"},"
                  "{\"id\":\"fc_r_1\",\"type\":\"function_call\",\"status\":\"completed\",\"call_id\":\"t1\",\"name\":"
                  "\"diff\",\"namespace\":\"git\",\"arguments\":\"{\\\"a\\\":1}\"},"
                  "{\"id\":\"ctc_r_2\",\"type\":\"custom_tool_call\",\"status\":\"completed\",\"call_id\":"
                  "\"call_r_2\",\"name\":\"patch\",\"input\":\"a\\nb\"},"
                  "{\"id\":\"lsh_r_3\",\"type\":\"local_shell_call\",\"status\":\"completed\",\"call_id\":\"t3\","
                  "\"action\":{\"type\":\"exec\",\"command\":[\"ls\"],\"env\":{}}}]");
    end(answer);
}

static void interleaved_calls_keep_their_places(void **state)
{
    struct answer *answer = begin(false);
    start(answer);
    TELL(answer, .kind = TG_ANSWER_PART_BEGIN, .part = 0, .part_kind = TG_PART_TOOL_CALL, .call_id = S("a"),
         .name = S("f"));
    TELL(answer, .kind = TG_ANSWER_PART_BEGIN, .part = 1, .part_kind = TG_PART_TOOL_CALL, .call_id = S("b"),
         .name = S("g"));
    TELL(answer, .kind = TG_ANSWER_DELTA, .part = 1, .text = S("{\\\"b\\\":"));
    TELL(answer, .kind = TG_ANSWER_DELTA, .part = 0, .text = S("{}"));
    TELL(answer, .kind = TG_ANSWER_DELTA, .part = 1, .text = S("2}"));
    TELL(answer, .kind = TG_ANSWER_PART_END, .part = 1);
    TELL(answer, .kind = TG_ANSWER_PART_END, .part = 0);
    tell_end(answer, TG_FINISH_TOOL_CALLS);
    assert_member(answer, tg_buf_text(&answer->out), "output",
                  "[{\"id\":\"fc_r_0\",\"type\":\"function_call\",\"status\":\"completed\",\"call_id\":\"a\",\"name\":"
                  "\"f\",\"arguments\":\"{}\"},{\"id\":\"fc_r_1\",\"type\":\"function_call\",\"status\":\"completed\","
                  "\"call_id\":\"b\",\"name\":\"g\",\"arguments\":\"{\\\"b\\\":2}\"}]");
    end(answer);
}

static void citations_become_annotations(void **state)
{
    static const struct tg_citation CITATIONS[] = {
        {.url = {TG_TEXT_LITERAL("https://a.b")},
         .title = {TG_TEXT_LITERAL("T")},
         .begin = -1,
         .end = -1,
         .document_index = -1},
        {.document_title = {TG_TEXT_LITERAL("d.pdf")}, .document_index = 2, .begin = 1, .end = 4},
    };
    struct answer *answer = begin(true);
    struct tg_text last;
    start(answer);
    TELL(answer, .kind = TG_ANSWER_PART_BEGIN, .part = 0, .part_kind = TG_PART_TEXT);
    TELL(answer, .kind = TG_ANSWER_DELTA, .part = 0, .text = S("\\u00e9\\ud83d\\ude00\xc3\xa4\\n!"));
    TELL(answer, .kind = TG_ANSWER_LOGPROBS, .part = 0, .raw = tg_text_of("[{\"token\":\"!\"}]"));
    TELL(answer, .kind = TG_ANSWER_CITATIONS, .part = 0, .citations = CITATIONS, .citation_count = 2);
    TELL(answer, .kind = TG_ANSWER_PART_END, .part = 0);
    tell_end(answer, TG_FINISH_STOP);
    assert_stream(answer,
                  "created in_progress output_item.added content_part.added output_text.delta output_text.delta "
                  "output_text.annotation.added output_text.annotation.added output_text.done content_part.done "
                  "output_item.done completed",
                  &last);
    assert_member(answer, last, "output",
                  "[{\"id\":\"msg_r_0\",\"type\":\"message\",\"status\":\"completed\",\"role\":\"assistant\","
                  "\"content\":[{\"type\":\"output_text\",\"annotations\":[{\"type\":\"url_citation\",\"start_index\":"
                  "0,\"end_index\":5,\"title\":\"T\",\"url\":\"https://a.b\"},{\"type\":\"file_citation\",\"file_id\":"
                  "\"document_2\",\"filename\":\"d.pdf\",\"index\":4}],\"logprobs\":[{\"token\":\"!\"}],\"text\":"
                  "\"\\u00e9\\ud83d\\ude00\xc3\xa4\\n!\"}]}]");
    end(answer);
}

static void pictures_and_refusals_have_items_and_what_has_none_is_left_out(void **state)
{
    struct answer *answer = begin(false);
    start(answer);
    TELL(answer, .kind = TG_ANSWER_PART_BEGIN, .part = 0, .part_kind = TG_PART_IMAGE, .media_type = S("image/jpeg"));
    TELL(answer, .kind = TG_ANSWER_DELTA, .part = 0, .text = S("/9j/"));
    TELL(answer, .kind = TG_ANSWER_PART_END, .part = 0);
    tell_part(answer, 1, TG_PART_AUDIO, "UklG");
    TELL(answer, .kind = TG_ANSWER_PART_BEGIN, .part = 2, .part_kind = TG_PART_OTHER, .name = S("server_tool_use"),
         .raw = tg_text_of("{\"type\":\"server_tool_use\"}"), .signature_origin = TG_DIALECT_MESSAGES);
    TELL(answer, .kind = TG_ANSWER_PART_END, .part = 2);
    tell_part(answer, 3, TG_PART_REFUSAL, "No.");
    tell_end(answer, TG_FINISH_REFUSAL);
    assert_member(answer, tg_buf_text(&answer->out), "output",
                  "[{\"id\":\"ig_r_0\",\"type\":\"image_generation_call\",\"status\":\"completed\",\"output_format\":"
                  "\"jpeg\",\"result\":\"/9j/\"},{\"id\":\"msg_r_1\",\"type\":\"message\",\"status\":\"completed\","
                  "\"role\":\"assistant\",\"content\":[{\"type\":\"refusal\",\"refusal\":\"No.\"}]}]");
    assert_member(answer, tg_buf_text(&answer->out), "status", "\"completed\"");
    end(answer);
}

static void a_tier_that_only_its_maker_has_is_the_default(void **state)
{
    static const struct tg_usage USAGE = {.of = {[TG_USAGE_INPUT] = 1}};
    struct answer *answer = begin(false);
    start(answer);
    TELL(answer, .kind = TG_ANSWER_FINISH, .finish = TG_FINISH_STOP);
    TELL(answer, .kind = TG_ANSWER_USAGE, .usage = &USAGE, .service_tier = tg_text_of("standard"));
    TELL(answer, .kind = TG_ANSWER_END);
    assert_member(answer, tg_buf_text(&answer->out), "service_tier", "\"default\"");
    end(answer);
}

static void an_answer_that_was_cut_is_incomplete(void **state)
{
    static const struct {
        enum tg_finish finish;
        const char *status, *details;
    } CASES[] = {
        {TG_FINISH_LENGTH, "\"incomplete\"", "{\"reason\":\"max_output_tokens\"}"},
        {TG_FINISH_CONTEXT_FULL, "\"incomplete\"", "{\"reason\":\"max_output_tokens\"}"},
        {TG_FINISH_CONTENT_FILTER, "\"incomplete\"", "{\"reason\":\"content_filter\"}"},
        {TG_FINISH_REFUSAL, "\"incomplete\"", "{\"reason\":\"content_filter\"}"},
        {TG_FINISH_STOP_SEQUENCE, "\"completed\"", "null"},
        {TG_FINISH_PAUSE, "\"completed\"", "null"},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); ++i) {
        struct answer *answer = begin(true);
        struct tg_text last;
        bool is_cut = CASES[i].details[0] == '{';
        start(answer);
        tell_part(answer, 0, TG_PART_TEXT, "x");
        tell_end(answer, CASES[i].finish);
        assert_stream(answer,
                      is_cut ? "created in_progress output_item.added content_part.added output_text.delta "
                               "output_text.done content_part.done output_item.done incomplete"
                             : "created in_progress output_item.added content_part.added output_text.delta "
                               "output_text.done content_part.done output_item.done completed",
                      &last);
        assert_member(answer, last, "status", CASES[i].status);
        assert_member(answer, last, "incomplete_details", CASES[i].details);
        end(answer);
    }
}

/* ---- trouble ---- */

static const struct tg_answer_error OVERLOADED = {
    .http_status = 529,
    .message = {TG_TEXT_LITERAL("Over\\\"loaded")},
    .type = {TG_TEXT_LITERAL("overloaded_error")},
    .origin = TG_DIALECT_MESSAGES,
};

static void an_error_ends_a_stream_in_the_two_ways_that_clients_look_for(void **state)
{
    struct answer *answer = begin(true);
    struct tg_text last, error;
    start(answer);
    TELL(answer, .kind = TG_ANSWER_PART_BEGIN, .part = 0, .part_kind = TG_PART_TEXT);
    TELL(answer, .kind = TG_ANSWER_ERROR, .error = &OVERLOADED);
    size_t bytes = answer->out.bytes;
    TELL(answer, .kind = TG_ANSWER_END); /* nothing comes behind it */
    assert_int_equal(answer->out.bytes, bytes);
    assert_stream(answer, "created in_progress output_item.added content_part.added error failed", &last);
    assert_member(answer, last, "status", "\"failed\"");
    assert_member(answer, last, "error", "{\"code\":\"server_error\",\"message\":\"Over\\\"loaded\"}");
    names(answer, 4, &error);
    assert_same_json("error", error,
                     tg_text_of("{\"type\":\"error\",\"code\":null,\"message\":\"Over\\\"loaded\",\"param\":null,"
                                "\"error\":{\"message\":\"Over\\\"loaded\",\"type\":\"server_error\",\"param\":null,"
                                "\"code\":null},\"sequence_number\":4}"));
    end(answer);
}

static void an_error_instead_of_a_whole_answer_is_its_body(void **state)
{
    struct answer *answer = begin(false);
    start(answer);
    tell_part(answer, 0, TG_PART_TEXT, "x");
    TELL(answer, .kind = TG_ANSWER_ERROR, .error = &OVERLOADED);
    assert_same_json("error", tg_buf_text(&answer->out),
                     tg_text_of("{\"error\":{\"message\":\"Over\\\"loaded\",\"type\":\"server_error\",\"param\":null,"
                                "\"code\":null}}"));
    end(answer);
}

static void an_answer_beyond_all_bounds_is_refused(void **state)
{
    struct answer *answer = begin(false);
    enum { CHUNK = 8 << 20 };
    char *chunk = malloc(CHUNK);
    memset(chunk, 'x', CHUNK);
    start(answer);
    TELL(answer, .kind = TG_ANSWER_PART_BEGIN, .part = 0, .part_kind = TG_PART_TEXT);
    struct tg_answer_event event = {.kind = TG_ANSWER_DELTA, .part = 0, .text = tg_json_string(tg_text(chunk, CHUNK))};
    enum tg_status status = TG_OK;
    int chunks = 0;
    for (; status == TG_OK && chunks < 100; ++chunks)
        status = dialect->encode(answer->encoder, &event, &answer->out);
    assert_int_equal(status, TG_TOO_LARGE);
    assert_true(chunks <= 9);
    free(chunk);
    end(answer);

    answer = begin(false);
    start(answer);
    status = TG_OK;
    unsigned parts = 0;
    for (; status == TG_OK && parts < 10000; ++parts) {
        struct tg_answer_event begins = {.kind = TG_ANSWER_PART_BEGIN, .part = parts, .part_kind = TG_PART_TEXT};
        struct tg_answer_event ends = {.kind = TG_ANSWER_PART_END, .part = parts};
        status = dialect->encode(answer->encoder, &begins, &answer->out);
        if (status == TG_OK)
            status = dialect->encode(answer->encoder, &ends, &answer->out);
    }
    assert_int_equal(status, TG_TOO_LARGE);
    end(answer);
}

static void a_buffer_that_is_full_is_told(void **state)
{
    struct answer *answer = begin(true);
    answer->out.max_bytes = 600;
    struct tg_answer_event event = {.kind = TG_ANSWER_START};
    assert_int_equal(dialect->encode(answer->encoder, &event, &answer->out), TG_TOO_LARGE);
    end(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_streamed_as_a_message),
        cmocka_unit_test(thinking_goes_out_as_reasoning_with_its_makers_mark),
        cmocka_unit_test(calls_go_out_in_the_shape_of_their_tool),
        cmocka_unit_test(interleaved_calls_keep_their_places),
        cmocka_unit_test(citations_become_annotations),
        cmocka_unit_test(pictures_and_refusals_have_items_and_what_has_none_is_left_out),
        cmocka_unit_test(a_tier_that_only_its_maker_has_is_the_default),
        cmocka_unit_test(an_answer_that_was_cut_is_incomplete),
        cmocka_unit_test(an_error_ends_a_stream_in_the_two_ways_that_clients_look_for),
        cmocka_unit_test(an_error_instead_of_a_whole_answer_is_its_body),
        cmocka_unit_test(an_answer_beyond_all_bounds_is_refused),
        cmocka_unit_test(a_buffer_that_is_full_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
