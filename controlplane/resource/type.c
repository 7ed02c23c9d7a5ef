#include "controlplane/resource/type.h"

#include <assert.h>

int tg_resource_find_field(const struct tg_resource_type *type, struct tg_text name)
{
    for (size_t i = 0; i < type->field_count; ++i) {
        if (tg_text_is(name, type->fields[i].name))
            return (int)i;
    }
    return -1;
}

struct tg_value *tg_record_value(struct tg_record *record, const char *field)
{
    int index = tg_resource_find_field(record->type, tg_text_of(field));
    assert(index >= 0);
    return &record->values[index];
}

const struct tg_value *tg_record_get(const struct tg_record *record, const char *field)
{
    int index = tg_resource_find_field(record->type, tg_text_of(field));
    assert(index >= 0);
    return &record->values[index];
}

void tg_value_set_text(struct tg_value *value, struct tg_text text)
{
    *value = (struct tg_value){.is_given = true, .text = text};
}

void tg_value_set_number(struct tg_value *value, int64_t number)
{
    *value = (struct tg_value){.is_given = true, .number = number};
}

char *tg_record_string(const struct tg_operation *operation, const struct tg_record *record, const char *field)
{
    return (char *)tg_arena_copy(operation->arena, tg_record_get(record, field)->text).data;
}
