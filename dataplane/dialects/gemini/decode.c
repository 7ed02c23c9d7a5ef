#include "dataplane/dialects/gemini/gemini_internal.h"

enum { MAX_PARTS = 4096 };

/* A candidate. Parts come one after the other; texts and thoughts go on from chunk to chunk. */
struct choice {
    bool is_open, has_calls, has_finish;
    enum tg_part_kind open_kind;
    unsigned next_part; /* the open one is the one before */
    enum tg_finish finish;
    struct gemini_ruler ruler;
};

struct decoder {
    struct tg_arena *arena;
    enum { BEFORE_START, STARTED, FAILED } state;
    bool is_blocked; /* the prompt was: there are no candidates */
    bool has_usage;
    unsigned part_count;
    int64_t searches;
    struct tg_usage usage;
    struct choice *choices[TG_MAX_CHOICES]; /* NULL: not seen */
};

/* What one step takes along. */
struct step {
    struct decoder *decoder;
    struct tg_arena *scratch;
    const struct tg_answer_sink *sink;
    struct choice *choice;
    unsigned index; /* the choice's */
};

void *gemini_decoder_new(struct tg_arena *arena)
{
    struct decoder *decoder = tg_arena_calloc(arena, sizeof(*decoder));
    decoder->arena = arena;
    return decoder;
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
                                          .origin = TG_DIALECT_GEMINI});
}

/* ---- parts ---- */

/* For the part that is open. */
static enum tg_status emit_part(const struct step *step, struct tg_answer_event event)
{
    event.choice = step->index;
    event.part = step->choice->next_part - 1;
    event.part_kind = step->choice->open_kind;
    return emit(step->sink, &event);
}

static enum tg_status end_part(const struct step *step)
{
    if (!step->choice->is_open)
        return TG_OK;
    step->choice->is_open = false;
    return emit_part(step, (struct tg_answer_event){.kind = TG_ANSWER_PART_END});
}

static enum tg_status begin_part(const struct step *step, enum tg_part_kind kind, struct tg_answer_event event)
{
    enum tg_status status = end_part(step);
    if (status != TG_OK)
        return status;
    if (++step->decoder->part_count > MAX_PARTS)
        return fail_with(step->decoder, step->sink, "The provider's answer has more parts than the gateway follows.");
    step->choice->is_open = true;
    step->choice->open_kind = kind;
    ++step->choice->next_part;
    event.kind = TG_ANSWER_PART_BEGIN;
    return emit_part(step, event);
}

static bool goes_on(const struct step *step, enum tg_status status)
{
    return status == TG_OK && step->decoder->state != FAILED;
}

static enum tg_status emit_text(const struct step *step, enum tg_answer_event_kind kind, struct tg_json_string text)
{
    if (tg_json_string_is_empty(text))
        return TG_OK;
    return emit_part(step, (struct tg_answer_event){.kind = kind, .text = text, .signature_origin = TG_DIALECT_GEMINI});
}

/* A signature that has no thought of its own. */
static enum tg_status take_lone_signature(const struct step *step, struct tg_json_string signature)
{
    if (tg_json_string_is_empty(signature))
        return TG_OK;
    enum tg_status status = begin_part(step, TG_PART_REDACTED_THINKING, (struct tg_answer_event){.choice = 0});
    if (goes_on(step, status))
        status = emit_text(step, TG_ANSWER_SIGNATURE, signature);
    return goes_on(step, status) ? end_part(step) : status;
}

