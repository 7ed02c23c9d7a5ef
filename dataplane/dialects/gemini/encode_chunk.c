#include "dataplane/dialects/gemini/encode_internal.h"

void gemini_write_member(struct tg_json_writer *json, const char *key, struct tg_json_string value)
{
    tg_json_write_key(json, key);
    tg_json_write_written(json, value);
}

void gemini_write_count(struct tg_json_writer *json, const char *key, int64_t count)
{
    tg_json_write_key(json, key);
    tg_json_write_i64(json, count);
}

/* ---- framing ---- */

enum tg_status gemini_begin_element(struct gemini_encoder *encoder, struct tg_buf *out)
{
    bool is_first = !encoder->has_elements;
    encoder->has_elements = true;
    bool is_array = encoder->options.framing == TG_FRAMING_JSON_ARRAY;
    enum tg_status status = tg_buf_append(out, tg_text_of(!is_array ? "data: " : is_first ? "[" : ",\r\n"));
    encoder->element_at = out->bytes;
    return status;
}

/* What was taken over as the provider wrote it may be on several lines, which are white space in JSON and more in SSE.
 */
static void join_lines(struct tg_buf *out, size_t at)
{
    size_t bytes = at;
    if (memchr(out->data + at, '\n', out->bytes - at) == NULL && memchr(out->data + at, '\r', out->bytes - at) == NULL)
        return;
    for (size_t i = at; i < out->bytes; ++i)
        if (out->data[i] != '\n' && out->data[i] != '\r')
            out->data[bytes++] = out->data[i];
    out->bytes = bytes;
}

enum tg_status gemini_end_element(const struct gemini_encoder *encoder, struct tg_buf *out)
{
    if (encoder->options.framing == TG_FRAMING_JSON_ARRAY)
        return TG_OK;
    join_lines(out, encoder->element_at);
    return tg_buf_append(out, tg_text_of("\r\n\r\n"));
}

enum tg_status gemini_end_stream(const struct gemini_encoder *encoder, struct tg_buf *out)
{
    bool is_array = encoder->options.framing == TG_FRAMING_JSON_ARRAY;
    return is_array ? tg_buf_append(out, tg_text_of("]")) : TG_OK;
}

/* ---- usage ---- */

static void write_modality(struct tg_json_writer *json, const char *modality, int64_t count)
{
    if (count == 0)
        return;
    tg_json_write_object_begin(json);
    gemini_write_member(json, "modality", tg_json_string_literal(modality));
    gemini_write_count(json, "tokenCount", count);
    tg_json_write_object_end(json);
}

static void write_details(struct tg_json_writer *json, const char *key, int64_t text, int64_t audio, int64_t image)
{
    if (text + audio + image == 0)
        return;
    tg_json_write_key(json, key);
    tg_json_write_array_begin(json);
    write_modality(json, "TEXT", text);
    write_modality(json, "AUDIO", audio);
    write_modality(json, "IMAGE", image);
    tg_json_write_array_end(json);
}

static void write_usage(struct tg_json_writer *json, const struct gemini_encoder *encoder)
{
    const int64_t *of = encoder->usage.of;
    int64_t input = tg_usage_total_input(&encoder->usage), output = tg_usage_total_output(&encoder->usage);
    int64_t cached_audio = of[TG_USAGE_CACHED_INPUT_AUDIO];
    int64_t cached = of[TG_USAGE_CACHED_INPUT] + cached_audio;
    int64_t audio = of[TG_USAGE_INPUT_AUDIO] + cached_audio, image = of[TG_USAGE_INPUT_IMAGE];
    struct tg_text tier = tg_text(encoder->service_tier, encoder->service_tier_bytes);
    if (!encoder->has_usage)
        return;
    tg_json_write_key(json, "usageMetadata");
    tg_json_write_object_begin(json);
    gemini_write_count(json, "promptTokenCount", input);
    if (cached != 0)
        gemini_write_count(json, "cachedContentTokenCount", cached);
    gemini_write_count(json, "candidatesTokenCount", output - of[TG_USAGE_REASONING]);
    if (of[TG_USAGE_REASONING] != 0)
        gemini_write_count(json, "thoughtsTokenCount", of[TG_USAGE_REASONING]);
    gemini_write_count(json, "totalTokenCount", input + output);
    write_details(json, "promptTokensDetails", input - audio - image, audio, image);
    write_details(json, "cacheTokensDetails", cached - cached_audio, cached_audio, 0);
    write_details(json, "candidatesTokensDetails", of[TG_USAGE_OUTPUT], of[TG_USAGE_OUTPUT_AUDIO],
                  of[TG_USAGE_OUTPUT_IMAGE]);
    if (tg_text_is(tier, "standard") || tg_text_is(tier, "flex") || tg_text_is(tier, "priority"))
        gemini_write_member(json, "serviceTier", tg_json_string(tier));
    tg_json_write_object_end(json);
}

/* ---- parts ---- */

/* The signature that stands before a part belongs to it. */
static void take_signature(struct tg_json_writer *json, struct gemini_choice *choice)
{
    if (tg_json_string_is_empty(choice->signature))
        return;
    gemini_write_member(json, "thoughtSignature", choice->signature);
    choice->signature = GEMINI_NOTHING;
}

