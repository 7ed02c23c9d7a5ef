#include "controlplane/catalog/catalog.h"

#include "common/crypto/digest.h"
#include "controlplane/catalog/client_certificate.h"
#include "controlplane/catalog/credential_kind.h"
#include "controlplane/snapshot/credential.h"

/* Secrets themselves are in memory only while they are sealed or packed; the record carries them sealed. */
enum {
    MAX_SECRET_BYTES = 8192,
    MIN_BYTES_TO_SHOW_FOUR = 12,
    MAX_CERTIFICATES_BYTES = 65536,
    MIN_SESSION_S = 900, /* https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
    MAX_SESSION_S = 43200,
    DEFAULT_SESSION_S = 3600,
};

#define KIND_TEXT(member, max_bytes)                                                                                   \
    {                                                                                                                  \
        .name = member, .column = member, .kind = TG_FIELD_TEXT, .flags = TG_FIELD_VISIBLE_ASCII, .max = max_bytes     \
    }
#define WRITE_ONLY(member, more_flags)                                                                                 \
    {                                                                                                                  \
        .name = member, .kind = TG_FIELD_TEXT, .flags = TG_FIELD_HIDDEN | (more_flags), .min = 1,                      \
        .max = MAX_SECRET_BYTES                                                                                        \
    }
#define SEALED(member, more_flags)                                                                                     \
    {                                                                                                                  \
        .name = member, .column = member, .kind = TG_FIELD_BYTES,                                                      \
        .flags = TG_FIELD_COMPUTED | TG_FIELD_HIDDEN | (more_flags)                                                    \
    }

static const struct tg_field fields[] = {
    {.name = "provider_id",
     .column = "provider_id",
     .kind = TG_FIELD_ID,
     .flags = TG_FIELD_REQUIRED | TG_FIELD_IMMUTABLE | TG_FIELD_FILTER,
     .target = &tg_provider_type},
    {.name = "name", .column = "name", .kind = TG_FIELD_NAME, .flags = TG_FIELD_REQUIRED | TG_FIELD_FILTER},
    {.name = "kind",
     .column = "kind",
     .kind = TG_FIELD_CHOICE,
     .flags = TG_FIELD_IMMUTABLE,
     .choices = tg_credential_kinds,
     .default_text = "api_key"},
    WRITE_ONLY("secret", TG_FIELD_VISIBLE_ASCII),
    WRITE_ONLY("service_account_key", 0),
    SEALED("sealed_secret", 0),
    {.name = "last_four", .column = "last_four", .kind = TG_FIELD_TEXT, .flags = TG_FIELD_COMPUTED},
    KIND_TEXT("access_key_id", 128),
    WRITE_ONLY("session_token", TG_FIELD_VISIBLE_ASCII),
    SEALED("sealed_session_token", TG_FIELD_NULLABLE),
    KIND_TEXT("role_arn", 2048),
    KIND_TEXT("external_id", 1224),
    KIND_TEXT("region", 64),
    KIND_TEXT("token_file", 255),
    KIND_TEXT("tenant_id", 128),
    KIND_TEXT("client_id", 255),
    KIND_TEXT("token_url", 2000),
    {.name = "ca_pem", .column = "ca_pem", .kind = TG_FIELD_TEXT, .max = MAX_CERTIFICATES_BYTES},
    {.name = "client_certificate_pem",
     .column = "client_certificate_pem",
     .kind = TG_FIELD_TEXT,
     .max = MAX_CERTIFICATES_BYTES},
    WRITE_ONLY("client_key_pem", 0),
    SEALED("sealed_client_key", TG_FIELD_NULLABLE),
    {.name = "session_duration_s",
     .column = "session_duration_s",
     .kind = TG_FIELD_INTEGER,
     .min = MIN_SESSION_S,
     .max = MAX_SESSION_S,
     .default_number = DEFAULT_SESSION_S},
    SEALED("sealed_token", TG_FIELD_NULLABLE),
    {.name = "token_access_key_id",
     .column = "token_access_key_id",
     .kind = TG_FIELD_TEXT,
     .flags = TG_FIELD_COMPUTED | TG_FIELD_HIDDEN},
    SEALED("sealed_token_session", TG_FIELD_NULLABLE),
    {.name = "next_mint_at",
     .column = "next_mint_at",
     .kind = TG_FIELD_TIME,
     .flags = TG_FIELD_COMPUTED | TG_FIELD_HIDDEN | TG_FIELD_NULLABLE},
    {.name = "mint_failures",
     .column = "mint_failures",
     .kind = TG_FIELD_INTEGER,
     .flags = TG_FIELD_COMPUTED | TG_FIELD_HIDDEN},
    {.name = "status", .kind = TG_FIELD_TEXT, .flags = TG_FIELD_COMPUTED | TG_FIELD_VOLATILE},
    {.name = "expires_at",
     .column = "expires_at",
     .kind = TG_FIELD_TIME,
     .flags = TG_FIELD_COMPUTED | TG_FIELD_VOLATILE | TG_FIELD_NULLABLE},
    {.name = "last_error",
     .column = "last_error",
     .kind = TG_FIELD_TEXT,
     .flags = TG_FIELD_COMPUTED | TG_FIELD_VOLATILE},
};

static const struct tg_dependent dependents[] = {
    {"deployments",
     "SELECT name::text FROM deployments WHERE credential_id = $1 AND deleted_at IS NULL ORDER BY id LIMIT 4"},
    {NULL, NULL},
};

/* ---- sealing ---- */

static enum tg_status seal(const struct tg_operation *operation, struct tg_record *record, const char *field,
                           struct tg_text plain, struct tg_error *error)
{
    struct tg_buf sealed;
    tg_buf_init(&sealed, plain.bytes + TG_SEAL_OVERHEAD_BYTES);
    enum tg_status status =
        tg_snapshot_seal_secret(operation->ring, record->organization_id, record->id, plain, &sealed);
    if (status == TG_OK)
        tg_value_set_text(tg_record_value(record, field), tg_arena_copy(operation->arena, tg_buf_text(&sealed)));
    else
        tg_fail(error, status, "cannot seal a credential");
    tg_buf_deinit(&sealed);
    return status;
}

/* Seals what a client sent, and wipes it. */
static enum tg_status take(const struct tg_operation *operation, struct tg_record *record, const char *member,
                           const char *sealed_field, struct tg_error *error)
{
    struct tg_value *value = tg_record_value(record, member);
    if (!value->is_given)
        return TG_OK;
    enum tg_status status = seal(operation, record, sealed_field, value->text, error);
    tg_secret_wipe((char *)value->text.data, value->text.bytes); /* the arena's copy */
    *value = (struct tg_value){0};
    return status;
}

enum tg_status tg_credential_open(const struct tg_operation *operation, const struct tg_record *record,
                                  const char *field, struct tg_secret *plain, struct tg_error *error)
{
    *plain = (struct tg_secret){0};
    const struct tg_value *sealed = tg_record_get(record, field);
    if (sealed->is_null || sealed->text.bytes == 0)
        return TG_OK;
    return tg_snapshot_open_secret(operation->ring, record->organization_id, record->id, sealed->text, plain, error);
}

enum tg_status tg_credential_put_token(const struct tg_operation *operation, struct tg_record *record,
                                       const struct tg_token *token, int64_t next_mint_at_ms, struct tg_error *error)
{
    enum tg_status status = seal(operation, record, "sealed_token", token->secret, error);
    if (status == TG_OK && token->session_token.bytes != 0)
        status = seal(operation, record, "sealed_token_session", token->session_token, error);
    tg_value_set_text(tg_record_value(record, "token_access_key_id"),
                      tg_arena_copy(operation->arena, token->access_key_id));
    tg_value_set_number(tg_record_value(record, "expires_at"), token->expires_at_ms);
    tg_value_set_number(tg_record_value(record, "next_mint_at"), next_mint_at_ms);
    tg_value_set_number(tg_record_value(record, "mint_failures"), 0);
    tg_value_set_text(tg_record_value(record, "last_error"), tg_text("", 0));
    return status;
}

/* ---- rules ---- */

static void show_last_four(const struct tg_operation *operation, struct tg_record *after)
{
    const struct tg_value *secret = tg_record_get(after, "secret");
    if (!secret->is_given)
        return;
    size_t shown = secret->text.bytes < MIN_BYTES_TO_SHOW_FOUR ? 0 : 4;
    tg_value_set_text(tg_record_value(after, "last_four"),
                      tg_arena_copy(operation->arena, tg_text(secret->text.data + secret->text.bytes - shown, shown)));
}

static enum tg_status prepare(struct tg_operation *operation, const struct tg_record *before, struct tg_record *after,
                              struct tg_refusal *refusal, struct tg_error *error)
{
    tg_credential_check_members(operation, before, after, refusal);
    enum tg_status status =
        tg_refused(refusal) ? TG_OK : tg_client_certificate_prepare(operation, after, refusal, error);
    if (before == NULL) /* a kind without a secret has an empty one */
        tg_value_set_text(tg_record_value(after, "sealed_secret"), tg_text("", 0));
    if (tg_credential_is_exchanged(after) && (before == NULL || tg_credential_changes_token(after))) {
        tg_value_set_number(tg_record_value(after, "next_mint_at"), operation->now_ms);
        tg_value_set_number(tg_record_value(after, "mint_failures"), 0);
    }
    show_last_four(operation, after);
    if (status == TG_OK)
        status = take(operation, after, "secret", "sealed_secret", error);
    if (status == TG_OK)
        status = take(operation, after, "client_key_pem", "sealed_client_key", error);
    if (status == TG_OK)
        status = take(operation, after, "service_account_key", "sealed_secret", error);
    if (status == TG_OK)
        status = take(operation, after, "session_token", "sealed_session_token", error);
    return status;
}

static const char *status_of(const struct tg_operation *operation, const struct tg_record *record)
{
    if (!tg_credential_is_exchanged(record))
        return tg_client_certificate_status(operation, record);
    const struct tg_value *expires_at = tg_record_get(record, "expires_at");
    bool is_valid = !expires_at->is_null && expires_at->number > operation->now_ms;
    if (tg_record_get(record, "mint_failures")->number > 0)
        return is_valid ? "renewal_failing" : "failed";
    return is_valid ? "ready" : "pending";
}

static enum tg_status enrich(struct tg_operation *operation, struct tg_record *records, size_t count,
                             struct tg_error *error)
{
    (void)error;
    for (size_t i = 0; i < count; ++i)
        tg_record_value(&records[i], "status")->text = tg_text_of(status_of(operation, &records[i]));
    return TG_OK;
}

/* ---- what replicas get ---- */

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

/* A protobuf string must be text. */
static char *sealed_hex(const struct tg_operation *operation, const struct tg_record *record, const char *field)
{
    struct tg_text sealed = tg_record_get(record, field)->text;
    char *hex = tg_arena_alloc(operation->arena, 2 * sealed.bytes + 1);
    tg_hex_encode(sealed.data, sealed.bytes, hex);
    return hex;
}

static Tollgate__V1__CredentialKind wire_kind(const struct tg_record *record)
{
    struct tg_text kind = tg_record_get(record, "kind")->text;
    if (tg_text_starts_with(kind, "aws_"))
        return TOLLGATE__V1__CREDENTIAL_KIND__CREDENTIAL_KIND_AWS_KEYS;
    if (tg_text_is(kind, "client_certificate"))
        return TOLLGATE__V1__CREDENTIAL_KIND__CREDENTIAL_KIND_CLIENT_CERTIFICATE;
    return tg_credential_is_exchanged(record) ? TOLLGATE__V1__CREDENTIAL_KIND__CREDENTIAL_KIND_BEARER_TOKEN
                                              : TOLLGATE__V1__CREDENTIAL_KIND__CREDENTIAL_KIND_API_KEY;
}

static void fill(const struct tg_operation *operation, const struct tg_record *record,
                 Tollgate__V1__Credential *credential)
{
    bool is_exchanged = tg_credential_is_exchanged(record);
    credential->kind = wire_kind(record);
    credential->secret = sealed_hex(operation, record, is_exchanged ? "sealed_token" : "sealed_secret");
    credential->session_token =
        sealed_hex(operation, record, is_exchanged ? "sealed_token_session" : "sealed_session_token");
    credential->access_key_id =
        tg_record_string(operation, record, is_exchanged ? "token_access_key_id" : "access_key_id");
    credential->expires_at_ms = is_exchanged ? tg_record_get(record, "expires_at")->number : 0;
    credential->client_certificate_pem = tg_record_string(operation, record, "client_certificate_pem");
    credential->client_key_pem = sealed_hex(operation, record, "sealed_client_key");
}

static enum tg_status pack(const struct tg_operation *operation, const struct tg_record *record,
                           struct tg_packed *packed, struct tg_error *error)
{
    Tollgate__V1__Credential credential = TOLLGATE__V1__CREDENTIAL__INIT;
    credential.id = tg_wire_id_field(&record->id);
    credential.organization_id = tg_wire_id_field(&record->organization_id);
    credential.provider_id = tg_wire_id_field(&tg_record_get(record, "provider_id")->id);
    fill(operation, record, &credential);
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
    .enrich = enrich,
    .pack = pack,
};
