#include "dataplane/dialects/messages/messages_internal.h"

/* A block as it is written. Members may come in any order, so that its kind is known only at its end. */
struct block {
    struct tg_json_token type;
    struct tg_json_string text, id, name, tool_use_id, thinking, signature, data, title, context, source_url;
    struct tg_text input, citations;
    struct tg_json_string content_string;
    struct tg_text content; /* raw, if it is an array */
    bool is_error, wants_citations;
    struct source {
        bool is_there;
        struct tg_json_string type, data, media_type, url, file_id, content_string;
        struct tg_text content;
    } source;
};

enum tg_cache_mark tg_messages_read_cache(struct tg_reading *reading, struct tg_json_token *token)
{
    enum tg_cache_mark mark = token->kind == TG_JSON_OBJECT ? TG_CACHE_MARK_5M : TG_CACHE_NO_MARK;
    struct tg_json_token member;
    while (token->event == TG_JSON_BEGIN && tg_json_scan_next_in(&reading->scan, token, &member))
        if (member.kind == TG_JSON_STRING && tg_json_text_is(member.key, "ttl") && tg_text_is(member.value, "1h"))
            mark = TG_CACHE_MARK_1H;
    return mark;
}

static void read_source(struct tg_reading *reading, struct tg_json_token *token, struct source *source)
{
    struct tg_json_token member;
    source->is_there = token->kind == TG_JSON_OBJECT;
    while (token->event == TG_JSON_BEGIN && tg_json_scan_next_in(&reading->scan, token, &member)) {
        struct tg_json_string string = tg_reading_string(&member);
        if (tg_json_text_is(member.key, "type"))
            source->type = string;
        else if (tg_json_text_is(member.key, "data"))
            source->data = string;
        else if (tg_json_text_is(member.key, "media_type"))
            source->media_type = string;
        else if (tg_json_text_is(member.key, "url"))
            source->url = string;
        else if (tg_json_text_is(member.key, "file_id"))
            source->file_id = string;
        else if (tg_json_text_is(member.key, "content") && member.kind == TG_JSON_STRING)
            source->content_string = string;
        else if (tg_json_text_is(member.key, "content") && member.kind == TG_JSON_ARRAY)
            source->content = tg_reading_raw(reading, &member);
    }
}

/* `citations` of a document or search result is a setting, that of a text the array of what was cited. */
static void read_citations(struct tg_reading *reading, struct tg_json_token *token, struct block *block)
{
    struct tg_json_token member;
    if (token->kind == TG_JSON_ARRAY)
        block->citations = tg_reading_raw(reading, token);
    while (token->kind == TG_JSON_OBJECT && tg_json_scan_next_in(&reading->scan, token, &member))
        if (member.kind == TG_JSON_BOOLEAN && tg_json_text_is(member.key, "enabled"))
            block->wants_citations = member.value.data[0] == 't';
}

/* A string of the block by its name; NULL if it is not one that is read. */
static struct tg_json_string *string_of(struct block *block, struct tg_text key)
{
    static const struct {
        const char *name;
        size_t at;
    } strings[] = {
        {"text", offsetof(struct block, text)},
        {"id", offsetof(struct block, id)},
        {"name", offsetof(struct block, name)},
        {"tool_name", offsetof(struct block, name)},
        {"tool_use_id", offsetof(struct block, tool_use_id)},
        {"thinking", offsetof(struct block, thinking)},
        {"signature", offsetof(struct block, signature)},
        {"data", offsetof(struct block, data)},
        {"title", offsetof(struct block, title)},
        {"context", offsetof(struct block, context)},
        {"source", offsetof(struct block, source_url)},
        {"content", offsetof(struct block, content_string)},
    };
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); ++i)
        if (tg_json_text_is(key, strings[i].name))
            return (struct tg_json_string *)(void *)((char *)block + strings[i].at);
    return NULL;
}

