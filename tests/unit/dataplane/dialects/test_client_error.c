#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "common/codec/json_scan.h"
#include "dataplane/dialects/canonical/client_error.h"
#include "dataplane/dialects/chat/chat.h"

static void every_code_is_there_once_with_an_error_status_and_a_sentence(void **state)
{
    for (unsigned code = TG_ERROR_NONE + 1; code < TG_ERROR_COUNT; ++code) {
        const struct tg_client_error_row *row = tg_client_error_row((enum tg_client_error_code)code);
        assert_non_null(row->code);
        assert_true(row->code[0] != '\0');
        assert_in_range(row->http_status, 400, 599);
        assert_true(row->type[0] != '\0');
        assert_true(strlen(row->sentence) > 20);
        for (unsigned other = 0; other < code; ++other)
            assert_string_not_equal(row->code, tg_client_error_code_name((enum tg_client_error_code)other));
    }
}

static void the_page_for_people_has_every_row_of_the_table(void **state)
{
    struct tg_buf page;
    struct tg_error error;
    assert_int_equal(tg_file_read(TG_ERRORS_PAGE, 1 << 20, &page, &error), TG_OK);
    for (unsigned code = TG_ERROR_NONE + 1; code < TG_ERROR_COUNT; ++code) {
        const struct tg_client_error_row *row = tg_client_error_row((enum tg_client_error_code)code);
        char wanted[128];
        snprintf(wanted, sizeof(wanted), "| `%s` | %d | `%s` |", row->code, row->http_status, row->type);
        if (memmem(page.data, page.bytes, wanted, strlen(wanted)) == NULL)
            fail_msg("docs/errors.md lacks the row: %s", wanted);
    }
    tg_buf_deinit(&page);
}

static void words_fill_the_places_of_a_sentence(void **state)
{
    struct tg_arena arena;
    tg_arena_init(&arena);
    struct tg_client_error error = {.code = TG_ERROR_METHOD_NOT_ALLOWED,
                                    .words = {tg_text_of("GET"), tg_text_of("/v1/embeddings"), tg_text_of("POST")}};
    struct tg_text sentence = tg_client_error_sentence(&arena, &error);
    assert_string_equal(sentence.data, "/v1/embeddings does not take GET; it takes POST.");
    tg_arena_deinit(&arena);
}

static void words_that_look_like_places_are_left_alone(void **state)
{
    struct tg_arena arena;
    tg_arena_init(&arena);
    struct tg_client_error error = {.code = TG_ERROR_MODEL_UNAVAILABLE, .words = {tg_text_of("{0}{1}")}};
    struct tg_text sentence = tg_client_error_sentence(&arena, &error);
    assert_true(tg_text_starts_with(sentence, "The model '{0}{1}' has no enabled deployment."));
    tg_arena_deinit(&arena);
}

static struct tg_text body_of(struct tg_arena *arena, const struct tg_client_error *error)
{
    struct tg_answer_error said = tg_client_error_said(arena, error);
    return tg_dialect_chat.error_body(arena, &said);
}

static struct tg_text event_of(struct tg_arena *arena, const struct tg_client_error *error)
{
    struct tg_answer_error said = tg_client_error_said(arena, error);
    return tg_dialect_chat.error_event(arena, &said, TG_FRAMING_SSE);
}

static void an_error_is_valid_json_whatever_the_client_wrote(void **state)
{
    static const struct tg_text WORDS[] = {TG_TEXT_LITERAL("plain"), TG_TEXT_LITERAL("\"quoted\\"),
                                           TG_TEXT_LITERAL("\x01\n\t\x7f"), TG_TEXT_LITERAL("\xff\xfe\xc3"),
                                           TG_TEXT_LITERAL("nul\0inside")};
    for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); ++i) {
        for (unsigned code = TG_ERROR_NONE + 1; code < TG_ERROR_COUNT; ++code) {
            struct tg_arena arena;
            struct tg_json_scan scan;
            tg_arena_init(&arena);
            struct tg_client_error error = {.code = (enum tg_client_error_code)code, .param = WORDS[i]};
            for (size_t word = 0; word < TG_CLIENT_ERROR_WORDS; ++word)
                error.words[word] = WORDS[i];
            struct tg_text body = body_of(&arena, &error);
            tg_json_scan_init(&scan, body);
            assert_int_equal(tg_json_scan_finish(&scan, NULL), TG_OK);
            tg_arena_deinit(&arena);
        }
    }
}

static void an_error_without_a_field_has_a_null_param(void **state)
{
    struct tg_arena arena;
    tg_arena_init(&arena);
    struct tg_client_error error = {.code = TG_ERROR_API_KEY_REVOKED};
    assert_string_equal(body_of(&arena, &error).data,
                        "{\"error\":{\"message\":\"This API key was revoked. Ask an administrator for a new one.\","
                        "\"type\":\"authentication_error\",\"param\":null,\"code\":\"api_key_revoked\"}}");
    tg_arena_deinit(&arena);
}

static void an_error_in_a_stream_is_one_event(void **state)
{
    struct tg_arena arena;
    tg_arena_init(&arena);
    struct tg_client_error error = {.code = TG_ERROR_PROVIDER_BROKE_OFF, .words = {tg_text_of("a\nb\n\nc")}};
    struct tg_text event = event_of(&arena, &error);
    assert_true(tg_text_starts_with(event, "data: {\"error\":{"));
    const char *line_end = memchr(event.data, '\n', event.bytes);
    assert_string_equal(line_end, "\n\n");
    tg_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_is_there_once_with_an_error_status_and_a_sentence),
        cmocka_unit_test(the_page_for_people_has_every_row_of_the_table),
        cmocka_unit_test(words_fill_the_places_of_a_sentence),
        cmocka_unit_test(words_that_look_like_places_are_left_alone),
        cmocka_unit_test(an_error_is_valid_json_whatever_the_client_wrote),
        cmocka_unit_test(an_error_without_a_field_has_a_null_param),
        cmocka_unit_test(an_error_in_a_stream_is_one_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
