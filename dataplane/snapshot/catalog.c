#include <stdlib.h>

#include "dataplane/snapshot/budget_limit.h"
#include "dataplane/snapshot/snapshot_internal.h"

#define TYPE(name) TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_##name

enum { NOT_SERVED = UINT32_MAX >> 1 }; /* slot of what is disabled or belongs to something disabled */

static void *scratch(size_t count, size_t bytes)
{
    void *memory = calloc(count + 1, bytes);
    if (memory == NULL)
        abort();
    return memory;
}

static void *in_arena(tg_snapshot *snapshot, size_t count, size_t bytes)
{
    return tg_arena_calloc(&snapshot->arena, (count + 1) * bytes);
}

static struct tg_id id_of(ProtobufCBinaryData field)
{
    struct tg_id id;
    (void)tg_wire_optional_id(field, &id); /* checked before */
    return id;
}

static struct tg_text copy(tg_snapshot *snapshot, struct tg_text text)
{
    return tg_arena_copy(&snapshot->arena, text);
}

/* The slot of what a checked reference names. */
static uint32_t slot_of(const struct tg_catalog_source *source, Tollgate__V1__ResourceType type,
                        ProtobufCBinaryData field)
{
    return tg_store_find(source->store, type, id_of(field))->slot;
}

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct tg_id));
}

