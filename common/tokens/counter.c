#include "common/tokens/merge.h"
#include "common/tokens/split.h"
#include "common/tokens/table.h"
#include "common/tokens/tokens.h"

/* The tokens that close to a cut through a piece would often be others with more text. */
enum { UNSURE_BYTES = 64 };

void tg_token_counter_init(struct tg_token_counter *counter, enum tg_vocabulary vocabulary)
{
    counter->tokens = 0;
    counter->vocabulary = vocabulary;
    counter->held_bytes = 0;
}

static int64_t count_piece(enum tg_vocabulary vocabulary, const char *piece, size_t length)
{
    struct tg_token_view view = tg_tokens_view(vocabulary);
    struct tg_token_sink sink = {NULL, 0, 0};
    tg_tokens_merge(&view, (const uint8_t *)piece, length, &sink);
    return sink.tokens;
}

/* Counts the front of a piece that is longer than the counter can see: all tokens but the last ones, to one that ends
 * with a character. The bytes of these. */
static size_t count_long_piece(struct tg_token_counter *counter, struct tg_text seen)
{
    struct tg_token_view view = tg_tokens_view(counter->vocabulary);
    uint32_t ids[TG_TOKEN_COUNTER_BYTES];
    struct tg_token_sink sink = {ids, TG_TOKEN_COUNTER_BYTES, 0};
    tg_tokens_merge(&view, (const uint8_t *)seen.data, seen.bytes, &sink);
    size_t end = seen.bytes;
    size_t sure = seen.bytes - UNSURE_BYTES;
    while (end > sure || (end != 0 && ((uint8_t)seen.data[end] & 0xc0) == 0x80)) {
        uint32_t id = ids[--sink.tokens];
        end -= view.offsets[id + 1] - view.offsets[id];
    }
    if (end == 0) { /* not text: bytes that only ever continue a character */
        end = sure;
        sink.tokens = count_piece(counter->vocabulary, seen.data, end);
    }
    counter->tokens += sink.tokens;
    return end;
}

/* Counts the pieces at the front whose end cannot change any more. The bytes that were counted; what is left can be
 * held. Each piece is looked for in as many bytes as can be held, so that it does not matter how the text was fed. */
static size_t count_front(struct tg_token_counter *counter, struct tg_text text)
{
    size_t at = 0;
    while (at < text.bytes) {
        struct tg_text rest = tg_text(text.data + at, text.bytes - at);
        bool is_certain;
        if (rest.bytes > TG_TOKEN_COUNTER_BYTES)
            rest.bytes = TG_TOKEN_COUNTER_BYTES;
        size_t length = tg_tokens_split(counter->vocabulary, rest, &is_certain);
        if (!is_certain && rest.bytes < TG_TOKEN_COUNTER_BYTES)
            break;
        if (is_certain)
            counter->tokens += count_piece(counter->vocabulary, rest.data, length);
        else
            length = count_long_piece(counter, rest);
        at += length;
    }
    return at;
}

/* Joins the front of `part` to what is held and counts. The bytes of `part` that are done with; where the first piece
 * that begins in it is reached, the counter holds nothing. */
static size_t feed_behind_held(struct tg_token_counter *counter, struct tg_text part)
{
    char joined[TG_TOKEN_COUNTER_BYTES];
    size_t held = counter->held_bytes;
    size_t taken = sizeof(joined) - held < part.bytes ? sizeof(joined) - held : part.bytes;
    memcpy(joined, counter->held, held);
    memcpy(joined + held, part.data, taken);
    size_t counted = count_front(counter, tg_text(joined, held + taken));
    if (counted >= held) {
        counter->held_bytes = 0;
        return counted - held;
    }
    counter->held_bytes = (uint32_t)(held + taken - counted);
    memcpy(counter->held, joined + counted, counter->held_bytes);
    return taken;
}

void tg_token_counter_feed(struct tg_token_counter *counter, struct tg_text part)
{
    while (counter->held_bytes != 0 && part.bytes != 0) {
        size_t fed = feed_behind_held(counter, part);
        part = tg_text(part.data + fed, part.bytes - fed);
    }
    if (part.bytes == 0)
        return;
    size_t counted = count_front(counter, part);
    counter->held_bytes = (uint32_t)(part.bytes - counted);
    memcpy(counter->held, part.data + counted, counter->held_bytes);
}

int64_t tg_token_counter_finish(const struct tg_token_counter *counter)
{
    return counter->tokens + tg_tokens_count(counter->vocabulary, tg_text(counter->held, counter->held_bytes));
}
