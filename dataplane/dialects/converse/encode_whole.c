#include "dataplane/dialects/converse/converse_internal.h"

static void write_count(struct tg_json_writer *json, const char *key, int64_t count)
{
    tg_json_write_key(json, key);
    tg_json_write_i64(json, count);
}

static bool is_bedrocks_tier(struct tg_text tier)
{
    return tg_text_is(tier, "default") || tg_text_is(tier, "flex") || tg_text_is(tier, "priority") ||
           tg_text_is(tier, "reserved");
}

void tg_converse_write_usage(struct tg_json_writer *json, const struct tg_converse_encoder *encoder)
{
    const int64_t *of = encoder->usage.of;
    int64_t write_5m = of[TG_USAGE_CACHE_WRITE_5M], write_1h = of[TG_USAGE_CACHE_WRITE_1H];
    struct tg_text tier = tg_text(encoder->service_tier, encoder->service_tier_bytes);
    tg_json_write_key(json, "usage");
    tg_json_write_object_begin(json);
    write_count(json, "inputTokens", of[TG_USAGE_INPUT] + of[TG_USAGE_INPUT_AUDIO] + of[TG_USAGE_INPUT_IMAGE]);
    write_count(json, "outputTokens", tg_usage_total_output(&encoder->usage));
    write_count(json, "totalTokens", tg_usage_total_input(&encoder->usage) + tg_usage_total_output(&encoder->usage));
    write_count(json, "cacheReadInputTokens", of[TG_USAGE_CACHED_INPUT] + of[TG_USAGE_CACHED_INPUT_AUDIO]);
    write_count(json, "cacheWriteInputTokens", write_5m + write_1h);
    if (write_1h != 0) {
        tg_json_write_key(json, "cacheDetails");
        tg_json_write_array_begin(json);
        tg_json_write_object_begin(json);
        tg_converse_write_member(json, "ttl", tg_json_string_literal("1h"));
        write_count(json, "inputTokens", write_1h);
        tg_json_write_object_end(json);
        tg_json_write_array_end(json);
    }
    tg_json_write_object_end(json);
    tg_json_write_key(json, "metrics"); /* required; the gateway's own clock is in its records */
    tg_json_write_object_begin(json);
    write_count(json, "latencyMs", 0);
    tg_json_write_object_end(json);
    if (is_bedrocks_tier(tier)) {
        tg_json_write_key(json, "serviceTier");
        tg_json_write_object_begin(json);
        tg_json_write_key(json, "type");
        tg_json_write_string(json, tier);
        tg_json_write_object_end(json);
    }
}

const char *tg_converse_stop_reason(const struct tg_converse_encoder *encoder)
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
        return "content_filtered";
    case TG_FINISH_CONTEXT_FULL:
        return "model_context_window_exceeded";
    default: /* some providers say "stop" beside tool calls; clients of this dialect go by the reason */
        return encoder->has_tool_calls ? "tool_use" : "end_turn";
    }
}

/* ---- citations ---- */

