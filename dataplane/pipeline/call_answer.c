/* What a provider answers, on its way to the client: whole if it is small, event by event if it is a stream, as it
 * comes if it is large, translated if the client speaks another dialect. */
#include "common/codec/json_scan.h"
#include "common/log/log.h"
#include "dataplane/pipeline/stages_internal.h"

enum {
    LINGER_MS = 50, /* for a provider to end its answer after [DONE], so that its connection can be used again */
    MAX_ERROR_BYTES = 256 << 10,                   /* of a provider's error answer */
    MAX_TRANSLATED_BYTES = TG_PASSAGE_BLOCK_BYTES, /* of an answer that must be whole to be translated */
};

/* ---- the head of the answer ---- */

static bool is_success(const struct tg_call *call)
{
    return call->status >= 200 && call->status < 300;
}

/* The provider does not accept the gateway's own credential. */
static bool is_about_credential(const struct tg_call *call)
{
    return call->status == 401 || call->status == 403;
}

static void log_refused_credential(const struct tg_exchange *exchange)
{
    const struct tg_call *call = &exchange->call;
    tg_log(TG_LOG_WARNING, "upstream_refused_credential", tg_log_id("request_id", exchange->id),
           tg_log_id("organization_id", exchange->principal.organization_id),
           tg_log_text("provider", call->deployment->provider->name), tg_log_text("model", exchange->model->name),
           tg_log_number("status", call->status));
}

/* Errors that another deployment may not have: overload, trouble, or a credential that is not accepted there. */
static bool is_worth_another(const struct tg_call *call)
{
    return call->status == 429 || call->status >= 500 || is_about_credential(call);
}

static bool is_translated(const struct tg_exchange *exchange)
{
    return exchange->upstream_dialect != exchange->client_dialect;
}

static bool is_stream(const struct tg_upstream_response *response)
{
    return (response->is_event_stream || response->is_aws_event_stream) && !response->is_encoded;
}

static enum tg_framing framing_of(const struct tg_upstream_response *response)
{
    return response->is_aws_event_stream ? TG_FRAMING_AWS : TG_FRAMING_SSE;
}

/* A provider that streams to who did not ask for it has its bytes passed on. */
static enum tg_framing client_framing(const struct tg_exchange *exchange)
{
    return exchange->asked.is_streaming ? exchange->client_framing : framing_of(&exchange->call.response);
}

static void begin_translation(struct tg_exchange *exchange)
{
    struct tg_encode_options options = {
        .request_id = tg_text(exchange->id_text, TG_ID_TEXT_BYTES - 1),
        .model = exchange->asked.model,
        .unix_ms = exchange->started_unix_ms,
        .is_streaming = exchange->asked.is_streaming,
        .wants_usage = exchange->asked.wants_usage,
        .framing = exchange->client_framing,
        .request = &exchange->asked,
    };
    exchange->stream.kind = TG_STREAM_TRANSLATED;
    tg_translation_init(&exchange->stream.translation, exchange->upstream_dialect, exchange->client_dialect,
                        framing_of(&exchange->call.response), exchange->arena, &options);
}

static void begin_events(struct tg_exchange *exchange)
{
    const struct tg_model_request *asked = &exchange->asked;
    if (is_translated(exchange)) {
        begin_translation(exchange);
    } else {
        exchange->stream.kind = TG_STREAM_PASSING;
        tg_passage_init_framed(&exchange->stream.passage, exchange->client_dialect,
                               framing_of(&exchange->call.response), client_framing(exchange),
                               asked->is_streaming && !asked->wants_usage);
    }
    tg_exchange_begin_relay(exchange, TG_RELAY_EVENTS, -1);
}

