/* Google's requests by hand: what its documentation shows and no recording does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

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

static bool read_any(void **state, const char *body, struct tg_model_request *request, struct tg_client_error *error)
{
    struct tg_request_source source = {
        .arena = *state, .body = tg_text_of(body), .path_model = tg_text_of("gemini-2.5-flash")};
    return dialect->read_request(&source, request, error);
}

static struct tg_model_request read_text(void **state, const char *body)
{
    struct tg_model_request request;
    struct tg_client_error error;
    if (!read_any(state, body, &request, &error))
        fail_msg("%.*s", TG_TEXT_ARG(tg_client_error_sentence(*state, &error)));
    return request;
}

#define HELLO "\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"hello\"}]}]"

static void assert_written(void **state, const struct tg_model_request *request, const char *model, const char *wanted)
{
    struct tg_request_target target = {.upstream_model = tg_text_of(model)};
    struct tg_loss loss = {.policy = TG_LOSS_REFUSE_MEANING};
    struct tg_text written = write_ok(dialect, *state, request, &target, &loss);
    if (memmem(written.data, written.bytes, wanted, strlen(wanted)) == NULL)
        fail_msg("%s is not in %.*s", wanted, TG_TEXT_ARG(written));
}

/* ---- reading ---- */

static void names_are_read_in_either_spelling(void **state)
{
    struct tg_model_request request = read_text(
        state, "{\"contents\":[{\"parts\":[{\"inline_data\":{\"mime_type\":\"image/png\",\"data\":\"iVBO\"}}]}],"
               "\"system_instruction\":{\"parts\":[{\"text\":\"be brief\"}]},"
               "\"generation_config\":{\"max_output_tokens\":9,\"top_k\":4,\"stop_sequences\":[\"x\"]}}");
    assert_int_equal(request.turns->role, TG_ROLE_SYSTEM);
    assert_int_equal(request.turns->next->parts->kind, TG_PART_IMAGE);
    assert_true(tg_json_string_is(request.turns->next->parts->media->media_type, "image/png"));
    assert_int_equal(request.max_output_tokens, 9);
    assert_int_equal(request.stop_count, 1);
    assert_non_null(tg_request_field(&request, TG_FIELD_TOP_K));
    assert_true(request.is_beyond_text);
}

static void what_is_governed_may_be_said_once_only(void **state)
{
    static const char *const bodies[] = {
        "{" HELLO ",\"generationConfig\":{\"maxOutputTokens\":5,\"max_output_tokens\":500}}",
        "{" HELLO ",\"generationConfig\":{\"maxOutputTokens\":5,\"maxOutputTokens\":500}}",
        "{" HELLO ",\"generationConfig\":{},\"generation_config\":{\"maxOutputTokens\":500}}",
        "{" HELLO ",\"generationConfig\":{\"maxOutputTokens\":0}}",
        "{" HELLO ",\"generationConfig\":{\"maxOutputTokens\":\"5\"}}",
        "{" HELLO ",\"generationConfig\":{\"candidateCount\":1000}}",
        "{\"contents\":\"hello\"}",
        "{}",
    };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); ++i) {
        struct tg_model_request request;
        struct tg_client_error error;
        assert_false(read_any(state, bodies[i], &request, &error));
        assert_true(error.param.bytes > 0);
    }
}

static void calls_without_ids_are_paired_by_name_and_order(void **state)
{
    struct tg_model_request request = read_text(
        state, "{\"contents\":[{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"a\",\"args\":{\"n\":1}}},"
               "{\"functionCall\":{\"name\":\"b\"}},{\"functionCall\":{\"name\":\"a\",\"args\":{\"n\":2}}}]},"
               "{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"name\":\"b\",\"response\":{\"result\":\"B\"}}},"
               "{\"functionResponse\":{\"name\":\"a\",\"response\":{\"n\":1}}},"
               "{\"functionResponse\":{\"name\":\"a\",\"response\":{\"error\":\"no\"}}}]}]}");
    const struct tg_part *first = request.turns->parts, *second = first->next, *third = second->next;
    const struct tg_part *b = request.turns->next->parts, *a1 = b->next, *a2 = a1->next;
    assert_true(tg_json_string_equals(b->call_id, second->call_id));
    assert_true(tg_json_string_equals(a1->call_id, first->call_id));
    assert_true(tg_json_string_equals(a2->call_id, third->call_id));
    assert_false(tg_json_string_equals(first->call_id, third->call_id));
    assert_true(tg_json_string_is(b->content->text, "B"));
    assert_true(tg_json_string_is(a1->content->text, "{\"n\":1}"));
    assert_false(a1->is_error);
    assert_true(a2->is_error);
    assert_true(tg_json_string_is(a2->content->text, "no"));
}

