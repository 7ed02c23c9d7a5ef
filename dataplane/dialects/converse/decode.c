#include "dataplane/dialects/converse/converse_internal.h"

/* Blocks come one after the other; a few more may be open. */
enum { MAX_OPEN = 16, MAX_PARTS = 4096 };

struct decoder {
    enum { BEFORE_START, STARTED, STOPPED, FAILED } state;
    unsigned next_part;
    size_t open_count;
    struct open {
        int64_t index; /* the provider's */
        unsigned part;
        enum tg_part_kind kind;
    } open[MAX_OPEN];
};

void *tg_converse_decoder_new(struct tg_arena *arena)
{
    return tg_arena_calloc(arena, sizeof(struct decoder));
}

static enum tg_status emit(const struct tg_answer_sink *sink, const struct tg_answer_event *event)
{
    return sink->take(sink->user, event);
}

static enum tg_status fail(struct decoder *decoder, const struct tg_answer_sink *sink,
                           const struct tg_answer_error *error)
{
    decoder->state = FAILED;
    return emit(sink, &(struct tg_answer_event){.kind = TG_ANSWER_ERROR, .error = error});
}

/* Of the gateway: what came is not what the provider promises. */
static enum tg_status fail_with(struct decoder *decoder, const struct tg_answer_sink *sink, const char *message)
{
    return fail(decoder, sink,
                &(struct tg_answer_error){.http_status = 502,
                                          .message = tg_json_string_literal(message),
                                          .code = tg_json_string_literal("provider_error"),
                                          .origin = TG_DIALECT_CONVERSE});
}

/* ---- blocks ---- */

static enum tg_status emit_text(const struct tg_answer_sink *sink, enum tg_answer_event_kind kind,
                                const struct open *open, struct tg_json_string text, enum tg_dialect_id origin)
{
    if (tg_json_string_is_empty(text))
        return TG_OK;
    return emit(
        sink, &(struct tg_answer_event){
                  .kind = kind, .part = open->part, .part_kind = open->kind, .text = text, .signature_origin = origin});
}

static enum tg_status emit_citations(struct tg_arena *scratch, const struct tg_answer_sink *sink,
                                     const struct open *open, struct tg_text array)
{
    struct tg_answer_event event = {.kind = TG_ANSWER_CITATIONS,
                                    .part = open->part,
                                    .part_kind = open->kind,
                                    .raw = array,
                                    .signature_origin = TG_DIALECT_CONVERSE};
    event.citation_count = tg_converse_read_citations(scratch, array, &event.citations);
    return event.citation_count == 0 ? TG_OK : emit(sink, &event);
}

static enum tg_status begin_part(struct decoder *decoder, int64_t index, const struct tg_converse_content *content,
                                 const struct tg_answer_sink *sink)
{
    if (decoder->open_count == MAX_OPEN || decoder->next_part == MAX_PARTS)
        return fail_with(decoder, sink, "The provider's answer has more parts than the gateway follows.");
    struct open *open = &decoder->open[decoder->open_count++];
    *open = (struct open){index, decoder->next_part++, content->kind};
    struct tg_answer_event event = {.kind = TG_ANSWER_PART_BEGIN, .part = open->part, .part_kind = open->kind};
    if (open->kind == TG_PART_TOOL_CALL) {
        event.call_id = content->tool_id;
        event.name = content->name;
    } else if (open->kind == TG_PART_IMAGE) {
        event.media_type = tg_converse_media_type(TG_PART_IMAGE, content->format);
    } else if (open->kind == TG_PART_OTHER) {
        event.name = content->name;
        event.raw = content->raw;
        event.signature_origin = TG_DIALECT_CONVERSE;
    }
    return emit(sink, &event);
}

