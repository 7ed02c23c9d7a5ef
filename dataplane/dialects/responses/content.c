#include "dataplane/dialects/responses/internal.h"

/* A part of content, while it is read. */
struct piece {
    struct tg_json_string type, text, refusal, url, file_id, file_url, file_data, filename, detail, data, format;
    struct tg_text annotations;
    bool is_breakpoint;
};

/* "data:image/png;base64,…" taken apart; the URL itself otherwise. */
static void take_url(struct tg_arena *arena, struct tg_json_string url, struct tg_media *media)
{
    struct tg_text plain = url.written;
    if (plain.bytes != 0 && memchr(plain.data, '\\', plain.bytes) != NULL) /* "data:image\/png" */
        plain = tg_json_string_of(arena, tg_json_unescape(arena, plain)).written;
    media->source = TG_MEDIA_URL;
    media->data = tg_json_string(plain);
    if (!tg_text_starts_with(plain, "data:"))
        return;
    const char *comma = memchr(plain.data, ',', plain.bytes);
    static const struct tg_text BASE64 = TG_TEXT_LITERAL(";base64");
    if (comma == NULL || (size_t)(comma - plain.data) < 5 + BASE64.bytes ||
        memcmp(comma - BASE64.bytes, BASE64.data, BASE64.bytes) != 0)
        return;
    media->source = TG_MEDIA_BASE64;
    media->media_type = tg_json_string(tg_text(plain.data + 5, (size_t)(comma - plain.data) - 5 - BASE64.bytes));
    media->data = tg_json_string(tg_text(comma + 1, (size_t)(plain.data + plain.bytes - comma - 1)));
}

static struct tg_media *new_media(struct tg_reading *reading, struct tg_part *part)
{
    struct tg_media *media = tg_arena_calloc(reading->arena, sizeof(*media));
    part->media = media;
    reading->request->is_beyond_text = true;
    return media;
}

static void take_image(struct tg_reading *reading, const struct piece *piece, struct tg_part *part)
{
    struct tg_media *media = new_media(reading, part);
    media->detail = piece->detail;
    if (tg_json_string_is_empty(piece->url)) {
        media->source = TG_MEDIA_FILE_ID;
        media->data = piece->file_id;
    } else {
        take_url(reading->arena, piece->url, media);
    }
}

static void take_file(struct tg_reading *reading, const struct piece *piece, struct tg_part *part)
{
    static const char PDF[] = "JVBERi"; /* "%PDF-" in base64 */
    struct tg_media *media = new_media(reading, part);
    media->title = piece->filename;
    media->detail = piece->detail;
    if (!tg_json_string_is_empty(piece->file_data)) {
        take_url(reading->arena, piece->file_data, media);
        if (media->source == TG_MEDIA_URL) { /* base64 without the rest of a data URL */
            media->source = TG_MEDIA_BASE64;
            if (tg_text_starts_with(media->data.written, PDF))
                media->media_type = tg_json_string_literal("application/pdf");
        }
    } else if (!tg_json_string_is_empty(piece->file_url)) {
        take_url(reading->arena, piece->file_url, media);
    } else {
        media->source = TG_MEDIA_FILE_ID;
        media->data = piece->file_id;
    }
}

static void take_audio(struct tg_reading *reading, const struct piece *piece, struct tg_part *part)
{
    struct tg_media *media = new_media(reading, part);
    media->source = TG_MEDIA_BASE64;
    media->data = piece->data;
    media->media_type =
        tg_json_string(tg_arena_printf(reading->arena, "audio/%.*s", TG_TEXT_ARG(piece->format.written)));
}

static void read_audio(struct tg_reading *reading, struct tg_json_token *token, struct piece *piece)
{
    struct tg_json_token member;
    while (token->kind == TG_JSON_OBJECT && tg_json_scan_next_in(&reading->scan, token, &member)) {
        if (tg_json_text_is(member.key, "data"))
            piece->data = tg_reading_string(&member);
        else if (tg_json_text_is(member.key, "format"))
            piece->format = tg_reading_string(&member);
    }
}

