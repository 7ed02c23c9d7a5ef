#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/crypto/seal.h"

static const struct tg_text plain_text = TG_TEXT_LITERAL("sk-upstream");
static const struct tg_text place = TG_TEXT_LITERAL("credential:1");

static void count_up(uint8_t key[TG_SEAL_KEY_BYTES], uint8_t first)
{
    for (int i = 0; i < TG_SEAL_KEY_BYTES; ++i)
        key[i] = (uint8_t)(first + i);
}

static tg_seal_ring *ring_of(uint32_t key_id, uint8_t first)
{
    uint8_t key[TG_SEAL_KEY_BYTES];
    count_up(key, first);
    tg_seal_ring *ring = tg_seal_ring_create();
    assert_int_equal(tg_seal_ring_add(ring, key_id, key, NULL), TG_OK);
    return ring;
}

static struct tg_buf seal(const tg_seal_ring *ring, struct tg_text plain)
{
    struct tg_buf sealed;
    tg_buf_init(&sealed, 1024);
    assert_int_equal(tg_seal(ring, plain, place, &sealed), TG_OK);
    assert_int_equal(sealed.bytes, plain.bytes + TG_SEAL_OVERHEAD_BYTES);
    return sealed;
}

static void assert_refused(const tg_seal_ring *ring, struct tg_text sealed, struct tg_text additional,
                           enum tg_status expected)
{
    struct tg_secret plain;
    struct tg_error error = {0};
    assert_int_equal(tg_seal_open(ring, sealed, additional, &plain, &error), expected);
    assert_int_equal(error.status, expected);
    assert_true(error.message[0] != '\0');
    assert_null(plain.data);
}

static void what_was_sealed_opens(void **state)
{
    tg_seal_ring *ring = ring_of(7, 0);
    const struct tg_text texts[] = {plain_text, tg_text("", 0), tg_text("a\0b", 3)};
    for (size_t i = 0; i < 3; ++i) {
        struct tg_buf sealed = seal(ring, texts[i]);
        struct tg_secret plain;
        assert_int_equal(tg_seal_open(ring, tg_buf_text(&sealed), place, &plain, NULL), TG_OK);
        assert_true(tg_text_equals(tg_secret_text(&plain), texts[i]));
        tg_secret_deinit(&plain);
        assert_null(plain.data);
        tg_buf_deinit(&sealed);
    }
    tg_seal_ring_destroy(ring);
}

/* Made by another implementation of AES-256-GCM: what is in databases stays readable. */
static void the_stored_format_does_not_change(void **state)
{
    static const char hex[] =
        "0100000007a0a1a2a3a4a5a6a7a8a9aaab9573515835b876cd0704ea1735b3e3a441942a0a7ee821bcde6a31";
    uint8_t sealed[(sizeof(hex) - 1) / 2];
    assert_true(tg_hex_decode(tg_text_of(hex), sealed, sizeof(sealed)));
    tg_seal_ring *ring = ring_of(7, 0);
    struct tg_secret plain;
    assert_int_equal(tg_seal_open(ring, tg_text((char *)sealed, sizeof(sealed)), place, &plain, NULL), TG_OK);
    assert_true(tg_text_equals(tg_secret_text(&plain), plain_text));
    tg_secret_deinit(&plain);
    tg_seal_ring_destroy(ring);
}

static void no_two_sealings_are_alike(void **state)
{
    tg_seal_ring *ring = ring_of(7, 0);
    struct tg_buf a = seal(ring, plain_text);
    struct tg_buf b = seal(ring, plain_text);
    assert_memory_not_equal(a.data, b.data, a.bytes);
    tg_buf_deinit(&a);
    tg_buf_deinit(&b);
    tg_seal_ring_destroy(ring);
}

static void any_altered_bit_is_noticed(void **state)
{
    tg_seal_ring *ring = ring_of(7, 0);
    struct tg_buf sealed = seal(ring, plain_text);
    for (size_t i = 0; i < sealed.bytes; ++i) {
        for (int bit = 0; bit < 8; ++bit) {
            sealed.data[i] = (char)(sealed.data[i] ^ (1 << bit));
            bool is_key_id = i >= 1 && i < 5;
            assert_refused(ring, tg_buf_text(&sealed), place, is_key_id ? TG_NOT_FOUND : TG_CORRUPT);
            sealed.data[i] = (char)(sealed.data[i] ^ (1 << bit));
        }
    }
    for (size_t bytes = 0; bytes < sealed.bytes; ++bytes)
        assert_refused(ring, tg_text(sealed.data, bytes), place, TG_CORRUPT);
    tg_buf_deinit(&sealed);
    tg_seal_ring_destroy(ring);
}

