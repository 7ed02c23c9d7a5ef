#include <inttypes.h>

#include "dataplane/dialects/canonical/freeform.h"
#include "dataplane/dialects/responses/internal.h"

/* The longest name of a function that all other dialects take. */
enum { MAX_NAME_BYTES = 64, HASH_BYTES = 8 };

/* What a local shell call's action holds beside its type
 * (https://platform.openai.com/docs/guides/tools-local-shell). */
static const struct tg_text SHELL_SCHEMA = TG_TEXT_LITERAL(
    "{\"type\":\"object\",\"properties\":{\"command\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},"
    "\"description\":\"The program and its arguments.\"},\"working_directory\":{\"type\":\"string\"},\"timeout_ms\":"
    "{\"type\":\"integer\"},\"env\":{\"type\":\"object\",\"description\":\"Environment variables to set.\"},\"user\":"
    "{\"type\":\"string\"}},\"required\":[\"command\"]}");

struct tg_json_string tg_responses_flat_name(struct tg_arena *arena, struct tg_json_string space,
                                             struct tg_json_string name)
{
    if (tg_json_string_is_empty(space))
        return name;
    bool has_border = space.written.data[space.written.bytes - 1] == '_' ||
                      (!tg_json_string_is_empty(name) && name.written.data[0] == '_');
    struct tg_text flat = tg_arena_printf(arena, "%.*s%s%.*s", TG_TEXT_ARG(space.written), has_border ? "" : "__",
                                          TG_TEXT_ARG(name.written));
    if (flat.bytes <= MAX_NAME_BYTES)
        return tg_json_string(flat);
    /* The end tells the tools of a namespace apart; the hash what was cut. */
    size_t kept = MAX_NAME_BYTES - HASH_BYTES - 1;
    return tg_json_string(tg_arena_printf(arena, "%08" PRIx32 "_%.*s", (uint32_t)tg_text_hash(flat, 0), (int)kept,
                                          flat.data + flat.bytes - kept));
}

/* A tool, while it is read. */
struct description {
    struct tg_json_string type, name, text, syntax, grammar;
    struct tg_text parameters;
    int strict;
    struct tg_tool *first; /* of a namespace */
    size_t count;
};

static void read_tool(struct tg_reading *reading, struct tg_json_token *token, struct tg_text path);

static void read_format(struct tg_reading *reading, struct tg_json_token *token, struct description *description)
{
    struct tg_json_token member;
    while (token->kind == TG_JSON_OBJECT && tg_json_scan_next_in(&reading->scan, token, &member)) {
        if (tg_json_text_is(member.key, "syntax"))
            description->syntax = tg_reading_string(&member);
        else if (tg_json_text_is(member.key, "definition"))
            description->grammar = tg_reading_string(&member);
    }
}

static void read_inner_tools(struct tg_reading *reading, struct tg_json_token *list, struct tg_text path,
                             struct description *description)
{
    struct tg_tool *before = reading->tail.tool;
    struct tg_json_token element;
    for (size_t i = 0; tg_json_scan_next_in(&reading->scan, list, &element); ++i) {
        struct tg_text inner = tg_arena_printf(reading->arena, "%.*s.tools[%zu]", TG_TEXT_ARG(path), i);
        if (element.kind == TG_JSON_OBJECT)
            read_tool(reading, &element, inner);
    }
    description->first = before == NULL ? reading->request->tools : before->next;
}

static void read_member(struct tg_reading *reading, struct tg_json_token *member, struct tg_text path,
                        struct description *description)
{
    if (tg_json_text_is(member->key, "type"))
        description->type = tg_reading_string(member);
    else if (tg_json_text_is(member->key, "name"))
        description->name = tg_reading_string(member);
    else if (tg_json_text_is(member->key, "description"))
        description->text = tg_reading_string(member);
    else if (tg_json_text_is(member->key, "parameters"))
        description->parameters = tg_reading_raw(reading, member);
    else if (tg_json_text_is(member->key, "strict") && member->kind == TG_JSON_BOOLEAN)
        description->strict = member->value.data[0] == 't' ? TG_STRICT_YES : TG_STRICT_NO;
    else if (tg_json_text_is(member->key, "format"))
        read_format(reading, member, description);
    else if (member->kind == TG_JSON_ARRAY && tg_json_text_is(member->key, "tools"))
        read_inner_tools(reading, member, path, description);
}

/* The tools in a namespace, which were read before its name was known, perhaps. */
static void close_namespace(struct tg_reading *reading, const struct description *description, struct tg_text raw)
{
    for (struct tg_tool *tool = description->first; tool != NULL; tool = tool->next) {
        tool->raw = raw;
        tool->space = description->name;
        tool->name_in_space = tool->name;
        if (tool->kind != TG_TOOL_OTHER)
            tool->name = tg_responses_flat_name(reading->arena, description->name, tool->name);
    }
}

