/* Between records and rows: the statements that a type's table gives, and the values in them. */
#ifndef TG_RESOURCE_COLUMNS_H
#define TG_RESOURCE_COLUMNS_H

#include "controlplane/resource/type.h"

/* "SELECT id, version, created_at, updated_at, <columns> FROM <table> WHERE <condition>", in the arena. */
const char *tg_columns_select(struct tg_arena *arena, const struct tg_resource_type *type, const char *condition);

/* Fills the record from a row of that statement; text is copied into the operation's arena. */
void tg_columns_load(const struct tg_operation *operation, const struct tg_resource_type *type,
                     const tg_db_result *result, size_t row, struct tg_record *record);

/* Writes the row; sets version, created_at and updated_at. */
enum tg_status tg_columns_insert(const struct tg_operation *operation, struct tg_record *record,
                                 struct tg_error *error) TG_MUST_CHECK;
/* Writes every column that can change, and the next version. */
enum tg_status tg_columns_update(const struct tg_operation *operation, struct tg_record *record,
                                 struct tg_error *error) TG_MUST_CHECK;
enum tg_status tg_columns_mark_deleted(const struct tg_operation *operation, const struct tg_record *record,
                                       struct tg_error *error) TG_MUST_CHECK;

/* A value as a parameter. */
struct tg_db_value tg_columns_param(const struct tg_field *field, const struct tg_value *value);

#endif
