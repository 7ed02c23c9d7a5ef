#include "common/codec/base64.h"
#include "dataplane/dialects/gemini/gemini_internal.h"

/* No base64 has a full stop in it. */
static const struct tg_text TEXT_MARK = TG_TEXT_LITERAL("text.");
/* "tollgate.v1.", the mark of foreign signatures (signature.h), in base64. */
static const char PACKED_MARK[] = "dG9sbGdhdGUudjEu";

/* ---- reading ---- */

struct member {
    const char *name;
    struct tg_json_string *string;
    struct tg_text *raw;
};

/* The members of an object: strings and raw values by their names. */
static void read_members(struct tg_json_scan *scan, const struct tg_json_token *object, const struct member *members,
                         size_t count)
{
    struct tg_json_token token;
    if (object->kind != TG_JSON_OBJECT)
        return;
    while (tg_json_scan_next_in(scan, object, &token)) {
        for (size_t i = 0; i < count; ++i) {
            if (!tg_gemini_is(token.key, members[i].name))
                continue;
            if (members[i].string != NULL && token.kind == TG_JSON_STRING)
                *members[i].string = tg_json_string(token.value);
            else if (members[i].raw != NULL && token.kind != TG_JSON_NULL && token.kind != TG_JSON_STRING &&
                     tg_json_scan_skip(scan, &token))
                *members[i].raw = token.value;
        }
    }
}

static bool read_known(struct tg_json_scan *scan, struct tg_json_token *token, struct gemini_part *part)
{
    const struct member blob[] = {
        {"mimeType", &part->media_type, NULL}, {"data", &part->data, NULL}, {"displayName", &part->title, NULL}};
    const struct member file[] = {
        {"mimeType", &part->media_type, NULL}, {"fileUri", &part->data, NULL}, {"displayName", &part->title, NULL}};
    const struct member call[] = {{"id", &part->id, NULL}, {"name", &part->name, NULL}, {"args", NULL, &part->value}};
    const struct member response[] = {{"id", &part->id, NULL},
                                      {"name", &part->name, NULL},
                                      {"response", NULL, &part->value},
                                      {"parts", NULL, &part->nested}};
    if (token->kind != TG_JSON_OBJECT)
        return false;
    if (tg_gemini_is(token->key, "inlineData")) {
        part->kind = GEMINI_PART_INLINE;
        read_members(scan, token, blob, 3);
    } else if (tg_gemini_is(token->key, "fileData")) {
        part->kind = GEMINI_PART_FILE;
        read_members(scan, token, file, 3);
    } else if (tg_gemini_is(token->key, "functionCall")) {
        part->kind = GEMINI_PART_CALL;
        read_members(scan, token, call, 3);
    } else if (tg_gemini_is(token->key, "functionResponse")) {
        part->kind = GEMINI_PART_RESPONSE;
        read_members(scan, token, response, 4);
    } else {
        return false;
    }
    return true;
}

/* What is said about a part, not what is said. */
static bool is_remark(struct tg_text key)
{
    return tg_gemini_is(key, "videoMetadata") || tg_gemini_is(key, "mediaResolution") ||
           tg_gemini_is(key, "partMetadata");
}

void gemini_read_part(struct tg_json_scan *scan, struct tg_json_token *token, struct gemini_part *part)
{
    struct tg_json_token member;
    const char *begin = token->value.data;
    memset(part, 0, sizeof(*part));
    if (token->kind != TG_JSON_OBJECT) {
        part->kind = GEMINI_PART_OTHER;
        part->raw = token->kind == TG_JSON_STRING    ? tg_text(begin - 1, token->value.bytes + 2)
                    : tg_json_scan_skip(scan, token) ? token->value
                                                     : tg_text(NULL, 0);
        return;
    }
    while (tg_json_scan_next_in(scan, token, &member)) {
        if (member.kind == TG_JSON_NULL)
            continue;
        if (member.kind == TG_JSON_STRING && tg_json_text_is(member.key, "text")) {
            part->kind = GEMINI_PART_TEXT;
            part->text = tg_json_string(member.value);
        } else if (member.kind == TG_JSON_BOOLEAN && tg_json_text_is(member.key, "thought")) {
            part->is_thought = member.value.data[0] == 't';
        } else if (member.kind == TG_JSON_STRING && tg_gemini_is(member.key, "thoughtSignature")) {
            part->signature = tg_json_string(member.value);
        } else if (!read_known(scan, &member, part) && !is_remark(member.key)) {
            part->kind = GEMINI_PART_OTHER;
            part->key = member.key;
        }
    }
    part->raw = tg_text(begin, (size_t)(scan->at - begin));
}

/* ---- signatures ---- */

struct tg_json_string gemini_text_signature(struct tg_arena *arena, struct tg_json_string signature)
{
    return tg_json_string(tg_arena_printf(arena, "%.*s%.*s", TG_TEXT_ARG(TEXT_MARK), TG_TEXT_ARG(signature.written)));
}

