#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/wire/pack.h"

static const struct tg_id some_id = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};

static void an_identifier_is_sixteen_bytes_and_not_zero(void **state)
{
    struct tg_id id;
    static const struct tg_id zero;
    assert_true(tg_wire_id(tg_wire_id_field(&some_id), &id));
    assert_true(tg_id_equals(id, some_id));
    assert_false(tg_wire_id(tg_wire_bytes(some_id.octets, 15), &id));
    assert_false(tg_wire_id(tg_wire_bytes("", 0), &id));
    assert_false(tg_wire_id(tg_wire_bytes(zero.octets, 16), &id));
    assert_int_equal(tg_wire_id_field(&zero).len, 0);
    assert_true(tg_wire_optional_id(tg_wire_bytes(NULL, 0), &id));
    assert_true(tg_id_is_zero(id));
    assert_false(tg_wire_optional_id(tg_wire_bytes("12345", 5), &id));
}

static struct tg_buf packed_team(void)
{
    Tollgate__V1__Team team = TOLLGATE__V1__TEAM__INIT;
    team.id = tg_wire_id_field(&some_id);
    team.organization_id = tg_wire_id_field(&some_id);
    team.name = (char *)(uintptr_t) "research";
    Tollgate__V1__Resource resource = TOLLGATE__V1__RESOURCE__INIT;
    resource.kind_case = TOLLGATE__V1__RESOURCE__KIND_TEAM;
    resource.team = &team;
    struct tg_buf packed;
    tg_buf_init(&packed, 1024);
    assert_int_equal(tg_wire_pack(&resource.base, &packed), TG_OK);
    return packed;
}

static void a_resource_comes_back_with_its_key_and_name(void **state)
{
    struct tg_buf packed = packed_team();
    Tollgate__V1__Resource *resource;
    assert_int_equal(tg_wire_unpack_resource(tg_buf_text(&packed), &resource, NULL), TG_OK);
    Tollgate__V1__ResourceType type;
    struct tg_id id;
    assert_true(tg_wire_resource_key(resource, &type, &id));
    assert_string_equal(tg_wire_resource_type_name(type), "team");
    assert_true(tg_id_equals(id, some_id));
    assert_true(tg_text_is(tg_wire_resource_name(resource), "research"));
    tg_wire_free(resource);
    tg_buf_deinit(&packed);
}

static void an_upsert_is_wrapped_and_unwrapped_byte_for_byte(void **state)
{
    struct tg_buf packed = packed_team(), frame;
    tg_buf_init(&frame, 1024);
    assert_int_equal(tg_wire_wrap_upsert(tg_buf_text(&packed), &frame), TG_OK);
    struct tg_text inside;
    assert_true(tg_wire_unwrap_upsert(tg_buf_text(&frame), &inside));
    assert_true(tg_text_equals(inside, tg_buf_text(&packed)));

    Tollgate__V1__ControlFrame *unpacked;
    assert_int_equal(tg_wire_unpack_control_frame(tg_buf_text(&frame), &unpacked, NULL), TG_OK);
    assert_int_equal(unpacked->kind_case, TOLLGATE__V1__CONTROL_FRAME__KIND_UPSERT);
    assert_string_equal(unpacked->upsert->team->name, "research");
    tg_wire_free(unpacked);

    assert_false(tg_wire_unwrap_upsert(tg_text(frame.data, frame.bytes - 1), &inside));
    assert_false(tg_wire_unwrap_upsert(tg_text("\x42\x02\x08\x01", 4), &inside)); /* a ping */
    tg_buf_deinit(&frame);
    tg_buf_deinit(&packed);
}

static void bytes_that_are_no_message_are_refused_with_a_reason(void **state)
{
    struct tg_error error = {0};
    Tollgate__V1__ReplicaFrame *frame;
    assert_int_equal(tg_wire_unpack_replica_frame(tg_text_of("\x0a\x7f"), &frame, &error), TG_CORRUPT);
    assert_null(frame);
    assert_non_null(strstr(error.message, "ReplicaFrame"));
}

static void a_cut_message_is_never_accepted_as_whole_nor_read_beyond(void **state)
{
    struct tg_buf packed = packed_team();
    for (size_t bytes = 1; bytes < packed.bytes; ++bytes) {
        char *copy = malloc(bytes);
        memcpy(copy, packed.data, bytes);
        Tollgate__V1__Resource *resource;
        assert_int_equal(tg_wire_unpack_resource(tg_text(copy, bytes), &resource, NULL), TG_CORRUPT);
        free(copy);
    }
    tg_buf_deinit(&packed);
}

static void a_message_that_would_expand_without_measure_is_refused(void **state)
{
    /* UsageBatch{records: {} x 300,000}: 600 KB that would be more than 100 MB of records. */
    enum { RECORDS = 300000 };
    size_t inner_bytes = 2 * RECORDS;
    struct tg_buf packed;
    tg_buf_init(&packed, 1 << 20);
    uint8_t head[4] = {6 << 3 | 2, (uint8_t)(inner_bytes | 0x80), (uint8_t)(inner_bytes >> 7 | 0x80),
                       (uint8_t)(inner_bytes >> 14)};
    assert_int_equal(tg_buf_append(&packed, tg_text((char *)head, sizeof(head))), TG_OK);
    for (int i = 0; i < RECORDS; ++i)
        assert_int_equal(tg_buf_append(&packed, tg_text("\x1a\x00", 2)), TG_OK);
    Tollgate__V1__ReplicaFrame *frame;
    struct tg_error error = {0};
    assert_int_equal(tg_wire_unpack_replica_frame(tg_buf_text(&packed), &frame, &error), TG_TOO_LARGE);
    assert_null(frame);
    tg_buf_deinit(&packed);
}

static void a_kind_of_a_later_version_is_no_error(void **state)
{
    Tollgate__V1__ControlFrame *frame;
    assert_int_equal(tg_wire_unpack_control_frame(tg_text("\xa2\x06\x01x", 4), &frame, NULL), TG_OK);
    assert_int_equal(frame->kind_case, TOLLGATE__V1__CONTROL_FRAME__KIND__NOT_SET);
    tg_wire_free(frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_identifier_is_sixteen_bytes_and_not_zero),
        cmocka_unit_test(a_resource_comes_back_with_its_key_and_name),
        cmocka_unit_test(an_upsert_is_wrapped_and_unwrapped_byte_for_byte),
        cmocka_unit_test(bytes_that_are_no_message_are_refused_with_a_reason),
        cmocka_unit_test(a_cut_message_is_never_accepted_as_whole_nor_read_beyond),
        cmocka_unit_test(a_message_that_would_expand_without_measure_is_refused),
        cmocka_unit_test(a_kind_of_a_later_version_is_no_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
