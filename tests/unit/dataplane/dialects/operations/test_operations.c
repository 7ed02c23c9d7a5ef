/* What operations ask for, how their bodies are edited, and what their answers cost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dataplane/dialects/operations/operations.h"
#include "tests/unit/dataplane/dialects/support.h"

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

static struct tg_seen watched(const struct tg_dialect *operation, const char *body)
{
    struct tg_seen seen = {.has_usage = false};
    operation->watch_whole(&seen, tg_text_of(body));
    return seen;
}

/* Kinds that are not named are zero. */
#define USES(seen, ...)                                                                                                \
    do {                                                                                                               \
        struct tg_usage wanted = {.of = {__VA_ARGS__}};                                                                \
        assert_true((seen).has_usage);                                                                                 \
        assert_memory_equal(&(seen).usage, &wanted, sizeof(wanted));                                                   \
    } while (0)

/* ---- completions ---- */

static void a_completion_is_made_as_often_as_its_best_is_chosen_from(void **state)
{
    struct tg_model_request request =
        read_ok(&tg_operations_completions, *state,
                tg_text_of("{\"model\":\"m\",\"prompt\":[\"a\",\"b\",\"c\"],\"best_of\":4,\"n\":2,\"max_tokens\":9}"));
    assert_int_equal(request.choices, 12);
    assert_int_equal(request.max_output_tokens, 9);
    assert_true(request.prompt_bytes >= 3);
}

static void a_streamed_completion_is_asked_for_its_usage(void **state)
{
    static const char BODY[] = "{\"model\":\"m\",\"prompt\":\"a\",\"stream\":true}";
    struct tg_model_request request = read_ok(&tg_operations_completions, *state, tg_text_of(BODY));
    struct tg_request_target target = {.upstream_model = tg_text_of("up"),
                                       .max_output_tokens = 5,
                                       .asks_for_usage = true,
                                       .maximum_field = "max_completion_tokens"};
    assert_same_json("edited", edited(&tg_operations_completions, *state, tg_text_of(BODY), &request, &target),
                     tg_text_of("{\"model\":\"up\",\"prompt\":\"a\",\"stream\":true,\"max_tokens\":5,"
                                "\"stream_options\":{\"include_usage\":true}}"));
    struct tg_seen seen = {.has_usage = false};
    static const char *const blocks[] = {
        "{\"choices\":[{\"text\":\"abc\",\"index\":0}]}",
        "{\"choices\":[],\"usage\":{\"prompt_tokens\":4,\"completion_tokens\":2,\"total_tokens\":6}}"};
    assert_int_equal(tg_operations_completions.watch_block(&seen, true, tg_text(NULL, 0), tg_text_of(blocks[0])),
                     TG_BLOCK_PASS);
    assert_int_equal(seen.text_bytes, 3);
    assert_int_equal(tg_operations_completions.watch_block(&seen, true, tg_text(NULL, 0), tg_text_of(blocks[1])),
                     TG_BLOCK_HIDE);
    USES(seen, [TG_USAGE_INPUT] = 4, [TG_USAGE_OUTPUT] = 2);
}

/* ---- moderations, rerank ---- */

static void a_moderation_without_a_model_has_openais(void **state)
{
    static const char BODY[] = "{\"input\":\"x\"}";
    struct tg_model_request request = read_ok(&tg_operations_moderations, *state, tg_text_of(BODY));
    struct tg_request_target target = {.upstream_model = tg_text_of("other")};
    assert_true(tg_text_is(request.model, "omni-moderation-latest"));
    assert_same_json("edited", edited(&tg_operations_moderations, *state, tg_text_of(BODY), &request, &target),
                     tg_text_of("{\"model\":\"other\",\"input\":\"x\"}"));
    struct tg_seen openai = watched(&tg_operations_moderations, "{\"id\":\"modr\",\"results\":[]}");
    USES(openai, 0);
    struct tg_seen mistral =
        watched(&tg_operations_moderations, "{\"usage\":{\"prompt_tokens\":7,\"total_tokens\":7}}");
    USES(mistral, [TG_USAGE_INPUT] = 7);
}

static void a_rerank_is_billed_by_search_units_or_tokens(void **state)
{
    struct tg_model_request request = read_ok(
        &tg_operations_rerank, *state,
        tg_text_of("{\"model\":\"m\",\"query\":\"q\",\"documents\":[\"a\",{\"text\":\"b\"},\"c\"],\"top_n\":2}"));
    assert_int_equal(request.inputs, 3);
    struct tg_seen cohere =
        watched(&tg_operations_rerank, "{\"results\":[],\"meta\":{\"billed_units\":{\"search_units\":2}}}");
    USES(cohere, [TG_USAGE_SEARCH_UNITS] = 2);
    struct tg_seen jina = watched(&tg_operations_rerank, "{\"usage\":{\"total_tokens\":815},\"results\":[]}");
    USES(jina, [TG_USAGE_INPUT] = 815);
    assert_false(watched(&tg_operations_rerank, "{\"results\":[]}").has_usage);
}

