/* What is asked of whom to get a token, and what the answer says. Pure: text in, text out.
 *
 *   aws_assume_role           STS AssumeRole, signed with the source's keys
 *   aws_web_identity          STS AssumeRoleWithWebIdentity, with the token of a workload
 *   gcp_service_account       OAuth 2.0 with an assertion that the service account signed (RFC 7523)
 *   azure_client_credentials  OAuth 2.0 with a client's secret (RFC 6749 section 4.4) */
#ifndef TG_MINTING_CALL_H
#define TG_MINTING_CALL_H

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/http/server.h" /* struct tg_http_header */
#include "controlplane/catalog/catalog.h"

/* A credential with everything in the clear. Text is the caller's; what a kind does not have is empty. */
struct tg_mint_source {
    struct tg_text kind;
    struct tg_text secret; /* secret access key, client secret, or the service account's key in JSON */
    struct tg_text access_key_id, session_token, role_arn, external_id, region;
    struct tg_text web_identity_token;
    struct tg_text tenant_id, client_id;
    struct tg_text token_url;    /* empty: the provider's own */
    struct tg_text session_name; /* shows in the provider's logs */
    int64_t session_duration_s;
};

enum { TG_MINT_MAX_HEADERS = 6 };

/* A POST. Text is in the arena and NUL-terminated. */
struct tg_mint_call {
    struct tg_text url;
    struct tg_http_header headers[TG_MINT_MAX_HEADERS];
    size_t header_count;
    struct tg_buf body; /* secret: wipe it */
};

/* call->body is to be deinited in every case. TG_INVALID if the credential cannot work. */
enum tg_status tg_mint_call_make(const struct tg_mint_source *source, int64_t now_ms, struct tg_arena *arena,
                                 struct tg_mint_call *call, struct tg_error *error) TG_MUST_CHECK;

/* The token in an answer; its text is in the arena. TG_DENIED with the server's own words if it refused, TG_UNAVAILABLE
 * if it failed (5xx), TG_CORRUPT if the answer makes no sense. */
enum tg_status tg_mint_answer_read(const struct tg_mint_source *source, int http_status, struct tg_text body,
                                   int64_t now_ms, struct tg_arena *arena, struct tg_token *token,
                                   struct tg_error *error) TG_MUST_CHECK;

#endif
