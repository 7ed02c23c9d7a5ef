#include "tests/simulator/handler.h"

#include <stdio.h>

#include "tests/simulator/answer.h"
#include "tests/simulator/bill.h"
#include "tests/simulator/embeddings.h"

enum { MAX_BODY_BYTES = 64 * 1024 * 1024 };

enum phase {
    PHASE_THINKING,  /* nothing is sent */
    PHASE_STREAMING, /* chunks are on their way */
    PHASE_CUTTING,   /* half of a whole answer is sent, and that was it */
    PHASE_ENDED,     /* the last byte is handed over, or the connection cut */
};

/* One request; in its arena. */
struct exchange {
    struct sim_handler *handler;
    struct tg_http_request *request;
    enum phase phase;
    void (*answer_it)(struct exchange *exchange); /* after the latency */
    struct tg_timer timer;
    struct tg_id id;
    char request_id[40];
    struct sim_directive directive;
    struct sim_chat chat;
    struct sim_embeddings *embeddings; /* or NULL: a chat */
    struct sim_answer answer;
    struct sim_stream stream;
};

static void on_time(struct tg_timer *timer);

/* ---- answers and bills ---- */

static void respond(struct exchange *exchange, int status, struct tg_text body)
{
    struct tg_http_header headers[] = {
        {TG_TEXT_LITERAL("content-type"), TG_TEXT_LITERAL("application/json")},
        {TG_TEXT_LITERAL("x-request-id"), tg_text_of(exchange->request_id)},
        {TG_TEXT_LITERAL("retry-after"), {0}},
    };
    size_t count = 2;
    if (status >= 400 && exchange->directive.retry_after_s >= 0) {
        headers[count].value =
            tg_arena_printf(exchange->request->arena, "%lld", (long long)exchange->directive.retry_after_s);
        ++count;
    }
    exchange->phase = PHASE_ENDED;
    tg_http_respond(exchange->request, status, headers, count, body);
}

/* In the shape of OpenAI's errors. The message contains nothing that JSON would have to escape but quotes. */
static void respond_error(struct exchange *exchange, int status, const char *type, const char *code,
                          const char *message)
{
    char escaped[sizeof(((struct tg_error *)0)->message) * 2];
    size_t bytes = 0;
    for (const char *at = message; *at != '\0' && bytes + 2 < sizeof(escaped); ++at) {
        if (*at == '"' || *at == '\\')
            escaped[bytes++] = '\\';
        escaped[bytes++] = (unsigned char)*at < ' ' ? ' ' : *at;
    }
    respond(exchange, status,
            tg_arena_printf(exchange->request->arena,
                            "{\"error\":{\"message\":\"%.*s\",\"type\":\"%s\",\"param\":null,\"code\":\"%s\"}}",
                            (int)bytes, escaped, type, code));
}

static void bill(struct exchange *exchange, enum sim_outcome outcome, int64_t generated)
{
    bool is_chat = exchange->embeddings == NULL;
    struct sim_config *config = exchange->handler->config;
    ++config->billed;
    if (config->log_fd < 0)
        return;
    char id[48] = "";
    if (is_chat) {
        memcpy(id, "chatcmpl-", 9);
        tg_hex_encode(exchange->id.octets, sizeof(exchange->id.octets), id + 9);
    }
    sim_bill_write(config->log_fd,
                   &(struct sim_bill){
                       .request_id = tg_text_of(exchange->request_id),
                       .id = tg_text_of(id),
                       .endpoint = is_chat ? "chat_completions" : "embeddings",
                       .model = is_chat ? exchange->chat.model : exchange->embeddings->model,
                       .prompt_tokens = is_chat ? exchange->answer.prompt_tokens : exchange->embeddings->prompt_tokens,
                       .cached_tokens = is_chat ? exchange->answer.cached_tokens : 0,
                       .completion_tokens = is_chat ? sim_answer_completion_tokens(&exchange->answer, generated) : 0,
                       .reasoning_tokens = is_chat ? sim_answer_reasoning_tokens(&exchange->answer, generated) : 0,
                       .is_streaming = is_chat && exchange->chat.is_streaming,
                       .status = 200,
                       .outcome = outcome,
                       .at_unix_ms = tg_loop_now_unix_ms(exchange->handler->loop),
                   });
}

static void cut(struct exchange *exchange, int64_t generated)
{
    bill(exchange, SIM_DROPPED, generated);
    exchange->phase = PHASE_ENDED;
    tg_http_abort(exchange->request);
}

static void send_event(struct exchange *exchange, const struct sim_event *event, bool is_final)
{
    tg_http_send(exchange->request, event->pieces, event->count, is_final);
}

static void send_next_chunk(struct exchange *exchange)
{
    struct sim_event event;
    if (sim_stream_next(&exchange->stream, &event)) {
        send_event(exchange, &event, false);
        return;
    }
    sim_stream_end(&exchange->stream, &event);
    bill(exchange, SIM_COMPLETED, exchange->stream.generated);
    exchange->phase = PHASE_ENDED;
    send_event(exchange, &event, true);
}

