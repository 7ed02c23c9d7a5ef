/* Internal to the room: one organization. */
#ifndef TG_REPACK_ORGANIZATION_INTERNAL_H
#define TG_REPACK_ORGANIZATION_INTERNAL_H

#include "controlplane/repack/repack.h"

/* Packs what is stored otherwise than it would be packed now; *count is how many resources that were. What cannot be
 * packed stays as it is, with a line in the log. One transaction. */
enum tg_status tg_repack_organization(const struct tg_repack_config *config, tg_db *db, struct tg_id organization_id,
                                      int64_t *count, struct tg_error *error) TG_MUST_CHECK;

#endif