static enum tg_status take_text(const struct step *step, const struct gemini_part *part)
{
    enum tg_part_kind kind = part->is_thought ? TG_PART_THINKING : TG_PART_TEXT;
    bool is_open = step->choice->is_open && step->choice->open_kind == kind;
    bool has_signature = !tg_json_string_is_empty(part->signature);
    enum tg_status status = TG_OK;
    if (!part->is_thought)
        gemini_ruler_add(&step->choice->ruler, step->decoder->arena, part->text);
    if (!is_open && (!tg_json_string_is_empty(part->text) || (part->is_thought && has_signature)))
        status = begin_part(step, kind, (struct tg_answer_event){.choice = 0});
    if (goes_on(step, status))
        status = emit_text(step, TG_ANSWER_DELTA, part->text);
    if (!goes_on(step, status) || !has_signature)
        return status;
    if (!part->is_thought)
        return take_lone_signature(step, gemini_text_signature(step->scratch, part->signature));
    status = emit_text(step, TG_ANSWER_SIGNATURE, part->signature);
    return goes_on(step, status) ? end_part(step) : status;
}

static enum tg_status take_call(const struct step *step, const struct gemini_part *part)
{
    struct tg_arguments arguments = {.raw = part->value.bytes == 0 ? tg_text_of("{}") : part->value};
    enum tg_status status =
        begin_part(step, TG_PART_TOOL_CALL, (struct tg_answer_event){.call_id = part->id, .name = part->name});
    step->choice->has_calls = true;
    if (goes_on(step, status))
        status = emit_text(step, TG_ANSWER_DELTA, tg_arguments_string(step->scratch, &arguments));
    return goes_on(step, status) ? end_part(step) : status;
}

static enum tg_status take_inline(const struct step *step, const struct gemini_part *part)
{
    enum tg_status status =
        begin_part(step, gemini_media_kind(part->media_type), (struct tg_answer_event){.media_type = part->media_type});
    if (goes_on(step, status))
        status = emit_text(step, TG_ANSWER_DELTA, part->data);
    return goes_on(step, status) ? end_part(step) : status;
}

static enum tg_status take_other(const struct step *step, const struct gemini_part *part)
{
    struct tg_answer_event event = {
        .name = tg_json_string(part->key), .raw = part->raw, .signature_origin = TG_DIALECT_GEMINI};
    enum tg_status status = begin_part(step, TG_PART_OTHER, event);
    return goes_on(step, status) ? end_part(step) : status;
}

static enum tg_status take_part(const struct step *step, const struct gemini_part *part)
{
    enum tg_status status = TG_OK;
    switch (part->kind) {
    case GEMINI_PART_NONE:
    case GEMINI_PART_TEXT:
        return take_text(step, part);
    case GEMINI_PART_CALL:
        status = take_lone_signature(step, part->signature);
        return goes_on(step, status) ? take_call(step, part) : status;
    case GEMINI_PART_INLINE:
        status = take_lone_signature(step, part->signature);
        return goes_on(step, status) ? take_inline(step, part) : status;
    default:
        return take_other(step, part);
    }
}

/* ---- candidates ---- */

/* What was found belongs to a text, if need be to an empty one. */
static enum tg_status take_grounding(const struct step *step, struct tg_text grounding)
{
    struct tg_answer_event event = {.kind = TG_ANSWER_CITATIONS, .signature_origin = TG_DIALECT_GEMINI};
    enum tg_status status = TG_OK;
    if (grounding.bytes == 0)
        return TG_OK;
    event.citation_count = gemini_read_grounding(step->scratch, grounding, &step->choice->ruler, &event.citations);
    event.raw = tg_arena_printf(step->scratch, "[%.*s]", TG_TEXT_ARG(grounding));
    if (!step->choice->is_open || step->choice->open_kind != TG_PART_TEXT)
        status = begin_part(step, TG_PART_TEXT, (struct tg_answer_event){.choice = 0});
    return goes_on(step, status) ? emit_part(step, event) : status;
}

static enum tg_status take_logprobs(const struct step *step, struct tg_text logprobs)
{
    struct tg_text array = logprobs.bytes == 0 ? logprobs : gemini_read_logprobs(step->scratch, logprobs);
    if (array.bytes == 0 || !step->choice->is_open)
        return TG_OK;
    return emit_part(step, (struct tg_answer_event){.kind = TG_ANSWER_LOGPROBS, .raw = array});
}

