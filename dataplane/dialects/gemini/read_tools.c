#include "dataplane/dialects/gemini/gemini_internal.h"

static struct tg_tool *add_tool(struct gemini_reader *reader, enum tg_tool_kind kind)
{
    struct tg_reading *reading = &reader->reading;
    return tg_request_add_tool(reading->arena, reading->request, &reading->tail, kind);
}

static void read_declaration(struct gemini_reader *reader, struct tg_json_token *object, struct tg_text path)
{
    struct tg_reading *reading = &reader->reading;
    struct tg_json_token member;
    struct tg_tool *tool = add_tool(reader, TG_TOOL_FUNCTION);
    const char *begin = object->value.data;
    tool->path = path;
    while (object->kind == TG_JSON_OBJECT && tg_json_scan_next_in(&reading->scan, object, &member)) {
        if (tg_json_text_is(member.key, "name")) {
            tool->name = tg_reading_string(&member);
        } else if (tg_json_text_is(member.key, "description")) {
            tool->description = tg_reading_string(&member);
        } else if (tg_gemini_is(member.key, "parametersJsonSchema")) {
            tool->parameters = tg_reading_raw(reading, &member);
        } else if (tg_json_text_is(member.key, "parameters")) {
            struct tg_text raw = tg_reading_raw(reading, &member);
            if (reading->scan.problem == NULL)
                tool->parameters = gemini_json_schema(reading->arena, raw);
        } else { /* what comes back of it, how it is waited for */
            struct tg_text raw = tg_reading_raw(reading, &member);
            if (raw.bytes != 0)
                tg_request_add_field(
                    reading->arena, reading->request, &reading->tail, TG_FIELD_HINT,
                    tg_arena_printf(reading->arena, "%.*s.%.*s", TG_TEXT_ARG(path), TG_TEXT_ARG(member.key)), raw);
        }
    }
    tool->raw = tg_text(begin, (size_t)(reading->scan.at - begin));
}

static void read_declarations(struct gemini_reader *reader, struct tg_json_token *array, size_t tool_index)
{
    struct tg_json_token object;
    for (size_t i = 0; tg_json_scan_next_in(&reader->reading.scan, array, &object); ++i)
        read_declaration(reader, &object,
                         tg_arena_printf(reader->reading.arena, "tools[%zu].functionDeclarations[%zu]", tool_index, i));
}

static bool is_web_search(struct tg_text key)
{
    return tg_gemini_is(key, "googleSearch") || tg_gemini_is(key, "googleSearchRetrieval") ||
           tg_gemini_is(key, "enterpriseWebSearch");
}

/* {"functionDeclarations": […]}, {"googleSearch": {}}: one object may hold several. */
static void read_tool(struct gemini_reader *reader, const struct tg_json_token *object, size_t index)
{
    struct tg_reading *reading = &reader->reading;
    struct tg_json_token member;
    while (object->kind == TG_JSON_OBJECT && tg_json_scan_next_in(&reading->scan, object, &member)) {
        if (member.kind == TG_JSON_ARRAY && tg_gemini_is(member.key, "functionDeclarations")) {
            read_declarations(reader, &member, index);
            continue;
        }
        struct tg_text value = tg_reading_raw(reading, &member);
        if (value.bytes == 0)
            continue;
        struct tg_tool *tool = add_tool(reader, is_web_search(member.key) ? TG_TOOL_WEB_SEARCH : TG_TOOL_OTHER);
        tool->name = tg_json_string(member.key);
        tool->raw = tg_arena_printf(reading->arena, "{\"%.*s\":%.*s}", TG_TEXT_ARG(member.key), TG_TEXT_ARG(value));
        tool->path = tg_arena_printf(reading->arena, "tools[%zu].%.*s", index, TG_TEXT_ARG(member.key));
        reading->request->is_beyond_text = true;
    }
}

