#include "dataplane/dialects/chat/chat_internal.h"

void chat_write_text_member(struct tg_json_writer *json, const char *key, struct tg_json_string text)
{
    tg_json_write_key(json, key);
    tg_json_write_written(json, text);
}

void chat_write_raw_member(struct tg_json_writer *json, const char *key, struct tg_text raw)
{
    tg_json_write_key(json, key);
    tg_json_write_raw(json, raw);
}
