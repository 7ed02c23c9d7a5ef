#include "dataplane/dialects/canonical/dialect.h"

void tg_seen_add_text(struct tg_seen *seen, struct tg_text written)
{
    struct tg_buf *text = seen->text;
    seen->text_bytes += written.bytes;
    if (text == NULL || text->bytes == text->max_bytes)
        return;
    size_t room = text->max_bytes - text->bytes;
    if (written.bytes > room)
        written.bytes = room;
    if (tg_buf_append(text, written) != TG_OK)
        seen->text = NULL;
}
