/* Internal to the room: certificates are not renewed here, but somebody must do it in time, and is told. */
#ifndef TG_MINTING_EXPIRY_H
#define TG_MINTING_EXPIRY_H

#include "controlplane/store/db.h"

/* Counts the client certificates, over all organizations, that end within TG_CREDENTIAL_EXPIRING_MS or have ended. */
enum tg_status tg_expiry_count(tg_db *db, int64_t *count, struct tg_error *error) TG_MUST_CHECK;

/* A line in the log for each of them, the first to end first, up to a hundred. */
enum tg_status tg_expiry_warn(tg_db *db, struct tg_error *error) TG_MUST_CHECK;

#endif
