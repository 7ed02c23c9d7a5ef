#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <jansson.h>

#include "common/codec/json_scan.h"

enum verdict { VALID, INVALID };

/* `differs`: why the tree parser sees it otherwise; elsewhere both must agree. */
struct document {
    enum verdict verdict;
    struct tg_text text;
    const char *differs;
};

#define DOC(verdict, literal)                                                                                          \
    {                                                                                                                  \
        verdict, TG_TEXT_LITERAL(literal), NULL                                                                        \
    }
#define DIFFERS(verdict, literal, because)                                                                             \
    {                                                                                                                  \
        verdict, TG_TEXT_LITERAL(literal), because                                                                     \
    }

static const struct document documents[] = {
    /* structure */
    DOC(VALID, "{}"),
    DOC(VALID, "[]"),
    DOC(VALID, " \t\r\n{ \"a\" : [ 1 , 2 ] , \"b\" : { } } \n"),
    DOC(VALID, "[[],[[]],{\"a\":{\"a\":1}}]"),
    DOC(VALID, "null"),
    DOC(VALID, "true"),
    DOC(VALID, "false"),
    DOC(VALID, "\"text\""),
    DOC(VALID, "42"),
    DOC(VALID, "{\"\":0}"),
    DOC(INVALID, ""),
    DOC(INVALID, " "),
    DOC(INVALID, "{"),
    DOC(INVALID, "["),
    DOC(INVALID, "]"),
    DOC(INVALID, "}"),
    DOC(INVALID, "[}"),
    DOC(INVALID, "{]"),
    DOC(INVALID, "[1"),
    DOC(INVALID, "[1,"),
    DOC(INVALID, "[1,]"),
    DOC(INVALID, "[,1]"),
    DOC(INVALID, "[1,,2]"),
    DOC(INVALID, "[1 2]"),
    DOC(INVALID, "[1]]"),
    DOC(INVALID, "[1] 2"),
    DOC(INVALID, "{}{}"),
    DOC(INVALID, "{\"a\"}"),
    DOC(INVALID, "{\"a\":}"),
    DOC(INVALID, "{\"a\" 1}"),
    DOC(INVALID, "{\"a\":1,}"),
    DOC(INVALID, "{\"a\":1 \"b\":2}"),
    DOC(INVALID, "{,\"a\":1}"),
    DOC(INVALID, "{a:1}"),
    DOC(INVALID, "{'a':1}"),
    DOC(INVALID, "{1:1}"),
    DOC(INVALID, "{\"a\":1,null:2}"),
    DOC(INVALID, "{\"a\"::1}"),
    DOC(INVALID, "{\"a"),
    DOC(INVALID, "{\"a\""),
    DOC(INVALID, "{\"a\":"),
    DOC(INVALID, "{\"a\":1"),
    DOC(INVALID, "[1}"),
    DOC(INVALID, "{\"a\":1]"),
    DOC(INVALID, "/* no */ 1"),
    DOC(INVALID, "[1] // no"),
    DOC(INVALID, "\xef\xbb\xbf{}"),
    DOC(INVALID, "\f[]"),
    DOC(INVALID, "[\v1]"),
    DOC(INVALID, "\xc2\xa0[]"),
    DOC(INVALID, "[]\0"),
    DOC(INVALID, "\0"),
    /* words */
    DOC(INVALID, "True"),
    DOC(INVALID, "tru"),
    DOC(INVALID, "truex"),
    DOC(INVALID, "nul"),
    DOC(INVALID, "NaN"),
    DOC(INVALID, "Infinity"),
    DOC(INVALID, "[nulltrue]"),
    DOC(INVALID, "undefined"),
    /* numbers */
    DOC(VALID, "0"),
    DOC(VALID, "-0"),
    DOC(VALID, "-1"),
    DOC(VALID, "10"),
    DOC(VALID, "0.5"),
    DOC(VALID, "-0.5e-7"),
    DOC(VALID, "1E+2"),
    DOC(VALID, "1e05"),
    DOC(VALID, "[9223372036854775807,-9223372036854775808]"),
    DIFFERS(VALID, "9223372036854775808", "a tree holds int64_t"),
    DIFFERS(VALID, "1e999", "a tree holds doubles"),
    DOC(INVALID, "-"),
    DOC(INVALID, "+1"),
    DOC(INVALID, "01"),
    DOC(INVALID, "-01"),
    DOC(INVALID, "00"),
    DOC(INVALID, "1."),
    DOC(INVALID, ".5"),
    DOC(INVALID, "1.e1"),
    DOC(INVALID, "1e"),
    DOC(INVALID, "1e+"),
    DOC(INVALID, "0x10"),
    DOC(INVALID, "1_000"),
    DOC(INVALID, "1.2.3"),
    DOC(INVALID, "- 1"),
    DOC(INVALID, "--1"),
    DOC(INVALID, "1a"),
    DOC(INVALID, "-Infinity"),
    /* strings */
    DOC(VALID, "\"\""),
    DOC(VALID, "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
    DOC(VALID, "\"\\u0041\\u00e9\\u20AC\""),
    DOC(VALID, "\"\\ud83d\\ude00\""),
    DOC(VALID, "\"\\u0000\""),
    DOC(VALID, "\"\x7f\""),
    DOC(VALID, "\"a string that is longer than one block of sixteen bytes\""),
    DIFFERS(VALID, "\"\\ud83d\"", "a tree holds no lone surrogate"),
    DIFFERS(VALID, "\"\\ude00\"", "a tree holds no lone surrogate"),
    DIFFERS(VALID, "\"\\ud83d\\u0041\"", "a tree holds no lone surrogate"),
    DIFFERS(VALID, "\"\\ud83d x\"", "a tree holds no lone surrogate"),
    DOC(INVALID, "\""),
    DOC(INVALID, "\"a"),
    DOC(INVALID, "\"a\\"),
    DOC(INVALID, "\"a\\\""),
    DOC(INVALID, "\"\\x41\""),
    DOC(INVALID, "\"\\a\""),
    DOC(INVALID, "\"\\'\""),
    DOC(INVALID, "\"\\U0041\""),
    DOC(INVALID, "\"\\u\""),
    DOC(INVALID, "\"\\u004\""),
    DOC(INVALID, "\"\\u00g0\""),
    DOC(INVALID, "\"\\u00"),
    DOC(INVALID, "\"a\nb\""),
    DOC(INVALID, "\"a\tb\""),
    DOC(INVALID, "\"a\0b\""),
    DOC(INVALID, "\"a control at the end of a long block \x1f\""),
    DOC(INVALID, "'a'"),
    DOC(INVALID, "[\"a\"b]"),
    /* UTF-8 */
    DOC(VALID,
        "\"\xc2\x80 \xdf\xbf \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf \xf0\x90\x80\x80 \xf4\x8f\xbf\xbf\""),
    DOC(VALID, "\"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e and \xf0\x9f\x98\x80\""),
    DOC(INVALID, "\"\x80\""),
    DOC(INVALID, "\"\xbf\""),
    DOC(INVALID, "\"\xc0\x80\""),
    DOC(INVALID, "\"\xc1\xbf\""),
    DOC(INVALID, "\"\xc2\""),
    DOC(INVALID, "\"\xc2 \""),
    DOC(INVALID, "\"\xe0\x80\x80\""),
    DOC(INVALID, "\"\xe0\x9f\xbf\""),
    DOC(INVALID, "\"\xed\xa0\x80\""),
    DOC(INVALID, "\"\xed\xbf\xbf\""),
    DOC(INVALID, "\"\xe6\x97\""),
    DOC(INVALID, "\"\xf0\x80\x80\x80\""),
    DOC(INVALID, "\"\xf0\x8f\xbf\xbf\""),
    DOC(INVALID, "\"\xf4\x90\x80\x80\""),
    DOC(INVALID, "\"\xf5\x80\x80\x80\""),
    DOC(INVALID, "\"\xf0\x9f\x98\""),
    DOC(INVALID, "\"\xff\""),
    DOC(INVALID, "\"\xfe\xff\""),
    DOC(INVALID, "[\xe9]"),
    DOC(INVALID, "\"\xe6\x97"),
    DOC(INVALID, "{\"\xe9\":1}"),
    /* repeated members */
    DOC(INVALID, "{\"a\":1,\"a\":2}"),
    DOC(INVALID, "{\"model\":1,\"b\":2,\"mod\\u0065l\":3}"),
    DOC(INVALID, "{\"mod\\u0065l\":1,\"model\":3}"),
    DOC(INVALID, "{\"\\u006dodel\":1,\"mod\\u0065l\":3}"),
    DOC(INVALID, "{\"\":1,\"\":2}"),
    DOC(VALID, "{\"a\":1,\"A\":2,\"aa\":3}"),
    DOC(VALID, "{\"a\":{\"b\":1},\"b\":{\"b\":1}}"),
    DIFFERS(VALID, "{\"a\":{\"b\":1,\"b\":2}}", "the tree refuses repeated members at every depth"),
};

static enum tg_status scan_all(struct tg_text text, struct tg_error *error)
{
    /* An exact heap copy, so that AddressSanitizer sees a read beyond either end. */
    char *copy = malloc(text.bytes == 0 ? 1 : text.bytes);
    memcpy(copy, text.data, text.bytes);
    struct tg_json_scan scan;
    tg_json_scan_init(&scan, tg_text(copy, text.bytes));
    enum tg_status status = tg_json_scan_finish(&scan, error);
    free(copy);
    return status;
}

static void valid_documents_pass_and_invalid_ones_do_not(void **state)
{
    for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); ++i) {
        const struct document *document = &documents[i];
        struct tg_error error = {0};
        enum tg_status status = scan_all(document->text, &error);
        if (status != (document->verdict == VALID ? TG_OK : TG_INVALID))
            fail_msg("%.*s: %s %s", TG_TEXT_ARG(document->text), tg_status_name(status), error.message);
        if (status != TG_OK)
            assert_non_null(strstr(error.message, "line "));
    }
}

