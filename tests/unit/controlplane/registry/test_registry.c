/* The registry of providers: the rows that come with the program, rows of the installation's own, and blanks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "controlplane/registry/registry.h"
#include "dataplane/dialects/canonical/operation.h"

static const struct tg_registry_row *row(const char *name)
{
    return tg_registry_find(tg_text_of(name));
}

/* Loads a file with this text beside the program's own rows. */
static enum tg_status load(const char *yaml, struct tg_error *error)
{
    char path[] = "/tmp/tollgate-registry-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, yaml, strlen(yaml)), (ssize_t)strlen(yaml));
    close(file);
    enum tg_status status = tg_registry_load(path, error);
    unlink(path);
    return status;
}

static int unload(void **state)
{
    tg_registry_unload();
    return 0;
}

static void every_row_of_the_program_can_be_understood_by_a_replica(void **state)
{
    struct tg_error error;
    assert_int_equal(tg_registry_load(NULL, &error), TG_OK);
    assert_true(tg_registry_count() > 0);
    for (size_t i = 0; i < tg_registry_count(); ++i) {
        const struct tg_registry_row *kind = tg_registry_at(i);
        assert_ptr_equal(row(kind->name), kind);
        assert_true(kind->display_name[0] != '\0' && kind->checked[0] != '\0' && kind->documentation[0] != '\0');
        if (i > 0)
            assert_true(strcmp(tg_registry_at(i - 1)->name, kind->name) < 0);
        for (size_t a = 0; a < kind->api_count; ++a) {
            enum tg_operation operation;
            enum tg_dialect_id dialect;
            assert_true(tg_operation_named(tg_text_of(kind->apis[a].operation), &operation));
            assert_true(tg_dialect_id_named(tg_text_of(kind->apis[a].dialect), &dialect));
            assert_true(kind->apis[a].path[0] == '/' || operation == TG_OPERATION_NATIVE);
        }
    }
    assert_string_equal(row("openai")->maximum_field, "max_completion_tokens");
    assert_null(row("nobody"));
}

static void a_file_adds_rows_and_replaces_those_of_the_same_name(void **state)
{
    struct tg_error error;
    assert_int_equal(
        load("providers:\n"
             "  - {name: house, display_name: House, base_url: 'https://{account}.house/v1', auth: 'header:x-house "
             "Key',\n"
             "     apis: [chat, {operation: generate, dialect: messages, path: /anthropic/messages}],\n"
             "     parameters: {logit_bias: null, max_tokens: limit, version: {set: v1}}, defaults: {account: main},\n"
             "     checked: here, documentation: here}\n"
             "  - {name: openai, auth: none, apis: [chat], checked: replaced}\n",
             &error),
        TG_OK);
    const struct tg_registry_row *house = row("house");
    assert_int_equal(house->auth, TG_REGISTRY_AUTH_HEADER);
    assert_string_equal(house->auth_name, "x-house");
    assert_string_equal(house->auth_scheme, "Key");
    assert_int_equal(house->api_count, 2);
    assert_string_equal(house->apis[1].dialect, "messages");
    assert_int_equal(house->rule_count, 3);
    assert_string_equal(house->rules[0].new_name, "");
    assert_string_equal(house->rules[1].new_name, "limit");
    assert_string_equal(house->rules[2].new_name, "");
    assert_string_equal(house->rules[2].value, "v1");
    assert_int_equal(house->blanks, 1u << TG_BLANK_ACCOUNT);
    assert_string_equal(house->defaults[TG_BLANK_ACCOUNT], "main");
    assert_string_equal(row("openai")->checked, "replaced");
    assert_non_null(row("anthropic"));
}

static void an_address_may_be_a_number_have_a_port_and_a_path(void **state)
{
    static const char *const urls[] = {"http://127.0.0.1:65535", "https://[::1]:8443/v1", "https://[::1]",
                                       "https://{account}.house/{region}", "http://h:1/"};
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); ++i) {
        struct tg_error error;
        char yaml[256];
        snprintf(yaml, sizeof(yaml), "providers: [{name: x, base_url: '%s', auth: none, apis: [chat], checked: no}]\n",
                 urls[i]);
        if (load(yaml, &error) != TG_OK)
            fail_msg("%s", error.message);
        assert_string_equal(row("x")->base_url, urls[i]);
    }
}

