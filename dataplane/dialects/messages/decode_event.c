#include "dataplane/dialects/messages/messages_internal.h"

/* A string member by its name; NULL if it is not one that is read. */
static struct tg_json_string *string_of(struct tg_messages_content *content, struct tg_text key)
{
    static const struct {
        const char *name;
        size_t at;
    } strings[] = {
        {"text", offsetof(struct tg_messages_content, text)},
        {"partial_json", offsetof(struct tg_messages_content, partial_json)},
        {"thinking", offsetof(struct tg_messages_content, thinking)},
        {"signature", offsetof(struct tg_messages_content, signature)},
        {"data", offsetof(struct tg_messages_content, data)},
        {"id", offsetof(struct tg_messages_content, id)},
        {"name", offsetof(struct tg_messages_content, name)},
    };
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); ++i)
        if (tg_json_text_is(key, strings[i].name))
            return (struct tg_json_string *)(void *)((char *)content + strings[i].at);
    return NULL;
}

void tg_messages_read_block(struct tg_json_scan *scan, const struct tg_json_token *object,
                            struct tg_messages_content *content)
{
    struct tg_json_token member;
    const char *begin = object->value.data;
    while (tg_json_scan_next_in(scan, object, &member)) {
        if (member.kind == TG_JSON_STRING) {
            struct tg_json_string *string = string_of(content, member.key);
            if (string != NULL)
                *string = tg_json_string(member.value);
            else if (tg_json_text_is(member.key, "type"))
                content->type = member.value;
            continue;
        }
        if (!tg_json_scan_skip(scan, &member))
            return;
        if (member.kind == TG_JSON_OBJECT && tg_json_text_is(member.key, "input"))
            content->input = member.value;
        else if (member.kind == TG_JSON_ARRAY && tg_json_text_is(member.key, "citations"))
            content->citations = member.value;
        else if (member.kind == TG_JSON_OBJECT && tg_json_text_is(member.key, "citation"))
            content->citation = member.value;
    }
    content->raw = tg_text(begin, (size_t)(scan->at - begin));
}

/* The members of `delta` in a message_delta, and of `message` or a whole answer. */
static void read_stop(struct tg_messages_event *event, const struct tg_json_token *member)
{
    if (member->kind != TG_JSON_STRING)
        return;
    if (tg_json_text_is(member->key, "stop_reason"))
        event->stop_reason = tg_json_string(member->value);
    else if (tg_json_text_is(member->key, "stop_sequence"))
        event->stop_sequence = tg_json_string(member->value);
}

static void read_message_member(struct tg_messages_event *event, struct tg_messages_tally *tally,
                                struct tg_json_scan *scan, struct tg_json_token *member)
{
    if (member->kind == TG_JSON_OBJECT && tg_json_text_is(member->key, "usage")) {
        event->has_usage = true;
        tg_messages_tally_read(tally, scan, member);
    } else if (member->kind == TG_JSON_STRING && tg_json_text_is(member->key, "id")) {
        event->id = tg_json_string(member->value);
    } else if (member->kind == TG_JSON_STRING && tg_json_text_is(member->key, "model")) {
        event->model = tg_json_string(member->value);
    } else if (member->kind == TG_JSON_ARRAY && tg_json_text_is(member->key, "content")) {
        if (tg_json_scan_skip(scan, member))
            event->blocks = member->value;
    } else {
        read_stop(event, member);
    }
}

/* `delta` of a content_block_delta or of a message_delta: what is in it says which. */
static void read_delta(struct tg_messages_event *event, struct tg_json_scan *scan, const struct tg_json_token *object)
{
    struct tg_json_token member;
    while (tg_json_scan_next_in(scan, object, &member)) {
        read_stop(event, &member);
        if (member.kind == TG_JSON_STRING) {
            struct tg_json_string *string = string_of(&event->delta, member.key);
            if (string != NULL)
                *string = tg_json_string(member.value);
            else if (tg_json_text_is(member.key, "type"))
                event->delta.type = member.value;
        } else if (member.kind == TG_JSON_OBJECT && tg_json_text_is(member.key, "citation")) {
            if (tg_json_scan_skip(scan, &member))
                event->delta.citation = member.value;
        }
    }
}

static void read_error(struct tg_messages_event *event, struct tg_json_scan *scan, const struct tg_json_token *object)
{
    struct tg_json_token member;
    while (tg_json_scan_next_in(scan, object, &member)) {
        if (member.kind != TG_JSON_STRING)
            continue;
        if (tg_json_text_is(member.key, "type"))
            event->error_type = tg_json_string(member.value);
        else if (tg_json_text_is(member.key, "message"))
            event->error_message = tg_json_string(member.value);
    }
}

