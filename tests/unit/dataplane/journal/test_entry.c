#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dataplane/journal/crc32c.h"
#include "dataplane/journal/entry.h"

/* RFC 3720 appendix B.4. */
static void the_checksum_matches_the_published_examples(void **state)
{
    uint8_t octets[32] = {0};
    assert_int_equal(tg_crc32c(0, octets, 32), 0x8a9136aa);
    assert_int_equal(tg_crc32c_portable(0, octets, 32), 0x8a9136aa);
    memset(octets, 0xff, 32);
    assert_int_equal(tg_crc32c(0, octets, 32), 0x62a8ab43);
    for (int i = 0; i < 32; ++i)
        octets[i] = (uint8_t)i;
    assert_int_equal(tg_crc32c(0, octets, 32), 0x46dd794e);
    assert_int_equal(tg_crc32c_portable(0, octets, 32), 0x46dd794e);
}

static void both_ways_of_computing_agree_at_every_length_and_continue(void **state)
{
    uint8_t octets[100];
    for (int i = 0; i < 100; ++i)
        octets[i] = (uint8_t)(i * 37);
    for (size_t bytes = 0; bytes <= 100; ++bytes) {
        uint32_t whole = tg_crc32c(0, octets, bytes);
        assert_int_equal(whole, tg_crc32c_portable(0, octets, bytes));
        assert_int_equal(whole, tg_crc32c(tg_crc32c(0, octets, bytes / 3), octets + bytes / 3, bytes - bytes / 3));
    }
}

static void a_change_of_any_bit_is_noticed(void **state)
{
    static const struct tg_text record = TG_TEXT_LITERAL("what one call cost");
    char file[128] = {0};
    tg_journal_entry_write(file, TG_JOURNAL_RECORD, 7, 42, record, tg_crc32c(0, record.data, record.bytes));
    struct tg_journal_entry entry;
    assert_true(tg_journal_entry_at(file, sizeof(file), 0, &entry));
    assert_int_equal(entry.sequence, 42);
    assert_int_equal(entry.intent_number, 7);
    assert_true(tg_text_equals(entry.record, record));
    size_t covered = 32 + record.bytes;
    for (size_t bit = 0; bit < 8 * covered; ++bit) {
        file[bit / 8] = (char)(file[bit / 8] ^ 1 << bit % 8);
        assert_false(tg_journal_entry_at(file, sizeof(file), 0, &entry));
        file[bit / 8] = (char)(file[bit / 8] ^ 1 << bit % 8);
    }
    for (size_t bytes = 0; bytes < tg_journal_entry_bytes(record.bytes); ++bytes)
        assert_false(tg_journal_entry_at(file, bytes, 0, &entry));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_checksum_matches_the_published_examples),
        cmocka_unit_test(both_ways_of_computing_agree_at_every_length_and_continue),
        cmocka_unit_test(a_change_of_any_bit_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