/* ---- images ---- */

static void pictures_are_tokens_where_they_are_told_and_counted_elsewhere(void **state)
{
    struct tg_seen tokens = watched(
        &tg_operations_images,
        "{\"data\":[{\"b64_json\":\"AA\"}],\"usage\":{\"total_tokens\":1100,\"input_tokens\":60,\"output_tokens\":1040,"
        "\"input_tokens_details\":{\"text_tokens\":10,\"image_tokens\":50}}}");
    USES(tokens, [TG_USAGE_INPUT] = 10, [TG_USAGE_INPUT_IMAGE] = 50, [TG_USAGE_OUTPUT_IMAGE] = 1040);
    struct tg_seen pictures =
        watched(&tg_operations_images, "{\"created\":1,\"data\":[{\"url\":\"a\"},{\"url\":\"b\"}]}");
    USES(pictures, [TG_USAGE_IMAGES] = 2);
    struct tg_model_request request =
        read_ok(&tg_operations_images, *state, tg_text_of("{\"model\":\"m\",\"prompt\":\"p\",\"n\":3}"));
    assert_int_equal(request.images, 3);
}

static void the_usage_of_each_streamed_picture_is_added(void **state)
{
    static const char DONE[] = "{\"type\":\"image_generation.completed\",\"b64_json\":\"AA\",\"usage\":{"
                               "\"input_tokens\":5,\"output_tokens\":100}}";
    struct tg_seen seen = {.has_usage = false};
    struct tg_text name = tg_text_of("image_generation.completed");
    assert_int_equal(tg_operations_images.watch_block(&seen, false, tg_text_of("image_generation.partial_image"),
                                                      tg_text_of("{\"b64_json\":\"AA\"}")),
                     TG_BLOCK_PASS);
    assert_int_equal(tg_operations_images.watch_block(&seen, false, name, tg_text_of(DONE)), TG_BLOCK_HOLD_SO_FAR);
    assert_int_equal(tg_operations_images.watch_block(&seen, false, name, tg_text_of(DONE)), TG_BLOCK_HOLD_SO_FAR);
    USES(seen, [TG_USAGE_INPUT] = 10, [TG_USAGE_OUTPUT_IMAGE] = 200);
}

/* ---- forms ---- */

#define FIELD(name, value) "--B\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define FILE_PART          "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\nRIFF\r\n"

static bool read_form(void **state, const struct tg_dialect *operation, const char *body,
                      struct tg_model_request *request, struct tg_client_error *error)
{
    struct tg_request_source source = {
        .arena = *state, .body = tg_text_of(body), .content_type = tg_text_of("multipart/form-data; boundary=B")};
    return operation->read_request(&source, request, error);
}

static void the_model_in_a_form_is_found_and_replaced(void **state)
{
    static const char BODY[] = FILE_PART FIELD("model", "whisper") FIELD("stream", "true") "--B--\r\n";
    struct tg_request_target target = {.upstream_model = tg_text_of("up \"1\"")};
    struct tg_model_request request;
    struct tg_client_error error;
    assert_true(read_form(state, &tg_operations_transcriptions, BODY, &request, &error));
    assert_true(tg_text_is(request.model, "whisper"));
    assert_true(request.is_streaming && request.is_beyond_text);
    assert_true(tg_text_is(edited(&tg_operations_transcriptions, *state, tg_text_of(BODY), &request, &target),
                           FILE_PART FIELD("model", "up \"1\"") FIELD("stream", "true") "--B--\r\n"));
    assert_true(
        read_form(state, &tg_operations_image_edits, FIELD("model", "m") FIELD("n", "4") "--B--", &request, &error));
    assert_int_equal(request.images, 4);
}

static void a_form_that_is_not_clear_is_refused(void **state)
{
    static const struct {
        const char *body;
        enum tg_client_error_code code;
    } rows[] = {
        {FIELD("model", "a") FIELD("model", "b") "--B--", TG_ERROR_INVALID_VALUE},
        {FILE_PART "--B--", TG_ERROR_MISSING_PARAMETER},
        {FIELD("model", "a") FIELD("n", "1000") "--B--", TG_ERROR_INVALID_VALUE},
        {FIELD("model", "a") FIELD("stream", "maybe") "--B--", TG_ERROR_INVALID_VALUE},
        {FIELD("model", "a"), TG_ERROR_INVALID_FORM},
        {"{\"model\":\"a\"}", TG_ERROR_INVALID_FORM},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct tg_model_request request;
        struct tg_client_error error;
        assert_false(read_form(state, &tg_operations_transcriptions, rows[i].body, &request, &error));
        assert_int_equal(error.code, rows[i].code);
    }
}

/* ---- audio ---- */

