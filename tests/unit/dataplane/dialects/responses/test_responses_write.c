/* Requests of other dialects, as this one says them: built by hand in the canonical form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "dataplane/dialects/responses/responses.h"
#include "tests/unit/dataplane/dialects/support.h"

static const struct tg_dialect *const dialect = &tg_dialect_responses;

#define S(plain) tg_json_string_literal(plain)

/* A request as a reader of another dialect makes it, and what is lost of it. */
struct made {
    struct tg_arena arena;
    struct tg_model_request request;
    struct tg_request_tail tail;
    struct tg_request_target target;
    struct tg_loss loss;
};

static struct made *begin(enum tg_dialect_id from)
{
    static struct made made;
    memset(&made, 0, sizeof(made));
    tg_arena_init(&made.arena);
    made.request.dialect = from;
    made.request.model = tg_text_of("m");
    made.request.choices = 1;
    made.loss.policy = TG_LOSS_DROP_ALL;
    return &made;
}

static struct tg_turn *turn(struct made *made, enum tg_role role, const char *path)
{
    struct tg_turn *added = tg_request_add_turn(&made->arena, &made->request, &made->tail, role);
    added->path = tg_text_of(path);
    return added;
}

static struct tg_part *part(struct made *made, enum tg_part_kind kind)
{
    return tg_request_add_part(&made->arena, &made->request, &made->tail, kind);
}

static void say(struct made *made, enum tg_role role, const char *path, const char *text)
{
    turn(made, role, path);
    part(made, TG_PART_TEXT)->text = S(text);
}

static void field(struct made *made, enum tg_field_id id, const char *path, const char *value)
{
    tg_request_add_field(&made->arena, &made->request, &made->tail, id, tg_text_of(path), tg_text_of(value));
}

/* Ends the request: what was written of it, and what was lost ("a, b"). */
static void assert_written(struct made *made, const char *wanted, const char *lost)
{
    struct tg_text text = write_ok(dialect, &made->arena, &made->request, &made->target, &made->loss);
    assert_same_json("written", text, tg_text_of(wanted));
    struct tg_text header = tg_loss_header(&made->arena, &made->loss);
    if (!tg_text_is(header, lost))
        fail_msg("lost: %.*s instead of %s", TG_TEXT_ARG(header), lost);
    tg_arena_deinit(&made->arena);
}

static void a_conversation_of_another_dialect_is_said(void **state)
{
    struct made *made = begin(TG_DIALECT_MESSAGES);
    made->request.is_streaming = true;
    made->target.upstream_model = tg_text_of("gpt-9");
    made->request.max_output_tokens = 500;
    say(made, TG_ROLE_SYSTEM, "system", "Be \\\"brief\\\".");
    say(made, TG_ROLE_USER, "messages[0]", "Hi");
    turn(made, TG_ROLE_ASSISTANT, "messages[1]");
    struct tg_part *thinking = part(made, TG_PART_THINKING); /* its maker's, not OpenAI's */
    thinking->text = S("Hm");
    thinking->signature = S("sig");
    thinking->signature_origin = TG_DIALECT_MESSAGES;
    struct tg_part *own = part(made, TG_PART_THINKING);
    own->text = S("Own");
    own->signature = S("gAAA");
    own->signature_origin = TG_DIALECT_RESPONSES;
    part(made, TG_PART_TEXT)->text = S("Looking.");
    struct tg_part *call = part(made, TG_PART_TOOL_CALL);
    call->call_id = S("t1");
    call->name = S("get");
    call->arguments.raw = tg_text_of("{\"q\": \"x\"}");
    turn(made, TG_ROLE_USER, "messages[2]");
    struct tg_part *result = part(made, TG_PART_TOOL_RESULT);
    result->call_id = S("t1");
    result->is_error = true;
    tg_request_add_content(&made->arena, &made->request, &made->tail, result, TG_PART_TEXT)->text = S("failed");
    part(made, TG_PART_TEXT)->text = S("Go on");
    assert_written(
        made,
        "{\"model\":\"gpt-9\",\"instructions\":\"Be \\\"brief\\\".\",\"input\":["
        "{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"Hi\"}]},"
        "{\"type\":\"reasoning\",\"summary\":[{\"type\":\"summary_text\",\"text\":\"Own\"}],\"encrypted_content\":"
        "\"gAAA\"},"
        "{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"Looking.\"}]},"
        "{\"type\":\"function_call\",\"call_id\":\"t1\",\"name\":\"get\",\"arguments\":\"{\\\"q\\\": \\\"x\\\"}\"},"
        "{\"type\":\"function_call_output\",\"call_id\":\"t1\",\"output\":\"failed\"},"
        "{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"Go on\"}]}],"
        "\"max_output_tokens\":500,\"store\":false,\"stream\":true}",
        "messages[2].content[0].is_error");
}