static enum tg_status add_to_part(struct tg_arena *scratch, const struct open *open,
                                  const struct tg_converse_content *content, const struct tg_answer_sink *sink)
{
    enum tg_dialect_id origin = TG_DIALECT_CONVERSE;
    enum tg_status status = TG_OK;
    if (open->kind == TG_PART_OTHER)
        return emit_text(sink, TG_ANSWER_DELTA, open, content->fragment, origin);
    if (open->kind == TG_PART_IMAGE)
        return emit_text(sink, TG_ANSWER_DELTA, open, content->bytes, origin);
    if (open->kind == TG_PART_REDACTED_THINKING)
        return emit_text(sink, TG_ANSWER_SIGNATURE, open, content->redacted, origin);
    if (open->kind == TG_PART_TOOL_CALL) {
        struct tg_arguments arguments = {.raw = content->input};
        if (arguments.raw.bytes != 0)
            status = emit_text(sink, TG_ANSWER_DELTA, open, tg_arguments_string(scratch, &arguments), origin);
        return status == TG_OK ? emit_text(sink, TG_ANSWER_DELTA, open, content->fragment, origin) : status;
    }
    status = emit_text(sink, TG_ANSWER_DELTA, open, content->text, origin);
    if (status == TG_OK)
        status = emit_text(sink, TG_ANSWER_SIGNATURE, open, content->signature, origin);
    if (status == TG_OK && content->citations.bytes != 0)
        status = emit_citations(scratch, sink, open, content->citations);
    if (status == TG_OK && content->citation.bytes != 0)
        status =
            emit_citations(scratch, sink, open, tg_arena_printf(scratch, "[%.*s]", TG_TEXT_ARG(content->citation)));
    return status;
}

static enum tg_status end_part(struct decoder *decoder, const struct tg_answer_sink *sink, size_t i)
{
    struct tg_answer_event event = {
        .kind = TG_ANSWER_PART_END, .part = decoder->open[i].part, .part_kind = decoder->open[i].kind};
    --decoder->open_count;
    memmove(&decoder->open[i], &decoder->open[i + 1], (decoder->open_count - i) * sizeof(decoder->open[0]));
    return emit(sink, &event);
}

static size_t find_open(const struct decoder *decoder, int64_t index)
{
    size_t i = 0;
    while (i < decoder->open_count && decoder->open[i].index != index)
        ++i;
    return i;
}

/* A delta without a start begins a part of its own kind: text and thinking have none. */
static enum tg_status take_delta(struct decoder *decoder, struct tg_arena *scratch,
                                 const struct tg_converse_event *event, const struct tg_answer_sink *sink)
{
    size_t i = find_open(decoder, event->index);
    if (!event->content.is_there)
        return TG_OK;
    if (i == decoder->open_count) {
        enum tg_status status = begin_part(decoder, event->index, &event->content, sink);
        if (status != TG_OK || decoder->state == FAILED)
            return status;
    }
    return add_to_part(scratch, &decoder->open[i], &event->content, sink);
}

static enum tg_status take_start(struct decoder *decoder, const struct tg_converse_event *event,
                                 const struct tg_answer_sink *sink)
{
    if (!event->content.is_there)
        return TG_OK;
    if (find_open(decoder, event->index) != decoder->open_count)
        return fail_with(decoder, sink, "The provider began a content block twice.");
    return begin_part(decoder, event->index, &event->content, sink);
}

/* ---- the message ---- */

static enum tg_status finish(struct decoder *decoder, struct tg_json_string stop_reason,
                             const struct tg_answer_sink *sink)
{
    enum tg_status status = TG_OK;
    while (status == TG_OK && decoder->open_count != 0)
        status = end_part(decoder, sink, 0);
    if (status != TG_OK)
        return status;
    decoder->state = STOPPED;
    return emit(sink, &(struct tg_answer_event){.kind = TG_ANSWER_FINISH, .finish = tg_converse_finish(stop_reason)});
}

static enum tg_status emit_usage(const struct tg_converse_event *event, const struct tg_answer_sink *sink)
{
    if (!event->has_usage)
        return TG_OK;
    return emit(sink, &(struct tg_answer_event){
                          .kind = TG_ANSWER_USAGE, .usage = &event->usage, .service_tier = event->service_tier});
}

