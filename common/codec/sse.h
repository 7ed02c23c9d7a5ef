/* Splits a stream of Server-Sent Events (WHATWG HTML section 9.2,
 * https://html.spec.whatwg.org/#parsing-an-event-stream) into its blocks, however the bytes are cut into pieces.
 *
 * Feed a piece, take blocks until there is none, feed the next. A block is everything up to and including a blank line:
 * usually an event, or only comments (a keep-alive). The raw bytes of all blocks, in order, are the stream: what is
 * passed on unread is passed on unchanged. A block that lies within one piece is not copied; the rest of a piece is
 * kept until the next. Lines end with LF, CR or CRLF; if a CR ends a block and the LF comes only with the next piece,
 * that LF opens the next block's raw bytes. Single owner. */
#ifndef TG_CODEC_SSE_H
#define TG_CODEC_SSE_H

#include "common/base/buf.h"

struct tg_sse_span {
    size_t at; /* from the block's first byte */
    size_t bytes;
};

struct tg_sse {
    struct tg_buf held;   /* the block so far, once it spans pieces */
    struct tg_buf joined; /* data of more than one line */
    const char *piece;    /* what was fed */
    const char *piece_end;
    const char *block;   /* where the current block begins, while nothing of it is held */
    const char *at;      /* begin of what was not looked at yet */
    const char *next_lf; /* first LF or CR from `at` on, once known; piece_end if there is none */
    const char *next_cr;
    size_t line_at; /* begin of the current line in the block */
    size_t max_block_bytes;
    struct tg_sse_span name;
    struct tg_sse_span data; /* of the only data line so far */
    unsigned data_lines;
    bool is_held;    /* the last block handed out is in `held` */
    bool is_started; /* the first line was seen, and with it a byte order mark */
    bool is_after_cr;
    bool is_too_large;
};

struct tg_sse_block {
    struct tg_text raw;  /* all bytes, with the blank line */
    struct tg_text name; /* of the event; empty is "message" */
    struct tg_text data; /* its data lines, joined with LF */
    bool has_data;       /* false: a client would dispatch nothing (comments, a name alone, a blank line) */
};

enum tg_sse_result {
    TG_SSE_BLOCK,
    TG_SSE_MORE,      /* feed on */
    TG_SSE_TOO_LARGE, /* a block is longer than the bound; the splitter is of no more use */
};
const char *tg_sse_result_name(enum tg_sse_result result);

void tg_sse_init(struct tg_sse *sse, size_t max_block_bytes);
void tg_sse_deinit(struct tg_sse *sse);

/* `piece` is referenced until tg_sse_next() returned TG_SSE_MORE; only then may the next be fed. */
void tg_sse_feed(struct tg_sse *sse, struct tg_text piece);

/* The next complete block. Its text is valid until the next call with this splitter. */
enum tg_sse_result tg_sse_next(struct tg_sse *sse, struct tg_sse_block *block) TG_MUST_CHECK;

/* At the end of the stream: the bytes behind the last block, which a client discards. */
struct tg_text tg_sse_rest(const struct tg_sse *sse);

#endif