enum tg_stage_answer stage_call_take_head(struct tg_exchange *exchange)
{
    struct tg_call *call = &exchange->call;
    tg_count(&exchange->host->counters->upstream_statuses[call->status / 100 % 6], 1);
    exchange->provider_request_id = tg_arena_copy(exchange->arena, stage_clip(call->response.request_id));
    if (is_about_credential(call))
        log_refused_credential(exchange);
    if (is_worth_another(call) && tg_route_has_next(&exchange->route)) {
        tg_call_cancel(call);
        return stage_call_fail_over(exchange, false);
    }
    /* Some servers stream to who did not ask for it: what they report is read all the same. */
    bool is_passed_on = !is_translated(exchange) || exchange->asked.is_streaming;
    if (!is_success(call) || !is_stream(&call->response) || !is_passed_on)
        return TG_STAGE_WAIT;
    if (exchange->endpoint.endpoint == TG_ENDPOINT_NATIVE)
        tg_exchange_begin_relay(exchange, TG_RELAY_BYTES, call->content_length);
    else
        begin_events(exchange);
    return TG_STAGE_WAIT;
}

/* ---- its body ---- */

/* Keeps the last bytes of all that was passed on. */
static void keep_tail(struct tg_exchange *exchange, struct tg_text piece)
{
    char *tail = (char *)(uintptr_t)exchange->tail.data;
    size_t kept = exchange->tail.bytes;
    if (tail == NULL)
        tail = tg_arena_alloc(exchange->arena, TG_EXCHANGE_TAIL_BYTES);
    if (piece.bytes > TG_EXCHANGE_TAIL_BYTES)
        piece = tg_text(piece.data + piece.bytes - TG_EXCHANGE_TAIL_BYTES, TG_EXCHANGE_TAIL_BYTES);
    size_t room = TG_EXCHANGE_TAIL_BYTES - piece.bytes;
    if (kept > room) {
        memmove(tail, tail + kept - room, room);
        kept = room;
    }
    if (piece.bytes != 0)
        memcpy(tail + kept, piece.data, piece.bytes);
    exchange->tail = tg_text(tail, kept + piece.bytes);
}

/* False if the answer is beyond what may be gathered. */
static bool gather(struct tg_exchange *exchange, struct tg_text piece)
{
    size_t most = !is_success(&exchange->call) ? MAX_ERROR_BYTES
                  : is_translated(exchange)    ? MAX_TRANSLATED_BYTES
                                               : TG_EXCHANGE_WHOLE_ANSWER_BYTES;
    return exchange->outbox.bytes + piece.bytes <= most && tg_buf_append(&exchange->outbox, piece) == TG_OK;
}

static enum tg_stage_answer cut(struct tg_exchange *exchange, const char *why)
{
    if (tg_call_is_running(&exchange->call))
        tg_call_cancel(&exchange->call);
    return stage_call_break_off(exchange, why);
}

static enum tg_stage_answer end_error(struct tg_exchange *exchange, struct tg_text body);

/* The provider did its work, but the client cannot be told: it pays, and hears why. */
static enum tg_stage_answer refuse_answer(struct tg_exchange *exchange, const char *why)
{
    struct tg_text word = tg_text_of(why);
    exchange->outcome = TOLLGATE__V1__OUTCOME__OUTCOME_PROVIDER_FAILED;
    if (!exchange->is_charged)
        stage_outcome_estimated(exchange, exchange->outbox.bytes);
    return tg_exchange_refuse(exchange, TG_ERROR_PROVIDER_ANSWER_UNUSABLE, &word, 1);
}

static enum tg_stage_answer take_bytes(struct tg_exchange *exchange, struct tg_text piece)
{
    keep_tail(exchange, piece);
    return tg_buf_append(&exchange->outbox, piece) == TG_OK ? TG_STAGE_WAIT : cut(exchange, "too_large");
}

static enum tg_stage_answer take_events(struct tg_exchange *exchange, struct tg_text piece)
{
    enum tg_status status = tg_answer_stream_feed(&exchange->stream, piece, &exchange->outbox);
    return status == TG_OK ? TG_STAGE_WAIT : cut(exchange, "too_large");
}

