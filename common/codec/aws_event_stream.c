#include "common/codec/aws_event_stream.h"

#include <assert.h>

#include "common/codec/crc32.h"

enum { PRELUDE_BYTES = 12, CHECKSUM_BYTES = 4, UUID_BYTES = 16, MAX_NAME_BYTES = 255, MAX_VALUE_BYTES = 65535 };

const char *tg_aws_event_result_name(enum tg_aws_event_result result)
{
    switch (result) {
    case TG_AWS_EVENT_MESSAGE:
        return "message";
    case TG_AWS_EVENT_MORE:
        return "more";
    case TG_AWS_EVENT_TOO_LARGE:
        return "too_large";
    case TG_AWS_EVENT_BAD_LENGTH:
        return "bad_length";
    case TG_AWS_EVENT_BAD_CHECKSUM:
        return "bad_checksum";
    case TG_AWS_EVENT_BAD_HEADERS:
        return "bad_headers";
    }
    return "unknown";
}

const char *tg_aws_event_type_name(enum tg_aws_event_type type)
{
    static const char *const names[] = {"true",  "false", "int8",   "int16",     "int32",
                                        "int64", "bytes", "string", "timestamp", "uuid"};
    return (size_t)type < sizeof(names) / sizeof(names[0]) ? names[type] : "unknown";
}

/* A big-endian number of 1, 2, 4 or 8 octets. */
static uint64_t read_number(const char *at, size_t bytes)
{
    uint64_t number = 0;
    for (size_t i = 0; i < bytes; ++i)
        number = number << 8 | (uint8_t)at[i];
    return number;
}

static void write_number(char *at, size_t bytes, uint64_t number)
{
    for (size_t i = bytes; i-- > 0; number >>= 8)
        at[i] = (char)(number & 0xff);
}

/* The octets that a value of the type always has; -1 where its length is written before it. */
static int fixed_bytes(enum tg_aws_event_type type)
{
    switch (type) {
    case TG_AWS_EVENT_TRUE:
    case TG_AWS_EVENT_FALSE:
        return 0;
    case TG_AWS_EVENT_INT8:
        return 1;
    case TG_AWS_EVENT_INT16:
        return 2;
    case TG_AWS_EVENT_INT32:
        return 4;
    case TG_AWS_EVENT_INT64:
    case TG_AWS_EVENT_TIMESTAMP:
        return 8;
    case TG_AWS_EVENT_UUID:
        return UUID_BYTES;
    case TG_AWS_EVENT_BYTES:
    case TG_AWS_EVENT_STRING:
        return -1;
    }
    return -1;
}

static bool is_number(enum tg_aws_event_type type)
{
    return (type >= TG_AWS_EVENT_INT8 && type <= TG_AWS_EVENT_INT64) || type == TG_AWS_EVENT_TIMESTAMP;
}

/* ---- reading ---- */

void tg_aws_event_stream_init(struct tg_aws_event_stream *stream, size_t max_message_bytes)
{
    *stream = (struct tg_aws_event_stream){.max_message_bytes = max_message_bytes, .failure = TG_AWS_EVENT_MORE};
    tg_buf_init(&stream->held, max_message_bytes < PRELUDE_BYTES ? PRELUDE_BYTES : max_message_bytes);
}

void tg_aws_event_stream_deinit(struct tg_aws_event_stream *stream)
{
    tg_buf_deinit(&stream->held);
}

void tg_aws_event_stream_feed(struct tg_aws_event_stream *stream, struct tg_text piece)
{
    assert(stream->at == stream->end || stream->failure != TG_AWS_EVENT_MORE); /* the one before was taken in whole */
    stream->at = piece.data;
    stream->end = piece.bytes == 0 ? piece.data : piece.data + piece.bytes;
}

size_t tg_aws_event_stream_rest_bytes(const struct tg_aws_event_stream *stream)
{
    return (stream->is_held ? 0 : stream->held.bytes) + (size_t)(stream->end - stream->at);
}

