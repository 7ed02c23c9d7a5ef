#include "common/codec/json_string.h"

#include <assert.h>

#include "common/codec/json_scan.h"
#include "common/codec/json_text.h"

bool tg_json_string_is(struct tg_json_string string, const char *plain)
{
    return tg_json_text_is(string.written, plain);
}

bool tg_json_string_equals(struct tg_json_string a, struct tg_json_string b)
{
    const char *at_a = a.written.data, *at_b = b.written.data;
    if (tg_text_equals(a.written, b.written))
        return true;
    if (a.written.bytes == 0 || b.written.bytes == 0)
        return false;
    const char *end_a = at_a + a.written.bytes, *end_b = at_b + b.written.bytes;
    while (at_a != end_a && at_b != end_b) {
        char char_a[4], char_b[4];
        size_t bytes = tg_json_decode_char(&at_a, end_a, char_a);
        if (tg_json_decode_char(&at_b, end_b, char_b) != bytes || memcmp(char_a, char_b, bytes) != 0)
            return false;
    }
    return at_a == end_a && at_b == end_b;
}

struct tg_text tg_json_string_plain(struct tg_arena *arena, struct tg_json_string string)
{
    return tg_json_unescape(arena, string.written);
}

/* Whether every byte can stand in a string as it is. */
static bool needs_no_escape(struct tg_text plain)
{
    const char *at = plain.data, *end = at + plain.bytes;
    while ((at = tg_json_plain_end(at, end)) != end) {
        size_t bytes = (unsigned char)*at < 0x80 ? 0 : tg_json_utf8_bytes(at, end);
        if (bytes == 0)
            return false;
        at += bytes;
    }
    return true;
}

struct tg_json_string tg_json_string_of(struct tg_arena *arena, struct tg_text plain)
{
    if (plain.bytes == 0 || needs_no_escape(plain))
        return tg_json_string(plain);
    struct tg_buf buf;
    struct tg_json_writer writer;
    tg_buf_init(&buf, plain.bytes * 6 + 2);
    tg_json_write_init(&writer, &buf);
    tg_json_write_string(&writer, plain);
    if (tg_json_write_finish(&writer) != TG_OK)
        assert(!"an escaped byte takes at most six");
    struct tg_text written = tg_arena_copy(arena, tg_text(buf.data + 1, buf.bytes - 2));
    tg_buf_deinit(&buf);
    return tg_json_string(written);
}