static void start_stream(struct exchange *exchange)
{
    struct tg_http_header headers[] = {
        {TG_TEXT_LITERAL("content-type"), TG_TEXT_LITERAL("text/event-stream; charset=utf-8")},
        {TG_TEXT_LITERAL("cache-control"), TG_TEXT_LITERAL("no-cache")},
        {TG_TEXT_LITERAL("x-request-id"), tg_text_of(exchange->request_id)},
    };
    struct sim_event event;
    sim_stream_init(&exchange->stream, exchange->request->arena, &exchange->answer);
    sim_stream_open(&exchange->stream, &event);
    exchange->phase = PHASE_STREAMING;
    tg_http_start(exchange->request, 200, headers, sizeof(headers) / sizeof(headers[0]), -1);
    send_event(exchange, &event, false);
}

/* Announces the whole body and sends half of it. */
static void send_half(struct exchange *exchange, struct tg_text body)
{
    struct tg_http_header headers[] = {
        {TG_TEXT_LITERAL("content-type"), TG_TEXT_LITERAL("application/json")},
        {TG_TEXT_LITERAL("x-request-id"), tg_text_of(exchange->request_id)},
    };
    struct tg_text half = tg_text(body.data, body.bytes / 2);
    exchange->phase = PHASE_CUTTING;
    tg_http_start(exchange->request, 200, headers, sizeof(headers) / sizeof(headers[0]), (int64_t)body.bytes);
    tg_http_send(exchange->request, &half, 1, false);
}

static void answer_chat(struct exchange *exchange)
{
    const struct sim_directive *directive = &exchange->directive;
    if (directive->drop_after == 0) {
        cut(exchange, 0);
        return;
    }
    if (exchange->chat.is_streaming) {
        start_stream(exchange);
        return;
    }
    struct tg_text body = sim_answer_body(exchange->request->arena, &exchange->answer);
    if (directive->malformed > 0)
        body.bytes /= 2;
    if (directive->drop_after > 0) {
        send_half(exchange, body);
        return;
    }
    bill(exchange, SIM_COMPLETED, sim_answer_all_units(&exchange->answer));
    respond(exchange, 200, body);
}

static void answer_embeddings(struct exchange *exchange)
{
    struct tg_text body = sim_embeddings_body(exchange->request->arena, exchange->embeddings);
    bill(exchange, SIM_COMPLETED, 0);
    respond(exchange, 200, body);
}

static void answer_error(struct exchange *exchange)
{
    int status = (int)exchange->directive.status;
    static const struct {
        int status;
        const char *type, *code;
    } kinds[] = {
        {401, "invalid_request_error", "invalid_api_key"},
        {404, "invalid_request_error", "model_not_found"},
        {429, "requests", "rate_limit_exceeded"},
        {500, "server_error", "server_error"},
        {503, "server_error", "overloaded"},
    };
    const char *type = status < 500 ? "invalid_request_error" : "server_error", *code = "simulated";
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); ++i) {
        if (kinds[i].status == status) {
            type = kinds[i].type;
            code = kinds[i].code;
        }
    }
    respond_error(exchange, status, type, code, "The simulator was told to answer this.");
}

/* ---- requests ---- */

/* After the latency that was asked for. Errors are not billed. */
static void think(struct exchange *exchange, void (*answer_it)(struct exchange *exchange))
{
    exchange->answer_it = exchange->directive.status != 0 ? answer_error : answer_it;
    if (exchange->directive.latency_ms == 0)
        exchange->answer_it(exchange);
    else
        tg_timer_start(exchange->handler->loop, &exchange->timer, exchange->directive.latency_ms);
}

static void on_chat(struct exchange *exchange)
{
    struct tg_http_request *request = exchange->request;
    struct tg_error error;
    if (sim_chat_read(request->arena, request->body, &exchange->chat, &error) != TG_OK) {
        respond_error(exchange, 400, "invalid_request_error", "invalid_request", error.message);
        return;
    }
    exchange->directive = exchange->chat.directive;
    sim_answer_plan(request->arena, &exchange->chat, exchange->id, tg_loop_now_unix_ms(exchange->handler->loop),
                    &exchange->answer);
    think(exchange, answer_chat);
}

static void on_embeddings(struct exchange *exchange)
{
    struct tg_http_request *request = exchange->request;
    struct tg_error error;
    exchange->embeddings = tg_arena_alloc(request->arena, sizeof(*exchange->embeddings));
    if (sim_embeddings_read(request->arena, request->body, exchange->embeddings, &error) != TG_OK) {
        respond_error(exchange, 400, "invalid_request_error", "invalid_request", error.message);
        return;
    }
    exchange->directive = exchange->embeddings->directive;
    think(exchange, answer_embeddings);
}

static const char *const models[] = {
    "bench", "gpt-4o", "gpt-4o-mini", "gpt-4.1-mini", "text-embedding-3-large", "text-embedding-3-small"};

static const char model_format[] =
    "%s{\"id\":\"%s\",\"object\":\"model\",\"created\":1700000000,\"owned_by\":\"simulator\"}";