enum tg_status tg_converse_decode_block(void *state, struct tg_arena *scratch, struct tg_text name, struct tg_text data,
                                        const struct tg_answer_sink *sink)
{
    struct decoder *decoder = state;
    struct tg_converse_event event;
    int http_status;
    if (decoder->state == FAILED)
        return TG_OK;
    bool is_exception = tg_converse_is_exception(name, &http_status);
    if (!tg_converse_read_event(scratch, data, &event) && !is_exception)
        return fail_with(decoder, sink, "The provider sent an event that is not JSON.");
    if (is_exception)
        return fail(decoder, sink,
                    &(struct tg_answer_error){.http_status = http_status,
                                              .message = event.message,
                                              .type = tg_json_string_of(scratch, name),
                                              .origin = TG_DIALECT_CONVERSE});
    if (tg_text_is(name, "messageStart") && decoder->state == BEFORE_START) {
        decoder->state = STARTED;
        return emit(sink, &(struct tg_answer_event){.kind = TG_ANSWER_START});
    }
    if (tg_text_is(name, "metadata") && decoder->state != BEFORE_START)
        return emit_usage(&event, sink);
    if (decoder->state != STARTED)
        return TG_OK;
    if (tg_text_is(name, "contentBlockStart"))
        return take_start(decoder, &event, sink);
    if (tg_text_is(name, "contentBlockDelta"))
        return take_delta(decoder, scratch, &event, sink);
    if (tg_text_is(name, "contentBlockStop")) {
        size_t i = find_open(decoder, event.index);
        return i == decoder->open_count ? TG_OK : end_part(decoder, sink, i);
    }
    return tg_text_is(name, "messageStop") ? finish(decoder, event.stop_reason, sink) : TG_OK;
}

enum tg_status tg_converse_decode_end(void *state, struct tg_arena *scratch, const struct tg_answer_sink *sink)
{
    struct decoder *decoder = state;
    if (decoder->state == FAILED)
        return TG_OK;
    if (decoder->state != STOPPED)
        return fail_with(decoder, sink, "The provider's answer broke off.");
    return emit(sink, &(struct tg_answer_event){.kind = TG_ANSWER_END});
}

/* ---- whole ---- */

static enum tg_status decode_blocks(struct decoder *decoder, struct tg_arena *scratch, struct tg_text blocks,
                                    const struct tg_answer_sink *sink)
{
    struct tg_json_scan scan;
    struct tg_json_token root, object;
    enum tg_status status = TG_OK;
    tg_json_scan_init(&scan, blocks);
    if (tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN)
        return TG_OK;
    while (status == TG_OK && decoder->state != FAILED && tg_json_scan_next_in(&scan, &root, &object)) {
        struct tg_converse_content content;
        if (object.kind != TG_JSON_OBJECT)
            continue;
        tg_converse_read_block(scratch, &scan, &object, &content);
        status = begin_part(decoder, decoder->next_part, &content, sink);
        if (status == TG_OK && decoder->state != FAILED && content.kind != TG_PART_OTHER)
            status = add_to_part(scratch, &decoder->open[0], &content, sink);
        if (status == TG_OK && decoder->state != FAILED)
            status = end_part(decoder, sink, 0);
    }
    return status;
}

enum tg_status tg_converse_decode_whole(struct tg_arena *scratch, struct tg_text body,
                                        const struct tg_answer_sink *sink)
{
    struct decoder decoder = {.state = STARTED};
    struct tg_converse_event event;
    if (!tg_converse_read_event(scratch, body, &event) || event.blocks.bytes == 0)
        return TG_INVALID;
    enum tg_status status = emit(sink, &(struct tg_answer_event){.kind = TG_ANSWER_START});
    if (status == TG_OK)
        status = decode_blocks(&decoder, scratch, event.blocks, sink);
    if (status != TG_OK || decoder.state == FAILED)
        return status;
    status = finish(&decoder, event.stop_reason, sink);
    if (status == TG_OK)
        status = emit_usage(&event, sink);
    return status == TG_OK ? emit(sink, &(struct tg_answer_event){.kind = TG_ANSWER_END}) : status;
}
