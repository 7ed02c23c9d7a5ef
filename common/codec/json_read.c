#include "common/codec/json.h"

enum tg_status tg_json_read_id(const tg_json *object, const char *key, struct tg_id *id, struct tg_error *error)
{
    const tg_json *member = tg_json_member(object, key);
    if (!tg_json_is(member, TG_JSON_STRING) || !tg_id_parse(tg_json_text(member), id))
        return tg_fail(error, TG_INVALID, "%s: must be an id such as 01890a5d-ac96-774b-bcce-b302099a8057", key);
    return TG_OK;
}
