#include "dataplane/dialects/canonical/aspect.h"
#include "dataplane/dialects/canonical/freeform.h"
#include "dataplane/dialects/responses/internal.h"

static void write_type(struct tg_json_writer *json, const char *type)
{
    tg_json_write_key(json, "type");
    tg_json_write_string(json, tg_text_of(type));
}

static void write_function(struct tg_responses_writing *writing, const struct tg_tool *tool)
{
    struct tg_json_writer *json = &writing->json;
    tg_json_write_object_begin(json);
    write_type(json, "function");
    tg_json_write_key(json, "name");
    tg_json_write_written(json, tool->name);
    tg_responses_write_string(json, "description", tool->description);
    tg_json_write_key(json, "parameters");
    tg_json_write_raw(json, tool->parameters.bytes == 0 ? tg_text_of("{\"type\":\"object\",\"properties\":{}}")
                                                        : tool->parameters);
    /* Strict is the default here, and nowhere else. */
    if (tool->strict != TG_STRICT_UNSAID || !writing->is_own) {
        tg_json_write_key(json, "strict");
        tg_json_write_boolean(json, tool->strict == TG_STRICT_YES);
    }
    tg_json_write_object_end(json);
}

static void write_freeform(struct tg_responses_writing *writing, const struct tg_tool *tool)
{
    struct tg_json_writer *json = &writing->json;
    tg_json_write_object_begin(json);
    write_type(json, "custom");
    tg_json_write_key(json, "name");
    tg_json_write_written(json, tool->name);
    tg_responses_write_string(json, "description", tool->description);
    if (!tg_json_string_is_empty(tool->grammar)) {
        tg_json_write_key(json, "format");
        tg_json_write_object_begin(json);
        write_type(json, "grammar");
        tg_responses_write_string(json, "syntax", tool->grammar_syntax);
        tg_responses_write_string(json, "definition", tool->grammar);
        tg_json_write_object_end(json);
    }
    tg_json_write_object_end(json);
}

/* ---- web search ---- */

/* The options of another dialect's search, as far as this one has them: Anthropic's web_search_20250305
 * (https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/web-search-tool), chat's web_search_options. */
static void write_search_option(struct tg_responses_writing *writing, struct tg_json_scan *scan,
                                struct tg_json_token *option, struct tg_text path)
{
    static const char *const SAME[] = {"user_location", "search_context_size"};
    static const char *const SILENT[] = {"type", "name", "cache_control"};
    struct tg_json_writer *json = &writing->json;
    if (!tg_json_scan_skip(scan, option) || option->kind == TG_JSON_NULL)
        return;
    struct tg_text raw =
        option->kind == TG_JSON_STRING ? tg_text(option->value.data - 1, option->value.bytes + 2) : option->value;
    for (size_t i = 0; i < sizeof(SILENT) / sizeof(SILENT[0]); ++i)
        if (tg_json_text_is(option->key, SILENT[i]))
            return;
    for (size_t i = 0; i < sizeof(SAME) / sizeof(SAME[0]); ++i) {
        if (tg_json_text_is(option->key, SAME[i])) {
            tg_json_write_key(json, SAME[i]);
            tg_json_write_raw(json, raw);
            return;
        }
    }
    if (tg_json_text_is(option->key, "allowed_domains")) {
        tg_json_write_key(json, "filters");
        tg_json_write_object_begin(json);
        tg_json_write_key(json, "allowed_domains");
        tg_json_write_raw(json, raw);
        tg_json_write_object_end(json);
        return;
    }
    bool limits_only = tg_json_text_is(option->key, "max_uses");
    tg_loss_add(writing->loss,
                tg_arena_printf(writing->arena, "%.*s.%.*s", TG_TEXT_ARG(path), TG_TEXT_ARG(option->key)),
                limits_only ? TG_LOSS_HARMLESS : TG_LOSS_MEANING);
}

/* Chat nests the place: {"type":"approximate","approximate":{"city":…}}. */
static struct tg_text flat_location(struct tg_arena *arena, struct tg_text options)
{
    struct tg_json_scan scan;
    struct tg_json_token root, option, member;
    struct tg_text place = tg_text(NULL, 0), size = place;
    tg_json_scan_init(&scan, options);
    if (tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN || root.kind != TG_JSON_OBJECT)
        return tg_text_of("{}");
    while (tg_json_scan_next_in(&scan, &root, &option)) {
        if (option.kind == TG_JSON_STRING && tg_json_text_is(option.key, "search_context_size"))
            size = option.value;
        while (option.kind == TG_JSON_OBJECT && tg_json_scan_next_in(&scan, &option, &member))
            if (tg_json_text_is(member.key, "approximate") && tg_json_scan_skip(&scan, &member) &&
                member.kind == TG_JSON_OBJECT)
                place = tg_text(member.value.data + 1, member.value.bytes - 2);
    }
    struct tg_text flat = size.bytes == 0
                              ? tg_text(NULL, 0)
                              : tg_arena_printf(arena, "\"search_context_size\":\"%.*s\"", TG_TEXT_ARG(size));
    if (place.bytes != 0) {
        bool has_members = memchr(place.data, ':', place.bytes) != NULL;
        flat = tg_arena_printf(arena, "%.*s%s\"user_location\":{\"type\":\"approximate\"%s%.*s}", TG_TEXT_ARG(flat),
                               flat.bytes == 0 ? "" : ",", has_members ? "," : "", TG_TEXT_ARG(place));
    }
    return tg_arena_printf(arena, "{%.*s}", TG_TEXT_ARG(flat));
}

