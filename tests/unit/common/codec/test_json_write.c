#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/codec/json_scan.h"
#include "common/codec/json_write.h"

static void structure_gets_its_commas(void **state)
{
    struct tg_buf out;
    struct tg_json_writer writer;
    tg_buf_init(&out, 1024);
    tg_json_write_init(&writer, &out);
    tg_json_write_object_begin(&writer);
    tg_json_write_key(&writer, "a");
    tg_json_write_i64(&writer, INT64_MIN);
    tg_json_write_key(&writer, "b");
    tg_json_write_array_begin(&writer);
    tg_json_write_boolean(&writer, true);
    tg_json_write_boolean(&writer, false);
    tg_json_write_null(&writer);
    tg_json_write_object_begin(&writer);
    tg_json_write_object_end(&writer);
    tg_json_write_array_begin(&writer);
    tg_json_write_array_end(&writer);
    tg_json_write_i64(&writer, 0);
    tg_json_write_i64(&writer, INT64_MAX);
    tg_json_write_array_end(&writer);
    tg_json_write_key_text(&writer, tg_text_of("quo\"te"));
    tg_json_write_raw(&writer, tg_text_of("{\"x\":1}"));
    tg_json_write_key(&writer, "s");
    tg_json_write_string(&writer, tg_text_of("text"));
    tg_json_write_object_end(&writer);
    assert_int_equal(tg_json_write_finish(&writer), TG_OK);
    assert_true(tg_text_is(tg_buf_text(&out),
                           "{\"a\":-9223372036854775808,\"b\":[true,false,null,{},[],0,9223372036854775807],"
                           "\"quo\\\"te\":{\"x\":1},\"s\":\"text\"}"));
    tg_buf_deinit(&out);
}

static void assert_written(struct tg_text text, const char *expected)
{
    struct tg_buf out;
    struct tg_json_writer writer;
    tg_buf_init(&out, 4096);
    tg_json_write_init(&writer, &out);
    tg_json_write_string(&writer, text);
    assert_int_equal(tg_json_write_finish(&writer), TG_OK);
    assert_true(tg_text_is(tg_buf_text(&out), expected));
    tg_buf_deinit(&out);
}

static void strings_are_escaped_where_they_must_be(void **state)
{
    assert_written(tg_text(NULL, 0), "\"\"");
    assert_written(tg_text_of("\"\\/\b\f\n\r\t\x01\x1f\x7f"), "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"");
    assert_written(tg_text("a\0b", 3), "\"a\\u0000b\"");
    assert_written(tg_text_of("\xc3\xa9 \xf0\x9f\x98\x80"), "\"\xc3\xa9 \xf0\x9f\x98\x80\"");
}

static void ill_formed_utf8_is_replaced(void **state)
{
    assert_written(tg_text_of("a\xff"
                              "b"),
                   "\"a\xef\xbf\xbd"
                   "b\"");
    assert_written(tg_text_of("\xe6\x97"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
    assert_written(tg_text_of("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

/* Whatever bytes come in: what is written is valid, and reads back as the same text if it was valid before. */
static void every_byte_pair_gives_a_valid_string(void **state)
{
    struct tg_buf out;
    struct tg_arena arena;
    tg_buf_init(&out, 64);
    tg_arena_init(&arena);
    for (unsigned pair = 0; pair < 65536; ++pair) {
        char text[2] = {(char)(pair >> 8), (char)pair};
        struct tg_json_writer writer;
        struct tg_json_scan scan;
        struct tg_json_token token;
        out.bytes = 0;
        tg_json_write_init(&writer, &out);
        tg_json_write_string(&writer, tg_text(text, 2));
        tg_json_scan_init(&scan, tg_buf_text(&out));
        assert_int_equal(tg_json_scan_next(&scan, &token), TG_JSON_VALUE);
        struct tg_text back = tg_json_unescape(&arena, token.value);
        if (pair >> 8 < 0x80 && (pair & 0xff) < 0x80)
            assert_true(tg_text_equals(back, tg_text(text, 2)));
        assert_int_equal(tg_json_scan_finish(&scan, NULL), TG_OK);
        if (pair % 256 == 0)
            tg_arena_deinit(&arena);
    }
    tg_arena_deinit(&arena);
    tg_buf_deinit(&out);
}

static void a_full_buffer_is_told_at_the_end(void **state)
{
    for (size_t room = 0; room < 9; ++room) {
        struct tg_buf out;
        struct tg_json_writer writer;
        tg_buf_init(&out, room);
        tg_json_write_init(&writer, &out);
        tg_json_write_object_begin(&writer);
        tg_json_write_key(&writer, "k");
        tg_json_write_i64(&writer, 12);
        tg_json_write_object_end(&writer);
        assert_int_equal(tg_json_write_finish(&writer), room < 8 ? TG_TOO_LARGE : TG_OK);
        assert_true(out.bytes <= room);
        tg_buf_deinit(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(structure_gets_its_commas),        cmocka_unit_test(strings_are_escaped_where_they_must_be),
        cmocka_unit_test(ill_formed_utf8_is_replaced),      cmocka_unit_test(every_byte_pair_gives_a_valid_string),
        cmocka_unit_test(a_full_buffer_is_told_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
