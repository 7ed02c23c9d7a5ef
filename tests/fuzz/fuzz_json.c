/* The tree and the scanner on the same bytes. What the tree accepts survives being written and read again, and the
 * scanner, which is the more lenient one but for its bounds, accepts it too. */

#include "common/codec/json.h"
#include "common/codec/json_scan.h"
#include "tests/fuzz/fuzz.h"

enum { MAX_DUMP_BYTES = 16 << 20 };

static bool is_within_scanner_bounds(const tg_json *root)
{
    if (tg_json_count(root) > TG_JSON_MAX_MEMBERS)
        return false;
    for (struct tg_json_cursor cursor = {0}; tg_json_next_member(root, &cursor);) {
        if (cursor.key.bytes * 6 > TG_JSON_MAX_MEMBER_NAME_BYTES) /* six bytes are the longest escape */
            return false;
    }
    return true;
}

static enum tg_status scan(struct tg_text text)
{
    struct tg_json_scan scanner;
    struct tg_json_token token;
    struct tg_arena arena;
    tg_arena_init(&arena);
    tg_json_scan_init(&scanner, text);
    for (enum tg_json_event event; (event = tg_json_scan_next(&scanner, &token)) < TG_JSON_DONE;) {
        int64_t number;
        if (event == TG_JSON_VALUE && token.kind == TG_JSON_STRING)
            REQUIRE(tg_json_unescape(&arena, token.value).bytes <= token.value.bytes);
        else if (event == TG_JSON_VALUE && token.kind == TG_JSON_NUMBER &&
                 tg_json_to_i64(token.value, &number) != TG_OK)
            REQUIRE(token.value.bytes > 1);
    }
    tg_arena_deinit(&arena);
    return tg_json_scan_finish(&scanner, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct tg_text text = tg_text((const char *)data, bytes);
    enum tg_status scanned = scan(text);
    tg_json *root, *again;
    if (tg_json_parse(text, &root, NULL) != TG_OK)
        return 0;
    REQUIRE(scanned == TG_OK || !is_within_scanner_bounds(root));
    struct tg_buf dumped;
    tg_buf_init(&dumped, MAX_DUMP_BYTES);
    if (tg_json_dump(root, TG_JSON_COMPACT, &dumped) == TG_OK) {
        enum tg_status status = tg_json_parse(tg_buf_text(&dumped), &again, NULL);
        REQUIRE(status == TG_OK && tg_json_equals(root, again));
        tg_json_destroy(again);
    }
    tg_buf_deinit(&dumped);
    tg_json_destroy(root);
    return 0;
}
