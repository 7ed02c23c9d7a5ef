#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dataplane/dialects/chat/chat.h"
#include "tests/unit/dataplane/dialects/support.h"

/* ---- what a decoder tells, on one line ---- */

static const char *kind_word(enum tg_part_kind kind)
{
    switch (kind) {
    case TG_PART_TEXT:
        return "text";
    case TG_PART_REFUSAL:
        return "refusal";
    case TG_PART_THINKING:
        return "thinking";
    case TG_PART_REDACTED_THINKING:
        return "redacted";
    case TG_PART_TOOL_CALL:
        return "call";
    case TG_PART_AUDIO:
        return "audio";
    case TG_PART_IMAGE:
        return "image";
    default:
        return "?";
    }
}

static const char *finish_word(enum tg_finish finish)
{
    static const char *const words[] = {
        [TG_FINISH_STOP] = "stop",
        [TG_FINISH_STOP_SEQUENCE] = "stop_sequence",
        [TG_FINISH_LENGTH] = "length",
        [TG_FINISH_TOOL_CALLS] = "tool_calls",
        [TG_FINISH_CONTENT_FILTER] = "content_filter",
        [TG_FINISH_REFUSAL] = "refusal",
        [TG_FINISH_PAUSE] = "pause",
        [TG_FINISH_CONTEXT_FULL] = "context_full",
        [TG_FINISH_OTHER] = "other",
    };
    return words[finish];
}

static void tell_one(const struct tg_answer_event *event, struct tg_buf *out)
{
    enum tg_status status = TG_OK;
    switch (event->kind) {
    case TG_ANSWER_START:
        status =
            tg_buf_printf(out, "start(%.*s,%.*s)", TG_TEXT_ARG(event->id.written), TG_TEXT_ARG(event->model.written));
        break;
    case TG_ANSWER_PART_BEGIN:
        status = tg_buf_printf(out, "%u.%u<%s", event->choice, event->part, kind_word(event->part_kind));
        if (status == TG_OK && event->part_kind == TG_PART_TOOL_CALL)
            status =
                tg_buf_printf(out, ":%.*s:%.*s", TG_TEXT_ARG(event->call_id.written), TG_TEXT_ARG(event->name.written));
        break;
    case TG_ANSWER_DELTA:
        status = tg_buf_printf(out, "%u.%u=%.*s", event->choice, event->part, TG_TEXT_ARG(event->text.written));
        break;
    case TG_ANSWER_SIGNATURE:
        status = tg_buf_printf(out, "%u.%u#%.*s", event->choice, event->part, TG_TEXT_ARG(event->text.written));
        break;
    case TG_ANSWER_CITATIONS:
        status = tg_buf_printf(out, "cite(%.*s,%d,%d)", TG_TEXT_ARG(event->citations[0].url.written),
                               (int)event->citations[0].begin, (int)event->citations[0].end);
        break;
    case TG_ANSWER_LOGPROBS:
        status = tg_buf_printf(out, "logprobs%.*s", TG_TEXT_ARG(event->raw));
        break;
    case TG_ANSWER_PART_END:
        status = tg_buf_printf(out, "%u.%u>", event->choice, event->part);
        break;
    case TG_ANSWER_FINISH:
        status = tg_buf_printf(out, "finish(%u,%s)", event->choice, finish_word(event->finish));
        break;
    case TG_ANSWER_USAGE:
        status = tg_buf_printf(out, "usage(%d,%d)", (int)tg_usage_total_input(event->usage),
                               (int)tg_usage_total_output(event->usage));
        break;
    case TG_ANSWER_ERROR:
        status =
            tg_buf_printf(out, "error(%d,%.*s)", event->error->http_status, TG_TEXT_ARG(event->error->message.written));
        break;
    case TG_ANSWER_END:
        status = tg_buf_printf(out, "end");
        break;
    }
    assert_int_equal(status, TG_OK);
    assert_int_equal(tg_buf_append(out, tg_text(" ", 1)), TG_OK);
}

