/* A provider's answer as events: https://platform.openai.com/docs/api-reference/chat-streaming.
 *
 * A choice has one text, one refusal and one thinking part open at a time: what the model goes over to closes the one
 * before. Tool calls stay open until the choice is finished, because servers may go back to an earlier one. */
#include "dataplane/dialects/chat/answer_internal.h"
#include "dataplane/dialects/chat/chat_internal.h"
#include "dataplane/dialects/chat/decode_internal.h"

enum { NO_PART = -1, MAX_PARTS = 4096, THINKING_PREFIX_BYTES = 64 };

/* A tool call, in the order of their beginnings. */
struct call {
    struct call *next;
    int64_t index; /* as the provider numbers it; -1 if it does not */
    uint64_t id_hash;
    struct tg_json_string id;
    bool has_begun; /* its name came */
    bool is_custom;
    unsigned part;
};

struct choice {
    bool is_finished;
    bool has_refused;
    unsigned part_count;
    int thinking, text, refusal, audio; /* open parts */
    char thinking_prefix[THINKING_PREFIX_BYTES];
    size_t thinking_prefix_bytes;
    struct call *calls, *last_call;
};

struct decoder {
    struct tg_arena *arena;
    bool has_started;
    bool is_done;  /* [DONE] came */
    bool is_ended; /* END or ERROR was said */
    bool is_whole;
    size_t part_count;
    unsigned choice_count; /* up to the last one that was seen */
    struct choice *choices[TG_MAX_CHOICES];
};

/* One event on its way; what is the same for all of a chunk. */
struct decoding {
    struct decoder *decoder;
    struct tg_arena *scratch;
    const struct tg_answer_sink *sink;
    enum tg_status status;
};

static void say(struct decoding *decoding, const struct tg_answer_event *event)
{
    if (decoding->status == TG_OK)
        decoding->status = decoding->sink->take(decoding->sink->user, event);
}

static void fail(struct decoding *decoding, const struct tg_answer_error *error)
{
    struct tg_answer_event event = {.kind = TG_ANSWER_ERROR, .error = error};
    if (decoding->decoder->is_ended)
        return;
    decoding->decoder->is_ended = true;
    say(decoding, &event);
}

static void fail_because(struct decoding *decoding, const char *message)
{
    struct tg_answer_error error = {.http_status = 502,
                                    .message = tg_json_string_literal(message),
                                    .code = tg_json_string_literal("provider_error"),
                                    .origin = TG_DIALECT_CHAT};
    fail(decoding, &error);
}

void *chat_decoder_new(struct tg_arena *arena)
{
    struct decoder *decoder = tg_arena_calloc(arena, sizeof(*decoder));
    decoder->arena = arena;
    return decoder;
}

/* ---- parts ---- */

static struct choice *choice_at(struct decoding *decoding, int64_t index)
{
    struct decoder *decoder = decoding->decoder;
    if (index < 0 || index >= TG_MAX_CHOICES) {
        fail_because(decoding, "The provider numbered a choice as none can be.");
        return NULL;
    }
    if (decoder->choices[index] == NULL) {
        struct choice *choice = tg_arena_calloc(decoder->arena, sizeof(*choice));
        choice->thinking = choice->text = choice->refusal = choice->audio = NO_PART;
        decoder->choices[index] = choice;
    }
    if (decoder->choice_count <= index)
        decoder->choice_count = (unsigned)index + 1;
    return decoder->choices[index];
}

/* What events of one choice have in common. */
struct speaking {
    struct decoding *decoding;
    struct choice *choice;
    unsigned index;
};

static void say_of_part(struct speaking *speaking, int part, struct tg_answer_event event)
{
    event.choice = speaking->index;
    event.part = (unsigned)part;
    say(speaking->decoding, &event);
}

static int begin_part(struct speaking *speaking, struct tg_answer_event event)
{
    struct decoder *decoder = speaking->decoding->decoder;
    if (++decoder->part_count > MAX_PARTS) {
        fail_because(speaking->decoding, "The provider's answer has more parts than the gateway translates.");
        return NO_PART;
    }
    int part = (int)speaking->choice->part_count++;
    event.kind = TG_ANSWER_PART_BEGIN;
    say_of_part(speaking, part, event);
    return part;
}

