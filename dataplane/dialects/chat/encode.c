/* Events as the client's bytes: https://platform.openai.com/docs/api-reference/chat-streaming and …/chat/object. */
#include "dataplane/dialects/canonical/freeform.h"
#include "dataplane/dialects/chat/encode_internal.h"

enum { MAX_OPEN_PARTS = 4096 };

const char *chat_encode_list_name(enum chat_encode_list list)
{
    static const char *const names[CHAT_LIST_COUNT] = {"tool_calls", "reasoning_details", "annotations", "images",
                                                       "logprobs"};
    return names[list];
}

const char *chat_encode_field_name(enum chat_encode_field field)
{
    static const char *const names[CHAT_FIELD_COUNT] = {"content", "refusal", "reasoning_content"};
    return names[field];
}

const char *chat_finish_reason(const struct chat_encode_choice *choice, enum tg_finish finish)
{
    switch (finish) {
    case TG_FINISH_LENGTH:
    case TG_FINISH_CONTEXT_FULL:
        return "length";
    case TG_FINISH_TOOL_CALLS:
        return "tool_calls";
    case TG_FINISH_CONTENT_FILTER:
        return "content_filter";
    case TG_FINISH_REFUSAL: /* who refuses in words has stopped */
        return choice->has[CHAT_FIELD_REFUSAL] ? "stop" : "content_filter";
    case TG_FINISH_STOP:
    case TG_FINISH_STOP_SEQUENCE:
    case TG_FINISH_PAUSE:
    case TG_FINISH_OTHER:
        break;
    }
    return "stop";
}

void *chat_encoder_new(struct tg_arena *arena, const struct tg_encode_options *options)
{
    struct chat_encoder *encoder = tg_arena_calloc(arena, sizeof(*encoder));
    encoder->arena = arena;
    encoder->options = *options;
    encoder->id = tg_json_string_of(arena, tg_arena_printf(arena, "chatcmpl-%.*s", TG_TEXT_ARG(options->request_id)));
    encoder->model = tg_json_string_of(arena, options->model);
    return encoder;
}

/* ---- places ---- */

static struct tg_json_string keep(struct chat_encoder *encoder, struct tg_json_string string)
{
    return tg_json_string(tg_arena_copy(encoder->arena, string.written));
}

/* NULL if there can be no such choice. */
static struct chat_encode_choice *choice_at(struct chat_encoder *encoder, unsigned index)
{
    if (index >= TG_MAX_CHOICES)
        return NULL;
    if (encoder->choices[index] == NULL)
        encoder->choices[index] = tg_arena_calloc(encoder->arena, sizeof(struct chat_encode_choice));
    if (encoder->choice_count <= index)
        encoder->choice_count = index + 1;
    return encoder->choices[index];
}

static struct chat_encode_part **find_part(struct chat_encoder *encoder, const struct tg_answer_event *event)
{
    struct chat_encode_part **place = &encoder->open;
    while (*place != NULL && ((*place)->choice != event->choice || (*place)->part != event->part))
        place = &(*place)->next;
    return place;
}

static struct chat_encode_part *add_part(struct chat_encoder *encoder, const struct tg_answer_event *event)
{
    struct chat_encode_part *part = encoder->spare;
    if (encoder->open_count == MAX_OPEN_PARTS)
        return NULL;
    if (part != NULL)
        encoder->spare = part->next;
    else
        part = tg_arena_alloc(encoder->arena, sizeof(*part));
    memset(part, 0, sizeof(*part));
    part->choice = event->choice;
    part->part = event->part;
    part->kind = event->part_kind;
    part->next = encoder->open;
    encoder->open = part;
    ++encoder->open_count;
    return part;
}

/* ---- parts begin ---- */

static bool field_of(enum tg_part_kind kind, enum chat_encode_field *field)
{
    *field = kind == TG_PART_TEXT      ? CHAT_FIELD_CONTENT
             : kind == TG_PART_REFUSAL ? CHAT_FIELD_REFUSAL
                                       : CHAT_FIELD_REASONING;
    return kind == TG_PART_TEXT || kind == TG_PART_REFUSAL || kind == TG_PART_THINKING;
}

static enum tg_status begin_choice(struct chat_encoder *encoder, unsigned index, bool has_text, struct tg_buf *out)
{
    struct chat_encode_choice *choice = encoder->choices[index];
    if (choice->has_begun)
        return TG_OK;
    choice->has_begun = true;
    return encoder->options.is_streaming ? chat_chunk_begin(encoder, index, has_text, out) : TG_OK;
}

