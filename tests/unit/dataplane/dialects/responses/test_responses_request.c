#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dataplane/dialects/canonical/freeform.h"
#include "dataplane/dialects/responses/responses.h"
#include "tests/unit/dataplane/dialects/support.h"

static const struct tg_dialect *const dialect = &tg_dialect_responses;

static int begin(void **state)
{
    static struct tg_arena arena;
    tg_arena_init(&arena);
    *state = &arena;
    return 0;
}

static int end(void **state)
{
    tg_arena_deinit(*state);
    return 0;
}

static struct tg_model_request read(void **state, const char *body)
{
    return read_ok(dialect, *state, tg_text_of(body));
}

static struct tg_client_error refused(void **state, const char *body)
{
    struct tg_request_source source = {.arena = *state, .body = tg_text_of(body)};
    struct tg_model_request request;
    struct tg_client_error error;
    assert_false(dialect->read_request(&source, &request, &error));
    return error;
}

#define assert_written(string, wanted)                                                                                 \
    do {                                                                                                               \
        if (!tg_text_is((string).written, wanted))                                                                     \
            fail_msg("%.*s instead of %s", TG_TEXT_ARG((string).written), wanted);                                     \
    } while (0)

/* ---- what the gateway decides by ---- */

static void a_plain_request_is_read(void **state)
{
    struct tg_model_request request =
        read(state, "{\"model\":\"gpt\\u002d5\",\"input\":\"Hi\",\"stream\":true,\"max_output_tokens\":300,"
                    "\"service_tier\":\"flex\",\"instructions\":\"Be brief.\"}");
    assert_true(tg_text_is(request.model, "gpt-5"));
    assert_true(request.is_streaming);
    assert_int_equal(request.choices, 1);
    assert_int_equal(request.max_output_tokens, 300);
    assert_true(tg_text_is(request.service_tier, "flex"));
    assert_false(request.is_beyond_text);
    assert_int_equal(request.prompt_bytes, strlen("Hi") + strlen("Be brief."));
    assert_int_equal(request.dialect, TG_DIALECT_RESPONSES);
    assert_int_equal(request.turns->role, TG_ROLE_SYSTEM); /* first, though it was said last */
    assert_true(tg_text_is(request.turns->path, "instructions"));
    assert_written(request.turns->next->parts->text, "Hi");
    assert_true(tg_text_is(request.turns->next->path, "input"));
}

static void what_the_gateway_governs_is_judged(void **state)
{
    static const struct {
        const char *body;
        enum tg_client_error_code code;
        const char *param;
    } CASES[] = {
        {"{\"input\":\"x\"}", TG_ERROR_MISSING_PARAMETER, "model"},
        {"{\"model\":7}", TG_ERROR_INVALID_TYPE, "model"},
        {"{\"model\":\"\"}", TG_ERROR_INVALID_VALUE, "model"},
        {"{\"model\":\"m\",\"stream\":\"yes\"}", TG_ERROR_INVALID_TYPE, "stream"},
        {"{\"model\":\"m\",\"max_output_tokens\":0}", TG_ERROR_INVALID_VALUE, "max_output_tokens"},
        {"{\"model\":\"m\",\"max_output_tokens\":\"9\"}", TG_ERROR_INVALID_TYPE, "max_output_tokens"},
        {"{\"model\":\"m\",\"input\":5}", TG_ERROR_INVALID_TYPE, "input"},
        {"{\"model\":\"m\",\"input\":[5]}", TG_ERROR_INVALID_TYPE, "input[]"},
        {"[]", TG_ERROR_INVALID_JSON, ""},
        {"{\"model\":\"m\",", TG_ERROR_INVALID_JSON, ""},
        {"{\"model\":\"m\",\"model\":\"n\"}", TG_ERROR_INVALID_JSON, ""},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); ++i) {
        struct tg_client_error error = refused(state, CASES[i].body);
        assert_int_equal(error.code, CASES[i].code);
        assert_true(tg_text_is(error.param, CASES[i].param));
    }
}

