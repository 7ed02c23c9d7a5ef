/* dbmate's format. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "controlplane/migrate/migrate.h"

static void the_up_part_ends_where_the_down_part_begins(void **state)
{
    struct tg_text up;
    bool in_transaction;
    assert_true(tg_migration_up_part(
        tg_text_of("-- a comment\n-- migrate:up\nCREATE TABLE a ();\n\n-- migrate:down\nDROP TABLE a;\n"), &up,
        &in_transaction));
    assert_true(tg_text_is(up, "CREATE TABLE a ();\n\n"));
    assert_true(in_transaction);
}

static void a_file_without_a_down_part_is_all_up(void **state)
{
    struct tg_text up;
    bool in_transaction;
    assert_true(tg_migration_up_part(tg_text_of("-- migrate:up transaction:false\r\nSELECT 1;"), &up, &in_transaction));
    assert_true(tg_text_is(up, "SELECT 1;"));
    assert_false(in_transaction);
}

static void a_file_without_markers_is_no_migration(void **state)
{
    struct tg_text up;
    bool in_transaction;
    assert_false(tg_migration_up_part(tg_text_of("SELECT 1;"), &up, &in_transaction));
    assert_false(tg_migration_up_part(tg_text_of(""), &up, &in_transaction));
    assert_false(tg_migration_up_part(tg_text_of("-- migrate:upwards\nSELECT 1;"), &up, &in_transaction));
    assert_false(tg_migration_up_part(tg_text_of("-- migrate:down\nSELECT 1;"), &up, &in_transaction));
}

static void an_up_part_may_be_empty(void **state)
{
    struct tg_text up;
    bool in_transaction;
    assert_true(tg_migration_up_part(tg_text_of("-- migrate:up"), &up, &in_transaction));
    assert_int_equal(up.bytes, 0);
}

static void a_version_is_the_leading_digits(void **state)
{
    char version[TG_MIGRATION_NAME_BYTES];
    assert_true(tg_migration_version("0001_spine.sql", version));
    assert_string_equal(version, "0001");
    assert_true(tg_migration_version("20261122083000_more_things.sql", version));
    assert_string_equal(version, "20261122083000");
    assert_false(tg_migration_version("README.md", version));
    assert_false(tg_migration_version("spine.sql", version));
    assert_false(tg_migration_version("0001_spine.sql~", version));
    assert_false(tg_migration_version("0001spine.sql", version));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_up_part_ends_where_the_down_part_begins),
        cmocka_unit_test(a_file_without_a_down_part_is_all_up),
        cmocka_unit_test(a_file_without_markers_is_no_migration),
        cmocka_unit_test(an_up_part_may_be_empty),
        cmocka_unit_test(a_version_is_the_leading_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
