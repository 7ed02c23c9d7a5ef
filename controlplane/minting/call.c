#include "controlplane/minting/call.h"

#include <assert.h>

#include "controlplane/minting/form.h"
#include "controlplane/minting/kinds.h"

static bool is_of_sts(const struct tg_mint_source *source)
{
    return tg_text_is(source->kind, "aws_assume_role") || tg_text_is(source->kind, "aws_web_identity");
}

void tg_mint_call_add_header(struct tg_mint_call *call, struct tg_arena *arena, const char *name, struct tg_text value)
{
    assert(call->header_count < TG_MINT_MAX_HEADERS);
    call->headers[call->header_count++] =
        (struct tg_http_header){tg_arena_copy(arena, tg_text_of(name)), tg_arena_copy(arena, value)};
}

enum tg_status tg_mint_refused(int http_status, struct tg_text words, struct tg_arena *arena, struct tg_error *error)
{
    if (http_status >= 200 && http_status < 300)
        return TG_OK;
    struct tg_text quote = tg_form_quote(words, arena);
    return tg_fail(error, http_status >= 500 || http_status == 429 ? TG_UNAVAILABLE : TG_DENIED,
                   "the token endpoint answered with HTTP status %d%s%.*s", http_status, quote.bytes == 0 ? "" : ": ",
                   TG_TEXT_ARG(quote));
}

enum tg_status tg_mint_call_make(const struct tg_mint_source *source, int64_t now_ms, struct tg_arena *arena,
                                 struct tg_mint_call *call, struct tg_error *error)
{
    *call = (struct tg_mint_call){0};
    tg_buf_init(&call->body, TG_FORM_MAX_BYTES);
    if (is_of_sts(source))
        return tg_mint_sts_call(source, now_ms, arena, call, error);
    tg_mint_call_add_header(call, arena, "Content-Type", tg_text_of("application/x-www-form-urlencoded"));
    tg_mint_call_add_header(call, arena, "Accept", tg_text_of("application/json"));
    if (tg_text_is(source->kind, "gcp_service_account"))
        return tg_mint_google_call(source, now_ms, arena, call, error);
    if (tg_text_is(source->kind, "azure_client_credentials"))
        return tg_mint_azure_call(source, arena, call, error);
    return tg_fail(error, TG_INVALID, "a credential of kind %.*s is not exchanged for tokens",
                   TG_TEXT_ARG(source->kind));
}

enum tg_status tg_mint_answer_read(const struct tg_mint_source *source, int http_status, struct tg_text body,
                                   int64_t now_ms, struct tg_arena *arena, struct tg_token *token,
                                   struct tg_error *error)
{
    *token = (struct tg_token){0};
    enum tg_status status = is_of_sts(source) ? tg_mint_sts_answer(http_status, body, arena, token, error)
                                              : tg_mint_oauth_answer(http_status, body, now_ms, arena, token, error);
    if (status == TG_OK && token->expires_at_ms <= now_ms)
        return tg_fail(error, TG_CORRUPT,
                       "the token endpoint gave a token that has ended already; are the clocks right?");
    return status;
}
