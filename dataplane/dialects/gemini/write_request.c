#include "dataplane/dialects/canonical/aspect.h"
#include "dataplane/dialects/gemini/gemini_internal.h"

void gemini_lose(struct gemini_writing *writing, struct tg_text path, enum tg_loss_weight weight)
{
    tg_loss_add(writing->loss, path, weight);
}

/* Beside generationConfig, by the same name. */
static void write_field(struct gemini_writing *writing, const struct tg_field *field, const char *key)
{
    tg_json_write_key(&writing->json, key);
    tg_json_write_raw(&writing->json, field->value);
}

/* OpenAI's "default" and Anthropic's "standard_only" are Google's "standard"; "auto" is what is not said. */
static void write_service_tier(struct gemini_writing *writing, const struct tg_field *field)
{
    struct tg_text tier = writing->request->service_tier;
    if (tg_text_is(tier, "auto") || tier.bytes == 0)
        return;
    bool is_standard = tg_text_is(tier, "default") || tg_text_is(tier, "standard") || tg_text_is(tier, "standard_only");
    if (!is_standard && !tg_text_is(tier, "flex") && !tg_text_is(tier, "priority")) {
        tg_loss_add_field(writing->loss, field);
        return;
    }
    tg_json_write_key(&writing->json, "serviceTier");
    tg_json_write_string(&writing->json, is_standard ? tg_text_of("standard") : tier);
}

/* What is not in generationConfig, which write_config.c sees to. */
static void write_fields(struct gemini_writing *writing)
{
    bool is_own = writing->request->dialect == TG_DIALECT_GEMINI;
    for (const struct tg_field *field = writing->request->fields; field != NULL; field = field->next) {
        bool is_nested = memchr(field->path.data, '.', field->path.bytes) != NULL;
        switch (field->id) {
        case TG_FIELD_SERVICE_TIER:
            write_service_tier(writing, field);
            break;
        case TG_FIELD_SAFETY_SETTINGS:
            write_field(writing, field, "safetySettings");
            break;
        case TG_FIELD_CACHED_CONTENT:
            write_field(writing, field, "cachedContent");
            break;
        case TG_FIELD_METADATA:
        case TG_FIELD_STORE:
        case TG_FIELD_GUARDRAIL:
        case TG_FIELD_OTHER:
            if (!is_own || (field->id == TG_FIELD_OTHER && is_nested)) {
                tg_loss_add_field(writing->loss, field);
                break;
            }
            tg_json_write_key_text(&writing->json, field->path);
            tg_json_write_raw(&writing->json, field->value);
            break;
        default: /* write_config.c */
            break;
        }
    }
}

bool gemini_write_request(struct tg_arena *arena, const struct tg_model_request *request,
                          const struct tg_request_target *target, struct tg_loss *loss, struct tg_buf *out,
                          struct tg_client_error *error)
{
    struct gemini_writing writing = {.arena = arena, .request = request, .target = target, .loss = loss};
    struct tg_text model = target->upstream_model.bytes != 0 ? target->upstream_model : request->model;
    *error = (struct tg_client_error){.code = TG_ERROR_NONE};
    writing.error = error;
    writing.model = gemini_model_of(model);
    tg_json_write_init(&writing.json, out);
    tg_json_write_object_begin(&writing.json);
    gemini_write_contents(&writing);
    gemini_write_tools(&writing);
    gemini_write_config(&writing);
    write_fields(&writing);
    tg_json_write_object_end(&writing.json);
    if (tg_json_write_finish(&writing.json) != TG_OK && error->code == TG_ERROR_NONE)
        *error = (struct tg_client_error){.code = TG_ERROR_BODY_TOO_LARGE};
    return error->code == TG_ERROR_NONE;
}
