/* One wire format of model calls, as a const table of functions; dialects.c lists them. All of it is pure.
 *
 *   as the client speaks it:   read_request, encode, error_body, error_event
 *   as the provider speaks it: write_request, decode, read_error
 *   where both are the same:   edit_request, watch
 *
 * N dialects need N of each, not N x N translations. */
#ifndef TG_CANONICAL_DIALECT_H
#define TG_CANONICAL_DIALECT_H

#include "dataplane/dialects/canonical/client_error.h"
#include "dataplane/dialects/canonical/event.h"
#include "dataplane/dialects/canonical/loss.h"

/* How a stream is cut into blocks. */
enum tg_framing {
    TG_FRAMING_SSE,
    TG_FRAMING_JSON_ARRAY, /* Gemini without alt=sse: one array whose elements arrive one by one */
    TG_FRAMING_AWS,        /* application/vnd.amazon.eventstream */
};

/* ---- requests ---- */

/* What a request is turned into, whether edited or written anew. */
struct tg_request_target {
    struct tg_text upstream_model;         /* plain; empty: the name stays */
    int64_t max_output_tokens;             /* to be set, per choice; 0: as the client said, or none */
    int64_t model_max_output_tokens;       /* of the catalog, for dialects that must name one; 0: unknown */
    bool asks_for_usage;                   /* chat: set include_usage */
    const char *maximum_field;             /* chat: what to insert where the client set no maximum */
    const struct tg_parameter_rule *rules; /* the provider's own: what to drop or rename, top-level */
    size_t rule_count;
};

struct tg_parameter_rule {
    struct tg_text name;
    struct tg_text new_name; /* without it and `value` the member is dropped */
    struct tg_text value;    /* not empty: the string that it is always set to */
};

/* The body in pieces, in order: the client's own bytes with single values replaced. */
enum { TG_BODY_PIECES = 33 }; /* 16 edits at most; each splits a piece in two and adds one */
struct tg_body {
    struct tg_text pieces[TG_BODY_PIECES];
    size_t piece_count;
    size_t bytes; /* of all pieces */
};

/* ---- answers ---- */

/* What is learnt of an answer that passes unchanged. */
struct tg_seen {
    struct tg_usage usage;
    bool has_usage;
    bool is_usage_partial; /* its output is that of the answer's beginning: the stream has not told the rest yet */
    bool is_done;          /* the last event was seen */
    bool has_error;        /* the provider sent an error event */
    uint64_t unfinished_choices; /* by number, for dialects whose choices end each by itself */
    size_t usage_text_bytes;     /* so much of it had come when the usage was last reported; for who watches a stream */
    size_t text_bytes;           /* what the model wrote, for estimates */
    struct tg_buf *text;         /* the beginning of it, as it is written; NULL: it is only measured */
    char model[128];             /* as the provider names it, escapes not resolved */
    size_t model_bytes;
    char service_tier[16];
    size_t service_tier_bytes;
};

/* Of what the model wrote so much is kept, to count tokens in should the provider not say how many there are. */
enum { TG_SEEN_TEXT_BYTES = 16 << 10 };

/* For watchers: more of what the model wrote, as it is written. */
void tg_seen_add_text(struct tg_seen *seen, struct tg_text written);

enum tg_block_fate {
    TG_BLOCK_PASS,
    TG_BLOCK_HIDE,        /* only the gateway asked for it */
    TG_BLOCK_HOLD,        /* the end: passed on when the call is booked */
    TG_BLOCK_HOLD_SO_FAR, /* the end unless more comes, in dialects that do not say it: passed on then */
};

struct tg_encode_options {
    struct tg_text request_id; /* the gateway's, for dialects whose answers need an id that the provider did not give */
    struct tg_text model;      /* plain: as the client asked for it */
    int64_t unix_ms;
    bool is_streaming;
    enum tg_framing framing; /* of the stream: what is appended is a part of it as the client gets it */
    bool wants_usage;        /* chat: the client asked for the usage chunk */
    const struct tg_model_request *request;
};

