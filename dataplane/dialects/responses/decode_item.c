#include "dataplane/dialects/canonical/freeform.h"
#include "dataplane/dialects/responses/internal.h"

static struct tg_json_string string_of(const struct tg_json_token *token)
{
    return tg_json_string(token->kind == TG_JSON_STRING ? token->value : tg_text(NULL, 0));
}

static struct tg_text raw_of(struct tg_json_scan *scan, struct tg_json_token *token)
{
    if (token->event != TG_JSON_BEGIN || !tg_json_scan_skip(scan, token))
        return tg_text(NULL, 0);
    return token->value;
}

void tg_responses_read_item(struct tg_json_scan *scan, const struct tg_json_token *object,
                            struct tg_responses_item *item)
{
    static const struct {
        const char *key;
        size_t at;
    } STRINGS[] = {
        {"type", offsetof(struct tg_responses_item, type)},
        {"call_id", offsetof(struct tg_responses_item, call_id)},
        {"id", offsetof(struct tg_responses_item, id)},
        {"name", offsetof(struct tg_responses_item, name)},
        {"namespace", offsetof(struct tg_responses_item, space)},
        {"status", offsetof(struct tg_responses_item, status)},
        {"arguments", offsetof(struct tg_responses_item, arguments)},
        {"input", offsetof(struct tg_responses_item, input)},
        {"encrypted_content", offsetof(struct tg_responses_item, encrypted)},
        {"result", offsetof(struct tg_responses_item, result)},
        {"output_format", offsetof(struct tg_responses_item, format)},
    };
    struct tg_json_token member;
    const char *begin = object->value.data;
    memset(item, 0, sizeof(*item));
    while (tg_json_scan_next_in(scan, object, &member)) {
        for (size_t i = 0; member.kind == TG_JSON_STRING && i < sizeof(STRINGS) / sizeof(STRINGS[0]); ++i)
            if (tg_json_text_is(member.key, STRINGS[i].key))
                *(struct tg_json_string *)((char *)item + STRINGS[i].at) = tg_json_string(member.value);
        if (tg_json_text_is(member.key, "action"))
            item->action = raw_of(scan, &member);
        else if (tg_json_text_is(member.key, "content"))
            item->content = raw_of(scan, &member);
        else if (tg_json_text_is(member.key, "summary"))
            item->summary = raw_of(scan, &member);
    }
    item->raw = tg_text(begin, (size_t)(scan->at - begin));
}

bool tg_responses_is_call(const struct tg_responses_item *item)
{
    return tg_json_string_is(item->type, "function_call") || tg_json_string_is(item->type, "custom_tool_call") ||
           tg_json_string_is(item->type, "local_shell_call");
}

/* ---- annotations ---- */

static int64_t index_of(const struct tg_json_token *token)
{
    int64_t index = -1;
    if (token->kind != TG_JSON_NUMBER || tg_json_to_i64(token->value, &index) != TG_OK || index < 0)
        return -1;
    return index;
}

/* https://platform.openai.com/docs/api-reference/responses/object: url_citation, file_citation,
 * container_file_citation. */
bool tg_responses_read_annotation(struct tg_json_scan *scan, const struct tg_json_token *object,
                                  struct tg_citation *citation)
{
    struct tg_json_token member;
    *citation = (struct tg_citation){.document_index = -1, .begin = -1, .end = -1};
    while (tg_json_scan_next_in(scan, object, &member)) {
        if (tg_json_text_is(member.key, "url"))
            citation->url = string_of(&member);
        else if (tg_json_text_is(member.key, "title"))
            citation->title = string_of(&member);
        else if (tg_json_text_is(member.key, "filename"))
            citation->document_title = string_of(&member);
        else if (tg_json_text_is(member.key, "start_index"))
            citation->begin = index_of(&member);
        else if (tg_json_text_is(member.key, "end_index"))
            citation->end = index_of(&member);
    }
    return !tg_json_string_is_empty(citation->url) || !tg_json_string_is_empty(citation->document_title);
}

/* ---- parts ---- */

