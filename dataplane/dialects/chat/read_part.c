/* Content of messages: https://platform.openai.com/docs/api-reference/chat/create (messages), with the parts that
 * OpenRouter (video_url, cache_control), vLLM (audio_url) and Mistral (thinking, document_url) add. */
#include "dataplane/dialects/canonical/signature.h"
#include "dataplane/dialects/chat/chat_internal.h"

/* What a part's members say, before its type is known: members come in any order. */
struct draft {
    struct tg_json_string type;
    bool is_text, is_other; /* whether bytes bound what it costs */
    struct tg_json_string text, refusal, thinking, data, signature;
    struct tg_media *image, *audio, *video, *document;
    enum tg_cache_mark cache;
    bool has_thinking_parts; /* they are read already */
};

static struct tg_media *new_media(struct tg_reading *reading)
{
    return tg_arena_calloc(reading->arena, sizeof(struct tg_media));
}

/* {"url": …, "detail": …}, or the URL alone. */
static struct tg_media *read_url(struct tg_reading *reading, const struct tg_json_token *token)
{
    struct tg_media *media = new_media(reading);
    struct tg_json_token member;
    if (token->kind == TG_JSON_STRING)
        chat_media_of_url(media, tg_json_string(token->value));
    while (token->event == TG_JSON_BEGIN && tg_json_scan_next_in(&reading->scan, token, &member)) {
        if (tg_json_text_is(member.key, "url"))
            chat_media_of_url(media, tg_reading_string(&member));
        else if (tg_json_text_is(member.key, "detail"))
            media->detail = tg_reading_string(&member);
    }
    return media;
}

static struct tg_media *read_input_audio(struct tg_reading *reading, const struct tg_json_token *token)
{
    struct tg_media *media = new_media(reading);
    struct tg_json_token member;
    while (token->event == TG_JSON_BEGIN && tg_json_scan_next_in(&reading->scan, token, &member)) {
        if (tg_json_text_is(member.key, "data"))
            media->data = tg_reading_string(&member);
        else if (tg_json_text_is(member.key, "format"))
            media->media_type = chat_audio_type(reading->arena, tg_reading_string(&member));
    }
    return media;
}

static bool is_web_url(struct tg_json_string data)
{
    return tg_text_starts_with(data.written, "https:") || tg_text_starts_with(data.written, "http:");
}

/* `file_data` is a data URL, or base64 alone; OpenRouter takes web addresses there, too. */
static struct tg_media *read_file(struct tg_reading *reading, const struct tg_json_token *token)
{
    struct tg_media *media = new_media(reading);
    struct tg_json_string type = {.written = {NULL, 0}}, data = type, id = type;
    struct tg_json_token member;
    while (token->event == TG_JSON_BEGIN && tg_json_scan_next_in(&reading->scan, token, &member)) {
        struct tg_json_string value = tg_reading_string(&member);
        if (tg_json_text_is(member.key, "file_data"))
            data = value;
        else if (tg_json_text_is(member.key, "file_id"))
            id = value;
        else if (tg_json_text_is(member.key, "filename"))
            media->title = value;
        else if (tg_json_text_is(member.key, "format")) /* LiteLLM */
            type = value;
    }
    chat_media_of_url(media, data);
    if (media->source == TG_MEDIA_URL && !is_web_url(data))
        media->source = TG_MEDIA_BASE64;
    if (tg_json_string_is_empty(data)) {
        media->source = TG_MEDIA_FILE_ID;
        media->data = id;
    }
    if (tg_json_string_is_empty(media->media_type))
        media->media_type = type;
    return media;
}

static struct tg_part *add_thinking(struct tg_reading *reading, struct tg_json_string text)
{
    struct tg_part *part = tg_request_add_part(reading->arena, reading->request, &reading->tail, TG_PART_THINKING);
    part->text = text;
    part->signature = tg_json_string_literal("thinking");
    part->signature_origin = TG_DIALECT_CHAT;
    return part;
}

/* Mistral's: [{"type":"text","text":…}]. */
static void read_thinking(struct tg_reading *reading, const struct tg_json_token *token, struct draft *draft)
{
    struct tg_json_token chunk, member;
    if (token->kind == TG_JSON_STRING)
        draft->thinking = tg_json_string(token->value);
    while (token->kind == TG_JSON_ARRAY && tg_json_scan_next_in(&reading->scan, token, &chunk)) {
        draft->has_thinking_parts = true;
        while (chunk.kind == TG_JSON_OBJECT && tg_json_scan_next_in(&reading->scan, &chunk, &member))
            if (member.kind == TG_JSON_STRING && tg_json_text_is(member.key, "text") && member.value.bytes != 0)
                add_thinking(reading, tg_json_string(member.value));
    }
}

enum tg_cache_mark chat_read_cache_control(struct tg_reading *reading, const struct tg_json_token *control)
{
    struct tg_json_token member;
    enum tg_cache_mark mark = TG_CACHE_NO_MARK;
    if (control->kind != TG_JSON_OBJECT)
        return mark;
    mark = TG_CACHE_MARK_5M;
    while (tg_json_scan_next_in(&reading->scan, control, &member))
        if (tg_json_text_is(member.key, "ttl") && member.kind == TG_JSON_STRING && tg_json_text_is(member.value, "1h"))
            mark = TG_CACHE_MARK_1H;
    return mark;
}

/* Types are compared as they are written here: one with escapes is odd enough to be careful with. */
static void read_type(const struct tg_json_token *member, struct draft *draft)
{
    bool is_string = member->kind == TG_JSON_STRING;
    draft->type = tg_reading_string(member);
    if (is_string && (tg_text_is(member->value, "text") || tg_text_is(member->value, "refusal") ||
                      tg_text_is(member->value, "thinking")))
        draft->is_text = true;
    else
        draft->is_other = true;
}

