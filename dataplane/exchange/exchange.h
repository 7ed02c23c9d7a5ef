/* One client request on its way through the gateway.
 *
 * The server hands over a complete request: an exchange is made for it and enters the stages of the pipeline one after
 * the other. A stage may wait, for the wallet or for the provider; then a callback records what happened and calls
 * tg_exchange_advance(), the only way on. Once the answer is decided all stages finish in reverse, which settles the
 * budgets and writes the usage record, and only then the last byte goes to the server. When the server says that the
 * request is over, the exchange is too, and its memory is used again after the turn.
 *
 *              on_request                  on_close
 *   server ───────────────► tg_exchange ◄──────────── server
 *                            │ owns
 *                            ├── tg_reservation   (stage reserve)     ◄── wallet, by message
 *                            ├── tg_journal_intent (stage meter)
 *                            ├── tg_call           (stage call)       ◄── HTTP client
 *                            └── a user of the worker's tg_snapshot_handle
 *
 * Thread: everything of one exchange belongs to its worker's loop. */
#ifndef TG_EXCHANGE_EXCHANGE_H
#define TG_EXCHANGE_EXCHANGE_H

#include "common/aws/sigv4.h"
#include "common/log/seldom.h"
#include "dataplane/dialects/canonical/answer_stream.h"
#include "dataplane/dialects/canonical/client_error.h"
#include "dataplane/dialects/endpoint.h"
#include "dataplane/exchange/call.h"
#include "dataplane/exchange/stage.h"
#include "dataplane/journal/journal.h"
#include "dataplane/route/route.h"
#include "dataplane/telemetry/telemetry.h"

enum tg_exchange_state {
    TG_EXCHANGE_ENTERING,  /* stages are being entered */
    TG_EXCHANGE_WAITING,   /* the last stage entered waits; the client has seen nothing */
    TG_EXCHANGE_RELAYING,  /* it waits while the answer passes through: the client has seen the head */
    TG_EXCHANGE_FINISHING, /* the answer is decided, or nobody wants it any more; stages finish */
    TG_EXCHANGE_FLUSHING,  /* booked; the client must take earlier bytes before it is handed the last */
    TG_EXCHANGE_ANSWERED,  /* the server has the last byte */
    TG_EXCHANGE_LEFT,      /* the request is over, but the wallet's decision is still on its way here */
    TG_EXCHANGE_OVER,      /* nothing refers to it; used again after the turn */
    TG_EXCHANGE_STATE_COUNT
};
const char *tg_exchange_state_name(enum tg_exchange_state state);

/* The transition table. */
static const unsigned tg_exchange_moves[TG_EXCHANGE_STATE_COUNT] = {
    [TG_EXCHANGE_ENTERING] = 1u << TG_EXCHANGE_WAITING | 1u << TG_EXCHANGE_FINISHING,
    [TG_EXCHANGE_WAITING] = 1u << TG_EXCHANGE_ENTERING | 1u << TG_EXCHANGE_RELAYING | 1u << TG_EXCHANGE_FINISHING,
    [TG_EXCHANGE_RELAYING] = 1u << TG_EXCHANGE_FINISHING,
    [TG_EXCHANGE_FINISHING] =
        1u << TG_EXCHANGE_FLUSHING | 1u << TG_EXCHANGE_ANSWERED | 1u << TG_EXCHANGE_LEFT | 1u << TG_EXCHANGE_OVER,
    [TG_EXCHANGE_FLUSHING] = 1u << TG_EXCHANGE_ANSWERED | 1u << TG_EXCHANGE_OVER,
    [TG_EXCHANGE_ANSWERED] = 1u << TG_EXCHANGE_OVER,
    [TG_EXCHANGE_LEFT] = 1u << TG_EXCHANGE_OVER,
    [TG_EXCHANGE_OVER] = 0,
};

/* A snapshot as one worker holds it: one reference, counted among its exchanges without touching shared memory. */
struct tg_snapshot_handle {
    tg_snapshot *snapshot;
    int64_t revision;
    size_t users; /* exchanges, and the worker while it is the current one */
    char revision_text[24];
};

