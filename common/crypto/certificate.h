/* Certificates as PEM text: the certificate itself first, then those between it and the authority. Any thread. */
#ifndef TG_CRYPTO_CERTIFICATE_H
#define TG_CRYPTO_CERTIFICATE_H

#include "common/base/status.h"
#include "common/base/text.h"

/* TG_OK if the text is such a chain and nothing that must stay secret; *expires_at_ms is when the first of them ends.
 */
enum tg_status tg_certificate_check(struct tg_text certificate_pem, int64_t *expires_at_ms,
                                    struct tg_error *error) TG_MUST_CHECK;

/* TG_OK if a TLS context takes the chain with this private key (PEM, no passphrase): both are strong enough for it, and
 * belong together. The error quotes nothing of the key. */
enum tg_status tg_certificate_check_key(struct tg_text certificate_pem, struct tg_text key_pem,
                                        struct tg_error *error) TG_MUST_CHECK;

#endif
