/* Values in Postgres' binary form, and what happens without a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "controlplane/store/internal.h"

static void assert_field(struct tg_db_value value, const void *expected, size_t bytes)
{
    struct tg_buf out;
    tg_buf_init(&out, 4096);
    assert_int_equal(tg_db_encode_field(&out, &value), TG_OK);
    assert_int_equal(out.bytes, bytes);
    assert_memory_equal(out.data, expected, bytes);
    tg_buf_deinit(&out);
}

/* The expected bytes are what `COPY … TO … (FORMAT binary)` of Postgres 15 writes. */
static void fields_of_a_copy_are_what_postgres_writes(void **state)
{
    assert_field(tg_db_null(), "\xff\xff\xff\xff", 4);
    assert_field(tg_db_int64(-2), "\0\0\0\x08\xff\xff\xff\xff\xff\xff\xff\xfe", 12);
    assert_field(tg_db_int32(200), "\0\0\0\x04\0\0\0\xc8", 8);
    assert_field(tg_db_bool(true), "\0\0\0\x01\x01", 5);
    assert_field(tg_db_string("ab"),
                 "\0\0\0\x02"
                 "ab",
                 6);
    assert_field(tg_db_time(INT64_C(946684800001)), "\0\0\0\x08\0\0\0\0\0\0\x03\xe8", 12);
    assert_field(tg_db_numeric(0), "\0\0\0\x08\0\0\xff\xff\0\0\0\0", 12);
    assert_field(tg_db_numeric(-1000000007), "\0\0\0\x0e\0\x03\0\x02\x40\0\0\0\0\x0a\0\0\0\x07", 18);
}

static void an_array_carries_its_type_and_no_dimension_when_empty(void **state)
{
    int64_t numbers[] = {1, 2};
    assert_field(tg_db_int64s(numbers, 2),
                 "\0\0\0\x2c\0\0\0\x01\0\0\0\0\0\0\0\x14\0\0\0\x02\0\0\0\x01"
                 "\0\0\0\x08\0\0\0\0\0\0\0\x01\0\0\0\x08\0\0\0\0\0\0\0\x02",
                 48);
    assert_field(tg_db_ids(NULL, 0), "\0\0\0\x0c\0\0\0\0\0\0\0\0\0\0\x0b\x86", 16);
}

static void a_field_that_does_not_fit_is_refused(void **state)
{
    struct tg_buf out;
    tg_buf_init(&out, 8);
    struct tg_db_value value = tg_db_string("too long for it");
    assert_int_equal(tg_db_encode_field(&out, &value), TG_TOO_LARGE);
    tg_buf_deinit(&out);
}

static void a_url_is_checked_and_not_quoted(void **state)
{
    tg_db *db;
    struct tg_error error;
    struct tg_db_config config = {.url = "postgresql://user:hunter2@host/db?nonsense=1", .application_name = "test"};
    assert_int_equal(tg_db_open(&config, &db, &error), TG_INVALID);
    assert_null(strstr(error.message, "hunter2"));
    assert_null(db);
}

static void a_server_that_is_not_there_is_unavailable(void **state)
{
    tg_db *db;
    struct tg_error error;
    struct tg_db_config config = {.url = "host=/nonexistent user=nobody", .application_name = "test"};
    assert_int_equal(tg_db_open(&config, &db, &error), TG_OK);
    assert_int_equal(tg_db_begin(db, TG_DB_PLATFORM, NULL, &error), TG_UNAVAILABLE);
    assert_false(tg_db_in_transaction(db));
    assert_int_equal(tg_db_query(db, "SELECT 1", NULL, 0, NULL, &error), TG_UNAVAILABLE);
    tg_db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_of_a_copy_are_what_postgres_writes),
        cmocka_unit_test(an_array_carries_its_type_and_no_dimension_when_empty),
        cmocka_unit_test(a_field_that_does_not_fit_is_refused),
        cmocka_unit_test(a_url_is_checked_and_not_quoted),
        cmocka_unit_test(a_server_that_is_not_there_is_unavailable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
