/* Watches a stream go by: passes its bytes on as they came, has the dialect look at each block, hides what only the
 * gateway asked for, and holds the end back until the record of the call is written.
 *
 *   provider's bytes, cut anywhere -> blocks (by the framing) -> dialect->watch_block -> out: passed on now
 *                                                                                     -> end: passed on last
 *
 * Pure; memory is bounded by the largest block. */
#ifndef TG_CANONICAL_PASSAGE_H
#define TG_CANONICAL_PASSAGE_H

#include "common/codec/sse.h"
#include "dataplane/dialects/canonical/dialect.h"

struct tg_passage {
    const struct tg_dialect *dialect;
    bool hides_usage;  /* the client did not ask for the usage chunk */
    struct tg_sse sse; /* TG_FRAMING_SSE */
    struct tg_buf end; /* the last event, as the provider wrote it; OpenAI's responses repeat the whole answer in it */
    struct tg_seen seen;
    int64_t reported_output; /* as last reported */
};

void tg_passage_init(struct tg_passage *passage, const struct tg_dialect *dialect, bool hides_usage);
void tg_passage_deinit(struct tg_passage *passage);

/* No stream has reason to send a larger block. */
enum { TG_PASSAGE_BLOCK_BYTES = 8 << 20 };

/* Takes the next bytes; appends to `out` what the client may have now. TG_TOO_LARGE if a block is larger than
 * TG_PASSAGE_BLOCK_BYTES or if `out` is full. */
enum tg_status tg_passage_feed(struct tg_passage *passage, struct tg_text piece, struct tg_buf *out) TG_MUST_CHECK;

/* The provider's stream is over: a last block that lacks its end is completed and taken like the others. */
enum tg_status tg_passage_finish(struct tg_passage *passage, struct tg_buf *out) TG_MUST_CHECK;

#endif
