/* Internal to the room: the resources that a snapshot is made of, as they came, with the changes that gather until
 * Commit.
 *
 * Each resource is known by type and id and has up to two versions: what is live, and what the gathering changes would
 * make of it. Nothing is live before commit, and a refused set leaves no trace. */
#ifndef TG_SNAPSHOT_STORE_H
#define TG_SNAPSHOT_STORE_H

#include "common/wire/digest.h"
#include "common/wire/pack.h"

enum { TG_STORE_TYPES = TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_BUDGET + 1 };

/* One state of a resource, immutable: its packed bytes, and of the numerous kinds what is looked at on every build. */
struct tg_version {
    struct tg_id organization_id;
    struct tg_id parent_id;         /* application: project; project: team; api_key: application; else zero */
    struct tg_id access_profile_id; /* api_key */
    uint8_t key_sha256[32];         /* api_key */
    int64_t expires_at_ms;          /* api_key */
    bool is_revoked;                /* api_key */
    uint32_t packed_bytes;
    char packed[];
};

struct tg_stored {
    Tollgate__V1__ResourceType type;
    bool is_changed; /* `next` stands for what it will be, NULL for nothing */
    struct tg_id id;
    struct tg_version *live; /* NULL: is not, or not yet */
    struct tg_version *next;
    struct tg_stored *after, *before; /* of its type */
    uint32_t slot;                    /* of the snapshot being built: the compiler's own */
};

struct tg_store {
    struct tg_stored **table; /* open addressing */
    size_t capacity, count;   /* the capacity is a power of two */
    uint64_t seed;
    struct tg_stored *first[TG_STORE_TYPES];
    size_t counts[TG_STORE_TYPES]; /* resources known, live or to be */
    struct tg_stored **changed;
    size_t changed_count, changed_capacity;
    struct tg_digest digest; /* of what is live */
    size_t held_bytes, max_bytes;
    bool is_full; /* what is live and not sent again will be gone */
};

void tg_store_init(struct tg_store *store, size_t max_bytes);
void tg_store_deinit(struct tg_store *store);

/* Forgets gathered changes. From now on they are relative to what is live or, with `is_full`, to nothing. */
void tg_store_begin(struct tg_store *store, bool is_full);

/* Adds a change. TG_INVALID, TG_CORRUPT or TG_TOO_LARGE with a sentence that names the resource. */
enum tg_status tg_store_upsert(struct tg_store *store, struct tg_text packed, struct tg_error *error) TG_MUST_CHECK;
enum tg_status tg_store_delete(struct tg_store *store, Tollgate__V1__ResourceType type, struct tg_id id,
                               struct tg_error *error) TG_MUST_CHECK;

/* What the resource would be after commit; NULL for nothing. */
static inline const struct tg_version *tg_store_outlook(const struct tg_store *store, const struct tg_stored *stored)
{
    return stored->is_changed ? stored->next : store->is_full ? NULL : stored->live;
}

/* The digest after commit. */
struct tg_digest tg_store_next_digest(const struct tg_store *store);

/* Makes the outlook live. */
void tg_store_commit(struct tg_store *store, const struct tg_digest *digest);

/* NULL if there is no such resource in the outlook. */
struct tg_stored *tg_store_find(const struct tg_store *store, Tollgate__V1__ResourceType type, struct tg_id id);

#endif
