/* Requests in the canonical form: what chat reads into it, and what it writes of it for a provider. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dataplane/dialects/canonical/freeform.h"
#include "dataplane/dialects/chat/chat.h"
#include "tests/unit/dataplane/dialects/support.h"

static struct tg_model_request read(struct tg_arena *arena, const char *messages, const char *rest)
{
    return read_ok(&tg_dialect_chat, arena,
                   tg_arena_printf(arena, "{\"model\":\"m\",\"messages\":%s%s}", messages, rest));
}

static bool is(struct tg_json_string string, const char *text)
{
    return tg_text_is(string.written, text);
}

/* ---- reading ---- */

static void roles_become_turns_and_results_the_users(void **state)
{
    struct tg_arena arena;
    tg_arena_init(&arena);
    struct tg_model_request request =
        read(&arena,
             "[{\"role\":\"system\",\"content\":\"s\"},{\"content\":\"d\",\"role\":\"developer\"},"
             "{\"role\":\"user\",\"name\":\"n\",\"content\":\"\"},"
             "{\"tool_calls\":[{\"id\":\"1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}},"
             "{\"id\":\"2\",\"type\":\"custom\",\"custom\":{\"name\":\"p\",\"input\":\"x\"}}],\"content\":\"t\","
             "\"role\":\"assistant\",\"reasoning_content\":\"r\"},"
             "{\"role\":\"tool\",\"tool_call_id\":\"1\",\"content\":\"a\"},"
             "{\"content\":[{\"type\":\"text\",\"text\":\"b\"}],\"tool_call_id\":\"2\",\"role\":\"tool\"},"
             "{\"role\":\"user\",\"content\":\"u\"}]",
             "");
    const struct tg_turn *turn = request.turns;
    assert_int_equal(turn->role, TG_ROLE_SYSTEM);
    assert_true(tg_text_is(turn->path, "messages[0]"));
    turn = turn->next;
    assert_int_equal(turn->role, TG_ROLE_DEVELOPER);
    assert_true(is(turn->parts->text, "d"));
    turn = turn->next;
    assert_true(is(turn->name, "n"));
    assert_null(turn->parts);
    turn = turn->next;
    assert_int_equal(turn->role, TG_ROLE_ASSISTANT);
    const struct tg_part *part = turn->parts;
    assert_int_equal(part->kind, TG_PART_THINKING);
    assert_true(is(part->signature, "reasoning_content"));
    part = part->next;
    assert_int_equal(part->kind, TG_PART_TEXT);
    part = part->next;
    assert_int_equal(part->kind, TG_PART_TOOL_CALL);
    assert_true(is(part->call_id, "1"));
    assert_true(part->arguments.is_string);
    part = part->next;
    assert_true(is(part->name, "p"));
    assert_true(tg_text_is(part->arguments.raw, "{\"input\":\"x\"}"));
    assert_null(part->next);
    turn = turn->next;
    assert_int_equal(turn->role, TG_ROLE_USER);
    assert_int_equal(turn->parts->kind, TG_PART_TOOL_RESULT);
    assert_true(is(turn->parts->call_id, "1"));
    assert_true(is(turn->parts->content->text, "a"));
    assert_true(is(turn->parts->next->call_id, "2"));
    assert_true(is(turn->parts->next->content->text, "b"));
    assert_null(turn->parts->next->next);
    turn = turn->next;
    assert_true(is(turn->parts->text, "u"));
    assert_null(turn->next);
    tg_arena_deinit(&arena);
}

