/* The whole replica: its parts, in the order in which they start and stop.
 *
 *   start   journal (recovers earlier boots) -> wallet -> workers (listen, answer 503) -> monitoring -> link
 *   stop    workers drain, all at once -> link ships the rest and closes the boot -> journal
 *
 * Thread: main's. */
#ifndef TG_REPLICA_REPLICA_H
#define TG_REPLICA_REPLICA_H

#include "common/base/status.h"
#include "common/base/text.h"

typedef struct tg_replica tg_replica;

struct tg_replica_config {
    const char *name;
    const char *listen_host;
    uint16_t listen_port;
    const char *listen_certificate_file, *listen_key_file; /* NULL or empty: plain */
    size_t workers;                                        /* 0: one per core */
    const char *admin_host;
    uint16_t admin_port;
    const char *stream_host;
    uint16_t stream_port;
    const char *stream_server_name; /* NULL or empty: stream_host */
    const char *stream_ca_file, *stream_certificate_file, *stream_key_file;
    const char *state_dir;
    int64_t max_body_bytes, max_bodies_bytes, max_connections, journal_max_bytes;
};

/* The strings in `config` outlive the replica. */
enum tg_status tg_replica_start(const struct tg_replica_config *config, tg_replica **replica,
                                struct tg_error *error) TG_MUST_CHECK;

/* Lets requests in flight finish for at most `grace_ms`, and ships what is left for as long again. */
void tg_replica_stop(tg_replica *replica, int64_t grace_ms);

#endif
