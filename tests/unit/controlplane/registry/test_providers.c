/* The rows that come with the program: many enough, in order, and none of LiteLLM's providers forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "controlplane/registry/embed_internal.h"
#include "controlplane/registry/registry.h"
#include "dataplane/dialects/canonical/operation.h"

enum { MAX_FILE_BYTES = 64 << 20, MAX_LINE_BYTES = 1024 };

static int load(void **state)
{
    struct tg_error error;
    return tg_registry_load(NULL, &error) == TG_OK ? 0 : -1;
}

static int unload(void **state)
{
    tg_registry_unload();
    return 0;
}

static void nobody_who_comes_from_litellm_misses_one(void **state)
{
    assert_true(tg_registry_count() > 110);
}

/* ---- the order of the file ---- */

static const char *line_after(const char *line)
{
    const char *end = strchr(line, '\n');
    return end == NULL ? "" : end + 1;
}

/* What stands between `prefix` and the end of the line; false if the line begins otherwise. */
static bool take_after(const char *line, const char *prefix, char out[MAX_LINE_BYTES])
{
    size_t bytes = strlen(prefix);
    if (strncmp(line, prefix, bytes) != 0)
        return false;
    snprintf(out, MAX_LINE_BYTES, "%.*s", (int)strcspn(line + bytes, "\n"), line + bytes);
    return true;
}

/* The first group stands in the order in which one thinks of them, and is short. */
static void the_rows_of_a_group_are_sorted(void **state)
{
    char *file = tg_text_strdup(tg_text((const char *)tg_registry_builtin, tg_registry_builtin_bytes));
    char name[MAX_LINE_BYTES], last[MAX_LINE_BYTES] = "";
    size_t groups = 0, rows = 0;
    for (const char *line = file; *line != '\0'; line = line_after(line)) {
        if (strncmp(line, "  # ---- ", 9) == 0) {
            ++groups;
            last[0] = '\0';
        }
        if (!take_after(line, "  - name: ", name))
            continue;
        ++rows;
        if (groups > 1 && strcmp(last, name) >= 0)
            fail_msg("%s stands before %s", last, name);
        snprintf(last, sizeof(last), "%s", name);
    }
    free(file);
    assert_true(groups > 3);
    assert_int_equal(rows, tg_registry_count()); /* no name twice */
}

/* ---- where they are ---- */

/* Of a path only the model is filled in at a call. */
static void every_path_has_known_blanks_and_at_most_one_model(void **state)
{
    struct tg_text blanks[TG_BLANK_COUNT];
    for (size_t i = 0; i < TG_BLANK_COUNT; ++i)
        blanks[i] = tg_text_of("blank");
    for (size_t i = 0; i < tg_registry_count(); ++i) {
        const struct tg_registry_row *row = tg_registry_at(i);
        for (size_t a = 0; a < 2 * row->api_count; ++a) {
            const struct tg_registry_api *api = &row->apis[a / 2];
            char *filled = tg_registry_fill(a % 2 == 0 ? api->path : api->stream_path, blanks);
            char *model = strstr(filled, "{model}");
            if (model != NULL)
                memset(model, '-', strlen("{model}"));
            if (strpbrk(filled, "{}") != NULL)
                fail_msg("%s: %s", row->name, filled);
            free(filled);
        }
    }
}

/* ---- what they serve ---- */

static void what_is_generated_is_asked_for_in_each_dialect_once(void **state)
{
    for (size_t i = 0; i < tg_registry_count(); ++i) {
        const struct tg_registry_row *row = tg_registry_at(i);
        for (size_t a = 0; a < row->api_count; ++a)
            for (size_t b = 0; b < a; ++b)
                if (strcmp(row->apis[a].operation, row->apis[b].operation) == 0 &&
                    strcmp(row->apis[a].dialect, row->apis[b].dialect) == 0)
                    fail_msg("%s serves %s in %s twice", row->name, row->apis[a].operation, row->apis[a].dialect);
    }
}

static bool says_anthropic_s_version(const struct tg_registry_row *row)
{
    for (size_t i = 0; i < row->header_count; ++i)
        if (strcmp(row->headers[i].name, "anthropic-version") == 0)
            return true;
    for (size_t i = 0; i < row->rule_count; ++i)
        if (strcmp(row->rules[i].name, "anthropic_version") == 0 && row->rules[i].value[0] != '\0')
            return true;
    return false;
}

/* A client that speaks another dialect does not say it. */
static void who_speaks_messages_is_told_their_version(void **state)
{
    for (size_t i = 0; i < tg_registry_count(); ++i) {
        const struct tg_registry_row *row = tg_registry_at(i);
        for (size_t a = 0; a < row->api_count; ++a)
            if (strcmp(row->apis[a].dialect, "messages") == 0 && !says_anthropic_s_version(row))
                fail_msg("%s", row->name);
    }
}

