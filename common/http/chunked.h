/* Takes the chunked transfer coding off a body, in place (RFC 9112 section 7.1). Pure.
 *
 * Stricter than the decoder that libh2o brings along, which takes a bare LF or any number of CRs where CRLF belongs,
 * and anything at all, without end, as an extension: chunk extensions and trailers are read over, but are bounded, and
 * every line ends in CRLF. */
#ifndef TG_HTTP_CHUNKED_H
#define TG_HTTP_CHUNKED_H

#include "common/base/text.h"

enum {
    CHUNKED_MAX_EXTENSION_BYTES = 256, /* per chunk */
    CHUNKED_MAX_TRAILER_BYTES = 8192,
};

/* All zero at the beginning of a body. */
struct chunked {
    enum chunked_state {
        CHUNKED_SIZE,
        CHUNKED_EXTENSION,
        CHUNKED_SIZE_LF,
        CHUNKED_DATA,
        CHUNKED_DATA_CR,
        CHUNKED_DATA_LF,
        CHUNKED_TRAILER_START,
        CHUNKED_TRAILER,
        CHUNKED_TRAILER_LF,
        CHUNKED_LAST_LF,
        CHUNKED_DONE,
        CHUNKED_BAD,
    } state;
    uint64_t left_bytes; /* of the chunk */
    size_t line_bytes;   /* digits, extension or trailer bytes so far */
};

/* Decodes `bytes` at `data` and leaves what is body at its start. `*body_bytes` is how much that is, `*taken_bytes` how
 * many bytes were used: fewer than `bytes` only when the body ended, and then what lies behind, at data + *taken_bytes,
 * is untouched. False if it is not a chunked body. */
bool chunked_decode(struct chunked *chunked, char *data, size_t bytes, size_t *body_bytes, size_t *taken_bytes);

static inline bool chunked_is_done(const struct chunked *chunked)
{
    return chunked->state == CHUNKED_DONE;
}

#endif