static enum tg_status begin_call(struct chat_encoder *encoder, struct chat_encode_part *part,
                                 const struct tg_answer_event *event, struct tg_buf *out)
{
    const struct tg_model_request *request = encoder->options.request;
    const struct tg_tool *tool = request == NULL ? NULL : tg_request_tool(request, event->name);
    struct chat_encode_choice *choice = encoder->choices[part->choice];
    part->tool_index = choice->tool_count++;
    part->is_custom = tool != NULL && tool->kind == TG_TOOL_FREEFORM;
    part->name = keep(encoder, event->name);
    part->call_id = tg_json_string_is_empty(event->call_id)
                        ? tg_json_string_of(encoder->arena, tg_arena_printf(encoder->arena, "call_%.*s_%u_%u",
                                                                            TG_TEXT_ARG(encoder->options.request_id),
                                                                            part->choice, part->tool_index))
                        : keep(encoder, event->call_id);
    /* A custom tool's input is known when its arguments are whole. */
    return encoder->options.is_streaming && !part->is_custom
               ? chat_say_call(encoder, part, tg_json_string_literal(""), out)
               : TG_OK;
}

static enum tg_status take_begin(struct chat_encoder *encoder, const struct tg_answer_event *event, struct tg_buf *out)
{
    enum chat_encode_field field;
    struct chat_encode_choice *choice = choice_at(encoder, event->choice);
    struct chat_encode_part *part = choice == NULL ? NULL : add_part(encoder, event);
    if (part == NULL)
        return TG_TOO_LARGE;
    part->media_type = keep(encoder, event->media_type);
    enum tg_status status = begin_choice(encoder, event->choice, event->part_kind == TG_PART_TEXT, out);
    if (field_of(part->kind, &field))
        choice->has[field] = true;
    if (status == TG_OK && part->kind == TG_PART_TOOL_CALL)
        status = begin_call(encoder, part, event, out);
    return status;
}

/* ---- parts go on ---- */

static enum tg_status take_words(struct chat_encoder *encoder, struct chat_encode_part *part,
                                 enum chat_encode_field field, struct tg_json_string text, struct tg_buf *out)
{
    struct chat_encode_choice *choice = encoder->choices[part->choice];
    enum tg_status status = encoder->options.is_streaming
                                ? chat_chunk_text(encoder, part->choice, field, text, out)
                                : tg_growing_append(&choice->fields[field], encoder->arena, text.written);
    if (status == TG_OK && part->kind == TG_PART_THINKING) /* its signature, if one comes, needs all of it */
        status = tg_growing_append(&part->text, encoder->arena, text.written);
    return status;
}

static enum tg_status take_delta(struct chat_encoder *encoder, const struct tg_answer_event *event, struct tg_buf *out)
{
    struct chat_encode_part *part = *find_part(encoder, event);
    enum chat_encode_field field;
    bool is_streaming = encoder->options.is_streaming;
    if (part == NULL || tg_json_string_is_empty(event->text))
        return TG_OK;
    if (field_of(part->kind, &field))
        return take_words(encoder, part, field, event->text, out);
    part->has_arguments = true;
    if (is_streaming && part->kind == TG_PART_TOOL_CALL && !part->is_custom)
        return chat_chunk_arguments(encoder, part->choice, part->tool_index, event->text, out);
    if (is_streaming && part->kind == TG_PART_AUDIO)
        return chat_chunk_audio(encoder, part->choice, event->text, out);
    return tg_growing_append(part->kind == TG_PART_AUDIO ? &encoder->choices[part->choice]->audio : &part->text,
                             encoder->arena, event->text.written);
}

static enum tg_status take_signature(struct chat_encoder *encoder, const struct tg_answer_event *event)
{
    struct chat_encode_part *part = *find_part(encoder, event);
    if (part == NULL)
        return TG_OK;
    part->signature_origin = event->signature_origin;
    return tg_growing_append(&part->signature, encoder->arena, event->text.written);
}

/* ---- parts end ---- */

