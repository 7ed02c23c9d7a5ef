/* A credential from the API to the replica. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/crypto/digest.h"
#include "common/wire/pack.h"
#include "controlplane/catalog/catalog.h"
#include "controlplane/snapshot/credential.h"

static const char secret[] = "sk-very-secret-value";
static const uint8_t seal_key[TG_SEAL_KEY_BYTES] = {1, 2, 3};

struct fixture {
    struct tg_arena arena;
    tg_seal_ring *ring;
    struct tg_operation operation;
    struct tg_record record;
    struct tg_packed packed;
};

/* A credential as the API would store it. */
static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct tg_error error;
    tg_arena_init(&fixture->arena);
    fixture->ring = tg_seal_ring_create();
    assert_int_equal(tg_seal_ring_add(fixture->ring, 1, seal_key, &error), TG_OK);
    fixture->operation = (struct tg_operation){.ring = fixture->ring, .arena = &fixture->arena};
    fixture->record = (struct tg_record){.type = &tg_credential_type, .organization_id = {{1}}, .id = {{2}}};
    *tg_record_value(&fixture->record, "provider_id") = (struct tg_value){.id = {{3}}};
    tg_value_set_text(tg_record_value(&fixture->record, "secret"), tg_arena_copy(&fixture->arena, tg_text_of(secret)));
    struct tg_refusal refusal = {0};
    assert_int_equal(tg_credential_type.prepare(&fixture->operation, NULL, &fixture->record, &refusal, &error), TG_OK);
    assert_false(tg_refused(&refusal));
    assert_int_equal(tg_credential_type.pack(&fixture->operation, &fixture->record, &fixture->packed, &error), TG_OK);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    tg_packed_deinit(&fixture->packed);
    tg_seal_ring_destroy(fixture->ring);
    tg_arena_deinit(&fixture->arena);
    free(fixture);
    return 0;
}

static bool contains(struct tg_text text, const char *part)
{
    return memmem(text.data, text.bytes, part, strlen(part)) != NULL;
}

static void what_is_stored_does_not_contain_the_secret(void **state)
{
    const struct fixture *fixture = *state;
    assert_false(contains(tg_buf_text(&fixture->packed.payload), secret));
    assert_false(contains(tg_record_get(&fixture->record, "sealed_secret")->text, secret));
    assert_false(tg_record_get(&fixture->record, "secret")->is_given);
    assert_true(tg_text_is(tg_record_get(&fixture->record, "last_four")->text, "alue"));
}

static void a_replica_gets_the_secret_and_the_stored_hash_is_of_that(void **state)
{
    const struct fixture *fixture = *state;
    struct tg_buf revealed;
    struct tg_error error;
    uint8_t sha256[TG_SHA256_BYTES];
    tg_buf_init(&revealed, 1 << 20);
    assert_int_equal(tg_snapshot_reveal(fixture->ring, fixture->record.organization_id,
                                        TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_CREDENTIAL,
                                        tg_buf_text(&fixture->packed.payload), &revealed, &error),
                     TG_OK);
    tg_sha256(revealed.data, revealed.bytes, sha256);
    assert_memory_equal(sha256, fixture->packed.sha256, sizeof(sha256));
    Tollgate__V1__Resource *resource;
    assert_int_equal(tg_wire_unpack_resource(tg_buf_text(&revealed), &resource, &error), TG_OK);
    assert_string_equal(resource->credential->secret, secret);
    tg_wire_free(resource);
    tg_buf_deinit(&revealed);
}

static void a_credential_moved_to_another_organization_does_not_open(void **state)
{
    const struct fixture *fixture = *state;
    struct tg_id other = {{9}};
    struct tg_buf revealed;
    struct tg_error error;
    tg_buf_init(&revealed, 1 << 20);
    assert_int_equal(tg_snapshot_reveal(fixture->ring, other, TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_CREDENTIAL,
                                        tg_buf_text(&fixture->packed.payload), &revealed, &error),
                     TG_CORRUPT);
    assert_int_equal(revealed.bytes, 0);
    tg_buf_deinit(&revealed);
}

static void other_resources_are_passed_on_as_they_are(void **state)
{
    const struct fixture *fixture = *state;
    struct tg_buf out;
    struct tg_error error;
    tg_buf_init(&out, 64);
    assert_int_equal(tg_snapshot_reveal(fixture->ring, fixture->record.organization_id,
                                        TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_TEAM, tg_text_of("packed"), &out,
                                        &error),
                     TG_OK);
    assert_true(tg_text_is(tg_buf_text(&out), "packed"));
    tg_buf_deinit(&out);
}

static void a_short_secret_shows_nothing_of_itself(void **state)
{
    struct fixture *fixture = *state;
    struct tg_refusal refusal = {0};
    struct tg_error error;
    tg_value_set_text(tg_record_value(&fixture->record, "secret"), tg_arena_copy(&fixture->arena, tg_text_of("short")));
    assert_int_equal(tg_credential_type.prepare(&fixture->operation, NULL, &fixture->record, &refusal, &error), TG_OK);
    assert_int_equal(tg_record_get(&fixture->record, "last_four")->text.bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_stored_does_not_contain_the_secret, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_replica_gets_the_secret_and_the_stored_hash_is_of_that, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_credential_moved_to_another_organization_does_not_open, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_resources_are_passed_on_as_they_are, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_short_secret_shows_nothing_of_itself, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
