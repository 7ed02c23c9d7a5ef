/* The last committed snapshot on the replica's disk, for a start without a control plane.
 *
 * Sealed with AES-256-GCM under a key that is derived from the replica's own TLS key, so that the file is of no use
 * without it: it holds providers' credentials. Replaced atomically. A file that is corrupt, foreign, or of another
 * format is an error to be logged and otherwise ignored: the replica then waits for the stream. Revision, digest and
 * epoch are inside. */
#ifndef TG_SNAPSHOT_DISK_H
#define TG_SNAPSHOT_DISK_H

#include "common/crypto/seal.h"
#include "dataplane/snapshot/builder.h"

typedef struct tg_snapshot_disk tg_snapshot_disk;

/* `key_file` is the replica's TLS key; `replica` binds the file to its name. */
enum tg_status tg_snapshot_disk_create(const char *path, const char *key_file, const char *replica,
                                       tg_snapshot_disk **disk, struct tg_error *error) TG_MUST_CHECK;
void tg_snapshot_disk_destroy(tg_snapshot_disk *disk); /* NULL is fine */

/* What the builder holds, as it would stand on disk; *sealed is to be deinited in any case. Builder's thread; a few
 * milliseconds for each ten megabytes. */
enum tg_status tg_snapshot_disk_seal(const tg_snapshot_disk *disk, const tg_snapshot_builder *builder,
                                     struct tg_id config_epoch, struct tg_buf *sealed,
                                     struct tg_error *error) TG_MUST_CHECK;

/* Replaces the file. Blocking, fsync included; may be another thread, one at a time. */
enum tg_status tg_snapshot_disk_write(const tg_snapshot_disk *disk, struct tg_text sealed,
                                      struct tg_error *error) TG_MUST_CHECK;

/* Fills a new builder from the file and commits. TG_NOT_FOUND if there is no file. */
enum tg_status tg_snapshot_disk_load(tg_snapshot_disk *disk, tg_snapshot_builder *builder, int64_t now_ms,
                                     struct tg_id *config_epoch, tg_snapshot **snapshot,
                                     struct tg_error *error) TG_MUST_CHECK;

#endif
