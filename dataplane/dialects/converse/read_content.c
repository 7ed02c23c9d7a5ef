#include "dataplane/dialects/converse/converse_internal.h"

enum tg_cache_mark tg_converse_read_cache(struct tg_json_scan *scan, struct tg_json_token *token)
{
    enum tg_cache_mark mark = TG_CACHE_MARK_5M;
    struct tg_json_token member;
    while (token->event == TG_JSON_BEGIN && tg_json_scan_next_in(scan, token, &member))
        if (member.kind == TG_JSON_STRING && tg_json_text_is(member.key, "ttl") && tg_text_is(member.value, "1h"))
            mark = TG_CACHE_MARK_1H;
    return mark;
}

/* The texts of [{"text":…}, …] as one; false if there is anything else in it. */
static bool read_texts(struct tg_reading *reading, struct tg_json_token *array, const char *separator,
                       struct tg_json_string *joined)
{
    struct tg_json_token block, member;
    struct tg_growing text = {NULL};
    bool is_text = true, is_first = true;
    while (array->event == TG_JSON_BEGIN && tg_json_scan_next_in(&reading->scan, array, &block)) {
        is_text = is_text && block.kind == TG_JSON_OBJECT;
        if (!is_first && tg_growing_append(&text, reading->arena, tg_text_of(separator)) != TG_OK)
            is_text = false;
        is_first = false;
        while (block.kind == TG_JSON_OBJECT && tg_json_scan_next_in(&reading->scan, &block, &member)) {
            if (member.kind != TG_JSON_STRING || !tg_json_text_is(member.key, "text"))
                is_text = false;
            else if (tg_growing_append(&text, reading->arena, member.value) != TG_OK)
                is_text = false;
        }
    }
    *joined = tg_json_string(tg_growing_text(&text));
    return is_text;
}

/* ---- media ---- */

static bool read_source(struct tg_reading *reading, struct tg_json_token *source, struct tg_media *media)
{
    struct tg_json_token member, inner;
    bool is_known = false;
    while (source->event == TG_JSON_BEGIN && tg_json_scan_next_in(&reading->scan, source, &member)) {
        is_known = true;
        if (tg_json_text_is(member.key, "bytes") && member.kind == TG_JSON_STRING) {
            media->source = TG_MEDIA_BASE64;
            media->data = tg_reading_string(&member);
        } else if (tg_json_text_is(member.key, "text") && member.kind == TG_JSON_STRING) {
            media->source = TG_MEDIA_TEXT;
            media->data = tg_reading_string(&member);
        } else if (tg_json_text_is(member.key, "content") && member.kind == TG_JSON_ARRAY) {
            media->source = TG_MEDIA_TEXT;
            is_known = read_texts(reading, &member, "\\n", &media->data);
        } else if (tg_json_text_is(member.key, "s3Location") && member.kind == TG_JSON_OBJECT) {
            media->source = TG_MEDIA_FILE_ID; /* only the account that it belongs to can read it */
            while (tg_json_scan_next_in(&reading->scan, &member, &inner))
                if (tg_json_text_is(inner.key, "uri"))
                    media->data = tg_reading_string(&inner);
        } else {
            is_known = false;
        }
    }
    return is_known;
}

static bool read_citations_setting(struct tg_reading *reading, struct tg_json_token *object)
{
    struct tg_json_token member;
    bool is_enabled = false;
    while (object->event == TG_JSON_BEGIN && tg_json_scan_next_in(&reading->scan, object, &member))
        if (member.kind == TG_JSON_BOOLEAN && tg_json_text_is(member.key, "enabled"))
            is_enabled = member.value.data[0] == 't';
    return is_enabled;
}

static bool read_media(struct tg_reading *reading, struct tg_json_token *object, struct tg_part *part,
                       enum tg_part_kind kind)
{
    struct tg_media *media = tg_arena_calloc(reading->arena, sizeof(*media));
    struct tg_json_token member;
    bool is_known = false;
    while (object->event == TG_JSON_BEGIN && tg_json_scan_next_in(&reading->scan, object, &member)) {
        if (tg_json_text_is(member.key, "format"))
            media->media_type = tg_converse_media_type(kind, tg_reading_string(&member));
        else if (tg_json_text_is(member.key, "name"))
            media->title = tg_reading_string(&member);
        else if (tg_json_text_is(member.key, "context"))
            media->context = tg_reading_string(&member);
        else if (tg_json_text_is(member.key, "source"))
            is_known = read_source(reading, &member, media);
        else if (tg_json_text_is(member.key, "citations"))
            media->wants_citations = read_citations_setting(reading, &member);
    }
    part->kind = kind;
    part->media = media;
    if (media->source != TG_MEDIA_TEXT)
        reading->request->is_beyond_text = true;
    return is_known;
}