static void media_and_documents_are_said(void **state)
{
    static const struct tg_media IMAGE = {
        .source = TG_MEDIA_BASE64, .data = {TG_TEXT_LITERAL("iVBO")}, .media_type = {TG_TEXT_LITERAL("image/webp")}};
    static const struct tg_media URL = {
        .source = TG_MEDIA_URL, .data = {TG_TEXT_LITERAL("https://x/y")}, .detail = {TG_TEXT_LITERAL("high")}};
    static const struct tg_media PDF = {.source = TG_MEDIA_BASE64, .data = {TG_TEXT_LITERAL("JVBE")}};
    static const struct tg_media TEXT = {
        .source = TG_MEDIA_TEXT, .data = {TG_TEXT_LITERAL("plain")}, .wants_citations = true};
    static const struct tg_media FILE_ID = {.source = TG_MEDIA_FILE_ID, .data = {TG_TEXT_LITERAL("file_1")}};
    struct made *made = begin(TG_DIALECT_MESSAGES);
    turn(made, TG_ROLE_USER, "messages[0]");
    part(made, TG_PART_IMAGE)->media = &IMAGE;
    part(made, TG_PART_IMAGE)->media = &URL;
    part(made, TG_PART_DOCUMENT)->media = &PDF;
    part(made, TG_PART_DOCUMENT)->media = &TEXT;
    part(made, TG_PART_IMAGE)->media = &FILE_ID;
    part(made, TG_PART_VIDEO)->media = &URL;
    part(made, TG_PART_AUDIO)->media = &IMAGE;
    assert_written(made,
                   "{\"model\":\"m\",\"input\":[{\"type\":\"message\",\"role\":\"user\",\"content\":["
                   "{\"type\":\"input_image\",\"image_url\":\"data:image/webp;base64,iVBO\"},"
                   "{\"type\":\"input_image\",\"image_url\":\"https://x/y\",\"detail\":\"high\"},"
                   "{\"type\":\"input_file\",\"filename\":\"document.pdf\",\"file_data\":"
                   "\"data:application/pdf;base64,JVBE\"},"
                   "{\"type\":\"input_text\",\"text\":\"plain\"}]}],\"store\":false}",
                   "messages[0].content[3].citations, messages[0].content[4], messages[0].content[5], "
                   "messages[0].content[6]");
}

static struct tg_tool *tool(struct made *made, enum tg_tool_kind kind, const char *name, const char *path)
{
    struct tg_tool *added = tg_request_add_tool(&made->arena, &made->request, &made->tail, kind);
    added->name = S(name);
    added->path = tg_text_of(path);
    return added;
}

static void tools_are_said_and_none_becomes_strict_unasked(void **state)
{
    struct made *made = begin(TG_DIALECT_MESSAGES);
    say(made, TG_ROLE_USER, "messages[0]", "Hi");
    tool(made, TG_TOOL_FUNCTION, "f", "tools[0]")->parameters = tg_text_of("{\"type\":\"object\"}");
    tool(made, TG_TOOL_FUNCTION, "g", "tools[1]")->strict = TG_STRICT_YES;
    tool(made, TG_TOOL_WEB_SEARCH, "web_search", "tools[2]")->raw =
        tg_text_of("{\"type\":\"web_search_20250305\",\"name\":\"web_search\",\"max_uses\":3,\"allowed_domains\":["
                   "\"a.b\"],\"blocked_domains\":[\"c.d\"],\"user_location\":{\"type\":\"approximate\",\"city\":"
                   "\"Bern\"}}");
    tool(made, TG_TOOL_OTHER, "bash_20250124", "tools[3]");
    made->request.tool_choice.mode = TG_CHOICE_NAMED;
    made->request.tool_choice.name = S("f");
    field(made, TG_FIELD_PARALLEL_TOOL_CALLS, "tool_choice.disable_parallel_tool_use", "false");
    assert_written(made,
                   "{\"model\":\"m\",\"input\":[{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":"
                   "\"input_text\",\"text\":\"Hi\"}]}],\"tools\":["
                   "{\"type\":\"function\",\"name\":\"f\",\"parameters\":{\"type\":\"object\"},\"strict\":false},"
                   "{\"type\":\"function\",\"name\":\"g\",\"parameters\":{\"type\":\"object\",\"properties\":{}},"
                   "\"strict\":true},"
                   "{\"type\":\"web_search\",\"filters\":{\"allowed_domains\":[\"a.b\"]},\"user_location\":{\"type\":"
                   "\"approximate\",\"city\":\"Bern\"}}],"
                   "\"tool_choice\":{\"type\":\"function\",\"name\":\"f\"},\"parallel_tool_calls\":false,"
                   "\"store\":false}",
                   "tools[2].max_uses, tools[2].blocked_domains, tools[3]");
}

