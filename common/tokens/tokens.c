#include "common/tokens/tokens.h"

#include "common/tokens/merge.h"
#include "common/tokens/split.h"
#include "common/tokens/table.h"

static int64_t encode(enum tg_vocabulary vocabulary, struct tg_text text, struct tg_token_sink *sink)
{
    struct tg_token_view view = tg_tokens_view(vocabulary);
    while (text.bytes != 0) {
        bool is_certain;
        size_t length = tg_tokens_split(vocabulary, text, &is_certain);
        tg_tokens_merge(&view, (const uint8_t *)text.data, length, sink);
        text.data += length;
        text.bytes -= length;
    }
    return sink->tokens;
}

int64_t tg_tokens_count(enum tg_vocabulary vocabulary, struct tg_text utf8)
{
    return encode(vocabulary, utf8, &(struct tg_token_sink){NULL, 0, 0});
}

int64_t tg_tokens_encode(enum tg_vocabulary vocabulary, struct tg_text utf8, uint32_t *ids, size_t capacity)
{
    return encode(vocabulary, utf8, &(struct tg_token_sink){ids, capacity, 0});
}

struct tg_text tg_tokens_bytes(enum tg_vocabulary vocabulary, uint32_t id)
{
    struct tg_token_view view = tg_tokens_view(vocabulary);
    if (id >= view.table->tokens)
        return tg_text(NULL, 0);
    uint32_t offset = view.offsets[id];
    return tg_text((const char *)view.bytes + offset, view.offsets[id + 1] - offset);
}
