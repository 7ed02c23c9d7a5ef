/* The vocabulary: what text, money, time, identifiers, buffers and arenas promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/id.h"
#include "common/base/money.h"
#include "common/base/time.h"

static void money_is_read_and_written_exactly(void **state)
{
    static const struct {
        const char *text;
        int64_t pusd;
    } rows[] = {{"0", 0},
                {"1", TG_PUSD_PER_USD},
                {"0.000000000001", 1},
                {"-0.5", -TG_PUSD_PER_USD / 2},
                {"0.000027", 27000000},
                {"9223372.036854775807", INT64_MAX}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        int64_t amount;
        char text[TG_MONEY_TEXT_BYTES];
        assert_true(tg_money_parse(tg_text_of(rows[i].text), &amount));
        assert_int_equal(amount, rows[i].pusd);
        tg_money_format(rows[i].pusd, text);
        assert_string_equal(text, rows[i].text);
    }
}

static void money_that_does_not_fit_or_is_no_number_is_refused(void **state)
{
    static const char *const texts[] = {
        "",   ".",  "1.",  ".5",  "1.0000000000001",     "9223372.036854775808", "1e3", "0x1",
        "1 ", " 1", "--1", "1,5", "99999999999999999999"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); ++i) {
        int64_t amount;
        assert_false(tg_money_parse(tg_text_of(texts[i]), &amount));
    }
}

static void money_arithmetic_stops_at_the_ends(void **state)
{
    assert_int_equal(tg_money_add(INT64_MAX, 1), INT64_MAX);
    assert_int_equal(tg_money_add(INT64_MIN, -1), INT64_MIN);
    assert_int_equal(tg_money_multiply(INT64_MAX / 2, 3), INT64_MAX);
    assert_int_equal(tg_money_multiply(INT64_MAX / 2, -3), INT64_MIN);
    assert_int_equal(tg_money_multiply(150000, 9), 1350000);
}

static void time_is_read_in_every_form_of_rfc_3339_and_written_in_one(void **state)
{
    static const struct {
        const char *read, *written;
    } rows[] = {{"2026-11-22T07:19:53Z", "2026-11-22T07:19:53.000Z"},
                {"2026-11-22t07:19:53.5z", "2026-11-22T07:19:53.500Z"},
                {"2026-11-22T09:19:53.123456789+02:00", "2026-11-22T07:19:53.123Z"},
                {"2024-02-29", "2024-02-29T00:00:00.000Z"},
                {"1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        int64_t unix_ms;
        char text[TG_TIME_TEXT_BYTES];
        assert_true(tg_time_parse(tg_text_of(rows[i].read), &unix_ms));
        tg_time_format(unix_ms, text);
        assert_string_equal(text, rows[i].written);
    }
}

static void what_is_not_a_time_is_refused(void **state)
{
    static const char *const texts[] = {"",
                                        "2026",
                                        "2026-13-01",
                                        "2026-02-30",
                                        "2023-02-29",
                                        "2026-1-1",
                                        "2026-11-22 07:19:53Z",
                                        "2026-11-22T07:19:53",
                                        "2026-11-22T24:00:00Z",
                                        "2026-11-22T07:19:53.Z",
                                        "2026-11-22T07:19:53+2:00",
                                        "2026-11-22T07:19:53Zx"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); ++i) {
        int64_t unix_ms;
        assert_false(tg_time_parse(tg_text_of(texts[i]), &unix_ms));
    }
}

static void identifiers_sort_by_time_and_say_their_version(void **state)
{
    static const uint8_t random[10] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    char text[TG_ID_TEXT_BYTES];
    struct tg_id early = tg_id_make(1000, random), late = tg_id_make(2000, (const uint8_t[10]){0}), read;
    assert_true(memcmp(early.octets, late.octets, 16) < 0);
    tg_id_format(early, text);
    assert_string_equal(text, "00000000-03e8-7fff-bfff-ffffffffffff");
    assert_true(tg_id_parse(tg_text_of(text), &read));
    assert_true(tg_id_equals(read, early));
    assert_false(tg_id_equals(tg_id_new(), tg_id_new()));
    assert_false(tg_id_parse(tg_text_of("00000000-03e8-7fff-bfff-fffffffffff"), &read));
    assert_false(tg_id_parse(tg_text_of("00000000003e8-7fff-bfff-fffffffffffff"), &read));
    assert_false(tg_id_parse(tg_text_of("0000000g-03e8-7fff-bfff-ffffffffffff"), &read));
}

static void a_buffer_never_passes_its_maximum(void **state)
{
    struct tg_buf buf;
    tg_buf_init(&buf, 10);
    assert_int_equal(tg_buf_append(&buf, tg_text_of("12345678")), TG_OK);
    assert_int_equal(tg_buf_append(&buf, tg_text_of("901")), TG_TOO_LARGE);
    assert_int_equal(buf.bytes, 8);
    assert_null(tg_buf_reserve(&buf, SIZE_MAX));
    tg_buf_consume(&buf, 6);
    assert_true(tg_text_is(tg_buf_text(&buf), "78"));
    tg_buf_deinit(&buf);
}

static void an_arena_gives_aligned_memory_of_any_size(void **state)
{
    struct tg_arena arena;
    tg_arena_init(&arena);
    for (size_t bytes = 1; bytes < 100000; bytes = bytes * 3 + 1) {
        char *memory = tg_arena_alloc(&arena, bytes);
        assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
        memset(memory, 0xaa, bytes);
    }
    assert_true(tg_text_is(tg_arena_printf(&arena, "%d bottles", 99), "99 bottles"));
    tg_arena_deinit(&arena);
}

static void a_reset_arena_is_empty_and_keeps_its_memory(void **state)
{
    struct tg_arena arena;
    tg_arena_init(&arena);
    tg_arena_reset(&arena);
    void *first = tg_arena_alloc(&arena, 100);
    tg_arena_alloc(&arena, 100000);
    tg_arena_reset(&arena);
    assert_ptr_equal(tg_arena_alloc(&arena, 50), first);
    tg_arena_deinit(&arena);
    tg_arena_alloc(&arena, 100000);
    tg_arena_reset(&arena); /* a large first block is not kept */
    assert_null(arena.blocks);
}

