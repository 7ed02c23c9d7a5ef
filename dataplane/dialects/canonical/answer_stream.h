/* A stream on its way to the client: as it is (passage.h), or from one dialect to another (translation.h). */
#ifndef TG_CANONICAL_ANSWER_STREAM_H
#define TG_CANONICAL_ANSWER_STREAM_H

#include "dataplane/dialects/canonical/passage.h"
#include "dataplane/dialects/canonical/translation.h"

struct tg_answer_stream {
    enum { TG_STREAM_NONE, TG_STREAM_PASSING, TG_STREAM_TRANSLATED } kind;
    union {
        struct tg_passage passage;
        struct tg_translation translation;
    };
};

/* Begin with tg_passage_init() or tg_translation_init() and the kind set. */
enum tg_status tg_answer_stream_feed(struct tg_answer_stream *stream, struct tg_text piece,
                                     struct tg_buf *out) TG_MUST_CHECK;
enum tg_status tg_answer_stream_finish(struct tg_answer_stream *stream, struct tg_buf *out) TG_MUST_CHECK;
/* Back to TG_STREAM_NONE. */
void tg_answer_stream_deinit(struct tg_answer_stream *stream);

/* What has been learnt so far; not of TG_STREAM_NONE. */
const struct tg_seen *tg_answer_stream_seen(const struct tg_answer_stream *stream);
/* What the client gets last. */
struct tg_text tg_answer_stream_end(const struct tg_answer_stream *stream);
/* Whether the client has been told already how it ended. */
bool tg_answer_stream_has_said_all(const struct tg_answer_stream *stream);
/* The client's last words when the call failed in between, instead of the end; empty if it has been told. In the arena.
 */
struct tg_text tg_answer_stream_error(struct tg_answer_stream *stream, struct tg_arena *arena,
                                      const struct tg_answer_error *error);

#endif