/* What a worker provides to its exchanges. */
struct tg_exchange_host {
    tg_loop *loop;
    tg_http_client *client;
    tg_wallet *wallet;
    tg_journal *journal;
    struct tg_counters *counters;
    const struct tg_pipeline *pipeline;
    struct tg_snapshot_handle *snapshot; /* the current one; NULL before the first */
    size_t max_body_bytes;               /* for the message */
    uint64_t random[4];                  /* state of xoshiro256** */
    struct tg_timer wallet_timer;        /* ends waits that are due, while any of these exchanges waits */
    size_t waiting_count;
    int64_t anonymous_records; /* how many refusals of unknown callers may still be recorded */
    int64_t anonymous_refilled_at_ms;
    struct tg_seldom unpriced_models; /* of which calls without a price were logged lately */
    struct tg_exchange *spare;        /* memory to be used again */
    size_t spare_count;
    struct tg_exchange *over; /* freed after the turn */
    struct tg_deferred release;
    struct tg_sigv4_cache signing_keys;
    size_t live_count;
    void (*on_idle)(struct tg_exchange_host *host); /* live_count fell to 0; may be NULL */
};

/* Where the reservation stands; the stage reserve owns it. */
enum tg_reservation_state {
    TG_RESERVATION_NONE,
    TG_RESERVATION_WAITING, /* in the wallet's queue */
    TG_RESERVATION_HELD,
    TG_RESERVATION_SETTLED,
    TG_RESERVATION_ABANDONED, /* settled or refused, but on_decided is still on its way */
};

/* How the body of the answer reaches the client. */
enum tg_relay { TG_RELAY_NONE, TG_RELAY_EVENTS, TG_RELAY_BYTES };

/* What one budget account pays for a call. */
struct tg_charge {
    struct tg_id lease_id, budget_id;
    int64_t window_start_ms;
    int64_t amount;
};

/* An answer of the gateway's own, or what it adds to a provider's. */
struct tg_answer {
    int status;
    struct tg_text body;
    struct tg_http_header extra[6]; /* Retry-After, Allow, WWW-Authenticate, … */
    size_t extra_count;
};

struct tg_exchange {
    enum tg_exchange_state state;
    struct tg_exchange_host *host;
    struct tg_http_request *request; /* NULL once it is over */
    struct tg_arena *arena;          /* the request's */
    struct tg_stage_run run;
    struct tg_snapshot_handle *snapshot;
    struct tg_exchange *next; /* in the host's lists */

    struct tg_id id;
    char id_text[TG_ID_TEXT_BYTES];
    int64_t started_unix_ms;
    int64_t started_ns;
    int64_t first_byte_ns;                   /* 0 while the client was sent nothing */
    int64_t ended_ns;                        /* the answer was decided, or the client left */
    struct tg_endpoint_match endpoint;       /* what the path names */
    const struct tg_dialect *client_dialect; /* how the client speaks there */
    enum tg_framing client_framing;          /* of its streams */

    bool is_identified; /* stage identify */
    struct tg_principal principal;
    struct tg_model_request asked; /* stage inspect */
    const struct tg_model *model;  /* stage authorize */

    enum tg_reservation_state reservation_state; /* stage reserve */
    bool has_waited;
    bool counts_money; /* a budget in money applies */
    size_t charge_count;
    struct tg_message decision;

    struct tg_route route;                     /* stage route */
    const struct tg_dialect *upstream_dialect; /* how the provider is spoken to; stage call */
    struct tg_text dropped;                    /* what it cannot be told, for the client: "seed, user" */
    struct tg_call call;                       /* stage call */
    enum tg_relay relay;
    struct tg_text tail;             /* the last bytes of an answer too large to be kept whole */
    struct tg_journal_intent intent; /* stage meter */

    struct tg_client_error error; /* why the gateway refused; code NONE if it did not */
    struct tg_answer answer;

    Tollgate__V1__Outcome outcome; /* what is booked */
    int http_status;
    struct tg_usage usage;
    bool is_estimated;
    bool is_charged;  /* a provider may bill for the last attempt */
    bool is_unpriced; /* something that was used has no price: the cost lacks it */
    int64_t cost_pusd;
    struct tg_text service_tier; /* as the provider named it; empty if it did not */
    unsigned recorded_attempts;  /* of this request, so far */
    const struct tg_price *price;
    struct tg_text upstream_model;
    struct tg_text provider_request_id;

