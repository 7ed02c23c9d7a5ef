#include "dataplane/dialects/responses/internal.h"

static const struct {
    struct tg_text name;
    enum tg_responses_event event;
} names[] = {
    {TG_TEXT_LITERAL("output_text.delta"), TG_RESPONSES_TEXT_DELTA}, /* the most frequent first */
    {TG_TEXT_LITERAL("function_call_arguments.delta"), TG_RESPONSES_ARGUMENTS_DELTA},
    {TG_TEXT_LITERAL("reasoning_summary_text.delta"), TG_RESPONSES_SUMMARY_DELTA},
    {TG_TEXT_LITERAL("reasoning_text.delta"), TG_RESPONSES_REASONING_DELTA},
    {TG_TEXT_LITERAL("custom_tool_call_input.delta"), TG_RESPONSES_INPUT_DELTA},
    {TG_TEXT_LITERAL("refusal.delta"), TG_RESPONSES_REFUSAL_DELTA},
    {TG_TEXT_LITERAL("created"), TG_RESPONSES_CREATED},
    {TG_TEXT_LITERAL("in_progress"), TG_RESPONSES_CREATED},
    {TG_TEXT_LITERAL("queued"), TG_RESPONSES_CREATED},
    {TG_TEXT_LITERAL("completed"), TG_RESPONSES_COMPLETED},
    {TG_TEXT_LITERAL("incomplete"), TG_RESPONSES_INCOMPLETE},
    {TG_TEXT_LITERAL("failed"), TG_RESPONSES_FAILED},
    {TG_TEXT_LITERAL("error"), TG_RESPONSES_ERROR},
    {TG_TEXT_LITERAL("output_item.added"), TG_RESPONSES_ITEM_ADDED},
    {TG_TEXT_LITERAL("output_item.done"), TG_RESPONSES_ITEM_DONE},
    {TG_TEXT_LITERAL("content_part.added"), TG_RESPONSES_PART_ADDED},
    {TG_TEXT_LITERAL("content_part.done"), TG_RESPONSES_PART_DONE},
    {TG_TEXT_LITERAL("output_text.done"), TG_RESPONSES_TEXT_DONE},
    {TG_TEXT_LITERAL("output_text.annotation.added"), TG_RESPONSES_ANNOTATION},
    {TG_TEXT_LITERAL("refusal.done"), TG_RESPONSES_REFUSAL_DONE},
    {TG_TEXT_LITERAL("function_call_arguments.done"), TG_RESPONSES_ARGUMENTS_DONE},
    {TG_TEXT_LITERAL("custom_tool_call_input.done"), TG_RESPONSES_INPUT_DONE},
    {TG_TEXT_LITERAL("reasoning_summary_part.added"), TG_RESPONSES_SUMMARY_ADDED},
    {TG_TEXT_LITERAL("reasoning_summary_text.done"), TG_RESPONSES_SUMMARY_DONE},
    {TG_TEXT_LITERAL("reasoning_text.done"), TG_RESPONSES_REASONING_DONE},
};

static enum tg_responses_event by_name(struct tg_text name)
{
    static const struct tg_text PREFIX = TG_TEXT_LITERAL("response.");
    if (tg_text_is(name, "error"))
        return TG_RESPONSES_ERROR;
    if (!tg_text_starts_with(name, PREFIX.data))
        return TG_RESPONSES_EVENT_OTHER;
    name = tg_text(name.data + PREFIX.bytes, name.bytes - PREFIX.bytes);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); ++i)
        if (tg_text_equals(name, names[i].name))
            return names[i].event;
    return TG_RESPONSES_EVENT_OTHER;
}

