/* Who makes a request. Today there is one kind, the administrator with the bootstrap token, who may do everything;
 * people who sign in will be others. */
#ifndef TG_API_PRINCIPAL_H
#define TG_API_PRINCIPAL_H

#include "common/base/id.h"
#include "common/crypto/digest.h"

enum tg_principal_kind { TG_PRINCIPAL_ADMIN_TOKEN };
const char *tg_principal_kind_name(enum tg_principal_kind kind);

struct tg_principal {
    enum tg_principal_kind kind;
    char name[64]; /* for the audit log */
};

struct tg_authenticator {
    uint8_t admin_token_sha256[TG_SHA256_BYTES];
};

void tg_authenticator_init(struct tg_authenticator *authenticator, struct tg_text admin_token);

/* Checks the value of an Authorization header (NULL: there was none; RFC 6750 section 2.1), in constant time. */
bool tg_authenticate(const struct tg_authenticator *authenticator, const struct tg_text *authorization,
                     struct tg_principal *principal);

/* Whether it may work in this organization (zero: across them). */
bool tg_principal_may_enter(const struct tg_principal *principal, struct tg_id organization_id);

#endif
