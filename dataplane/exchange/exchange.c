#include "dataplane/exchange/exchange.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/time.h"
#include "dataplane/dialects/dialects.h"
#include "dataplane/exchange/answer_internal.h"
#include "dataplane/exchange/host_internal.h"

const char *tg_exchange_state_name(enum tg_exchange_state state)
{
    static const char *const names[TG_EXCHANGE_STATE_COUNT] = {"entering", "waiting",  "relaying", "finishing",
                                                               "flushing", "answered", "left",     "over"};
    return (size_t)state < TG_EXCHANGE_STATE_COUNT ? names[state] : "unknown";
}

void tg_exchange_move(struct tg_exchange *exchange, enum tg_exchange_state state)
{
    assert((tg_exchange_moves[exchange->state] & 1u << state) != 0);
    exchange->state = state;
}

/* ---- the end ---- */

static void observe(struct tg_exchange *exchange)
{
    struct tg_counters *counters = exchange->host->counters;
    int64_t first_byte_ns = exchange->first_byte_ns != 0 ? exchange->first_byte_ns : exchange->ended_ns;
    tg_observe(&counters->duration, exchange->ended_ns - exchange->started_ns);
    tg_observe(&counters->first_byte, first_byte_ns - exchange->started_ns);
    tg_count(&counters->requests[exchange->endpoint.endpoint][exchange->outcome], 1);
    if (exchange->error.code != TG_ERROR_NONE)
        tg_count(&counters->refusals[exchange->error.code], 1);
}

static void be_over(struct tg_exchange *exchange)
{
    tg_exchange_move(exchange, TG_EXCHANGE_OVER);
    exchange_host_take_back(exchange);
}

/* The request's memory is about to go. */
static void let_go_of_request(struct tg_exchange *exchange)
{
    if (exchange->request != NULL)
        exchange->request->user = NULL;
    exchange->request = NULL;
    exchange->arena = NULL;
}

static void answered(struct tg_exchange *exchange)
{
    tg_exchange_move(exchange, TG_EXCHANGE_ANSWERED);
    observe(exchange);
}

/* The answer is decided: books are closed before its last byte is handed over. */
static void reply(struct tg_exchange *exchange)
{
    bool is_relayed = exchange->state == TG_EXCHANGE_RELAYING;
    tg_exchange_move(exchange, TG_EXCHANGE_FINISHING);
    exchange->ended_ns = tg_time_monotonic_ns();
    tg_stage_run_finish(&exchange->run, exchange);
    if (!is_relayed) {
        exchange_answer_whole(exchange);
        answered(exchange);
    } else if (exchange_answer_end_relay(exchange)) {
        answered(exchange);
    } else {
        tg_exchange_move(exchange, TG_EXCHANGE_FLUSHING);
    }
}

/* Nobody waits for the answer any more. */
static void leave(struct tg_exchange *exchange)
{
    tg_exchange_move(exchange, TG_EXCHANGE_FINISHING);
    exchange->outcome = TOLLGATE__V1__OUTCOME__OUTCOME_CLIENT_LEFT;
    exchange->ended_ns = tg_time_monotonic_ns();
    tg_stage_run_finish(&exchange->run, exchange);
    observe(exchange);
    let_go_of_request(exchange);
    if (exchange->reservation_state == TG_RESERVATION_ABANDONED)
        tg_exchange_move(exchange, TG_EXCHANGE_LEFT);
    else
        be_over(exchange);
}

/* ---- one function per state ---- */

static void take(struct tg_exchange *exchange, enum tg_stage_answer answer)
{
    switch (answer) {
    case TG_STAGE_CONTINUE:
        assert(!"the runner goes on by itself");
        break;
    case TG_STAGE_WAIT:
        if (exchange->state == TG_EXCHANGE_ENTERING)
            tg_exchange_move(exchange, TG_EXCHANGE_WAITING);
        break;
    case TG_STAGE_REPLY:
        reply(exchange);
        break;
    }
}

static void advance_entering(struct tg_exchange *exchange)
{
    take(exchange, tg_stage_run_enter(&exchange->run, exchange));
}

static void advance_waiting(struct tg_exchange *exchange, enum tg_exchange_event event)
{
    if (event == TG_EVENT_CLOSED)
        leave(exchange);
    else
        take(exchange, tg_stage_run_resume(&exchange->run, exchange, event));
}

