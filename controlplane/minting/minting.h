/* Tokens that end: background threads exchange credentials for them and publish them to the replicas.
 *
 *   due -> claimed -> exchanged with the provider's token endpoint -> sealed, published as any configuration change
 *                           \-> failed: last_error and status in the API, a log line, a metric; again after a while
 *
 * A credential is due when it was created or changed, and again when half of its token's life is over (schedule.h), so
 * that replicas hold the next token long before the last one ends. Instances are equal: whoever moves `next_mint_at` on
 * mints; should it die meanwhile, the credential is due again after TG_MINT_CLAIM_MS. No lock is held during a call.
 *
 * Client certificates end, too; nobody renews them here, but the log and the metrics tell of them in time (expiry.h).
 *
 * The long-lived part never leaves the control plane. Minting is a change like any other: it has a revision and an
 * audit row, whose actor is "system:minting". */
#ifndef TG_MINTING_MINTING_H
#define TG_MINTING_MINTING_H

#include "common/base/buf.h"
#include "common/crypto/seal.h"

typedef struct tg_minting tg_minting;

struct tg_minting_config {
    const char *database_url;
    const tg_seal_ring *seal_ring; /* outlives it */
    const char *token_dir;         /* where the tokens of workloads are; NULL: there are none */
};

/* Starts the threads; the database need not be there yet. The config's strings are copied. */
enum tg_status tg_minting_start(const struct tg_minting_config *config, tg_minting **minting,
                                struct tg_error *error) TG_MUST_CHECK;

/* Ends calls under way and waits for the threads; NULL is fine. */
void tg_minting_destroy(tg_minting *minting);

/* Appends Prometheus text (tollgate_minting_…, tollgate_client_certificates_expiring). Any thread. */
enum tg_status tg_minting_render_metrics(const tg_minting *minting, struct tg_buf *out) TG_MUST_CHECK;

#endif
