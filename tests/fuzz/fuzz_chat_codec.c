/* Any bytes as a request and as an answer: what is written of a request is read as the same again, and what is encoded
 * of an answer is decoded to its end again, streamed and whole. */
#include "common/codec/json_scan.h"
#include "common/codec/sse.h"
#include "dataplane/dialects/chat/chat.h"
#include "tests/fuzz/fuzz.h"

enum { MAX_BYTES = 4 << 20 };

static void require_json(struct tg_text text)
{
    struct tg_json_scan scan;
    tg_json_scan_init(&scan, text);
    REQUIRE(tg_json_scan_finish(&scan, NULL) == TG_OK);
}

static void write_and_read(struct tg_arena *arena, struct tg_text body)
{
    struct tg_request_source source = {.arena = arena, .body = body};
    struct tg_request_target target = {.upstream_model = tg_text_of("m"), .maximum_field = "max_tokens"};
    struct tg_model_request request, again;
    struct tg_client_error error;
    struct tg_loss loss = {.policy = TG_LOSS_DROP_ALL};
    struct tg_buf out;
    if (!tg_dialect_chat.read_request(&source, &request, &error))
        return;
    for (unsigned dialect = 0; dialect < TG_DIALECT_COUNT; ++dialect) {
        request.dialect = (enum tg_dialect_id)dialect; /* as if another had said the same */
        tg_buf_init(&out, MAX_BYTES);
        if (tg_dialect_chat.write_request(arena, &request, &target, &loss, &out, &error)) {
            source.body = tg_buf_text(&out);
            require_json(source.body);
            bool is_read = tg_dialect_chat.read_request(&source, &again, &error);
            REQUIRE(is_read);
            REQUIRE(again.max_output_tokens == request.max_output_tokens);
            REQUIRE(again.choices == request.choices);
        }
        tg_buf_deinit(&out);
    }
}

struct codec {
    void *encoder;
    struct tg_buf out;
    enum tg_answer_event_kind last;
};

static enum tg_status take(void *user, const struct tg_answer_event *event)
{
    struct codec *codec = user;
    REQUIRE(codec->last != TG_ANSWER_END && codec->last != TG_ANSWER_ERROR);
    codec->last = event->kind;
    return tg_dialect_chat.encode(codec->encoder, event, &codec->out);
}

static void begin(struct codec *codec, struct tg_arena *arena, bool is_streaming)
{
    struct tg_encode_options options = {
        .request_id = tg_text_of("id"), .is_streaming = is_streaming, .wants_usage = true};
    codec->encoder = tg_dialect_chat.encoder_new(arena, &options);
    codec->last = TG_ANSWER_START;
    tg_buf_init(&codec->out, MAX_BYTES);
}

static enum tg_status decode(struct tg_arena *arena, struct tg_text stream, struct codec *codec)
{
    struct tg_answer_sink sink = {take, codec};
    struct tg_sse sse;
    struct tg_sse_block block;
    enum tg_status status = TG_OK;
    void *decoder = tg_dialect_chat.decoder_new(arena);
    tg_sse_init(&sse, MAX_BYTES);
    tg_sse_feed(&sse, stream);
    while (status == TG_OK && tg_sse_next(&sse, &block) == TG_SSE_BLOCK)
        if (block.has_data)
            status = tg_dialect_chat.decode_block(decoder, arena, block.name, block.data, &sink);
    if (status == TG_OK)
        status = tg_dialect_chat.decode_end(decoder, arena, &sink);
    REQUIRE(status != TG_OK || codec->last == TG_ANSWER_END || codec->last == TG_ANSWER_ERROR);
    tg_sse_deinit(&sse);
    return status;
}

static void check_stream(struct tg_arena *arena, struct tg_text stream)
{
    struct codec codec, again, whole;
    begin(&codec, arena, true);
    if (decode(arena, stream, &codec) == TG_OK) {
        begin(&again, arena, true);
        begin(&whole, arena, false);
        REQUIRE(decode(arena, tg_buf_text(&codec.out), &again) == TG_OK);
        REQUIRE(again.last == codec.last);
        if (decode(arena, stream, &whole) == TG_OK)
            require_json(tg_buf_text(&whole.out));
        tg_buf_deinit(&again.out);
        tg_buf_deinit(&whole.out);
    }
    tg_buf_deinit(&codec.out);
}

static void check_whole(struct tg_arena *arena, struct tg_text body)
{
    struct codec codec, again;
    struct tg_answer_sink sink = {take, &codec};
    struct tg_answer_error error;
    begin(&codec, arena, false);
    if (tg_dialect_chat.decode_whole(arena, body, &sink) == TG_OK) {
        require_json(tg_buf_text(&codec.out));
        begin(&again, arena, true);
        sink.user = &again;
        if (tg_dialect_chat.decode_whole(arena, body, &sink) == TG_OK) {
            struct codec streamed;
            begin(&streamed, arena, false);
            REQUIRE(decode(arena, tg_buf_text(&again.out), &streamed) == TG_OK);
            REQUIRE(streamed.last == codec.last);
            tg_buf_deinit(&streamed.out);
        }
        tg_buf_deinit(&again.out);
    }
    if (tg_dialect_chat.read_error(arena, 500, body, &error))
        require_json(tg_dialect_chat.error_body(arena, &error));
    tg_buf_deinit(&codec.out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tg_text text = tg_text((const char *)data, size);
    struct tg_arena arena;
    if (size == 0 || size > 16384)
        return 0;
    tg_arena_init(&arena);
    write_and_read(&arena, text);
    check_stream(&arena, text);
    check_whole(&arena, text);
    tg_arena_deinit(&arena);
    return 0;
}
