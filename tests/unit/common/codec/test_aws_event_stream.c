#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/codec/aws_event_stream.h"
#include "common/codec/crc32.h"

enum { MAX_MESSAGE_BYTES = 256 };

#define STRING_HEADER(header_name, text)                                                                               \
    {                                                                                                                  \
        .name = TG_TEXT_LITERAL(header_name), .type = TG_AWS_EVENT_STRING, .value = TG_TEXT_LITERAL(text)              \
    }

/* Messages as AWS's own libraries write them (the vectors that its SDKs' tests share), and what is in them: one
 * name(type)=value for each header, then the payload. */
static const struct {
    struct tg_text bytes;
    const char *expected;
} vectors[] = {
    {TG_TEXT_LITERAL("\x00\x00\x00\x10\x00\x00\x00\x00\x05\xc2H\xeb}\x98\xc8\xff"), "|"},
    {TG_TEXT_LITERAL("\x00\x00\x00\x17\x00\x00\x00\x07)\x86\x01X\x04"
                     "byte\x02\xff\xc2\xf8i\xdc"),
     "byte(int8)=-1 |"},
    {TG_TEXT_LITERAL("\x00\x00\x00\x19\x00\x00\x00\tq\x0e\x92>\x05"
                     "short\x03\xff\xff\xb2|\xb6\xcc"),
     "short(int16)=-1 |"},
    {TG_TEXT_LITERAL("\x00\x00\x00\x1d\x00\x00\x00\r\x83\xe3\xf0\xe7\x07"
                     "integer\x04\xff\xff\xff\xff\x8b\x8e\x12\xeb"),
     "integer(int32)=-1 |"},
    {TG_TEXT_LITERAL("\x00\x00\x00\x1e\x00\x00\x00\x0e]J\xdb\x8d\x04"
                     "long\x05\xff\xff\xff\xff\xff\xff\xff\xffK\xc2"
                     "2\xda"),
     "long(int64)=-1 |"},
    {TG_TEXT_LITERAL("\x00\x00\x00\x1d\x00\x00\x00\x00\xfdR\x8cZ{'foo':'bar'}\xc3"
                     "e96"),
     "|{'foo':'bar'}"},
    {TG_TEXT_LITERAL("\x00\x00\x00=\x00\x00\x00 \x07\xfd\x83\x96\x0c"
                     "content-type\x07\x00\x10"
                     "application/json{'foo':'bar'}\x8d\x9c\x08\xb1"),
     "content-type(string)=application/json |{'foo':'bar'}"},
    {TG_TEXT_LITERAL("\x00\x00\x00\x62\x00\x00\x00\x52\x03\xb5\xcb\x9c"
                     "\x01"
                     "0\x00\x01"
                     "1\x01\x01"
                     "2\x02\x02\x01"
                     "3\x03\x00\x03"
                     "\x01"
                     "4\x04\x00\x00\x00\x04\x01"
                     "5\x05\x00\x00\x00\x00\x00\x00\x00\x05"
                     "\x01"
                     "6\x06\x00\x05"
                     "bytes\x01"
                     "7\x07\x00\x04utf8"
                     "\x01"
                     "8\x08\x00\x00\x00\x00\x00\x00\x00\x08\x01"
                     "9\x09"
                     "0123456789abcdef"
                     "\x63\x35\x36\x71"),
     "0(true)=1 1(false)=0 2(int8)=2 3(int16)=3 4(int32)=4 5(int64)=5 6(bytes)=bytes 7(string)=utf8 8(timestamp)=8 "
     "9(uuid)=0123456789abcdef |"},
    {TG_TEXT_LITERAL("\x00\x00\x00\x52\x00\x00\x00\x42\xbf\x23\x63\x7e"
                     "\x0d:message-type\x07\x00\x05"
                     "error"
                     "\x0b:error-code\x07\x00\x04"
                     "code"
                     "\x0e:error-message\x07\x00\x07message"
                     "\x6b\x6c\xea\x3d"),
     ":message-type(string)=error :error-code(string)=code :error-message(string)=message |"},
};
enum { VECTOR_COUNT = sizeof(vectors) / sizeof(vectors[0]) };