static void it_does_not_open_in_another_place(void **state)
{
    tg_seal_ring *ring = ring_of(7, 0);
    struct tg_buf sealed = seal(ring, plain_text);
    assert_refused(ring, tg_buf_text(&sealed), tg_text_of("credential:2"), TG_CORRUPT);
    assert_refused(ring, tg_buf_text(&sealed), tg_text_of(""), TG_CORRUPT);
    tg_buf_deinit(&sealed);
    tg_seal_ring_destroy(ring);
}

static void an_unknown_key_and_a_wrong_key_are_told_apart(void **state)
{
    tg_seal_ring *ring = ring_of(7, 0);
    tg_seal_ring *other_number = ring_of(8, 0);
    tg_seal_ring *other_key = ring_of(7, 1);
    struct tg_buf sealed = seal(ring, plain_text);
    assert_refused(other_number, tg_buf_text(&sealed), place, TG_NOT_FOUND);
    assert_refused(other_key, tg_buf_text(&sealed), place, TG_CORRUPT);
    tg_buf_deinit(&sealed);
    tg_seal_ring_destroy(ring);
    tg_seal_ring_destroy(other_number);
    tg_seal_ring_destroy(other_key);
}

static void the_newest_key_seals_and_all_open(void **state)
{
    tg_seal_ring *ring = ring_of(7, 0);
    struct tg_buf old = seal(ring, plain_text);
    uint8_t key[TG_SEAL_KEY_BYTES];
    count_up(key, 100);
    assert_int_equal(tg_seal_ring_add(ring, 0x01020304, key, NULL), TG_OK);
    assert_int_equal(tg_seal_ring_current(ring), 0x01020304);
    struct tg_buf new = seal(ring, plain_text);
    uint32_t key_id = 0;
    assert_int_equal(tg_seal_key_id(tg_buf_text(&old), &key_id, NULL), TG_OK);
    assert_int_equal(key_id, 7);
    assert_int_equal(tg_seal_key_id(tg_buf_text(&new), &key_id, NULL), TG_OK);
    assert_int_equal(key_id, 0x01020304);
    struct tg_secret plain;
    assert_int_equal(tg_seal_open(ring, tg_buf_text(&old), place, &plain, NULL), TG_OK);
    tg_secret_deinit(&plain);
    assert_int_equal(tg_seal_open(ring, tg_buf_text(&new), place, &plain, NULL), TG_OK);
    tg_secret_deinit(&plain);
    assert_int_equal(tg_seal_ring_add(ring, 7, key, NULL), TG_CONFLICT);
    tg_buf_deinit(&old);
    tg_buf_deinit(&new);
    tg_seal_ring_destroy(ring);
}

static void a_full_buffer_and_a_full_ring_are_refused(void **state)
{
    tg_seal_ring *ring = ring_of(0, 0);
    struct tg_buf sealed;
    tg_buf_init(&sealed, plain_text.bytes + TG_SEAL_OVERHEAD_BYTES - 1);
    assert_int_equal(tg_seal(ring, plain_text, place, &sealed), TG_TOO_LARGE);
    assert_int_equal(sealed.bytes, 0);
    tg_buf_deinit(&sealed);
    uint8_t key[TG_SEAL_KEY_BYTES] = {0};
    for (uint32_t id = 1; id < TG_SEAL_MAX_KEYS; ++id)
        assert_int_equal(tg_seal_ring_add(ring, id, key, NULL), TG_OK);
    assert_int_equal(tg_seal_ring_add(ring, TG_SEAL_MAX_KEYS, key, NULL), TG_EXHAUSTED);
    tg_seal_ring_destroy(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sealed_opens),
        cmocka_unit_test(the_stored_format_does_not_change),
        cmocka_unit_test(no_two_sealings_are_alike),
        cmocka_unit_test(any_altered_bit_is_noticed),
        cmocka_unit_test(it_does_not_open_in_another_place),
        cmocka_unit_test(an_unknown_key_and_a_wrong_key_are_told_apart),
        cmocka_unit_test(the_newest_key_seals_and_all_open),
        cmocka_unit_test(a_full_buffer_and_a_full_ring_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
