#include <assert.h>
#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/store/internal.h"

void tg_db_result_free(tg_db_result *result)
{
    if (result == NULL)
        return;
    PQclear(result->native);
    free(result);
}

size_t tg_db_rows(const tg_db_result *result)
{
    return (size_t)PQntuples(result->native);
}

size_t tg_db_columns(const tg_db_result *result)
{
    return (size_t)PQnfields(result->native);
}

int64_t tg_db_affected(const tg_db_result *result)
{
    const char *count = PQcmdTuples(result->native);
    return count[0] == '\0' ? 0 : strtoll(count, NULL, 10);
}

static enum tg_db_oid type_of(const tg_db_result *result, size_t column)
{
    assert(column < tg_db_columns(result));
    return (enum tg_db_oid)PQftype(result->native, (int)column);
}

static struct tg_text field(const tg_db_result *result, size_t row, size_t column)
{
    assert(row < tg_db_rows(result) && column < tg_db_columns(result));
    return tg_text(PQgetvalue(result->native, (int)row, (int)column),
                   (size_t)PQgetlength(result->native, (int)row, (int)column));
}

static int64_t read_big_endian(const char *data, size_t bytes)
{
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (bytes) {
    case 2:
        memcpy(&two, data, sizeof(two));
        return (int16_t)be16toh(two);
    case 4:
        memcpy(&four, data, sizeof(four));
        return (int32_t)be32toh(four);
    default:
        assert(bytes == 8);
        memcpy(&eight, data, sizeof(eight));
        return (int64_t)be64toh(eight);
    }
}

bool tg_db_is_null(const tg_db_result *result, size_t row, size_t column)
{
    assert(row < tg_db_rows(result) && column < tg_db_columns(result));
    return PQgetisnull(result->native, (int)row, (int)column);
}

struct tg_text tg_db_get_text(const tg_db_result *result, size_t row, size_t column)
{
    enum tg_db_oid type = type_of(result, column);
    assert(type == OID_TEXT || type == OID_VARCHAR || type == OID_BPCHAR || type == OID_NAME || type == OID_JSON ||
           type == OID_JSONB);
    struct tg_text text = field(result, row, column);
    if (type == OID_JSONB && text.bytes > 0) /* a version number comes first */
        return tg_text(text.data + 1, text.bytes - 1);
    return text;
}

struct tg_text tg_db_get_bytes(const tg_db_result *result, size_t row, size_t column)
{
    assert(type_of(result, column) == OID_BYTEA);
    return field(result, row, column);
}

int64_t tg_db_get_int64(const tg_db_result *result, size_t row, size_t column)
{
    enum tg_db_oid type = type_of(result, column);
    assert(type == OID_INT8 || type == OID_INT4 || type == OID_INT2);
    (void)type;
    if (tg_db_is_null(result, row, column))
        return 0;
    struct tg_text bytes = field(result, row, column);
    return read_big_endian(bytes.data, bytes.bytes);
}

bool tg_db_get_bool(const tg_db_result *result, size_t row, size_t column)
{
    assert(type_of(result, column) == OID_BOOL);
    return !tg_db_is_null(result, row, column) && field(result, row, column).data[0] != 0;
}

struct tg_id tg_db_get_id(const tg_db_result *result, size_t row, size_t column)
{
    assert(type_of(result, column) == OID_UUID);
    struct tg_id id = {{0}};
    if (!tg_db_is_null(result, row, column))
        memcpy(id.octets, field(result, row, column).data, sizeof(id.octets));
    return id;
}

int64_t tg_db_get_time_ms(const tg_db_result *result, size_t row, size_t column)
{
    assert(type_of(result, column) == OID_TIMESTAMPTZ);
    if (tg_db_is_null(result, row, column))
        return 0;
    int64_t microseconds = read_big_endian(field(result, row, column).data, 8);
    int64_t ms = microseconds / 1000 - (microseconds % 1000 < 0 ? 1 : 0);
    return ms + TG_DB_EPOCH_MS;
}

/* numeric_send: count of base-10000 digits, weight of the first, sign, decimal digits after the point, the digits. */
void tg_db_get_numeric(const tg_db_result *result, size_t row, size_t column, char out[TG_DB_NUMERIC_TEXT_BYTES])
{
    if (type_of(result, column) != OID_NUMERIC) {
        snprintf(out, TG_DB_NUMERIC_TEXT_BYTES, "%" PRId64, tg_db_get_int64(result, row, column));
        return;
    }
    if (tg_db_is_null(result, row, column)) {
        memcpy(out, "0", 2);
        return;
    }
    const char *data = field(result, row, column).data;
    int64_t count = read_big_endian(data, 2);
    int64_t weight = read_big_endian(data + 2, 2);
    int64_t sign = read_big_endian(data + 4, 2);
    int64_t scale = read_big_endian(data + 6, 2);
    assert(weight < 16 && scale <= 64); /* 64 digits before the point and after it; no sum of ours comes near */
    assert(sign == 0 || sign == 0x4000);
    size_t at = 0;
    if (sign == 0x4000)
        out[at++] = '-';
    for (int64_t group = weight < 0 ? 0 : weight; group >= 0; --group) {
        int64_t index = weight - group;
        int64_t digits = index >= 0 && index < count ? read_big_endian(data + 8 + 2 * index, 2) : 0;
        bool is_first = group == (weight < 0 ? 0 : weight);
        at += (size_t)snprintf(out + at, TG_DB_NUMERIC_TEXT_BYTES - at, is_first ? "%d" : "%04d", (int)digits);
    }
    if (scale > 0)
        out[at++] = '.';
    for (int64_t done = 0; done < scale; done += 4) {
        int64_t index = weight + 1 + done / 4;
        int64_t digits = index >= 0 && index < count ? read_big_endian(data + 8 + 2 * index, 2) : 0;
        char group[12];
        snprintf(group, sizeof(group), "%04d", (int)digits);
        size_t wanted = scale - done < 4 ? (size_t)(scale - done) : 4;
        memcpy(out + at, group, wanted);
        at += wanted;
    }
    out[at] = '\0';
}

bool tg_db_get_numeric_int64(const tg_db_result *result, size_t row, size_t column, int64_t *value)
{
    char text[TG_DB_NUMERIC_TEXT_BYTES];
    tg_db_get_numeric(result, row, column, text);
    bool is_negative = text[0] == '-';
    uint64_t magnitude;
    if (!tg_text_to_u64(tg_text_of(text + is_negative), &magnitude))
        return false;
    if (magnitude > (uint64_t)INT64_MAX + is_negative)
        return false;
    *value = is_negative ? (int64_t)-magnitude : (int64_t)magnitude;
    return true;
}
