#include "dataplane/dialects/canonical/freeform.h"
#include "dataplane/dialects/canonical/signature.h"
#include "dataplane/dialects/responses/internal.h"

/* One item of `input`, while it is read: its members come in any order, and what they mean depends on `type`. Parts of
 * a list (content, output, summary) are collected in a turn that belongs to nobody yet. */
struct item {
    struct tg_json_string type, role, id, call_id, name, space, arguments, input, encrypted;
    struct tg_json_string plain; /* content or output that is a string */
    bool has_plain;
    struct tg_turn listed;  /* content or output that is a list */
    struct tg_turn summary; /* of reasoning */
    struct tg_text action;  /* of a shell call */
    struct tg_text tools;   /* of additional_tools */
    struct tg_text raw;
};

/* A list of parts, into a turn of its own: the reading's goes on afterwards. */
static void read_list(struct tg_reading *reading, struct tg_json_token *list, struct tg_turn *into)
{
    struct tg_turn *turn = reading->tail.turn;
    struct tg_part *last = reading->tail.part;
    struct tg_json_token element;
    reading->tail.turn = into;
    reading->tail.part = NULL;
    into->parts = NULL;
    while (tg_json_scan_next_in(&reading->scan, list, &element))
        tg_responses_read_content_part(reading, &element);
    reading->tail.turn = turn;
    reading->tail.part = last;
}

static void read_item_member(struct tg_reading *reading, struct tg_json_token *member, struct item *item)
{
    static const struct {
        const char *key;
        size_t at;
    } STRINGS[] = {
        {"type", offsetof(struct item, type)},
        {"role", offsetof(struct item, role)},
        {"id", offsetof(struct item, id)},
        {"call_id", offsetof(struct item, call_id)},
        {"name", offsetof(struct item, name)},
        {"namespace", offsetof(struct item, space)},
        {"arguments", offsetof(struct item, arguments)},
        {"input", offsetof(struct item, input)},
        {"encrypted_content", offsetof(struct item, encrypted)},
    };
    for (size_t i = 0; i < sizeof(STRINGS) / sizeof(STRINGS[0]); ++i) {
        if (member->kind == TG_JSON_STRING && tg_json_text_is(member->key, STRINGS[i].key)) {
            *(struct tg_json_string *)((char *)item + STRINGS[i].at) = tg_json_string(member->value);
            return;
        }
    }
    bool is_content = tg_json_text_is(member->key, "content") || tg_json_text_is(member->key, "output");
    if (is_content && member->kind == TG_JSON_STRING) {
        item->plain = tg_json_string(member->value);
        item->has_plain = true;
    } else if (is_content && member->kind == TG_JSON_ARRAY) {
        read_list(reading, member, &item->listed);
    } else if (member->kind == TG_JSON_ARRAY && tg_json_text_is(member->key, "summary")) {
        read_list(reading, member, &item->summary);
    } else if (tg_json_text_is(member->key, "action")) {
        item->action = tg_reading_raw(reading, member);
    } else if (tg_json_text_is(member->key, "tools")) {
        item->tools = tg_reading_raw(reading, member);
    }
}

/* The turn that an item belongs to: the one before if it `continues` that, otherwise a new one. */
static void enter_turn(struct tg_reading *reading, enum tg_role role, bool continues, size_t index)
{
    struct tg_turn *last = reading->tail.turn;
    if (continues && last != NULL && last->role == role)
        return;
    struct tg_turn *turn = tg_request_add_turn(reading->arena, reading->request, &reading->tail, role);
    turn->path = tg_reading_path(reading, "input", index);
}

static struct tg_part *add_part(struct tg_reading *reading, enum tg_part_kind kind)
{
    return tg_request_add_part(reading->arena, reading->request, &reading->tail, kind);
}

