/* Anthropic's requests by hand: what its documentation shows and no recording does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dataplane/dialects/messages/messages.h"
#include "tests/unit/dataplane/dialects/support.h"

static const struct tg_dialect *const dialect = &tg_dialect_messages;

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

static struct tg_model_request read_text(void **state, const char *body)
{
    return read_ok(dialect, *state, tg_text_of(body));
}

#define HELLO "\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]"

/* ---- reading ---- */

static void the_system_prompt_is_the_first_turn_wherever_it_stands(void **state)
{
    struct tg_model_request request =
        read_text(state, "{\"model\":\"m\"," HELLO ",\"system\":[{\"type\":\"text\",\"text\":\"be brief\"}]}");
    assert_int_equal(request.turns->role, TG_ROLE_SYSTEM);
    assert_true(tg_json_string_is(request.turns->parts->text, "be brief"));
    assert_int_equal(request.turns->next->role, TG_ROLE_USER);
    assert_null(request.turns->next->next);
}

static void blocks_are_read_whatever_the_order_of_their_members(void **state)
{
    struct tg_model_request request = read_text(
        state, "{\"model\":\"m\",\"messages\":[{\"content\":["
               "{\"content\":[{\"text\":\"21\",\"type\":\"text\"},{\"source\":{\"url\":\"https://a/b.png\",\"type\":"
               "\"url\"},\"type\":\"image\"}],\"is_error\":true,\"tool_use_id\":\"t1\",\"type\":\"tool_result\"},"
               "{\"source\":{\"media_type\":\"application/pdf\",\"data\":\"JVBERi0x\",\"type\":\"base64\"},"
               "\"citations\":{\"enabled\":true},\"title\":\"T\",\"context\":\"C\",\"type\":\"document\","
               "\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"1h\"}},"
               "{\"content\":[{\"text\":\"a\",\"type\":\"text\"},{\"text\":\"b\",\"type\":\"text\"}],"
               "\"source\":\"https://x\",\"title\":\"S\",\"type\":\"search_result\"}],\"role\":\"user\"}]}");
    const struct tg_part *result = request.turns->parts, *document = result->next, *search = document->next;
    assert_int_equal(result->kind, TG_PART_TOOL_RESULT);
    assert_true(result->is_error);
    assert_true(tg_json_string_is(result->call_id, "t1"));
    assert_true(tg_json_string_is(result->content->text, "21"));
    assert_int_equal(result->content->next->kind, TG_PART_IMAGE);
    assert_int_equal(document->kind, TG_PART_DOCUMENT);
    assert_int_equal(document->cache, TG_CACHE_MARK_1H);
    assert_true(document->media->wants_citations);
    assert_true(tg_json_string_is(document->media->title, "T"));
    assert_true(tg_json_string_is(document->media->context, "C"));
    assert_int_equal(search->media->source, TG_MEDIA_TEXT);
    assert_true(tg_json_string_is(search->media->data, "a\nb"));
    assert_true(tg_json_string_is(search->media->context, "https://x"));
    assert_true(request.is_beyond_text);
}