static void assert_told(const struct recording *recording, const char *wanted)
{
    struct tg_buf told;
    tg_buf_init(&told, 1 << 20);
    for (size_t i = 0; i < recording->count; ++i)
        tell_one(&recording->events[i], &told);
    --told.bytes;
    if (!tg_text_is(tg_buf_text(&told), wanted))
        fail_msg("told:   %.*s\nwanted: %s", TG_TEXT_ARG(tg_buf_text(&told)), wanted);
    tg_buf_deinit(&told);
}

static void stream_tells(const char *stream, const char *wanted)
{
    struct tg_arena arena;
    struct recording recording;
    struct tg_answer_sink sink;
    tg_arena_init(&arena);
    recording_init(&recording, &arena, &sink);
    decode_sse(&tg_dialect_chat, &arena, tg_text_of(stream), &sink);
    assert_told(&recording, wanted);
    tg_arena_deinit(&arena);
}

static void whole_tells(const char *body, const char *wanted)
{
    struct tg_arena arena;
    struct recording recording;
    struct tg_answer_sink sink;
    tg_arena_init(&arena);
    recording_init(&recording, &arena, &sink);
    assert_int_equal(tg_dialect_chat.decode_whole(&arena, tg_text_of(body), &sink), TG_OK);
    assert_told(&recording, wanted);
    tg_arena_deinit(&arena);
}

#define DELTA(delta)   "data: {\"id\":\"i\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":" delta "}]}\n\n"
#define FINISH(reason) "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"" reason "\"}]}\n\n"
#define DONE           "data: [DONE]\n\n"
#define MESSAGE(message)                                                                                               \
    "{\"id\":\"i\",\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":" message ",\"finish_reason\":\"stop\"}]}"

static void text_comes_in_pieces_and_usage_at_the_end(void **state)
{
    stream_tells(
        DELTA("{\"role\":\"assistant\",\"content\":\"\"}") DELTA("{\"content\":\"a\\n\"}") DELTA("{\"content\":\"b\"}")
            FINISH("stop") "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n" DONE,
        "start(i,m) 0.0<text 0.0=a\\n 0.0=b 0.0> finish(0,stop) usage(3,2) end");
}

static void an_empty_answer_is_an_answer(void **state)
{
    stream_tells(DELTA("{\"role\":\"assistant\",\"content\":\"\"}") FINISH("stop") DONE,
                 "start(i,m) finish(0,stop) end");
    whole_tells(MESSAGE("{\"role\":\"assistant\",\"content\":null}"), "start(i,m) finish(0,stop) end");
}

static void choices_go_on_side_by_side(void **state)
{
    stream_tells("data: {\"id\":\"i\",\"choices\":[{\"index\":1,\"delta\":{\"content\":\"x\"}}]}\n\n" DELTA(
                     "{\"content\":\"y\"}") "data: "
                                            "{\"choices\":[{\"index\":1,\"delta\":{},\"finish_reason\":\"length\"}]}"
                                            "\n\n" FINISH("content_filter"),
                 "start(i,) 1.0<text 1.0=x 0.0<text 0.0=y 1.0> finish(1,length) 0.0> finish(0,content_filter) end");
}

