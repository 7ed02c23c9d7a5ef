#include "dataplane/dialects/responses/internal.h"

/* Parts and items that are open at once. Providers interleave a few. */
enum { MAX_OPEN = 64 };

/* Where an item's own part (of a call, of reasoning) stands among the indexes of contents. */
static const int64_t WHOLE_ITEM = -1;

struct open_part {
    int64_t output_index, content_index;
    unsigned part;
    enum tg_part_kind kind;
    bool is_freeform;
    bool has_delta;
    int64_t source; /* of thinking: which of its texts came last */
};

struct open_item {
    int64_t output_index;
    bool has_parts;
};

struct decoder {
    enum { AT_START, IN_ANSWER, FINISHED, OVER } state;
    struct tg_responses_made made;
    struct open_part parts[MAX_OPEN];
    size_t part_count;
    struct open_item items[MAX_OPEN];
    size_t item_count;
    bool has_items; /* one was announced or completed */
};

void *tg_responses_decoder_new(struct tg_arena *arena)
{
    return tg_arena_calloc(arena, sizeof(struct decoder));
}

/* ---- saying ---- */

static enum tg_status take(const struct tg_answer_sink *sink, const struct tg_answer_event *event)
{
    return sink->take(sink->user, event);
}

static enum tg_status fail(struct decoder *decoder, const char *code, const char *message,
                           const struct tg_answer_sink *sink)
{
    struct tg_answer_error error = {
        .http_status = 502,
        .code = tg_json_string_literal(code),
        .message = tg_json_string_literal(message),
        .origin = TG_DIALECT_RESPONSES,
    };
    struct tg_answer_event event = {.kind = TG_ANSWER_ERROR, .error = &error};
    decoder->state = OVER;
    return take(sink, &event);
}

static enum tg_status start(struct decoder *decoder, const struct tg_responses_data *event,
                            const struct tg_answer_sink *sink)
{
    if (decoder->state != AT_START)
        return TG_OK;
    decoder->state = IN_ANSWER;
    struct tg_answer_event said = {.kind = TG_ANSWER_START, .id = event->response.id, .model = event->response.model};
    return take(sink, &said);
}

static enum tg_status say(const struct open_part *part, enum tg_answer_event_kind kind, struct tg_json_string text,
                          const struct tg_answer_sink *sink)
{
    struct tg_answer_event event = {
        .kind = kind,
        .part = part->part,
        .part_kind = part->kind,
        .text = text,
        .signature_origin = TG_DIALECT_RESPONSES,
    };
    return take(sink, &event);
}

/* ---- what is open ---- */

static struct open_part *find_part(struct decoder *decoder, int64_t output_index, int64_t content_index)
{
    for (size_t i = 0; i < decoder->part_count; ++i)
        if (decoder->parts[i].output_index == output_index && decoder->parts[i].content_index == content_index)
            return &decoder->parts[i];
    return NULL;
}

static struct open_item *find_item(struct decoder *decoder, int64_t output_index)
{
    for (size_t i = 0; i < decoder->item_count; ++i)
        if (decoder->items[i].output_index == output_index)
            return &decoder->items[i];
    return NULL;
}

/* NULL: beyond the bound. */
static struct open_item *note_item(struct decoder *decoder, int64_t output_index)
{
    struct open_item *item = find_item(decoder, output_index);
    decoder->has_items = true;
    if (item != NULL || decoder->item_count == MAX_OPEN)
        return item;
    item = &decoder->items[decoder->item_count++];
    *item = (struct open_item){.output_index = output_index};
    return item;
}

/* A part that begins; NULL beyond the bounds. Its PART_BEGIN is the caller's to say. */
static struct open_part *open_part(struct decoder *decoder, int64_t output_index, int64_t content_index,
                                   enum tg_part_kind kind)
{
    struct open_item *item = note_item(decoder, output_index);
    if (item == NULL || decoder->part_count == MAX_OPEN || decoder->made.parts == TG_RESPONSES_MAX_PARTS)
        return NULL;
    item->has_parts = true;
    struct open_part *part = &decoder->parts[decoder->part_count++];
    *part = (struct open_part){
        .output_index = output_index,
        .content_index = content_index,
        .part = decoder->made.parts,
        .kind = kind,
        .source = -1,
    };
    return part;
}

