#include "common/codec/json_array.h"

const char *tg_json_array_result_name(enum tg_json_array_result result)
{
    static const char *const names[] = {
        [TG_JSON_ARRAY_BLOCK] = "block",
        [TG_JSON_ARRAY_MORE] = "more",
        [TG_JSON_ARRAY_TOO_LARGE] = "too large",
    };
    return names[result];
}

void tg_json_array_init(struct tg_json_array *array, size_t max_block_bytes)
{
    memset(array, 0, sizeof(*array));
    array->max_block_bytes = max_block_bytes;
    tg_buf_init(&array->held, max_block_bytes);
}

void tg_json_array_deinit(struct tg_json_array *array)
{
    tg_buf_deinit(&array->held);
}

void tg_json_array_feed(struct tg_json_array *array, struct tg_text piece)
{
    array->block = array->at = piece.data;
    array->end = piece.data + piece.bytes;
}

/* Behind the string that is open, or at the end of the piece. */
static const char *skip_string(struct tg_json_array *array, const char *at)
{
    for (; at < array->end; ++at) {
        if (array->is_after_backslash) {
            array->is_after_backslash = false;
        } else if (*at == '\\') {
            array->is_after_backslash = true;
        } else if (*at == '"') {
            array->is_in_string = false;
            return at + 1;
        }
    }
    return at;
}

static void open_bracket(struct tg_json_array *array, const char *at)
{
    if (array->depth == 0 && *at == '[')
        array->outer = 1;
    else if (array->depth == array->outer)
        array->data_at = array->held.bytes + (size_t)(at - array->block);
    ++array->depth;
}

/* Where the current block ends; NULL if it is not in this piece. */
static const char *find_end(struct tg_json_array *array)
{
    const char *at = array->at;
    while (at < array->end) {
        if (array->is_in_string) {
            at = skip_string(array, at);
            continue;
        }
        char c = *at;
        if (c == '"') {
            array->is_in_string = true;
        } else if (c == '{' || c == '[') {
            open_bracket(array, at);
        } else if ((c == '}' || c == ']') && array->depth != 0) {
            --array->depth;
            if (array->depth <= array->outer) {
                array->is_over = array->depth == 0;
                return at + 1;
            }
        }
        ++at;
    }
    return NULL;
}

static enum tg_json_array_result hold(struct tg_json_array *array)
{
    struct tg_text rest = tg_text(array->block, (size_t)(array->end - array->block));
    array->at = array->block = array->end;
    if (tg_buf_append(&array->held, rest) == TG_OK)
        return TG_JSON_ARRAY_MORE;
    array->is_too_large = true;
    return TG_JSON_ARRAY_TOO_LARGE;
}

enum tg_json_array_result tg_json_array_next(struct tg_json_array *array, struct tg_json_array_block *block)
{
    if (array->is_too_large)
        return TG_JSON_ARRAY_TOO_LARGE;
    if (array->is_held) {
        array->held.bytes = 0;
        array->is_held = false;
    }
    if (array->at == array->end && array->block == array->end)
        return TG_JSON_ARRAY_MORE;
    const char *end = array->is_over ? NULL : find_end(array);
    if (end == NULL)
        return hold(array);
    size_t piece_bytes = (size_t)(end - array->block);
    block->raw = tg_text(array->block, piece_bytes);
    if (array->held.bytes != 0) {
        if (tg_buf_append(&array->held, block->raw) != TG_OK) {
            array->is_too_large = true;
            return TG_JSON_ARRAY_TOO_LARGE;
        }
        array->is_held = true;
        block->raw = tg_buf_text(&array->held);
    }
    bool is_end = array->outer == 1 && array->depth == 0;
    block->data =
        is_end ? tg_text(NULL, 0) : tg_text(block->raw.data + array->data_at, block->raw.bytes - array->data_at);
    array->block = array->at = end;
    array->is_too_large = block->raw.bytes > array->max_block_bytes;
    return array->is_too_large ? TG_JSON_ARRAY_TOO_LARGE : TG_JSON_ARRAY_BLOCK;
}

struct tg_text tg_json_array_rest(const struct tg_json_array *array)
{
    return array->is_held ? tg_text(NULL, 0) : tg_buf_text(&array->held);
}
