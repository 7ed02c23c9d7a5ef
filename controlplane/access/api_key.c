#include "common/crypto/digest.h"
#include "common/crypto/random.h"
#include "controlplane/access/access.h"
#include "controlplane/tenancy/tenancy.h"

#define KEY_PREFIX "tg-"
enum { SHOWN_PREFIX_BYTES = 8, SHOWN_LAST_BYTES = 4 };

static const struct tg_field fields[] = {
    {.name = "application_id",
     .column = "application_id",
     .kind = TG_FIELD_ID,
     .flags = TG_FIELD_REQUIRED | TG_FIELD_IMMUTABLE | TG_FIELD_FILTER,
     .target = &tg_application_type},
    {.name = "access_profile_id",
     .column = "access_profile_id",
     .kind = TG_FIELD_ID,
     .flags = TG_FIELD_REQUIRED | TG_FIELD_FILTER,
     .target = &tg_access_profile_type},
    {.name = "name", .column = "name", .kind = TG_FIELD_NAME, .flags = TG_FIELD_REQUIRED | TG_FIELD_FILTER},
    {.name = "sha256",
     .column = "sha256",
     .kind = TG_FIELD_HEX,
     .flags = TG_FIELD_IMMUTABLE | TG_FIELD_HIDDEN,
     .max = TG_SHA256_BYTES},
    {.name = "key", .kind = TG_FIELD_TEXT, .flags = TG_FIELD_COMPUTED | TG_FIELD_ONCE},
    {.name = "prefix", .column = "prefix", .kind = TG_FIELD_TEXT, .flags = TG_FIELD_COMPUTED},
    {.name = "last_four", .column = "last_four", .kind = TG_FIELD_TEXT, .flags = TG_FIELD_COMPUTED},
    {.name = "expires_at", .column = "expires_at", .kind = TG_FIELD_TIME, .flags = TG_FIELD_NULLABLE},
    {.name = "revoked_at",
     .column = "revoked_at",
     .kind = TG_FIELD_TIME,
     .flags = TG_FIELD_COMPUTED | TG_FIELD_NULLABLE},
};

static const struct tg_dependent dependents[] = {
    {"budgets", "SELECT name::text FROM budgets WHERE scope = 'api_key' AND scope_id = $1 AND deleted_at IS NULL"
                " ORDER BY id LIMIT 4"},
    {NULL, NULL},
};

static void make_key(struct tg_operation *operation, struct tg_record *record)
{
    size_t bytes = strlen(KEY_PREFIX) + TG_RANDOM_TOKEN_CHARS;
    char *key = tg_arena_alloc(operation->arena, bytes + 1);
    tg_random_token(KEY_PREFIX, key, bytes + 1);
    uint8_t *sha256 = tg_arena_alloc(operation->arena, TG_SHA256_BYTES);
    tg_sha256(key, bytes, sha256);
    tg_value_set_text(tg_record_value(record, "key"), tg_text(key, bytes));
    tg_value_set_text(tg_record_value(record, "sha256"), tg_text((const char *)sha256, TG_SHA256_BYTES));
    tg_value_set_text(tg_record_value(record, "prefix"), tg_text(key, SHOWN_PREFIX_BYTES));
    tg_value_set_text(tg_record_value(record, "last_four"), tg_text(key + bytes - SHOWN_LAST_BYTES, SHOWN_LAST_BYTES));
}

static enum tg_status prepare(struct tg_operation *operation, const struct tg_record *before, struct tg_record *after,
                              struct tg_refusal *refusal, struct tg_error *error)
{
    if (before == NULL && !tg_record_get(after, "sha256")->is_given)
        make_key(operation, after);
    return TG_OK;
}

static enum tg_status pack(const struct tg_operation *operation, const struct tg_record *record,
                           struct tg_packed *packed, struct tg_error *error)
{
    struct tg_text sha256 = tg_record_get(record, "sha256")->text;
    const struct tg_value *expires_at = tg_record_get(record, "expires_at");
    Tollgate__V1__ApiKey key = TOLLGATE__V1__API_KEY__INIT;
    key.id = tg_wire_id_field(&record->id);
    key.organization_id = tg_wire_id_field(&record->organization_id);
    key.application_id = tg_wire_id_field(&tg_record_get(record, "application_id")->id);
    key.access_profile_id = tg_wire_id_field(&tg_record_get(record, "access_profile_id")->id);
    key.sha256 = tg_wire_bytes(sha256.data, sha256.bytes);
    key.expires_at_ms = expires_at->is_null ? 0 : expires_at->number;
    key.is_revoked = !tg_record_get(record, "revoked_at")->is_null;
    Tollgate__V1__Resource resource = TOLLGATE__V1__RESOURCE__INIT;
    resource.kind_case = TOLLGATE__V1__RESOURCE__KIND_API_KEY;
    resource.api_key = &key;
    return tg_snapshot_pack(&resource, packed, error);
}

const struct tg_resource_type tg_api_key_type = {
    .name = "api_key",
    .plural = "api-keys",
    .noun = "API key",
    .article_noun = "an API key",
    .table = "api_keys",
    .wire_type = TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_API_KEY,
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .dependents = dependents,
    .prepare = prepare,
    .pack = pack,
};

static bool set_revoked(struct tg_operation *operation, struct tg_record *after)
{
    struct tg_value *revoked_at = tg_record_value(after, "revoked_at");
    if (!revoked_at->is_null)
        return false;
    tg_value_set_number(revoked_at, operation->now_ms);
    return true;
}

void tg_api_key_revoke(struct tg_operation *operation, struct tg_id id, const struct tg_text *if_match,
                       struct tg_record *record, struct tg_refusal *refusal)
{
    tg_resource_change(operation, &tg_api_key_type, id, if_match, set_revoked, record, refusal);
}