static void end_part(struct speaking *speaking, int *part)
{
    if (*part == NO_PART)
        return;
    say_of_part(speaking, *part, (struct tg_answer_event){.kind = TG_ANSWER_PART_END});
    *part = NO_PART;
}

static void say_delta(struct speaking *speaking, int part, struct tg_json_string text)
{
    if (part != NO_PART && !tg_json_string_is_empty(text))
        say_of_part(speaking, part, (struct tg_answer_event){.kind = TG_ANSWER_DELTA, .text = text});
}

static void say_signature(struct speaking *speaking, int part, enum tg_dialect_id origin, struct tg_json_string text)
{
    if (part != NO_PART && !tg_json_string_is_empty(text))
        say_of_part(speaking, part,
                    (struct tg_answer_event){.kind = TG_ANSWER_SIGNATURE, .text = text, .signature_origin = origin});
}

/* ---- text, refusals, thinking, sound, pictures ---- */

static void end_words(struct speaking *speaking, const int *but)
{
    struct choice *choice = speaking->choice;
    int *const parts[] = {&choice->thinking, &choice->text, &choice->refusal};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); ++i)
        if (parts[i] != but)
            end_part(speaking, parts[i]);
}

static void take_words(struct speaking *speaking, const struct tg_part *part, int *open)
{
    end_words(speaking, open);
    if (*open == NO_PART)
        *open = begin_part(speaking, (struct tg_answer_event){.part_kind = part->kind});
    say_delta(speaking, *open, part->text);
}

/* Up to the second separator: two entries of reasoning_details that agree in it are pieces of one. */
static struct tg_text thinking_prefix(struct tg_json_string signature)
{
    struct chat_detail detail;
    struct tg_text prefix = signature.written;
    if (chat_detail_unpack(signature, &detail))
        prefix.bytes = (size_t)(detail.format.written.data + detail.format.written.bytes - prefix.data);
    if (prefix.bytes > THINKING_PREFIX_BYTES)
        prefix.bytes = THINKING_PREFIX_BYTES;
    return prefix;
}

static void take_thinking(struct speaking *speaking, const struct tg_part *part)
{
    struct choice *choice = speaking->choice;
    struct tg_text prefix = thinking_prefix(part->signature);
    struct tg_text open_prefix = tg_text(choice->thinking_prefix, choice->thinking_prefix_bytes);
    struct chat_detail detail;
    struct tg_json_string signature = part->signature;
    bool goes_on = choice->thinking != NO_PART && tg_text_equals(prefix, open_prefix);
    end_words(speaking, goes_on ? &choice->thinking : NULL);
    if (!goes_on) {
        choice->thinking = begin_part(speaking, (struct tg_answer_event){.part_kind = TG_PART_THINKING});
        memcpy(choice->thinking_prefix, prefix.data, prefix.bytes);
        choice->thinking_prefix_bytes = prefix.bytes;
    } else if (part->signature_origin == TG_DIALECT_CHAT) {
        /* The beginning is said: only what is new of the signature follows. */
        signature = chat_detail_unpack(signature, &detail) ? detail.signature : tg_json_string(tg_text(NULL, 0));
    }
    say_delta(speaking, choice->thinking, part->text);
    say_signature(speaking, choice->thinking, part->signature_origin, signature);
}

static void take_redacted(struct speaking *speaking, const struct tg_part *part)
{
    end_words(speaking, NULL);
    int redacted = begin_part(speaking, (struct tg_answer_event){.part_kind = TG_PART_REDACTED_THINKING});
    say_signature(speaking, redacted, part->signature_origin, part->signature);
    end_part(speaking, &redacted);
}

static void take_audio(struct speaking *speaking, const struct tg_part *part)
{
    int *audio = &speaking->choice->audio;
    if (*audio == NO_PART)
        *audio = begin_part(speaking, (struct tg_answer_event){.part_kind = TG_PART_AUDIO});
    say_delta(speaking, *audio, part->media->data);
}

/* Only pictures that are there: the canonical form has no addresses of them in answers. */
static void take_image(struct speaking *speaking, const struct tg_part *part)
{
    if (part->media->source != TG_MEDIA_BASE64)
        return;
    end_words(speaking, NULL);
    int image = begin_part(speaking,
                           (struct tg_answer_event){.part_kind = TG_PART_IMAGE, .media_type = part->media->media_type});
    say_delta(speaking, image, part->media->data);
    end_part(speaking, &image);
}

