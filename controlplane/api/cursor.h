/* Where a page of a list ended, as an opaque text for clients. Pure. */
#ifndef TG_API_CURSOR_H
#define TG_API_CURSOR_H

#include "common/base/arena.h"
#include "common/base/id.h"

enum { TG_CURSOR_ID_TEXT_BYTES = 1 + 32 + 1, TG_CURSOR_NAME_MAX_BYTES = 128 };

void tg_cursor_format_id(struct tg_id id, char out[TG_CURSOR_ID_TEXT_BYTES]);
bool tg_cursor_parse_id(struct tg_text cursor, struct tg_id *id);

/* For lists that are sorted by a name of at most TG_CURSOR_NAME_MAX_BYTES. Results in the arena. */
struct tg_text tg_cursor_format_name(struct tg_arena *arena, struct tg_text name);
bool tg_cursor_parse_name(struct tg_arena *arena, struct tg_text cursor, struct tg_text *name);

#endif
