/* Which deployments to try, in which order; and the one question that the gateway can answer where no provider does. */
#include <inttypes.h>

#include "dataplane/dialects/gemini/gemini.h"
#include "dataplane/estimate/estimate.h"
#include "dataplane/pipeline/stages_internal.h"

/* Google's countTokens says the contents of a conversation, which its own reader knows. */
static void read_contents(struct tg_exchange *exchange)
{
    struct tg_client_error ignored;
    struct tg_model_request read;
    struct tg_request_source source = {
        .arena = exchange->arena, .path_model = exchange->asked.model, .body = exchange->request->body};
    if (exchange->endpoint.dialect == TG_DIALECT_GEMINI && tg_dialect_gemini.read_request(&source, &read, &ignored) &&
        read.turns != NULL)
        exchange->asked = read;
}

/* Counted here, with the vocabulary of the model's maker where that is free: an estimate, and said to be one. */
static enum tg_stage_answer count_tokens(struct tg_exchange *exchange)
{
    read_contents(exchange);
    const struct tg_model *model = exchange->model;
    struct tg_text name = model->deployment_count == 0 ? model->name : model->deployments[0].upstream_model;
    int64_t tokens = tg_estimate_prompt(&exchange->asked, tg_vocabulary_for_model(name));
    const char *member = exchange->endpoint.dialect == TG_DIALECT_GEMINI ? "totalTokens" : "input_tokens";
    exchange->answer.status = exchange->http_status = 200;
    exchange->answer.body = tg_arena_printf(exchange->arena, "{\"%s\":%" PRId64 "}", member, tokens);
    exchange->outcome = TOLLGATE__V1__OUTCOME__OUTCOME_COMPLETED;
    tg_exchange_add_header(exchange, "x-tollgate-estimated", tg_text("true", 4));
    return TG_STAGE_REPLY;
}

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
    if (wish.operation == TG_OPERATION_COUNT_TOKENS)
        return count_tokens(exchange);
    if (exchange->route.is_without_a_token) {
        tg_exchange_add_header(exchange, "retry-after", tg_text("5", 1));
        return tg_exchange_refuse(exchange, TG_ERROR_CREDENTIAL_PENDING, &exchange->model->name, 1);
    }
    return tg_exchange_refuse(exchange, TG_ERROR_MODEL_UNAVAILABLE, &exchange->model->name, 1);
}
