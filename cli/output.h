/* How answers are shown: tables and lines for people, the API's own JSON with --json. */
#ifndef TG_CLI_OUTPUT_H
#define TG_CLI_OUTPUT_H

#include <stdio.h>

#include "common/codec/json.h"

/* The value as indented JSON and a newline. False if it could not be written. */
bool tg_print_json(FILE *out, const tg_json *value);

/* One line a member: "name  value". Nested objects are indented below their name. */
bool tg_print_members(FILE *out, const tg_json *object);

/* A table of the named members of every item, with a heading; "none" where there are no items. Columns end with NULL.
 */
bool tg_print_table(FILE *out, const tg_json *items, const char *const *columns);

#endif
