/* Reads multipart/form-data (RFC 7578, RFC 2046 section 5.1) that lies in memory: spans, nothing is copied.
 *
 * Strict, so that gateway and provider see the same fields: no preamble, CRLF everywhere, every part with a
 * Content-Disposition of form-data and a quoted name without escapes, and the closing delimiter must be there. Pure. */
#ifndef TG_CODEC_MULTIPART_H
#define TG_CODEC_MULTIPART_H

#include "common/base/text.h"

enum { TG_MULTIPART_MAX_PARTS = 128, TG_MULTIPART_MAX_BOUNDARY_BYTES = 70 };

struct tg_multipart_part {
    struct tg_text name;
    struct tg_text filename; /* data is NULL if it is no file */
    struct tg_text content_type;
    struct tg_text value;
};

enum tg_multipart_result {
    TG_MULTIPART_PART,
    TG_MULTIPART_END,
    TG_MULTIPART_BAD, /* repeats */
};
const char *tg_multipart_result_name(enum tg_multipart_result result);

struct tg_multipart {
    struct tg_text rest;                                 /* behind the last delimiter's line */
    char delimiter[TG_MULTIPART_MAX_BOUNDARY_BYTES + 5]; /* CR LF "--" boundary */
    size_t delimiter_bytes;
    unsigned part_count;
    enum { TG_MULTIPART_READING, TG_MULTIPART_DONE, TG_MULTIPART_FAILED } state;
    const char *problem; /* why it is bad; NULL otherwise */
};

/* `content_type` is the request's header; what is wrong with it is told by the first tg_multipart_next(). */
void tg_multipart_init(struct tg_multipart *multipart, struct tg_text content_type, struct tg_text body);

/* The next part; its texts refer to the body. */
enum tg_multipart_result tg_multipart_next(struct tg_multipart *multipart, struct tg_multipart_part *part);

/* Whether a Content-Type is multipart/form-data. */
bool tg_multipart_is(struct tg_text content_type);

#endif
