/* Any bytes as a request and as an answer of one dialect: what is written of a request is read as the same again, and
 * what is encoded of an answer is decoded to its end again, streamed and whole. A stream is given as lines, each the
 * name of an event, a space, and its data. */
#ifndef TG_TESTS_FUZZ_CODEC_H
#define TG_TESTS_FUZZ_CODEC_H

#include "common/codec/aws_event_stream.h"
#include "common/codec/json_scan.h"
#include "common/codec/sse.h"
#include "dataplane/dialects/canonical/dialect.h"
#include "tests/fuzz/fuzz.h"

enum { CODEC_MAX_BYTES = 4 << 20 };

static void require_json(struct tg_text text)
{
    struct tg_json_scan scan;
    tg_json_scan_init(&scan, text);
    REQUIRE(tg_json_scan_finish(&scan, NULL) == TG_OK);
}

static void write_and_read(const struct tg_dialect *dialect, struct tg_arena *arena, struct tg_text body)
{
    static const char *const models[] = {"claude-sonnet-4-5", "claude-opus-5", "claude-fable-5", "llama"};
    struct tg_request_source source = {.arena = arena, .body = body, .path_model = tg_text_of("m")};
    struct tg_model_request request, again;
    struct tg_client_error error;
    if (!dialect->read_request(&source, &request, &error))
        return;
    for (unsigned id = 0; id < TG_DIALECT_COUNT; ++id) {
        struct tg_request_target target = {.upstream_model = tg_text_of(models[id % 4])};
        struct tg_loss loss = {.policy = TG_LOSS_DROP_ALL};
        struct tg_buf out;
        request.dialect = (enum tg_dialect_id)id; /* as if another had said the same */
        tg_buf_init(&out, CODEC_MAX_BYTES);
        if (dialect->write_request(arena, &request, &target, &loss, &out, &error)) {
            source.body = tg_buf_text(&out);
            require_json(source.body);
            bool is_read = dialect->read_request(&source, &again, &error);
            /* a client's own fields may meet the writer's under one name: then there are two of it */
            REQUIRE(is_read || error.code == TG_ERROR_INVALID_JSON);
            REQUIRE(!is_read || request.max_output_tokens == 0 || again.max_output_tokens == request.max_output_tokens);
            REQUIRE(!is_read || again.stop_count <= request.stop_count);
        }
        tg_buf_deinit(&out);
    }
}

struct codec {
    const struct tg_dialect *dialect;
    void *encoder;
    struct tg_buf out;
    enum tg_answer_event_kind last;
};

static enum tg_status codec_take(void *user, const struct tg_answer_event *event)
{
    struct codec *codec = user;
    REQUIRE(codec->last != TG_ANSWER_END && codec->last != TG_ANSWER_ERROR);
    codec->last = event->kind;
    return codec->dialect->encode(codec->encoder, event, &codec->out);
}

static void codec_begin(struct codec *codec, const struct tg_dialect *dialect, struct tg_arena *arena,
                        bool is_streaming)
{
    struct tg_encode_options options = {.request_id = tg_text_of("id"), .is_streaming = is_streaming};
    codec->dialect = dialect;
    codec->encoder = dialect->encoder_new(arena, &options);
    codec->last = TG_ANSWER_START;
    tg_buf_init(&codec->out, CODEC_MAX_BYTES);
}

static enum tg_status end_decoding(struct tg_arena *arena, void *decoder, enum tg_status status, struct codec *codec)
{
    struct tg_answer_sink sink = {codec_take, codec};
    if (status == TG_OK)
        status = codec->dialect->decode_end(decoder, arena, &sink);
    REQUIRE(status != TG_OK || codec->last == TG_ANSWER_END || codec->last == TG_ANSWER_ERROR);
    return status;
}

static enum tg_status decode_lines(struct tg_arena *arena, struct tg_text lines, struct codec *codec)
{
    struct tg_answer_sink sink = {codec_take, codec};
    void *decoder = codec->dialect->decoder_new(arena);
    enum tg_status status = TG_OK;
    while (status == TG_OK && lines.bytes != 0) {
        const char *end = memchr(lines.data, '\n', lines.bytes);
        struct tg_text line = tg_text(lines.data, end == NULL ? lines.bytes : (size_t)(end - lines.data));
        const char *space = line.bytes == 0 ? NULL : memchr(line.data, ' ', line.bytes);
        size_t name_bytes = space == NULL ? line.bytes : (size_t)(space - line.data);
        size_t taken = line.bytes + (end != NULL);
        struct tg_text data = space == NULL ? tg_text(line.data, 0) : tg_text(space + 1, line.bytes - name_bytes - 1);
        status = codec->dialect->decode_block(decoder, arena, tg_text(line.data, name_bytes), data, &sink);
        lines = tg_text(lines.data + taken, lines.bytes - taken);
    }
    return end_decoding(arena, decoder, status, codec);
}