static void tool_calls_are_told_apart_however_they_are_numbered(void **state)
{
    stream_tells(
        DELTA("{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"type\":\"function\",\"function\":{\"name\":\"f\","
              "\"arguments\":\"\"}}]}")
            DELTA("{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"x\\\"\"}}]}") DELTA(
                "{\"tool_calls\":[{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}}]}")
                DELTA("{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\":1}\"}}]}") FINISH("tool_calls"),
        "start(i,m) 0.0<call:a:f 0.0={\\\"x\\\" 0.1<call:b:g 0.1={} 0.0=:1} 0.0> 0.1> finish(0,tool_calls) end");
    /* Gemini's OpenAI endpoint: all of them 0, each whole */
    stream_tells(
        DELTA("{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}")
            DELTA("{\"tool_calls\":[{\"index\":0,\"id\":\"b\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}")
                FINISH("tool_calls"),
        "start(i,m) 0.0<call:a:f 0.0={} 0.1<call:b:f 0.1={} 0.0> 0.1> finish(0,tool_calls) end");
    /* no number at all; an id that is repeated; a name that comes late */
    stream_tells(DELTA("{\"tool_calls\":[{\"id\":\"a\"}]}")
                     DELTA("{\"tool_calls\":[{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}]}")
                         DELTA("{\"tool_calls\":[{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"}\"}}]}")
                             DONE,
                 "start(i,m) 0.0<call:a:f 0.0={ 0.0=} 0.0> finish(0,other) end");
    whole_tells(
        MESSAGE("{\"tool_calls\":[{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}},"
                "{\"id\":\"\",\"function\":{\"name\":\"g\",\"arguments\":{\"y\":\"\\u00e4\"}}}],\"content\":\"t\"}"),
        "start(i,m) 0.0<text 0.0=t 0.0> 0.1<call:a:f 0.1={} 0.2<call::g 0.2={\\\"y\\\":\\\"\\\\u00e4\\\"} 0.1> "
        "0.2> finish(0,stop) end");
}

static void the_older_way_to_call_is_understood(void **state)
{
    stream_tells(DELTA("{\"function_call\":{\"name\":\"f\",\"arguments\":\"\"}}")
                     DELTA("{\"function_call\":{\"arguments\":\"{}\"}}") FINISH("function_call"),
                 "start(i,m) 0.0<call:f:f 0.0={} 0.0> finish(0,tool_calls) end");
}

static void the_input_of_a_custom_tool_becomes_arguments(void **state)
{
    stream_tells(
        DELTA("{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"type\":\"custom\",\"custom\":{\"name\":\"p\"}}]}")
            DELTA("{\"tool_calls\":[{\"index\":0,\"custom\":{\"input\":\"x\\n\\\"\"}}]}") FINISH("tool_calls"),
        "start(i,m) 0.0<call:a:p 0.0={\\\"input\\\":\\\" 0.0=x\\\\n\\\\\\\" 0.0=\\\"} 0.0> finish(0,tool_calls) "
        "end");
}

static void thinking_says_where_it_came_from(void **state)
{
    stream_tells(
        DELTA("{\"reasoning_content\":\"a\",\"content\":null}") DELTA("{\"reasoning_content\":\"b\"}")
            DELTA("{\"content\":\"c\"}") FINISH("stop"),
        "start(i,m) 0.0<thinking 0.0=a 0.0=b 0.0#reasoning_content 0.0> 0.1<text 0.1=c 0.1> finish(0,stop) end");
    stream_tells(DELTA("{\"reasoning\":\"a\",\"content\":\"c\"}") FINISH("stop"),
                 "start(i,m) 0.0<thinking 0.0=a 0.0#reasoning 0.0> 0.1<text 0.1=c 0.1> finish(0,stop) end");
    stream_tells(DELTA("{\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\",\"text\":\"a\"}]}]}")
                     DELTA("{\"content\":\"c\"}") FINISH("stop"),
                 "start(i,m) 0.0<thinking 0.0=a 0.0#thinking 0.0> 0.1<text 0.1=c 0.1> finish(0,stop) end");
}

