/* Carries an answer from a provider's dialect to the client's: bytes in one framing become events become bytes.
 *
 *   provider's bytes, cut anywhere -> blocks -> from->decode_block -> events -> to->encode -> out: passed on now
 *                                                                                          -> end: passed on last
 *
 * What a passage (passage.h) learns of a stream that passes unchanged, a translation learns of one that does not. The
 * client always gets a well-formed end: its own last event if the provider came to its end, its own error if not.
 * Memory is bounded by the largest block, by the encoder's bounds and by `out`. Pure; one owner. */
#ifndef TG_CANONICAL_TRANSLATION_H
#define TG_CANONICAL_TRANSLATION_H

#include "common/codec/aws_event_stream.h"
#include "common/codec/json_array.h"
#include "common/codec/sse.h"
#include "dataplane/dialects/canonical/dialect.h"

struct tg_translation {
    const struct tg_dialect *from, *to;
    void *decoder, *encoder;
    enum tg_framing framing; /* of the provider's stream */
    struct tg_sse sse;       /* one of these, by the framing */
    struct tg_json_array json_array;
    struct tg_aws_event_stream aws;
    struct tg_arena scratch; /* for one block */
    struct tg_buf end;       /* the client's last event */
    struct tg_buf *out;      /* during a call */
    bool has_finished;       /* the model has; the provider may have more to say about it */
    bool has_said_all;       /* END or ERROR was encoded: whatever comes now is not for the client */
    struct tg_buf text;      /* seen.text */
    struct tg_seen seen;
    int64_t reported_output; /* as last reported */
};

/* The encoder's and decoder's state is in `arena`, which outlives the translation, as does what `options` refers to. */
void tg_translation_init(struct tg_translation *translation, const struct tg_dialect *from, const struct tg_dialect *to,
                         enum tg_framing framing, struct tg_arena *arena, const struct tg_encode_options *options);
void tg_translation_deinit(struct tg_translation *translation);

/* Takes the next bytes of a stream; appends to `out` what the client may have now. TG_TOO_LARGE if a block, the encoder
 * or `out` is beyond its bounds: then only an error of the gateway's own can follow. */
enum tg_status tg_translation_feed(struct tg_translation *translation, struct tg_text piece,
                                   struct tg_buf *out) TG_MUST_CHECK;

/* The provider's stream is over: the end, good or bad, is in translation->end or `out`. */
enum tg_status tg_translation_finish(struct tg_translation *translation, struct tg_buf *out) TG_MUST_CHECK;

/* A whole answer at once, end included. TG_INVALID if it is none of the provider's dialect. */
enum tg_status tg_translation_whole(struct tg_translation *translation, struct tg_text body,
                                    struct tg_buf *out) TG_MUST_CHECK;

/* What the client gets last, instead of the end, when the call failed in between; empty if it has been told already. In
 * the arena. */
struct tg_text tg_translation_error(struct tg_translation *translation, struct tg_arena *arena,
                                    const struct tg_answer_error *error);

#endif
