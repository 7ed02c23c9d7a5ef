#include "dataplane/dialects/converse/converse_internal.h"

static struct tg_json_string string_of(const struct tg_json_token *token)
{
    return tg_json_string(token->kind == TG_JSON_STRING ? token->value : tg_text(NULL, 0));
}

/* {"toolUse":…}, whole, its start, or a delta of it. */
static void read_tool_use(struct tg_json_scan *scan, struct tg_json_token *object, struct tg_converse_content *content)
{
    struct tg_json_token member;
    content->kind = TG_PART_TOOL_CALL;
    while (object->event == TG_JSON_BEGIN && tg_json_scan_next_in(scan, object, &member)) {
        if (tg_json_text_is(member.key, "toolUseId"))
            content->tool_id = string_of(&member);
        else if (tg_json_text_is(member.key, "name"))
            content->name = string_of(&member);
        else if (tg_json_text_is(member.key, "type") && !tg_json_string_is(string_of(&member), "tool_use"))
            content->kind = TG_PART_OTHER; /* "server_tool_use": the provider's own */
        else if (tg_json_text_is(member.key, "input") && member.kind == TG_JSON_STRING)
            content->fragment = string_of(&member);
        else if (tg_json_text_is(member.key, "input") && tg_json_scan_skip(scan, &member))
            content->input = member.value;
    }
}

/* {"reasoningContent":…}: whole it has a level more than a delta. */
static void read_reasoning(struct tg_json_scan *scan, struct tg_json_token *object, struct tg_converse_content *content)
{
    struct tg_json_token member;
    while (object->event == TG_JSON_BEGIN && tg_json_scan_next_in(scan, object, &member)) {
        if (member.kind == TG_JSON_OBJECT && tg_json_text_is(member.key, "reasoningText")) {
            read_reasoning(scan, &member, content);
        } else if (tg_json_text_is(member.key, "redactedContent")) {
            content->kind = TG_PART_REDACTED_THINKING;
            content->redacted = string_of(&member);
        } else if (tg_json_text_is(member.key, "text") || tg_json_text_is(member.key, "signature")) {
            content->kind = TG_PART_THINKING;
            if (tg_json_text_is(member.key, "text"))
                content->text = string_of(&member);
            else
                content->signature = string_of(&member);
        }
    }
}

static void read_image(struct tg_json_scan *scan, struct tg_json_token *object, struct tg_converse_content *content)
{
    struct tg_json_token member, inner;
    content->kind = TG_PART_IMAGE;
    while (object->event == TG_JSON_BEGIN && tg_json_scan_next_in(scan, object, &member)) {
        if (tg_json_text_is(member.key, "format"))
            content->format = string_of(&member);
        while (member.kind == TG_JSON_OBJECT && tg_json_text_is(member.key, "source") &&
               tg_json_scan_next_in(scan, &member, &inner))
            if (tg_json_text_is(inner.key, "bytes"))
                content->bytes = string_of(&inner);
    }
}

/* {"citationsContent":{"content":[{"text":…}],"citations":[…]}} */
static void read_cited(struct tg_arena *scratch, struct tg_json_scan *scan, struct tg_json_token *object,
                       struct tg_converse_content *content)
{
    struct tg_json_token member, block, inner;
    struct tg_growing text = {NULL};
    enum tg_status status = TG_OK;
    content->kind = TG_PART_TEXT;
    while (object->event == TG_JSON_BEGIN && tg_json_scan_next_in(scan, object, &member)) {
        if (member.kind == TG_JSON_ARRAY && tg_json_text_is(member.key, "citations")) {
            if (tg_json_scan_skip(scan, &member))
                content->citations = member.value;
            continue;
        }
        while (member.kind == TG_JSON_ARRAY && tg_json_text_is(member.key, "content") &&
               tg_json_scan_next_in(scan, &member, &block))
            while (block.kind == TG_JSON_OBJECT && tg_json_scan_next_in(scan, &block, &inner))
                if (status == TG_OK && inner.kind == TG_JSON_STRING && tg_json_text_is(inner.key, "text"))
                    status = tg_growing_append(&text, scratch, inner.value);
    }
    content->text = tg_json_string(tg_growing_text(&text));
}

void tg_converse_read_block(struct tg_arena *scratch, struct tg_json_scan *scan, const struct tg_json_token *object,
                            struct tg_converse_content *content)
{
    struct tg_json_token member;
    const char *begin = object->value.data;
    *content = (struct tg_converse_content){.kind = TG_PART_OTHER};
    while (tg_json_scan_next_in(scan, object, &member)) {
        content->is_there = true; /* an empty start says nothing: the first delta does */
        struct tg_text key = member.key;
        if (tg_json_text_is(key, "text")) {
            content->kind = TG_PART_TEXT;
            content->text = string_of(&member);
        } else if (tg_json_text_is(key, "toolUse")) {
            read_tool_use(scan, &member, content);
        } else if (tg_json_text_is(key, "reasoningContent")) {
            read_reasoning(scan, &member, content);
        } else if (tg_json_text_is(key, "image")) {
            read_image(scan, &member, content);
        } else if (tg_json_text_is(key, "citationsContent")) {
            read_cited(scratch, scan, &member, content);
        } else if (tg_json_text_is(key, "citation") && member.kind == TG_JSON_OBJECT) {
            content->kind = TG_PART_TEXT;
            if (tg_json_scan_skip(scan, &member))
                content->citation = member.value;
        } else {
            content->name = tg_json_string(key);
        }
    }
    content->raw = tg_text(begin, (size_t)(scan->at - begin));
}

