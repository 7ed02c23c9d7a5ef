#include "controlplane/api/cursor.h"

/* The first letter says what follows in hex, so that a cursor of one list is refused by another. */
enum { ID_MARK = 'i', NAME_MARK = 'n' };

void tg_cursor_format_id(struct tg_id id, char out[TG_CURSOR_ID_TEXT_BYTES])
{
    out[0] = ID_MARK;
    tg_hex_encode(id.octets, sizeof(id.octets), out + 1);
}

bool tg_cursor_parse_id(struct tg_text cursor, struct tg_id *id)
{
    return cursor.bytes == TG_CURSOR_ID_TEXT_BYTES - 1 && cursor.data[0] == ID_MARK &&
           tg_hex_decode(tg_text(cursor.data + 1, cursor.bytes - 1), id->octets, sizeof(id->octets));
}

struct tg_text tg_cursor_format_name(struct tg_arena *arena, struct tg_text name)
{
    char *out = tg_arena_alloc(arena, 2 * name.bytes + 2);
    out[0] = NAME_MARK;
    tg_hex_encode(name.data, name.bytes, out + 1);
    return tg_text(out, 2 * name.bytes + 1);
}

bool tg_cursor_parse_name(struct tg_arena *arena, struct tg_text cursor, struct tg_text *name)
{
    if (cursor.bytes < 3 || cursor.bytes % 2 == 0 || cursor.bytes > 2 * TG_CURSOR_NAME_MAX_BYTES + 1 ||
        cursor.data[0] != NAME_MARK)
        return false;
    size_t bytes = (cursor.bytes - 1) / 2;
    char *out = tg_arena_alloc(arena, bytes);
    *name = tg_text(out, bytes);
    return tg_hex_decode(tg_text(cursor.data + 1, cursor.bytes - 1), out, bytes);
}
