/* When a token is taken anew. Pure: time and chance come in. */
#ifndef TG_MINTING_SCHEDULE_H
#define TG_MINTING_SCHEDULE_H

#include <stdint.h>

enum { TG_MINT_CLAIM_MS = 60 * 1000, TG_MINT_MAX_BACKOFF_MS = 5 * 60 * 1000 };

/* After success: when half to three fifths of its life is over, so that the rest of it is there for trying again.
 * `chance` is any number; it spreads renewals of tokens that were taken together. */
int64_t tg_mint_renewal_ms(int64_t now_ms, int64_t expires_at_ms, uint64_t chance);

/* After that many failures in a row (at least 1): how long to wait. Doubles from 1 s to TG_MINT_MAX_BACKOFF_MS; chance
 * adds up to a quarter. */
int64_t tg_mint_backoff_ms(int64_t failures, uint64_t chance);

#endif