/* What an encoder streamed, by whichever framing its dialect has. */
static enum tg_status decode_encoded(struct tg_arena *arena, struct tg_text stream, bool is_aws, struct codec *codec)
{
    struct tg_answer_sink sink = {codec_take, codec};
    void *decoder = codec->dialect->decoder_new(arena);
    enum tg_status status = TG_OK;
    if (is_aws) {
        struct tg_aws_event_stream events;
        struct tg_aws_event_message message;
        tg_aws_event_stream_init(&events, CODEC_MAX_BYTES);
        tg_aws_event_stream_feed(&events, stream);
        while (status == TG_OK && tg_aws_event_stream_next(&events, &message) == TG_AWS_EVENT_MESSAGE) {
            struct tg_text name = message.event_type.bytes != 0 ? message.event_type : message.exception_type;
            status = codec->dialect->decode_block(decoder, arena, name, message.payload, &sink);
        }
        REQUIRE(events.failure == TG_AWS_EVENT_MORE);
        tg_aws_event_stream_deinit(&events);
    } else {
        struct tg_sse sse;
        struct tg_sse_block block;
        tg_sse_init(&sse, CODEC_MAX_BYTES);
        tg_sse_feed(&sse, stream);
        while (status == TG_OK && tg_sse_next(&sse, &block) == TG_SSE_BLOCK)
            if (block.has_data)
                status = codec->dialect->decode_block(decoder, arena, block.name, block.data, &sink);
        tg_sse_deinit(&sse);
    }
    return end_decoding(arena, decoder, status, codec);
}

static void check_stream(const struct tg_dialect *dialect, struct tg_arena *arena, struct tg_text lines, bool is_aws)
{
    struct codec codec, again, whole;
    codec_begin(&codec, dialect, arena, true);
    if (decode_lines(arena, lines, &codec) == TG_OK) {
        codec_begin(&again, dialect, arena, true);
        codec_begin(&whole, dialect, arena, false);
        REQUIRE(decode_encoded(arena, tg_buf_text(&codec.out), is_aws, &again) == TG_OK);
        REQUIRE(again.last == codec.last);
        if (decode_lines(arena, lines, &whole) == TG_OK)
            require_json(tg_buf_text(&whole.out));
        tg_buf_deinit(&again.out);
        tg_buf_deinit(&whole.out);
    }
    tg_buf_deinit(&codec.out);
}

static void check_whole(const struct tg_dialect *dialect, struct tg_arena *arena, struct tg_text body)
{
    struct codec codec, again;
    struct tg_answer_sink sink = {codec_take, &codec};
    struct tg_answer_error error;
    struct tg_seen seen = {.has_usage = false};
    struct tg_usage usage;
    codec_begin(&codec, dialect, arena, false);
    if (dialect->decode_whole(arena, body, &sink) == TG_OK) {
        require_json(tg_buf_text(&codec.out));
        codec_begin(&again, dialect, arena, false);
        sink.user = &again;
        REQUIRE(dialect->decode_whole(arena, tg_buf_text(&codec.out), &sink) == TG_OK || codec.last == TG_ANSWER_ERROR);
        tg_buf_deinit(&again.out);
    }
    if (dialect->read_error(arena, 500, body, &error))
        require_json(dialect->error_body(arena, &error));
    tg_buf_deinit(&codec.out);
    dialect->watch_whole(&seen, body);
    if (dialect->watch_tail(body, &usage))
        for (size_t i = 0; i < TG_USAGE_KIND_COUNT; ++i)
            REQUIRE(usage.of[i] >= 0);
}

static inline int check_codec(const struct tg_dialect *dialect, bool is_aws, const uint8_t *data, size_t size)
{
    struct tg_text text = tg_text((const char *)data, size);
    struct tg_arena arena;
    if (size == 0 || size > 16384)
        return 0;
    tg_arena_init(&arena);
    write_and_read(dialect, &arena, text);
    check_stream(dialect, &arena, text, is_aws);
    check_whole(dialect, &arena, text);
    tg_arena_deinit(&arena);
    return 0;
}

#endif