static void write_text(struct tg_json_writer *json, struct tg_json_string text, bool is_thought,
                       struct tg_json_string signature)
{
    tg_json_write_object_begin(json);
    gemini_write_member(json, "text", text);
    if (is_thought) {
        tg_json_write_key(json, "thought");
        tg_json_write_boolean(json, true);
    }
    if (!tg_json_string_is_empty(signature))
        gemini_write_member(json, "thoughtSignature", signature);
    tg_json_write_object_end(json);
}

static void write_call(struct tg_json_writer *json, struct gemini_encoder *encoder, struct gemini_choice *choice,
                       const struct gemini_open *open, struct tg_text args)
{
    struct tg_json_string id = open->call_id;
    if (tg_json_string_is_empty(id))
        id = tg_json_string(tg_arena_printf(encoder->arena, "call_%.*s_%u_%u", TG_TEXT_ARG(encoder->options.request_id),
                                            choice->index, open->part));
    tg_json_write_object_begin(json);
    tg_json_write_key(json, "functionCall");
    tg_json_write_object_begin(json);
    gemini_write_member(json, "id", id);
    gemini_write_member(json, "name", open->name);
    tg_json_write_key(json, "args");
    tg_json_write_raw(json, args);
    tg_json_write_object_end(json);
    take_signature(json, choice);
    tg_json_write_object_end(json);
}

static void write_media(struct tg_json_writer *json, struct gemini_choice *choice, const struct gemini_open *open)
{
    struct tg_json_string type = open->media_type;
    if (tg_json_string_is_empty(type))
        type = tg_json_string_literal(open->kind == TG_PART_IMAGE   ? "image/png"
                                      : open->kind == TG_PART_AUDIO ? "audio/wav"
                                                                    : "application/octet-stream");
    tg_json_write_object_begin(json);
    tg_json_write_key(json, "inlineData");
    tg_json_write_object_begin(json);
    gemini_write_member(json, "mimeType", type);
    gemini_write_member(json, "data", tg_json_string(tg_growing_text(&open->text)));
    tg_json_write_object_end(json);
    take_signature(json, choice);
    tg_json_write_object_end(json);
}

/* Opaque thinking: a signature of Google's goes with what it signed, another maker's stands by itself. */
static void write_redacted(struct tg_json_writer *json, struct gemini_encoder *encoder, struct gemini_choice *choice,
                           const struct gemini_open *open)
{
    struct tg_json_string data = tg_json_string(tg_growing_text(&open->signature)), signature;
    if (open->signature_origin != TG_DIALECT_GEMINI)
        write_text(json, GEMINI_NOTHING, false, gemini_pack_signature(encoder->arena, open->signature_origin, data));
    else if (gemini_is_text_signature(data, &signature))
        write_text(json, GEMINI_NOTHING, false, signature);
    else
        choice->signature = tg_json_string(tg_arena_copy(encoder->arena, data.written));
}

/* What a part comes to at its end; nothing where it was streamed. */
static void write_part(struct tg_json_writer *json, struct gemini_encoder *encoder, struct gemini_choice *choice,
                       const struct gemini_open *open)
{
    struct tg_json_string text = tg_json_string(tg_growing_text(&open->text));
    struct tg_json_string signature = tg_json_string(tg_growing_text(&open->signature));
    struct tg_arguments arguments = {.is_string = true, .raw = text.written};
    struct tg_text args;
    switch (open->kind) {
    case TG_PART_TEXT:
    case TG_PART_REFUSAL:
        if (!tg_json_string_is_empty(text))
            write_text(json, text, false, GEMINI_NOTHING);
        break;
    case TG_PART_THINKING:
        if (!tg_json_string_is_empty(text) || !tg_json_string_is_empty(signature))
            write_text(json, text, true, gemini_pack_signature(encoder->arena, open->signature_origin, signature));
        break;
    case TG_PART_REDACTED_THINKING:
        write_redacted(json, encoder, choice, open);
        break;
    case TG_PART_TOOL_CALL:
        if (tg_arguments_value(encoder->arena, &arguments, &args))
            write_call(json, encoder, choice, open, args);
        else
            choice->has_bad_call = true;
        break;
    case TG_PART_OTHER:
        tg_json_write_raw(json, open->raw);
        break;
    default:
        write_media(json, choice, open);
        break;
    }
}

/* ---- chunks ---- */

static void begin_candidate(struct tg_json_writer *json, unsigned index)
{
    tg_json_write_object_begin(json);
    gemini_write_count(json, "index", index);
    tg_json_write_key(json, "content");
    tg_json_write_object_begin(json);
    gemini_write_member(json, "role", tg_json_string_literal("model"));
    tg_json_write_key(json, "parts");
    tg_json_write_array_begin(json);
}

static void end_content(struct tg_json_writer *json)
{
    tg_json_write_array_end(json);
    tg_json_write_object_end(json);
}