static void the_tree_parser_agrees(void **state)
{
    for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); ++i) {
        const struct document *document = &documents[i];
        json_error_t problem;
        json_t *tree = json_loadb(document->text.data, document->text.bytes,
                                  JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &problem);
        bool agrees = (tree != NULL) == (document->verdict == VALID);
        if (agrees != (document->differs == NULL))
            fail_msg("%.*s: %s", TG_TEXT_ARG(document->text), agrees ? "agrees after all" : problem.text);
        json_decref(tree);
    }
}

/* Any prefix of a valid document that is not a number is invalid; the scanner must say so without reading beyond it. */
static void every_cut_of_a_document_is_refused(void **state)
{
    static const struct tg_text document = TG_TEXT_LITERAL("{\"model\":\"m\xc3\xa9\xe6\x97\xa5\",\"n\":-1.5e3,\"list\":"
                                                           "[true,false,null,{\"\\ud83d\\ude00\":\"\\n\"}],\"s\":"
                                                           "\"0123456789abcdef0123456789abcdef\"}");
    assert_int_equal(scan_all(document, NULL), TG_OK);
    for (size_t bytes = 0; bytes < document.bytes; ++bytes)
        assert_int_equal(scan_all(tg_text(document.data, bytes), NULL), TG_INVALID);
}