static int compare_numbers(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

/* ---- providers and credentials ---- */

static enum tg_provider_auth auth_of(Tollgate__V1__ProviderAuth auth)
{
    switch (auth) {
    case TOLLGATE__V1__PROVIDER_AUTH__PROVIDER_AUTH_BEARER:
        return TG_AUTH_BEARER;
    case TOLLGATE__V1__PROVIDER_AUTH__PROVIDER_AUTH_HEADER:
        return TG_AUTH_HEADER;
    case TOLLGATE__V1__PROVIDER_AUTH__PROVIDER_AUTH_QUERY:
        return TG_AUTH_QUERY;
    case TOLLGATE__V1__PROVIDER_AUTH__PROVIDER_AUTH_AWS_SIGV4:
        return TG_AUTH_AWS_SIGV4;
    default:
        return TG_AUTH_NONE; /* others were refused */
    }
}

/* What a provider serves and how it wants to be spoken to. */
static void build_ways(const Tollgate__V1__Provider *message, tg_snapshot *snapshot, struct tg_provider *provider)
{
    struct tg_provider_api *apis = in_arena(snapshot, message->n_apis, sizeof(*apis));
    struct tg_http_header *headers = in_arena(snapshot, message->n_headers, sizeof(*headers));
    struct tg_parameter_rule *rules = in_arena(snapshot, message->n_rules, sizeof(*rules));
    for (size_t i = 0; i < message->n_apis; ++i) {
        const Tollgate__V1__ProviderApi *api = message->apis[i];
        (void)tg_operation_named(tg_text_of(api->operation), &apis[i].operation); /* checked before */
        (void)tg_dialect_id_named(tg_text_of(api->dialect), &apis[i].dialect);
        apis[i].path = copy(snapshot, tg_text_of(api->path));
        apis[i].stream_path = api->stream_path[0] == '\0' ? apis[i].path : copy(snapshot, tg_text_of(api->stream_path));
    }
    for (size_t i = 0; i < message->n_headers; ++i)
        headers[i] = (struct tg_http_header){copy(snapshot, tg_text_of(message->headers[i]->name)),
                                             copy(snapshot, tg_text_of(message->headers[i]->value))};
    for (size_t i = 0; i < message->n_rules; ++i)
        rules[i] = (struct tg_parameter_rule){copy(snapshot, tg_text_of(message->rules[i]->name)),
                                              copy(snapshot, tg_text_of(message->rules[i]->new_name)),
                                              copy(snapshot, tg_text_of(message->rules[i]->value))};
    provider->kind = copy(snapshot, tg_text_of(message->kind));
    provider->auth = auth_of(message->auth);
    provider->auth_name = copy(snapshot, tg_text_of(message->auth_name));
    provider->auth_scheme = copy(snapshot, tg_text_of(message->auth_scheme));
    provider->region = copy(snapshot, tg_text_of(message->region));
    provider->apis = apis;
    provider->api_count = message->n_apis;
    provider->headers = headers;
    provider->header_count = message->n_headers;
    provider->rules = rules;
    provider->rule_count = message->n_rules;
    provider->maximum_field = copy(snapshot, tg_text_of(message->maximum_field)).data;
    provider->asks_for_usage = message->asks_for_usage;
}

/* The TLS context for a wish that was checked, held as long as the snapshot lives. */
static tg_tls_context *hold(const struct tg_catalog_source *source, tg_snapshot *snapshot,
                            const struct tg_trust_wish *wish)
{
    struct tg_trusted *trusted;
    if (tg_trust_find(source->trust, wish, &trusted, NULL) != TG_OK)
        return NULL;
    tg_trusted_hold(trusted);
    snapshot->trusted[snapshot->trusted_count++] = trusted;
    return tg_trusted_context(trusted);
}

static const struct tg_provider *build_providers(struct tg_catalog_source *source, tg_snapshot *snapshot)
{
    const struct tg_views *views = &source->of[TYPE(PROVIDER)];
    struct tg_provider *providers = in_arena(snapshot, views->count, sizeof(*providers));
    snapshot->trusted = scratch(views->count + source->of[TYPE(CREDENTIAL)].count, sizeof(struct tg_trusted *));
    for (size_t i = 0; i < views->count; ++i) {
        const Tollgate__V1__Provider *message = views->views[i].resource->provider;
        struct tg_base_url url;
        const char *why;
        const struct tg_trust_wish wish = {.ca_pem = tg_text_of(message->ca_pem)};
        (void)tg_base_url_parse(tg_text_of(message->base_url), &url, &why); /* checked before */
        providers[i] = (struct tg_provider){
            .id = views->views[i].stored->id,
            .name = copy(snapshot, tg_text_of(message->name)),
            .origin = {.scheme = url.is_tls ? "https" : "http",
                       .host = copy(snapshot, url.host).data,
                       .port = url.port,
                       .tls = url.is_tls ? hold(source, snapshot, &wish) : NULL},
            .host_header = copy(snapshot, url.host_header),
            .path_prefix = copy(snapshot, url.path_prefix),
            .timeouts = {message->connect_timeout_ms, message->first_byte_timeout_ms, message->idle_timeout_ms,
                         message->total_timeout_ms},
        };
        build_ways(message, snapshot, &providers[i]);
    }
    return providers;
}

/* Takes the text over from the unpacked message, which is freed unwiped. */
static struct tg_secret take_secret(char *text)
{
    struct tg_secret secret = tg_secret_copy(tg_text_of(text));
    tg_secret_wipe(text, strlen(text));
    return secret;
}

static enum tg_credential_kind credential_kind(Tollgate__V1__CredentialKind kind)
{
    switch (kind) {
    case TOLLGATE__V1__CREDENTIAL_KIND__CREDENTIAL_KIND_AWS_KEYS:
        return TG_CREDENTIAL_AWS_KEYS;
    case TOLLGATE__V1__CREDENTIAL_KIND__CREDENTIAL_KIND_BEARER_TOKEN:
        return TG_CREDENTIAL_BEARER_TOKEN;
    case TOLLGATE__V1__CREDENTIAL_KIND__CREDENTIAL_KIND_CLIENT_CERTIFICATE:
        return TG_CREDENTIAL_CLIENT_CERTIFICATE;
    default:
        return TG_CREDENTIAL_API_KEY; /* others were refused */
    }
}

static struct tg_http_origin origin_of(const struct tg_catalog_source *source, tg_snapshot *snapshot,
                                       const struct tg_provider *providers, const Tollgate__V1__Credential *message)
{
    uint32_t slot = slot_of(source, TYPE(PROVIDER), message->provider_id);
    const struct tg_trust_wish wish = {tg_text_of(source->of[TYPE(PROVIDER)].views[slot].resource->provider->ca_pem),
                                       tg_text_of(message->client_certificate_pem),
                                       tg_text_of(message->client_key_pem)};
    struct tg_http_origin origin = providers[slot].origin;
    if (origin.tls != NULL && wish.client_certificate_pem.bytes != 0)
        origin.tls = hold(source, snapshot, &wish);
    return origin;
}

static void build_credentials(const struct tg_catalog_source *source, tg_snapshot *snapshot,
                              const struct tg_provider *providers)
{
    const struct tg_views *views = &source->of[TYPE(CREDENTIAL)];
    snapshot->credentials = scratch(views->count, sizeof(*snapshot->credentials));
    snapshot->credential_count = views->count;
    for (size_t i = 0; i < views->count; ++i) {
        const Tollgate__V1__Credential *message = views->views[i].resource->credential;
        snapshot->credentials[i] = (struct tg_catalog_credential){
            .kind = credential_kind(message->kind),
            .secret = take_secret(message->secret),
            .session_token = take_secret(message->session_token),
            .access_key_id = copy(snapshot, tg_text_of(message->access_key_id)),
            .expires_at_ms = message->expires_at_ms,
            .origin = origin_of(source, snapshot, providers, message),
        };
        tg_secret_wipe(message->client_key_pem, strlen(message->client_key_pem));
    }
}

static void give_credential(const struct tg_catalog_credential *credential, struct tg_deployment *deployment)
{
    deployment->credential_kind = credential->kind;
    deployment->secret = tg_secret_text(&credential->secret);
    deployment->access_key_id = credential->access_key_id;
    deployment->session_token = tg_secret_text(&credential->session_token);
    deployment->credential_expires_at_ms = credential->expires_at_ms;
    deployment->origin = credential->origin;
}

/* ---- models ---- */

static int compare_models(const void *a, const void *b)
{
    const struct tg_view *left = a, *right = b;
    int order = memcmp(left->resource->model->organization_id.data, right->resource->model->organization_id.data, 16);
    return order != 0 ? order : strcmp(left->resource->model->name, right->resource->model->name);
}

/* Sorts the source's views; two of one name and organization are refused. */
static enum tg_loss_policy loss_policy(Tollgate__V1__TranslationPolicy policy)
{
    switch (policy) {
    case TOLLGATE__V1__TRANSLATION_POLICY__TRANSLATION_POLICY_REFUSE_ALL:
        return TG_LOSS_REFUSE_ALL;
    case TOLLGATE__V1__TRANSLATION_POLICY__TRANSLATION_POLICY_DROP:
        return TG_LOSS_DROP_ALL;
    default:
        return TG_LOSS_REFUSE_MEANING;
    }
}

static enum tg_status build_models(struct tg_catalog_source *source, tg_snapshot *snapshot, struct tg_error *error)
{
    struct tg_views *views = &source->of[TYPE(MODEL)];
    qsort(views->views, views->count, sizeof(*views->views), compare_models);
    snapshot->models = in_arena(snapshot, views->count, sizeof(*snapshot->models));
    tg_index_init(&snapshot->models_by_name, &snapshot->arena, views->count);
    for (size_t i = 0; i < views->count; ++i) {
        const struct tg_view *view = &views->views[i];
        const Tollgate__V1__Model *message = view->resource->model;
        if (i != 0 && compare_models(view, view - 1) == 0)
            return tg_refuse(view->stored, "name", error, "is that of another model of the organization");
        view->stored->slot = NOT_SERVED;
        if (!message->is_enabled)
            continue;
        view->stored->slot = (uint32_t)snapshot->model_count;
        struct tg_catalog_model *made = &snapshot->models[snapshot->model_count];
        made->organization_id = id_of(message->organization_id);
        made->model = (struct tg_model){
            .id = view->stored->id,
            .name = copy(snapshot, tg_text_of(message->name)),
            .translation_policy = loss_policy(message->translation_policy),
            .max_input_tokens = message->max_input_tokens,
            .max_output_tokens = message->max_output_tokens,
            .created_at_ms = message->created_at_ms,
        };
        (void)tg_model_kind_named(tg_text_of(message->kind), &made->model.kind); /* checked before */
        tg_index_put(&snapshot->models_by_name, tg_model_hash(made->organization_id, made->model.name),
                     (uint32_t)snapshot->model_count++);
    }
    return TG_OK;
}

struct placed_deployment {
    uint32_t model; /* position */
    const struct tg_view *view;
};

static int compare_deployments(const void *a, const void *b)
{
    const struct placed_deployment *left = a, *right = b;
    if (left->model != right->model)
        return left->model < right->model ? -1 : 1;
    int order =
        compare_numbers(left->view->resource->deployment->priority, right->view->resource->deployment->priority);
    return order != 0 ? order : compare_ids(&left->view->stored->id, &right->view->stored->id);
}

/* Returns them in one array, those of a model together; *count of them. */
static struct tg_deployment *build_deployments(const struct tg_catalog_source *source, tg_snapshot *snapshot,
                                               const struct tg_provider *providers, size_t *count)
{
    const struct tg_views *views = &source->of[TYPE(DEPLOYMENT)];
    struct placed_deployment *placed = scratch(views->count, sizeof(*placed));
    *count = 0;
    for (size_t i = 0; i < views->count; ++i) {
        const Tollgate__V1__Deployment *message = views->views[i].resource->deployment;
        uint32_t model = slot_of(source, TYPE(MODEL), message->model_id);
        views->views[i].stored->slot = NOT_SERVED;
        if (message->is_enabled && model != NOT_SERVED)
            placed[(*count)++] = (struct placed_deployment){model, &views->views[i]};
    }
    qsort(placed, *count, sizeof(*placed), compare_deployments);
    struct tg_deployment *deployments = in_arena(snapshot, *count, sizeof(*deployments));
    for (size_t i = 0; i < *count; ++i) {
        const Tollgate__V1__Deployment *message = placed[i].view->resource->deployment;
        placed[i].view->stored->slot = (uint32_t)i;
        const struct tg_provider *provider = &providers[slot_of(source, TYPE(PROVIDER), message->provider_id)];
        deployments[i] = (struct tg_deployment){
            .id = placed[i].view->stored->id,
            .provider = provider,
            .origin = provider->origin,
            .upstream_model = copy(snapshot, tg_text_of(message->upstream_model)),
            .weight = message->weight,
            .priority = message->priority,
        };
        if (message->credential_id.len != 0)
            give_credential(&snapshot->credentials[slot_of(source, TYPE(CREDENTIAL), message->credential_id)],
                            &deployments[i]);
        struct tg_model *model = &snapshot->models[placed[i].model].model;
        if (model->deployment_count++ == 0)
            model->deployments = &deployments[i];
    }
    free(placed);
    return deployments;
}

struct placed_price {
    uint32_t deployment; /* position */
    struct tg_price price;
};

static int compare_prices(const void *a, const void *b)
{
    const struct placed_price *left = a, *right = b;
    if (left->deployment != right->deployment)
        return left->deployment < right->deployment ? -1 : 1;
    int order = compare_numbers(right->price.effective_from_ms, left->price.effective_from_ms);
    return order != 0 ? order : compare_ids(&right->price.id, &left->price.id);
}

static void build_prices(const struct tg_catalog_source *source, tg_snapshot *snapshot,
                         struct tg_deployment *deployments)
{
    const struct tg_views *views = &source->of[TYPE(PRICE)];
    struct placed_price *placed = scratch(views->count, sizeof(*placed));
    size_t count = 0;
    for (size_t i = 0; i < views->count; ++i) {
        const Tollgate__V1__Price *message = views->views[i].resource->price;
        uint32_t deployment = slot_of(source, TYPE(DEPLOYMENT), message->deployment_id);
        if (deployment == NOT_SERVED)
            continue;
        placed[count++] = (struct placed_price){
            .deployment = deployment,
            .price = tg_price_build(&snapshot->arena, message),
        };
    }
    qsort(placed, count, sizeof(*placed), compare_prices);
    struct tg_price *prices = in_arena(snapshot, count, sizeof(*prices));
    for (size_t i = 0; i < count; ++i) {
        prices[i] = placed[i].price;
        struct tg_deployment *deployment = &deployments[placed[i].deployment];
        if (deployment->price_count++ == 0)
            deployment->prices = &prices[i];
    }
    free(placed);
}

/* ---- profiles ---- */

static void build_profiles(const struct tg_catalog_source *source, tg_snapshot *snapshot)
{
    const struct tg_views *views = &source->of[TYPE(ACCESS_PROFILE)];
    snapshot->profile_count = views->count;
    snapshot->profiles = in_arena(snapshot, views->count, sizeof(*snapshot->profiles));
    tg_index_init(&snapshot->profiles_by_id, &snapshot->arena, views->count);
    for (size_t i = 0; i < views->count; ++i) {
        const Tollgate__V1__AccessProfile *message = views->views[i].resource->access_profile;
        struct tg_id *model_ids = in_arena(snapshot, message->n_model_ids, sizeof(*model_ids));
        for (size_t k = 0; k < message->n_model_ids; ++k)
            model_ids[k] = id_of(message->model_ids[k]);
        qsort(model_ids, message->n_model_ids, sizeof(*model_ids), compare_ids);
        snapshot->profiles[i] = (struct tg_catalog_profile){
            .id = views->views[i].stored->id,
            .allows_all_models = message->allows_all_models,
            .model_ids = model_ids,
            .model_count = message->n_model_ids,
        };
        tg_index_put(&snapshot->profiles_by_id, tg_index_hash(snapshot->profiles[i].id), (uint32_t)i);
    }
}

/* ---- budgets ---- */

static int compare_budgets(const void *a, const void *b)
{
    const Tollgate__V1__Budget *left = ((const struct tg_view *)a)->resource->budget;
    const Tollgate__V1__Budget *right = ((const struct tg_view *)b)->resource->budget;
    if (left->scope != right->scope)
        return left->scope < right->scope ? -1 : 1;
    int order = memcmp(left->scope_id.data, right->scope_id.data, 16);
    if (order != 0)
        return order;
    struct tg_id left_model = id_of(left->model_id), right_model = id_of(right->model_id);
    order = compare_ids(&left_model, &right_model);
    return order != 0 ? order : memcmp(left->id.data, right->id.data, 16);
}

static void place_budgets(struct tg_catalog_source *source, tg_snapshot *snapshot)
{
    struct tg_views *views = &source->of[TYPE(BUDGET)];
    qsort(views->views, views->count, sizeof(*views->views), compare_budgets);
    snapshot->budget_count = views->count;
    snapshot->budgets = in_arena(snapshot, views->count, sizeof(*snapshot->budgets));
    tg_index_init(&snapshot->budgets_by_scope, &snapshot->arena, views->count);
    tg_index_init(&snapshot->budgets_by_id, &snapshot->arena, views->count);
    for (size_t i = 0; i < views->count; ++i) {
        const Tollgate__V1__Budget *message = views->views[i].resource->budget;
        struct tg_catalog_budget *made = &snapshot->budgets[i];
        made->scope_id = id_of(message->scope_id);
        made->budget = (struct tg_budget){
            .id = views->views[i].stored->id,
            .name = copy(snapshot, tg_text_of(message->name)),
            .scope = (enum tg_budget_scope)(message->scope - TOLLGATE__V1__BUDGET_SCOPE__BUDGET_SCOPE_ORGANIZATION),
            .model_id = id_of(message->model_id),
            .unit = message->unit == TOLLGATE__V1__BUDGET_UNIT__BUDGET_UNIT_TOKENS ? TG_BUDGET_TOKENS : TG_BUDGET_MONEY,
            .window = copy(snapshot, tg_text_of(message->window)),
        };
        tg_index_put(&snapshot->budgets_by_id, tg_index_hash(made->budget.id), (uint32_t)i);
        if (i == 0 || made[-1].budget.scope != made->budget.scope || !tg_id_equals(made[-1].scope_id, made->scope_id))
            tg_index_put(&snapshot->budgets_by_scope, tg_scope_hash(made->budget.scope, made->scope_id), (uint32_t)i);
        ++snapshot->scope_counts[made->budget.scope];
    }
}

static void open_accounts(const struct tg_catalog_source *source, tg_wallet *wallet, tg_snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->budget_count; ++i) {
        const Tollgate__V1__Budget *message = source->of[TYPE(BUDGET)].views[i].resource->budget;
        const struct tg_wallet_budget settings = {
            .id = snapshot->budgets[i].budget.id,
            .unit = snapshot->budgets[i].budget.unit,
            .contention = message->contention == TOLLGATE__V1__BUDGET_CONTENTION__BUDGET_CONTENTION_CLAMP
                              ? TG_BUDGET_CLAMP
                              : TG_BUDGET_WAIT,
            .outage = message->outage == TOLLGATE__V1__BUDGET_OUTAGE__BUDGET_OUTAGE_ALLOW_AND_REPORT
                          ? TG_BUDGET_ALLOW_AND_REPORT
                          : TG_BUDGET_DENY,
            .max_wait_ms = message->max_wait_ms,
            .clamp_floor_tokens = message->clamp_floor_tokens,
            .limit_amount = message->limit_amount,
        };
        snapshot->budgets[i].budget.account = tg_wallet_intern(wallet, &settings);
    }
}

enum tg_status tg_catalog_build(struct tg_catalog_source *source, tg_wallet *wallet, tg_snapshot *snapshot,
                                struct tg_error *error)
{
    enum tg_status status = build_models(source, snapshot, error);
    if (status != TG_OK)
        return status;
    place_budgets(source, snapshot);
    status = tg_budget_limit_check(source->store, snapshot, error);
    if (status != TG_OK)
        return status;
    const struct tg_provider *providers = build_providers(source, snapshot);
    build_credentials(source, snapshot, providers);
    size_t deployment_count;
    struct tg_deployment *deployments = build_deployments(source, snapshot, providers, &deployment_count);
    build_prices(source, snapshot, deployments);
    build_profiles(source, snapshot);
    open_accounts(source, wallet, snapshot);
    return TG_OK;
}
