/* A growable run of bytes with a maximum that is given at creation, so that no buffer grows without bound. */
#ifndef TG_BASE_BUF_H
#define TG_BASE_BUF_H

#include "common/base/status.h"
#include "common/base/text.h"

struct tg_buf {
    char *data;
    size_t bytes;
    size_t capacity;
    size_t max_bytes;
};

void tg_buf_init(struct tg_buf *buf, size_t max_bytes);

/* Frees the memory; keeps the maximum, so the buffer can be used again. */
void tg_buf_deinit(struct tg_buf *buf);

/* Makes room for `bytes` more and returns where they go, or NULL if that would pass the maximum.
 * Commit what was written by adding to buf->bytes. */
char *tg_buf_reserve(struct tg_buf *buf, size_t bytes) TG_MUST_CHECK;

/* TG_TOO_LARGE, and nothing appended, if it would pass the maximum. */
enum tg_status tg_buf_append(struct tg_buf *buf, struct tg_text text) TG_MUST_CHECK;
enum tg_status tg_buf_printf(struct tg_buf *buf, const char *format, ...) TG_MUST_CHECK TG_PRINTF(2, 3);

/* Drops `bytes` (at most buf->bytes) from the front. */
void tg_buf_consume(struct tg_buf *buf, size_t bytes);

static inline struct tg_text tg_buf_text(const struct tg_buf *buf)
{
    return tg_text(buf->data, buf->bytes);
}

#endif
