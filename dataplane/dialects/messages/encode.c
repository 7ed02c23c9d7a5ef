#include "dataplane/dialects/messages/messages_internal.h"

/* Parts that a stream may have open at once. */
enum { MAX_OPEN = 64 };

/* "msg_" and what is alphanumeric in the gateway's own id. */
static struct tg_json_string message_id(struct tg_arena *arena, struct tg_text request_id)
{
    char *id = tg_arena_alloc(arena, 4 + request_id.bytes + 1);
    size_t bytes = 4;
    memcpy(id, "msg_", 4);
    for (size_t i = 0; i < request_id.bytes; ++i) {
        char c = request_id.data[i];
        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
            id[bytes++] = c;
    }
    return tg_json_string(tg_text(id, bytes));
}

void *tg_messages_encoder_new(struct tg_arena *arena, const struct tg_encode_options *options)
{
    struct tg_messages_encoder *encoder = tg_arena_calloc(arena, sizeof(*encoder));
    encoder->arena = arena;
    encoder->options = *options;
    encoder->id = message_id(arena, options->request_id);
    encoder->model = tg_json_string_of(arena, options->model);
    return encoder;
}

static struct tg_json_string keep(struct tg_arena *arena, struct tg_json_string string)
{
    return tg_json_string(tg_arena_copy(arena, string.written));
}

/* ---- events of a stream ---- */

static enum tg_status begin_event(struct tg_json_writer *json, struct tg_buf *out, const char *name)
{
    enum tg_status status = tg_buf_append(out, tg_text_of("event: "));
    if (status == TG_OK)
        status = tg_buf_append(out, tg_text_of(name));
    if (status == TG_OK)
        status = tg_buf_append(out, tg_text_of("\ndata: "));
    if (status != TG_OK)
        return status;
    tg_json_write_init(json, out);
    tg_json_write_object_begin(json);
    tg_json_write_key(json, "type");
    tg_json_write_string(json, tg_text_of(name));
    return TG_OK;
}

static enum tg_status end_event(struct tg_json_writer *json, struct tg_buf *out)
{
    tg_json_write_object_end(json);
    enum tg_status status = tg_json_write_finish(json);
    return status == TG_OK ? tg_buf_append(out, tg_text_of("\n\n")) : status;
}

static void write_member(struct tg_json_writer *json, const char *key, struct tg_json_string value)
{
    tg_json_write_key(json, key);
    tg_json_write_written(json, value);
}

/* Written with the first event behind START, so that it can say what the prompt came to. */
static enum tg_status begin_message(struct tg_messages_encoder *encoder, struct tg_buf *out)
{
    struct tg_json_writer json;
    if (encoder->is_begun)
        return TG_OK;
    encoder->is_begun = true;
    enum tg_status status = begin_event(&json, out, "message_start");
    if (status != TG_OK)
        return status;
    tg_json_write_key(&json, "message");
    tg_json_write_object_begin(&json);
    write_member(&json, "id", encoder->id);
    write_member(&json, "type", tg_json_string_literal("message"));
    write_member(&json, "role", tg_json_string_literal("assistant"));
    write_member(&json, "model", encoder->model);
    tg_json_write_key(&json, "content");
    tg_json_write_array_begin(&json);
    tg_json_write_array_end(&json);
    tg_json_write_key(&json, "stop_reason");
    tg_json_write_null(&json);
    tg_json_write_key(&json, "stop_sequence");
    tg_json_write_null(&json);
    tg_json_write_key(&json, "usage");
    tg_messages_write_usage(&json, encoder);
    tg_json_write_object_end(&json);
    return end_event(&json, out);
}

