#include "dataplane/dialects/converse/converse_internal.h"

/* ---- inferenceConfig ---- */

static bool is_one(struct tg_text number)
{
    return tg_text_is(number, "1") || tg_text_is(number, "1.0");
}

/* Newer Claude models take none of these, and all of them none but the default while they think. */
static void write_sampling(struct tg_converse_writing *writing, enum tg_field_id id, const char *key)
{
    const struct tg_field *field = tg_request_field(writing->request, id);
    if (field == NULL)
        return;
    if ((writing->claude.is_claude && !writing->claude.takes_sampling) || tg_converse_is_thinking(writing)) {
        if (!is_one(field->value))
            tg_loss_add_field(writing->loss, field);
        return;
    }
    bool is_too_much = tg_number_exceeds_one(field->value);
    if (is_too_much)
        tg_loss_add(writing->loss, field->path, TG_LOSS_MEANING);
    tg_json_write_key(&writing->json, key);
    tg_json_write_raw(&writing->json, is_too_much ? tg_text_of("1") : field->value);
}

static void write_inference_config(struct tg_converse_writing *writing)
{
    const struct tg_model_request *request = writing->request;
    struct tg_json_writer *json = &writing->json;
    int64_t maximum =
        writing->target->max_output_tokens > 0 ? writing->target->max_output_tokens : request->max_output_tokens;
    bool is_open = false;
    tg_json_write_key(json, "inferenceConfig");
    tg_json_write_object_begin(json);
    if (maximum > 0) {
        tg_json_write_key(json, "maxTokens");
        tg_json_write_i64(json, maximum);
    }
    write_sampling(writing, TG_FIELD_TEMPERATURE, "temperature");
    write_sampling(writing, TG_FIELD_TOP_P, "topP");
    for (size_t i = 0; i < request->stop_count; ++i) {
        if (tg_json_string_is_empty(request->stops[i]))
            continue;
        if (!is_open) {
            tg_json_write_key(json, "stopSequences");
            tg_json_write_array_begin(json);
        }
        is_open = true;
        tg_json_write_written(json, request->stops[i]);
    }
    if (is_open)
        tg_json_write_array_end(json);
    tg_json_write_object_end(json);
}

/* ---- outputConfig ---- */

static void write_output_config(struct tg_converse_writing *writing)
{
    const struct tg_format *format = &writing->request->format;
    struct tg_json_writer *json = &writing->json;
    bool is_raw = format->kind == TG_FORMAT_OTHER && tg_converse_is_own(writing) && format->raw.bytes != 0;
    if (format->kind == TG_FORMAT_JSON || (format->kind == TG_FORMAT_OTHER && !is_raw))
        tg_converse_lose(writing, TG_ASPECT_FORMAT, TG_LOSS_MEANING); /* JSON needs a schema here */
    if (format->kind != TG_FORMAT_JSON_SCHEMA && !is_raw)
        return;
    tg_json_write_key(json, "outputConfig");
    tg_json_write_object_begin(json);
    tg_json_write_key(json, "textFormat");
    if (is_raw) {
        tg_json_write_raw(json, format->raw);
        tg_json_write_object_end(json);
        return;
    }
    tg_json_write_object_begin(json);
    tg_converse_write_member(json, "type", tg_json_string_literal("json_schema"));
    tg_json_write_key(json, "structure");
    tg_json_write_object_begin(json);
    tg_json_write_key(json, "jsonSchema");
    tg_json_write_object_begin(json);
    tg_json_write_key(json, "schema");
    tg_json_write_string(json, format->schema); /* a string with JSON in it */
    if (!tg_json_string_is_empty(format->name))
        tg_converse_write_member(json, "name", format->name);
    if (!tg_json_string_is_empty(format->description))
        tg_converse_write_member(json, "description", format->description);
    tg_json_write_object_end(json);
    tg_json_write_object_end(json);
    tg_json_write_object_end(json);
    tg_json_write_object_end(json);
}

/* ---- settings ---- */

