/* Which field of a provider's feeds which column: the rows of docs/metering.md, each seen in the five ways in which an
 * answer can come (watched whole, watched as a stream, decoded whole, decoded as a stream, found in the last bytes). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dataplane/dialects/dialects.h"
#include "tests/unit/dataplane/dialects/support.h"

struct row {
    const char *name; /* docs/metering.md names it */
    enum tg_dialect_id dialect;
    const char *told; /* the members of the usage object */
    struct tg_usage usage;
};

#define IN(n)       .of[TG_USAGE_INPUT] = (n)
#define OUT(n)      .of[TG_USAGE_OUTPUT] = (n)
#define OF(kind, n) .of[TG_USAGE_##kind] = (n)

/* https://platform.openai.com/docs/api-reference/chat/object; https://api-docs.deepseek.com (prompt_cache_hit_tokens);
 * https://openrouter.ai/docs/use-cases/usage-accounting (cache_write_tokens); https://docs.x.ai (reasoning beside) */
#define CHAT(name, told, ...)                                                                                          \
    {                                                                                                                  \
        name, TG_DIALECT_CHAT, told,                                                                                   \
        {                                                                                                              \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }
/* https://platform.openai.com/docs/api-reference/responses/object */
#define RESPONSES(name, told, ...)                                                                                     \
    {                                                                                                                  \
        name, TG_DIALECT_RESPONSES, told,                                                                              \
        {                                                                                                              \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }
/* https://platform.claude.com/docs/en/build-with-claude/prompt-caching */
#define MESSAGES(name, told, ...)                                                                                      \
    {                                                                                                                  \
        name, TG_DIALECT_MESSAGES, told,                                                                               \
        {                                                                                                              \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }
/* https://ai.google.dev/api/generate-content#UsageMetadata */
#define GEMINI(name, told, ...)                                                                                        \
    {                                                                                                                  \
        name, TG_DIALECT_GEMINI, told,                                                                                 \
        {                                                                                                              \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }
/* https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html */
#define CONVERSE(name, told, ...)                                                                                      \
    {                                                                                                                  \
        name, TG_DIALECT_CONVERSE, told,                                                                               \
        {                                                                                                              \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }

static const struct row rows[] = {
    CHAT("chat_tells_prompt_and_completion", "'prompt_tokens':100,'completion_tokens':20,'total_tokens':120", IN(100),
         OUT(20)),
    CHAT("chat_counts_the_cache_inside_the_prompt",
         "'prompt_tokens':100,'completion_tokens':20,'prompt_tokens_details':{'cached_tokens':40}", IN(60),
         OF(CACHED_INPUT, 40), OUT(20)),
    CHAT("chat_of_deepseek_names_the_cache_otherwise",
         "'prompt_tokens':100,'completion_tokens':20,'prompt_cache_hit_tokens':40,'prompt_cache_miss_tokens':60",
         IN(60), OF(CACHED_INPUT, 40), OUT(20)),
    CHAT("chat_counts_what_is_written_to_the_cache_inside_the_prompt",
         "'prompt_tokens':100,'completion_tokens':20,'prompt_tokens_details':{'cached_tokens':40,'cache_write_tokens':"
         "30}",
         IN(30), OF(CACHED_INPUT, 40), OF(CACHE_WRITE_5M, 30), OUT(20)),
    CHAT("chat_counts_reasoning_inside_the_completion",
         "'prompt_tokens':100,'completion_tokens':20,'total_tokens':120,'completion_tokens_details':{'reasoning_tokens'"
         ":15}",
         IN(100), OUT(5), OF(REASONING, 15)),
    CHAT("chat_of_xai_counts_reasoning_beside_the_completion",
         "'prompt_tokens':100,'completion_tokens':5,'total_tokens':120,'completion_tokens_details':{'reasoning_tokens':"
         "15}",
         IN(100), OUT(5), OF(REASONING, 15)),
    CHAT("chat_tells_sound_apart",
         "'prompt_tokens':100,'completion_tokens':20,'prompt_tokens_details':{'audio_tokens':10},"
         "'completion_tokens_details':{'audio_tokens':8}",
         IN(90), OF(INPUT_AUDIO, 10), OUT(12), OF(OUTPUT_AUDIO, 8)),
    CHAT("chat_tells_pictures_apart",
         "'prompt_tokens':100,'completion_tokens':20,'prompt_tokens_details':{'image_tokens':7},"
         "'completion_tokens_details':{'image_tokens':6}",
         IN(93), OF(INPUT_IMAGE, 7), OUT(14), OF(OUTPUT_IMAGE, 6)),
    CHAT("chat_tells_searches", "'prompt_tokens':100,'completion_tokens':20,'num_search_queries':2", IN(100), OUT(20),
         OF(WEB_SEARCHES, 2)),
    RESPONSES("responses_tell_input_and_output", "'input_tokens':100,'output_tokens':20,'total_tokens':120", IN(100),
              OUT(20)),
    RESPONSES("responses_count_the_cache_inside_the_input",
              "'input_tokens':100,'output_tokens':20,'input_tokens_details':{'cached_tokens':40}", IN(60),
              OF(CACHED_INPUT, 40), OUT(20)),
    RESPONSES("responses_count_what_is_written_to_the_cache_inside_the_input",
              "'input_tokens':100,'output_tokens':20,'input_tokens_details':{'cached_tokens':40,'cache_write_tokens':"
              "30}",
              IN(30), OF(CACHED_INPUT, 40), OF(CACHE_WRITE_5M, 30), OUT(20)),
    RESPONSES("responses_count_reasoning_inside_the_output",
              "'input_tokens':100,'output_tokens':20,'output_tokens_details':{'reasoning_tokens':15},'total_tokens':"
              "120",
              IN(100), OUT(5), OF(REASONING, 15)),
    MESSAGES("messages_tell_input_and_output", "'input_tokens':100,'output_tokens':20", IN(100), OUT(20)),
    MESSAGES("messages_count_the_cache_beside_the_input",
             "'input_tokens':60,'cache_read_input_tokens':40,'cache_creation_input_tokens':0,'output_tokens':20",
             IN(60), OF(CACHED_INPUT, 40), OUT(20)),
    MESSAGES("messages_without_lifetimes_write_for_five_minutes",
             "'input_tokens':60,'cache_creation_input_tokens':30,'output_tokens':20", IN(60), OF(CACHE_WRITE_5M, 30),
             OUT(20)),
    MESSAGES("messages_tell_what_was_written_for_an_hour",
             "'input_tokens':60,'cache_creation_input_tokens':30,'cache_creation':{'ephemeral_5m_input_tokens':10,"
             "'ephemeral_1h_input_tokens':20},'output_tokens':20",
             IN(60), OF(CACHE_WRITE_5M, 10), OF(CACHE_WRITE_1H, 20), OUT(20)),
    MESSAGES("messages_count_thinking_inside_the_output",
             "'input_tokens':100,'output_tokens':20,'output_tokens_details':{'thinking_tokens':15}", IN(100), OUT(5),
             OF(REASONING, 15)),
    MESSAGES("messages_tell_searches",
             "'input_tokens':100,'output_tokens':20,'server_tool_use':{'web_search_requests':2}", IN(100), OUT(20),
             OF(WEB_SEARCHES, 2)),
    GEMINI("gemini_tells_prompt_and_candidates",
           "'promptTokenCount':100,'candidatesTokenCount':20,'totalTokenCount':120", IN(100), OUT(20)),
    GEMINI("gemini_counts_the_cache_inside_the_prompt",
           "'promptTokenCount':100,'cachedContentTokenCount':40,'candidatesTokenCount':20", IN(60),
           OF(CACHED_INPUT, 40), OUT(20)),
    GEMINI("gemini_counts_thoughts_beside_the_candidates",
           "'promptTokenCount':100,'candidatesTokenCount':5,'thoughtsTokenCount':15,'totalTokenCount':120", IN(100),
           OUT(5), OF(REASONING, 15)),
    GEMINI("gemini_tells_sound_apart_also_in_the_cache",
           "'promptTokenCount':100,'cachedContentTokenCount':40,'candidatesTokenCount':20,'promptTokensDetails':[{"
           "'modality':'AUDIO','tokenCount':30}],'cacheTokensDetails':[{'modality':'AUDIO','tokenCount':10}],"
           "'candidatesTokensDetails':[{'modality':'AUDIO','tokenCount':8}]",
           IN(40), OF(INPUT_AUDIO, 20), OF(CACHED_INPUT, 30), OF(CACHED_INPUT_AUDIO, 10), OUT(12), OF(OUTPUT_AUDIO, 8)),
    GEMINI("gemini_tells_pictures_apart",
           "'promptTokenCount':100,'candidatesTokenCount':20,'promptTokensDetails':[{'modality':'IMAGE','tokenCount':"
           "7}],'candidatesTokensDetails':[{'modality':'IMAGE','tokenCount':6}]",
           IN(93), OF(INPUT_IMAGE, 7), OUT(14), OF(OUTPUT_IMAGE, 6)),
    GEMINI("gemini_counts_the_results_of_its_tools_beside_the_prompt",
           "'promptTokenCount':100,'toolUsePromptTokenCount':50,'candidatesTokenCount':20", IN(150), OUT(20)),
    CONVERSE("converse_tells_input_and_output", "'inputTokens':100,'outputTokens':20,'totalTokens':120", IN(100),
             OUT(20)),
    CONVERSE("converse_counts_the_cache_beside_the_input",
             "'inputTokens':30,'cacheReadInputTokens':40,'cacheWriteInputTokens':30,'outputTokens':20,'totalTokens':"
             "120",
             IN(30), OF(CACHED_INPUT, 40), OF(CACHE_WRITE_5M, 30), OUT(20)),
    CONVERSE("converse_counts_the_cache_inside_the_input_where_the_total_says_so",
             "'inputTokens':100,'cacheReadInputTokens':40,'cacheWriteInputTokens':30,'outputTokens':20,'totalTokens':"
             "120",
             IN(30), OF(CACHED_INPUT, 40), OF(CACHE_WRITE_5M, 30), OUT(20)),
    CONVERSE("converse_tells_what_was_written_for_an_hour",
             "'inputTokens':30,'cacheReadInputTokens':40,'cacheWriteInputTokens':30,'cacheDetails':[{'ttl':'5m',"
             "'inputTokens':10},{'ttl':'1h','inputTokens':20}],'outputTokens':20,'totalTokens':120",
             IN(30), OF(CACHED_INPUT, 40), OF(CACHE_WRITE_5M, 10), OF(CACHE_WRITE_1H, 20), OUT(20)),
};

/* ---- answers around a usage ---- */

enum { MAX_BLOCKS = 8 };

struct answer {
    struct tg_text whole;
    struct block {
        struct tg_text name, data;
    } blocks[MAX_BLOCKS];
    size_t block_count;
};

/* With quotes for apostrophes; "%s" is the usage object, with its name and a comma before it, or nothing. */
static struct tg_text made(struct tg_arena *arena, const char *form, const char *usage)
{
    const char *place = strstr(form, "%s");
    assert_non_null(place);
    char *text =
        (char *)(uintptr_t)tg_arena_printf(arena, "%.*s%s%s", (int)(place - form), form, usage, place + 2).data;
    for (char *at = text; *at != '\0'; ++at)
        if (*at == '\'')
            *at = '"';
    return tg_text_of(text);
}

static void add(struct tg_arena *arena, struct answer *answer, const char *name, const char *form, const char *usage)
{
    answer->blocks[answer->block_count++] = (struct block){tg_text_of(name), made(arena, form, usage)};
}

static struct answer answer_with(struct tg_arena *arena, enum tg_dialect_id dialect, const char *told)
{
    const char *member = dialect == TG_DIALECT_GEMINI ? "usageMetadata" : "usage";
    const char *usage = told == NULL ? "" : tg_arena_printf(arena, ",'%s':{%s}", member, told).data;
    struct answer answer = {.block_count = 0};
    switch (dialect) {
    case TG_DIALECT_CHAT:
        answer.whole = made(arena,
                            "{'id':'c','object':'chat.completion','model':'m','choices':[{'index':0,'message':{"
                            "'role':'assistant','content':'hi'},'finish_reason':'stop'}]%s}",
                            usage);
        add(arena, &answer, "", "{'id':'c','model':'m','choices':[{'index':0,'delta':{'content':'hi'}}]%s}", "");
        add(arena, &answer, "", "{'id':'c','choices':[{'index':0,'delta':{},'finish_reason':'stop'}]%s}", "");
        add(arena, &answer, "", "{'id':'c','choices':[]%s}", usage);
        add(arena, &answer, "", "[DONE]%s", "");
        break;
    case TG_DIALECT_RESPONSES:
        answer.whole = made(arena,
                            "{'id':'r','object':'response','status':'completed','model':'m','output':[{'type':"
                            "'message','id':'i','role':'assistant','status':'completed','content':[{'type':"
                            "'output_text','text':'hi','annotations':[]}]}]%s}",
                            usage);
        add(arena, &answer, "response.created",
            "{'type':'response.created','response':{'id':'r','object':'response','status':'in_progress','model':'m',"
            "'output':[],'usage':null}%s}",
            "");
        add(arena, &answer, "response.output_text.delta",
            "{'type':'response.output_text.delta','item_id':'i','output_index':0,'content_index':0,'delta':'hi'%s}",
            "");
        add(arena, &answer, "response.completed",
            tg_arena_printf(arena, "{'type':'response.completed','response':%.*s%%s}", TG_TEXT_ARG(answer.whole)).data,
            "");
        break;
    case TG_DIALECT_MESSAGES:
        answer.whole = made(arena,
                            "{'id':'m','type':'message','role':'assistant','model':'m','content':[{'type':"
                            "'text','text':'hi'}],'stop_reason':'end_turn','stop_sequence':null%s}",
                            usage);
        add(arena, &answer, "message_start",
            "{'type':'message_start','message':{'id':'m','type':'message','role':'assistant','model':'m','content':[],"
            "'stop_reason':null%s}}",
            usage);
        add(arena, &answer, "content_block_start",
            "{'type':'content_block_start','index':0,'content_block':{'type':'text','text':''}%s}", "");
        add(arena, &answer, "content_block_delta",
            "{'type':'content_block_delta','index':0,'delta':{'type':'text_delta','text':'hi'}%s}", "");
        add(arena, &answer, "content_block_stop", "{'type':'content_block_stop','index':0%s}", "");
        add(arena, &answer, "message_delta",
            "{'type':'message_delta','delta':{'stop_reason':'end_turn','stop_sequence':null}%s}", usage);
        add(arena, &answer, "message_stop", "{'type':'message_stop'%s}", "");
        break;
    case TG_DIALECT_GEMINI:
        answer.whole = made(arena,
                            "{'candidates':[{'content':{'role':'model','parts':[{'text':'hi'}]},'finishReason':"
                            "'STOP','index':0}],'modelVersion':'m'%s}",
                            usage);
        add(arena, &answer, "",
            "{'candidates':[{'content':{'role':'model','parts':[{'text':'hi'}]},'index':0}],'modelVersion':'m'%s}", "");
        add(arena, &answer, "",
            "{'candidates':[{'content':{'role':'model','parts':[]},'finishReason':'STOP','index':0}]%s}", usage);
        break;
    default:
        answer.whole = made(arena,
                            "{'output':{'message':{'role':'assistant','content':[{'text':'hi'}]}},'stopReason':"
                            "'end_turn','metrics':{'latencyMs':1}%s}",
                            usage);
        add(arena, &answer, "messageStart", "{'role':'assistant'%s}", "");
        add(arena, &answer, "contentBlockDelta", "{'contentBlockIndex':0,'delta':{'text':'hi'}%s}", "");
        add(arena, &answer, "contentBlockStop", "{'contentBlockIndex':0%s}", "");
        add(arena, &answer, "messageStop", "{'stopReason':'end_turn'%s}", "");
        add(arena, &answer, "metadata", "{'metrics':{'latencyMs':1}%s}", usage);
        break;
    }
    return answer;
}

/* ---- the five ways ---- */

static struct tg_seen watched_stream(const struct tg_dialect *dialect, const struct answer *answer)
{
    struct tg_seen seen;
    memset(&seen, 0, sizeof(seen));
    for (size_t i = 0; i < answer->block_count; ++i)
        dialect->watch_block(&seen, true, answer->blocks[i].name, answer->blocks[i].data);
    return seen;
}

static struct tg_seen watched_whole(const struct tg_dialect *dialect, const struct answer *answer)
{
    struct tg_seen seen;
    memset(&seen, 0, sizeof(seen));
    dialect->watch_whole(&seen, answer->whole);
    return seen;
}

static struct recording decoded_stream(struct tg_arena *arena, const struct tg_dialect *dialect,
                                       const struct answer *answer)
{
    struct recording recording;
    struct tg_answer_sink sink;
    recording_init(&recording, arena, &sink);
    void *decoder = dialect->decoder_new(arena);
    for (size_t i = 0; i < answer->block_count; ++i)
        assert_int_equal(dialect->decode_block(decoder, arena, answer->blocks[i].name, answer->blocks[i].data, &sink),
                         TG_OK);
    assert_int_equal(dialect->decode_end(decoder, arena, &sink), TG_OK);
    assert_null(recorded(&recording, TG_ANSWER_ERROR));
    return recording;
}

static struct recording decoded_whole(struct tg_arena *arena, const struct tg_dialect *dialect,
                                      const struct answer *answer)
{
    struct recording recording;
    struct tg_answer_sink sink;
    recording_init(&recording, arena, &sink);
    assert_int_equal(dialect->decode_whole(arena, answer->whole, &sink), TG_OK);
    return recording;
}

static void assert_usage(const char *way, bool has_usage, const struct tg_usage *usage, const struct tg_usage *expected)
{
    if (!has_usage)
        fail_msg("%s: no usage", way);
    for (int kind = 0; kind < TG_USAGE_KIND_COUNT; ++kind)
        if (usage->of[kind] != expected->of[kind])
            fail_msg("%s: %s is %lld, not %lld", way, tg_usage_kind_name(kind), (long long)usage->of[kind],
                     (long long)expected->of[kind]);
}

static void feeds_its_columns(void **state)
{
    const struct row *row = *state;
    const struct tg_dialect *dialect = tg_dialect_of(row->dialect);
    struct tg_usage in_tail;
    struct tg_arena arena;
    tg_arena_init(&arena);
    struct answer answer = answer_with(&arena, row->dialect, row->told);
    struct tg_seen seen = watched_stream(dialect, &answer);
    assert_usage("watched as a stream", seen.has_usage && !seen.is_usage_partial && seen.is_done, &seen.usage,
                 &row->usage);
    seen = watched_whole(dialect, &answer);
    assert_usage("watched whole", seen.has_usage, &seen.usage, &row->usage);
    struct recording recording = decoded_stream(&arena, dialect, &answer);
    assert_usage("decoded as a stream", recording.has_usage, &recording.usage, &row->usage);
    recording = decoded_whole(&arena, dialect, &answer);
    assert_usage("decoded whole", recording.has_usage, &recording.usage, &row->usage);
    assert_usage("found in the last bytes", dialect->watch_tail(answer.whole, &in_tail), &in_tail, &row->usage);
    tg_arena_deinit(&arena);
}

/* ---- what is the same for all ---- */

static void an_answer_without_usage_is_not_one_without_tokens(void **state)
{
    (void)state;
    for (enum tg_dialect_id id = 0; id < TG_DIALECT_COUNT; ++id) {
        const struct tg_dialect *dialect = tg_dialect_of(id);
        struct tg_usage ignored;
        struct tg_arena arena;
        tg_arena_init(&arena);
        struct answer answer = answer_with(&arena, id, NULL);
        struct tg_seen seen = watched_stream(dialect, &answer);
        assert_false(seen.has_usage);
        assert_int_equal(seen.text_bytes, 2);
        assert_false(watched_whole(dialect, &answer).has_usage);
        assert_false(decoded_stream(&arena, dialect, &answer).has_usage);
        assert_false(decoded_whole(&arena, dialect, &answer).has_usage);
        assert_false(dialect->watch_tail(answer.whole, &ignored));
        tg_arena_deinit(&arena);
    }
}

/* vLLM's continuous_usage_stats and Google tell with every chunk what there is so far; Anthropic's message_delta, too:
 * "The token counts shown in the usage field of the message_delta event are cumulative." */
static void usage_repeated_in_every_chunk_is_not_added_up(void **state)
{
    static const struct {
        enum tg_dialect_id dialect;
        const char *name, *form;
    } chunks[] = {
        {TG_DIALECT_CHAT, "",
         "{'choices':[{'index':0,'delta':{'content':'a'}}],'usage':{'prompt_tokens':100,'completion_tokens':%s}}"},
        {TG_DIALECT_GEMINI, "",
         "{'candidates':[{'content':{'parts':[{'text':'a'}]},'index':0,'finishReason':'STOP'}],'usageMetadata':{"
         "'promptTokenCount':100,'candidatesTokenCount':%s}}"},
        {TG_DIALECT_MESSAGES, "message_delta",
         "{'type':'message_delta','delta':{},'usage':{'input_tokens':100,'output_tokens':%s}}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); ++i) {
        const struct tg_usage expected = {IN(100), OUT(3)};
        struct answer answer = {.block_count = 0};
        struct tg_arena arena;
        tg_arena_init(&arena);
        for (int count = 1; count <= 3; ++count)
            add(&arena, &answer, chunks[i].name, chunks[i].form, tg_arena_printf(&arena, "%d", count).data);
        struct tg_seen seen = watched_stream(tg_dialect_of(chunks[i].dialect), &answer);
        assert_usage(chunks[i].form, seen.has_usage, &seen.usage, &expected);
        tg_arena_deinit(&arena);
    }
}

static void usage_in_a_chunk_that_also_has_choices_is_read(void **state)
{
    const struct tg_usage expected = {IN(100), OUT(20)};
    struct answer answer = {.block_count = 0};
    struct tg_arena arena;
    (void)state;
    tg_arena_init(&arena);
    add(&arena, &answer, "",
        "{'choices':[{'index':0,'delta':{'content':'hi'},'finish_reason':'stop'}],'usage':{'prompt_tokens':100,"
        "'completion_tokens':20}%s}",
        "");
    struct tg_seen seen = watched_stream(tg_dialect_of(TG_DIALECT_CHAT), &answer);
    assert_usage("watched", seen.has_usage, &seen.usage, &expected);
    struct recording recording = decoded_stream(&arena, tg_dialect_of(TG_DIALECT_CHAT), &answer);
    assert_usage("decoded", recording.has_usage, &recording.usage, &expected);
    tg_arena_deinit(&arena);
}

static void what_the_model_wrote_is_kept_to_a_bound_and_measured_beyond(void **state)
{
    static const char PIECE[] = "seven b";
    struct tg_buf text;
    struct tg_seen seen = {.text = &text};
    (void)state;
    tg_buf_init(&text, TG_SEEN_TEXT_BYTES);
    for (int i = 0; i < 10000; ++i)
        tg_seen_add_text(&seen, tg_text(PIECE, sizeof(PIECE) - 1));
    assert_int_equal(seen.text_bytes, 10000 * (sizeof(PIECE) - 1));
    assert_int_equal(text.bytes, TG_SEEN_TEXT_BYTES);
    for (size_t at = 0; at < text.bytes; ++at)
        assert_int_equal(text.data[at], PIECE[at % (sizeof(PIECE) - 1)]);
    tg_buf_deinit(&text);
}

int main(void)
{
    enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
    const struct CMUnitTest others[] = {
        cmocka_unit_test(an_answer_without_usage_is_not_one_without_tokens),
        cmocka_unit_test(usage_repeated_in_every_chunk_is_not_added_up),
        cmocka_unit_test(usage_in_a_chunk_that_also_has_choices_is_read),
        cmocka_unit_test(what_the_model_wrote_is_kept_to_a_bound_and_measured_beyond),
    };
    struct CMUnitTest tests[ROWS];
    for (size_t i = 0; i < ROWS; ++i)
        tests[i] = (struct CMUnitTest){rows[i].name, feeds_its_columns, NULL, NULL, (void *)(uintptr_t)&rows[i]};
    return cmocka_run_group_tests(tests, NULL, NULL) + cmocka_run_group_tests(others, NULL, NULL);
}
