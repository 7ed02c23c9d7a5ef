/* Internal to the room: byte pair encoding of one piece.
 *
 * The rule: of all neighbours that together are a token, join the two whose token has the lowest id, the leftmost
 * first, until none are left. That takes time by the square of the length, so a piece longer than a window is encoded
 * window by window. This gives the same tokens wherever the two tokens at a seam stay two when they are encoded by
 * themselves (a row of tokens is what the rule makes of their bytes exactly if that holds of each two neighbours); a
 * seam where it does not hold is moved to the left. After a bounded number of moves any seam is taken: that takes a
 * text made for the purpose, and costs it a token. */
#ifndef TG_TOKENS_MERGE_H
#define TG_TOKENS_MERGE_H

#include "common/tokens/table.h"

/* Where ids go, and how many there were. */
struct tg_token_sink {
    uint32_t *ids;
    size_t capacity;
    int64_t tokens;
};

static inline void tg_token_sink_put(struct tg_token_sink *sink, uint32_t id)
{
    if ((size_t)sink->tokens < sink->capacity)
        sink->ids[sink->tokens] = id;
    ++sink->tokens;
}

/* A piece of at least one byte. */
void tg_tokens_merge(const struct tg_token_view *view, const uint8_t *piece, size_t length, struct tg_token_sink *sink);

#endif
