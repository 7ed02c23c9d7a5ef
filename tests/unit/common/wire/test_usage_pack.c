#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/wire/pack.h"

enum { MAX_CHARGES = 20 };

/* A record whose fields are filled or left empty at random, with small and extreme numbers. */
struct sample {
    Tollgate__V1__UsageRecord record;
    Tollgate__V1__Charge charges[MAX_CHARGES];
    Tollgate__V1__Charge *list[MAX_CHARGES];
    uint8_t bytes[64];
    char text[200];
};

static uint64_t state_of_random = 1;

static uint64_t next_random(void)
{
    state_of_random = state_of_random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return state_of_random >> 11;
}

static int64_t any_number(void)
{
    static const int64_t EDGES[] = {0, 1, 127, 128, 16383, 16384, INT32_MAX, INT64_MAX, -1, INT64_MIN};
    uint64_t draw = next_random();
    return draw % 3 == 0 ? (int64_t)draw : EDGES[draw / 3 % (sizeof(EDGES) / sizeof(EDGES[0]))];
}

static ProtobufCBinaryData any_bytes(struct sample *sample)
{
    static const size_t LENGTHS[] = {0, 16, 1, 64};
    return tg_wire_bytes(sample->bytes, LENGTHS[next_random() % 4]);
}

static char *any_text(struct sample *sample)
{
    return next_random() % 3 == 0 ? sample->text + sizeof(sample->text) - 1
                                  : sample->text + next_random() % sizeof(sample->text);
}

static void fill_charges(struct sample *sample)
{
    sample->record.n_charges = next_random() % (MAX_CHARGES + 1);
    sample->record.charges = sample->list;
    for (size_t i = 0; i < sample->record.n_charges; ++i) {
        Tollgate__V1__Charge *charge = sample->list[i] = &sample->charges[i];
        tollgate__v1__charge__init(charge);
        charge->lease_id = any_bytes(sample);
        charge->budget_id = any_bytes(sample);
        charge->window_start_ms = any_number();
        charge->amount = any_number();
    }
}

static void fill(struct sample *sample)
{
    Tollgate__V1__UsageRecord *record = &sample->record;
    for (size_t i = 0; i < sizeof(sample->bytes); ++i)
        sample->bytes[i] = (uint8_t)next_random();
    memset(sample->text, 'x', sizeof(sample->text) - 1);
    sample->text[sizeof(sample->text) - 1] = '\0';
    tollgate__v1__usage_record__init(record);
    ProtobufCBinaryData *ids[] = {&record->request_id,        &record->organization_id, &record->team_id,
                                  &record->project_id,        &record->application_id,  &record->api_key_id,
                                  &record->access_profile_id, &record->model_id,        &record->deployment_id,
                                  &record->provider_id,       &record->price_id};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); ++i)
        *ids[i] = any_bytes(sample);
    int64_t *numbers[] = {&record->started_at_ms, &record->duration_ms, &record->first_byte_ms, &record->cost_pusd,
                          &record->snapshot_revision};
    struct tg_usage usage;
    for (int kind = 0; kind < TG_USAGE_KIND_COUNT; ++kind)
        usage.of[kind] = any_number();
    tg_wire_set_usage(record, &usage);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); ++i)
        *numbers[i] = any_number();
    record->endpoint = any_text(sample);
    record->model_name = any_text(sample);
    record->upstream_model = any_text(sample);
    record->provider_request_id = any_text(sample);
    record->error_code = any_text(sample);
    record->service_tier = any_text(sample);
    record->attempt = (int32_t)any_number();
    record->is_unpriced = (int)(next_random() % 2);
    record->is_streaming = (int)(next_random() % 2);
    record->is_estimated = (int)(next_random() % 2);
    record->is_clamped = (int)(next_random() % 2);
    record->outcome = (Tollgate__V1__Outcome)(next_random() % 7);
    record->http_status = (int32_t)any_number();
    fill_charges(sample);
}

static void a_record_is_packed_to_the_same_bytes_as_by_the_library(void **state)
{
    for (int round = 0; round < 20000; ++round) {
        struct sample sample;
        fill(&sample);
        size_t bytes = tg_wire_packed_bytes(&sample.record.base);
        size_t capacity = bytes + (size_t)(next_random() % 2000);
        uint8_t *wanted = malloc(bytes + 1), *packed = malloc(capacity + 1);
        assert_int_equal(tg_wire_pack_into(&sample.record.base, wanted), bytes);
        assert_int_equal(tg_wire_pack_usage_record(&sample.record, packed, capacity), bytes);
        assert_memory_equal(packed, wanted, bytes);
        free(packed);
        free(wanted);
    }
}

static void a_record_without_room_is_not_packed(void **state)
{
    struct sample sample;
    fill(&sample);
    sample.record.request_id = tg_wire_bytes(sample.bytes, 16);
    size_t bytes = tg_wire_packed_bytes(&sample.record.base);
    uint8_t *packed = malloc(bytes);
    assert_int_equal(tg_wire_pack_usage_record(&sample.record, packed, bytes - 1), 0);
    assert_int_equal(tg_wire_pack_usage_record(&sample.record, packed, bytes), bytes);
    free(packed);
}

static void every_kind_of_usage_has_a_field_of_its_own_that_survives_the_wire(void **state)
{
    Tollgate__V1__UsageRecord record = TOLLGATE__V1__USAGE_RECORD__INIT, *back;
    struct tg_usage usage;
    for (int kind = 0; kind < TG_USAGE_KIND_COUNT; ++kind)
        usage.of[kind] = 1000 + kind;
    tg_wire_set_usage(&record, &usage);
    uint8_t packed[1024];
    size_t bytes = tg_wire_pack_usage_record(&record, packed, sizeof(packed));
    assert_int_equal(tg_wire_unpack_usage_record(tg_text((const char *)packed, bytes), &back, NULL), TG_OK);
    struct tg_usage again = tg_wire_usage(back);
    assert_memory_equal(&again, &usage, sizeof(usage));
    assert_int_equal(back->cache_write_1h_tokens, 1000 + TG_USAGE_CACHE_WRITE_1H);
    assert_int_equal(tg_wire_used(back, TG_USAGE_SEARCH_UNITS), 1000 + TG_USAGE_SEARCH_UNITS);
    for (size_t i = 0; i < record.base.descriptor->n_fields; ++i) { /* and is called like its column */
        const ProtobufCFieldDescriptor *field = &record.base.descriptor->fields[i];
        for (int kind = 0; kind < TG_USAGE_KIND_COUNT; ++kind) {
            if (strcmp(field->name, tg_usage_kind_name((enum tg_usage_kind)kind)) != 0)
                continue;
            int64_t value;
            memcpy(&value, (const char *)back + field->offset, sizeof(value));
            assert_int_equal(value, usage.of[kind]);
            usage.of[kind] = -1;
        }
    }
    for (int kind = 0; kind < TG_USAGE_KIND_COUNT; ++kind)
        assert_int_equal(usage.of[kind], -1);
    tg_wire_free(back);
}

static void an_empty_record_is_empty(void **state)
{
    Tollgate__V1__UsageRecord record = TOLLGATE__V1__USAGE_RECORD__INIT;
    uint8_t packed[1024];
    assert_int_equal(tg_wire_pack_usage_record(&record, packed, sizeof(packed)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_packed_to_the_same_bytes_as_by_the_library),
        cmocka_unit_test(a_record_without_room_is_not_packed),
        cmocka_unit_test(every_kind_of_usage_has_a_field_of_its_own_that_survives_the_wire),
        cmocka_unit_test(an_empty_record_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
