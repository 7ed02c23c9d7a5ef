/* Any bytes: the scanner stays inside them, its two ways of walking agree, and what it calls valid survives being
 * taken apart and written again. */
#include "common/codec/json_scan.h"
#include "common/codec/json_write.h"
#include "tests/fuzz/fuzz.h"

static void require_inside(struct tg_text whole, struct tg_text part)
{
    REQUIRE(part.data >= whole.data && part.data + part.bytes <= whole.data + whole.bytes);
}

static void write_token(struct tg_json_writer *writer, struct tg_arena *arena, const struct tg_json_token *token)
{
    if (token->key.data != NULL)
        tg_json_write_key_text(writer, tg_json_unescape(arena, token->key));
    if (token->event == TG_JSON_BEGIN && token->kind == TG_JSON_OBJECT)
        tg_json_write_object_begin(writer);
    else if (token->event == TG_JSON_BEGIN)
        tg_json_write_array_begin(writer);
    else if (token->event == TG_JSON_END && token->kind == TG_JSON_OBJECT)
        tg_json_write_object_end(writer);
    else if (token->event == TG_JSON_END)
        tg_json_write_array_end(writer);
    else if (token->kind == TG_JSON_STRING)
        tg_json_write_string(writer, tg_json_unescape(arena, token->value));
    else
        tg_json_write_raw(writer, token->value);
}

/* Every token, in order; rewrites the document into `copy`. The number of tokens, or 0 if it is not valid. */
static size_t walk_tokens(struct tg_text document, struct tg_arena *arena, struct tg_buf *copy)
{
    struct tg_json_scan scan;
    struct tg_json_token token;
    struct tg_json_writer writer;
    size_t count = 0;
    unsigned depth = 0;
    tg_json_scan_init(&scan, document);
    tg_json_write_init(&writer, copy);
    while (tg_json_scan_next(&scan, &token) != TG_JSON_DONE) {
        if (token.event == TG_JSON_BAD) {
            REQUIRE(scan.at >= scan.begin && scan.at <= scan.end);
            REQUIRE(tg_json_scan_finish(&scan, NULL) == TG_INVALID);
            return 0;
        }
        depth -= token.event == TG_JSON_END;
        REQUIRE(token.depth == depth);
        depth += token.event == TG_JSON_BEGIN;
        require_inside(document, token.value);
        if (token.key.data != NULL)
            require_inside(document, token.key);
        int64_t number;
        if (token.kind == TG_JSON_NUMBER && tg_json_to_i64(token.value, &number) == TG_OK)
            REQUIRE(token.value.bytes <= 20);
        write_token(&writer, arena, &token);
        ++count;
    }
    REQUIRE(depth == 0 && tg_json_scan_finish(&scan, NULL) == TG_OK);
    REQUIRE(tg_json_write_finish(&writer) == TG_OK);
    return count;
}

/* Takes the first level, enters every other container and passes over the rest. */
static enum tg_status walk_members(struct tg_text document)
{
    struct tg_json_scan scan;
    struct tg_json_token root;
    struct tg_json_token member;
    struct tg_json_token inner;
    tg_json_scan_init(&scan, document);
    bool enters = false;
    if (tg_json_scan_next(&scan, &root) == TG_JSON_BEGIN) {
        while (tg_json_scan_next_in(&scan, &root, &member)) {
            REQUIRE(member.depth == 1 && (member.key.data != NULL) == (root.kind == TG_JSON_OBJECT));
            enters = !enters;
            if (member.event != TG_JSON_BEGIN)
                continue;
            if (enters)
                while (tg_json_scan_next_in(&scan, &member, &inner))
                    REQUIRE(inner.depth == 2);
            else if (tg_json_scan_skip(&scan, &member))
                require_inside(document, member.value);
        }
    }
    return tg_json_scan_finish(&scan, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tg_text document = tg_text((const char *)data, size);
    struct tg_arena arena;
    struct tg_buf copy;
    struct tg_buf again;
    tg_arena_init(&arena);
    tg_buf_init(&copy, 8 * size + 64);
    tg_buf_init(&again, 8 * size + 64);
    size_t count = walk_tokens(document, &arena, &copy);
    REQUIRE((walk_members(document) == TG_OK) == (count != 0));
    if (count != 0) {
        REQUIRE(walk_tokens(tg_buf_text(&copy), &arena, &again) == count);
        REQUIRE(tg_text_equals(tg_buf_text(&copy), tg_buf_text(&again)));
    }
    tg_buf_deinit(&copy);
    tg_buf_deinit(&again);
    tg_arena_deinit(&arena);
    return 0;
}
