#include "dataplane/dialects/messages/messages_internal.h"

static void write_member(struct tg_json_writer *json, const char *key, struct tg_json_string value)
{
    tg_json_write_key(json, key);
    tg_json_write_written(json, value);
}

static void write_count(struct tg_json_writer *json, const char *key, int64_t count)
{
    tg_json_write_key(json, key);
    tg_json_write_i64(json, count);
}

/* ---- usage ---- */

/* Anthropic's own tiers are "standard", "priority" and "batch": another provider's default, or flex, is its standard.
 * Unknown, as it is while a stream begins, it is null. */
static void write_tier(struct tg_json_writer *json, const struct tg_messages_encoder *encoder)
{
    struct tg_text tier = tg_text(encoder->service_tier, encoder->service_tier_bytes);
    tg_json_write_key(json, "service_tier");
    if (tier.bytes == 0)
        tg_json_write_null(json);
    else
        tg_json_write_string(json,
                             tg_text_is(tier, "priority") || tg_text_is(tier, "batch") ? tier : tg_text_of("standard"));
}

/* The same in message_start, with what is known then, and in message_delta, whose numbers replace those before. */
void tg_messages_write_usage(struct tg_json_writer *json, const struct tg_messages_encoder *encoder)
{
    const int64_t *of = encoder->usage.of;
    int64_t write_5m = of[TG_USAGE_CACHE_WRITE_5M], write_1h = of[TG_USAGE_CACHE_WRITE_1H];
    tg_json_write_object_begin(json);
    write_count(json, "input_tokens", of[TG_USAGE_INPUT] + of[TG_USAGE_INPUT_AUDIO] + of[TG_USAGE_INPUT_IMAGE]);
    write_count(json, "cache_creation_input_tokens", write_5m + write_1h);
    write_count(json, "cache_read_input_tokens", of[TG_USAGE_CACHED_INPUT] + of[TG_USAGE_CACHED_INPUT_AUDIO]);
    tg_json_write_key(json, "cache_creation");
    tg_json_write_object_begin(json);
    write_count(json, "ephemeral_5m_input_tokens", write_5m);
    write_count(json, "ephemeral_1h_input_tokens", write_1h);
    tg_json_write_object_end(json);
    write_count(json, "output_tokens", tg_usage_total_output(&encoder->usage));
    if (of[TG_USAGE_REASONING] != 0) {
        tg_json_write_key(json, "output_tokens_details");
        tg_json_write_object_begin(json);
        write_count(json, "thinking_tokens", of[TG_USAGE_REASONING]);
        tg_json_write_object_end(json);
    }
    if (of[TG_USAGE_WEB_SEARCHES] != 0) {
        tg_json_write_key(json, "server_tool_use");
        tg_json_write_object_begin(json);
        write_count(json, "web_search_requests", of[TG_USAGE_WEB_SEARCHES]);
        write_count(json, "web_fetch_requests", 0);
        tg_json_write_object_end(json);
    }
    write_tier(json, encoder);
    tg_json_write_object_end(json);
}

static const char *stop_reason(const struct tg_messages_encoder *encoder)
{
    switch (encoder->finish) {
    case TG_FINISH_STOP_SEQUENCE:
        return "stop_sequence";
    case TG_FINISH_LENGTH:
        return "max_tokens";
    case TG_FINISH_TOOL_CALLS:
        return "tool_use";
    case TG_FINISH_CONTENT_FILTER:
    case TG_FINISH_REFUSAL:
        return "refusal";
    case TG_FINISH_PAUSE:
        return "pause_turn";
    case TG_FINISH_CONTEXT_FULL:
        return "model_context_window_exceeded";
    default: /* some providers say "stop" beside tool calls; clients of this dialect go by the reason */
        return encoder->has_tool_calls ? "tool_use" : "end_turn";
    }
}

void tg_messages_write_stop(struct tg_json_writer *json, const struct tg_messages_encoder *encoder)
{
    write_member(json, "stop_reason", tg_json_string_literal(stop_reason(encoder)));
    tg_json_write_key(json, "stop_sequence");
    if (encoder->finish != TG_FINISH_STOP_SEQUENCE || tg_json_string_is_empty(encoder->stop_sequence))
        tg_json_write_null(json);
    else
        tg_json_write_written(json, encoder->stop_sequence);
}

/* ---- citations ---- */

/* Another dialect does not say where in a document the quote stands: the numbers are those of an empty place. */
static void write_citation(struct tg_json_writer *json, const struct tg_citation *citation)
{
    static const struct tg_json_string nothing = {{"", 0}};
    bool is_web = citation->document_index < 0;
    tg_json_write_object_begin(json);
    write_member(json, "type", tg_json_string_literal(is_web ? "web_search_result_location" : "char_location"));
    write_member(json, "cited_text", citation->quote);
    if (is_web) {
        write_member(json, "url", citation->url);
        write_member(json, "title", citation->title);
        write_member(json, "encrypted_index", nothing);
    } else {
        write_count(json, "document_index", citation->document_index);
        write_member(json, "document_title", citation->document_title);
        write_count(json, "start_char_index", 0);
        write_count(json, "end_char_index", 0);
    }
    tg_json_write_object_end(json);
}