/* Blocks are looked at 8 or 16 bytes at a time: the special byte is found at every position of a block. */
static void special_bytes_are_seen_at_every_offset(void **state)
{
    char text[80];
    for (size_t bytes = 1; bytes < 40; ++bytes) {
        for (size_t at = 0; at < bytes; ++at) {
            memset(text, 'x', sizeof(text));
            text[0] = '"';
            text[bytes + 1] = '"';
            assert_int_equal(scan_all(tg_text(text, bytes + 2), NULL), TG_OK);
            static const char specials[] = {'"', '\\', '\x01', '\x1f', '\0', '\x80', '\xff'};
            for (size_t i = 0; i < sizeof(specials); ++i) {
                text[at + 1] = specials[i];
                assert_int_equal(scan_all(tg_text(text, bytes + 2), NULL), TG_INVALID);
            }
            static const char harmless[] = {' ', '!', '#', '[', ']', '~', '\x7f', 'a'};
            for (size_t i = 0; i < sizeof(harmless); ++i) {
                text[at + 1] = harmless[i];
                assert_int_equal(scan_all(tg_text(text, bytes + 2), NULL), TG_OK);
            }
            text[at + 1] = 'x';
        }
    }
}

static void depth_is_bounded(void **state)
{
    char text[2 * TG_JSON_MAX_DEPTH + 2];
    size_t deepest = TG_JSON_MAX_DEPTH;
    memset(text, '[', deepest);
    memset(text + deepest, ']', deepest);
    assert_int_equal(scan_all(tg_text(text, 2 * deepest), NULL), TG_OK);
    memset(text, '[', deepest + 1);
    memset(text + deepest + 1, ']', deepest + 1);
    struct tg_error error;
    assert_int_equal(scan_all(tg_text(text, 2 * deepest + 2), &error), TG_INVALID);
    assert_non_null(strstr(error.message, "too deeply"));
}

