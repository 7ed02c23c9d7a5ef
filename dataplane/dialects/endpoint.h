/* Which of the gateway's operations a request line names: one table of paths, as the SDKs of the dialects build them.
 * Pure.
 *
 * Two ways lead to a model: the paths of a dialect (/v1/chat/completions, /v1/messages, /v1beta/models/…), where the
 * model's deployments decide which provider serves it, and the same behind a provider's name (/anthropic/v1/messages,
 * /bedrock/model/…), where only deployments at providers of that kind do. What stands behind a provider's name and is
 * none of the known paths is native: it goes to that provider as it is. */
#ifndef TG_DIALECTS_ENDPOINT_H
#define TG_DIALECTS_ENDPOINT_H

#include "dataplane/dialects/canonical/operation.h"

enum tg_endpoint {
    TG_ENDPOINT_UNKNOWN,
    TG_ENDPOINT_ROOT, /* GET / : a word of welcome, for people and for clients that probe the base URL */
    /* calls */
    TG_ENDPOINT_CHAT_COMPLETIONS,
    TG_ENDPOINT_RESPONSES,
    TG_ENDPOINT_MESSAGES,
    TG_ENDPOINT_GENERATE_CONTENT,
    TG_ENDPOINT_CONVERSE,
    TG_ENDPOINT_COUNT_TOKENS,        /* Anthropic's */
    TG_ENDPOINT_GEMINI_COUNT_TOKENS, /* Google's */
    TG_ENDPOINT_COMPLETIONS,
    TG_ENDPOINT_EMBEDDINGS,
    TG_ENDPOINT_EMBED_CONTENT,
    TG_ENDPOINT_BATCH_EMBED_CONTENTS,
    TG_ENDPOINT_MODERATIONS,
    TG_ENDPOINT_RERANK,
    TG_ENDPOINT_IMAGES,
    TG_ENDPOINT_IMAGE_EDITS,
    TG_ENDPOINT_SPEECH,
    TG_ENDPOINT_TRANSCRIPTIONS,
    TG_ENDPOINT_NATIVE, /* anything else at a provider */
    /* answered by the gateway */
    TG_ENDPOINT_MODELS, /* GET /v1/models, in OpenAI's shape or, to who sends anthropic-version, in Anthropic's */
    TG_ENDPOINT_MODEL,  /* GET /v1/models/{name} */
    TG_ENDPOINT_GEMINI_MODELS, /* GET /v1beta/models, in Google's shape */
    TG_ENDPOINT_GEMINI_MODEL,
    TG_ENDPOINT_COUNT
};

struct tg_endpoint_match {
    enum tg_endpoint endpoint;
    struct tg_text model;         /* in the path, still percent-encoded; empty if it is in the body */
    bool is_streaming;            /* the path asks for a stream */
    struct tg_text provider_kind; /* "anthropic" for /anthropic/…; empty: any */
    struct tg_text rest;          /* of the path, behind the provider's name */
    enum tg_dialect_id dialect;   /* in which it is said, and errors are told */
};

/* By path alone; one slash at the end is forgiven. */
void tg_endpoint_find(struct tg_text path, struct tg_endpoint_match *match);

/* As usage records name it: "chat_completions", "embeddings", "models"; "" for the unknown one and the root. */
const char *tg_endpoint_name(enum tg_endpoint endpoint);

/* The Allow header of an endpoint: "POST" or "GET, HEAD"; "" for the unknown one. */
const char *tg_endpoint_allow(enum tg_endpoint endpoint);
bool tg_endpoint_allows(enum tg_endpoint endpoint, struct tg_text method);

/* Whether a provider is called, and then for which operation. */
bool tg_endpoint_is_call(enum tg_endpoint endpoint);

enum tg_operation tg_endpoint_operation(enum tg_endpoint endpoint);

#endif
