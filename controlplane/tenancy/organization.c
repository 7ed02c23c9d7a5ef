#include "controlplane/tenancy/tenancy.h"

static const struct tg_field fields[] = {
    {.name = "name", .column = "name", .kind = TG_FIELD_NAME, .flags = TG_FIELD_REQUIRED | TG_FIELD_FILTER},
    {.name = "display_name", .column = "display_name", .kind = TG_FIELD_TEXT, .max = 200},
    {.name = "timezone", .column = "timezone", .kind = TG_FIELD_TEXT, .min = 1, .max = 64, .default_text = "UTC"},
};

static const struct tg_dependent dependents[] = {
    {"teams", "SELECT name::text FROM teams WHERE organization_id = $1 AND deleted_at IS NULL ORDER BY id LIMIT 4"},
    {"models", "SELECT name::text FROM models WHERE organization_id = $1 AND deleted_at IS NULL ORDER BY id LIMIT 4"},
    {"providers",
     "SELECT name::text FROM providers WHERE organization_id = $1 AND deleted_at IS NULL ORDER BY id LIMIT 4"},
    {"access profiles",
     "SELECT name::text FROM access_profiles WHERE organization_id = $1 AND deleted_at IS NULL ORDER BY id LIMIT 4"},
    {"budgets", "SELECT name::text FROM budgets WHERE organization_id = $1 AND deleted_at IS NULL ORDER BY id LIMIT 4"},
    {NULL, NULL},
};

/* Postgres computes the windows, so it decides what a time zone is. */
static enum tg_status prepare(struct tg_operation *operation, const struct tg_record *before, struct tg_record *after,
                              struct tg_refusal *refusal, struct tg_error *error)
{
    const struct tg_value *timezone = tg_record_get(after, "timezone");
    if (!timezone->is_given)
        return TG_OK;
    struct tg_db_value params[] = {tg_db_text(timezone->text)};
    TG_DB_RESULT tg_db_result *known = NULL;
    enum tg_status status = tg_db_query(operation->db, "SELECT FROM pg_catalog.pg_timezone_names WHERE name = $1",
                                        params, 1, &known, error);
    if (status == TG_OK && tg_db_rows(known) == 0)
        tg_refuse_field(refusal, tg_text_of("timezone"), "is no IANA time zone such as Europe/Berlin");
    return status;
}

static enum tg_status pack(const struct tg_operation *operation, const struct tg_record *record,
                           struct tg_packed *packed, struct tg_error *error)
{
    Tollgate__V1__Organization organization = TOLLGATE__V1__ORGANIZATION__INIT;
    organization.id = tg_wire_id_field(&record->id);
    organization.name = tg_record_string(operation, record, "name");
    Tollgate__V1__Resource resource = TOLLGATE__V1__RESOURCE__INIT;
    resource.kind_case = TOLLGATE__V1__RESOURCE__KIND_ORGANIZATION;
    resource.organization = &organization;
    return tg_snapshot_pack(&resource, packed, error);
}

const struct tg_resource_type tg_organization_type = {
    .name = "organization",
    .plural = "organizations",
    .noun = "organization",
    .article_noun = "an organization",
    .table = "organizations",
    .wire_type = TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_ORGANIZATION,
    .is_organization = true,
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .dependents = dependents,
    .prepare = prepare,
    .pack = pack,
};