struct tg_dialect {
    enum tg_dialect_id id;
    const char *name; /* "chat", "responses", "messages", "gemini", "converse" */

    /* ---- the client's side ---- */

    /* False, and *error says why, if the request cannot be used. */
    bool (*read_request)(const struct tg_request_source *source, struct tg_model_request *request,
                         struct tg_client_error *error);
    /* State for one answer, in the arena, which it may use until the answer is complete. */
    void *(*encoder_new)(struct tg_arena *arena, const struct tg_encode_options *options);
    /* Appends the client's bytes: at once for a stream; at END or ERROR for a whole answer. The end of a stream (its
     * last event) is appended at END, after all else. */
    enum tg_status (*encode)(void *encoder, const struct tg_answer_event *event, struct tg_buf *out);
    /* A whole answer that is an error, and the same in the middle of a stream, framed; of a JSON array it is the
     * element alone, without what stands between elements. In the arena. */
    struct tg_text (*error_body)(struct tg_arena *arena, const struct tg_answer_error *error);
    struct tg_text (*error_event)(struct tg_arena *arena, const struct tg_answer_error *error, enum tg_framing framing);
    /* What an error's type is called in this dialect, never NULL, and the header that must tell it beside a whole error
     * answer. Both NULL where there is no such header. */
    const char *error_type_header;
    const char *(*error_type)(const struct tg_answer_error *error);

    /* ---- the provider's side ---- */

    /* Appends the body for the provider. What cannot be said goes to `loss`; what cannot be right (arguments of a tool
     * call that are no JSON object) to `error`, and false. TG_TOO_LARGE of `out` is false, too, with `error` set. */
    bool (*write_request)(struct tg_arena *arena, const struct tg_model_request *request,
                          const struct tg_request_target *target, struct tg_loss *loss, struct tg_buf *out,
                          struct tg_client_error *error);
    void *(*decoder_new)(struct tg_arena *arena);
    /* One block of a stream: an SSE event, an element, an AWS message (`name` is its event type or exception).
     * `scratch` may be used until return. A block that is no valid JSON becomes an ERROR event. */
    enum tg_status (*decode_block)(void *decoder, struct tg_arena *scratch, struct tg_text name, struct tg_text data,
                                   const struct tg_answer_sink *sink);
    /* The stream is over: closes what is open; says END if the answer was complete, ERROR otherwise. */
    enum tg_status (*decode_end)(void *decoder, struct tg_arena *scratch, const struct tg_answer_sink *sink);
    /* A whole answer, START to END. TG_INVALID if it is none. */
    enum tg_status (*decode_whole)(struct tg_arena *scratch, struct tg_text body, const struct tg_answer_sink *sink);
    /* What an error answer says. False if it is not of this dialect's shape: *error has the status alone then. */
    bool (*read_error)(struct tg_arena *arena, int http_status, struct tg_text body, struct tg_answer_error *error);

    /* ---- the same on both sides ---- */

    void (*edit_request)(struct tg_arena *arena, struct tg_text body, const struct tg_model_request *request,
                         const struct tg_request_target *target, struct tg_body *edited);
    /* Looks at a block of a stream on its way; cheap for all but the few that matter. */
    enum tg_block_fate (*watch_block)(struct tg_seen *seen, bool hides_usage, struct tg_text name, struct tg_text data);
    /* A whole answer. */
    void (*watch_whole)(struct tg_seen *seen, struct tg_text body);
    /* The last bytes of an answer too large to be kept: whether its usage is there. */
    bool (*watch_tail)(struct tg_text tail, struct tg_usage *usage);
};

/* Never NULL. */
const struct tg_dialect *tg_dialect_of(enum tg_dialect_id id);
/* NULL if no dialect has that name. */
const struct tg_dialect *tg_dialect_named(struct tg_text name);

#endif