static enum tg_status take(const struct tg_answer_sink *sink, const struct tg_answer_event *event)
{
    return sink->take(sink->user, event);
}

static enum tg_status begin_part(struct tg_responses_made *made, enum tg_part_kind kind,
                                 const struct tg_answer_sink *sink)
{
    if (made->parts == TG_RESPONSES_MAX_PARTS)
        return TG_TOO_LARGE;
    struct tg_answer_event event = {.kind = TG_ANSWER_PART_BEGIN, .part = made->parts++, .part_kind = kind};
    return take(sink, &event);
}

static enum tg_status say(const struct tg_responses_made *made, enum tg_answer_event_kind kind,
                          enum tg_part_kind part_kind, struct tg_json_string text, const struct tg_answer_sink *sink)
{
    struct tg_answer_event event = {
        .kind = kind,
        .part = made->parts - 1,
        .part_kind = part_kind,
        .text = text,
        .signature_origin = TG_DIALECT_RESPONSES,
    };
    if (kind != TG_ANSWER_PART_END && tg_json_string_is_empty(text))
        return TG_OK;
    return take(sink, &event);
}

static enum tg_status end_part(const struct tg_responses_made *made, enum tg_part_kind kind,
                               const struct tg_answer_sink *sink)
{
    return say(made, TG_ANSWER_PART_END, kind, tg_json_string(tg_text(NULL, 0)), sink);
}

static enum tg_status say_annotations(const struct tg_responses_made *made, struct tg_text list,
                                      const struct tg_answer_sink *sink)
{
    struct tg_json_scan scan;
    struct tg_json_token root, element;
    enum tg_status status = TG_OK;
    tg_json_scan_init(&scan, list);
    if (list.bytes == 0 || tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN || root.kind != TG_JSON_ARRAY)
        return TG_OK;
    while (status == TG_OK && tg_json_scan_next_in(&scan, &root, &element)) {
        struct tg_citation citation;
        if (element.kind != TG_JSON_OBJECT || !tg_responses_read_annotation(&scan, &element, &citation))
            continue;
        struct tg_answer_event event = {
            .kind = TG_ANSWER_CITATIONS,
            .part = made->parts - 1,
            .part_kind = TG_PART_TEXT,
            .citations = &citation,
            .citation_count = 1,
        };
        status = take(sink, &event);
    }
    return status;
}

/* A part of a message: output_text or refusal; anything else says nothing. */
static enum tg_status decode_content(struct tg_json_scan *scan, const struct tg_json_token *object,
                                     struct tg_responses_made *made, const struct tg_answer_sink *sink)
{
    struct tg_json_string type = tg_json_string(tg_text(NULL, 0)), text = type, refusal = type;
    struct tg_text annotations = tg_text(NULL, 0), logprobs = annotations;
    struct tg_json_token member;
    while (tg_json_scan_next_in(scan, object, &member)) {
        if (tg_json_text_is(member.key, "type"))
            type = string_of(&member);
        else if (tg_json_text_is(member.key, "text"))
            text = string_of(&member);
        else if (tg_json_text_is(member.key, "refusal"))
            refusal = string_of(&member);
        else if (tg_json_text_is(member.key, "annotations"))
            annotations = raw_of(scan, &member);
        else if (tg_json_text_is(member.key, "logprobs"))
            logprobs = raw_of(scan, &member);
    }
    bool is_refusal = tg_json_string_is(type, "refusal");
    if (!is_refusal && !tg_json_string_is(type, "output_text"))
        return TG_OK;
    made->has_refusal |= is_refusal;
    made->has_text |= !is_refusal;
    enum tg_part_kind kind = is_refusal ? TG_PART_REFUSAL : TG_PART_TEXT;
    enum tg_status status = begin_part(made, kind, sink);
    if (status == TG_OK)
        status = say(made, TG_ANSWER_DELTA, kind, is_refusal ? refusal : text, sink);
    if (status == TG_OK && logprobs.bytes > 2) {
        struct tg_answer_event event = {
            .kind = TG_ANSWER_LOGPROBS, .part = made->parts - 1, .part_kind = kind, .raw = logprobs};
        status = take(sink, &event);
    }
    if (status == TG_OK)
        status = say_annotations(made, annotations, sink);
    return status == TG_OK ? end_part(made, kind, sink) : status;
}

