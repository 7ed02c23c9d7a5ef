#include "common/codec/aws_event_stream.h"
#include "dataplane/dialects/converse/converse_internal.h"

/* Parts that a stream may have open at once. */
enum { MAX_OPEN = 64 };

void *tg_converse_encoder_new(struct tg_arena *arena, const struct tg_encode_options *options)
{
    struct tg_converse_encoder *encoder = tg_arena_calloc(arena, sizeof(*encoder));
    encoder->arena = arena;
    encoder->options = *options;
    return encoder;
}

static struct tg_json_string keep(struct tg_arena *arena, struct tg_json_string string)
{
    return tg_json_string(tg_arena_copy(arena, string.written));
}

/* ---- events of a stream ---- */

/* One event while it is written. */
struct event {
    struct tg_json_writer json;
    struct tg_buf *out;
    size_t start;
};

static enum tg_status begin_event(struct event *event, struct tg_buf *out, const char *name)
{
    struct tg_aws_event_header headers[] = {
        {tg_text_of(":event-type"), TG_AWS_EVENT_STRING, 0, tg_text_of(name)},
        {tg_text_of(":content-type"), TG_AWS_EVENT_STRING, 0, tg_text_of("application/json")},
        {tg_text_of(":message-type"), TG_AWS_EVENT_STRING, 0, tg_text_of("event")},
    };
    event->out = out;
    enum tg_status status = tg_aws_event_begin(out, headers, 3, &event->start);
    if (status != TG_OK)
        return status;
    tg_json_write_init(&event->json, out);
    tg_json_write_object_begin(&event->json);
    return TG_OK;
}

static enum tg_status end_event(struct event *event)
{
    tg_json_write_object_end(&event->json);
    enum tg_status status = tg_json_write_finish(&event->json);
    return status == TG_OK ? tg_aws_event_end(event->out, event->start) : status;
}

static void write_index(struct event *event, const struct tg_converse_part *part)
{
    tg_json_write_key(&event->json, "contentBlockIndex");
    tg_json_write_i64(&event->json, part->index);
}

static enum tg_status begin_message(struct tg_converse_encoder *encoder, struct tg_buf *out)
{
    struct event event;
    if (encoder->is_begun)
        return TG_OK;
    encoder->is_begun = true;
    enum tg_status status = begin_event(&event, out, "messageStart");
    if (status != TG_OK)
        return status;
    tg_converse_write_member(&event.json, "role", tg_json_string_literal("assistant"));
    return end_event(&event);
}

/* Only tools and pictures have a start; text and thinking begin with their first delta. */
static enum tg_status start_block(struct tg_converse_part *part, struct tg_buf *out)
{
    struct event event;
    const char *format = tg_converse_format(TG_PART_IMAGE, part->media_type);
    if (part->kind != TG_PART_TOOL_CALL && part->kind != TG_PART_IMAGE && part->kind != TG_PART_OTHER)
        return TG_OK;
    enum tg_status status = begin_event(&event, out, "contentBlockStart");
    if (status != TG_OK)
        return status;
    tg_json_write_key(&event.json, "start");
    if (part->kind == TG_PART_OTHER) {
        tg_json_write_raw(&event.json, part->raw);
    } else {
        tg_json_write_object_begin(&event.json);
        tg_json_write_key(&event.json, part->kind == TG_PART_IMAGE ? "image" : "toolUse");
        tg_json_write_object_begin(&event.json);
        if (part->kind == TG_PART_IMAGE) {
            tg_converse_write_member(&event.json, "format", tg_json_string_literal(format == NULL ? "png" : format));
        } else {
            tg_converse_write_member(&event.json, "toolUseId", part->call_id);
            tg_converse_write_member(&event.json, "name", part->name);
        }
        tg_json_write_object_end(&event.json);
        tg_json_write_object_end(&event.json);
    }
    write_index(&event, part);
    return end_event(&event);
}

/* {"delta":{<outer>:{<inner>:value}}}; `inner` may be NULL. `value` is a string's inside, or raw JSON. */
static enum tg_status write_delta(const struct tg_converse_part *part, const char *outer, const char *inner,
                                  struct tg_text value, bool is_raw, struct tg_buf *out)
{
    struct event event;
    enum tg_status status = begin_event(&event, out, "contentBlockDelta");
    if (status != TG_OK)
        return status;
    tg_json_write_key(&event.json, "delta");
    tg_json_write_object_begin(&event.json);
    tg_json_write_key(&event.json, outer);
    if (inner != NULL) {
        tg_json_write_object_begin(&event.json);
        tg_json_write_key(&event.json, inner);
    }
    if (is_raw)
        tg_json_write_raw(&event.json, value);
    else
        tg_json_write_quoted(&event.json, value);
    if (inner != NULL)
        tg_json_write_object_end(&event.json);
    tg_json_write_object_end(&event.json);
    write_index(&event, part);
    return end_event(&event);
}

