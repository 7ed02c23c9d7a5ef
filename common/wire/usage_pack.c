/* Packs usage records field by field. protobuf-c walks a description of the message twice, which costs more than all
 * the rest of a journal's write; a record is written twice per call. The result is the same, byte for byte. */
#include <string.h>

#include "common/wire/pack.h"

enum wire_type { VARINT = 0, LENGTH_DELIMITED = 2 };

enum {
    VARINT_MAX_BYTES = 10,
    TAG_MAX_BYTES = 2, /* field numbers below 2,048 */
    FIELDS = 46,
    FIELD_MAX_BYTES = TAG_MAX_BYTES + VARINT_MAX_BYTES, /* without what a length announces */
    CHARGE_FIELDS = 4,
};

static uint8_t *put_varint(uint8_t *to, uint64_t value)
{
    while (value >= 0x80) {
        *to++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *to++ = (uint8_t)value;
    return to;
}

static uint8_t *put_tag(uint8_t *to, unsigned field, enum wire_type type)
{
    return put_varint(to, (uint64_t)field << 3 | (unsigned)type);
}

/* Fields with their default value are left out, as proto3 has it. Negative numbers take ten bytes, also 32-bit ones. */
static uint8_t *put_number(uint8_t *to, unsigned field, int64_t number)
{
    if (number == 0)
        return to;
    return put_varint(put_tag(to, field, VARINT), (uint64_t)number);
}

static uint8_t *put_run(uint8_t *to, unsigned field, const void *data, size_t bytes)
{
    if (bytes == 0)
        return to;
    to = put_varint(put_tag(to, field, LENGTH_DELIMITED), bytes);
    memcpy(to, data, bytes);
    return to + bytes;
}

/* Nearly always an identifier: with its length known the copy is two moves. */
static uint8_t *put_bytes(uint8_t *to, unsigned field, const ProtobufCBinaryData *data)
{
    if (data->len == sizeof(struct tg_id)) {
        to = put_tag(to, field, LENGTH_DELIMITED);
        *to++ = sizeof(struct tg_id);
        memcpy(to, data->data, sizeof(struct tg_id));
        return to + sizeof(struct tg_id);
    }
    return put_run(to, field, data->data, data->len);
}

static uint8_t *put_string(uint8_t *to, unsigned field, const char *string)
{
    return put_run(to, field, string, string == NULL ? 0 : strlen(string));
}

static size_t charge_bound(const Tollgate__V1__Charge *charge)
{
    return CHARGE_FIELDS * FIELD_MAX_BYTES + charge->lease_id.len + charge->budget_id.len;
}

/* The length stands in front of a charge and is known only behind it: the charge is written first, then moved. */
static uint8_t *put_charge(uint8_t *to, unsigned field, const Tollgate__V1__Charge *charge)
{
    uint8_t *length_at = put_tag(to, field, LENGTH_DELIMITED);
    uint8_t *begin = length_at + 1; /* right for a charge below 128 bytes, which every one is */
    uint8_t *at = put_bytes(begin, 1, &charge->lease_id);
    at = put_bytes(at, 2, &charge->budget_id);
    at = put_number(at, 3, charge->window_start_ms);
    at = put_number(at, 4, charge->amount);
    size_t bytes = (size_t)(at - begin);
    uint8_t length[VARINT_MAX_BYTES];
    size_t length_bytes = (size_t)(put_varint(length, bytes) - length);
    if (length_bytes != 1)
        memmove(length_at + length_bytes, begin, bytes);
    memcpy(length_at, length, length_bytes);
    return length_at + length_bytes + bytes;
}

static size_t string_bound(const char *string)
{
    return string == NULL ? 0 : strlen(string);
}

/* At least what the packed record takes. */
static size_t record_bound(const Tollgate__V1__UsageRecord *record)
{
    size_t bound = FIELDS * FIELD_MAX_BYTES;
    bound += record->request_id.len + record->organization_id.len + record->team_id.len + record->project_id.len;
    bound += record->application_id.len + record->api_key_id.len + record->access_profile_id.len;
    bound += record->model_id.len + record->deployment_id.len + record->provider_id.len + record->price_id.len;
    bound += string_bound(record->endpoint) + string_bound(record->model_name) + string_bound(record->upstream_model);
    bound += string_bound(record->provider_request_id) + string_bound(record->error_code);
    bound += string_bound(record->service_tier);
    for (size_t i = 0; i < record->n_charges; ++i)
        bound += FIELD_MAX_BYTES + charge_bound(record->charges[i]);
    return bound;
}

static uint8_t *put_identity(uint8_t *to, const Tollgate__V1__UsageRecord *record)
{
    to = put_bytes(to, 1, &record->request_id);
    to = put_number(to, 2, record->started_at_ms);
    to = put_number(to, 3, record->duration_ms);
    to = put_number(to, 4, record->first_byte_ms);
    to = put_bytes(to, 5, &record->organization_id);
    to = put_bytes(to, 6, &record->team_id);
    to = put_bytes(to, 7, &record->project_id);
    to = put_bytes(to, 8, &record->application_id);
    to = put_bytes(to, 9, &record->api_key_id);
    to = put_bytes(to, 10, &record->access_profile_id);
    to = put_bytes(to, 11, &record->model_id);
    to = put_bytes(to, 12, &record->deployment_id);
    to = put_bytes(to, 13, &record->provider_id);
    return put_bytes(to, 14, &record->price_id);
}

/* Kinds that few calls use. */
static uint8_t *put_rare_usage(uint8_t *to, const Tollgate__V1__UsageRecord *record)
{
    to = put_number(to, 32, record->cache_write_5m_tokens);
    to = put_number(to, 33, record->cache_write_1h_tokens);
    to = put_number(to, 34, record->input_audio_tokens);
    to = put_number(to, 35, record->cached_input_audio_tokens);
    to = put_number(to, 36, record->input_image_tokens);
    to = put_number(to, 37, record->output_audio_tokens);
    to = put_number(to, 38, record->output_image_tokens);
    to = put_number(to, 39, record->images);
    to = put_number(to, 40, record->audio_ms);
    to = put_number(to, 41, record->characters);
    to = put_number(to, 42, record->web_searches);
    return put_number(to, 43, record->search_units);
}

static uint8_t *put_outcome(uint8_t *to, const Tollgate__V1__UsageRecord *record)
{
    to = put_string(to, 15, record->endpoint);
    to = put_string(to, 16, record->model_name);
    to = put_string(to, 17, record->upstream_model);
    to = put_string(to, 18, record->provider_request_id);
    to = put_number(to, 19, record->is_streaming != 0);
    to = put_number(to, 20, record->is_estimated != 0);
    to = put_number(to, 21, (int64_t)record->outcome);
    to = put_number(to, 22, record->http_status);
    to = put_string(to, 23, record->error_code);
    to = put_number(to, 24, record->input_tokens);
    to = put_number(to, 25, record->cached_input_tokens);
    to = put_number(to, 26, record->output_tokens);
    to = put_number(to, 27, record->reasoning_tokens);
    to = put_number(to, 28, record->cost_pusd);
    to = put_number(to, 29, record->snapshot_revision);
    to = put_number(to, 30, record->is_clamped != 0);
    for (size_t i = 0; i < record->n_charges; ++i)
        to = put_charge(to, 31, record->charges[i]);
    to = put_rare_usage(to, record);
    to = put_string(to, 44, record->service_tier);
    to = put_number(to, 45, record->attempt);
    return put_number(to, 46, record->is_unpriced != 0);
}

size_t tg_wire_pack_usage_record(const Tollgate__V1__UsageRecord *record, void *out, size_t capacity)
{
    if (record_bound(record) > capacity) /* it may fit all the same: near the capacity the exact length decides */
        return tg_wire_packed_bytes(&record->base) > capacity ? 0 : tg_wire_pack_into(&record->base, out);
    uint8_t *begin = out;
    return (size_t)(put_outcome(put_identity(begin, record), record) - begin);
}