static bool is_web_search(struct tg_json_string type)
{
    return tg_json_string_is(type, "web_search") || tg_json_string_is(type, "web_search_preview") ||
           tg_text_starts_with(type.written, "web_search_");
}

static void add_tool(struct tg_reading *reading, const struct description *description, struct tg_text path,
                     struct tg_text raw)
{
    enum tg_tool_kind kind = TG_TOOL_OTHER;
    bool is_shell = tg_json_string_is(description->type, TG_RESPONSES_LOCAL_SHELL);
    if (is_shell || tg_json_string_is(description->type, "function"))
        kind = TG_TOOL_FUNCTION;
    else if (tg_json_string_is(description->type, "custom"))
        kind = TG_TOOL_FREEFORM;
    else if (is_web_search(description->type))
        kind = TG_TOOL_WEB_SEARCH;
    struct tg_tool *tool = tg_request_add_tool(reading->arena, reading->request, &reading->tail, kind);
    tool->name = kind == TG_TOOL_OTHER || kind == TG_TOOL_WEB_SEARCH ? description->type : description->name;
    tool->description = description->text;
    tool->parameters = description->parameters;
    tool->strict = description->strict;
    tool->raw = raw;
    tool->path = path;
    if (kind == TG_TOOL_FREEFORM) {
        tool->parameters = tg_freeform_parameters();
        tool->grammar_syntax = description->syntax;
        tool->grammar = description->grammar;
    } else if (is_shell) {
        tool->name = tg_json_string_literal(TG_RESPONSES_LOCAL_SHELL);
        tool->description = tg_json_string_literal("Runs a command on the user's machine and returns its output.");
        tool->parameters = SHELL_SCHEMA;
        tool->built_in = TG_RESPONSES_LOCAL_SHELL;
    } else if (kind != TG_TOOL_FUNCTION) {
        reading->request->is_beyond_text = true; /* the provider runs it, and adds what it finds to the prompt */
    }
}

static void read_tool(struct tg_reading *reading, struct tg_json_token *token, struct tg_text path)
{
    struct description description = {.strict = TG_STRICT_UNSAID};
    struct tg_json_token member;
    const char *begin = token->value.data;
    while (tg_json_scan_next_in(&reading->scan, token, &member))
        read_member(reading, &member, path, &description);
    struct tg_text raw = tg_text(begin, (size_t)(reading->scan.at - begin));
    if (tg_json_string_is(description.type, "namespace"))
        close_namespace(reading, &description, raw);
    else
        add_tool(reading, &description, path, raw);
}

static void read_list(struct tg_reading *reading, struct tg_json_token *list, const char *prefix)
{
    struct tg_json_token element;
    for (size_t i = 0; tg_json_scan_next_in(&reading->scan, list, &element); ++i)
        if (element.kind == TG_JSON_OBJECT)
            read_tool(reading, &element, tg_arena_printf(reading->arena, "%stools[%zu]", prefix, i));
}

void tg_responses_read_tools(struct tg_reading *reading, struct tg_json_token *token)
{
    const char *begin = token->value.data;
    if (token->kind != TG_JSON_ARRAY) {
        tg_reading_field(reading, TG_FIELD_OTHER, "tools", token);
        return;
    }
    read_list(reading, token, "");
    reading->request->prompt_bytes += (size_t)(reading->scan.at - begin);
}

void tg_responses_read_additional_tools(struct tg_reading *reading, struct tg_text list, size_t index)
{
    struct tg_json_scan scan = reading->scan;
    struct tg_json_token root;
    tg_json_scan_init(&reading->scan, list);
    if (list.bytes != 0 && tg_json_scan_next(&reading->scan, &root) == TG_JSON_BEGIN && root.kind == TG_JSON_ARRAY)
        read_list(reading, &root, tg_arena_printf(reading->arena, "input[%zu].", index).data);
    reading->scan = scan;
}

/* Beyond so many, tools are not compared with each other. */
enum { MAX_COMPARED_TOOLS = 1024 };

static size_t count_tools(const struct tg_model_request *request)
{
    size_t count = 0;
    for (const struct tg_tool *tool = request->tools; tool != NULL; tool = tool->next)
        ++count;
    return count;
}

void tg_responses_drop_repeated_tools(struct tg_model_request *request)
{
    if (count_tools(request) > MAX_COMPARED_TOOLS)
        return;
    for (struct tg_tool *tool = request->tools; tool != NULL; tool = tool->next) {
        struct tg_tool **link = &tool->next;
        while (*link != NULL) {
            bool is_repeated =
                (tg_text_starts_with((*link)->path, "input[") || tg_text_starts_with(tool->path, "input[")) &&
                (*link)->kind == tool->kind && tg_json_string_equals((*link)->name, tool->name);
            if (is_repeated)
                *link = (*link)->next;
            else
                link = &(*link)->next;
        }
    }
}

