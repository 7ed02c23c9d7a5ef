#include "dataplane/snapshot/builder.h"

#include <malloc.h>
#include <stdlib.h>

#include "dataplane/snapshot/snapshot_internal.h"

enum { TRIM_FROM_CHANGES = 1000 };
static const size_t default_max_bytes = (size_t)512 << 20;

struct tg_snapshot_builder {
    tg_wallet *wallet;
    struct tg_store store;
    tg_trust *trust;
    tg_snapshot *current; /* a reference; NULL at first */
    int64_t revision;
    enum tg_status gathering; /* of the changes since begin; `failure` says what is wrong with the first bad one */
    struct tg_error failure;
};

tg_snapshot_builder *tg_snapshot_builder_create(tg_wallet *wallet, size_t max_bytes)
{
    tg_snapshot_builder *builder = calloc(1, sizeof(*builder));
    if (builder == NULL)
        abort();
    builder->wallet = wallet;
    builder->trust = tg_trust_create();
    tg_store_init(&builder->store, max_bytes == 0 ? default_max_bytes : max_bytes);
    return builder;
}

void tg_snapshot_builder_destroy(tg_snapshot_builder *builder)
{
    if (builder == NULL)
        return;
    tg_snapshot_unref(builder->current);
    tg_store_deinit(&builder->store);
    tg_trust_unref(builder->trust);
    free(builder);
}

void tg_snapshot_builder_begin(tg_snapshot_builder *builder, bool is_full)
{
    tg_store_begin(&builder->store, is_full);
    builder->gathering = TG_OK;
}

void tg_snapshot_builder_upsert(tg_snapshot_builder *builder, struct tg_text packed_resource)
{
    if (builder->gathering == TG_OK)
        builder->gathering = tg_store_upsert(&builder->store, packed_resource, &builder->failure);
}

void tg_snapshot_builder_delete(tg_snapshot_builder *builder, Tollgate__V1__ResourceType type, struct tg_id id)
{
    if (builder->gathering == TG_OK)
        builder->gathering = tg_store_delete(&builder->store, type, id, &builder->failure);
}

/* ---- commit ---- */

static bool principals_change(const struct tg_store *store)
{
    for (size_t i = 0; i < store->changed_count; ++i) {
        const struct tg_stored *stored = store->changed[i];
        if (stored->next != stored->live && tg_is_of_principals(stored))
            return true;
    }
    return store->is_full;
}

static enum tg_status build_principals(tg_snapshot_builder *builder, tg_snapshot *snapshot, struct tg_error *error)
{
    struct tg_principals *before = builder->current == NULL ? NULL : builder->current->principals;
    if (before != NULL && !principals_change(&builder->store)) {
        atomic_fetch_add_explicit(&before->references, 1, memory_order_relaxed);
        snapshot->principals = before;
        return TG_OK;
    }
    if (before != NULL && tg_principals_can_extend(&builder->store, before))
        return tg_principals_extend(&builder->store, before, &snapshot->principals, error);
    return tg_principals_build(&builder->store, &snapshot->principals, error);
}

static enum tg_status build_catalog(tg_snapshot_builder *builder, tg_snapshot *snapshot, struct tg_error *error)
{
    struct tg_catalog_source source = {.store = &builder->store, .trust = builder->trust};
    enum tg_status status = tg_catalog_load(&source, error);
    if (status == TG_OK)
        status = tg_catalog_check(&source, error);
    if (status == TG_OK)
        status = tg_catalog_build(&source, builder->wallet, snapshot, error);
    tg_catalog_unload(&source);
    return status;
}

static enum tg_status build(tg_snapshot_builder *builder, int64_t revision, tg_snapshot **snapshot,
                            struct tg_error *error)
{
    tg_snapshot *made = calloc(1, sizeof(*made));
    if (made == NULL)
        abort();
    atomic_init(&made->references, 1);
    made->revision = revision;
    made->trust = tg_trust_ref(builder->trust);
    tg_arena_init(&made->arena);
    enum tg_status status = build_principals(builder, made, error);
    if (status == TG_OK)
        status = build_catalog(builder, made, error);
    if (status != TG_OK) {
        tg_snapshot_unref(made);
        return status;
    }
    *snapshot = made;
    return TG_OK;
}

static void retire_budgets(tg_snapshot_builder *builder, const tg_snapshot *next, int64_t now_ms)
{
    const tg_snapshot *before = builder->current;
    for (size_t i = 0; before != NULL && i < before->budget_count; ++i) {
        const struct tg_budget *budget = &before->budgets[i].budget;
        if (tg_snapshot_find_budget(next, budget->id) == NULL)
            tg_wallet_retire(builder->wallet, budget->account, now_ms);
    }
}

static enum tg_status check_gathered(const tg_snapshot_builder *builder, const struct tg_digest *digest,
                                     struct tg_error *error)
{
    if (builder->gathering != TG_OK)
        return tg_fail(error, builder->gathering, "%s", builder->failure.message);
    struct tg_digest next = tg_store_next_digest(&builder->store);
    if (!tg_digest_equals(&next, digest))
        return tg_fail(error, TG_CORRUPT, "the digest over the resources differs from the one in Commit");
    return TG_OK;
}

enum tg_status tg_snapshot_builder_commit(tg_snapshot_builder *builder, int64_t revision,
                                          const struct tg_digest *digest, int64_t now_ms, tg_snapshot **snapshot,
                                          struct tg_error *error)
{
    *snapshot = NULL;
    size_t changes = builder->store.changed_count;
    tg_snapshot *made = NULL;
    enum tg_status status = check_gathered(builder, digest, error);
    if (status == TG_OK)
        status = build(builder, revision, &made, error);
    if (status != TG_OK) {
        tg_snapshot_builder_begin(builder, builder->store.is_full);
        return status;
    }
    retire_budgets(builder, made, now_ms);
    tg_store_commit(&builder->store, digest);
    tg_snapshot_unref(builder->current);
    builder->current = made;
    builder->revision = revision;
    builder->gathering = TG_OK;
    tg_trust_sweep(builder->trust, now_ms);
    if (changes >= TRIM_FROM_CHANGES)
        (void)malloc_trim(0); /* a big build leaves holes; whether any could be given back does not matter */
    *snapshot = tg_snapshot_ref(made);
    return TG_OK;
}

/* ---- what is held ---- */

int64_t tg_snapshot_builder_revision(const tg_snapshot_builder *builder)
{
    return builder->revision;
}

struct tg_digest tg_snapshot_builder_digest(const tg_snapshot_builder *builder)
{
    return builder->store.digest;
}

bool tg_snapshot_builder_visit(const tg_snapshot_builder *builder,
                               bool (*visit)(void *user, struct tg_text packed_resource), void *user)
{
    for (size_t type = 0; type < TG_STORE_TYPES; ++type) {
        for (const struct tg_stored *stored = builder->store.first[type]; stored != NULL; stored = stored->after) {
            if (stored->live != NULL && !visit(user, tg_text(stored->live->packed, stored->live->packed_bytes)))
                return false;
        }
    }
    return true;
}
