#include "dataplane/dialects/converse/converse_internal.h"

/* The first row of a type is the format that is written for it. */
static const struct {
    enum tg_part_kind kind;
    const char *format, *media_type;
} formats[] = {
    {TG_PART_IMAGE, "png", "image/png"},
    {TG_PART_IMAGE, "jpeg", "image/jpeg"},
    {TG_PART_IMAGE, "jpeg", "image/jpg"},
    {TG_PART_IMAGE, "gif", "image/gif"},
    {TG_PART_IMAGE, "webp", "image/webp"},
    {TG_PART_DOCUMENT, "pdf", "application/pdf"},
    {TG_PART_DOCUMENT, "csv", "text/csv"},
    {TG_PART_DOCUMENT, "doc", "application/msword"},
    {TG_PART_DOCUMENT, "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {TG_PART_DOCUMENT, "xls", "application/vnd.ms-excel"},
    {TG_PART_DOCUMENT, "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {TG_PART_DOCUMENT, "html", "text/html"},
    {TG_PART_DOCUMENT, "txt", "text/plain"},
    {TG_PART_DOCUMENT, "md", "text/markdown"},
    {TG_PART_VIDEO, "mp4", "video/mp4"},
    {TG_PART_VIDEO, "mkv", "video/x-matroska"},
    {TG_PART_VIDEO, "mov", "video/quicktime"},
    {TG_PART_VIDEO, "webm", "video/webm"},
    {TG_PART_VIDEO, "flv", "video/x-flv"},
    {TG_PART_VIDEO, "mpeg", "video/mpeg"},
    {TG_PART_VIDEO, "mpg", "video/mpeg"},
    {TG_PART_VIDEO, "wmv", "video/x-ms-wmv"},
    {TG_PART_VIDEO, "three_gp", "video/3gpp"},
    {TG_PART_AUDIO, "mp3", "audio/mpeg"},
    {TG_PART_AUDIO, "mp3", "audio/mp3"},
    {TG_PART_AUDIO, "wav", "audio/wav"},
    {TG_PART_AUDIO, "wav", "audio/x-wav"},
    {TG_PART_AUDIO, "opus", "audio/opus"},
    {TG_PART_AUDIO, "aac", "audio/aac"},
    {TG_PART_AUDIO, "flac", "audio/flac"},
    {TG_PART_AUDIO, "mp4", "audio/mp4"},
    {TG_PART_AUDIO, "ogg", "audio/ogg"},
    {TG_PART_AUDIO, "webm", "audio/webm"},
    {TG_PART_AUDIO, "pcm", "audio/pcm"},
};
enum { FORMAT_COUNT = sizeof(formats) / sizeof(formats[0]), MAX_ID_BYTES = 64, HASH_BYTES = 16 };

struct tg_json_string tg_converse_media_type(enum tg_part_kind kind, struct tg_json_string format)
{
    for (size_t i = 0; i < FORMAT_COUNT; ++i)
        if (formats[i].kind == kind && tg_json_string_is(format, formats[i].format))
            return tg_json_string_literal(formats[i].media_type);
    return tg_json_string(tg_text(NULL, 0));
}

const char *tg_converse_format(enum tg_part_kind kind, struct tg_json_string media_type)
{
    for (size_t i = 0; i < FORMAT_COUNT; ++i)
        if (formats[i].kind == kind && tg_json_string_is(media_type, formats[i].media_type))
            return formats[i].format;
    return NULL;
}

static bool is_id_byte(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' ||
           c == '.' || c == ':';
}

struct tg_json_string tg_converse_tool_id(struct tg_arena *arena, struct tg_json_string id)
{
    static const char hex[] = "0123456789abcdef";
    struct tg_text plain = tg_json_string_plain(arena, id);
    char *safe = tg_arena_alloc(arena, plain.bytes * 3 + 1);
    size_t bytes = 0;
    for (size_t i = 0; i < plain.bytes; ++i) {
        unsigned char c = (unsigned char)plain.data[i];
        if (is_id_byte(c)) {
            safe[bytes++] = (char)c;
        } else {
            safe[bytes++] = '_';
            safe[bytes++] = hex[c >> 4];
            safe[bytes++] = hex[c & 15];
        }
    }
    if (bytes <= MAX_ID_BYTES)
        return tg_json_string(tg_text(safe, bytes));
    return tg_json_string(tg_arena_printf(arena, "%.*s-%016llx", MAX_ID_BYTES - HASH_BYTES - 1, safe,
                                          (unsigned long long)tg_text_hash(plain, 0)));
}

struct tg_json_string tg_converse_mark_redacted(struct tg_arena *arena, enum tg_dialect_id origin,
                                                struct tg_json_string data)
{
    if (origin == TG_DIALECT_CONVERSE || tg_json_string_is_empty(data))
        return data;
    return tg_json_string(tg_base64_encode(arena, tg_signature_mark(arena, TG_DIALECT_CONVERSE, origin, data).written));
}

struct tg_json_string tg_converse_unmark_redacted(struct tg_arena *arena, struct tg_json_string data,
                                                  enum tg_dialect_id *origin)
{
    static const char MARK[] = "dG9sbGdhdGUu"; /* "tollgate." */
    struct tg_text octets;
    *origin = TG_DIALECT_CONVERSE;
    if (!tg_text_starts_with(data.written, MARK) || !tg_base64_decode(arena, data.written, &octets))
        return data;
    /* what stands behind the mark was written JSON, if it is the gateway's own; nothing else may pass for it */
    for (size_t i = 0; i < octets.bytes; ++i)
        if (octets.data[i] < ' ' || octets.data[i] > '~' || octets.data[i] == '"' || octets.data[i] == '\\')
            return data;
    struct tg_json_string unmarked = tg_signature_unmark(TG_DIALECT_CONVERSE, tg_json_string(octets), origin);
    return *origin == TG_DIALECT_CONVERSE ? data : unmarked;
}

enum tg_finish tg_converse_finish(struct tg_json_string stop_reason)
{
    static const struct {
        const char *reason;
        enum tg_finish finish;
    } rows[] = {
        {"end_turn", TG_FINISH_STOP},
        {"max_tokens", TG_FINISH_LENGTH},
        {"stop_sequence", TG_FINISH_STOP_SEQUENCE},
        {"tool_use", TG_FINISH_TOOL_CALLS},
        {"guardrail_intervened", TG_FINISH_CONTENT_FILTER},
        {"content_filtered", TG_FINISH_CONTENT_FILTER},
        {"refusal", TG_FINISH_REFUSAL},
        {"model_context_window_exceeded", TG_FINISH_CONTEXT_FULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
        if (tg_json_string_is(stop_reason, rows[i].reason))
            return rows[i].finish;
    return TG_FINISH_OTHER;
}
