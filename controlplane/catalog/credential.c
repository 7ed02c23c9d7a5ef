#include "controlplane/catalog/catalog.h"

#include "common/crypto/digest.h"
#include "controlplane/snapshot/credential.h"

/* The secret itself is in memory only while it is sealed or packed; the record carries it sealed. */
enum { MAX_SECRET_BYTES = 8192, MIN_BYTES_TO_SHOW_FOUR = 12 };

static const struct tg_field fields[] = {
    {.name = "provider_id",
     .column = "provider_id",
     .kind = TG_FIELD_ID,
     .flags = TG_FIELD_REQUIRED | TG_FIELD_IMMUTABLE | TG_FIELD_FILTER,
     .target = &tg_provider_type},
    {.name = "name", .column = "name", .kind = TG_FIELD_NAME, .flags = TG_FIELD_REQUIRED | TG_FIELD_FILTER},
    {.name = "secret",
     .kind = TG_FIELD_TEXT,
     .flags = TG_FIELD_REQUIRED | TG_FIELD_HIDDEN | TG_FIELD_VISIBLE_ASCII,
     .min = 1,
     .max = MAX_SECRET_BYTES},
    {.name = "sealed_secret",
     .column = "sealed_secret",
     .kind = TG_FIELD_BYTES,
     .flags = TG_FIELD_COMPUTED | TG_FIELD_HIDDEN},
    {.name = "last_four", .column = "last_four", .kind = TG_FIELD_TEXT, .flags = TG_FIELD_COMPUTED},
};

static const struct tg_dependent dependents[] = {
    {"deployments",
     "SELECT name::text FROM deployments WHERE credential_id = $1 AND deleted_at IS NULL ORDER BY id LIMIT 4"},
    {NULL, NULL},
};

static enum tg_status prepare(struct tg_operation *operation, const struct tg_record *before, struct tg_record *after,
                              struct tg_refusal *refusal, struct tg_error *error)
{
    struct tg_value *secret = tg_record_value(after, "secret");
    if (!secret->is_given)
        return TG_OK;
    struct tg_buf sealed;
    tg_buf_init(&sealed, MAX_SECRET_BYTES + TG_SEAL_OVERHEAD_BYTES);
    enum tg_status status =
        tg_snapshot_seal_secret(operation->ring, after->organization_id, after->id, secret->text, &sealed);
    if (status == TG_OK)
        tg_value_set_text(tg_record_value(after, "sealed_secret"),
                          tg_arena_copy(operation->arena, tg_buf_text(&sealed)));
    else
        tg_fail(error, status, "cannot seal a credential");
    tg_buf_deinit(&sealed);
    size_t shown = secret->text.bytes < MIN_BYTES_TO_SHOW_FOUR ? 0 : 4;
    tg_value_set_text(tg_record_value(after, "last_four"),
                      tg_arena_copy(operation->arena, tg_text(secret->text.data + secret->text.bytes - shown, shown)));
    tg_secret_wipe((char *)secret->text.data, secret->text.bytes); /* the arena's copy */
    *secret = (struct tg_value){0};
    return status;
}

/* Stored sealed, but hashed as a replica receives it. */
static enum tg_status hash_revealed(const struct tg_operation *operation, const struct tg_record *record,
                                    struct tg_packed *packed, struct tg_error *error)
{
    struct tg_buf revealed;
    tg_buf_init(&revealed, TG_SNAPSHOT_MAX_PAYLOAD_BYTES);
    enum tg_status status = tg_snapshot_reveal(operation->ring, record->organization_id,
                                               TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_CREDENTIAL,
                                               tg_buf_text(&packed->payload), &revealed, error);
    if (status == TG_OK)
        tg_sha256(revealed.data, revealed.bytes, packed->sha256);
    tg_secret_wipe(revealed.data, revealed.bytes);
    tg_buf_deinit(&revealed);
    return status;
}

static enum tg_status pack(const struct tg_operation *operation, const struct tg_record *record,
                           struct tg_packed *packed, struct tg_error *error)
{
    struct tg_text sealed = tg_record_get(record, "sealed_secret")->text;
    char *hex = tg_arena_alloc(operation->arena, 2 * sealed.bytes + 1);
    tg_hex_encode(sealed.data, sealed.bytes, hex);
    Tollgate__V1__Credential credential = TOLLGATE__V1__CREDENTIAL__INIT;
    credential.id = tg_wire_id_field(&record->id);
    credential.organization_id = tg_wire_id_field(&record->organization_id);
    credential.provider_id = tg_wire_id_field(&tg_record_get(record, "provider_id")->id);
    credential.secret = hex;
    Tollgate__V1__Resource resource = TOLLGATE__V1__RESOURCE__INIT;
    resource.kind_case = TOLLGATE__V1__RESOURCE__KIND_CREDENTIAL;
    resource.credential = &credential;
    enum tg_status status = tg_snapshot_pack(&resource, packed, error);
    return status != TG_OK ? status : hash_revealed(operation, record, packed, error);
}

const struct tg_resource_type tg_credential_type = {
    .name = "credential",
    .plural = "credentials",
    .noun = "credential",
    .article_noun = "a credential",
    .table = "credentials",
    .wire_type = TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_CREDENTIAL,
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .dependents = dependents,
    .prepare = prepare,
    .pack = pack,
};