/* A row that the file of an installation brings is held to the same words at the start. */
static void the_rows_may_say_all_that_replicas_understand(void **state)
{
    for (int operation = 0; operation < TG_OPERATION_COUNT; ++operation)
        for (int dialect = 0; dialect < TG_DIALECT_COUNT; ++dialect) {
            char path[] = "/tmp/tollgate-registry-XXXXXX", yaml[256];
            int file = mkstemp(path);
            assert_true(file >= 0);
            snprintf(
                yaml, sizeof(yaml),
                "providers: [{name: x, auth: none, checked: no, apis: [{operation: %s, dialect: %s, path: /x}]}]\n",
                tg_operation_name((enum tg_operation)operation), tg_dialect_id_name((enum tg_dialect_id)dialect));
            assert_true(dprintf(file, "%s", yaml) > 0);
            struct tg_error error;
            if (tg_registry_load(path, &error) != TG_OK)
                fail_msg("%s", error.message);
            remove(path);
        }
}

/* ---- LiteLLM's ---- */

static bool has_row(struct tg_text litellm)
{
    for (size_t i = 0; i < tg_registry_count(); ++i)
        for (size_t n = 0; n < tg_registry_at(i)->litellm_count; ++n)
            if (tg_text_is(litellm, tg_registry_at(i)->litellm[n]))
                return true;
    return false;
}

static void no_name_of_litellm_s_leads_to_two_rows(void **state)
{
    for (size_t i = 0; i < tg_registry_count(); ++i)
        for (size_t n = 0; n < tg_registry_at(i)->litellm_count; ++n) {
            size_t found = 0;
            for (size_t j = 0; j < tg_registry_count(); ++j)
                for (size_t m = 0; m < tg_registry_at(j)->litellm_count; ++m)
                    found += strcmp(tg_registry_at(i)->litellm[n], tg_registry_at(j)->litellm[m]) == 0;
            if (found != 1)
                fail_msg("%s leads to %zu rows", tg_registry_at(i)->litellm[n], found);
        }
}

static bool read_file(const char *folder, const char *name, struct tg_buf *content)
{
    char path[MAX_LINE_BYTES];
    struct tg_error error;
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    tg_buf_init(content, MAX_FILE_BYTES);
    return tg_file_read(path, MAX_FILE_BYTES, content, &error) == TG_OK;
}

/* Named, with the reason, in the list of the room's README. */
static bool is_exception(const struct tg_buf *readme, struct tg_text litellm)
{
    char bullet[MAX_LINE_BYTES];
    int bytes = snprintf(bullet, sizeof(bullet), "\n- `%.*s`: ", TG_TEXT_ARG(litellm));
    return memmem(readme->data, readme->bytes, bullet, (size_t)bytes) != NULL;
}

/* Behind the next occurrence, NULL if there is none. */
static const char *find(const char *at, const char *end, const char *text)
{
    const char *found = memmem(at, (size_t)(end - at), text, strlen(text));
    return found == NULL ? NULL : found + strlen(text);
}

/* Its members are read as text: it has names twice, which the project's JSON refuses. */
static void every_provider_of_litellm_s_price_map_has_a_row_or_a_reason_why_not(void **state)
{
    const char *corpora = getenv("TOLLGATE_CORPORA");
    struct tg_buf map, readme;
    assert_true(read_file(TG_PROJECT_ROOT "/controlplane/registry", "README.md", &readme));
    if (!read_file(corpora != NULL ? corpora : TG_PROJECT_ROOT "/../shared/data", "prices/litellm_model_prices.json",
                   &map)) {
        print_message("SKIPPED: no price map (set TOLLGATE_CORPORA to the folder that holds prices/)\n");
        tg_buf_deinit(&map);
        tg_buf_deinit(&readme);
        skip();
    }
    size_t models = 0;
    for (const char *at = map.data, *end = map.data + map.bytes;
         (at = find(at, end, "\"litellm_provider\": \"")) != NULL; ++models) {
        const char *quote = memchr(at, '"', (size_t)(end - at));
        assert_non_null(quote);
        struct tg_text name = tg_text(at, (size_t)(quote - at));
        if (tg_text_starts_with(name, "one of ")) /* the map's description of itself */
            continue;
        if (has_row(name) == is_exception(&readme, name))
            fail_msg("%.*s has %s", TG_TEXT_ARG(name), has_row(name) ? "a row and a reason" : "neither row nor reason");
    }
    assert_true(models > 1000);
    tg_buf_deinit(&map);
    tg_buf_deinit(&readme);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_who_comes_from_litellm_misses_one),
        cmocka_unit_test(the_rows_of_a_group_are_sorted),
        cmocka_unit_test(every_path_has_known_blanks_and_at_most_one_model),
        cmocka_unit_test(what_is_generated_is_asked_for_in_each_dialect_once),
        cmocka_unit_test(who_speaks_messages_is_told_their_version),
        cmocka_unit_test(no_name_of_litellm_s_leads_to_two_rows),
        cmocka_unit_test(every_provider_of_litellm_s_price_map_has_a_row_or_a_reason_why_not),
        cmocka_unit_test(the_rows_may_say_all_that_replicas_understand),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
