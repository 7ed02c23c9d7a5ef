#include <stdio.h>
#include <stdlib.h>

#include "dataplane/snapshot/snapshot_internal.h"

#define TYPE(name) TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_##name

static const Tollgate__V1__ResourceType catalog_types[] = {
    TYPE(ACCESS_PROFILE), TYPE(PROVIDER), TYPE(CREDENTIAL), TYPE(MODEL), TYPE(DEPLOYMENT), TYPE(PRICE), TYPE(BUDGET),
};
enum { CATALOG_TYPES = sizeof(catalog_types) / sizeof(catalog_types[0]) };

enum tg_status tg_refuse(const struct tg_stored *stored, const char *field, struct tg_error *error, const char *format,
                         ...)
{
    char id[TG_ID_TEXT_BYTES], reason[200], name[80] = "";
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof(reason), format, args);
    va_end(args);
    tg_id_format(stored->id, id);
    const struct tg_version *version = stored->is_changed && stored->next != NULL ? stored->next : stored->live;
    Tollgate__V1__Resource *resource;
    if (version != NULL &&
        tg_wire_unpack_resource(tg_text(version->packed, version->packed_bytes), &resource, NULL) == TG_OK) {
        struct tg_text text = tg_wire_resource_name(resource);
        if (text.bytes != 0)
            snprintf(name, sizeof(name), "\"%.*s\" ", text.bytes > 64 ? 64 : (int)text.bytes, text.data);
        tg_wire_free(resource);
    }
    return tg_fail(error, TG_INVALID, "%s %s(%s): %s %s", tg_wire_resource_type_name(stored->type), name, id, field,
                   reason);
}

/* ---- loading ---- */

static enum tg_status load_type(struct tg_catalog_source *source, Tollgate__V1__ResourceType type,
                                struct tg_error *error)
{
    struct tg_views *views = &source->of[type];
    views->views = calloc(source->store->counts[type] + 1, sizeof(*views->views));
    if (views->views == NULL)
        abort();
    for (struct tg_stored *stored = source->store->first[type]; stored != NULL; stored = stored->after) {
        const struct tg_version *version = tg_store_outlook(source->store, stored);
        if (version == NULL)
            continue;
        struct tg_view *view = &views->views[views->count];
        enum tg_status status =
            tg_wire_unpack_resource(tg_text(version->packed, version->packed_bytes), &view->resource, error);
        if (status != TG_OK)
            return status;
        view->stored = stored;
        ++views->count;
    }
    return TG_OK;
}

enum tg_status tg_catalog_load(struct tg_catalog_source *source, struct tg_error *error)
{
    enum tg_status status = TG_OK;
    for (size_t i = 0; i < CATALOG_TYPES && status == TG_OK; ++i)
        status = load_type(source, catalog_types[i], error);
    return status;
}

void tg_catalog_unload(struct tg_catalog_source *source)
{
    for (size_t type = 0; type < TG_STORE_TYPES; ++type) {
        for (size_t i = 0; i < source->of[type].count; ++i)
            tg_wire_free(source->of[type].views[i].resource);
        free(source->of[type].views);
        source->of[type] = (struct tg_views){.count = 0};
    }
}

/* ---- references ---- */

static ProtobufCBinaryData organization_of(const Tollgate__V1__Resource *resource)
{
    switch (resource->kind_case) {
    case TOLLGATE__V1__RESOURCE__KIND_ACCESS_PROFILE:
        return resource->access_profile->organization_id;
    case TOLLGATE__V1__RESOURCE__KIND_PROVIDER:
        return resource->provider->organization_id;
    case TOLLGATE__V1__RESOURCE__KIND_CREDENTIAL:
        return resource->credential->organization_id;
    case TOLLGATE__V1__RESOURCE__KIND_MODEL:
        return resource->model->organization_id;
    case TOLLGATE__V1__RESOURCE__KIND_DEPLOYMENT:
        return resource->deployment->organization_id;
    case TOLLGATE__V1__RESOURCE__KIND_PRICE:
        return resource->price->organization_id;
    default:
        return resource->budget->organization_id;
    }
}