static enum tg_status end_call(struct chat_encoder *encoder, const struct chat_encode_part *part, struct tg_buf *out)
{
    struct tg_arguments arguments = {.is_string = true, .raw = tg_growing_text(&part->text)};
    struct tg_json_string nothing = tg_json_string_literal("{}");
    if (part->is_custom)
        return chat_say_call(encoder, part, tg_freeform_unwrap(encoder->arena, &arguments), out);
    if (!encoder->options.is_streaming)
        return chat_say_call(encoder, part, part->has_arguments ? tg_json_string(arguments.raw) : nothing, out);
    enum tg_status status = TG_OK;
    if (!part->has_arguments)
        status = chat_chunk_arguments(encoder, part->choice, part->tool_index, nothing, out);
    if (status == TG_OK && part->signature.bytes != 0)
        status = chat_say_late_signature(encoder, part, out);
    return status;
}

static enum tg_status take_end(struct chat_encoder *encoder, const struct tg_answer_event *event, struct tg_buf *out)
{
    struct chat_encode_part **place = find_part(encoder, event);
    struct chat_encode_part *part = *place;
    enum tg_status status = TG_OK;
    if (part == NULL)
        return TG_OK;
    if (part->kind == TG_PART_TOOL_CALL)
        status = end_call(encoder, part, out);
    else if (part->kind == TG_PART_THINKING || part->kind == TG_PART_REDACTED_THINKING)
        status = chat_say_detail(encoder, part, out);
    else if (part->kind == TG_PART_IMAGE)
        status = chat_say_image(encoder, part, out);
    *place = part->next;
    part->next = encoder->spare;
    encoder->spare = part;
    --encoder->open_count;
    return status;
}

/* ---- the answer ---- */

static void take_start(struct chat_encoder *encoder, const struct tg_answer_event *event)
{
    if (!tg_json_string_is_empty(event->id))
        encoder->id = keep(encoder, event->id);
    if (!tg_json_string_is_empty(event->model))
        encoder->model = keep(encoder, event->model);
}

static enum tg_status take_finish(struct chat_encoder *encoder, const struct tg_answer_event *event, struct tg_buf *out)
{
    struct chat_encode_choice *choice = choice_at(encoder, event->choice);
    if (choice == NULL)
        return TG_TOO_LARGE;
    if (choice->is_finished)
        return TG_OK;
    choice->is_finished = true;
    choice->finish = event->finish;
    enum tg_status status = begin_choice(encoder, event->choice, true, out);
    if (status == TG_OK && encoder->options.is_streaming)
        status = chat_chunk_finish(encoder, event->choice, chat_finish_reason(choice, event->finish), out);
    return status;
}

static void take_usage(struct chat_encoder *encoder, const struct tg_answer_event *event)
{
    encoder->has_usage = true;
    encoder->usage = *event->usage;
    if (event->service_tier.bytes != 0)
        encoder->service_tier = keep(encoder, tg_json_string_of(encoder->arena, event->service_tier));
}

static enum tg_status take_error(struct chat_encoder *encoder, const struct tg_answer_event *event, struct tg_buf *out)
{
    struct tg_text told = encoder->options.is_streaming
                              ? tg_chat_error_event(encoder->arena, event->error, TG_FRAMING_SSE)
                              : tg_chat_error_body(encoder->arena, event->error);
    encoder->is_over = true;
    return tg_buf_append(out, told);
}

enum tg_status chat_encode(void *user, const struct tg_answer_event *event, struct tg_buf *out)
{
    struct chat_encoder *encoder = user;
    if (encoder->is_over)
        return TG_OK;
    switch (event->kind) {
    case TG_ANSWER_START:
        take_start(encoder, event);
        break;
    case TG_ANSWER_PART_BEGIN:
        return take_begin(encoder, event, out);
    case TG_ANSWER_DELTA:
        return take_delta(encoder, event, out);
    case TG_ANSWER_SIGNATURE:
        return take_signature(encoder, event);
    case TG_ANSWER_CITATIONS:
        return *find_part(encoder, event) == NULL ? TG_OK : chat_say_citations(encoder, event, out);
    case TG_ANSWER_LOGPROBS:
        return *find_part(encoder, event) == NULL ? TG_OK : chat_say_logprobs(encoder, event, out);
    case TG_ANSWER_PART_END:
        return take_end(encoder, event, out);
    case TG_ANSWER_FINISH:
        return take_finish(encoder, event, out);
    case TG_ANSWER_USAGE:
        take_usage(encoder, event);
        break;
    case TG_ANSWER_ERROR:
        return take_error(encoder, event, out);
    case TG_ANSWER_END:
        encoder->is_over = true;
        return encoder->options.is_streaming ? chat_chunk_end(encoder, out) : chat_whole_end(encoder, out);
    }
    return TG_OK;
}
