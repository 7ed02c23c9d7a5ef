/* Watches an OpenAI stream go by: passes its bytes on as they came, reads the usage, hides the chunk that only the
 * gateway asked for, and holds the end back until the record of the call is written.
 *
 *   provider's bytes, cut anywhere -> blocks (common/codec/sse.h) -> out: passed on now
 *                                                                  -> end: [DONE], passed on last
 *
 * Ordinary chunks are not parsed: they are searched for "usage" with a value other than null, and for the length of the
 * text in them. Pure; memory is bounded by the block maximum. */
#ifndef TG_DIALECTS_OPENAI_STREAM_H
#define TG_DIALECTS_OPENAI_STREAM_H

#include "common/codec/sse.h"
#include "dataplane/dialects/openai_usage.h"

enum { TG_OPENAI_STREAM_MODEL_BYTES = 128 };

struct tg_openai_stream {
    struct tg_sse sse;
    struct tg_buf end; /* [DONE], as the provider wrote it */
    bool hides_usage;  /* the client did not ask for the usage chunk */
    struct tg_usage usage;
    bool has_usage;
    bool is_done;                             /* [DONE] was seen */
    bool has_error;                           /* the provider sent an error event */
    size_t text_bytes;                        /* what the model wrote, for estimates */
    char model[TG_OPENAI_STREAM_MODEL_BYTES]; /* as the first chunk names it */
    size_t model_bytes;
};

void tg_openai_stream_init(struct tg_openai_stream *stream, bool hides_usage);
void tg_openai_stream_deinit(struct tg_openai_stream *stream);

/* Takes the next bytes; appends to `out` what the client may have now. TG_TOO_LARGE if a block is larger than any
 * stream has reason to send (TG_OPENAI_STREAM_BLOCK_BYTES) or if `out` is full. */
enum { TG_OPENAI_STREAM_BLOCK_BYTES = 8 << 20 };
enum tg_status tg_openai_stream_feed(struct tg_openai_stream *stream, struct tg_text piece,
                                     struct tg_buf *out) TG_MUST_CHECK;

/* The provider's stream is over: a last block that lacks its blank line is completed and taken like the others. */
enum tg_status tg_openai_stream_finish(struct tg_openai_stream *stream, struct tg_buf *out) TG_MUST_CHECK;

#endif
