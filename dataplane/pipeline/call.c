/* Sends the request to a provider, fails over while the client has seen nothing, and passes the answer on: whole if it
 * is small, event by event if it is a stream, as it comes if it is large. */
#include "common/base/time.h"
#include "common/codec/json_scan.h"
#include "common/log/log.h"
#include "dataplane/pipeline/stages_internal.h"

enum {
    LINGER_MS = 50, /* for a provider to end its answer after [DONE], so that its connection can be used again */
    MAX_ERROR_BYTES = 256 << 10,                   /* of a provider's error answer */
    MAX_TRANSLATED_BYTES = TG_PASSAGE_BLOCK_BYTES, /* of an answer that must be whole to be translated */
};

/* ---- sending ---- */

/* To the next candidate that can be told what is asked; there is a candidate. What the last one cannot be told is the
 * client's answer if none can. */
static enum tg_stage_answer send_next(struct tg_exchange *exchange)
{
    bool is_ready;
    do {
        const struct tg_deployment *deployment = tg_route_next(&exchange->route);
        tg_call_init(&exchange->call, exchange, deployment);
        exchange->price = tg_deployment_price(deployment, exchange->started_unix_ms);
        exchange->outbox.bytes = 0;
        is_ready = stage_call_prepare(exchange, deployment);
    } while (!is_ready && tg_route_has_next(&exchange->route));
    if (!is_ready)
        return tg_exchange_reply_error(exchange);
    exchange->error = (struct tg_client_error){.code = TG_ERROR_NONE};
    if (exchange->intent.number == 0 && !stage_meter_begin(exchange)) {
        tg_exchange_add_header(exchange, "retry-after", tg_text("5", 1));
        return tg_exchange_refuse(exchange, TG_ERROR_JOURNAL_FULL, NULL, 0);
    }
    tg_call_send(&exchange->call, exchange->host->client);
    return TG_STAGE_WAIT;
}

enum tg_stage_answer stage_call_enter(struct tg_exchange *exchange)
{
    enum tg_stage_answer answer = send_next(exchange);
    if (!exchange->has_waited)
        tg_observe(&exchange->host->counters->added, tg_time_monotonic_ns() - exchange->started_ns);
    return answer;
}

/* ---- failing ---- */

static void log_failure(const struct tg_exchange *exchange)
{
    const struct tg_call *call = &exchange->call;
    tg_log(TG_LOG_WARNING, "upstream_failed", tg_log_id("request_id", exchange->id),
           tg_log_id("organization_id", exchange->principal.organization_id),
           tg_log_text("provider", call->deployment->provider->name), tg_log_text("model", exchange->model->name),
           tg_log_string("failure", tg_http_failure_name(call->failure)), tg_log_string("reason", call->reason),
           tg_log_number("status", call->status));
}

static bool is_timeout(enum tg_http_failure failure)
{
    return failure == TG_HTTP_CONNECT_TIMEOUT || failure == TG_HTTP_FIRST_BYTE_TIMEOUT ||
           failure == TG_HTTP_IDLE_TIMEOUT || failure == TG_HTTP_TOTAL_TIMEOUT;
}

/* On to the next candidate. An attempt that its provider may bill is recorded and settled on its own, and the next one
 * needs a reservation of its own: both could be billed in full. */
static enum tg_stage_answer fail_over(struct tg_exchange *exchange, bool may_be_billed)
{
    enum tg_stage_answer answer = TG_STAGE_CONTINUE;
    tg_count(&exchange->host->counters->failovers, 1);
    if (may_be_billed) {
        stage_outcome_estimated(exchange, 0);
        stage_reserve_charge(exchange);
        stage_meter_record_attempt(exchange, TOLLGATE__V1__OUTCOME__OUTCOME_PROVIDER_FAILED,
                                   tg_client_error_code_name(is_timeout(exchange->call.failure)
                                                                 ? TG_ERROR_PROVIDER_TIMEOUT
                                                                 : TG_ERROR_PROVIDER_UNAVAILABLE));
        answer = stage_reserve_enter(exchange);
    }
    return answer == TG_STAGE_CONTINUE ? send_next(exchange) : answer;
}

/* The client has seen nothing: it gets an error of the gateway. */
static enum tg_stage_answer give_up(struct tg_exchange *exchange)
{
    enum tg_http_failure failure = exchange->call.failure;
    struct tg_text word = tg_text_of(tg_http_failure_name(failure));
    exchange->outcome = TOLLGATE__V1__OUTCOME__OUTCOME_PROVIDER_FAILED;
    if (stage_outcome_may_be_billed(&exchange->call))
        stage_outcome_estimated(exchange, exchange->outbox.bytes);
    return tg_exchange_refuse(exchange, is_timeout(failure) ? TG_ERROR_PROVIDER_TIMEOUT : TG_ERROR_PROVIDER_UNAVAILABLE,
                              &word, 1);
}

