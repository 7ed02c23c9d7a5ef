#include "common/wire/pack.h"

#include <stdlib.h>

enum {
    UPSERT_TAG = 2 << 3 | 2, /* ControlFrame.upsert: field 2, length-delimited */
    VARINT_MAX_BYTES = 5,    /* for a length below 2^35 */
};

size_t tg_wire_packed_bytes(const ProtobufCMessage *message)
{
    return protobuf_c_message_get_packed_size(message);
}

enum tg_status tg_wire_pack(const ProtobufCMessage *message, struct tg_buf *buf)
{
    size_t bytes = protobuf_c_message_get_packed_size(message);
    char *at = tg_buf_reserve(buf, bytes);
    if (at == NULL)
        return TG_TOO_LARGE;
    buf->bytes += protobuf_c_message_pack(message, (uint8_t *)at);
    return TG_OK;
}

size_t tg_wire_pack_into(const ProtobufCMessage *message, void *out)
{
    return protobuf_c_message_pack(message, out);
}

/* An allocator with a purse: what one message may cost. Its memory is malloc's, so the plain one can free it. */
struct purse {
    size_t left_bytes;
    bool is_empty;
};

static void *purse_alloc(void *user, size_t bytes)
{
    struct purse *purse = user;
    if (bytes > purse->left_bytes) {
        purse->is_empty = true;
        return NULL;
    }
    void *memory = malloc(bytes);
    if (memory == NULL)
        abort();
    purse->left_bytes -= bytes;
    return memory;
}

static void purse_free(void *user, void *memory)
{
    free(memory);
}

static enum tg_status unpack(const ProtobufCMessageDescriptor *descriptor, struct tg_text packed, void **message,
                             struct tg_error *error)
{
    struct purse purse = {.left_bytes = TG_WIRE_UNPACKED_MAX_BYTES};
    ProtobufCAllocator allocator = {.alloc = purse_alloc, .free = purse_free, .allocator_data = &purse};
    *message = protobuf_c_message_unpack(descriptor, &allocator, packed.bytes, (const uint8_t *)packed.data);
    if (*message != NULL)
        return TG_OK;
    if (purse.is_empty)
        return tg_fail(error, TG_TOO_LARGE, "a %s of %zu bytes would take more than %d bytes of memory",
                       descriptor->short_name, packed.bytes, TG_WIRE_UNPACKED_MAX_BYTES);
    return tg_fail(error, TG_CORRUPT, "%zu bytes are not a valid %s", packed.bytes, descriptor->short_name);
}

enum tg_status tg_wire_unpack_replica_frame(struct tg_text packed, Tollgate__V1__ReplicaFrame **message,
                                            struct tg_error *error)
{
    void *unpacked;
    enum tg_status status = unpack(&tollgate__v1__replica_frame__descriptor, packed, &unpacked, error);
    *message = unpacked;
    return status;
}

enum tg_status tg_wire_unpack_control_frame(struct tg_text packed, Tollgate__V1__ControlFrame **message,
                                            struct tg_error *error)
{
    void *unpacked;
    enum tg_status status = unpack(&tollgate__v1__control_frame__descriptor, packed, &unpacked, error);
    *message = unpacked;
    return status;
}

enum tg_status tg_wire_unpack_resource(struct tg_text packed, Tollgate__V1__Resource **message, struct tg_error *error)
{
    void *unpacked;
    enum tg_status status = unpack(&tollgate__v1__resource__descriptor, packed, &unpacked, error);
    *message = unpacked;
    return status;
}

enum tg_status tg_wire_unpack_usage_record(struct tg_text packed, Tollgate__V1__UsageRecord **message,
                                           struct tg_error *error)
{
    void *unpacked;
    enum tg_status status = unpack(&tollgate__v1__usage_record__descriptor, packed, &unpacked, error);
    *message = unpacked;
    return status;
}

void tg_wire_free(void *message)
{
    if (message != NULL)
        protobuf_c_message_free_unpacked(message, NULL);
}

enum tg_status tg_wire_wrap_upsert(struct tg_text packed_resource, struct tg_buf *buf)
{
    uint8_t head[1 + VARINT_MAX_BYTES] = {UPSERT_TAG};
    size_t head_bytes = 1;
    for (size_t left = packed_resource.bytes;; left >>= 7) {
        if (left < 0x80) {
            head[head_bytes++] = (uint8_t)left;
            break;
        }
        if (head_bytes == VARINT_MAX_BYTES)
            return TG_TOO_LARGE;
        head[head_bytes++] = (uint8_t)(left | 0x80);
    }
    char *at = tg_buf_reserve(buf, head_bytes + packed_resource.bytes);
    if (at == NULL)
        return TG_TOO_LARGE;
    memcpy(at, head, head_bytes);
    if (packed_resource.bytes != 0)
        memcpy(at + head_bytes, packed_resource.data, packed_resource.bytes);
    buf->bytes += head_bytes + packed_resource.bytes;
    return TG_OK;
}

bool tg_wire_unwrap_upsert(struct tg_text packed_frame, struct tg_text *packed_resource)
{
    if (packed_frame.bytes < 2 || (uint8_t)packed_frame.data[0] != UPSERT_TAG)
        return false;
    size_t length = 0;
    for (size_t i = 1; i < packed_frame.bytes && i <= VARINT_MAX_BYTES; ++i) {
        uint8_t octet = (uint8_t)packed_frame.data[i];
        length |= (size_t)(octet & 0x7f) << (7 * (i - 1));
        if (octet < 0x80) {
            *packed_resource = tg_text(packed_frame.data + i + 1, length);
            return length == packed_frame.bytes - i - 1;
        }
    }
    return false;
}