static enum tg_status write_citations(struct tg_converse_part *part, struct tg_buf *out)
{
    struct tg_json_scan scan;
    struct tg_json_token token;
    struct tg_text list = tg_growing_text(&part->citations);
    enum tg_status status = TG_OK;
    while (status == TG_OK && list.bytes != 0) {
        tg_json_scan_init(&scan, list);
        if (tg_json_scan_next(&scan, &token) != TG_JSON_BEGIN || !tg_json_scan_skip(&scan, &token))
            break;
        status = write_delta(part, "citation", NULL, token.value, true, out);
        size_t taken = (size_t)(token.value.data + token.value.bytes - list.data) + 1; /* and its comma */
        list = tg_text(list.data + taken, list.bytes - taken);
    }
    part->citations.bytes = 0;
    return status;
}

static enum tg_status stream_text(struct tg_converse_encoder *encoder, struct tg_converse_part *part,
                                  struct tg_json_string text, struct tg_buf *out)
{
    if (tg_json_string_is_empty(text))
        return TG_OK;
    switch (part->kind) {
    case TG_PART_THINKING:
        return write_delta(part, "reasoningContent", "text", text.written, false, out);
    case TG_PART_TOOL_CALL:
    case TG_PART_OTHER:
        return write_delta(part, "toolUse", "input", text.written, false, out);
    case TG_PART_IMAGE: /* base64 that is cut anywhere: it goes out in one */
        return tg_growing_append(&part->text, encoder->arena, text.written);
    default:
        return write_delta(part, "text", NULL, text.written, false, out);
    }
}

static enum tg_status stop_block(struct tg_converse_encoder *encoder, struct tg_converse_part *part, struct tg_buf *out)
{
    struct event event;
    enum tg_status status = TG_OK;
    struct tg_json_string signature = tg_json_string(tg_growing_text(&part->signature));
    if (part->kind == TG_PART_REDACTED_THINKING) {
        signature = tg_converse_mark_redacted(encoder->arena, part->signature_origin, signature);
        status = write_delta(part, "reasoningContent", "redactedContent", signature.written, false, out);
    } else if (part->kind == TG_PART_THINKING && !tg_json_string_is_empty(signature)) {
        signature = tg_signature_mark(encoder->arena, TG_DIALECT_CONVERSE, part->signature_origin, signature);
        status = write_delta(part, "reasoningContent", "signature", signature.written, false, out);
    } else if (part->kind == TG_PART_IMAGE) {
        struct tg_text source = tg_arena_printf(encoder->arena, "{\"bytes\":\"%.*s\"}", TG_TEXT_ARG(part->text));
        status = write_delta(part, "image", "source", source, true, out);
    }
    if (status == TG_OK)
        status = begin_event(&event, out, "contentBlockStop");
    if (status != TG_OK)
        return status;
    write_index(&event, part);
    return end_event(&event);
}

static enum tg_status end_message(struct tg_converse_encoder *encoder, struct tg_buf *out)
{
    struct event event;
    enum tg_status status = begin_message(encoder, out);
    if (status == TG_OK)
        status = begin_event(&event, out, "messageStop");
    if (status != TG_OK)
        return status;
    tg_converse_write_member(&event.json, "stopReason", tg_json_string_literal(tg_converse_stop_reason(encoder)));
    status = end_event(&event);
    if (status == TG_OK)
        status = begin_event(&event, out, "metadata");
    if (status != TG_OK)
        return status;
    tg_converse_write_usage(&event.json, encoder);
    return end_event(&event);
}

/* ---- parts ---- */

static bool is_sayable(const struct tg_answer_event *event)
{
    switch (event->part_kind) {
    case TG_PART_TEXT:
    case TG_PART_REFUSAL:
    case TG_PART_THINKING:
    case TG_PART_REDACTED_THINKING:
    case TG_PART_TOOL_CALL:
    case TG_PART_IMAGE:
        return true;
    case TG_PART_OTHER:
        return event->signature_origin == TG_DIALECT_CONVERSE && event->raw.bytes != 0;
    default:
        return false; /* sound has no block in an answer */
    }
}

static struct tg_converse_part *find_part(const struct tg_converse_encoder *encoder, unsigned number)
{
    struct tg_converse_part *part = encoder->parts;
    while (part != NULL && part->part != number)
        part = part->next;
    return part;
}

