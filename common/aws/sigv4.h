/* AWS Signature Version 4: what Bedrock wants instead of a bearer token.
 *
 *   canonical request = method, path, query, headers, their names, SHA-256 of the body
 *   string to sign    = algorithm, time, scope (day/region/service), SHA-256 of the canonical request
 *   signing key       = HMAC chain over secret, day, region, service
 *   Authorization     = scope, names of the signed headers, HMAC of the string to sign
 *
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html; checked against AWS's
 * own test suite and botocore.) Paths are treated as every service but S3 wants it: normalised, and encoded once more
 * than they are sent. The signing key is the same for a day and is kept in a cache that the caller owns. Pure; single
 * owner of the cache. */
#ifndef TG_AWS_SIGV4_H
#define TG_AWS_SIGV4_H

#include "common/base/arena.h"
#include "common/http/server.h" /* struct tg_http_header */

/* Signing keys of the last few secrets, days, regions and services. All zero is an empty cache. Holds secrets: wipe it
 * (tg_secret_wipe) when it is let go of. */
enum { TG_SIGV4_CACHED_KEYS = 16 };
struct tg_sigv4_cache {
    struct tg_sigv4_cached_key {
        uint8_t made_from[32]; /* SHA-256 of secret, day, region and service */
        uint8_t key[32];
        bool is_used;
    } keys[TG_SIGV4_CACHED_KEYS];
    unsigned next; /* the one to be replaced */
};

struct tg_sigv4_identity {
    struct tg_text region;  /* "eu-west-1" */
    struct tg_text service; /* "bedrock" for Bedrock's runtime too */
    struct tg_text access_key_id;
    struct tg_text secret_access_key;
    struct tg_text session_token; /* empty for long-lived keys */
};

struct tg_sigv4_request {
    struct tg_text method;
    struct tg_text host;                  /* as in the field Host: with the port, if that is there */
    struct tg_text path;                  /* as sent, so with percent-encoding; empty is "/" */
    struct tg_text query;                 /* as sent, without "?"; a "+" is a plus */
    const struct tg_http_header *headers; /* to be signed too; none of those that signing adds, nor Host */
    size_t header_count;
    const struct tg_text *body; /* in pieces */
    size_t body_count;
    bool sends_body_sha256; /* adds X-Amz-Content-Sha256 */
};

enum { TG_SIGV4_MAX_FIELDS = 4 };

struct tg_sigv4_signature {
    struct tg_http_header fields[TG_SIGV4_MAX_FIELDS]; /* to be added to the request: names are string constants */
    size_t field_count;
};

/* Signs. What `signature` refers to is in the arena, or is the identity's own. `now_ms` must be within 5 minutes of
 * AWS's clock. At most TG_HTTP_MAX_HEADERS headers. `cache` may be NULL. */
void tg_sigv4_sign(const struct tg_sigv4_request *request, const struct tg_sigv4_identity *identity, int64_t now_ms,
                   struct tg_sigv4_cache *cache, struct tg_arena *arena, struct tg_sigv4_signature *signature);

#endif
