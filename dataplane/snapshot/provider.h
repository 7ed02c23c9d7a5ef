/* Internal to the room: where a provider is, and the TLS contexts to reach providers with.
 *
 * A context is made once for each set of trusted certificates and each client certificate and shared by snapshots; one
 * that no snapshot uses any more is kept for a while longer, because idle connections made with it are still pooled
 * under its address. So no two client certificates ever share a connection. */
#ifndef TG_SNAPSHOT_PROVIDER_H
#define TG_SNAPSHOT_PROVIDER_H

#include "common/base/arena.h"
#include "common/crypto/tls.h"

struct tg_base_url {
    bool is_tls;
    struct tg_text host; /* without brackets */
    uint16_t port;
    struct tg_text host_header; /* as in the URL: with brackets, and with the port if it was given */
    struct tg_text path_prefix; /* no slash at the end */
};

/* Views into `url`. False, and why, unless it is http(s)://host[:port][/path] without user, query, fragment, control
 * characters or spaces. */
bool tg_base_url_parse(struct tg_text url, struct tg_base_url *parsed, const char **why);

typedef struct tg_trust tg_trust;
struct tg_trusted; /* one context, and who uses it */

tg_trust *tg_trust_create(void);
tg_trust *tg_trust_ref(tg_trust *trust); /* any thread */
void tg_trust_unref(tg_trust *trust);    /* any thread */

struct tg_trust_wish {
    struct tg_text ca_pem;                          /* empty: the system's */
    struct tg_text client_certificate_pem, key_pem; /* empty: none is shown */
};

/* The context for these certificates, made if it is new. Builder's thread. */
enum tg_status tg_trust_find(tg_trust *trust, const struct tg_trust_wish *wish, struct tg_trusted **trusted,
                             struct tg_error *error) TG_MUST_CHECK;
tg_tls_context *tg_trusted_context(const struct tg_trusted *trusted);
void tg_trusted_hold(struct tg_trusted *trusted);    /* builder's thread */
void tg_trusted_release(struct tg_trusted *trusted); /* any thread */

/* Frees what was unused for long. Builder's thread. */
void tg_trust_sweep(tg_trust *trust, int64_t now_ms);

#endif
