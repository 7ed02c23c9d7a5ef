#include "controlplane/api/server.h"

#include <stdlib.h>

#include "common/log/log.h"
#include "controlplane/api/problem.h"

enum {
    MAX_CONNECTIONS = 1024,
    MAX_BODIES_BYTES = 64 << 20,
    BODY_IDLE_TIMEOUT_MS = 30 * 1000,
    KEEPALIVE_TIMEOUT_MS = 75 * 1000,
    WRITE_IDLE_TIMEOUT_MS = 60 * 1000,
};

/* ---- the end of a job ---- */

static void step_stop(tg_api *api)
{
    if (api->is_stopping && api->is_drained && api->job_count == 0)
        tg_loop_defer(api->loop, &api->stop_step);
}

static void free_if_over(struct tg_api_job *job)
{
    if (job->http != NULL || !job->is_done)
        return;
    tg_api *api = job->api;
    tg_api_job_destroy(job);
    --api->job_count;
    step_stop(api);
}

static void drop_pieces(struct tg_api_job *job)
{
    while (job->pieces != NULL) {
        struct tg_api_piece *piece = job->pieces;
        job->pieces = piece->next;
        tg_api_piece_release(piece);
    }
    job->pieces_end = &job->pieces;
}

static void on_close(void *user, struct tg_http_request *request, bool is_complete)
{
    struct tg_api_job *job = request->user;
    tg_api *api = job->api;
    int64_t duration_ms = tg_loop_now_ms(api->loop) - job->started_at_ms;
    if (is_complete)
        tg_api_metrics_count(&api->metrics, job->method, job->status, duration_ms);
    else
        ++api->metrics.abandoned;
    bool is_probe = job->match.route != NULL && (job->match.route->flags & TG_ROUTE_PUBLIC) != 0;
    tg_log(is_probe ? TG_LOG_DEBUG : TG_LOG_INFO, is_complete ? "request_answered" : "request_abandoned",
           tg_log_id("request_id", job->request_id), tg_log_text("method", job->method), tg_log_text("path", job->path),
           tg_log_number("status", job->is_done || job->has_begun ? job->status : 0),
           tg_log_number("duration_ms", duration_ms), tg_log_string("peer", job->peer));
    job->http = NULL;
    atomic_store(&job->is_abandoned, true);
    drop_pieces(job);
    pthread_mutex_lock(&job->mutex);
    pthread_cond_signal(&job->drained);
    pthread_mutex_unlock(&job->mutex);
    free_if_over(job);
}

/* ---- answering ---- */

static void send_next(struct tg_api_job *job)
{
    if (job->http == NULL || job->is_sending)
        return;
    if (job->is_done && job->is_cut) {
        if (job->has_begun)
            tg_http_abort(job->http);
        return;
    }
    if (!job->has_begun && (job->pieces != NULL || job->is_done)) {
        tg_http_start(job->http, job->status, job->headers, job->header_count, -1);
        job->has_begun = true;
    }
    if (job->pieces != NULL) {
        struct tg_text bytes = tg_text(job->pieces->data, job->pieces->bytes);
        job->is_sending = true;
        tg_http_send(job->http, &bytes, 1, false);
    } else if (job->is_done) {
        job->is_sending = true;
        tg_http_send(job->http, NULL, 0, true);
    }
}

void tg_api_on_piece(struct tg_message *message)
{
    struct tg_api_piece *piece = (struct tg_api_piece *)message;
    struct tg_api_job *job = piece->job;
    if (job->http == NULL) {
        tg_api_piece_release(piece);
        return;
    }
    *job->pieces_end = piece;
    job->pieces_end = &piece->next;
    send_next(job);
}

static void on_writable(void *user, struct tg_http_request *request)
{
    struct tg_api_job *job = request->user;
    job->is_sending = false;
    struct tg_api_piece *sent = job->pieces;
    if (sent != NULL) {
        job->pieces = sent->next;
        if (job->pieces == NULL)
            job->pieces_end = &job->pieces;
        tg_api_piece_release(sent);
    }
    send_next(job);
}

