#include "dataplane/snapshot/snapshot.h"

#include <stdlib.h>

#include "dataplane/snapshot/snapshot_internal.h"

void tg_index_init(struct tg_index *index, struct tg_arena *arena, size_t count)
{
    size_t capacity = 8;
    while (capacity < 2 * count)
        capacity *= 2;
    size_t bytes = capacity * sizeof(*index->places);
    index->places = arena == NULL ? malloc(bytes) : tg_arena_alloc(arena, bytes);
    if (index->places == NULL)
        abort();
    memset(index->places, 0xff, bytes);
    index->mask = (uint32_t)capacity - 1;
}

void tg_index_put(struct tg_index *index, uint64_t hash, uint32_t position)
{
    uint32_t at = tg_index_first(index, hash);
    while (index->places[at] != UINT32_MAX)
        at = (at + 1) & index->mask;
    index->places[at] = position;
}

tg_snapshot *tg_snapshot_ref(tg_snapshot *snapshot)
{
    atomic_fetch_add_explicit(&snapshot->references, 1, memory_order_relaxed);
    return snapshot;
}

void tg_snapshot_unref(tg_snapshot *snapshot)
{
    if (snapshot == NULL || atomic_fetch_sub_explicit(&snapshot->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < snapshot->trusted_count; ++i)
        tg_trusted_release(snapshot->trusted[i]);
    for (size_t i = 0; i < snapshot->credential_count; ++i) {
        tg_secret_deinit(&snapshot->credentials[i].secret);
        tg_secret_deinit(&snapshot->credentials[i].session_token);
    }
    free(snapshot->credentials);
    free(snapshot->trusted);
    tg_trust_unref(snapshot->trust);
    tg_principals_unref(snapshot->principals);
    tg_arena_deinit(&snapshot->arena);
    free(snapshot);
}

int64_t tg_snapshot_revision(const tg_snapshot *snapshot)
{
    return snapshot->revision;
}

bool tg_snapshot_find_key(const tg_snapshot *snapshot, const uint8_t sha256[32], struct tg_principal *principal)
{
    const struct tg_principals *principals = snapshot->principals;
    const struct tg_index *index = &principals->by_sha256;
    uint64_t hash;
    memcpy(&hash, sha256, sizeof(hash));
    uint32_t position;
    for (uint32_t at = tg_index_first(index, hash); (position = index->places[at]) != UINT32_MAX;
         at = (at + 1) & index->mask) {
        const struct tg_principal_key *key = &principals->keys[position];
        if (memcmp(key->sha256, sha256, sizeof(key->sha256)) != 0)
            continue;
        const struct tg_principal_application *application = &principals->applications[key->application];
        *principal = (struct tg_principal){
            .organization_id = application->organization_id,
            .team_id = application->team_id,
            .project_id = application->project_id,
            .application_id = application->id,
            .api_key_id = key->id,
            .access_profile_id = key->access_profile_id,
            .expires_at_ms = key->expires_at_ms,
            .is_revoked = key->is_revoked,
        };
        return true;
    }
    return false;
}

/* ---- models ---- */

static const struct tg_catalog_profile *find_profile(const tg_snapshot *snapshot, struct tg_id id)
{
    const struct tg_index *index = &snapshot->profiles_by_id;
    uint32_t position;
    for (uint32_t at = tg_index_first(index, tg_index_hash(id)); (position = index->places[at]) != UINT32_MAX;
         at = (at + 1) & index->mask) {
        if (tg_id_equals(snapshot->profiles[position].id, id))
            return &snapshot->profiles[position];
    }
    return NULL;
}

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct tg_id));
}

static bool profile_allows(const struct tg_catalog_profile *profile, struct tg_id model_id)
{
    if (profile == NULL)
        return false;
    return profile->allows_all_models ||
           (profile->model_count != 0 &&
            bsearch(&model_id, profile->model_ids, profile->model_count, sizeof(model_id), compare_ids) != NULL);
}

const struct tg_model *tg_snapshot_find_model(const tg_snapshot *snapshot, const struct tg_principal *principal,
                                              struct tg_text name)
{
    const struct tg_index *index = &snapshot->models_by_name;
    uint32_t position;
    for (uint32_t at = tg_index_first(index, tg_model_hash(principal->organization_id, name));
         (position = index->places[at]) != UINT32_MAX; at = (at + 1) & index->mask) {
        const struct tg_catalog_model *found = &snapshot->models[position];
        if (!tg_text_equals(found->model.name, name) ||
            !tg_id_equals(found->organization_id, principal->organization_id))
            continue;
        const struct tg_catalog_profile *profile = find_profile(snapshot, principal->access_profile_id);
        return profile_allows(profile, found->model.id) ? &found->model : NULL;
    }
    return NULL;
}

