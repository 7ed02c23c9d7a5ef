#include "dataplane/exchange/call.h"

#include <assert.h>
#include <stdio.h>

#include "dataplane/exchange/exchange.h"

const char *tg_call_state_name(enum tg_call_state state)
{
    static const char *const names[TG_CALL_STATE_COUNT] = {"idle",     "sent",   "head",     "body",
                                                           "complete", "failed", "cancelled"};
    return (size_t)state < TG_CALL_STATE_COUNT ? names[state] : "unknown";
}

void tg_call_init(struct tg_call *call, struct tg_exchange *exchange, const struct tg_deployment *deployment)
{
    assert(!tg_call_is_running(call));
    call->state = TG_CALL_IDLE;
    call->exchange = exchange;
    call->deployment = deployment;
    call->http = NULL;
    call->is_paused = false;
    call->status = 0;
    call->content_length = -1;
    call->piece = tg_text(NULL, 0);
    call->failure = TG_HTTP_NO_FAILURE;
    call->reason[0] = '\0';
    call->piece_count = 0;
}

void tg_call_move(struct tg_call *call, enum tg_call_state state)
{
    assert((tg_call_moves[call->state] & 1u << state) != 0);
    call->state = state;
}

static void on_head(void *user, int status, const struct tg_http_header *headers, size_t header_count,
                    int64_t content_length)
{
    struct tg_call *call = user;
    call->status = status;
    call->content_length = content_length;
    tg_upstream_read_response(headers, header_count, &call->response);
    tg_call_move(call, TG_CALL_HEAD);
    tg_exchange_advance(call->exchange, TG_EVENT_UPSTREAM);
}

static void on_body(void *user, struct tg_text piece, bool is_last)
{
    struct tg_call *call = user;
    call->piece = piece;
    tg_call_move(call, is_last ? TG_CALL_COMPLETE : TG_CALL_BODY);
    tg_exchange_advance(call->exchange, TG_EVENT_UPSTREAM);
    call->piece = tg_text(NULL, 0);
}

static void on_end(void *user, enum tg_http_failure failure, const char *reason)
{
    struct tg_call *call = user;
    call->http = NULL;
    if (failure == TG_HTTP_NO_FAILURE)
        return; /* the last piece has said so already */
    call->failure = failure;
    snprintf(call->reason, sizeof(call->reason), "%s", reason);
    tg_call_move(call, TG_CALL_FAILED);
    tg_exchange_advance(call->exchange, TG_EVENT_UPSTREAM);
}

void tg_call_send(struct tg_call *call, tg_http_client *client)
{
    static const struct tg_http_call_handler handler = {on_head, on_body, on_end};
    const struct tg_deployment *deployment = call->deployment;
    tg_call_move(call, TG_CALL_SENT);
    call->http = tg_http_call_start(client, &deployment->origin, &deployment->provider->timeouts, call->pieces,
                                    call->piece_count, &handler, call);
}

bool tg_call_is_running(const struct tg_call *call)
{
    return call->state == TG_CALL_SENT || call->state == TG_CALL_HEAD || call->state == TG_CALL_BODY;
}

void tg_call_cancel(struct tg_call *call)
{
    tg_http_call *http = call->http;
    tg_call_move(call, TG_CALL_CANCELLED);
    call->http = NULL;
    tg_http_call_cancel(http);
}

void tg_call_pause(struct tg_call *call)
{
    if (call->is_paused || !tg_call_is_running(call))
        return;
    call->is_paused = true;
    tg_http_call_pause(call->http);
}

void tg_call_resume(struct tg_call *call)
{
    if (!call->is_paused)
        return;
    call->is_paused = false;
    if (tg_call_is_running(call))
        tg_http_call_resume(call->http);
}
