#include "common/wire/frame.h"

#include <assert.h>

#include "common/wire/pack.h"

enum {
    READ_BYTES = 16 << 10, /* one TLS record */
    READER_MAX_BYTES = TG_FRAME_LENGTH_MAX_BYTES + TG_FRAME_MAX_BYTES + READ_BYTES,
};

static size_t write_length(size_t length, uint8_t out[TG_FRAME_LENGTH_MAX_BYTES])
{
    size_t count = 0;
    for (; length >= 0x80; length >>= 7)
        out[count++] = (uint8_t)(length | 0x80);
    out[count++] = (uint8_t)length;
    return count;
}

enum tg_status tg_frame_begin(size_t bytes, struct tg_buf *buf)
{
    if (bytes > TG_FRAME_MAX_BYTES)
        return TG_TOO_LARGE;
    uint8_t length[TG_FRAME_LENGTH_MAX_BYTES];
    size_t length_bytes = write_length(bytes, length);
    char *at = tg_buf_reserve(buf, length_bytes + bytes);
    if (at == NULL)
        return TG_EXHAUSTED;
    memcpy(at, length, length_bytes);
    buf->bytes += length_bytes;
    return TG_OK;
}

enum tg_status tg_frame_append(const ProtobufCMessage *message, struct tg_buf *buf)
{
    enum tg_status status = tg_frame_begin(protobuf_c_message_get_packed_size(message), buf);
    return status == TG_OK ? tg_wire_pack(message, buf) : status;
}

enum tg_status tg_frame_append_packed(struct tg_text packed, struct tg_buf *buf)
{
    enum tg_status status = tg_frame_begin(packed.bytes, buf);
    return status == TG_OK ? tg_buf_append(buf, packed) : status;
}

const char *tg_frame_result_name(enum tg_frame_result result)
{
    switch (result) {
    case TG_FRAME_COMPLETE:
        return "complete";
    case TG_FRAME_PARTIAL:
        return "partial";
    case TG_FRAME_MALFORMED:
        return "malformed";
    }
    return "unknown";
}

enum tg_frame_result tg_frame_parse(struct tg_text received, struct tg_text *content, size_t *frame_bytes)
{
    size_t length = 0;
    for (size_t i = 0; i < TG_FRAME_LENGTH_MAX_BYTES; ++i) {
        if (i == received.bytes)
            return TG_FRAME_PARTIAL;
        uint8_t octet = (uint8_t)received.data[i];
        length |= (size_t)(octet & 0x7f) << (7 * i);
        if (octet >= 0x80)
            continue;
        if ((octet == 0 && i != 0) || length > TG_FRAME_MAX_BYTES)
            return TG_FRAME_MALFORMED;
        if (received.bytes - i - 1 < length)
            return TG_FRAME_PARTIAL;
        *content = tg_text(received.data + i + 1, length);
        *frame_bytes = i + 1 + length;
        return TG_FRAME_COMPLETE;
    }
    return TG_FRAME_MALFORMED;
}

void tg_frame_reader_init(struct tg_frame_reader *reader)
{
    *reader = (struct tg_frame_reader){.taken_bytes = 0};
    tg_buf_init(&reader->buf, READER_MAX_BYTES);
}

void tg_frame_reader_deinit(struct tg_frame_reader *reader)
{
    tg_buf_deinit(&reader->buf);
    reader->taken_bytes = 0;
}

char *tg_frame_reader_room(struct tg_frame_reader *reader, size_t *bytes)
{
    tg_buf_consume(&reader->buf, reader->taken_bytes);
    reader->taken_bytes = 0;
    if (*bytes > READ_BYTES)
        *bytes = READ_BYTES;
    char *at = tg_buf_reserve(&reader->buf, *bytes);
    assert(at != NULL); /* less than one frame is held, see READER_MAX_BYTES */
    return at;
}

void tg_frame_reader_add(struct tg_frame_reader *reader, size_t bytes)
{
    reader->buf.bytes += bytes;
}

enum tg_frame_result tg_frame_reader_next(struct tg_frame_reader *reader, struct tg_text *content)
{
    struct tg_text rest = tg_text(reader->buf.data + reader->taken_bytes, reader->buf.bytes - reader->taken_bytes);
    size_t frame_bytes = 0;
    enum tg_frame_result result = tg_frame_parse(rest, content, &frame_bytes);
    if (result == TG_FRAME_COMPLETE)
        reader->taken_bytes += frame_bytes;
    return result;
}