/* The client has seen a part: the answer ends with an error event, or is visibly cut. */
static enum tg_stage_answer break_off(struct tg_exchange *exchange, const char *why)
{
    exchange->outcome = TOLLGATE__V1__OUTCOME__OUTCOME_PROVIDER_FAILED;
    exchange->error = (struct tg_client_error){.code = TG_ERROR_PROVIDER_BROKE_OFF, .words = {tg_text_of(why)}};
    if (exchange->relay == TG_RELAY_EVENTS)
        stage_outcome_of_stream(exchange);
    else
        stage_outcome_of_tail(exchange);
    return TG_STAGE_REPLY;
}

static enum tg_stage_answer failed(struct tg_exchange *exchange)
{
    const struct tg_call *call = &exchange->call;
    bool is_untouched = exchange->state == TG_EXCHANGE_WAITING && call->status == 0;
    tg_count(&exchange->host->counters->upstream_failures[call->failure], 1);
    log_failure(exchange);
    if (exchange->relay != TG_RELAY_NONE)
        return break_off(exchange, tg_http_failure_name(call->failure));
    if (is_untouched && call->failure != TG_HTTP_TOTAL_TIMEOUT && tg_route_has_next(&exchange->route))
        return fail_over(exchange, stage_outcome_may_be_billed(call));
    return give_up(exchange);
}

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

static enum tg_stage_answer take_head(struct tg_exchange *exchange)
{
    struct tg_call *call = &exchange->call;
    tg_count(&exchange->host->counters->upstream_statuses[call->status / 100 % 6], 1);
    exchange->provider_request_id = tg_arena_copy(exchange->arena, stage_clip(call->response.request_id));
    if (is_about_credential(call))
        log_refused_credential(exchange);
    if (is_worth_another(call) && tg_route_has_next(&exchange->route)) {
        tg_call_cancel(call);
        return fail_over(exchange, false);
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
    return break_off(exchange, why);
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
static enum tg_stage_answer pass_piece(struct tg_exchange *exchange)
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

static enum tg_stage_answer end_events(struct tg_exchange *exchange)
{
    if (tg_answer_stream_finish(&exchange->stream, &exchange->outbox) != TG_OK)
        return break_off(exchange, "too_large");
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
static enum tg_stage_answer complete(struct tg_exchange *exchange)
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
        return end_events(exchange);
    case TG_RELAY_BYTES:
        stage_outcome_of_tail(exchange);
        exchange->outcome = TOLLGATE__V1__OUTCOME__OUTCOME_COMPLETED;
        return TG_STAGE_REPLY;
    case TG_RELAY_NONE:
        break;
    }
    return end_whole(exchange);
}

/* ---- the stage ---- */

static enum tg_stage_answer take_news(struct tg_exchange *exchange)
{
    switch (exchange->call.state) {
    case TG_CALL_HEAD:
        return take_head(exchange);
    case TG_CALL_BODY:
        return pass_piece(exchange);
    case TG_CALL_COMPLETE:
        return complete(exchange);
    case TG_CALL_FAILED:
        return exchange->relay == TG_RELAY_EVENTS && tg_answer_stream_seen(&exchange->stream)->is_done
                   ? end_events(exchange)
                   : failed(exchange);
    case TG_CALL_IDLE:
    case TG_CALL_SENT:
    case TG_CALL_CANCELLED:
    case TG_CALL_STATE_COUNT:
        break;
    }
    return TG_STAGE_WAIT;
}

enum tg_stage_answer stage_call_resume(struct tg_exchange *exchange, enum tg_exchange_event event)
{
    enum tg_stage_answer answer;
    switch (event) {
    case TG_EVENT_UPSTREAM:
        return take_news(exchange);
    case TG_EVENT_WRITABLE:
        tg_exchange_flush(exchange);
        return TG_STAGE_WAIT;
    case TG_EVENT_LINGERED:
        tg_call_cancel(&exchange->call);
        return end_events(exchange);
    case TG_EVENT_DECIDED: /* about the reservation for another attempt */
        answer = stage_reserve_resume(exchange, event);
        return answer == TG_STAGE_CONTINUE ? send_next(exchange) : answer;
    case TG_EVENT_BEGIN:
    case TG_EVENT_CLOSED:
        break;
    }
    return TG_STAGE_WAIT;
}

/* The client left in the middle: what the provider has done until then is booked as far as it is known. */
static void abandon(struct tg_exchange *exchange)
{
    tg_call_cancel(&exchange->call);
    exchange->http_status = exchange->relay == TG_RELAY_NONE ? 0 : exchange->call.status;
    if (exchange->relay == TG_RELAY_EVENTS)
        stage_outcome_of_stream(exchange);
    else if (exchange->relay == TG_RELAY_BYTES)
        stage_outcome_estimated(exchange, TG_EXCHANGE_WHOLE_ANSWER_BYTES);
    else if (exchange->call.status < 300)
        stage_outcome_estimated(exchange, exchange->outbox.bytes);
}

void stage_call_finish(struct tg_exchange *exchange)
{
    tg_timer_stop(exchange->host->loop, &exchange->linger);
    if (tg_call_is_running(&exchange->call))
        abandon(exchange);
}