/* A document that says where it is from. */
static bool read_search_result(struct tg_reading *reading, struct tg_json_token *object, struct tg_part *part)
{
    struct tg_media *media = tg_arena_calloc(reading->arena, sizeof(*media));
    struct tg_json_token member;
    bool is_known = false;
    media->source = TG_MEDIA_TEXT;
    while (object->event == TG_JSON_BEGIN && tg_json_scan_next_in(&reading->scan, object, &member)) {
        if (tg_json_text_is(member.key, "title"))
            media->title = tg_reading_string(&member);
        else if (tg_json_text_is(member.key, "source"))
            media->context = tg_reading_string(&member);
        else if (tg_json_text_is(member.key, "content"))
            is_known = read_texts(reading, &member, "\\n", &media->data);
        else if (tg_json_text_is(member.key, "citations"))
            media->wants_citations = read_citations_setting(reading, &member);
    }
    part->kind = TG_PART_DOCUMENT;
    part->media = media;
    return is_known;
}

/* ---- tools ---- */

static bool read_tool_use(struct tg_reading *reading, struct tg_json_token *object, struct tg_part *part)
{
    struct tg_json_token member;
    bool is_known = true;
    part->kind = TG_PART_TOOL_CALL;
    while (object->event == TG_JSON_BEGIN && tg_json_scan_next_in(&reading->scan, object, &member)) {
        if (tg_json_text_is(member.key, "toolUseId"))
            part->call_id = tg_reading_string(&member);
        else if (tg_json_text_is(member.key, "name"))
            part->name = tg_reading_string(&member);
        else if (tg_json_text_is(member.key, "input"))
            part->arguments.raw = tg_reading_raw(reading, &member);
        else if (tg_json_text_is(member.key, "type")) /* "server_tool_use": the provider's own */
            is_known = tg_json_string_is(tg_reading_string(&member), "tool_use");
    }
    return is_known;
}

static void read_block(struct tg_reading *reading, struct tg_json_token *token, struct tg_part *part, bool is_nested);

static bool read_tool_result(struct tg_reading *reading, struct tg_json_token *object, struct tg_part *part)
{
    struct tg_json_token member, block;
    bool is_known = true;
    part->kind = TG_PART_TOOL_RESULT;
    reading->tail.content = NULL;
    while (object->event == TG_JSON_BEGIN && tg_json_scan_next_in(&reading->scan, object, &member)) {
        if (tg_json_text_is(member.key, "toolUseId"))
            part->call_id = tg_reading_string(&member);
        else if (tg_json_text_is(member.key, "status"))
            part->is_error = tg_json_string_is(tg_reading_string(&member), "error");
        else if (tg_json_text_is(member.key, "type"))
            is_known = false;
        else if (tg_json_text_is(member.key, "content") && member.kind == TG_JSON_ARRAY)
            while (tg_json_scan_next_in(&reading->scan, &member, &block))
                read_block(
                    reading, &block,
                    tg_request_add_content(reading->arena, reading->request, &reading->tail, part, TG_PART_OTHER),
                    true);
    }
    return is_known;
}

/* ---- what models write ---- */

static bool read_reasoning(struct tg_reading *reading, struct tg_json_token *object, struct tg_part *part)
{
    struct tg_json_token member, inner;
    bool is_known = false;
    while (object->event == TG_JSON_BEGIN && tg_json_scan_next_in(&reading->scan, object, &member)) {
        is_known = true;
        if (tg_json_text_is(member.key, "redactedContent") && member.kind == TG_JSON_STRING) {
            part->kind = TG_PART_REDACTED_THINKING;
            part->signature =
                tg_converse_unmark_redacted(reading->arena, tg_reading_string(&member), &part->signature_origin);
            continue;
        }
        part->kind = TG_PART_THINKING;
        part->signature_origin = TG_DIALECT_CONVERSE;
        while (member.kind == TG_JSON_OBJECT && tg_json_scan_next_in(&reading->scan, &member, &inner)) {
            if (tg_json_text_is(inner.key, "text"))
                part->text = tg_reading_string(&inner);
            else if (tg_json_text_is(inner.key, "signature"))
                part->signature =
                    tg_signature_unmark(TG_DIALECT_CONVERSE, tg_reading_string(&inner), &part->signature_origin);
        }
    }
    return is_known;
}

static bool read_cited(struct tg_reading *reading, struct tg_json_token *object, struct tg_part *part)
{
    struct tg_json_token member;
    bool is_known = false;
    part->kind = TG_PART_TEXT;
    while (object->event == TG_JSON_BEGIN && tg_json_scan_next_in(&reading->scan, object, &member)) {
        if (tg_json_text_is(member.key, "content"))
            is_known = read_texts(reading, &member, "", &part->text);
        else if (tg_json_text_is(member.key, "citations"))
            part->citations = tg_reading_raw(reading, &member);
    }
    return is_known;
}

