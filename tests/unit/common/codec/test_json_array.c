/* JSON arrays that arrive element by element. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/codec/json_array.h"

static const char STREAM[] = "[{\"a\":\"]},[\\\"\"}\n,\r\n{\"b\":[{},[1,2]]},7 , [ ] ,{\"\":\"\\\\\"}\n]\n";

struct heard {
    struct tg_buf raw, data;
    int blocks, ends;
};

static void hear(struct tg_json_array *array, struct tg_text piece, struct heard *heard)
{
    struct tg_json_array_block block;
    /* memory of its own, so that a block that refers to a piece of before is found */
    char *copy = malloc(piece.bytes + 1);
    memcpy(copy, piece.data, piece.bytes);
    tg_json_array_feed(array, tg_text(copy, piece.bytes));
    while (tg_json_array_next(array, &block) == TG_JSON_ARRAY_BLOCK) {
        ++heard->blocks;
        heard->ends += block.data.bytes == 0;
        assert_int_equal(tg_buf_append(&heard->raw, block.raw), TG_OK);
        assert_int_equal(tg_buf_append(&heard->data, block.data), TG_OK);
        assert_int_equal(tg_buf_append(&heard->data, tg_text_of("|")), TG_OK);
    }
    free(copy);
}

static void expect(struct tg_text stream, size_t cut, size_t step, const char *data, const char *rest)
{
    struct tg_json_array array;
    struct heard heard = {.blocks = 0};
    tg_json_array_init(&array, 256);
    tg_buf_init(&heard.raw, 4096);
    tg_buf_init(&heard.data, 4096);
    hear(&array, tg_text(stream.data, cut), &heard);
    for (size_t at = cut; at < stream.bytes; at += step)
        hear(&array, tg_text(stream.data + at, stream.bytes - at < step ? stream.bytes - at : step), &heard);
    if (!tg_text_is(tg_buf_text(&heard.data), data))
        fail_msg("%.*s", TG_TEXT_ARG(tg_buf_text(&heard.data)));
    assert_true(tg_text_is(tg_json_array_rest(&array), rest));
    assert_int_equal(heard.raw.bytes + strlen(rest), stream.bytes);
    assert_memory_equal(heard.raw.data, stream.data, heard.raw.bytes);
    tg_buf_deinit(&heard.raw);
    tg_buf_deinit(&heard.data);
    tg_json_array_deinit(&array);
}

static const char ELEMENTS[] = "{\"a\":\"]},[\\\"\"}|{\"b\":[{},[1,2]]}|[ ]|{\"\":\"\\\\\"}||";

static void elements_are_found_wherever_the_bytes_are_cut(void **state)
{
    struct tg_text stream = tg_text_of(STREAM);
    for (size_t cut = 0; cut <= stream.bytes; ++cut)
        expect(stream, cut, stream.bytes, ELEMENTS, "\n");
    expect(stream, 0, 1, ELEMENTS, "\n");
    expect(stream, 0, 3, ELEMENTS, "\n");
}

static void an_object_alone_is_one_block(void **state)
{
    struct tg_text stream = tg_text_of(" {\"error\":{\"code\":400}}\n");
    for (size_t cut = 0; cut <= stream.bytes; ++cut)
        expect(stream, cut, stream.bytes, "{\"error\":{\"code\":400}}|", "\n");
}

static void what_was_cut_off_is_the_rest(void **state)
{
    expect(tg_text_of("[{\"a\":1},{\"b\":\"}"), 0, 5, "{\"a\":1}|", ",{\"b\":\"}");
}

static void a_block_beyond_the_bound_is_refused(void **state)
{
    struct tg_json_array array;
    struct tg_json_array_block block;
    char big[600];
    memset(big, ' ', sizeof(big));
    big[0] = '[';
    memcpy(big + sizeof(big) - 3, "{}]", 3);
    tg_json_array_init(&array, 256);
    tg_json_array_feed(&array, tg_text(big, sizeof(big)));
    assert_int_equal(tg_json_array_next(&array, &block), TG_JSON_ARRAY_TOO_LARGE);
    tg_json_array_deinit(&array);
    tg_json_array_init(&array, 256);
    tg_json_array_feed(&array, tg_text(big, 200));
    assert_int_equal(tg_json_array_next(&array, &block), TG_JSON_ARRAY_MORE);
    tg_json_array_feed(&array, tg_text(big + 200, 200));
    assert_int_equal(tg_json_array_next(&array, &block), TG_JSON_ARRAY_TOO_LARGE);
    assert_int_equal(tg_json_array_next(&array, &block), TG_JSON_ARRAY_TOO_LARGE);
    tg_json_array_deinit(&array);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_are_found_wherever_the_bytes_are_cut),
        cmocka_unit_test(an_object_alone_is_one_block),
        cmocka_unit_test(what_was_cut_off_is_the_rest),
        cmocka_unit_test(a_block_beyond_the_bound_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
