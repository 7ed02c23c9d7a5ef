/* The replica's side of the stream: one background thread that keeps a connection to the control plane and lives
 * without it.
 *
 *   start   the snapshot from disk is served at once, if there is one
 *   then    connect (backoff with full jitter) -> Hello -> Welcome -> until the connection breaks:
 *             changes gather in the builder; Commit -> new snapshot to the workers, Ack, copy to disk; or Nack, and go
 * on usage records are shipped from the journal, in batches, the oldest boot first; acknowledged ones trimmed the
 * wallet's requests and returns go up, grants and recalls come down Health once a second; silence for three ping
 * intervals ends the connection stop    after the workers: ship the rest, close the boot (which frees its leases),
 * within a bound
 *
 * What was sent and not acknowledged is sent again after a reconnect; the other side counts it once.
 *
 * Threads: tg_link_wake_for_*, tg_link_read_status: any. The rest: the one that created the link. */
#ifndef TG_LINK_LINK_H
#define TG_LINK_LINK_H

#include "dataplane/journal/journal.h"
#include "dataplane/snapshot/snapshot.h"
#include "dataplane/wallet/wallet.h"

typedef struct tg_link tg_link;

struct tg_link_config {
    const char *replica; /* the common name of the certificate */
    const char *host;    /* of the control plane's stream listener */
    uint16_t port;
    const char *server_name; /* what its certificate is for */
    const char *ca_file, *certificate_file, *key_file;
    const char *snapshot_file; /* the copy on disk */
    struct tg_id boot_id;
    void *user;
    /* A new snapshot: hand it to the workers (each takes a reference of its own). Link's thread, and the first one
     * maybe from inside tg_link_start. */
    void (*on_snapshot)(void *user, tg_snapshot *snapshot);
    int64_t (*count_active_requests)(void *user); /* for Health; link's thread */
};

/* Reads the certificates. The strings in `config` outlive the link. */
enum tg_status tg_link_create(const struct tg_link_config *config, tg_link **link,
                              struct tg_error *error) TG_MUST_CHECK;

/* For the wallet's on_message and the journal's on_records, which have to be known before either is made. */
void tg_link_wake_for_wallet(void *link);
void tg_link_wake_for_records(void *link);

/* Loads the snapshot from disk and starts the thread. Wallet and journal outlive the link. */
enum tg_status tg_link_start(tg_link *link, tg_wallet *wallet, tg_journal *journal,
                             struct tg_error *error) TG_MUST_CHECK;

struct tg_link_status {
    bool has_snapshot, is_connected;
    int64_t revision;
};
void tg_link_read_status(tg_link *link, struct tg_link_status *status);

/* No worker runs any more. Ships what is left for at most `grace_ms`; returns whether this boot is closed in the books.
 */
bool tg_link_stop(tg_link *link, int64_t grace_ms);
void tg_link_destroy(tg_link *link); /* NULL is fine; stopped, or never started */

#endif
