/* The head of the request that goes to a provider.
 *
 * Made by the gateway: request line, Host, Authorization, Content-Type, Content-Length, Accept-Encoding (identity, so
 * that the usage can be read). Passed on from the client: only fields known to be harmless and useful, see
 * request_head.c. Everything else stays here: the client's own credential, cookies, what a proxy in front added, and
 * the fields that belong to one connection (RFC 9110 section 7.6.1). Pure. */
#ifndef TG_UPSTREAM_REQUEST_HEAD_H
#define TG_UPSTREAM_REQUEST_HEAD_H

#include "common/http/server.h"
#include "dataplane/snapshot/snapshot.h"

/* The whole head, empty line included, in the arena. `path` is appended to the provider's prefix. */
struct tg_text tg_upstream_request_head(struct tg_arena *arena, const struct tg_deployment *deployment,
                                        const char *path, const struct tg_http_header *client_headers,
                                        size_t client_header_count, size_t content_length_bytes);

#endif
