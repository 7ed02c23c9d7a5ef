/* Writes sealed snapshots to disk on a thread of its own, because fsync takes as long as it likes. If a newer one comes
 * while one waits, only the newer is written. */
#ifndef TG_LINK_SAVER_H
#define TG_LINK_SAVER_H

#include "dataplane/snapshot/disk.h"

typedef struct tg_saver tg_saver;

enum tg_status tg_saver_create(const tg_snapshot_disk *disk, tg_saver **saver, struct tg_error *error) TG_MUST_CHECK;
/* Takes the buffer's content; `sealed` is empty afterwards. */
void tg_saver_put(tg_saver *saver, struct tg_buf *sealed);
/* Writes what still waits, and ends. NULL is fine. */
void tg_saver_destroy(tg_saver *saver);

#endif