/* ---- tool_choice ---- */

static void read_named(struct tg_reading *reading, struct tg_json_token *token)
{
    struct tg_tool_choice *choice = &reading->request->tool_choice;
    struct tg_json_string type = tg_json_string(tg_text(NULL, 0)), name = type, space = type;
    struct tg_json_token member;
    const char *begin = token->value.data;
    while (tg_json_scan_next_in(&reading->scan, token, &member)) {
        if (tg_json_text_is(member.key, "type"))
            type = tg_reading_string(&member);
        else if (tg_json_text_is(member.key, "name"))
            name = tg_reading_string(&member);
        else if (tg_json_text_is(member.key, "namespace"))
            space = tg_reading_string(&member);
    }
    choice->raw = tg_text(begin, (size_t)(reading->scan.at - begin));
    bool is_function = tg_json_string_is(type, "function") || tg_json_string_is(type, "custom");
    choice->mode = is_function && !tg_json_string_is_empty(name) ? TG_CHOICE_NAMED : TG_CHOICE_OTHER;
    choice->name = tg_responses_flat_name(reading->arena, space, name);
}

void tg_responses_read_tool_choice(struct tg_reading *reading, struct tg_json_token *token)
{
    struct tg_tool_choice *choice = &reading->request->tool_choice;
    if (token->kind == TG_JSON_OBJECT) {
        read_named(reading, token);
        return;
    }
    struct tg_json_string word = tg_reading_string(token);
    if (token->kind == TG_JSON_NULL)
        return;
    if (tg_json_string_is(word, "auto"))
        choice->mode = TG_CHOICE_AUTO;
    else if (tg_json_string_is(word, "none"))
        choice->mode = TG_CHOICE_NONE;
    else if (tg_json_string_is(word, "required"))
        choice->mode = TG_CHOICE_ANY;
    else
        choice->mode = TG_CHOICE_OTHER;
    choice->raw = tg_reading_raw(reading, token);
}

/* ---- allowed_tools ---- */

/* A longer list stays what only this dialect can say: each tool is looked for in all of it. */
enum { MAX_ALLOWED_BYTES = 32768 };

/* Whether an element of the list of allowed tools means `tool`: by name, or by type where that is all there is. */
static bool is_allowed(struct tg_text list, const struct tg_tool *tool)
{
    struct tg_json_scan scan;
    struct tg_json_token root, element, member;
    bool is_found = false;
    tg_json_scan_init(&scan, list);
    if (tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN || root.kind != TG_JSON_ARRAY)
        return false;
    struct tg_json_string own = tg_json_string_is_empty(tool->space) ? tool->name : tool->name_in_space;
    while (!is_found && tg_json_scan_next_in(&scan, &root, &element)) {
        struct tg_json_string type = tg_json_string(tg_text(NULL, 0)), name = type;
        while (element.event == TG_JSON_BEGIN && tg_json_scan_next_in(&scan, &element, &member)) {
            if (tg_json_text_is(member.key, "type"))
                type = tg_reading_string(&member);
            else if (tg_json_text_is(member.key, "name"))
                name = tg_reading_string(&member);
        }
        bool is_whole_space = tg_json_string_is(type, "namespace") && tg_json_string_equals(name, tool->space);
        is_found = is_whole_space || tg_json_string_equals(tg_json_string_is_empty(name) ? type : name, own);
    }
    return is_found;
}

void tg_responses_keep_allowed_tools(struct tg_reading *reading)
{
    struct tg_model_request *request = reading->request;
    struct tg_text list = tg_text(NULL, 0);
    struct tg_json_string mode = tg_json_string(list);
    struct tg_json_scan scan;
    struct tg_json_token root, member;
    bool is_list = false;
    if (request->tool_choice.mode != TG_CHOICE_OTHER || request->tool_choice.raw.data == NULL)
        return;
    tg_json_scan_init(&scan, request->tool_choice.raw);
    if (tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN)
        return;
    while (tg_json_scan_next_in(&scan, &root, &member)) {
        if (tg_json_text_is(member.key, "type"))
            is_list = tg_json_text_is(member.value, "allowed_tools");
        else if (tg_json_text_is(member.key, "mode"))
            mode = tg_reading_string(&member);
        else if (tg_json_text_is(member.key, "tools") && tg_json_scan_skip(&scan, &member))
            list = member.value;
    }
    if (!is_list || list.bytes == 0 || list.bytes > MAX_ALLOWED_BYTES || count_tools(request) > MAX_COMPARED_TOOLS)
        return;
    struct tg_tool **link = &request->tools;
    while (*link != NULL) {
        if (is_allowed(list, *link))
            link = &(*link)->next;
        else
            *link = (*link)->next;
    }
    request->tool_choice.mode = tg_json_string_is(mode, "required") ? TG_CHOICE_ANY : TG_CHOICE_AUTO;
}
