#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dataplane/dialects/chat/chat.h"
#include "tests/unit/dataplane/dialects/support.h"

struct encoding {
    struct tg_arena arena;
    struct tg_model_request request;
    struct tg_encode_options options;
    void *encoder;
    struct tg_buf out;
};

static void begin(struct encoding *encoding, bool is_streaming, bool wants_usage)
{
    memset(encoding, 0, sizeof(*encoding));
    tg_arena_init(&encoding->arena);
    tg_buf_init(&encoding->out, 1 << 20);
    encoding->options = (struct tg_encode_options){
        .request_id = tg_text_of("R"),
        .model = tg_text_of("asked"),
        .unix_ms = 1700000000999,
        .is_streaming = is_streaming,
        .wants_usage = wants_usage,
        .request = &encoding->request,
    };
    encoding->encoder = tg_dialect_chat.encoder_new(&encoding->arena, &encoding->options);
}

static void say(struct encoding *encoding, struct tg_answer_event event)
{
    assert_int_equal(tg_dialect_chat.encode(encoding->encoder, &event, &encoding->out), TG_OK);
}

static void assert_said(struct encoding *encoding, const char *wanted)
{
    if (!tg_text_is(tg_buf_text(&encoding->out), wanted))
        fail_msg("said:   %.*s\nwanted: %s", TG_TEXT_ARG(tg_buf_text(&encoding->out)), wanted);
    encoding->out.bytes = 0;
}

static void end(struct encoding *encoding)
{
    tg_buf_deinit(&encoding->out);
    tg_arena_deinit(&encoding->arena);
}

static struct tg_json_string written(const char *text)
{
    return tg_json_string(tg_text_of(text));
}

#define START(id_, model_)                                                                                             \
    ((struct tg_answer_event){.kind = TG_ANSWER_START, .id = written(id_), .model = written(model_)})
#define BEGIN(part_, kind_)                                                                                            \
    ((struct tg_answer_event){.kind = TG_ANSWER_PART_BEGIN, .part = (part_), .part_kind = (kind_)})
#define CALL(part_, id_, name_)                                                                                        \
    ((struct tg_answer_event){.kind = TG_ANSWER_PART_BEGIN,                                                            \
                              .part = (part_),                                                                         \
                              .part_kind = TG_PART_TOOL_CALL,                                                          \
                              .call_id = written(id_),                                                                 \
                              .name = written(name_)})
#define DELTA(part_, text_) ((struct tg_answer_event){.kind = TG_ANSWER_DELTA, .part = (part_), .text = written(text_)})
#define SIGNED(part_, origin_, text_)                                                                                  \
    ((struct tg_answer_event){                                                                                         \
        .kind = TG_ANSWER_SIGNATURE, .part = (part_), .signature_origin = (origin_), .text = written(text_)})
#define END_OF(part_)   ((struct tg_answer_event){.kind = TG_ANSWER_PART_END, .part = (part_)})
#define FINISH(finish_) ((struct tg_answer_event){.kind = TG_ANSWER_FINISH, .finish = (finish_)})
#define THE_END         ((struct tg_answer_event){.kind = TG_ANSWER_END})

#define HEAD                                                                                                           \
    "data: {\"id\":\"msg_1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"claude\","        \
    "\"choices\":["
#define CHUNK(delta) HEAD "{\"index\":0,\"delta\":" delta ",\"logprobs\":null,\"finish_reason\":null}]}\n\n"
#define LAST(reason) HEAD "{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"" reason "\"}]}\n\n"

static void a_stream_has_the_chunks_that_openai_sends(void **state)
{
    struct encoding encoding;
    begin(&encoding, true, false);
    say(&encoding, START("msg_1", "claude"));
    say(&encoding, BEGIN(0, TG_PART_TEXT));
    assert_said(&encoding, CHUNK("{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}"));
    say(&encoding, DELTA(0, "h\\n\\ud83d"));
    assert_said(&encoding, CHUNK("{\"content\":\"h\\n\\ud83d\"}"));
    say(&encoding, END_OF(0));
    say(&encoding, FINISH(TG_FINISH_STOP_SEQUENCE));
    assert_said(&encoding, LAST("stop"));
    say(&encoding, THE_END);
    assert_said(&encoding, "data: [DONE]\n\n");
    end(&encoding);
}

