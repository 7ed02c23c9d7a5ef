#include "dataplane/dialects/canonical/dialect.h"

/* Not all of it fits where the last came to. False if no more can be kept. */
static bool make_room(struct tg_buf *text, struct tg_text *written)
{
    size_t room = text->max_bytes - text->bytes;
    if (written->bytes > room)
        written->bytes = room;
    return room != 0 && tg_buf_reserve(text, written->bytes) != NULL;
}

void tg_seen_add_text(struct tg_seen *seen, struct tg_text written)
{
    struct tg_buf *text = seen->text;
    seen->text_bytes += written.bytes;
    if (text == NULL || written.bytes == 0)
        return;
    if (written.bytes > text->capacity - text->bytes && !make_room(text, &written))
        return;
    memcpy(text->data + text->bytes, written.data, written.bytes);
    text->bytes += written.bytes;
}
