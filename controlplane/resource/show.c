#include "controlplane/resource/show.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base/money.h"
#include "common/base/time.h"

enum { MONEY_DECIMALS = 12 };

void tg_show_id(struct tg_json_writer *writer, const char *key, struct tg_id id)
{
    char text[TG_ID_TEXT_BYTES];
    tg_id_format(id, text);
    tg_show_text(writer, key, tg_text_of(text));
}

void tg_show_time(struct tg_json_writer *writer, const char *key, int64_t unix_ms)
{
    char text[TG_TIME_TEXT_BYTES];
    tg_time_format(unix_ms, text);
    tg_show_text(writer, key, tg_text_of(text));
}

void tg_show_text(struct tg_json_writer *writer, const char *key, struct tg_text text)
{
    tg_json_write_key(writer, key);
    tg_json_write_string(writer, text);
}

void tg_show_i64(struct tg_json_writer *writer, const char *key, int64_t number)
{
    tg_json_write_key(writer, key);
    tg_json_write_i64(writer, number);
}

void tg_show_boolean(struct tg_json_writer *writer, const char *key, bool is_true)
{
    tg_json_write_key(writer, key);
    tg_json_write_boolean(writer, is_true);
}

void tg_show_null(struct tg_json_writer *writer, const char *key)
{
    tg_json_write_key(writer, key);
    tg_json_write_null(writer);
}

void tg_amount_format(struct tg_text digits, bool is_money, char out[TG_AMOUNT_TEXT_BYTES])
{
    if (!is_money) {
        snprintf(out, TG_AMOUNT_TEXT_BYTES, "%.*s", TG_TEXT_ARG(digits));
        return;
    }
    char padded[TG_AMOUNT_TEXT_BYTES]; /* at least one digit before the point */
    size_t wanted = digits.bytes > MONEY_DECIMALS ? digits.bytes : MONEY_DECIMALS + 1;
    memset(padded, '0', wanted - digits.bytes);
    memcpy(padded + wanted - digits.bytes, digits.data, digits.bytes);
    size_t decimals = MONEY_DECIMALS;
    while (decimals > 0 && padded[wanted - MONEY_DECIMALS + decimals - 1] == '0')
        --decimals;
    int whole = (int)(wanted - MONEY_DECIMALS);
    snprintf(out, TG_AMOUNT_TEXT_BYTES, "%.*s%s%.*s", whole, padded, decimals > 0 ? "." : "", (int)decimals,
             padded + whole);
}

static bool is_money_budget(const struct tg_record *record)
{
    return tg_text_is(tg_record_get(record, "unit")->text, "money");
}

static void show_ids(const struct tg_value *value, struct tg_json_writer *writer)
{
    tg_json_write_array_begin(writer);
    for (size_t i = 0; i < value->id_count; ++i) {
        char text[TG_ID_TEXT_BYTES];
        tg_id_format(value->ids[i], text);
        tg_json_write_string(writer, tg_text_of(text));
    }
    tg_json_write_array_end(writer);
}

static void show_value(const struct tg_record *record, const struct tg_field *field, const struct tg_value *value,
                       struct tg_json_writer *writer)
{
    char text[TG_AMOUNT_TEXT_BYTES];
    switch (field->kind) {
    case TG_FIELD_INTEGER:
        tg_json_write_i64(writer, value->number);
        return;
    case TG_FIELD_BOOLEAN:
        tg_json_write_boolean(writer, value->number != 0);
        return;
    case TG_FIELD_IDS:
        show_ids(value, writer);
        return;
    case TG_FIELD_JSON:
    case TG_FIELD_DOCUMENT:
        tg_json_write_raw(writer, value->text);
        return;
    case TG_FIELD_ID:
        tg_id_format(value->id, text);
        break;
    case TG_FIELD_TIME:
        tg_time_format(value->number, text);
        break;
    case TG_FIELD_MONEY:
        tg_money_format(value->number, text);
        break;
    case TG_FIELD_AMOUNT:
        if (is_money_budget(record))
            tg_money_format(value->number, text);
        else
            snprintf(text, sizeof(text), "%" PRId64, value->number);
        break;
    default:
        tg_json_write_string(writer, value->text);
        return;
    }
    tg_json_write_string(writer, tg_text_of(text));
}

static bool is_visible(const struct tg_field *field, const struct tg_value *value, enum tg_resource_view view)
{
    if ((field->flags & TG_FIELD_HIDDEN) != 0)
        return false;
    if ((field->flags & TG_FIELD_ONCE) != 0)
        return view == TG_RESOURCE_ANSWER && value->is_given;
    return view == TG_RESOURCE_ANSWER || (field->flags & TG_FIELD_VOLATILE) == 0;
}

void tg_resource_show(const struct tg_record *record, enum tg_resource_view view, struct tg_json_writer *writer)
{
    const struct tg_resource_type *type = record->type;
    tg_json_write_object_begin(writer);
    tg_show_id(writer, "id", record->id);
    if (!type->is_organization)
        tg_show_id(writer, "organization_id", record->organization_id);
    for (size_t i = 0; i < type->field_count; ++i) {
        const struct tg_value *value = &record->values[i];
        if (!is_visible(&type->fields[i], value, view))
            continue;
        tg_json_write_key(writer, type->fields[i].name);
        if (value->is_null)
            tg_json_write_null(writer);
        else
            show_value(record, &type->fields[i], value, writer);
    }
    tg_show_i64(writer, "version", record->version);
    tg_show_time(writer, "created_at", record->created_at_ms);
    tg_show_time(writer, "updated_at", record->updated_at_ms);
    tg_json_write_object_end(writer);
}
