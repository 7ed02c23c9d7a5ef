/* The table of paths: what the SDKs of each dialect build from a base URL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dataplane/dialects/endpoint.h"

static struct tg_endpoint_match find(const char *path)
{
    struct tg_endpoint_match match;
    tg_endpoint_find(tg_text_of(path), &match);
    return match;
}

static void the_paths_of_the_sdks_are_known(void **state)
{
    static const struct {
        const char *path;
        enum tg_endpoint endpoint;
        const char *model, *provider_kind;
        bool is_streaming;
    } CASES[] = {
        {"/", TG_ENDPOINT_ROOT, "", "", false},
        {"/anthropic", TG_ENDPOINT_ROOT, "", "anthropic", false},
        {"/v1/chat/completions", TG_ENDPOINT_CHAT_COMPLETIONS, "", "", false},
        {"/chat/completions", TG_ENDPOINT_CHAT_COMPLETIONS, "", "", false},
        {"/openai/v1/chat/completions", TG_ENDPOINT_CHAT_COMPLETIONS, "", "openai", false},
        {"/v1/responses", TG_ENDPOINT_RESPONSES, "", "", false},
        {"/v1/messages", TG_ENDPOINT_MESSAGES, "", "", false},
        {"/anthropic/v1/messages", TG_ENDPOINT_MESSAGES, "", "anthropic", false},
        {"/v1/messages/count_tokens", TG_ENDPOINT_COUNT_TOKENS, "", "", false},
        {"/v1/embeddings", TG_ENDPOINT_EMBEDDINGS, "", "", false},
        {"/v1/models", TG_ENDPOINT_MODELS, "", "", false},
        {"/v1/models/", TG_ENDPOINT_MODELS, "", "", false},
        {"/v1/models/meta%2Fllama/3", TG_ENDPOINT_MODEL, "meta%2Fllama/3", "", false},
        {"/v1beta/models", TG_ENDPOINT_GEMINI_MODELS, "", "", false},
        {"/v1beta/models/gemini-3", TG_ENDPOINT_GEMINI_MODEL, "gemini-3", "", false},
        {"/v1beta/models/gemini-3:generateContent", TG_ENDPOINT_GENERATE_CONTENT, "gemini-3", "", false},
        {"/v1/models/gemini-3:generateContent", TG_ENDPOINT_GENERATE_CONTENT, "gemini-3", "", false},
        {"/gemini/v1beta/models/gemini-3:streamGenerateContent", TG_ENDPOINT_GENERATE_CONTENT, "gemini-3", "gemini",
         true},
        {"/v1beta/models/g:countTokens", TG_ENDPOINT_GEMINI_COUNT_TOKENS, "g", "", false},
        {"/v1beta/models/g:batchEmbedContents", TG_ENDPOINT_BATCH_EMBED_CONTENTS, "g", "", false},
        {"/model/a.b-v1%3A0/converse", TG_ENDPOINT_CONVERSE, "a.b-v1%3A0", "", false},
        {"/bedrock/model/a.b-v1%3A0/converse-stream", TG_ENDPOINT_CONVERSE, "a.b-v1%3A0", "bedrock", true},
        {"/openai/deployments/gpt/chat/completions", TG_ENDPOINT_CHAT_COMPLETIONS, "gpt", "", false},
        {"/azure/openai/deployments/gpt/embeddings", TG_ENDPOINT_EMBEDDINGS, "gpt", "azure", false},
        {"/v1/images/generations", TG_ENDPOINT_IMAGES, "", "", false},
        {"/v1/images/variations", TG_ENDPOINT_IMAGE_EDITS, "", "", false},
        {"/v1/audio/speech", TG_ENDPOINT_SPEECH, "", "", false},
        {"/v1/audio/translations", TG_ENDPOINT_TRANSCRIPTIONS, "", "", false},
        {"/v2/rerank", TG_ENDPOINT_RERANK, "", "", false},
        {"/v1/files", TG_ENDPOINT_NATIVE, "", "", false},
        {"/v1/responses/resp_1/input_items", TG_ENDPOINT_NATIVE, "", "", false},
        {"/openai/v1/files/file-1", TG_ENDPOINT_NATIVE, "", "openai", false},
        {"/bedrock/model/x/invoke", TG_ENDPOINT_NATIVE, "", "bedrock", false},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); ++i) {
        struct tg_endpoint_match match = find(CASES[i].path);
        if (match.endpoint != CASES[i].endpoint || !tg_text_is(match.model, CASES[i].model) ||
            !tg_text_is(match.provider_kind, CASES[i].provider_kind) || match.is_streaming != CASES[i].is_streaming)
            fail_msg("%s is %s of '%.*s' at '%.*s'", CASES[i].path, tg_endpoint_name(match.endpoint),
                     TG_TEXT_ARG(match.model), TG_TEXT_ARG(match.provider_kind));
    }
}

static void anything_else_is_unknown(void **state)
{
    static const char *const PATHS[] = {"",
                                        "/v1",
                                        "/v1/chat",
                                        "/v1/filesx",
                                        "/V1/models",
                                        "//v1/models",
                                        "/v1/modelsx",
                                        "/v1beta/models/:generateContent",
                                        "/openaix/v1",
                                        "/unheard-of/v1/chat/completions"};
    for (size_t i = 0; i < sizeof(PATHS) / sizeof(PATHS[0]); ++i)
        assert_int_equal(find(PATHS[i]).endpoint, i == 7 ? TG_ENDPOINT_GEMINI_MODEL : TG_ENDPOINT_UNKNOWN);
}

static void what_is_native_keeps_its_path_behind_the_providers_name(void **state)
{
    assert_true(tg_text_is(find("/openai/v1/files").rest, "/v1/files"));
    assert_true(tg_text_is(find("/azure/openai/v1/vector_stores/").rest, "/openai/v1/vector_stores"));
}

static void calls_take_post_and_lists_take_get(void **state)
{
    assert_true(tg_endpoint_allows(TG_ENDPOINT_CHAT_COMPLETIONS, tg_text_of("POST")));
    assert_false(tg_endpoint_allows(TG_ENDPOINT_CHAT_COMPLETIONS, tg_text_of("GET")));
    assert_true(tg_endpoint_allows(TG_ENDPOINT_MODELS, tg_text_of("GET")));
    assert_true(tg_endpoint_allows(TG_ENDPOINT_ROOT, tg_text_of("HEAD")));
    assert_false(tg_endpoint_allows(TG_ENDPOINT_MODELS, tg_text_of("POST")));
    assert_false(tg_endpoint_allows(TG_ENDPOINT_MODELS, tg_text_of("get")));
    assert_true(tg_endpoint_allows(TG_ENDPOINT_NATIVE, tg_text_of("DELETE")));
}

static void every_call_has_an_operation(void **state)
{
    for (enum tg_endpoint endpoint = 0; endpoint < TG_ENDPOINT_COUNT; ++endpoint) {
        bool is_call = endpoint >= TG_ENDPOINT_CHAT_COMPLETIONS && endpoint <= TG_ENDPOINT_NATIVE;
        assert_int_equal(tg_endpoint_is_call(endpoint), is_call);
        assert_int_equal(tg_endpoint_name(endpoint)[0] != '\0', endpoint > TG_ENDPOINT_ROOT);
    }
}

static void errors_are_told_in_the_words_of_the_path(void **state)
{
    assert_int_equal(find("/v1/messages").dialect, TG_DIALECT_MESSAGES);
    assert_int_equal(find("/v1beta/models/g:generateContent").dialect, TG_DIALECT_GEMINI);
    assert_int_equal(find("/anthropic/v1/files").dialect, TG_DIALECT_MESSAGES);
    assert_int_equal(find("/bedrock/model/x/invoke").dialect, TG_DIALECT_CONVERSE);
    assert_int_equal(find("/nowhere").dialect, TG_DIALECT_CHAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_paths_of_the_sdks_are_known),
        cmocka_unit_test(anything_else_is_unknown),
        cmocka_unit_test(what_is_native_keeps_its_path_behind_the_providers_name),
        cmocka_unit_test(calls_take_post_and_lists_take_get),
        cmocka_unit_test(every_call_has_an_operation),
        cmocka_unit_test(errors_are_told_in_the_words_of_the_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
