/* Is this the key that the database's secrets are sealed with?
 *
 * The first control plane that asks leaves a value in the table seal_checks, sealed under its key; whoever asks later
 * must be able to open it. A database with credentials but without such a value (it was made by an older version) is
 * held to its latest credential first. Any thread with a connection of its own; outside a transaction. */
#ifndef TG_SNAPSHOT_SEAL_CHECK_H
#define TG_SNAPSHOT_SEAL_CHECK_H

#include "common/crypto/seal.h"
#include "controlplane/store/db.h"

/* TG_INVALID, with a sentence for the administrator, if the ring lacks a key that the database expects or has another
 * one of its number. Anything else but TG_OK says that the database could not be asked. */
enum tg_status tg_snapshot_check_seal_key(tg_db *db, const tg_seal_ring *ring, struct tg_error *error) TG_MUST_CHECK;

#endif