static void what_bytes_do_not_bound_is_known(void **state)
{
    static const char *const BEYOND[] = {
        "{\"model\":\"m\",\"previous_response_id\":\"resp_1\"}",
        "{\"model\":\"m\",\"conversation\":{\"id\":\"c\"}}",
        "{\"model\":\"m\",\"prompt\":{\"id\":\"p\"}}",
        "{\"model\":\"m\",\"tools\":[{\"type\":\"web_search\"}]}",
        "{\"model\":\"m\",\"tools\":[{\"type\":\"mcp\",\"server_url\":\"u\"}]}",
        "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_image\",\"file_id\":\"f\"}]}]}",
        "{\"model\":\"m\",\"input\":[{\"type\":\"item_reference\",\"id\":\"i\"}]}",
    };
    static const char *const WITHIN[] = {
        "{\"model\":\"m\",\"previous_response_id\":null,\"conversation\":null,\"prompt\":null}",
        "{\"model\":\"m\",\"tools\":[{\"type\":\"function\",\"name\":\"f\"},{\"type\":\"custom\",\"name\":\"c\"}]}",
        "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"t\"}]},"
        "{\"type\":\"reasoning\",\"id\":\"r\",\"summary\":[],\"encrypted_content\":\"e\"}]}",
    };
    for (size_t i = 0; i < sizeof(BEYOND) / sizeof(BEYOND[0]); ++i)
        assert_true(read(state, BEYOND[i]).is_beyond_text);
    for (size_t i = 0; i < sizeof(WITHIN) / sizeof(WITHIN[0]); ++i)
        assert_false(read(state, WITHIN[i]).is_beyond_text);
}

/* ---- items ---- */

static void items_in_a_row_of_one_side_are_one_turn(void **state)
{
    struct tg_model_request request = read(
        state, "{\"model\":\"m\",\"input\":["
               "{\"role\":\"user\",\"content\":\"Weather in Paris and Rome?\"},"
               "{\"id\":\"rs_1\",\"type\":\"reasoning\",\"summary\":[{\"type\":\"summary_text\",\"text\":\"One.\"},"
               "{\"type\":\"summary_text\",\"text\":\"Two.\"}],\"encrypted_content\":\"gAAA\"},"
               "{\"content\":[{\"text\":\"Let me look.\",\"type\":\"output_text\"}],\"role\":\"assistant\",\"type\":"
               "\"message\"},"
               "{\"arguments\":\"{\\\"city\\\":\\\"Paris\\\"}\",\"call_id\":\"c1\",\"name\":\"get\",\"type\":"
               "\"function_call\"},"
               "{\"type\":\"function_call\",\"call_id\":\"c2\",\"name\":\"get\",\"arguments\":\"{}\"},"
               "{\"type\":\"function_call_output\",\"call_id\":\"c1\",\"output\":\"sun\"},"
               "{\"type\":\"function_call_output\",\"call_id\":\"c2\",\"output\":[{\"type\":\"input_text\",\"text\":"
               "\"rain\"},{\"type\":\"input_image\",\"image_url\":\"https://x/y.png\",\"detail\":\"low\"}]},"
               "{\"role\":\"user\",\"content\":\"Thanks\"}]}");
    const struct tg_turn *user = request.turns, *model = user->next, *results = model->next, *last = results->next;
    assert_null(last->next);
    assert_true(tg_text_is(model->path, "input[1]"));
    assert_int_equal(model->role, TG_ROLE_ASSISTANT);
    const struct tg_part *part = model->parts;
    assert_int_equal(part->kind, TG_PART_THINKING);
    assert_written(part->text, "One.\\n\\nTwo.");
    assert_written(part->signature, "gAAA");
    assert_int_equal(part->signature_origin, TG_DIALECT_RESPONSES);
    part = part->next;
    assert_int_equal(part->kind, TG_PART_TEXT);
    part = part->next;
    assert_int_equal(part->kind, TG_PART_TOOL_CALL);
    assert_true(part->arguments.is_string);
    assert_true(tg_text_is(part->arguments.raw, "{\\\"city\\\":\\\"Paris\\\"}"));
    assert_written(part->next->call_id, "c2");
    assert_int_equal(results->role, TG_ROLE_USER);
    part = results->parts;
    assert_int_equal(part->kind, TG_PART_TOOL_RESULT);
    assert_written(part->content->text, "sun");
    part = part->next;
    assert_written(part->content->text, "rain");
    assert_int_equal(part->content->next->kind, TG_PART_IMAGE);
    assert_int_equal(part->content->next->media->source, TG_MEDIA_URL);
    assert_written(part->content->next->media->detail, "low");
    assert_written(last->parts->text, "Thanks");
}