static void take_text(struct speaking *speaking, const struct tg_part *part)
{
    struct tg_answer_event event = {.kind = TG_ANSWER_CITATIONS, .signature_origin = TG_DIALECT_CHAT};
    take_words(speaking, part, &speaking->choice->text);
    if (part->citations.bytes == 0 || speaking->choice->text == NO_PART)
        return;
    event.raw = part->citations;
    event.citations = chat_annotations_read(speaking->decoding->scratch, part->citations, &event.citation_count);
    if (event.citation_count != 0)
        say_of_part(speaking, speaking->choice->text, event);
}

/* ---- tool calls ---- */

static int64_t index_of(const struct tg_part *part)
{
    int64_t index = -1;
    if (part->raw.bytes == 0 || tg_json_to_i64(part->raw, &index) != TG_OK)
        return -1;
    return index;
}

static uint64_t hash_of(struct tg_json_string id)
{
    return tg_json_string_is_empty(id) ? 0 : tg_text_hash(id.written, 1);
}

/* Which call a piece belongs to; NULL if it begins one. Some servers number all calls alike, or not at all: then a new
 * id tells. */
static struct call *find_call(const struct speaking *speaking, const struct tg_part *part)
{
    struct call *found = NULL;
    int64_t index = index_of(part);
    uint64_t id_hash = hash_of(part->call_id);
    if (speaking->decoding->decoder->is_whole)
        return NULL;
    for (struct call *call = speaking->choice->calls; call != NULL; call = call->next)
        if (index < 0 || call->index == index)
            found = call;
    bool is_named = !tg_json_string_is_empty(part->name);
    if (found == NULL || !found->has_begun || !is_named)
        return found;
    bool is_another = index < 0 ? id_hash == 0 || id_hash != found->id_hash
                                : id_hash != 0 && found->id_hash != 0 && id_hash != found->id_hash;
    return is_another ? NULL : found;
}

static struct call *add_call(struct speaking *speaking, const struct tg_part *part)
{
    struct choice *choice = speaking->choice;
    struct decoder *decoder = speaking->decoding->decoder;
    if (decoder->part_count >= MAX_PARTS) {
        fail_because(speaking->decoding, "The provider's answer has more parts than the gateway translates.");
        return NULL;
    }
    struct call *call = tg_arena_calloc(decoder->arena, sizeof(*call));
    call->index = index_of(part);
    if (choice->last_call == NULL)
        choice->calls = call;
    else
        choice->last_call->next = call;
    choice->last_call = call;
    ++decoder->part_count; /* counted before it begins: names may never come */
    return call;
}

static void begin_call(struct speaking *speaking, struct call *call, const struct tg_part *part)
{
    end_words(speaking, NULL);
    --speaking->decoding->decoder->part_count;
    int number = begin_part(
        speaking, (struct tg_answer_event){.part_kind = TG_PART_TOOL_CALL, .call_id = call->id, .name = part->name});
    if (number == NO_PART)
        return;
    call->has_begun = true;
    call->part = (unsigned)number;
    if (call->is_custom)
        say_delta(speaking, number, tg_json_string_literal("{\\\"input\\\":\\\""));
}

static void take_call(struct speaking *speaking, const struct tg_part *part)
{
    struct tg_arena *scratch = speaking->decoding->scratch;
    struct call *call = find_call(speaking, part);
    if (call == NULL)
        call = add_call(speaking, part);
    if (call == NULL)
        return;
    if (call->id_hash == 0 && !tg_json_string_is_empty(part->call_id)) {
        call->id_hash = hash_of(part->call_id);
        call->id = tg_json_string(tg_arena_copy(speaking->decoding->decoder->arena, part->call_id.written));
    }
    call->is_custom |= part->text.written.data != NULL;
    if (!call->has_begun && !tg_json_string_is_empty(part->name))
        begin_call(speaking, call, part);
    if (!call->has_begun)
        return;
    say_signature(speaking, (int)call->part, part->signature_origin, part->signature);
    if (call->is_custom) /* a JSON text in a JSON string: escaped once more */
        say_delta(speaking, (int)call->part, tg_json_string_of(scratch, part->text.written));
    else if (part->arguments.raw.bytes != 0)
        say_delta(speaking, (int)call->part, tg_arguments_string(scratch, &part->arguments));
}

