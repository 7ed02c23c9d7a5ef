/* A credential from the API to the replica. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "common/base/time.h"
#include "common/crypto/digest.h"
#include "common/wire/pack.h"
#include "controlplane/catalog/catalog.h"
#include "controlplane/snapshot/credential.h"
#include "tests/unit/common/wire/certificates.h"

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

/* What a replica gets of the fixture's record as it is now; free it with tg_wire_free(). */
static Tollgate__V1__Resource *as_replica_sees(struct fixture *fixture)
{
    struct tg_packed packed;
    struct tg_buf revealed;
    struct tg_error error;
    uint8_t sha256[TG_SHA256_BYTES];
    Tollgate__V1__Resource *resource;
    assert_int_equal(tg_credential_type.pack(&fixture->operation, &fixture->record, &packed, &error), TG_OK);
    tg_buf_init(&revealed, 1 << 20);
    assert_int_equal(tg_snapshot_reveal(fixture->ring, fixture->record.organization_id,
                                        TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_CREDENTIAL,
                                        tg_buf_text(&packed.payload), &revealed, &error),
                     TG_OK);
    tg_sha256(revealed.data, revealed.bytes, sha256);
    assert_memory_equal(sha256, packed.sha256, sizeof(sha256));
    assert_int_equal(tg_wire_unpack_resource(tg_buf_text(&revealed), &resource, &error), TG_OK);
    tg_buf_deinit(&revealed);
    tg_packed_deinit(&packed);
    return resource;
}

static void set(struct fixture *fixture, const char *field, const char *text)
{
    tg_value_set_text(tg_record_value(&fixture->record, field), tg_arena_copy(&fixture->arena, tg_text_of(text)));
}

static void prepare(struct fixture *fixture)
{
    struct tg_refusal refusal = {0};
    struct tg_error error;
    fixture->operation.now_ms = 1000;
    assert_int_equal(tg_credential_type.prepare(&fixture->operation, NULL, &fixture->record, &refusal, &error), TG_OK);
    if (tg_refused(&refusal))
        fail_msg("%s: %s", refusal.errors[0].field, refusal.errors[0].detail);
}

static const char *status_at(struct fixture *fixture, int64_t now_ms)
{
    struct tg_error error;
    fixture->operation.now_ms = now_ms;
    assert_int_equal(tg_credential_type.enrich(&fixture->operation, &fixture->record, 1, &error), TG_OK);
    return tg_record_get(&fixture->record, "status")->text.data;
}

static void aws_keys_are_sent_as_they_are(void **state)
{
    struct fixture *fixture = *state;
    set(fixture, "kind", "aws_access_key");
    set(fixture, "secret", "aws-secret");
    set(fixture, "access_key_id", "AKIA1");
    set(fixture, "session_token", "session");
    prepare(fixture);
    Tollgate__V1__Resource *resource = as_replica_sees(fixture);
    assert_int_equal(resource->credential->kind, TOLLGATE__V1__CREDENTIAL_KIND__CREDENTIAL_KIND_AWS_KEYS);
    assert_string_equal(resource->credential->secret, "aws-secret");
    assert_string_equal(resource->credential->session_token, "session");
    assert_string_equal(resource->credential->access_key_id, "AKIA1");
    assert_int_equal(resource->credential->expires_at_ms, 0);
    assert_string_equal(status_at(fixture, 1000), "ready");
    tg_wire_free(resource);
}

static void of_a_role_only_the_session_is_sent_and_nothing_before_there_is_one(void **state)
{
    struct fixture *fixture = *state;
    set(fixture, "kind", "aws_assume_role");
    set(fixture, "secret", "aws-secret");
    set(fixture, "access_key_id", "AKIA1");
    set(fixture, "role_arn", "arn:aws:iam::1:role/r");
    tg_record_value(&fixture->record, "expires_at")->is_null = true;
    prepare(fixture);
    assert_int_equal(tg_record_get(&fixture->record, "next_mint_at")->number, 1000); /* at once */
    assert_string_equal(status_at(fixture, 1000), "pending");
    Tollgate__V1__Resource *resource = as_replica_sees(fixture);
    assert_string_equal(resource->credential->secret, "");
    assert_string_equal(resource->credential->session_token, "");
    assert_string_equal(resource->credential->access_key_id, "");
    tg_wire_free(resource);

    struct tg_token token = {tg_text_of("minted"), tg_text_of("ASIA1"), tg_text_of("minted-session"), 9000};
    struct tg_error error;
    assert_int_equal(tg_credential_put_token(&fixture->operation, &fixture->record, &token, 5000, &error), TG_OK);
    resource = as_replica_sees(fixture);
    assert_int_equal(resource->credential->kind, TOLLGATE__V1__CREDENTIAL_KIND__CREDENTIAL_KIND_AWS_KEYS);
    assert_string_equal(resource->credential->secret, "minted");
    assert_string_equal(resource->credential->session_token, "minted-session");
    assert_string_equal(resource->credential->access_key_id, "ASIA1");
    assert_int_equal(resource->credential->expires_at_ms, 9000);
    tg_wire_free(resource);
}

