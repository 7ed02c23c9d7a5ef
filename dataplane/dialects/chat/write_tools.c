/* Tools, which one to use, and the answer's format. */
#include "dataplane/dialects/canonical/aspect.h"
#include "dataplane/dialects/chat/chat_internal.h"

static void write_optional(struct tg_json_writer *json, const char *key, struct tg_json_string value)
{
    if (!tg_json_string_is_empty(value))
        chat_write_text_member(json, key, value);
}

static void write_function(struct tg_json_writer *json, const struct tg_tool *tool)
{
    chat_write_text_member(json, "type", tg_json_string_literal("function"));
    tg_json_write_key(json, "function");
    tg_json_write_object_begin(json);
    chat_write_text_member(json, "name", tool->name);
    write_optional(json, "description", tool->description);
    if (tool->parameters.bytes != 0)
        chat_write_raw_member(json, "parameters", tool->parameters);
    if (tool->strict != TG_STRICT_UNSAID) {
        tg_json_write_key(json, "strict");
        tg_json_write_boolean(json, tool->strict == TG_STRICT_YES);
    }
    tg_json_write_object_end(json);
}

static void write_custom(struct tg_json_writer *json, const struct tg_tool *tool)
{
    chat_write_text_member(json, "type", tg_json_string_literal("custom"));
    tg_json_write_key(json, "custom");
    tg_json_write_object_begin(json);
    chat_write_text_member(json, "name", tool->name);
    write_optional(json, "description", tool->description);
    if (!tg_json_string_is_empty(tool->grammar)) {
        tg_json_write_key(json, "format");
        tg_json_write_object_begin(json);
        chat_write_text_member(json, "type", tg_json_string_literal("grammar"));
        tg_json_write_key(json, "grammar");
        tg_json_write_object_begin(json);
        chat_write_text_member(json, "syntax", tool->grammar_syntax);
        chat_write_text_member(json, "definition", tool->grammar);
        tg_json_write_object_end(json);
        tg_json_write_object_end(json);
    }
    tg_json_write_object_end(json);
}

static bool is_listed(const struct chat_writing *writing, const struct tg_tool *tool)
{
    switch (tool->kind) {
    case TG_TOOL_FUNCTION:
    case TG_TOOL_FREEFORM:
        return true;
    case TG_TOOL_WEB_SEARCH:
        return false;
    case TG_TOOL_OTHER:
        break;
    }
    return writing->request->dialect == TG_DIALECT_CHAT;
}

static void write_tool(struct chat_writing *writing, const struct tg_tool *tool)
{
    struct tg_json_writer *json = &writing->json;
    if (tool->kind == TG_TOOL_OTHER) {
        tg_json_write_raw(json, tool->raw);
        return;
    }
    tg_json_write_object_begin(json);
    if (tool->kind == TG_TOOL_FREEFORM)
        write_custom(json, tool);
    else
        write_function(json, tool);
    tg_json_write_object_end(json);
}

void chat_write_tools(struct chat_writing *writing)
{
    struct tg_json_writer *json = &writing->json;
    bool has_begun = false;
    for (const struct tg_tool *tool = writing->request->tools; tool != NULL; tool = tool->next) {
        if (tool->kind == TG_TOOL_OTHER && !is_listed(writing, tool))
            tg_loss_add(writing->loss, tool->path, TG_LOSS_MEANING);
        if (!is_listed(writing, tool))
            continue;
        if (!has_begun) {
            if (!chat_begin_member(writing, "tools"))
                break;
            tg_json_write_array_begin(json);
            has_begun = true;
        }
        write_tool(writing, tool);
    }
    if (has_begun)
        tg_json_write_array_end(json);
    for (const struct tg_tool *tool = writing->request->tools; tool != NULL; tool = tool->next) {
        if (tool->kind != TG_TOOL_WEB_SEARCH)
            continue;
        /* How it is bounded differs too much between dialects to be carried over. */
        bool is_own = writing->request->dialect == TG_DIALECT_CHAT && tool->raw.bytes != 0;
        if (chat_begin_member(writing, "web_search_options"))
            tg_json_write_raw(json, is_own ? tool->raw : tg_text_of("{}"));
        break;
    }
}

