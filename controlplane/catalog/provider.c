/* A provider: a row of the provider registry with what its administrator filled in. */
#include <stdio.h>
#include <stdlib.h>

#include "common/crypto/tls.h"
#include "controlplane/catalog/catalog.h"
#include "controlplane/registry/registry.h"

enum { HOUR_MS = 3600 * 1000, MAX_CA_PEM_BYTES = 65536, MAX_BLANK_BYTES = 128 };

static const struct tg_field fields[] = {
    {.name = "name", .column = "name", .kind = TG_FIELD_NAME, .flags = TG_FIELD_REQUIRED | TG_FIELD_FILTER},
    {.name = "kind",
     .column = "kind",
     .kind = TG_FIELD_TEXT,
     .flags = TG_FIELD_IMMUTABLE | TG_FIELD_VISIBLE_ASCII,
     .min = 1,
     .max = 63,
     .default_text = "openai_compatible"},
    {.name = "base_url", .column = "base_url", .kind = TG_FIELD_TEXT, .flags = TG_FIELD_VISIBLE_ASCII, .max = 2000},
    {.name = "region", .column = "region", .kind = TG_FIELD_TEXT, .max = MAX_BLANK_BYTES},
    {.name = "project", .column = "project", .kind = TG_FIELD_TEXT, .max = MAX_BLANK_BYTES},
    {.name = "account", .column = "account", .kind = TG_FIELD_TEXT, .max = MAX_BLANK_BYTES},
    {.name = "api_version", .column = "api_version", .kind = TG_FIELD_TEXT, .max = MAX_BLANK_BYTES},
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

/* As replicas will use it: what they cannot, they would refuse with the whole revision. */
static void check_ca(const struct tg_record *after, struct tg_refusal *refusal)
{
    const struct tg_value *pem = tg_record_get(after, "ca_pem");
    const struct tg_text none = tg_text("", 0);
    tg_tls_context *context;
    struct tg_error reason;
    if (!pem->is_given || pem->text.bytes == 0)
        return;
    if (tg_tls_client_create_from_pem(pem->text, none, none, &context, &reason) != TG_OK)
        tg_refuse_field(refusal, tg_text_of("ca_pem"), "must contain PEM certificates, or be empty: %s",
                        reason.message);
    tg_tls_context_destroy(context);
}

/* What becomes part of a host or a path. */
static bool is_plain_word(struct tg_text text)
{
    for (size_t i = 0; i < text.bytes; ++i) {
        char c = text.data[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                        c == '_' || c == '.';
        if (!is_plain)
            return false;
    }
    return true;
}

/* What fills a blank of the row: what was given, else the row's default. */
static struct tg_text blank_of(const struct tg_registry_row *row, const struct tg_record *record,
                               enum tg_registry_blank blank)
{
    struct tg_text given = tg_record_get(record, tg_registry_blank_name(blank))->text;
    return given.bytes != 0 ? given : tg_text_of(row->defaults[blank]);
}

static void check_blanks(const struct tg_registry_row *row, const struct tg_record *after, struct tg_refusal *refusal)
{
    for (enum tg_registry_blank blank = 0; blank < TG_BLANK_COUNT; ++blank) {
        struct tg_text name = tg_text_of(tg_registry_blank_name(blank));
        struct tg_text text = blank_of(row, after, blank);
        if (!is_plain_word(text))
            tg_refuse_field(refusal, name, "may have letters, digits, '-', '_' and '.' only");
        else if (text.bytes == 0 && (row->blanks & 1u << blank) != 0)
            tg_refuse_field(refusal, name, "is needed by providers of kind '%s'", row->name);
    }
}

static enum tg_status prepare(struct tg_operation *operation, const struct tg_record *before, struct tg_record *after,
                              struct tg_refusal *refusal, struct tg_error *error)
{
    struct tg_value *url = tg_record_value(after, "base_url");
    const struct tg_registry_row *row = tg_registry_find(tg_record_get(after, "kind")->text);
    check_ca(after, refusal);
    if (row == NULL) {
        tg_refuse_field(refusal, tg_text_of("kind"), "is no kind of provider; GET /api/v1/provider-kinds lists them");
        return TG_OK;
    }
    while (url->text.bytes > 0 && url->text.data[url->text.bytes - 1] == '/')
        --url->text.bytes;
    const char *problem = url->text.bytes == 0 ? NULL : check_base_url(url->text);
    if (problem != NULL)
        tg_refuse_field(refusal, tg_text_of("base_url"), "%s", problem);
    else if (url->text.bytes == 0 && row->base_url[0] == '\0')
        tg_refuse_field(refusal, tg_text_of("base_url"), "is needed by providers of kind '%s'", row->name);
    check_blanks(row, after, refusal);
    return TG_OK;
}

/* ---- what replicas are told ---- */

/* A pattern of the row with its blanks filled; never NULL, they were checked. In the operation's arena. */
static char *filled(const struct tg_operation *operation, const struct tg_text *blanks, const char *pattern)
{
    char *heap = tg_registry_fill(pattern, blanks);
    struct tg_text copy = tg_arena_copy(operation->arena, tg_text_of(heap == NULL ? "" : heap));
    free(heap);
    return (char *)(uintptr_t)copy.data;
}

static char *constant(const char *string)
{
    return (char *)(uintptr_t)string; /* the generated types know no const; packing only reads */
}

static void pack_apis(const struct tg_operation *operation, const struct tg_registry_row *row,
                      const struct tg_text *blanks, Tollgate__V1__Provider *provider)
{
    Tollgate__V1__ProviderApi *apis = tg_arena_alloc(operation->arena, row->api_count * sizeof(*apis));
    provider->apis = tg_arena_alloc(operation->arena, row->api_count * sizeof(*provider->apis));
    provider->n_apis = row->api_count;
    for (size_t i = 0; i < row->api_count; ++i) {
        tollgate__v1__provider_api__init(&apis[i]);
        apis[i].operation = constant(row->apis[i].operation);
        apis[i].dialect = constant(row->apis[i].dialect);
        apis[i].path = filled(operation, blanks, row->apis[i].path);
        apis[i].stream_path = filled(operation, blanks, row->apis[i].stream_path);
        provider->apis[i] = &apis[i];
    }
}

static void pack_pairs(const struct tg_operation *operation, const struct tg_registry_row *row,
                       Tollgate__V1__Provider *provider)
{
    Tollgate__V1__HeaderField *headers = tg_arena_alloc(operation->arena, (row->header_count + 1) * sizeof(*headers));
    Tollgate__V1__ParameterRule *rules = tg_arena_alloc(operation->arena, (row->rule_count + 1) * sizeof(*rules));
    provider->headers = tg_arena_alloc(operation->arena, (row->header_count + 1) * sizeof(*provider->headers));
    provider->rules = tg_arena_alloc(operation->arena, (row->rule_count + 1) * sizeof(*provider->rules));
    provider->n_headers = row->header_count;
    provider->n_rules = row->rule_count;
    for (size_t i = 0; i < row->header_count; ++i) {
        tollgate__v1__header_field__init(&headers[i]);
        headers[i].name = constant(row->headers[i].name);
        headers[i].value = constant(row->headers[i].value);
        provider->headers[i] = &headers[i];
    }
    for (size_t i = 0; i < row->rule_count; ++i) {
        tollgate__v1__parameter_rule__init(&rules[i]);
        rules[i].name = constant(row->rules[i].name);
        rules[i].new_name = constant(row->rules[i].new_name);
        rules[i].value = constant(row->rules[i].value);
        provider->rules[i] = &rules[i];
    }
}

static Tollgate__V1__ProviderAuth auth_of(enum tg_registry_auth auth)
{
    switch (auth) {
    case TG_REGISTRY_AUTH_BEARER:
        return TOLLGATE__V1__PROVIDER_AUTH__PROVIDER_AUTH_BEARER;
    case TG_REGISTRY_AUTH_HEADER:
        return TOLLGATE__V1__PROVIDER_AUTH__PROVIDER_AUTH_HEADER;
    case TG_REGISTRY_AUTH_QUERY:
        return TOLLGATE__V1__PROVIDER_AUTH__PROVIDER_AUTH_QUERY;
    case TG_REGISTRY_AUTH_AWS_SIGV4:
        return TOLLGATE__V1__PROVIDER_AUTH__PROVIDER_AUTH_AWS_SIGV4;
    case TG_REGISTRY_AUTH_NONE:
        break;
    }
    return TOLLGATE__V1__PROVIDER_AUTH__PROVIDER_AUTH_NONE;
}

static void pack_row(const struct tg_operation *operation, const struct tg_record *record,
                     const struct tg_registry_row *row, Tollgate__V1__Provider *provider)
{
    struct tg_text blanks[TG_BLANK_COUNT];
    for (enum tg_registry_blank blank = 0; blank < TG_BLANK_COUNT; ++blank)
        blanks[blank] = blank_of(row, record, blank);
    if (provider->base_url[0] == '\0')
        provider->base_url = filled(operation, blanks, row->base_url);
    provider->auth = auth_of(row->auth);
    provider->auth_name = constant(row->auth_name);
    provider->auth_scheme = constant(row->auth_scheme);
    provider->region = (char *)(uintptr_t)tg_arena_copy(operation->arena, blanks[TG_BLANK_REGION]).data;
    provider->maximum_field = constant(row->maximum_field);
    provider->asks_for_usage = row->asks_for_usage;
    pack_apis(operation, row, blanks, provider);
    pack_pairs(operation, row, provider);
}

static enum tg_status pack(const struct tg_operation *operation, const struct tg_record *record,
                           struct tg_packed *packed, struct tg_error *error)
{
    Tollgate__V1__Provider provider = TOLLGATE__V1__PROVIDER__INIT;
    const struct tg_registry_row *row = tg_registry_find(tg_record_get(record, "kind")->text);
    if (row == NULL)
        return tg_fail(error, TG_INVALID, "the provider registry has lost the kind '%s'",
                       tg_record_string(operation, record, "kind"));
    provider.id = tg_wire_id_field(&record->id);
    provider.organization_id = tg_wire_id_field(&record->organization_id);
    provider.name = tg_record_string(operation, record, "name");
    provider.kind = tg_record_string(operation, record, "kind");
    provider.base_url = tg_record_string(operation, record, "base_url");
    provider.ca_pem = tg_record_string(operation, record, "ca_pem");
    provider.connect_timeout_ms = tg_record_get(record, "connect_timeout_ms")->number;
    provider.first_byte_timeout_ms = tg_record_get(record, "first_byte_timeout_ms")->number;
    provider.idle_timeout_ms = tg_record_get(record, "idle_timeout_ms")->number;
    provider.total_timeout_ms = tg_record_get(record, "total_timeout_ms")->number;
    pack_row(operation, record, row, &provider);
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