/* Too large to be kept whole: an answer begins to pass through, an error's body is not worth it. */
static enum tg_stage_answer outgrow(struct tg_exchange *exchange, struct tg_text piece)
{
    if (!is_success(&exchange->call)) {
        if (tg_call_is_running(&exchange->call))
            tg_call_cancel(&exchange->call);
        return end_error(exchange, tg_text(NULL, 0));
    }
    if (is_translated(exchange)) {
        if (tg_call_is_running(&exchange->call))
            tg_call_cancel(&exchange->call);
        return refuse_answer(exchange, "it is too large to be translated");
    }
    tg_exchange_begin_relay(exchange, TG_RELAY_BYTES, exchange->call.content_length);
    keep_tail(exchange, tg_buf_text(&exchange->outbox));
    return take_bytes(exchange, piece);
}

/* Puts call->piece where it belongs; nothing is sent yet. */
static enum tg_stage_answer take_piece(struct tg_exchange *exchange)
{
    struct tg_text piece = exchange->call.piece;
    switch (exchange->relay) {
    case TG_RELAY_EVENTS:
        return take_events(exchange, piece);
    case TG_RELAY_BYTES:
        return take_bytes(exchange, piece);
    case TG_RELAY_NONE:
        break;
    }
    return gather(exchange, piece) ? TG_STAGE_WAIT : outgrow(exchange, piece);
}

static void on_linger(struct tg_timer *timer)
{
    struct tg_exchange *exchange = (struct tg_exchange *)(void *)((char *)timer - offsetof(struct tg_exchange, linger));
    tg_exchange_advance(exchange, TG_EVENT_LINGERED);
}

/* More will come: what there is goes to the client now. */
enum tg_stage_answer stage_call_take_piece(struct tg_exchange *exchange)
{
    enum tg_stage_answer answer = take_piece(exchange);
    if (answer != TG_STAGE_WAIT || exchange->relay == TG_RELAY_NONE)
        return answer;
    tg_exchange_flush(exchange);
    if (exchange->relay == TG_RELAY_EVENTS && tg_answer_stream_seen(&exchange->stream)->is_done &&
        exchange->linger.expires_at_ms == 0) {
        exchange->linger.on_expire = on_linger;
        tg_timer_start(exchange->host->loop, &exchange->linger, LINGER_MS);
    }
    return TG_STAGE_WAIT;
}

/* ---- its end ---- */

static bool is_json_object(struct tg_text body)
{
    struct tg_json_scan scan;
    struct tg_json_token root;
    tg_json_scan_init(&scan, body);
    bool is_object = tg_json_scan_next(&scan, &root) == TG_JSON_BEGIN && root.kind == TG_JSON_OBJECT;
    return tg_json_scan_finish(&scan, NULL) == TG_OK && is_object;
}

/* In the client's words, with the provider's sentence. False if the provider had none. */
static bool translate_error(struct tg_exchange *exchange, struct tg_text body)
{
    struct tg_answer_error said = {.http_status = exchange->call.status};
    if (!exchange->upstream_dialect->read_error(exchange->arena, exchange->call.status, body, &said))
        return false;
    struct tg_text told = exchange->client_dialect->error_body(exchange->arena, &said);
    exchange->outbox.bytes = 0;
    if (tg_buf_append(&exchange->outbox, told) != TG_OK)
        return false;
    const struct tg_dialect *client = exchange->client_dialect;
    if (client->error_type_header != NULL)
        tg_exchange_add_header(exchange, client->error_type_header, tg_text_of(client->error_type(&said)));
    return true;
}

/* A provider's own error helps if it is JSON; what it says about the gateway's credential is not for clients. */
static enum tg_stage_answer end_error(struct tg_exchange *exchange, struct tg_text body)
{
    const struct tg_call *call = &exchange->call;
    exchange->outcome = TOLLGATE__V1__OUTCOME__OUTCOME_PROVIDER_ERROR;
    if (!is_about_credential(call) && call->status >= 400) {
        if (is_translated(exchange) ? translate_error(exchange, body) : is_json_object(body)) {
            exchange->http_status = call->status;
            return TG_STAGE_REPLY;
        }
    }
    struct tg_text word = tg_arena_printf(exchange->arena, "%d", call->status);
    tg_exchange_refuse(
        exchange, is_about_credential(call) ? TG_ERROR_PROVIDER_REFUSED_CREDENTIAL : TG_ERROR_PROVIDER_ERROR, &word, 1);
    if (!is_about_credential(call) && call->status >= 400 && call->status < 500)
        exchange->answer.status = exchange->http_status = call->status;
    return TG_STAGE_REPLY;
}

