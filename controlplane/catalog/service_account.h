/* A Google service account's key, as the console hands it out in a JSON file. */
#ifndef TG_CATALOG_SERVICE_ACCOUNT_H
#define TG_CATALOG_SERVICE_ACCOUNT_H

#include "common/base/arena.h"
#include "common/base/status.h"

struct tg_service_account {
    struct tg_text client_email;
    struct tg_text private_key_id;
    struct tg_text private_key; /* PEM */
    struct tg_text token_uri;   /* https */
};

/* Reads the key; text is copied into the arena, and the private key in it is the caller's to wipe. TG_INVALID, in words
 * that quote nothing of the key, if it is none. */
enum tg_status tg_service_account_read(struct tg_text json, struct tg_arena *arena, struct tg_service_account *account,
                                       struct tg_error *error) TG_MUST_CHECK;

#endif