static void media_are_taken_from_data_urls(void **state)
{
    struct tg_model_request request = read(
        state, "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":["
               "{\"type\":\"input_image\",\"image_url\":\"data:image\\/png;base64,iVBO\"},"
               "{\"type\":\"input_file\",\"filename\":\"a.pdf\",\"file_data\":\"data:application/pdf;base64,JVBE\"},"
               "{\"type\":\"input_file\",\"file_data\":\"JVBERi0x\"},"
               "{\"type\":\"input_file\",\"file_url\":\"https://x/a.pdf\"},"
               "{\"type\":\"input_file\",\"file_id\":\"file_1\"},"
               "{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"UklG\",\"format\":\"wav\"}},"
               "{\"type\":\"input_image\",\"image_url\":\"data:,plain\"}]}]}");
    static const struct {
        enum tg_part_kind kind;
        enum tg_media_source source;
        const char *data, *type, *title;
    } WANTED[] = {
        {TG_PART_IMAGE, TG_MEDIA_BASE64, "iVBO", "image/png", ""},
        {TG_PART_DOCUMENT, TG_MEDIA_BASE64, "JVBE", "application/pdf", "a.pdf"},
        {TG_PART_DOCUMENT, TG_MEDIA_BASE64, "JVBERi0x", "application/pdf", ""},
        {TG_PART_DOCUMENT, TG_MEDIA_URL, "https://x/a.pdf", "", ""},
        {TG_PART_DOCUMENT, TG_MEDIA_FILE_ID, "file_1", "", ""},
        {TG_PART_AUDIO, TG_MEDIA_BASE64, "UklG", "audio/wav", ""},
        {TG_PART_IMAGE, TG_MEDIA_URL, "data:,plain", "", ""},
    };
    const struct tg_part *part = request.turns->parts;
    for (size_t i = 0; i < sizeof(WANTED) / sizeof(WANTED[0]); ++i, part = part->next) {
        assert_int_equal(part->kind, WANTED[i].kind);
        assert_int_equal(part->media->source, WANTED[i].source);
        assert_written(part->media->data, WANTED[i].data);
        assert_written(part->media->media_type, WANTED[i].type);
        assert_written(part->media->title, WANTED[i].title);
    }
    assert_null(part);
}

static void thinking_of_other_makers_comes_back_as_theirs(void **state)
{
    struct tg_model_request request =
        read(state, "{\"model\":\"m\",\"input\":["
                    "{\"type\":\"reasoning\",\"summary\":[{\"type\":\"summary_text\",\"text\":\"Hm.\"}],"
                    "\"encrypted_content\":\"tollgate.v1.messages.c2ln\"},"
                    "{\"type\":\"reasoning\",\"summary\":[],\"encrypted_content\":"
                    "\"tollgate.v1.messages.redacted.b3Bx\"},"
                    "{\"type\":\"reasoning\",\"summary\":[],\"content\":[{\"type\":\"reasoning_text\",\"text\":"
                    "\"raw\"}],\"encrypted_content\":null}]}");
    const struct tg_part *part = request.turns->parts;
    assert_int_equal(part->kind, TG_PART_THINKING);
    assert_int_equal(part->signature_origin, TG_DIALECT_MESSAGES);
    assert_written(part->signature, "c2ln");
    part = part->next;
    assert_int_equal(part->kind, TG_PART_REDACTED_THINKING);
    assert_int_equal(part->signature_origin, TG_DIALECT_MESSAGES);
    assert_written(part->signature, "b3Bx");
    part = part->next;
    assert_written(part->text, "raw");
    assert_true(tg_json_string_is_empty(part->signature));
}

static void what_is_not_known_stays_whole(void **state)
{
    struct tg_model_request request =
        read(state, "{\"model\":\"m\",\"future\":{\"a\":1},\"input\":[{\"id\":\"ws_1\",\"type\":\"web_search_call\","
                    "\"status\":\"completed\"},{\"role\":\"user\",\"content\":[{\"type\":\"input_smell\",\"x\":1}]}]}");
    const struct tg_part *part = request.turns->parts;
    assert_int_equal(part->kind, TG_PART_OTHER);
    assert_true(part->is_item);
    assert_written(part->name, "web_search_call");
    assert_true(tg_text_is(part->raw, "{\"id\":\"ws_1\",\"type\":\"web_search_call\",\"status\":\"completed\"}"));
    part = request.turns->next->parts;
    assert_int_equal(part->kind, TG_PART_OTHER);
    assert_false(part->is_item);
    assert_true(tg_text_is(part->raw, "{\"type\":\"input_smell\",\"x\":1}"));
    assert_int_equal(request.fields->id, TG_FIELD_OTHER);
    assert_true(tg_text_is(request.fields->path, "future"));
    assert_true(tg_text_is(request.fields->value, "{\"a\":1}"));
}

/* ---- tools, as Codex sends them ---- */

static const char TOOLS[] =
    "{\"model\":\"m\",\"tools\":["
    "{\"type\":\"function\",\"name\":\"shell\",\"description\":\"d\",\"strict\":false,\"parameters\":{\"type\":"
    "\"object\"}},"
    "{\"type\":\"namespace\",\"tools\":[{\"type\":\"function\",\"name\":\"log\",\"parameters\":{}},{\"type\":"
    "\"custom\",\"name\":\"eval\"}],\"name\":\"mcp__git__\",\"description\":\"git\"},"
    "{\"type\":\"namespace\",\"name\":\"crm\",\"description\":\"c\",\"tools\":[{\"type\":\"function\",\"name\":"
    "\"find\"}]},"
    "{\"type\":\"custom\",\"name\":\"apply_patch\",\"description\":\"Edits.\",\"format\":{\"type\":\"grammar\","
    "\"syntax\":\"lark\",\"definition\":\"start: \\\"x\\\"\"}},"
    "{\"type\":\"local_shell\"},{\"type\":\"web_search\",\"external_web_access\":false},{\"type\":\"tool_search\"}],"
    "\"input\":[{\"type\":\"custom_tool_call\",\"call_id\":\"c1\",\"name\":\"apply_patch\",\"input\":\"*** \\\"a\\\"\\n"
    "\"},{\"type\":\"custom_tool_call_output\",\"call_id\":\"c1\",\"output\":\"ok\"},"
    "{\"type\":\"function_call\",\"call_id\":\"c2\",\"namespace\":\"mcp__git__\",\"name\":\"log\",\"arguments\":"
    "\"{}\"},"
    "{\"type\":\"local_shell_call\",\"id\":\"l\",\"call_id\":\"c3\",\"status\":\"completed\",\"action\":{\"type\":"
    "\"exec\",\"command\":[\"ls\"],\"env\":{}}},"
    "{\"type\":\"local_shell_call_output\",\"call_id\":\"c3\",\"output\":\"a.c\"}]}";

static void tools_of_every_kind_become_functions(void **state)
{
    struct tg_model_request request = read(state, TOOLS);
    static const struct {
        const char *name;
        enum tg_tool_kind kind;
        const char *path, *space, *inner;
    } WANTED[] = {
        {"shell", TG_TOOL_FUNCTION, "tools[0]", "", ""},
        {"mcp__git__log", TG_TOOL_FUNCTION, "tools[1].tools[0]", "mcp__git__", "log"},
        {"mcp__git__eval", TG_TOOL_FREEFORM, "tools[1].tools[1]", "mcp__git__", "eval"},
        {"crm__find", TG_TOOL_FUNCTION, "tools[2].tools[0]", "crm", "find"},
        {"apply_patch", TG_TOOL_FREEFORM, "tools[3]", "", ""},
        {"local_shell", TG_TOOL_FUNCTION, "tools[4]", "", ""},
        {"web_search", TG_TOOL_WEB_SEARCH, "tools[5]", "", ""},
        {"tool_search", TG_TOOL_OTHER, "tools[6]", "", ""},
    };
    const struct tg_tool *tool = request.tools;
    for (size_t i = 0; i < sizeof(WANTED) / sizeof(WANTED[0]); ++i, tool = tool->next) {
        assert_written(tool->name, WANTED[i].name);
        assert_int_equal(tool->kind, WANTED[i].kind);
        assert_true(tg_text_is(tool->path, WANTED[i].path));
        assert_written(tool->space, WANTED[i].space);
        assert_written(tool->name_in_space, WANTED[i].inner);
        if (tool->kind == TG_TOOL_FREEFORM)
            assert_true(tg_text_equals(tool->parameters, tg_freeform_parameters()));
    }
    assert_null(tool);
    tool = tg_request_tool(&request, tg_json_string_literal("apply_patch"));
    assert_written(tg_freeform_description(*state, tool),
                   "Edits.\\n\\nThe input must follow this grammar (lark):\\n\\nstart: \\\"x\\\"");
    tool = tg_request_tool(&request, tg_json_string_literal("local_shell"));
    assert_string_equal(tool->built_in, "local_shell");
    assert_true(tool->parameters.bytes > 2);
}

static void calls_of_every_kind_become_calls_of_those_functions(void **state)
{
    struct tg_model_request request = read(state, TOOLS);
    const struct tg_part *patch = request.turns->parts, *result = request.turns->next->parts;
    assert_written(patch->name, "apply_patch");
    assert_true(tg_text_is(patch->arguments.raw, "{\"input\":\"*** \\\"a\\\"\\n\"}"));
    assert_written(tg_freeform_unwrap(*state, &patch->arguments), "*** \\\"a\\\"\\n");
    assert_written(result->content->text, "ok");
    const struct tg_part *log = request.turns->next->next->parts;
    assert_written(log->name, "mcp__git__log");
    assert_written(log->next->name, "local_shell");
    struct tg_text value;
    assert_true(tg_arguments_value(*state, &log->next->arguments, &value));
    assert_true(tg_text_is(value, "{\"type\":\"exec\",\"command\":[\"ls\"],\"env\":{}}"));
    assert_written(request.turns->next->next->next->parts->call_id, "c3");
}

/* Codex sends all of its tools so to newer models. */
static void tools_that_come_with_the_input_are_tools_like_all_others(void **state)
{
    struct tg_model_request request = read(
        state, "{\"model\":\"m\",\"input\":[{\"type\":\"additional_tools\",\"role\":\"developer\",\"tools\":[{\"type\":"
               "\"namespace\",\"name\":\"functions\",\"tools\":[{\"type\":\"custom\",\"name\":\"exec\"}]},{\"type\":"
               "\"function\",\"name\":\"a\"}]},{\"role\":\"user\",\"content\":\"Hi\"},{\"tools\":[{\"name\":\"x\"}],"
               "\"type\":\"mcp_list_tools\"}],\"tools\":[{\"type\":\"function\",\"name\":\"a\"}]}");
    assert_written(request.tools->name, "functions__exec");
    assert_int_equal(request.tools->kind, TG_TOOL_FREEFORM);
    assert_true(tg_text_is(request.tools->path, "input[0].tools[0].tools[0]"));
    assert_written(request.tools->next->name, "a"); /* said twice, it is one */
    assert_null(request.tools->next->next);
    assert_int_equal(request.turns->role, TG_ROLE_USER);
}

static void a_long_name_in_a_namespace_is_cut_to_what_all_take_and_stays_its_own(void **state)
{
    struct tg_model_request request =
        read(state, "{\"model\":\"m\",\"tools\":[{\"type\":\"namespace\",\"name\":"
                    "\"a_namespace_with_a_name_that_takes_most_of_the_room_that_there_is_one\",\"tools\":["
                    "{\"type\":\"function\",\"name\":\"the_tool\"}]},{\"type\":\"namespace\",\"name\":"
                    "\"a_namespace_with_a_name_that_takes_most_of_the_room_that_there_is_two\",\"tools\":["
                    "{\"type\":\"function\",\"name\":\"the_tool\"}]}]}");
    struct tg_json_string one = request.tools->name, two = request.tools->next->name;
    assert_int_equal(one.written.bytes, 64);
    assert_int_equal(two.written.bytes, 64);
    assert_false(tg_json_string_equals(one, two));
}

static void of_the_tools_only_the_allowed_stay(void **state)
{
    struct tg_model_request request =
        read(state, "{\"model\":\"m\",\"tool_choice\":{\"type\":\"allowed_tools\",\"mode\":\"required\",\"tools\":["
                    "{\"type\":\"function\",\"name\":\"b\"},{\"type\":\"web_search\"}]},\"tools\":["
                    "{\"type\":\"function\",\"name\":\"a\"},{\"type\":\"function\",\"name\":\"b\"},"
                    "{\"type\":\"web_search\"}]}");
    assert_int_equal(request.tool_choice.mode, TG_CHOICE_ANY);
    assert_written(request.tools->name, "b");
    assert_int_equal(request.tools->next->kind, TG_TOOL_WEB_SEARCH);
    assert_null(request.tools->next->next);
}

static void tool_choices_are_told_apart(void **state)
{
    static const struct {
        const char *choice;
        int mode;
        const char *name;
    } CASES[] = {
        {"null", TG_CHOICE_UNSAID, ""},
        {"\"auto\"", TG_CHOICE_AUTO, ""},
        {"\"none\"", TG_CHOICE_NONE, ""},
        {"\"required\"", TG_CHOICE_ANY, ""},
        {"{\"type\":\"function\",\"name\":\"f\"}", TG_CHOICE_NAMED, "f"},
        {"{\"type\":\"custom\",\"name\":\"c\"}", TG_CHOICE_NAMED, "c"},
        {"{\"type\":\"web_search_preview\"}", TG_CHOICE_OTHER, ""},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); ++i) {
        struct tg_text body = tg_arena_printf(*state, "{\"model\":\"m\",\"tool_choice\":%s}", CASES[i].choice);
        struct tg_model_request request = read_ok(dialect, *state, body);
        assert_int_equal(request.tool_choice.mode, CASES[i].mode);
        assert_written(request.tool_choice.name, CASES[i].name);
    }
}