static void chunks_that_a_chat_sends_back_are_one_turn_and_one_thought(void **state)
{
    struct tg_model_request request = read_text(
        state, "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"?\"}]},"
               "{\"role\":\"model\",\"parts\":[{\"text\":\"I \",\"thought\":true}]},"
               "{\"role\":\"model\",\"parts\":[{\"text\":\"think\",\"thought\":true}]},"
               "{\"role\":\"model\",\"parts\":[{\"text\":\"\",\"thought\":true,\"thoughtSignature\":\"c2ln\"}]},"
               "{\"role\":\"model\",\"parts\":[{\"text\":\"so\"}]}]}");
    const struct tg_turn *turn = request.turns->next;
    assert_null(turn->next);
    assert_int_equal(turn->parts->kind, TG_PART_THINKING);
    assert_true(tg_json_string_is(turn->parts->text, "I think"));
    assert_true(tg_json_string_is(turn->parts->signature, "c2ln"));
    assert_int_equal(turn->parts->signature_origin, TG_DIALECT_GEMINI);
    assert_true(tg_json_string_is(turn->parts->next->text, "so"));
}

/* Python's SDK decodes a signature and encodes it again in the alphabet of URLs. */
static void another_makers_signature_comes_back_as_it_was(void **state)
{
    struct tg_model_request request =
        read_text(state, "{\"contents\":[{\"role\":\"model\",\"parts\":[{\"text\":\"t\",\"thought\":true,"
                         "\"thoughtSignature\":\"dG9sbGdhdGUudjEubWVzc2FnZXMuRXI_Pj4-\"}]}]}");
    assert_int_equal(request.turns->parts->signature_origin, TG_DIALECT_MESSAGES);
    assert_true(tg_json_string_is(request.turns->parts->signature, "Er?>>>"));
}

static void googles_schemas_become_json_schemas(void **state)
{
    struct tg_model_request request = read_text(
        state, "{" HELLO ",\"tools\":[{\"functionDeclarations\":[{\"name\":\"f\",\"parameters\":{\"type\":\"OBJECT\","
               "\"properties\":{\"type\":{\"type\":\"STRING\",\"nullable\":true,\"maxLength\":\"5\",\"enum\":[\"A\"]},"
               "\"list\":{\"type\":\"ARRAY\",\"items\":{\"type\":\"INTEGER\"}}},\"required\":[\"type\"]}}]}]}");
    assert_same_json("schema", request.tools->parameters,
                     tg_text_of("{\"type\":\"object\",\"properties\":{\"type\":{\"type\":[\"string\",\"null\"],"
                                "\"maxLength\":5,\"enum\":[\"A\"]},\"list\":{\"type\":\"array\",\"items\":{\"type\":"
                                "\"integer\"}}},\"required\":[\"type\"]}"));
}

static void tool_choices_are_known_when_all_was_read(void **state)
{
    static const char TOOLS[] = "\"tools\":[{\"functionDeclarations\":[{\"name\":\"a\"},{\"name\":\"b\"}]}]";
    static const struct {
        const char *config;
        int mode;
    } rows[] = {
        {"\"mode\":\"ANY\"", TG_CHOICE_ANY},
        {"\"mode\":\"ANY\",\"allowedFunctionNames\":[\"a\",\"b\"]", TG_CHOICE_ANY},
        {"\"mode\":\"ANY\",\"allowed_function_names\":[\"b\"]", TG_CHOICE_NAMED},
        {"\"mode\":\"NONE\"", TG_CHOICE_NONE},
        {"\"mode\":\"VALIDATED\"", TG_CHOICE_AUTO},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct tg_text body = tg_arena_printf(*state, "{" HELLO ",\"toolConfig\":{\"functionCallingConfig\":{%s}},%s}",
                                              rows[i].config, TOOLS);
        struct tg_model_request request = read_text(state, body.data);
        assert_int_equal(request.tool_choice.mode, rows[i].mode);
        if (rows[i].mode == TG_CHOICE_NAMED)
            assert_true(tg_json_string_is(request.tool_choice.name, "b"));
    }
}

/* ---- editing ---- */

static void the_maximum_is_set_wherever_there_is_room(void **state)
{
    static const char *const rows[][2] = {
        {"{" HELLO "}", "{\"generationConfig\":{\"maxOutputTokens\":7}," HELLO "}"},
        {"{" HELLO ",\"generationConfig\":{}}", "{" HELLO ",\"generationConfig\":{\"maxOutputTokens\":7}}"},
        {"{" HELLO ",\"generationConfig\":null}", "{" HELLO ",\"generationConfig\":{\"maxOutputTokens\":7}}"},
        {"{" HELLO ",\"generationConfig\":{ \"topK\":1}}",
         "{" HELLO ",\"generationConfig\":{\"maxOutputTokens\":7, \"topK\":1}}"},
        {"{" HELLO ",\"generation_config\":{\"max_output_tokens\": null}}",
         "{" HELLO ",\"generation_config\":{\"max_output_tokens\": 7}}"},
        {"{" HELLO ",\"generationConfig\":{\"maxOutputTokens\":4096}}",
         "{" HELLO ",\"generationConfig\":{\"maxOutputTokens\":7}}"},
    };
    struct tg_request_target target = {.upstream_model = tg_text_of("x"), .max_output_tokens = 7};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct tg_model_request request = read_text(state, rows[i][0]);
        struct tg_text body = edited(dialect, *state, tg_text_of(rows[i][0]), &request, &target);
        if (!tg_text_is(body, rows[i][1]))
            fail_msg("%.*s", TG_TEXT_ARG(body));
    }
}