static void top_level_members_are_bounded_in_number_and_name(void **state)
{
    for (int count = TG_JSON_MAX_MEMBERS; count <= TG_JSON_MAX_MEMBERS + 1; ++count) {
        char text[16 * (TG_JSON_MAX_MEMBERS + 2)];
        size_t used = 0;
        for (int i = 0; i < count; ++i)
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%c\"%d\":0", i == 0 ? '{' : ',', i);
        text[used++] = '}';
        assert_int_equal(scan_all(tg_text(text, used), NULL), count <= TG_JSON_MAX_MEMBERS ? TG_OK : TG_INVALID);
    }
    for (int bytes = TG_JSON_MAX_MEMBER_NAME_BYTES; bytes <= TG_JSON_MAX_MEMBER_NAME_BYTES + 1; ++bytes) {
        char text[TG_JSON_MAX_MEMBER_NAME_BYTES + 16];
        int used = snprintf(text, sizeof(text), "{\"%0*d\":0}", bytes, 1);
        assert_int_equal(scan_all(tg_text(text, (size_t)used), NULL),
                         bytes <= TG_JSON_MAX_MEMBER_NAME_BYTES ? TG_OK : TG_INVALID);
    }
}

static void errors_name_line_and_column(void **state)
{
    struct tg_error error;
    assert_int_equal(scan_all(tg_text_of("{\n  \"a\": 1,\n  \"b\" 2\n}"), &error), TG_INVALID);
    assert_string_equal(error.message, "not valid JSON: line 3, column 7: a colon is expected behind the member name");
    assert_int_equal(scan_all(tg_text_of("[1,\n2"), &error), TG_INVALID);
    assert_string_equal(error.message, "not valid JSON: line 2, column 2: a comma or ] is expected here");
    assert_int_equal(scan_all(tg_text_of("{\"a\":1, \"a\":2}"), &error), TG_INVALID);
    assert_string_equal(error.message, "not valid JSON: line 1, column 9: a member of this name was there before");
}

static void assert_token(const struct tg_json_token *token, enum tg_json_event event, enum tg_json_kind kind,
                         unsigned depth, const char *key, const char *value)
{
    assert_string_equal(tg_json_event_name(token->event), tg_json_event_name(event));
    assert_string_equal(tg_json_kind_name(token->kind), tg_json_kind_name(kind));
    assert_int_equal(token->depth, depth);
    if (key == NULL)
        assert_null(token->key.data);
    else
        assert_true(tg_text_is(token->key, key));
    assert_true(tg_text_is(token->value, value));
}

static void tokens_come_in_order_with_their_spans(void **state)
{
    struct tg_json_scan scan;
    struct tg_json_token token;
    tg_json_scan_init(&scan, tg_text_of("{\"a\":[1,\"x\\n\"], \"b\":{} , \"c\":null}"));
    const struct {
        enum tg_json_event event;
        enum tg_json_kind kind;
        unsigned depth;
        const char *key;
        const char *value;
    } expected[] = {
        {TG_JSON_BEGIN, TG_JSON_OBJECT, 0, NULL, "{"},
        {TG_JSON_BEGIN, TG_JSON_ARRAY, 1, "a", "["},
        {TG_JSON_VALUE, TG_JSON_NUMBER, 2, NULL, "1"},
        {TG_JSON_VALUE, TG_JSON_STRING, 2, NULL, "x\\n"},
        {TG_JSON_END, TG_JSON_ARRAY, 1, NULL, "[1,\"x\\n\"]"},
        {TG_JSON_BEGIN, TG_JSON_OBJECT, 1, "b", "{"},
        {TG_JSON_END, TG_JSON_OBJECT, 1, NULL, "{}"},
        {TG_JSON_VALUE, TG_JSON_NULL, 1, "c", "null"},
        {TG_JSON_END, TG_JSON_OBJECT, 0, NULL, "{\"a\":[1,\"x\\n\"], \"b\":{} , \"c\":null}"},
    };
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); ++i) {
        tg_json_scan_next(&scan, &token);
        assert_token(&token, expected[i].event, expected[i].kind, expected[i].depth, expected[i].key,
                     expected[i].value);
        assert_int_equal(token.has_escapes, i == 3);
    }
    assert_int_equal(tg_json_scan_next(&scan, &token), TG_JSON_DONE);
    assert_int_equal(tg_json_scan_next(&scan, &token), TG_JSON_DONE);
    assert_int_equal(tg_json_scan_finish(&scan, NULL), TG_OK);
}