/* ---- settings ---- */

static void reasoning_and_text_are_settings_that_all_dialects_know(void **state)
{
    struct tg_model_request request =
        read(state, "{\"model\":\"m\",\"reasoning\":{\"effort\":\"high\",\"summary\":\"auto\",\"context\":"
                    "\"all_turns\",\"mode\":\"standard\"},\"text\":{\"verbosity\":\"low\",\"format\":{\"type\":"
                    "\"json_schema\",\"name\":\"n\",\"strict\":true,\"schema\":{\"type\":\"object\"}}},\"include\":["
                    "\"reasoning.encrypted_content\",\"message.output_text.logprobs\"],\"top_logprobs\":3}");
    assert_int_equal(request.thinking.mode, TG_THINKING_ON);
    assert_written(request.thinking.effort, "high");
    assert_true(request.thinking.wants_text);
    assert_int_equal(request.format.kind, TG_FORMAT_JSON_SCHEMA);
    assert_int_equal(request.format.strict, TG_FORMAT_STRICT_YES);
    assert_true(tg_text_is(request.format.schema, "{\"type\":\"object\"}"));
    assert_true(tg_text_is(tg_request_field(&request, TG_FIELD_VERBOSITY)->value, "\"low\""));
    assert_true(tg_text_is(tg_request_field(&request, TG_FIELD_LOGPROBS)->value, "true"));
    assert_non_null(tg_request_field(&request, TG_FIELD_REASONING_CONTEXT));
    assert_null(tg_request_field(&request, TG_FIELD_INCLUDE)); /* nothing else is asked for */
    assert_null(tg_request_field(&request, TG_FIELD_OTHER));
    request = read(state, "{\"model\":\"m\",\"client_metadata\":{\"turn\":\"1\"}}");
    assert_int_equal(request.fields->id, TG_FIELD_CLIENT_METADATA);
    request = read(state, "{\"model\":\"m\",\"reasoning\":{\"effort\":\"none\"}}");
    assert_int_equal(request.thinking.mode, TG_THINKING_OFF);
}

