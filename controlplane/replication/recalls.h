/* Recalls of leases, kept few: a budget that many calls fight for would otherwise be recalled at every question.
 *
 * recently: which budgets this instance had recalled a moment ago, so that it does not do so again.
 * pending: what one replica has still to be asked for, each budget once; written by the notices thread, taken by the
 * replica's own. Both are bounded. What is dropped is no loss: whoever waits asks again. */
#ifndef TG_REPLICATION_RECALLS_H
#define TG_REPLICATION_RECALLS_H

#include <pthread.h>

#include "common/base/id.h"

enum { TG_RECALL_PAUSE_MS = 20, TG_RECENT_RECALLS = 256, TG_PENDING_RECALLS = 64 };

struct tg_recent_recalls {
    pthread_mutex_t mutex;
    struct {
        struct tg_id budget_id;
        int64_t at_ms;
    } slots[TG_RECENT_RECALLS]; /* by hash; a collision only costs a recall too many */
};

void tg_recent_recalls_init(struct tg_recent_recalls *recent);
void tg_recent_recalls_deinit(struct tg_recent_recalls *recent);
/* Whether the budget may be recalled now, which is then remembered. Any thread. */
bool tg_recent_recalls_admit(struct tg_recent_recalls *recent, struct tg_id budget_id, int64_t now_ms);

struct tg_pending_recalls {
    struct tg_id budget_ids[TG_PENDING_RECALLS];
    size_t count;
};

/* False if it was there already or the list is full. The caller locks. */
bool tg_pending_recalls_add(struct tg_pending_recalls *pending, struct tg_id budget_id);

#endif