/* What a dialect does: some members at the top, some deeper, everything else passed over, leaving loops early. */
static void a_caller_takes_only_what_it_knows(void **state)
{
    static const char body[] =
        "{\"skip\":{\"model\":\"no\",\"deep\":[[[1]]]},\"mo\\u0064el\":\"gpt\",\"stream_options\":"
        "{\"include_usage\":true , \"x\":[1]},\"messages\":[{\"role\":\"user\",\"content\":[{"
        "\"type\":\"text\"},{\"type\":\"image\"}]},{\"role\":\"system\"}],\"n\":3}";
    struct tg_json_scan scan;
    struct tg_json_token root;
    struct tg_json_token member;
    tg_json_scan_init(&scan, tg_text_of(body));
    assert_int_equal(tg_json_scan_next(&scan, &root), TG_JSON_BEGIN);
    struct tg_text model = {0};
    struct tg_text options = {0};
    int64_t n = 0;
    int roles = 0;
    int types = 0;
    while (tg_json_scan_next_in(&scan, &root, &member)) {
        struct tg_json_token message;
        struct tg_json_token field;
        if (tg_json_text_is(member.key, "model"))
            model = member.value;
        else if (tg_json_text_is(member.key, "n"))
            assert_int_equal(tg_json_to_i64(member.value, &n), TG_OK);
        else if (tg_json_text_is(member.key, "stream_options") && tg_json_scan_skip(&scan, &member))
            options = member.value;
        else if (tg_json_text_is(member.key, "messages"))
            while (tg_json_scan_next_in(&scan, &member, &message))
                while (tg_json_scan_next_in(&scan, &message, &field)) {
                    struct tg_json_token part;
                    if (tg_json_text_is(field.key, "role"))
                        ++roles;
                    else if (tg_json_text_is(field.key, "content") && tg_json_scan_next_in(&scan, &field, &part))
                        ++types; /* only the first part; the rest is left for the outer loop to pass over */
                }
    }
    assert_int_equal(tg_json_scan_finish(&scan, NULL), TG_OK);
    assert_true(tg_text_is(model, "gpt"));
    assert_true(tg_text_is(options, "{\"include_usage\":true , \"x\":[1]}"));
    assert_int_equal(n, 3);
    assert_int_equal(roles, 2);
    assert_int_equal(types, 1);
}

static void a_bad_document_ends_every_loop(void **state)
{
    struct tg_json_scan scan;
    struct tg_json_token root;
    struct tg_json_token member;
    tg_json_scan_init(&scan, tg_text_of("{\"a\":[1,2,}"));
    assert_int_equal(tg_json_scan_next(&scan, &root), TG_JSON_BEGIN);
    assert_true(tg_json_scan_next_in(&scan, &root, &member));
    assert_false(tg_json_scan_skip(&scan, &member));
    assert_false(tg_json_scan_next_in(&scan, &root, &member));
    assert_int_equal(tg_json_scan_next(&scan, &member), TG_JSON_BAD);
    assert_int_equal(tg_json_scan_finish(&scan, NULL), TG_INVALID);
}