static enum tg_status too_many(struct decoder *decoder, const struct tg_answer_sink *sink)
{
    return fail(decoder, "provider_error", "The provider's answer has more parts than the gateway translates.", sink);
}

static enum tg_status close_part(struct decoder *decoder, struct open_part *part, const struct tg_answer_sink *sink)
{
    static const char CLOSING[] = "\\\"}";
    struct open_part closed = *part;
    enum tg_status status = TG_OK;
    *part = decoder->parts[--decoder->part_count];
    if (closed.is_freeform && closed.has_delta)
        status = say(&closed, TG_ANSWER_DELTA, tg_json_string_literal(CLOSING), sink);
    if (status == TG_OK)
        status = say(&closed, TG_ANSWER_PART_END, tg_json_string(tg_text(NULL, 0)), sink);
    return status;
}

static enum tg_status close_item(struct decoder *decoder, int64_t output_index, const struct tg_answer_sink *sink)
{
    enum tg_status status = TG_OK;
    for (size_t i = 0; i < decoder->part_count && status == TG_OK;) {
        if (decoder->parts[i].output_index == output_index)
            status = close_part(decoder, &decoder->parts[i], sink);
        else
            ++i;
    }
    struct open_item *item = find_item(decoder, output_index);
    if (item != NULL)
        *item = decoder->items[--decoder->item_count];
    return status;
}

static enum tg_status close_all(struct decoder *decoder, const struct tg_answer_sink *sink)
{
    enum tg_status status = TG_OK;
    while (decoder->part_count > 0 && status == TG_OK)
        status = close_part(decoder, &decoder->parts[0], sink);
    return status;
}

/* ---- content ---- */

static enum tg_status begin_content(struct decoder *decoder, const struct tg_responses_data *event,
                                    enum tg_part_kind kind, int64_t content_index, struct open_part **opened,
                                    const struct tg_answer_sink *sink)
{
    *opened = find_part(decoder, event->output_index, content_index);
    if (*opened != NULL)
        return TG_OK;
    *opened = open_part(decoder, event->output_index, content_index, kind);
    if (*opened == NULL)
        return too_many(decoder, sink);
    ++decoder->made.parts;
    decoder->made.has_text |= kind == TG_PART_TEXT;
    decoder->made.has_refusal |= kind == TG_PART_REFUSAL;
    return say(*opened, TG_ANSWER_PART_BEGIN, tg_json_string(tg_text(NULL, 0)), sink);
}

/* A delta, or with `is_repeat` the whole that `done` repeats, which says something only if no delta did. */
static enum tg_status text(struct decoder *decoder, const struct tg_responses_data *event, enum tg_part_kind kind,
                           bool is_repeat, const struct tg_answer_sink *sink)
{
    struct open_part *part;
    enum tg_status status = begin_content(decoder, event, kind, event->content_index, &part, sink);
    if (status != TG_OK || part == NULL || (is_repeat && part->has_delta))
        return status;
    if (!tg_json_string_is_empty(event->text)) {
        part->has_delta = true;
        status = say(part, TG_ANSWER_DELTA, event->text, sink);
    }
    if (status == TG_OK && event->logprobs.bytes > 2) {
        struct tg_answer_event logprobs = {
            .kind = TG_ANSWER_LOGPROBS, .part = part->part, .part_kind = kind, .raw = event->logprobs};
        status = take(sink, &logprobs);
    }
    return status;
}