/* ---- writing ---- */

static void effort_is_a_budget_or_a_level_by_the_model(void **state)
{
    struct tg_model_request request = read_text(state, "{" HELLO "}");
    request.dialect = TG_DIALECT_CHAT;
    request.thinking = (struct tg_thinking){.mode = TG_THINKING_ON, .effort = tg_json_string_literal("low")};
    assert_written(state, &request, "gemini-2.5-flash", "\"thinkingConfig\":{\"thinkingBudget\":1024}");
    assert_written(state, &request, "gemini-3.1-pro-preview", "\"thinkingConfig\":{\"thinkingLevel\":\"LOW\"}");
    assert_written(state, &request, "gemini-2.0-flash", "\"generationConfig\":{}");
    request.thinking = (struct tg_thinking){.mode = TG_THINKING_OFF};
    assert_written(state, &request, "gemini-2.5-flash", "\"thinkingBudget\":0");
    assert_written(state, &request, "gemini-3-flash", "\"thinkingLevel\":\"MINIMAL\"");
    request.thinking = (struct tg_thinking){.mode = TG_THINKING_ON, .budget_tokens = 100000, .wants_text = true};
    assert_written(state, &request, "gemini-2.5-flash", "{\"thinkingBudget\":24576,\"includeThoughts\":true}");
}

static void a_foreign_call_is_signed_with_the_word_for_it(void **state)
{
    struct tg_model_request request = read_text(
        state, "{\"contents\":[{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"a\",\"args\":{}}},"
               "{\"functionCall\":{\"name\":\"b\",\"args\":{}},\"thoughtSignature\":\"own\"}]}]}");
    assert_written(state, &request, "gemini-3-flash",
                   "{\"functionCall\":{\"id\":\"call_1\",\"name\":\"a\",\"args\":{}},"
                   "\"thoughtSignature\":\"skip_thought_signature_validator\"},"
                   "{\"functionCall\":{\"id\":\"call_2\",\"name\":\"b\",\"args\":{}},\"thoughtSignature\":\"own\"}");
    assert_written(state, &request, "gemini-2.5-flash",
                   "{\"functionCall\":{\"id\":\"call_1\",\"name\":\"a\",\"args\":{}}},");
}

static void what_google_cannot_say_is_a_loss_by_its_own_name(void **state)
{
    struct tg_model_request request = read_text(state, "{" HELLO "}");
    struct tg_request_target target = {.upstream_model = tg_text_of("gemini-2.5-pro")};
    struct tg_loss loss = {.policy = TG_LOSS_REFUSE_MEANING};
    struct tg_field bias = {
        .id = TG_FIELD_LOGIT_BIAS, .path = tg_text_of("logit_bias"), .value = tg_text_of("{\"5\":1}")};
    struct tg_field user = {
        .next = &bias, .id = TG_FIELD_USER, .path = tg_text_of("user"), .value = tg_text_of("\"u\"")};
    request.dialect = TG_DIALECT_CHAT;
    request.fields = &user;
    write_ok(dialect, *state, &request, &target, &loss);
    assert_true(tg_text_is(loss.refused, "logit_bias"));
    assert_int_equal(loss.dropped_count, 1);
    assert_true(tg_text_is(loss.dropped[0], "user"));
}

static void arguments_that_are_no_object_are_refused_with_their_place(void **state)
{
    struct tg_model_request request = read_text(
        state, "{\"contents\":[{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"a\",\"args\":{}}}]}]}");
    struct tg_request_target target = {.upstream_model = tg_text_of("gemini-2.5-pro")};
    struct tg_loss loss = {.policy = TG_LOSS_DROP_ALL};
    struct tg_client_error error;
    struct tg_buf out;
    request.turns->parts->arguments = (struct tg_arguments){.is_string = true, .raw = tg_text_of("{\\\"a\\\":")};
    tg_buf_init(&out, 1 << 20);
    assert_false(dialect->write_request(*state, &request, &target, &loss, &out, &error));
    assert_int_equal(error.code, TG_ERROR_INVALID_VALUE);
    assert_true(tg_text_is(error.param, "contents[0]"));
    tg_buf_deinit(&out);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(names_are_read_in_either_spelling),
        TEST(what_is_governed_may_be_said_once_only),
        TEST(calls_without_ids_are_paired_by_name_and_order),
        TEST(chunks_that_a_chat_sends_back_are_one_turn_and_one_thought),
        TEST(another_makers_signature_comes_back_as_it_was),
        TEST(googles_schemas_become_json_schemas),
        TEST(tool_choices_are_known_when_all_was_read),
        TEST(the_maximum_is_set_wherever_there_is_room),
        TEST(effort_is_a_budget_or_a_level_by_the_model),
        TEST(a_foreign_call_is_signed_with_the_word_for_it),
        TEST(what_google_cannot_say_is_a_loss_by_its_own_name),
        TEST(arguments_that_are_no_object_are_refused_with_their_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