static void end_calls(struct speaking *speaking)
{
    for (struct call *call = speaking->choice->calls; call != NULL; call = call->next) {
        int part = (int)call->part;
        if (!call->has_begun)
            continue;
        if (call->is_custom)
            say_delta(speaking, part, tg_json_string_literal("\\\"}"));
        end_part(speaking, &part);
    }
    speaking->choice->calls = speaking->choice->last_call = NULL;
}

/* ---- a choice ---- */

static void take_part(struct speaking *speaking, const struct tg_part *part)
{
    switch (part->kind) {
    case TG_PART_TEXT:
        take_text(speaking, part);
        break;
    case TG_PART_REFUSAL:
        speaking->choice->has_refused = true;
        take_words(speaking, part, &speaking->choice->refusal);
        break;
    case TG_PART_THINKING:
        take_thinking(speaking, part);
        break;
    case TG_PART_REDACTED_THINKING:
        take_redacted(speaking, part);
        break;
    case TG_PART_AUDIO:
        if (part->media != NULL)
            take_audio(speaking, part);
        break;
    case TG_PART_IMAGE:
        take_image(speaking, part);
        break;
    case TG_PART_TOOL_CALL:
        take_call(speaking, part);
        break;
    case TG_PART_VIDEO:
    case TG_PART_DOCUMENT:
    case TG_PART_TOOL_RESULT:
    case TG_PART_OTHER:
        break; /* no model's answer has them in this dialect */
    }
}

static enum tg_finish finish_of(struct tg_json_string reason)
{
    static const struct {
        const char *name;
        enum tg_finish finish;
    } reasons[] = {
        {"stop", TG_FINISH_STOP},
        {"length", TG_FINISH_LENGTH},
        {"tool_calls", TG_FINISH_TOOL_CALLS},
        {"function_call", TG_FINISH_TOOL_CALLS},
        {"content_filter", TG_FINISH_CONTENT_FILTER},
        {"model_length", TG_FINISH_CONTEXT_FULL}, /* Mistral */
        {"eos", TG_FINISH_STOP},                  /* TGI, Together */
        {"eos_token", TG_FINISH_STOP},
        {"stop_sequence", TG_FINISH_STOP_SEQUENCE},
        {"max_tokens", TG_FINISH_LENGTH},
    };
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); ++i)
        if (tg_json_string_is(reason, reasons[i].name))
            return reasons[i].finish;
    return TG_FINISH_OTHER;
}

static void finish_choice(struct speaking *speaking, enum tg_finish finish, struct tg_json_string stop_sequence)
{
    struct tg_answer_event event = {.kind = TG_ANSWER_FINISH, .choice = speaking->index, .finish = finish};
    struct choice *choice = speaking->choice;
    end_words(speaking, NULL);
    end_part(speaking, &choice->audio);
    end_calls(speaking);
    if (finish == TG_FINISH_STOP && !tg_json_string_is_empty(stop_sequence)) {
        event.finish = TG_FINISH_STOP_SEQUENCE;
        event.stop_sequence = stop_sequence;
    } else if (finish == TG_FINISH_STOP && choice->has_refused) {
        event.finish = TG_FINISH_REFUSAL;
    }
    choice->is_finished = true;
    say(speaking->decoding, &event);
}

static void take_choice(struct decoding *decoding, const struct chat_choice *said, const struct chat_answer *answer)
{
    struct choice *choice = choice_at(decoding, said->index);
    if (choice == NULL || choice->is_finished)
        return;
    struct speaking speaking = {decoding, choice, (unsigned)said->index};
    const struct tg_part *part = said->turn == NULL ? NULL : said->turn->parts;
    for (; part != NULL && !decoding->decoder->is_ended; part = part->next)
        take_part(&speaking, part);
    if (said->logprobs.bytes > sizeof("[]") - 1 && choice->text != NO_PART)
        say_of_part(&speaking, choice->text,
                    (struct tg_answer_event){.kind = TG_ANSWER_LOGPROBS, .raw = said->logprobs});
    if (tg_json_string_is_empty(said->finish_reason) || decoding->decoder->is_ended)
        return;
    if (answer->search_results.bytes != 0 && choice->text != NO_PART) {
        struct tg_answer_event event = {.kind = TG_ANSWER_CITATIONS};
        event.citations = chat_search_results_read(decoding->scratch, answer->search_results, &event.citation_count);
        if (event.citation_count != 0)
            say_of_part(&speaking, choice->text, event);
    }
    finish_choice(&speaking, finish_of(said->finish_reason), said->stop_reason);
}

