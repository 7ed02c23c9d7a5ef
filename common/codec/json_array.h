/* Splits a JSON array that arrives bit by bit into its elements, however the bytes are cut into pieces.
 *
 * Feed a piece, take blocks until there is none, feed the next. A block is everything up to and including the end of an
 * element that is an object or array, with what stands before it: the opening bracket, a comma, white space. The
 * closing bracket is a block without data. The raw bytes of all blocks, in order, are the stream: what is passed on
 * unread is passed on unchanged. A document that is one object, no array, is one block. A block that lies within one
 * piece is not copied. Nothing is proved to be JSON: only brackets and strings are followed. Single owner. */
#ifndef TG_CODEC_JSON_ARRAY_H
#define TG_CODEC_JSON_ARRAY_H

#include "common/base/buf.h"

struct tg_json_array {
    struct tg_buf held; /* the block so far, once it spans pieces */
    const char *block;  /* where the rest of the current block begins in the piece */
    const char *at;     /* begin of what was not looked at yet */
    const char *end;
    size_t max_block_bytes;
    size_t data_at; /* from the block's first byte */
    size_t depth;
    size_t outer; /* the depth of elements' outside: 1 in an array */
    bool is_in_string, is_after_backslash;
    bool is_held; /* the last block handed out is in `held` */
    bool is_over; /* the document has ended */
    bool is_too_large;
};

struct tg_json_array_block {
    struct tg_text raw;  /* all bytes */
    struct tg_text data; /* the element; empty: the array's end */
};

enum tg_json_array_result {
    TG_JSON_ARRAY_BLOCK,
    TG_JSON_ARRAY_MORE,      /* feed on */
    TG_JSON_ARRAY_TOO_LARGE, /* a block is longer than the bound; the splitter is of no more use */
};
const char *tg_json_array_result_name(enum tg_json_array_result result);

void tg_json_array_init(struct tg_json_array *array, size_t max_block_bytes);
void tg_json_array_deinit(struct tg_json_array *array);

/* `piece` is referenced until tg_json_array_next() returned TG_JSON_ARRAY_MORE; only then may the next be fed. */
void tg_json_array_feed(struct tg_json_array *array, struct tg_text piece);

/* The next complete block. Its text is valid until the next call with this splitter. */
enum tg_json_array_result tg_json_array_next(struct tg_json_array *array,
                                             struct tg_json_array_block *block) TG_MUST_CHECK;

/* The bytes behind the last block: white space, or of a stream that was cut off. */
struct tg_text tg_json_array_rest(const struct tg_json_array *array);

#endif
