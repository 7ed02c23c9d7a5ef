#include "controlplane/resource/read.h"

#include <inttypes.h>

#include "common/base/money.h"
#include "common/base/time.h"

enum { MAX_DOCUMENT_BYTES = 64 << 10 };

bool tg_is_resource_name(struct tg_text text)
{
    if (text.bytes < 1 || text.bytes > 128)
        return false;
    for (size_t i = 0; i < text.bytes; ++i) {
        char c = text.data[i];
        bool is_alphanumeric = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!is_alphanumeric && (i == 0 || strchr("._:/@+-", c) == NULL || c == '\0'))
            return false;
    }
    return true;
}

static bool is_visible_ascii(struct tg_text text)
{
    for (size_t i = 0; i < text.bytes; ++i) {
        if (text.data[i] < '!' || text.data[i] > '~')
            return false;
    }
    return true;
}

static bool is_choice(const struct tg_field *field, struct tg_text text)
{
    for (size_t i = 0; field->choices[i] != NULL; ++i) {
        if (tg_text_is(text, field->choices[i]))
            return true;
    }
    return false;
}

/* "chat, embedding" */
static const char *list_choices(struct tg_arena *arena, const struct tg_field *field)
{
    struct tg_text list = tg_text_of(field->choices[0]);
    for (size_t i = 1; field->choices[i] != NULL; ++i)
        list = tg_arena_printf(arena, "%.*s, %s", TG_TEXT_ARG(list), field->choices[i]);
    return tg_arena_copy(arena, list).data;
}

/* Reads a value that arrived as text; NULL, or what is wrong with it. */
static const char *read_text(const struct tg_field *field, struct tg_text text, struct tg_arena *arena,
                             struct tg_value *value)
{
    value->text = text;
    switch (field->kind) {
    case TG_FIELD_NAME:
        return tg_is_resource_name(text) ? NULL
                                         : "must be 1 to 128 letters, digits and . _ : / @ + - "
                                           "and begin with a letter or digit";
    case TG_FIELD_TEXT:
        if ((int64_t)text.bytes < field->min || (int64_t)text.bytes > field->max)
            return tg_arena_printf(arena, "must be %" PRId64 " to %" PRId64 " bytes long", field->min, field->max).data;
        if ((field->flags & TG_FIELD_VISIBLE_ASCII) != 0 && !is_visible_ascii(text))
            return "must consist of visible ASCII characters without spaces";
        return NULL;
    case TG_FIELD_CHOICE:
        if (is_choice(field, text))
            return NULL;
        return tg_arena_printf(arena, "must be one of: %s", list_choices(arena, field)).data;
    case TG_FIELD_ID:
        return tg_id_parse(text, &value->id) && !tg_id_is_zero(value->id) ? NULL : "must be a UUID";
    case TG_FIELD_TIME:
        return tg_time_parse(text, &value->number) ? NULL : "must be an RFC 3339 time such as 2026-01-31T23:59:59Z";
    case TG_FIELD_MONEY:
        return tg_money_parse(text, &value->number) && value->number >= 0
                   ? NULL
                   : "must be a decimal number of US dollars with at most twelve decimals, such as \"0.02\"";
    case TG_FIELD_HEX: {
        char *octets = tg_arena_alloc(arena, (size_t)field->max);
        if (!tg_hex_decode(text, octets, (size_t)field->max))
            return tg_arena_printf(arena, "must be %" PRId64 " hex digits", 2 * field->max).data;
        value->text = tg_text(octets, (size_t)field->max);
        return NULL;
    }
    default:
        return NULL; /* an amount: its unit decides, see the type's prepare() */
    }
}

/* As above, for a list of ids. Without repetitions, so that it is a set. */
static const char *read_ids(const struct tg_field *field, const tg_json *json, struct tg_arena *arena,
                            struct tg_value *value)
{
    size_t count = tg_json_count(json);
    if ((int64_t)count > field->max)
        return tg_arena_printf(arena, "must have at most %" PRId64 " items", field->max).data;
    struct tg_id *ids = tg_arena_alloc(arena, (count + 1) * sizeof(*ids));
    for (size_t i = 0; i < count; ++i) {
        const tg_json *item = tg_json_at(json, i);
        if (!tg_json_is(item, TG_JSON_STRING) || !tg_id_parse(tg_json_text(item), &ids[i]))
            return "must be a list of UUIDs";
        bool is_repeated = false;
        for (size_t j = 0; j < value->id_count && !is_repeated; ++j)
            is_repeated = tg_id_equals(ids[j], ids[i]);
        if (!is_repeated)
            ids[value->id_count++] = ids[i];
    }
    value->ids = ids;
    return NULL;
}

static const char *read_document(const tg_json *json, struct tg_arena *arena, struct tg_value *value)
{
    struct tg_buf text;
    tg_buf_init(&text, MAX_DOCUMENT_BYTES);
    const char *problem = tg_json_dump(json, TG_JSON_COMPACT, &text) == TG_OK ? NULL : "is too long";
    if (problem == NULL)
        value->text = tg_arena_copy(arena, tg_buf_text(&text));
    tg_buf_deinit(&text);
    return problem;
}

