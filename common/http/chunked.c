#include "common/http/chunked.h"

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool is_line_text(char c)
{
    return c == '\t' || (unsigned char)c >= ' ';
}

static enum chunked_state on_size(struct chunked *chunked, char c)
{
    int digit = hex_value(c);
    if (digit >= 0) {
        if (++chunked->line_bytes > 15) /* 60 bits are enough, and cannot overflow */
            return CHUNKED_BAD;
        chunked->left_bytes = chunked->left_bytes * 16 + (uint64_t)digit;
        return CHUNKED_SIZE;
    }
    if (chunked->line_bytes == 0)
        return CHUNKED_BAD;
    chunked->line_bytes = 0;
    if (c == '\r')
        return CHUNKED_SIZE_LF;
    return c == ';' || c == ' ' || c == '\t' ? CHUNKED_EXTENSION : CHUNKED_BAD;
}

static enum chunked_state on_extension(struct chunked *chunked, char c)
{
    if (c == '\r')
        return CHUNKED_SIZE_LF;
    return is_line_text(c) && ++chunked->line_bytes <= CHUNKED_MAX_EXTENSION_BYTES ? CHUNKED_EXTENSION : CHUNKED_BAD;
}

static enum chunked_state on_trailer(struct chunked *chunked, char c)
{
    if (c == '\r')
        return CHUNKED_TRAILER_LF;
    return is_line_text(c) && ++chunked->line_bytes <= CHUNKED_MAX_TRAILER_BYTES ? CHUNKED_TRAILER : CHUNKED_BAD;
}

/* One byte of framing. */
static enum chunked_state step(struct chunked *chunked, char c)
{
    switch (chunked->state) {
    case CHUNKED_SIZE:
        return on_size(chunked, c);
    case CHUNKED_EXTENSION:
        return on_extension(chunked, c);
    case CHUNKED_SIZE_LF:
        chunked->line_bytes = 0;
        if (c != '\n')
            return CHUNKED_BAD;
        return chunked->left_bytes == 0 ? CHUNKED_TRAILER_START : CHUNKED_DATA;
    case CHUNKED_DATA_CR:
        return c == '\r' ? CHUNKED_DATA_LF : CHUNKED_BAD;
    case CHUNKED_DATA_LF:
        return c == '\n' ? CHUNKED_SIZE : CHUNKED_BAD;
    case CHUNKED_TRAILER_START:
        return c == '\r' ? CHUNKED_LAST_LF : on_trailer(chunked, c);
    case CHUNKED_TRAILER:
        return on_trailer(chunked, c);
    case CHUNKED_TRAILER_LF:
        return c == '\n' ? CHUNKED_TRAILER_START : CHUNKED_BAD;
    case CHUNKED_LAST_LF:
        return c == '\n' ? CHUNKED_DONE : CHUNKED_BAD;
    case CHUNKED_DATA:
    case CHUNKED_DONE:
    case CHUNKED_BAD:
        break;
    }
    return CHUNKED_BAD;
}

bool chunked_decode(struct chunked *chunked, char *data, size_t bytes, size_t *body_bytes, size_t *taken_bytes)
{
    size_t from = 0;
    size_t to = 0;
    while (from < bytes && chunked->state != CHUNKED_DONE && chunked->state != CHUNKED_BAD) {
        if (chunked->state != CHUNKED_DATA) {
            chunked->state = step(chunked, data[from++]);
            continue;
        }
        size_t run = bytes - from;
        if (run > chunked->left_bytes)
            run = (size_t)chunked->left_bytes;
        if (to != from)
            memmove(data + to, data + from, run);
        from += run;
        to += run;
        chunked->left_bytes -= run;
        if (chunked->left_bytes == 0)
            chunked->state = CHUNKED_DATA_CR;
    }
    *body_bytes = to;
    *taken_bytes = from;
    return chunked->state != CHUNKED_BAD;
}
