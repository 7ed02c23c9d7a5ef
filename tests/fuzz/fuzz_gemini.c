/* Any bytes as a request, a stream, an answer and an error of Google's: what is written of a request is read again,
 * what is encoded of an answer is decoded to its end again in either framing, and what watches a stream sees the usage
 * that its decoder tells. Multipart forms and arrays that arrive in pieces, too. */
#include "common/codec/json_array.h"
#include "common/codec/json_scan.h"
#include "common/codec/multipart.h"
#include "dataplane/dialects/gemini/gemini.h"
#include "tests/fuzz/fuzz.h"

enum { MAX_BYTES = 4 << 20 };

static void require_json(struct tg_text text)
{
    struct tg_json_scan scan;
    tg_json_scan_init(&scan, text);
    REQUIRE(tg_json_scan_finish(&scan, NULL) == TG_OK);
}

static void edit(struct tg_arena *arena, struct tg_text body, const struct tg_model_request *request)
{
    struct tg_request_target target = {.upstream_model = tg_text_of("m"), .max_output_tokens = 5};
    struct tg_request_source source = {.arena = arena, .path_model = tg_text_of("m")};
    struct tg_model_request again;
    struct tg_client_error error;
    struct tg_body edited;
    struct tg_buf joined;
    tg_dialect_gemini.edit_request(arena, body, request, &target, &edited);
    tg_buf_init(&joined, MAX_BYTES);
    for (size_t i = 0; i < edited.piece_count; ++i)
        REQUIRE(tg_buf_append(&joined, edited.pieces[i]) == TG_OK);
    source.body = tg_buf_text(&joined);
    REQUIRE(tg_dialect_gemini.read_request(&source, &again, &error));
    REQUIRE(again.max_output_tokens == 5);
    tg_buf_deinit(&joined);
}

static void check_request(struct tg_arena *arena, struct tg_text body)
{
    struct tg_request_source source = {.arena = arena, .body = body, .path_model = tg_text_of("gemini-3-flash")};
    struct tg_request_target target = {.upstream_model = tg_text_of("gemini-2.5-pro")};
    struct tg_model_request request, again;
    struct tg_client_error error;
    struct tg_loss loss = {.policy = TG_LOSS_DROP_ALL};
    struct tg_buf out;
    if (!tg_dialect_gemini.read_request(&source, &request, &error))
        return;
    edit(arena, body, &request);
    for (unsigned dialect = 0; dialect < TG_DIALECT_COUNT; ++dialect) {
        request.dialect = (enum tg_dialect_id)dialect; /* as if another had said the same */
        tg_buf_init(&out, MAX_BYTES);
        if (tg_dialect_gemini.write_request(arena, &request, &target, &loss, &out, &error)) {
            source.body = tg_buf_text(&out);
            require_json(source.body);
            REQUIRE(tg_dialect_gemini.read_request(&source, &again, &error));
            REQUIRE(again.max_output_tokens == request.max_output_tokens);
            REQUIRE(again.choices == request.choices);
        }
        tg_buf_deinit(&out);
    }
}

/* ---- answers ---- */

struct codec {
    void *encoder;
    struct tg_buf out;
    struct tg_usage usage;
    bool has_usage;
    enum tg_answer_event_kind last;
};

static enum tg_status take(void *user, const struct tg_answer_event *event)
{
    struct codec *codec = user;
    REQUIRE(codec->last != TG_ANSWER_END && codec->last != TG_ANSWER_ERROR);
    codec->last = event->kind;
    if (event->kind == TG_ANSWER_USAGE) {
        codec->usage = *event->usage;
        codec->has_usage = true;
    }
    return tg_dialect_gemini.encode(codec->encoder, event, &codec->out);
}

static void begin(struct codec *codec, struct tg_arena *arena, bool is_streaming)
{
    struct tg_encode_options options = {
        .request_id = tg_text_of("id"), .is_streaming = is_streaming, .framing = TG_FRAMING_JSON_ARRAY};
    *codec = (struct codec){.last = TG_ANSWER_START};
    codec->encoder = tg_dialect_gemini.encoder_new(arena, &options);
    tg_buf_init(&codec->out, MAX_BYTES);
}

