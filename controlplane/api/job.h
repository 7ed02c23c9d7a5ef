/* Internal to the room: one request on its way through the workers.
 *
 * The loop's thread makes it, a worker (or the loop, for routes that never block) handles it, the loop answers and
 * frees it, when both the connection and the worker have let go. What a handler sees is a copy in the job's arena. A
 * handler ends with one of: tg_api_answer(), a refusal, or a stream. */
#ifndef TG_API_JOB_H
#define TG_API_JOB_H

#include <pthread.h>
#include <stdatomic.h>

#include "common/http/server.h"
#include "controlplane/api/api.h"
#include "controlplane/api/principal.h"
#include "controlplane/api/route.h"
#include "controlplane/resource/operation.h"

enum {
    TG_API_MAX_BODY_BYTES = 1 << 20,
    TG_API_MAX_ANSWER_BYTES = 64 << 20,
    TG_API_MAX_HEADERS = 8,
    TG_API_PIECE_BYTES = 32 * 1024,
    TG_API_PIPE_PIECES = 2,
};

struct tg_api_piece {
    struct tg_message message;
    struct tg_api_job *job;
    struct tg_api_piece *next;
    size_t bytes;
    char data[];
};

struct tg_api_job {
    tg_api *api;
    struct tg_api_job *next; /* in the queue */
    struct tg_arena arena;

    /* the request */
    struct tg_route_match match;
    struct tg_principal principal;
    struct tg_id request_id;
    struct tg_text method, path, query, body;
    const struct tg_text *if_match; /* NULL: not sent */
    struct tg_text idempotency_key;
    bool has_json_body; /* its Content-Type says so */
    char peer[64];
    int64_t started_at_ms;
    int64_t queued_at_ms;

    /* what a handler works with */
    tg_db *db; /* the worker's; NULL on the loop */
    struct tg_operation operation;
    struct tg_refusal refusal;
    bool is_download; /* it has one of their places */

    /* the answer */
    int status;
    struct tg_http_header headers[TG_API_MAX_HEADERS]; /* values in the arena */
    size_t header_count;
    struct tg_buf answer;

    /* the loop's thread only */
    struct tg_http_request *http; /* NULL: the connection has let go */
    struct tg_message done;       /* posted when the worker has let go */
    bool is_done;
    bool has_begun, is_sending; /* a streamed answer */
    struct tg_api_piece *pieces, **pieces_end;

    /* shared */
    _Atomic bool is_abandoned; /* the client left */
    pthread_mutex_t mutex;
    pthread_cond_t drained;
    size_t pieces_under_way; /* guarded by mutex */
    bool is_streamed;        /* the worker's until done */
    bool is_cut;             /* a streamed answer that cannot be completed */
};

/* ---- for handlers ---- */

/* `name` and `value` as for tg_http_header; a value that is not a literal must live in the arena. */
void tg_api_add_header(struct tg_api_job *job, const char *name, struct tg_text value);

/* A whole answer: `content_type` and what the handler put into job->answer. */
void tg_api_answer(struct tg_api_job *job, int status, const char *content_type);

/* Pieces of an answer of unknown length; the head goes out with the first. Waits for the client. TG_UNAVAILABLE when it
 * has left. A handler that refuses after that cuts the answer. */
enum tg_status tg_api_stream(struct tg_api_job *job, const char *content_type, struct tg_text bytes) TG_MUST_CHECK;

/* For a handler that streams as fast as its client reads: takes one of the places for such until the job ends. They
 * leave half of the workers to everybody else. False and refused when none is free. */
bool tg_api_begin_download(struct tg_api_job *job);

/* Reads the body as a JSON object; NULL and refused if it is none. The caller destroys it. */
tg_json *tg_api_read_body(struct tg_api_job *job);

/* The decoded value of a query parameter, or false. Call tg_api_check_query() first. */
bool tg_api_query(struct tg_api_job *job, const char *name, struct tg_text *value);
/* Refuses parameters that are not in `known` (NULL-terminated) or repeat, and bad escapes. */
void tg_api_check_query(struct tg_api_job *job, const char *const *known);
/* A bad value of a parameter. */
void tg_api_refuse_query(struct tg_api_job *job, const char *name, const char *detail);

/* ---- for the server ---- */

struct tg_api_job *tg_api_job_create(tg_api *api, struct tg_http_request *http);
void tg_api_job_destroy(struct tg_api_job *job);

/* Runs the handler and makes its outcome an answer. */
void tg_api_job_run(struct tg_api_job *job, tg_db *db);
/* The rest of a streamed answer; after the handler. */
enum tg_status tg_api_flush(struct tg_api_job *job) TG_MUST_CHECK;
/* A piece is with the kernel, or will never be: the worker may make the next. */
void tg_api_piece_release(struct tg_api_piece *piece);

#endif
