#include "dataplane/snapshot/store.h"

#include <assert.h>
#include <stdlib.h>

#include "common/crypto/digest.h"
#include "common/crypto/random.h"
#include "common/crypto/secret.h"

enum { FIRST_CAPACITY = 256, OVERHEAD_BYTES = sizeof(struct tg_stored) + sizeof(struct tg_version) };

void tg_store_init(struct tg_store *store, size_t max_bytes)
{
    *store = (struct tg_store){.max_bytes = max_bytes};
    tg_random_bytes(&store->seed, sizeof(store->seed));
}

static void free_version(struct tg_store *store, struct tg_version *version)
{
    if (version == NULL)
        return;
    store->held_bytes -= OVERHEAD_BYTES + version->packed_bytes;
    tg_secret_wipe(version->packed, version->packed_bytes); /* it may be a credential */
    free(version);
}

void tg_store_deinit(struct tg_store *store)
{
    for (size_t i = 0; i < store->capacity; ++i) {
        struct tg_stored *stored = store->table[i];
        if (stored == NULL)
            continue;
        if (stored->next != stored->live)
            free_version(store, stored->next);
        free_version(store, stored->live);
        free(stored);
    }
    free(store->table);
    free(store->changed);
    *store = (struct tg_store){.max_bytes = store->max_bytes};
}

/* ---- the table ---- */

static size_t place_of(const struct tg_store *store, Tollgate__V1__ResourceType type, struct tg_id id)
{
    return tg_text_hash(tg_text((const char *)id.octets, sizeof(id.octets)), store->seed ^ (uint64_t)type) &
           (store->capacity - 1);
}

static struct tg_stored *find(const struct tg_store *store, Tollgate__V1__ResourceType type, struct tg_id id)
{
    if (store->capacity == 0)
        return NULL;
    for (size_t i = place_of(store, type, id);; i = (i + 1) & (store->capacity - 1)) {
        struct tg_stored *stored = store->table[i];
        if (stored == NULL || (stored->type == type && tg_id_equals(stored->id, id)))
            return stored;
    }
}

static void put(struct tg_store *store, struct tg_stored *stored)
{
    size_t i = place_of(store, stored->type, stored->id);
    while (store->table[i] != NULL)
        i = (i + 1) & (store->capacity - 1);
    store->table[i] = stored;
}

static void grow(struct tg_store *store)
{
    if (2 * (store->count + 1) <= store->capacity)
        return;
    struct tg_stored **old = store->table;
    size_t old_capacity = store->capacity;
    store->capacity = old_capacity == 0 ? FIRST_CAPACITY : 2 * old_capacity;
    store->table = calloc(store->capacity, sizeof(*store->table));
    if (store->table == NULL)
        abort();
    for (size_t i = 0; i < old_capacity; ++i) {
        if (old[i] != NULL)
            put(store, old[i]);
    }
    free(old);
}

static struct tg_stored *find_or_add(struct tg_store *store, Tollgate__V1__ResourceType type, struct tg_id id)
{
    struct tg_stored *stored = find(store, type, id);
    if (stored != NULL)
        return stored;
    grow(store);
    stored = calloc(1, sizeof(*stored));
    if (stored == NULL)
        abort();
    stored->type = type;
    stored->id = id;
    stored->after = store->first[type];
    if (stored->after != NULL)
        stored->after->before = stored;
    store->first[type] = stored;
    put(store, stored);
    ++store->count;
    ++store->counts[type];
    return stored;
}

/* Open addressing without tombstones: what follows in the run moves up. */
static void remove_from_table(struct tg_store *store, const struct tg_stored *stored)
{
    size_t mask = store->capacity - 1, hole = place_of(store, stored->type, stored->id);
    while (store->table[hole] != stored)
        hole = (hole + 1) & mask;
    for (size_t i = (hole + 1) & mask; store->table[i] != NULL; i = (i + 1) & mask) {
        size_t home = place_of(store, store->table[i]->type, store->table[i]->id);
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            store->table[hole] = store->table[i];
            hole = i;
        }
    }
    store->table[hole] = NULL;
}

