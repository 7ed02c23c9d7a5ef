#include "controlplane/catalog/catalog.h"

static const struct tg_field fields[] = {
    {.name = "model_id",
     .column = "model_id",
     .kind = TG_FIELD_ID,
     .flags = TG_FIELD_REQUIRED | TG_FIELD_IMMUTABLE | TG_FIELD_FILTER,
     .target = &tg_model_type},
    {.name = "provider_id",
     .column = "provider_id",
     .kind = TG_FIELD_ID,
     .flags = TG_FIELD_REQUIRED | TG_FIELD_FILTER,
     .target = &tg_provider_type},
    {.name = "credential_id",
     .column = "credential_id",
     .kind = TG_FIELD_ID,
     .flags = TG_FIELD_NULLABLE | TG_FIELD_FILTER,
     .target = &tg_credential_type},
    {.name = "name", .column = "name", .kind = TG_FIELD_NAME, .flags = TG_FIELD_REQUIRED | TG_FIELD_FILTER},
    {.name = "upstream_model",
     .column = "upstream_model",
     .kind = TG_FIELD_TEXT,
     .flags = TG_FIELD_REQUIRED | TG_FIELD_VISIBLE_ASCII,
     .min = 1,
     .max = 256},
    {.name = "weight", .column = "weight", .kind = TG_FIELD_INTEGER, .min = 1, .max = 1000000, .default_number = 1},
    {.name = "priority", .column = "priority", .kind = TG_FIELD_INTEGER, .min = 0, .max = 1000},
    {.name = "is_enabled", .column = "is_enabled", .kind = TG_FIELD_BOOLEAN, .default_number = true},
};

/* The credential must be one of the provider, also when only the provider changes. */
static enum tg_status prepare(struct tg_operation *operation, const struct tg_record *before, struct tg_record *after,
                              struct tg_refusal *refusal, struct tg_error *error)
{
    const struct tg_value *provider = tg_record_get(after, "provider_id");
    const struct tg_value *credential = tg_record_get(after, "credential_id");
    if (credential->is_null || tg_id_is_zero(credential->id) || tg_id_is_zero(provider->id))
        return TG_OK;
    struct tg_db_value params[] = {tg_db_id(credential->id), tg_db_id(provider->id)};
    TG_DB_RESULT tg_db_result *matching = NULL;
    enum tg_status status =
        tg_db_query(operation->db, "SELECT FROM credentials WHERE id = $1 AND provider_id = $2 AND deleted_at IS NULL",
                    params, 2, &matching, error);
    if (status == TG_OK && tg_db_rows(matching) == 0)
        tg_refuse_field(refusal, tg_text_of("credential_id"), "is no credential of that provider");
    return status;
}

static enum tg_status pack(const struct tg_operation *operation, const struct tg_record *record,
                           struct tg_packed *packed, struct tg_error *error)
{
    Tollgate__V1__Deployment deployment = TOLLGATE__V1__DEPLOYMENT__INIT;
    deployment.id = tg_wire_id_field(&record->id);
    deployment.organization_id = tg_wire_id_field(&record->organization_id);
    deployment.model_id = tg_wire_id_field(&tg_record_get(record, "model_id")->id);
    deployment.provider_id = tg_wire_id_field(&tg_record_get(record, "provider_id")->id);
    deployment.credential_id = tg_wire_id_field(&tg_record_get(record, "credential_id")->id);
    deployment.upstream_model = tg_record_string(operation, record, "upstream_model");
    deployment.weight = tg_record_get(record, "weight")->number;
    deployment.priority = tg_record_get(record, "priority")->number;
    deployment.is_enabled = tg_record_get(record, "is_enabled")->number != 0;
    Tollgate__V1__Resource resource = TOLLGATE__V1__RESOURCE__INIT;
    resource.kind_case = TOLLGATE__V1__RESOURCE__KIND_DEPLOYMENT;
    resource.deployment = &deployment;
    return tg_snapshot_pack(&resource, packed, error);
}

const struct tg_resource_type tg_deployment_type = {
    .name = "deployment",
    .plural = "deployments",
    .noun = "deployment",
    .article_noun = "a deployment",
    .table = "deployments",
    .wire_type = TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_DEPLOYMENT,
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .prepare = prepare,
    .cascade_type = &tg_price_type,
    .cascade_field = "deployment_id",
    .pack = pack,
};