static struct tg_converse_part *add_part(struct tg_converse_encoder *encoder, const struct tg_answer_event *event)
{
    struct tg_converse_part *part = encoder->spare;
    if (part != NULL)
        encoder->spare = part->next;
    else
        part = tg_arena_alloc(encoder->arena, sizeof(*part));
    *part = (struct tg_converse_part){.part = event->part, .index = encoder->next_index++, .kind = event->part_kind};
    if (encoder->last == NULL)
        encoder->parts = part;
    else
        encoder->last->next = part;
    encoder->last = part;
    return part;
}

/* Streamed: the part is over and its memory serves another. */
static void remove_part(struct tg_converse_encoder *encoder, struct tg_converse_part *part)
{
    struct tg_converse_part *before = NULL, *at = encoder->parts;
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

static enum tg_status begin_part(struct tg_converse_encoder *encoder, const struct tg_answer_event *event,
                                 struct tg_buf *out)
{
    unsigned open = 0;
    if (!is_sayable(event))
        return TG_OK;
    for (const struct tg_converse_part *at = encoder->parts; encoder->options.is_streaming && at != NULL; at = at->next)
        if (++open == MAX_OPEN)
            return TG_TOO_LARGE;
    struct tg_converse_part *part = add_part(encoder, event);
    part->media_type = keep(encoder->arena, event->media_type);
    if (part->kind == TG_PART_TOOL_CALL) {
        encoder->has_tool_calls = true;
        part->name = keep(encoder->arena, event->name);
        part->call_id = tg_json_string_is_empty(event->call_id)
                            ? tg_json_string(tg_arena_printf(encoder->arena, "tooluse_%u", event->part))
                            : keep(encoder->arena, tg_converse_tool_id(encoder->arena, event->call_id));
    } else if (part->kind == TG_PART_OTHER) {
        part->raw = tg_arena_copy(encoder->arena, event->raw);
    }
    return encoder->options.is_streaming ? start_block(part, out) : TG_OK;
}

static enum tg_status take_part(struct tg_converse_encoder *encoder, const struct tg_answer_event *event,
                                struct tg_buf *out)
{
    bool is_streaming = encoder->options.is_streaming;
    struct tg_converse_part *part = find_part(encoder, event->part);
    enum tg_status status = TG_OK;
    if (part == NULL)
        return TG_OK; /* one that was left out */
    switch (event->kind) {
    case TG_ANSWER_DELTA:
        return is_streaming ? stream_text(encoder, part, event->text, out)
                            : tg_growing_append(&part->text, encoder->arena, event->text.written);
    case TG_ANSWER_SIGNATURE:
        part->signature_origin = event->signature_origin;
        return tg_growing_append(&part->signature, encoder->arena, event->text.written);
    case TG_ANSWER_CITATIONS:
        status =
            part->kind == TG_PART_TEXT ? tg_converse_add_citations(&part->citations, encoder->arena, event) : TG_OK;
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

static void take_usage(struct tg_converse_encoder *encoder, const struct tg_answer_event *event)
{
    encoder->usage = *event->usage;
    if (event->service_tier.bytes == 0 || event->service_tier.bytes > sizeof(encoder->service_tier))
        return;
    memcpy(encoder->service_tier, event->service_tier.data, event->service_tier.bytes);
    encoder->service_tier_bytes = event->service_tier.bytes;
}

enum tg_status tg_converse_encode(void *state, const struct tg_answer_event *event, struct tg_buf *out)
{
    struct tg_converse_encoder *encoder = state;
    bool is_streaming = encoder->options.is_streaming;
    enum tg_status status = TG_OK;
    if (event->choice != 0)
        return TG_OK; /* no client of this dialect asks for more than one */
    switch (event->kind) {
    case TG_ANSWER_START:
        return is_streaming ? begin_message(encoder, out) : TG_OK;
    case TG_ANSWER_USAGE:
        take_usage(encoder, event);
        return TG_OK;
    case TG_ANSWER_FINISH:
        encoder->finish = event->finish;
        return TG_OK;
    case TG_ANSWER_ERROR:
        return tg_buf_append(out, is_streaming ? tg_converse_error_event(encoder->arena, event->error, TG_FRAMING_AWS)
                                               : tg_converse_error_body(encoder->arena, event->error));
    case TG_ANSWER_END:
        return is_streaming ? end_message(encoder, out) : tg_converse_encode_whole(encoder, out);
    case TG_ANSWER_PART_BEGIN:
        status = is_streaming ? begin_message(encoder, out) : TG_OK;
        return status == TG_OK ? begin_part(encoder, event, out) : status;
    default:
        return take_part(encoder, event, out);
    }
}
