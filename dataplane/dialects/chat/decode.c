/* A provider's answer as events: https://platform.openai.com/docs/api-reference/chat-streaming. */
#include "dataplane/dialects/chat/answer_internal.h"
#include "dataplane/dialects/chat/decode_internal.h"

void chat_say(struct chat_decoding *decoding, const struct tg_answer_event *event)
{
    if (decoding->status == TG_OK)
        decoding->status = decoding->sink->take(decoding->sink->user, event);
}

static void fail(struct chat_decoding *decoding, const struct tg_answer_error *error)
{
    struct tg_answer_event event = {.kind = TG_ANSWER_ERROR, .error = error};
    if (decoding->decoder->is_ended)
        return;
    decoding->decoder->is_ended = true;
    chat_say(decoding, &event);
}

void chat_fail_because(struct chat_decoding *decoding, const char *message)
{
    struct tg_answer_error error = {.http_status = 502,
                                    .message = tg_json_string_literal(message),
                                    .code = tg_json_string_literal("provider_error"),
                                    .origin = TG_DIALECT_CHAT};
    fail(decoding, &error);
}

void *chat_decoder_new(struct tg_arena *arena)
{
    struct chat_decoder *decoder = tg_arena_calloc(arena, sizeof(*decoder));
    decoder->arena = arena;
    return decoder;
}

static struct chat_decode_choice *choice_at(struct chat_decoding *decoding, int64_t index)
{
    struct chat_decoder *decoder = decoding->decoder;
    if (index < 0 || index >= TG_MAX_CHOICES) {
        chat_fail_because(decoding, "The provider numbered a choice as none can be.");
        return NULL;
    }
    if (decoder->choices[index] == NULL) {
        struct chat_decode_choice *choice = tg_arena_calloc(decoder->arena, sizeof(*choice));
        choice->thinking = choice->text = choice->refusal = choice->audio = CHAT_NO_PART;
        decoder->choices[index] = choice;
    }
    if (decoder->choice_count <= index)
        decoder->choice_count = (unsigned)index + 1;
    return decoder->choices[index];
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

static void finish_choice(struct chat_speaking *speaking, enum tg_finish finish, struct tg_json_string stop_sequence)
{
    struct tg_answer_event event = {.kind = TG_ANSWER_FINISH, .choice = speaking->index, .finish = finish};
    struct chat_decode_choice *choice = speaking->choice;
    chat_end_words(speaking, NULL);
    chat_end_part(speaking, &choice->audio);
    chat_end_calls(speaking);
    if (finish == TG_FINISH_STOP && !tg_json_string_is_empty(stop_sequence)) {
        event.finish = TG_FINISH_STOP_SEQUENCE;
        event.stop_sequence = stop_sequence;
    } else if (finish == TG_FINISH_STOP && choice->has_refused) {
        event.finish = TG_FINISH_REFUSAL;
    }
    choice->is_finished = true;
    chat_say(speaking->decoding, &event);
}

static void take_choice(struct chat_decoding *decoding, const struct chat_choice *said,
                        const struct chat_answer *answer)
{
    struct chat_decode_choice *choice = choice_at(decoding, said->index);
    if (choice == NULL || choice->is_finished)
        return;
    struct chat_speaking speaking = {decoding, choice, (unsigned)said->index};
    const struct tg_part *part = said->turn == NULL ? NULL : said->turn->parts;
    for (; part != NULL && !decoding->decoder->is_ended; part = part->next)
        chat_take_part(&speaking, part);
    if (said->logprobs.bytes > sizeof("[]") - 1 && choice->text != CHAT_NO_PART)
        chat_say_of_part(&speaking, choice->text,
                         (struct tg_answer_event){.kind = TG_ANSWER_LOGPROBS, .raw = said->logprobs});
    if (tg_json_string_is_empty(said->finish_reason) || decoding->decoder->is_ended)
        return;
    if (answer->search_results.bytes != 0 && choice->text != CHAT_NO_PART) {
        struct tg_answer_event event = {.kind = TG_ANSWER_CITATIONS};
        event.citations = chat_search_results_read(decoding->scratch, answer->search_results, &event.citation_count);
        if (event.citation_count != 0)
            chat_say_of_part(&speaking, choice->text, event);
    }
    finish_choice(&speaking, finish_of(said->finish_reason), said->stop_reason);
}

/* ---- an answer ---- */

static void start(struct chat_decoding *decoding, const struct chat_answer *answer)
{
    struct tg_answer_event event = {.kind = TG_ANSWER_START, .id = answer->id, .model = answer->model};
    if (decoding->decoder->has_started)
        return;
    decoding->decoder->has_started = true;
    chat_say(decoding, &event);
}

static void take_answer(struct chat_decoding *decoding, struct chat_answer *answer)
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
        chat_say(decoding, &event);
    }
}

enum tg_status chat_decode_block(void *user, struct tg_arena *scratch, struct tg_text name, struct tg_text data,
                                 const struct tg_answer_sink *sink)
{
    struct chat_decoding decoding = {user, scratch, sink, TG_OK};
    struct chat_answer answer;
    (void)name;
    if (decoding.decoder->is_ended || decoding.decoder->is_done)
        return TG_OK;
    if (tg_text_is(tg_text_trim(data), "[DONE]"))
        decoding.decoder->is_done = true;
    else if (chat_answer_read(scratch, data, &answer))
        take_answer(&decoding, &answer);
    else
        chat_fail_because(&decoding, "The provider sent an event that is not JSON.");
    return decoding.status;
}

/* Without [DONE] an answer is whole if all that began has finished. */
static bool is_complete(const struct chat_decoder *decoder)
{
    bool is = decoder->has_started && decoder->choice_count != 0;
    for (unsigned i = 0; i < decoder->choice_count && !decoder->is_done; ++i)
        is &= decoder->choices[i] == NULL || decoder->choices[i]->is_finished;
    return is;
}

enum tg_status chat_decode_end(void *user, struct tg_arena *scratch, const struct tg_answer_sink *sink)
{
    struct chat_decoding decoding = {user, scratch, sink, TG_OK};
    struct chat_decoder *decoder = decoding.decoder;
    if (decoder->is_ended)
        return TG_OK;
    if (!is_complete(decoder)) {
        chat_fail_because(&decoding, "The provider broke off in the middle of its answer.");
        return decoding.status;
    }
    for (unsigned i = 0; i < decoder->choice_count; ++i) {
        struct chat_speaking speaking = {&decoding, decoder->choices[i], i};
        if (speaking.choice != NULL && !speaking.choice->is_finished)
            finish_choice(&speaking, TG_FINISH_OTHER, tg_json_string(tg_text(NULL, 0)));
    }
    decoder->is_ended = true;
    chat_say(&decoding, &(struct tg_answer_event){.kind = TG_ANSWER_END});
    return decoding.status;
}

enum tg_status chat_decode_whole(struct tg_arena *scratch, struct tg_text body, const struct tg_answer_sink *sink)
{
    struct chat_answer answer;
    struct chat_decoder *decoder = chat_decoder_new(scratch);
    struct chat_decoding decoding = {decoder, scratch, sink, TG_OK};
    decoder->is_whole = decoder->is_done = true;
    if (!chat_answer_read(scratch, body, &answer) || (answer.choices == NULL && !answer.has_error))
        return TG_INVALID;
    take_answer(&decoding, &answer);
    return decoding.status == TG_OK ? chat_decode_end(decoder, scratch, sink) : decoding.status;
}