/* The elements of an array that was proved to be JSON, each with a comma behind it. */
static enum tg_status add_raw(struct tg_growing *growing, struct tg_arena *arena, struct tg_text array)
{
    struct tg_json_scan scan;
    struct tg_json_token root, object;
    enum tg_status status = TG_OK;
    tg_json_scan_init(&scan, array);
    if (tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN)
        return TG_OK;
    while (status == TG_OK && tg_json_scan_next_in(&scan, &root, &object)) {
        if (object.kind != TG_JSON_OBJECT || !tg_json_scan_skip(&scan, &object))
            continue;
        status = tg_growing_append(growing, arena, object.value);
        if (status == TG_OK)
            status = tg_growing_append(growing, arena, tg_text_of(","));
    }
    return status;
}

enum tg_status tg_messages_add_citations(struct tg_growing *growing, struct tg_arena *arena,
                                         const struct tg_answer_event *event)
{
    enum tg_status status = TG_OK;
    if (event->signature_origin == TG_DIALECT_MESSAGES && event->raw.bytes != 0)
        return add_raw(growing, arena, event->raw);
    for (size_t i = 0; status == TG_OK && i < event->citation_count; ++i) {
        struct tg_json_writer json;
        struct tg_buf buf;
        tg_buf_init(&buf, TG_GROWING_MAX_BYTES);
        tg_json_write_init(&json, &buf);
        write_citation(&json, &event->citations[i]);
        status = tg_json_write_finish(&json);
        if (status == TG_OK)
            status = tg_growing_append(growing, arena, tg_buf_text(&buf));
        if (status == TG_OK)
            status = tg_growing_append(growing, arena, tg_text_of(","));
        tg_buf_deinit(&buf);
    }
    return status;
}

/* ---- the answer ---- */

/* A model that writes no JSON object is quoted rather than dropped. */
static void write_input(struct tg_json_writer *json, const struct tg_messages_encoder *encoder,
                        const struct tg_messages_part *part)
{
    struct tg_arguments arguments = {.is_string = true, .raw = tg_growing_text(&part->text)};
    struct tg_text value;
    tg_json_write_key(json, "input");
    if (tg_arguments_value(encoder->arena, &arguments, &value)) {
        tg_json_write_raw(json, value);
        return;
    }
    tg_json_write_object_begin(json);
    write_member(json, "invalid_arguments", tg_json_string(arguments.raw));
    tg_json_write_object_end(json);
}

/* An opaque block as it came; of a streamed one the input came behind it. */
static void write_opaque(struct tg_json_writer *json, const struct tg_messages_encoder *encoder,
                         const struct tg_messages_part *part)
{
    struct tg_json_scan scan;
    struct tg_json_token root, member;
    tg_json_scan_init(&scan, part->raw);
    if (part->text.bytes == 0 || tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN) {
        tg_json_write_raw(json, part->raw);
        return;
    }
    tg_json_write_object_begin(json);
    while (tg_json_scan_next_in(&scan, &root, &member)) {
        if (tg_json_text_is(member.key, "input") || !tg_json_scan_skip(&scan, &member))
            continue;
        tg_json_write_key_text(json, tg_json_unescape(encoder->arena, member.key));
        if (member.kind == TG_JSON_STRING)
            tg_json_write_quoted(json, member.value);
        else
            tg_json_write_raw(json, member.value);
    }
    write_input(json, encoder, part);
    tg_json_write_object_end(json);
}

static void write_block(struct tg_json_writer *json, const struct tg_messages_encoder *encoder,
                        const struct tg_messages_part *part)
{
    struct tg_json_string text = tg_json_string(tg_growing_text(&part->text));
    struct tg_json_string signature = tg_json_string(tg_growing_text(&part->signature));
    struct tg_text citations = tg_growing_text(&part->citations);
    if (part->kind == TG_PART_OTHER) {
        write_opaque(json, encoder, part);
        return;
    }
    tg_json_write_object_begin(json);
    if (part->kind == TG_PART_THINKING) {
        write_member(json, "type", tg_json_string_literal("thinking"));
        write_member(json, "thinking", text);
        write_member(json, "signature", signature);
    } else if (part->kind == TG_PART_REDACTED_THINKING) {
        write_member(json, "type", tg_json_string_literal("redacted_thinking"));
        write_member(json, "data", signature);
    } else if (part->kind == TG_PART_TOOL_CALL) {
        write_member(json, "type", tg_json_string_literal("tool_use"));
        write_member(json, "id", part->call_id);
        write_member(json, "name", part->name);
        write_input(json, encoder, part);
    } else {
        write_member(json, "type", tg_json_string_literal("text"));
        write_member(json, "text", text);
        if (citations.bytes != 0) {
            tg_json_write_key(json, "citations");
            tg_json_write_array_begin(json);
            tg_json_write_raw(json, tg_text(citations.data, citations.bytes - 1)); /* without the last comma */
            tg_json_write_array_end(json);
        }
    }
    tg_json_write_object_end(json);
}

enum tg_status tg_messages_encode_whole(const struct tg_messages_encoder *encoder, struct tg_buf *out)
{
    struct tg_json_writer json;
    tg_json_write_init(&json, out);
    tg_json_write_object_begin(&json);
    write_member(&json, "id", encoder->id);
    write_member(&json, "type", tg_json_string_literal("message"));
    write_member(&json, "role", tg_json_string_literal("assistant"));
    write_member(&json, "model", encoder->model);
    tg_json_write_key(&json, "content");
    tg_json_write_array_begin(&json);
    for (const struct tg_messages_part *part = encoder->parts; part != NULL; part = part->next)
        write_block(&json, encoder, part);
    tg_json_write_array_end(&json);
    tg_messages_write_stop(&json, encoder);
    tg_json_write_key(&json, "usage");
    tg_messages_write_usage(&json, encoder);
    tg_json_write_object_end(&json);
    return tg_json_write_finish(&json);
}
