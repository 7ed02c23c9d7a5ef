/* Sends the request to a provider, fails over while the client has seen nothing, and hears what becomes of it. */
#include "common/base/time.h"
#include "common/log/log.h"
#include "dataplane/pipeline/stages_internal.h"

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
enum tg_stage_answer stage_call_fail_over(struct tg_exchange *exchange, bool may_be_billed)
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
enum tg_stage_answer stage_call_break_off(struct tg_exchange *exchange, const char *why)
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
        return stage_call_break_off(exchange, tg_http_failure_name(call->failure));
    if (is_untouched && call->failure != TG_HTTP_TOTAL_TIMEOUT && tg_route_has_next(&exchange->route))
        return stage_call_fail_over(exchange, stage_outcome_may_be_billed(call));
    return give_up(exchange);
}

/* ---- the stage ---- */

static enum tg_stage_answer take_news(struct tg_exchange *exchange)
{
    switch (exchange->call.state) {
    case TG_CALL_HEAD:
        return stage_call_take_head(exchange);
    case TG_CALL_BODY:
        return stage_call_take_piece(exchange);
    case TG_CALL_COMPLETE:
        return stage_call_complete(exchange);
    case TG_CALL_FAILED:
        return exchange->relay == TG_RELAY_EVENTS && tg_answer_stream_seen(&exchange->stream)->is_done
                   ? stage_call_end_events(exchange)
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
        return stage_call_end_events(exchange);
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
