/* A provider's secret between the API and the replicas: sealed in the database, in the clear only inside the stream.
 *
 * The table `credentials` holds the sealed bytes. In snapshot_resources the packed Credential carries them as
 * lower-case hex in its `secret`, `session_token` and `client_key_pem`, because a protobuf string must be text; the
 * sender calls tg_snapshot_reveal() on the payload before it goes out. What is sealed is bound to its organization and
 * credential. Any thread; the ring is only read. */
#ifndef TG_SNAPSHOT_CREDENTIAL_H
#define TG_SNAPSHOT_CREDENTIAL_H

#include "common/base/id.h"
#include "common/crypto/seal.h"

/* Appends the sealed secret to `sealed`. */
enum tg_status tg_snapshot_seal_secret(const tg_seal_ring *ring, struct tg_id organization_id,
                                       struct tg_id credential_id, struct tg_text plain,
                                       struct tg_buf *sealed) TG_MUST_CHECK;

/* The reverse; errors as tg_seal_open(). */
enum tg_status tg_snapshot_open_secret(const tg_seal_ring *ring, struct tg_id organization_id,
                                       struct tg_id credential_id, struct tg_text sealed, struct tg_secret *plain,
                                       struct tg_error *error) TG_MUST_CHECK;

/* Appends to `out` the packed tollgate.v1.Resource as a replica receives it, whose SHA-256 is the stored one. `payload`
 * is a column of snapshot_resources, `resource_type` its type. Only credentials differ; others are appended as they
 * are. What is in `out` is secret then: wipe it after use. */
enum tg_status tg_snapshot_reveal(const tg_seal_ring *ring, struct tg_id organization_id, int resource_type,
                                  struct tg_text payload, struct tg_buf *out, struct tg_error *error) TG_MUST_CHECK;

#endif
