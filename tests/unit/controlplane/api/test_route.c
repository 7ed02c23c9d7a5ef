/* The pure parts of the API: routes, cursors, the token, problem details. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "controlplane/api/cursor.h"
#include "controlplane/api/principal.h"
#include "controlplane/api/problem.h"
#include "controlplane/api/server.h"

#define ORGANIZATION "/api/v1/organizations/01a20262-d357-743e-a4aa-a7719f4c6c13"
#define ID           "01a20262-d4ed-7455-8888-54323f23aa9c"

static struct tg_route_match find(const char *method, const char *path)
{
    struct tg_route_match match;
    tg_route_find(tg_api_routes, tg_api_route_count, tg_text_of(method), tg_text_of(path), &match);
    return match;
}

static void a_path_finds_its_handler_type_and_ids(void **state)
{
    struct tg_route_match match = find("PATCH", ORGANIZATION "/access-profiles/" ID);
    struct tg_id organization, id;
    assert_true(tg_id_parse(tg_text_of("01a20262-d357-743e-a4aa-a7719f4c6c13"), &organization));
    assert_true(tg_id_parse(tg_text_of(ID), &id));
    assert_non_null(match.route);
    assert_string_equal(match.type->name, "access_profile");
    assert_true(tg_id_equals(match.organization_id, organization));
    assert_true(tg_id_equals(match.id, id));
    assert_false(match.has_bad_id);
}

static void a_special_path_comes_before_the_general_one(void **state)
{
    assert_null(find("GET", ORGANIZATION "/audit-log").type);
    assert_string_equal(find("GET", ORGANIZATION "/audit-log").allow, "GET, HEAD");
    assert_string_equal(find("POST", ORGANIZATION "/api-keys/" ID "/revoke").route->pattern,
                        "/api/v1/organizations/{organization}/api-keys/{id}/revoke");
}

static void a_method_that_a_path_does_not_take_is_told_which_it_does(void **state)
{
    struct tg_route_match match = find("PUT", ORGANIZATION "/teams/" ID);
    assert_null(match.route);
    assert_string_equal(match.allow, "GET, HEAD, PATCH, DELETE");
}

static void a_price_cannot_be_patched(void **state)
{
    struct tg_route_match match = find("PATCH", ORGANIZATION "/prices/" ID);
    assert_null(match.route);
    assert_string_equal(match.allow, "GET, HEAD, DELETE");
}

static void head_is_served_as_get(void **state)
{
    assert_string_equal(find("HEAD", "/healthz").route->pattern, "/healthz");
}

static void paths_that_are_nearly_right_lead_nowhere(void **state)
{
    static const char *const paths[] = {"",
                                        "/",
                                        "*",
                                        "healthz",
                                        "/healthz/",
                                        "//healthz",
                                        "/api/v1",
                                        "/api/v1/organizations/",
                                        ORGANIZATION "/organizations",
                                        ORGANIZATION "/team",
                                        ORGANIZATION "/teams/",
                                        ORGANIZATION "/teams/" ID "/revoke",
                                        "/api/v2/organizations"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); ++i) {
        struct tg_route_match match = find("GET", paths[i]);
        assert_null(match.route);
        assert_string_equal(match.allow, "");
    }
}

static void an_id_that_is_no_uuid_is_marked(void **state)
{
    assert_true(find("GET", ORGANIZATION "/teams/core").has_bad_id);
    assert_true(find("GET", "/api/v1/organizations/acme/teams").has_bad_id);
    assert_true(find("GET", "/api/v1/organizations/00000000-0000-0000-0000-000000000000/teams").has_bad_id);
}

static void every_type_of_resource_can_be_reached(void **state)
{
    for (size_t i = 0; i < tg_api_type_count; ++i) {
        const struct tg_resource_type *type = tg_api_types[i];
        char path[256];
        snprintf(path, sizeof(path), "%s/%s", type->is_organization ? "/api/v1" : ORGANIZATION, type->plural);
        assert_non_null(find("POST", path).route);
        assert_non_null(type->pack);
        assert_true(type->field_count <= TG_RESOURCE_MAX_FIELDS);
    }
}

static void a_cursor_leads_back_to_where_it_was_made(void **state)
{
    struct tg_id id, back;
    char cursor[TG_CURSOR_ID_TEXT_BYTES];
    assert_true(tg_id_parse(tg_text_of(ID), &id));
    tg_cursor_format_id(id, cursor);
    assert_true(tg_cursor_parse_id(tg_text_of(cursor), &back));
    assert_true(tg_id_equals(id, back));
    struct tg_arena arena;
    tg_arena_init(&arena);
    struct tg_text name;
    assert_true(tg_cursor_parse_name(&arena, tg_cursor_format_name(&arena, tg_text_of("replica-1")), &name));
    assert_true(tg_text_is(name, "replica-1"));
    tg_arena_deinit(&arena);
}

static void a_cursor_of_another_list_or_of_none_is_refused(void **state)
{
    struct tg_arena arena;
    struct tg_id id;
    struct tg_text name;
    tg_arena_init(&arena);
    assert_false(tg_cursor_parse_id(tg_cursor_format_name(&arena, tg_text_of("0123456789abcdef")), &id));
    static const char *const bad[] = {"",  "i",  "nonsense", "i0123", "ix1a20262d4ed7455888854323f23aa9c",
                                      "n", "n0", "nzz"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); ++i) {
        assert_false(tg_cursor_parse_id(tg_text_of(bad[i]), &id));
        assert_false(tg_cursor_parse_name(&arena, tg_text_of(bad[i]), &name));
    }
    tg_arena_deinit(&arena);
}

static void only_the_whole_token_opens_the_door(void **state)
{
    struct tg_authenticator authenticator;
    struct tg_principal principal;
    tg_authenticator_init(&authenticator, tg_text_of("admin-0123456789abcdef"));
    struct tg_text right = tg_text_of("Bearer admin-0123456789abcdef");
    struct tg_text lower = tg_text_of("bearer admin-0123456789abcdef");
    assert_true(tg_authenticate(&authenticator, &right, &principal));
    assert_string_equal(principal.name, "admin_token");
    assert_true(tg_authenticate(&authenticator, &lower, &principal));
    static const char *const wrong[] = {"",
                                        "Bearer ",
                                        "Bearer",
                                        "admin-0123456789abcdef",
                                        "Bearer admin-0123456789abcde",
                                        "Bearer admin-0123456789abcdef0",
                                        "Basic admin-0123456789abcdef"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); ++i) {
        struct tg_text value = tg_text_of(wrong[i]);
        assert_false(tg_authenticate(&authenticator, &value, &principal));
    }
    assert_false(tg_authenticate(&authenticator, NULL, &principal));
}

static void a_problem_names_every_field_once(void **state)
{
    struct tg_refusal refusal = {0};
    struct tg_buf out;
    struct tg_id id;
    assert_true(tg_id_parse(tg_text_of(ID), &id));
    tg_buf_init(&out, TG_PROBLEM_MAX_BYTES);
    tg_refuse_field(&refusal, tg_text_of("limit"), "must be \"%s\"", "text");
    tg_refuse_field(&refusal, tg_text_of("limit"), "a second complaint");
    tg_refuse_field(&refusal, tg_text_of("name"), "is required");
    tg_problem_render(&refusal, id, &out);
    assert_int_equal(tg_problem_status(refusal.kind), 422);
    static const char expected[] =
        "{\"type\":\"urn:tollgate:problem:invalid\",\"title\":\"Invalid request\",\"status\":422,"
        "\"detail\":\"The request has members that are wrong; see errors.\",\"instance\":\"urn:uuid:" ID "\","
        "\"errors\":[{\"field\":\"limit\",\"detail\":\"must be \\\"text\\\"\"},"
        "{\"field\":\"name\",\"detail\":\"is required\"}]}";
    assert_true(tg_text_is(tg_buf_text(&out), expected));
    tg_buf_deinit(&out);
}

static void the_first_refusal_stands_and_is_cut_at_a_character(void **state)
{
    struct tg_refusal refusal = {0};
    char longest[1024];
    for (size_t i = 0; i + 2 < sizeof(longest); i += 2)
        memcpy(longest + i, "\xc3\xa9", 2);
    longest[sizeof(longest) - 2] = '\0';
    tg_refuse(&refusal, TG_REFUSAL_CONFLICT, "x%s", longest);
    tg_refuse(&refusal, TG_REFUSAL_NOT_FOUND, "later");
    assert_int_equal(refusal.kind, TG_REFUSAL_CONFLICT);
    size_t bytes = strlen(refusal.detail);
    assert_true(bytes >= sizeof(refusal.detail) - 3 && bytes < sizeof(refusal.detail));
    assert_int_equal((bytes - 1) % 2, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_finds_its_handler_type_and_ids),
        cmocka_unit_test(a_special_path_comes_before_the_general_one),
        cmocka_unit_test(a_method_that_a_path_does_not_take_is_told_which_it_does),
        cmocka_unit_test(a_price_cannot_be_patched),
        cmocka_unit_test(head_is_served_as_get),
        cmocka_unit_test(paths_that_are_nearly_right_lead_nowhere),
        cmocka_unit_test(an_id_that_is_no_uuid_is_marked),
        cmocka_unit_test(every_type_of_resource_can_be_reached),
        cmocka_unit_test(a_cursor_leads_back_to_where_it_was_made),
        cmocka_unit_test(a_cursor_of_another_list_or_of_none_is_refused),
        cmocka_unit_test(only_the_whole_token_opens_the_door),
        cmocka_unit_test(a_problem_names_every_field_once),
        cmocka_unit_test(the_first_refusal_stands_and_is_cut_at_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
