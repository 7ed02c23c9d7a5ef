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
    return (struct tg_operations_listed_model){model->name, model->created_at_ms};
}

static enum tg_stage_answer list_models(struct tg_exchange *exchange)
{
    const tg_snapshot *snapshot = exchange->snapshot->snapshot;
    size_t count = 0, cursor = 0;
    while (tg_snapshot_list_models(snapshot, &exchange->principal, &cursor) != NULL)
        ++count;
    struct tg_operations_listed_model *models = tg_arena_alloc(exchange->arena, (count + 1) * sizeof(*models));
    cursor = 0;
    for (size_t i = 0; i < count; ++i)
        models[i] = listed(tg_snapshot_list_models(snapshot, &exchange->principal, &cursor));
    return reply(exchange, tg_operations_models_body(exchange->arena, models, count));
}

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
    if (exchange->endpoint.endpoint == TG_ENDPOINT_MODELS)
        return list_models(exchange);
    const struct tg_model *model =
        tg_snapshot_find_model(exchange->snapshot->snapshot, &exchange->principal, exchange->asked.model);
    if (model == NULL)
        return refuse_model(exchange);
    if (exchange->endpoint.endpoint == TG_ENDPOINT_MODEL) {
        struct tg_operations_listed_model one = listed(model);
        return reply(exchange, tg_operations_model_body(exchange->arena, &one));
    }
    exchange->model = model;
    if (!tg_model_kind_does(model->kind, tg_endpoint_operation(exchange->endpoint.endpoint)))
        return refuse_kind(exchange);
    if (model->deployment_count == 0)
        return tg_exchange_refuse(exchange, TG_ERROR_MODEL_UNAVAILABLE, &model->name, 1);
    return TG_STAGE_CONTINUE;
}
