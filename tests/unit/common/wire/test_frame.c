#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/wire/frame.h"

static enum tg_frame_result parse(const void *octets, size_t bytes, struct tg_text *content, size_t *frame_bytes)
{
    /* An exact heap copy, so that reading past the end is seen by the sanitizer. */
    char *copy = malloc(bytes == 0 ? 1 : bytes);
    memcpy(copy, octets, bytes);
    enum tg_frame_result result = tg_frame_parse(tg_text(copy, bytes), content, frame_bytes);
    free(copy);
    return result;
}

static void hostile_lengths_end_the_stream(void **state)
{
    static const struct {
        uint8_t octets[6];
        size_t bytes;
        enum tg_frame_result expected;
    } cases[] = {
        {{0}, 0, TG_FRAME_PARTIAL},
        {{0x80}, 1, TG_FRAME_PARTIAL},
        {{0x80, 0x80, 0x80}, 3, TG_FRAME_PARTIAL},
        {{0x80, 0x80, 0x80, 0x80}, 4, TG_FRAME_MALFORMED},       /* a fifth octet would follow */
        {{0xff, 0xff, 0xff, 0xff, 0x0f}, 5, TG_FRAME_MALFORMED}, /* 2^32 - 1 */
        {{0x80, 0x00}, 2, TG_FRAME_MALFORMED},                   /* zero in two octets */
        {{0x81, 0x80, 0x00}, 3, TG_FRAME_MALFORMED},             /* one in three octets */
        {{0x80, 0x80, 0x40}, 3, TG_FRAME_PARTIAL},               /* 1 MiB: the longest */
        {{0x81, 0x80, 0x40}, 3, TG_FRAME_MALFORMED},             /* 1 MiB and one */
        {{0xff, 0xff, 0xff, 0x7f}, 4, TG_FRAME_MALFORMED},
        {{0x02, 0x01}, 2, TG_FRAME_PARTIAL},
        {{0x00}, 1, TG_FRAME_COMPLETE},
        {{0x01, 0xff}, 2, TG_FRAME_COMPLETE},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        struct tg_text content;
        size_t frame_bytes;
        assert_string_equal(tg_frame_result_name(parse(cases[i].octets, cases[i].bytes, &content, &frame_bytes)),
                            tg_frame_result_name(cases[i].expected));
    }
}

static struct tg_buf three_frames(void)
{
    struct tg_buf stream;
    tg_buf_init(&stream, 4096);
    Tollgate__V1__Ping ping = TOLLGATE__V1__PING__INIT;
    Tollgate__V1__ControlFrame frame = TOLLGATE__V1__CONTROL_FRAME__INIT;
    frame.kind_case = TOLLGATE__V1__CONTROL_FRAME__KIND_PING;
    frame.ping = &ping;
    ping.sent_at_ms = 1;
    assert_int_equal(tg_frame_append(&frame.base, &stream), TG_OK);
    char filler[300];
    memset(filler, 'x', sizeof(filler)); /* a length of two octets */
    assert_int_equal(tg_frame_append_packed(tg_text(filler, sizeof(filler)), &stream), TG_OK);
    assert_int_equal(tg_frame_append_packed(tg_text_of(""), &stream), TG_OK);
    return stream;
}

static void feed(struct tg_frame_reader *reader, const char *data, size_t bytes)
{
    while (bytes != 0) {
        size_t room = bytes;
        char *at = tg_frame_reader_room(reader, &room);
        memcpy(at, data, room);
        tg_frame_reader_add(reader, room);
        data += room;
        bytes -= room;
    }
}

static size_t drain(struct tg_frame_reader *reader, size_t lengths[3], size_t count)
{
    struct tg_text content;
    enum tg_frame_result result;
    while ((result = tg_frame_reader_next(reader, &content)) == TG_FRAME_COMPLETE) {
        assert_true(count < 3);
        lengths[count++] = content.bytes;
    }
    assert_int_equal(result, TG_FRAME_PARTIAL);
    return count;
}

static void frames_split_at_every_byte_come_out_whole(void **state)
{
    struct tg_buf stream = three_frames();
    for (size_t split = 0; split <= stream.bytes; ++split) {
        struct tg_frame_reader reader;
        tg_frame_reader_init(&reader);
        size_t lengths[3];
        feed(&reader, stream.data, split);
        size_t count = drain(&reader, lengths, 0);
        feed(&reader, stream.data + split, stream.bytes - split);
        assert_int_equal(drain(&reader, lengths, count), 3);
        assert_int_equal(lengths[0], 4);
        assert_int_equal(lengths[1], 300);
        assert_int_equal(lengths[2], 0);
        tg_frame_reader_deinit(&reader);
    }
    tg_buf_deinit(&stream);
}

static void a_frame_of_the_full_size_passes_and_the_reader_stays_bounded(void **state)
{
    struct tg_buf stream;
    tg_buf_init(&stream, 8 << 20);
    char *filler = calloc(1, TG_FRAME_MAX_BYTES + 1);
    for (int i = 0; i < 3; ++i)
        assert_int_equal(tg_frame_append_packed(tg_text(filler, TG_FRAME_MAX_BYTES), &stream), TG_OK);
    size_t before = stream.bytes;
    assert_int_equal(tg_frame_append_packed(tg_text(filler, TG_FRAME_MAX_BYTES + 1), &stream), TG_TOO_LARGE);
    assert_int_equal(stream.bytes, before);
    free(filler);

    struct tg_frame_reader reader;
    tg_frame_reader_init(&reader);
    size_t count = 0;
    for (size_t at = 0; at < stream.bytes;) {
        size_t room = stream.bytes - at;
        char *into = tg_frame_reader_room(&reader, &room);
        memcpy(into, stream.data + at, room);
        tg_frame_reader_add(&reader, room);
        at += room;
        struct tg_text content;
        while (tg_frame_reader_next(&reader, &content) == TG_FRAME_COMPLETE) {
            assert_int_equal(content.bytes, TG_FRAME_MAX_BYTES);
            ++count;
        }
        assert_true(reader.buf.capacity < 2 * TG_FRAME_MAX_BYTES);
    }
    assert_int_equal(count, 3);
    tg_frame_reader_deinit(&reader);
    tg_buf_deinit(&stream);
}

static void a_full_queue_is_told_from_a_long_message(void **state)
{
    struct tg_buf small;
    tg_buf_init(&small, 16);
    assert_int_equal(tg_frame_append_packed(tg_text_of("0123456789abcde"), &small), TG_OK);
    assert_int_equal(tg_frame_append_packed(tg_text_of(""), &small), TG_EXHAUSTED);
    assert_int_equal(small.bytes, 16);
    tg_buf_deinit(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_lengths_end_the_stream),
        cmocka_unit_test(frames_split_at_every_byte_come_out_whole),
        cmocka_unit_test(a_frame_of_the_full_size_passes_and_the_reader_stays_bounded),
        cmocka_unit_test(a_full_queue_is_told_from_a_long_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
