/* What a type's table makes of a body, and of a record when it is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "controlplane/access/access.h"
#include "controlplane/budget/budget_resource.h"
#include "controlplane/catalog/catalog.h"
#include "controlplane/resource/operation.h"
#include "controlplane/resource/read.h"
#include "controlplane/resource/show.h"
#include "controlplane/tenancy/tenancy.h"

struct fixture {
    struct tg_arena arena;
    struct tg_record record;
    struct tg_refusal refusal;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    tg_arena_init(&fixture->arena);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    tg_arena_deinit(&fixture->arena);
    free(fixture);
    return 0;
}

static void read_body(struct fixture *fixture, const struct tg_resource_type *type, bool is_creation, const char *json)
{
    tg_json *body;
    struct tg_error error;
    assert_int_equal(tg_json_parse(tg_text_of(json), &body, &error), TG_OK);
    fixture->record = (struct tg_record){.type = type};
    fixture->refusal = (struct tg_refusal){0};
    tg_resource_read(type, body, is_creation, &fixture->arena, &fixture->record, &fixture->refusal);
    tg_json_destroy(body);
}

static bool complains_about(const struct tg_refusal *refusal, const char *field)
{
    for (size_t i = 0; i < refusal->error_count; ++i) {
        if (strcmp(refusal->errors[i].field, field) == 0)
            return true;
    }
    return false;
}

static void a_body_becomes_values_and_defaults(void **state)
{
    struct fixture *fixture = *state;
    read_body(fixture, &tg_deployment_type, true,
              "{\"name\":\"eu\",\"model_id\":\"01a20262-d535-7cb2-8ab2-09fac539e748\","
              "\"provider_id\":\"01a20262-d519-7ff0-baf5-33564c3354af\",\"upstream_model\":\"gpt-4o\",\"weight\":3}");
    assert_false(tg_refused(&fixture->refusal));
    assert_true(tg_text_is(tg_record_get(&fixture->record, "name")->text, "eu"));
    assert_int_equal(tg_record_get(&fixture->record, "weight")->number, 3);
    assert_int_equal(tg_record_get(&fixture->record, "priority")->number, 0);
    assert_true(tg_record_get(&fixture->record, "is_enabled")->number);
    assert_false(tg_record_get(&fixture->record, "is_enabled")->is_given);
    assert_true(tg_record_get(&fixture->record, "credential_id")->is_null);
}

static void every_bad_member_is_named(void **state)
{
    struct fixture *fixture = *state;
    read_body(fixture, &tg_budget_type, true,
              "{\"name\":\"bad name\",\"scope\":\"galaxy\",\"scope_id\":\"x\",\"limit\":3.5,\"window\":\"fortnight\","
              "\"max_wait_ms\":-1,\"surprise\":true,\"account\":{},\"id\":\"x\",\"contention\":null}");
    static const char *const fields[] = {"name", "scope",    "scope_id", "limit", "window",    "max_wait_ms",
                                         "unit", "surprise", "account",  "id",    "contention"};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); ++i)
        assert_true(complains_about(&fixture->refusal, fields[i]));
    assert_int_equal(fixture->refusal.error_count, sizeof(fields) / sizeof(fields[0]));
    assert_int_equal(fixture->refusal.kind, TG_REFUSAL_INVALID);
}

static void an_internal_column_cannot_be_sent(void **state)
{
    struct fixture *fixture = *state;
    read_body(fixture, &tg_credential_type, false, "{\"sealed_secret\":\"x\",\"last_four\":\"abcd\"}");
    assert_true(complains_about(&fixture->refusal, "sealed_secret"));
    assert_true(complains_about(&fixture->refusal, "last_four"));
}

static void an_update_takes_only_what_can_change(void **state)
{
    struct fixture *fixture = *state;
    read_body(fixture, &tg_budget_type, false, "{\"limit\":\"1\",\"unit\":\"tokens\"}");
    assert_true(complains_about(&fixture->refusal, "unit"));
    assert_false(complains_about(&fixture->refusal, "limit"));
    read_body(fixture, &tg_team_type, false, "{}");
    assert_int_equal(fixture->refusal.kind, TG_REFUSAL_INVALID);
    read_body(fixture, &tg_deployment_type, false, "{\"credential_id\":null}");
    assert_false(tg_refused(&fixture->refusal));
    assert_true(tg_record_get(&fixture->record, "credential_id")->is_given);
}

static void a_list_of_ids_is_a_set(void **state)
{
    struct fixture *fixture = *state;
    read_body(fixture, &tg_access_profile_type, false,
              "{\"model_ids\":[\"01a20262-d535-7cb2-8ab2-09fac539e748\",\"01A20262-D535-7CB2-8AB2-09FAC539E748\","
              "\"01a20262-d519-7ff0-baf5-33564c3354af\"]}");
    assert_false(tg_refused(&fixture->refusal));
    assert_int_equal(tg_record_get(&fixture->record, "model_ids")->id_count, 2);
    read_body(fixture, &tg_access_profile_type, false, "{\"model_ids\":[1]}");
    assert_true(complains_about(&fixture->refusal, "model_ids"));
}

static void a_secret_has_no_blanks_and_a_hash_has_its_length(void **state)
{
    struct fixture *fixture = *state;
    read_body(fixture, &tg_credential_type, false, "{\"secret\":\"sk with blank\"}");
    assert_true(complains_about(&fixture->refusal, "secret"));
    read_body(fixture, &tg_credential_type, false, "{\"secret\":\"line\\nbreak\"}");
    assert_true(complains_about(&fixture->refusal, "secret"));
    read_body(fixture, &tg_api_key_type, true, "{\"sha256\":\"abcd\"}");
    assert_true(complains_about(&fixture->refusal, "sha256"));
}

static void names_are_what_the_database_takes(void **state)
{
    static const char *const good[] = {"a", "gpt-4o", "meta/llama-3:8b@x", "A.b_c+d"};
    static const char *const bad[] = {"", "-a", "a b", "ä", ".a", "a,b", "a\"b"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); ++i)
        assert_true(tg_is_resource_name(tg_text_of(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); ++i)
        assert_false(tg_is_resource_name(tg_text_of(bad[i])));
    char longest[130];
    memset(longest, 'a', sizeof(longest));
    assert_true(tg_is_resource_name(tg_text(longest, 128)));
    assert_false(tg_is_resource_name(tg_text(longest, 129)));
}

static void amounts_of_any_length_are_shown_exactly(void **state)
{
    char text[TG_AMOUNT_TEXT_BYTES];
    tg_amount_format(tg_text_of("20000000000"), true, text);
    assert_string_equal(text, "0.02");
    tg_amount_format(tg_text_of("1"), true, text);
    assert_string_equal(text, "0.000000000001");
    tg_amount_format(tg_text_of("0"), true, text);
    assert_string_equal(text, "0");
    tg_amount_format(tg_text_of("12000000000000"), true, text);
    assert_string_equal(text, "12");
    tg_amount_format(tg_text_of("99999999999999999999999999999999999999"), true, text);
    assert_string_equal(text, "99999999999999999999999999.999999999999");
    tg_amount_format(tg_text_of("99999999999999999999999999999999999999"), false, text);
    assert_string_equal(text, "99999999999999999999999999999999999999");
}

static void show(const struct tg_record *record, enum tg_resource_view view, struct tg_buf *out)
{
    struct tg_json_writer writer;
    tg_buf_init(out, 65536);
    tg_json_write_init(&writer, out);
    tg_resource_show(record, view, &writer);
    assert_int_equal(tg_json_write_finish(&writer), TG_OK);
}

static bool contains(const struct tg_buf *buf, const char *text)
{
    return memmem(buf->data, buf->bytes, text, strlen(text)) != NULL;
}

static void what_is_secret_is_shown_once_or_never(void **state)
{
    struct tg_record key = {.type = &tg_api_key_type};
    struct tg_buf out;
    tg_value_set_text(tg_record_value(&key, "key"), tg_text_of("tg-plain"));
    tg_value_set_text(tg_record_value(&key, "sha256"), tg_text_of("HASHHASH"));
    show(&key, TG_RESOURCE_ANSWER, &out);
    assert_true(contains(&out, "tg-plain"));
    assert_false(contains(&out, "HASHHASH"));
    tg_buf_deinit(&out);
    show(&key, TG_RESOURCE_AUDIT, &out);
    assert_false(contains(&out, "tg-plain"));
    tg_buf_deinit(&out);
    *tg_record_value(&key, "key") = (struct tg_value){0};
    show(&key, TG_RESOURCE_ANSWER, &out);
    assert_false(contains(&out, "\"key\""));
    tg_buf_deinit(&out);
}

static void the_audit_log_has_no_account(void **state)
{
    struct tg_record budget = {.type = &tg_budget_type};
    struct tg_buf out;
    tg_value_set_text(tg_record_value(&budget, "account"), tg_text_of("{\"settled\":\"1\"}"));
    show(&budget, TG_RESOURCE_ANSWER, &out);
    assert_true(contains(&out, "\"account\":{\"settled\":\"1\"}"));
    tg_buf_deinit(&out);
    show(&budget, TG_RESOURCE_AUDIT, &out);
    assert_false(contains(&out, "account"));
    tg_buf_deinit(&out);
}

static void an_etag_matches_its_version_only(void **state)
{
    assert_true(tg_etag_matches(tg_text_of("\"7\""), 7));
    assert_true(tg_etag_matches(tg_text_of("\"1\", \"7\""), 7));
    assert_true(tg_etag_matches(tg_text_of("*"), 7));
    assert_false(tg_etag_matches(tg_text_of("\"8\""), 7));
    assert_false(tg_etag_matches(tg_text_of("7"), 7));
    assert_false(tg_etag_matches(tg_text_of("W/\"7\""), 7)); /* If-Match compares strongly */
    assert_false(tg_etag_matches(tg_text_of(""), 7));
    assert_false(tg_etag_matches(tg_text_of(",,"), 7));
}

