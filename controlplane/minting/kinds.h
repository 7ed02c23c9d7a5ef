/* Internal to the room: the calls of each kind. */
#ifndef TG_MINTING_KINDS_H
#define TG_MINTING_KINDS_H

#include "controlplane/minting/call.h"

/* A header field of the call; the value is copied. */
void tg_mint_call_add_header(struct tg_mint_call *call, struct tg_arena *arena, const char *name, struct tg_text value);

/* What an answer's status means before it is read: TG_OK for 2xx. `words` is what the server said. */
enum tg_status tg_mint_refused(int http_status, struct tg_text words, struct tg_arena *arena,
                               struct tg_error *error) TG_MUST_CHECK;

/* aws_sts.c */
enum tg_status tg_mint_sts_call(const struct tg_mint_source *source, int64_t now_ms, struct tg_arena *arena,
                                struct tg_mint_call *call, struct tg_error *error) TG_MUST_CHECK;
enum tg_status tg_mint_sts_answer(int http_status, struct tg_text body, struct tg_arena *arena, struct tg_token *token,
                                  struct tg_error *error) TG_MUST_CHECK;

/* oauth.c: Google and Azure answer alike (RFC 6749 sections 5.1 and 5.2). */
enum tg_status tg_mint_google_call(const struct tg_mint_source *source, int64_t now_ms, struct tg_arena *arena,
                                   struct tg_mint_call *call, struct tg_error *error) TG_MUST_CHECK;
enum tg_status tg_mint_azure_call(const struct tg_mint_source *source, struct tg_arena *arena,
                                  struct tg_mint_call *call, struct tg_error *error) TG_MUST_CHECK;
enum tg_status tg_mint_oauth_answer(int http_status, struct tg_text body, int64_t now_ms, struct tg_arena *arena,
                                    struct tg_token *token, struct tg_error *error) TG_MUST_CHECK;

/* assertion.c: the JSON web token that a service account signs to get an access token for `scope`. */
enum tg_status tg_mint_assertion(struct tg_text client_email, struct tg_text private_key_id,
                                 struct tg_text private_key_pem, struct tg_text audience, const char *scope,
                                 int64_t now_ms, struct tg_arena *arena, struct tg_text *assertion,
                                 struct tg_error *error) TG_MUST_CHECK;

#endif
