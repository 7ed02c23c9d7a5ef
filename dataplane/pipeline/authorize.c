/* Whether the access profile allows what is asked for. What it does not allow does not exist. */
#include "dataplane/dialects/operations/models.h"
#include "dataplane/pipeline/stages_internal.h"

static enum tg_stage_answer reply(struct tg_exchange *exchange, struct tg_text body)
{
    exchange->answer.status = exchange->http_status = 200;
    exchange->answer.body = body;
    exchange->outcome = TOLLGATE__V1__OUTCOME__OUTCOME_COMPLETED;
    return TG_STAGE_REPLY;
}

static struct tg_operations_listed_model listed(const struct tg_model *model)
{
    return (struct tg_operations_listed_model){
        .name = model->name,
        .kind = model->kind,
        .created_at_ms = model->created_at_ms,
        .max_input_tokens = model->max_input_tokens,
        .max_output_tokens = model->max_output_tokens,
    };
}

/* What is native is no model that anybody could ask for by name. */
static enum tg_stage_answer list_models(struct tg_exchange *exchange)
{
    const tg_snapshot *snapshot = exchange->snapshot->snapshot;
    const struct tg_model *model;
    size_t count = 0, cursor = 0;
    while (tg_snapshot_list_models(snapshot, &exchange->principal, &cursor) != NULL)
        ++count;
    struct tg_operations_listed_model *models = tg_arena_alloc(exchange->arena, (count + 1) * sizeof(*models));
    count = cursor = 0;
    while ((model = tg_snapshot_list_models(snapshot, &exchange->principal, &cursor)) != NULL)
        if (model->kind != TG_MODEL_NATIVE)
            models[count++] = listed(model);
    return reply(exchange, tg_operations_models_body(exchange->arena, exchange->endpoint.dialect, models, count));
}

/* ---- native ---- */

/* Whether one of its deployments is at a provider of the kind that the path names, and which speaks its words. */
static bool is_served_by(const struct tg_model *model, const struct tg_endpoint_match *endpoint)
{
    struct tg_route_wish wish = {
        .operation = TG_OPERATION_NATIVE, .dialect = endpoint->dialect, .provider_kind = endpoint->provider_kind};
    struct tg_route route;
    tg_route_plan(model, 0, &wish, &route);
    return tg_route_has_next(&route);
}

/* The model that stands for all else that the provider has, if the profile has one. */
static enum tg_stage_answer find_native(struct tg_exchange *exchange)
{
    const struct tg_model *model;
    size_t cursor = 0;
    while ((model = tg_snapshot_list_models(exchange->snapshot->snapshot, &exchange->principal, &cursor)) != NULL) {
        if (model->kind != TG_MODEL_NATIVE || !is_served_by(model, &exchange->endpoint))
            continue;
        exchange->model = model;
        exchange->asked.model = model->name;
        return TG_STAGE_CONTINUE;
    }
    struct tg_text words[] = {stage_clip(exchange->request->method), stage_clip(exchange->request->path)};
    return tg_exchange_refuse(exchange, TG_ERROR_NATIVE_NOT_ALLOWED, words, 2);
}

/* ---- the stage ---- */

static enum tg_stage_answer refuse_model(struct tg_exchange *exchange)
{
    struct tg_text word = stage_clip(exchange->asked.model);
    exchange->error.param = tg_text_of("model");
    return tg_exchange_refuse(exchange, TG_ERROR_MODEL_NOT_FOUND, &word, 1);
}

static enum tg_stage_answer refuse_kind(struct tg_exchange *exchange)
{
    enum tg_model_kind kind = exchange->model->kind;
    const char *article = kind == TG_MODEL_EMBEDDING || kind == TG_MODEL_IMAGE ? "an" : "a";
    struct tg_text words[] = {exchange->model->name,
                              tg_arena_printf(exchange->arena, "%s %s", article, tg_model_kind_name(kind)),
                              tg_text_of(tg_model_kind_place(kind))};
    exchange->error.param = tg_text_of("model");
    return tg_exchange_refuse(exchange, TG_ERROR_MODEL_KIND_MISMATCH, words, 3);
}

enum tg_stage_answer stage_authorize_enter(struct tg_exchange *exchange)
{
    enum tg_endpoint endpoint = exchange->endpoint.endpoint;
    if (endpoint == TG_ENDPOINT_MODELS || endpoint == TG_ENDPOINT_GEMINI_MODELS)
        return list_models(exchange);
    if (endpoint == TG_ENDPOINT_NATIVE)
        return find_native(exchange);
    const struct tg_model *model =
        tg_snapshot_find_model(exchange->snapshot->snapshot, &exchange->principal, exchange->asked.model);
    if (model == NULL || model->kind == TG_MODEL_NATIVE)
        return refuse_model(exchange);
    if (endpoint == TG_ENDPOINT_MODEL || endpoint == TG_ENDPOINT_GEMINI_MODEL) {
        struct tg_operations_listed_model one = listed(model);
        return reply(exchange, tg_operations_model_body(exchange->arena, exchange->endpoint.dialect, &one));
    }
    exchange->model = model;
    if (!tg_model_kind_does(model->kind, tg_endpoint_operation(exchange->endpoint.endpoint)))
        return refuse_kind(exchange);
    if (model->deployment_count == 0)
        return tg_exchange_refuse(exchange, TG_ERROR_MODEL_UNAVAILABLE, &model->name, 1);
    return TG_STAGE_CONTINUE;
}
