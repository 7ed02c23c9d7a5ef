/* Any bytes as a request, a stream, a whole answer and an error of OpenAI's responses: what is edited or written of a
 * request is read as the same again; the events of an answer keep their grammar, and what is encoded of them is decoded
 * to the same end again. */
#include "common/codec/json_scan.h"
#include "common/codec/sse.h"
#include "dataplane/dialects/responses/responses.h"
#include "tests/fuzz/fuzz.h"

enum { MAX_BYTES = 8 << 20, MAX_INPUT_BYTES = 16384, MAX_PARTS = 4200 };

static const struct tg_dialect *const dialect = &tg_dialect_responses;

static void require_json(struct tg_text text)
{
    struct tg_json_scan scan;
    tg_json_scan_init(&scan, text);
    REQUIRE(tg_json_scan_finish(&scan, NULL) == TG_OK);
}

/* ---- requests ---- */

static void require_read(struct tg_arena *arena, struct tg_text body, const struct tg_model_request *request,
                         int64_t maximum)
{
    struct tg_request_source source = {.arena = arena, .body = body};
    struct tg_model_request again;
    struct tg_client_error error;
    REQUIRE(dialect->read_request(&source, &again, &error));
    REQUIRE(again.max_output_tokens == maximum);
    REQUIRE(again.is_streaming == request->is_streaming);
    REQUIRE(tg_text_is(again.model, "other"));
}

static void check_request(struct tg_arena *arena, struct tg_text body)
{
    struct tg_request_source source = {.arena = arena, .body = body};
    struct tg_request_target target = {.upstream_model = tg_text_of("other")};
    struct tg_model_request request;
    struct tg_client_error error;
    struct tg_body pieces;
    struct tg_buf out;
    if (!dialect->read_request(&source, &request, &error))
        return;
    target.max_output_tokens = 17;
    dialect->edit_request(arena, body, &request, &target, &pieces);
    tg_buf_init(&out, MAX_BYTES);
    for (size_t i = 0; i < pieces.piece_count; ++i)
        REQUIRE(tg_buf_append(&out, pieces.pieces[i]) == TG_OK);
    require_read(arena, tg_buf_text(&out), &request, 17);
    tg_buf_deinit(&out);

    target.max_output_tokens = 0;
    for (unsigned from = 0; from < TG_DIALECT_COUNT; ++from) {
        struct tg_loss loss = {.policy = TG_LOSS_DROP_ALL};
        request.dialect = (enum tg_dialect_id)from; /* as if another had said the same */
        tg_buf_init(&out, MAX_BYTES);
        if (dialect->write_request(arena, &request, &target, &loss, &out, &error))
            require_read(arena, tg_buf_text(&out), &request, request.max_output_tokens);
        tg_buf_deinit(&out);
    }
}

/* ---- answers ---- */

/* Takes events, checks their grammar and encodes them. */
struct listener {
    void *encoder;
    struct tg_buf out;
    enum tg_answer_event_kind last;
    bool has_started, is_finished;
    bool is_open[MAX_PARTS];
    unsigned parts, open_count;
};

static void check_part(struct listener *listener, const struct tg_answer_event *event)
{
    REQUIRE(listener->has_started && !listener->is_finished);
    if (event->kind == TG_ANSWER_PART_BEGIN) {
        REQUIRE(event->part == listener->parts && event->part < MAX_PARTS);
        listener->is_open[listener->parts++] = true;
        ++listener->open_count;
        return;
    }
    REQUIRE(event->part < listener->parts && listener->is_open[event->part]);
    if (event->kind == TG_ANSWER_PART_END) {
        listener->is_open[event->part] = false;
        --listener->open_count;
    }
}

static enum tg_status take(void *user, const struct tg_answer_event *event)
{
    struct listener *listener = user;
    REQUIRE(listener->last != TG_ANSWER_END && listener->last != TG_ANSWER_ERROR);
    listener->last = event->kind;
    if (event->kind == TG_ANSWER_START)
        listener->has_started = true;
    else if (event->kind < TG_ANSWER_FINISH)
        check_part(listener, event);
    else if (event->kind == TG_ANSWER_FINISH || event->kind == TG_ANSWER_END)
        REQUIRE(listener->open_count == 0);
    if (event->kind == TG_ANSWER_FINISH)
        listener->is_finished = true;
    return dialect->encode(listener->encoder, event, &listener->out);
}