/* Summaries and raw reasoning are one text, with an empty line where another of them begins. */
static enum tg_status thinking(struct decoder *decoder, const struct tg_responses_data *event, int64_t source,
                               bool is_repeat, const struct tg_answer_sink *sink)
{
    struct open_part *part;
    enum tg_status status = begin_content(decoder, event, TG_PART_THINKING, WHOLE_ITEM, &part, sink);
    if (status != TG_OK || part == NULL || tg_json_string_is_empty(event->text) ||
        (is_repeat && part->source == source))
        return status;
    if (part->has_delta && part->source != source)
        status = say(part, TG_ANSWER_DELTA, tg_json_string_literal("\\n\\n"), sink);
    part->has_delta = true;
    part->source = source;
    return status == TG_OK ? say(part, TG_ANSWER_DELTA, event->text, sink) : status;
}

static enum tg_status citation(struct decoder *decoder, const struct tg_responses_data *event,
                               const struct tg_answer_sink *sink)
{
    struct open_part *part = find_part(decoder, event->output_index, event->content_index);
    if (part == NULL || !event->has_citation)
        return TG_OK;
    struct tg_answer_event said = {
        .kind = TG_ANSWER_CITATIONS,
        .part = part->part,
        .part_kind = part->kind,
        .citations = &event->citation,
        .citation_count = 1,
    };
    return take(sink, &said);
}

/* ---- calls ---- */

/* Arguments are JSON in a string; a custom tool's text becomes a string inside that. */
static enum tg_status arguments(struct decoder *decoder, struct tg_arena *scratch,
                                const struct tg_responses_data *event, bool is_repeat,
                                const struct tg_answer_sink *sink)
{
    static const char OPENING[] = "{\\\"input\\\":\\\"";
    struct open_part *part = find_part(decoder, event->output_index, WHOLE_ITEM);
    if (part == NULL || part->kind != TG_PART_TOOL_CALL || (is_repeat && part->has_delta))
        return TG_OK;
    if (!part->is_freeform) {
        part->has_delta |= !tg_json_string_is_empty(event->text);
        return part->has_delta ? say(part, TG_ANSWER_DELTA, event->text, sink) : TG_OK;
    }
    enum tg_status status = TG_OK;
    if (!part->has_delta)
        status = say(part, TG_ANSWER_DELTA, tg_json_string_literal(OPENING), sink);
    part->has_delta = true;
    struct tg_json_string text = tg_json_string_of(scratch, event->text.written);
    if (status == TG_OK && !tg_json_string_is_empty(text))
        status = say(part, TG_ANSWER_DELTA, text, sink);
    return status;
}

static enum tg_status item_added(struct decoder *decoder, struct tg_arena *scratch,
                                 const struct tg_responses_data *event, const struct tg_answer_sink *sink)
{
    struct open_part *part;
    if (find_item(decoder, event->output_index) != NULL)
        return TG_OK; /* said twice */
    if (note_item(decoder, event->output_index) == NULL)
        return too_many(decoder, sink);
    if (tg_json_string_is(event->item.type, "reasoning"))
        return begin_content(decoder, event, TG_PART_THINKING, WHOLE_ITEM, &part, sink);
    if (!tg_responses_is_call(&event->item))
        return TG_OK;
    part = open_part(decoder, event->output_index, WHOLE_ITEM, TG_PART_TOOL_CALL);
    if (part == NULL)
        return too_many(decoder, sink);
    part->is_freeform = tg_json_string_is(event->item.type, "custom_tool_call");
    return tg_responses_begin_call(scratch, &event->item, &decoder->made, sink);
}

