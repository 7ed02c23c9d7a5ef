/* Internal to the room: the kinds of credentials, what each is made of, and what has to be exchanged for a token. */
#ifndef TG_CATALOG_CREDENTIAL_KIND_H
#define TG_CATALOG_CREDENTIAL_KIND_H

#include "controlplane/resource/type.h"

/* Ends with NULL. */
extern const char *const tg_credential_kinds[];

/* Every kind's members are there, and no other's; `before` is NULL at creation. */
void tg_credential_check_members(const struct tg_operation *operation, const struct tg_record *before,
                                 const struct tg_record *after, struct tg_refusal *refusal);

/* Whether a client sent something that a token is minted from. */
bool tg_credential_changes_token(const struct tg_record *after);

#endif
