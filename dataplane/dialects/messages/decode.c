#include "dataplane/dialects/messages/messages_internal.h"

/* Blocks come one after the other; a few more may be open for providers that interleave them. */
enum { MAX_OPEN = 16, MAX_PARTS = 4096 };

struct decoder {
    enum { BEFORE_START, STARTED, STOPPED, FAILED } state;
    bool has_finish;
    struct tg_messages_tally tally;
    unsigned next_part;
    size_t open_count;
    struct open {
        int64_t index; /* the provider's */
        unsigned part;
        enum tg_part_kind kind;
        bool has_input; /* its arguments were there from the start */
    } open[MAX_OPEN];
};

void *tg_messages_decoder_new(struct tg_arena *arena)
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
                                          .origin = TG_DIALECT_MESSAGES});
}

static enum tg_status emit_usage(const struct decoder *decoder, const struct tg_answer_sink *sink)
{
    struct tg_usage usage;
    if (!tg_messages_tally_usage(&decoder->tally, &usage))
        return TG_OK;
    return emit(sink, &(struct tg_answer_event){.kind = TG_ANSWER_USAGE,
                                                .usage = &usage,
                                                .is_usage_partial = !decoder->has_finish,
                                                .service_tier = decoder->tally.service_tier});
}

static enum tg_status emit_text(const struct tg_answer_sink *sink, enum tg_answer_event_kind kind,
                                const struct open *open, struct tg_json_string text)
{
    if (tg_json_string_is_empty(text))
        return TG_OK;
    return emit(sink, &(struct tg_answer_event){.kind = kind,
                                                .part = open->part,
                                                .part_kind = open->kind,
                                                .text = text,
                                                .signature_origin = TG_DIALECT_MESSAGES});
}

static enum tg_status emit_citations(struct tg_arena *scratch, const struct tg_answer_sink *sink,
                                     const struct open *open, struct tg_text array)
{
    struct tg_answer_event event = {.kind = TG_ANSWER_CITATIONS,
                                    .part = open->part,
                                    .part_kind = open->kind,
                                    .raw = array,
                                    .signature_origin = TG_DIALECT_MESSAGES};
    event.citation_count = tg_messages_read_citations(scratch, array, &event.citations);
    return event.citation_count == 0 ? TG_OK : emit(sink, &event);
}

/* ---- blocks ---- */

static enum tg_part_kind kind_of(struct tg_text type)
{
    static const struct {
        const char *type;
        enum tg_part_kind kind;
    } kinds[] = {
        {"text", TG_PART_TEXT},
        {"thinking", TG_PART_THINKING},
        {"redacted_thinking", TG_PART_REDACTED_THINKING},
        {"tool_use", TG_PART_TOOL_CALL},
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); ++i)
        if (tg_text_is(type, kinds[i].type))
            return kinds[i].kind;
    return TG_PART_OTHER;
}

static bool is_empty_object(struct tg_text json)
{
    for (size_t i = 1; i + 1 < json.bytes; ++i)
        if (json.data[i] != ' ' && json.data[i] != '\t' && json.data[i] != '\n' && json.data[i] != '\r')
            return false;
    return true;
}