enum tg_stage_answer stage_call_end_events(struct tg_exchange *exchange)
{
    if (tg_answer_stream_finish(&exchange->stream, &exchange->outbox) != TG_OK)
        return stage_call_break_off(exchange, "too_large");
    stage_outcome_of_stream(exchange);
    exchange->outcome = tg_answer_stream_seen(&exchange->stream)->has_error
                            ? TOLLGATE__V1__OUTCOME__OUTCOME_PROVIDER_FAILED
                            : TOLLGATE__V1__OUTCOME__OUTCOME_COMPLETED;
    return TG_STAGE_REPLY;
}

/* A whole answer, or the stream of a provider that streams to who did not ask for it, for a client of another dialect.
 */
static enum tg_stage_answer end_translated(struct tg_exchange *exchange, struct tg_text body)
{
    struct tg_text kept = tg_arena_copy(exchange->arena, body);
    bool is_events = is_stream(&exchange->call.response);
    begin_translation(exchange);
    struct tg_translation *translation = &exchange->stream.translation;
    struct tg_buf *out = &exchange->outbox;
    out->bytes = 0;
    enum tg_status status =
        is_events ? tg_translation_feed(translation, kept, out) : tg_translation_whole(translation, kept, out);
    if (status == TG_OK && is_events)
        status = tg_translation_finish(translation, out);
    if (status == TG_OK && is_events)
        status = tg_buf_append(out, tg_buf_text(&translation->end));
    stage_outcome_of_stream(exchange);
    if (status != TG_OK) {
        out->bytes = 0;
        return refuse_answer(exchange, status == TG_TOO_LARGE ? "it is too large to be translated"
                                                              : "it is not what its API describes");
    }
    exchange->outcome = translation->seen.has_error ? TOLLGATE__V1__OUTCOME__OUTCOME_PROVIDER_FAILED
                                                    : TOLLGATE__V1__OUTCOME__OUTCOME_COMPLETED;
    exchange->http_status = exchange->call.status;
    return TG_STAGE_REPLY;
}

static enum tg_stage_answer end_whole(struct tg_exchange *exchange)
{
    struct tg_call *call = &exchange->call;
    struct tg_text body = exchange->outbox.bytes == 0 ? call->piece : tg_buf_text(&exchange->outbox);
    if (!is_success(call))
        return end_error(exchange, body);
    if (is_translated(exchange))
        return end_translated(exchange, body);
    stage_outcome_of_whole_answer(exchange, body);
    exchange->outcome = TOLLGATE__V1__OUTCOME__OUTCOME_COMPLETED;
    exchange->http_status = call->status;
    return TG_STAGE_REPLY;
}

/* call->piece is the last. */
enum tg_stage_answer stage_call_complete(struct tg_exchange *exchange)
{
    bool is_in_one_piece = exchange->relay == TG_RELAY_NONE && exchange->outbox.bytes == 0 &&
                           exchange->call.piece.bytes <= MAX_ERROR_BYTES;
    if (!is_in_one_piece) {
        enum tg_stage_answer answer = take_piece(exchange);
        if (answer != TG_STAGE_WAIT)
            return answer;
    }
    switch (exchange->relay) {
    case TG_RELAY_EVENTS:
        return stage_call_end_events(exchange);
    case TG_RELAY_BYTES:
        stage_outcome_of_tail(exchange);
        exchange->outcome = TOLLGATE__V1__OUTCOME__OUTCOME_COMPLETED;
        return TG_STAGE_REPLY;
    case TG_RELAY_NONE:
        break;
    }
    return end_whole(exchange);
}
