/* The head of the request that goes to a provider.
 *
 * Made by the gateway: request line, Host, what the provider's kind wants as proof (with the deployment's credential),
 * the fields that its kind is always sent, Content-Type, Content-Length, Accept-Encoding (identity, so that the usage
 * can be read). Passed on from the client: only fields known to be harmless and useful, see request_head.c. Everything
 * else stays here: the client's own credential, cookies, what a proxy in front added, and the fields that belong to one
 * connection (RFC 9110 section 7.6.1). Pure, but for the cache of signing keys. */
#ifndef TG_UPSTREAM_REQUEST_HEAD_H
#define TG_UPSTREAM_REQUEST_HEAD_H

#include "common/aws/sigv4.h"
#include "dataplane/snapshot/snapshot.h"

struct tg_upstream_request {
    const struct tg_deployment *deployment;
    struct tg_text method;
    struct tg_text path;         /* appended to the provider's prefix; may have a query: see tg_upstream_path() */
    struct tg_text content_type; /* empty: there is no body */
    const struct tg_http_header *client_headers;
    size_t client_header_count;
    const struct tg_text *body; /* pieces */
    size_t body_count;
    size_t body_bytes; /* of all pieces */
    int64_t unix_ms;   /* now: signatures hold for minutes */
    struct tg_sigv4_cache *signing_keys;
};

/* A path of an api with "{model}" replaced by the model's name, percent-encoded (RFC 3986 section 2.3). In the arena,
 * unless it has no such place. */
struct tg_text tg_upstream_path(struct tg_arena *arena, struct tg_text pattern, struct tg_text upstream_model);

/* The whole head, empty line included, in the arena. */
struct tg_text tg_upstream_request_head(struct tg_arena *arena, const struct tg_upstream_request *request);

#endif