static void the_status_says_whether_there_is_a_good_token_and_another_to_come(void **state)
{
    struct fixture *fixture = *state;
    set(fixture, "kind", "azure_client_credentials");
    set(fixture, "secret", "client-secret");
    set(fixture, "tenant_id", "t");
    set(fixture, "client_id", "c");
    prepare(fixture);
    struct tg_token token = {.secret = tg_text_of("minted"), .expires_at_ms = 9000};
    struct tg_error error;
    assert_int_equal(tg_credential_put_token(&fixture->operation, &fixture->record, &token, 5000, &error), TG_OK);
    assert_string_equal(status_at(fixture, 8999), "ready");
    assert_string_equal(status_at(fixture, 9000), "pending");
    tg_value_set_number(tg_record_value(&fixture->record, "mint_failures"), 1);
    assert_string_equal(status_at(fixture, 8999), "renewal_failing");
    assert_string_equal(status_at(fixture, 9000), "failed");
    Tollgate__V1__Resource *resource = as_replica_sees(fixture);
    assert_int_equal(resource->credential->kind, TOLLGATE__V1__CREDENTIAL_KIND__CREDENTIAL_KIND_BEARER_TOKEN);
    tg_wire_free(resource);
}

static void a_new_name_asks_for_no_new_token_and_a_new_secret_does(void **state)
{
    struct fixture *fixture = *state;
    set(fixture, "kind", "azure_client_credentials");
    set(fixture, "secret", "client-secret");
    set(fixture, "tenant_id", "t");
    set(fixture, "client_id", "c");
    prepare(fixture);
    for (size_t i = 0; i < fixture->record.type->field_count; ++i)
        fixture->record.values[i].is_given = false; /* as loaded */
    struct tg_record before = fixture->record;
    struct tg_refusal refusal = {0};
    struct tg_error error;
    fixture->operation.now_ms = 7000;
    set(fixture, "name", "another");
    assert_int_equal(tg_credential_type.prepare(&fixture->operation, &before, &fixture->record, &refusal, &error),
                     TG_OK);
    assert_int_equal(tg_record_get(&fixture->record, "next_mint_at")->number, 1000);
    set(fixture, "secret", "another-secret");
    assert_int_equal(tg_credential_type.prepare(&fixture->operation, &before, &fixture->record, &refusal, &error),
                     TG_OK);
    assert_int_equal(tg_record_get(&fixture->record, "next_mint_at")->number, 7000);
    assert_false(tg_refused(&refusal));
}

/* ---- client certificates ---- */

static void set_file(struct fixture *fixture, const char *field, const char *name)
{
    struct tg_buf content;
    struct tg_error error;
    assert_int_equal(tg_file_read(test_certificates_path(name), 1 << 16, &content, &error), TG_OK);
    tg_value_set_text(tg_record_value(&fixture->record, field), tg_arena_copy(&fixture->arena, tg_buf_text(&content)));
    tg_buf_deinit(&content);
}

/* As if it had been loaded to be changed. */
static void forget_what_was_given(struct fixture *fixture)
{
    for (size_t i = 0; i < fixture->record.type->field_count; ++i)
        fixture->record.values[i].is_given = false;
}

/* Prepares now; NULL, or the field that is refused first. */
static const char *refused_field(struct fixture *fixture, bool is_creation, struct tg_refusal *refusal)
{
    struct tg_error error;
    struct tg_record before = fixture->record;
    *refusal = (struct tg_refusal){0};
    fixture->operation.now_ms = tg_time_unix_ms();
    assert_int_equal(tg_credential_type.prepare(&fixture->operation, is_creation ? NULL : &before, &fixture->record,
                                                refusal, &error),
                     TG_OK);
    return tg_refused(refusal) ? refusal->errors[0].field : NULL;
}

static void a_client_certificate_is_shown_and_its_key_sealed(void **state)
{
    struct fixture *fixture = *state;
    struct tg_refusal refusal;
    set(fixture, "kind", "client_certificate");
    set_file(fixture, "client_certificate_pem", "client.pem");
    set_file(fixture, "client_key_pem", "client.key");
    assert_null(refused_field(fixture, true, &refusal));
    assert_false(tg_record_get(&fixture->record, "client_key_pem")->is_given);
    assert_false(contains(tg_record_get(&fixture->record, "sealed_client_key")->text, "PRIVATE KEY"));
    int64_t left_ms = tg_record_get(&fixture->record, "expires_at")->number - fixture->operation.now_ms;
    assert_in_range(left_ms, 47 * 3600 * 1000, 49 * 3600 * 1000);
    int64_t ends_ms = fixture->operation.now_ms + left_ms;
    assert_string_equal(status_at(fixture, ends_ms - TG_CREDENTIAL_EXPIRING_MS), "ready");
    assert_string_equal(status_at(fixture, ends_ms - 1), "expiring");
    assert_string_equal(status_at(fixture, ends_ms), "expired");

    struct tg_packed packed;
    struct tg_error error;
    assert_int_equal(tg_credential_type.pack(&fixture->operation, &fixture->record, &packed, &error), TG_OK);
    assert_false(contains(tg_buf_text(&packed.payload), "PRIVATE KEY"));
    tg_packed_deinit(&packed);
    Tollgate__V1__Resource *resource = as_replica_sees(fixture);
    assert_int_equal(resource->credential->kind, TOLLGATE__V1__CREDENTIAL_KIND__CREDENTIAL_KIND_CLIENT_CERTIFICATE);
    assert_string_equal(resource->credential->secret, "");
    assert_non_null(strstr(resource->credential->client_key_pem, "PRIVATE KEY"));
    assert_non_null(strstr(resource->credential->client_certificate_pem, "BEGIN CERTIFICATE"));
    assert_int_equal(resource->credential->expires_at_ms, 0); /* that is for tokens */
    tg_wire_free(resource);
}

