/* The body that goes to the provider: the client's own bytes, with the few values replaced or inserted that the gateway
 * must set. Nothing is copied but the new values; the result is a list of pieces in order. Pure.
 *
 *   model                     the name that the provider knows, where it differs
 *   stream_options            include_usage, so that a stream ends with its true numbers
 *   max_tokens,
 *   max_completion_tokens     the maximum output, where a budget clamped it */
#ifndef TG_DIALECTS_OPENAI_REWRITE_H
#define TG_DIALECTS_OPENAI_REWRITE_H

#include "dataplane/dialects/openai_request.h"

struct tg_openai_changes {
    struct tg_text upstream_model;
    bool asks_for_usage;       /* set include_usage */
    int64_t max_output_tokens; /* per choice; 0: as the client wrote */
    const char *maximum_field; /* what to insert where the client set no maximum, see tg_openai_maximum_field() */
};

/* Four changes at most; each splits a piece in two and adds one. */
enum { TG_OPENAI_BODY_PIECES = 9 };

struct tg_openai_body {
    struct tg_text pieces[TG_OPENAI_BODY_PIECES];
    size_t piece_count;
    size_t bytes; /* of all pieces */
};

/* `body` and what is in the arena must outlive the pieces. */
void tg_openai_rewrite(struct tg_arena *arena, struct tg_text body, const struct tg_openai_request *request,
                       const struct tg_openai_changes *changes, struct tg_openai_body *rewritten);

/* The field that limits the output at a provider when the client named none. OpenAI itself (and Azure's OpenAI) refuses
 * `max_tokens` for its reasoning models and takes `max_completion_tokens` for all; the servers that speak its dialect
 * all know `max_tokens`, and many ignore the newer name, which would leave a clamped call unbounded. */
const char *tg_openai_maximum_field(struct tg_text provider_host);

#endif