/* What the finished item says that was not said before. */
static enum tg_status complete_part(struct decoder *decoder, struct tg_arena *scratch,
                                    const struct tg_responses_data *event, struct open_part *part,
                                    const struct tg_answer_sink *sink)
{
    struct tg_responses_made up_to_here = {.parts = part->part + 1};
    enum tg_status status = TG_OK;
    if (part->kind == TG_PART_THINKING && !part->has_delta)
        status = tg_responses_say_reasoning(&event->item, &up_to_here, sink);
    if (status == TG_OK && part->kind == TG_PART_THINKING && !tg_json_string_is_empty(event->item.encrypted))
        status = say(part, TG_ANSWER_SIGNATURE, event->item.encrypted, sink);
    if (status != TG_OK || part->kind != TG_PART_TOOL_CALL || part->has_delta)
        return status;
    struct tg_json_string whole = tg_responses_call_arguments(scratch, &event->item);
    return tg_json_string_is_empty(whole) ? TG_OK : say(part, TG_ANSWER_DELTA, whole, sink);
}

static enum tg_status item_done(struct decoder *decoder, struct tg_arena *scratch,
                                const struct tg_responses_data *event, const struct tg_answer_sink *sink)
{
    struct open_item *item = find_item(decoder, event->output_index);
    struct open_part *part = find_part(decoder, event->output_index, WHOLE_ITEM);
    enum tg_status status = TG_OK;
    decoder->has_items = true;
    if (event->has_item && (item == NULL || !item->has_parts)) {
        status = tg_responses_decode_item(scratch, &event->item, &decoder->made, sink);
        if (status == TG_TOO_LARGE && decoder->made.parts == TG_RESPONSES_MAX_PARTS)
            return too_many(decoder, sink);
    } else if (part != NULL) {
        status = complete_part(decoder, scratch, event, part, sink);
    }
    return status == TG_OK ? close_item(decoder, event->output_index, sink) : status;
}

static enum tg_status part_added(struct decoder *decoder, const struct tg_responses_data *event,
                                 const struct tg_answer_sink *sink)
{
    struct open_part *part;
    if (tg_json_string_is(event->item.type, "output_text"))
        return begin_content(decoder, event, TG_PART_TEXT, event->content_index, &part, sink);
    if (tg_json_string_is(event->item.type, "refusal"))
        return begin_content(decoder, event, TG_PART_REFUSAL, event->content_index, &part, sink);
    return TG_OK;
}

static enum tg_status part_done(struct decoder *decoder, const struct tg_responses_data *event,
                                const struct tg_answer_sink *sink)
{
    struct open_part *part = find_part(decoder, event->output_index, event->content_index);
    return part == NULL ? TG_OK : close_part(decoder, part, sink);
}

/* ---- the end ---- */

static enum tg_status finish(struct decoder *decoder, struct tg_arena *scratch, struct tg_responses_data *event,
                             const char *status, const struct tg_answer_sink *sink)
{
    bool has_failed = false;
    enum tg_status result = close_all(decoder, sink);
    if (result == TG_OK && !decoder->has_items) /* a provider that sends the end only */
        result = tg_responses_decode_items(scratch, event->response.output, &decoder->made, sink);
    if (result == TG_TOO_LARGE && decoder->made.parts == TG_RESPONSES_MAX_PARTS)
        return too_many(decoder, sink);
    if (result != TG_OK)
        return result;
    if (tg_json_string_is_empty(event->response.status))
        event->response.status = tg_json_string_literal(status);
    result = tg_responses_decode_finish(&event->response, &decoder->made, sink, &has_failed);
    decoder->state = has_failed ? OVER : FINISHED;
    return result;
}

static enum tg_status error_event(struct decoder *decoder, const struct tg_responses_data *event,
                                  const struct tg_answer_sink *sink)
{
    struct tg_answer_error error = {
        .http_status = tg_responses_status_of(event->code, event->error_type),
        .message = event->message,
        .code = event->code,
        .type = event->error_type,
        .param = event->param,
        .origin = TG_DIALECT_RESPONSES,
    };
    struct tg_answer_event said = {.kind = TG_ANSWER_ERROR, .error = &error};
    decoder->state = OVER;
    return take(sink, &said);
}

/* ---- the dialect's functions ---- */