static void filters_take_only_values_of_their_kind(void **state)
{
    const struct tg_field *scope = &tg_budget_type.fields[tg_resource_find_field(&tg_budget_type, tg_text_of("scope"))];
    const struct tg_field *scope_id =
        &tg_budget_type.fields[tg_resource_find_field(&tg_budget_type, tg_text_of("scope_id"))];
    struct tg_value value = {0};
    assert_true(tg_resource_read_filter(scope, tg_text_of("team"), &value));
    assert_false(tg_resource_read_filter(scope, tg_text_of("galaxy"), &value));
    assert_false(tg_resource_read_filter(scope_id, tg_text_of("team"), &value));
    assert_true(tg_resource_read_filter(scope_id, tg_text_of("01a20262-d535-7cb2-8ab2-09fac539e748"), &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_body_becomes_values_and_defaults, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_bad_member_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_internal_column_cannot_be_sent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_update_takes_only_what_can_change, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_list_of_ids_is_a_set, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_secret_has_no_blanks_and_a_hash_has_its_length, set_up, tear_down),
        cmocka_unit_test(names_are_what_the_database_takes),
        cmocka_unit_test(amounts_of_any_length_are_shown_exactly),
        cmocka_unit_test(what_is_secret_is_shown_once_or_never),
        cmocka_unit_test(the_audit_log_has_no_account),
        cmocka_unit_test(an_etag_matches_its_version_only),
        cmocka_unit_test(filters_take_only_values_of_their_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