static struct listener *listen(struct tg_arena *arena, bool is_streaming)
{
    struct tg_encode_options options = {
        .request_id = tg_text_of("id"), .model = tg_text_of("m"), .is_streaming = is_streaming};
    struct listener *listener = calloc(1, sizeof(*listener));
    listener->encoder = dialect->encoder_new(arena, &options);
    tg_buf_init(&listener->out, MAX_BYTES);
    return listener;
}

static void leave(struct listener *listener)
{
    tg_buf_deinit(&listener->out);
    free(listener);
}

static enum tg_status decode(struct tg_arena *arena, struct tg_text stream, struct listener *listener,
                             struct tg_seen *seen)
{
    struct tg_answer_sink sink = {take, listener};
    struct tg_sse sse;
    struct tg_sse_block block;
    enum tg_status status = TG_OK;
    void *decoder = dialect->decoder_new(arena);
    tg_sse_init(&sse, MAX_BYTES);
    tg_sse_feed(&sse, stream);
    while (status == TG_OK && tg_sse_next(&sse, &block) == TG_SSE_BLOCK) {
        if (!block.has_data)
            continue;
        dialect->watch_block(seen, false, block.name, block.data);
        status = dialect->decode_block(decoder, arena, block.name, block.data, &sink);
    }
    if (status == TG_OK)
        status = dialect->decode_end(decoder, arena, &sink);
    REQUIRE(status != TG_OK || listener->last == TG_ANSWER_END || listener->last == TG_ANSWER_ERROR);
    tg_sse_deinit(&sse);
    return status;
}

static void check_stream(struct tg_arena *arena, struct tg_text stream)
{
    struct tg_seen seen = {.has_usage = false}, seen_again = {.has_usage = false};
    struct listener *streamed = listen(arena, true), *whole = listen(arena, false), *again = listen(arena, false);
    if (decode(arena, stream, streamed, &seen) == TG_OK) {
        REQUIRE(decode(arena, tg_buf_text(&streamed->out), again, &seen_again) == TG_OK);
        REQUIRE(again->last == streamed->last);
        REQUIRE(seen_again.is_done);
        if (decode(arena, stream, whole, &seen) == TG_OK)
            require_json(tg_buf_text(&whole->out));
    }
    leave(streamed);
    leave(whole);
    leave(again);
}

static void check_whole(struct tg_arena *arena, struct tg_text body)
{
    struct listener *whole = listen(arena, false), *streamed = listen(arena, true), *again = listen(arena, false);
    struct tg_answer_sink sink = {take, whole};
    struct tg_seen seen = {.has_usage = false};
    struct tg_usage usage;
    if (dialect->decode_whole(arena, body, &sink) == TG_OK) {
        require_json(tg_buf_text(&whole->out));
        sink.user = streamed;
        REQUIRE(dialect->decode_whole(arena, body, &sink) == TG_OK);
        REQUIRE(decode(arena, tg_buf_text(&streamed->out), again, &seen) == TG_OK);
        REQUIRE(again->last == whole->last);
    }
    dialect->watch_whole(&seen, body);
    (void)dialect->watch_tail(body, &usage);
    leave(whole);
    leave(streamed);
    leave(again);
}

static void check_error(struct tg_arena *arena, struct tg_text body)
{
    struct tg_answer_error error;
    struct listener *listener = listen(arena, true);
    struct tg_seen seen = {.has_usage = false};
    if (dialect->read_error(arena, 500, body, &error)) {
        require_json(dialect->error_body(arena, &error));
        struct tg_text event = dialect->error_event(arena, &error, TG_FRAMING_SSE);
        REQUIRE(decode(arena, event, listener, &seen) == TG_OK);
        REQUIRE(listener->last == TG_ANSWER_ERROR);
    }
    leave(listener);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tg_text text = tg_text((const char *)data, size);
    struct tg_arena arena;
    if (size == 0 || size > MAX_INPUT_BYTES)
        return 0;
    tg_arena_init(&arena);
    check_request(&arena, text);
    check_stream(&arena, text);
    check_whole(&arena, text);
    check_error(&arena, text);
    tg_arena_deinit(&arena);
    return 0;
}