static void write_named_choice(struct chat_writing *writing, const struct tg_tool_choice *choice)
{
    struct tg_json_writer *json = &writing->json;
    const struct tg_tool *tool = tg_request_tool(writing->request, choice->name);
    const char *kind = tool != NULL && tool->kind == TG_TOOL_FREEFORM ? "custom" : "function";
    tg_json_write_object_begin(json);
    chat_write_text_member(json, "type", tg_json_string_literal(kind));
    tg_json_write_key(json, kind);
    tg_json_write_object_begin(json);
    chat_write_text_member(json, "name", choice->name);
    tg_json_write_object_end(json);
    tg_json_write_object_end(json);
}

void chat_write_tool_choice(struct chat_writing *writing)
{
    const struct tg_tool_choice *choice = &writing->request->tool_choice;
    struct tg_json_writer *json = &writing->json;
    bool is_foreign = choice->mode == TG_CHOICE_OTHER && writing->request->dialect != TG_DIALECT_CHAT;
    if (is_foreign)
        tg_loss_add(writing->loss, tg_aspect_path(writing->request->dialect, TG_ASPECT_TOOL_CHOICE), TG_LOSS_MEANING);
    if (choice->mode == TG_CHOICE_UNSAID || is_foreign || !chat_begin_member(writing, "tool_choice"))
        return;
    switch (choice->mode) {
    case TG_CHOICE_AUTO:
        tg_json_write_string(json, tg_text_of("auto"));
        break;
    case TG_CHOICE_NONE:
        tg_json_write_string(json, tg_text_of("none"));
        break;
    case TG_CHOICE_ANY:
        tg_json_write_string(json, tg_text_of("required"));
        break;
    case TG_CHOICE_NAMED:
        write_named_choice(writing, choice);
        break;
    case TG_CHOICE_OTHER:
    case TG_CHOICE_UNSAID:
        tg_json_write_raw(json, choice->raw);
        break;
    }
}

static void write_schema(struct tg_json_writer *json, const struct tg_format *format)
{
    chat_write_text_member(json, "type", tg_json_string_literal("json_schema"));
    tg_json_write_key(json, "json_schema");
    tg_json_write_object_begin(json);
    chat_write_text_member(json, "name",
                           tg_json_string_is_empty(format->name) ? tg_json_string_literal("answer") : format->name);
    write_optional(json, "description", format->description);
    if (format->schema.bytes != 0)
        chat_write_raw_member(json, "schema", format->schema);
    if (format->strict != TG_FORMAT_STRICT_UNSAID) {
        tg_json_write_key(json, "strict");
        tg_json_write_boolean(json, format->strict == TG_FORMAT_STRICT_YES);
    }
    tg_json_write_object_end(json);
}

void chat_write_format(struct chat_writing *writing)
{
    const struct tg_format *format = &writing->request->format;
    struct tg_json_writer *json = &writing->json;
    bool is_own = writing->request->dialect == TG_DIALECT_CHAT;
    if (format->kind == TG_FORMAT_OTHER && !is_own)
        tg_loss_add(writing->loss, tg_aspect_path(writing->request->dialect, TG_ASPECT_FORMAT), TG_LOSS_MEANING);
    bool is_unsaid = format->kind == TG_FORMAT_UNSAID || (format->kind == TG_FORMAT_OTHER && !is_own);
    if (is_unsaid || !chat_begin_member(writing, "response_format"))
        return;
    if (format->kind == TG_FORMAT_OTHER) {
        tg_json_write_raw(json, format->raw);
        return;
    }
    tg_json_write_object_begin(json);
    if (format->kind == TG_FORMAT_JSON_SCHEMA)
        write_schema(json, format);
    else
        chat_write_text_member(json, "type",
                               tg_json_string_literal(format->kind == TG_FORMAT_JSON ? "json_object" : "text"));
    tg_json_write_object_end(json);
}
