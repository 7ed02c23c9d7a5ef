#include "dataplane/dialects/openai_stream.h"

#include "common/codec/json_find.h"

enum { MAX_END_BYTES = 4 << 10 };

void tg_openai_stream_init(struct tg_openai_stream *stream, bool hides_usage)
{
    *stream = (struct tg_openai_stream){.hides_usage = hides_usage};
    tg_sse_init(&stream->sse, TG_OPENAI_STREAM_BLOCK_BYTES);
    tg_buf_init(&stream->end, MAX_END_BYTES);
}

void tg_openai_stream_deinit(struct tg_openai_stream *stream)
{
    tg_sse_deinit(&stream->sse);
    tg_buf_deinit(&stream->end);
}

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n'))
        ++at;
    return at;
}

/* Whether a key "usage" has a value other than null somewhere: only then is the chunk worth a parse. */
static bool may_have_usage(struct tg_text data)
{
    static const struct tg_text KEY = TG_TEXT_LITERAL("\"usage\"");
    const char *end = data.data + data.bytes;
    const char *at = data.data;
    while ((at = tg_json_find(at, end, KEY)) != NULL) {
        at = skip_space(at + KEY.bytes, end);
        if (at < end && *at == ':' && (at = skip_space(at + 1, end)) < end && *at == '{')
            return true;
    }
    return false;
}

/* Errors come as objects of that one member. */
static bool may_have_error(struct tg_text data)
{
    const char *end = data.data + data.bytes;
    const char *at = skip_space(data.data, end);
    if (at == end || *at != '{')
        return false;
    at = skip_space(at + 1, end);
    return tg_text_starts_with(tg_text(at, (size_t)(end - at)), "\"error\"");
}

static void remember_model(struct tg_openai_stream *stream, struct tg_text model)
{
    if (stream->model_bytes != 0 || model.bytes == 0 || model.bytes > sizeof(stream->model))
        return;
    memcpy(stream->model, model.data, model.bytes);
    stream->model_bytes = model.bytes;
}

/* Reads an event's data; whether the client gets to see it. */
static bool look_at(struct tg_openai_stream *stream, struct tg_text data)
{
    stream->text_bytes += tg_openai_chunk_text_bytes(data);
    bool has_error = may_have_error(data);
    bool may_end = may_have_usage(data);
    if (stream->model_bytes != 0 && !has_error && !may_end)
        return true;
    struct tg_openai_answer chunk;
    tg_openai_answer_read(data, &chunk);
    remember_model(stream, chunk.model);
    stream->has_error = stream->has_error || chunk.has_error;
    if (!chunk.names_usage)
        return true;
    if (chunk.has_usage) {
        stream->has_usage = true;
        stream->usage = chunk.usage;
    }
    return chunk.has_choices || chunk.has_error || !stream->hides_usage;
}

/* Blocks that pass are contiguous in the piece more often than not: they are appended as one run. */
struct run {
    struct tg_text bytes;
    struct tg_buf *out;
};

static enum tg_status end_run(struct run *run)
{
    struct tg_text bytes = run->bytes;
    run->bytes = tg_text(NULL, 0);
    return tg_buf_append(run->out, bytes);
}

static enum tg_status pass(struct run *run, struct tg_text raw)
{
    if (run->bytes.bytes != 0 && run->bytes.data + run->bytes.bytes == raw.data) {
        run->bytes.bytes += raw.bytes;
        return TG_OK;
    }
    enum tg_status status = end_run(run);
    run->bytes = raw;
    return status;
}

static enum tg_status take_block(struct tg_openai_stream *stream, const struct tg_sse_block *block, struct run *run)
{
    if (stream->is_done)
        return TG_OK; /* clients of this dialect stop reading at [DONE] */
    if (block->has_data && tg_text_is(tg_text_trim(block->data), "[DONE]")) {
        stream->is_done = true;
        return tg_buf_append(&stream->end, block->raw);
    }
    if (block->has_data && !look_at(stream, block->data))
        return TG_OK;
    return pass(run, block->raw);
}

enum tg_status tg_openai_stream_feed(struct tg_openai_stream *stream, struct tg_text piece, struct tg_buf *out)
{
    struct run run = {.out = out};
    struct tg_sse_block block;
    enum tg_sse_result result;
    enum tg_status status = TG_OK;
    tg_sse_feed(&stream->sse, piece);
    while (status == TG_OK && (result = tg_sse_next(&stream->sse, &block)) != TG_SSE_MORE) {
        if (result == TG_SSE_TOO_LARGE)
            status = TG_TOO_LARGE;
        else
            status = take_block(stream, &block, &run);
        /* A block that spanned pieces lies in the splitter's own memory, which the next call reuses. */
        bool is_in_piece =
            run.bytes.bytes == 0 || (run.bytes.data >= piece.data && run.bytes.data < piece.data + piece.bytes);
        if (status == TG_OK && !is_in_piece)
            status = end_run(&run);
    }
    return status == TG_OK ? end_run(&run) : status;
}

enum tg_status tg_openai_stream_finish(struct tg_openai_stream *stream, struct tg_buf *out)
{
    struct tg_text rest = tg_sse_rest(&stream->sse);
    if (rest.bytes == 0 || stream->is_done)
        return TG_OK;
    if (tg_text_is(rest, "\n")) /* of a CRLF that was cut in two behind the last block */
        return tg_buf_append(out, rest);
    return tg_openai_stream_feed(stream, tg_text("\n\n", 2), out);
}
