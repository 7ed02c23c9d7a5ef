/* Any bytes, cut by the input's first byte: the messages and the failure do not depend on the cuts, no byte of a
 * message is lost or added, and what was read writes as it was. The checksums of the input are made right first where
 * its lengths allow it, because no fuzzer guesses them. */
#include "common/codec/aws_event_stream.h"
#include "common/codec/crc32.h"
#include "tests/fuzz/fuzz.h"

enum { MAX_MESSAGE_BYTES = 512, MAX_HEADERS = MAX_MESSAGE_BYTES / 3 };

struct reading {
    struct tg_buf raw;
    enum tg_aws_event_result result;
};

static uint32_t number_at(const char *at)
{
    const uint8_t *octets = (const uint8_t *)at;
    return (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 | (uint32_t)octets[2] << 8 | octets[3];
}

static void set_number(char *at, uint32_t number)
{
    for (int i = 0; i < 4; ++i)
        at[i] = (char)(number >> (24 - 8 * i));
}

/* Lengths are cut to what is there. */
static void mend(char *data, size_t bytes)
{
    while (bytes >= TG_AWS_EVENT_OVERHEAD_BYTES) {
        uint32_t total = number_at(data) & 0x3ff;
        if ((size_t)total > bytes || total < TG_AWS_EVENT_OVERHEAD_BYTES)
            return;
        set_number(data, total);
        set_number(data + 4, number_at(data + 4) & 0xff);
        set_number(data + 8, tg_crc32(0, data, 8));
        set_number(data + total - 4, tg_crc32(0, data, total - 4));
        data += total;
        bytes -= total;
    }
}

static void write_again(const struct tg_aws_event_message *message)
{
    struct tg_aws_event_header headers[MAX_HEADERS];
    size_t count = 0;
    struct tg_text rest = message->headers;
    while (rest.bytes != 0) {
        REQUIRE(count < MAX_HEADERS);
        REQUIRE(tg_aws_event_next_header(&rest, &headers[count++]));
    }
    struct tg_buf out;
    tg_buf_init(&out, MAX_MESSAGE_BYTES);
    REQUIRE(tg_aws_event_write(&out, headers, count, message->payload) == TG_OK);
    REQUIRE(tg_text_equals(tg_buf_text(&out), message->raw));
    tg_buf_deinit(&out);
}

static void read_stream(struct tg_text bytes, size_t step, struct reading *reading)
{
    struct tg_aws_event_stream stream;
    tg_aws_event_stream_init(&stream, MAX_MESSAGE_BYTES);
    tg_buf_init(&reading->raw, bytes.bytes);
    reading->result = TG_AWS_EVENT_MORE;
    for (size_t at = 0; at < bytes.bytes && reading->result == TG_AWS_EVENT_MORE; at += step) {
        struct tg_aws_event_message message;
        tg_aws_event_stream_feed(&stream, tg_text(bytes.data + at, bytes.bytes - at < step ? bytes.bytes - at : step));
        while ((reading->result = tg_aws_event_stream_next(&stream, &message)) == TG_AWS_EVENT_MESSAGE) {
            REQUIRE(tg_buf_append(&reading->raw, message.raw) == TG_OK);
            write_again(&message);
        }
    }
    REQUIRE(reading->raw.bytes == 0 || memcmp(reading->raw.data, bytes.data, reading->raw.bytes) == 0);
    if (reading->result == TG_AWS_EVENT_MORE)
        REQUIRE(reading->raw.bytes + tg_aws_event_stream_rest_bytes(&stream) == bytes.bytes);
    tg_aws_event_stream_deinit(&stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t bytes = size - 1;
    char *copy = malloc(bytes);
    REQUIRE(copy != NULL);
    memcpy(copy, data + 1, bytes);
    if (data[0] & 0x80)
        mend(copy, bytes);
    struct reading whole;
    struct reading cut;
    read_stream(tg_text(copy, bytes), bytes, &whole);
    read_stream(tg_text(copy, bytes), 1 + data[0] % 32, &cut);
    REQUIRE(whole.result == cut.result);
    REQUIRE(tg_text_equals(tg_buf_text(&whole.raw), tg_buf_text(&cut.raw)));
    tg_buf_deinit(&whole.raw);
    tg_buf_deinit(&cut.raw);
    free(copy);
    return 0;
}
