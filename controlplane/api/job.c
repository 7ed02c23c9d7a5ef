#include "controlplane/api/job.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/time.h"
#include "common/log/log.h"
#include "controlplane/api/problem.h"
#include "controlplane/api/server.h"

/* ---- life ---- */

static const struct tg_text *copy_header(struct tg_api_job *job, const struct tg_http_request *http, const char *name)
{
    const struct tg_text *value = tg_http_request_header(http, name);
    if (value == NULL)
        return NULL;
    struct tg_text *copy = tg_arena_alloc(&job->arena, sizeof(*copy));
    *copy = tg_arena_copy(&job->arena, *value);
    return copy;
}

/* application/json, with parameters or without; PATCH may also call it a merge patch (RFC 7396), which it is. */
static bool is_json(const struct tg_text *content_type)
{
    if (content_type == NULL)
        return false;
    const char *semicolon = memchr(content_type->data, ';', content_type->bytes);
    size_t bytes = semicolon == NULL ? content_type->bytes : (size_t)(semicolon - content_type->data);
    struct tg_text essence = tg_text_trim(tg_text(content_type->data, bytes));
    return tg_text_equals_nocase(essence, tg_text_of("application/json")) ||
           tg_text_equals_nocase(essence, tg_text_of("application/merge-patch+json"));
}

/* A UUID that the client made is kept, so that it finds its request in our logs. */
static struct tg_id request_id_of(const struct tg_http_request *http)
{
    const struct tg_text *sent = tg_http_request_header(http, "x-request-id");
    struct tg_id id;
    return sent != NULL && tg_id_parse(*sent, &id) && !tg_id_is_zero(id) ? id : tg_id_new();
}

struct tg_api_job *tg_api_job_create(tg_api *api, struct tg_http_request *http)
{
    struct tg_api_job *job = calloc(1, sizeof(*job));
    if (job == NULL)
        abort();
    tg_arena_init(&job->arena);
    tg_buf_init(&job->answer, TG_API_MAX_ANSWER_BYTES);
    pthread_mutex_init(&job->mutex, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&job->drained, &attributes);
    pthread_condattr_destroy(&attributes);
    job->api = api;
    job->http = http;
    job->pieces_end = &job->pieces;
    job->started_at_ms = tg_loop_now_ms(api->loop);
    job->request_id = request_id_of(http);
    job->method = tg_arena_copy(&job->arena, http->method);
    job->path = tg_arena_copy(&job->arena, http->path);
    job->query = tg_arena_copy(&job->arena, http->query);
    job->body = tg_arena_copy(&job->arena, http->body);
    job->if_match = copy_header(job, http, "if-match");
    const struct tg_text *key = copy_header(job, http, "idempotency-key");
    job->idempotency_key = key == NULL ? tg_text(NULL, 0) : *key;
    job->has_json_body = is_json(tg_http_request_header(http, "content-type"));
    memcpy(job->peer, http->peer, sizeof(job->peer));
    return job;
}

void tg_api_job_destroy(struct tg_api_job *job)
{
    tg_secret_wipe((char *)job->body.data, job->body.bytes); /* it may hold a credential */
    tg_buf_deinit(&job->answer);
    tg_arena_deinit(&job->arena);
    pthread_cond_destroy(&job->drained);
    pthread_mutex_destroy(&job->mutex);
    free(job);
}

/* ---- what handlers use ---- */

void tg_api_add_header(struct tg_api_job *job, const char *name, struct tg_text value)
{
    if (job->header_count < TG_API_MAX_HEADERS)
        job->headers[job->header_count++] = (struct tg_http_header){tg_text_of(name), value};
}

static void begin_answer(struct tg_api_job *job, int status, const char *content_type)
{
    char id[TG_ID_TEXT_BYTES];
    tg_id_format(job->request_id, id);
    job->status = status;
    tg_api_add_header(job, "x-request-id", tg_arena_copy(&job->arena, tg_text_of(id)));
    tg_api_add_header(job, "cache-control", tg_text_of("no-store"));
    if (content_type != NULL)
        tg_api_add_header(job, "content-type", tg_text_of(content_type));
}