bool gemini_is_text_signature(struct tg_json_string data, struct tg_json_string *signature)
{
    if (!tg_text_starts_with(data.written, TEXT_MARK.data))
        return false;
    *signature = tg_json_string(tg_text(data.written.data + TEXT_MARK.bytes, data.written.bytes - TEXT_MARK.bytes));
    return true;
}

struct tg_json_string gemini_pack_signature(struct tg_arena *arena, enum tg_dialect_id origin,
                                            struct tg_json_string signature)
{
    if (origin == TG_DIALECT_GEMINI)
        return signature;
    struct tg_json_string marked = tg_signature_mark(arena, TG_DIALECT_GEMINI, origin, signature);
    return tg_json_string(tg_base64_encode(arena, tg_json_string_plain(arena, marked)));
}

/* SDKs send back what they decoded in the alphabet of URLs, and may leave out the padding (RFC 4648 section 5). */
static struct tg_text standard_base64(struct tg_arena *arena, struct tg_text text)
{
    char *standard = tg_arena_alloc(arena, text.bytes + 4);
    size_t bytes = 0;
    for (size_t i = 0; i < text.bytes; ++i)
        standard[bytes++] = text.data[i] == '-' ? '+' : text.data[i] == '_' ? '/' : text.data[i];
    while (bytes % 4 != 0)
        standard[bytes++] = '=';
    return tg_text(standard, bytes);
}

struct tg_json_string gemini_unpack_signature(struct tg_arena *arena, struct tg_json_string packed,
                                              enum tg_dialect_id *origin)
{
    struct tg_text octets;
    *origin = TG_DIALECT_GEMINI;
    if (!tg_text_starts_with(packed.written, PACKED_MARK) ||
        !tg_base64_decode(arena, standard_base64(arena, tg_json_string_plain(arena, packed)), &octets))
        return packed;
    struct tg_json_string signature = tg_signature_unmark(TG_DIALECT_GEMINI, tg_json_string_of(arena, octets), origin);
    return *origin == TG_DIALECT_GEMINI ? packed : signature;
}

/* ---- media ---- */

enum tg_part_kind gemini_media_kind(struct tg_json_string media_type)
{
    if (tg_text_starts_with(media_type.written, "image"))
        return TG_PART_IMAGE;
    if (tg_text_starts_with(media_type.written, "audio"))
        return TG_PART_AUDIO;
    return tg_text_starts_with(media_type.written, "video") ? TG_PART_VIDEO : TG_PART_DOCUMENT;
}

static const char *default_type(enum tg_part_kind kind)
{
    switch (kind) {
    case TG_PART_IMAGE:
        return "image/jpeg";
    case TG_PART_AUDIO:
        return "audio/mpeg";
    case TG_PART_VIDEO:
        return "video/mp4";
    default:
        return "application/pdf";
    }
}

struct tg_json_string gemini_media_type(struct tg_arena *arena, enum tg_part_kind kind, const struct tg_media *media)
{
    static const struct {
        const char *begin, *ending, *type;
    } rows[] = {
        {"/9j/", ".jpg", "image/jpeg"},   {"iVBORw0KGgo", ".png", "image/png"},   {"R0lGOD", ".gif", "image/gif"},
        {"UklGR", ".webp", "image/webp"}, {"JVBERi0", ".pdf", "application/pdf"}, {NULL, ".jpeg", "image/jpeg"},
        {NULL, ".heic", "image/heic"},    {NULL, ".txt", "text/plain"},           {NULL, ".csv", "text/csv"},
        {NULL, ".html", "text/html"},     {NULL, ".md", "text/markdown"},         {NULL, ".wav", "audio/wav"},
        {NULL, ".mp3", "audio/mpeg"},     {NULL, ".flac", "audio/flac"},          {NULL, ".ogg", "audio/ogg"},
        {NULL, ".mp4", "video/mp4"},      {NULL, ".webm", "video/webm"},          {NULL, ".mov", "video/quicktime"},
    };
    if (!tg_json_string_is_empty(media->media_type))
        return media->media_type;
    struct tg_text data = media->data.written;
    if (media->source == TG_MEDIA_URL) {
        data = tg_json_string_plain(arena, media->data);
        const char *query = data.bytes == 0 ? NULL : memchr(data.data, '?', data.bytes);
        data.bytes = query == NULL ? data.bytes : (size_t)(query - data.data);
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        size_t ending_bytes = strlen(rows[i].ending);
        bool begins = media->source == TG_MEDIA_BASE64 && rows[i].begin != NULL &&
                      tg_text_starts_with(data, rows[i].begin) && kind != TG_PART_AUDIO;
        bool ends = media->source == TG_MEDIA_URL && data.bytes > ending_bytes &&
                    tg_text_equals_nocase(tg_text(data.data + data.bytes - ending_bytes, ending_bytes),
                                          tg_text_of(rows[i].ending));
        if (begins || ends)
            return tg_json_string_literal(rows[i].type);
    }
    return tg_json_string_literal(default_type(kind));
}
