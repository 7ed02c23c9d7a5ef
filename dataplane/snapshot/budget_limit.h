/* Internal to the room: at most TG_WALLET_MAX_LINES budgets may apply to one call. */
#ifndef TG_SNAPSHOT_BUDGET_LIMIT_H
#define TG_SNAPSHOT_BUDGET_LIMIT_H

#include "dataplane/snapshot/snapshot_internal.h"

/* Counts, for every application and every key that has budgets of its own, those that could apply at once: all without
 * a model, and in each scope the largest set for one model. The snapshot has its principals and budgets. */
enum tg_status tg_budget_limit_check(const struct tg_store *store, const tg_snapshot *snapshot,
                                     struct tg_error *error) TG_MUST_CHECK;

#endif