static enum tg_status take_candidate(struct step *step, const struct gemini_candidate *candidate)
{
    struct decoder *decoder = step->decoder;
    struct gemini_list list;
    struct tg_json_token token;
    struct gemini_part part;
    enum tg_status status = TG_OK;
    if (candidate->index < 0 || candidate->index >= TG_MAX_CHOICES)
        return fail_with(decoder, step->sink, "The provider's answer has more candidates than the gateway follows.");
    step->index = (unsigned)candidate->index;
    if (decoder->choices[step->index] == NULL)
        decoder->choices[step->index] = tg_arena_calloc(decoder->arena, sizeof(struct choice));
    step->choice = decoder->choices[step->index];
    gemini_list_begin(&list, candidate->parts);
    while (goes_on(step, status) && gemini_list_next(&list, &token)) {
        gemini_read_part(&list.scan, &token, &part);
        status = take_part(step, &part);
    }
    if (goes_on(step, status))
        status = take_grounding(step, candidate->grounding);
    if (goes_on(step, status))
        status = take_logprobs(step, candidate->logprobs);
    if (!tg_json_string_is_empty(candidate->finish_reason)) {
        step->choice->has_finish = true;
        step->choice->finish = gemini_finish(candidate->finish_reason);
    }
    return status;
}

/* ---- chunks ---- */

static bool is_complete(const struct decoder *decoder)
{
    bool has_choice = decoder->is_blocked;
    for (size_t i = 0; i < TG_MAX_CHOICES; ++i) {
        if (decoder->choices[i] != NULL && !decoder->choices[i]->has_finish)
            return false;
        has_choice = has_choice || decoder->choices[i] != NULL;
    }
    return has_choice;
}

static enum tg_status take_candidates(struct step *step, const struct gemini_chunk *chunk)
{
    struct gemini_list list;
    struct tg_json_token token;
    struct gemini_candidate candidate;
    enum tg_status status = TG_OK;
    int64_t searches = 0;
    gemini_list_begin(&list, chunk->candidates);
    while (goes_on(step, status) && gemini_list_next(&list, &token)) {
        gemini_read_candidate(&list.scan, &token, &candidate);
        if (candidate.grounding.bytes != 0)
            searches += gemini_count_searches(candidate.grounding, chunk->model);
        status = take_candidate(step, &candidate);
    }
    if (searches > step->decoder->searches)
        step->decoder->searches = searches;
    return status;
}

/* What the chunk tells, or with more searches than before what was told last. */
static enum tg_status take_usage(struct tg_arena *scratch, struct decoder *decoder, const struct gemini_chunk *chunk,
                                 const struct tg_answer_sink *sink)
{
    struct tg_answer_event event = {.kind = TG_ANSWER_USAGE, .usage = &decoder->usage};
    struct tg_usage usage;
    if (chunk->usage.bytes != 0 && gemini_read_usage(chunk->usage, &usage, &event.service_tier)) {
        decoder->usage = usage;
        decoder->has_usage = true;
    }
    if (!decoder->has_usage)
        return TG_OK;
    decoder->usage.of[TG_USAGE_WEB_SEARCHES] = decoder->searches;
    event.is_usage_partial = !is_complete(decoder);
    event.service_tier = tg_json_unescape(scratch, event.service_tier);
    return emit(sink, &event);
}