/* `output` of a whole answer: {"message":{"content":[…]}}. */
static void read_output(struct tg_json_scan *scan, const struct tg_json_token *object, struct tg_converse_event *event)
{
    struct tg_json_token message, member;
    while (tg_json_scan_next_in(scan, object, &message))
        while (message.kind == TG_JSON_OBJECT && tg_json_text_is(message.key, "message") &&
               tg_json_scan_next_in(scan, &message, &member))
            if (member.kind == TG_JSON_ARRAY && tg_json_text_is(member.key, "content") &&
                tg_json_scan_skip(scan, &member))
                event->blocks = member.value;
}

static void read_member(struct tg_arena *scratch, struct tg_json_scan *scan, struct tg_json_token *member,
                        struct tg_converse_event *event)
{
    struct tg_text key = member->key;
    struct tg_json_token inner;
    if (member->kind == TG_JSON_NUMBER && tg_json_text_is(key, "contentBlockIndex")) {
        if (tg_json_to_i64(member->value, &event->index) != TG_OK)
            event->index = -1;
    } else if (member->kind == TG_JSON_OBJECT && (tg_json_text_is(key, "delta") || tg_json_text_is(key, "start"))) {
        tg_converse_read_block(scratch, scan, member, &event->content);
    } else if (tg_json_text_is(key, "stopReason")) {
        event->stop_reason = string_of(member);
    } else if (tg_json_text_is(key, "message") || tg_json_text_is(key, "Message")) {
        event->message = string_of(member);
    } else if (member->kind == TG_JSON_OBJECT && tg_json_text_is(key, "usage")) {
        event->names_usage = true;
        event->has_usage = tg_converse_read_usage(scan, member, &event->usage);
    } else if (member->kind == TG_JSON_OBJECT && tg_json_text_is(key, "output")) {
        read_output(scan, member, event);
    } else if (member->kind == TG_JSON_OBJECT && tg_json_text_is(key, "serviceTier")) {
        while (tg_json_scan_next_in(scan, member, &inner))
            if (tg_json_text_is(inner.key, "type"))
                event->service_tier = string_of(&inner).written;
    }
}

bool tg_converse_read_event(struct tg_arena *scratch, struct tg_text data, struct tg_converse_event *event)
{
    struct tg_json_scan scan;
    struct tg_json_token root, member;
    *event = (struct tg_converse_event){.index = -1};
    tg_json_scan_init(&scan, data);
    if (tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN || root.kind != TG_JSON_OBJECT)
        return false;
    while (tg_json_scan_next_in(&scan, &root, &member))
        read_member(scratch, &scan, &member, event);
    return tg_json_scan_finish(&scan, NULL) == TG_OK;
}

/* ---- citations ---- */

/* Members of `location`, and the texts of `sourceContent`, lie deeper than the others; their names are unique. */
static void read_citation(struct tg_arena *arena, struct tg_json_scan *scan, const struct tg_json_token *object,
                          struct tg_citation *citation)
{
    struct tg_json_token token;
    struct tg_growing quote = {NULL};
    *citation = (struct tg_citation){.document_index = -1, .begin = -1, .end = -1};
    for (enum tg_json_event event = tg_json_scan_next(scan, &token); event != TG_JSON_BAD && event != TG_JSON_DONE;
         event = tg_json_scan_next(scan, &token)) {
        if (event == TG_JSON_END && token.depth == object->depth)
            break;
        if (event != TG_JSON_VALUE || token.key.data == NULL)
            continue;
        if (tg_json_text_is(token.key, "documentIndex")) {
            if (token.kind != TG_JSON_NUMBER || tg_json_to_i64(token.value, &citation->document_index) != TG_OK)
                citation->document_index = -1;
        } else if (tg_json_text_is(token.key, "title")) {
            citation->title = citation->document_title = string_of(&token);
        } else if (tg_json_text_is(token.key, "url") ||
                   (tg_json_text_is(token.key, "source") && tg_json_string_is_empty(citation->url))) {
            citation->url = string_of(&token);
        } else if (tg_json_text_is(token.key, "text") && token.kind == TG_JSON_STRING) {
            if (tg_growing_append(&quote, arena, token.value) != TG_OK)
                break;
        }
    }
    citation->quote = tg_json_string(tg_growing_text(&quote));
}

size_t tg_converse_read_citations(struct tg_arena *arena, struct tg_text array, const struct tg_citation **citations)
{
    struct tg_json_scan scan;
    struct tg_json_token root, object;
    size_t count = 0, taken = 0;
    tg_json_scan_init(&scan, array);
    if (tg_json_scan_next(&scan, &root) == TG_JSON_BEGIN)
        while (tg_json_scan_next_in(&scan, &root, &object))
            ++count;
    struct tg_citation *list = tg_arena_alloc(arena, (count + 1) * sizeof(*list));
    tg_json_scan_init(&scan, array);
    if (tg_json_scan_next(&scan, &root) == TG_JSON_BEGIN)
        while (tg_json_scan_next_in(&scan, &root, &object))
            if (object.kind == TG_JSON_OBJECT)
                read_citation(arena, &scan, &object, &list[taken++]);
    *citations = list;
    return taken;
}
