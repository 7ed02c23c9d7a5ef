/* Which of the gateway's operations a request line names. Pure. */
#ifndef TG_DIALECTS_ENDPOINT_H
#define TG_DIALECTS_ENDPOINT_H

#include "common/base/text.h"

enum tg_endpoint {
    TG_ENDPOINT_UNKNOWN,
    TG_ENDPOINT_ROOT,             /* GET / : a word of welcome, for people and for clients that probe the base URL */
    TG_ENDPOINT_CHAT_COMPLETIONS, /* POST /v1/chat/completions */
    TG_ENDPOINT_EMBEDDINGS,       /* POST /v1/embeddings */
    TG_ENDPOINT_MODELS,           /* GET /v1/models */
    TG_ENDPOINT_MODEL,            /* GET /v1/models/{name} */
    TG_ENDPOINT_COUNT
};

/* As usage records name it: "chat_completions", "embeddings", "models"; "" for the others. */
const char *tg_endpoint_name(enum tg_endpoint endpoint);

/* The Allow header of an endpoint: "POST" or "GET, HEAD"; "" for the unknown one. */
const char *tg_endpoint_allow(enum tg_endpoint endpoint);

/* The path below a provider's prefix, "/chat/completions"; "" where nothing is called. */
const char *tg_endpoint_upstream_path(enum tg_endpoint endpoint);

bool tg_endpoint_is_call(enum tg_endpoint endpoint);

/* By path alone; one slash at the end is forgiven. For TG_ENDPOINT_MODEL, `name` is the rest of the path, still
 * percent-encoded. */
enum tg_endpoint tg_endpoint_find(struct tg_text path, struct tg_text *name);

bool tg_endpoint_allows(enum tg_endpoint endpoint, struct tg_text method);

#endif