static bool has_text(const struct tg_aws_event_header *header)
{
    return header->type == TG_AWS_EVENT_BYTES || header->type == TG_AWS_EVENT_STRING ||
           header->type == TG_AWS_EVENT_UUID;
}

static void note(struct tg_buf *out, const struct tg_aws_event_message *message)
{
    struct tg_text rest = message->headers;
    struct tg_aws_event_header header;
    while (tg_aws_event_next_header(&rest, &header)) {
        assert_int_equal(tg_buf_printf(out, "%.*s(%s)=", TG_TEXT_ARG(header.name), tg_aws_event_type_name(header.type)),
                         TG_OK);
        if (has_text(&header))
            assert_int_equal(tg_buf_printf(out, "%.*s ", TG_TEXT_ARG(header.value)), TG_OK);
        else
            assert_int_equal(tg_buf_printf(out, "%lld ", (long long)header.number), TG_OK);
    }
    assert_int_equal(rest.bytes, 0);
    assert_int_equal(tg_buf_printf(out, "|%.*s", TG_TEXT_ARG(message->payload)), TG_OK);
}

struct reading {
    struct tg_buf content;
    struct tg_buf raw;
    enum tg_aws_event_result result; /* at the end */
    size_t rest_bytes;
};

/* Feeds exact heap copies of pieces of `step` bytes, the first of `first`, so that AddressSanitizer sees every stray
 * read. */
static struct reading read_in_pieces(struct tg_text stream, size_t first, size_t step)
{
    struct reading reading = {.result = TG_AWS_EVENT_MORE};
    tg_buf_init(&reading.content, 65536);
    tg_buf_init(&reading.raw, 65536);
    struct tg_aws_event_stream decoder;
    tg_aws_event_stream_init(&decoder, MAX_MESSAGE_BYTES);
    for (size_t at = 0; at < stream.bytes && reading.result == TG_AWS_EVENT_MORE;) {
        size_t bytes = at == 0 ? first : step;
        bytes = bytes < stream.bytes - at ? bytes : stream.bytes - at;
        char *piece = malloc(bytes);
        memcpy(piece, stream.data + at, bytes);
        tg_aws_event_stream_feed(&decoder, tg_text(piece, bytes));
        struct tg_aws_event_message message;
        while ((reading.result = tg_aws_event_stream_next(&decoder, &message)) == TG_AWS_EVENT_MESSAGE) {
            note(&reading.content, &message);
            assert_int_equal(tg_buf_append(&reading.raw, message.raw), TG_OK);
        }
        reading.rest_bytes = tg_aws_event_stream_rest_bytes(&decoder);
        if (reading.result != TG_AWS_EVENT_MORE) /* and stays so */
            assert_int_equal(tg_aws_event_stream_next(&decoder, &message), reading.result);
        free(piece);
        at += bytes;
    }
    tg_aws_event_stream_deinit(&decoder);
    return reading;
}

static void forget(struct reading *reading)
{
    tg_buf_deinit(&reading->content);
    tg_buf_deinit(&reading->raw);
}

static void assert_reads_as(struct tg_text stream, size_t first, size_t step, const char *expected)
{
    struct reading reading = read_in_pieces(stream, first, step);
    assert_int_equal(reading.result, TG_AWS_EVENT_MORE);
    assert_int_equal(reading.rest_bytes, 0);
    if (!tg_text_is(tg_buf_text(&reading.content), expected))
        fail_msg("%.*s\ninstead of %s", TG_TEXT_ARG(tg_buf_text(&reading.content)), expected);
    assert_true(tg_text_equals(tg_buf_text(&reading.raw), stream));
    forget(&reading);
}

static void assert_fails(struct tg_text stream, enum tg_aws_event_result expected)
{
    for (size_t step = 1; step <= stream.bytes; ++step) {
        struct reading reading = read_in_pieces(stream, step, step);
        if (reading.result != expected || reading.raw.bytes != 0)
            fail_msg("%s instead of %s with pieces of %zu", tg_aws_event_result_name(reading.result),
                     tg_aws_event_result_name(expected), step);
        forget(&reading);
    }
}

