/* Pictures, sound and files: URLs that hold their data, and names of sound formats. */
#include "dataplane/dialects/chat/chat_internal.h"

static bool take_prefix(struct tg_text *text, const char *prefix)
{
    if (!tg_text_starts_with(*text, prefix))
        return false;
    size_t bytes = strlen(prefix);
    *text = tg_text(text->data + bytes, text->bytes - bytes);
    return true;
}

/* A data URL (RFC 2397) is looked at as it is written; one with escapes before its data is an ordinary URL. */
void chat_media_of_url(struct tg_media *media, struct tg_json_string url)
{
    static const char BASE64[] = ";base64";
    struct tg_text rest = url.written;
    media->source = TG_MEDIA_URL;
    media->data = url;
    if (!take_prefix(&rest, "data:"))
        return;
    const char *comma = rest.bytes == 0 ? NULL : memchr(rest.data, ',', rest.bytes < 256 ? rest.bytes : 256);
    if (comma == NULL)
        return;
    struct tg_text head = tg_text(rest.data, (size_t)(comma - rest.data));
    size_t mark_bytes = sizeof(BASE64) - 1;
    if (head.bytes < mark_bytes || memcmp(comma - mark_bytes, BASE64, mark_bytes) != 0 ||
        memchr(head.data, '\\', head.bytes) != NULL)
        return;
    head.bytes -= mark_bytes;
    const char *parameter = head.bytes == 0 ? NULL : memchr(head.data, ';', head.bytes);
    media->source = TG_MEDIA_BASE64;
    media->media_type = tg_json_string(parameter == NULL ? head : tg_text(head.data, (size_t)(parameter - head.data)));
    media->data = tg_json_string(tg_text(comma + 1, (size_t)(rest.data + rest.bytes - comma - 1)));
}

/* OpenAI names formats, not types; the first of a format's types is the one that is written. */
static const struct audio {
    const char *format;
    const char *type;
} audios[] = {
    {"wav", "audio/wav"},   {"wav", "audio/x-wav"}, {"wav", "audio/wave"},    {"mp3", "audio/mpeg"},
    {"mp3", "audio/mp3"},   {"flac", "audio/flac"}, {"opus", "audio/opus"},   {"ogg", "audio/ogg"},
    {"m4a", "audio/m4a"},   {"m4a", "audio/mp4"},   {"aac", "audio/aac"},     {"aiff", "audio/aiff"},
    {"webm", "audio/webm"}, {"pcm16", "audio/pcm"}, {"pcm16", "audio/pcm16"},
};
enum { AUDIO_COUNT = sizeof(audios) / sizeof(audios[0]) };

struct tg_json_string chat_audio_type(struct tg_arena *arena, struct tg_json_string format)
{
    for (size_t i = 0; i < AUDIO_COUNT; ++i)
        if (tg_json_string_is(format, audios[i].format))
            return tg_json_string_literal(audios[i].type);
    if (tg_json_string_is_empty(format))
        return format;
    return tg_json_string(tg_arena_printf(arena, "audio/%.*s", TG_TEXT_ARG(format.written)));
}

struct tg_json_string chat_audio_format(struct tg_json_string media_type)
{
    for (size_t i = 0; i < AUDIO_COUNT; ++i)
        if (tg_json_string_is(media_type, audios[i].type))
            return tg_json_string_literal(audios[i].format);
    return tg_json_string(tg_text(NULL, 0));
}
