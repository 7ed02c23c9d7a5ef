#include "dataplane/dialects/canonical/request.h"

#include "common/codec/json_scan.h"

struct tg_turn *tg_request_add_turn(struct tg_arena *arena, struct tg_model_request *request,
                                    struct tg_request_tail *tail, enum tg_role role)
{
    struct tg_turn *turn = tg_arena_calloc(arena, sizeof(*turn));
    turn->role = role;
    if (tail->turn == NULL)
        request->turns = turn;
    else
        tail->turn->next = turn;
    tail->turn = turn;
    tail->part = NULL;
    return turn;
}

/* A new part, or beyond the bound one that belongs to nothing. */
static struct tg_part *new_part(struct tg_arena *arena, struct tg_model_request *request, struct tg_request_tail *tail,
                                enum tg_part_kind kind, bool *is_spare)
{
    *is_spare = tail->part_count == TG_MAX_PARTS;
    if (*is_spare && request->untranslatable != NULL) {
        memset(tail->spare, 0, sizeof(*tail->spare));
        return tail->spare;
    }
    struct tg_part *part = tg_arena_calloc(arena, sizeof(*part));
    part->kind = kind;
    if (*is_spare) {
        request->untranslatable = "it has more parts than the gateway translates";
        tail->spare = part;
    } else {
        ++tail->part_count;
    }
    return part;
}

struct tg_part *tg_request_add_part(struct tg_arena *arena, struct tg_model_request *request,
                                    struct tg_request_tail *tail, enum tg_part_kind kind)
{
    bool is_spare;
    struct tg_part *part = new_part(arena, request, tail, kind, &is_spare);
    if (is_spare)
        return part;
    if (tail->part == NULL)
        tail->turn->parts = part;
    else
        tail->part->next = part;
    tail->part = part;
    return part;
}

struct tg_part *tg_request_add_content(struct tg_arena *arena, struct tg_model_request *request,
                                       struct tg_request_tail *tail, struct tg_part *result, enum tg_part_kind kind)
{
    bool is_spare;
    struct tg_part *part = new_part(arena, request, tail, kind, &is_spare);
    if (is_spare)
        return part;
    if (result->content == NULL)
        result->content = part;
    else
        tail->content->next = part;
    tail->content = part;
    return part;
}

struct tg_tool *tg_request_add_tool(struct tg_arena *arena, struct tg_model_request *request,
                                    struct tg_request_tail *tail, enum tg_tool_kind kind)
{
    struct tg_tool *tool = tg_arena_calloc(arena, sizeof(*tool));
    tool->kind = kind;
    if (tail->tool == NULL)
        request->tools = tool;
    else
        tail->tool->next = tool;
    tail->tool = tool;
    return tool;
}

void tg_request_add_field(struct tg_arena *arena, struct tg_model_request *request, struct tg_request_tail *tail,
                          enum tg_field_id id, struct tg_text path, struct tg_text value)
{
    struct tg_field *field = tg_arena_alloc(arena, sizeof(*field));
    *field = (struct tg_field){.id = id, .path = path, .value = value};
    if (tail->field == NULL)
        request->fields = field;
    else
        tail->field->next = field;
    tail->field = field;
}

const struct tg_field *tg_request_field(const struct tg_model_request *request, enum tg_field_id id)
{
    for (const struct tg_field *field = request->fields; field != NULL; field = field->next)
        if (field->id == id)
            return field;
    return NULL;
}

/* ---- arguments ---- */

static bool is_object(struct tg_text json)
{
    struct tg_json_scan scan;
    struct tg_json_token root;
    struct tg_error ignored;
    tg_json_scan_init(&scan, json);
    bool begins = tg_json_scan_next(&scan, &root) == TG_JSON_BEGIN && root.kind == TG_JSON_OBJECT;
    return tg_json_scan_finish(&scan, &ignored) == TG_OK && begins;
}

bool tg_arguments_value(struct tg_arena *arena, const struct tg_arguments *arguments, struct tg_text *value)
{
    if (arguments->raw.bytes == 0) {
        *value = tg_text_of("{}");
        return true;
    }
    /* A value was proved to be JSON when its document was read. */
    *value = arguments->is_string ? tg_json_unescape(arena, arguments->raw) : arguments->raw;
    return arguments->is_string ? is_object(*value) : value->data[0] == '{';
}

struct tg_json_string tg_arguments_string(struct tg_arena *arena, const struct tg_arguments *arguments)
{
    return arguments->is_string ? tg_json_string(arguments->raw) : tg_json_string_of(arena, arguments->raw);
}

struct tg_json_string tg_request_called_name(const struct tg_model_request *request, struct tg_json_string call_id)
{
    for (const struct tg_turn *turn = request->turns; turn != NULL; turn = turn->next)
        for (const struct tg_part *part = turn->parts; part != NULL; part = part->next)
            if (part->kind == TG_PART_TOOL_CALL && tg_json_string_equals(part->call_id, call_id))
                return part->name;
    return tg_json_string(tg_text(NULL, 0));
}
