/* Which deployments of a model to try, in which order. Pure: randomness is given.
 *
 * A lower priority number comes first; among equals the order is drawn by weight, so that over many requests each is
 * first in proportion to its weight and the others follow as candidates for failover. */
#ifndef TG_ROUTE_ROUTE_H
#define TG_ROUTE_ROUTE_H

#include "dataplane/snapshot/snapshot.h"

enum { TG_ROUTE_MAX_CANDIDATES = 32 };

struct tg_route {
    const struct tg_deployment *candidates[TG_ROUTE_MAX_CANDIDATES];
    size_t count;
    size_t next;             /* the first that was not tried */
    bool is_without_a_token; /* a deployment would be a candidate but for a credential without a good token */
};

/* What a candidate must be able to do. */
struct tg_route_wish {
    enum tg_operation operation;
    enum tg_dialect_id dialect;   /* the client's */
    struct tg_text provider_kind; /* which the provider's kind must begin with; empty: any */
    bool needs_price;             /* in force at unix_ms: what it costs could not be held to a budget of money else */
    int64_t unix_ms;              /* also for tokens that end */
};

/* `random` decides the draw: the same number gives the same order. */
void tg_route_plan(const struct tg_model *model, uint64_t random, const struct tg_route_wish *wish,
                   struct tg_route *route);

/* The next candidate, or NULL when all were tried. */
const struct tg_deployment *tg_route_next(struct tg_route *route);

bool tg_route_has_next(const struct tg_route *route);

#endif
