/* Which deployments to try, in which order. */
#include "dataplane/pipeline/stages_internal.h"

enum tg_stage_answer stage_route_enter(struct tg_exchange *exchange)
{
    struct tg_route_wish wish = {
        .operation = tg_endpoint_operation(exchange->endpoint.endpoint),
        .dialect = exchange->endpoint.dialect,
        .provider_kind = exchange->endpoint.provider_kind,
        .needs_price = exchange->counts_money,
        .unix_ms = exchange->started_unix_ms,
    };
    tg_route_plan(exchange->model, tg_exchange_random(exchange->host), &wish, &exchange->route);
    if (tg_route_has_next(&exchange->route))
        return TG_STAGE_CONTINUE;
    return tg_exchange_refuse(exchange, TG_ERROR_MODEL_UNAVAILABLE, &exchange->model->name, 1);
}