static void what_only_anthropic_knows_is_kept_as_it_came(void **state)
{
    struct tg_model_request request =
        read_text(state, "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":[{\"type\":"
                         "\"server_tool_use\", \"id\":\"s\",\"name\":\"web_search\",\"input\":{\"q\":1}}]}],"
                         "\"tools\":[{\"type\":\"code_execution_20260120\",\"name\":\"code_execution\"}]}");
    assert_int_equal(request.turns->parts->kind, TG_PART_OTHER);
    assert_true(tg_json_string_is(request.turns->parts->name, "server_tool_use"));
    assert_true(tg_text_is(request.turns->parts->raw,
                           "{\"type\":\"server_tool_use\", \"id\":\"s\",\"name\":\"web_search\",\"input\":{\"q\":1}}"));
    assert_int_equal(request.tools->kind, TG_TOOL_OTHER);
}

static void a_tool_that_was_found_is_its_name_elsewhere_and_itself_here(void **state)
{
    static const char body[] =
        "{\"model\":\"m\",\"max_tokens\":5,\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
        "\"tool_use_id\":\"t\",\"content\":[{\"type\":\"tool_reference\",\"tool_name\":\"f\"}]}]}]}";
    struct tg_model_request request = read_text(state, body);
    struct tg_request_target target = {.upstream_model = tg_text_of("m")};
    struct tg_loss loss = {.policy = TG_LOSS_REFUSE_ALL};
    assert_same_json("own", write_ok(dialect, *state, &request, &target, &loss), tg_text_of(body));
    const struct tg_part *found = request.turns->parts->content;
    assert_int_equal(found->kind, TG_PART_TEXT);
    assert_true(tg_json_string_is(found->text, "f"));
    assert_false(request.is_beyond_text);
    assert_int_equal(loss.refused.bytes, 0);
}

static void a_mark_for_the_whole_request_is_one_at_its_last_block(void **state)
{
    struct tg_model_request request =
        read_text(state, "{\"model\":\"m\",\"cache_control\":{\"type\":\"ephemeral\"}," HELLO "}");
    assert_int_equal(request.turns->parts->cache, TG_CACHE_MARK_5M);
}

static void fields_of_the_wrong_type_that_the_gateway_governs_are_refused(void **state)
{
    static const struct {
        const char *body, *param;
    } rows[] = {
        {"{\"model\":1," HELLO "}", "model"},
        {"{" HELLO "}", "model"},
        {"{\"model\":\"m\"}", "messages"},
        {"{\"model\":\"m\",\"messages\":3}", "messages"},
        {"{\"model\":\"m\",\"max_tokens\":-1," HELLO "}", "max_tokens"},
        {"{\"model\":\"m\",\"max_tokens\":\"9\"," HELLO "}", "max_tokens"},
        {"{\"model\":\"m\",\"stream\":\"yes\"," HELLO "}", "stream"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct tg_request_source source = {.arena = *state, .body = tg_text_of(rows[i].body)};
        struct tg_model_request request;
        struct tg_client_error error;
        assert_false(dialect->read_request(&source, &request, &error));
        assert_true(tg_text_is(error.param, rows[i].param));
    }
}

static void the_model_may_be_in_the_path(void **state)
{
    struct tg_request_source source = {
        .arena = *state, .body = tg_text_of("{" HELLO "}"), .path_model = tg_text_of("claude-opus-4-8")};
    struct tg_model_request request;
    struct tg_client_error error;
    assert_true(dialect->read_request(&source, &request, &error));
    assert_true(tg_text_is(request.model, "claude-opus-4-8"));
}

static void an_edit_inserts_a_maximum_only_where_there_is_none(void **state)
{
    struct tg_request_target target = {.max_output_tokens = 9};
    static const char *const bodies[][2] = {
        {"{\"model\":\"m\"," HELLO "}", "{\"max_tokens\":9,\"model\":\"m\"," HELLO "}"},
        {"{\"model\":\"m\",\"max_tokens\": 500," HELLO "}", "{\"model\":\"m\",\"max_tokens\": 9," HELLO "}"},
        {"{\"model\":\"m\",\"max_tokens\":0," HELLO "}", "{\"model\":\"m\",\"max_tokens\":0," HELLO "}"},
    };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); ++i) {
        struct tg_model_request request = read_text(state, bodies[i][0]);
        struct tg_text body = edited(dialect, *state, tg_text_of(bodies[i][0]), &request, &target);
        assert_true(tg_text_is(body, bodies[i][1]));
    }
}

/* ---- writing ---- */

/* What is written of a request as if it came from another dialect; *refused may be NULL: then nothing may be. */
static struct tg_text write_as(void **state, enum tg_dialect_id from, const char *body, const char *model,
                               struct tg_loss *loss)
{
    struct tg_model_request request = read_text(state, body);
    struct tg_request_target target = {.upstream_model = tg_text_of(model)};
    request.dialect = from;
    *loss = (struct tg_loss){.policy = TG_LOSS_REFUSE_MEANING};
    return write_ok(dialect, *state, &request, &target, loss);
}

static void vertex_is_told_its_version_and_has_the_model_in_the_path(void **state)
{
    static const struct tg_parameter_rule RULES[] = {
        {.name = TG_TEXT_LITERAL("anthropic_version"), .value = TG_TEXT_LITERAL("vertex-2023-10-16")},
        {.name = TG_TEXT_LITERAL("model")},
    };
    struct tg_request_target target = {.upstream_model = tg_text_of("up"), .rules = RULES, .rule_count = 2};
    static const char body[] = "{\"model\":\"m\",\"max_tokens\":5," HELLO "}";
    static const char wanted[] = "{\"anthropic_version\":\"vertex-2023-10-16\",\"max_tokens\":5," HELLO "}";
    struct tg_model_request request = read_text(state, body);
    struct tg_loss loss = {.policy = TG_LOSS_REFUSE_ALL};
    assert_same_json("written", write_ok(dialect, *state, &request, &target, &loss),
                     tg_text_of("{\"anthropic_version\":\"vertex-2023-10-16\",\"max_tokens\":5,\"messages\":[{\"role\":"
                                "\"user\",\"content\":[{\"type\":\"text\",\"text\":\"hello\"}]}]}"));
    assert_true(tg_text_is(edited(dialect, *state, tg_text_of(body), &request, &target), wanted));
}

static void roles_alternate_and_results_come_first(void **state)
{
    struct tg_loss loss;
    struct tg_text body = write_as(
        state, TG_DIALECT_CHAT,
        "{\"model\":\"m\",\"max_tokens\":10,\"messages\":[{\"role\":\"system\",\"content\":\"s\"},"
        "{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"b\"},"
        "{\"type\":\"tool_result\",\"tool_use_id\":\"call.1\",\"content\":\"r\"}]},"
        "{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"\"},{\"type\":\"tool_use\",\"id\":"
        "\"call.1\",\"name\":\"f\",\"input\":{\"x\":1}}]}]}",
        "claude-opus-4-8", &loss);
    assert_same_json(
        "roles", body,
        tg_text_of("{\"model\":\"claude-opus-4-8\",\"max_tokens\":10,\"system\":[{\"type\":\"text\",\"text\":\"s\"}],"
                   "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":"
                   "\"call_2e1\",\"content\":[{\"type\":\"text\",\"text\":\"r\"}]},{\"type\":\"text\",\"text\":\"a\"},"
                   "{\"type\":\"text\",\"text\":\"b\"}]},{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\","
                   "\"id\":\"call_2e1\",\"name\":\"f\",\"input\":{\"x\":1}}]}]}"));
    assert_int_equal(loss.refused.bytes + loss.dropped_count, 0);
}

#define LATE_SYSTEM                                                                                                    \
    "{\"model\":\"m\",\"max_tokens\":10,\"messages\":[{\"role\":\"user\",\"content\":\"a\"},"                          \
    "{\"role\":\"system\",\"content\":\"late\"},{\"role\":\"user\",\"content\":\"b\"}]}"

static void a_late_system_turn_keeps_its_place_or_moves_to_the_front(void **state)
{
    struct tg_loss loss;
    struct tg_text body = write_as(state, TG_DIALECT_CHAT, LATE_SYSTEM, "us.anthropic.claude-opus-4-8-v1:0", &loss);
    assert_same_json("new", body,
                     tg_text_of("{\"model\":\"us.anthropic.claude-opus-4-8-v1:0\",\"max_tokens\":10,\"messages\":[{"
                                "\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\","
                                "\"text\":\"b\"}]},{\"role\":\"system\",\"content\":[{\"type\":\"text\",\"text\":"
                                "\"late\"}]}]}"));
    assert_int_equal(loss.dropped_count, 0);
    body = write_as(state, TG_DIALECT_CHAT, LATE_SYSTEM, "claude-sonnet-4-5", &loss);
    assert_same_json("old", body,
                     tg_text_of("{\"model\":\"claude-sonnet-4-5\",\"max_tokens\":10,\"system\":[{\"type\":\"text\","
                                "\"text\":\"late\"}],\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\","
                                "\"text\":\"a\"},{\"type\":\"text\",\"text\":\"b\"}]}]}"));
    assert_int_equal(loss.dropped_count, 1);
    assert_true(tg_text_is(loss.dropped[0], "messages[1]"));
}

static void thinking_is_said_as_the_model_wants_it(void **state)
{
    static const struct {
        const char *settings, *model, *written, *lost;
    } rows[] = {
        {"\"output_config\":{\"effort\":\"high\"}", "claude-opus-4-8",
         "\"thinking\":{\"type\":\"adaptive\"},\"output_config\":{\"effort\":\"high\"}", NULL},
        {"\"output_config\":{\"effort\":\"minimal\"}", "claude-opus-4-6",
         "\"thinking\":{\"type\":\"adaptive\"},\"output_config\":{\"effort\":\"low\"}", NULL},
        {"\"output_config\":{\"effort\":\"xhigh\"}", "claude-opus-4-6",
         "\"thinking\":{\"type\":\"adaptive\"},\"output_config\":{\"effort\":\"max\"}", NULL},
        {"\"output_config\":{\"effort\":\"high\"}", "claude-sonnet-4-5",
         "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":8000}", NULL},
        {"\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":20000}", "claude-haiku-4-5",
         "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":9999}", NULL},
        {"\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":20000}", "claude-opus-5",
         "\"thinking\":{\"type\":\"adaptive\",\"display\":\"summarized\"},\"output_config\":{\"effort\":\"high\"}",
         NULL},
        {"\"output_config\":{\"effort\":\"none\"}", "claude-opus-5", "\"thinking\":{\"type\":\"disabled\"}", NULL},
        {"\"output_config\":{\"effort\":\"none\"}", "claude-sonnet-5-5", "\"thinking\":{\"type\":\"between_tools\"}",
         NULL},
        {"\"output_config\":{\"effort\":\"none\"}", "claude-fable-5", NULL, "reasoning_effort"},
        {"\"output_config\":{\"effort\":\"high\"},\"tool_choice\":{\"type\":\"any\"},\"tools\":[]", "claude-sonnet-4-5",
         NULL, "reasoning_effort"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct tg_loss loss;
        struct tg_text request =
            tg_arena_printf(*state, "{\"model\":\"m\",\"max_tokens\":10000," HELLO ",%s}", rows[i].settings);
        struct tg_text body =
            write_as(state, TG_DIALECT_CHAT, tg_arena_copy(*state, request).data, rows[i].model, &loss);
        struct tg_text wanted = tg_arena_printf(
            *state,
            "{\"model\":\"%s\",\"max_tokens\":10000,\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\","
            "\"text\":\"hello\"}]}]%s%s}",
            rows[i].model, rows[i].written == NULL ? "" : ",", rows[i].written == NULL ? "" : rows[i].written);
        assert_same_json(rows[i].model, body, wanted);
        assert_int_equal(loss.dropped_count, rows[i].lost == NULL ? 0 : 1);
        if (rows[i].lost != NULL)
            assert_true(tg_text_is(loss.dropped[0], rows[i].lost));
    }
}

