#include "controlplane/catalog/service_account.h"

#include "common/codec/json.h"
#include "common/crypto/secret.h"
#include "common/crypto/sign.h"

static enum tg_status read_member(const tg_json *key, const char *name, struct tg_arena *arena, struct tg_text *text,
                                  struct tg_error *error)
{
    const tg_json *member = tg_json_member(key, name);
    if (!tg_json_is(member, TG_JSON_STRING) || tg_json_text(member).bytes == 0)
        return tg_fail(error, TG_INVALID, "%s is missing", name);
    *text = tg_arena_copy(arena, tg_json_text(member));
    return TG_OK;
}

static enum tg_status read_key(const tg_json *key, struct tg_arena *arena, struct tg_service_account *account,
                               struct tg_error *error)
{
    struct tg_text type;
    enum tg_status status = read_member(key, "type", arena, &type, error);
    if (status == TG_OK && !tg_text_is(type, "service_account"))
        return tg_fail(error, TG_INVALID, "type must be \"service_account\"");
    if (status == TG_OK)
        status = read_member(key, "client_email", arena, &account->client_email, error);
    if (status == TG_OK)
        status = read_member(key, "private_key_id", arena, &account->private_key_id, error);
    if (status == TG_OK)
        status = read_member(key, "token_uri", arena, &account->token_uri, error);
    if (status == TG_OK && !tg_text_starts_with(account->token_uri, "https://"))
        return tg_fail(error, TG_INVALID, "token_uri must begin with https://");
    if (status == TG_OK)
        status = read_member(key, "private_key", arena, &account->private_key, error);
    return status == TG_OK ? tg_sign_check_rsa_key(account->private_key, error) : status;
}

enum tg_status tg_service_account_read(struct tg_text json, struct tg_arena *arena, struct tg_service_account *account,
                                       struct tg_error *error)
{
    *account = (struct tg_service_account){0};
    tg_json *key = NULL;
    enum tg_status status = TG_OK;
    if (tg_json_parse(json, &key, NULL) != TG_OK) /* whose reason may quote what it stumbled on */
        status = tg_fail(error, TG_INVALID, "it is no JSON");
    if (status == TG_OK && !tg_json_is(key, TG_JSON_OBJECT))
        status = tg_fail(error, TG_INVALID, "it is no JSON object");
    if (status == TG_OK)
        status = read_key(key, arena, account, error);
    const tg_json *kept = tg_json_member(key, "private_key"); /* the tree is freed unwiped */
    if (tg_json_is(kept, TG_JSON_STRING))
        tg_secret_wipe((char *)tg_json_text(kept).data, tg_json_text(kept).bytes);
    tg_json_destroy(key);
    return status;
}
