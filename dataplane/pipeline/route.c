/* Which deployments to try, in which order. */
#include "dataplane/pipeline/stages_internal.h"

enum tg_stage_answer stage_route_enter(struct tg_exchange *exchange)
{
    tg_route_plan(exchange->model, tg_exchange_random(exchange->host), exchange->counts_money,
                  exchange->started_unix_ms, &exchange->route);
    if (tg_route_has_next(&exchange->route))
        return TG_STAGE_CONTINUE;
    return tg_exchange_refuse(exchange, TG_ERROR_MODEL_UNAVAILABLE, &exchange->model->name, 1);
}