bool tg_messages_read_event(struct tg_text data, struct tg_messages_event *event, struct tg_messages_tally *tally)
{
    struct tg_json_scan scan;
    struct tg_json_token root, member, inner;
    struct tg_messages_tally before = *tally;
    *event = (struct tg_messages_event){.index = -1};
    tg_json_scan_init(&scan, data);
    if (tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN || root.kind != TG_JSON_OBJECT)
        return false;
    while (tg_json_scan_next_in(&scan, &root, &member)) {
        struct tg_text key = member.key;
        if (tg_json_text_is(key, "type") && member.kind == TG_JSON_STRING) {
            event->type = member.value;
        } else if (tg_json_text_is(key, "index") && member.kind == TG_JSON_NUMBER) {
            if (tg_json_to_i64(member.value, &event->index) != TG_OK)
                event->index = -1;
        } else if (tg_json_text_is(key, "delta") && member.kind == TG_JSON_OBJECT) {
            read_delta(event, &scan, &member);
        } else if (tg_json_text_is(key, "content_block") && member.kind == TG_JSON_OBJECT) {
            tg_messages_read_block(&scan, &member, &event->content);
        } else if (tg_json_text_is(key, "message") && member.kind == TG_JSON_OBJECT) {
            while (tg_json_scan_next_in(&scan, &member, &inner))
                read_message_member(event, tally, &scan, &inner);
        } else if (tg_json_text_is(key, "error") && member.kind == TG_JSON_OBJECT) {
            read_error(event, &scan, &member);
        } else {
            read_message_member(event, tally, &scan, &member);
        }
    }
    if (tg_json_scan_finish(&scan, NULL) == TG_OK)
        return true;
    *tally = before;
    return false;
}

/* ---- citations ---- */

static void read_citation(struct tg_json_scan *scan, const struct tg_json_token *object, struct tg_citation *citation)
{
    struct tg_json_token member;
    *citation = (struct tg_citation){.document_index = -1, .begin = -1, .end = -1};
    while (tg_json_scan_next_in(scan, object, &member)) {
        struct tg_text key = member.key;
        if (member.kind == TG_JSON_NUMBER && tg_json_text_is(key, "document_index")) {
            if (tg_json_to_i64(member.value, &citation->document_index) != TG_OK)
                citation->document_index = -1;
        } else if (member.kind == TG_JSON_STRING) {
            struct tg_json_string string = tg_json_string(member.value);
            if (tg_json_text_is(key, "url") || tg_json_text_is(key, "source"))
                citation->url = string;
            else if (tg_json_text_is(key, "title"))
                citation->title = string;
            else if (tg_json_text_is(key, "cited_text"))
                citation->quote = string;
            else if (tg_json_text_is(key, "document_title"))
                citation->document_title = string;
        }
    }
}

/* The array is part of a document that was proved to be JSON. */
static size_t count_elements(struct tg_text array)
{
    struct tg_json_scan scan;
    struct tg_json_token root, element;
    size_t count = 0;
    tg_json_scan_init(&scan, array);
    if (tg_json_scan_next(&scan, &root) == TG_JSON_BEGIN)
        while (tg_json_scan_next_in(&scan, &root, &element))
            ++count;
    return count;
}

size_t tg_messages_read_citations(struct tg_arena *arena, struct tg_text array, const struct tg_citation **citations)
{
    struct tg_json_scan scan;
    struct tg_json_token root, object;
    size_t count = count_elements(array), taken = 0;
    struct tg_citation *list = tg_arena_alloc(arena, (count + 1) * sizeof(*list));
    tg_json_scan_init(&scan, array);
    if (tg_json_scan_next(&scan, &root) == TG_JSON_BEGIN)
        while (tg_json_scan_next_in(&scan, &root, &object))
            if (object.kind == TG_JSON_OBJECT)
                read_citation(&scan, &object, &list[taken++]);
    *citations = list;
    return taken;
}

enum tg_finish tg_messages_finish(struct tg_json_string stop_reason)
{
    static const struct {
        const char *reason;
        enum tg_finish finish;
    } rows[] = {
        {"end_turn", TG_FINISH_STOP},
        {"max_tokens", TG_FINISH_LENGTH},
        {"stop_sequence", TG_FINISH_STOP_SEQUENCE},
        {"tool_use", TG_FINISH_TOOL_CALLS},
        {"pause_turn", TG_FINISH_PAUSE},
        {"refusal", TG_FINISH_REFUSAL},
        {"model_context_window_exceeded", TG_FINISH_CONTEXT_FULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
        if (tg_json_string_is(stop_reason, rows[i].reason))
            return rows[i].finish;
    return TG_FINISH_OTHER;
}
