/* A hundred thousand keys and ten thousand teams: what it costs is printed, and bounded generously. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <unistd.h>

#include "common/base/time.h"
#include "world.h"

enum { KEYS = 100000, TEAMS = 10000 };

static long resident_kib(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%*s %ld", &pages) != 1)
        abort();
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void a_hundred_thousand_keys_fit_and_one_more_is_quick(void **state)
{
    struct world world;
    world_init(&world);
    send_everything(&world);
    long before_kib = resident_kib();
    int64_t start_ms = tg_time_monotonic_ms();
    for (uint32_t i = 2; i <= TEAMS; ++i) {
        send_made(&world, WORLD_TYPE(TEAM), i, 1);
        send_made(&world, WORLD_TYPE(PROJECT), i, i);
        send_made(&world, WORLD_TYPE(APPLICATION), i, i);
    }
    for (uint32_t i = 2; i <= KEYS; ++i)
        send_made(&world, WORLD_TYPE(API_KEY), i, 1 + i % TEAMS);
    int64_t fed_ms = tg_time_monotonic_ms();
    tg_snapshot *snapshot, *next;
    struct tg_error error = {0};
    assert_int_equal(commit(&world, &snapshot, &error), TG_OK);
    int64_t built_ms = tg_time_monotonic_ms();
    tg_snapshot_builder_begin(world.builder, false);
    send_made(&world, WORLD_TYPE(API_KEY), KEYS + 1, 1);
    assert_int_equal(commit(&world, &next, &error), TG_OK);
    int64_t delta_ms = tg_time_monotonic_ms();
    uint8_t sha256[32];
    struct tg_principal principal;
    for (uint32_t i = 1; i <= KEYS + 1; ++i) {
        key_hash(i, sha256);
        assert_true(tg_snapshot_find_key(next, sha256, &principal));
        assert_int_equal(tg_snapshot_find_key(snapshot, sha256, &principal), i <= KEYS);
    }
    print_message("fed in %d ms, built in %d ms, one more key in %d ms; %ld MiB with two generations\n",
                  (int)(fed_ms - start_ms), (int)(built_ms - fed_ms), (int)(delta_ms - built_ms),
                  (resident_kib() - before_kib) / 1024);
    assert_true(delta_ms - built_ms < 2000); /* sanitized, on a busy machine */
    tg_snapshot_unref(snapshot);
    tg_snapshot_unref(next);
    world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hundred_thousand_keys_fit_and_one_more_is_quick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
