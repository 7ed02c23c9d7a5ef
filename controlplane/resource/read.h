/* From a client's JSON to values, by a type's table. Pure: no database. */
#ifndef TG_RESOURCE_READ_H
#define TG_RESOURCE_READ_H

#include "common/codec/json.h"
#include "controlplane/resource/type.h"

/* Reads the members that are sent; every one that is unknown, not allowed, of the wrong type or out of its range goes
 * into `refusal`. For a creation (`is_creation`) missing required members do too, and defaults are set. Text and ids
 * are copied into the operation's arena. */
void tg_resource_read(const struct tg_resource_type *type, const tg_json *body, bool is_creation,
                      struct tg_arena *arena, struct tg_record *record, struct tg_refusal *refusal);

/* One filter of a list from its text; false if it is not such a value. */
bool tg_resource_read_filter(const struct tg_field *field, struct tg_text text, struct tg_value *value);

/* What names may be: the domain resource_name of the migrations. */
bool tg_is_resource_name(struct tg_text text);

#endif