static void begin_chunk(struct tg_json_writer *json, struct tg_buf *out)
{
    tg_json_write_init(json, out);
    tg_json_write_object_begin(json);
    tg_json_write_key(json, "candidates");
    tg_json_write_array_begin(json);
}

static enum tg_status end_chunk(struct tg_json_writer *json, const struct gemini_encoder *encoder)
{
    tg_json_write_array_end(json);
    write_usage(json, encoder);
    gemini_write_member(json, "modelVersion", encoder->model);
    gemini_write_member(json, "responseId", encoder->id);
    tg_json_write_object_end(json);
    return tg_json_write_finish(json);
}

enum tg_status gemini_stream_text(struct gemini_encoder *encoder, struct gemini_choice *choice,
                                  const struct gemini_open *open, struct tg_json_string text, struct tg_buf *out)
{
    struct tg_json_writer json;
    if (tg_json_string_is_empty(text))
        return TG_OK;
    enum tg_status status = gemini_begin_element(encoder, out);
    if (status != TG_OK)
        return status;
    begin_chunk(&json, out);
    begin_candidate(&json, choice->index);
    write_text(&json, text, open->kind == TG_PART_THINKING, GEMINI_NOTHING);
    end_content(&json);
    tg_json_write_object_end(&json);
    status = end_chunk(&json, encoder);
    return status == TG_OK ? gemini_end_element(encoder, out) : status;
}

enum tg_status gemini_end_part(struct gemini_encoder *encoder, struct gemini_choice *choice, struct gemini_open *open,
                               struct tg_buf *out)
{
    struct tg_json_writer json;
    struct tg_buf part;
    enum tg_status status = TG_OK;
    tg_buf_init(&part, TG_GROWING_MAX_BYTES);
    tg_json_write_init(&json, &part);
    write_part(&json, encoder, choice, open);
    status = tg_json_write_finish(&json);
    if (status == TG_OK && part.bytes != 0 && !encoder->options.is_streaming) {
        status = tg_growing_append(&choice->parts, encoder->arena, tg_buf_text(&part));
        if (status == TG_OK)
            status = tg_growing_append(&choice->parts, encoder->arena, tg_text_of(","));
    } else if (status == TG_OK && part.bytes != 0) {
        status = gemini_begin_element(encoder, out);
        begin_chunk(&json, out);
        begin_candidate(&json, choice->index);
        tg_json_write_raw(&json, tg_buf_text(&part));
        end_content(&json);
        tg_json_write_object_end(&json);
        enum tg_status written = end_chunk(&json, encoder);
        status = status == TG_OK ? written : status;
        if (status == TG_OK)
            status = gemini_end_element(encoder, out);
    }
    tg_buf_deinit(&part);
    return status;
}

/* ---- the end ---- */

static void write_list(struct tg_json_writer *json, const char *key, const struct tg_growing *elements)
{
    struct tg_text list = tg_growing_text(elements);
    tg_json_write_key(json, key);
    tg_json_write_array_begin(json);
    tg_json_write_raw(json, tg_text(list.data, list.bytes - 1)); /* without the last comma */
    tg_json_write_array_end(json);
}

/* SDKs count a chunk without a part as an invalid answer, which they forget. */
static void write_parts(struct tg_json_writer *json, const struct gemini_choice *choice)
{
    struct tg_text parts = tg_growing_text(&choice->parts);
    if (parts.bytes != 0)
        tg_json_write_raw(json, tg_text(parts.data, parts.bytes - 1));
    if (parts.bytes == 0 || !tg_json_string_is_empty(choice->signature))
        write_text(json, GEMINI_NOTHING, false, choice->signature);
}

static void write_candidate(struct tg_json_writer *json, const struct gemini_choice *choice)
{
    begin_candidate(json, choice->index);
    write_parts(json, choice);
    end_content(json);
    const char *reason = choice->has_bad_call ? "MALFORMED_FUNCTION_CALL" : gemini_finish_reason(choice->finish);
    gemini_write_member(json, "finishReason", tg_json_string_literal(reason));
    gemini_write_grounding(json, &choice->grounding);
    if (choice->chosen.bytes != 0) {
        tg_json_write_key(json, "logprobsResult");
        tg_json_write_object_begin(json);
        write_list(json, "topCandidates", &choice->top);
        write_list(json, "chosenCandidates", &choice->chosen);
        tg_json_write_object_end(json);
    }
    tg_json_write_object_end(json);
}

enum tg_status gemini_encode_end(struct gemini_encoder *encoder, struct tg_buf *out)
{
    struct tg_json_writer json;
    bool is_streaming = encoder->options.is_streaming;
    enum tg_status status = is_streaming ? gemini_begin_element(encoder, out) : TG_OK;
    if (status != TG_OK)
        return status;
    begin_chunk(&json, out);
    for (size_t i = 0; i < TG_MAX_CHOICES; ++i)
        if (encoder->choices[i] != NULL)
            write_candidate(&json, encoder->choices[i]);
    status = end_chunk(&json, encoder);
    if (!is_streaming || status != TG_OK)
        return status;
    status = gemini_end_element(encoder, out);
    return status == TG_OK ? gemini_end_stream(encoder, out) : status;
}