bool tg_aws_event_next_header(struct tg_text *headers, struct tg_aws_event_header *header)
{
    if (headers->bytes < 2)
        return false;
    const char *at = headers->data;
    const char *end = at + headers->bytes;
    size_t name_bytes = (uint8_t)*at++;
    if (name_bytes == 0 || (size_t)(end - at) < name_bytes + 1)
        return false;
    *header = (struct tg_aws_event_header){.name = tg_text(at, name_bytes)};
    at += name_bytes;
    uint8_t type = (uint8_t)*at++;
    if (type > TG_AWS_EVENT_UUID)
        return false;
    header->type = (enum tg_aws_event_type)type;
    int fixed = fixed_bytes(header->type);
    size_t value_bytes = fixed < 0 ? 0 : (size_t)fixed;
    if (fixed < 0) {
        if (end - at < 2)
            return false;
        value_bytes = (size_t)read_number(at, 2);
        at += 2;
    }
    if ((size_t)(end - at) < value_bytes)
        return false;
    header->value = tg_text(at, value_bytes);
    if (is_number(header->type)) {
        unsigned shift = 64 - 8 * (unsigned)value_bytes;
        header->number = (int64_t)(read_number(at, value_bytes) << shift) >> shift; /* the sign goes with it */
    } else if (header->type == TG_AWS_EVENT_TRUE) {
        header->number = 1;
    }
    at += value_bytes;
    *headers = tg_text(at, (size_t)(end - at));
    return true;
}

static void keep_if_known(struct tg_aws_event_message *message, const struct tg_aws_event_header *header)
{
    const struct {
        const char *name;
        struct tg_text *place;
    } known[] = {
        {":message-type", &message->message_type},     {":event-type", &message->event_type},
        {":exception-type", &message->exception_type}, {":content-type", &message->content_type},
        {":error-code", &message->error_code},         {":error-message", &message->error_message},
    };
    if (header->type != TG_AWS_EVENT_STRING || header->name.data[0] != ':')
        return;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); ++i)
        if (tg_text_is(header->name, known[i].name) && known[i].place->data == NULL)
            *known[i].place = header->value;
}

/* `frame` is a whole message, whose prelude was checked. */
static enum tg_aws_event_result read_message(struct tg_text frame, struct tg_aws_event_message *message)
{
    size_t checked = frame.bytes - CHECKSUM_BYTES;
    if (tg_crc32(0, frame.data, checked) != read_number(frame.data + checked, CHECKSUM_BYTES))
        return TG_AWS_EVENT_BAD_CHECKSUM;
    size_t header_bytes = (size_t)read_number(frame.data + 4, 4);
    *message = (struct tg_aws_event_message){
        .raw = frame,
        .headers = tg_text(frame.data + PRELUDE_BYTES, header_bytes),
        .payload = tg_text(frame.data + PRELUDE_BYTES + header_bytes, checked - PRELUDE_BYTES - header_bytes),
    };
    struct tg_text rest = message->headers;
    struct tg_aws_event_header header;
    while (rest.bytes != 0) {
        if (!tg_aws_event_next_header(&rest, &header))
            return TG_AWS_EVENT_BAD_HEADERS;
        keep_if_known(message, &header);
    }
    return TG_AWS_EVENT_MESSAGE;
}

/* Reads a message's length. MESSAGE if it can be believed. */
static enum tg_aws_event_result read_prelude(const struct tg_aws_event_stream *stream, const char *prelude,
                                             size_t *message_bytes)
{
    uint64_t total = read_number(prelude, 4);
    uint64_t header_bytes = read_number(prelude + 4, 4);
    if (tg_crc32(0, prelude, 8) != read_number(prelude + 8, CHECKSUM_BYTES))
        return TG_AWS_EVENT_BAD_CHECKSUM;
    if (total < TG_AWS_EVENT_OVERHEAD_BYTES || header_bytes > total - TG_AWS_EVENT_OVERHEAD_BYTES)
        return TG_AWS_EVENT_BAD_LENGTH;
    if (total > stream->max_message_bytes)
        return TG_AWS_EVENT_TOO_LARGE;
    *message_bytes = (size_t)total;
    return TG_AWS_EVENT_MESSAGE;
}

/* Takes bytes of the piece until `wanted` are held; false if the piece ends before. */
static bool hold(struct tg_aws_event_stream *stream, size_t wanted)
{
    size_t missing = wanted - stream->held.bytes;
    size_t there = (size_t)(stream->end - stream->at);
    size_t taken = there < missing ? there : missing;
    enum tg_status status = tg_buf_append(&stream->held, tg_text(stream->at, taken));
    assert(status == TG_OK); /* `wanted` is within the bound */
    (void)status;
    stream->at += taken;
    return taken == missing;
}

static enum tg_aws_event_result next_held(struct tg_aws_event_stream *stream, struct tg_aws_event_message *message)
{
    if (stream->message_bytes == 0) {
        if (!hold(stream, PRELUDE_BYTES))
            return TG_AWS_EVENT_MORE;
        enum tg_aws_event_result result = read_prelude(stream, stream->held.data, &stream->message_bytes);
        if (result != TG_AWS_EVENT_MESSAGE)
            return result;
    }
    if (!hold(stream, stream->message_bytes))
        return TG_AWS_EVENT_MORE;
    stream->is_held = true;
    return read_message(tg_buf_text(&stream->held), message);
}

