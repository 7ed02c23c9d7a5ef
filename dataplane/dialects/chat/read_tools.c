/* Tools, which one to use, and the settings that have a form of their own. */
#include "dataplane/dialects/canonical/freeform.h"
#include "dataplane/dialects/chat/chat_internal.h"

static void read_definition_member(struct tg_reading *reading, struct tg_json_token *member, struct tg_tool *tool)
{
    if (tg_json_text_is(member->key, "name"))
        tool->name = tg_reading_string(member);
    else if (tg_json_text_is(member->key, "description"))
        tool->description = tg_reading_string(member);
    else if (tg_json_text_is(member->key, "parameters"))
        tool->parameters = tg_reading_raw(reading, member);
    else if (tg_json_text_is(member->key, "strict") && member->kind == TG_JSON_BOOLEAN)
        tool->strict = member->value.data[0] == 't' ? TG_STRICT_YES : TG_STRICT_NO;
    else if (tg_json_text_is(member->key, "cache_control"))
        tool->cache = chat_read_cache_control(reading, member);
}

/* {"type":"grammar","grammar":{"syntax":"lark","definition":"…"}} */
static void read_custom_format(struct tg_reading *reading, const struct tg_json_token *format, struct tg_tool *tool)
{
    struct tg_json_token member, detail;
    while (format->event == TG_JSON_BEGIN && tg_json_scan_next_in(&reading->scan, format, &member)) {
        while (member.kind == TG_JSON_OBJECT && tg_json_scan_next_in(&reading->scan, &member, &detail)) {
            if (tg_json_text_is(detail.key, "syntax"))
                tool->grammar_syntax = tg_reading_string(&detail);
            else if (tg_json_text_is(detail.key, "definition"))
                tool->grammar = tg_reading_string(&detail);
        }
    }
}

static void read_function(struct tg_reading *reading, const struct tg_json_token *function, struct tg_tool *tool)
{
    struct tg_json_token member;
    tool->kind = TG_TOOL_FUNCTION;
    while (tg_json_scan_next_in(&reading->scan, function, &member))
        read_definition_member(reading, &member, tool);
}

static void read_custom(struct tg_reading *reading, const struct tg_json_token *custom, struct tg_tool *tool)
{
    struct tg_json_token member;
    tool->kind = TG_TOOL_FREEFORM;
    tool->parameters = tg_freeform_parameters();
    while (tg_json_scan_next_in(&reading->scan, custom, &member)) {
        if (tg_json_text_is(member.key, "name"))
            tool->name = tg_reading_string(&member);
        else if (tg_json_text_is(member.key, "description"))
            tool->description = tg_reading_string(&member);
        else if (tg_json_text_is(member.key, "format"))
            read_custom_format(reading, &member, tool);
    }
}

static void read_tool(struct tg_reading *reading, const struct tg_json_token *token, struct tg_tool *tool)
{
    struct tg_json_string type = {.written = {NULL, 0}};
    struct tg_json_token member;
    while (tg_json_scan_next_in(&reading->scan, token, &member)) {
        if (tg_json_text_is(member.key, "type"))
            type = tg_reading_string(&member);
        else if (tg_json_text_is(member.key, "cache_control"))
            tool->cache = chat_read_cache_control(reading, &member);
        else if (member.kind == TG_JSON_OBJECT && tg_json_text_is(member.key, "function"))
            read_function(reading, &member, tool);
        else if (member.kind == TG_JSON_OBJECT && tg_json_text_is(member.key, "custom"))
            read_custom(reading, &member, tool);
    }
    if (tool->kind == TG_TOOL_OTHER)
        tool->name = type;
}

void chat_read_tools(struct tg_reading *reading, struct tg_json_token *tools, bool are_legacy_functions)
{
    const char *list = are_legacy_functions ? "functions" : "tools";
    struct tg_json_token token;
    for (size_t i = 0; tools->kind == TG_JSON_ARRAY && tg_json_scan_next_in(&reading->scan, tools, &token); ++i) {
        struct tg_tool *tool = tg_request_add_tool(reading->arena, reading->request, &reading->tail, TG_TOOL_OTHER);
        const char *begin = token.value.data;
        tool->path = tg_reading_path(reading, list, i);
        if (token.kind != TG_JSON_OBJECT) {
            tool->raw = tg_reading_raw(reading, &token);
            continue;
        }
        if (are_legacy_functions)
            read_function(reading, &token, tool);
        else
            read_tool(reading, &token, tool);
        tool->raw = tg_text(begin, (size_t)(reading->scan.at - begin));
    }
}

static void read_named_choice(struct tg_reading *reading, const struct tg_json_token *token,
                              struct tg_tool_choice *choice)
{
    struct tg_json_token member, detail;
    const char *begin = token->value.data;
    while (tg_json_scan_next_in(&reading->scan, token, &member)) {
        if (tg_json_text_is(member.key, "name")) /* function_call: {"name": …} */
            choice->name = tg_reading_string(&member);
        bool names_tool = member.kind == TG_JSON_OBJECT &&
                          (tg_json_text_is(member.key, "function") || tg_json_text_is(member.key, "custom"));
        while (names_tool && tg_json_scan_next_in(&reading->scan, &member, &detail))
            if (tg_json_text_is(detail.key, "name"))
                choice->name = tg_reading_string(&detail);
    }
    choice->mode = tg_json_string_is_empty(choice->name) ? TG_CHOICE_OTHER : TG_CHOICE_NAMED;
    choice->raw = tg_text(begin, (size_t)(reading->scan.at - begin));
}