static void drop(struct tg_store *store, struct tg_stored *stored)
{
    remove_from_table(store, stored);
    if (stored->before == NULL)
        store->first[stored->type] = stored->after;
    else
        stored->before->after = stored->after;
    if (stored->after != NULL)
        stored->after->before = stored->before;
    --store->count;
    --store->counts[stored->type];
    free(stored);
}

struct tg_stored *tg_store_find(const struct tg_store *store, Tollgate__V1__ResourceType type, struct tg_id id)
{
    struct tg_stored *stored = find(store, type, id);
    return stored != NULL && tg_store_outlook(store, stored) != NULL ? stored : NULL;
}

/* ---- gathering ---- */

static void change(struct tg_store *store, struct tg_stored *stored, struct tg_version *next)
{
    if (stored->is_changed && stored->next != stored->live)
        free_version(store, stored->next);
    stored->next = next;
    if (stored->is_changed)
        return;
    stored->is_changed = true;
    if (store->changed_count == store->changed_capacity) {
        store->changed_capacity = store->changed_capacity == 0 ? 64 : 2 * store->changed_capacity;
        store->changed = reallocarray(store->changed, store->changed_capacity, sizeof(struct tg_stored *));
        if (store->changed == NULL)
            abort();
    }
    store->changed[store->changed_count++] = stored;
}

void tg_store_begin(struct tg_store *store, bool is_full)
{
    for (size_t i = 0; i < store->changed_count; ++i) {
        struct tg_stored *stored = store->changed[i];
        if (stored->next != stored->live)
            free_version(store, stored->next);
        stored->next = NULL;
        stored->is_changed = false;
        if (stored->live == NULL)
            drop(store, stored);
    }
    store->changed_count = 0;
    store->is_full = is_full;
}

/* The fields of the numerous kinds; false, and which one, if one is malformed. */
static bool read_links(const Tollgate__V1__Resource *resource, struct tg_version *version, const char **field)
{
    switch (resource->kind_case) {
    case TOLLGATE__V1__RESOURCE__KIND_TEAM:
        *field = "organization_id";
        return tg_wire_id(resource->team->organization_id, &version->organization_id);
    case TOLLGATE__V1__RESOURCE__KIND_ACCESS_PROFILE:
        *field = "organization_id";
        return tg_wire_id(resource->access_profile->organization_id, &version->organization_id);
    case TOLLGATE__V1__RESOURCE__KIND_PROJECT:
        *field = "organization_id";
        if (!tg_wire_id(resource->project->organization_id, &version->organization_id))
            return false;
        *field = "team_id";
        return tg_wire_id(resource->project->team_id, &version->parent_id);
    case TOLLGATE__V1__RESOURCE__KIND_APPLICATION:
        *field = "organization_id";
        if (!tg_wire_id(resource->application->organization_id, &version->organization_id))
            return false;
        *field = "project_id";
        return tg_wire_id(resource->application->project_id, &version->parent_id);
    case TOLLGATE__V1__RESOURCE__KIND_API_KEY:
        *field = "organization_id";
        if (!tg_wire_id(resource->api_key->organization_id, &version->organization_id))
            return false;
        *field = "application_id";
        if (!tg_wire_id(resource->api_key->application_id, &version->parent_id))
            return false;
        *field = "access_profile_id";
        if (!tg_wire_id(resource->api_key->access_profile_id, &version->access_profile_id))
            return false;
        *field = "sha256";
        if (resource->api_key->sha256.len != sizeof(version->key_sha256))
            return false;
        memcpy(version->key_sha256, resource->api_key->sha256.data, sizeof(version->key_sha256));
        *field = "expires_at_ms";
        version->expires_at_ms = resource->api_key->expires_at_ms;
        version->is_revoked = resource->api_key->is_revoked;
        return version->expires_at_ms >= 0;
    default:
        return true;
    }
}