static void a_freeform_tool_of_chat_is_one_here(void **state)
{
    struct made *made = begin(TG_DIALECT_CHAT);
    struct tg_tool *patch = tool(made, TG_TOOL_FREEFORM, "patch", "tools[0]");
    patch->grammar_syntax = S("regex");
    patch->grammar = S("a+");
    turn(made, TG_ROLE_ASSISTANT, "messages[0]");
    struct tg_part *call = part(made, TG_PART_TOOL_CALL);
    call->call_id = S("c");
    call->name = S("patch");
    call->arguments.raw = tg_text_of("{\"input\":\"aa\\n\"}");
    turn(made, TG_ROLE_USER, "messages[1]");
    part(made, TG_PART_TOOL_RESULT)->call_id = S("c");
    made->request.tool_choice.mode = TG_CHOICE_NAMED;
    made->request.tool_choice.name = S("patch");
    assert_written(made,
                   "{\"model\":\"m\",\"input\":["
                   "{\"type\":\"custom_tool_call\",\"call_id\":\"c\",\"name\":\"patch\",\"input\":\"aa\\n\"},"
                   "{\"type\":\"custom_tool_call_output\",\"call_id\":\"c\",\"output\":\"\"}],"
                   "\"tools\":[{\"type\":\"custom\",\"name\":\"patch\",\"format\":{\"type\":\"grammar\",\"syntax\":"
                   "\"regex\",\"definition\":\"a+\"}}],\"tool_choice\":{\"type\":\"custom\",\"name\":\"patch\"},"
                   "\"store\":false}",
                   "");
}

static void settings_of_chat_are_said_or_named_as_lost(void **state)
{
    struct made *made = begin(TG_DIALECT_CHAT);
    made->request.choices = 2;
    made->request.stops[made->request.stop_count++] = S("END");
    made->request.format.kind = TG_FORMAT_JSON_SCHEMA;
    made->request.format.schema = tg_text_of("{\"type\":\"object\"}");
    made->request.thinking.mode = TG_THINKING_ON;
    made->request.thinking.effort = S("low");
    made->request.thinking.wants_text = true;
    made->target.max_output_tokens = 64;
    made->request.max_output_tokens = 1000;
    say(made, TG_ROLE_USER, "messages[0]", "Hi");
    made->tail.turn->name = S("alice");
    field(made, TG_FIELD_TEMPERATURE, "temperature", "0.2");
    field(made, TG_FIELD_SEED, "seed", "7");
    field(made, TG_FIELD_LOGPROBS, "logprobs", "true");
    field(made, TG_FIELD_TOP_LOGPROBS, "top_logprobs", "2");
    field(made, TG_FIELD_VERBOSITY, "verbosity", "\"low\"");
    field(made, TG_FIELD_METADATA, "metadata", "{\"a\":\"b\"}");
    field(made, TG_FIELD_STORE, "store", "true");
    field(made, TG_FIELD_WEB_SEARCH_OPTIONS, "web_search_options",
          "{\"search_context_size\":\"low\",\"user_location\":{\"type\":\"approximate\",\"approximate\":{\"city\":"
          "\"Bern\"}}}");
    assert_written(made,
                   "{\"model\":\"m\",\"input\":[{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":"
                   "\"input_text\",\"text\":\"Hi\"}]}],\"tools\":[{\"type\":\"web_search\",\"search_context_size\":"
                   "\"low\",\"user_location\":{\"type\":\"approximate\",\"city\":\"Bern\"}}],\"text\":{\"format\":"
                   "{\"type\":\"json_schema\",\"name\":\"response\",\"schema\":{\"type\":\"object\"}},\"verbosity\":"
                   "\"low\"},\"reasoning\":{\"effort\":\"low\",\"summary\":\"auto\"},\"max_output_tokens\":64,"
                   "\"temperature\":0.2,\"top_logprobs\":2,\"metadata\":{\"a\":\"b\"},\"include\":["
                   "\"reasoning.encrypted_content\",\"message.output_text.logprobs\"],\"store\":true}",
                   "messages[0].name, seed, n, stop");
}