static void read_member(struct tg_reading *reading, const struct tg_json_token *member, struct draft *draft)
{
    struct tg_text key = member->key;
    if (tg_json_text_is(key, "type"))
        read_type(member, draft);
    else if (tg_json_text_is(key, "text"))
        draft->text = tg_reading_string(member);
    else if (tg_json_text_is(key, "image_url"))
        draft->image = read_url(reading, member);
    else if (tg_json_text_is(key, "refusal"))
        draft->refusal = tg_reading_string(member);
    else if (tg_json_text_is(key, "input_audio"))
        draft->audio = read_input_audio(reading, member);
    else if (tg_json_text_is(key, "audio_url"))
        draft->audio = read_url(reading, member);
    else if (tg_json_text_is(key, "file"))
        draft->document = read_file(reading, member);
    else if (tg_json_text_is(key, "document_url"))
        draft->document = read_url(reading, member);
    else if (tg_json_text_is(key, "video_url"))
        draft->video = read_url(reading, member);
    else if (tg_json_text_is(key, "thinking"))
        read_thinking(reading, member, draft);
    else if (tg_json_text_is(key, "signature"))
        draft->signature = tg_reading_string(member);
    else if (tg_json_text_is(key, "data"))
        draft->data = tg_reading_string(member);
    else if (tg_json_text_is(key, "cache_control"))
        draft->cache = chat_read_cache_control(reading, member);
    else if (tg_json_text_is(key, "prompt_cache_breakpoint") && member->kind == TG_JSON_OBJECT)
        draft->cache = TG_CACHE_MARK_5M;
}

static bool is(const struct draft *draft, const char *type)
{
    return tg_json_string_is(draft->type, type);
}

static struct tg_part *add_part(struct tg_reading *reading, enum tg_part_kind kind)
{
    return tg_request_add_part(reading->arena, reading->request, &reading->tail, kind);
}

static struct tg_part *add_media(struct tg_reading *reading, enum tg_part_kind kind, const struct tg_media *media)
{
    struct tg_part *part = add_part(reading, kind);
    part->media = media;
    return part;
}

static struct tg_part *add_signed(struct tg_reading *reading, const struct draft *draft)
{
    bool is_redacted = is(draft, "redacted_thinking");
    struct tg_json_string signature = is_redacted ? draft->data : draft->signature;
    struct tg_part *part = add_thinking(reading, draft->thinking);
    if (is_redacted)
        part->kind = TG_PART_REDACTED_THINKING;
    if (is_redacted || !tg_json_string_is_empty(signature))
        part->signature = tg_signature_unmark(TG_DIALECT_CHAT, signature, &part->signature_origin);
    return part;
}

/* NULL if the type is not known. */
static struct tg_part *add_known(struct tg_reading *reading, const struct draft *draft)
{
    struct tg_part *part = NULL;
    if (is(draft, "text")) {
        part = add_part(reading, TG_PART_TEXT);
        part->text = draft->text;
    } else if (is(draft, "image_url") && draft->image != NULL) {
        part = add_media(reading, TG_PART_IMAGE, draft->image);
    } else if (is(draft, "refusal")) {
        part = add_part(reading, TG_PART_REFUSAL);
        part->text = draft->refusal;
    } else if ((is(draft, "input_audio") || is(draft, "audio_url")) && draft->audio != NULL) {
        part = add_media(reading, TG_PART_AUDIO, draft->audio);
    } else if ((is(draft, "file") || is(draft, "document_url")) && draft->document != NULL) {
        part = add_media(reading, TG_PART_DOCUMENT, draft->document);
    } else if (is(draft, "video_url") && draft->video != NULL) {
        part = add_media(reading, TG_PART_VIDEO, draft->video);
    } else if (is(draft, "thinking") || is(draft, "redacted_thinking")) {
        part = add_signed(reading, draft);
    }
    return part;
}

/* Anything but plain text may cost tokens that its bytes do not bound. */
static void read_part(struct tg_reading *reading, struct tg_json_token *token)
{
    struct draft draft;
    struct tg_json_token member;
    const char *begin = token->value.data;
    memset(&draft, 0, sizeof(draft));
    draft.is_other = token->kind != TG_JSON_OBJECT;
    while (token->kind == TG_JSON_OBJECT && tg_json_scan_next_in(&reading->scan, token, &member))
        read_member(reading, &member, &draft);
    if (!draft.is_text || draft.is_other)
        reading->request->is_beyond_text = true;
    if (draft.has_thinking_parts || (is(&draft, "text") && tg_json_string_is_empty(draft.text)))
        return;
    struct tg_part *part = add_known(reading, &draft);
    if (part == NULL) {
        part = add_part(reading, TG_PART_OTHER);
        part->name = draft.type;
        part->raw = token->kind == TG_JSON_OBJECT ? tg_text(begin, (size_t)(reading->scan.at - begin))
                                                  : tg_reading_raw(reading, token);
    }
    part->cache = draft.cache;
}

void chat_read_content(struct tg_reading *reading, struct tg_json_token *content)
{
    struct tg_json_token part;
    if (content->kind == TG_JSON_STRING && content->value.bytes != 0) {
        struct tg_part *text = add_part(reading, TG_PART_TEXT);
        text->text = tg_json_string(content->value);
    }
    while (content->kind == TG_JSON_ARRAY && tg_json_scan_next_in(&reading->scan, content, &part))
        read_part(reading, &part);
}
