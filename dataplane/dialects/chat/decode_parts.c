/* What a model says in a choice. It has one text, one refusal and one thinking part open at a time: what the model goes
 * over to closes the one before. */
#include "dataplane/dialects/chat/decode_internal.h"

void chat_say_of_part(struct chat_speaking *speaking, int part, struct tg_answer_event event)
{
    event.choice = speaking->index;
    event.part = (unsigned)part;
    chat_say(speaking->decoding, &event);
}

int chat_begin_part(struct chat_speaking *speaking, struct tg_answer_event event)
{
    struct chat_decoder *decoder = speaking->decoding->decoder;
    if (++decoder->part_count > CHAT_MAX_PARTS) {
        chat_fail_because(speaking->decoding, "The provider's answer has more parts than the gateway translates.");
        return CHAT_NO_PART;
    }
    int part = (int)speaking->choice->part_count++;
    event.kind = TG_ANSWER_PART_BEGIN;
    chat_say_of_part(speaking, part, event);
    return part;
}

void chat_end_part(struct chat_speaking *speaking, int *part)
{
    if (*part == CHAT_NO_PART)
        return;
    chat_say_of_part(speaking, *part, (struct tg_answer_event){.kind = TG_ANSWER_PART_END});
    *part = CHAT_NO_PART;
}

void chat_say_delta(struct chat_speaking *speaking, int part, struct tg_json_string text)
{
    if (part != CHAT_NO_PART && !tg_json_string_is_empty(text))
        chat_say_of_part(speaking, part, (struct tg_answer_event){.kind = TG_ANSWER_DELTA, .text = text});
}

void chat_say_signature(struct chat_speaking *speaking, int part, enum tg_dialect_id origin, struct tg_json_string text)
{
    if (part != CHAT_NO_PART && !tg_json_string_is_empty(text))
        chat_say_of_part(
            speaking, part,
            (struct tg_answer_event){.kind = TG_ANSWER_SIGNATURE, .text = text, .signature_origin = origin});
}

void chat_end_words(struct chat_speaking *speaking, const int *but)
{
    struct chat_decode_choice *choice = speaking->choice;
    int *const parts[] = {&choice->thinking, &choice->text, &choice->refusal};
    if (but != &choice->thinking && choice->thinking_field != NULL) {
        chat_say_signature(speaking, choice->thinking, TG_DIALECT_CHAT, tg_json_string_literal(choice->thinking_field));
        choice->thinking_field = NULL;
    }
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); ++i)
        if (parts[i] != but)
            chat_end_part(speaking, parts[i]);
}

static void take_words(struct chat_speaking *speaking, const struct tg_part *part, int *open)
{
    chat_end_words(speaking, open);
    if (*open == CHAT_NO_PART)
        *open = chat_begin_part(speaking, (struct tg_answer_event){.part_kind = part->kind});
    chat_say_delta(speaking, *open, part->text);
}

/* Type, index and format: two entries of reasoning_details that agree in them are pieces of one. */
static struct tg_text thinking_prefix(struct tg_json_string signature)
{
    struct chat_detail detail;
    struct tg_text prefix = signature.written;
    if (chat_detail_unpack(signature, &detail))
        prefix.bytes = (size_t)(detail.format.written.data + detail.format.written.bytes - prefix.data);
    if (prefix.bytes > CHAT_THINKING_PREFIX_BYTES)
        prefix.bytes = CHAT_THINKING_PREFIX_BYTES;
    return prefix;
}

static void begin_thinking(struct chat_speaking *speaking, struct tg_text prefix, const char *field)
{
    struct chat_decode_choice *choice = speaking->choice;
    chat_end_words(speaking, NULL);
    choice->thinking = chat_begin_part(speaking, (struct tg_answer_event){.part_kind = TG_PART_THINKING});
    choice->thinking_field = field;
    memcpy(choice->thinking_prefix, prefix.data, prefix.bytes);
    choice->thinking_prefix_bytes = prefix.bytes;
}

/* A text in a field of its own has that field's name for a signature; but an entry of reasoning_details that follows
 * repeats the text, to give the true one. */
static void take_thinking(struct chat_speaking *speaking, const struct tg_part *part)
{
    struct chat_decode_choice *choice = speaking->choice;
    struct tg_text prefix = thinking_prefix(part->signature);
    struct tg_text open_prefix = tg_text(choice->thinking_prefix, choice->thinking_prefix_bytes);
    const char *field = chat_thinking_field(part->signature);
    struct tg_json_string signature = part->signature;
    struct chat_detail detail;
    bool is_open = choice->thinking != CHAT_NO_PART;
    bool goes_on = is_open && tg_text_equals(prefix, open_prefix);
    bool is_signed = is_open && choice->thinking_field != NULL && field == NULL;
    if (is_signed)
        choice->thinking_field = NULL;
    else if (!goes_on)
        begin_thinking(speaking, prefix, field);
    else if (part->signature_origin == TG_DIALECT_CHAT && chat_detail_unpack(part->signature, &detail))
        signature = detail.signature; /* the beginning of it was said with the first piece */
    if (!is_signed)
        chat_say_delta(speaking, choice->thinking, part->text);
    if (field == NULL)
        chat_say_signature(speaking, choice->thinking, part->signature_origin, signature);
}

static void take_redacted(struct chat_speaking *speaking, const struct tg_part *part)
{
    chat_end_words(speaking, NULL);
    int redacted = chat_begin_part(speaking, (struct tg_answer_event){.part_kind = TG_PART_REDACTED_THINKING});
    chat_say_signature(speaking, redacted, part->signature_origin, part->signature);
    chat_end_part(speaking, &redacted);
}

static void take_audio(struct chat_speaking *speaking, const struct tg_part *part)
{
    int *audio = &speaking->choice->audio;
    if (*audio == CHAT_NO_PART)
        *audio = chat_begin_part(speaking, (struct tg_answer_event){.part_kind = TG_PART_AUDIO});
    chat_say_delta(speaking, *audio, part->media->data);
}

/* Only pictures that are there: the canonical form has no addresses of them in answers. */
static void take_image(struct chat_speaking *speaking, const struct tg_part *part)
{
    if (part->media->source != TG_MEDIA_BASE64)
        return;
    chat_end_words(speaking, NULL);
    int image = chat_begin_part(
        speaking, (struct tg_answer_event){.part_kind = TG_PART_IMAGE, .media_type = part->media->media_type});
    chat_say_delta(speaking, image, part->media->data);
    chat_end_part(speaking, &image);
}

static void take_text(struct chat_speaking *speaking, const struct tg_part *part)
{
    struct tg_answer_event event = {.kind = TG_ANSWER_CITATIONS, .signature_origin = TG_DIALECT_CHAT};
    take_words(speaking, part, &speaking->choice->text);
    if (part->citations.bytes == 0 || speaking->choice->text == CHAT_NO_PART)
        return;
    event.raw = part->citations;
    event.citations = chat_annotations_read(speaking->decoding->scratch, part->citations, &event.citation_count);
    if (event.citation_count != 0)
        chat_say_of_part(speaking, speaking->choice->text, event);
}

void chat_take_part(struct chat_speaking *speaking, const struct tg_part *part)
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
        chat_take_call(speaking, part);
        break;
    case TG_PART_VIDEO:
    case TG_PART_DOCUMENT:
    case TG_PART_TOOL_RESULT:
    case TG_PART_OTHER:
        break; /* no model's answer has them in this dialect */
    }
}
