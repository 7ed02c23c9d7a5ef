/* Content parts: https://platform.openai.com/docs/api-reference/chat/create (messages). */
#include "dataplane/dialects/chat/chat_internal.h"

/* Dialects whose messages hold their parts in an array called otherwise, or in none. */
static const char *list_of(enum tg_dialect_id dialect)
{
    switch (dialect) {
    case TG_DIALECT_GEMINI:
        return "parts";
    case TG_DIALECT_CHAT:
    case TG_DIALECT_MESSAGES:
    case TG_DIALECT_CONVERSE:
    case TG_DIALECT_RESPONSES:
    case TG_DIALECT_COUNT:
        break;
    }
    return "content";
}

/* A loss is only named while there is room for its name: finding the path takes a walk. */
void chat_lose_part(struct chat_writing *writing, const struct tg_turn *turn, const struct tg_part *part,
                    const char *member, enum tg_loss_weight weight)
{
    struct tg_loss *loss = writing->loss;
    struct tg_text path = turn->path.bytes == 0 ? tg_text_of("messages") : turn->path;
    size_t index = 0;
    if (loss->refused.bytes == 0 && loss->dropped_count < TG_LOSS_MAX_DROPPED) {
        for (const struct tg_part *before = turn->parts; before != NULL && before != part; before = before->next)
            ++index;
        path = tg_arena_printf(writing->arena, "%.*s.%s[%zu]%s", TG_TEXT_ARG(path), list_of(writing->request->dialect),
                               index, member);
    }
    tg_loss_add(loss, path, weight);
}

static void begin_part(struct chat_writing *writing, const char *type)
{
    tg_json_write_object_begin(&writing->json);
    chat_write_text_member(&writing->json, "type", tg_json_string_literal(type));
}

static void write_text(struct chat_writing *writing, const char *type, const char *key, struct tg_json_string text)
{
    begin_part(writing, type);
    chat_write_text_member(&writing->json, key, text);
    tg_json_write_object_end(&writing->json);
}

/* A URL, or the data as one. */
static void write_url(struct chat_writing *writing, const char *key, const struct tg_media *media, const char *type)
{
    struct tg_text media_type = media->media_type.written;
    if (media->source != TG_MEDIA_BASE64) {
        chat_write_text_member(&writing->json, key, media->data);
        return;
    }
    if (media_type.bytes == 0)
        media_type = tg_text_of(type);
    tg_json_write_key(&writing->json, key);
    tg_json_write_written(&writing->json,
                          tg_json_string(tg_arena_printf(writing->arena, "data:%.*s;base64,%.*s",
                                                         TG_TEXT_ARG(media_type), TG_TEXT_ARG(media->data.written))));
}

static bool write_image(struct chat_writing *writing, const struct tg_media *media)
{
    if (media->source != TG_MEDIA_BASE64 && media->source != TG_MEDIA_URL)
        return false;
    begin_part(writing, "image_url");
    tg_json_write_key(&writing->json, "image_url");
    tg_json_write_object_begin(&writing->json);
    write_url(writing, "url", media, "image/png");
    if (!tg_json_string_is_empty(media->detail))
        chat_write_text_member(&writing->json, "detail", media->detail);
    tg_json_write_object_end(&writing->json);
    tg_json_write_object_end(&writing->json);
    return true;
}

static bool write_audio(struct chat_writing *writing, const struct tg_media *media)
{
    struct tg_json_string format = chat_audio_format(media->media_type);
    if (media->source != TG_MEDIA_BASE64 || tg_json_string_is_empty(format))
        return false;
    begin_part(writing, "input_audio");
    tg_json_write_key(&writing->json, "input_audio");
    tg_json_write_object_begin(&writing->json);
    chat_write_text_member(&writing->json, "data", media->data);
    chat_write_text_member(&writing->json, "format", format);
    tg_json_write_object_end(&writing->json);
    tg_json_write_object_end(&writing->json);
    return true;
}