static void advance_flushing(struct tg_exchange *exchange, enum tg_exchange_event event)
{
    if (event == TG_EVENT_CLOSED) {
        observe(exchange);
        let_go_of_request(exchange);
        be_over(exchange);
    } else if (event == TG_EVENT_WRITABLE && exchange_answer_end_relay(exchange)) {
        answered(exchange);
    }
}

static void advance_answered(struct tg_exchange *exchange, enum tg_exchange_event event)
{
    if (event != TG_EVENT_CLOSED)
        return; /* the client took an earlier part */
    let_go_of_request(exchange);
    be_over(exchange);
}

static void advance_left(struct tg_exchange *exchange, enum tg_exchange_event event)
{
    if (event == TG_EVENT_DECIDED)
        be_over(exchange);
}

void tg_exchange_advance(struct tg_exchange *exchange, enum tg_exchange_event event)
{
    switch (exchange->state) {
    case TG_EXCHANGE_ENTERING:
        advance_entering(exchange);
        break;
    case TG_EXCHANGE_WAITING:
    case TG_EXCHANGE_RELAYING:
        advance_waiting(exchange, event);
        break;
    case TG_EXCHANGE_FLUSHING:
        advance_flushing(exchange, event);
        break;
    case TG_EXCHANGE_ANSWERED:
        advance_answered(exchange, event);
        break;
    case TG_EXCHANGE_LEFT:
        advance_left(exchange, event);
        break;
    case TG_EXCHANGE_FINISHING:
    case TG_EXCHANGE_OVER:
    case TG_EXCHANGE_STATE_COUNT:
        assert(!"nothing can happen here");
    }
}

/* ---- the server's callbacks ---- */

/* How a stream is cut that this client asks for. Google's SDKs want events (alt=sse), others one long array. */
static enum tg_framing framing_of(const struct tg_exchange *exchange)
{
    struct tg_text alt;
    switch (exchange->endpoint.dialect) {
    case TG_DIALECT_CONVERSE:
        return TG_FRAMING_AWS;
    case TG_DIALECT_GEMINI:
        return tg_http_query_param(exchange->request->query, "alt", &alt) && tg_text_is(alt, "sse")
                   ? TG_FRAMING_SSE
                   : TG_FRAMING_JSON_ARRAY;
    default:
        return TG_FRAMING_SSE;
    }
}

/* All have their lists of models at one place: who asks is told by what only its SDK sends. */
static enum tg_dialect_id dialect_of(const struct tg_http_request *request, const struct tg_endpoint_match *endpoint)
{
    if (endpoint->endpoint != TG_ENDPOINT_MODELS && endpoint->endpoint != TG_ENDPOINT_MODEL)
        return endpoint->dialect;
    if (tg_http_request_header(request, "anthropic-version") != NULL)
        return TG_DIALECT_MESSAGES;
    return tg_http_request_header(request, "x-goog-api-key") != NULL ? TG_DIALECT_GEMINI : endpoint->dialect;
}

static struct tg_exchange *create(struct tg_exchange_host *host, struct tg_http_request *request)
{
    uint64_t random[2] = {tg_exchange_random(host), tg_exchange_random(host)};
    struct tg_exchange *exchange = exchange_host_give(host);
    exchange->state = TG_EXCHANGE_ENTERING;
    exchange->host = host;
    exchange->request = request;
    exchange->arena = request->arena;
    exchange->run = (struct tg_stage_run){host->pipeline, 0};
    exchange->started_ns = tg_time_monotonic_ns();
    exchange->started_unix_ms = tg_loop_now_unix_ms(host->loop);
    exchange->id = tg_id_make(exchange->started_unix_ms, (const uint8_t *)random);
    tg_id_format(exchange->id, exchange->id_text);
    tg_endpoint_find(request->path, &exchange->endpoint);
    exchange->endpoint.dialect = dialect_of(request, &exchange->endpoint);
    exchange->client_dialect =
        tg_dialect_for(tg_endpoint_operation(exchange->endpoint.endpoint), exchange->endpoint.dialect);
    exchange->client_framing = framing_of(exchange);
    if (host->snapshot != NULL) {
        exchange->snapshot = host->snapshot;
        ++exchange->snapshot->users;
    }
    request->user = exchange;
    return exchange;
}