static void a_users_name_is_said_if_it_is_not_too_long(void **state)
{
    struct made *made = begin(TG_DIALECT_MESSAGES);
    say(made, TG_ROLE_USER, "messages[0]", "Hi");
    field(made, TG_FIELD_USER, "metadata.user_id", "\"u1\"");
    assert_written(made,
                   "{\"model\":\"m\",\"input\":[{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":"
                   "\"input_text\",\"text\":\"Hi\"}]}],\"user\":\"u1\",\"store\":false}",
                   "");
    made = begin(TG_DIALECT_MESSAGES);
    say(made, TG_ROLE_USER, "messages[0]", "Hi");
    field(made, TG_FIELD_USER, "metadata.user_id",
          "\"user_0123456789012345678901234567890123456789012345678901234567890123456789\"");
    assert_written(made,
                   "{\"model\":\"m\",\"input\":[{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":"
                   "\"input_text\",\"text\":\"Hi\"}]}],\"store\":false}",
                   "metadata.user_id");
}

static void a_budget_for_thinking_becomes_an_effort(void **state)
{
    static const struct {
        int64_t tokens;
        const char *effort;
    } CASES[] = {{1024, "low"}, {10000, "medium"}, {64000, "high"}};
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); ++i) {
        char wanted[256];
        struct made *made = begin(TG_DIALECT_MESSAGES);
        say(made, TG_ROLE_USER, "messages[0]", "Hi");
        made->request.thinking.mode = TG_THINKING_ON;
        made->request.thinking.budget_tokens = CASES[i].tokens;
        snprintf(wanted, sizeof(wanted),
                 "{\"model\":\"m\",\"input\":[{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":"
                 "\"input_text\",\"text\":\"Hi\"}]}],\"reasoning\":{\"effort\":\"%s\"},\"include\":["
                 "\"reasoning.encrypted_content\"],\"store\":false}",
                 CASES[i].effort);
        assert_written(made, wanted, "");
    }
}

static void what_may_not_be_lost_is_refused_under_its_own_name(void **state)
{
    struct made *made = begin(TG_DIALECT_GEMINI);
    struct tg_client_error error;
    struct tg_buf out;
    made->loss.policy = TG_LOSS_REFUSE_MEANING;
    made->request.choices = 3;
    tg_buf_init(&out, 1000);
    assert_true(dialect->write_request(&made->arena, &made->request, &made->target, &made->loss, &out, &error));
    assert_true(tg_text_is(made->loss.refused, "generationConfig.candidateCount"));
    tg_buf_deinit(&out);
    tg_buf_init(&out, 10);
    assert_false(dialect->write_request(&made->arena, &made->request, &made->target, &made->loss, &out, &error));
    assert_int_equal(error.code, TG_ERROR_BODY_TOO_LARGE);
    tg_buf_deinit(&out);
    tg_arena_deinit(&made->arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_conversation_of_another_dialect_is_said),
        cmocka_unit_test(media_and_documents_are_said),
        cmocka_unit_test(tools_are_said_and_none_becomes_strict_unasked),
        cmocka_unit_test(a_freeform_tool_of_chat_is_one_here),
        cmocka_unit_test(settings_of_chat_are_said_or_named_as_lost),
        cmocka_unit_test(a_users_name_is_said_if_it_is_not_too_long),
        cmocka_unit_test(a_budget_for_thinking_becomes_an_effort),
        cmocka_unit_test(what_may_not_be_lost_is_refused_under_its_own_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
