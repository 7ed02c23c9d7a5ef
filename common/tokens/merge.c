#include "common/tokens/merge.h"

enum {
    PLACE_BITS = 9,
    WINDOW_BYTES = 1 << PLACE_BITS,
/* The tokens this close to the end of a window would often be others with more text. */
#ifdef TG_TOKENS_SHORT_SIGHTED /* a test, in which seams have to be moved */
    UNSURE_BYTES = 0,
#else
    UNSURE_BYTES = 64,
#endif
    MAX_SEAM_MOVES = 16,
};

#define NO_PAIR UINT32_MAX /* above every pair of a token and a place */

/* What a window's bytes became: `count` tokens, the i-th from starts[i] to starts[i + 1]. */
struct window {
    size_t count;
    uint16_t starts[WINDOW_BYTES + 1];
    uint32_t ids[WINDOW_BYTES];
};

/* A window in the making. Tokens are known by where they begin. `tree` finds the pair to join next: its leaves are the
 * tokens' pairs, each node is the lower of the two below it, and the root is tree[1]. */
struct merger {
    const struct tg_token_view *view;
    const uint8_t *bytes;
    size_t length;
    size_t leaves;                     /* a power of two that is not below the length */
    uint16_t before[WINDOW_BYTES + 1]; /* where the token before begins */
    uint16_t behind[WINDOW_BYTES];     /* where the token behind begins, that is, where this one ends */
    uint32_t ids[WINDOW_BYTES];
    uint32_t tree[2 * WINDOW_BYTES];
};

/* The token at `at` joined with the one behind it, as a leaf: the id, then the place, so that the leftmost of equals is
 * the lowest. */
static uint32_t pair_at(const struct merger *merger, size_t at)
{
    size_t behind = merger->behind[at];
    if (behind == merger->length)
        return NO_PAIR;
    uint32_t id = tg_tokens_find(merger->view, merger->bytes + at, merger->behind[behind] - at);
    return id == TG_TOKEN_NONE ? NO_PAIR : id << PLACE_BITS | (uint32_t)at;
}

static uint32_t lower(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static void set_leaf(struct merger *merger, size_t at, uint32_t leaf)
{
    size_t node = merger->leaves + at;
    merger->tree[node] = leaf;
    for (node /= 2; node != 0; node /= 2)
        merger->tree[node] = lower(merger->tree[2 * node], merger->tree[2 * node + 1]);
}

static void start_merger(struct merger *merger)
{
    merger->leaves = 1;
    while (merger->leaves < merger->length)
        merger->leaves *= 2;
    for (size_t at = 0; at < merger->length; ++at) {
        merger->before[at] = (uint16_t)(at - (at != 0));
        merger->behind[at] = (uint16_t)(at + 1);
        merger->ids[at] = merger->view->table->byte_ids[merger->bytes[at]];
    }
    for (size_t at = 0; at < merger->leaves; ++at)
        merger->tree[merger->leaves + at] = at < merger->length ? pair_at(merger, at) : NO_PAIR;
    for (size_t node = merger->leaves - 1; node != 0; --node)
        merger->tree[node] = lower(merger->tree[2 * node], merger->tree[2 * node + 1]);
}

static void join(struct merger *merger, uint32_t pair)
{
    size_t at = pair % WINDOW_BYTES;
    size_t gone = merger->behind[at];
    merger->ids[at] = pair >> PLACE_BITS;
    merger->behind[at] = merger->behind[gone];
    merger->before[merger->behind[gone]] = (uint16_t)at;
    set_leaf(merger, gone, NO_PAIR);
    set_leaf(merger, at, pair_at(merger, at));
    if (at != 0)
        set_leaf(merger, merger->before[at], pair_at(merger, merger->before[at]));
}

/* Encodes 1 to WINDOW_BYTES bytes by the rule. */
static void merge_window(const struct tg_token_view *view, const uint8_t *bytes, size_t length, struct window *window)
{
    struct merger merger;
    merger.view = view;
    merger.bytes = bytes;
    merger.length = length;
    start_merger(&merger);
    while (merger.tree[1] != NO_PAIR)
        join(&merger, merger.tree[1]);
    window->count = 0;
    for (size_t at = 0; at < length; at = merger.behind[at]) {
        window->starts[window->count] = (uint16_t)at;
        window->ids[window->count++] = merger.ids[at];
    }
    window->starts[window->count] = (uint16_t)length;
}

/* Whether these bytes, two tokens cut at `seam`, are the same two when they are encoded. */
static bool is_seam(const struct tg_token_view *view, const uint8_t *bytes, size_t seam, size_t length)
{
    struct window both;
    merge_window(view, bytes, length, &both);
    return both.count == 2 && both.starts[1] == seam;
}

/* Whether `keep` tokens of `window`, at `bytes`, are good to keep; what comes behind them is encoded to `next`. */
static bool try_seam(const struct tg_token_view *view, const uint8_t *bytes, size_t left, const struct window *window,
                     size_t keep, struct window *next)
{
    size_t before = window->starts[keep - 1];
    size_t seam = window->starts[keep];
    merge_window(view, bytes + seam, left - seam < WINDOW_BYTES ? left - seam : WINDOW_BYTES, next);
    return is_seam(view, bytes + before, seam - before, seam - before + next->starts[1]);
}

/* How many tokens of `window` are kept; the next window begins behind them. */
static size_t find_seam(const struct tg_token_view *view, const uint8_t *bytes, size_t left,
                        const struct window *window, struct window *next)
{
    size_t sure = window->count;
    while (sure > 1 && window->starts[sure] > WINDOW_BYTES - UNSURE_BYTES)
        --sure;
    for (size_t moves = 0; moves < MAX_SEAM_MOVES && moves < sure; ++moves)
        if (try_seam(view, bytes, left, window, sure - moves, next))
            return sure - moves;
    try_seam(view, bytes, left, window, sure, next);
    return sure;
}

void tg_tokens_merge(const struct tg_token_view *view, const uint8_t *piece, size_t length, struct tg_token_sink *sink)
{
    struct window windows[2];
    struct window *window = &windows[0];
    struct window *next = &windows[1];
    uint32_t whole = tg_tokens_find(view, piece, length);
    if (whole != TG_TOKEN_NONE) {
        tg_token_sink_put(sink, whole);
        return;
    }
    merge_window(view, piece, length < WINDOW_BYTES ? length : WINDOW_BYTES, window);
    while (length > WINDOW_BYTES) {
        size_t keep = find_seam(view, piece, length, window, next);
        for (size_t i = 0; i < keep; ++i)
            tg_token_sink_put(sink, window->ids[i]);
        piece += window->starts[keep];
        length -= window->starts[keep];
        struct window *done = window;
        window = next;
        next = done;
    }
    for (size_t i = 0; i < window->count; ++i)
        tg_token_sink_put(sink, window->ids[i]);
}