static enum tg_status decode_message(const struct tg_responses_item *item, struct tg_responses_made *made,
                                     const struct tg_answer_sink *sink)
{
    struct tg_json_scan scan;
    struct tg_json_token root, part;
    enum tg_status status = TG_OK;
    tg_json_scan_init(&scan, item->content);
    if (item->content.bytes == 0 || tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN || root.kind != TG_JSON_ARRAY)
        return TG_OK;
    while (status == TG_OK && tg_json_scan_next_in(&scan, &root, &part))
        if (part.kind == TG_JSON_OBJECT)
            status = decode_content(&scan, &part, made, sink);
    return status;
}

/* The texts of a list of {"type":…,"text":…}, with an empty line between them. */
static enum tg_status say_texts(const struct tg_responses_made *made, struct tg_text list, bool *has_text,
                                const struct tg_answer_sink *sink)
{
    struct tg_json_scan scan;
    struct tg_json_token root, part, member;
    enum tg_status status = TG_OK;
    tg_json_scan_init(&scan, list);
    if (list.bytes == 0 || tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN || root.kind != TG_JSON_ARRAY)
        return TG_OK;
    while (status == TG_OK && tg_json_scan_next_in(&scan, &root, &part)) {
        while (status == TG_OK && part.kind == TG_JSON_OBJECT && tg_json_scan_next_in(&scan, &part, &member)) {
            if (member.kind != TG_JSON_STRING || member.value.bytes == 0 || !tg_json_text_is(member.key, "text"))
                continue;
            if (*has_text)
                status = say(made, TG_ANSWER_DELTA, TG_PART_THINKING, tg_json_string_literal("\\n\\n"), sink);
            *has_text = true;
            if (status == TG_OK)
                status = say(made, TG_ANSWER_DELTA, TG_PART_THINKING, tg_json_string(member.value), sink);
        }
    }
    return status;
}

enum tg_status tg_responses_say_reasoning(const struct tg_responses_item *item, const struct tg_responses_made *made,
                                          const struct tg_answer_sink *sink)
{
    bool has_text = false;
    enum tg_status status = say_texts(made, item->summary, &has_text, sink);
    return status == TG_OK ? say_texts(made, item->content, &has_text, sink) : status;
}

static enum tg_status decode_reasoning(const struct tg_responses_item *item, struct tg_responses_made *made,
                                       const struct tg_answer_sink *sink)
{
    enum tg_status status = begin_part(made, TG_PART_THINKING, sink);
    if (status == TG_OK)
        status = tg_responses_say_reasoning(item, made, sink);
    if (status == TG_OK)
        status = say(made, TG_ANSWER_SIGNATURE, TG_PART_THINKING, item->encrypted, sink);
    return status == TG_OK ? end_part(made, TG_PART_THINKING, sink) : status;
}

/* ---- calls ---- */

enum tg_status tg_responses_begin_call(struct tg_arena *scratch, const struct tg_responses_item *item,
                                       struct tg_responses_made *made, const struct tg_answer_sink *sink)
{
    bool is_shell = tg_json_string_is(item->type, "local_shell_call");
    if (made->parts == TG_RESPONSES_MAX_PARTS)
        return TG_TOO_LARGE;
    made->has_calls = true;
    struct tg_answer_event event = {
        .kind = TG_ANSWER_PART_BEGIN,
        .part = made->parts++,
        .part_kind = TG_PART_TOOL_CALL,
        .call_id = tg_json_string_is_empty(item->call_id) ? item->id : item->call_id,
        .name = is_shell ? tg_json_string_literal(TG_RESPONSES_LOCAL_SHELL)
                         : tg_responses_flat_name(scratch, item->space, item->name),
    };
    return take(sink, &event);
}