static enum tg_status take_chunk(struct step *step, const struct gemini_chunk *chunk)
{
    struct decoder *decoder = step->decoder;
    enum tg_status status = TG_OK;
    if (chunk->error.bytes != 0) {
        struct tg_answer_error error = {.origin = TG_DIALECT_GEMINI};
        gemini_read_error_object(step->scratch, chunk->error, &error);
        return fail(decoder, step->sink, &error);
    }
    if (decoder->state == BEFORE_START) {
        decoder->state = STARTED;
        status = emit(step->sink,
                      &(struct tg_answer_event){.kind = TG_ANSWER_START, .id = chunk->id, .model = chunk->model});
    }
    decoder->is_blocked = decoder->is_blocked || !tg_json_string_is_empty(chunk->block_reason);
    /* Before the parts, for clients who are told of the prompt first; and again if these change it. */
    int64_t searches = decoder->searches;
    if (goes_on(step, status) && chunk->usage.bytes != 0)
        status = take_usage(step->scratch, decoder, chunk, step->sink);
    bool was_complete = is_complete(decoder);
    if (goes_on(step, status))
        status = take_candidates(step, chunk);
    if (goes_on(step, status) && (searches != decoder->searches || was_complete != is_complete(decoder)))
        status = take_usage(step->scratch, decoder, chunk, step->sink);
    return status;
}

enum tg_status gemini_decode_block(void *state, struct tg_arena *scratch, struct tg_text name, struct tg_text data,
                                   const struct tg_answer_sink *sink)
{
    struct step step = {.decoder = state, .scratch = scratch, .sink = sink};
    struct gemini_chunk chunk;
    (void)name;
    if (step.decoder->state == FAILED || data.bytes == 0)
        return TG_OK;
    if (!gemini_read_chunk(data, &chunk))
        return fail_with(step.decoder, sink, "The provider sent a chunk that is not JSON.");
    return take_chunk(&step, &chunk);
}

/* ---- the end ---- */

static enum tg_status finish_choice(const struct step *step)
{
    const struct choice *choice = step->choice;
    enum tg_status status = end_part(step);
    /* Servers that imitate Google's have a reason of their own for calls, such as FUNCTION_CALL. */
    bool may_be_calls = choice->finish == TG_FINISH_STOP || choice->finish == TG_FINISH_OTHER;
    enum tg_finish reason = may_be_calls && choice->has_calls ? TG_FINISH_TOOL_CALLS : choice->finish;
    if (status != TG_OK)
        return status;
    return emit(step->sink,
                &(struct tg_answer_event){.kind = TG_ANSWER_FINISH, .choice = step->index, .finish = reason});
}

static enum tg_status finish(struct step *step)
{
    enum tg_status status = TG_OK;
    bool has_choice = false;
    for (unsigned i = 0; status == TG_OK && i < TG_MAX_CHOICES; ++i) {
        step->choice = step->decoder->choices[i];
        step->index = i;
        if (step->choice == NULL)
            continue;
        has_choice = true;
        status = finish_choice(step);
    }
    if (status == TG_OK && !has_choice) { /* the prompt was blocked */
        step->choice = &(struct choice){.finish = TG_FINISH_CONTENT_FILTER};
        step->index = 0;
        status = finish_choice(step);
    }
    return status == TG_OK ? emit(step->sink, &(struct tg_answer_event){.kind = TG_ANSWER_END}) : status;
}

enum tg_status gemini_decode_end(void *state, struct tg_arena *scratch, const struct tg_answer_sink *sink)
{
    struct step step = {.decoder = state, .scratch = scratch, .sink = sink};
    if (step.decoder->state == FAILED)
        return TG_OK;
    if (step.decoder->state != STARTED || !is_complete(step.decoder))
        return fail_with(step.decoder, sink, "The provider's answer broke off.");
    return finish(&step);
}

/* An answer without a word of why it ended is one, too. */
enum tg_status gemini_decode_whole(struct tg_arena *scratch, struct tg_text body, const struct tg_answer_sink *sink)
{
    struct decoder *decoder = gemini_decoder_new(scratch);
    struct step step = {.decoder = decoder, .scratch = scratch, .sink = sink};
    struct gemini_chunk chunk;
    if (!gemini_read_chunk(body, &chunk) ||
        (chunk.candidates.bytes == 0 && chunk.usage.bytes == 0 && !chunk.has_feedback))
        return TG_INVALID;
    enum tg_status status = take_chunk(&step, &chunk);
    return goes_on(&step, status) ? finish(&step) : status;
}
