/* How applications authenticate (API keys, of which only the SHA-256 is kept) and what they may use then (access
 * profiles). */
#ifndef TG_ACCESS_ACCESS_H
#define TG_ACCESS_ACCESS_H

#include "controlplane/resource/operation.h"

extern const struct tg_resource_type tg_access_profile_type;
extern const struct tg_resource_type tg_api_key_type;

/* From now on the key is refused. Revoking it again changes nothing. Otherwise as tg_resource_update(). */
void tg_api_key_revoke(struct tg_operation *operation, struct tg_id id, const struct tg_text *if_match,
                       struct tg_record *record, struct tg_refusal *refusal);

#endif