void tg_api_answer(struct tg_api_job *job, int status, const char *content_type)
{
    begin_answer(job, status, content_type);
}

tg_json *tg_api_read_body(struct tg_api_job *job)
{
    if (job->body.bytes > 0 && !job->has_json_body) {
        tg_refuse(&job->refusal, TG_REFUSAL_MEDIA_TYPE, "Send the body as JSON, with Content-Type: application/json.");
        return NULL;
    }
    tg_json *body = NULL;
    struct tg_error error;
    if (tg_json_parse(job->body, &body, &error) != TG_OK) {
        tg_refuse(&job->refusal, TG_REFUSAL_MALFORMED, "The body is %s.", error.message);
        return NULL;
    }
    if (!tg_json_is(body, TG_JSON_OBJECT)) {
        tg_refuse(&job->refusal, TG_REFUSAL_MALFORMED, "The body must be a JSON object.");
        tg_json_destroy(body);
        return NULL;
    }
    return body;
}

bool tg_api_query(struct tg_api_job *job, const char *name, struct tg_text *value)
{
    struct tg_text raw;
    return tg_http_query_param(job->query, name, &raw) && tg_http_percent_decode(&job->arena, raw, true, value);
}

void tg_api_refuse_query(struct tg_api_job *job, const char *name, const char *detail)
{
    tg_refuse(&job->refusal, TG_REFUSAL_MALFORMED, "The query has parameters that are wrong; see errors.");
    tg_refuse_field(&job->refusal, tg_text_of(name), "%s", detail);
}

static bool is_known(const char *const *known, struct tg_text name)
{
    for (size_t i = 0; known[i] != NULL; ++i) {
        if (tg_text_is(name, known[i]))
            return true;
    }
    return false;
}

void tg_api_check_query(struct tg_api_job *job, const char *const *known)
{
    struct tg_text left = job->query;
    while (left.bytes > 0) {
        const char *end = memchr(left.data, '&', left.bytes);
        size_t bytes = end == NULL ? left.bytes : (size_t)(end - left.data);
        struct tg_text item = tg_text(left.data, bytes);
        left = end == NULL ? tg_text(NULL, 0) : tg_text(end + 1, left.bytes - bytes - 1);
        if (item.bytes == 0)
            continue;
        const char *equals = memchr(item.data, '=', item.bytes);
        struct tg_text name = tg_text(item.data, equals == NULL ? item.bytes : (size_t)(equals - item.data));
        struct tg_text decoded, again;
        const char *shown = tg_arena_copy(&job->arena, name).data;
        if (!is_known(known, name))
            tg_api_refuse_query(job, shown, "is not a parameter here");
        else if (!tg_http_percent_decode(&job->arena, item, true, &decoded) ||
                 memchr(decoded.data, '\0', decoded.bytes) != NULL)
            tg_api_refuse_query(job, shown, "is not properly percent-encoded");
        else if (tg_http_query_param(left, shown, &again))
            tg_api_refuse_query(job, shown, "is there twice");
    }
}

/* ---- streamed answers ---- */

bool tg_api_begin_download(struct tg_api_job *job)
{
    tg_api *api = job->api;
    size_t places = api->pool.count < 2 ? 1 : api->pool.count / 2;
    job->is_download = atomic_fetch_add(&api->downloads, 1) < places;
    if (job->is_download)
        return true;
    atomic_fetch_sub(&api->downloads, 1);
    tg_refuse(&job->refusal, TG_REFUSAL_BUSY, "As many exports are running as may. Try again when one has ended.");
    return false;
}