static bool is_same(ProtobufCBinaryData a, ProtobufCBinaryData b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* What `field` of the view names. Catalog types only (their stored->slot is their position in `of`). */
static enum tg_status follow(const struct tg_catalog_source *source, const struct tg_view *view,
                             Tollgate__V1__ResourceType type, ProtobufCBinaryData value, const char *field,
                             const Tollgate__V1__Resource **found, struct tg_error *error)
{
    struct tg_id id;
    if (!tg_wire_id(value, &id))
        return tg_refuse(view->stored, field, error, "is malformed");
    const struct tg_stored *stored = tg_store_find(source->store, type, id);
    if (stored == NULL)
        return tg_refuse(view->stored, field, error, "names no %s", tg_wire_resource_type_name(type));
    *found = source->of[type].views[stored->slot].resource;
    if (!is_same(organization_of(*found), organization_of(view->resource)))
        return tg_refuse(view->stored, field, error, "names a %s of another organization",
                         tg_wire_resource_type_name(type));
    return TG_OK;
}

static enum tg_status check_organization(const struct tg_catalog_source *source, const struct tg_view *view,
                                         struct tg_error *error)
{
    struct tg_id id;
    if (!tg_wire_id(organization_of(view->resource), &id) ||
        tg_store_find(source->store, TYPE(ORGANIZATION), id) == NULL)
        return tg_refuse(view->stored, "organization_id", error, "names no organization");
    return TG_OK;
}

/* ---- one function per type ---- */

static enum tg_status check_profile(struct tg_catalog_source *source, const struct tg_view *view,
                                    struct tg_error *error)
{
    const Tollgate__V1__AccessProfile *profile = view->resource->access_profile;
    const Tollgate__V1__Resource *model;
    for (size_t i = 0; i < profile->n_model_ids; ++i) {
        enum tg_status status = follow(source, view, TYPE(MODEL), profile->model_ids[i], "model_ids", &model, error);
        if (status != TG_OK)
            return status;
    }
    return TG_OK;
}

/* What becomes part of a head must not be able to end a line of it. */
static bool is_printable(const char *text)
{
    for (const char *c = text; *c != '\0'; ++c)
        if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f)
            return false;
    return true;
}

static enum tg_status check_ways(const struct tg_view *view, struct tg_error *error)
{
    const Tollgate__V1__Provider *provider = view->resource->provider;
    enum tg_operation operation;
    enum tg_dialect_id dialect;
    for (size_t i = 0; i < provider->n_apis; ++i) {
        const Tollgate__V1__ProviderApi *api = provider->apis[i];
        if (!tg_operation_named(tg_text_of(api->operation), &operation))
            return tg_refuse(view->stored, "apis", error,
                             "names the operation \"%.40s\", which this version does not know", api->operation);
        if (!tg_dialect_id_named(tg_text_of(api->dialect), &dialect))
            return tg_refuse(view->stored, "apis", error,
                             "names the dialect \"%.40s\", which this version does not speak", api->dialect);
        if ((api->path[0] != '\0' && api->path[0] != '/') || !is_printable(api->path) ||
            strchr(api->path, ' ') != NULL || !is_printable(api->stream_path) || strchr(api->stream_path, ' ') != NULL)
            return tg_refuse(view->stored, "apis", error, "has a path that is none: \"%.80s\"", api->path);
    }
    for (size_t i = 0; i < provider->n_headers; ++i)
        if (provider->headers[i]->name[0] == '\0' || !is_printable(provider->headers[i]->name) ||
            !is_printable(provider->headers[i]->value))
            return tg_refuse(view->stored, "headers", error, "has a field that no head can carry");
    bool wants_name = provider->auth >= TOLLGATE__V1__PROVIDER_AUTH__PROVIDER_AUTH_HEADER;
    if (provider->auth < TOLLGATE__V1__PROVIDER_AUTH__PROVIDER_AUTH_NONE ||
        provider->auth > TOLLGATE__V1__PROVIDER_AUTH__PROVIDER_AUTH_AWS_SIGV4)
        return tg_refuse(view->stored, "auth", error, "is %d, which this version does not know", (int)provider->auth);
    if (!is_printable(provider->auth_scheme))
        return tg_refuse(view->stored, "auth_scheme", error, "has a character that no head can carry");
    if (!is_printable(provider->auth_name) || (wants_name && provider->auth_name[0] == '\0'))
        return tg_refuse(view->stored, "auth_name", error, "must name where the secret goes");
    return TG_OK;
}