enum tg_responses_event tg_responses_event_of(struct tg_text name, struct tg_text data)
{
    static const struct tg_text FIRST = TG_TEXT_LITERAL("{\"type\":\"");
    struct tg_json_scan scan;
    struct tg_json_token root, member;
    if (tg_text_starts_with(name, "response.") || tg_text_is(name, "error"))
        return by_name(name);
    if (data.bytes > FIRST.bytes && memcmp(data.data, FIRST.data, FIRST.bytes) == 0) { /* as all known servers write */
        const char *type = data.data + FIRST.bytes;
        const char *quote = memchr(type, '"', data.bytes - FIRST.bytes);
        return quote == NULL ? TG_RESPONSES_EVENT_OTHER : by_name(tg_text(type, (size_t)(quote - type)));
    }
    tg_json_scan_init(&scan, data);
    if (tg_json_scan_next(&scan, &root) == TG_JSON_BEGIN && root.kind == TG_JSON_OBJECT)
        while (tg_json_scan_next_in(&scan, &root, &member))
            if (member.kind == TG_JSON_STRING && tg_json_text_is(member.key, "type"))
                return by_name(member.value);
    return TG_RESPONSES_EVENT_OTHER;
}

/* ---- an event's data ---- */

static int64_t to_index(const struct tg_json_token *token)
{
    int64_t index = 0;
    bool is_whole = token->kind == TG_JSON_NUMBER && tg_json_to_i64(token->value, &index) == TG_OK;
    return is_whole && index > 0 ? index : 0;
}

static void read_error(struct tg_json_scan *scan, const struct tg_json_token *object, struct tg_responses_data *event)
{
    struct tg_json_token member;
    while (tg_json_scan_next_in(scan, object, &member)) {
        if (member.kind != TG_JSON_STRING)
            continue;
        if (tg_json_text_is(member.key, "code"))
            event->code = tg_json_string(member.value);
        else if (tg_json_text_is(member.key, "message"))
            event->message = tg_json_string(member.value);
        else if (tg_json_text_is(member.key, "param"))
            event->param = tg_json_string(member.value);
        else if (tg_json_text_is(member.key, "type"))
            event->error_type = tg_json_string(member.value);
    }
}

static void read_string(const struct tg_json_token *member, struct tg_responses_data *event)
{
    static const char *const TEXTS[] = {"delta", "text", "arguments", "input", "refusal"};
    for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); ++i)
        if (tg_json_text_is(member->key, TEXTS[i]))
            event->text = tg_json_string(member->value);
    if (event->kind != TG_RESPONSES_ERROR)
        return;
    if (tg_json_text_is(member->key, "code"))
        event->code = tg_json_string(member->value);
    else if (tg_json_text_is(member->key, "message"))
        event->message = tg_json_string(member->value);
    else if (tg_json_text_is(member->key, "param"))
        event->param = tg_json_string(member->value);
}

static void read_container(struct tg_json_scan *scan, struct tg_json_token *member, struct tg_responses_data *event)
{
    bool is_object = member->kind == TG_JSON_OBJECT;
    if (!is_object) {
        if (tg_json_text_is(member->key, "logprobs") && tg_json_scan_skip(scan, member))
            event->logprobs = member->value;
    } else if (tg_json_text_is(member->key, "item") || tg_json_text_is(member->key, "part")) {
        tg_responses_read_item(scan, member, &event->item);
        event->has_item = true;
    } else if (tg_json_text_is(member->key, "response")) {
        tg_responses_read_summary(scan, member, &event->response);
    } else if (tg_json_text_is(member->key, "annotation")) {
        event->has_citation = tg_responses_read_annotation(scan, member, &event->citation);
    } else if (tg_json_text_is(member->key, "error")) {
        read_error(scan, member, event);
    }
}

bool tg_responses_read_data(struct tg_text data, struct tg_responses_data *event)
{
    struct tg_json_scan scan;
    struct tg_json_token root, member;
    tg_json_scan_init(&scan, data);
    if (tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN || root.kind != TG_JSON_OBJECT)
        return false;
    while (tg_json_scan_next_in(&scan, &root, &member)) {
        if (member.kind == TG_JSON_STRING)
            read_string(&member, event);
        else if (member.event == TG_JSON_BEGIN)
            read_container(&scan, &member, event);
        else if (tg_json_text_is(member.key, "output_index"))
            event->output_index = to_index(&member);
        else if (tg_json_text_is(member.key, "content_index"))
            event->content_index = to_index(&member);
        else if (tg_json_text_is(member.key, "summary_index"))
            event->summary_index = to_index(&member);
    }
    return tg_json_scan_finish(&scan, NULL) == TG_OK;
}