static void who_asks_for_usage_gets_a_chunk_of_it(void **state)
{
    struct encoding encoding;
    struct tg_usage usage = {.of = {0}};
    struct tg_answer_event event = {.kind = TG_ANSWER_USAGE, .usage = &usage, .service_tier = tg_text_of("flex")};
    usage.of[TG_USAGE_INPUT] = 10;
    usage.of[TG_USAGE_CACHED_INPUT] = 20;
    usage.of[TG_USAGE_CACHE_WRITE_1H] = 5;
    usage.of[TG_USAGE_OUTPUT] = 7;
    usage.of[TG_USAGE_REASONING] = 3;
    begin(&encoding, true, true);
    say(&encoding, START("msg_1", "claude"));
    say(&encoding, event);
    say(&encoding, FINISH(TG_FINISH_LENGTH));
    say(&encoding, THE_END);
    assert_said(
        &encoding,
        HEAD "{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null},\"logprobs\":null,"
             "\"finish_reason\":null}],\"usage\":null}\n\n" HEAD
             "{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"length\"}],\"usage\":null}\n\n" HEAD
             "],\"usage\":{\"prompt_tokens\":35,\"completion_tokens\":10,\"total_tokens\":45,\"prompt_tokens_details\":"
             "{\"cached_tokens\":20,\"audio_tokens\":0,\"cache_write_tokens\":5},\"completion_tokens_details\":"
             "{\"reasoning_tokens\":3,\"audio_tokens\":0,\"accepted_prediction_tokens\":0,"
             "\"rejected_prediction_tokens\":0}},\"service_tier\":\"flex\"}\n\ndata: [DONE]\n\n");
    end(&encoding);
}

static void tool_calls_are_numbered_and_never_without_arguments(void **state)
{
    struct encoding encoding;
    begin(&encoding, true, false);
    say(&encoding, START("msg_1", "claude"));
    say(&encoding, CALL(0, "toolu_1", "f"));
    say(&encoding, CALL(1, "", "g"));
    say(&encoding, DELTA(0, "{}"));
    say(&encoding, END_OF(0));
    say(&encoding, SIGNED(1, TG_DIALECT_GEMINI, "S"));
    say(&encoding, END_OF(1));
    say(&encoding, FINISH(TG_FINISH_TOOL_CALLS));
    assert_said(
        &encoding,
        CHUNK("{\"role\":\"assistant\",\"content\":null,\"refusal\":null}")
            CHUNK("{\"tool_calls\":[{\"index\":0,\"id\":\"toolu_1\",\"type\":\"function\",\"function\":{\"name\":\"f\","
                  "\"arguments\":\"\"}}]}")
                CHUNK("{\"tool_calls\":[{\"index\":1,\"id\":\"call_R_0_1\",\"type\":\"function\",\"function\":"
                      "{\"name\":\"g\",\"arguments\":\"\"}}]}")
                    CHUNK("{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{}\"}}]}")
                        CHUNK("{\"tool_calls\":[{\"index\":1,\"function\":{\"arguments\":\"{}\"}}]}")
                            CHUNK("{\"tool_calls\":[{\"index\":1,\"extra_content\":{\"google\":{\"thought_signature\":"
                                  "\"tollgate.v1.gemini.S\"}}}]}") LAST("tool_calls"));
    end(&encoding);
}

