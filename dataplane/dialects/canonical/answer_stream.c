#include "dataplane/dialects/canonical/answer_stream.h"

enum tg_status tg_answer_stream_feed(struct tg_answer_stream *stream, struct tg_text piece, struct tg_buf *out)
{
    return stream->kind == TG_STREAM_TRANSLATED ? tg_translation_feed(&stream->translation, piece, out)
                                                : tg_passage_feed(&stream->passage, piece, out);
}

enum tg_status tg_answer_stream_finish(struct tg_answer_stream *stream, struct tg_buf *out)
{
    return stream->kind == TG_STREAM_TRANSLATED ? tg_translation_finish(&stream->translation, out)
                                                : tg_passage_finish(&stream->passage, out);
}

void tg_answer_stream_deinit(struct tg_answer_stream *stream)
{
    if (stream->kind == TG_STREAM_TRANSLATED)
        tg_translation_deinit(&stream->translation);
    else if (stream->kind == TG_STREAM_PASSING)
        tg_passage_deinit(&stream->passage);
    stream->kind = TG_STREAM_NONE;
}

const struct tg_seen *tg_answer_stream_seen(const struct tg_answer_stream *stream)
{
    return stream->kind == TG_STREAM_TRANSLATED ? &stream->translation.seen : &stream->passage.seen;
}

struct tg_text tg_answer_stream_end(const struct tg_answer_stream *stream)
{
    return tg_buf_text(stream->kind == TG_STREAM_TRANSLATED ? &stream->translation.end : &stream->passage.end);
}

bool tg_answer_stream_has_said_all(const struct tg_answer_stream *stream)
{
    return stream->kind == TG_STREAM_TRANSLATED && stream->translation.has_said_all;
}

struct tg_text tg_answer_stream_error(struct tg_answer_stream *stream, struct tg_arena *arena,
                                      const struct tg_answer_error *error)
{
    return stream->kind == TG_STREAM_TRANSLATED ? tg_translation_error(&stream->translation, arena, error)
                                                : tg_passage_error(&stream->passage, arena, error);
}
