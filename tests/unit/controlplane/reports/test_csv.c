/* Cells that every reader of RFC 4180 reads back, and that no spreadsheet runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "controlplane/reports/csv.h"

static void check(const char *text, const char *cell)
{
    struct tg_buf out;
    tg_buf_init(&out, 1024);
    assert_int_equal(tg_csv_append_text(&out, tg_text_of(text)), TG_OK);
    assert_int_equal(out.bytes, strlen(cell));
    assert_memory_equal(out.data == NULL ? "" : out.data, cell, out.bytes);
    tg_buf_deinit(&out);
}

static void plain_text_stays_as_it_is(void **state)
{
    check("", "");
    check("gpt-4o-mini", "gpt-4o-mini");
    check("a=b", "a=b");
    check("caf\xc3\xa9", "caf\xc3\xa9");
}

static void commas_quotes_and_line_ends_are_quoted(void **state)
{
    check("a,b", "\"a,b\"");
    check("say \"hi\"", "\"say \"\"hi\"\"\"");
    check("two\nlines", "\"two\nlines\"");
    check("\"", "\"\"\"\"");
}

static void what_a_spreadsheet_would_run_is_made_text(void **state)
{
    check("=1+1", "'=1+1");
    check("+49", "'+49");
    check("-2", "'-2");
    check("@SUM(A1)", "'@SUM(A1)");
    check("\tx", "'\tx");
    check("\rx", "\"'\rx\"");
    check("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"");
}

static void a_cell_beyond_the_buffer_is_told(void **state)
{
    struct tg_buf out;
    tg_buf_init(&out, 8);
    assert_int_equal(tg_csv_append_text(&out, tg_text_of("much too long")), TG_TOO_LARGE);
    assert_int_equal(out.bytes, 0);
    tg_buf_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_text_stays_as_it_is),
        cmocka_unit_test(commas_quotes_and_line_ends_are_quoted),
        cmocka_unit_test(what_a_spreadsheet_would_run_is_made_text),
        cmocka_unit_test(a_cell_beyond_the_buffer_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