static enum tg_status make_version(struct tg_store *store, const Tollgate__V1__Resource *resource,
                                   struct tg_text packed, struct tg_id id, struct tg_version **made,
                                   struct tg_error *error)
{
    size_t bytes = OVERHEAD_BYTES + packed.bytes;
    if (bytes > store->max_bytes - store->held_bytes)
        return tg_fail(error, TG_TOO_LARGE, "the snapshot would take more than %zu bytes of memory", store->max_bytes);
    struct tg_version *version = calloc(1, sizeof(*version) + packed.bytes);
    if (version == NULL)
        abort();
    store->held_bytes += bytes;
    version->packed_bytes = (uint32_t)packed.bytes;
    memcpy(version->packed, packed.data, packed.bytes);
    const char *field = "";
    if (!read_links(resource, version, &field)) {
        char text[TG_ID_TEXT_BYTES];
        tg_id_format(id, text);
        free_version(store, version);
        return tg_fail(error, TG_INVALID, "%s %s: %s is malformed",
                       tg_wire_resource_type_name((Tollgate__V1__ResourceType)resource->kind_case), text, field);
    }
    *made = version;
    return TG_OK;
}

enum tg_status tg_store_upsert(struct tg_store *store, struct tg_text packed, struct tg_error *error)
{
    Tollgate__V1__Resource *resource;
    Tollgate__V1__ResourceType type;
    struct tg_id id;
    enum tg_status status = tg_wire_unpack_resource(packed, &resource, error);
    if (status != TG_OK)
        return status;
    if (!tg_wire_resource_key(resource, &type, &id)) {
        status = tg_fail(error, TG_INVALID, "a resource of type %s has no valid id", tg_wire_resource_type_name(type));
    } else {
        struct tg_stored *known = find(store, type, id);
        struct tg_version *version = known == NULL ? NULL : known->live;
        if (version == NULL || version->packed_bytes != packed.bytes ||
            memcmp(version->packed, packed.data, packed.bytes) != 0)
            status = make_version(store, resource, packed, id, &version, error);
        if (status == TG_OK)
            change(store, find_or_add(store, type, id), version);
    }
    tg_wire_free(resource);
    return status;
}

enum tg_status tg_store_delete(struct tg_store *store, Tollgate__V1__ResourceType type, struct tg_id id,
                               struct tg_error *error)
{
    if (type <= TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_UNSPECIFIED || (size_t)type >= TG_STORE_TYPES)
        return tg_fail(error, TG_INVALID, "a resource of unknown type %d is to be deleted", (int)type);
    struct tg_stored *stored = find(store, type, id);
    if (stored != NULL)
        change(store, stored, NULL); /* what is not known need not be deleted */
    return TG_OK;
}

/* ---- commit ---- */

static void digest_add(struct tg_digest *digest, const struct tg_version *version)
{
    uint8_t sha256[TG_SHA256_BYTES];
    tg_sha256(version->packed, version->packed_bytes, sha256);
    tg_digest_add(digest, sha256);
}

static void digest_subtract(struct tg_digest *digest, const struct tg_version *version)
{
    uint8_t sha256[TG_SHA256_BYTES];
    tg_sha256(version->packed, version->packed_bytes, sha256);
    tg_digest_subtract(digest, sha256);
}

struct tg_digest tg_store_next_digest(const struct tg_store *store)
{
    struct tg_digest digest = store->is_full ? (struct tg_digest){{0}} : store->digest;
    for (size_t i = 0; i < store->changed_count; ++i) {
        const struct tg_stored *stored = store->changed[i];
        if (!store->is_full && stored->next == stored->live)
            continue;
        if (!store->is_full && stored->live != NULL)
            digest_subtract(&digest, stored->live);
        if (stored->next != NULL)
            digest_add(&digest, stored->next);
    }
    return digest;
}

void tg_store_commit(struct tg_store *store, const struct tg_digest *digest)
{
    if (store->is_full) {
        for (size_t type = 1; type < TG_STORE_TYPES; ++type) {
            for (struct tg_stored *stored = store->first[type]; stored != NULL; stored = stored->after) {
                if (!stored->is_changed)
                    change(store, stored, NULL);
            }
        }
    }
    for (size_t i = 0; i < store->changed_count; ++i) {
        struct tg_stored *stored = store->changed[i];
        if (stored->live != stored->next)
            free_version(store, stored->live);
        stored->live = stored->next;
        stored->next = NULL;
        stored->is_changed = false;
        if (stored->live == NULL)
            drop(store, stored);
    }
    store->changed_count = 0;
    store->is_full = false;
    store->digest = *digest;
}
