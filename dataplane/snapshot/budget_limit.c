#include "dataplane/snapshot/budget_limit.h"

#define TYPE(name) TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_##name

/* How many budgets of one scope can apply to one call. */
static size_t count_scope(const tg_snapshot *snapshot, enum tg_budget_scope scope, struct tg_id scope_id)
{
    if (snapshot->scope_counts[scope] == 0)
        return 0;
    const struct tg_index *index = &snapshot->budgets_by_scope;
    uint32_t position, at = tg_index_first(index, tg_scope_hash(scope, scope_id));
    while ((position = index->places[at]) != UINT32_MAX &&
           (snapshot->budgets[position].budget.scope != scope ||
            !tg_id_equals(snapshot->budgets[position].scope_id, scope_id)))
        at = (at + 1) & index->mask;
    size_t general = 0, of_model = 0, most_of_model = 0;
    /* Sorted by model: those without one come first, those of one model stand together. */
    for (size_t i = position; i < snapshot->budget_count; ++i) {
        const struct tg_catalog_budget *budget = &snapshot->budgets[i];
        if (budget->budget.scope != scope || !tg_id_equals(budget->scope_id, scope_id))
            break;
        if (tg_id_is_zero(budget->budget.model_id)) {
            ++general;
            continue;
        }
        bool is_same_model = of_model != 0 && tg_id_equals(budget[-1].budget.model_id, budget->budget.model_id);
        of_model = is_same_model ? of_model + 1 : 1;
        if (of_model > most_of_model)
            most_of_model = of_model;
    }
    return general + most_of_model;
}

static enum tg_status check_count(size_t count, const struct tg_store *store, Tollgate__V1__ResourceType type,
                                  struct tg_id id, struct tg_error *error)
{
    if (count <= TG_WALLET_MAX_LINES)
        return TG_OK;
    return tg_refuse(tg_store_find(store, type, id), "budgets", error,
                     "are too many: %zu could apply to one call, the most is %d", count, TG_WALLET_MAX_LINES);
}

enum tg_status tg_budget_limit_check(const struct tg_store *store, const tg_snapshot *snapshot, struct tg_error *error)
{
    const struct tg_principals *principals = snapshot->principals;
    enum tg_status status = TG_OK;
    if (snapshot->budget_count <= TG_WALLET_MAX_LINES)
        return TG_OK;
    for (size_t i = 0; i < principals->key_count && status == TG_OK; ++i) {
        /* Keys of one application mostly follow each other, and mostly have no budgets of their own. */
        const struct tg_principal_key *key = &principals->keys[i];
        size_t of_key = count_scope(snapshot, TG_SCOPE_API_KEY, key->id);
        if (of_key == 0 && i != 0 && key[-1].application == key->application)
            continue;
        const struct tg_principal_application *application = &principals->applications[key->application];
        size_t above = count_scope(snapshot, TG_SCOPE_ORGANIZATION, application->organization_id) +
                       count_scope(snapshot, TG_SCOPE_TEAM, application->team_id) +
                       count_scope(snapshot, TG_SCOPE_PROJECT, application->project_id) +
                       count_scope(snapshot, TG_SCOPE_APPLICATION, application->id);
        status = check_count(above, store, TYPE(APPLICATION), application->id, error);
        if (status == TG_OK)
            status = check_count(above + of_key, store, TYPE(API_KEY), key->id, error);
    }
    return status;
}