/* ---- an answer ---- */

static void start(struct decoding *decoding, const struct chat_answer *answer)
{
    struct tg_answer_event event = {.kind = TG_ANSWER_START, .id = answer->id, .model = answer->model};
    if (decoding->decoder->has_started)
        return;
    decoding->decoder->has_started = true;
    say(decoding, &event);
}

static void take_answer(struct decoding *decoding, struct chat_answer *answer)
{
    if (answer->has_error) {
        if (answer->error.http_status < 400)
            answer->error.http_status = 502;
        if (tg_json_string_is_empty(answer->error.message))
            answer->error.message = tg_json_string_literal("The provider sent an error without a message.");
        fail(decoding, &answer->error);
        return;
    }
    if (answer->choices == NULL && !answer->has_usage && !decoding->decoder->has_started)
        return; /* Azure's first chunk: nothing but what its filter thinks of the prompt */
    start(decoding, answer);
    for (const struct chat_choice *choice = answer->choices; choice != NULL && !decoding->decoder->is_ended;
         choice = choice->next)
        take_choice(decoding, choice, answer);
    if (answer->has_usage && !decoding->decoder->is_ended) {
        struct tg_answer_event event = {
            .kind = TG_ANSWER_USAGE,
            .usage = &answer->usage,
            .service_tier = tg_json_string_plain(decoding->scratch, answer->service_tier),
        };
        say(decoding, &event);
    }
}

enum tg_status chat_decode_block(void *user, struct tg_arena *scratch, struct tg_text name, struct tg_text data,
                                 const struct tg_answer_sink *sink)
{
    struct decoding decoding = {user, scratch, sink, TG_OK};
    struct chat_answer answer;
    (void)name;
    if (decoding.decoder->is_ended || decoding.decoder->is_done)
        return TG_OK;
    if (tg_text_is(tg_text_trim(data), "[DONE]"))
        decoding.decoder->is_done = true;
    else if (chat_answer_read(scratch, data, &answer))
        take_answer(&decoding, &answer);
    else
        fail_because(&decoding, "The provider sent an event that is not JSON.");
    return decoding.status;
}

/* Without [DONE] an answer is whole if all that began has finished. */
static bool is_complete(const struct decoder *decoder)
{
    bool is = decoder->has_started && decoder->choice_count != 0;
    for (unsigned i = 0; i < decoder->choice_count && !decoder->is_done; ++i)
        is &= decoder->choices[i] == NULL || decoder->choices[i]->is_finished;
    return is;
}

enum tg_status chat_decode_end(void *user, struct tg_arena *scratch, const struct tg_answer_sink *sink)
{
    struct decoding decoding = {user, scratch, sink, TG_OK};
    struct decoder *decoder = decoding.decoder;
    if (decoder->is_ended)
        return TG_OK;
    if (!is_complete(decoder)) {
        fail_because(&decoding, "The provider broke off in the middle of its answer.");
        return decoding.status;
    }
    for (unsigned i = 0; i < decoder->choice_count; ++i) {
        struct speaking speaking = {&decoding, decoder->choices[i], i};
        if (speaking.choice != NULL && !speaking.choice->is_finished)
            finish_choice(&speaking, TG_FINISH_OTHER, tg_json_string(tg_text(NULL, 0)));
    }
    decoder->is_ended = true;
    say(&decoding, &(struct tg_answer_event){.kind = TG_ANSWER_END});
    return decoding.status;
}

enum tg_status chat_decode_whole(struct tg_arena *scratch, struct tg_text body, const struct tg_answer_sink *sink)
{
    struct chat_answer answer;
    struct decoder *decoder = chat_decoder_new(scratch);
    struct decoding decoding = {decoder, scratch, sink, TG_OK};
    decoder->is_whole = decoder->is_done = true;
    if (!chat_answer_read(scratch, body, &answer) || (answer.choices == NULL && !answer.has_error))
        return TG_INVALID;
    take_answer(&decoding, &answer);
    return decoding.status == TG_OK ? chat_decode_end(decoder, scratch, sink) : decoding.status;
}
