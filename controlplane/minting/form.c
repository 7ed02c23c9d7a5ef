#include "controlplane/minting/form.h"

enum { MAX_QUOTE_BYTES = 250 };

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

enum tg_status tg_form_add(struct tg_buf *form, const char *name, struct tg_text value)
{
    enum tg_status status = tg_buf_printf(form, "%s%s=", form->bytes == 0 ? "" : "&", name);
    for (size_t i = 0; i < value.bytes && status == TG_OK; ++i)
        status = is_unreserved(value.data[i]) ? tg_buf_append(form, tg_text(&value.data[i], 1))
                                              : tg_buf_printf(form, "%%%02X", (uint8_t)value.data[i]);
    return status;
}

struct tg_text tg_form_quote(struct tg_text words, struct tg_arena *arena)
{
    size_t bytes = words.bytes < MAX_QUOTE_BYTES ? words.bytes : MAX_QUOTE_BYTES;
    char *out = tg_arena_alloc(arena, bytes + 1);
    for (size_t i = 0; i < bytes; ++i)
        out[i] = (char)(words.data[i] >= ' ' && words.data[i] <= '~' ? words.data[i] : ' ');
    out[bytes] = '\0';
    return tg_text_trim(tg_text(out, bytes));
}
