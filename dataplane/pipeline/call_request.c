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

/* ---- what is native ---- */

/* The client's own query, without what identified it here. */
static struct tg_text native_query(struct tg_exchange *exchange)
{
    struct tg_text rest = exchange->request->query, kept = {NULL, 0};
    while (rest.bytes != 0) {
        const char *end = memchr(rest.data, '&', rest.bytes);
        struct tg_text one = tg_text(rest.data, end == NULL ? rest.bytes : (size_t)(end - rest.data));
        rest = end == NULL ? tg_text(NULL, 0) : tg_text(end + 1, rest.bytes - one.bytes - 1);
        if (!tg_text_starts_with(one, "key="))
            kept = tg_arena_printf(exchange->arena, "%.*s%s%.*s", TG_TEXT_ARG(kept), kept.bytes == 0 ? "?" : "&",
                                   TG_TEXT_ARG(one));
    }
    return kept;
}

/* The client's own path; what the provider's address ends with is not said twice ("/v1" in both). */
static struct tg_text native_path(struct tg_exchange *exchange, const struct tg_provider *provider)
{
    struct tg_text path = exchange->endpoint.rest, prefix = provider->path_prefix;
    for (size_t bytes = prefix.bytes < path.bytes ? prefix.bytes : path.bytes; bytes > 1; --bytes) {
        bool is_whole = path.bytes == bytes || path.data[bytes] == '/';
        if (is_whole && prefix.data[prefix.bytes - bytes] == '/' &&
            memcmp(prefix.data + prefix.bytes - bytes, path.data, bytes) == 0) {
            path = tg_text(path.data + bytes, path.bytes - bytes);
            break;
        }
    }
    struct tg_text query = native_query(exchange);
    return tg_arena_printf(exchange->arena, "%.*s%.*s", TG_TEXT_ARG(path), TG_TEXT_ARG(query));
}

/* ---- the request ---- */

/* The client's bytes, with what must be replaced, or said anew. */
static bool make_body(struct tg_exchange *exchange, const struct tg_deployment *deployment)
{
    const struct tg_provider *provider = deployment->provider;
    struct tg_request_target target = {
        .upstream_model = deployment->upstream_model,
        .asks_for_usage = exchange->asked.is_streaming && provider->asks_for_usage,
        .max_output_tokens = imposed_output_tokens(exchange),
        .model_max_output_tokens = exchange->model->max_output_tokens,
        .maximum_field = provider->maximum_field,
        .rules = provider->rules,
        .rule_count = provider->rule_count,
    };
    if (exchange->upstream_dialect != exchange->client_dialect)
        return translate(exchange, &target);
    if (exchange->endpoint.endpoint == TG_ENDPOINT_NATIVE) {
        exchange->body.pieces[0] = exchange->request->body;
        exchange->body.piece_count = exchange->request->body.bytes != 0;
        exchange->body.bytes = exchange->request->body.bytes;
        return true;
    }
    exchange->client_dialect->edit_request(exchange->arena, exchange->request->body, &exchange->asked, &target,
                                           &exchange->body);
    return true;
}

/* Where the provider has it. Google has two places to embed at, one for many texts. */
static struct tg_text path_of(struct tg_exchange *exchange, const struct tg_provider_api *api, struct tg_text model)
{
    static const struct tg_text ONE = TG_TEXT_LITERAL(":embedContent");
    struct tg_text pattern = exchange->asked.is_streaming ? api->stream_path : api->path;
    size_t before = pattern.bytes - ONE.bytes;
    bool is_one = pattern.bytes > ONE.bytes && memcmp(pattern.data + before, ONE.data, ONE.bytes) == 0;
    if (exchange->endpoint.endpoint == TG_ENDPOINT_BATCH_EMBED_CONTENTS && is_one)
        pattern = tg_arena_printf(exchange->arena, "%.*s:batchEmbedContents", (int)before, pattern.data);
    return tg_upstream_path(exchange->arena, pattern, model);
}

static struct tg_text content_type(const struct tg_exchange *exchange)
{
    const struct tg_text *client = tg_http_request_header(exchange->request, "content-type");
    bool is_form = client != NULL && client->bytes > 10 &&
                   tg_text_equals_nocase(tg_text(client->data, 10), tg_text("multipart/", 10));
    if (exchange->endpoint.endpoint == TG_ENDPOINT_NATIVE || is_form)
        return client == NULL ? tg_text(NULL, 0) : *client;
    return tg_text("application/json", 16);
}

bool stage_call_prepare(struct tg_exchange *exchange, const struct tg_deployment *deployment)
{
    struct tg_http_request *request = exchange->request;
    struct tg_call *call = &exchange->call;
    const struct tg_provider *provider = deployment->provider;
    enum tg_operation operation = tg_endpoint_operation(exchange->endpoint.endpoint);
    const struct tg_provider_api *api = tg_provider_find_api(provider, operation, exchange->endpoint.dialect);
    bool is_native = operation == TG_OPERATION_NATIVE;
    bool is_other = operation == TG_OPERATION_GENERATE && api->dialect != exchange->endpoint.dialect;
    exchange->dropped = tg_text(NULL, 0);
    exchange->upstream_dialect = is_other ? tg_dialect_of(api->dialect) : exchange->client_dialect;
    if (!make_body(exchange, deployment))
        return false;
    for (size_t i = 0; i < exchange->body.piece_count; ++i)
        call->pieces[1 + i] = exchange->body.pieces[i];
    struct tg_upstream_request upstream = {
        .deployment = deployment,
        .method = is_native ? request->method : tg_text("POST", 4),
        .path = is_native ? native_path(exchange, provider) : path_of(exchange, api, deployment->upstream_model),
        .content_type = content_type(exchange),
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