static void write_search(struct tg_responses_writing *writing, struct tg_text options, struct tg_text path)
{
    struct tg_json_scan scan;
    struct tg_json_token root, option;
    tg_json_write_object_begin(&writing->json);
    write_type(&writing->json, "web_search");
    tg_json_scan_init(&scan, options);
    if (options.bytes != 0 && tg_json_scan_next(&scan, &root) == TG_JSON_BEGIN && root.kind == TG_JSON_OBJECT)
        while (tg_json_scan_next_in(&scan, &root, &option))
            write_search_option(writing, &scan, &option, path);
    tg_json_write_object_end(&writing->json);
}

/* ---- the list ---- */

static void write_tool(struct tg_responses_writing *writing, const struct tg_tool *tool)
{
    enum tg_dialect_id dialect = writing->request->dialect;
    bool is_whole = writing->is_own && (tool->kind == TG_TOOL_OTHER || tool->kind == TG_TOOL_WEB_SEARCH ||
                                        tool->built_in != NULL || !tg_json_string_is_empty(tool->space));
    if (is_whole) {
        tg_json_write_raw(&writing->json, tool->raw);
        return;
    }
    switch (tool->kind) {
    case TG_TOOL_FUNCTION:
        write_function(writing, tool);
        break;
    case TG_TOOL_FREEFORM:
        write_freeform(writing, tool);
        break;
    case TG_TOOL_WEB_SEARCH:
        write_search(writing, dialect == TG_DIALECT_MESSAGES ? tool->raw : tg_text(NULL, 0), tool->path);
        break;
    case TG_TOOL_OTHER:
        tg_loss_add(writing->loss, tool->path, TG_LOSS_MEANING);
        break;
    }
}

static void write_choice(struct tg_responses_writing *writing)
{
    static const char *const WORDS[] = {
        [TG_CHOICE_AUTO] = "auto", [TG_CHOICE_NONE] = "none", [TG_CHOICE_ANY] = "required"};
    const struct tg_tool_choice *choice = &writing->request->tool_choice;
    struct tg_json_writer *json = &writing->json;
    bool is_named = choice->mode == TG_CHOICE_NAMED || choice->mode == TG_CHOICE_OTHER;
    if (choice->mode == TG_CHOICE_UNSAID)
        return;
    if (choice->mode == TG_CHOICE_OTHER && !writing->is_own) {
        tg_loss_add(writing->loss, tg_aspect_path(writing->request->dialect, TG_ASPECT_TOOL_CHOICE), TG_LOSS_MEANING);
        return;
    }
    if (!tg_responses_write_member(writing, "tool_choice"))
        return;
    if (!is_named) {
        tg_json_write_string(json, tg_text_of(WORDS[choice->mode]));
        return;
    }
    if (writing->is_own) {
        tg_json_write_raw(json, choice->raw);
        return;
    }
    const struct tg_tool *tool = tg_request_tool(writing->request, choice->name);
    enum tg_tool_kind kind = tool == NULL ? TG_TOOL_FUNCTION : tool->kind;
    tg_json_write_object_begin(json);
    write_type(json, kind == TG_TOOL_WEB_SEARCH ? "web_search" : kind == TG_TOOL_FREEFORM ? "custom" : "function");
    if (kind != TG_TOOL_WEB_SEARCH) {
        tg_json_write_key(json, "name");
        tg_json_write_written(json, choice->name);
    }
    tg_json_write_object_end(json);
}

void tg_responses_write_tools(struct tg_responses_writing *writing)
{
    const struct tg_model_request *request = writing->request;
    const struct tg_field *search = tg_request_field(request, TG_FIELD_WEB_SEARCH_OPTIONS);
    const char *written = NULL; /* the namespace that was written whole */
    if ((request->tools != NULL || search != NULL) && tg_responses_write_member(writing, "tools")) {
        tg_json_write_array_begin(&writing->json);
        for (const struct tg_tool *tool = request->tools; tool != NULL; tool = tool->next) {
            bool is_spaced = !tg_json_string_is_empty(tool->space);
            if (writing->is_own && is_spaced && tool->raw.data == written)
                continue;
            write_tool(writing, tool);
            written = is_spaced ? tool->raw.data : NULL;
        }
        if (search != NULL)
            write_search(writing, flat_location(writing->arena, search->value), search->path);
        tg_json_write_array_end(&writing->json);
    }
    write_choice(writing);
}