/* Text that a guardrail is to look at is text; what it is to look at it for matters to the guardrail alone. */
static bool read_guarded(struct tg_reading *reading, struct tg_json_token *object, struct tg_part *part)
{
    struct tg_json_token member, inner;
    bool is_known = false;
    part->kind = TG_PART_TEXT;
    while (object->event == TG_JSON_BEGIN && tg_json_scan_next_in(&reading->scan, object, &member)) {
        is_known = tg_json_text_is(member.key, "text") && member.kind == TG_JSON_OBJECT;
        while (is_known && tg_json_scan_next_in(&reading->scan, &member, &inner))
            if (tg_json_text_is(inner.key, "text"))
                part->text = tg_reading_string(&inner);
    }
    return is_known;
}

/* ---- blocks ---- */

static bool read_member(struct tg_reading *reading, struct tg_json_token *member, struct tg_part *part, bool is_nested)
{
    struct tg_text key = member->key;
    if (tg_json_text_is(key, "text") && member->kind == TG_JSON_STRING) {
        part->kind = TG_PART_TEXT;
        part->text = tg_reading_string(member);
        return true;
    }
    if (tg_json_text_is(key, "json") && is_nested) {
        part->kind = TG_PART_TEXT;
        part->text = tg_json_string_of(reading->arena, tg_reading_raw(reading, member));
        return true;
    }
    if (member->kind != TG_JSON_OBJECT)
        return false;
    if (tg_json_text_is(key, "image"))
        return read_media(reading, member, part, TG_PART_IMAGE);
    if (tg_json_text_is(key, "document"))
        return read_media(reading, member, part, TG_PART_DOCUMENT);
    if (tg_json_text_is(key, "video"))
        return read_media(reading, member, part, TG_PART_VIDEO);
    if (tg_json_text_is(key, "audio"))
        return read_media(reading, member, part, TG_PART_AUDIO);
    if (tg_json_text_is(key, "searchResult"))
        return read_search_result(reading, member, part);
    if (is_nested)
        return false;
    if (tg_json_text_is(key, "toolUse"))
        return read_tool_use(reading, member, part);
    if (tg_json_text_is(key, "toolResult"))
        return read_tool_result(reading, member, part);
    if (tg_json_text_is(key, "reasoningContent"))
        return read_reasoning(reading, member, part);
    if (tg_json_text_is(key, "citationsContent"))
        return read_cited(reading, member, part);
    if (tg_json_text_is(key, "guardContent"))
        return read_guarded(reading, member, part);
    return false;
}

static void read_block(struct tg_reading *reading, struct tg_json_token *token, struct tg_part *part, bool is_nested)
{
    struct tg_json_token member;
    struct tg_text kind = {NULL, 0};
    const char *begin = token->value.data;
    bool is_known = false;
    while (token->kind == TG_JSON_OBJECT && tg_json_scan_next_in(&reading->scan, token, &member)) {
        kind = member.key;
        is_known = read_member(reading, &member, part, is_nested);
    }
    if (is_known || reading->scan.problem != NULL)
        return;
    *part = (struct tg_part){.next = part->next, .kind = TG_PART_OTHER, .name = tg_json_string(kind)};
    part->raw = token->kind == TG_JSON_OBJECT ? tg_text(begin, (size_t)(reading->scan.at - begin))
                                              : tg_reading_raw(reading, token);
    reading->request->is_beyond_text = true;
}

/* {"cachePoint":{…}} alone, without scanning on: the key that follows the brace. */
static bool is_cache_point(const struct tg_reading *reading, const struct tg_json_token *token)
{
    static const char KEY[] = "\"cachePoint\"";
    const char *end = reading->source->body.data + reading->source->body.bytes;
    const char *at = token->value.data + 1;
    while (token->kind == TG_JSON_OBJECT && at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        ++at;
    return token->kind == TG_JSON_OBJECT && tg_text_starts_with(tg_text(at, (size_t)(end - at)), KEY);
}

void tg_converse_read_content(struct tg_reading *reading, struct tg_json_token *array)
{
    struct tg_json_token token, member;
    if (array->kind != TG_JSON_ARRAY) {
        reading->request->untranslatable = "it has a message whose content is no array";
        return;
    }
    while (tg_json_scan_next_in(&reading->scan, array, &token)) {
        if (is_cache_point(reading, &token)) { /* it marks the block before */
            struct tg_part *marked = reading->tail.part;
            while (tg_json_scan_next_in(&reading->scan, &token, &member))
                if (marked != NULL)
                    marked->cache = tg_converse_read_cache(&reading->scan, &member);
            continue;
        }
        read_block(reading, &token,
                   tg_request_add_part(reading->arena, reading->request, &reading->tail, TG_PART_OTHER), false);
    }
}