static enum tg_status check_provider(struct tg_catalog_source *source, const struct tg_view *view,
                                     struct tg_error *error)
{
    const Tollgate__V1__Provider *provider = view->resource->provider;
    struct tg_base_url url;
    const char *why;
    enum tg_status status = check_ways(view, error);
    if (status != TG_OK)
        return status;
    if (!tg_base_url_parse(tg_text_of(provider->base_url), &url, &why))
        return tg_refuse(view->stored, "base_url", error, "%s", why);
    if (provider->connect_timeout_ms < 1 || provider->first_byte_timeout_ms < 1 || provider->idle_timeout_ms < 1 ||
        provider->total_timeout_ms < 1)
        return tg_refuse(view->stored, "connect_timeout_ms, first_byte_timeout_ms, idle_timeout_ms, total_timeout_ms",
                         error, "must be at least 1");
    const struct tg_trust_wish wish = {.ca_pem = tg_text_of(provider->ca_pem)};
    struct tg_trusted *trusted;
    struct tg_error reason;
    if (url.is_tls && tg_trust_find(source->trust, &wish, &trusted, &reason) != TG_OK)
        return tg_refuse(view->stored, "ca_pem", error, "cannot be used: %s", reason.message);
    return TG_OK;
}

/* A provider that is called without TLS is shown none. */
static enum tg_status check_client_certificate(struct tg_catalog_source *source, const struct tg_view *view,
                                               const Tollgate__V1__Provider *provider, struct tg_error *error)
{
    const Tollgate__V1__Credential *credential = view->resource->credential;
    const struct tg_trust_wish wish = {tg_text_of(provider->ca_pem), tg_text_of(credential->client_certificate_pem),
                                       tg_text_of(credential->client_key_pem)};
    struct tg_trusted *trusted;
    struct tg_error reason;
    if (wish.client_certificate_pem.bytes != 0 && tg_text_starts_with(tg_text_of(provider->base_url), "https://") &&
        tg_trust_find(source->trust, &wish, &trusted, &reason) != TG_OK)
        return tg_refuse(view->stored, "client_certificate_pem", error, "cannot be used: %s", reason.message);
    return TG_OK;
}

static enum tg_status check_credential(struct tg_catalog_source *source, const struct tg_view *view,
                                       struct tg_error *error)
{
    const Tollgate__V1__Credential *credential = view->resource->credential;
    const Tollgate__V1__Resource *provider;
    const struct {
        const char *name, *text;
    } parts[] = {{"secret", credential->secret},
                 {"access_key_id", credential->access_key_id},
                 {"session_token", credential->session_token}};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); ++i)
        for (const char *c = parts[i].text; *c != '\0'; ++c) {
            if (*c < 0x21 || *c == 0x7f) /* it becomes part of a header field */
                return tg_refuse(view->stored, parts[i].name, error, "has a character that no header field can carry");
        }
    if (credential->kind > TOLLGATE__V1__CREDENTIAL_KIND__CREDENTIAL_KIND_CLIENT_CERTIFICATE)
        return tg_refuse(view->stored, "kind", error, "is one that this version does not know");
    bool is_api_key = credential->kind <= TOLLGATE__V1__CREDENTIAL_KIND__CREDENTIAL_KIND_API_KEY;
    if (is_api_key && credential->secret[0] == '\0') /* of the others the first token may still be under way */
        return tg_refuse(view->stored, "secret", error, "is empty");
    if (credential->kind == TOLLGATE__V1__CREDENTIAL_KIND__CREDENTIAL_KIND_CLIENT_CERTIFICATE &&
        credential->client_certificate_pem[0] == '\0')
        return tg_refuse(view->stored, "client_certificate_pem", error, "is empty");
    enum tg_status status =
        follow(source, view, TYPE(PROVIDER), credential->provider_id, "provider_id", &provider, error);
    return status == TG_OK ? check_client_certificate(source, view, provider->provider, error) : status;
}