/* As an array in pieces of `step` bytes. */
static enum tg_status decode(struct tg_arena *arena, struct tg_text stream, size_t step, struct codec *codec,
                             struct tg_seen *seen)
{
    struct tg_answer_sink sink = {take, codec};
    struct tg_json_array array;
    struct tg_json_array_block block;
    enum tg_status status = TG_OK;
    void *decoder = tg_dialect_gemini.decoder_new(arena);
    tg_json_array_init(&array, MAX_BYTES);
    for (size_t at = 0; status == TG_OK && at < stream.bytes; at += step) {
        size_t left = stream.bytes - at;
        tg_json_array_feed(&array, tg_text(stream.data + at, left < step ? left : step));
        while (status == TG_OK && tg_json_array_next(&array, &block) == TG_JSON_ARRAY_BLOCK) {
            if (block.data.bytes == 0)
                continue;
            if (codec->last != TG_ANSWER_ERROR)
                tg_dialect_gemini.watch_block(seen, false, tg_text(NULL, 0), block.data);
            status = tg_dialect_gemini.decode_block(decoder, arena, tg_text(NULL, 0), block.data, &sink);
        }
    }
    if (status == TG_OK)
        status = tg_dialect_gemini.decode_end(decoder, arena, &sink);
    REQUIRE(status != TG_OK || codec->last == TG_ANSWER_END || codec->last == TG_ANSWER_ERROR);
    tg_json_array_deinit(&array);
    return status;
}

static void check_stream(struct tg_arena *arena, struct tg_text stream, size_t step)
{
    struct codec codec, again;
    struct tg_seen seen = {.has_usage = false}, ignored = {.has_usage = false};
    begin(&codec, arena, true);
    if (decode(arena, stream, step, &codec, &seen) == TG_OK) {
        REQUIRE(codec.last == TG_ANSWER_ERROR || codec.has_usage == seen.has_usage);
        REQUIRE(codec.last == TG_ANSWER_ERROR || !codec.has_usage || seen.is_usage_partial ||
                memcmp(&codec.usage, &seen.usage, sizeof(seen.usage)) == 0);
        require_json(tg_buf_text(&codec.out));
        begin(&again, arena, true);
        if (decode(arena, tg_buf_text(&codec.out), codec.out.bytes + 1, &again, &ignored) == TG_OK)
            REQUIRE(again.last == codec.last);
        tg_buf_deinit(&again.out);
    }
    tg_buf_deinit(&codec.out);
}

static void check_whole(struct tg_arena *arena, struct tg_text body)
{
    struct codec codec;
    struct tg_answer_sink sink = {take, &codec};
    struct tg_seen seen = {.has_usage = false};
    struct tg_answer_error error;
    struct tg_usage usage;
    begin(&codec, arena, false);
    if (tg_dialect_gemini.decode_whole(arena, body, &sink) == TG_OK) {
        REQUIRE(codec.last == TG_ANSWER_END || codec.last == TG_ANSWER_ERROR);
        require_json(tg_buf_text(&codec.out));
    }
    tg_buf_deinit(&codec.out);
    tg_dialect_gemini.watch_whole(&seen, body);
    tg_dialect_gemini.watch_tail(body, &usage);
    tg_dialect_gemini.read_error(arena, 500, body, &error);
}

static void check_form(struct tg_text body)
{
    struct tg_multipart multipart;
    struct tg_multipart_part part;
    tg_multipart_init(&multipart, tg_text_of("multipart/form-data; boundary=B"), body);
    while (tg_multipart_next(&multipart, &part) == TG_MULTIPART_PART) {
        REQUIRE(part.name.bytes != 0);
        REQUIRE(part.value.data >= body.data && part.value.data + part.value.bytes <= body.data + body.bytes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tg_arena arena;
    if (size < 2 || size > 4096)
        return 0;
    struct tg_text body = tg_text((const char *)data + 1, size - 1);
    tg_arena_init(&arena);
    check_request(&arena, body);
    check_stream(&arena, body, (size_t)data[0] + 1);
    check_whole(&arena, body);
    check_form(body);
    tg_arena_deinit(&arena);
    return 0;
}