struct tg_json_string tg_responses_call_arguments(struct tg_arena *scratch, const struct tg_responses_item *item)
{
    if (tg_json_string_is(item->type, "function_call"))
        return item->arguments;
    struct tg_arguments arguments = {.raw = item->action};
    if (tg_json_string_is(item->type, "custom_tool_call"))
        arguments = tg_freeform_wrap(scratch, item->input);
    return tg_arguments_string(scratch, &arguments);
}

static enum tg_status decode_call(struct tg_arena *scratch, const struct tg_responses_item *item,
                                  struct tg_responses_made *made, const struct tg_answer_sink *sink)
{
    enum tg_status status = tg_responses_begin_call(scratch, item, made, sink);
    if (status == TG_OK)
        status = say(made, TG_ANSWER_DELTA, TG_PART_TOOL_CALL, tg_responses_call_arguments(scratch, item), sink);
    return status == TG_OK ? end_part(made, TG_PART_TOOL_CALL, sink) : status;
}

static enum tg_status decode_image(struct tg_arena *scratch, const struct tg_responses_item *item,
                                   struct tg_responses_made *made, const struct tg_answer_sink *sink)
{
    struct tg_text format = tg_json_string_is_empty(item->format) ? tg_text_of("png") : item->format.written;
    if (made->parts == TG_RESPONSES_MAX_PARTS)
        return TG_TOO_LARGE;
    struct tg_answer_event event = {
        .kind = TG_ANSWER_PART_BEGIN,
        .part = made->parts++,
        .part_kind = TG_PART_IMAGE,
        .media_type = tg_json_string(tg_arena_printf(scratch, "image/%.*s", TG_TEXT_ARG(format))),
    };
    enum tg_status status = take(sink, &event);
    if (status == TG_OK)
        status = say(made, TG_ANSWER_DELTA, TG_PART_IMAGE, item->result, sink);
    return status == TG_OK ? end_part(made, TG_PART_IMAGE, sink) : status;
}

/* What the provider's own tools did: only this dialect can say it. */
static enum tg_status decode_other(const struct tg_responses_item *item, struct tg_responses_made *made,
                                   const struct tg_answer_sink *sink)
{
    if (made->parts == TG_RESPONSES_MAX_PARTS)
        return TG_TOO_LARGE;
    struct tg_answer_event event = {
        .kind = TG_ANSWER_PART_BEGIN,
        .part = made->parts++,
        .part_kind = TG_PART_OTHER,
        .name = item->type,
        .raw = item->raw,
        .signature_origin = TG_DIALECT_RESPONSES,
    };
    enum tg_status status = take(sink, &event);
    return status == TG_OK ? end_part(made, TG_PART_OTHER, sink) : status;
}

enum tg_status tg_responses_decode_item(struct tg_arena *scratch, const struct tg_responses_item *item,
                                        struct tg_responses_made *made, const struct tg_answer_sink *sink)
{
    if (tg_json_string_is(item->type, "message"))
        return decode_message(item, made, sink);
    if (tg_json_string_is(item->type, "reasoning"))
        return decode_reasoning(item, made, sink);
    if (tg_responses_is_call(item))
        return decode_call(scratch, item, made, sink);
    if (tg_json_string_is(item->type, "image_generation_call") && !tg_json_string_is_empty(item->result))
        return decode_image(scratch, item, made, sink);
    return decode_other(item, made, sink);
}

enum tg_status tg_responses_decode_items(struct tg_arena *scratch, struct tg_text output,
                                         struct tg_responses_made *made, const struct tg_answer_sink *sink)
{
    struct tg_json_scan scan;
    struct tg_json_token root, element;
    enum tg_status status = TG_OK;
    tg_json_scan_init(&scan, output);
    if (output.bytes == 0 || tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN || root.kind != TG_JSON_ARRAY)
        return TG_OK;
    while (status == TG_OK && tg_json_scan_next_in(&scan, &root, &element)) {
        struct tg_responses_item item;
        if (element.kind != TG_JSON_OBJECT)
            continue;
        tg_responses_read_item(&scan, &element, &item);
        status = tg_responses_decode_item(scratch, &item, made, sink);
    }
    return status;
}
