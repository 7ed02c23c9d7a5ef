#include "common/tokens/table.h"

struct tg_token_view tg_tokens_view(enum tg_vocabulary vocabulary)
{
    struct tg_token_view view;
    view.table = vocabulary == TG_VOCABULARY_CL100K ? &tg_tokens_cl100k : &tg_tokens_o200k;
    view.slots = (const uint32_t *)(view.table + 1);
    view.offsets = view.slots + view.table->slots;
    view.bytes = (const uint8_t *)(view.offsets + view.table->tokens + 1);
    return view;
}

uint32_t tg_tokens_find(const struct tg_token_view *view, const uint8_t *bytes, size_t length)
{
    if (length == 1)
        return view->table->byte_ids[bytes[0]];
    if (length > TG_TOKEN_MAX_BYTES)
        return TG_TOKEN_NONE;
    uint64_t hash = tg_token_hash(bytes, length);
    uint32_t tag = tg_token_tag(hash);
    uint32_t slot = tg_token_slot(hash, view->table->slots);
    for (;;) {
        uint32_t held = view->slots[slot];
        if (held >> TG_TOKEN_ID_BITS == tag && held != TG_TOKEN_EMPTY_SLOT) {
            uint32_t id = held & TG_TOKEN_NONE;
            uint32_t offset = view->offsets[id];
            if (view->offsets[id + 1] - offset == length && memcmp(view->bytes + offset, bytes, length) == 0)
                return id;
        }
        if (held == TG_TOKEN_EMPTY_SLOT)
            return TG_TOKEN_NONE;
        if (++slot == view->table->slots)
            slot = 0;
    }
}
