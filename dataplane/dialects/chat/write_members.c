/* Members that more than one writer has. */
#include "dataplane/dialects/canonical/signature.h"
#include "dataplane/dialects/chat/chat_internal.h"

void chat_write_text_member(struct tg_json_writer *json, const char *key, struct tg_json_string text)
{
    tg_json_write_key(json, key);
    tg_json_write_written(json, text);
}

bool chat_begin_member(struct chat_writing *writing, const char *key)
{
    for (size_t i = 0; i < writing->target->rule_count; ++i) {
        const struct tg_parameter_rule *rule = &writing->target->rules[i];
        if (!tg_text_is(rule->name, key))
            continue;
        if (rule->value.bytes != 0 || rule->new_name.bytes == 0)
            return false; /* set at the end, or not at all */
        tg_json_write_key_text(&writing->json, rule->new_name);
        return true;
    }
    tg_json_write_key(&writing->json, key);
    return true;
}

void chat_write_raw_member(struct tg_json_writer *json, const char *key, struct tg_text raw)
{
    tg_json_write_key(json, key);
    tg_json_write_raw(json, raw);
}

void chat_write_thought_signature(struct tg_arena *arena, struct tg_json_writer *json, enum tg_dialect_id origin,
                                  struct tg_json_string signature)
{
    tg_json_write_key(json, "extra_content");
    tg_json_write_object_begin(json);
    tg_json_write_key(json, "google");
    tg_json_write_object_begin(json);
    chat_write_text_member(json, "thought_signature", tg_signature_mark(arena, TG_DIALECT_CHAT, origin, signature));
    tg_json_write_object_end(json);
    tg_json_write_object_end(json);
}
