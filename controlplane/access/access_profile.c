#include "controlplane/access/access.h"
#include "controlplane/catalog/catalog.h"

enum { MAX_MODELS = 1000 };

static const struct tg_field fields[] = {
    {.name = "name", .column = "name", .kind = TG_FIELD_NAME, .flags = TG_FIELD_REQUIRED | TG_FIELD_FILTER},
    {.name = "display_name", .column = "display_name", .kind = TG_FIELD_TEXT, .max = 200},
    {.name = "allows_all_models", .column = "allows_all_models", .kind = TG_FIELD_BOOLEAN},
    {.name = "model_ids", .kind = TG_FIELD_IDS, .max = MAX_MODELS, .target = &tg_model_type},
};

static const struct tg_dependent dependents[] = {
    {"API keys",
     "SELECT name::text FROM api_keys WHERE access_profile_id = $1 AND deleted_at IS NULL ORDER BY id LIMIT 4"},
    {NULL, NULL},
};

static enum tg_status enrich(struct tg_operation *operation, struct tg_record *records, size_t count,
                             struct tg_error *error)
{
    struct tg_id *profiles = tg_arena_alloc(operation->arena, count * sizeof(*profiles));
    for (size_t i = 0; i < count; ++i)
        profiles[i] = records[i].id;
    struct tg_db_value params[] = {tg_db_ids(profiles, count)};
    TG_DB_RESULT tg_db_result *rows = NULL;
    /* In the order of the records: both are sorted by the profile. */
    enum tg_status status = tg_db_query(operation->db,
                                        "SELECT access_profile_id, model_id FROM access_profile_models"
                                        " WHERE access_profile_id = ANY ($1::uuid[]) ORDER BY 1, 2",
                                        params, 1, &rows, error);
    if (status != TG_OK)
        return status;
    struct tg_id *models = tg_arena_alloc(operation->arena, (tg_db_rows(rows) + 1) * sizeof(*models));
    size_t row = 0;
    for (size_t i = 0; i < count; ++i) {
        struct tg_value *value = tg_record_value(&records[i], "model_ids");
        *value = (struct tg_value){.ids = &models[row]};
        for (; row < tg_db_rows(rows) && tg_id_equals(tg_db_get_id(rows, row, 0), records[i].id); ++row) {
            models[row] = tg_db_get_id(rows, row, 1);
            ++value->id_count;
        }
    }
    return TG_OK;
}

static enum tg_status store(struct tg_operation *operation, const struct tg_record *before,
                            const struct tg_record *after, struct tg_error *error)
{
    const struct tg_value *models = tg_record_get(after, "model_ids");
    if (!models->is_given)
        return TG_OK;
    struct tg_db_value params[] = {tg_db_id(after->organization_id), tg_db_id(after->id),
                                   tg_db_ids(models->ids, models->id_count)};
    enum tg_status status = tg_db_query(
        operation->db, "DELETE FROM access_profile_models WHERE organization_id = $1 AND access_profile_id = $2",
        params, 2, NULL, error);
    if (status != TG_OK)
        return status;
    return tg_db_query(operation->db,
                       "INSERT INTO access_profile_models (organization_id, access_profile_id, model_id)"
                       " SELECT $1, $2, unnest($3::uuid[])",
                       params, 3, NULL, error);
}

static enum tg_status pack(const struct tg_operation *operation, const struct tg_record *record,
                           struct tg_packed *packed, struct tg_error *error)
{
    const struct tg_value *models = tg_record_get(record, "model_ids");
    ProtobufCBinaryData *model_ids = tg_arena_alloc(operation->arena, (models->id_count + 1) * sizeof(*model_ids));
    for (size_t i = 0; i < models->id_count; ++i)
        model_ids[i] = tg_wire_id_field(&models->ids[i]);
    Tollgate__V1__AccessProfile profile = TOLLGATE__V1__ACCESS_PROFILE__INIT;
    profile.id = tg_wire_id_field(&record->id);
    profile.organization_id = tg_wire_id_field(&record->organization_id);
    profile.name = tg_record_string(operation, record, "name");
    profile.allows_all_models = tg_record_get(record, "allows_all_models")->number != 0;
    profile.n_model_ids = models->id_count;
    profile.model_ids = model_ids;
    Tollgate__V1__Resource resource = TOLLGATE__V1__RESOURCE__INIT;
    resource.kind_case = TOLLGATE__V1__RESOURCE__KIND_ACCESS_PROFILE;
    resource.access_profile = &profile;
    return tg_snapshot_pack(&resource, packed, error);
}

const struct tg_resource_type tg_access_profile_type = {
    .name = "access_profile",
    .plural = "access-profiles",
    .noun = "access profile",
    .article_noun = "an access profile",
    .table = "access_profiles",
    .wire_type = TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_ACCESS_PROFILE,
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .dependents = dependents,
    .enrich = enrich,
    .store = store,
    .pack = pack,
};
