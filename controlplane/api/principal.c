#include "controlplane/api/principal.h"

#include <stdio.h>

const char *tg_principal_kind_name(enum tg_principal_kind kind)
{
    static const char *const names[] = {[TG_PRINCIPAL_ADMIN_TOKEN] = "admin_token"};
    return names[kind];
}

void tg_authenticator_init(struct tg_authenticator *authenticator, struct tg_text admin_token)
{
    tg_sha256(admin_token.data, admin_token.bytes, authenticator->admin_token_sha256);
}

bool tg_authenticate(const struct tg_authenticator *authenticator, const struct tg_text *authorization,
                     struct tg_principal *principal)
{
    static const char scheme[] = "Bearer ";
    size_t scheme_bytes = sizeof(scheme) - 1;
    if (authorization == NULL || authorization->bytes <= scheme_bytes ||
        !tg_text_equals_nocase(tg_text(authorization->data, scheme_bytes), tg_text(scheme, scheme_bytes)))
        return false;
    struct tg_text token =
        tg_text_trim(tg_text(authorization->data + scheme_bytes, authorization->bytes - scheme_bytes));
    uint8_t sha256[TG_SHA256_BYTES];
    tg_sha256(token.data, token.bytes, sha256);
    if (!tg_equals_constant_time(sha256, authenticator->admin_token_sha256, sizeof(sha256)))
        return false;
    *principal = (struct tg_principal){.kind = TG_PRINCIPAL_ADMIN_TOKEN};
    snprintf(principal->name, sizeof(principal->name), "%s", tg_principal_kind_name(principal->kind));
    return true;
}

bool tg_principal_may_enter(const struct tg_principal *principal, struct tg_id organization_id)
{
    switch (principal->kind) {
    case TG_PRINCIPAL_ADMIN_TOKEN:
        return true;
    }
    return false;
}
