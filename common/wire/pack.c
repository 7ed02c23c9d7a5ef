#include "common/wire/pack.h"

#include <stdlib.h>

/* Tags of length-delimited fields: number * 8 + 2 (protobuf's wire type LEN). */
enum {
    UPSERT_TAG = 2 << 3 | 2,       /* ControlFrame.upsert */
    USAGE_BATCH_TAG = 6 << 3 | 2,  /* ReplicaFrame.usage_batch */
    USAGE_RECORD_TAG = 3 << 3 | 2, /* UsageBatch.records */
    VARINT_MAX_BYTES = 5,          /* for a length below 2^35 */
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

/* Appends one length-delimited field. */
static enum tg_status put_field(uint8_t tag, struct tg_text content, struct tg_buf *buf)
{
    uint8_t head[1 + VARINT_MAX_BYTES] = {tag};
    size_t head_bytes = 1;
    for (size_t left = content.bytes;; left >>= 7) {
        if (left < 0x80) {
            head[head_bytes++] = (uint8_t)left;
            break;
        }
        if (head_bytes == VARINT_MAX_BYTES)
            return TG_TOO_LARGE;
        head[head_bytes++] = (uint8_t)(left | 0x80);
    }
    char *at = tg_buf_reserve(buf, head_bytes + content.bytes);
    if (at == NULL)
        return TG_TOO_LARGE;
    memcpy(at, head, head_bytes);
    if (content.bytes != 0)
        memcpy(at + head_bytes, content.data, content.bytes);
    buf->bytes += head_bytes + content.bytes;
    return TG_OK;
}

size_t tg_wire_wrapped_bytes(struct tg_text packed)
{
    size_t bytes = 1 + 1 + packed.bytes;
    for (size_t left = packed.bytes; left >= 0x80; left >>= 7)
        ++bytes;
    return bytes;
}

enum tg_status tg_wire_wrap_upsert(struct tg_text packed_resource, struct tg_buf *buf)
{
    return put_field(UPSERT_TAG, packed_resource, buf);
}

enum tg_status tg_wire_begin_usage_batch(struct tg_id boot_id, int64_t first_sequence, struct tg_buf *buf)
{
    Tollgate__V1__UsageBatch head = TOLLGATE__V1__USAGE_BATCH__INIT;
    head.boot_id = tg_wire_id_field(&boot_id);
    head.first_sequence = first_sequence;
    return tg_wire_pack(&head.base, buf);
}

enum tg_status tg_wire_add_usage_record(struct tg_text packed_record, struct tg_buf *buf)
{
    return put_field(USAGE_RECORD_TAG, packed_record, buf);
}

enum tg_status tg_wire_wrap_usage_batch(struct tg_text packed_batch, struct tg_buf *buf)
{
    return put_field(USAGE_BATCH_TAG, packed_batch, buf);
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
