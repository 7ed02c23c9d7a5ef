#include <inttypes.h>

#include "common/codec/base64.h"
#include "common/codec/json.h"
#include "common/crypto/secret.h"
#include "common/crypto/sign.h"
#include "controlplane/minting/kinds.h"

/* https://developers.google.com/identity/protocols/oauth2/service-account: at most an hour. */
enum { ASSERTION_S = 3600, MAX_PART_BYTES = 16 * 1024 };

/* RFC 4648 section 5, without padding. */
static struct tg_text base64url(struct tg_text octets, struct tg_arena *arena)
{
    struct tg_text text = tg_base64_encode(arena, octets);
    char *out = (char *)text.data; /* the arena's, and new */
    size_t bytes = 0;
    for (size_t i = 0; i < text.bytes && text.data[i] != '='; ++i)
        out[bytes++] = (char)(text.data[i] == '+' ? '-' : text.data[i] == '/' ? '_' : text.data[i]);
    return tg_text(out, bytes);
}

/* A part of a token: the object, which is destroyed, as base64url. */
static struct tg_text make_part(tg_json *object, struct tg_arena *arena)
{
    struct tg_buf json;
    tg_buf_init(&json, MAX_PART_BYTES);
    struct tg_text part = {0};
    if (tg_json_dump(object, TG_JSON_COMPACT, &json) == TG_OK)
        part = base64url(tg_buf_text(&json), arena);
    tg_buf_deinit(&json);
    tg_json_destroy(object);
    return part;
}

enum tg_status tg_mint_assertion(struct tg_text client_email, struct tg_text private_key_id,
                                 struct tg_text private_key_pem, struct tg_text audience, const char *scope,
                                 int64_t now_ms, struct tg_arena *arena, struct tg_text *assertion,
                                 struct tg_error *error)
{
    tg_json *head = tg_json_new_object();
    tg_json_set_text(head, "alg", tg_text_of("RS256"));
    tg_json_set_text(head, "typ", tg_text_of("JWT"));
    tg_json_set_text(head, "kid", private_key_id);
    tg_json *claims = tg_json_new_object();
    tg_json_set_text(claims, "iss", client_email);
    tg_json_set_text(claims, "scope", tg_text_of(scope));
    tg_json_set_text(claims, "aud", audience);
    tg_json_set_i64(claims, "iat", now_ms / 1000);
    tg_json_set_i64(claims, "exp", now_ms / 1000 + ASSERTION_S);
    struct tg_text head_part = make_part(head, arena), claims_part = make_part(claims, arena);
    if (head_part.bytes == 0 || claims_part.bytes == 0)
        return tg_fail(error, TG_TOO_LARGE, "the service account's name or address is too long");
    struct tg_text to_sign = tg_arena_printf(arena, "%.*s.%.*s", TG_TEXT_ARG(head_part), TG_TEXT_ARG(claims_part));
    struct tg_buf signature;
    tg_buf_init(&signature, TG_SIGN_MAX_RSA_BYTES);
    enum tg_status status = tg_sign_rs256(private_key_pem, to_sign, &signature, error);
    if (status == TG_OK)
        *assertion = tg_arena_printf(arena, "%.*s.%.*s", TG_TEXT_ARG(to_sign),
                                     TG_TEXT_ARG(base64url(tg_buf_text(&signature), arena)));
    tg_buf_deinit(&signature);
    return status;
}