/* OpenRouter: pieces of an entry share its index; the same text stands in `reasoning`, too. */
static void reasoning_details_are_put_together(void **state)
{
    /* clang-format off */
    static const char SAID[] =
        DELTA("{\"reasoning\":\"a\",\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"a\",\"format\":\"f\",\"index\":0}]}")
        DELTA("{\"reasoning\":\"b\",\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"b\",\"format\":\"f\",\"index\":0}]}")
        DELTA("{\"reasoning_details\":[{\"type\":\"reasoning.text\",\"signature\":\"S\",\"format\":\"f\",\"index\":0}]}")
        DELTA("{\"reasoning_details\":[{\"type\":\"reasoning.encrypted\",\"data\":\"D\",\"id\":\"x\",\"format\":\"f\",\"index\":1}]}")
        DELTA("{\"content\":\"c\"}") FINISH("stop");
    /* clang-format on */
    stream_tells(SAID, "start(i,m) 0.0<thinking 0.0=a 0.0#text~0~f~~ 0.0=b 0.0#S 0.0> "
                       "0.1<redacted 0.1#encrypted~1~f~x~D 0.1> 0.2<text 0.2=c 0.2> finish(0,stop) end");
}

static void a_refusal_in_words_is_one(void **state)
{
    stream_tells(DELTA("{\"refusal\":\"no\"}") FINISH("stop"),
                 "start(i,m) 0.0<refusal 0.0=no 0.0> finish(0,refusal) end");
}

static void citations_and_logprobs_stay_with_their_text(void **state)
{
    whole_tells(
        "{\"id\":\"i\",\"model\":\"m\",\"choices\":[{\"message\":{\"annotations\":[{\"type\":\"url_citation\","
        "\"url_citation\":{\"url\":\"u\",\"title\":\"t\",\"start_index\":1,\"end_index\":2}}],\"content\":\"a\"},"
        "\"logprobs\":{\"content\":[{\"token\":\"a\"}],\"refusal\":null},\"finish_reason\":\"stop\"}]}",
        "start(i,m) 0.0<text 0.0=a cite(u,1,2) logprobs[{\"token\":\"a\"}] 0.0> finish(0,stop) end");
    /* Perplexity */
    whole_tells("{\"id\":\"i\",\"choices\":[{\"message\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}],"
                "\"search_results\":[{\"title\":\"t\",\"url\":\"u\"}]}",
                "start(i,) 0.0<text 0.0=a cite(u,-1,-1) 0.0> finish(0,stop) end");
}

static void sound_and_pictures_come_as_parts(void **state)
{
    whole_tells(
        MESSAGE("{\"content\":null,\"audio\":{\"id\":\"x\",\"data\":\"QUE=\",\"transcript\":\"hi\"},"
                "\"images\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,QkI=\"}}]}"),
        "start(i,m) 0.0<audio 0.0=QUE= 0.1<text 0.1=hi 0.1> 0.2<image 0.2=QkI= 0.2> 0.0> finish(0,stop) end");
}

static void the_stop_sequence_is_told_where_it_is_known(void **state)
{
    stream_tells(DELTA("{\"content\":\"a\"}") "data: "
                                              "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\","
                                              "\"stop_reason\":\"END\"}]}\n\n",
                 "start(i,m) 0.0<text 0.0=a 0.0> finish(0,stop_sequence) end");
}

static void a_chunk_that_says_nothing_is_no_beginning(void **state)
{
    stream_tells("data: {\"id\":\"\",\"model\":\"\",\"choices\":[],\"prompt_filter_results\":[]}\n\n" DELTA(
                     "{\"content\":\"a\"}") FINISH("stop"),
                 "start(i,m) 0.0<text 0.0=a 0.0> finish(0,stop) end");
}

static void a_stream_that_breaks_off_ends_in_an_error(void **state)
{
    static const char BROKEN[] = "error(502,The provider broke off in the middle of its answer.)";
    char wanted[256];
    stream_tells("", BROKEN);
    snprintf(wanted, sizeof(wanted), "start(i,m) 0.0<text 0.0=a %s", BROKEN);
    stream_tells(DELTA("{\"content\":\"a\"}"), wanted);
    stream_tells(DELTA("{\"content\":\"a\"}") "data: {\"choices\":[{\n\n" DELTA("{\"content\":\"b\"}") DONE,
                 "start(i,m) 0.0<text 0.0=a error(502,The provider sent an event that is not JSON.)");
}