/* The texts of an array of text blocks as one, a line feed between them; false if there is anything else in it. */
static bool join_texts(struct tg_arena *arena, struct tg_text array, struct tg_json_string *joined)
{
    struct tg_json_scan scan;
    struct tg_json_token root, block, member;
    struct tg_growing text = {NULL};
    bool is_text = true, is_first = true;
    tg_json_scan_init(&scan, array);
    if (tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN)
        return false;
    while (tg_json_scan_next_in(&scan, &root, &block)) {
        bool has_type = false;
        if (!is_first && tg_growing_append(&text, arena, tg_text_of("\\n")) != TG_OK)
            return false;
        is_first = false;
        while (block.kind == TG_JSON_OBJECT && tg_json_scan_next_in(&scan, &block, &member)) {
            if (member.kind != TG_JSON_STRING)
                continue;
            if (tg_json_text_is(member.key, "type"))
                has_type = tg_text_is(member.value, "text");
            else if (tg_json_text_is(member.key, "text") && tg_growing_append(&text, arena, member.value) != TG_OK)
                return false;
        }
        is_text = is_text && has_type;
    }
    *joined = tg_json_string(tg_growing_text(&text));
    return is_text;
}

static bool take_source(struct tg_arena *arena, const struct source *source, struct tg_media *media)
{
    if (tg_json_string_is(source->type, "base64")) {
        media->source = TG_MEDIA_BASE64;
        media->data = source->data;
    } else if (tg_json_string_is(source->type, "url")) {
        media->source = TG_MEDIA_URL;
        media->data = source->url;
    } else if (tg_json_string_is(source->type, "file")) {
        media->source = TG_MEDIA_FILE_ID;
        media->data = source->file_id;
    } else if (tg_json_string_is(source->type, "text")) {
        media->source = TG_MEDIA_TEXT;
        media->data = source->data;
    } else if (tg_json_string_is(source->type, "content")) {
        media->source = TG_MEDIA_TEXT;
        media->data = source->content_string;
        if (source->content.bytes != 0)
            return join_texts(arena, source->content, &media->data);
    } else {
        return false;
    }
    media->media_type = source->media_type;
    return source->is_there;
}

/* An image, a document, or a search result, which is a document that says where it is from. */
static bool take_media(struct tg_reading *reading, const struct block *block, struct tg_part *part)
{
    struct tg_media *media = tg_arena_calloc(reading->arena, sizeof(*media));
    bool is_search_result = tg_text_is(block->type.value, "search_result");
    media->title = block->title;
    media->wants_citations = block->wants_citations;
    if (is_search_result) {
        media->source = TG_MEDIA_TEXT;
        media->context = block->source_url;
        if (!join_texts(reading->arena, block->content, &media->data))
            return false;
    } else {
        media->context = block->context;
        if (!take_source(reading->arena, &block->source, media))
            return false;
    }
    part->media = media;
    part->kind = tg_text_is(block->type.value, "image") ? TG_PART_IMAGE : TG_PART_DOCUMENT;
    if (media->source != TG_MEDIA_TEXT)
        reading->request->is_beyond_text = true;
    return true;
}

static void take_result(struct tg_reading *reading, const struct block *block, struct tg_part *part)
{
    part->kind = TG_PART_TOOL_RESULT;
    part->call_id = block->tool_use_id;
    part->is_error = block->is_error;
    if (!tg_json_string_is_empty(block->content_string))
        tg_request_add_content(reading->arena, reading->request, &reading->tail, part, TG_PART_TEXT)->text =
            block->content_string;
}

/* True if the block is of a kind that other dialects know, too. */
static bool take_block(struct tg_reading *reading, const struct block *block, struct tg_part *part)
{
    struct tg_text type = block->type.value;
    if (tg_text_is(type, "text")) {
        part->kind = TG_PART_TEXT;
        part->text = block->text;
        part->citations = block->citations;
    } else if (tg_text_is(type, "image") || tg_text_is(type, "document") || tg_text_is(type, "search_result")) {
        return take_media(reading, block, part);
    } else if (tg_text_is(type, "tool_use")) {
        part->kind = TG_PART_TOOL_CALL;
        part->call_id = block->id;
        part->name = block->name;
        part->arguments = (struct tg_arguments){.raw = block->input};
    } else if (tg_text_is(type, "tool_result")) {
        take_result(reading, block, part);
    } else if (tg_text_is(type, "tool_reference")) { /* a tool that a search found; elsewhere it is loaded anyway */
        part->kind = TG_PART_TEXT;
        part->text = block->name;
    } else if (tg_text_is(type, "thinking")) {
        part->kind = TG_PART_THINKING;
        part->text = block->thinking;
        part->signature = tg_signature_unmark(TG_DIALECT_MESSAGES, block->signature, &part->signature_origin);
    } else if (tg_text_is(type, "redacted_thinking")) {
        part->kind = TG_PART_REDACTED_THINKING;
        part->signature = tg_signature_unmark(TG_DIALECT_MESSAGES, block->data, &part->signature_origin);
    } else {
        return false;
    }
    return true;
}

