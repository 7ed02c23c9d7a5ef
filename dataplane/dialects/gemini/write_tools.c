#include "dataplane/dialects/canonical/aspect.h"
#include "dataplane/dialects/canonical/freeform.h"
#include "dataplane/dialects/gemini/gemini_internal.h"

static void write_declaration(struct gemini_writing *writing, const struct tg_tool *tool)
{
    struct tg_json_string description =
        tool->kind == TG_TOOL_FREEFORM ? tg_freeform_description(writing->arena, tool) : tool->description;
    struct tg_text parameters = tool->kind == TG_TOOL_FREEFORM ? tg_freeform_parameters() : tool->parameters;
    tg_json_write_object_begin(&writing->json);
    gemini_write_member(&writing->json, "name", tool->name);
    if (!tg_json_string_is_empty(description))
        gemini_write_member(&writing->json, "description", description);
    if (parameters.bytes != 0) {
        tg_json_write_key(&writing->json, "parametersJsonSchema");
        tg_json_write_raw(&writing->json, parameters);
    }
    tg_json_write_object_end(&writing->json);
}

static bool is_function(const struct tg_tool *tool)
{
    return tool->kind == TG_TOOL_FUNCTION || tool->kind == TG_TOOL_FREEFORM;
}

static void write_declarations(struct gemini_writing *writing)
{
    bool is_open = false;
    for (const struct tg_tool *tool = writing->request->tools; tool != NULL; tool = tool->next) {
        if (!is_function(tool))
            continue;
        if (!is_open) {
            tg_json_write_object_begin(&writing->json);
            tg_json_write_key(&writing->json, "functionDeclarations");
            tg_json_write_array_begin(&writing->json);
        }
        is_open = true;
        write_declaration(writing, tool);
    }
    if (is_open) {
        tg_json_write_array_end(&writing->json);
        tg_json_write_object_end(&writing->json);
    }
}

/* Whether another provider's search tool says more than that there is to be one. */
static bool has_settings(struct tg_text raw)
{
    struct tg_json_scan scan;
    struct tg_json_token root, member;
    tg_json_scan_init(&scan, raw);
    if (raw.bytes == 0 || tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN)
        return false;
    while (tg_json_scan_next_in(&scan, &root, &member))
        if (!tg_json_text_is(member.key, "type") && !tg_json_text_is(member.key, "name") &&
            !tg_json_text_is(member.key, "cache_control"))
            return true;
    return false;
}

static void write_search(struct gemini_writing *writing)
{
    tg_json_write_raw(&writing->json, tg_text_of("{\"googleSearch\":{}}"));
}

static void write_other(struct gemini_writing *writing, const struct tg_tool *tool)
{
    if (writing->request->dialect == TG_DIALECT_GEMINI) {
        tg_json_write_raw(&writing->json, tool->raw);
    } else if (tool->kind == TG_TOOL_WEB_SEARCH) {
        write_search(writing);
        if (has_settings(tool->raw))
            gemini_lose(writing, tool->path, TG_LOSS_HARMLESS);
    } else {
        gemini_lose(writing, tool->path, TG_LOSS_MEANING);
    }
}

/* ---- which of them ---- */

static void write_calling(struct gemini_writing *writing, const char *mode, struct tg_json_string name)
{
    tg_json_write_key(&writing->json, "toolConfig");
    tg_json_write_object_begin(&writing->json);
    tg_json_write_key(&writing->json, "functionCallingConfig");
    tg_json_write_object_begin(&writing->json);
    gemini_write_member(&writing->json, "mode", tg_json_string_literal(mode));
    if (!tg_json_string_is_empty(name)) {
        tg_json_write_key(&writing->json, "allowedFunctionNames");
        tg_json_write_array_begin(&writing->json);
        tg_json_write_written(&writing->json, name);
        tg_json_write_array_end(&writing->json);
    }
    tg_json_write_object_end(&writing->json);
    tg_json_write_object_end(&writing->json);
}

/* Google refuses to be told how to call functions where there are none. */
static void write_choice(struct gemini_writing *writing, bool has_functions)
{
    const struct tg_tool_choice *choice = &writing->request->tool_choice;
    switch (choice->mode) {
    case TG_CHOICE_UNSAID:
        return;
    case TG_CHOICE_AUTO:
        if (has_functions)
            write_calling(writing, "AUTO", GEMINI_NOTHING);
        return;
    case TG_CHOICE_NONE:
        if (has_functions)
            write_calling(writing, "NONE", GEMINI_NOTHING);
        return;
    case TG_CHOICE_ANY:
        write_calling(writing, "ANY", GEMINI_NOTHING);
        return;
    case TG_CHOICE_NAMED:
        write_calling(writing, "ANY", choice->name);
        return;
    case TG_CHOICE_OTHER:
        if (writing->request->dialect == TG_DIALECT_GEMINI) {
            tg_json_write_key(&writing->json, "toolConfig");
            tg_json_write_object_begin(&writing->json);
            tg_json_write_key(&writing->json, "functionCallingConfig");
            tg_json_write_raw(&writing->json, choice->raw);
            tg_json_write_object_end(&writing->json);
        } else {
            gemini_lose(writing, tg_aspect_path(writing->request->dialect, TG_ASPECT_TOOL_CHOICE), TG_LOSS_MEANING);
        }
        return;
    }
}

void gemini_write_tools(struct gemini_writing *writing)
{
    const struct tg_field *search = tg_request_field(writing->request, TG_FIELD_WEB_SEARCH_OPTIONS);
    bool has_functions = false;
    if (writing->request->tools != NULL || search != NULL) {
        tg_json_write_key(&writing->json, "tools");
        tg_json_write_array_begin(&writing->json);
        write_declarations(writing);
        for (const struct tg_tool *tool = writing->request->tools; tool != NULL; tool = tool->next) {
            has_functions = has_functions || is_function(tool);
            if (!is_function(tool))
                write_other(writing, tool);
        }
        if (search != NULL) {
            write_search(writing);
            if (!tg_text_is(search->value, "{}"))
                gemini_lose(writing, search->path, TG_LOSS_HARMLESS);
        }
        tg_json_write_array_end(&writing->json);
    }
    write_choice(writing, has_functions);
}