/* What read_list() collected, behind the parts of the current turn. */
static void append_listed(struct tg_reading *reading, const struct tg_turn *listed)
{
    if (listed->parts == NULL)
        return;
    if (reading->tail.part == NULL)
        reading->tail.turn->parts = listed->parts;
    else
        reading->tail.part->next = listed->parts;
    struct tg_part *last = listed->parts;
    while (last->next != NULL)
        last = last->next;
    reading->tail.part = last;
}

static void take_message(struct tg_reading *reading, const struct item *item, size_t index)
{
    enum tg_role role = TG_ROLE_USER;
    if (tg_json_string_is(item->role, "assistant"))
        role = TG_ROLE_ASSISTANT;
    else if (tg_json_string_is(item->role, "system"))
        role = TG_ROLE_SYSTEM;
    else if (tg_json_string_is(item->role, "developer"))
        role = TG_ROLE_DEVELOPER;
    enter_turn(reading, role, role == TG_ROLE_ASSISTANT, index);
    if (item->has_plain)
        add_part(reading, TG_PART_TEXT)->text = item->plain;
    append_listed(reading, &item->listed);
}

/* The texts of a list, with an empty line between them. */
static struct tg_json_string join(struct tg_arena *arena, struct tg_part *parts)
{
    struct tg_json_string text = tg_json_string(tg_text(NULL, 0));
    size_t bytes = 0;
    for (const struct tg_part *part = parts; part != NULL; part = part->next)
        bytes += part->text.written.bytes + 4;
    if (parts == NULL || parts->next == NULL)
        return parts == NULL ? text : parts->text;
    char *out = tg_arena_alloc(arena, bytes), *at = out;
    for (const struct tg_part *part = parts; part != NULL; part = part->next) {
        if (part->text.written.bytes == 0)
            continue;
        if (at != out) {
            memcpy(at, "\\n\\n", 4);
            at += 4;
        }
        memcpy(at, part->text.written.data, part->text.written.bytes);
        at += part->text.written.bytes;
    }
    return tg_json_string(tg_text(out, (size_t)(at - out)));
}

static void take_reasoning(struct tg_reading *reading, const struct item *item, size_t index)
{
    static const struct tg_text REDACTED = TG_TEXT_LITERAL(TG_RESPONSES_REDACTED);
    enter_turn(reading, TG_ROLE_ASSISTANT, true, index);
    struct tg_part *part = add_part(reading, TG_PART_THINKING);
    part->text = join(reading->arena, item->summary.parts);
    if (tg_json_string_is_empty(part->text))
        part->text = item->has_plain ? item->plain : join(reading->arena, item->listed.parts);
    part->signature = tg_signature_unmark(TG_DIALECT_RESPONSES, item->encrypted, &part->signature_origin);
    struct tg_text signature = part->signature.written;
    if (part->signature_origin != TG_DIALECT_RESPONSES && tg_text_starts_with(signature, TG_RESPONSES_REDACTED)) {
        part->kind = TG_PART_REDACTED_THINKING;
        part->signature = tg_json_string(tg_text(signature.data + REDACTED.bytes, signature.bytes - REDACTED.bytes));
    }
}

static void take_call(struct tg_reading *reading, const struct item *item, size_t index)
{
    enter_turn(reading, TG_ROLE_ASSISTANT, true, index);
    struct tg_part *part = add_part(reading, TG_PART_TOOL_CALL);
    part->call_id = item->call_id;
    if (tg_json_string_is(item->type, "local_shell_call")) {
        part->name = tg_json_string_literal(TG_RESPONSES_LOCAL_SHELL);
        part->arguments = (struct tg_arguments){.raw = item->action};
        part->raw = item->raw;
        if (tg_json_string_is_empty(part->call_id))
            part->call_id = item->id;
        return;
    }
    part->name = tg_responses_flat_name(reading->arena, item->space, item->name);
    if (!tg_json_string_is_empty(item->space))
        part->raw = item->raw;
    if (tg_json_string_is(item->type, "custom_tool_call"))
        part->arguments = tg_freeform_wrap(reading->arena, item->input);
    else
        part->arguments = (struct tg_arguments){.is_string = true, .raw = item->arguments.written};
}