static enum tg_status dispatch(struct decoder *decoder, struct tg_arena *scratch, struct tg_responses_data *event,
                               const struct tg_answer_sink *sink)
{
    static const int64_t RAW = (int64_t)1 << 32; /* raw reasoning's indexes, apart from those of summaries */
    switch (event->kind) {
    case TG_RESPONSES_COMPLETED:
        return finish(decoder, scratch, event, "completed", sink);
    case TG_RESPONSES_INCOMPLETE:
        return finish(decoder, scratch, event, "incomplete", sink);
    case TG_RESPONSES_FAILED:
        return finish(decoder, scratch, event, "failed", sink);
    case TG_RESPONSES_ITEM_ADDED:
        return item_added(decoder, scratch, event, sink);
    case TG_RESPONSES_ITEM_DONE:
        return item_done(decoder, scratch, event, sink);
    case TG_RESPONSES_PART_ADDED:
        return part_added(decoder, event, sink);
    case TG_RESPONSES_PART_DONE:
        return part_done(decoder, event, sink);
    case TG_RESPONSES_TEXT_DELTA:
        return text(decoder, event, TG_PART_TEXT, false, sink);
    case TG_RESPONSES_TEXT_DONE:
        return text(decoder, event, TG_PART_TEXT, true, sink);
    case TG_RESPONSES_REFUSAL_DELTA:
        return text(decoder, event, TG_PART_REFUSAL, false, sink);
    case TG_RESPONSES_REFUSAL_DONE:
        return text(decoder, event, TG_PART_REFUSAL, true, sink);
    case TG_RESPONSES_ANNOTATION:
        return citation(decoder, event, sink);
    case TG_RESPONSES_ARGUMENTS_DELTA:
    case TG_RESPONSES_INPUT_DELTA:
        return arguments(decoder, scratch, event, false, sink);
    case TG_RESPONSES_ARGUMENTS_DONE:
    case TG_RESPONSES_INPUT_DONE:
        return arguments(decoder, scratch, event, true, sink);
    case TG_RESPONSES_SUMMARY_DELTA:
        return thinking(decoder, event, event->summary_index, false, sink);
    case TG_RESPONSES_SUMMARY_DONE:
        return thinking(decoder, event, event->summary_index, true, sink);
    case TG_RESPONSES_REASONING_DELTA:
        return thinking(decoder, event, RAW + event->content_index % RAW, false, sink);
    case TG_RESPONSES_REASONING_DONE:
        return thinking(decoder, event, RAW + event->content_index % RAW, true, sink);
    default:
        return TG_OK;
    }
}

enum tg_status tg_responses_decode_block(void *state, struct tg_arena *scratch, struct tg_text name,
                                         struct tg_text data, const struct tg_answer_sink *sink)
{
    struct decoder *decoder = state;
    struct tg_responses_data event = {.kind = tg_responses_event_of(name, data)};
    if (decoder->state == FINISHED || decoder->state == OVER || data.bytes == 0 || tg_text_is(data, "[DONE]"))
        return TG_OK;
    if (!tg_responses_read_data(data, &event))
        return fail(decoder, "provider_error", "The provider sent an event that is not JSON.", sink);
    if (event.kind == TG_RESPONSES_ERROR)
        return error_event(decoder, &event, sink);
    if (event.kind == TG_RESPONSES_EVENT_OTHER)
        return TG_OK;
    enum tg_status status = start(decoder, &event, sink);
    return status == TG_OK ? dispatch(decoder, scratch, &event, sink) : status;
}

enum tg_status tg_responses_decode_end(void *state, struct tg_arena *scratch, const struct tg_answer_sink *sink)
{
    struct decoder *decoder = state;
    if (decoder->state == OVER)
        return TG_OK;
    if (decoder->state == FINISHED) {
        struct tg_answer_event end = {.kind = TG_ANSWER_END};
        decoder->state = OVER;
        return take(sink, &end);
    }
    enum tg_status status = close_all(decoder, sink);
    if (status != TG_OK)
        return status;
    return fail(decoder, "provider_broke_off", "The provider broke off in the middle of its answer.", sink);
}
