#include <stdlib.h>

#include "dataplane/snapshot/snapshot_internal.h"

#define TYPE(name) TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_##name

void tg_principals_unref(struct tg_principals *principals)
{
    if (principals == NULL || atomic_fetch_sub_explicit(&principals->references, 1, memory_order_acq_rel) != 1)
        return;
    free(principals->keys);
    free(principals->applications);
    free(principals->by_sha256.places);
    free(principals);
}

/* The parent that `stored` names in `field`, which must exist and belong to the same organization. */
static enum tg_status find_parent(const struct tg_store *store, const struct tg_stored *stored,
                                  Tollgate__V1__ResourceType type, struct tg_id id, const char *field,
                                  struct tg_stored **parent, struct tg_error *error)
{
    *parent = tg_store_find(store, type, id);
    if (*parent == NULL)
        return tg_refuse(stored, field, error, "names no %s", tg_wire_resource_type_name(type));
    const struct tg_version *mine = tg_store_outlook(store, stored), *theirs = tg_store_outlook(store, *parent);
    if (type != TYPE(ORGANIZATION) && !tg_id_equals(mine->organization_id, theirs->organization_id))
        return tg_refuse(stored, field, error, "names a %s of another organization", tg_wire_resource_type_name(type));
    return TG_OK;
}

static enum tg_status check_above(const struct tg_store *store, Tollgate__V1__ResourceType type,
                                  Tollgate__V1__ResourceType parent_type, const char *parent_field,
                                  struct tg_error *error)
{
    enum tg_status status = TG_OK;
    for (struct tg_stored *stored = store->first[type]; stored != NULL && status == TG_OK; stored = stored->after) {
        const struct tg_version *version = tg_store_outlook(store, stored);
        if (version == NULL)
            continue;
        struct tg_stored *parent;
        status =
            find_parent(store, stored, TYPE(ORGANIZATION), version->organization_id, "organization_id", &parent, error);
        if (status == TG_OK && parent_type != TYPE(UNSPECIFIED))
            status = find_parent(store, stored, parent_type, version->parent_id, parent_field, &parent, error);
    }
    return status;
}

static void add_applications(const struct tg_store *store, struct tg_principals *principals)
{
    for (struct tg_stored *stored = store->first[TYPE(APPLICATION)]; stored != NULL; stored = stored->after) {
        const struct tg_version *version = tg_store_outlook(store, stored);
        if (version == NULL)
            continue;
        const struct tg_stored *project = tg_store_find(store, TYPE(PROJECT), version->parent_id);
        stored->slot = (uint32_t)principals->application_count++;
        principals->applications[stored->slot] = (struct tg_principal_application){
            .id = stored->id,
            .project_id = version->parent_id,
            .team_id = tg_store_outlook(store, project)->parent_id,
            .organization_id = version->organization_id,
        };
    }
}

static uint64_t hash_of_key(const uint8_t sha256[32])
{
    uint64_t hash;
    memcpy(&hash, sha256, sizeof(hash));
    return hash;
}

static struct tg_principal_key *find_key(const struct tg_principals *principals, const uint8_t sha256[32])
{
    const struct tg_index *index = &principals->by_sha256;
    uint32_t position;
    for (uint32_t at = tg_index_first(index, hash_of_key(sha256)); (position = index->places[at]) != UINT32_MAX;
         at = (at + 1) & index->mask) {
        if (memcmp(principals->keys[position].sha256, sha256, 32) == 0)
            return &principals->keys[position];
    }
    return NULL;
}

/* Fills a key's entry; its application's slot is right. */
static enum tg_status fill_key(const struct tg_store *store, const struct tg_stored *stored,
                               const struct tg_version *version, struct tg_principal_key *key, struct tg_error *error)
{
    struct tg_stored *application, *profile;
    enum tg_status status =
        find_parent(store, stored, TYPE(APPLICATION), version->parent_id, "application_id", &application, error);
    if (status == TG_OK)
        status = find_parent(store, stored, TYPE(ACCESS_PROFILE), version->access_profile_id, "access_profile_id",
                             &profile, error);
    if (status != TG_OK)
        return status;
    *key = (struct tg_principal_key){
        .id = stored->id,
        .access_profile_id = version->access_profile_id,
        .expires_at_ms = version->expires_at_ms,
        .application = application->slot,
        .is_revoked = version->is_revoked,
    };
    memcpy(key->sha256, version->key_sha256, sizeof(key->sha256));
    return TG_OK;
}

static enum tg_status add_key(const struct tg_store *store, const struct tg_stored *stored,
                              const struct tg_version *version, struct tg_principals *principals,
                              struct tg_error *error)
{
    struct tg_principal_key *key = &principals->keys[principals->key_count];
    enum tg_status status = fill_key(store, stored, version, key, error);
    if (status != TG_OK)
        return status;
    if (find_key(principals, version->key_sha256) != NULL)
        return tg_refuse(stored, "sha256", error, "is that of another key");
    tg_index_put(&principals->by_sha256, hash_of_key(version->key_sha256), (uint32_t)principals->key_count++);
    return TG_OK;
}

