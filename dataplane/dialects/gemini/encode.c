/* Takes events in; what they become is in encode_chunk.c. */
#include "dataplane/dialects/gemini/encode_internal.h"

/* Parts that a stream may have open at once. */
enum { MAX_OPEN = 64 };

void *gemini_encoder_new(struct tg_arena *arena, const struct tg_encode_options *options)
{
    struct gemini_encoder *encoder = tg_arena_calloc(arena, sizeof(*encoder));
    encoder->arena = arena;
    encoder->options = *options;
    encoder->id = tg_json_string_of(arena, options->request_id);
    encoder->model = tg_json_string_of(arena, options->model);
    return encoder;
}

static struct tg_json_string keep(struct tg_arena *arena, struct tg_json_string string)
{
    return tg_json_string(tg_arena_copy(arena, string.written));
}

static struct gemini_choice *choice_of(struct gemini_encoder *encoder, unsigned index)
{
    if (index >= TG_MAX_CHOICES)
        return NULL;
    if (encoder->choices[index] == NULL) {
        encoder->choices[index] = tg_arena_calloc(encoder->arena, sizeof(struct gemini_choice));
        encoder->choices[index]->index = index;
    }
    return encoder->choices[index];
}

/* ---- parts ---- */

static struct gemini_open *find_open(const struct gemini_choice *choice, unsigned part)
{
    struct gemini_open *open = choice->open;
    while (open != NULL && open->part != part)
        open = open->next;
    return open;
}

/* What is opaque and another's is left out. */
static bool is_sayable(const struct tg_answer_event *event)
{
    return event->part_kind != TG_PART_TOOL_RESULT &&
           (event->part_kind != TG_PART_OTHER ||
            (event->signature_origin == TG_DIALECT_GEMINI && event->raw.bytes != 0));
}

/* A part that is over leaves its memory to the next. */
static struct gemini_open *new_open(struct gemini_encoder *encoder)
{
    struct gemini_open *open = encoder->spare;
    struct tg_growing text = {NULL}, signature = {NULL};
    if (open == NULL) {
        open = tg_arena_alloc(encoder->arena, sizeof(*open));
    } else {
        encoder->spare = open->next;
        text = open->text;
        signature = open->signature;
    }
    text.bytes = signature.bytes = 0;
    *open = (struct gemini_open){.text = text, .signature = signature};
    return open;
}

static enum tg_status begin_part(struct gemini_encoder *encoder, struct gemini_choice *choice,
                                 const struct tg_answer_event *event)
{
    unsigned count = 0;
    if (!is_sayable(event))
        return TG_OK;
    for (const struct gemini_open *at = choice->open; at != NULL; at = at->next)
        if (++count == MAX_OPEN)
            return TG_TOO_LARGE;
    struct gemini_open *open = new_open(encoder);
    open->part = event->part;
    open->kind = event->part_kind;
    open->next = choice->open;
    choice->open = open;
    open->call_id = keep(encoder->arena, event->call_id);
    open->name = keep(encoder->arena, event->name);
    open->media_type = keep(encoder->arena, event->media_type);
    open->raw = tg_arena_copy(encoder->arena, event->raw);
    return TG_OK;
}

static enum tg_status add_signature(struct gemini_encoder *encoder, struct gemini_open *open,
                                    const struct tg_answer_event *event)
{
    open->signature_origin = event->signature_origin;
    return tg_growing_append(&open->signature, encoder->arena, event->text.written);
}

static enum tg_status add_text(struct gemini_encoder *encoder, struct gemini_choice *choice, struct gemini_open *open,
                               struct tg_json_string text, struct tg_buf *out)
{
    bool is_text = open->kind == TG_PART_TEXT || open->kind == TG_PART_REFUSAL;
    if (is_text)
        gemini_ruler_add(&choice->ruler, encoder->arena, text);
    if (!encoder->options.is_streaming || (!is_text && open->kind != TG_PART_THINKING))
        return tg_growing_append(&open->text, encoder->arena, text.written);
    return gemini_stream_text(encoder, choice, open, text, out);
}

static void remove_open(struct gemini_encoder *encoder, struct gemini_choice *choice, struct gemini_open *open)
{
    struct gemini_open **at = &choice->open;
    while (*at != open)
        at = &(*at)->next;
    *at = open->next;
    open->next = encoder->spare;
    encoder->spare = open;
}

static enum tg_status take_part(struct gemini_encoder *encoder, struct gemini_choice *choice,
                                const struct tg_answer_event *event, struct tg_buf *out)
{
    struct gemini_open *open = find_open(choice, event->part);
    enum tg_status status = TG_OK;
    if (open == NULL)
        return TG_OK; /* one that was left out */
    switch (event->kind) {
    case TG_ANSWER_DELTA:
        return add_text(encoder, choice, open, event->text, out);
    case TG_ANSWER_SIGNATURE:
        return add_signature(encoder, open, event);
    case TG_ANSWER_CITATIONS:
        return gemini_grounding_add(&choice->grounding, encoder->arena, event, &choice->ruler);
    case TG_ANSWER_LOGPROBS:
        return gemini_add_logprobs(encoder->arena, event->raw, &choice->chosen, &choice->top);
    case TG_ANSWER_PART_END:
        status = gemini_end_part(encoder, choice, open, out);
        remove_open(encoder, choice, open);
        return status;
    default:
        return TG_OK;
    }
}

/* ---- the whole ---- */

static void take_usage(struct gemini_encoder *encoder, const struct tg_answer_event *event)
{
    encoder->usage = *event->usage;
    encoder->has_usage = true;
    if (event->service_tier.bytes == 0 || event->service_tier.bytes > sizeof(encoder->service_tier))
        return;
    memcpy(encoder->service_tier, event->service_tier.data, event->service_tier.bytes);
    encoder->service_tier_bytes = event->service_tier.bytes;
}

static enum tg_status take_error(struct gemini_encoder *encoder, const struct tg_answer_error *error,
                                 struct tg_buf *out)
{
    if (!encoder->options.is_streaming)
        return tg_buf_append(out, tg_gemini_error_body(encoder->arena, error));
    enum tg_status status = gemini_begin_element(encoder, out);
    if (status == TG_OK)
        status = tg_buf_append(out, tg_gemini_error_body(encoder->arena, error));
    if (status == TG_OK)
        status = gemini_end_element(encoder, out);
    return status == TG_OK ? gemini_end_stream(encoder, out) : status;
}

enum tg_status gemini_encode(void *state, const struct tg_answer_event *event, struct tg_buf *out)
{
    struct gemini_encoder *encoder = state;
    if (event->kind == TG_ANSWER_START) {
        if (!tg_json_string_is_empty(event->id))
            encoder->id = keep(encoder->arena, event->id);
        if (tg_json_string_is_empty(encoder->model))
            encoder->model = keep(encoder->arena, event->model);
        return TG_OK;
    }
    if (event->kind == TG_ANSWER_USAGE) {
        take_usage(encoder, event);
        return TG_OK;
    }
    if (event->kind == TG_ANSWER_ERROR)
        return take_error(encoder, event->error, out);
    if (event->kind == TG_ANSWER_END)
        return gemini_encode_end(encoder, out);
    struct gemini_choice *choice = choice_of(encoder, event->choice);
    if (choice == NULL)
        return TG_TOO_LARGE;
    if (event->kind == TG_ANSWER_FINISH) {
        choice->has_finish = true;
        choice->finish = event->finish;
        return TG_OK;
    }
    return event->kind == TG_ANSWER_PART_BEGIN ? begin_part(encoder, choice, event)
                                               : take_part(encoder, choice, event, out);
}
