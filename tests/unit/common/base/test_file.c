#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/file.h"

static char directory[] = "/tmp/tollgate-test-file-XXXXXX";
static char path[128];

static int make_directory(void **state)
{
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/content", directory);
    return 0;
}

static int remove_directory(void **state)
{
    unlink(path);
    return rmdir(directory); /* fails if a temporary file was left behind */
}

static void what_was_written_is_read_back(void **state)
{
    struct tg_buf content;
    assert_int_equal(tg_file_write_atomic(path, tg_text_of("first"), 0640, NULL), TG_OK);
    assert_int_equal(tg_file_write_atomic(path, tg_text_of("second"), 0600, NULL), TG_OK);
    assert_int_equal(tg_file_read(path, 6, &content, NULL), TG_OK);
    assert_true(tg_text_is(tg_buf_text(&content), "second"));
    tg_buf_deinit(&content);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
}

static void a_file_over_the_bound_is_refused_by_name(void **state)
{
    struct tg_buf content;
    struct tg_error error;
    assert_int_equal(tg_file_write_atomic(path, tg_text_of("seven b"), 0600, NULL), TG_OK);
    assert_int_equal(tg_file_read(path, 6, &content, &error), TG_TOO_LARGE);
    assert_non_null(strstr(error.message, path));
    tg_buf_deinit(&content);
}

static void an_empty_file_is_empty_text(void **state)
{
    struct tg_buf content;
    assert_int_equal(tg_file_write_atomic(path, tg_text_of(""), 0600, NULL), TG_OK);
    assert_int_equal(tg_file_read(path, 0, &content, NULL), TG_OK);
    assert_int_equal(content.bytes, 0);
    tg_buf_deinit(&content);
}

static void a_missing_file_is_not_found(void **state)
{
    struct tg_buf content;
    struct tg_error error;
    assert_int_equal(tg_file_read("/nonexistent/file", 10, &content, &error), TG_NOT_FOUND);
    tg_buf_deinit(&content);
    assert_int_equal(tg_file_write_atomic("/nonexistent/file", tg_text_of("x"), 0600, &error), TG_IO);
    assert_non_null(strstr(error.message, "/nonexistent/file"));
}

static void a_failed_replacement_leaves_nothing_behind(void **state)
{
    /* A directory cannot be replaced by a file, so the rename fails after the temporary file was written. */
    char occupied[160];
    snprintf(occupied, sizeof(occupied), "%s/occupied", directory);
    assert_int_equal(mkdir(occupied, 0700), 0);
    assert_int_equal(tg_file_write_atomic(occupied, tg_text_of("x"), 0600, NULL), TG_IO);
    assert_int_equal(rmdir(occupied), 0);
    DIR *listing = opendir(directory);
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;)
        assert_null(strstr(entry->d_name, "occupied"));
    closedir(listing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read_back),
        cmocka_unit_test(a_file_over_the_bound_is_refused_by_name),
        cmocka_unit_test(an_empty_file_is_empty_text),
        cmocka_unit_test(a_missing_file_is_not_found),
        cmocka_unit_test(a_failed_replacement_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