static void write_citation(struct tg_json_writer *json, const struct tg_citation *citation)
{
    bool is_document = citation->document_index >= 0;
    tg_json_write_object_begin(json);
    tg_converse_write_member(json, "title", is_document ? citation->document_title : citation->title);
    tg_json_write_key(json, "sourceContent");
    tg_json_write_array_begin(json);
    tg_json_write_object_begin(json);
    tg_converse_write_member(json, "text", citation->quote);
    tg_json_write_object_end(json);
    tg_json_write_array_end(json);
    tg_json_write_key(json, "location");
    tg_json_write_object_begin(json);
    tg_json_write_key(json, is_document ? "documentChunk" : "web");
    tg_json_write_object_begin(json);
    if (is_document)
        write_count(json, "documentIndex", citation->document_index);
    else
        tg_converse_write_member(json, "url", citation->url);
    tg_json_write_object_end(json);
    tg_json_write_object_end(json);
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

enum tg_status tg_converse_add_citations(struct tg_growing *growing, struct tg_arena *arena,
                                         const struct tg_answer_event *event)
{
    enum tg_status status = TG_OK;
    if (event->signature_origin == TG_DIALECT_CONVERSE && event->raw.bytes != 0)
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
static void write_tool_use(struct tg_json_writer *json, const struct tg_converse_encoder *encoder,
                           const struct tg_converse_part *part)
{
    struct tg_arguments arguments = {.is_string = true, .raw = tg_growing_text(&part->text)};
    struct tg_text value;
    tg_json_write_key(json, "toolUse");
    tg_json_write_object_begin(json);
    tg_converse_write_member(json, "toolUseId", part->call_id);
    tg_converse_write_member(json, "name", part->name);
    tg_json_write_key(json, "input");
    if (tg_arguments_value(encoder->arena, &arguments, &value)) {
        tg_json_write_raw(json, value);
    } else {
        tg_json_write_object_begin(json);
        tg_converse_write_member(json, "invalid_arguments", tg_json_string(arguments.raw));
        tg_json_write_object_end(json);
    }
    tg_json_write_object_end(json);
}

static void write_reasoning(struct tg_json_writer *json, const struct tg_converse_encoder *encoder,
                            const struct tg_converse_part *part)
{
    struct tg_json_string signature = tg_json_string(tg_growing_text(&part->signature));
    tg_json_write_key(json, "reasoningContent");
    tg_json_write_object_begin(json);
    if (part->kind == TG_PART_REDACTED_THINKING) {
        tg_converse_write_member(json, "redactedContent",
                                 tg_converse_mark_redacted(encoder->arena, part->signature_origin, signature));
    } else {
        tg_json_write_key(json, "reasoningText");
        tg_json_write_object_begin(json);
        tg_converse_write_member(json, "text", tg_json_string(tg_growing_text(&part->text)));
        if (!tg_json_string_is_empty(signature))
            tg_converse_write_member(
                json, "signature",
                tg_signature_mark(encoder->arena, TG_DIALECT_CONVERSE, part->signature_origin, signature));
        tg_json_write_object_end(json);
    }
    tg_json_write_object_end(json);
}

static void write_image(struct tg_json_writer *json, const struct tg_converse_part *part)
{
    const char *format = tg_converse_format(TG_PART_IMAGE, part->media_type);
    tg_json_write_key(json, "image");
    tg_json_write_object_begin(json);
    tg_converse_write_member(json, "format", tg_json_string_literal(format == NULL ? "png" : format));
    tg_json_write_key(json, "source");
    tg_json_write_object_begin(json);
    tg_converse_write_member(json, "bytes", tg_json_string(tg_growing_text(&part->text)));
    tg_json_write_object_end(json);
    tg_json_write_object_end(json);
}

static void write_text(struct tg_json_writer *json, const struct tg_converse_part *part)
{
    struct tg_json_string text = tg_json_string(tg_growing_text(&part->text));
    struct tg_text citations = tg_growing_text(&part->citations);
    if (citations.bytes == 0) {
        tg_converse_write_member(json, "text", text);
        return;
    }
    tg_json_write_key(json, "citationsContent");
    tg_json_write_object_begin(json);
    tg_json_write_key(json, "content");
    tg_json_write_array_begin(json);
    tg_json_write_object_begin(json);
    tg_converse_write_member(json, "text", text);
    tg_json_write_object_end(json);
    tg_json_write_array_end(json);
    tg_json_write_key(json, "citations");
    tg_json_write_array_begin(json);
    tg_json_write_raw(json, tg_text(citations.data, citations.bytes - 1)); /* without the last comma */
    tg_json_write_array_end(json);
    tg_json_write_object_end(json);
}

static void write_block(struct tg_json_writer *json, const struct tg_converse_encoder *encoder,
                        const struct tg_converse_part *part)
{
    if (part->kind == TG_PART_OTHER) {
        tg_json_write_raw(json, part->raw);
        return;
    }
    tg_json_write_object_begin(json);
    if (part->kind == TG_PART_TOOL_CALL)
        write_tool_use(json, encoder, part);
    else if (part->kind == TG_PART_THINKING || part->kind == TG_PART_REDACTED_THINKING)
        write_reasoning(json, encoder, part);
    else if (part->kind == TG_PART_IMAGE)
        write_image(json, part);
    else
        write_text(json, part);
    tg_json_write_object_end(json);
}

enum tg_status tg_converse_encode_whole(const struct tg_converse_encoder *encoder, struct tg_buf *out)
{
    struct tg_json_writer json;
    tg_json_write_init(&json, out);
    tg_json_write_object_begin(&json);
    tg_json_write_key(&json, "output");
    tg_json_write_object_begin(&json);
    tg_json_write_key(&json, "message");
    tg_json_write_object_begin(&json);
    tg_converse_write_member(&json, "role", tg_json_string_literal("assistant"));
    tg_json_write_key(&json, "content");
    tg_json_write_array_begin(&json);
    for (const struct tg_converse_part *part = encoder->parts; part != NULL; part = part->next)
        write_block(&json, encoder, part);
    tg_json_write_array_end(&json);
    tg_json_write_object_end(&json);
    tg_json_write_object_end(&json);
    tg_converse_write_member(&json, "stopReason", tg_json_string_literal(tg_converse_stop_reason(encoder)));
    tg_converse_write_usage(&json, encoder);
    tg_json_write_object_end(&json);
    return tg_json_write_finish(&json);
}
