#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "common/base/file.h"
#include "dataplane/snapshot/disk.h"
#include "world.h"

static char directory[64];
static char snapshot_path[96], key_path[96], other_key_path[96];

static int make_directory(void **state)
{
    snprintf(directory, sizeof(directory), "/tmp/tollgate-test-disk-XXXXXX");
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(snapshot_path, sizeof(snapshot_path), "%s/snapshot", directory);
    snprintf(key_path, sizeof(key_path), "%s/key", directory);
    snprintf(other_key_path, sizeof(other_key_path), "%s/other-key", directory);
    return tg_file_write_atomic(key_path, tg_text_of("a private key"), 0600, NULL) != TG_OK ||
           tg_file_write_atomic(other_key_path, tg_text_of("another private key"), 0600, NULL) != TG_OK;
}

static int remove_directory(void **state)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s", directory);
    return system(command);
}

static tg_snapshot_disk *open_disk(const char *key, const char *replica)
{
    tg_snapshot_disk *disk;
    assert_int_equal(tg_snapshot_disk_create(snapshot_path, key, replica, &disk, NULL), TG_OK);
    return disk;
}

static const struct tg_id epoch = {{7, 7, 7}};

static void save_a_world(const char *key, const char *replica)
{
    struct world world;
    world_init(&world);
    send_everything(&world);
    tg_snapshot *snapshot;
    assert_int_equal(commit(&world, &snapshot, NULL), TG_OK);
    tg_snapshot_unref(snapshot);
    tg_snapshot_disk *disk = open_disk(key, replica);
    struct tg_buf sealed;
    assert_int_equal(tg_snapshot_disk_seal(disk, world.builder, epoch, &sealed, NULL), TG_OK);
    assert_int_equal(tg_snapshot_disk_write(disk, tg_buf_text(&sealed), NULL), TG_OK);
    tg_buf_deinit(&sealed);
    tg_snapshot_disk_destroy(disk);
    world_deinit(&world);
}

static enum tg_status load(const char *key, const char *replica, struct tg_error *error)
{
    struct world world;
    world_init(&world);
    tg_snapshot_disk *disk = open_disk(key, replica);
    tg_snapshot *snapshot;
    struct tg_id loaded_epoch;
    enum tg_status status = tg_snapshot_disk_load(disk, world.builder, 0, &loaded_epoch, &snapshot, error);
    if (status == TG_OK) {
        uint8_t sha256[32];
        struct tg_principal principal;
        key_hash(1, sha256);
        assert_true(tg_snapshot_find_key(snapshot, sha256, &principal));
        assert_int_equal(tg_snapshot_revision(snapshot), 1);
        assert_int_equal(tg_snapshot_builder_revision(world.builder), 1);
        assert_true(tg_id_equals(loaded_epoch, epoch));
        tg_snapshot_unref(snapshot);
    } else {
        assert_null(snapshot);
        assert_int_equal(tg_snapshot_builder_revision(world.builder), 0);
    }
    tg_snapshot_disk_destroy(disk);
    world_deinit(&world);
    return status;
}

static void what_was_saved_is_served_after_a_restart(void **state)
{
    struct tg_error error;
    assert_int_equal(load(key_path, "replica-1", &error), TG_NOT_FOUND);
    save_a_world(key_path, "replica-1");
    assert_int_equal(load(key_path, "replica-1", &error), TG_OK);
    struct stat status;
    assert_int_equal(stat(snapshot_path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void no_secret_stands_in_the_file(void **state)
{
    save_a_world(key_path, "replica-1");
    struct tg_buf content;
    assert_int_equal(tg_file_read(snapshot_path, 1 << 20, &content, NULL), TG_OK);
    assert_null(memmem(content.data, content.bytes, "sk-upstream", 11));
    assert_null(memmem(content.data, content.bytes, "provider-1", 10));
    tg_buf_deinit(&content);
}

static void a_foreign_file_is_refused(void **state)
{
    struct tg_error error;
    save_a_world(key_path, "replica-1");
    assert_int_equal(load(other_key_path, "replica-1", &error), TG_CORRUPT);
    assert_non_null(strstr(error.message, snapshot_path));
    assert_int_equal(load(key_path, "replica-2", &error), TG_CORRUPT);
}

static void a_file_that_is_cut_or_altered_anywhere_is_refused(void **state)
{
    save_a_world(key_path, "replica-1");
    struct tg_buf content;
    assert_int_equal(tg_file_read(snapshot_path, 1 << 20, &content, NULL), TG_OK);
    struct tg_error error;
    for (size_t at = 0; at < content.bytes; at += content.bytes / 23) {
        assert_int_equal(tg_file_write_atomic(snapshot_path, tg_text(content.data, at), 0600, NULL), TG_OK);
        assert_int_not_equal(load(key_path, "replica-1", &error), TG_OK);
        content.data[at] ^= 0x10;
        assert_int_equal(tg_file_write_atomic(snapshot_path, tg_buf_text(&content), 0600, NULL), TG_OK);
        content.data[at] ^= 0x10;
        assert_int_not_equal(load(key_path, "replica-1", &error), TG_OK);
    }
    tg_buf_deinit(&content);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(what_was_saved_is_served_after_a_restart),
        IN_DIRECTORY(no_secret_stands_in_the_file),
        IN_DIRECTORY(a_foreign_file_is_refused),
        IN_DIRECTORY(a_file_that_is_cut_or_altered_anywhere_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
