#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/codec/yaml.h"

static void assert_reads_as(const char *yaml, const char *json)
{
    tg_json *root;
    struct tg_error error;
    if (tg_yaml_parse(tg_text_of(yaml), &root, &error) != TG_OK)
        fail_msg("%s: %s", yaml, error.message);
    struct tg_buf out;
    tg_buf_init(&out, 4096);
    assert_int_equal(tg_json_dump(root, TG_JSON_COMPACT, &out), TG_OK);
    if (!tg_text_is(tg_buf_text(&out), json))
        fail_msg("%s reads as %.*s instead of %s", yaml, TG_TEXT_ARG(tg_buf_text(&out)), json);
    tg_buf_deinit(&out);
    tg_json_destroy(root);
}

static void assert_refused(const char *yaml, const char *expected)
{
    tg_json *root;
    struct tg_error error = {0};
    assert_int_equal(tg_yaml_parse(tg_text_of(yaml), &root, &error), TG_INVALID);
    assert_null(root);
    if (strstr(error.message, expected) == NULL)
        fail_msg("%s: %s, which is not: %s", yaml, error.message, expected);
}

static void documents_become_trees(void **state)
{
    assert_reads_as(
        "models:\n- name: gpt\n  deployments:\n  - provider: p\n    weight: 3\n- {name: claude, list: [1, a]}\n",
        "{\"models\":[{\"name\":\"gpt\",\"deployments\":[{\"provider\":\"p\",\"weight\":3}]},"
        "{\"name\":\"claude\",\"list\":[1,\"a\"]}]}");
    assert_reads_as("", "null");
    assert_reads_as("# only a comment\n", "null");
    assert_reads_as("---\na: 1\n...\n", "{\"a\":1}");
    assert_reads_as("{}", "{}");
    assert_reads_as("plain", "\"plain\"");
}

static void plain_scalars_get_a_type_only_if_nothing_is_lost(void **state)
{
    assert_reads_as("[null, Null, NULL, ~, ]", "[null,null,null,null]");
    assert_reads_as("a:\nb: x", "{\"a\":null,\"b\":\"x\"}");
    assert_reads_as("[true, True, TRUE, false, False, FALSE]", "[true,true,true,false,false,false]");
    assert_reads_as("[0, 42, -7, +7, 9223372036854775807, -9223372036854775808]",
                    "[0,42,-7,7,9223372036854775807,-9223372036854775808]");
    assert_reads_as("[0.02, 1e3, .5, 007, 0x1F, 0o17, 1_000, -, +, .inf, 12:30]",
                    "[\"0.02\",\"1e3\",\".5\",\"007\",\"0x1F\",\"0o17\",\"1_000\",\"-\",\"+\",\".inf\",\"12:30\"]");
    assert_reads_as("[yes, no, on, off, y, n, tRUE, nULL]",
                    "[\"yes\",\"no\",\"on\",\"off\",\"y\",\"n\",\"tRUE\",\"nULL\"]");
}

static void quoted_and_block_scalars_are_text(void **state)
{
    assert_reads_as("[\"1\", 'true', \"null\", '', \"a\\nb\"]", "[\"1\",\"true\",\"null\",\"\",\"a\\nb\"]");
    assert_reads_as("a: |\n  12\nb: >-\n  x\n  y\n", "{\"a\":\"12\\n\",\"b\":\"x y\"}");
    assert_reads_as("1: a\ntrue: b\n", "{\"1\":\"a\",\"true\":\"b\"}");
}

static void what_is_not_supported_is_refused_with_its_line(void **state)
{
    assert_refused("a: 1\nb: 2\na: 3\n", "line 3, column 1: this key was there before: a");
    assert_refused("x:\n  a: 1\n  'a': 2\n", "line 3");
    assert_refused("a: &anchor 1\nb: *anchor\n", "line 1, column 4: anchors are not supported: anchor");
    assert_refused("a: &anchor {x: 1}\n", "anchors");
    assert_refused("b: *nothing\n", "line 1, column 4: aliases are not supported: nothing");
    assert_refused("a: 1\nb: !!python/object x\n", "line 2, column 4: tags are not supported");
    assert_refused("b: !custom [1]\n", "tags");
    assert_refused("a:\n  <<: {x: 1}\n", "line 2, column 3: merge keys");
    assert_refused("? [a, b]\n: 1\n", "a key must be a single word or string");
    assert_refused("a: 1\n---\nb: 2\n", "one document only");
    assert_refused("n: 9223372036854775808\n", "line 1, column 4: the number is too large");
    assert_refused("s: \"a\\0b\"\n", "NUL");
    assert_refused("\"a\\0b\": 1\n", "NUL");
}

static void broken_documents_are_refused_with_their_line(void **state)
{
    assert_refused("a: 1\n b: 2\n", "line 2");
    assert_refused("a: [1, 2\nb: 3\n", "line 2");
    assert_refused("a: 'open\n", "line 2");
    assert_refused("a: b: c\n", "line 1");
    assert_refused("\ta: 1\n", "line 1");
    assert_refused("a: \xff\n", "byte 4");
    assert_refused("a: @x\n", "line 1");
}

static void depth_is_bounded(void **state)
{
    char deep[2 * TG_JSON_MAX_DEPTH + 3] = {0};
    memset(deep, '[', TG_JSON_MAX_DEPTH);
    memset(deep + TG_JSON_MAX_DEPTH, ']', TG_JSON_MAX_DEPTH);
    tg_json *root;
    assert_int_equal(tg_yaml_parse(tg_text_of(deep), &root, NULL), TG_OK);
    tg_json_destroy(root);
    memset(deep, '[', TG_JSON_MAX_DEPTH + 1);
    memset(deep + TG_JSON_MAX_DEPTH + 1, ']', TG_JSON_MAX_DEPTH + 1);
    assert_refused(deep, "too deeply");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_become_trees),
        cmocka_unit_test(plain_scalars_get_a_type_only_if_nothing_is_lost),
        cmocka_unit_test(quoted_and_block_scalars_are_text),
        cmocka_unit_test(what_is_not_supported_is_refused_with_its_line),
        cmocka_unit_test(broken_documents_are_refused_with_their_line),
        cmocka_unit_test(depth_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