static void what_cannot_be_said_is_refused_by_its_name(void **state)
{
    static const struct {
        const char *settings, *model, *refused;
    } rows[] = {
        {"\"temperature\":1.2", "claude-sonnet-4-5", "temperature"},
        {"\"temperature\":12e-1", "claude-sonnet-4-5", "temperature"},
        {"\"temperature\":0.5", "claude-opus-4-8", "temperature"},
        {"\"temperature\":0.5,\"output_config\":{\"effort\":\"low\"}", "claude-sonnet-4-5", "temperature"},
        {"\"stop_sequences\":[\"\\n\"]", "claude-sonnet-4-5", "stop"},
        {"\"mcp_servers\":[{\"type\":\"url\"}]", "claude-sonnet-4-5", "mcp_servers"},
        {"\"tools\":[{\"type\":\"memory_20250818\",\"name\":\"memory\"}]", "claude-sonnet-4-5", "tools[0]"},
        {"\"output_config\":{\"format\":{\"type\":\"json_object\"}}", "claude-sonnet-4-5", "response_format"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct tg_loss loss;
        struct tg_text request =
            tg_arena_printf(*state, "{\"model\":\"m\",\"max_tokens\":10000," HELLO ",%s}", rows[i].settings);
        write_as(state, TG_DIALECT_CHAT, tg_arena_copy(*state, request).data, rows[i].model, &loss);
        if (!tg_text_is(loss.refused, rows[i].refused))
            fail_msg("%s: %.*s", rows[i].settings, TG_TEXT_ARG(loss.refused));
    }
}

static void what_other_dialects_call_otherwise_is_said(void **state)
{
    struct tg_loss loss = {.policy = TG_LOSS_REFUSE_MEANING};
    struct tg_request_target target = {.upstream_model = tg_text_of("claude-sonnet-4-5"),
                                       .model_max_output_tokens = 64000};
    struct tg_model_request request = read_text(
        state, "{\"model\":\"m\"," HELLO ",\"temperature\":1.0,\"metadata\":{\"user_id\":\"u\"},"
               "\"tool_choice\":{\"type\":\"auto\",\"disable_parallel_tool_use\":true},\"stop_sequences\":[\"END\"],"
               "\"service_tier\":\"default\",\"stream\":true,\"output_config\":{\"format\":{\"type\":\"json_schema\","
               "\"schema\":{\"type\":\"object\"}}},\"tools\":[{\"name\":\"f\",\"strict\":true},"
               "{\"type\":\"web_search_x\",\"name\":\"w\",\"filters\":{\"allowed_domains\":[\"a.org\"]}}]}");
    request.dialect = TG_DIALECT_RESPONSES;
    struct tg_text body = write_ok(dialect, *state, &request, &target, &loss);
    assert_same_json(
        "settings", body,
        tg_text_of("{\"model\":\"claude-sonnet-4-5\",\"max_tokens\":64000,\"messages\":[{\"role\":\"user\",\"content\":"
                   "[{\"type\":\"text\",\"text\":\"hello\"}]}],\"tools\":[{\"name\":\"f\",\"input_schema\":{\"type\":"
                   "\"object\",\"properties\":{}},\"strict\":true},{\"type\":\"web_search_20250305\",\"name\":"
                   "\"web_search\",\"allowed_domains\":[\"a.org\"]}],\"tool_choice\":{\"type\":\"auto\","
                   "\"disable_parallel_tool_use\":true},\"output_config\":{\"format\":{\"type\":\"json_schema\","
                   "\"schema\":{\"type\":\"object\"}}},\"stop_sequences\":[\"END\"],\"temperature\":1.0,"
                   "\"service_tier\":\"standard_only\",\"metadata\":{\"user_id\":\"u\"},\"stream\":true}"));
    assert_int_equal(loss.refused.bytes + loss.dropped_count, 0);
}

static void arguments_that_are_no_object_name_their_message(void **state)
{
    struct tg_model_request request =
        read_text(state, "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\","
                         "\"id\":\"t\",\"name\":\"f\",\"input\":{}}]}]}");
    struct tg_request_target target = {.upstream_model = tg_text_of("claude-sonnet-4-5")};
    struct tg_loss loss = {.policy = TG_LOSS_REFUSE_MEANING};
    struct tg_client_error error;
    struct tg_buf out;
    request.turns->parts->arguments = (struct tg_arguments){.is_string = true, .raw = tg_text_of("[1")};
    tg_buf_init(&out, 4096);
    assert_false(dialect->write_request(*state, &request, &target, &loss, &out, &error));
    assert_true(tg_text_is(error.param, "messages[0]"));
    tg_buf_deinit(&out);
}

static void a_body_beyond_the_bound_is_told(void **state)
{
    struct tg_model_request request = read_text(state, "{\"model\":\"m\"," HELLO "}");
    struct tg_request_target target = {.upstream_model = tg_text_of("claude-sonnet-4-5")};
    struct tg_loss loss = {.policy = TG_LOSS_REFUSE_MEANING};
    struct tg_client_error error;
    struct tg_buf out;
    tg_buf_init(&out, 16);
    assert_false(dialect->write_request(*state, &request, &target, &loss, &out, &error));
    assert_int_equal(error.code, TG_ERROR_BODY_TOO_LARGE);
    tg_buf_deinit(&out);
}

static void thinking_that_another_maker_signed_is_left_out(void **state)
{
    struct tg_loss loss;
    struct tg_text body = write_as(
        state, TG_DIALECT_CHAT,
        "{\"model\":\"m\",\"max_tokens\":5,\"messages\":[{\"role\":\"assistant\",\"content\":["
        "{\"type\":\"thinking\",\"thinking\":\"g\",\"signature\":\"tollgate.v1.gemini.abc\"},"
        "{\"type\":\"thinking\",\"thinking\":\"c\",\"signature\":\"own\"},{\"type\":\"thinking\",\"thinking\":\"n\","
        "\"signature\":\"\"},{\"type\":\"redacted_thinking\",\"data\":\"d\"},{\"type\":\"text\",\"text\":\"t\"}]}]}",
        "claude-sonnet-4-5", &loss);
    assert_same_json("thinking", body,
                     tg_text_of("{\"model\":\"claude-sonnet-4-5\",\"max_tokens\":5,\"messages\":[{\"role\":"
                                "\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"c\",\"signature\":"
                                "\"own\"},{\"type\":\"redacted_thinking\",\"data\":\"d\"},{\"type\":\"text\",\"text\":"
                                "\"t\"}]}]}"));
    assert_int_equal(loss.refused.bytes + loss.dropped_count, 0);
}

/* As Claude Code sends it; no dialect has all of it, and none may refuse it for that. */
static void a_coding_agents_request_loses_nothing_but_hints(void **state)
{
    struct tg_model_request request = read_text(
        state,
        "{\"model\":\"claude-opus-4-8\",\"max_tokens\":32000,\"stream\":true,\"thinking\":{\"type\":\"adaptive\"},"
        "\"context_management\":{\"edits\":[{\"type\":\"clear_thinking_20251015\",\"keep\":\"all\"}]},"
        "\"output_config\":{\"effort\":\"high\"},\"metadata\":{\"user_id\":\"user_1_session_2\"},"
        "\"system\":[{\"type\":\"text\",\"text\":\"You are an agent.\",\"cache_control\":{\"type\":\"ephemeral\","
        "\"ttl\":\"1h\"}}],\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"hi\"}]},"
        "{\"role\":\"system\",\"content\":\"reminder\"}],\"tools\":[{\"name\":\"Bash\",\"description\":\"d\","
        "\"input_schema\":{\"type\":\"object\"},\"eager_input_streaming\":true,\"defer_loading\":false}]}");
    struct tg_loss loss = {.policy = TG_LOSS_REFUSE_MEANING};
    for (const struct tg_field *field = request.fields; field != NULL; field = field->next)
        tg_loss_add_field(&loss, field);
    assert_int_equal(loss.refused.bytes, 0);
    assert_int_equal(loss.dropped_count, 3); /* the hint, the user and context_management */
    assert_int_equal(request.thinking.mode, TG_THINKING_ADAPTIVE);
    assert_true(tg_json_string_is(request.thinking.effort, "high"));
    assert_false(request.thinking.wants_text);
    assert_null(request.untranslatable);
    assert_false(request.is_beyond_text);
    assert_int_equal(request.tools->kind, TG_TOOL_FUNCTION);
    assert_int_equal(request.turns->next->next->role, TG_ROLE_SYSTEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_system_prompt_is_the_first_turn_wherever_it_stands, setup, teardown),
        cmocka_unit_test_setup_teardown(blocks_are_read_whatever_the_order_of_their_members, setup, teardown),
        cmocka_unit_test_setup_teardown(what_only_anthropic_knows_is_kept_as_it_came, setup, teardown),
        cmocka_unit_test_setup_teardown(a_tool_that_was_found_is_its_name_elsewhere_and_itself_here, setup, teardown),
        cmocka_unit_test_setup_teardown(a_mark_for_the_whole_request_is_one_at_its_last_block, setup, teardown),
        cmocka_unit_test_setup_teardown(fields_of_the_wrong_type_that_the_gateway_governs_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(the_model_may_be_in_the_path, setup, teardown),
        cmocka_unit_test_setup_teardown(an_edit_inserts_a_maximum_only_where_there_is_none, setup, teardown),
        cmocka_unit_test_setup_teardown(vertex_is_told_its_version_and_has_the_model_in_the_path, setup, teardown),
        cmocka_unit_test_setup_teardown(roles_alternate_and_results_come_first, setup, teardown),
        cmocka_unit_test_setup_teardown(a_late_system_turn_keeps_its_place_or_moves_to_the_front, setup, teardown),
        cmocka_unit_test_setup_teardown(thinking_is_said_as_the_model_wants_it, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_said_is_refused_by_its_name, setup, teardown),
        cmocka_unit_test_setup_teardown(what_other_dialects_call_otherwise_is_said, setup, teardown),
        cmocka_unit_test_setup_teardown(arguments_that_are_no_object_name_their_message, setup, teardown),
        cmocka_unit_test_setup_teardown(a_body_beyond_the_bound_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(thinking_that_another_maker_signed_is_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(a_coding_agents_request_loses_nothing_but_hints, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
