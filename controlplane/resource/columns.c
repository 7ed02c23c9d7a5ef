#include "controlplane/resource/columns.h"

#include <assert.h>

static const char *const common_columns = "id, version, created_at, updated_at";
enum { COMMON_COLUMNS = 4 };

const char *tg_columns_select(struct tg_arena *arena, const struct tg_resource_type *type, const char *condition)
{
    struct tg_text list = tg_text_of(common_columns);
    for (size_t i = 0; i < type->field_count; ++i) {
        if (type->fields[i].column != NULL)
            list = tg_arena_printf(arena, "%.*s, %s", TG_TEXT_ARG(list), type->fields[i].column);
    }
    return tg_arena_printf(arena, "SELECT %.*s FROM %s WHERE %s", TG_TEXT_ARG(list), type->table, condition).data;
}

static struct tg_value load_value(const struct tg_operation *operation, const struct tg_field *field,
                                  const tg_db_result *result, size_t row, size_t column)
{
    struct tg_value value = {.is_null = tg_db_is_null(result, row, column)};
    if (value.is_null)
        return value;
    bool is_whole;
    switch (field->kind) {
    case TG_FIELD_NAME:
    case TG_FIELD_TEXT:
    case TG_FIELD_CHOICE:
    case TG_FIELD_JSON:
    case TG_FIELD_DOCUMENT:
        value.text = tg_arena_copy(operation->arena, tg_db_get_text(result, row, column));
        break;
    case TG_FIELD_HEX:
    case TG_FIELD_BYTES:
        value.text = tg_arena_copy(operation->arena, tg_db_get_bytes(result, row, column));
        break;
    case TG_FIELD_INTEGER:
    case TG_FIELD_MONEY:
        value.number = tg_db_get_int64(result, row, column);
        break;
    case TG_FIELD_AMOUNT:
        is_whole = tg_db_get_numeric_int64(result, row, column, &value.number);
        assert(is_whole); /* a CHECK of the table bounds it */
        (void)is_whole;
        break;
    case TG_FIELD_BOOLEAN:
        value.number = tg_db_get_bool(result, row, column);
        break;
    case TG_FIELD_ID:
        value.id = tg_db_get_id(result, row, column);
        break;
    case TG_FIELD_TIME:
        value.number = tg_db_get_time_ms(result, row, column);
        break;
    case TG_FIELD_IDS:
        assert(false);
        break;
    }
    return value;
}

void tg_columns_load(const struct tg_operation *operation, const struct tg_resource_type *type,
                     const tg_db_result *result, size_t row, struct tg_record *record)
{
    *record = (struct tg_record){
        .type = type,
        .id = tg_db_get_id(result, row, 0),
        .version = tg_db_get_int64(result, row, 1),
        .created_at_ms = tg_db_get_time_ms(result, row, 2),
        .updated_at_ms = tg_db_get_time_ms(result, row, 3),
    };
    record->organization_id = type->is_organization ? record->id : operation->organization_id;
    size_t column = COMMON_COLUMNS;
    for (size_t i = 0; i < type->field_count; ++i) {
        if (type->fields[i].column != NULL)
            record->values[i] = load_value(operation, &type->fields[i], result, row, column++);
    }
}

struct tg_db_value tg_columns_param(const struct tg_field *field, const struct tg_value *value)
{
    if (value->is_null)
        return tg_db_null();
    switch (field->kind) {
    case TG_FIELD_HEX:
    case TG_FIELD_BYTES:
        return tg_db_bytes(value->text.data, value->text.bytes);
    case TG_FIELD_INTEGER:
    case TG_FIELD_MONEY:
    case TG_FIELD_AMOUNT:
        return tg_db_int64(value->number);
    case TG_FIELD_BOOLEAN:
        return tg_db_bool(value->number != 0);
    case TG_FIELD_ID:
        return tg_db_id(value->id);
    case TG_FIELD_IDS:
        return tg_db_ids(value->ids, value->id_count);
    case TG_FIELD_TIME:
        return tg_db_time(value->number);
    default:
        return tg_db_text(value->text);
    }
}