static void text_is_trimmed_compared_and_turned_into_numbers(void **state)
{
    uint64_t value;
    assert_true(tg_text_is(tg_text_trim(tg_text_of(" \t a b \t")), "a b"));
    assert_true(tg_text_equals_nocase(tg_text_of("Content-LENGTH"), tg_text_of("content-length")));
    assert_true(tg_text_to_u64(tg_text_of("18446744073709551615"), &value));
    assert_false(tg_text_to_u64(tg_text_of("18446744073709551616"), &value));
    assert_false(tg_text_to_u64(tg_text_of("+1"), &value));
    assert_false(tg_text_to_u64(tg_text_of(""), &value));
}

static void an_error_keeps_its_context_in_front(void **state)
{
    struct tg_error error;
    assert_int_equal(tg_fail(&error, TG_IO, "no such file"), TG_IO);
    assert_int_equal(tg_fail_context(&error, TG_IO, "reading %s", "a"), TG_IO);
    assert_string_equal(error.message, "reading a: no such file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(money_is_read_and_written_exactly),
        cmocka_unit_test(money_that_does_not_fit_or_is_no_number_is_refused),
        cmocka_unit_test(money_arithmetic_stops_at_the_ends),
        cmocka_unit_test(time_is_read_in_every_form_of_rfc_3339_and_written_in_one),
        cmocka_unit_test(what_is_not_a_time_is_refused),
        cmocka_unit_test(identifiers_sort_by_time_and_say_their_version),
        cmocka_unit_test(a_buffer_never_passes_its_maximum),
        cmocka_unit_test(an_arena_gives_aligned_memory_of_any_size),
        cmocka_unit_test(a_reset_arena_is_empty_and_keeps_its_memory),
        cmocka_unit_test(text_is_trimmed_compared_and_turned_into_numbers),
        cmocka_unit_test(an_error_keeps_its_context_in_front),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