static void messages_of_the_providers_own_libraries_are_read(void **state)
{
    for (size_t i = 0; i < VECTOR_COUNT; ++i)
        assert_reads_as(vectors[i].bytes, vectors[i].bytes.bytes, 1, vectors[i].expected);
}

/* All vectors as one stream. */
static struct tg_buf whole_stream(struct tg_buf *expected)
{
    struct tg_buf stream;
    tg_buf_init(&stream, 4096);
    tg_buf_init(expected, 4096);
    for (size_t i = 0; i < VECTOR_COUNT; ++i) {
        assert_int_equal(tg_buf_append(&stream, vectors[i].bytes), TG_OK);
        assert_int_equal(tg_buf_append(expected, tg_text_of(vectors[i].expected)), TG_OK);
    }
    assert_int_equal(tg_buf_append(expected, tg_text("", 1)), TG_OK);
    return stream;
}

static void cuts_at_any_place_change_nothing(void **state)
{
    struct tg_buf expected;
    struct tg_buf stream = whole_stream(&expected);
    for (size_t cut = 1; cut <= stream.bytes; ++cut) {
        assert_reads_as(tg_buf_text(&stream), cut, stream.bytes, expected.data); /* two pieces */
        assert_reads_as(tg_buf_text(&stream), cut, cut, expected.data);          /* many */
    }
    tg_buf_deinit(&stream);
    tg_buf_deinit(&expected);
}

static void a_stream_that_was_cut_off_shows_what_is_left(void **state)
{
    struct tg_text bytes = vectors[6].bytes;
    for (size_t kept = 1; kept < bytes.bytes; ++kept) {
        struct reading reading = read_in_pieces(tg_text(bytes.data, kept), kept, 1);
        assert_int_equal(reading.result, TG_AWS_EVENT_MORE);
        assert_int_equal(reading.rest_bytes, kept);
        assert_int_equal(reading.raw.bytes, 0);
        forget(&reading);
    }
}

static void any_altered_byte_is_noticed(void **state)
{
    struct tg_text bytes = vectors[6].bytes;
    char altered[128];
    for (size_t i = 0; i < bytes.bytes; ++i)
        for (int bit = 0; bit < 8; ++bit) {
            memcpy(altered, bytes.data, bytes.bytes);
            altered[i] = (char)(altered[i] ^ 1 << bit);
            struct reading reading = read_in_pieces(tg_text(altered, bytes.bytes), bytes.bytes, 1);
            assert_int_equal(reading.result, TG_AWS_EVENT_BAD_CHECKSUM);
            forget(&reading);
        }
}

/* A message with these lengths and right checksums, `total_bytes` of it. */
static struct tg_text make_frame(char *out, uint32_t total, uint32_t header_bytes, const char *content,
                                 size_t content_bytes)
{
    for (int i = 0; i < 4; ++i) {
        out[i] = (char)(total >> (24 - 8 * i));
        out[4 + i] = (char)(header_bytes >> (24 - 8 * i));
    }
    uint32_t crc = tg_crc32(0, out, 8);
    for (int i = 0; i < 4; ++i)
        out[8 + i] = (char)(crc >> (24 - 8 * i));
    if (content_bytes != 0)
        memcpy(out + 12, content, content_bytes);
    crc = tg_crc32(0, out, 12 + content_bytes);
    for (int i = 0; i < 4; ++i)
        out[12 + content_bytes + (size_t)i] = (char)(crc >> (24 - 8 * i));
    return tg_text(out, 16 + content_bytes);
}

static void lengths_that_contradict_each_other_are_refused(void **state)
{
    char frame[64];
    assert_fails(make_frame(frame, 15, 0, NULL, 0), TG_AWS_EVENT_BAD_LENGTH);
    assert_fails(make_frame(frame, 0, 0, NULL, 0), TG_AWS_EVENT_BAD_LENGTH);
    assert_fails(make_frame(frame, 16, 1, NULL, 0), TG_AWS_EVENT_BAD_LENGTH);
    assert_fails(make_frame(frame, 20, 0xff000102, "abcd", 4), TG_AWS_EVENT_BAD_LENGTH);
}

