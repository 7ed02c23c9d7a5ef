#include "controlplane/minting/schedule.h"

#include <assert.h>

enum { FIRST_BACKOFF_MS = 1000, MAX_DOUBLINGS = 16 };

int64_t tg_mint_renewal_ms(int64_t now_ms, int64_t expires_at_ms, uint64_t chance)
{
    int64_t life_ms = expires_at_ms > now_ms ? expires_at_ms - now_ms : 0;
    return now_ms + life_ms / 2 + (int64_t)(chance % (uint64_t)(life_ms / 10 + 1));
}

int64_t tg_mint_backoff_ms(int64_t failures, uint64_t chance)
{
    assert(failures >= 1);
    int64_t wait_ms = failures > MAX_DOUBLINGS ? TG_MINT_MAX_BACKOFF_MS : (int64_t)FIRST_BACKOFF_MS << (failures - 1);
    if (wait_ms > TG_MINT_MAX_BACKOFF_MS)
        wait_ms = TG_MINT_MAX_BACKOFF_MS;
    return wait_ms + (int64_t)(chance % (uint64_t)(wait_ms / 4 + 1));
}
