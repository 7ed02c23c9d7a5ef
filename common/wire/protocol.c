#include "common/wire/protocol.h"

bool tg_wire_id(ProtobufCBinaryData field, struct tg_id *id)
{
    return field.len != 0 && tg_wire_optional_id(field, id) && !tg_id_is_zero(*id);
}

bool tg_wire_optional_id(ProtobufCBinaryData field, struct tg_id *id)
{
    *id = (struct tg_id){{0}};
    if (field.len == 0)
        return true;
    if (field.len != sizeof(id->octets))
        return false;
    memcpy(id->octets, field.data, sizeof(id->octets));
    return true;
}

/* Kinds and types are numbered alike in resources.proto, so one switch serves id and name. */
static ProtobufCBinaryData id_and_name(const Tollgate__V1__Resource *resource, const char **name)
{
    *name = "";
    switch (resource->kind_case) {
    case TOLLGATE__V1__RESOURCE__KIND_ORGANIZATION:
        *name = resource->organization->name;
        return resource->organization->id;
    case TOLLGATE__V1__RESOURCE__KIND_TEAM:
        *name = resource->team->name;
        return resource->team->id;
    case TOLLGATE__V1__RESOURCE__KIND_PROJECT:
        *name = resource->project->name;
        return resource->project->id;
    case TOLLGATE__V1__RESOURCE__KIND_APPLICATION:
        *name = resource->application->name;
        return resource->application->id;
    case TOLLGATE__V1__RESOURCE__KIND_API_KEY:
        return resource->api_key->id;
    case TOLLGATE__V1__RESOURCE__KIND_ACCESS_PROFILE:
        *name = resource->access_profile->name;
        return resource->access_profile->id;
    case TOLLGATE__V1__RESOURCE__KIND_PROVIDER:
        *name = resource->provider->name;
        return resource->provider->id;
    case TOLLGATE__V1__RESOURCE__KIND_CREDENTIAL:
        return resource->credential->id;
    case TOLLGATE__V1__RESOURCE__KIND_MODEL:
        *name = resource->model->name;
        return resource->model->id;
    case TOLLGATE__V1__RESOURCE__KIND_DEPLOYMENT:
        return resource->deployment->id;
    case TOLLGATE__V1__RESOURCE__KIND_PRICE:
        return resource->price->id;
    case TOLLGATE__V1__RESOURCE__KIND_BUDGET:
        *name = resource->budget->name;
        return resource->budget->id;
    default:
        return (ProtobufCBinaryData){0, NULL};
    }
}

bool tg_wire_resource_key(const Tollgate__V1__Resource *resource, Tollgate__V1__ResourceType *type, struct tg_id *id)
{
    const char *name;
    *type = (Tollgate__V1__ResourceType)resource->kind_case;
    return tg_wire_id(id_and_name(resource, &name), id);
}

struct tg_text tg_wire_resource_name(const Tollgate__V1__Resource *resource)
{
    const char *name;
    (void)id_and_name(resource, &name);
    return tg_text_of(name);
}

const char *tg_wire_resource_type_name(Tollgate__V1__ResourceType type)
{
    static const char *const names[] = {
        [TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_UNSPECIFIED] = "unknown",
        [TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_ORGANIZATION] = "organization",
        [TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_TEAM] = "team",
        [TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_PROJECT] = "project",
        [TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_APPLICATION] = "application",
        [TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_API_KEY] = "api_key",
        [TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_ACCESS_PROFILE] = "access_profile",
        [TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_PROVIDER] = "provider",
        [TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_CREDENTIAL] = "credential",
        [TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_MODEL] = "model",
        [TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_DEPLOYMENT] = "deployment",
        [TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_PRICE] = "price",
        [TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_BUDGET] = "budget",
    };
    return (size_t)type < sizeof(names) / sizeof(names[0]) ? names[type] : "unknown";
}

const char *tg_wire_outcome_name(Tollgate__V1__Outcome outcome)
{
    static const char *const names[] = {
        [TOLLGATE__V1__OUTCOME__OUTCOME_UNSPECIFIED] = "unspecified",
        [TOLLGATE__V1__OUTCOME__OUTCOME_COMPLETED] = "completed",
        [TOLLGATE__V1__OUTCOME__OUTCOME_CLIENT_LEFT] = "client_left",
        [TOLLGATE__V1__OUTCOME__OUTCOME_PROVIDER_ERROR] = "provider_error",
        [TOLLGATE__V1__OUTCOME__OUTCOME_PROVIDER_FAILED] = "provider_failed",
        [TOLLGATE__V1__OUTCOME__OUTCOME_REFUSED] = "refused",
        [TOLLGATE__V1__OUTCOME__OUTCOME_INTERRUPTED] = "interrupted",
    };
    return (size_t)outcome < sizeof(names) / sizeof(names[0]) ? names[outcome] : "unspecified";
}

#define OFFSET(column) offsetof(Tollgate__V1__UsageRecord, column),
static const size_t usage_fields[TG_USAGE_KIND_COUNT] = {TG_USAGE_COLUMNS(OFFSET)};

int64_t tg_wire_used(const Tollgate__V1__UsageRecord *record, enum tg_usage_kind kind)
{
    int64_t used;
    memcpy(&used, (const char *)record + usage_fields[kind], sizeof(used));
    return used;
}

void tg_wire_set_usage(Tollgate__V1__UsageRecord *record, const struct tg_usage *usage)
{
    for (int kind = 0; kind < TG_USAGE_KIND_COUNT; ++kind)
        memcpy((char *)record + usage_fields[kind], &usage->of[kind], sizeof(usage->of[kind]));
}

struct tg_usage tg_wire_usage(const Tollgate__V1__UsageRecord *record)
{
    struct tg_usage usage;
    for (int kind = 0; kind < TG_USAGE_KIND_COUNT; ++kind)
        usage.of[kind] = tg_wire_used(record, (enum tg_usage_kind)kind);
    return usage;
}
