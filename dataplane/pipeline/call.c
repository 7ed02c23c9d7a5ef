/* Sends the request to a provider, fails over while the client has seen nothing, and passes the answer on: whole if it
 * is small, event by event if it is a stream, as it comes if it is large. */
#include "common/base/time.h"
#include "common/codec/json_scan.h"
#include "common/log/log.h"
#include "dataplane/pipeline/stages_internal.h"
#include "dataplane/upstream/request_head.h"

enum {
    LINGER_MS = 50, /* for a provider to end its answer after [DONE], so that its connection can be used again */
    MAX_ERROR_BYTES = 256 << 10, /* of a provider's error answer */
};

/* ---- sending ---- */

/* What the provider is told as maximum output; 0 leaves it as the client has it. Where a budget counts, no call
 * is sent with a larger one than was reserved, be it that a budget clamped it or that the catalog knows the model to
 * give less: the catalog may be wrong, the reservation must not. */
static int64_t imposed_output_tokens(const struct tg_exchange *exchange)
{
    const struct tg_reservation *reservation = &exchange->reservation;
    bool is_beyond = reservation->line_count != 0 && exchange->asked.max_output_tokens > reservation->output_tokens;
    return reservation->is_clamped || is_beyond ? reservation->output_tokens : 0;
}

static void prepare(struct tg_exchange *exchange, const struct tg_deployment *deployment)
{
    struct tg_http_request *request = exchange->request;
    struct tg_call *call = &exchange->call;
    const struct tg_model_request *asked = &exchange->asked;
    struct tg_request_target target = {
        .upstream_model = deployment->upstream_model,
        .asks_for_usage = asked->is_streaming,
        .max_output_tokens = imposed_output_tokens(exchange),
        .model_max_output_tokens = exchange->model->max_output_tokens,
        .maximum_field = deployment->provider->maximum_field,
        .rules = deployment->provider->rules,
        .rule_count = deployment->provider->rule_count,
    };
    exchange->client_dialect->edit_request(exchange->arena, request->body, asked, &target, &exchange->body);
    for (size_t i = 0; i < exchange->body.piece_count; ++i)
        call->pieces[1 + i] = exchange->body.pieces[i];
    const struct tg_provider_api *api =
        tg_provider_find_api(deployment->provider, tg_endpoint_operation(exchange->endpoint.endpoint),
                             tg_endpoint_dialect(exchange->endpoint.endpoint));
    struct tg_upstream_request upstream = {
        .deployment = deployment,
        .method = tg_text("POST", 4),
        .path = tg_upstream_path(exchange->arena, asked->is_streaming ? api->stream_path : api->path,
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
}

/* To the next candidate; there is one. */
static enum tg_stage_answer send_next(struct tg_exchange *exchange)
{
    const struct tg_deployment *deployment = tg_route_next(&exchange->route);
    tg_call_init(&exchange->call, exchange, deployment);
    exchange->price = tg_deployment_price(deployment, exchange->started_unix_ms);
    exchange->outbox.bytes = 0;
    prepare(exchange, deployment);
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

static void begin_events(struct tg_exchange *exchange)
{
    const struct tg_model_request *asked = &exchange->asked;
    tg_passage_init(&exchange->stream, exchange->client_dialect, asked->is_streaming && !asked->wants_usage);
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
    if (is_success(call) && call->response.is_event_stream && !call->response.is_encoded)
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
    size_t most = is_success(&exchange->call) ? TG_EXCHANGE_WHOLE_ANSWER_BYTES : MAX_ERROR_BYTES;
    return exchange->outbox.bytes + piece.bytes <= most && tg_buf_append(&exchange->outbox, piece) == TG_OK;
}

static enum tg_stage_answer cut(struct tg_exchange *exchange, const char *why)
{
    if (tg_call_is_running(&exchange->call))
        tg_call_cancel(&exchange->call);
    return break_off(exchange, why);
}

static enum tg_stage_answer end_error(struct tg_exchange *exchange, struct tg_text body);

static enum tg_stage_answer take_bytes(struct tg_exchange *exchange, struct tg_text piece)
{
    keep_tail(exchange, piece);
    return tg_buf_append(&exchange->outbox, piece) == TG_OK ? TG_STAGE_WAIT : cut(exchange, "too_large");
}

static enum tg_stage_answer take_events(struct tg_exchange *exchange, struct tg_text piece)
{
    enum tg_status status = tg_passage_feed(&exchange->stream, piece, &exchange->outbox);
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
    if (exchange->relay == TG_RELAY_EVENTS && exchange->stream.seen.is_done && exchange->linger.expires_at_ms == 0) {
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

/* A provider's own error helps if it is JSON; what it says about the gateway's credential is not for clients. */
static enum tg_stage_answer end_error(struct tg_exchange *exchange, struct tg_text body)
{
    const struct tg_call *call = &exchange->call;
    exchange->outcome = TOLLGATE__V1__OUTCOME__OUTCOME_PROVIDER_ERROR;
    if (is_json_object(body) && !is_about_credential(call) && call->status >= 400) {
        exchange->http_status = call->status;
        return TG_STAGE_REPLY;
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
    if (tg_passage_finish(&exchange->stream, &exchange->outbox) != TG_OK)
        return break_off(exchange, "too_large");
    stage_outcome_of_stream(exchange);
    exchange->outcome = exchange->stream.seen.has_error ? TOLLGATE__V1__OUTCOME__OUTCOME_PROVIDER_FAILED
                                                        : TOLLGATE__V1__OUTCOME__OUTCOME_COMPLETED;
    return TG_STAGE_REPLY;
}

static enum tg_stage_answer end_whole(struct tg_exchange *exchange)
{
    struct tg_call *call = &exchange->call;
    struct tg_text body = exchange->outbox.bytes == 0 ? call->piece : tg_buf_text(&exchange->outbox);
    if (!is_success(call))
        return end_error(exchange, body);
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
        return exchange->relay == TG_RELAY_EVENTS && exchange->stream.seen.is_done ? end_events(exchange)
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