static enum tg_status begin_part(struct tg_arena *scratch, const struct tg_answer_sink *sink, struct open *open,
                                 const struct tg_messages_content *content)
{
    struct tg_answer_event event = {.kind = TG_ANSWER_PART_BEGIN, .part = open->part, .part_kind = open->kind};
    struct tg_json_string signature = content->signature;
    if (open->kind == TG_PART_TOOL_CALL) {
        event.call_id = content->id;
        event.name = content->name;
    } else if (open->kind == TG_PART_OTHER) {
        event.name = tg_json_string(content->type);
        event.raw = content->raw;
        event.signature_origin = TG_DIALECT_MESSAGES;
    } else if (open->kind == TG_PART_REDACTED_THINKING) {
        signature = content->data;
    }
    enum tg_status status = emit(sink, &event);
    if (open->kind == TG_PART_OTHER)
        return status;
    if (status == TG_OK)
        status =
            emit_text(sink, TG_ANSWER_DELTA, open, open->kind == TG_PART_THINKING ? content->thinking : content->text);
    if (status == TG_OK)
        status = emit_text(sink, TG_ANSWER_SIGNATURE, open, signature);
    if (status == TG_OK && open->kind == TG_PART_TEXT && content->citations.bytes != 0)
        status = emit_citations(scratch, sink, open, content->citations);
    if (status == TG_OK && open->kind == TG_PART_TOOL_CALL && !is_empty_object(content->input)) {
        struct tg_arguments arguments = {.raw = content->input};
        open->has_input = true;
        status = emit_text(sink, TG_ANSWER_DELTA, open, tg_arguments_string(scratch, &arguments));
    }
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

static enum tg_status start_block(struct decoder *decoder, struct tg_arena *scratch,
                                  const struct tg_messages_event *event, const struct tg_answer_sink *sink)
{
    if (decoder->open_count == MAX_OPEN || decoder->next_part == MAX_PARTS)
        return fail_with(decoder, sink, "The provider's answer has more parts than the gateway follows.");
    if (find_open(decoder, event->index) != decoder->open_count)
        return fail_with(decoder, sink, "The provider began a content block twice.");
    struct open *open = &decoder->open[decoder->open_count++];
    *open = (struct open){event->index, decoder->next_part++, kind_of(event->content.type), false};
    return begin_part(scratch, sink, open, &event->content);
}

static enum tg_status add_to_block(struct decoder *decoder, struct tg_arena *scratch,
                                   const struct tg_messages_event *event, const struct tg_answer_sink *sink)
{
    size_t i = find_open(decoder, event->index);
    const struct tg_messages_content *delta = &event->delta;
    if (i == decoder->open_count)
        return fail_with(decoder, sink, "The provider continued a content block that it had not begun.");
    const struct open *open = &decoder->open[i];
    if (tg_text_is(delta->type, "text_delta"))
        return emit_text(sink, TG_ANSWER_DELTA, open, delta->text);
    if (tg_text_is(delta->type, "thinking_delta"))
        return emit_text(sink, TG_ANSWER_DELTA, open, delta->thinking);
    if (tg_text_is(delta->type, "signature_delta"))
        return emit_text(sink, TG_ANSWER_SIGNATURE, open, delta->signature);
    if (tg_text_is(delta->type, "input_json_delta"))
        return open->has_input ? TG_OK : emit_text(sink, TG_ANSWER_DELTA, open, delta->partial_json);
    if (tg_text_is(delta->type, "citations_delta") && delta->citation.bytes != 0)
        return emit_citations(scratch, sink, open, tg_arena_printf(scratch, "[%.*s]", TG_TEXT_ARG(delta->citation)));
    return TG_OK;
}

/* ---- the message ---- */

static enum tg_status emit_start(const struct tg_messages_event *event, const struct tg_answer_sink *sink)
{
    return emit(sink, &(struct tg_answer_event){.kind = TG_ANSWER_START, .id = event->id, .model = event->model});
}

static enum tg_status finish(struct decoder *decoder, const struct tg_messages_event *event,
                             const struct tg_answer_sink *sink)
{
    enum tg_status status = TG_OK;
    while (status == TG_OK && decoder->open_count != 0)
        status = end_part(decoder, sink, 0);
    if (status != TG_OK)
        return status;
    decoder->has_finish = true;
    return emit(sink, &(struct tg_answer_event){.kind = TG_ANSWER_FINISH,
                                                .finish = tg_messages_finish(event->stop_reason),
                                                .stop_sequence = event->stop_sequence});
}

static enum tg_status take_message_delta(struct decoder *decoder, const struct tg_messages_event *event,
                                         const struct tg_answer_sink *sink)
{
    enum tg_status status = TG_OK;
    if (!decoder->has_finish && !tg_json_string_is_empty(event->stop_reason))
        status = finish(decoder, event, sink);
    if (status == TG_OK && event->has_usage)
        status = emit_usage(decoder, sink);
    return status;
}

static enum tg_status take_error(struct decoder *decoder, const struct tg_messages_event *event,
                                 const struct tg_answer_sink *sink)
{
    return fail(decoder, sink,
                &(struct tg_answer_error){.http_status = tg_messages_error_status(event->error_type),
                                          .message = event->error_message,
                                          .type = event->error_type,
                                          .origin = TG_DIALECT_MESSAGES});
}

enum tg_status tg_messages_decode_block(void *state, struct tg_arena *scratch, struct tg_text name, struct tg_text data,
                                        const struct tg_answer_sink *sink)
{
    struct decoder *decoder = state;
    struct tg_messages_event event;
    enum tg_status status = TG_OK;
    if (decoder->state == FAILED || data.bytes == 0)
        return TG_OK;
    decoder->tally.service_tier = tg_text(NULL, 0); /* it would refer to the block before */
    if (!tg_messages_read_event(data, &event, &decoder->tally))
        return fail_with(decoder, sink, "The provider sent an event that is not JSON.");
    struct tg_text type = event.type.bytes != 0 ? event.type : name;
    if (tg_text_is(type, "error"))
        return take_error(decoder, &event, sink);
    if (tg_text_is(type, "message_start") && decoder->state == BEFORE_START) {
        decoder->state = STARTED;
        status = emit_start(&event, sink);
        return status == TG_OK && event.has_usage ? emit_usage(decoder, sink) : status;
    }
    if (decoder->state != STARTED)
        return TG_OK; /* a ping before the start, or something behind the end */
    if (tg_text_is(type, "content_block_start"))
        return start_block(decoder, scratch, &event, sink);
    if (tg_text_is(type, "content_block_delta"))
        return add_to_block(decoder, scratch, &event, sink);
    if (tg_text_is(type, "content_block_stop")) {
        size_t i = find_open(decoder, event.index);
        return i == decoder->open_count ? TG_OK : end_part(decoder, sink, i);
    }
    if (tg_text_is(type, "message_delta"))
        return take_message_delta(decoder, &event, sink);
    if (tg_text_is(type, "message_stop"))
        decoder->state = STOPPED;
    return TG_OK; /* ping, and whatever comes to be */
}

enum tg_status tg_messages_decode_end(void *state, struct tg_arena *scratch, const struct tg_answer_sink *sink)
{
    struct decoder *decoder = state;
    if (decoder->state == FAILED)
        return TG_OK;
    if (decoder->state != STOPPED)
        return fail_with(decoder, sink, "The provider's answer broke off.");
    if (!decoder->has_finish) {
        enum tg_status status = finish(decoder, &(struct tg_messages_event){.index = -1}, sink);
        if (status != TG_OK)
            return status;
    }
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
        struct tg_messages_event event = {.index = decoder->next_part};
        if (object.kind != TG_JSON_OBJECT)
            continue;
        tg_messages_read_block(&scan, &object, &event.content);
        status = start_block(decoder, scratch, &event, sink);
        if (status == TG_OK && decoder->state != FAILED)
            status = end_part(decoder, sink, 0);
    }
    return status;
}

enum tg_status tg_messages_decode_whole(struct tg_arena *scratch, struct tg_text body,
                                        const struct tg_answer_sink *sink)
{
    struct decoder decoder = {.state = STARTED};
    struct tg_messages_event event;
    if (!tg_messages_read_event(body, &event, &decoder.tally) || event.blocks.bytes == 0)
        return TG_INVALID;
    enum tg_status status = emit_start(&event, sink);
    if (status == TG_OK)
        status = decode_blocks(&decoder, scratch, event.blocks, sink);
    if (status != TG_OK || decoder.state == FAILED)
        return status;
    status = finish(&decoder, &event, sink);
    if (status == TG_OK && event.has_usage)
        status = emit_usage(&decoder, sink);
    return status == TG_OK ? emit(sink, &(struct tg_answer_event){.kind = TG_ANSWER_END}) : status;
}