static enum tg_status check_model(struct tg_catalog_source *source, const struct tg_view *view, struct tg_error *error)
{
    const Tollgate__V1__Model *model = view->resource->model;
    enum tg_model_kind kind;
    if (model->name[0] == '\0')
        return tg_refuse(view->stored, "name", error, "is empty");
    if (!tg_model_kind_named(tg_text_of(model->kind), &kind))
        return tg_refuse(view->stored, "kind", error, "is \"%.40s\", which this version does not know", model->kind);
    if (model->max_input_tokens < 1)
        return tg_refuse(view->stored, "max_input_tokens", error, "must be at least 1");
    int least = kind == TG_MODEL_CHAT || kind == TG_MODEL_COMPLETION ? 1 : 0;
    if (model->max_output_tokens < least)
        return tg_refuse(view->stored, "max_output_tokens", error, "must be at least %d", least);
    return TG_OK;
}

static enum tg_status check_deployment(struct tg_catalog_source *source, const struct tg_view *view,
                                       struct tg_error *error)
{
    const Tollgate__V1__Deployment *deployment = view->resource->deployment;
    const Tollgate__V1__Resource *model, *provider, *credential;
    if (deployment->upstream_model[0] == '\0')
        return tg_refuse(view->stored, "upstream_model", error, "is empty");
    if (deployment->weight < 1 || deployment->weight > 1000000)
        return tg_refuse(view->stored, "weight", error, "must be from 1 to 1000000");
    if (deployment->priority < 0)
        return tg_refuse(view->stored, "priority", error, "must not be negative");
    enum tg_status status = follow(source, view, TYPE(MODEL), deployment->model_id, "model_id", &model, error);
    if (status == TG_OK)
        status = follow(source, view, TYPE(PROVIDER), deployment->provider_id, "provider_id", &provider, error);
    if (status != TG_OK || deployment->credential_id.len == 0)
        return status;
    status = follow(source, view, TYPE(CREDENTIAL), deployment->credential_id, "credential_id", &credential, error);
    if (status == TG_OK && !is_same(credential->credential->provider_id, deployment->provider_id))
        return tg_refuse(view->stored, "credential_id", error, "names a credential of another provider");
    return status;
}

static enum tg_status check_price(struct tg_catalog_source *source, const struct tg_view *view, struct tg_error *error)
{
    const Tollgate__V1__Price *price = view->resource->price;
    const Tollgate__V1__Resource *deployment;
    const char *why, *member = tg_price_check(price, &why);
    if (member != NULL)
        return tg_refuse(view->stored, member, error, "%s", why);
    return follow(source, view, TYPE(DEPLOYMENT), price->deployment_id, "deployment_id", &deployment, error);
}

static Tollgate__V1__ResourceType type_of_scope(Tollgate__V1__BudgetScope scope)
{
    switch (scope) {
    case TOLLGATE__V1__BUDGET_SCOPE__BUDGET_SCOPE_ORGANIZATION:
        return TYPE(ORGANIZATION);
    case TOLLGATE__V1__BUDGET_SCOPE__BUDGET_SCOPE_TEAM:
        return TYPE(TEAM);
    case TOLLGATE__V1__BUDGET_SCOPE__BUDGET_SCOPE_PROJECT:
        return TYPE(PROJECT);
    case TOLLGATE__V1__BUDGET_SCOPE__BUDGET_SCOPE_APPLICATION:
        return TYPE(APPLICATION);
    case TOLLGATE__V1__BUDGET_SCOPE__BUDGET_SCOPE_API_KEY:
        return TYPE(API_KEY);
    default:
        return TYPE(UNSPECIFIED);
    }
}