static void on_models(struct exchange *exchange)
{
    struct tg_arena *arena = exchange->request->arena;
    struct tg_text list = tg_text_of("{\"object\":\"list\",\"data\":[");
    for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); ++i) {
        struct tg_text model = tg_arena_printf(arena, model_format, i == 0 ? "" : ",", models[i]);
        list = tg_arena_printf(arena, "%.*s%.*s", TG_TEXT_ARG(list), TG_TEXT_ARG(model));
    }
    respond(exchange, 200, tg_arena_printf(arena, "%.*s]}", TG_TEXT_ARG(list)));
}

static void on_model(struct exchange *exchange, struct tg_text name)
{
    for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); ++i) {
        if (tg_text_is(name, models[i])) {
            respond(exchange, 200, tg_arena_printf(exchange->request->arena, model_format, "", models[i]));
            return;
        }
    }
    respond_error(exchange, 404, "invalid_request_error", "model_not_found", "The model does not exist.");
}

static void route(struct exchange *exchange)
{
    static const char one_model[] = "/v1/models/";
    struct tg_text method = exchange->request->method, path = exchange->request->path;
    if (tg_text_is(method, "POST") && tg_text_is(path, "/v1/chat/completions"))
        on_chat(exchange);
    else if (tg_text_is(method, "POST") && tg_text_is(path, "/v1/embeddings"))
        on_embeddings(exchange);
    else if (tg_text_is(method, "GET") && tg_text_is(path, "/v1/models"))
        on_models(exchange);
    else if (tg_text_is(method, "GET") && tg_text_starts_with(path, one_model))
        on_model(exchange, tg_text(path.data + strlen(one_model), path.bytes - strlen(one_model)));
    else
        respond_error(exchange, 404, "invalid_request_error", "unknown_url",
                      "There is nothing at this method and path.");
}

static bool is_authorized(const struct sim_config *config, const struct tg_http_request *request)
{
    static const char scheme[] = "Bearer ";
    if (config->key.bytes == 0)
        return true;
    const struct tg_text *sent = tg_http_request_header(request, "authorization");
    return sent != NULL && tg_text_starts_with(*sent, scheme) &&
           tg_text_equals(tg_text(sent->data + strlen(scheme), sent->bytes - strlen(scheme)), config->key);
}

static struct exchange *begin(struct sim_handler *handler, struct tg_http_request *request)
{
    struct exchange *exchange = tg_arena_calloc(request->arena, sizeof(*exchange));
    exchange->handler = handler;
    exchange->request = request;
    exchange->timer.on_expire = on_time;
    exchange->id = tg_id_new();
    exchange->directive = (struct sim_directive){.retry_after_s = -1, .drop_after = -1};
    memcpy(exchange->request_id, "req_", 4);
    tg_hex_encode(exchange->id.octets, sizeof(exchange->id.octets), exchange->request_id + 4);
    request->user = exchange;
    return exchange;
}

static void on_request(void *user, struct tg_http_request *request)
{
    struct sim_handler *handler = user;
    struct exchange *exchange = begin(handler, request);
    if (is_authorized(handler->config, request))
        route(exchange);
    else
        respond_error(exchange, 401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided.");
}

static void on_refuse(void *user, struct tg_http_request *request, enum tg_http_refusal refusal)
{
    respond_error(begin(user, request), tg_http_refusal_status(refusal), "invalid_request_error", "refused",
                  "The request is not HTTP as this server takes it.");
}

static void on_writable(void *user, struct tg_http_request *request)
{
    struct exchange *exchange = request->user;
    const struct sim_directive *directive = &exchange->directive;
    if (exchange->phase == PHASE_CUTTING)
        cut(exchange, sim_answer_all_units(&exchange->answer));
    else if (exchange->phase != PHASE_STREAMING)
        return;
    else if (directive->drop_after >= 0 && exchange->stream.chunks >= directive->drop_after)
        cut(exchange, exchange->stream.generated);
    else if (directive->drip_ms != 0)
        tg_timer_start(exchange->handler->loop, &exchange->timer, directive->drip_ms);
    else
        send_next_chunk(exchange);
}

static void on_time(struct tg_timer *timer)
{
    struct exchange *exchange = (struct exchange *)((char *)timer - offsetof(struct exchange, timer));
    if (exchange->phase == PHASE_STREAMING)
        send_next_chunk(exchange);
    else
        exchange->answer_it(exchange);
}

static void on_close(void *user, struct tg_http_request *request, bool is_complete)
{
    struct exchange *exchange = request->user;
    struct sim_handler *handler = user;
    ++handler->config->answered;
    tg_timer_stop(handler->loop, &exchange->timer);
    /* It would have been billed: so is what was generated until the client left. */
    if (exchange->phase != PHASE_ENDED && exchange->directive.status == 0)
        bill(exchange, SIM_CLIENT_LEFT, exchange->stream.generated);
}

struct tg_http_server_config sim_handler_server(struct sim_handler *handler)
{
    return (struct tg_http_server_config){
        .user = handler,
        .on_request = on_request,
        .on_refuse = on_refuse,
        .on_close = on_close,
        .on_writable = on_writable,
        .max_body_bytes = MAX_BODY_BYTES,
    };
}
