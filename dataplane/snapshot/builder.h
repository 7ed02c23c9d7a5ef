/* Makes snapshots from the stream's changes.
 *
 *     tg_snapshot_builder_begin   after Welcome: changes are relative to what is held, or to nothing
 *     _upsert, _delete            gather; a bad one is remembered and fails the commit
 *     _commit                     checks the digest, every field and every reference, then compiles: a new immutable
 *                                 snapshot, or a sentence that says which resource and field is wrong, and nothing
 * changed
 *
 * The builder keeps the resources as they were packed: the digest is over those bytes, and so is what goes to disk.
 * Of the compiled snapshot, principals (keys and what they belong to) are shared with the one before while none of them
 * changes; the rest is made anew. Budgets get their accounts in the wallet at a commit and lose them at the next one
 * without them.
 *
 * Thread: the link's. Snapshots go to any. */
#ifndef TG_SNAPSHOT_BUILDER_H
#define TG_SNAPSHOT_BUILDER_H

#include "common/wire/digest.h"
#include "common/wire/protocol.h"
#include "dataplane/snapshot/snapshot.h"

typedef struct tg_snapshot_builder tg_snapshot_builder;

/* `max_bytes` bounds the memory of the resources (default 512 MiB when 0). */
tg_snapshot_builder *tg_snapshot_builder_create(tg_wallet *wallet, size_t max_bytes);
void tg_snapshot_builder_destroy(tg_snapshot_builder *builder); /* NULL is fine; snapshots in use live on */

void tg_snapshot_builder_begin(tg_snapshot_builder *builder, bool is_full);
void tg_snapshot_builder_upsert(tg_snapshot_builder *builder, struct tg_text packed_resource);
void tg_snapshot_builder_delete(tg_snapshot_builder *builder, Tollgate__V1__ResourceType type, struct tg_id id);

/* TG_OK: *snapshot is a reference of the caller's. TG_CORRUPT: the digest differs, so something is missing here and
 * only a full snapshot helps. TG_INVALID, TG_TOO_LARGE: the configuration is refused. After a failure the changes are
 * forgotten, and what follows is relative to the same as before. */
enum tg_status tg_snapshot_builder_commit(tg_snapshot_builder *builder, int64_t revision,
                                          const struct tg_digest *digest, int64_t now_ms, tg_snapshot **snapshot,
                                          struct tg_error *error) TG_MUST_CHECK;

/* What is held; 0 and the digest of nothing before the first commit. */
int64_t tg_snapshot_builder_revision(const tg_snapshot_builder *builder);
struct tg_digest tg_snapshot_builder_digest(const tg_snapshot_builder *builder);

/* Hands every live resource, as packed, to `visit`, until that returns false. */
bool tg_snapshot_builder_visit(const tg_snapshot_builder *builder,
                               bool (*visit)(void *user, struct tg_text packed_resource), void *user);

#endif