static void a_custom_tool_gets_its_input_as_text(void **state)
{
    struct encoding encoding;
    struct tg_tool tool = {.kind = TG_TOOL_FREEFORM, .name = written("patch")};
    begin(&encoding, true, false);
    encoding.request.tools = &tool;
    say(&encoding, START("msg_1", "claude"));
    say(&encoding, CALL(0, "c", "patch"));
    say(&encoding, DELTA(0, "{\\\"input\\\":"));
    say(&encoding, DELTA(0, "\\\"a\\\\nb\\\"}"));
    say(&encoding, END_OF(0));
    assert_said(&encoding,
                CHUNK("{\"role\":\"assistant\",\"content\":null,\"refusal\":null}") CHUNK(
                    "{\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"type\":\"custom\",\"custom\":{\"name\":\"patch\","
                    "\"input\":\"a\\nb\"}}]}"));
    end(&encoding);
}

/* It streams as DeepSeek's does; what must come back for its signature stands in OpenRouter's list, whole. */
static void thinking_streams_and_its_signature_follows(void **state)
{
    struct encoding encoding;
    begin(&encoding, true, false);
    say(&encoding, START("msg_1", "claude"));
    say(&encoding, BEGIN(0, TG_PART_THINKING));
    say(&encoding, DELTA(0, "a"));
    say(&encoding, DELTA(0, "b"));
    say(&encoding, SIGNED(0, TG_DIALECT_MESSAGES, "S"));
    say(&encoding, END_OF(0));
    say(&encoding, BEGIN(1, TG_PART_REDACTED_THINKING));
    say(&encoding, SIGNED(1, TG_DIALECT_MESSAGES, "D"));
    say(&encoding, END_OF(1));
    assert_said(
        &encoding,
        CHUNK("{\"role\":\"assistant\",\"content\":null,\"refusal\":null}") CHUNK("{\"reasoning_content\":\"a\"}")
            CHUNK("{\"reasoning_content\":\"b\"}") CHUNK(
                "{\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"ab\",\"signature\":"
                "\"tollgate.v1.messages.S\",\"format\":\"anthropic-claude-v1\",\"index\":0}]}")
                CHUNK("{\"reasoning_details\":[{\"type\":\"reasoning.encrypted\",\"data\":\"tollgate.v1.messages.D\","
                      "\"format\":\"anthropic-claude-v1\",\"index\":1}]}"));
    end(&encoding);
}

static void an_error_ends_a_stream_without_done(void **state)
{
    struct encoding encoding;
    struct tg_answer_error error = {.http_status = 529,
                                    .message = written("Overloaded"),
                                    .type = written("overloaded_error"),
                                    .origin = TG_DIALECT_MESSAGES};
    begin(&encoding, true, true);
    say(&encoding, START("msg_1", "claude"));
    say(&encoding, (struct tg_answer_event){.kind = TG_ANSWER_ERROR, .error = &error});
    assert_said(&encoding, "data: {\"error\":{\"message\":\"Overloaded\",\"type\":\"server_error\",\"param\":null,"
                           "\"code\":null}}\n\n");
    say(&encoding, THE_END);
    assert_said(&encoding, "");
    end(&encoding);
}