static enum tg_status push_piece(struct tg_api_job *job)
{
    enum { MAX_WAIT_S = 600 }; /* the server drops a client that takes nothing long before */
    struct timespec deadline;
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += MAX_WAIT_S;
    int waited = 0;
    pthread_mutex_lock(&job->mutex);
    while (job->pieces_under_way >= TG_API_PIPE_PIECES && !atomic_load(&job->is_abandoned) && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&job->drained, &job->mutex, &deadline);
    bool may_send = job->pieces_under_way < TG_API_PIPE_PIECES && !atomic_load(&job->is_abandoned);
    job->pieces_under_way += may_send;
    pthread_mutex_unlock(&job->mutex);
    if (!may_send)
        return TG_UNAVAILABLE;
    struct tg_api_piece *piece = malloc(sizeof(*piece) + job->answer.bytes);
    if (piece == NULL)
        abort();
    *piece = (struct tg_api_piece){.message = {.run = tg_api_on_piece}, .job = job, .bytes = job->answer.bytes};
    memcpy(piece->data, job->answer.data, job->answer.bytes);
    tg_buf_consume(&job->answer, job->answer.bytes);
    tg_loop_post(job->api->loop, &piece->message);
    return TG_OK;
}

enum tg_status tg_api_stream(struct tg_api_job *job, const char *content_type, struct tg_text bytes)
{
    if (!job->is_streamed) {
        begin_answer(job, 200, content_type);
        job->is_streamed = true;
    }
    while (bytes.bytes > 0) {
        size_t room = TG_API_PIECE_BYTES - job->answer.bytes;
        size_t taken = bytes.bytes < room ? bytes.bytes : room;
        enum tg_status status = tg_buf_append(&job->answer, tg_text(bytes.data, taken));
        if (status == TG_OK && job->answer.bytes == TG_API_PIECE_BYTES)
            status = push_piece(job);
        if (status != TG_OK)
            return status;
        bytes = tg_text(bytes.data + taken, bytes.bytes - taken);
    }
    return TG_OK;
}

enum tg_status tg_api_flush(struct tg_api_job *job)
{
    return job->answer.bytes == 0 ? TG_OK : push_piece(job);
}

void tg_api_piece_release(struct tg_api_piece *piece)
{
    struct tg_api_job *job = piece->job;
    free(piece);
    pthread_mutex_lock(&job->mutex);
    --job->pieces_under_way;
    pthread_cond_signal(&job->drained);
    pthread_mutex_unlock(&job->mutex);
}

/* ---- running ---- */

static void answer_refusal(struct tg_api_job *job)
{
    tg_buf_consume(&job->answer, job->answer.bytes);
    job->header_count = 0;
    if (job->refusal.kind == TG_REFUSAL_UNAUTHORIZED)
        tg_api_add_header(job, "www-authenticate", tg_text_of("Bearer realm=\"tollgate\""));
    if (job->refusal.kind == TG_REFUSAL_METHOD)
        tg_api_add_header(job, "allow", tg_text_of(job->match.allow));
    if (job->refusal.kind == TG_REFUSAL_BUSY || job->refusal.kind == TG_REFUSAL_UNAVAILABLE)
        tg_api_add_header(job, "retry-after", tg_text_of("1"));
    tg_problem_render(&job->refusal, job->request_id, &job->answer);
    tg_api_answer(job, tg_problem_status(job->refusal.kind), "application/problem+json");
}

void tg_api_job_run(struct tg_api_job *job, tg_db *db)
{
    job->db = db;
    job->operation = (struct tg_operation){
        .db = db,
        .ring = job->api->seal_ring,
        .arena = &job->arena,
        .organization_id = job->match.organization_id,
        .request_id = job->request_id,
        .actor = job->principal.name,
        .source_address = job->peer,
        .now_ms = tg_time_unix_ms(),
    };
    if (!tg_refused(&job->refusal))
        job->match.route->handle(job);
    if (!job->is_streamed && tg_refused(&job->refusal))
        answer_refusal(job);
    else if (job->is_streamed)
        job->is_cut = tg_refused(&job->refusal) || tg_api_flush(job) != TG_OK;
    if (job->is_download)
        atomic_fetch_sub(&job->api->downloads, 1);
}