static void *allocate(size_t count, size_t bytes)
{
    void *memory = calloc(count == 0 ? 1 : count, bytes);
    if (memory == NULL)
        abort();
    return memory;
}

enum tg_status tg_principals_build(const struct tg_store *store, struct tg_principals **principals,
                                   struct tg_error *error)
{
    *principals = NULL;
    enum tg_status status = check_above(store, TYPE(TEAM), TYPE(UNSPECIFIED), "", error);
    if (status == TG_OK)
        status = check_above(store, TYPE(PROJECT), TYPE(TEAM), "team_id", error);
    if (status == TG_OK)
        status = check_above(store, TYPE(APPLICATION), TYPE(PROJECT), "project_id", error);
    if (status != TG_OK)
        return status;
    struct tg_principals *made = allocate(1, sizeof(*made));
    atomic_init(&made->references, 1);
    made->keys = allocate(store->counts[TYPE(API_KEY)], sizeof(*made->keys));
    made->applications = allocate(store->counts[TYPE(APPLICATION)], sizeof(*made->applications));
    tg_index_init(&made->by_sha256, NULL, store->counts[TYPE(API_KEY)]);
    add_applications(store, made);
    for (struct tg_stored *stored = store->first[TYPE(API_KEY)]; stored != NULL && status == TG_OK;
         stored = stored->after) {
        const struct tg_version *version = tg_store_outlook(store, stored);
        if (version != NULL)
            status = add_key(store, stored, version, made, error);
    }
    if (status != TG_OK) {
        tg_principals_unref(made);
        return status;
    }
    *principals = made;
    return TG_OK;
}

/* ---- a few keys more ---- */

static bool is_simple_change(const struct tg_store *store, const struct tg_principals *before,
                             const struct tg_stored *stored)
{
    if (stored->type != TYPE(API_KEY) || stored->next == NULL ||
        (stored->live != NULL && memcmp(stored->live->key_sha256, stored->next->key_sha256, 32) != 0))
        return false;
    /* Slots are those of the last build that was tried, which is not always the one that `before` came from. */
    const struct tg_stored *application = tg_store_find(store, TYPE(APPLICATION), stored->next->parent_id);
    return application == NULL || (application->slot < before->application_count &&
                                   tg_id_equals(before->applications[application->slot].id, application->id));
}

bool tg_principals_can_extend(const struct tg_store *store, const struct tg_principals *before)
{
    size_t added = 0;
    if (store->is_full)
        return false;
    for (size_t i = 0; i < store->changed_count; ++i) {
        const struct tg_stored *stored = store->changed[i];
        if (stored->next == stored->live || !tg_is_of_principals(stored))
            continue;
        if (!is_simple_change(store, before, stored))
            return false;
        added += stored->live == NULL;
    }
    return 2 * (before->key_count + added) <= (size_t)before->by_sha256.mask + 1;
}

static struct tg_principals *copy_of(const struct tg_principals *before, size_t spare_keys)
{
    struct tg_principals *made = allocate(1, sizeof(*made));
    size_t index_bytes = ((size_t)before->by_sha256.mask + 1) * sizeof(*before->by_sha256.places);
    atomic_init(&made->references, 1);
    made->key_count = before->key_count;
    made->application_count = before->application_count;
    made->by_sha256.mask = before->by_sha256.mask;
    made->keys = malloc((before->key_count + spare_keys + 1) * sizeof(*made->keys));
    made->applications = malloc((before->application_count + 1) * sizeof(*made->applications));
    made->by_sha256.places = malloc(index_bytes);
    if (made->keys == NULL || made->applications == NULL || made->by_sha256.places == NULL)
        abort();
    memcpy(made->keys, before->keys, before->key_count * sizeof(*made->keys));
    memcpy(made->applications, before->applications, before->application_count * sizeof(*made->applications));
    memcpy(made->by_sha256.places, before->by_sha256.places, index_bytes);
    return made;
}

enum tg_status tg_principals_extend(const struct tg_store *store, const struct tg_principals *before,
                                    struct tg_principals **principals, struct tg_error *error)
{
    struct tg_principals *made = copy_of(before, store->changed_count);
    enum tg_status status = TG_OK;
    for (size_t i = 0; i < store->changed_count && status == TG_OK; ++i) {
        const struct tg_stored *stored = store->changed[i];
        if (stored->next == stored->live || !tg_is_of_principals(stored))
            continue;
        if (stored->live == NULL)
            status = add_key(store, stored, stored->next, made, error);
        else
            status = fill_key(store, stored, stored->next, find_key(made, stored->next->key_sha256), error);
    }
    if (status != TG_OK) {
        tg_principals_unref(made);
        made = NULL;
    }
    *principals = made;
    return status;
}
