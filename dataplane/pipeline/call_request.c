/* What a provider is sent: the client's own bytes with single values replaced, or where it speaks another dialect the
 * same said anew. */
#include "dataplane/dialects/dialects.h"
#include "dataplane/pipeline/stages_internal.h"
#include "dataplane/upstream/request_head.h"

/* What the provider is told as maximum output; 0 leaves it as the client has it. Where a budget counts, no call
 * is sent with a larger one than was reserved, be it that a budget clamped it or that the catalog knows the model to
 * give less: the catalog may be wrong, the reservation must not. */
static int64_t imposed_output_tokens(const struct tg_exchange *exchange)
{
    const struct tg_reservation *reservation = &exchange->reservation;
    bool is_beyond = reservation->line_count != 0 && exchange->asked.max_output_tokens > reservation->output_tokens;
    return reservation->is_clamped || is_beyond ? reservation->output_tokens : 0;
}

static bool refuse_loss(struct tg_exchange *exchange, struct tg_text field)
{
    exchange->error = (struct tg_client_error){
        .code = TG_ERROR_UNSUPPORTED_PARAMETER,
        .param = field,
        .words = {exchange->model->name, stage_clip(field)},
    };
    return false;
}

/* Says it anew. False, and exchange->error says why, if it cannot be said. */
static bool translate(struct tg_exchange *exchange, const struct tg_request_target *target)
{
    struct tg_loss loss = {.policy = exchange->model->translation_policy};
    const struct tg_model_request *asked = &exchange->asked;
    exchange->written.bytes = 0;
    if (asked->untranslatable != NULL)
        return refuse_loss(exchange, tg_text_of(asked->untranslatable));
    if (!exchange->upstream_dialect->write_request(exchange->arena, asked, target, &loss, &exchange->written,
                                                   &exchange->error))
        return false;
    if (loss.refused.bytes != 0)
        return refuse_loss(exchange, loss.refused);
    exchange->dropped = tg_loss_header(exchange->arena, &loss);
    exchange->body.pieces[0] = tg_buf_text(&exchange->written);
    exchange->body.piece_count = 1;
    exchange->body.bytes = exchange->written.bytes;
    return true;
}

bool stage_call_prepare(struct tg_exchange *exchange, const struct tg_deployment *deployment)
{
    struct tg_http_request *request = exchange->request;
    struct tg_call *call = &exchange->call;
    const struct tg_provider *provider = deployment->provider;
    enum tg_operation operation = tg_endpoint_operation(exchange->endpoint.endpoint);
    enum tg_dialect_id dialect = tg_endpoint_dialect(exchange->endpoint.endpoint);
    const struct tg_provider_api *api = tg_provider_find_api(provider, operation, dialect);
    struct tg_request_target target = {
        .upstream_model = deployment->upstream_model,
        .asks_for_usage = exchange->asked.is_streaming && provider->asks_for_usage,
        .max_output_tokens = imposed_output_tokens(exchange),
        .model_max_output_tokens = exchange->model->max_output_tokens,
        .maximum_field = provider->maximum_field,
        .rules = provider->rules,
        .rule_count = provider->rule_count,
    };
    exchange->dropped = tg_text(NULL, 0);
    exchange->upstream_dialect = api->dialect == dialect ? exchange->client_dialect : tg_dialect_of(api->dialect);
    if (exchange->upstream_dialect == exchange->client_dialect)
        exchange->client_dialect->edit_request(exchange->arena, request->body, &exchange->asked, &target,
                                               &exchange->body);
    else if (!translate(exchange, &target))
        return false;
    for (size_t i = 0; i < exchange->body.piece_count; ++i)
        call->pieces[1 + i] = exchange->body.pieces[i];
    struct tg_upstream_request upstream = {
        .deployment = deployment,
        .method = tg_text("POST", 4),
        .path = tg_upstream_path(exchange->arena, exchange->asked.is_streaming ? api->stream_path : api->path,
                                 deployment->upstream_model),
        .content_type = tg_text_of("application/json"),
        .client_headers = request->headers,
        .client_header_count = request->header_count,
        .body = call->pieces + 1,
        .body_count = exchange->body.piece_count,
        .body_bytes = exchange->body.bytes,
        .unix_ms = tg_loop_now_unix_ms(exchange->host->loop),
        .signing_keys = &exchange->host->signing_keys,
    };
    call->pieces[0] = tg_upstream_request_head(exchange->arena, &upstream);
    call->piece_count = 1 + exchange->body.piece_count;
    return true;
}