static void what_is_wrong_with_a_row_is_said_with_its_name(void **state)
{
    static const struct {
        const char *yaml, *says;
    } cases[] = {
        {"providers:\n  - {name: x, auth: magic, apis: [chat], checked: no}\n", "provider \"x\": 'auth'"},
        {"providers:\n  - {name: x, auth: 'header:', apis: [chat], checked: no}\n", "'auth'"},
        {"providers:\n  - {name: x, auth: 'header: Key', apis: [chat], checked: no}\n", "'auth'"},
        {"providers:\n  - {name: x, auth: 'query:a b', apis: [chat], checked: no}\n", "'auth'"},
        {"providers:\n  - {name: x, auth: none, apis: [telepathy], checked: no}\n", "'apis'"},
        {"providers:\n  - {name: x, auth: none, apis: [{operation: fly, dialect: chat, path: /}], checked: no}\n",
         "an operation"},
        {"providers:\n  - {name: x, auth: none, apis: [{operation: embed, dialect: dog, path: /}], checked: no}\n",
         "a dialect"},
        {"providers:\n  - {name: x, auth: none, apis: [{operation: embed, dialect: chat, path: e}], checked: no}\n",
         "a path"},
        {"providers:\n  - {name: x, auth: none, apis: [{operation: embed, dialect: chat}], checked: no}\n", "a path"},
        {"providers:\n  - {name: x, base_url: 'ftp://h', auth: none, apis: [chat], checked: no}\n", "'base_url'"},
        {"providers:\n  - {name: x, base_url: 'https:///v1', auth: none, apis: [chat], checked: no}\n", "'base_url'"},
        {"providers:\n  - {name: x, base_url: 'https://h:0/', auth: none, apis: [chat], checked: no}\n", "'base_url'"},
        {"providers:\n  - {name: x, base_url: 'https://h:x/', auth: none, apis: [chat], checked: no}\n", "'base_url'"},
        {"providers:\n  - {name: x, base_url: 'https://[::1', auth: none, apis: [chat], checked: no}\n", "'base_url'"},
        {"providers:\n  - {name: x, auth: none, apis: [chat], checked: no, maximum_field: 'a\"b'}\n",
         "'maximum_field'"},
        {"providers:\n  - {name: x, base_url: 'http://h/?v=1', auth: none, apis: [chat], checked: no}\n", "'base_url'"},
        {"providers:\n  - {name: x, auth: none, apis: [chat], checked: no, headers: {'a b': c}}\n", "'headers'"},
        {"providers:\n  - {name: x, auth: none, apis: [chat], checked: no, parameters: {a: ''}}\n", "'parameters'"},
        {"providers:\n  - {name: x, auth: none, apis: [chat], checked: no, parameters: {a: {to: b}}}\n",
         "'parameters'"},
        {"providers:\n  - {name: x, auth: none, apis: [], checked: no}\n", "'apis'"},
        {"providers:\n  - {name: x, auth: none, apis: [chat]}\n", "'checked'"},
        {"providers:\n  - {auth: none, apis: [chat], checked: no}\n", "'name'"},
        {"providers:\n  - {name: x, auth: none, apis: [chat], checked: no, colour: red}\n", "'colour'"},
        {"providers:\n  - {name: x, auth: none, apis: [chat], checked: no, defaults: {planet: 3}}\n", "'defaults'"},
        {"providers: [{name: x, auth: none, apis: [chat], checked: a}, {name: x, auth: none, apis: [chat], checked: "
         "a}]\n",
         "two providers \"x\""},
        {"kinds: []\n", "'providers'"},
        {"providers: [\n", "line"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        struct tg_error error;
        assert_int_equal(load(cases[i].yaml, &error), TG_INVALID);
        assert_non_null(strstr(error.message, cases[i].says));
    }
    struct tg_error error;
    assert_int_equal(tg_registry_load("/nowhere/registry.yaml", &error), TG_INVALID);
    assert_non_null(strstr(error.message, "/nowhere/registry.yaml"));
}

static void other_rows_have_another_digest(void **state)
{
    struct tg_error error;
    uint8_t own[TG_REGISTRY_DIGEST_BYTES], with_file[TG_REGISTRY_DIGEST_BYTES];
    assert_int_equal(tg_registry_load(NULL, &error), TG_OK);
    memcpy(own, tg_registry_digest(), sizeof(own));
    assert_int_equal(load("providers: [{name: x, auth: none, apis: [chat], checked: a}]\n", &error), TG_OK);
    memcpy(with_file, tg_registry_digest(), sizeof(with_file));
    assert_memory_not_equal(own, with_file, sizeof(own));
    assert_int_equal(load("providers: [{name: x, auth: none, apis: [chat], checked: b}]\n", &error), TG_OK);
    assert_memory_not_equal(with_file, tg_registry_digest(), sizeof(own));
    assert_int_equal(tg_registry_load(NULL, &error), TG_OK);
    assert_memory_equal(own, tg_registry_digest(), sizeof(own));
}

static void blanks_are_filled_and_an_empty_one_is_told(void **state)
{
    struct tg_text blanks[TG_BLANK_COUNT] = {[TG_BLANK_REGION] = tg_text_of("eu-west-1")};
    char *filled = tg_registry_fill("https://b.{region}.x/{model}", blanks);
    assert_string_equal(filled, "https://b.eu-west-1.x/{model}");
    free(filled);
    assert_null(tg_registry_fill("https://{project}.x", blanks));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(every_row_of_the_program_can_be_understood_by_a_replica, unload),
        cmocka_unit_test_teardown(a_file_adds_rows_and_replaces_those_of_the_same_name, unload),
        cmocka_unit_test_teardown(an_address_may_be_a_number_have_a_port_and_a_path, unload),
        cmocka_unit_test_teardown(what_is_wrong_with_a_row_is_said_with_its_name, unload),
        cmocka_unit_test_teardown(other_rows_have_another_digest, unload),
        cmocka_unit_test(blanks_are_filled_and_an_empty_one_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