static enum tg_status check_scope(const struct tg_catalog_source *source, const struct tg_view *view,
                                  struct tg_error *error)
{
    const Tollgate__V1__Budget *budget = view->resource->budget;
    Tollgate__V1__ResourceType type = type_of_scope(budget->scope);
    struct tg_id id;
    if (type == TYPE(UNSPECIFIED))
        return tg_refuse(view->stored, "scope", error, "is none that this version knows");
    struct tg_stored *scope = tg_wire_id(budget->scope_id, &id) ? tg_store_find(source->store, type, id) : NULL;
    if (scope == NULL)
        return tg_refuse(view->stored, "scope_id", error, "names no %s", tg_wire_resource_type_name(type));
    struct tg_id organization_id =
        type == TYPE(ORGANIZATION) ? scope->id : tg_store_outlook(source->store, scope)->organization_id;
    if (!is_same(budget->organization_id, tg_wire_id_field(&organization_id)))
        return tg_refuse(view->stored, "scope_id", error, "names a %s of another organization",
                         tg_wire_resource_type_name(type));
    return TG_OK;
}

static enum tg_status check_budget(struct tg_catalog_source *source, const struct tg_view *view, struct tg_error *error)
{
    const Tollgate__V1__Budget *budget = view->resource->budget;
    const Tollgate__V1__Resource *model;
    enum tg_status status = check_scope(source, view, error);
    if (status != TG_OK)
        return status;
    if (budget->unit != TOLLGATE__V1__BUDGET_UNIT__BUDGET_UNIT_MONEY &&
        budget->unit != TOLLGATE__V1__BUDGET_UNIT__BUDGET_UNIT_TOKENS)
        return tg_refuse(view->stored, "unit", error, "is none that this version knows");
    if (budget->contention != TOLLGATE__V1__BUDGET_CONTENTION__BUDGET_CONTENTION_WAIT &&
        budget->contention != TOLLGATE__V1__BUDGET_CONTENTION__BUDGET_CONTENTION_CLAMP)
        return tg_refuse(view->stored, "contention", error, "is none that this version knows");
    if (budget->outage != TOLLGATE__V1__BUDGET_OUTAGE__BUDGET_OUTAGE_DENY &&
        budget->outage != TOLLGATE__V1__BUDGET_OUTAGE__BUDGET_OUTAGE_ALLOW_AND_REPORT)
        return tg_refuse(view->stored, "outage", error, "is none that this version knows");
    if (budget->max_wait_ms < 0)
        return tg_refuse(view->stored, "max_wait_ms", error, "must not be negative");
    if (budget->clamp_floor_tokens < 1)
        return tg_refuse(view->stored, "clamp_floor_tokens", error, "must be at least 1");
    if (budget->limit_amount < 0)
        return tg_refuse(view->stored, "limit_amount", error, "must not be negative");
    if (budget->model_id.len == 0)
        return TG_OK;
    return follow(source, view, TYPE(MODEL), budget->model_id, "model_id", &model, error);
}

enum tg_status tg_catalog_check(struct tg_catalog_source *source, struct tg_error *error)
{
    static enum tg_status (*const checks[TG_STORE_TYPES])(struct tg_catalog_source *, const struct tg_view *,
                                                          struct tg_error *) = {
        [TYPE(ACCESS_PROFILE)] = check_profile, [TYPE(PROVIDER)] = check_provider,
        [TYPE(CREDENTIAL)] = check_credential,  [TYPE(MODEL)] = check_model,
        [TYPE(DEPLOYMENT)] = check_deployment,  [TYPE(PRICE)] = check_price,
        [TYPE(BUDGET)] = check_budget,
    };
    for (size_t i = 0; i < CATALOG_TYPES; ++i) {
        struct tg_views *views = &source->of[catalog_types[i]];
        for (size_t k = 0; k < views->count; ++k)
            views->views[k].stored->slot = (uint32_t)k;
    }
    enum tg_status status = TG_OK;
    for (size_t i = 0; i < CATALOG_TYPES && status == TG_OK; ++i) {
        const struct tg_views *views = &source->of[catalog_types[i]];
        for (size_t k = 0; k < views->count && status == TG_OK; ++k) {
            status = check_organization(source, &views->views[k], error);
            if (status == TG_OK)
                status = checks[catalog_types[i]](source, &views->views[k], error);
        }
    }
    return status;
}