static void a_whole_answer_has_everything_in_its_place(void **state)
{
    static const char LOGPROBS[] = "[\n{\"token\":\"t\"}\n]";
    struct encoding encoding;
    struct tg_citation citation = {
        .url = written("u"), .title = written("t"), .document_index = -1, .begin = 1, .end = 2};
    struct tg_citation nowhere = {.document_title = written("d"), .begin = -1, .end = -1};
    begin(&encoding, false, false);
    say(&encoding, START("", ""));
    say(&encoding, BEGIN(0, TG_PART_THINKING));
    say(&encoding, DELTA(0, "r"));
    say(&encoding, SIGNED(0, TG_DIALECT_CHAT, "reasoning"));
    say(&encoding, END_OF(0));
    say(&encoding, BEGIN(1, TG_PART_TEXT));
    say(&encoding, DELTA(1, "a"));
    say(&encoding,
        (struct tg_answer_event){.kind = TG_ANSWER_CITATIONS, .part = 1, .citations = &citation, .citation_count = 1});
    say(&encoding,
        (struct tg_answer_event){.kind = TG_ANSWER_CITATIONS, .part = 1, .citations = &nowhere, .citation_count = 1});
    say(&encoding, (struct tg_answer_event){.kind = TG_ANSWER_LOGPROBS, .part = 1, .raw = tg_text_of(LOGPROBS)});
    say(&encoding, DELTA(1, "b"));
    say(&encoding, END_OF(1));
    say(&encoding, CALL(2, "c", "f"));
    say(&encoding, END_OF(2));
    say(&encoding, FINISH(TG_FINISH_TOOL_CALLS));
    assert_said(&encoding, "");
    say(&encoding, THE_END);
    assert_said(
        &encoding,
        "{\"id\":\"chatcmpl-R\",\"object\":\"chat.completion\",\"created\":1700000000,\"model\":\"asked\","
        "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"ab\",\"refusal\":null,"
        "\"reasoning_content\":\"r\",\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":"
        "\"f\",\"arguments\":\"{}\"}}],\"annotations\":[{\"type\":\"url_citation\",\"url_citation\":"
        "{\"start_index\":1,\"end_index\":2,\"url\":\"u\",\"title\":\"t\"}}]},\"logprobs\":{\"content\":"
        "[{\"token\":\"t\"}],\"refusal\":null},\"finish_reason\":\"tool_calls\"}]}");
    end(&encoding);
}

static void every_end_has_a_word_of_openais(void **state)
{
    static const struct {
        enum tg_finish finish;
        const char *reason;
    } FINISHES[] = {
        {TG_FINISH_STOP, "stop"},  {TG_FINISH_STOP_SEQUENCE, "stop"},     {TG_FINISH_LENGTH, "length"},
        {TG_FINISH_PAUSE, "stop"}, {TG_FINISH_TOOL_CALLS, "tool_calls"},  {TG_FINISH_CONTENT_FILTER, "content_filter"},
        {TG_FINISH_OTHER, "stop"}, {TG_FINISH_REFUSAL, "content_filter"}, {TG_FINISH_CONTEXT_FULL, "length"},
    };
    for (size_t i = 0; i < sizeof(FINISHES) / sizeof(FINISHES[0]); ++i) {
        struct encoding encoding;
        char wanted[512];
        begin(&encoding, true, false);
        say(&encoding, START("msg_1", "claude"));
        say(&encoding, BEGIN(0, TG_PART_TEXT));
        say(&encoding, END_OF(0));
        encoding.out.bytes = 0;
        say(&encoding, FINISH(FINISHES[i].finish));
        snprintf(wanted, sizeof(wanted),
                 HEAD "{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"%s\"}]}\n\n",
                 FINISHES[i].reason);
        assert_said(&encoding, wanted);
        end(&encoding);
    }
}

static void a_full_buffer_is_told(void **state)
{
    struct encoding encoding;
    begin(&encoding, true, false);
    struct tg_buf small;
    tg_buf_init(&small, 100);
    struct tg_answer_event event = BEGIN(0, TG_PART_TEXT);
    assert_int_equal(tg_dialect_chat.encode(encoding.encoder, &event, &small), TG_TOO_LARGE);
    tg_buf_deinit(&small);
    end(&encoding);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_has_the_chunks_that_openai_sends),
        cmocka_unit_test(who_asks_for_usage_gets_a_chunk_of_it),
        cmocka_unit_test(tool_calls_are_numbered_and_never_without_arguments),
        cmocka_unit_test(a_custom_tool_gets_its_input_as_text),
        cmocka_unit_test(thinking_streams_and_its_signature_follows),
        cmocka_unit_test(an_error_ends_a_stream_without_done),
        cmocka_unit_test(a_whole_answer_has_everything_in_its_place),
        cmocka_unit_test(every_end_has_a_word_of_openais),
        cmocka_unit_test(a_full_buffer_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