void chat_read_tool_choice(struct tg_reading *reading, struct tg_json_token *token)
{
    struct tg_tool_choice *choice = &reading->request->tool_choice;
    if (token->kind == TG_JSON_NULL)
        return;
    if (token->kind == TG_JSON_OBJECT) {
        read_named_choice(reading, token, choice);
        return;
    }
    if (tg_json_string_is(tg_reading_string(token), "auto"))
        choice->mode = TG_CHOICE_AUTO;
    else if (tg_json_string_is(tg_reading_string(token), "none"))
        choice->mode = TG_CHOICE_NONE;
    else if (tg_json_string_is(tg_reading_string(token), "required") ||
             tg_json_string_is(tg_reading_string(token), "any")) /* Mistral's word */
        choice->mode = TG_CHOICE_ANY;
    else
        choice->mode = TG_CHOICE_OTHER;
    choice->raw = tg_reading_raw(reading, token);
}

static void read_schema(struct tg_reading *reading, const struct tg_json_token *token, struct tg_format *format)
{
    struct tg_json_token member;
    while (tg_json_scan_next_in(&reading->scan, token, &member)) {
        if (tg_json_text_is(member.key, "name"))
            format->name = tg_reading_string(&member);
        else if (tg_json_text_is(member.key, "description"))
            format->description = tg_reading_string(&member);
        else if (tg_json_text_is(member.key, "schema"))
            format->schema = tg_reading_raw(reading, &member);
        else if (tg_json_text_is(member.key, "strict") && member.kind == TG_JSON_BOOLEAN)
            format->strict = member.value.data[0] == 't' ? TG_FORMAT_STRICT_YES : TG_FORMAT_STRICT_NO;
    }
}

void chat_read_format(struct tg_reading *reading, struct tg_json_token *token)
{
    struct tg_format *format = &reading->request->format;
    struct tg_json_string type = {.written = {NULL, 0}};
    struct tg_json_token member;
    const char *begin = token->value.data;
    if (token->kind != TG_JSON_OBJECT)
        return;
    while (tg_json_scan_next_in(&reading->scan, token, &member)) {
        if (tg_json_text_is(member.key, "type"))
            type = tg_reading_string(&member);
        else if (member.kind == TG_JSON_OBJECT && tg_json_text_is(member.key, "json_schema"))
            read_schema(reading, &member, format);
    }
    format->kind = TG_FORMAT_OTHER;
    if (tg_json_string_is(type, "text"))
        format->kind = TG_FORMAT_TEXT;
    else if (tg_json_string_is(type, "json_object"))
        format->kind = TG_FORMAT_JSON;
    else if (tg_json_string_is(type, "json_schema"))
        format->kind = TG_FORMAT_JSON_SCHEMA;
    format->raw = tg_text(begin, (size_t)(reading->scan.at - begin));
}

static int64_t read_tokens(const struct tg_json_token *token)
{
    int64_t tokens = 0;
    bool is_good = token->kind == TG_JSON_NUMBER && tg_json_to_i64(token->value, &tokens) == TG_OK && tokens > 0;
    return is_good ? tokens : 0;
}

/* {"effort": …, "max_tokens": …, "exclude": …, "enabled": …} */
void chat_read_reasoning_setting(struct tg_reading *reading, struct tg_json_token *token)
{
    struct tg_thinking *thinking = &reading->request->thinking;
    struct tg_json_token member;
    bool is_off = false, is_hidden = false;
    if (token->kind != TG_JSON_OBJECT)
        return;
    while (tg_json_scan_next_in(&reading->scan, token, &member)) {
        bool is_false = member.kind == TG_JSON_BOOLEAN && member.value.data[0] == 'f';
        bool is_true = member.kind == TG_JSON_BOOLEAN && member.value.data[0] == 't';
        if (tg_json_text_is(member.key, "effort"))
            thinking->effort = tg_reading_string(&member);
        else if (tg_json_text_is(member.key, "max_tokens"))
            thinking->budget_tokens = read_tokens(&member);
        else if (tg_json_text_is(member.key, "enabled"))
            is_off = is_false;
        else if (tg_json_text_is(member.key, "exclude"))
            is_hidden = is_true;
    }
    is_off |= tg_json_string_is(thinking->effort, "none");
    thinking->mode = is_off ? TG_THINKING_OFF : TG_THINKING_ON;
    thinking->wants_text = !is_off && !is_hidden;
}

/* {"type": "enabled", "budget_tokens": …} */
void chat_read_thinking_setting(struct tg_reading *reading, struct tg_json_token *token)
{
    struct tg_thinking *thinking = &reading->request->thinking;
    struct tg_json_token member;
    if (token->kind != TG_JSON_OBJECT)
        return;
    while (tg_json_scan_next_in(&reading->scan, token, &member)) {
        if (tg_json_text_is(member.key, "budget_tokens"))
            thinking->budget_tokens = read_tokens(&member);
        if (!tg_json_text_is(member.key, "type"))
            continue;
        if (tg_json_string_is(tg_reading_string(&member), "enabled"))
            thinking->mode = TG_THINKING_ON;
        else if (tg_json_string_is(tg_reading_string(&member), "adaptive"))
            thinking->mode = TG_THINKING_ADAPTIVE;
        else if (tg_json_string_is(tg_reading_string(&member), "disabled"))
            thinking->mode = TG_THINKING_OFF;
    }
    thinking->wants_text = thinking->mode != TG_THINKING_OFF && thinking->mode != TG_THINKING_UNSAID;
}