/* The first model of the organization, or of one after it. */
static size_t first_model(const tg_snapshot *snapshot, struct tg_id organization_id)
{
    size_t low = 0, high = snapshot->model_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (compare_ids(&snapshot->models[middle].organization_id, &organization_id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct tg_model *tg_snapshot_list_models(const tg_snapshot *snapshot, const struct tg_principal *principal,
                                               size_t *cursor)
{
    const struct tg_catalog_profile *profile = find_profile(snapshot, principal->access_profile_id);
    for (size_t i = first_model(snapshot, principal->organization_id) + *cursor; i < snapshot->model_count; ++i) {
        const struct tg_catalog_model *found = &snapshot->models[i];
        if (!tg_id_equals(found->organization_id, principal->organization_id))
            break;
        ++*cursor;
        if (profile_allows(profile, found->model.id))
            return &found->model;
    }
    return NULL;
}

const struct tg_provider_api *tg_provider_find_api(const struct tg_provider *provider, enum tg_operation operation,
                                                   enum tg_dialect_id preferred)
{
    const struct tg_provider_api *first = NULL;
    for (size_t i = 0; i < provider->api_count; ++i) {
        const struct tg_provider_api *api = &provider->apis[i];
        if (api->operation != operation)
            continue;
        if (api->dialect == preferred)
            return api;
        if (first == NULL)
            first = api;
    }
    return first;
}

const struct tg_price *tg_deployment_price(const struct tg_deployment *deployment, int64_t unix_ms)
{
    for (size_t i = 0; i < deployment->price_count; ++i) {
        if (deployment->prices[i].effective_from_ms <= unix_ms)
            return &deployment->prices[i];
    }
    return NULL;
}

/* ---- budgets ---- */

static bool has_scope(const struct tg_catalog_budget *budget, enum tg_budget_scope scope, struct tg_id scope_id)
{
    return budget->budget.scope == scope && tg_id_equals(budget->scope_id, scope_id);
}

static size_t add_budgets(const tg_snapshot *snapshot, enum tg_budget_scope scope, struct tg_id scope_id,
                          struct tg_id model_id, const struct tg_budget **budgets, size_t capacity)
{
    if (snapshot->scope_counts[scope] == 0)
        return 0;
    const struct tg_index *index = &snapshot->budgets_by_scope;
    uint32_t position, at = tg_index_first(index, tg_scope_hash(scope, scope_id));
    while ((position = index->places[at]) != UINT32_MAX && !has_scope(&snapshot->budgets[position], scope, scope_id))
        at = (at + 1) & index->mask;
    if (position == UINT32_MAX)
        return 0;
    size_t count = 0;
    for (size_t i = position; i < snapshot->budget_count && count < capacity; ++i) {
        const struct tg_catalog_budget *found = &snapshot->budgets[i];
        if (!has_scope(found, scope, scope_id))
            break;
        if (tg_id_is_zero(found->budget.model_id) || tg_id_equals(found->budget.model_id, model_id))
            budgets[count++] = &found->budget;
    }
    return count;
}

size_t tg_snapshot_find_budgets(const tg_snapshot *snapshot, const struct tg_principal *principal,
                                const struct tg_model *model, const struct tg_budget **budgets, size_t capacity)
{
    const struct tg_id scope_ids[] = {
        [TG_SCOPE_ORGANIZATION] = principal->organization_id, [TG_SCOPE_TEAM] = principal->team_id,
        [TG_SCOPE_PROJECT] = principal->project_id,           [TG_SCOPE_APPLICATION] = principal->application_id,
        [TG_SCOPE_API_KEY] = principal->api_key_id,
    };
    size_t count = 0;
    if (snapshot->budget_count == 0)
        return 0;
    for (int scope = TG_SCOPE_ORGANIZATION; scope <= TG_SCOPE_API_KEY; ++scope)
        count += add_budgets(snapshot, (enum tg_budget_scope)scope, scope_ids[scope], model->id, budgets + count,
                             capacity - count);
    return count;
}

const struct tg_budget *tg_snapshot_find_budget(const tg_snapshot *snapshot, struct tg_id id)
{
    const struct tg_index *index = &snapshot->budgets_by_id;
    uint32_t position;
    for (uint32_t at = tg_index_first(index, tg_index_hash(id)); (position = index->places[at]) != UINT32_MAX;
         at = (at + 1) & index->mask) {
        if (tg_id_equals(snapshot->budgets[position].budget.id, id))
            return &snapshot->budgets[position].budget;
    }
    return NULL;
}