/* NULL, or what is wrong with the member. */
static const char *read_value(const struct tg_field *field, const tg_json *json, struct tg_arena *arena,
                              struct tg_value *value)
{
    if (tg_json_is(json, TG_JSON_NULL)) {
        value->is_null = true;
        return (field->flags & TG_FIELD_NULLABLE) != 0 ? NULL : "must not be null";
    }
    switch (field->kind) {
    case TG_FIELD_INTEGER:
        if (!tg_json_is_i64(json))
            return "must be a whole number";
        value->number = tg_json_i64(json);
        if (value->number < field->min || value->number > field->max)
            return tg_arena_printf(arena, "must be %" PRId64 " to %" PRId64, field->min, field->max).data;
        return NULL;
    case TG_FIELD_BOOLEAN:
        if (!tg_json_is(json, TG_JSON_BOOLEAN))
            return "must be true or false";
        value->number = tg_json_boolean(json);
        return NULL;
    case TG_FIELD_DOCUMENT:
        return read_document(json, arena, value);
    case TG_FIELD_IDS:
        return tg_json_is(json, TG_JSON_ARRAY) ? read_ids(field, json, arena, value) : "must be a list of UUIDs";
    default:
        if (!tg_json_is(json, TG_JSON_STRING))
            return field->kind == TG_FIELD_MONEY || field->kind == TG_FIELD_AMOUNT
                       ? "must be a decimal number in a string, such as \"12.5\""
                       : "must be a string";
        return read_text(field, tg_arena_copy(arena, tg_json_text(json)), arena, value);
    }
}

static void set_default(const struct tg_field *field, struct tg_value *value)
{
    if ((field->flags & TG_FIELD_NULLABLE) != 0) {
        value->is_null = true;
        return;
    }
    value->text = tg_text_of(field->default_text == NULL ? "" : field->default_text);
    value->number = field->default_number;
}

static void read_member(const struct tg_resource_type *type, struct tg_text key, const tg_json *json, bool is_creation,
                        struct tg_arena *arena, struct tg_record *record, struct tg_refusal *refusal)
{
    int index = tg_resource_find_field(type, key);
    const struct tg_field *field = index < 0 ? NULL : &type->fields[index];
    static const char *const common[] = {"id", "organization_id", "version", "created_at", "updated_at"};
    bool is_common = false;
    for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); ++i)
        is_common = is_common || tg_text_is(key, common[i]);
    bool is_shown = field != NULL && (field->flags & TG_FIELD_HIDDEN) == 0;
    if (is_common || (is_shown && (field->flags & TG_FIELD_COMPUTED) != 0)) {
        tg_refuse_field(refusal, key, "is set by the server");
        return;
    }
    if (field == NULL || (field->flags & TG_FIELD_COMPUTED) != 0) {
        tg_refuse_field(refusal, key, "is not a member of %s", type->article_noun);
        return;
    }
    if (!is_creation && (field->flags & TG_FIELD_IMMUTABLE) != 0) {
        tg_refuse_field(refusal, key, "cannot be changed");
        return;
    }
    struct tg_value value = {.is_given = true};
    const char *problem = read_value(field, json, arena, &value);
    if (problem != NULL)
        tg_refuse_field(refusal, key, "%s", problem);
    else
        record->values[index] = value;
}

void tg_resource_read(const struct tg_resource_type *type, const tg_json *body, bool is_creation,
                      struct tg_arena *arena, struct tg_record *record, struct tg_refusal *refusal)
{
    struct tg_json_cursor cursor = {0};
    while (tg_json_next_member(body, &cursor))
        read_member(type, cursor.key, cursor.value, is_creation, arena, record, refusal);
    if (!is_creation) {
        if (tg_json_count(body) == 0)
            tg_refuse(refusal, TG_REFUSAL_INVALID, "The request changes nothing: it has no members.");
        return;
    }
    for (size_t i = 0; i < type->field_count; ++i) {
        const struct tg_field *field = &type->fields[i];
        if (record->values[i].is_given)
            continue;
        if ((field->flags & TG_FIELD_REQUIRED) != 0) /* no second error if it is there and wrong */
            tg_refuse_field(refusal, tg_text_of(field->name), "is required");
        else
            set_default(field, &record->values[i]);
    }
}

bool tg_resource_read_filter(const struct tg_field *field, struct tg_text text, struct tg_value *value)
{
    switch (field->kind) {
    case TG_FIELD_NAME:
    case TG_FIELD_TEXT:
        value->text = text;
        return text.bytes > 0;
    case TG_FIELD_CHOICE:
        value->text = text;
        return is_choice(field, text);
    case TG_FIELD_ID:
        return tg_id_parse(text, &value->id);
    default:
        return false;
    }
}
