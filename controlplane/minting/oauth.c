#include "common/codec/json.h"
#include "common/crypto/secret.h"
#include "controlplane/catalog/service_account.h"
#include "controlplane/minting/form.h"
#include "controlplane/minting/kinds.h"

/* https://developers.google.com/identity/protocols/oauth2/scopes */
static const char GOOGLE_SCOPE[] = "https://www.googleapis.com/auth/cloud-platform";
/* https://learn.microsoft.com/azure/ai-services/authentication */
static const char AZURE_SCOPE[] = "https://cognitiveservices.azure.com/.default";

enum { MAX_LIFE_S = 7 * 86400 };

enum tg_status tg_mint_google_call(const struct tg_mint_source *source, int64_t now_ms, struct tg_arena *arena,
                                   struct tg_mint_call *call, struct tg_error *error)
{
    struct tg_service_account account;
    struct tg_text assertion;
    enum tg_status status = tg_service_account_read(source->secret, arena, &account, error);
    if (status == TG_OK)
        status = tg_mint_assertion(account.client_email, account.private_key_id, account.private_key, account.token_uri,
                                   GOOGLE_SCOPE, now_ms, arena, &assertion, error);
    if (account.private_key.bytes != 0)
        tg_secret_wipe((char *)account.private_key.data, account.private_key.bytes);
    if (status != TG_OK)
        return status;
    call->url = account.token_uri;
    if (tg_form_add(&call->body, "grant_type", tg_text_of("urn:ietf:params:oauth:grant-type:jwt-bearer")) != TG_OK ||
        tg_form_add(&call->body, "assertion", assertion) != TG_OK)
        return tg_fail(error, TG_TOO_LARGE, "the service account's assertion is too long");
    return TG_OK;
}

enum tg_status tg_mint_azure_call(const struct tg_mint_source *source, struct tg_arena *arena,
                                  struct tg_mint_call *call, struct tg_error *error)
{
    call->url = source->token_url.bytes != 0
                    ? tg_arena_copy(arena, source->token_url)
                    : tg_arena_printf(arena, "https://login.microsoftonline.com/%.*s/oauth2/v2.0/token",
                                      TG_TEXT_ARG(source->tenant_id));
    if (tg_form_add(&call->body, "grant_type", tg_text_of("client_credentials")) != TG_OK ||
        tg_form_add(&call->body, "client_id", source->client_id) != TG_OK ||
        tg_form_add(&call->body, "client_secret", source->secret) != TG_OK ||
        tg_form_add(&call->body, "scope", tg_text_of(AZURE_SCOPE)) != TG_OK)
        return tg_fail(error, TG_TOO_LARGE, "the client's secret is too long");
    return TG_OK;
}

/* Empty if it is missing, or something else. */
static struct tg_text text_member(const tg_json *object, const char *name)
{
    const tg_json *member = tg_json_member(object, name);
    return tg_json_is(member, TG_JSON_STRING) ? tg_json_text(member) : tg_text(NULL, 0);
}

/* "invalid_grant: Invalid JWT Signature." */
static struct tg_text words_of(const tg_json *answer, struct tg_arena *arena)
{
    struct tg_text code = text_member(answer, "error"), description = text_member(answer, "error_description");
    return tg_arena_printf(arena, "%.*s%s%.*s", TG_TEXT_ARG(code), description.bytes == 0 ? "" : ": ",
                           TG_TEXT_ARG(description));
}

/* A number; some servers put it into a string. */
static bool read_life(const tg_json *answer, uint64_t *life_s)
{
    const tg_json *member = tg_json_member(answer, "expires_in");
    if (tg_json_is(member, TG_JSON_STRING)) {
        if (!tg_text_to_u64(tg_json_text(member), life_s))
            return false;
    } else if (member == NULL || !tg_json_is_i64(member) || tg_json_i64(member) < 0) {
        return false;
    } else {
        *life_s = (uint64_t)tg_json_i64(member);
    }
    return *life_s > 0 && *life_s <= MAX_LIFE_S;
}

/* It becomes part of a header field. */
static bool is_token(struct tg_text text)
{
    for (size_t i = 0; i < text.bytes; ++i)
        if (text.data[i] < '!' || text.data[i] > '~')
            return false;
    return text.bytes != 0;
}

static enum tg_status read_token(const tg_json *answer, int64_t now_ms, struct tg_arena *arena, struct tg_token *token,
                                 struct tg_error *error)
{
    struct tg_text secret = text_member(answer, "access_token");
    uint64_t life_s;
    if (!is_token(secret))
        return tg_fail(error, TG_CORRUPT, "the token endpoint's answer has no usable access_token");
    if (!read_life(answer, &life_s))
        return tg_fail(error, TG_CORRUPT, "the token endpoint's answer has no usable expires_in");
    token->secret = tg_arena_copy(arena, secret);
    token->expires_at_ms = now_ms + (int64_t)life_s * 1000;
    tg_secret_wipe((char *)secret.data, secret.bytes); /* the tree is freed unwiped */
    return TG_OK;
}

enum tg_status tg_mint_oauth_answer(int http_status, struct tg_text body, int64_t now_ms, struct tg_arena *arena,
                                    struct tg_token *token, struct tg_error *error)
{
    tg_json *answer = NULL;
    bool is_json = tg_json_parse(body, &answer, NULL) == TG_OK && tg_json_is(answer, TG_JSON_OBJECT);
    enum tg_status status =
        tg_mint_refused(http_status, is_json ? words_of(answer, arena) : tg_text(NULL, 0), arena, error);
    if (status == TG_OK && !is_json)
        status = tg_fail(error, TG_CORRUPT, "the token endpoint's answer is no JSON object");
    if (status == TG_OK)
        status = read_token(answer, now_ms, arena, token, error);
    tg_json_destroy(answer);
    return status;
}
