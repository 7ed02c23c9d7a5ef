#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/codec/json.h"

static tg_json *parse(const char *text)
{
    tg_json *root;
    struct tg_error error;
    if (tg_json_parse(tg_text_of(text), &root, &error) != TG_OK)
        fail_msg("%s: %s", text, error.message);
    return root;
}

static void assert_dumps_as(const tg_json *value, enum tg_json_layout layout, const char *expected)
{
    struct tg_buf out;
    tg_buf_init(&out, 4096);
    assert_int_equal(tg_json_dump(value, layout, &out), TG_OK);
    assert_true(tg_text_is(tg_buf_text(&out), expected));
    tg_buf_deinit(&out);
}

static void assert_refused(const char *text, const char *expected)
{
    tg_json *root;
    struct tg_error error = {0};
    assert_int_equal(tg_json_parse(tg_text_of(text), &root, &error), TG_INVALID);
    assert_null(root);
    if (strstr(error.message, expected) == NULL)
        fail_msg("%s: %s", text, error.message);
}

static void what_is_parsed_dumps_in_the_same_order(void **state)
{
    static const char text[] = "{\"z\":1,\"a\":[true,null,\"\xc3\xa9\"],\"m\":{\"b\":false,\"a\":-5}}";
    tg_json *root = parse(text);
    assert_dumps_as(root, TG_JSON_COMPACT, text);
    tg_json *copy = tg_json_copy(root);
    assert_true(tg_json_equals(root, copy));
    tg_json_set_i64(tg_json_member(copy, "m"), "a", -6);
    assert_false(tg_json_equals(root, copy));
    tg_json_destroy(copy);
    tg_json_destroy(root);
}

static void bad_documents_are_refused_with_their_place(void **state)
{
    assert_refused("{\"a\":1,\n\"b\":}", "line 2, column 5");
    assert_refused("", "line 1, column 1");
    assert_refused("{\"a\":{\"b\":1,\"b\":2}}", "line 1");
    assert_refused("[9223372036854775808]", "line 1");
    assert_refused("[\"\\u0000\"]", "line 1");
    assert_refused("[\"\\ud83d\"]", "line 1");
    char deep[2 * TG_JSON_MAX_DEPTH + 3] = {0};
    memset(deep, '[', TG_JSON_MAX_DEPTH + 1);
    memset(deep + TG_JSON_MAX_DEPTH + 1, ']', TG_JSON_MAX_DEPTH + 1);
    assert_refused(deep, "too deeply");
}

static void members_are_reached_by_name_and_elements_by_number(void **state)
{
    tg_json *root =
        parse("{\"text\":\"t\",\"number\":42,\"yes\":true,\"object\":{\"x\":1},\"array\":[1,2],\"part\":1.5}");
    assert_true(tg_text_is(tg_json_text(tg_json_member(root, "text")), "t"));
    assert_int_equal(tg_json_i64(tg_json_member(root, "number")), 42);
    assert_true(tg_json_boolean(tg_json_member(root, "yes")));
    assert_int_equal(tg_json_count(tg_json_member(root, "object")), 1);
    assert_int_equal(tg_json_i64(tg_json_at(tg_json_member(root, "array"), 1)), 2);
    assert_null(tg_json_at(tg_json_member(root, "array"), 2));
    assert_false(tg_json_is_i64(tg_json_member(root, "part")));
    assert_null(tg_json_member(root, "absent"));
    tg_json_destroy(root);
}

static void an_id_is_read_or_the_error_begins_with_its_name(void **state)
{
    tg_json *root =
        parse("{\"id\":\"01890a5d-ac96-774b-bcce-b302099a8057\",\"word\":\"x\",\"number\":5,\"null\":null}");
    struct tg_id id;
    assert_int_equal(tg_json_read_id(root, "id", &id, NULL), TG_OK);
    assert_int_equal(id.octets[0], 1);
    const char *wrong[] = {"word", "number", "null", "absent"};
    for (size_t i = 0; i < 4; ++i) {
        struct tg_error error;
        assert_int_equal(tg_json_read_id(root, wrong[i], &id, &error), TG_INVALID);
        assert_memory_equal(error.message, wrong[i], strlen(wrong[i]));
    }
    tg_json_destroy(root);
}

static void values_are_built_and_dumped(void **state)
{
    tg_json *root = tg_json_new_object();
    tg_json_set_text(root, "text", tg_text_of("a\"b"));
    tg_json_set_i64(root, "number", 1);
    tg_json_set_boolean(root, "yes", true);
    tg_json_set(root, "nothing", tg_json_new_null());
    tg_json *list = tg_json_new_array();
    tg_json_append(list, tg_json_new_i64(1));
    tg_json_append(list, tg_json_new_boolean(false));
    tg_json_set(root, "list", list);
    tg_json_set_i64(root, "number", 2); /* replaced in its place */
    tg_json_set_i64(root, "gone", 2);
    tg_json_remove(root, "gone");
    assert_dumps_as(root, TG_JSON_COMPACT,
                    "{\"text\":\"a\\\"b\",\"number\":2,\"yes\":true,\"nothing\":null,"
                    "\"list\":[1,false]}");
    assert_dumps_as(list, TG_JSON_INDENTED, "[\n  1,\n  false\n]");
    struct tg_buf small;
    tg_buf_init(&small, 20);
    assert_int_equal(tg_json_dump(root, TG_JSON_COMPACT, &small), TG_TOO_LARGE);
    assert_int_equal(small.bytes, 0);
    tg_buf_deinit(&small);
    tg_json_destroy(root);
}

static void members_are_visited_in_order(void **state)
{
    tg_json *root = parse("{\"z\":0,\"y\":1,\"x\":2}");
    const char *keys = "zyx";
    int64_t count = 0;
    for (struct tg_json_cursor cursor = {0}; tg_json_next_member(root, &cursor); ++count) {
        assert_true(tg_text_equals(cursor.key, tg_text(keys + count, 1)));
        assert_int_equal(tg_json_i64(cursor.value), count);
    }
    assert_int_equal(count, 3);
    tg_json_destroy(root);
    root = parse("{}");
    struct tg_json_cursor cursor = {0};
    assert_false(tg_json_next_member(root, &cursor));
    tg_json_destroy(root);
}

static void text_from_outside_cannot_break_a_tree(void **state)
{
    tg_json *array = tg_json_new_array();
    tg_json_append(array, tg_json_new_text(tg_text("a\xff"
                                                   "b\0c",
                                                   5)));
    tg_json_append(array, tg_json_new_text(tg_text(NULL, 0)));
    tg_json_append(array, tg_json_new_text(tg_text("\xe6\x97\xa5", 3)));
    assert_dumps_as(array, TG_JSON_COMPACT,
                    "[\"a\xef\xbf\xbd"
                    "b\xef\xbf\xbd"
                    "c\",\"\",\"\xe6\x97\xa5\"]");
    tg_json_destroy(array);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_parsed_dumps_in_the_same_order),
        cmocka_unit_test(bad_documents_are_refused_with_their_place),
        cmocka_unit_test(members_are_reached_by_name_and_elements_by_number),
        cmocka_unit_test(an_id_is_read_or_the_error_begins_with_its_name),
        cmocka_unit_test(values_are_built_and_dumped),
        cmocka_unit_test(members_are_visited_in_order),
        cmocka_unit_test(text_from_outside_cannot_break_a_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
