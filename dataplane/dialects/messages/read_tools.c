#include "dataplane/dialects/messages/messages_internal.h"

static enum tg_tool_kind tool_kind(struct tg_json_string type)
{
    if (tg_json_string_is_empty(type) || tg_json_string_is(type, "custom"))
        return TG_TOOL_FUNCTION;
    return tg_text_starts_with(type.written, "web_search_") ? TG_TOOL_WEB_SEARCH : TG_TOOL_OTHER;
}

/* How a tool is loaded, streamed and shown to be used: hints, which leave what it does to its name and schema. */
static bool is_hint(struct tg_text key)
{
    static const char *const hints[] = {"defer_loading", "eager_input_streaming", "allowed_callers", "input_examples"};
    for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); ++i)
        if (tg_json_text_is(key, hints[i]))
            return true;
    return false;
}

static void read_tool_member(struct tg_reading *reading, struct tg_json_token *member, struct tg_tool *tool,
                             struct tg_json_string *type)
{
    struct tg_text key = member->key;
    if (tg_json_text_is(key, "type")) {
        *type = tg_reading_string(member);
    } else if (tg_json_text_is(key, "name")) {
        tool->name = tg_reading_string(member);
    } else if (tg_json_text_is(key, "description")) {
        tool->description = tg_reading_string(member);
    } else if (tg_json_text_is(key, "input_schema")) {
        tool->parameters = tg_reading_raw(reading, member);
    } else if (tg_json_text_is(key, "strict")) {
        if (member->kind == TG_JSON_BOOLEAN)
            tool->strict = member->value.data[0] == 't' ? TG_STRICT_YES : TG_STRICT_NO;
    } else if (tg_json_text_is(key, "cache_control")) {
        tool->cache = tg_messages_read_cache(reading, member);
    } else if (is_hint(key)) {
        struct tg_text value = tg_reading_raw(reading, member);
        if (value.bytes != 0 && !tg_text_is(value, "false"))
            tg_request_add_field(
                reading->arena, reading->request, &reading->tail, TG_FIELD_HINT,
                tg_arena_printf(reading->arena, "%.*s.%.*s", TG_TEXT_ARG(tool->path), TG_TEXT_ARG(key)), value);
    }
}

void tg_messages_read_tools(struct tg_reading *reading, struct tg_json_token *token)
{
    struct tg_model_request *request = reading->request;
    struct tg_json_token object, member;
    if (token->kind != TG_JSON_ARRAY) {
        tg_reading_other(reading, "", token);
        return;
    }
    const char *begin = token->value.data;
    for (size_t i = 0; tg_json_scan_next_in(&reading->scan, token, &object); ++i) {
        struct tg_tool *tool = tg_request_add_tool(reading->arena, request, &reading->tail, TG_TOOL_OTHER);
        struct tg_json_string type = {{NULL, 0}};
        const char *tool_begin = object.value.data;
        tool->path = tg_arena_printf(reading->arena, "tools[%zu]", i);
        if (object.kind != TG_JSON_OBJECT) {
            tool->raw = tg_reading_raw(reading, &object);
            continue;
        }
        while (tg_json_scan_next_in(&reading->scan, &object, &member))
            read_tool_member(reading, &member, tool, &type);
        tool->raw = tg_text(tool_begin, (size_t)(reading->scan.at - tool_begin));
        tool->kind = tool_kind(type);
        if (tool->kind == TG_TOOL_OTHER)
            tool->name = type;
        if (tool->kind != TG_TOOL_FUNCTION)
            request->is_beyond_text = true;
    }
    request->prompt_bytes += (size_t)(reading->scan.at - begin);
}

void tg_messages_read_tool_choice(struct tg_reading *reading, struct tg_json_token *token)
{
    struct tg_tool_choice *choice = &reading->request->tool_choice;
    struct tg_json_token member;
    const char *begin = token->value.data;
    if (token->kind != TG_JSON_OBJECT) {
        tg_reading_other(reading, "", token);
        return;
    }
    choice->mode = TG_CHOICE_OTHER;
    while (tg_json_scan_next_in(&reading->scan, token, &member)) {
        struct tg_json_string string = tg_reading_string(&member);
        if (tg_json_text_is(member.key, "name"))
            choice->name = string;
        else if (tg_json_text_is(member.key, "type"))
            choice->mode = tg_json_string_is(string, "auto")   ? TG_CHOICE_AUTO
                           : tg_json_string_is(string, "any")  ? TG_CHOICE_ANY
                           : tg_json_string_is(string, "tool") ? TG_CHOICE_NAMED
                           : tg_json_string_is(string, "none") ? TG_CHOICE_NONE
                                                               : TG_CHOICE_OTHER;
        else if (tg_json_text_is(member.key, "disable_parallel_tool_use") && member.kind == TG_JSON_BOOLEAN &&
                 member.value.data[0] == 't')
            tg_request_add_field(reading->arena, reading->request, &reading->tail, TG_FIELD_PARALLEL_TOOL_CALLS,
                                 tg_text_of("tool_choice.disable_parallel_tool_use"), tg_text_of("false"));
    }
    choice->raw = tg_text(begin, (size_t)(reading->scan.at - begin));
}
