/* Internal to the room: one token, from due to published. */
#ifndef TG_MINTING_WORK_H
#define TG_MINTING_WORK_H

#include <stdatomic.h>

#include "common/crypto/seal.h"
#include "controlplane/store/db.h"

struct tg_mint_worker {
    tg_db *db;
    const tg_seal_ring *ring;
    const char *token_dir; /* or NULL */
    const atomic_bool *must_stop;
};

struct tg_mint_claim {
    struct tg_id organization_id, credential_id;
};

struct tg_mint_state {
    int64_t due;        /* now */
    int64_t next_in_ms; /* when the next will be; -1: none */
    int64_t failing;    /* credentials whose last exchange failed */
};

/* How things stand, over all organizations. */
enum tg_status tg_mint_look(tg_db *db, struct tg_mint_state *state, struct tg_error *error) TG_MUST_CHECK;

/* Takes the credential that is due for longest, unless another instance was faster. */
enum tg_status tg_mint_take(tg_db *db, struct tg_mint_claim *claim, bool *is_taken,
                            struct tg_error *error) TG_MUST_CHECK;

/* Exchanges and publishes, and logs how it went; false if that failed, which is noted with the credential. */
bool tg_mint_do(const struct tg_mint_worker *worker, const struct tg_mint_claim *claim);

#endif