static void write_empty_block(struct tg_json_writer *json, const struct tg_messages_part *part)
{
    static const struct tg_json_string nothing = {{"", 0}};
    if (part->kind == TG_PART_OTHER) {
        tg_json_write_raw(json, part->raw);
        return;
    }
    tg_json_write_object_begin(json);
    if (part->kind == TG_PART_THINKING) {
        write_member(json, "type", tg_json_string_literal("thinking"));
        write_member(json, "thinking", nothing);
        write_member(json, "signature", nothing);
    } else if (part->kind == TG_PART_REDACTED_THINKING) {
        write_member(json, "type", tg_json_string_literal("redacted_thinking"));
        write_member(json, "data", tg_json_string(tg_growing_text(&part->signature)));
    } else if (part->kind == TG_PART_TOOL_CALL) {
        write_member(json, "type", tg_json_string_literal("tool_use"));
        write_member(json, "id", part->call_id);
        write_member(json, "name", part->name);
        tg_json_write_key(json, "input");
        tg_json_write_object_begin(json);
        tg_json_write_object_end(json);
    } else {
        write_member(json, "type", tg_json_string_literal("text"));
        write_member(json, "text", nothing);
    }
    tg_json_write_object_end(json);
}

static enum tg_status start_block(struct tg_messages_encoder *encoder, struct tg_messages_part *part,
                                  struct tg_buf *out)
{
    struct tg_json_writer json;
    if (part->is_started)
        return TG_OK;
    part->is_started = true;
    part->index = encoder->next_index++;
    enum tg_status status = begin_event(&json, out, "content_block_start");
    if (status != TG_OK)
        return status;
    tg_json_write_key(&json, "index");
    tg_json_write_i64(&json, part->index);
    tg_json_write_key(&json, "content_block");
    write_empty_block(&json, part);
    return end_event(&json, out);
}

/* `value` is a string's inside, or raw JSON. */
static enum tg_status write_delta(const struct tg_messages_part *part, const char *type, const char *key,
                                  struct tg_text value, bool is_raw, struct tg_buf *out)
{
    struct tg_json_writer json;
    enum tg_status status = begin_event(&json, out, "content_block_delta");
    if (status != TG_OK)
        return status;
    tg_json_write_key(&json, "index");
    tg_json_write_i64(&json, part->index);
    tg_json_write_key(&json, "delta");
    tg_json_write_object_begin(&json);
    write_member(&json, "type", tg_json_string_literal(type));
    tg_json_write_key(&json, key);
    if (is_raw)
        tg_json_write_raw(&json, value);
    else
        tg_json_write_quoted(&json, value);
    tg_json_write_object_end(&json);
    return end_event(&json, out);
}

/* One event per citation. */
static enum tg_status write_citations(struct tg_messages_part *part, struct tg_buf *out)
{
    struct tg_json_scan scan;
    struct tg_json_token token;
    struct tg_text list = tg_growing_text(&part->citations);
    enum tg_status status = TG_OK;
    while (status == TG_OK && list.bytes != 0) {
        tg_json_scan_init(&scan, list);
        if (tg_json_scan_next(&scan, &token) != TG_JSON_BEGIN || !tg_json_scan_skip(&scan, &token))
            break;
        status = write_delta(part, "citations_delta", "citation", token.value, true, out);
        size_t taken = (size_t)(token.value.data + token.value.bytes - list.data) + 1; /* and its comma */
        list = tg_text(list.data + taken, list.bytes - taken);
    }
    part->citations.bytes = 0;
    return status;
}

static enum tg_status stream_text(struct tg_messages_part *part, struct tg_json_string text, struct tg_buf *out)
{
    if (tg_json_string_is_empty(text))
        return TG_OK;
    if (part->kind == TG_PART_THINKING)
        return write_delta(part, "thinking_delta", "thinking", text.written, false, out);
    if (part->kind == TG_PART_TOOL_CALL || part->kind == TG_PART_OTHER)
        return write_delta(part, "input_json_delta", "partial_json", text.written, false, out);
    return write_delta(part, "text_delta", "text", text.written, false, out);
}

/* SDKs take each signature_delta for the whole signature: it comes as one, at the end. */
static enum tg_status stop_block(struct tg_messages_encoder *encoder, struct tg_messages_part *part, struct tg_buf *out)
{
    struct tg_json_writer json;
    enum tg_status status = start_block(encoder, part, out);
    if (status == TG_OK && part->kind == TG_PART_THINKING && part->signature.bytes != 0)
        status = write_delta(part, "signature_delta", "signature", tg_growing_text(&part->signature), false, out);
    if (status == TG_OK)
        status = begin_event(&json, out, "content_block_stop");
    if (status != TG_OK)
        return status;
    tg_json_write_key(&json, "index");
    tg_json_write_i64(&json, part->index);
    return end_event(&json, out);
}