/* ---- edits ---- */

static void single_values_are_replaced_and_all_else_keeps_its_bytes(void **state)
{
    struct tg_request_target target = {.upstream_model = tg_text_of("up"), .max_output_tokens = 9};
    static const char *const CASES[][2] = {
        {"{ \"input\" : \"x\", \"model\" : \"m\" }",
         "{\"max_output_tokens\":9, \"input\" : \"x\", \"model\" : \"up\" }"},
        {"{\"max_output_tokens\": 50,\"model\":\"m\"}", "{\"max_output_tokens\": 9,\"model\":\"up\"}"},
        {"{\"model\":\"m\",\"max_output_tokens\":null}", "{\"model\":\"up\",\"max_output_tokens\":9}"},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); ++i) {
        struct tg_text body = tg_text_of(CASES[i][0]);
        struct tg_model_request request = read_ok(dialect, *state, body);
        struct tg_text text = edited(dialect, *state, body, &request, &target);
        if (!tg_text_is(text, CASES[i][1]))
            fail_msg("%.*s", TG_TEXT_ARG(text));
    }
}

static void a_providers_rules_drop_rename_and_set_members(void **state)
{
    static const struct tg_parameter_rule RULES[] = {
        {.name = TG_TEXT_LITERAL("store")},
        {.name = TG_TEXT_LITERAL("user"), .new_name = TG_TEXT_LITERAL("who")},
        {.name = TG_TEXT_LITERAL("plan"), .value = TG_TEXT_LITERAL("b")},
    };
    struct tg_request_target target = {.rules = RULES, .rule_count = 3};
    struct tg_text body = tg_text_of("{\"model\":\"m\",\"store\":false,\"user\":\"u\"}");
    struct tg_model_request request = read_ok(dialect, *state, body);
    struct tg_loss loss = {.policy = TG_LOSS_REFUSE_MEANING};
    struct tg_text wanted = tg_text_of("{\"plan\":\"b\",\"model\":\"m\",\"who\":\"u\"}");
    assert_true(tg_text_equals(edited(dialect, *state, body, &request, &target), wanted));
    assert_same_json("written", write_ok(dialect, *state, &request, &target, &loss), wanted);
}

#define with_arena(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_arena(a_plain_request_is_read),
        with_arena(what_the_gateway_governs_is_judged),
        with_arena(what_bytes_do_not_bound_is_known),
        with_arena(items_in_a_row_of_one_side_are_one_turn),
        with_arena(media_are_taken_from_data_urls),
        with_arena(thinking_of_other_makers_comes_back_as_theirs),
        with_arena(what_is_not_known_stays_whole),
        with_arena(tools_of_every_kind_become_functions),
        with_arena(calls_of_every_kind_become_calls_of_those_functions),
        with_arena(tools_that_come_with_the_input_are_tools_like_all_others),
        with_arena(a_long_name_in_a_namespace_is_cut_to_what_all_take_and_stays_its_own),
        with_arena(of_the_tools_only_the_allowed_stay),
        with_arena(tool_choices_are_told_apart),
        with_arena(reasoning_and_text_are_settings_that_all_dialects_know),
        with_arena(single_values_are_replaced_and_all_else_keeps_its_bytes),
        with_arena(a_providers_rules_drop_rename_and_set_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
