/* An answer as any dialect can say it: a run of events, the same for streams and for whole answers.
 *
 *   START  (PART_BEGIN (DELTA | CITATIONS | LOGPROBS)* PART_END)*  FINISH  USAGE*  END
 *
 * per choice, with parts numbered from 0 in the order in which they begin. Some dialects interleave parts; then several
 * are open at once. USAGE may come at any time and again: the last one holds. ERROR may come at any time and is the
 * last. A decoder makes these of a provider's bytes; an encoder makes a client's bytes of them; a decoder always closes
 * what it opened before FINISH, and says END only if the provider came to its end. What an event refers to is valid
 * during the call that hands it over. */
#ifndef TG_CANONICAL_EVENT_H
#define TG_CANONICAL_EVENT_H

#include "common/base/buf.h"
#include "dataplane/dialects/canonical/request.h"
#include "dataplane/dialects/canonical/usage.h"

enum tg_answer_event_kind {
    TG_ANSWER_START, /* id, model */
    /* part_kind; call_id and name of a tool call; media of a picture or sound; raw and signature_origin of OTHER */
    TG_ANSWER_PART_BEGIN,
    TG_ANSWER_DELTA,     /* text: more of a text, refusal, thinking, base64 data, or of a tool call's arguments */
    TG_ANSWER_SIGNATURE, /* text: more of a thinking's signature, or the data of a redacted one */
    TG_ANSWER_CITATIONS, /* citations, of the open text part; raw: the same as signature_origin writes them, an array */
    TG_ANSWER_LOGPROBS,  /* raw: array of {"token","logprob","bytes","top_logprobs"} as chat writes it */
    TG_ANSWER_PART_END,
    TG_ANSWER_FINISH, /* finish, stop_sequence */
    TG_ANSWER_USAGE,  /* usage, service_tier */
    TG_ANSWER_ERROR,  /* error */
    TG_ANSWER_END,
};

enum tg_finish {
    TG_FINISH_STOP,
    TG_FINISH_STOP_SEQUENCE,
    TG_FINISH_LENGTH,
    TG_FINISH_TOOL_CALLS,
    TG_FINISH_CONTENT_FILTER, /* the provider's filter, before or while the model spoke */
    TG_FINISH_REFUSAL,        /* the model's own */
    TG_FINISH_PAUSE,          /* the provider's tools need another turn: Anthropic's pause_turn */
    TG_FINISH_CONTEXT_FULL,
    TG_FINISH_OTHER,
};

/* A source that the model cites. */
struct tg_citation {
    struct tg_json_string url, title, quote;
    struct tg_json_string document_title;
    int64_t document_index; /* -1 unless it is one of the request's documents */
    int64_t begin, end;     /* where in the answer's text it holds, in characters; -1 if not said */
};

/* An error in the words of whoever made it: the provider, or the gateway. */
struct tg_answer_error {
    int http_status; /* what it would be as a whole answer; decides the type in the client's dialect */
    struct tg_json_string message;
    struct tg_json_string code;  /* "context_length_exceeded", "budget_exceeded"; empty if none */
    struct tg_json_string type;  /* as its maker named it; encoders use it only if it is of their own dialect */
    struct tg_json_string param; /* the field concerned; empty if none */
    enum tg_dialect_id origin;   /* whose `type` that is */
};

struct tg_answer_event {
    enum tg_answer_event_kind kind;
    unsigned choice;
    unsigned part;
    enum tg_part_kind part_kind;
    struct tg_json_string id, model; /* START: as the provider names them */
    struct tg_json_string call_id, name;
    struct tg_json_string text;
    enum tg_dialect_id signature_origin;
    struct tg_json_string media_type; /* PART_BEGIN of a picture or sound */
    const struct tg_citation *citations;
    size_t citation_count;
    struct tg_text raw;
    enum tg_finish finish;
    struct tg_json_string stop_sequence; /* which one; empty if not said */
    const struct tg_usage *usage;
    bool is_usage_partial;       /* USAGE: the prompt is counted, the answer has only begun */
    struct tg_text service_tier; /* plain: the one the call was served at; empty if not said */
    const struct tg_answer_error *error;
};

/* Takes events. TG_TOO_LARGE when what it makes of them passes a bound: nothing more may be sent. */
struct tg_answer_sink {
    enum tg_status (*take)(void *user, const struct tg_answer_event *event);
    void *user;
};

#endif
