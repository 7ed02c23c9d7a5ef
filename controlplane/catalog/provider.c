#include "controlplane/catalog/catalog.h"

static const char *const dialects[] = {"openai", NULL};

enum { HOUR_MS = 3600 * 1000, MAX_CA_PEM_BYTES = 65536 };

static const struct tg_field fields[] = {
    {.name = "name", .column = "name", .kind = TG_FIELD_NAME, .flags = TG_FIELD_REQUIRED | TG_FIELD_FILTER},
    {.name = "dialect",
     .column = "dialect",
     .kind = TG_FIELD_CHOICE,
     .flags = TG_FIELD_IMMUTABLE,
     .choices = dialects,
     .default_text = "openai"},
    {.name = "base_url",
     .column = "base_url",
     .kind = TG_FIELD_TEXT,
     .flags = TG_FIELD_REQUIRED | TG_FIELD_VISIBLE_ASCII,
     .min = 1,
     .max = 2000},
    {.name = "ca_pem", .column = "ca_pem", .kind = TG_FIELD_TEXT, .max = MAX_CA_PEM_BYTES},
    {.name = "connect_timeout_ms",
     .column = "connect_timeout_ms",
     .kind = TG_FIELD_INTEGER,
     .min = 1,
     .max = 600000,
     .default_number = 5000},
    {.name = "first_byte_timeout_ms",
     .column = "first_byte_timeout_ms",
     .kind = TG_FIELD_INTEGER,
     .min = 1,
     .max = HOUR_MS,
     .default_number = 300000},
    {.name = "idle_timeout_ms",
     .column = "idle_timeout_ms",
     .kind = TG_FIELD_INTEGER,
     .min = 1,
     .max = HOUR_MS,
     .default_number = 60000},
    {.name = "total_timeout_ms",
     .column = "total_timeout_ms",
     .kind = TG_FIELD_INTEGER,
     .min = 1,
     .max = 24 * HOUR_MS,
     .default_number = 600000},
};

static const struct tg_dependent dependents[] = {
    {"credentials",
     "SELECT name::text FROM credentials WHERE provider_id = $1 AND deleted_at IS NULL ORDER BY id LIMIT 4"},
    {"deployments",
     "SELECT name::text FROM deployments WHERE provider_id = $1 AND deleted_at IS NULL ORDER BY id LIMIT 4"},
    {NULL, NULL},
};

/* NULL, or what is wrong with it. */
static const char *check_base_url(struct tg_text url)
{
    size_t scheme_bytes = tg_text_starts_with(url, "https://") ? 8 : tg_text_starts_with(url, "http://") ? 7 : 0;
    if (scheme_bytes == 0)
        return "must begin with https:// or http://";
    struct tg_text rest = tg_text(url.data + scheme_bytes, url.bytes - scheme_bytes);
    if (rest.bytes == 0 || rest.data[0] == '/' || rest.data[0] == ':')
        return "must name a host";
    if (memchr(rest.data, '?', rest.bytes) != NULL || memchr(rest.data, '#', rest.bytes) != NULL)
        return "must not have a query or a fragment";
    if (memchr(rest.data, '@', rest.bytes) != NULL)
        return "must not contain a user or password; store a credential";
    return NULL;
}

static enum tg_status prepare(struct tg_operation *operation, const struct tg_record *before, struct tg_record *after,
                              struct tg_refusal *refusal, struct tg_error *error)
{
    struct tg_value *url = tg_record_value(after, "base_url");
    if (url->is_given) {
        while (url->text.bytes > 0 && url->text.data[url->text.bytes - 1] == '/')
            --url->text.bytes;
        const char *problem = check_base_url(url->text);
        if (problem != NULL)
            tg_refuse_field(refusal, tg_text_of("base_url"), "%s", problem);
    }
    const struct tg_value *pem = tg_record_get(after, "ca_pem");
    if (pem->is_given && pem->text.bytes > 0 &&
        memmem(pem->text.data, pem->text.bytes, "-----BEGIN CERTIFICATE-----", 27) == NULL)
        tg_refuse_field(refusal, tg_text_of("ca_pem"), "must contain a PEM certificate, or be empty");
    return TG_OK;
}

static enum tg_status pack(const struct tg_operation *operation, const struct tg_record *record,
                           struct tg_packed *packed, struct tg_error *error)
{
    Tollgate__V1__Provider provider = TOLLGATE__V1__PROVIDER__INIT;
    provider.id = tg_wire_id_field(&record->id);
    provider.organization_id = tg_wire_id_field(&record->organization_id);
    provider.name = tg_record_string(operation, record, "name");
    provider.dialect = tg_record_string(operation, record, "dialect");
    provider.base_url = tg_record_string(operation, record, "base_url");
    provider.ca_pem = tg_record_string(operation, record, "ca_pem");
    provider.connect_timeout_ms = tg_record_get(record, "connect_timeout_ms")->number;
    provider.first_byte_timeout_ms = tg_record_get(record, "first_byte_timeout_ms")->number;
    provider.idle_timeout_ms = tg_record_get(record, "idle_timeout_ms")->number;
    provider.total_timeout_ms = tg_record_get(record, "total_timeout_ms")->number;
    Tollgate__V1__Resource resource = TOLLGATE__V1__RESOURCE__INIT;
    resource.kind_case = TOLLGATE__V1__RESOURCE__KIND_PROVIDER;
    resource.provider = &provider;
    return tg_snapshot_pack(&resource, packed, error);
}

const struct tg_resource_type tg_provider_type = {
    .name = "provider",
    .plural = "providers",
    .noun = "provider",
    .article_noun = "a provider",
    .table = "providers",
    .wire_type = TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_PROVIDER,
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .dependents = dependents,
    .prepare = prepare,
    .pack = pack,
};
