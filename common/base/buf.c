#include "common/base/buf.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_CAPACITY_BYTES = 512 };

void tg_buf_init(struct tg_buf *buf, size_t max_bytes)
{
    *buf = (struct tg_buf){.max_bytes = max_bytes};
}

void tg_buf_deinit(struct tg_buf *buf)
{
    free(buf->data);
    tg_buf_init(buf, buf->max_bytes);
}

char *tg_buf_reserve(struct tg_buf *buf, size_t bytes)
{
    size_t needed;
    if (__builtin_add_overflow(buf->bytes, bytes, &needed) || needed > buf->max_bytes)
        return NULL;
    if (needed > buf->capacity || buf->data == NULL) {
        size_t capacity = buf->capacity == 0 ? FIRST_CAPACITY_BYTES : buf->capacity;
        while (capacity < needed)
            capacity *= 2;
        if (capacity > buf->max_bytes)
            capacity = buf->max_bytes;
        char *data = realloc(buf->data, capacity == 0 ? 1 : capacity);
        if (data == NULL)
            abort();
        buf->data = data;
        buf->capacity = capacity;
    }
    return buf->data + buf->bytes;
}

enum tg_status tg_buf_append(struct tg_buf *buf, struct tg_text text)
{
    char *at = tg_buf_reserve(buf, text.bytes);
    if (at == NULL)
        return TG_TOO_LARGE;
    if (text.bytes != 0)
        memcpy(at, text.data, text.bytes);
    buf->bytes += text.bytes;
    return TG_OK;
}

enum tg_status tg_buf_printf(struct tg_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int bytes = vsnprintf(NULL, 0, format, args);
    va_end(args);
    enum tg_status status = TG_TOO_LARGE;
    char *at = bytes < 0 ? NULL : tg_buf_reserve(buf, (size_t)bytes + 1);
    if (at != NULL) {
        vsnprintf(at, (size_t)bytes + 1, format, again);
        buf->bytes += (size_t)bytes;
        status = TG_OK;
    }
    va_end(again);
    return status;
}

void tg_buf_consume(struct tg_buf *buf, size_t bytes)
{
    assert(bytes <= buf->bytes);
    buf->bytes -= bytes;
    if (buf->bytes != 0)
        memmove(buf->data, buf->data + bytes, buf->bytes);
}