static void a_key_may_have_a_certificate_beside_it_and_lose_it_again(void **state)
{
    struct fixture *fixture = *state;
    struct tg_refusal refusal;
    forget_what_was_given(fixture);
    set_file(fixture, "client_certificate_pem", "client.pem");
    assert_string_equal(refused_field(fixture, false, &refusal), "client_key_pem"); /* there is none yet */
    set_file(fixture, "client_key_pem", "client.key");
    assert_null(refused_field(fixture, false, &refusal));
    forget_what_was_given(fixture);
    set_file(fixture, "client_certificate_pem", "client.pem"); /* renewed, for the stored key */
    assert_null(refused_field(fixture, false, &refusal));
    set_file(fixture, "client_certificate_pem", "impostor.pem");
    assert_string_equal(refused_field(fixture, false, &refusal), "client_certificate_pem");
    assert_non_null(strstr(refusal.errors[0].detail, "stored key"));

    set(fixture, "client_certificate_pem", "");
    assert_null(refused_field(fixture, false, &refusal));
    assert_true(tg_record_get(&fixture->record, "expires_at")->is_null);
    assert_string_equal(status_at(fixture, 1000), "ready");
    Tollgate__V1__Resource *resource = as_replica_sees(fixture);
    assert_string_equal(resource->credential->secret, secret);
    assert_string_equal(resource->credential->client_certificate_pem, "");
    assert_string_equal(resource->credential->client_key_pem, "");
    tg_wire_free(resource);
}

static void what_no_connection_can_be_made_with_is_refused(void **state)
{
    static const struct {
        const char *kind, *certificate, *key, *field, *says;
    } cases[] = {
        {"client_certificate", "client.pem", "impostor.key", "client_key_pem", "not that of the certificate"},
        {"client_certificate", "client.key", "client.key", "client_certificate_pem", "private key"},
        {"client_certificate", "client.pem", "client.pem", "client_key_pem", "passphrase"},
        {"client_certificate", "client.csr", "client.key", "client_certificate_pem", "not valid PEM"},
        {"client_certificate", "client.pem", NULL, "client_key_pem", "is required"},
        {"client_certificate", NULL, "client.key", "client_certificate_pem", "is required"},
        {"api_key", NULL, "client.key", "client_key_pem", "beside it"},
        {"aws_access_key", "client.pem", "client.key", "access_key_id", "is required"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        struct tg_refusal refusal;
        fixture->record = (struct tg_record){.type = &tg_credential_type, .id = {{2}}};
        set(fixture, "kind", cases[i].kind);
        if (strcmp(cases[i].kind, "client_certificate") != 0)
            set(fixture, "secret", secret);
        if (cases[i].certificate != NULL)
            set_file(fixture, "client_certificate_pem", cases[i].certificate);
        if (cases[i].key != NULL)
            set_file(fixture, "client_key_pem", cases[i].key);
        const char *field = refused_field(fixture, true, &refusal);
        assert_non_null(field);
        if (strcmp(field, cases[i].field) != 0 || strstr(refusal.errors[0].detail, cases[i].says) == NULL)
            fail_msg("case %zu: %s %s", i, field, refusal.errors[0].detail);
    }
}

static int make_certificates(void **state)
{
    return test_certificates_make() == NULL ? -1 : 0;
}

static int remove_certificates(void **state)
{
    test_certificates_remove();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_stored_does_not_contain_the_secret, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_replica_gets_the_secret_and_the_stored_hash_is_of_that, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_credential_moved_to_another_organization_does_not_open, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_resources_are_passed_on_as_they_are, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_short_secret_shows_nothing_of_itself, set_up, tear_down),
        cmocka_unit_test_setup_teardown(aws_keys_are_sent_as_they_are, set_up, tear_down),
        cmocka_unit_test_setup_teardown(of_a_role_only_the_session_is_sent_and_nothing_before_there_is_one, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_status_says_whether_there_is_a_good_token_and_another_to_come, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_client_certificate_is_shown_and_its_key_sealed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_key_may_have_a_certificate_beside_it_and_lose_it_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_no_connection_can_be_made_with_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_new_name_asks_for_no_new_token_and_a_new_secret_does, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}
