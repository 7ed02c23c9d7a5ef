#include "controlplane/tenancy/tenancy.h"

static const struct tg_field fields[] = {
    {.name = "name", .column = "name", .kind = TG_FIELD_NAME, .flags = TG_FIELD_REQUIRED | TG_FIELD_FILTER},
    {.name = "display_name", .column = "display_name", .kind = TG_FIELD_TEXT, .max = 200},
};

static const struct tg_dependent dependents[] = {
    {"projects", "SELECT name::text FROM projects WHERE team_id = $1 AND deleted_at IS NULL ORDER BY id LIMIT 4"},
    {"budgets", "SELECT name::text FROM budgets WHERE scope = 'team' AND scope_id = $1 AND deleted_at IS NULL"
                " ORDER BY id LIMIT 4"},
    {NULL, NULL},
};

static enum tg_status pack(const struct tg_operation *operation, const struct tg_record *record,
                           struct tg_packed *packed, struct tg_error *error)
{
    Tollgate__V1__Team team = TOLLGATE__V1__TEAM__INIT;
    team.id = tg_wire_id_field(&record->id);
    team.organization_id = tg_wire_id_field(&record->organization_id);
    team.name = tg_record_string(operation, record, "name");
    Tollgate__V1__Resource resource = TOLLGATE__V1__RESOURCE__INIT;
    resource.kind_case = TOLLGATE__V1__RESOURCE__KIND_TEAM;
    resource.team = &team;
    return tg_snapshot_pack(&resource, packed, error);
}

const struct tg_resource_type tg_team_type = {
    .name = "team",
    .plural = "teams",
    .noun = "team",
    .article_noun = "a team",
    .table = "teams",
    .wire_type = TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_TEAM,
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .dependents = dependents,
    .pack = pack,
};
