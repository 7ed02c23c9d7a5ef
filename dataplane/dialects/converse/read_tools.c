#include "dataplane/dialects/converse/converse_internal.h"

static void read_spec(struct tg_reading *reading, struct tg_json_token *spec, struct tg_tool *tool)
{
    struct tg_json_token member, inner;
    tool->kind = TG_TOOL_FUNCTION;
    while (spec->event == TG_JSON_BEGIN && tg_json_scan_next_in(&reading->scan, spec, &member)) {
        if (tg_json_text_is(member.key, "name"))
            tool->name = tg_reading_string(&member);
        else if (tg_json_text_is(member.key, "description"))
            tool->description = tg_reading_string(&member);
        else if (tg_json_text_is(member.key, "strict") && member.kind == TG_JSON_BOOLEAN)
            tool->strict = member.value.data[0] == 't' ? TG_STRICT_YES : TG_STRICT_NO;
        else if (tg_json_text_is(member.key, "inputSchema") && member.kind == TG_JSON_OBJECT)
            while (tg_json_scan_next_in(&reading->scan, &member, &inner))
                if (tg_json_text_is(inner.key, "json"))
                    tool->parameters = tg_reading_raw(reading, &inner);
    }
}

static void read_tool(struct tg_reading *reading, struct tg_json_token *object, struct tg_tool *last, size_t index)
{
    struct tg_json_token member;
    struct tg_tool *tool = NULL;
    const char *begin = object->value.data;
    while (object->kind == TG_JSON_OBJECT && tg_json_scan_next_in(&reading->scan, object, &member)) {
        if (tg_json_text_is(member.key, "cachePoint")) { /* it marks the tool before */
            enum tg_cache_mark mark = tg_converse_read_cache(&reading->scan, &member);
            if (last != NULL)
                last->cache = mark;
            continue;
        }
        if (tool == NULL)
            tool = tg_request_add_tool(reading->arena, reading->request, &reading->tail, TG_TOOL_OTHER);
        tool->path = tg_arena_printf(reading->arena, "toolConfig.tools[%zu]", index);
        if (tg_json_text_is(member.key, "toolSpec") && member.kind == TG_JSON_OBJECT)
            read_spec(reading, &member, tool);
        else
            tool->name = tg_json_string(member.key);
    }
    if (tool == NULL)
        return;
    tool->raw = tg_text(begin, (size_t)(reading->scan.at - begin));
    if (tool->kind == TG_TOOL_OTHER)
        reading->request->is_beyond_text = true;
}

static void read_choice(struct tg_reading *reading, struct tg_json_token *object)
{
    struct tg_tool_choice *choice = &reading->request->tool_choice;
    struct tg_json_token member, inner;
    const char *begin = object->value.data;
    choice->mode = TG_CHOICE_OTHER;
    while (object->kind == TG_JSON_OBJECT && tg_json_scan_next_in(&reading->scan, object, &member)) {
        choice->mode = tg_json_text_is(member.key, "auto")   ? TG_CHOICE_AUTO
                       : tg_json_text_is(member.key, "any")  ? TG_CHOICE_ANY
                       : tg_json_text_is(member.key, "tool") ? TG_CHOICE_NAMED
                                                             : TG_CHOICE_OTHER;
        while (member.kind == TG_JSON_OBJECT && tg_json_scan_next_in(&reading->scan, &member, &inner))
            if (tg_json_text_is(inner.key, "name"))
                choice->name = tg_reading_string(&inner);
    }
    if (object->kind == TG_JSON_OBJECT)
        choice->raw = tg_text(begin, (size_t)(reading->scan.at - begin));
}

void tg_converse_read_tools(struct tg_reading *reading, struct tg_json_token *token)
{
    struct tg_json_token member, object;
    const char *begin = token->value.data;
    if (token->kind != TG_JSON_OBJECT) {
        tg_reading_other(reading, "", token);
        return;
    }
    while (tg_json_scan_next_in(&reading->scan, token, &member)) {
        if (tg_json_text_is(member.key, "toolChoice") && member.kind != TG_JSON_NULL)
            read_choice(reading, &member);
        else if (!tg_json_text_is(member.key, "tools"))
            tg_reading_other(reading, "toolConfig", &member);
        else
            for (size_t i = 0; member.kind == TG_JSON_ARRAY && tg_json_scan_next_in(&reading->scan, &member, &object);
                 ++i)
                read_tool(reading, &object, reading->tail.tool, i);
    }
    reading->request->prompt_bytes += (size_t)(reading->scan.at - begin);
}

/* ---- what only one maker's models know ---- */

/* Claude's: {"type":"enabled","budget_tokens":…}, or adaptive. */
static void read_thinking(struct tg_reading *reading, struct tg_json_token *object)
{
    struct tg_thinking *thinking = &reading->request->thinking;
    struct tg_json_token member;
    struct tg_json_string display = {{NULL, 0}};
    while (object->event == TG_JSON_BEGIN && tg_json_scan_next_in(&reading->scan, object, &member)) {
        struct tg_json_string string = tg_reading_string(&member);
        if (tg_json_text_is(member.key, "type"))
            thinking->mode = tg_json_string_is(string, "enabled")    ? TG_THINKING_ON
                             : tg_json_string_is(string, "disabled") ? TG_THINKING_OFF
                                                                     : TG_THINKING_ADAPTIVE;
        else if (tg_json_text_is(member.key, "display"))
            display = string;
        else if (tg_json_text_is(member.key, "budget_tokens") && member.kind == TG_JSON_NUMBER &&
                 (tg_json_to_i64(member.value, &thinking->budget_tokens) != TG_OK || thinking->budget_tokens < 0))
            thinking->budget_tokens = 0;
    }
    thinking->wants_text = tg_json_string_is(display, "summarized") ||
                           (tg_json_string_is_empty(display) && thinking->mode == TG_THINKING_ON);
}

void tg_converse_read_model_fields(struct tg_reading *reading, struct tg_json_token *token)
{
    static const char PREFIX[] = "additionalModelRequestFields";
    struct tg_json_token member, inner;
    if (token->kind != TG_JSON_OBJECT) {
        tg_reading_other(reading, "", token);
        return;
    }
    while (tg_json_scan_next_in(&reading->scan, token, &member)) {
        if (tg_json_text_is(member.key, "thinking") && member.kind == TG_JSON_OBJECT) {
            read_thinking(reading, &member);
        } else if ((tg_json_text_is(member.key, "reasoning_config") ||
                    tg_json_text_is(member.key, "reasoning_effort")) &&
                   member.kind == TG_JSON_STRING) {
            reading->request->thinking.effort = tg_reading_string(&member);
        } else if (tg_json_text_is(member.key, "output_config") && member.kind == TG_JSON_OBJECT) {
            while (tg_json_scan_next_in(&reading->scan, &member, &inner)) {
                if (tg_json_text_is(inner.key, "effort") && inner.kind == TG_JSON_STRING)
                    reading->request->thinking.effort = tg_reading_string(&inner);
                else
                    tg_reading_other(reading, "additionalModelRequestFields.output_config", &inner);
            }
        } else if (tg_json_text_is(member.key, "top_k")) {
            tg_reading_field(reading, TG_FIELD_TOP_K, "additionalModelRequestFields.top_k", &member);
        } else if (tg_json_text_is(member.key, "anthropic_beta")) {
            tg_reading_field(reading, TG_FIELD_HINT, "additionalModelRequestFields.anthropic_beta", &member);
        } else {
            tg_reading_other(reading, PREFIX, &member);
        }
    }
}
