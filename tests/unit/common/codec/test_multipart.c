/* Forms with files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/codec/multipart.h"

#define TYPE "multipart/form-data; boundary=\"x-1\""

static enum tg_multipart_result read(const char *type, const char *body, struct tg_multipart_part *parts, size_t *count)
{
    struct tg_multipart multipart;
    enum tg_multipart_result result;
    struct tg_multipart_part part;
    *count = 0;
    tg_multipart_init(&multipart, tg_text_of(type), tg_text_of(body));
    while ((result = tg_multipart_next(&multipart, &part)) == TG_MULTIPART_PART)
        parts[(*count)++] = part;
    assert_true((result == TG_MULTIPART_BAD) == (multipart.problem != NULL));
    assert_int_equal(tg_multipart_next(&multipart, &part), result);
    return result;
}

static void fields_and_files_are_found(void **state)
{
    struct tg_multipart_part parts[8];
    size_t count;
    assert_int_equal(read(TYPE,
                          "--x-1\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n"
                          "--x-1\r\ncontent-disposition:form-data;name=\"file\";filename=\"a;b.wav\"\r\n"
                          "Content-Type: audio/wav\r\n\r\nRI\r\n--x\r\nFF\r\n"
                          "--x-1\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\n\r\n--x-1--\r\n",
                          parts, &count),
                     TG_MULTIPART_END);
    assert_int_equal(count, 3);
    assert_true(tg_text_is(parts[0].name, "model") && tg_text_is(parts[0].value, "whisper-1"));
    assert_null(parts[0].filename.data);
    assert_true(tg_text_is(parts[1].filename, "a;b.wav") && tg_text_is(parts[1].content_type, "audio/wav"));
    assert_true(tg_text_is(parts[1].value, "RI\r\n--x\r\nFF"));
    assert_int_equal(parts[2].value.bytes, 0);
}

static void what_two_readers_could_read_differently_is_refused(void **state)
{
    static const char *const rows[][2] = {
        {"multipart/form-data", "--x-1--"},
        {"multipart/form-data; boundary=", "----"},
        {"application/json", "{}"},
        {TYPE, "preamble\r\n--x-1--\r\n"},
        {TYPE, "--x-1\nContent-Disposition: form-data; name=\"a\"\n\nb\n--x-1--\n"},
        {TYPE, "--x-1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb"},
        {TYPE, "--x-1\r\nContent-Disposition: form-data\r\n\r\nb\r\n--x-1--"},
        {TYPE, "--x-1\r\nContent-Disposition: form-data; name=\"a\\\"b\"\r\n\r\nb\r\n--x-1--"},
        {TYPE, "--x-1\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\nb\r\n--x-1--"},
        {TYPE, "--x-1\r\nContent-Disposition: form-data; name=\"a\"\r\n"
               "Content-Disposition: form-data; name=\"b\"\r\n\r\nb\r\n--x-1--"},
        {TYPE, "--x-1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--x-1-- and more"},
        {TYPE, "--x-1\r\n\r\nb\r\n--x-1--"},
        {TYPE, ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct tg_multipart_part parts[8];
        size_t count;
        if (read(rows[i][0], rows[i][1], parts, &count) != TG_MULTIPART_BAD)
            fail_msg("row %zu is accepted", i);
    }
}

static void an_empty_form_is_one(void **state)
{
    struct tg_multipart_part parts[8];
    size_t count;
    assert_int_equal(read(TYPE, "--x-1--\r\n", parts, &count), TG_MULTIPART_END);
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_and_files_are_found),
        cmocka_unit_test(what_two_readers_could_read_differently_is_refused),
        cmocka_unit_test(an_empty_form_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
