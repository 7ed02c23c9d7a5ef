#include "controlplane/reports/csv.h"

static bool looks_like_formula(struct tg_text text)
{
    return text.bytes > 0 && memchr("=+-@\t\r", text.data[0], 6) != NULL;
}

static bool needs_quotes(struct tg_text text)
{
    for (size_t i = 0; i < text.bytes; ++i)
        if (memchr(",\"\r\n", text.data[i], 4) != NULL)
            return true;
    return false;
}

enum tg_status tg_csv_append_text(struct tg_buf *out, struct tg_text text)
{
    bool is_quoted = needs_quotes(text);
    char *at = tg_buf_reserve(out, 2 * text.bytes + 3);
    if (at == NULL)
        return TG_TOO_LARGE;
    char *start = at;
    if (is_quoted)
        *at++ = '"';
    if (looks_like_formula(text))
        *at++ = '\'';
    for (size_t i = 0; i < text.bytes; ++i) {
        if (text.data[i] == '"')
            *at++ = '"';
        *at++ = text.data[i];
    }
    if (is_quoted)
        *at++ = '"';
    out->bytes += (size_t)(at - start);
    return TG_OK;
}
