/* A small organization as the stream would send it, and a builder to feed it to. Identifiers are a type and a number.
 */
#ifndef TEST_SNAPSHOT_WORLD_H
#define TEST_SNAPSHOT_WORLD_H

#include <stdio.h>
#include <stdlib.h>

#include "common/crypto/digest.h"
#include "common/wire/pack.h"
#include "dataplane/snapshot/builder.h"

#define WORLD_TYPE(name) TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_##name

/* What the control plane would hold: the builder's counterpart, for the digest. */
struct world {
    tg_wallet *wallet;
    tg_snapshot_builder *builder;
    struct tg_digest digest;
    int64_t revision;
};

static inline void ignore_message(void *user)
{
}

static inline void world_init(struct world *world)
{
    const struct tg_wallet_config config = {.on_message = ignore_message, .max_waiters = 10};
    *world = (struct world){.wallet = tg_wallet_create(&config)};
    world->builder = tg_snapshot_builder_create(world->wallet, 0);
    tg_snapshot_builder_begin(world->builder, true);
}

static inline void world_deinit(struct world *world)
{
    tg_snapshot_builder_destroy(world->builder);
    tg_wallet_destroy(world->wallet);
}

static inline struct tg_id id_of(Tollgate__V1__ResourceType type, uint32_t number)
{
    struct tg_id id = {{0}};
    id.octets[0] = 1;
    id.octets[7] = (uint8_t)type;
    for (int i = 0; i < 4; ++i)
        id.octets[12 + i] = (uint8_t)(number >> (24 - 8 * i));
    return id;
}

static inline ProtobufCBinaryData field_of(struct tg_id *room, Tollgate__V1__ResourceType type, uint32_t number)
{
    *room = id_of(type, number);
    return tg_wire_bytes(room->octets, number == 0 ? 0 : 16);
}

static inline void digest_of(struct tg_text packed, bool is_added, struct tg_digest *digest)
{
    uint8_t sha256[32];
    tg_sha256(packed.data, packed.bytes, sha256);
    if (is_added)
        tg_digest_add(digest, sha256);
    else
        tg_digest_subtract(digest, sha256);
}

/* Sends a resource. `before`: what it was, if the digest is to lose that; may be NULL. */
static inline void send_resource(struct world *world, const Tollgate__V1__Resource *resource,
                                 const Tollgate__V1__Resource *before)
{
    struct tg_buf packed;
    tg_buf_init(&packed, 1 << 20);
    if (before != NULL) {
        if (tg_wire_pack(&before->base, &packed) != TG_OK)
            abort();
        digest_of(tg_buf_text(&packed), false, &world->digest);
        packed.bytes = 0;
    }
    if (tg_wire_pack(&resource->base, &packed) != TG_OK)
        abort();
    digest_of(tg_buf_text(&packed), true, &world->digest);
    tg_snapshot_builder_upsert(world->builder, tg_buf_text(&packed));
    tg_buf_deinit(&packed);
}

static inline enum tg_status commit(struct world *world, tg_snapshot **snapshot, struct tg_error *error)
{
    return tg_snapshot_builder_commit(world->builder, ++world->revision, &world->digest, 1000, snapshot, error);
}

/* The messages of one resource, filled so that they are valid; a test changes what it is about. */
struct parts {
    struct tg_id rooms[8];
    Tollgate__V1__Resource resource;
    Tollgate__V1__Organization organization;
    Tollgate__V1__Team team;
    Tollgate__V1__Project project;
    Tollgate__V1__Application application;
    Tollgate__V1__ApiKey api_key;
    Tollgate__V1__AccessProfile access_profile;
    Tollgate__V1__Provider provider;
    Tollgate__V1__ProviderApi api;
    Tollgate__V1__ProviderApi *apis[1];
    Tollgate__V1__Credential credential;
    Tollgate__V1__Model model;
    Tollgate__V1__Deployment deployment;
    Tollgate__V1__Price price;
    Tollgate__V1__Rate rates[2], *rate_list[2];
    Tollgate__V1__Budget budget;
    ProtobufCBinaryData model_ids[2];
    uint8_t sha256[32];
    char name[32];
};

static inline char *text(const char *literal)
{
    return (char *)(uintptr_t)literal;
}

