/* The small pure helpers that several dialects share: growing.h, number.h, tail.h, aspect.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dataplane/dialects/canonical/aspect.h"
#include "dataplane/dialects/canonical/growing.h"
#include "dataplane/dialects/canonical/number.h"
#include "dataplane/dialects/canonical/tail.h"

static void growing_text_keeps_what_was_appended_and_has_a_bound(void **state)
{
    struct tg_arena arena;
    struct tg_growing growing = {NULL};
    char piece[1000];
    memset(piece, 'x', sizeof(piece));
    tg_arena_init(&arena);
    assert_int_equal(tg_growing_append(&growing, &arena, tg_text(NULL, 0)), TG_OK);
    assert_null(growing.data);
    for (size_t i = 0; i < 200; ++i) {
        piece[0] = (char)('a' + i % 26);
        assert_int_equal(tg_growing_append(&growing, &arena, tg_text(piece, sizeof(piece))), TG_OK);
    }
    assert_int_equal(growing.bytes, 200000);
    for (size_t i = 0; i < 200; ++i)
        assert_int_equal(growing.data[i * 1000], 'a' + i % 26);
    growing.bytes = TG_GROWING_MAX_BYTES - 1;
    assert_int_equal(tg_growing_append(&growing, &arena, tg_text("ab", 2)), TG_TOO_LARGE);
    assert_int_equal(growing.bytes, TG_GROWING_MAX_BYTES - 1);
    tg_arena_deinit(&arena);
}

static void numbers_are_compared_as_they_are_written(void **state)
{
    static const char *const more[] = {
        "1.1", "2", "1.0001", "10", "1e1", "0.11e1", "100e-1", "1E+3", "1e99999999999999999999"};
    static const char *const not_more[] = {"1",    "1.0",   "0",     "0.999", "-5",    "-1e9",
                                           "1e-1", "10e-1", "1.0e0", "0e5",   "0.1e1", "2e-99999999999999999999",
                                           "0.0",  ""};
    for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); ++i)
        if (!tg_number_exceeds_one(tg_text_of(more[i])))
            fail_msg("%s", more[i]);
    for (size_t i = 0; i < sizeof(not_more) / sizeof(not_more[0]); ++i)
        if (tg_number_exceeds_one(tg_text_of(not_more[i])))
            fail_msg("%s", not_more[i]);
}

static void only_a_member_of_the_document_itself_is_found_in_its_tail(void **state)
{
    static const char *const tails[][2] = {
        {"\"usage\":{\"a\":1}}", "{\"a\":1}"},
        {"x\\\"usage\\\":{}\",\"usage\" : {\"a\":\"}\"} , \"b\":[{}]}\n", "{\"a\":\"}\"}"},
        {"{\"x\":{\"usage\":{\"a\":1}}}", ""},
        {"\"usage\":{\"a\":1},\"message\":{\"usage\":{\"b\":2}}}", "{\"a\":1}"},
        {"\"usage\":{\"a\":1}", ""},
        {"\"usage\":{\"a\":1}}}", ""},
        {"\"usage\":3}", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); ++i)
        if (!tg_text_is(tg_tail_object(tg_text_of(tails[i][0]), tg_text_of("\"usage\"")), tails[i][1]))
            fail_msg("%s", tails[i][0]);
}

static void every_setting_has_a_name_in_every_dialect(void **state)
{
    for (unsigned dialect = 0; dialect < TG_DIALECT_COUNT; ++dialect)
        for (unsigned aspect = 0; aspect < TG_ASPECT_COUNT; ++aspect)
            assert_true(tg_aspect_path((enum tg_dialect_id)dialect, (enum tg_aspect)aspect).bytes > 0);
    assert_true(tg_text_is(tg_aspect_path(TG_DIALECT_GEMINI, TG_ASPECT_CHOICES), "generationConfig.candidateCount"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(growing_text_keeps_what_was_appended_and_has_a_bound),
        cmocka_unit_test(numbers_are_compared_as_they_are_written),
        cmocka_unit_test(only_a_member_of_the_document_itself_is_found_in_its_tail),
        cmocka_unit_test(every_setting_has_a_name_in_every_dialect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