void gemini_read_tools(struct gemini_reader *reader, struct tg_json_token *token)
{
    struct tg_reading *reading = &reader->reading;
    struct tg_json_token object;
    const char *begin = token->value.data;
    if (token->kind == TG_JSON_ARRAY) {
        for (size_t i = 0; tg_json_scan_next_in(&reading->scan, token, &object); ++i)
            read_tool(reader, &object, i);
        reading->request->prompt_bytes += (size_t)(reading->scan.at - begin);
    } else {
        tg_reading_other(reading, "", token);
    }
}

/* ---- which of them ---- */

static void read_calling(struct gemini_reader *reader, struct tg_json_token *object)
{
    struct tg_reading *reading = &reader->reading;
    struct tg_json_token member;
    const char *begin = object->value.data;
    while (tg_json_scan_next_in(&reading->scan, object, &member)) {
        if (member.kind == TG_JSON_STRING && tg_json_text_is(member.key, "mode"))
            reader->mode = tg_reading_string(&member);
        else if (member.kind == TG_JSON_ARRAY && tg_gemini_is(member.key, "allowedFunctionNames"))
            reader->allowed_names = tg_reading_raw(reading, &member);
        else
            tg_reading_other(reading, "toolConfig.functionCallingConfig", &member);
    }
    reading->request->tool_choice.raw = tg_text(begin, (size_t)(reading->scan.at - begin));
}

void gemini_read_tool_config(struct gemini_reader *reader, struct tg_json_token *token)
{
    struct tg_json_token member;
    if (token->kind != TG_JSON_OBJECT) {
        tg_reading_other(&reader->reading, "", token);
        return;
    }
    while (tg_json_scan_next_in(&reader->reading.scan, token, &member)) {
        if (member.kind == TG_JSON_OBJECT && tg_gemini_is(member.key, "functionCallingConfig"))
            read_calling(reader, &member);
        else if (tg_gemini_is(member.key, "includeServerSideToolInvocations"))
            tg_reading_field(&reader->reading, TG_FIELD_HINT, "toolConfig.includeServerSideToolInvocations", &member);
        else
            tg_reading_other(&reader->reading, "toolConfig", &member);
    }
}

/* Whether the names are those of all functions; and if there is one only, which it is. */
static bool are_all(const struct gemini_reader *reader, struct tg_json_string *only)
{
    struct gemini_list list;
    struct tg_json_token name;
    size_t names = 0, functions = 0;
    gemini_list_begin(&list, reader->allowed_names);
    while (gemini_list_next(&list, &name)) {
        *only = names++ == 0 ? tg_reading_string(&name) : GEMINI_NOTHING;
    }
    for (const struct tg_tool *tool = reader->reading.request->tools; tool != NULL; tool = tool->next)
        functions += tool->kind == TG_TOOL_FUNCTION;
    return names >= functions;
}

/* https://ai.google.dev/gemini-api/docs/function-calling#function_calling_modes. VALIDATED is AUTO with calls that are
 * held to their schemas. */
void gemini_settle_tool_choice(struct gemini_reader *reader)
{
    struct tg_tool_choice *choice = &reader->reading.request->tool_choice;
    struct tg_json_string only = GEMINI_NOTHING;
    bool has_names = reader->allowed_names.bytes != 0;
    if (reader->reading.scan.problem != NULL)
        return;
    bool is_everything = !has_names || are_all(reader, &only);
    if (tg_json_string_is(reader->mode, "NONE"))
        choice->mode = TG_CHOICE_NONE;
    else if (tg_json_string_is(reader->mode, "ANY"))
        choice->mode = !tg_json_string_is_empty(only) ? TG_CHOICE_NAMED
                       : is_everything                ? TG_CHOICE_ANY
                                                      : TG_CHOICE_OTHER;
    else if (tg_json_string_is(reader->mode, "AUTO") || tg_json_string_is(reader->mode, "VALIDATED"))
        choice->mode = is_everything ? TG_CHOICE_AUTO : TG_CHOICE_OTHER;
    else if (!tg_json_string_is_empty(reader->mode))
        choice->mode = tg_json_string_is(reader->mode, "MODE_UNSPECIFIED") ? TG_CHOICE_UNSAID : TG_CHOICE_OTHER;
    choice->name = only;
}
