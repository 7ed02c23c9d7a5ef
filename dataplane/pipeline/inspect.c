/* What is asked for: the endpoint, and for calls what their body says. */
#include "dataplane/pipeline/stages_internal.h"

static enum tg_stage_answer refuse_path(struct tg_exchange *exchange)
{
    struct tg_text words[] = {stage_clip(exchange->request->method), stage_clip(exchange->request->path)};
    return tg_exchange_refuse(exchange, TG_ERROR_UNKNOWN_URL, words, 2);
}

static enum tg_stage_answer refuse_method(struct tg_exchange *exchange)
{
    struct tg_text allow = tg_text_of(tg_endpoint_allow(exchange->endpoint.endpoint));
    struct tg_text words[] = {stage_clip(exchange->request->method), stage_clip(exchange->request->path), allow};
    tg_exchange_add_header(exchange, "allow", allow);
    return tg_exchange_refuse(exchange, TG_ERROR_METHOD_NOT_ALLOWED, words, 3);
}

enum tg_stage_answer stage_inspect_enter(struct tg_exchange *exchange)
{
    struct tg_http_request *request = exchange->request;
    enum tg_endpoint endpoint = exchange->endpoint.endpoint;
    bool is_offered = endpoint == TG_ENDPOINT_ROOT || endpoint == TG_ENDPOINT_CHAT_COMPLETIONS ||
                      endpoint == TG_ENDPOINT_EMBEDDINGS || endpoint == TG_ENDPOINT_MODELS ||
                      endpoint == TG_ENDPOINT_MODEL;
    if (!is_offered)
        return refuse_path(exchange);
    if (!tg_endpoint_allows(exchange->endpoint.endpoint, request->method))
        return refuse_method(exchange);
    if (exchange->endpoint.endpoint == TG_ENDPOINT_MODEL)
        return tg_http_percent_decode(request->arena, exchange->endpoint.model, false, &exchange->asked.model)
                   ? TG_STAGE_CONTINUE
                   : refuse_path(exchange);
    if (!tg_endpoint_is_call(exchange->endpoint.endpoint))
        return TG_STAGE_CONTINUE;
    if (!tg_openai_request_read(request->arena, exchange->endpoint.endpoint, request->body, &exchange->asked,
                                &exchange->error))
        return tg_exchange_reply_error(exchange);
    return TG_STAGE_CONTINUE;
}
