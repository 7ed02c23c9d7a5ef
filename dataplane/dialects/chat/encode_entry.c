/* What leaves as an element of a list: tool calls, thinking that must come back, citations, log-probabilities,
 * pictures.
 */
#include "dataplane/dialects/canonical/signature.h"
#include "dataplane/dialects/chat/encode_internal.h"

enum { MAX_ENTRY_BYTES = TG_GROWING_MAX_BYTES }; /* of one element */

static enum tg_status say_list(struct chat_encoder *encoder, unsigned index, enum chat_encode_list list,
                               struct tg_text elements, struct tg_buf *out)
{
    return encoder->options.is_streaming ? chat_chunk_list(encoder, index, list, elements, out)
                                         : chat_whole_list(encoder, index, list, elements);
}

enum tg_status chat_say_call(struct chat_encoder *encoder, const struct chat_encode_part *part,
                             struct tg_json_string arguments, struct tg_buf *out)
{
    struct tg_buf entry;
    struct tg_json_writer writer;
    tg_buf_init(&entry, MAX_ENTRY_BYTES);
    tg_json_write_init(&writer, &entry);
    tg_json_write_object_begin(&writer);
    if (encoder->options.is_streaming) {
        tg_json_write_key(&writer, "index");
        tg_json_write_i64(&writer, part->tool_index);
    }
    chat_write_text_member(&writer, "id", part->call_id);
    chat_write_text_member(&writer, "type", tg_json_string_literal(part->is_custom ? "custom" : "function"));
    tg_json_write_key(&writer, part->is_custom ? "custom" : "function");
    tg_json_write_object_begin(&writer);
    chat_write_text_member(&writer, "name", part->name);
    chat_write_text_member(&writer, part->is_custom ? "input" : "arguments", arguments);
    tg_json_write_object_end(&writer);
    if (part->signature.bytes != 0)
        chat_write_thought_signature(encoder->arena, &writer, part->signature_origin,
                                     tg_json_string(tg_growing_text(&part->signature)));
    tg_json_write_object_end(&writer);
    enum tg_status status = tg_json_write_finish(&writer);
    if (status == TG_OK)
        status = say_list(encoder, part->choice, CHAT_LIST_TOOL_CALLS, tg_buf_text(&entry), out);
    tg_buf_deinit(&entry);
    return status;
}