static void a_message_beyond_the_bound_is_refused_before_it_is_kept(void **state)
{
    char frame[64];
    assert_fails(make_frame(frame, MAX_MESSAGE_BYTES + 1, 0, NULL, 0), TG_AWS_EVENT_TOO_LARGE);
    assert_fails(make_frame(frame, UINT32_MAX, 0, NULL, 0), TG_AWS_EVENT_TOO_LARGE);
}

static void malformed_headers_are_refused(void **state)
{
    static const struct tg_text malformed[] = {
        TG_TEXT_LITERAL("\x00\x00"),              /* no name */
        TG_TEXT_LITERAL("\x01"),                  /* a length alone */
        TG_TEXT_LITERAL("\x01x"),                 /* no type */
        TG_TEXT_LITERAL("\x05x\x00"),             /* the name is longer than the rest */
        TG_TEXT_LITERAL("\x01x\x0a"),             /* no such type */
        TG_TEXT_LITERAL("\x01x\xff"),             /* no such type */
        TG_TEXT_LITERAL("\x01x\x02"),             /* no value */
        TG_TEXT_LITERAL("\x01x\x05\x00\x00\x00"), /* half a value */
        TG_TEXT_LITERAL("\x01x\x07\x00"),         /* half a length */
        TG_TEXT_LITERAL("\x01x\x07\x00\x03yz"),   /* a string longer than the rest */
        TG_TEXT_LITERAL("\x01x\x09"
                        "0123456789abcde"),        /* a short UUID */
        TG_TEXT_LITERAL("\x01x\x07\x00\x01y\x01"), /* a second one that is none */
    };
    char frame[64];
    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); ++i)
        assert_fails(make_frame(frame, (uint32_t)(16 + malformed[i].bytes), (uint32_t)malformed[i].bytes,
                                malformed[i].data, malformed[i].bytes),
                     TG_AWS_EVENT_BAD_HEADERS);
}

static void the_headers_that_say_what_it_is_are_found(void **state)
{
    static const struct tg_aws_event_header headers[] = {
        STRING_HEADER(":event-type", "contentBlockDelta"),
        {.name = TG_TEXT_LITERAL(":exception-type"), .type = TG_AWS_EVENT_INT32, .number = 7}, /* not a string */
        STRING_HEADER(":content-type", "application/json"),
        STRING_HEADER(":message-type", "event"),
        STRING_HEADER(":message-type", "exception"),
    };
    struct tg_buf out;
    tg_buf_init(&out, MAX_MESSAGE_BYTES);
    assert_int_equal(tg_aws_event_write(&out, headers, 5, tg_text_of("{}")), TG_OK);
    struct tg_aws_event_stream decoder;
    struct tg_aws_event_message message;
    tg_aws_event_stream_init(&decoder, MAX_MESSAGE_BYTES);
    tg_aws_event_stream_feed(&decoder, tg_buf_text(&out));
    assert_int_equal(tg_aws_event_stream_next(&decoder, &message), TG_AWS_EVENT_MESSAGE);
    assert_ptr_equal(message.raw.data, out.data); /* nothing was copied */
    assert_true(tg_text_is(message.message_type, "event"));
    assert_true(tg_text_is(message.event_type, "contentBlockDelta"));
    assert_true(tg_text_is(message.content_type, "application/json"));
    assert_int_equal(message.exception_type.bytes, 0);
    assert_true(tg_text_is(message.payload, "{}"));
    assert_int_equal(tg_aws_event_stream_next(&decoder, &message), TG_AWS_EVENT_MORE);
    tg_aws_event_stream_deinit(&decoder);
    tg_buf_deinit(&out);
}