static void speech_is_counted_in_characters(void **state)
{
    struct tg_model_request request =
        read_ok(&tg_operations_speech, *state,
                tg_text_of("{\"model\":\"tts-1\",\"voice\":\"alloy\",\"input\":\"a\\u00fc\\n\xc3\xbc\"}"));
    assert_int_equal(request.characters, 4);
    struct tg_seen seen = {.has_usage = false};
    assert_int_equal(
        tg_operations_speech.watch_block(&seen, false, tg_text(NULL, 0),
                                         tg_text_of("{\"type\":\"speech.audio.done\",\"usage\":{\"input_tokens\":14,"
                                                    "\"output_tokens\":101,\"total_tokens\":115}}")),
        TG_BLOCK_HOLD_SO_FAR);
    USES(seen, [TG_USAGE_INPUT] = 14, [TG_USAGE_OUTPUT_AUDIO] = 101);
}

static void a_transcription_is_billed_by_tokens_or_time(void **state)
{
    struct tg_seen tokens =
        watched(&tg_operations_transcriptions, "{\"text\":\"hi\",\"usage\":{\"type\":\"tokens\",\"input_tokens\":14,"
                                               "\"input_token_details\":{\"text_tokens\":10,"
                                               "\"audio_tokens\":4},\"output_tokens\":101,\"total_tokens\":115}}");
    USES(tokens, [TG_USAGE_INPUT] = 10, [TG_USAGE_INPUT_AUDIO] = 4, [TG_USAGE_OUTPUT] = 101);
    struct tg_seen seconds =
        watched(&tg_operations_transcriptions, "{\"text\":\"hi\",\"usage\":{\"type\":\"duration\",\"seconds\":9}}");
    USES(seconds, [TG_USAGE_AUDIO_MS] = 9000);
    struct tg_seen verbose =
        watched(&tg_operations_transcriptions, "{\"task\":\"transcribe\",\"duration\":8.4700001,\"text\":\"hi\"}");
    USES(verbose, [TG_USAGE_AUDIO_MS] = 8471);
    assert_false(watched(&tg_operations_transcriptions, "1\n00:00 --> 00:01\nhi\n").has_usage);
    assert_false(
        watched(&tg_operations_transcriptions, "{\"usage\":{\"type\":\"duration\",\"seconds\":-9}}").has_usage);
}

/* ---- Google, Anthropic ---- */

static void every_model_in_a_batch_is_renamed(void **state)
{
    static const char BODY[] = "{\"requests\":[{\"model\":\"models/a\",\"content\":{\"parts\":[{\"text\":\"model\"}]}},"
                               "{\"content\":{\"model\":\"models/a\"},\"model\":\"models/a\"}]}";
    struct tg_request_source source = {.arena = *state, .body = tg_text_of(BODY), .path_model = tg_text_of("a")};
    struct tg_request_target target = {.upstream_model = tg_text_of("longer-name")};
    struct tg_model_request request;
    struct tg_client_error error;
    assert_true(tg_operations_gemini_embeddings.read_request(&source, &request, &error));
    assert_int_equal(request.inputs, 2);
    struct tg_text body = edited(&tg_operations_gemini_embeddings, *state, source.body, &request, &target);
    assert_true(tg_text_is(body,
                           "{\"requests\":[{\"model\":\"models/longer-name\",\"content\":{\"parts\":[{\"text\":"
                           "\"model\"}]}},{\"content\":{\"model\":\"models/a\"},\"model\":\"models/longer-name\"}]}"));
    struct tg_seen told = watched(&tg_operations_gemini_embeddings,
                                  "{\"embedding\":{\"values\":[0.1]},\"usageMetadata\":{\"promptTokenCount\":6}}");
    USES(told, [TG_USAGE_INPUT] = 6);
    assert_false(watched(&tg_operations_gemini_embeddings, "{\"embedding\":{\"values\":[0.1]}}").has_usage);
}

static void counting_tokens_uses_none(void **state)
{
    static const char BODY[] = "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
    struct tg_model_request request = read_ok(&tg_operations_count_tokens, *state, tg_text_of(BODY));
    struct tg_request_target target = {.upstream_model = tg_text_of("up"), .max_output_tokens = 5};
    assert_true(tg_text_is(edited(&tg_operations_count_tokens, *state, tg_text_of(BODY), &request, &target),
                           "{\"model\":\"up\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}"));
    struct tg_seen anthropic = watched(&tg_operations_count_tokens, "{\"input_tokens\":12}");
    USES(anthropic, 0);
    struct tg_seen google = watched(&tg_operations_gemini_count_tokens, "{\"totalTokens\":12}");
    USES(google, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_completion_is_made_as_often_as_its_best_is_chosen_from),
        TEST(a_streamed_completion_is_asked_for_its_usage),
        TEST(a_moderation_without_a_model_has_openais),
        TEST(a_rerank_is_billed_by_search_units_or_tokens),
        TEST(pictures_are_tokens_where_they_are_told_and_counted_elsewhere),
        TEST(the_usage_of_each_streamed_picture_is_added),
        TEST(the_model_in_a_form_is_found_and_replaced),
        TEST(a_form_that_is_not_clear_is_refused),
        TEST(speech_is_counted_in_characters),
        TEST(a_transcription_is_billed_by_tokens_or_time),
        TEST(every_model_in_a_batch_is_renamed),
        TEST(counting_tokens_uses_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
