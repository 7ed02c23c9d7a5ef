/* Internal to the room: one row of the file. */
#ifndef TG_REGISTRY_ROWS_INTERNAL_H
#define TG_REGISTRY_ROWS_INTERNAL_H

#include "common/base/arena.h"
#include "common/codec/yaml.h"
#include "controlplane/registry/registry.h"

/* Everything it points to is in the arena. TG_INVALID names the row. */
enum tg_status tg_registry_read_row(struct tg_arena *arena, const tg_json *value, struct tg_registry_row *row,
                                    struct tg_error *error) TG_MUST_CHECK;

/* A bit for each blank in a pattern. */
unsigned tg_registry_blanks_in(const char *pattern);

#endif