static inline void key_hash(uint32_t number, uint8_t sha256[32])
{
    tg_sha256(&number, sizeof(number), sha256);
}

/* `parent` is the number of what it belongs to: team of a project, project of an application, application of a key, …;
 * everything belongs to organization 1. */
static inline Tollgate__V1__Resource *make(struct parts *parts, Tollgate__V1__ResourceType type, uint32_t number,
                                           uint32_t parent)
{
    memset(parts, 0, sizeof(*parts));
    struct tg_id *rooms = parts->rooms;
    ProtobufCBinaryData id = field_of(&rooms[0], type, number);
    ProtobufCBinaryData organization = field_of(&rooms[1], WORLD_TYPE(ORGANIZATION), 1);
    tollgate__v1__resource__init(&parts->resource);
    parts->resource.kind_case = (Tollgate__V1__Resource__KindCase)type;
    snprintf(parts->name, sizeof(parts->name), "%s-%u", tg_wire_resource_type_name(type), number);
    switch (type) {
    case WORLD_TYPE(ORGANIZATION):
        tollgate__v1__organization__init(&parts->organization);
        parts->resource.organization = &parts->organization;
        parts->organization.id = id;
        parts->organization.name = parts->name;
        break;
    case WORLD_TYPE(TEAM):
        tollgate__v1__team__init(&parts->team);
        parts->resource.team = &parts->team;
        parts->team.id = id;
        parts->team.organization_id = organization;
        parts->team.name = parts->name;
        break;
    case WORLD_TYPE(PROJECT):
        tollgate__v1__project__init(&parts->project);
        parts->resource.project = &parts->project;
        parts->project.id = id;
        parts->project.organization_id = organization;
        parts->project.team_id = field_of(&rooms[2], WORLD_TYPE(TEAM), parent);
        parts->project.name = parts->name;
        break;
    case WORLD_TYPE(APPLICATION):
        tollgate__v1__application__init(&parts->application);
        parts->resource.application = &parts->application;
        parts->application.id = id;
        parts->application.organization_id = organization;
        parts->application.project_id = field_of(&rooms[2], WORLD_TYPE(PROJECT), parent);
        parts->application.name = parts->name;
        break;
    case WORLD_TYPE(API_KEY):
        tollgate__v1__api_key__init(&parts->api_key);
        parts->resource.api_key = &parts->api_key;
        parts->api_key.id = id;
        parts->api_key.organization_id = organization;
        parts->api_key.application_id = field_of(&rooms[2], WORLD_TYPE(APPLICATION), parent);
        parts->api_key.access_profile_id = field_of(&rooms[3], WORLD_TYPE(ACCESS_PROFILE), 1);
        key_hash(number, parts->sha256);
        parts->api_key.sha256 = tg_wire_bytes(parts->sha256, 32);
        break;
    case WORLD_TYPE(ACCESS_PROFILE):
        tollgate__v1__access_profile__init(&parts->access_profile);
        parts->resource.access_profile = &parts->access_profile;
        parts->access_profile.id = id;
        parts->access_profile.organization_id = organization;
        parts->access_profile.name = parts->name;
        parts->model_ids[0] = field_of(&rooms[2], WORLD_TYPE(MODEL), parent);
        parts->access_profile.model_ids = parts->model_ids;
        parts->access_profile.n_model_ids = 1;
        break;
    case WORLD_TYPE(PROVIDER):
        tollgate__v1__provider__init(&parts->provider);
        parts->resource.provider = &parts->provider;
        parts->provider.id = id;
        parts->provider.organization_id = organization;
        parts->provider.name = parts->name;
        parts->provider.kind = text("openai");
        parts->provider.auth = TOLLGATE__V1__PROVIDER_AUTH__PROVIDER_AUTH_BEARER;
        parts->provider.maximum_field = text("max_tokens");
        tollgate__v1__provider_api__init(&parts->api);
        parts->api.operation = text("generate");
        parts->api.dialect = text("chat");
        parts->api.path = text("/chat/completions");
        parts->apis[0] = &parts->api;
        parts->provider.apis = parts->apis;
        parts->provider.n_apis = 1;
        parts->provider.base_url = text("http://127.0.0.1:9999/v1/");
        parts->provider.connect_timeout_ms = parts->provider.first_byte_timeout_ms = 5000;
        parts->provider.idle_timeout_ms = parts->provider.total_timeout_ms = 60000;
        break;
    case WORLD_TYPE(CREDENTIAL):
        tollgate__v1__credential__init(&parts->credential);
        parts->resource.credential = &parts->credential;
        parts->credential.id = id;
        parts->credential.organization_id = organization;
        parts->credential.provider_id = field_of(&rooms[2], WORLD_TYPE(PROVIDER), parent);
        parts->credential.secret = text("sk-upstream");
        break;
    case WORLD_TYPE(MODEL):
        tollgate__v1__model__init(&parts->model);
        parts->resource.model = &parts->model;
        parts->model.id = id;
        parts->model.organization_id = organization;
        parts->model.name = parts->name;
        parts->model.kind = text("chat");
        parts->model.max_input_tokens = 1000;
        parts->model.max_output_tokens = 100;
        parts->model.is_enabled = true;
        break;
    case WORLD_TYPE(DEPLOYMENT):
        tollgate__v1__deployment__init(&parts->deployment);
        parts->resource.deployment = &parts->deployment;
        parts->deployment.id = id;
        parts->deployment.organization_id = organization;
        parts->deployment.model_id = field_of(&rooms[2], WORLD_TYPE(MODEL), parent);
        parts->deployment.provider_id = field_of(&rooms[3], WORLD_TYPE(PROVIDER), 1);
        parts->deployment.credential_id = field_of(&rooms[4], WORLD_TYPE(CREDENTIAL), 1);
        parts->deployment.upstream_model = text("upstream");
        parts->deployment.weight = 1;
        parts->deployment.is_enabled = true;
        break;
    case WORLD_TYPE(PRICE):
        tollgate__v1__price__init(&parts->price);
        parts->resource.price = &parts->price;
        parts->price.id = id;
        parts->price.organization_id = organization;
        parts->price.deployment_id = field_of(&rooms[2], WORLD_TYPE(DEPLOYMENT), parent);
        parts->price.request_pusd = 3;
        parts->price.rates = parts->rate_list;
        parts->price.n_rates = 2;
        for (size_t i = 0; i < 2; ++i) {
            tollgate__v1__rate__init(parts->rate_list[i] = &parts->rates[i]);
            parts->rates[i].kind = TOLLGATE__V1__USAGE_KIND__USAGE_KIND_INPUT_TOKENS;
            parts->rates[i].pusd = i == 0 ? 75000 : 40000;
        }
        parts->rates[1].service_tier = text("flex");
        parts->rates[1].above_input_tokens = 1000;
        parts->price.effective_from_ms = number;
        break;
    default:
        tollgate__v1__budget__init(&parts->budget);
        parts->resource.budget = &parts->budget;
        parts->budget.id = id;
        parts->budget.organization_id = organization;
        parts->budget.name = parts->name;
        parts->budget.scope = TOLLGATE__V1__BUDGET_SCOPE__BUDGET_SCOPE_TEAM;
        parts->budget.scope_id = field_of(&rooms[2], WORLD_TYPE(TEAM), parent);
        parts->budget.unit = TOLLGATE__V1__BUDGET_UNIT__BUDGET_UNIT_MONEY;
        parts->budget.contention = TOLLGATE__V1__BUDGET_CONTENTION__BUDGET_CONTENTION_WAIT;
        parts->budget.outage = TOLLGATE__V1__BUDGET_OUTAGE__BUDGET_OUTAGE_DENY;
        parts->budget.clamp_floor_tokens = 16;
        parts->budget.window = text("month");
        break;
    }
    return &parts->resource;
}

static inline void send_made(struct world *world, Tollgate__V1__ResourceType type, uint32_t number, uint32_t parent)
{
    struct parts parts;
    send_resource(world, make(&parts, type, number, parent), NULL);
}

/* One of everything, numbered 1; model 2 is not in the profile. */
static inline void send_everything(struct world *world)
{
    for (int type = 1; type <= WORLD_TYPE(BUDGET); ++type)
        send_made(world, (Tollgate__V1__ResourceType)type, 1, 1);
    send_made(world, WORLD_TYPE(MODEL), 2, 1);
}

#endif