static void write_service_tier(struct tg_converse_writing *writing, const struct tg_field *field)
{
    static const char *const tiers[] = {"\"default\"", "\"flex\"", "\"priority\"", "\"reserved\""};
    if (tg_text_is(field->value, "\"auto\""))
        return; /* the provider's choice, as without a word */
    for (size_t i = 0; i < sizeof(tiers) / sizeof(tiers[0]); ++i) {
        if (!tg_text_is(field->value, tiers[i]))
            continue;
        tg_json_write_key(&writing->json, "serviceTier");
        tg_json_write_object_begin(&writing->json);
        tg_json_write_key(&writing->json, "type");
        tg_json_write_raw(&writing->json, field->value);
        tg_json_write_object_end(&writing->json);
        return;
    }
    tg_loss_add_field(writing->loss, field);
}

/* [a-zA-Z0-9\s:_@$#=/+,-.]{0,256}, in keys and values; 16 pairs at most. */
static bool is_metadata_text(struct tg_text text)
{
    for (size_t i = 0; i < text.bytes; ++i) {
        char c = text.data[i];
        bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c != '\0' && strchr(" :_@$#=/+,-.", c) != NULL);
        if (!is_plain)
            return false;
    }
    return text.bytes <= 256;
}

static bool is_metadata(struct tg_text value)
{
    struct tg_json_scan scan;
    struct tg_json_token root, member;
    size_t count = 0;
    bool is_fit = true;
    tg_json_scan_init(&scan, value);
    if (tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN || root.kind != TG_JSON_OBJECT)
        return false;
    while (tg_json_scan_next_in(&scan, &root, &member)) {
        ++count;
        is_fit = is_fit && member.kind == TG_JSON_STRING && member.key.bytes != 0 && is_metadata_text(member.key) &&
                 is_metadata_text(member.value);
    }
    return is_fit && count > 0 && count <= 16 && tg_json_scan_finish(&scan, NULL) == TG_OK;
}

static bool is_top(struct tg_text path)
{
    return memchr(path.data, '.', path.bytes) == NULL;
}

static void write_field(struct tg_converse_writing *writing, const struct tg_field *field)
{
    bool is_own = tg_converse_is_own(writing);
    switch (field->id) {
    case TG_FIELD_TEMPERATURE: /* in inferenceConfig */
    case TG_FIELD_TOP_P:
    case TG_FIELD_TOP_K: /* in additionalModelRequestFields */
        return;
    case TG_FIELD_SERVICE_TIER:
        write_service_tier(writing, field);
        return;
    case TG_FIELD_METADATA:
        if (!is_metadata(field->value)) {
            tg_loss_add_field(writing->loss, field);
            return;
        }
        tg_json_write_key(&writing->json, "requestMetadata");
        tg_json_write_raw(&writing->json, field->value);
        return;
    default:
        break;
    }
    if (is_own && is_top(field->path)) {
        tg_json_write_key_text(&writing->json, tg_json_unescape(writing->arena, field->path));
        tg_json_write_raw(&writing->json, field->value);
    } else if (!is_own || !tg_text_starts_with(field->path, "additionalModelRequestFields.")) {
        tg_loss_add_field(writing->loss, field);
    }
}

bool tg_converse_write_request(struct tg_arena *arena, const struct tg_model_request *request,
                               const struct tg_request_target *target, struct tg_loss *loss, struct tg_buf *out,
                               struct tg_client_error *error)
{
    struct tg_text model = target->upstream_model.bytes != 0 ? target->upstream_model : request->model;
    struct tg_converse_writing writing = {
        .arena = arena,
        .request = request,
        .target = target,
        .loss = loss,
        .error = error,
        .model = model,
        .claude = tg_claude_of(model),
    };
    *error = (struct tg_client_error){.code = TG_ERROR_NONE};
    tg_json_write_init(&writing.json, out);
    tg_json_write_object_begin(&writing.json);
    tg_converse_write_system(&writing);
    tg_converse_write_turns(&writing);
    write_inference_config(&writing);
    tg_converse_write_tools(&writing);
    write_output_config(&writing);
    tg_converse_write_model_fields(&writing);
    for (const struct tg_field *field = request->fields; field != NULL; field = field->next)
        write_field(&writing, field);
    if (request->choices > 1)
        tg_converse_lose(&writing, TG_ASPECT_CHOICES, TG_LOSS_MEANING);
    tg_json_write_object_end(&writing.json);
    if (tg_json_write_finish(&writing.json) != TG_OK && error->code == TG_ERROR_NONE)
        *error = (struct tg_client_error){.code = TG_ERROR_BODY_TOO_LARGE,
                                          .words = {tg_arena_printf(arena, "%zu", out->max_bytes)}};
    return error->code == TG_ERROR_NONE;
}