void tg_exchange_begin(struct tg_exchange_host *host, struct tg_http_request *request)
{
    tg_exchange_advance(create(host, request), TG_EVENT_BEGIN);
}

bool tg_exchange_wants_body(const struct tg_exchange_host *host, const struct tg_http_request *request)
{
    return host->pipeline->admits(host, request);
}

static enum tg_client_error_code error_of(enum tg_http_refusal refusal)
{
    switch (refusal) {
    case TG_HTTP_HEAD_TOO_LARGE:
        return TG_ERROR_HEAD_TOO_LARGE;
    case TG_HTTP_BODY_TOO_LARGE:
        return TG_ERROR_BODY_TOO_LARGE;
    case TG_HTTP_LENGTH_REQUIRED:
        return TG_ERROR_LENGTH_REQUIRED;
    case TG_HTTP_BODIES_EXHAUSTED:
        return TG_ERROR_GATEWAY_OVERLOADED;
    case TG_HTTP_REQUEST_TIMEOUT:
        return TG_ERROR_REQUEST_TIMEOUT;
    case TG_HTTP_BODY_UNWANTED:
        return TG_ERROR_NONE; /* the stages find again what tg_exchange_wants_body() found */
    case TG_HTTP_BAD_REQUEST:
        break;
    }
    return TG_ERROR_BAD_REQUEST;
}

void tg_exchange_refuse_unread(struct tg_exchange_host *host, struct tg_http_request *request,
                               enum tg_http_refusal refusal)
{
    struct tg_exchange *exchange = create(host, request);
    exchange->error.code = error_of(refusal);
    exchange->error.words[0] = tg_arena_printf(request->arena, "%zu", host->max_body_bytes);
    if (refusal == TG_HTTP_BODIES_EXHAUSTED)
        tg_exchange_add_header(exchange, "retry-after", tg_text("1", 1));
    tg_exchange_advance(exchange, TG_EVENT_BEGIN);  /* the first stages see that it is refused already */
    tg_exchange_advance(exchange, TG_EVENT_CLOSED); /* the server says no more of it */
}

void tg_exchange_on_close(struct tg_http_request *request, bool is_complete)
{
    (void)is_complete; /* the state knows: only what is ANSWERED was complete */
    tg_exchange_advance(request->user, TG_EVENT_CLOSED);
}

void tg_exchange_on_writable(struct tg_http_request *request)
{
    tg_exchange_advance(request->user, TG_EVENT_WRITABLE);
}

/* ---- for stages ---- */

void tg_exchange_add_header(struct tg_exchange *exchange, const char *name, struct tg_text value)
{
    struct tg_answer *answer = &exchange->answer;
    assert(answer->extra_count < sizeof(answer->extra) / sizeof(answer->extra[0]));
    answer->extra[answer->extra_count++] = (struct tg_http_header){tg_text_of(name), value};
}

enum tg_stage_answer tg_exchange_reply_error(struct tg_exchange *exchange)
{
    const struct tg_client_error_row *row = tg_client_error_row(exchange->error.code);
    exchange->answer.status = row->http_status;
    struct tg_answer_error said = tg_client_error_said(exchange->arena, &exchange->error);
    exchange->answer.body = exchange->client_dialect->error_body(exchange->arena, &said);
    if (exchange->client_dialect->error_type_header != NULL)
        tg_exchange_add_header(exchange, exchange->client_dialect->error_type_header,
                               tg_text_of(exchange->client_dialect->error_type(&said)));
    if (row->retry != TG_RETRY_UNSAID)
        tg_exchange_add_header(exchange, "x-should-retry", tg_text_of(row->retry == TG_RETRY_YES ? "true" : "false"));
    if (exchange->outcome == TOLLGATE__V1__OUTCOME__OUTCOME_UNSPECIFIED)
        exchange->outcome = TOLLGATE__V1__OUTCOME__OUTCOME_REFUSED;
    exchange->http_status = row->http_status;
    return TG_STAGE_REPLY;
}

enum tg_stage_answer tg_exchange_refuse(struct tg_exchange *exchange, enum tg_client_error_code code,
                                        const struct tg_text *words, size_t word_count)
{
    assert(word_count <= TG_CLIENT_ERROR_WORDS);
    exchange->error.code = code;
    for (size_t i = 0; i < word_count; ++i)
        exchange->error.words[i] = words[i];
    return tg_exchange_reply_error(exchange);
}
