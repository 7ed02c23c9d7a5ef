#include "tests/unit/dataplane/dialects/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/codec/aws_event_stream.h"
#include "common/codec/sse.h"

enum { MAX_BYTES = 64 << 20 };

struct tg_model_request read_ok(const struct tg_dialect *dialect, struct tg_arena *arena, struct tg_text body)
{
    struct tg_request_source source = {.arena = arena, .body = body};
    struct tg_model_request request;
    struct tg_client_error error;
    if (!dialect->read_request(&source, &request, &error))
        fail_msg("%.*s", TG_TEXT_ARG(tg_client_error_sentence(arena, &error)));
    return request;
}

static void assert_object(struct tg_text text)
{
    struct tg_error error;
    tg_json *root = NULL;
    if (tg_json_parse(text, &root, &error) != TG_OK || tg_json_kind(root) != TG_JSON_OBJECT)
        fail_msg("%s: %.*s", error.message, TG_TEXT_ARG(text));
    tg_json_destroy(root);
}

struct tg_text write_ok(const struct tg_dialect *dialect, struct tg_arena *arena,
                        const struct tg_model_request *request, const struct tg_request_target *target,
                        struct tg_loss *loss)
{
    struct tg_client_error error;
    struct tg_buf out;
    tg_buf_init(&out, MAX_BYTES);
    if (!dialect->write_request(arena, request, target, loss, &out, &error))
        fail_msg("%.*s", TG_TEXT_ARG(tg_client_error_sentence(arena, &error)));
    struct tg_text text = tg_arena_copy(arena, tg_buf_text(&out));
    tg_buf_deinit(&out);
    assert_object(text);
    return text;
}

struct tg_text edited(const struct tg_dialect *dialect, struct tg_arena *arena, struct tg_text body,
                      const struct tg_model_request *request, const struct tg_request_target *target)
{
    struct tg_body pieces;
    struct tg_buf joined;
    dialect->edit_request(arena, body, request, target, &pieces);
    tg_buf_init(&joined, MAX_BYTES);
    for (size_t i = 0; i < pieces.piece_count; ++i)
        assert_int_equal(tg_buf_append(&joined, pieces.pieces[i]), TG_OK);
    assert_int_equal(joined.bytes, pieces.bytes);
    struct tg_text text = tg_arena_copy(arena, tg_buf_text(&joined));
    tg_buf_deinit(&joined);
    return text;
}

/* ---- recordings ---- */

static void keep(struct tg_arena *arena, struct tg_text *text)
{
    *text = tg_arena_copy(arena, *text);
}

static void *keep_bytes(struct tg_arena *arena, const void *data, size_t bytes)
{
    return data == NULL ? NULL : memcpy(tg_arena_alloc(arena, bytes + 1), data, bytes);
}

static enum tg_status take(void *user, const struct tg_answer_event *event)
{
    struct recording *recording = user;
    if (recording->count == recording->capacity) {
        size_t capacity = recording->capacity == 0 ? 64 : recording->capacity * 2;
        struct tg_answer_event *events = tg_arena_alloc(recording->arena, capacity * sizeof(*events));
        if (recording->count != 0)
            memcpy(events, recording->events, recording->count * sizeof(*events));
        recording->events = events;
        recording->capacity = capacity;
    }
    struct tg_answer_event *kept = &recording->events[recording->count++];
    *kept = *event;
    struct tg_text *const texts[] = {&kept->id.written,   &kept->model.written, &kept->call_id.written,
                                     &kept->name.written, &kept->text.written,  &kept->media_type.written,
                                     &kept->raw,          &kept->service_tier,  &kept->stop_sequence.written};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); ++i)
        keep(recording->arena, texts[i]);
    struct tg_citation *citations =
        keep_bytes(recording->arena, event->citations, event->citation_count * sizeof(*citations));
    for (size_t i = 0; i < event->citation_count; ++i) {
        keep(recording->arena, &citations[i].url.written);
        keep(recording->arena, &citations[i].title.written);
        keep(recording->arena, &citations[i].quote.written);
        keep(recording->arena, &citations[i].document_title.written);
    }
    kept->citations = citations;
    kept->usage = keep_bytes(recording->arena, event->usage, sizeof(*event->usage));
    struct tg_answer_error *error = keep_bytes(recording->arena, event->error, sizeof(*event->error));
    if (error != NULL) {
        keep(recording->arena, &error->message.written);
        keep(recording->arena, &error->type.written);
    }
    kept->error = error;
    if (event->kind == TG_ANSWER_USAGE) {
        recording->usage = *event->usage;
        recording->has_usage = true;
    }
    return TG_OK;
}