static void read_piece_member(struct tg_reading *reading, struct tg_json_token *member, struct piece *piece)
{
    static const struct {
        const char *key;
        size_t at;
    } STRINGS[] = {
        {"type", offsetof(struct piece, type)},           {"text", offsetof(struct piece, text)},
        {"refusal", offsetof(struct piece, refusal)},     {"image_url", offsetof(struct piece, url)},
        {"file_id", offsetof(struct piece, file_id)},     {"file_url", offsetof(struct piece, file_url)},
        {"file_data", offsetof(struct piece, file_data)}, {"filename", offsetof(struct piece, filename)},
        {"detail", offsetof(struct piece, detail)},
    };
    for (size_t i = 0; i < sizeof(STRINGS) / sizeof(STRINGS[0]); ++i) {
        if (member->kind == TG_JSON_STRING && tg_json_text_is(member->key, STRINGS[i].key)) {
            *(struct tg_json_string *)((char *)piece + STRINGS[i].at) = tg_json_string(member->value);
            return;
        }
    }
    if (tg_json_text_is(member->key, "annotations"))
        piece->annotations = tg_reading_raw(reading, member);
    else if (tg_json_text_is(member->key, "input_audio"))
        read_audio(reading, member, piece);
    else if (tg_json_text_is(member->key, "prompt_cache_breakpoint"))
        piece->is_breakpoint = member->kind != TG_JSON_NULL;
}

static enum tg_part_kind kind_of(struct tg_json_string type)
{
    static const struct {
        const char *type;
        enum tg_part_kind kind;
    } KINDS[] = {
        {"input_text", TG_PART_TEXT},   {"output_text", TG_PART_TEXT},    {"text", TG_PART_TEXT},
        {"summary_text", TG_PART_TEXT}, {"reasoning_text", TG_PART_TEXT}, {"refusal", TG_PART_REFUSAL},
        {"input_image", TG_PART_IMAGE}, {"input_file", TG_PART_DOCUMENT}, {"input_audio", TG_PART_AUDIO},
    };
    for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); ++i)
        if (tg_json_string_is(type, KINDS[i].type))
            return KINDS[i].kind;
    return TG_PART_OTHER;
}

void tg_responses_read_content_part(struct tg_reading *reading, struct tg_json_token *token)
{
    struct piece piece = {.is_breakpoint = false};
    struct tg_json_token member;
    const char *begin = token->value.data;
    if (token->kind != TG_JSON_OBJECT) {
        struct tg_part *part = tg_request_add_part(reading->arena, reading->request, &reading->tail, TG_PART_OTHER);
        part->raw = tg_reading_raw(reading, token);
        return;
    }
    while (tg_json_scan_next_in(&reading->scan, token, &member))
        read_piece_member(reading, &member, &piece);
    struct tg_part *part = tg_request_add_part(reading->arena, reading->request, &reading->tail, kind_of(piece.type));
    part->cache = piece.is_breakpoint ? TG_CACHE_MARK_5M : TG_CACHE_NO_MARK;
    switch (part->kind) {
    case TG_PART_TEXT:
        part->text = piece.text;
        part->citations = tg_text_is(piece.annotations, "[]") ? tg_text(NULL, 0) : piece.annotations;
        break;
    case TG_PART_REFUSAL:
        part->text = piece.refusal;
        break;
    case TG_PART_IMAGE:
        take_image(reading, &piece, part);
        break;
    case TG_PART_DOCUMENT:
        take_file(reading, &piece, part);
        break;
    case TG_PART_AUDIO:
        take_audio(reading, &piece, part);
        break;
    default:
        part->name = piece.type;
        part->raw = tg_text(begin, (size_t)(reading->scan.at - begin));
        reading->request->is_beyond_text = true;
        break;
    }
}
