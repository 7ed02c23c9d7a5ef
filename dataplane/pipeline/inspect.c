/* What is asked for: the endpoint, and for calls what their body says. */
#include "dataplane/pipeline/stages_internal.h"

static enum tg_stage_answer refuse_path(struct tg_exchange *exchange)
{
    struct tg_text words[] = {stage_clip(exchange->request->method), stage_clip(exchange->request->path)};
    return tg_exchange_refuse(exchange, TG_ERROR_UNKNOWN_URL, words, 2);
}

static struct tg_text header(const struct tg_http_request *request, const char *name)
{
    const struct tg_text *value = tg_http_request_header(request, name);
    return value == NULL ? tg_text(NULL, 0) : *value;
}

static bool is_websocket(const struct tg_http_request *request)
{
    return tg_text_equals_nocase(header(request, "upgrade"), tg_text_of("websocket"));
}

/* Codex tries a WebSocket first. RFC 9110 15.5.22's answer, that another protocol is required, is what makes it send
 * plain requests at once; after any other it tries again for seconds. */
static enum tg_stage_answer refuse_websocket(struct tg_exchange *exchange)
{
    struct tg_text words[] = {stage_clip(exchange->request->path),
                              tg_text_of(tg_endpoint_allow(exchange->endpoint.endpoint))};
    tg_exchange_add_header(exchange, "upgrade", tg_text_of("HTTP/1.1"));
    return tg_exchange_refuse(exchange, TG_ERROR_WEBSOCKET_NOT_SERVED, words, 2);
}

static enum tg_stage_answer refuse_method(struct tg_exchange *exchange)
{
    struct tg_text allow = tg_text_of(tg_endpoint_allow(exchange->endpoint.endpoint));
    struct tg_text words[] = {stage_clip(exchange->request->method), stage_clip(exchange->request->path), allow};
    tg_exchange_add_header(exchange, "allow", allow);
    return tg_exchange_refuse(exchange, TG_ERROR_METHOD_NOT_ALLOWED, words, 3);
}

static enum tg_stage_answer read_call(struct tg_exchange *exchange)
{
    struct tg_http_request *request = exchange->request;
    struct tg_request_source source = {
        .arena = request->arena,
        .is_streaming_path = exchange->endpoint.is_streaming,
        .content_type = header(request, "content-type"),
        .body = request->body,
    };
    if (exchange->endpoint.endpoint == TG_ENDPOINT_NATIVE) {
        exchange->asked.choices = 1; /* what is native is not read */
        return TG_STAGE_CONTINUE;
    }
    if (exchange->endpoint.model.bytes != 0 &&
        !tg_http_percent_decode(request->arena, exchange->endpoint.model, false, &source.path_model))
        return refuse_path(exchange);
    bool is_good = exchange->client_dialect->read_request(&source, &exchange->asked, &exchange->error);
    return is_good ? TG_STAGE_CONTINUE : tg_exchange_reply_error(exchange);
}

enum tg_stage_answer stage_inspect_enter(struct tg_exchange *exchange)
{
    struct tg_http_request *request = exchange->request;
    enum tg_endpoint endpoint = exchange->endpoint.endpoint;
    if (endpoint == TG_ENDPOINT_UNKNOWN)
        return refuse_path(exchange);
    if (!tg_endpoint_allows(endpoint, request->method))
        return is_websocket(request) ? refuse_websocket(exchange) : refuse_method(exchange);
    if (endpoint == TG_ENDPOINT_MODEL || endpoint == TG_ENDPOINT_GEMINI_MODEL)
        return tg_http_percent_decode(request->arena, exchange->endpoint.model, false, &exchange->asked.model)
                   ? TG_STAGE_CONTINUE
                   : refuse_path(exchange);
    return tg_endpoint_is_call(endpoint) ? read_call(exchange) : TG_STAGE_CONTINUE;
}