static void finish(struct tg_api_job *job)
{
    job->is_done = true;
    if (job->http == NULL) {
        free_if_over(job);
        return;
    }
    if (!job->is_streamed)
        tg_http_respond(job->http, job->status, job->headers, job->header_count, tg_buf_text(&job->answer));
    else if (job->is_cut && !job->has_begun && job->pieces == NULL) { /* it failed before its first piece left */
        tg_http_start(job->http, job->status, job->headers, job->header_count, -1);
        tg_http_abort(job->http);
    } else
        send_next(job);
}

void tg_api_on_done(struct tg_message *message)
{
    finish((struct tg_api_job *)((char *)message - offsetof(struct tg_api_job, done)));
}

/* ---- requests ---- */

static void authorize(struct tg_api_job *job)
{
    const struct tg_route *route = job->match.route;
    bool is_public = route != NULL && (route->flags & TG_ROUTE_PUBLIC) != 0;
    const struct tg_text *authorization = tg_http_request_header(job->http, "authorization");
    if (!is_public && tg_text_starts_with(job->path, "/api/") &&
        !tg_authenticate(&job->api->authenticator, authorization, &job->principal)) {
        tg_refuse(&job->refusal, TG_REFUSAL_UNAUTHORIZED,
                  authorization == NULL ? "Send the administrator's token as Authorization: Bearer …."
                                        : "This is not the administrator's token.");
        return;
    }
    if (route == NULL && job->match.allow[0] != '\0')
        tg_refuse(&job->refusal, TG_REFUSAL_METHOD, "This path takes %s.", job->match.allow);
    else if (route == NULL || job->match.has_bad_id)
        tg_refuse(&job->refusal, TG_REFUSAL_NOT_FOUND, "There is nothing at this path.");
    else if (!is_public && !tg_principal_may_enter(&job->principal, job->match.organization_id))
        tg_refuse(&job->refusal, TG_REFUSAL_NOT_FOUND, "There is nothing at this path.");
}

static void on_request(void *user, struct tg_http_request *request)
{
    tg_api *api = user;
    struct tg_api_job *job = tg_api_job_create(api, request);
    request->user = job;
    ++api->job_count;
    tg_route_find(tg_api_routes, tg_api_route_count, job->method, job->path, &job->match);
    authorize(job);
    bool needs_worker = !tg_refused(&job->refusal) && (job->match.route->flags & TG_ROUTE_ON_LOOP) == 0;
    if (needs_worker && tg_api_pool_push(&api->pool, job))
        return;
    if (needs_worker)
        tg_refuse(&job->refusal, TG_REFUSAL_BUSY, "Too many requests are waiting. Try again.");
    tg_api_job_run(job, NULL);
    finish(job);
}

static enum tg_refusal_kind kind_of(enum tg_http_refusal refusal)
{
    switch (refusal) {
    case TG_HTTP_BAD_REQUEST:
    case TG_HTTP_BODY_UNWANTED: /* never: every body is wanted */
        return TG_REFUSAL_MALFORMED;
    case TG_HTTP_HEAD_TOO_LARGE:
        return TG_REFUSAL_HEAD_TOO_LARGE;
    case TG_HTTP_BODY_TOO_LARGE:
        return TG_REFUSAL_TOO_LARGE;
    case TG_HTTP_LENGTH_REQUIRED:
        return TG_REFUSAL_LENGTH;
    case TG_HTTP_BODIES_EXHAUSTED:
        return TG_REFUSAL_BUSY;
    case TG_HTTP_REQUEST_TIMEOUT:
        return TG_REFUSAL_SLOW;
    }
    return TG_REFUSAL_MALFORMED;
}

static const char *detail_of(enum tg_http_refusal refusal)
{
    switch (refusal) {
    case TG_HTTP_BAD_REQUEST:
    case TG_HTTP_BODY_UNWANTED:
        return "This is not well-formed HTTP/1.1.";
    case TG_HTTP_HEAD_TOO_LARGE:
        return "The request's header fields are larger than 32 KiB.";
    case TG_HTTP_BODY_TOO_LARGE:
        return "The body is larger than 1 MiB.";
    case TG_HTTP_LENGTH_REQUIRED:
        return "The body's transfer coding is not understood; send a Content-Length or use chunked.";
    case TG_HTTP_BODIES_EXHAUSTED:
        return "The server holds as many request bodies as it may. Try again.";
    case TG_HTTP_REQUEST_TIMEOUT:
        return "The request did not arrive in time.";
    }
    return "The request cannot be read.";
}