static void read_block(struct tg_reading *reading, struct tg_json_token *token, struct tg_part *part, bool is_nested);

static void read_nested(struct tg_reading *reading, struct tg_json_token *array, struct tg_part *result)
{
    struct tg_json_token token;
    reading->tail.content = NULL;
    while (tg_json_scan_next_in(&reading->scan, array, &token)) {
        struct tg_part *part =
            tg_request_add_content(reading->arena, reading->request, &reading->tail, result, TG_PART_OTHER);
        read_block(reading, &token, part, true);
    }
}

static void read_member(struct tg_reading *reading, struct tg_json_token *member, struct block *block,
                        struct tg_part *part, bool is_nested)
{
    if (member->kind == TG_JSON_STRING) {
        struct tg_json_string *string = string_of(block, member->key);
        if (string != NULL)
            *string = tg_reading_string(member);
        else if (tg_json_text_is(member->key, "type"))
            block->type = *member;
    } else if (tg_json_text_is(member->key, "input")) {
        block->input = tg_reading_raw(reading, member);
    } else if (tg_json_text_is(member->key, "is_error")) {
        block->is_error = member->kind == TG_JSON_BOOLEAN && member->value.data[0] == 't';
    } else if (tg_json_text_is(member->key, "cache_control")) {
        part->cache = tg_messages_read_cache(reading, member);
    } else if (tg_json_text_is(member->key, "source")) {
        read_source(reading, member, &block->source);
    } else if (tg_json_text_is(member->key, "citations")) {
        read_citations(reading, member, block);
    } else if (member->kind == TG_JSON_ARRAY && tg_json_text_is(member->key, "content")) {
        const char *begin = member->value.data;
        if (!is_nested)
            read_nested(reading, member, part);
        else
            tg_json_scan_skip(&reading->scan, member);
        block->content = tg_text(begin, (size_t)(reading->scan.at - begin));
    }
}

static void read_block(struct tg_reading *reading, struct tg_json_token *token, struct tg_part *part, bool is_nested)
{
    struct block block = {.is_error = false};
    struct tg_json_token member;
    const char *begin = token->value.data;
    while (token->kind == TG_JSON_OBJECT && tg_json_scan_next_in(&reading->scan, token, &member))
        read_member(reading, &member, &block, part, is_nested);
    if (reading->scan.problem != NULL)
        return; /* nothing of it counts */
    bool is_known = token->kind == TG_JSON_OBJECT && take_block(reading, &block, part);
    if (part->kind != TG_PART_TOOL_RESULT)
        part->content = NULL;
    if (is_known && !tg_text_is(block.type.value, "tool_reference"))
        return;
    if (token->kind == TG_JSON_OBJECT)
        part->raw = tg_text(begin, (size_t)(reading->scan.at - begin));
    else
        part->raw = tg_reading_raw(reading, token);
    if (is_known)
        return;
    part->kind = TG_PART_OTHER;
    part->name = tg_reading_string(&block.type);
    reading->request->is_beyond_text = true;
}

void tg_messages_read_content(struct tg_reading *reading, struct tg_json_token *content)
{
    struct tg_arena *arena = reading->arena;
    struct tg_json_token token;
    if (content->kind == TG_JSON_STRING) {
        if (content->value.bytes != 0)
            tg_request_add_part(arena, reading->request, &reading->tail, TG_PART_TEXT)->text =
                tg_reading_string(content);
    } else if (content->kind == TG_JSON_ARRAY) {
        while (tg_json_scan_next_in(&reading->scan, content, &token))
            read_block(reading, &token, tg_request_add_part(arena, reading->request, &reading->tail, TG_PART_OTHER),
                       false);
    } else if (content->kind != TG_JSON_NULL) {
        struct tg_part *part = tg_request_add_part(arena, reading->request, &reading->tail, TG_PART_OTHER);
        part->raw = tg_reading_raw(reading, content);
        reading->request->is_beyond_text = true;
    }
}
