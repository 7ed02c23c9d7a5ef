#include <assert.h>
#include <endian.h>
#include <inttypes.h>
#include <stdio.h>

#include "controlplane/store/internal.h"

/* The binary forms are those of the type's send and receive functions (src/backend/utils/adt). */

static int64_t pg_microseconds(int64_t unix_ms)
{
    return (unix_ms - TG_DB_EPOCH_MS) * 1000;
}

static enum tg_status put_int16(struct tg_buf *out, int16_t value)
{
    uint16_t big = htobe16((uint16_t)value);
    return tg_buf_append(out, tg_text((const char *)&big, sizeof(big)));
}

static enum tg_status put_int32(struct tg_buf *out, int32_t value)
{
    uint32_t big = htobe32((uint32_t)value);
    return tg_buf_append(out, tg_text((const char *)&big, sizeof(big)));
}

static enum tg_status put_int64(struct tg_buf *out, int64_t value)
{
    uint64_t big = htobe64((uint64_t)value);
    return tg_buf_append(out, tg_text((const char *)&big, sizeof(big)));
}

/* Base 10,000 digits, most significant first; weight is the exponent of the first. */
static enum tg_status put_numeric(struct tg_buf *out, int64_t value)
{
    int16_t digits[5];
    int16_t count = 0;
    uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;
    for (; left != 0; left /= 10000)
        digits[count++] = (int16_t)(left % 10000);
    enum tg_status status = put_int16(out, count);
    if (status == TG_OK)
        status = put_int16(out, (int16_t)(count - 1));
    if (status == TG_OK)
        status = put_int16(out, value < 0 ? 0x4000 : 0);
    if (status == TG_OK)
        status = put_int16(out, 0); /* digits after the point */
    for (int16_t i = count; i > 0 && status == TG_OK; --i)
        status = put_int16(out, digits[i - 1]);
    return status;
}

static enum tg_db_oid array_item_oid(enum tg_db_kind kind)
{
    switch (kind) {
    case TG_DB_INT64S:
        return OID_INT8;
    case TG_DB_IDS:
        return OID_UUID;
    default:
        assert(kind == TG_DB_TIMES);
        return OID_TIMESTAMPTZ;
    }
}

static enum tg_status put_item(struct tg_buf *out, const struct tg_db_value *value, size_t index)
{
    struct tg_text text;
    enum tg_status status;
    switch (value->kind) {
    case TG_DB_INT64S:
        status = put_int32(out, 8);
        return status != TG_OK ? status : put_int64(out, ((const int64_t *)value->array.items)[index]);
    case TG_DB_TIMES:
        status = put_int32(out, 8);
        return status != TG_OK ? status : put_int64(out, pg_microseconds(((const int64_t *)value->array.items)[index]));
    default:
        assert(value->kind == TG_DB_IDS);
        text = tg_text((const char *)((const struct tg_id *)value->array.items)[index].octets, 16);
        status = put_int32(out, (int32_t)text.bytes);
        return status != TG_OK ? status : tg_buf_append(out, text);
    }
}

/* One dimension without nulls; no dimension when empty. */
static enum tg_status put_array(struct tg_buf *out, const struct tg_db_value *value)
{
    size_t count = value->array.count;
    enum tg_status status = put_int32(out, count == 0 ? 0 : 1);
    if (status == TG_OK)
        status = put_int32(out, 0);
    if (status == TG_OK)
        status = put_int32(out, (int32_t)array_item_oid(value->kind));
    if (count == 0 || status != TG_OK)
        return status;
    status = put_int32(out, (int32_t)count);
    if (status == TG_OK)
        status = put_int32(out, 1); /* lower bound */
    for (size_t i = 0; i < count && status == TG_OK; ++i)
        status = put_item(out, value, i);
    return status;
}

static enum tg_status put_content(struct tg_buf *out, const struct tg_db_value *value)
{
    char flag = (char)value->number;
    switch (value->kind) {
    case TG_DB_NULL:
        return TG_OK;
    case TG_DB_TEXT:
    case TG_DB_BYTES:
        return tg_buf_append(out, value->text);
    case TG_DB_INT64:
        return put_int64(out, value->number);
    case TG_DB_INT32:
        return put_int32(out, (int32_t)value->number);
    case TG_DB_NUMERIC:
        return put_numeric(out, value->number);
    case TG_DB_BOOL:
        return tg_buf_append(out, tg_text(&flag, 1));
    case TG_DB_ID:
        return tg_buf_append(out, tg_text((const char *)value->id.octets, sizeof(value->id.octets)));
    case TG_DB_TIME:
        return put_int64(out, pg_microseconds(value->number));
    case TG_DB_INT64S:
    case TG_DB_IDS:
    case TG_DB_TIMES:
        return put_array(out, value);
    }
    return TG_INVALID;
}

enum tg_status tg_db_encode_field(struct tg_buf *out, const struct tg_db_value *value)
{
    if (value->kind == TG_DB_NULL)
        return put_int32(out, -1);
    size_t length_at = out->bytes;
    enum tg_status status = put_int32(out, 0);
    if (status == TG_OK)
        status = put_content(out, value);
    if (status == TG_OK) {
        uint32_t big = htobe32((uint32_t)(out->bytes - length_at - 4));
        memcpy(out->data + length_at, &big, sizeof(big));
    }
    return status;
}

static struct tg_text encode_array(struct tg_arena *arena, const struct tg_db_value *value)
{
    struct tg_buf buf;
    tg_buf_init(&buf, SIZE_MAX / 2); /* as large as what the caller holds already */
    enum tg_status status = put_array(&buf, value);
    assert(status == TG_OK);
    (void)status;
    struct tg_text encoded = tg_arena_copy(arena, tg_buf_text(&buf));
    tg_buf_deinit(&buf);
    return encoded;
}

struct tg_text tg_db_encode_param(struct tg_arena *arena, const struct tg_db_value *value, bool *is_binary)
{
    char id[TG_ID_TEXT_BYTES];
    uint64_t big;
    *is_binary = false;
    switch (value->kind) {
    case TG_DB_NULL:
        return tg_text(NULL, 0);
    case TG_DB_TEXT:
        return tg_arena_copy(arena, value->text); /* libpq wants the NUL */
    case TG_DB_BYTES:
        *is_binary = true;
        return value->text.data == NULL ? tg_text("", 0) : value->text;
    case TG_DB_INT64:
    case TG_DB_INT32:
    case TG_DB_NUMERIC:
        return tg_arena_printf(arena, "%" PRId64, value->number);
    case TG_DB_BOOL:
        return value->number != 0 ? tg_text("t", 1) : tg_text("f", 1);
    case TG_DB_ID:
        tg_id_format(value->id, id);
        return tg_arena_copy(arena, tg_text_of(id));
    case TG_DB_TIME:
        *is_binary = true;
        big = htobe64((uint64_t)pg_microseconds(value->number));
        return tg_arena_copy(arena, tg_text((const char *)&big, sizeof(big)));
    case TG_DB_INT64S:
    case TG_DB_IDS:
    case TG_DB_TIMES:
        *is_binary = true;
        return encode_array(arena, value);
    }
    return tg_text(NULL, 0);
}