static void strings_are_compared_and_unescaped_by_meaning(void **state)
{
    const struct {
        const char *raw;
        struct tg_text plain;
    } cases[] = {
        {"", TG_TEXT_LITERAL("")},
        {"plain", TG_TEXT_LITERAL("plain")},
        {"\\\"\\\\\\/\\b\\f\\n\\r\\t", TG_TEXT_LITERAL("\"\\/\b\f\n\r\t")},
        {"a\\u0062c", TG_TEXT_LITERAL("abc")},
        {"\\u00e9", TG_TEXT_LITERAL("\xc3\xa9")},
        {"\\u20ac!", TG_TEXT_LITERAL("\xe2\x82\xac!")},
        {"\\ud83d\\ude00", TG_TEXT_LITERAL("\xf0\x9f\x98\x80")},
        {"\\uD83D\\uDE00", TG_TEXT_LITERAL("\xf0\x9f\x98\x80")},
        {"\\ud83d", TG_TEXT_LITERAL("\xef\xbf\xbd")},
        {"\\ud83d\\n", TG_TEXT_LITERAL("\xef\xbf\xbd\n")},
        {"\\ud83d\\ud83d\\ude00", TG_TEXT_LITERAL("\xef\xbf\xbd\xf0\x9f\x98\x80")},
        {"\\ude00x", TG_TEXT_LITERAL("\xef\xbf\xbdx")},
        {"\xc3\xa9\\n\xc3\xa9", TG_TEXT_LITERAL("\xc3\xa9\n\xc3\xa9")},
    };
    struct tg_arena arena;
    tg_arena_init(&arena);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        struct tg_text raw = tg_text_of(cases[i].raw);
        struct tg_text plain = cases[i].plain;
        assert_true(tg_text_equals(tg_json_unescape(&arena, raw), plain));
        assert_true(tg_json_text_is(raw, plain.data));
        for (size_t j = 0; j < sizeof(cases) / sizeof(cases[0]); ++j)
            assert_int_equal(tg_json_text_is(raw, cases[j].plain.data), tg_text_equals(plain, cases[j].plain));
    }
    struct tg_text nul = tg_json_unescape(&arena, tg_text_of("a\\u0000b"));
    assert_true(tg_text_equals(nul, tg_text("a\0b", 3)));
    assert_false(tg_json_text_is(tg_text_of("a\\u0000b"), "a"));
    assert_false(tg_json_text_is(tg_text(NULL, 0), ""));
    tg_arena_deinit(&arena);
}

static void whole_numbers_are_read_and_others_told_apart(void **state)
{
    int64_t value = 7;
    assert_int_equal(tg_json_to_i64(tg_text_of("9223372036854775807"), &value), TG_OK);
    assert_true(value == INT64_MAX);
    assert_int_equal(tg_json_to_i64(tg_text_of("-9223372036854775808"), &value), TG_OK);
    assert_true(value == INT64_MIN);
    assert_int_equal(tg_json_to_i64(tg_text_of("-0"), &value), TG_OK);
    assert_int_equal(value, 0);
    assert_int_equal(tg_json_to_i64(tg_text_of("9223372036854775808"), &value), TG_TOO_LARGE);
    assert_int_equal(tg_json_to_i64(tg_text_of("-9223372036854775809"), &value), TG_TOO_LARGE);
    assert_int_equal(tg_json_to_i64(tg_text_of("99999999999999999999999999"), &value), TG_TOO_LARGE);
    const char *fractions[] = {"1.0", "1e2", "1E2", "99999999999999999999.5", "-", ""};
    for (size_t i = 0; i < sizeof(fractions) / sizeof(fractions[0]); ++i)
        assert_int_equal(tg_json_to_i64(tg_text_of(fractions[i]), &value), TG_INVALID);
    assert_int_equal(value, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_documents_pass_and_invalid_ones_do_not),
        cmocka_unit_test(the_tree_parser_agrees),
        cmocka_unit_test(every_cut_of_a_document_is_refused),
        cmocka_unit_test(special_bytes_are_seen_at_every_offset),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(top_level_members_are_bounded_in_number_and_name),
        cmocka_unit_test(errors_name_line_and_column),
        cmocka_unit_test(tokens_come_in_order_with_their_spans),
        cmocka_unit_test(a_caller_takes_only_what_it_knows),
        cmocka_unit_test(a_bad_document_ends_every_loop),
        cmocka_unit_test(strings_are_compared_and_unescaped_by_meaning),
        cmocka_unit_test(whole_numbers_are_read_and_others_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