/* OpenAI has files by data and by id; OpenRouter takes addresses where the data is. */
static bool write_file(struct chat_writing *writing, const struct tg_media *media)
{
    bool is_of_openai =
        writing->request->dialect == TG_DIALECT_CHAT || writing->request->dialect == TG_DIALECT_RESPONSES;
    if (media->source == TG_MEDIA_FILE_ID && !is_of_openai)
        return false;
    if (media->source == TG_MEDIA_URL && writing->request->dialect != TG_DIALECT_CHAT)
        return false;
    begin_part(writing, "file");
    tg_json_write_key(&writing->json, "file");
    tg_json_write_object_begin(&writing->json);
    if (media->source == TG_MEDIA_FILE_ID)
        chat_write_text_member(&writing->json, "file_id", media->data);
    else
        write_url(writing, "file_data", media, "application/pdf");
    if (!tg_json_string_is_empty(media->title))
        chat_write_text_member(&writing->json, "filename", media->title);
    else if (media->source == TG_MEDIA_BASE64) /* OpenAI wants one */
        chat_write_text_member(&writing->json, "filename", tg_json_string_literal("document.pdf"));
    tg_json_write_object_end(&writing->json);
    tg_json_write_object_end(&writing->json);
    return true;
}

/* A document that is text is told as such, what is known about it before it. */
static bool write_document(struct chat_writing *writing, const struct tg_media *media)
{
    if (media->source != TG_MEDIA_TEXT)
        return write_file(writing, media);
    if (!tg_json_string_is_empty(media->title))
        write_text(writing, "text", "text", media->title);
    if (!tg_json_string_is_empty(media->context))
        write_text(writing, "text", "text", media->context);
    write_text(writing, "text", "text", media->data);
    return true;
}

static bool write_video(struct chat_writing *writing, const struct tg_media *media)
{
    if (writing->request->dialect != TG_DIALECT_CHAT || media->source == TG_MEDIA_FILE_ID)
        return false; /* not OpenAI's: only who speaks to a server that has it sends it */
    begin_part(writing, "video_url");
    tg_json_write_key(&writing->json, "video_url");
    tg_json_write_object_begin(&writing->json);
    write_url(writing, "url", media, "video/mp4");
    tg_json_write_object_end(&writing->json);
    tg_json_write_object_end(&writing->json);
    return true;
}

static bool write_known(struct chat_writing *writing, const struct tg_part *part)
{
    switch (part->kind) {
    case TG_PART_TEXT:
        write_text(writing, "text", "text", part->text);
        return true;
    case TG_PART_REFUSAL:
        write_text(writing, "refusal", "refusal", part->text);
        return true;
    case TG_PART_IMAGE:
        return write_image(writing, part->media);
    case TG_PART_AUDIO:
        return write_audio(writing, part->media);
    case TG_PART_VIDEO:
        return write_video(writing, part->media);
    case TG_PART_DOCUMENT:
        return write_document(writing, part->media);
    case TG_PART_OTHER:
        if (writing->request->dialect != TG_DIALECT_CHAT)
            return false;
        tg_json_write_raw(&writing->json, part->raw);
        return true;
    case TG_PART_THINKING:
    case TG_PART_REDACTED_THINKING:
    case TG_PART_TOOL_CALL:
    case TG_PART_TOOL_RESULT:
        break; /* they have fields of their own */
    }
    return false;
}

void chat_write_part(struct chat_writing *writing, const struct tg_turn *turn, const struct tg_part *whole,
                     const struct tg_part *part)
{
    bool wants_citations = part->kind == TG_PART_DOCUMENT && part->media->wants_citations;
    if (!write_known(writing, part))
        chat_lose_part(writing, turn, whole, "", TG_LOSS_MEANING);
    else if (wants_citations)
        chat_lose_part(writing, turn, whole, ".citations", TG_LOSS_HARMLESS);
}