static void media_are_taken_out_of_their_urls(void **state)
{
    struct tg_arena arena;
    tg_arena_init(&arena);
    struct tg_model_request request =
        read(&arena,
             "[{\"role\":\"user\",\"content\":["
             "{\"image_url\":{\"detail\":\"low\",\"url\":\"data:image/png;base64,AAAA\"},\"type\":\"image_url\"},"
             "{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://x/y.png\"}},"
             "{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"BB\",\"format\":\"mp3\"}},"
             "{\"type\":\"file\",\"file\":{\"filename\":\"f.pdf\",\"file_data\":\"data:application/pdf;base64,CC\"}},"
             "{\"type\":\"file\",\"file\":{\"file_id\":\"file-1\"}},"
             "{\"type\":\"text\",\"text\":\"t\",\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"1h\"}},"
             "{\"type\":\"hologram\",\"x\":[1]}]}]",
             "");
    const struct tg_part *part = request.turns->parts;
    assert_true(request.is_beyond_text);
    assert_int_equal(part->media->source, TG_MEDIA_BASE64);
    assert_true(is(part->media->media_type, "image/png"));
    assert_true(is(part->media->data, "AAAA"));
    assert_true(is(part->media->detail, "low"));
    part = part->next;
    assert_int_equal(part->media->source, TG_MEDIA_URL);
    part = part->next;
    assert_int_equal(part->kind, TG_PART_AUDIO);
    assert_true(is(part->media->media_type, "audio/mpeg"));
    part = part->next;
    assert_int_equal(part->kind, TG_PART_DOCUMENT);
    assert_true(is(part->media->media_type, "application/pdf"));
    assert_true(is(part->media->title, "f.pdf"));
    part = part->next;
    assert_int_equal(part->media->source, TG_MEDIA_FILE_ID);
    part = part->next;
    assert_int_equal(part->cache, TG_CACHE_MARK_1H);
    part = part->next;
    assert_int_equal(part->kind, TG_PART_OTHER);
    assert_true(is(part->name, "hologram"));
    assert_true(tg_text_is(part->raw, "{\"type\":\"hologram\",\"x\":[1]}"));
    tg_arena_deinit(&arena);
}