/* As url_citation: what has no address cannot be said. */
static enum tg_status write_annotations(const struct tg_answer_event *event, struct tg_buf *entries)
{
    struct tg_json_writer writer;
    tg_json_write_init(&writer, entries);
    for (size_t i = 0; i < event->citation_count; ++i) {
        const struct tg_citation *citation = &event->citations[i];
        if (tg_json_string_is_empty(citation->url))
            continue;
        tg_json_write_object_begin(&writer);
        chat_write_text_member(&writer, "type", tg_json_string_literal("url_citation"));
        tg_json_write_key(&writer, "url_citation");
        tg_json_write_object_begin(&writer);
        tg_json_write_key(&writer, "start_index");
        tg_json_write_i64(&writer, citation->begin < 0 ? 0 : citation->begin);
        tg_json_write_key(&writer, "end_index");
        tg_json_write_i64(&writer, citation->end < 0 ? 0 : citation->end);
        chat_write_text_member(&writer, "url", citation->url);
        chat_write_text_member(&writer, "title", citation->title);
        if (!tg_json_string_is_empty(citation->quote))
            chat_write_text_member(&writer, "content", citation->quote);
        tg_json_write_object_end(&writer);
        tg_json_write_object_end(&writer);
    }
    return tg_json_write_finish(&writer);
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* What stands between the brackets of an array, on one line: a stream ends an event at the end of a line. */
static struct tg_text inside(struct tg_arena *arena, struct tg_text array)
{
    if (array.bytes < 2 || array.data[0] != '[')
        return tg_text(NULL, 0);
    struct tg_text elements = tg_text(array.data + 1, array.bytes - 2);
    for (; elements.bytes != 0 && is_space(elements.data[0]); ++elements.data)
        --elements.bytes;
    while (elements.bytes != 0 && is_space(elements.data[elements.bytes - 1]))
        --elements.bytes;
    if (elements.bytes == 0 ||
        (memchr(elements.data, '\n', elements.bytes) == NULL && memchr(elements.data, '\r', elements.bytes) == NULL))
        return elements;
    char *line = tg_arena_alloc(arena, elements.bytes);
    for (size_t i = 0; i < elements.bytes; ++i)
        line[i] = is_space(elements.data[i]) ? ' ' : elements.data[i];
    return tg_text(line, elements.bytes);
}

enum tg_status chat_say_citations(struct chat_encoder *encoder, const struct tg_answer_event *event, struct tg_buf *out)
{
    struct tg_buf entries;
    struct tg_text own =
        event->signature_origin == TG_DIALECT_CHAT ? inside(encoder->arena, event->raw) : tg_text(NULL, 0);
    if (own.bytes != 0)
        return say_list(encoder, event->choice, CHAT_LIST_ANNOTATIONS, own, out);
    tg_buf_init(&entries, MAX_ENTRY_BYTES);
    enum tg_status status = write_annotations(event, &entries);
    if (status == TG_OK && entries.bytes != 0)
        status = say_list(encoder, event->choice, CHAT_LIST_ANNOTATIONS, tg_buf_text(&entries), out);
    tg_buf_deinit(&entries);
    return status;
}

enum tg_status chat_say_logprobs(struct chat_encoder *encoder, const struct tg_answer_event *event, struct tg_buf *out)
{
    struct tg_text tokens = inside(encoder->arena, event->raw);
    if (tokens.bytes == 0)
        return TG_OK;
    return say_list(encoder, event->choice, CHAT_LIST_LOGPROBS, tokens, out);
}

enum tg_status chat_say_detail(struct chat_encoder *encoder, const struct chat_encode_part *part, struct tg_buf *out)
{
    static const char *const formats[TG_DIALECT_COUNT] = {
        [TG_DIALECT_CHAT] = "unknown",
        [TG_DIALECT_RESPONSES] = "openai-responses-v1",
        [TG_DIALECT_MESSAGES] = "anthropic-claude-v1",
        [TG_DIALECT_GEMINI] = "google-gemini-v1",
        [TG_DIALECT_CONVERSE] = "anthropic-claude-v1",
    };
    struct tg_json_string signature = tg_json_string(tg_growing_text(&part->signature));
    struct chat_detail detail = {.kind = part->kind == TG_PART_THINKING ? CHAT_DETAIL_TEXT : CHAT_DETAIL_ENCRYPTED};
    bool is_own = part->signature_origin == TG_DIALECT_CHAT;
    if (tg_json_string_is_empty(signature) || (is_own && chat_thinking_field(signature) != NULL))
        return TG_OK; /* there is no more to it than its text */
    if (!is_own || !chat_detail_unpack(signature, &detail)) {
        detail.format = tg_json_string_literal(formats[part->signature_origin]);
        detail.signature = tg_signature_mark(encoder->arena, TG_DIALECT_CHAT, part->signature_origin, signature);
    }
    struct tg_buf entry;
    struct tg_json_writer writer;
    tg_buf_init(&entry, MAX_ENTRY_BYTES);
    tg_json_write_init(&writer, &entry);
    chat_detail_write(&writer, &detail, tg_json_string(tg_growing_text(&part->text)),
                      encoder->choices[part->choice]->detail_count++);
    enum tg_status status = tg_json_write_finish(&writer);
    if (status == TG_OK)
        status = say_list(encoder, part->choice, CHAT_LIST_REASONING_DETAILS, tg_buf_text(&entry), out);
    tg_buf_deinit(&entry);
    return status;
}

enum tg_status chat_say_image(struct chat_encoder *encoder, const struct chat_encode_part *part, struct tg_buf *out)
{
    struct tg_text type = part->media_type.written;
    struct tg_buf entry;
    tg_buf_init(&entry, MAX_ENTRY_BYTES);
    enum tg_status status = tg_buf_printf(
        &entry, "{\"index\":%u,\"type\":\"image_url\",\"image_url\":{\"url\":\"data:%.*s;base64,",
        encoder->choices[part->choice]->image_count++, TG_TEXT_ARG(type.bytes != 0 ? type : tg_text_of("image/png")));
    if (status == TG_OK)
        status = tg_buf_append(&entry, tg_growing_text(&part->text));
    if (status == TG_OK)
        status = tg_buf_append(&entry, tg_text("\"}}", 3));
    if (status == TG_OK)
        status = say_list(encoder, part->choice, CHAT_LIST_IMAGES, tg_buf_text(&entry), out);
    tg_buf_deinit(&entry);
    return status;
}

enum tg_status chat_say_late_signature(struct chat_encoder *encoder, const struct chat_encode_part *part,
                                       struct tg_buf *out)
{
    struct tg_buf entry;
    struct tg_json_writer writer;
    tg_buf_init(&entry, MAX_ENTRY_BYTES);
    tg_json_write_init(&writer, &entry);
    tg_json_write_object_begin(&writer);
    tg_json_write_key(&writer, "index");
    tg_json_write_i64(&writer, part->tool_index);
    chat_write_thought_signature(encoder->arena, &writer, part->signature_origin,
                                 tg_json_string(tg_growing_text(&part->signature)));
    tg_json_write_object_end(&writer);
    enum tg_status status = tg_json_write_finish(&writer);
    if (status == TG_OK)
        status = chat_chunk_list(encoder, part->choice, CHAT_LIST_TOOL_CALLS, tg_buf_text(&entry), out);
    tg_buf_deinit(&entry);
    return status;
}