static void what_is_written_again_is_the_same(void **state)
{
    for (size_t i = 0; i < VECTOR_COUNT; ++i) {
        struct tg_aws_event_stream decoder;
        struct tg_aws_event_message message;
        tg_aws_event_stream_init(&decoder, MAX_MESSAGE_BYTES);
        tg_aws_event_stream_feed(&decoder, vectors[i].bytes);
        assert_int_equal(tg_aws_event_stream_next(&decoder, &message), TG_AWS_EVENT_MESSAGE);
        struct tg_aws_event_header headers[16];
        size_t count = 0;
        struct tg_text rest = message.headers;
        while (tg_aws_event_next_header(&rest, &headers[count]))
            ++count;
        struct tg_buf out;
        tg_buf_init(&out, MAX_MESSAGE_BYTES);
        assert_int_equal(tg_buf_append(&out, tg_text_of("before")), TG_OK);
        assert_int_equal(tg_aws_event_write(&out, headers, count, message.payload), TG_OK);
        assert_true(tg_text_equals(tg_text(out.data + 6, out.bytes - 6), vectors[i].bytes));
        tg_buf_deinit(&out);
        tg_aws_event_stream_deinit(&decoder);
    }
}

static void extreme_numbers_survive(void **state)
{
    static const struct tg_aws_event_header headers[] = {
        {.name = TG_TEXT_LITERAL("a"), .type = TG_AWS_EVENT_INT8, .number = INT8_MIN},
        {.name = TG_TEXT_LITERAL("b"), .type = TG_AWS_EVENT_INT16, .number = INT16_MAX},
        {.name = TG_TEXT_LITERAL("c"), .type = TG_AWS_EVENT_INT32, .number = INT32_MIN},
        {.name = TG_TEXT_LITERAL("d"), .type = TG_AWS_EVENT_INT64, .number = INT64_MIN},
        {.name = TG_TEXT_LITERAL("e"), .type = TG_AWS_EVENT_TIMESTAMP, .number = INT64_MAX},
    };
    struct tg_buf out;
    tg_buf_init(&out, MAX_MESSAGE_BYTES);
    assert_int_equal(tg_aws_event_write(&out, headers, 5, tg_text(NULL, 0)), TG_OK);
    assert_reads_as(tg_buf_text(&out), out.bytes, 1,
                    "a(int8)=-128 b(int16)=32767 c(int32)=-2147483648 d(int64)=-9223372036854775808 "
                    "e(timestamp)=9223372036854775807 |");
    tg_buf_deinit(&out);
}

static void a_message_that_does_not_fit_leaves_nothing_behind(void **state)
{
    static const struct tg_aws_event_header headers[] = {STRING_HEADER(":message-type", "event")};
    struct tg_text payload = tg_text_of("0123456789");
    size_t needed = 16 + 1 + 13 + 1 + 2 + 5 + payload.bytes;
    for (size_t room = 0; room <= needed; ++room) {
        struct tg_buf out;
        tg_buf_init(&out, 3 + room);
        assert_int_equal(tg_buf_append(&out, tg_text_of("abc")), TG_OK);
        assert_int_equal(tg_aws_event_write(&out, headers, 1, payload), room == needed ? TG_OK : TG_TOO_LARGE);
        assert_int_equal(out.bytes, room == needed ? 3 + needed : 3);
        tg_buf_deinit(&out);
    }
}

static void the_checksum_is_that_of_zlib(void **state)
{
    assert_int_equal(tg_crc32(0, "", 0), 0);
    assert_int_equal(tg_crc32(0, "123456789", 9), 0xcbf43926);
    for (size_t cut = 0; cut <= 43; ++cut) {
        const char *fox = "The quick brown fox jumps over the lazy dog";
        assert_int_equal(tg_crc32(tg_crc32(0, fox, cut), fox + cut, 43 - cut), 0x414fa339);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_of_the_providers_own_libraries_are_read),
        cmocka_unit_test(cuts_at_any_place_change_nothing),
        cmocka_unit_test(a_stream_that_was_cut_off_shows_what_is_left),
        cmocka_unit_test(any_altered_byte_is_noticed),
        cmocka_unit_test(lengths_that_contradict_each_other_are_refused),
        cmocka_unit_test(a_message_beyond_the_bound_is_refused_before_it_is_kept),
        cmocka_unit_test(malformed_headers_are_refused),
        cmocka_unit_test(the_headers_that_say_what_it_is_are_found),
        cmocka_unit_test(what_is_written_again_is_the_same),
        cmocka_unit_test(extreme_numbers_survive),
        cmocka_unit_test(a_message_that_does_not_fit_leaves_nothing_behind),
        cmocka_unit_test(the_checksum_is_that_of_zlib),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