static void settings_are_read_whatever_their_maker_calls_them(void **state)
{
    struct tg_arena arena;
    tg_arena_init(&arena);
    struct tg_model_request request =
        read(&arena, "[]",
             ",\"stop\":[\"a\",\"b\"],\"reasoning\":{\"effort\":\"high\",\"max_tokens\":9,\"exclude\":true},"
             "\"service_tier\":\"fl\\u0065x\",\"random_seed\":1,\"guided_json\":{},\"tool_choice\":\"any\","
             "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":{\"a\":1},"
             "\"strict\":true}},\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{}}},"
             "{\"type\":\"custom\",\"custom\":{\"name\":\"p\",\"format\":{\"type\":\"grammar\",\"grammar\":{\"syntax\":"
             "\"lark\",\"definition\":\"d\"}}}},{\"type\":\"x_search\"}],\"web_search_options\":{\"a\":1}");
    assert_int_equal(request.stop_count, 2);
    assert_int_equal(request.thinking.mode, TG_THINKING_ON);
    assert_int_equal(request.thinking.budget_tokens, 9);
    assert_false(request.thinking.wants_text);
    assert_true(tg_text_is(request.service_tier, "flex"));
    assert_true(tg_text_is(tg_request_field(&request, TG_FIELD_SEED)->path, "random_seed"));
    assert_true(tg_text_is(tg_request_field(&request, TG_FIELD_OTHER)->path, "guided_json"));
    assert_int_equal(request.tool_choice.mode, TG_CHOICE_ANY);
    assert_int_equal(request.format.kind, TG_FORMAT_JSON_SCHEMA);
    assert_true(tg_text_is(request.format.schema, "{\"a\":1}"));
    const struct tg_tool *tool = request.tools;
    assert_int_equal(tool->kind, TG_TOOL_FUNCTION);
    tool = tool->next;
    assert_int_equal(tool->kind, TG_TOOL_FREEFORM);
    assert_true(tg_text_equals(tool->parameters, tg_freeform_parameters()));
    assert_true(is(tool->grammar, "d"));
    tool = tool->next;
    assert_int_equal(tool->kind, TG_TOOL_OTHER);
    assert_true(tg_text_is(tool->path, "tools[2]"));
    tool = tool->next;
    assert_int_equal(tool->kind, TG_TOOL_WEB_SEARCH);
    assert_true(request.is_beyond_text);
    tg_arena_deinit(&arena);
}

static void a_signature_of_another_maker_finds_its_way_home(void **state)
{
    struct tg_arena arena;
    tg_arena_init(&arena);
    struct tg_model_request request =
        read(&arena,
             "[{\"role\":\"assistant\",\"reasoning_content\":\"r\",\"content\":\"t\",\"reasoning_details\":["
             "{\"type\":\"reasoning.text\",\"text\":\"r\",\"signature\":\"tollgate.v1.messages.S\",\"index\":0},"
             "{\"type\":\"reasoning.encrypted\",\"data\":\"tollgate.v1.responses.D\",\"index\":1}],\"tool_calls\":"
             "[{\"id\":\"1\",\"function\":{\"name\":\"f\"},\"extra_content\":{\"google\":{\"thought_signature\":"
             "\"tollgate.v1.gemini.G\"}}}]}]",
             "");
    const struct tg_part *part = request.turns->parts;
    assert_int_equal(part->kind, TG_PART_THINKING);
    assert_int_equal(part->signature_origin, TG_DIALECT_MESSAGES);
    assert_true(is(part->signature, "S"));
    assert_true(is(part->text, "r"));
    part = part->next;
    assert_int_equal(part->kind, TG_PART_REDACTED_THINKING);
    assert_int_equal(part->signature_origin, TG_DIALECT_RESPONSES);
    part = part->next->next;
    assert_int_equal(part->kind, TG_PART_TOOL_CALL);
    assert_int_equal(part->signature_origin, TG_DIALECT_GEMINI);
    assert_true(is(part->signature, "G"));
    assert_null(part->next);
    tg_arena_deinit(&arena);
}

/* ---- writing what another dialect said ---- */

struct said {
    struct tg_arena arena;
    struct tg_model_request request;
    struct tg_request_tail tail;
    struct tg_request_target target;
    struct tg_loss loss;
};

static void begin(struct said *said, enum tg_loss_policy policy)
{
    memset(said, 0, sizeof(*said));
    tg_arena_init(&said->arena);
    said->request.dialect = TG_DIALECT_MESSAGES;
    said->request.model = tg_text_of("m");
    said->request.choices = 1;
    said->loss.policy = policy;
}

static struct tg_part *add(struct said *said, enum tg_part_kind kind, const char *text)
{
    struct tg_part *part = tg_request_add_part(&said->arena, &said->request, &said->tail, kind);
    part->text = tg_json_string_literal(text);
    return part;
}

static void turn(struct said *said, enum tg_role role)
{
    tg_request_add_turn(&said->arena, &said->request, &said->tail, role)->path = tg_text_of("messages[0]");
}

static struct tg_media *media(struct said *said, enum tg_media_source source, const char *type, const char *data)
{
    struct tg_media *made = tg_arena_calloc(&said->arena, sizeof(*made));
    made->source = source;
    made->media_type = tg_json_string_literal(type);
    made->data = tg_json_string_literal(data);
    return made;
}

static void assert_written(struct said *said, const char *wanted)
{
    struct tg_text body = write_ok(&tg_dialect_chat, &said->arena, &said->request, &said->target, &said->loss);
    if (!tg_text_is(body, wanted))
        fail_msg("written: %.*s\nwanted:  %s", TG_TEXT_ARG(body), wanted);
}

static void end(struct said *said)
{
    tg_arena_deinit(&said->arena);
}

static void tool_results_go_first_and_their_pictures_to_the_user(void **state)
{
    struct said said;
    begin(&said, TG_LOSS_REFUSE_MEANING);
    turn(&said, TG_ROLE_USER);
    struct tg_part *result = add(&said, TG_PART_TOOL_RESULT, "");
    result->call_id = tg_json_string_literal("c1");
    result->is_error = true;
    tg_request_add_content(&said.arena, &said.request, &said.tail, result, TG_PART_TEXT)->text =
        tg_json_string_literal("failed");
    tg_request_add_content(&said.arena, &said.request, &said.tail, result, TG_PART_IMAGE)->media =
        media(&said, TG_MEDIA_BASE64, "image/png", "AA");
    add(&said, TG_PART_TEXT, "go on");
    assert_written(&said,
                   "{\"model\":\"m\",\"messages\":[{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":\"failed\"},"
                   "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":"
                   "\"data:image/png;base64,AA\"}},{\"type\":\"text\",\"text\":\"go on\"}]}]}");
    assert_int_equal(said.loss.dropped_count, 1);
    assert_true(tg_text_is(said.loss.dropped[0], "messages[0].content[0].is_error"));
    end(&said);
}

static void an_assistants_turn_keeps_calls_and_loses_foreign_thinking(void **state)
{
    struct said said;
    begin(&said, TG_LOSS_REFUSE_ALL);
    turn(&said, TG_ROLE_ASSISTANT);
    struct tg_part *foreign = add(&said, TG_PART_THINKING, "secret");
    foreign->signature = tg_json_string_literal("S");
    foreign->signature_origin = TG_DIALECT_MESSAGES;
    struct tg_part *own = add(&said, TG_PART_THINKING, "mine");
    own->signature = tg_json_string_literal("reasoning_content");
    own->signature_origin = TG_DIALECT_CHAT;
    struct tg_part *detail = add(&said, TG_PART_REDACTED_THINKING, "");
    detail->signature = tg_json_string_literal("encrypted~3~f~i~D");
    detail->signature_origin = TG_DIALECT_CHAT;
    add(&said, TG_PART_TEXT, "a");
    add(&said, TG_PART_TEXT, "b");
    struct tg_part *call = add(&said, TG_PART_TOOL_CALL, "");
    call->call_id = tg_json_string_literal("c1");
    call->name = tg_json_string_literal("f");
    call->arguments.raw = tg_text_of("{\"x\":\"y\"}");
    assert_written(&said,
                   "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":\"ab\",\"reasoning_content\":"
                   "\"mine\",\"reasoning_details\":[{\"type\":\"reasoning.encrypted\",\"data\":\"D\",\"id\":\"i\","
                   "\"format\":\"f\",\"index\":3}],\"tool_calls\":[{\"id\":\"c1\",\"type\":\"function\","
                   "\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\\\":\\\"y\\\"}\"}}]}]}");
    assert_int_equal(said.loss.refused.bytes, 0);
    end(&said);
}

static void settings_take_openais_names(void **state)
{
    struct said said;
    struct tg_tool search = {.kind = TG_TOOL_WEB_SEARCH, .path = tg_text_of("tools[1]")};
    struct tg_tool tool = {.kind = TG_TOOL_FUNCTION,
                           .next = &search,
                           .name = tg_json_string_literal("f"),
                           .description = tg_json_string_literal("d"),
                           .parameters = tg_text_of("{}"),
                           .cache = TG_CACHE_MARK_5M};
    begin(&said, TG_LOSS_DROP_ALL);
    said.request.tools = &tool;
    said.request.tool_choice.mode = TG_CHOICE_ANY;
    said.request.max_output_tokens = 100;
    said.request.is_streaming = true;
    said.request.stops[said.request.stop_count++] = tg_json_string_literal("X");
    said.request.thinking.mode = TG_THINKING_ON;
    said.request.thinking.budget_tokens = 5000;
    tg_request_add_field(&said.arena, &said.request, &said.tail, TG_FIELD_TEMPERATURE, tg_text_of("temperature"),
                         tg_text_of("0.25"));
    tg_request_add_field(&said.arena, &said.request, &said.tail, TG_FIELD_TOP_K, tg_text_of("top_k"), tg_text_of("5"));
    tg_request_add_field(&said.arena, &said.request, &said.tail, TG_FIELD_METADATA, tg_text_of("metadata"),
                         tg_text_of("{\"user_id\":\"u\"}"));
    said.target = (struct tg_request_target){.upstream_model = tg_text_of("gpt"),
                                             .max_output_tokens = 64,
                                             .asks_for_usage = true,
                                             .maximum_field = "max_completion_tokens"};
    assert_written(&said,
                   "{\"model\":\"gpt\",\"messages\":[],\"stream\":true,\"stream_options\":{\"include_usage\":true},"
                   "\"max_completion_tokens\":64,\"stop\":[\"X\"],\"tools\":[{\"type\":\"function\",\"function\":"
                   "{\"name\":\"f\",\"description\":\"d\",\"parameters\":{}}}],\"web_search_options\":{},"
                   "\"tool_choice\":\"required\",\"reasoning_effort\":\"medium\",\"temperature\":0.25}");
    assert_int_equal(said.loss.dropped_count, 2);
    assert_true(tg_text_is(said.loss.dropped[0], "top_k"));
    assert_true(tg_text_is(said.loss.dropped[1], "metadata"));
    end(&said);
}

static void the_providers_rules_hold_for_what_is_written(void **state)
{
    static const struct tg_parameter_rule RULES[] = {
        {.name = TG_TEXT_LITERAL("seed"), .new_name = TG_TEXT_LITERAL("random_seed")},
        {.name = TG_TEXT_LITERAL("user")},
        {.name = TG_TEXT_LITERAL("stream_options")},
        {.name = TG_TEXT_LITERAL("safe_prompt"), .value = TG_TEXT_LITERAL("on")},
    };
    struct said said;
    begin(&said, TG_LOSS_REFUSE_ALL);
    said.request.is_streaming = true;
    tg_request_add_field(&said.arena, &said.request, &said.tail, TG_FIELD_SEED, tg_text_of("seed"), tg_text_of("7"));
    tg_request_add_field(&said.arena, &said.request, &said.tail, TG_FIELD_USER, tg_text_of("user"),
                         tg_text_of("\"u\""));
    said.target = (struct tg_request_target){.asks_for_usage = true, .rules = RULES, .rule_count = 4};
    assert_written(&said, "{\"model\":\"m\",\"messages\":[],\"stream\":true,\"random_seed\":7,"
                          "\"safe_prompt\":\"on\"}");
    end(&said);
}

static void what_cannot_be_said_is_named(void **state)
{
    static const struct {
        enum tg_part_kind kind;
        enum tg_media_source source;
        const char *type;
    } PARTS[] = {
        {TG_PART_IMAGE, TG_MEDIA_FILE_ID, ""},       {TG_PART_AUDIO, TG_MEDIA_URL, ""},
        {TG_PART_AUDIO, TG_MEDIA_BASE64, "audio/x"}, {TG_PART_DOCUMENT, TG_MEDIA_URL, ""},
        {TG_PART_DOCUMENT, TG_MEDIA_FILE_ID, ""},    {TG_PART_VIDEO, TG_MEDIA_BASE64, "video/mp4"},
        {TG_PART_OTHER, TG_MEDIA_TEXT, ""},
    };
    for (size_t i = 0; i < sizeof(PARTS) / sizeof(PARTS[0]); ++i) {
        struct said said;
        begin(&said, TG_LOSS_REFUSE_MEANING);
        turn(&said, TG_ROLE_USER);
        add(&said, TG_PART_TEXT, "t");
        add(&said, PARTS[i].kind, "")->media = media(&said, PARTS[i].source, PARTS[i].type, "d");
        write_ok(&tg_dialect_chat, &said.arena, &said.request, &said.target, &said.loss);
        if (!tg_text_is(said.loss.refused, "messages[0].content[1]"))
            fail_msg("%zu: %.*s", i, TG_TEXT_ARG(said.loss.refused));
        end(&said);
    }
}

static void a_document_of_text_is_told_as_text(void **state)
{
    struct said said;
    begin(&said, TG_LOSS_REFUSE_ALL);
    turn(&said, TG_ROLE_USER);
    struct tg_media *document = media(&said, TG_MEDIA_TEXT, "text/plain", "words");
    document->title = tg_json_string_literal("Title");
    add(&said, TG_PART_DOCUMENT, "")->media = document;
    assert_written(&said, "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":"
                          "\"Title\"},{\"type\":\"text\",\"text\":\"words\"}]}]}");
    assert_int_equal(said.loss.refused.bytes, 0);
    end(&said);
}

static void a_body_beyond_the_bound_is_an_error(void **state)
{
    struct said said;
    struct tg_client_error error;
    struct tg_buf small;
    begin(&said, TG_LOSS_DROP_ALL);
    tg_buf_init(&small, 8);
    assert_false(tg_dialect_chat.write_request(&said.arena, &said.request, &said.target, &said.loss, &small, &error));
    assert_int_equal(error.code, TG_ERROR_INVALID_VALUE);
    tg_buf_deinit(&small);
    end(&said);
}

/* ---- errors ---- */

static void errors_are_read_in_all_their_shapes(void **state)
{
    static const struct {
        const char *body, *message, *code, *type;
    } ERRORS[] = {
        {"{\"error\":{\"message\":\"m\",\"type\":\"t\",\"param\":\"p\",\"code\":\"c\"}}", "m", "c", "t"},
        {"{\"error\":{\"code\":429,\"message\":\"m\",\"metadata\":{\"raw\":\"x\"}},\"user_id\":\"u\"}", "m", "429", ""},
        {"[{\"error\":{\"code\":400,\"message\":\"m\",\"status\":\"INVALID_ARGUMENT\"}}]", "m", "400", ""},
        {"{\"error\":\"m\"}", "m", "", ""},
        {"{\"object\":\"error\",\"message\":\"m\",\"type\":\"t\",\"param\":null,\"code\":40}", "m", "40", "t"},
        {"{\"detail\":\"m\"}", "m", "", ""},
        {"{\"detail\":[{\"type\":\"missing\",\"loc\":[\"body\"],\"msg\":\"m\"},{\"msg\":\"n\"}]}", "m", "", ""},
        {"{\"object\":\"error\",\"message\":{\"detail\":[{\"msg\":\"m\"}]},\"type\":\"t\"}", "m", "", "t"},
        {"{\"message\":\"m\",\"request_id\":\"r\"}", "m", "", ""},
    };
    for (size_t i = 0; i < sizeof(ERRORS) / sizeof(ERRORS[0]); ++i) {
        struct tg_arena arena;
        struct tg_answer_error error;
        tg_arena_init(&arena);
        assert_true(tg_dialect_chat.read_error(&arena, 418, tg_text_of(ERRORS[i].body), &error));
        assert_int_equal(error.http_status, 418);
        assert_true(is(error.message, ERRORS[i].message));
        assert_true(is(error.code, ERRORS[i].code));
        assert_true(is(error.type, ERRORS[i].type));
        tg_arena_deinit(&arena);
    }
}

static void what_is_no_error_leaves_the_status_alone(void **state)
{
    static const char *const BODIES[] = {
        "", "<html>", "{}", "[]", "{\"error\":{\"message\":\"m\"}", "{\"error\":null}"};
    for (size_t i = 0; i < sizeof(BODIES) / sizeof(BODIES[0]); ++i) {
        struct tg_arena arena;
        struct tg_answer_error error;
        tg_arena_init(&arena);
        assert_false(tg_dialect_chat.read_error(&arena, 503, tg_text_of(BODIES[i]), &error));
        assert_int_equal(error.http_status, 503);
        assert_int_equal(error.message.written.bytes, 0);
        tg_arena_deinit(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roles_become_turns_and_results_the_users),
        cmocka_unit_test(media_are_taken_out_of_their_urls),
        cmocka_unit_test(settings_are_read_whatever_their_maker_calls_them),
        cmocka_unit_test(a_signature_of_another_maker_finds_its_way_home),
        cmocka_unit_test(tool_results_go_first_and_their_pictures_to_the_user),
        cmocka_unit_test(an_assistants_turn_keeps_calls_and_loses_foreign_thinking),
        cmocka_unit_test(settings_take_openais_names),
        cmocka_unit_test(the_providers_rules_hold_for_what_is_written),
        cmocka_unit_test(what_cannot_be_said_is_named),
        cmocka_unit_test(a_document_of_text_is_told_as_text),
        cmocka_unit_test(a_body_beyond_the_bound_is_an_error),
        cmocka_unit_test(errors_are_read_in_all_their_shapes),
        cmocka_unit_test(what_is_no_error_leaves_the_status_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
