#include "dataplane/dialects/canonical/freeform.h"
#include "dataplane/dialects/converse/converse_internal.h"

static void write_spec(struct tg_converse_writing *writing, const struct tg_tool *tool)
{
    struct tg_json_writer *json = &writing->json;
    bool is_freeform = tool->kind == TG_TOOL_FREEFORM;
    struct tg_text schema = is_freeform ? tg_freeform_parameters() : tool->parameters;
    struct tg_json_string description = is_freeform ? tg_freeform_description(writing->arena, tool) : tool->description;
    tg_json_write_object_begin(json);
    tg_json_write_key(json, "toolSpec");
    tg_json_write_object_begin(json);
    tg_converse_write_member(json, "name", tool->name);
    if (!tg_json_string_is_empty(description))
        tg_converse_write_member(json, "description", description);
    tg_json_write_key(json, "inputSchema");
    tg_json_write_object_begin(json);
    tg_json_write_key(json, "json");
    tg_json_write_raw(json, schema.bytes != 0 ? schema : tg_text_of("{\"type\":\"object\",\"properties\":{}}"));
    tg_json_write_object_end(json);
    if (tool->strict == TG_STRICT_YES) {
        tg_json_write_key(json, "strict");
        tg_json_write_boolean(json, true);
    }
    tg_json_write_object_end(json);
    tg_json_write_object_end(json);
    tg_converse_write_cache(json, tool->cache);
}

static bool is_sayable(const struct tg_converse_writing *writing, const struct tg_tool *tool)
{
    return tool->kind == TG_TOOL_FUNCTION || tool->kind == TG_TOOL_FREEFORM || tg_converse_is_own(writing);
}

static void write_choice(struct tg_converse_writing *writing)
{
    const struct tg_tool_choice *choice = &writing->request->tool_choice;
    struct tg_json_writer *json = &writing->json;
    if (choice->mode == TG_CHOICE_UNSAID || choice->mode == TG_CHOICE_NONE)
        return;
    if (choice->mode == TG_CHOICE_OTHER && !tg_converse_is_own(writing)) {
        tg_converse_lose(writing, TG_ASPECT_TOOL_CHOICE, TG_LOSS_MEANING);
        return;
    }
    tg_json_write_key(json, "toolChoice");
    if (choice->mode == TG_CHOICE_OTHER) {
        tg_json_write_raw(json, choice->raw);
        return;
    }
    tg_json_write_object_begin(json);
    tg_json_write_key(json, choice->mode == TG_CHOICE_AUTO ? "auto" : choice->mode == TG_CHOICE_ANY ? "any" : "tool");
    tg_json_write_object_begin(json);
    if (choice->mode == TG_CHOICE_NAMED)
        tg_converse_write_member(json, "name", choice->name);
    tg_json_write_object_end(json);
    tg_json_write_object_end(json);
}

/* Tools must be there as long as the conversation has calls or results. */
static bool has_calls(const struct tg_model_request *request)
{
    for (const struct tg_turn *turn = request->turns; turn != NULL; turn = turn->next)
        for (const struct tg_part *part = turn->parts; part != NULL; part = part->next)
            if (part->kind == TG_PART_TOOL_CALL || part->kind == TG_PART_TOOL_RESULT)
                return true;
    return false;
}

/* "None" has no word here: without calls before, the tools are left out, which comes to the same; with them the model
 * might call again. */
void tg_converse_write_tools(struct tg_converse_writing *writing)
{
    const struct tg_model_request *request = writing->request;
    bool is_open = false;
    for (const struct tg_tool *tool = request->tools; tool != NULL; tool = tool->next)
        if (!is_sayable(writing, tool))
            tg_loss_add(writing->loss, tool->path, TG_LOSS_MEANING);
    if (request->tool_choice.mode == TG_CHOICE_NONE) {
        if (!has_calls(request))
            return;
        tg_converse_lose(writing, TG_ASPECT_TOOL_CHOICE, TG_LOSS_MEANING);
    }
    for (const struct tg_tool *tool = request->tools; tool != NULL; tool = tool->next) {
        if (!is_sayable(writing, tool))
            continue;
        if (!is_open) {
            tg_json_write_key(&writing->json, "toolConfig");
            tg_json_write_object_begin(&writing->json);
            tg_json_write_key(&writing->json, "tools");
            tg_json_write_array_begin(&writing->json);
        }
        is_open = true;
        if (tool->kind == TG_TOOL_FUNCTION || tool->kind == TG_TOOL_FREEFORM)
            write_spec(writing, tool);
        else
            tg_json_write_raw(&writing->json, tool->raw);
    }
    if (!is_open)
        return;
    tg_json_write_array_end(&writing->json);
    write_choice(writing);
    tg_json_write_object_end(&writing->json);
}
