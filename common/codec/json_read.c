#include <inttypes.h>
#include <stdio.h>

#include "common/base/money.h"
#include "common/codec/json.h"

/* Finds the member and checks that it is there and of the kind. With TG_OK, *member is NULL if an optional one is
 * absent. */
static enum tg_status find(const tg_json *object, const char *key, enum tg_json_presence presence,
                           enum tg_json_kind kind, tg_json **member, struct tg_error *error)
{
    *member = tg_json_member(object, key);
    if (*member == NULL || tg_json_kind(*member) == TG_JSON_NULL) {
        *member = NULL;
        if (presence == TG_JSON_OPTIONAL)
            return TG_OK;
        return tg_fail(error, TG_INVALID, "%s: is required and must be %s", key, tg_json_kind_name(kind));
    }
    if (tg_json_kind(*member) != kind)
        return tg_fail(error, TG_INVALID, "%s: must be %s, not %s", key, tg_json_kind_name(kind),
                       tg_json_kind_name(tg_json_kind(*member)));
    return TG_OK;
}

enum tg_status tg_json_read_text(const tg_json *object, const char *key, enum tg_json_presence presence,
                                 struct tg_text *text, struct tg_error *error)
{
    tg_json *member;
    enum tg_status status = find(object, key, presence, TG_JSON_STRING, &member, error);
    if (status == TG_OK && member != NULL)
        *text = tg_json_text(member);
    return status;
}

enum tg_status tg_json_read_i64(const tg_json *object, const char *key, enum tg_json_presence presence, int64_t min,
                                int64_t max, int64_t *number, struct tg_error *error)
{
    tg_json *member;
    enum tg_status status = find(object, key, presence, TG_JSON_NUMBER, &member, error);
    if (status != TG_OK || member == NULL)
        return status;
    if (!tg_json_is_i64(member))
        return tg_fail(error, TG_INVALID, "%s: must be a whole number", key);
    int64_t value = tg_json_i64(member);
    if (value < min || value > max)
        return tg_fail(error, TG_INVALID, "%s: must be between %" PRId64 " and %" PRId64 ", not %" PRId64, key, min,
                       max, value);
    *number = value;
    return TG_OK;
}

enum tg_status tg_json_read_boolean(const tg_json *object, const char *key, enum tg_json_presence presence,
                                    bool *is_true, struct tg_error *error)
{
    tg_json *member;
    enum tg_status status = find(object, key, presence, TG_JSON_BOOLEAN, &member, error);
    if (status == TG_OK && member != NULL)
        *is_true = tg_json_boolean(member);
    return status;
}

static enum tg_status read_container(const tg_json *object, const char *key, enum tg_json_presence presence,
                                     enum tg_json_kind kind, tg_json **container, struct tg_error *error)
{
    tg_json *member;
    enum tg_status status = find(object, key, presence, kind, &member, error);
    if (status == TG_OK && member != NULL)
        *container = member;
    return status;
}

enum tg_status tg_json_read_object(const tg_json *object, const char *key, enum tg_json_presence presence,
                                   tg_json **member, struct tg_error *error)
{
    return read_container(object, key, presence, TG_JSON_OBJECT, member, error);
}

enum tg_status tg_json_read_array(const tg_json *object, const char *key, enum tg_json_presence presence,
                                  tg_json **member, struct tg_error *error)
{
    return read_container(object, key, presence, TG_JSON_ARRAY, member, error);
}

enum tg_status tg_json_read_id(const tg_json *object, const char *key, enum tg_json_presence presence, struct tg_id *id,
                               struct tg_error *error)
{
    struct tg_text text = {0};
    enum tg_status status = tg_json_read_text(object, key, presence, &text, error);
    if (status == TG_OK && text.data != NULL && !tg_id_parse(text, id))
        return tg_fail(error, TG_INVALID, "%s: must be an id such as 01890a5d-ac96-774b-bcce-b302099a8057", key);
    return status;
}

enum tg_status tg_json_read_money(const tg_json *object, const char *key, enum tg_json_presence presence,
                                  int64_t *amount_pusd, struct tg_error *error)
{
    static const char *const rule = "must be dollars as a decimal string such as \"0.25\", at most 12 decimals";
    struct tg_text text = {0};
    int64_t amount;
    tg_json *member = tg_json_member(object, key);
    if (tg_json_is(member, TG_JSON_NUMBER))
        return tg_fail(error, TG_INVALID, "%s: %s, not a number, which would be rounded", key, rule);
    enum tg_status status = tg_json_read_text(object, key, presence, &text, error);
    if (status != TG_OK || text.data == NULL)
        return status;
    if (!tg_money_parse(text, &amount))
        return tg_fail(error, TG_INVALID, "%s: %s", key, rule);
    if (amount < 0)
        return tg_fail(error, TG_INVALID, "%s: must not be negative", key);
    *amount_pusd = amount;
    return TG_OK;
}

enum tg_status tg_json_refuse_unknown(const tg_json *object, const char *const *known, struct tg_error *error)
{
    for (struct tg_json_cursor cursor = {0}; tg_json_next_member(object, &cursor);) {
        const char *const *name = known;
        while (*name != NULL && !tg_text_is(cursor.key, *name))
            ++name;
        if (*name == NULL)
            return tg_fail(error, TG_INVALID, "%.*s: is not known here",
                           cursor.key.bytes > 64 ? 64 : (int)cursor.key.bytes, cursor.key.data);
    }
    return TG_OK;
}
