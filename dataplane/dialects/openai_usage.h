/* What an OpenAI answer says about itself: its tokens and the model that gave it.
 *
 * https://platform.openai.com/docs/api-reference/chat/object (usage): prompt_tokens includes cached_tokens and
 * completion_tokens includes reasoning_tokens; struct tg_usage counts each token once. Providers that report reasoning
 * beside completion_tokens instead of inside (xAI) are told by their total. Pure. */
#ifndef TG_DIALECTS_OPENAI_USAGE_H
#define TG_DIALECTS_OPENAI_USAGE_H

#include "common/base/text.h"
#include "dataplane/dialects/canonical/usage.h"

/* A whole answer, or one chunk of a stream. */
struct tg_openai_answer {
    struct tg_text model; /* as written; empty if there is none */
    struct tg_usage usage;
    bool has_usage;    /* and it can be believed: whole numbers that a call can have */
    bool names_usage;  /* an object `usage` is there, whatever it says */
    bool has_choices;  /* `choices` is there and not empty */
    bool is_object;    /* a valid JSON object */
    bool has_error;    /* with a member `error` that is an object */
    size_t text_bytes; /* of what the model wrote (message.content and the like), for estimates */
};

void tg_openai_answer_read(struct tg_text document, struct tg_openai_answer *answer);

/* The usage object near the end of an answer, where servers put it: `tail` is the answer or its last bytes. Only what
 * stands behind the object is looked at, to prove that it is a member of the top-level object; far cheaper than a
 * parse, and possible when the rest is gone. False if there is none. */
bool tg_openai_usage_read_tail(struct tg_text tail, struct tg_usage *usage);

/* The model that an answer names, as written; reads no further than that. Empty if there is none. */
struct tg_text tg_openai_answer_model(struct tg_text document);

/* The bytes of text that the model wrote in a chunk of a stream, found by its keys without a full parse; exact for what
 * the known servers send, good enough for an estimate otherwise. */
size_t tg_openai_chunk_text_bytes(struct tg_text chunk);

/* The estimate where a provider reported nothing: a token for every four bytes, rounded up. */
static inline int64_t tg_openai_estimate_tokens(size_t text_bytes)
{
    return (int64_t)(text_bytes / 4 + (text_bytes % 4 != 0));
}

#endif