    /* From here on set up by who uses it first, not with every exchange. */
    struct tg_reservation reservation;
    struct tg_charge charges[TG_WALLET_MAX_LINES];
    struct tg_answer_stream stream; /* while relay is EVENTS, or a whole answer is translated */
    struct tg_body body;            /* as the provider gets it; stage call */
    struct tg_timer linger;
    struct tg_buf written; /* the body for a provider of another dialect */
    struct tg_buf outbox;  /* bytes of the answer that the server has not been handed yet */
};

/* Prepares a host whose loop, client, wallet, journal, counters and pipeline are set. */
void tg_exchange_host_init(struct tg_exchange_host *host);
/* Frees the memory of past exchanges; none is alive. */
void tg_exchange_host_deinit(struct tg_exchange_host *host);

/* While exchanges wait for a budget, their host looks this often whether a wait has lasted long enough. */
enum { TG_EXCHANGE_WALLET_TICK_MS = 20 };
void tg_exchange_host_watch_waits(struct tg_exchange_host *host);

/* Refusals of callers that nobody knows are recorded up to this many per second and worker, and a burst of so many; the
 * rest are only counted, so that a stranger cannot fill the journal. */
enum { TG_EXCHANGE_ANONYMOUS_PER_S = 50, TG_EXCHANGE_ANONYMOUS_BURST = 500 };

/* The next number of the host's generator, seeded by the kernel: for identifiers and draws, not for secrets. */
uint64_t tg_exchange_random(struct tg_exchange_host *host);

/* Lets go of a handle; frees it, and the snapshot's reference, with its last user. */
void tg_snapshot_handle_release(struct tg_snapshot_handle *handle);

/* The server's callbacks: a head is complete, its body not yet; a request is complete; the server refuses one; one is
 * over; one can take more. */
bool tg_exchange_wants_body(const struct tg_exchange_host *host, const struct tg_http_request *request);
void tg_exchange_begin(struct tg_exchange_host *host, struct tg_http_request *request);
void tg_exchange_refuse_unread(struct tg_exchange_host *host, struct tg_http_request *request,
                               enum tg_http_refusal refusal);
void tg_exchange_on_close(struct tg_http_request *request, bool is_complete);
void tg_exchange_on_writable(struct tg_http_request *request);

/* The only way on: goes as far as possible from the current state, given what happened. */
void tg_exchange_advance(struct tg_exchange *exchange, enum tg_exchange_event event);

/* Moves the exchange; asserts that the table allows it. */
void tg_exchange_move(struct tg_exchange *exchange, enum tg_exchange_state state);

/* ---- for stages ---- */

/* Decides the answer: an error of the gateway. `words` fill its sentence and must live in the arena or longer. Returns
 * TG_STAGE_REPLY. */
enum tg_stage_answer tg_exchange_refuse(struct tg_exchange *exchange, enum tg_client_error_code code,
                                        const struct tg_text *words, size_t word_count);
/* The same with the error ready in exchange->error. */
enum tg_stage_answer tg_exchange_reply_error(struct tg_exchange *exchange);

/* Adds a header to the gateway's own answer. */
void tg_exchange_add_header(struct tg_exchange *exchange, const char *name, struct tg_text value);

/* Sends the head of the provider's answer, so that its body passes through as it comes: -> RELAYING. */
void tg_exchange_begin_relay(struct tg_exchange *exchange, enum tg_relay relay, int64_t content_length);

/* Hands to the server what the outbox holds, if it takes more now; pauses or resumes the call by how much is left. */
void tg_exchange_flush(struct tg_exchange *exchange);

/* Most that the outbox gathers while a client is slow, before the provider is slowed. */
enum { TG_EXCHANGE_OUTBOX_HIGH_BYTES = 64 << 10 };
/* Answers up to this are kept whole, so that tokens and cost are known before their head is sent. */
enum { TG_EXCHANGE_WHOLE_ANSWER_BYTES = 1 << 20 };
/* So much of the end of an answer is kept or searched for its usage. */
enum { TG_EXCHANGE_TAIL_BYTES = 8 << 10 };

#endif