static enum tg_status end_message(struct tg_messages_encoder *encoder, struct tg_buf *out)
{
    struct tg_json_writer json;
    enum tg_status status = begin_message(encoder, out);
    if (status == TG_OK)
        status = begin_event(&json, out, "message_delta");
    if (status != TG_OK)
        return status;
    tg_json_write_key(&json, "delta");
    tg_json_write_object_begin(&json);
    tg_messages_write_stop(&json, encoder);
    tg_json_write_object_end(&json);
    tg_json_write_key(&json, "usage");
    tg_messages_write_usage(&json, encoder);
    status = end_event(&json, out);
    if (status == TG_OK)
        status = begin_event(&json, out, "message_stop");
    return status == TG_OK ? end_event(&json, out) : status;
}

/* ---- parts ---- */

/* What this dialect has no block for is left out: pictures and sound, and what is opaque and another's. */
static bool is_sayable(const struct tg_answer_event *event)
{
    switch (event->part_kind) {
    case TG_PART_TEXT:
    case TG_PART_REFUSAL:
    case TG_PART_THINKING:
    case TG_PART_REDACTED_THINKING:
    case TG_PART_TOOL_CALL:
        return true;
    case TG_PART_OTHER:
        return event->signature_origin == TG_DIALECT_MESSAGES && event->raw.bytes != 0;
    default:
        return false;
    }
}

static struct tg_messages_part *find_part(const struct tg_messages_encoder *encoder, unsigned number)
{
    struct tg_messages_part *part = encoder->parts;
    while (part != NULL && part->part != number)
        part = part->next;
    return part;
}

static struct tg_messages_part *add_part(struct tg_messages_encoder *encoder, const struct tg_answer_event *event)
{
    struct tg_messages_part *part = encoder->spare;
    if (part != NULL)
        encoder->spare = part->next;
    else
        part = tg_arena_alloc(encoder->arena, sizeof(*part));
    *part = (struct tg_messages_part){.part = event->part, .kind = event->part_kind};
    if (encoder->last == NULL)
        encoder->parts = part;
    else
        encoder->last->next = part;
    encoder->last = part;
    return part;
}

/* Streamed: the part is over and its memory serves another. */
static void remove_part(struct tg_messages_encoder *encoder, struct tg_messages_part *part)
{
    struct tg_messages_part *before = NULL, *at = encoder->parts;
    for (; at != part; at = at->next)
        before = at;
    if (before == NULL)
        encoder->parts = part->next;
    else
        before->next = part->next;
    if (encoder->last == part)
        encoder->last = before;
    part->next = encoder->spare;
    encoder->spare = part;
}

static enum tg_status begin_part(struct tg_messages_encoder *encoder, const struct tg_answer_event *event,
                                 struct tg_buf *out)
{
    unsigned open = 0;
    if (!is_sayable(event))
        return TG_OK;
    for (const struct tg_messages_part *at = encoder->parts; encoder->options.is_streaming && at != NULL; at = at->next)
        if (++open == MAX_OPEN)
            return TG_TOO_LARGE;
    struct tg_messages_part *part = add_part(encoder, event);
    if (part->kind == TG_PART_TOOL_CALL) {
        encoder->has_tool_calls = true;
        part->name = keep(encoder->arena, event->name);
        part->call_id =
            tg_json_string_is_empty(event->call_id)
                ? tg_json_string(tg_arena_printf(
                      encoder->arena, "toolu_%.*s_%u",
                      TG_TEXT_ARG(tg_text(encoder->id.written.data + 4, encoder->id.written.bytes - 4)), event->part))
                : keep(encoder->arena, tg_messages_tool_id(encoder->arena, event->call_id));
    } else if (part->kind == TG_PART_OTHER) {
        part->raw = tg_arena_copy(encoder->arena, event->raw);
    }
    bool is_late = part->kind == TG_PART_REDACTED_THINKING; /* its data belongs into the start */
    return encoder->options.is_streaming && !is_late ? start_block(encoder, part, out) : TG_OK;
}

