#include "controlplane/catalog/catalog.h"

static const char *const kinds[] = {"chat",  "completion", "embedding",     "moderation", "rerank",
                                    "image", "speech",     "transcription", "native",     NULL};
static const char *const policies[] = {"refuse_meaning", "refuse_all", "drop", NULL};

enum { MAX_TOKENS = 100000000 };

static const struct tg_field fields[] = {
    {.name = "name", .column = "name", .kind = TG_FIELD_NAME, .flags = TG_FIELD_REQUIRED | TG_FIELD_FILTER},
    {.name = "kind",
     .column = "kind",
     .kind = TG_FIELD_CHOICE,
     .flags = TG_FIELD_IMMUTABLE,
     .choices = kinds,
     .default_text = "chat"},
    {.name = "max_input_tokens",
     .column = "max_input_tokens",
     .kind = TG_FIELD_INTEGER,
     .flags = TG_FIELD_REQUIRED,
     .min = 1,
     .max = MAX_TOKENS},
    {.name = "max_output_tokens", .column = "max_output_tokens", .kind = TG_FIELD_INTEGER, .min = 0, .max = MAX_TOKENS},
    {.name = "translation_policy",
     .column = "translation_policy",
     .kind = TG_FIELD_CHOICE,
     .choices = policies,
     .default_text = "refuse_meaning"},
    {.name = "is_enabled", .column = "is_enabled", .kind = TG_FIELD_BOOLEAN, .default_number = true},
};

static const struct tg_dependent dependents[] = {
    {"deployments",
     "SELECT name::text FROM deployments WHERE model_id = $1 AND deleted_at IS NULL ORDER BY id LIMIT 4"},
    {"budgets", "SELECT name::text FROM budgets WHERE model_id = $1 AND deleted_at IS NULL ORDER BY id LIMIT 4"},
    {"access profiles", "SELECT p.name::text FROM access_profile_models m JOIN access_profiles p"
                        " ON p.id = m.access_profile_id WHERE m.model_id = $1 AND p.deleted_at IS NULL"
                        " ORDER BY p.id LIMIT 4"},
    {NULL, NULL},
};

static enum tg_status prepare(struct tg_operation *operation, const struct tg_record *before, struct tg_record *after,
                              struct tg_refusal *refusal, struct tg_error *error)
{
    struct tg_text kind = tg_record_get(after, "kind")->text;
    int64_t max_output_tokens = tg_record_get(after, "max_output_tokens")->number;
    bool writes = tg_text_is(kind, "chat") || tg_text_is(kind, "completion");
    bool is_silent = tg_text_is(kind, "embedding") || tg_text_is(kind, "moderation") || tg_text_is(kind, "rerank") ||
                     tg_text_is(kind, "native");
    if (writes && max_output_tokens == 0)
        tg_refuse_field(refusal, tg_text_of("max_output_tokens"), "must be at least 1 for a %.*s model",
                        TG_TEXT_ARG(kind));
    if (is_silent && max_output_tokens != 0)
        tg_refuse_field(refusal, tg_text_of("max_output_tokens"), "must be 0 for models of this kind");
    return TG_OK;
}

static enum tg_status pack(const struct tg_operation *operation, const struct tg_record *record,
                           struct tg_packed *packed, struct tg_error *error)
{
    Tollgate__V1__Model model = TOLLGATE__V1__MODEL__INIT;
    model.id = tg_wire_id_field(&record->id);
    model.organization_id = tg_wire_id_field(&record->organization_id);
    model.name = tg_record_string(operation, record, "name");
    model.kind = tg_record_string(operation, record, "kind");
    model.max_input_tokens = tg_record_get(record, "max_input_tokens")->number;
    model.max_output_tokens = tg_record_get(record, "max_output_tokens")->number;
    struct tg_text policy = tg_record_get(record, "translation_policy")->text;
    model.translation_policy = TOLLGATE__V1__TRANSLATION_POLICY__TRANSLATION_POLICY_REFUSE_MEANING;
    if (tg_text_is(policy, "refuse_all"))
        model.translation_policy = TOLLGATE__V1__TRANSLATION_POLICY__TRANSLATION_POLICY_REFUSE_ALL;
    else if (tg_text_is(policy, "drop"))
        model.translation_policy = TOLLGATE__V1__TRANSLATION_POLICY__TRANSLATION_POLICY_DROP;
    model.is_enabled = tg_record_get(record, "is_enabled")->number != 0;
    model.created_at_ms = record->created_at_ms;
    Tollgate__V1__Resource resource = TOLLGATE__V1__RESOURCE__INIT;
    resource.kind_case = TOLLGATE__V1__RESOURCE__KIND_MODEL;
    resource.model = &model;
    return tg_snapshot_pack(&resource, packed, error);
}

const struct tg_resource_type tg_model_type = {
    .name = "model",
    .plural = "models",
    .noun = "model",
    .article_noun = "a model",
    .table = "models",
    .wire_type = TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_MODEL,
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .dependents = dependents,
    .prepare = prepare,
    .pack = pack,
};
