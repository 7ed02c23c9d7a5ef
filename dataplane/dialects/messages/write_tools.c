#include "dataplane/dialects/canonical/freeform.h"
#include "dataplane/dialects/messages/messages_internal.h"

static void write_member(struct tg_json_writer *json, const char *key, struct tg_json_string value)
{
    tg_json_write_key(json, key);
    tg_json_write_written(json, value);
}

/* A member of a web search tool's settings as OpenAI and Anthropic alike call it, at any depth. */
static struct tg_text search_setting(struct tg_text raw, const char *name, enum tg_json_kind kind)
{
    struct tg_json_scan scan;
    struct tg_json_token token;
    if (raw.bytes == 0)
        return raw;
    tg_json_scan_init(&scan, raw);
    for (enum tg_json_event event = tg_json_scan_next(&scan, &token); event != TG_JSON_DONE && event != TG_JSON_BAD;
         event = tg_json_scan_next(&scan, &token))
        if (event == TG_JSON_BEGIN && token.kind == kind && token.key.data != NULL &&
            tg_json_text_is(token.key, name) && tg_json_scan_skip(&scan, &token))
            return token.value;
    return tg_text(NULL, 0);
}

static void write_web_search(struct tg_messages_writing *writing, const struct tg_tool *tool)
{
    struct tg_json_writer *json = &writing->json;
    struct tg_text domains = search_setting(tool->raw, "allowed_domains", TG_JSON_ARRAY);
    struct tg_text location = search_setting(tool->raw, "user_location", TG_JSON_OBJECT);
    tg_json_write_object_begin(json);
    write_member(json, "type", tg_json_string_literal("web_search_20250305"));
    write_member(json, "name", tg_json_string_literal("web_search"));
    if (domains.bytes > 2) {
        tg_json_write_key(json, "allowed_domains");
        tg_json_write_raw(json, domains);
    }
    if (location.bytes > 2) {
        tg_json_write_key(json, "user_location");
        tg_json_write_raw(json, location);
    }
    tg_json_write_object_end(json);
}

static void write_function(struct tg_messages_writing *writing, const struct tg_tool *tool)
{
    struct tg_json_writer *json = &writing->json;
    bool is_freeform = tool->kind == TG_TOOL_FREEFORM;
    struct tg_text schema = is_freeform ? tg_freeform_parameters() : tool->parameters;
    struct tg_json_string description = is_freeform ? tg_freeform_description(writing->arena, tool) : tool->description;
    tg_json_write_object_begin(json);
    write_member(json, "name", tool->name);
    if (!tg_json_string_is_empty(description))
        write_member(json, "description", description);
    tg_json_write_key(json, "input_schema");
    tg_json_write_raw(json, schema.bytes != 0 ? schema : tg_text_of("{\"type\":\"object\",\"properties\":{}}"));
    if (tool->strict == TG_STRICT_YES) {
        tg_json_write_key(json, "strict");
        tg_json_write_boolean(json, true);
    }
    tg_messages_write_cache(json, tool->cache);
    tg_json_write_object_end(json);
}

/* Whether the target has such a tool. */
static bool is_sayable(const struct tg_messages_writing *writing, const struct tg_tool *tool)
{
    return tool->kind != TG_TOOL_OTHER || tg_messages_is_own(writing);
}

static bool has_tools(const struct tg_messages_writing *writing)
{
    for (const struct tg_tool *tool = writing->request->tools; tool != NULL; tool = tool->next)
        if (is_sayable(writing, tool))
            return true;
    return false;
}

void tg_messages_write_tools(struct tg_messages_writing *writing)
{
    bool is_open = has_tools(writing) && tg_messages_begin_member(writing, "tools");
    if (is_open)
        tg_json_write_array_begin(&writing->json);
    for (const struct tg_tool *tool = writing->request->tools; tool != NULL; tool = tool->next) {
        if (!is_sayable(writing, tool))
            tg_loss_add(writing->loss, tool->path, TG_LOSS_MEANING);
        else if (!is_open)
            continue;
        else if (tool->kind == TG_TOOL_FUNCTION || tool->kind == TG_TOOL_FREEFORM)
            write_function(writing, tool);
        else if (tg_messages_is_own(writing))
            tg_json_write_raw(&writing->json, tool->raw);
        else
            write_web_search(writing, tool);
    }
    if (is_open)
        tg_json_write_array_end(&writing->json);
}

void tg_messages_write_tool_choice(struct tg_messages_writing *writing)
{
    static const char *const types[] = {
        [TG_CHOICE_UNSAID] = "auto", [TG_CHOICE_AUTO] = "auto",  [TG_CHOICE_NONE] = "none",
        [TG_CHOICE_ANY] = "any",     [TG_CHOICE_NAMED] = "tool",
    };
    const struct tg_tool_choice *choice = &writing->request->tool_choice;
    const struct tg_field *parallel = tg_request_field(writing->request, TG_FIELD_PARALLEL_TOOL_CALLS);
    bool is_serial = parallel != NULL && tg_text_is(parallel->value, "false") && choice->mode != TG_CHOICE_NONE;
    struct tg_json_writer *json = &writing->json;
    if (choice->mode == TG_CHOICE_OTHER) {
        if (!tg_messages_is_own(writing))
            tg_messages_lose(writing, TG_ASPECT_TOOL_CHOICE, TG_LOSS_MEANING);
        else if (tg_messages_begin_member(writing, "tool_choice"))
            tg_json_write_raw(json, choice->raw);
        return;
    }
    if (!has_tools(writing) || (choice->mode == TG_CHOICE_UNSAID && !is_serial) ||
        !tg_messages_begin_member(writing, "tool_choice"))
        return;
    tg_json_write_object_begin(json);
    write_member(json, "type", tg_json_string_literal(types[choice->mode]));
    if (choice->mode == TG_CHOICE_NAMED)
        write_member(json, "name", choice->name);
    if (is_serial) {
        tg_json_write_key(json, "disable_parallel_tool_use");
        tg_json_write_boolean(json, true);
    }
    tg_json_write_object_end(json);
}
