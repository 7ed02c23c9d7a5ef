#include "controlplane/tenancy/tenancy.h"

static const struct tg_field fields[] = {
    {.name = "project_id",
     .column = "project_id",
     .kind = TG_FIELD_ID,
     .flags = TG_FIELD_REQUIRED | TG_FIELD_IMMUTABLE | TG_FIELD_FILTER,
     .target = &tg_project_type},
    {.name = "name", .column = "name", .kind = TG_FIELD_NAME, .flags = TG_FIELD_REQUIRED | TG_FIELD_FILTER},
    {.name = "display_name", .column = "display_name", .kind = TG_FIELD_TEXT, .max = 200},
};

static const struct tg_dependent dependents[] = {
    {"API keys",
     "SELECT name::text FROM api_keys WHERE application_id = $1 AND deleted_at IS NULL ORDER BY id LIMIT 4"},
    {"budgets", "SELECT name::text FROM budgets WHERE scope = 'application' AND scope_id = $1 AND deleted_at IS NULL"
                " ORDER BY id LIMIT 4"},
    {NULL, NULL},
};

static enum tg_status pack(const struct tg_operation *operation, const struct tg_record *record,
                           struct tg_packed *packed, struct tg_error *error)
{
    Tollgate__V1__Application application = TOLLGATE__V1__APPLICATION__INIT;
    application.id = tg_wire_id_field(&record->id);
    application.organization_id = tg_wire_id_field(&record->organization_id);
    application.project_id = tg_wire_id_field(&tg_record_get(record, "project_id")->id);
    application.name = tg_record_string(operation, record, "name");
    Tollgate__V1__Resource resource = TOLLGATE__V1__RESOURCE__INIT;
    resource.kind_case = TOLLGATE__V1__RESOURCE__KIND_APPLICATION;
    resource.application = &application;
    return tg_snapshot_pack(&resource, packed, error);
}

const struct tg_resource_type tg_application_type = {
    .name = "application",
    .plural = "applications",
    .noun = "application",
    .article_noun = "an application",
    .table = "applications",
    .wire_type = TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_APPLICATION,
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .dependents = dependents,
    .pack = pack,
};
