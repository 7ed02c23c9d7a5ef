#include "dataplane/dialects/canonical/freeform.h"

#include "common/codec/json_scan.h"

struct tg_text tg_freeform_parameters(void)
{
    static const struct tg_text SCHEMA =
        TG_TEXT_LITERAL("{\"type\":\"object\",\"properties\":{\"input\":{\"type\":\"string\",\"description\":\"The "
                        "whole input of the tool, as plain text.\"}},\"required\":[\"input\"],"
                        "\"additionalProperties\":false}");
    return SCHEMA;
}

struct tg_json_string tg_freeform_description(struct tg_arena *arena, const struct tg_tool *tool)
{
    struct tg_text description = tool->description.written, grammar = tool->grammar.written;
    if (grammar.bytes == 0)
        return tool->description;
    return tg_json_string(tg_arena_printf(arena, "%.*s%sThe input must follow this grammar (%.*s):\\n\\n%.*s",
                                          TG_TEXT_ARG(description), description.bytes == 0 ? "" : "\\n\\n",
                                          TG_TEXT_ARG(tool->grammar_syntax.written), TG_TEXT_ARG(grammar)));
}

struct tg_arguments tg_freeform_wrap(struct tg_arena *arena, struct tg_json_string text)
{
    return (struct tg_arguments){.raw = tg_arena_printf(arena, "{\"input\":\"%.*s\"}", TG_TEXT_ARG(text.written))};
}

/* The string `input` of an object that has no other member. */
static bool read_input(struct tg_text json, struct tg_json_string *input)
{
    struct tg_json_scan scan;
    struct tg_json_token root, member;
    size_t members = 0;
    bool has_input = false;
    tg_json_scan_init(&scan, json);
    if (tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN || root.kind != TG_JSON_OBJECT)
        return false;
    while (tg_json_scan_next_in(&scan, &root, &member)) {
        ++members;
        if (member.kind == TG_JSON_STRING && tg_json_text_is(member.key, "input")) {
            has_input = true;
            *input = tg_json_string(member.value);
        }
    }
    return tg_json_scan_finish(&scan, NULL) == TG_OK && has_input && members == 1;
}

struct tg_json_string tg_freeform_unwrap(struct tg_arena *arena, const struct tg_arguments *arguments)
{
    struct tg_text json = arguments->is_string ? tg_json_unescape(arena, arguments->raw) : arguments->raw;
    struct tg_json_string input;
    if (arguments->raw.bytes != 0 && read_input(json, &input))
        return input;
    return tg_arguments_string(arena, arguments);
}

const struct tg_tool *tg_request_tool(const struct tg_model_request *request, struct tg_json_string name)
{
    for (const struct tg_tool *tool = request->tools; tool != NULL; tool = tool->next)
        if (tool->kind != TG_TOOL_OTHER && tg_json_string_equals(tool->name, name))
            return tool;
    return NULL;
}