static void on_refuse(void *user, struct tg_http_request *request, enum tg_http_refusal why)
{
    tg_api *api = user;
    struct tg_refusal refusal = {0};
    tg_refuse(&refusal, kind_of(why), "%s", detail_of(why));
    struct tg_id id = tg_id_new();
    char id_text[TG_ID_TEXT_BYTES];
    tg_id_format(id, id_text);
    struct tg_buf body;
    tg_buf_init(&body, TG_PROBLEM_MAX_BYTES);
    tg_problem_render(&refusal, id, &body);
    struct tg_http_header headers[] = {
        {tg_text_of("content-type"), tg_text_of("application/problem+json")},
        {tg_text_of("x-request-id"), tg_text_of(id_text)},
        {tg_text_of("retry-after"), tg_text_of("1")},
    };
    int status = tg_problem_status(refusal.kind);
    tg_http_respond(request, status, headers, status == 503 ? 3 : 2, tg_arena_copy(request->arena, tg_buf_text(&body)));
    tg_buf_deinit(&body);
    tg_api_metrics_count(&api->metrics, request->method, status, 0);
    tg_log(TG_LOG_INFO, "request_refused", tg_log_id("request_id", id), tg_log_number("status", status),
           tg_log_string("peer", request->peer));
}

/* ---- life ---- */

static void run_stop_step(struct tg_deferred *deferred)
{
    tg_api *api = (tg_api *)((char *)deferred - offsetof(tg_api, stop_step));
    api->on_stopped(api->on_stopped_user);
}

static void on_drained(void *user)
{
    tg_api *api = user;
    tg_timer_stop(api->loop, &api->stop_timer);
    tg_http_server_destroy(api->http);
    api->http = NULL;
    api->is_drained = true;
    step_stop(api);
}

static void on_stop_deadline(struct tg_timer *timer)
{
    on_drained((char *)timer - offsetof(tg_api, stop_timer));
}

void tg_api_stop(tg_api *api, int64_t deadline_ms, void (*on_stopped)(void *user), void *user)
{
    if (api->is_stopping)
        return;
    api->is_stopping = true;
    api->on_stopped = on_stopped;
    api->on_stopped_user = user;
    tg_timer_start(api->loop, &api->stop_timer, deadline_ms);
    tg_http_server_drain(api->http, on_drained, api);
}

enum tg_status tg_api_create(tg_loop *loop, const struct tg_api_config *config, tg_api **api, struct tg_error *error)
{
    tg_api *created = calloc(1, sizeof(*created));
    if (created == NULL)
        abort();
    created->loop = loop;
    created->seal_ring = config->seal_ring;
    created->write_metrics = config->write_metrics;
    created->user = config->user;
    created->bodies.max_bytes = MAX_BODIES_BYTES;
    created->stop_timer.on_expire = on_stop_deadline;
    created->stop_step.run = run_stop_step;
    tg_authenticator_init(&created->authenticator, config->admin_token);
    struct tg_http_server_config http = {
        .user = created,
        .on_request = on_request,
        .on_refuse = on_refuse,
        .on_close = on_close,
        .on_writable = on_writable,
        .bodies = &created->bodies,
        .max_body_bytes = TG_API_MAX_BODY_BYTES,
        .max_connections = MAX_CONNECTIONS,
        .body_idle_timeout_ms = BODY_IDLE_TIMEOUT_MS,
        .keepalive_timeout_ms = KEEPALIVE_TIMEOUT_MS,
        .write_idle_timeout_ms = WRITE_IDLE_TIMEOUT_MS,
        .tls = config->tls,
    };
    enum tg_status status = tg_http_server_create(loop, config->host, config->port, &http, &created->http, error);
    if (status == TG_OK)
        status = tg_api_pool_start(&created->pool, created, config->workers, config->database_url, error);
    if (status != TG_OK) {
        tg_api_destroy(created);
        created = NULL;
    }
    *api = created;
    return status;
}

uint16_t tg_api_port(const tg_api *api)
{
    return tg_http_server_port(api->http);
}

void tg_api_destroy(tg_api *api)
{
    if (api == NULL)
        return;
    if (api->http != NULL)
        tg_http_server_destroy(api->http);
    tg_api_pool_stop(&api->pool);
    free(api);
}
