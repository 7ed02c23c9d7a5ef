/* Chunks of a stream, as OpenAI sends them: {"id", "object", "created", "model", "choices": [{"index", "delta",
 * "logprobs", "finish_reason"}], "usage": null if the client asked for usage}. */
#include <inttypes.h>

#include "dataplane/dialects/chat/encode_internal.h"

/* Pieces appended one after the other; the first trouble is kept. */
struct line {
    struct tg_buf *out;
    enum tg_status status;
};

static void put(struct line *line, struct tg_text text)
{
    if (line->status == TG_OK)
        line->status = tg_buf_append(line->out, text);
}

static void put_string(struct line *line, const char *string)
{
    put(line, tg_text_of(string));
}

static void put_number(struct line *line, unsigned number)
{
    char digits[16];
    char *at = digits + sizeof(digits);
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    put(line, tg_text(at, (size_t)(digits + sizeof(digits) - at)));
}

/* The same in every chunk of an answer. */
static struct tg_text head(struct chat_encoder *encoder)
{
    if (encoder->head.bytes == 0)
        encoder->head = tg_arena_printf(
            encoder->arena,
            "data: {\"id\":\"%.*s\",\"object\":\"chat.completion.chunk\",\"created\":%" PRId64
            ",\"model\":\"%.*s\",\"choices\":[",
            TG_TEXT_ARG(encoder->id.written), encoder->options.unix_ms / 1000, TG_TEXT_ARG(encoder->model.written));
    return encoder->head;
}

static struct line begin(struct chat_encoder *encoder, unsigned index, struct tg_buf *out)
{
    struct line line = {out, TG_OK};
    put(&line, head(encoder));
    put_string(&line, "{\"index\":");
    put_number(&line, index);
    put_string(&line, ",\"delta\":{");
    return line;
}

static enum tg_status end_choices(const struct chat_encoder *encoder, struct line *line)
{
    put_string(line, encoder->options.wants_usage ? "}],\"usage\":null}\n\n" : "}]}\n\n");
    return line->status;
}

static enum tg_status end(const struct chat_encoder *encoder, struct line *line)
{
    put_string(line, "},\"logprobs\":null,\"finish_reason\":null");
    return end_choices(encoder, line);
}

enum tg_status chat_chunk_begin(struct chat_encoder *encoder, unsigned index, bool has_text, struct tg_buf *out)
{
    struct line line = begin(encoder, index, out);
    put_string(&line, has_text ? "\"role\":\"assistant\",\"content\":\"\",\"refusal\":null"
                               : "\"role\":\"assistant\",\"content\":null,\"refusal\":null");
    return end(encoder, &line);
}

enum tg_status chat_chunk_text(struct chat_encoder *encoder, unsigned index, enum chat_encode_field field,
                               struct tg_json_string text, struct tg_buf *out)
{
    struct line line = begin(encoder, index, out);
    put_string(&line, "\"");
    put_string(&line, chat_encode_field_name(field));
    put_string(&line, "\":\"");
    put(&line, text.written);
    put_string(&line, "\"");
    return end(encoder, &line);
}

enum tg_status chat_chunk_list(struct chat_encoder *encoder, unsigned index, enum chat_encode_list list,
                               struct tg_text elements, struct tg_buf *out)
{
    struct line line = begin(encoder, index, out);
    if (list == CHAT_LIST_LOGPROBS) {
        put_string(&line, "},\"logprobs\":{\"content\":[");
        put(&line, elements);
        put_string(&line, "],\"refusal\":null},\"finish_reason\":null");
        return end_choices(encoder, &line);
    }
    put_string(&line, "\"");
    put_string(&line, chat_encode_list_name(list));
    put_string(&line, "\":[");
    put(&line, elements);
    put_string(&line, "]");
    return end(encoder, &line);
}

enum tg_status chat_chunk_arguments(struct chat_encoder *encoder, unsigned index, unsigned tool_index,
                                    struct tg_json_string text, struct tg_buf *out)
{
    struct line line = begin(encoder, index, out);
    put_string(&line, "\"tool_calls\":[{\"index\":");
    put_number(&line, tool_index);
    put_string(&line, ",\"function\":{\"arguments\":\"");
    put(&line, text.written);
    put_string(&line, "\"}}]");
    return end(encoder, &line);
}

enum tg_status chat_chunk_audio(struct chat_encoder *encoder, unsigned index, struct tg_json_string data,
                                struct tg_buf *out)
{
    struct line line = begin(encoder, index, out);
    put_string(&line, "\"audio\":{\"data\":\"");
    put(&line, data.written);
    put_string(&line, "\"}");
    return end(encoder, &line);
}

enum tg_status chat_chunk_finish(struct chat_encoder *encoder, unsigned index, const char *reason, struct tg_buf *out)
{
    struct line line = begin(encoder, index, out);
    put_string(&line, "},\"logprobs\":null,\"finish_reason\":\"");
    put_string(&line, reason);
    put_string(&line, "\"");
    return end_choices(encoder, &line);
}

static enum tg_status say_usage(struct chat_encoder *encoder, struct tg_buf *out)
{
    struct line line = {out, TG_OK};
    struct tg_json_writer writer;
    put(&line, head(encoder));
    put_string(&line, "],\"usage\":");
    if (line.status != TG_OK)
        return line.status;
    tg_json_write_init(&writer, out);
    chat_usage_write(&writer, &encoder->usage);
    line.status = tg_json_write_finish(&writer);
    if (!tg_json_string_is_empty(encoder->service_tier)) {
        put_string(&line, ",\"service_tier\":\"");
        put(&line, encoder->service_tier.written);
        put_string(&line, "\"");
    }
    put_string(&line, "}\n\n");
    return line.status;
}

enum tg_status chat_chunk_end(struct chat_encoder *encoder, struct tg_buf *out)
{
    enum tg_status status = TG_OK;
    if (encoder->options.wants_usage && encoder->has_usage)
        status = say_usage(encoder, out);
    return status == TG_OK ? tg_buf_append(out, tg_text_of("data: [DONE]\n\n")) : status;
}
