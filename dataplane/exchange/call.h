/* One attempt at a provider on behalf of an exchange, which owns it.
 *
 *   start -> SENT -> HEAD -> BODY … -> COMPLETE
 *               \______\______\_____-> FAILED      (the transport says why)
 *                \______\______\____-> CANCELLED   (by the gateway)
 *
 * The callbacks of common/http/client.h only record here what came and call tg_exchange_advance(). */
#ifndef TG_EXCHANGE_CALL_H
#define TG_EXCHANGE_CALL_H

#include "common/http/client.h"
#include "dataplane/dialects/canonical/dialect.h"
#include "dataplane/snapshot/snapshot.h"
#include "dataplane/upstream/response_head.h"

enum tg_call_state {
    TG_CALL_IDLE,      /* not sent */
    TG_CALL_SENT,      /* handed to a connection; no answer yet */
    TG_CALL_HEAD,      /* status and header fields are there */
    TG_CALL_BODY,      /* bytes of the body are there (call->piece), more will come */
    TG_CALL_COMPLETE,  /* call->piece was the last; may be empty */
    TG_CALL_FAILED,    /* over without a whole answer: call->failure */
    TG_CALL_CANCELLED, /* given up by the gateway */
    TG_CALL_STATE_COUNT
};
const char *tg_call_state_name(enum tg_call_state state);

/* The transition table. A new attempt begins with a new (IDLE) call. */
static const unsigned tg_call_moves[TG_CALL_STATE_COUNT] = {
    [TG_CALL_IDLE] = 1u << TG_CALL_SENT,
    [TG_CALL_SENT] = 1u << TG_CALL_HEAD | 1u << TG_CALL_FAILED | 1u << TG_CALL_CANCELLED,
    [TG_CALL_HEAD] = 1u << TG_CALL_BODY | 1u << TG_CALL_COMPLETE | 1u << TG_CALL_FAILED | 1u << TG_CALL_CANCELLED,
    [TG_CALL_BODY] = 1u << TG_CALL_BODY | 1u << TG_CALL_COMPLETE | 1u << TG_CALL_FAILED | 1u << TG_CALL_CANCELLED,
    [TG_CALL_COMPLETE] = 0,
    [TG_CALL_FAILED] = 0,
    [TG_CALL_CANCELLED] = 0,
};

struct tg_exchange;

enum { TG_CALL_FAILURE_BYTES = 128 };

struct tg_call {
    enum tg_call_state state;
    struct tg_exchange *exchange;
    const struct tg_deployment *deployment;
    tg_http_call *http; /* NULL before SENT and after the end */
    bool is_paused;     /* the client is slow */

    int status; /* from HEAD on */
    int64_t content_length;
    struct tg_upstream_response response;
    struct tg_text piece; /* valid while the event is being handled */
    enum tg_http_failure failure;
    char reason[TG_CALL_FAILURE_BYTES];

    struct tg_text pieces[1 + TG_BODY_PIECES]; /* head, then the body */
    size_t piece_count;
};

/* Prepares a call that was not sent yet; what was there is over. */
void tg_call_init(struct tg_call *call, struct tg_exchange *exchange, const struct tg_deployment *deployment);

/* Moves the call; asserts that the table allows it. */
void tg_call_move(struct tg_call *call, enum tg_call_state state);

/* Sends call->pieces. */
void tg_call_send(struct tg_call *call, tg_http_client *client);

/* True between sending and the end. */
bool tg_call_is_running(const struct tg_call *call);

/* Gives up a running call; nothing comes of it any more. */
void tg_call_cancel(struct tg_call *call);

void tg_call_pause(struct tg_call *call);
void tg_call_resume(struct tg_call *call);

#endif
