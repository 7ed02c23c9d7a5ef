#include "dataplane/dialects/canonical/signature.h"

static const struct tg_text MARK = TG_TEXT_LITERAL("tollgate.v1.");

static const struct tg_text names[TG_DIALECT_COUNT] = {
    [TG_DIALECT_CHAT] = TG_TEXT_LITERAL("chat."),         [TG_DIALECT_RESPONSES] = TG_TEXT_LITERAL("responses."),
    [TG_DIALECT_MESSAGES] = TG_TEXT_LITERAL("messages."), [TG_DIALECT_GEMINI] = TG_TEXT_LITERAL("gemini."),
    [TG_DIALECT_CONVERSE] = TG_TEXT_LITERAL("converse."),
};

struct tg_json_string tg_signature_mark(struct tg_arena *arena, enum tg_dialect_id own, enum tg_dialect_id origin,
                                        struct tg_json_string signature)
{
    if (own == origin || tg_json_string_is_empty(signature))
        return signature;
    return tg_json_string(tg_arena_printf(arena, "%.*s%.*s%.*s", TG_TEXT_ARG(MARK), TG_TEXT_ARG(names[origin]),
                                          TG_TEXT_ARG(signature.written)));
}

static bool take(struct tg_text *text, struct tg_text prefix)
{
    if (text->bytes < prefix.bytes || memcmp(text->data, prefix.data, prefix.bytes) != 0)
        return false;
    *text = tg_text(text->data + prefix.bytes, text->bytes - prefix.bytes);
    return true;
}

struct tg_json_string tg_signature_unmark(enum tg_dialect_id own, struct tg_json_string marked,
                                          enum tg_dialect_id *origin)
{
    struct tg_text rest = marked.written;
    *origin = own;
    if (!take(&rest, MARK))
        return marked;
    for (enum tg_dialect_id id = 0; id < TG_DIALECT_COUNT; ++id) {
        if (take(&rest, names[id])) {
            *origin = id;
            return tg_json_string(rest);
        }
    }
    return marked;
}
