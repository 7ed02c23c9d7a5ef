/* Internal to the room: what a snapshot consists of.
 *
 *   principals   keys and the applications they belong to: large, shared between snapshots while nothing in it changes
 *   catalog      models, deployments, providers, prices, profiles, budgets: made anew each time, in the snapshot's
 * arena
 *
 * Everything is found through open-addressing tables of positions in flat arrays. Identifiers end in random bits, and
 * key hashes are random altogether, so a few of their octets are hash enough. */
#ifndef TG_SNAPSHOT_INTERNAL_H
#define TG_SNAPSHOT_INTERNAL_H

#include <stdatomic.h>

#include "common/base/arena.h"
#include "common/crypto/secret.h"
#include "dataplane/snapshot/provider.h"
#include "dataplane/snapshot/snapshot.h"
#include "dataplane/snapshot/store.h"

/* Positions in an array by hash; UINT32_MAX is a free place. */
struct tg_index {
    uint32_t *places;
    uint32_t mask;
};

static inline uint64_t tg_index_hash(struct tg_id id)
{
    uint64_t tail;
    memcpy(&tail, id.octets + 8, sizeof(tail));
    return (tail * UINT64_C(0x9e3779b97f4a7c15)) >> 20;
}

/* Room for `count` positions, all free; memory from the arena, or from malloc where that is NULL. */
void tg_index_init(struct tg_index *index, struct tg_arena *arena, size_t count);
void tg_index_put(struct tg_index *index, uint64_t hash, uint32_t position);
/* for (uint32_t p, at = tg_index_first(index, hash); (p = index->places[at]) != UINT32_MAX; at = (at + 1) &
 * index->mask) */
static inline uint32_t tg_index_first(const struct tg_index *index, uint64_t hash)
{
    return (uint32_t)hash & index->mask;
}

struct tg_principal_key {
    uint8_t sha256[32];
    struct tg_id id, access_profile_id;
    int64_t expires_at_ms;
    uint32_t application; /* position */
    bool is_revoked;
};

struct tg_principal_application {
    struct tg_id id, project_id, team_id, organization_id;
};

struct tg_principals {
    atomic_size_t references;
    struct tg_principal_key *keys;
    size_t key_count;
    struct tg_principal_application *applications;
    size_t application_count;
    struct tg_index by_sha256;
};

void tg_principals_unref(struct tg_principals *principals); /* any thread; NULL is fine */

/* Checks organizations, teams, projects, applications and keys of the store's outlook, and compiles them. */
enum tg_status tg_principals_build(const struct tg_store *store, struct tg_principals **principals,
                                   struct tg_error *error) TG_MUST_CHECK;

/* Whether the change of this resource concerns principals. Of access profiles only that they exist, and where, does. */
static inline bool tg_is_of_principals(const struct tg_stored *stored)
{
    if (stored->type == TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_ACCESS_PROFILE)
        return stored->live != NULL &&
               (stored->next == NULL || !tg_id_equals(stored->live->organization_id, stored->next->organization_id));
    return stored->type >= TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_ORGANIZATION &&
           stored->type <= TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_API_KEY;
}

/* The frequent case by a copy: only keys are new, or changed in what is not their hash. */
bool tg_principals_can_extend(const struct tg_store *store, const struct tg_principals *before);
enum tg_status tg_principals_extend(const struct tg_store *store, const struct tg_principals *before,
                                    struct tg_principals **principals, struct tg_error *error) TG_MUST_CHECK;

struct tg_catalog_model {
    struct tg_model model; /* first: what is handed out points here */
    struct tg_id organization_id;
};

struct tg_catalog_profile {
    struct tg_id id;
    bool allows_all_models;
    const struct tg_id *model_ids; /* sorted */
    size_t model_count;
};

struct tg_catalog_budget {
    struct tg_budget budget;
    struct tg_id scope_id;
};

/* A provider's credential; deployments point into it. */
struct tg_catalog_credential {
    enum tg_credential_kind kind;
    struct tg_secret secret, session_token;
    struct tg_text access_key_id;
    int64_t expires_at_ms;
    struct tg_http_origin origin; /* the provider's as its deployments call it */
};

struct tg_snapshot {
    atomic_size_t references;
    int64_t revision;
    struct tg_principals *principals;
    struct tg_arena arena;
    struct tg_catalog_model *models; /* enabled ones, by organization and name */
    size_t model_count;
    struct tg_index models_by_name;
    struct tg_catalog_profile *profiles;
    size_t profile_count;
    struct tg_index profiles_by_id;
    struct tg_catalog_budget *budgets; /* by scope and its id: those of one scope stand together */
    size_t budget_count;
    size_t scope_counts[TG_SCOPE_API_KEY + 1];
    struct tg_index budgets_by_scope; /* the first of each scope */
    struct tg_index budgets_by_id;
    struct tg_catalog_credential *credentials;
    size_t credential_count;
    struct tg_trusted **trusted; /* held */
    size_t trusted_count;
    tg_trust *trust; /* referenced */
};

static inline uint64_t tg_model_hash(struct tg_id organization_id, struct tg_text name)
{
    return tg_text_hash(name, tg_index_hash(organization_id));
}

static inline uint64_t tg_scope_hash(enum tg_budget_scope scope, struct tg_id scope_id)
{
    return tg_index_hash(scope_id) + (uint64_t)scope;
}

/* ---- checking (check.c) ---- */

/* A resource of the catalog, unpacked for the time of a build. */
struct tg_view {
    struct tg_stored *stored;
    Tollgate__V1__Resource *resource;
};

/* All of one type in the outlook. */
struct tg_views {
    struct tg_view *views;
    size_t count;
};

struct tg_catalog_source {
    const struct tg_store *store;
    struct tg_views of[TG_STORE_TYPES];
    tg_trust *trust;
};

enum tg_status tg_catalog_load(struct tg_catalog_source *source, struct tg_error *error) TG_MUST_CHECK;
void tg_catalog_unload(struct tg_catalog_source *source);
/* Every field and every reference. */
enum tg_status tg_catalog_check(struct tg_catalog_source *source, struct tg_error *error) TG_MUST_CHECK;

/* "model "gpt-4o" (0198…): max_input_tokens must be …"; returns TG_INVALID. */
enum tg_status tg_refuse(const struct tg_stored *stored, const char *field, struct tg_error *error, const char *format,
                         ...) TG_PRINTF(4, 5);

/* ---- compiling (catalog.c) ---- */

/* Fills the snapshot's catalog from a source that was checked; cannot fail but for a limit on budgets, which is found
 * before the wallet is touched. */
enum tg_status tg_catalog_build(struct tg_catalog_source *source, tg_wallet *wallet, tg_snapshot *snapshot,
                                struct tg_error *error) TG_MUST_CHECK;

/* ---- prices (price.c) ---- */

/* NULL, or the member that is wrong and why. */
const char *tg_price_check(const Tollgate__V1__Price *message, const char **why);
/* The price of a checked message: its rates resolved, in the arena. */
struct tg_price tg_price_build(struct tg_arena *arena, const Tollgate__V1__Price *message);

#endif