static enum tg_aws_event_result next(struct tg_aws_event_stream *stream, struct tg_aws_event_message *message)
{
    if (stream->is_held) {
        stream->held.bytes = 0;
        stream->message_bytes = 0;
        stream->is_held = false;
    }
    size_t there = (size_t)(stream->end - stream->at);
    if (stream->held.bytes == 0 && there == 0)
        return TG_AWS_EVENT_MORE;
    if (stream->held.bytes != 0 || there < PRELUDE_BYTES)
        return next_held(stream, message);
    size_t message_bytes;
    enum tg_aws_event_result result = read_prelude(stream, stream->at, &message_bytes);
    if (result != TG_AWS_EVENT_MESSAGE)
        return result;
    if (there < message_bytes)
        return next_held(stream, message);
    struct tg_text frame = tg_text(stream->at, message_bytes);
    stream->at += message_bytes;
    return read_message(frame, message);
}

enum tg_aws_event_result tg_aws_event_stream_next(struct tg_aws_event_stream *stream,
                                                  struct tg_aws_event_message *message)
{
    if (stream->failure != TG_AWS_EVENT_MORE)
        return stream->failure;
    enum tg_aws_event_result result = next(stream, message);
    if (result != TG_AWS_EVENT_MESSAGE)
        stream->failure = result;
    return result;
}

/* ---- writing ---- */

static size_t packed_bytes(const struct tg_aws_event_header *header)
{
    int fixed = fixed_bytes(header->type);
    assert(header->name.bytes >= 1 && header->name.bytes <= MAX_NAME_BYTES);
    assert(header->value.bytes <= MAX_VALUE_BYTES);
    assert(header->type != TG_AWS_EVENT_UUID || header->value.bytes == UUID_BYTES);
    return 1 + header->name.bytes + 1 + (fixed < 0 ? 2 + header->value.bytes : (size_t)fixed);
}

static char *pack_header(char *at, const struct tg_aws_event_header *header)
{
    int fixed = fixed_bytes(header->type);
    *at++ = (char)header->name.bytes;
    memcpy(at, header->name.data, header->name.bytes);
    at += header->name.bytes;
    *at++ = (char)header->type;
    if (is_number(header->type)) {
        write_number(at, (size_t)fixed, (uint64_t)header->number);
        return at + fixed;
    }
    if (fixed == 0)
        return at;
    if (fixed < 0) {
        write_number(at, 2, header->value.bytes);
        at += 2;
    }
    if (header->value.bytes != 0)
        memcpy(at, header->value.data, header->value.bytes);
    return at + header->value.bytes;
}

enum tg_status tg_aws_event_begin(struct tg_buf *out, const struct tg_aws_event_header *headers, size_t count,
                                  size_t *start)
{
    size_t header_bytes = 0;
    for (size_t i = 0; i < count; ++i)
        header_bytes += packed_bytes(&headers[i]);
    char *at = header_bytes > UINT32_MAX ? NULL : tg_buf_reserve(out, PRELUDE_BYTES + header_bytes);
    if (at == NULL)
        return TG_TOO_LARGE;
    *start = out->bytes;
    write_number(at + 4, 4, header_bytes);
    char *end = at + PRELUDE_BYTES;
    for (size_t i = 0; i < count; ++i)
        end = pack_header(end, &headers[i]);
    out->bytes += PRELUDE_BYTES + header_bytes;
    return TG_OK;
}

enum tg_status tg_aws_event_end(struct tg_buf *out, size_t start)
{
    size_t checked = out->bytes - start;
    char *checksum = checked > UINT32_MAX - CHECKSUM_BYTES ? NULL : tg_buf_reserve(out, CHECKSUM_BYTES);
    if (checksum == NULL) {
        out->bytes = start;
        return TG_TOO_LARGE;
    }
    char *message = out->data + start;
    write_number(message, 4, checked + CHECKSUM_BYTES);
    write_number(message + 8, CHECKSUM_BYTES, tg_crc32(0, message, 8));
    write_number(checksum, CHECKSUM_BYTES, tg_crc32(0, message, checked));
    out->bytes += CHECKSUM_BYTES;
    return TG_OK;
}

enum tg_status tg_aws_event_write(struct tg_buf *out, const struct tg_aws_event_header *headers, size_t count,
                                  struct tg_text payload)
{
    size_t start;
    if (tg_aws_event_begin(out, headers, count, &start) != TG_OK)
        return TG_TOO_LARGE;
    if (tg_buf_append(out, payload) != TG_OK) {
        out->bytes = start;
        return TG_TOO_LARGE;
    }
    return tg_aws_event_end(out, start);
}
