/* Internal to the room: the certificate that a credential is shown to a provider with, and its key. */
#ifndef TG_CATALOG_CLIENT_CERTIFICATE_H
#define TG_CATALOG_CLIENT_CERTIFICATE_H

#include "controlplane/resource/type.h"

/* What was given of the two is good and belongs together, also with what was stored before; sets `expires_at`. The key
 * is still in the clear and is to be sealed next. Called when the members suit the credential's kind. */
enum tg_status tg_client_certificate_prepare(const struct tg_operation *operation, struct tg_record *after,
                                             struct tg_refusal *refusal, struct tg_error *error) TG_MUST_CHECK;

/* "ready", "expiring" or "expired". */
const char *tg_client_certificate_status(const struct tg_operation *operation, const struct tg_record *record);

#endif