static enum tg_status add_signature(struct tg_messages_encoder *encoder, struct tg_messages_part *part,
                                    const struct tg_answer_event *event)
{
    struct tg_json_string signature = event->text;
    if (part->signature.bytes == 0)
        signature = tg_signature_mark(encoder->arena, TG_DIALECT_MESSAGES, event->signature_origin, signature);
    return tg_growing_append(&part->signature, encoder->arena, signature.written);
}

static enum tg_status take_part(struct tg_messages_encoder *encoder, const struct tg_answer_event *event,
                                struct tg_buf *out)
{
    bool is_streaming = encoder->options.is_streaming;
    struct tg_messages_part *part = find_part(encoder, event->part);
    enum tg_status status = TG_OK;
    if (part == NULL)
        return TG_OK; /* one that was left out */
    switch (event->kind) {
    case TG_ANSWER_DELTA:
        return is_streaming ? stream_text(part, event->text, out)
                            : tg_growing_append(&part->text, encoder->arena, event->text.written);
    case TG_ANSWER_SIGNATURE:
        return add_signature(encoder, part, event);
    case TG_ANSWER_CITATIONS:
        status =
            part->kind == TG_PART_TEXT ? tg_messages_add_citations(&part->citations, encoder->arena, event) : TG_OK;
        return status == TG_OK && is_streaming ? write_citations(part, out) : status;
    case TG_ANSWER_PART_END:
        if (!is_streaming)
            return TG_OK;
        status = stop_block(encoder, part, out);
        remove_part(encoder, part);
        return status;
    default:
        return TG_OK;
    }
}

/* ---- the whole ---- */

static void take_start(struct tg_messages_encoder *encoder, const struct tg_answer_event *event)
{
    if (tg_text_starts_with(event->id.written, "msg_"))
        encoder->id = keep(encoder->arena, event->id);
    if (tg_json_string_is_empty(encoder->model))
        encoder->model = keep(encoder->arena, event->model);
}

static void take_usage(struct tg_messages_encoder *encoder, const struct tg_answer_event *event)
{
    encoder->usage = *event->usage;
    if (event->service_tier.bytes == 0 || event->service_tier.bytes > sizeof(encoder->service_tier))
        return;
    memcpy(encoder->service_tier, event->service_tier.data, event->service_tier.bytes);
    encoder->service_tier_bytes = event->service_tier.bytes;
}

static enum tg_status take_error(const struct tg_messages_encoder *encoder, const struct tg_answer_event *event,
                                 struct tg_buf *out)
{
    return tg_buf_append(out, encoder->options.is_streaming
                                  ? tg_messages_error_event(encoder->arena, event->error, TG_FRAMING_SSE)
                                  : tg_messages_error_body(encoder->arena, event->error));
}

enum tg_status tg_messages_encode(void *state, const struct tg_answer_event *event, struct tg_buf *out)
{
    struct tg_messages_encoder *encoder = state;
    bool is_streaming = encoder->options.is_streaming;
    enum tg_status status = TG_OK;
    if (event->choice != 0)
        return TG_OK; /* no client of this dialect asks for more than one */
    switch (event->kind) {
    case TG_ANSWER_START:
        take_start(encoder, event);
        return TG_OK;
    case TG_ANSWER_USAGE:
        take_usage(encoder, event);
        return TG_OK;
    case TG_ANSWER_FINISH:
        encoder->has_finish = true;
        encoder->finish = event->finish;
        encoder->stop_sequence = keep(encoder->arena, event->stop_sequence);
        return TG_OK;
    case TG_ANSWER_ERROR:
        return take_error(encoder, event, out);
    case TG_ANSWER_END:
        return is_streaming ? end_message(encoder, out) : tg_messages_encode_whole(encoder, out);
    case TG_ANSWER_PART_BEGIN:
        status = is_streaming ? begin_message(encoder, out) : TG_OK;
        return status == TG_OK ? begin_part(encoder, event, out) : status;
    default:
        return take_part(encoder, event, out);
    }
}
