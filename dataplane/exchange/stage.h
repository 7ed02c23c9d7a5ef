/* The shape of the pipeline. A stage does something on entry and undoes or completes it on finish; the order of stages
 * is a table (dataplane/pipeline/pipeline.c), and this is the only code that walks it.
 *
 *   enter:  first -> last, until a stage waits or replies
 *   resume: the stage that waits is told what happened
 *   finish: every stage that was entered, last -> first, exactly once, whatever ended the request
 */
#ifndef TG_EXCHANGE_STAGE_H
#define TG_EXCHANGE_STAGE_H

#include <stdbool.h>
#include <stddef.h>

struct tg_exchange;
struct tg_exchange_host;
struct tg_http_request;

/* What can happen to an exchange; callbacks turn into one of these. */
enum tg_exchange_event {
    TG_EVENT_BEGIN,    /* the request is complete */
    TG_EVENT_DECIDED,  /* the wallet has decided about a reservation that waited */
    TG_EVENT_UPSTREAM, /* the call has something new: see its state */
    TG_EVENT_LINGERED, /* the call has kept its connection open after the end of its stream */
    TG_EVENT_WRITABLE, /* the client took what it was sent */
    TG_EVENT_CLOSED,   /* the request is over: the client has everything, or left */
};
const char *tg_exchange_event_name(enum tg_exchange_event event);

enum tg_stage_answer {
    TG_STAGE_CONTINUE, /* on to the next */
    TG_STAGE_WAIT,     /* something is under way; on_resume follows */
    TG_STAGE_REPLY,    /* the answer is decided */
};
const char *tg_stage_answer_name(enum tg_stage_answer answer);

struct tg_stage {
    const char *name;
    enum tg_stage_answer (*on_entry)(struct tg_exchange *exchange);
    /* NULL for stages that never wait. */
    enum tg_stage_answer (*on_resume)(struct tg_exchange *exchange, enum tg_exchange_event event);
    /* NULL where nothing is left to do. */
    void (*on_finish)(struct tg_exchange *exchange);
};

struct tg_pipeline {
    const struct tg_stage *stages;
    size_t count;
    /* By the head alone: false if the stages would refuse the request without looking at its body. */
    bool (*admits)(const struct tg_exchange_host *host, const struct tg_http_request *request);
};

/* How far one exchange has come. */
struct tg_stage_run {
    const struct tg_pipeline *pipeline;
    size_t entered;
};

/* Enters stages until one waits or replies; the last one of a pipeline does not continue. */
enum tg_stage_answer tg_stage_run_enter(struct tg_stage_run *run, struct tg_exchange *exchange);

/* Tells the stage that waits; goes on entering if it continues. */
enum tg_stage_answer tg_stage_run_resume(struct tg_stage_run *run, struct tg_exchange *exchange,
                                         enum tg_exchange_event event);

void tg_stage_run_finish(struct tg_stage_run *run, struct tg_exchange *exchange);

#endif
