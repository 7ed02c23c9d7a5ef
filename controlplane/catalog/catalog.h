/* The catalog: models that clients ask for, deployments that serve them at providers with a credential, and what that
 * costs from which day on. */
#ifndef TG_CATALOG_CATALOG_H
#define TG_CATALOG_CATALOG_H

#include "controlplane/resource/type.h"

extern const struct tg_resource_type tg_provider_type;
extern const struct tg_resource_type tg_credential_type;
extern const struct tg_resource_type tg_model_type;
extern const struct tg_resource_type tg_deployment_type;
extern const struct tg_resource_type tg_price_type;

/* A client certificate that ends within this time is told about. */
#define TG_CREDENTIAL_EXPIRING_MS (INT64_C(30) * 24 * 3600 * 1000)

/* ---- tokens that credentials are exchanged for ---- */

/* What replicas get for a while. Text is the caller's. */
struct tg_token {
    struct tg_text secret;        /* the bearer token, or the secret access key */
    struct tg_text access_key_id; /* of AWS keys */
    struct tg_text session_token; /* of AWS keys */
    int64_t expires_at_ms;
};

/* Whether the credential is exchanged for tokens, or used as it is. */
bool tg_credential_is_exchanged(const struct tg_record *record);

/* Opens a sealed member of a loaded credential, such as "sealed_secret"; empty where there is none.
 * The caller deinits `plain` in every case. */
enum tg_status tg_credential_open(const struct tg_operation *operation, const struct tg_record *record,
                                  const char *field, struct tg_secret *plain, struct tg_error *error) TG_MUST_CHECK;

/* Puts a token into a credential that is being changed, and when to take the next one. */
enum tg_status tg_credential_put_token(const struct tg_operation *operation, struct tg_record *record,
                                       const struct tg_token *token, int64_t next_mint_at_ms,
                                       struct tg_error *error) TG_MUST_CHECK;

#endif