static void take_result(struct tg_reading *reading, const struct item *item, size_t index)
{
    struct tg_turn *last = reading->tail.turn;
    bool is_after_result = last != NULL && last->parts != NULL && last->parts->kind == TG_PART_TOOL_RESULT;
    enter_turn(reading, TG_ROLE_USER, is_after_result, index);
    struct tg_part *part = add_part(reading, TG_PART_TOOL_RESULT);
    part->call_id = tg_json_string_is_empty(item->call_id) ? item->id : item->call_id;
    if (tg_json_string_is(item->type, "local_shell_call_output"))
        part->raw = item->raw;
    if (item->has_plain)
        tg_request_add_content(reading->arena, reading->request, &reading->tail, part, TG_PART_TEXT)->text =
            item->plain;
    else
        part->content = item->listed.parts;
}

/* Search calls, references to what is stored, compacted histories, … */
static void take_other(struct tg_reading *reading, const struct item *item, size_t index)
{
    enter_turn(reading, TG_ROLE_ASSISTANT, true, index);
    struct tg_part *part = add_part(reading, TG_PART_OTHER);
    part->is_item = true;
    part->name = item->type;
    part->raw = item->raw;
    reading->request->is_beyond_text = true;
}

static void take_tools(struct tg_reading *reading, const struct item *item, size_t index)
{
    tg_responses_read_additional_tools(reading, item->tools, index);
}

static const struct {
    const char *type;
    void (*take)(struct tg_reading *reading, const struct item *item, size_t index);
} takers[] = {
    {"message", take_message},
    {"reasoning", take_reasoning},
    {"function_call", take_call},
    {"custom_tool_call", take_call},
    {"local_shell_call", take_call},
    {"function_call_output", take_result},
    {"custom_tool_call_output", take_result},
    {"local_shell_call_output", take_result},
    {"additional_tools", take_tools},
};

static void read_item(struct tg_reading *reading, struct tg_json_token *token, size_t index)
{
    struct item item = {.has_plain = false};
    struct tg_json_token member;
    const char *begin = token->value.data;
    while (tg_json_scan_next_in(&reading->scan, token, &member))
        read_item_member(reading, &member, &item);
    item.raw = tg_text(begin, (size_t)(reading->scan.at - begin));
    if (tg_json_string_is_empty(item.type) && !tg_json_string_is_empty(item.role))
        item.type = tg_json_string_literal("message");
    for (size_t i = 0; i < sizeof(takers) / sizeof(takers[0]); ++i) {
        if (tg_json_string_is(item.type, takers[i].type)) {
            takers[i].take(reading, &item, index);
            return;
        }
    }
    take_other(reading, &item, index);
}

void tg_responses_read_input(struct tg_reading *reading, struct tg_json_token *token)
{
    struct tg_model_request *request = reading->request;
    const char *begin = token->value.data;
    struct tg_json_token element;
    size_t index = 0;
    if (token->kind == TG_JSON_STRING) {
        tg_request_add_turn(reading->arena, request, &reading->tail, TG_ROLE_USER)->path = tg_text_of("input");
        add_part(reading, TG_PART_TEXT)->text = tg_json_string(token->value);
        request->prompt_bytes += token->value.bytes;
        return;
    }
    if (token->kind != TG_JSON_ARRAY) {
        if (token->kind != TG_JSON_NULL)
            tg_reading_fail_type(reading, "input", "a string or an array", token);
        return;
    }
    for (; tg_json_scan_next_in(&reading->scan, token, &element); ++index) {
        if (element.kind == TG_JSON_OBJECT)
            read_item(reading, &element, index);
        else
            tg_reading_fail_type(reading, "input[]", "an object", &element);
    }
    request->prompt_bytes += (size_t)(reading->scan.at - begin);
}