void recording_init(struct recording *recording, struct tg_arena *arena, struct tg_answer_sink *sink)
{
    *recording = (struct recording){.arena = arena};
    *sink = (struct tg_answer_sink){take, recording};
}

const struct tg_answer_event *recorded(const struct recording *recording, enum tg_answer_event_kind kind)
{
    for (size_t i = 0; i < recording->count; ++i)
        if (recording->events[i].kind == kind)
            return &recording->events[i];
    return NULL;
}

struct tg_text encode_all(const struct tg_dialect *dialect, struct tg_arena *arena, const struct recording *recording,
                          bool is_streaming)
{
    struct tg_model_request request = {.choices = 1};
    struct tg_encode_options options = {
        .request_id = tg_text_of("0192f000-0000-7000-8000-000000000001"),
        .model = tg_text(NULL, 0),
        .unix_ms = 1767225600000,
        .is_streaming = is_streaming,
        .wants_usage = true,
        .request = &request,
    };
    struct tg_buf out;
    tg_buf_init(&out, MAX_BYTES);
    void *encoder = dialect->encoder_new(arena, &options);
    for (size_t i = 0; i < recording->count; ++i)
        assert_int_equal(dialect->encode(encoder, &recording->events[i], &out), TG_OK);
    struct tg_text text = tg_arena_copy(arena, tg_buf_text(&out));
    tg_buf_deinit(&out);
    return text;
}

/* As the gateway does: a last event without its blank line counts, too. */
struct tg_text ended(struct tg_arena *arena, struct tg_text stream)
{
    return tg_arena_printf(arena, "%.*s\n\n", TG_TEXT_ARG(stream));
}

void decode_sse(const struct tg_dialect *dialect, struct tg_arena *arena, struct tg_text stream,
                const struct tg_answer_sink *sink)
{
    struct tg_sse sse;
    struct tg_sse_block block;
    void *decoder = dialect->decoder_new(arena);
    tg_sse_init(&sse, MAX_BYTES);
    tg_sse_feed(&sse, ended(arena, stream));
    while (tg_sse_next(&sse, &block) == TG_SSE_BLOCK) {
        if (!block.has_data)
            continue;
        struct tg_arena scratch;
        tg_arena_init(&scratch);
        assert_int_equal(dialect->decode_block(decoder, &scratch, block.name, block.data, sink), TG_OK);
        tg_arena_deinit(&scratch);
    }
    assert_int_equal(dialect->decode_end(decoder, arena, sink), TG_OK);
    tg_sse_deinit(&sse);
}

void decode_aws(const struct tg_dialect *dialect, struct tg_arena *arena, struct tg_text stream,
                const struct tg_answer_sink *sink)
{
    struct tg_aws_event_stream events;
    struct tg_aws_event_message message;
    void *decoder = dialect->decoder_new(arena);
    tg_aws_event_stream_init(&events, TG_AWS_EVENT_MAX_BYTES);
    tg_aws_event_stream_feed(&events, stream);
    while (tg_aws_event_stream_next(&events, &message) == TG_AWS_EVENT_MESSAGE) {
        struct tg_arena scratch;
        tg_arena_init(&scratch);
        struct tg_text name = message.event_type.bytes != 0 ? message.event_type : message.exception_type;
        assert_int_equal(dialect->decode_block(decoder, &scratch, name, message.payload, sink), TG_OK);
        tg_arena_deinit(&scratch);
    }
    assert_int_equal(tg_aws_event_stream_rest_bytes(&events), 0);
    assert_int_equal(dialect->decode_end(decoder, arena, sink), TG_OK);
    tg_aws_event_stream_deinit(&events);
}

void assert_same_json(const char *name, struct tg_text a, struct tg_text b)
{
    struct tg_error error;
    tg_json *tree_a = NULL, *tree_b = NULL;
    if (tg_json_parse(a, &tree_a, &error) != TG_OK || tg_json_parse(b, &tree_b, &error) != TG_OK)
        fail_msg("%s: %s\n%.*s\n%.*s", name, error.message, TG_TEXT_ARG(a), TG_TEXT_ARG(b));
    bool is_same = tg_json_equals(tree_a, tree_b);
    tg_json_destroy(tree_a);
    tg_json_destroy(tree_b);
    if (!is_same)
        fail_msg("%s:\n%.*s\n%.*s", name, TG_TEXT_ARG(a), TG_TEXT_ARG(b));
}
