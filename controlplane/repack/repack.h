/* What replicas are told, brought up to date with the program that tells it.
 *
 * A resource is packed in the transaction that changes it, and stored so (snapshot_resources). Another version of the
 * program may pack it otherwise, and so do other rows of the provider registry. At its start each control plane
 * therefore compares what it packs by - the version and the registry's digest - with what the database was last packed
 * by (config_state.packing). Where that differs one instance at a time goes through the organizations and writes what
 * has become different: one change of each organization, under one revision, with one audit row by "system:repack".
 *
 * Resources are packed and compared before the lock that orders changes is taken; under it only those that differ are
 * packed again. Nothing waits for it to be finished: until then replicas have what they had. A resource that an older
 * instance changes afterwards is stored as that one packs it, until it is changed or packed again. */
#ifndef TG_REPACK_REPACK_H
#define TG_REPACK_REPACK_H

#include "controlplane/resource/type.h"

typedef struct tg_repack tg_repack;

struct tg_repack_config {
    const char *database_url;
    const tg_seal_ring *seal_ring;               /* outlives it, as does what follows */
    const struct tg_resource_type *const *types; /* every type that replicas are told of */
    size_t type_count;
};

/* Starts a thread that ends when it is done. The database need not be there yet: it tries again until it is. The
 * registry is loaded already. */
enum tg_status tg_repack_start(const struct tg_repack_config *config, tg_repack **repack,
                               struct tg_error *error) TG_MUST_CHECK;

/* Stops after the organization that it is at, and waits for the thread; NULL is fine. */
void tg_repack_destroy(tg_repack *repack);

#endif