static void take_times(struct tg_record *record, const tg_db_result *result)
{
    assert(tg_db_rows(result) == 1);
    record->version = tg_db_get_int64(result, 0, 0);
    record->created_at_ms = tg_db_get_time_ms(result, 0, 1);
    record->updated_at_ms = tg_db_get_time_ms(result, 0, 2);
}

enum tg_status tg_columns_insert(const struct tg_operation *operation, struct tg_record *record, struct tg_error *error)
{
    const struct tg_resource_type *type = record->type;
    struct tg_db_value params[TG_RESOURCE_MAX_FIELDS + 2] = {tg_db_id(record->id)};
    size_t count = 1;
    struct tg_text names = tg_text_of("id");
    struct tg_text places = tg_text_of("$1");
    if (!type->is_organization) {
        params[count++] = tg_db_id(record->organization_id);
        names = tg_text_of("id, organization_id");
        places = tg_text_of("$1, $2");
    }
    for (size_t i = 0; i < type->field_count; ++i) {
        if (type->fields[i].column == NULL)
            continue;
        params[count++] = tg_columns_param(&type->fields[i], &record->values[i]);
        names = tg_arena_printf(operation->arena, "%.*s, %s", TG_TEXT_ARG(names), type->fields[i].column);
        places = tg_arena_printf(operation->arena, "%.*s, $%zu", TG_TEXT_ARG(places), count);
    }
    const char *sql = tg_arena_printf(operation->arena,
                                      "INSERT INTO %s (%.*s) VALUES (%.*s) RETURNING version, created_at, updated_at",
                                      type->table, TG_TEXT_ARG(names), TG_TEXT_ARG(places))
                          .data;
    TG_DB_RESULT tg_db_result *result = NULL;
    enum tg_status status = tg_db_query(operation->db, sql, params, count, &result, error);
    if (status == TG_OK)
        take_times(record, result);
    return status;
}

enum tg_status tg_columns_update(const struct tg_operation *operation, struct tg_record *record, struct tg_error *error)
{
    const struct tg_resource_type *type = record->type;
    struct tg_db_value params[TG_RESOURCE_MAX_FIELDS + 1] = {tg_db_id(record->id)};
    size_t count = 1;
    struct tg_text list = tg_text_of("version = version + 1, updated_at = now()");
    for (size_t i = 0; i < type->field_count; ++i) {
        if (type->fields[i].column == NULL || (type->fields[i].flags & TG_FIELD_IMMUTABLE) != 0)
            continue;
        params[count++] = tg_columns_param(&type->fields[i], &record->values[i]);
        list = tg_arena_printf(operation->arena, "%.*s, %s = $%zu", TG_TEXT_ARG(list), type->fields[i].column, count);
    }
    const char *sql =
        tg_arena_printf(operation->arena, "UPDATE %s SET %.*s WHERE id = $1 RETURNING version, created_at, updated_at",
                        type->table, TG_TEXT_ARG(list))
            .data;
    TG_DB_RESULT tg_db_result *result = NULL;
    enum tg_status status = tg_db_query(operation->db, sql, params, count, &result, error);
    if (status == TG_OK)
        take_times(record, result);
    return status;
}

enum tg_status tg_columns_mark_deleted(const struct tg_operation *operation, const struct tg_record *record,
                                       struct tg_error *error)
{
    struct tg_db_value params[] = {tg_db_id(record->id)};
    const char *sql = tg_arena_printf(operation->arena,
                                      "UPDATE %s SET version = version + 1, updated_at = now(), deleted_at = now()"
                                      " WHERE id = $1",
                                      record->type->table)
                          .data;
    return tg_db_query(operation->db, sql, params, 1, NULL, error);
}