static void errors_of_the_provider_are_told_in_its_words(void **state)
{
    stream_tells(DELTA("{\"content\":\"a\"}") "data: {\"error\":{\"message\":\"slow\",\"status_code\":429}}\n\n" DONE,
                 "start(i,m) 0.0<text 0.0=a error(429,slow)");
    stream_tells("data: {\"object\":\"error\",\"message\":\"odd\",\"code\":400}\n\n", "error(400,odd)");
    stream_tells("data: {\"error\":\"text\"}\n\n", "error(502,text)");
}

static void what_is_no_answer_is_refused(void **state)
{
    static const char *const BODIES[] = {"", "[]", "{", "{}", "{\"choices\":[]}", "null", "{\"choices\":[1]}"};
    for (size_t i = 0; i < sizeof(BODIES) / sizeof(BODIES[0]); ++i) {
        struct tg_arena arena;
        struct recording recording;
        struct tg_answer_sink sink;
        tg_arena_init(&arena);
        recording_init(&recording, &arena, &sink);
        assert_int_equal(tg_dialect_chat.decode_whole(&arena, tg_text_of(BODIES[i]), &sink), TG_INVALID);
        assert_int_equal(recording.count, 0);
        tg_arena_deinit(&arena);
    }
}

static enum tg_status count_only(void *user, const struct tg_answer_event *event)
{
    enum tg_answer_event_kind *last = user;
    *last = event->kind;
    return TG_OK;
}

static void an_answer_without_end_of_parts_is_cut(void **state)
{
    struct tg_arena arena;
    enum tg_answer_event_kind last = TG_ANSWER_START;
    struct tg_answer_sink sink = {count_only, &last};
    tg_arena_init(&arena);
    void *decoder = tg_dialect_chat.decoder_new(&arena);
    for (int i = 0; i < 10000 && last != TG_ANSWER_ERROR; ++i) {
        struct tg_arena scratch;
        char block[256];
        tg_arena_init(&scratch);
        snprintf(block, sizeof(block),
                 "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":%d,\"id\":\"c%d\"%s}]}}]}", i, i,
                 i % 2 == 0 ? "" : ",\"function\":{\"name\":\"f\"}");
        assert_int_equal(tg_dialect_chat.decode_block(decoder, &scratch, tg_text(NULL, 0), tg_text_of(block), &sink),
                         TG_OK);
        tg_arena_deinit(&scratch);
    }
    assert_int_equal(last, TG_ANSWER_ERROR);
    tg_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_comes_in_pieces_and_usage_at_the_end),
        cmocka_unit_test(an_empty_answer_is_an_answer),
        cmocka_unit_test(choices_go_on_side_by_side),
        cmocka_unit_test(tool_calls_are_told_apart_however_they_are_numbered),
        cmocka_unit_test(the_older_way_to_call_is_understood),
        cmocka_unit_test(the_input_of_a_custom_tool_becomes_arguments),
        cmocka_unit_test(thinking_says_where_it_came_from),
        cmocka_unit_test(reasoning_details_are_put_together),
        cmocka_unit_test(a_refusal_in_words_is_one),
        cmocka_unit_test(citations_and_logprobs_stay_with_their_text),
        cmocka_unit_test(sound_and_pictures_come_as_parts),
        cmocka_unit_test(the_stop_sequence_is_told_where_it_is_known),
        cmocka_unit_test(a_chunk_that_says_nothing_is_no_beginning),
        cmocka_unit_test(a_stream_that_breaks_off_ends_in_an_error),
        cmocka_unit_test(errors_of_the_provider_are_told_in_its_words),
        cmocka_unit_test(what_is_no_answer_is_refused),
        cmocka_unit_test(an_answer_without_end_of_parts_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
