/* Watches a stream go by: passes its bytes on as they came, has the dialect look at each block, hides what only the
 * gateway asked for, and holds the end back until the record of the call is written.
 *
 *   provider's bytes, cut anywhere -> blocks (by the framing) -> dialect->watch_block -> out: passed on now
 *                                                                                     -> end: passed on last
 *
 * Where client and provider frame the same dialect differently (Google's is asked for events, its client may want one
 * JSON array), the blocks' data passes unchanged in the client's framing.
 *
 * Pure; memory is bounded by the largest block. */
#ifndef TG_CANONICAL_PASSAGE_H
#define TG_CANONICAL_PASSAGE_H

#include "common/codec/aws_event_stream.h"
#include "common/codec/json_array.h"
#include "common/codec/sse.h"
#include "dataplane/dialects/canonical/dialect.h"

struct tg_passage {
    const struct tg_dialect *dialect;
    bool hides_usage; /* the client did not ask for the usage chunk */
    bool is_over;     /* clients stop reading: whatever comes now is not for them */
    bool has_begun;   /* a JSON array, for the client */
    bool has_ended;   /* likewise */
    enum tg_framing framing, client_framing;
    struct tg_sse sse; /* one of these, by the framing */
    struct tg_json_array json_array;
    struct tg_aws_event_stream aws;
    struct tg_buf end;  /* the last event, as the provider wrote it; OpenAI's responses repeat the whole answer in it */
    struct tg_buf text; /* seen.text */
    struct tg_seen seen;
    int64_t reported_output; /* as last reported */
};

/* Events of SSE both ways. */
void tg_passage_init(struct tg_passage *passage, const struct tg_dialect *dialect, bool hides_usage);
/* The framings are the same, or SSE from the provider and a JSON array for the client. */
void tg_passage_init_framed(struct tg_passage *passage, const struct tg_dialect *dialect, enum tg_framing framing,
                            enum tg_framing client_framing, bool hides_usage);
void tg_passage_deinit(struct tg_passage *passage);

/* No stream has reason to send a larger block. */
enum { TG_PASSAGE_BLOCK_BYTES = 8 << 20 };

/* Takes the next bytes; appends to `out` what the client may have now. TG_TOO_LARGE if a block is larger than
 * TG_PASSAGE_BLOCK_BYTES or damaged, or if `out` is full. */
enum tg_status tg_passage_feed(struct tg_passage *passage, struct tg_text piece, struct tg_buf *out) TG_MUST_CHECK;

/* The provider's stream is over: a last block that lacks its end is completed and taken like the others. */
enum tg_status tg_passage_finish(struct tg_passage *passage, struct tg_buf *out) TG_MUST_CHECK;

/* What the client gets last, instead of the end, when the call failed in between. In the arena. */
struct tg_text tg_passage_error(const struct tg_passage *passage, struct tg_arena *arena,
                                const struct tg_answer_error *error);

#endif
