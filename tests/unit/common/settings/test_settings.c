#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <unistd.h>

#include "common/base/file.h"
#include "common/settings/settings.h"

static const char *const levels[] = {"debug", "info", "error", NULL};

static const struct tg_setting rows[] = {
    {.key = "listen.port",
     .type = TG_SETTING_INTEGER,
     .fallback = "8080",
     .max = 65535,
     .doc = "Port for applications; 0 picks a free one."},
    {.key = "listen.host", .type = TG_SETTING_STRING, .fallback = "127.0.0.1", .doc = "Address to bind."},
    {.key = "limits.head_ms",
     .type = TG_SETTING_INTEGER,
     .fallback = "10000",
     .min = 100,
     .max = 3600000,
     .doc = "From the first byte of a head to its end."},
    {.key = "limits.body", .type = TG_SETTING_SIZE, .fallback = "16MiB", .min = 1024, .doc = "Largest body."},
    {.key = "log.level", .type = TG_SETTING_CHOICE, .fallback = "info", .choices = levels, .doc = "Least to log."},
    {.key = "region", .type = TG_SETTING_STRING, .fallback = "eu", .doc = "Name of a | b."},
    {.key = "seal.key_file", .type = TG_SETTING_PATH, .secrecy = TG_SETTING_SECRET_FILE, .doc = "The sealing key."},
    {.key = "database.url", .type = TG_SETTING_STRING, .secrecy = TG_SETTING_SECRET, .doc = "Where the books are."},
};

static const struct tg_settings_program program = {
    "tollgate-test", "a program for tests.", "[migrate]", "TOLLGATE_TEST_", rows, sizeof(rows) / sizeof(rows[0])};

static char directory[] = "/tmp/tollgate-test-settings-XXXXXX";
static char path[128];

static int make_directory(void **state)
{
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/settings.yaml", directory);
    return 0;
}

static int remove_directory(void **state)
{
    unlink(path);
    return rmdir(directory);
}

static void write_file(const char *yaml)
{
    assert_int_equal(tg_file_write_atomic(path, tg_text_of(yaml), 0600, NULL), TG_OK);
}

enum { MAX_WORDS = 10 };

/* `words` end with NULL; the program's name goes before them. */
static enum tg_status load(const struct tg_settings_program *of, const char *const *words, char *const *environment,
                           tg_settings **settings, struct tg_error *error)
{
    char *argv[MAX_WORDS + 2] = {(char *)"program"};
    int argc = 1;
    for (; words != NULL && words[argc - 1] != NULL; ++argc)
        argv[argc] = (char *)words[argc - 1];
    return tg_settings_load(of, argc, argv, environment, settings, error);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define ENV(...)   ((char *const[]){__VA_ARGS__, NULL})
static char *const no_environment[] = {NULL};

static tg_settings *load_well(const char *const *words, char *const *environment)
{
    tg_settings *settings;
    struct tg_error error;
    if (load(&program, words, environment, &settings, &error) != TG_OK)
        fail_msg("%s", error.message);
    return settings;
}

static void assert_refused(const char *const *words, char *const *environment, const char *expected)
{
    tg_settings *settings;
    struct tg_error error = {0};
    assert_int_equal(load(&program, words, environment, &settings, &error), TG_INVALID);
    assert_null(settings);
    if (strstr(error.message, expected) == NULL)
        fail_msg("\"%s\" is not \"%s\"", error.message, expected);
}

static void defaults_hold_where_nothing_is_said(void **state)
{
    tg_settings *settings = load_well(NULL, no_environment);
    assert_int_equal(tg_settings_integer(settings, "listen.port"), 8080);
    assert_string_equal(tg_settings_string(settings, "listen.host"), "127.0.0.1");
    assert_int_equal(tg_settings_integer(settings, "limits.head_ms"), 10000);
    assert_int_equal(tg_settings_size_bytes(settings, "limits.body"), 16 * 1024 * 1024);
    assert_int_equal(tg_settings_choice(settings, "log.level"), 1);
    assert_string_equal(tg_settings_string(settings, "region"), "eu");
    assert_null(tg_settings_string(settings, "seal.key_file"));
    assert_int_equal(tg_settings_request(settings), TG_SETTINGS_RUN);
    assert_int_equal(tg_settings_operand_count(settings), 0);
    tg_settings_destroy(settings);
}

static void file_beats_default_environment_beats_file_and_flag_beats_all(void **state)
{
    write_file("listen:\n  port: 1\n  host: file\nlimits:\n  body: 2KiB\n  head_ms: 1000\nregion: true\n");
    tg_settings *settings =
        load_well(WORDS("--config", path, "--listen-port", "3", "--limits-body=4096"),
                  ENV("TOLLGATE_TEST_LISTEN_PORT=2", "TOLLGATE_TEST_LISTEN_HOST=environment", "OTHER=1"));
    assert_int_equal(tg_settings_integer(settings, "listen.port"), 3);
    assert_string_equal(tg_settings_string(settings, "listen.host"), "environment");
    assert_int_equal(tg_settings_size_bytes(settings, "limits.body"), 4096);
    assert_int_equal(tg_settings_integer(settings, "limits.head_ms"), 1000);
    assert_string_equal(tg_settings_string(settings, "region"), "true");
    tg_settings_destroy(settings);
}

static void the_file_is_named_by_flag_or_environment(void **state)
{
    write_file("listen.port: 7\n");
    char own[160];
    char shared[160];
    snprintf(own, sizeof(own), "TOLLGATE_TEST_CONFIG=%s", path);
    snprintf(shared, sizeof(shared), "TOLLGATE_CONFIG=%s", path);
    char *const environments[][3] = {{own, NULL}, {shared, NULL}, {(char *)"TOLLGATE_CONFIG=/nonexistent", own, NULL}};
    for (size_t i = 0; i < 3; ++i) {
        tg_settings *settings = load_well(NULL, environments[i]);
        assert_int_equal(tg_settings_integer(settings, "listen.port"), 7);
        tg_settings_destroy(settings);
    }
    tg_settings *settings;
    struct tg_error error;
    assert_int_equal(load(&program, WORDS("--config=/nonexistent"), ENV(own), &settings, &error), TG_NOT_FOUND);
    assert_non_null(strstr(error.message, "/nonexistent"));
}

static void empty_variables_and_nulls_set_nothing(void **state)
{
    write_file("listen:\n  port:\n");
    tg_settings *settings = load_well(WORDS("--config", path), ENV("TOLLGATE_TEST_LISTEN_PORT=", "TOLLGATE_CONFIG="));
    assert_int_equal(tg_settings_integer(settings, "listen.port"), 8080);
    tg_settings_destroy(settings);
    write_file("# nothing\n");
    tg_settings_destroy(load_well(WORDS("--config", path), no_environment));
}

static void unknown_names_are_refused_with_the_nearest_known(void **state)
{
    assert_refused(WORDS("--listen-prot", "1"), no_environment,
                   "option --listen-prot is not known; did you mean --listen-port?");
    assert_refused(WORDS("--listen_port", "1"), no_environment, "did you mean --listen-port?");
    assert_refused(WORDS("--frobnicate-everything"), no_environment,
                   "option --frobnicate-everything is not known; tollgate-test --help lists what is");
    assert_refused(
        NULL, ENV("TOLLGATE_TEST_LISTEN_PROT=1"),
        "environment variable TOLLGATE_TEST_LISTEN_PROT is not known; did you mean TOLLGATE_TEST_LISTEN_PORT?");
    assert_refused(NULL, ENV("TOLLGATE_TEST_="), "TOLLGATE_TEST_ is not known");
    write_file("listen:\n  prot: 1\n");
    assert_refused(WORDS("--config", path), no_environment,
                   "settings.yaml: setting listen.prot is not known; did you mean listen.port?");
    write_file("listne:\n  port: 1\n");
    assert_refused(WORDS("--config", path), no_environment,
                   "setting listne.port is not known; did you mean listen.port?");
    write_file("zzz: {}\n");
    assert_refused(WORDS("--config", path), no_environment, "setting zzz is not known");
    char name[400] = "--";
    memset(name + 2, 'x', sizeof(name) - 3);
    assert_refused(WORDS(name), no_environment, "is not known");
}

static void values_are_checked_and_the_error_says_where_they_came_from(void **state)
{
    assert_refused(WORDS("--listen-port", "http"), no_environment,
                   "--listen-port: listen.port must be a whole number, not \"http\"");
    assert_refused(WORDS("--listen-port", "65536"), no_environment, "must be at most 65535, not \"65536\"");
    assert_refused(WORDS("--listen-port", "-1"), no_environment, "must be at least 0, not \"-1\"");
    assert_refused(WORDS("--listen-port", "99999999999999999999"), no_environment, "must be a whole number");
    assert_refused(WORDS("--listen-port="), no_environment, "must be a whole number");
    assert_refused(WORDS("--listen-port", "80 "), no_environment, "must be a whole number");
    assert_refused(NULL, ENV("TOLLGATE_TEST_LIMITS_HEAD_MS=10s"),
                   "TOLLGATE_TEST_LIMITS_HEAD_MS: limits.head_ms must be a whole number, not \"10s\"");
    assert_refused(WORDS("--limits-head-ms=1.5"), no_environment, "must be a whole number");
    assert_refused(WORDS("--limits-head-ms=99"), no_environment, "must be at least 100, not");
    assert_refused(WORDS("--limits-head-ms=3600001"), no_environment, "must be at most 3600000, not");
    assert_refused(WORDS("--limits-body=9223372036854775807GiB"), no_environment, "must be a size");
    assert_refused(WORDS("--limits-body=1MB"), no_environment, "must be a size");
    assert_refused(WORDS("--limits-body=1023"), no_environment, "must be at least 1024 bytes");
    assert_refused(WORDS("--log-level=loud"), no_environment,
                   "log.level must be one of debug, info, error, not \"loud\"");
    write_file("listen:\n  port: [1]\n");
    assert_refused(WORDS("--config", path), no_environment, "listen.port must be a single value, not an array");
    write_file("listen:\n  port: {a: 1}\n");
    assert_refused(WORDS("--config", path), no_environment, "listen.port must be a single value, not an object");
    write_file("listen: {port: 1}\nlisten.port: 2\n");
    assert_refused(WORDS("--config", path), no_environment, "listen.port is set twice");
    write_file("- 1\n");
    assert_refused(WORDS("--config", path), no_environment, "must be a mapping");
    write_file("listen:\n  port: 1\n  port: 2\n");
    assert_refused(WORDS("--config", path), no_environment, "line 3");
}

static void sizes_with_units_are_understood(void **state)
{
    const struct {
        const char *text;
        int64_t value;
    } sizes[] = {{"2048", 2048}, {"2048B", 2048}, {"64KiB", 65536}, {"3MiB", 3145728}, {"2GiB", INT64_C(2) << 30}};
    for (size_t i = 0; i < 5; ++i) {
        tg_settings *settings = load_well(WORDS("--limits-body", sizes[i].text), no_environment);
        assert_true(tg_settings_size_bytes(settings, "limits.body") == sizes[i].value);
        tg_settings_destroy(settings);
    }
}

static void operands_come_before_options(void **state)
{
    tg_settings *settings = load_well(WORDS("migrate", "up", "--region=us", "--listen-port", "1"), no_environment);
    assert_int_equal(tg_settings_operand_count(settings), 2);
    assert_string_equal(tg_settings_string(settings, "region"), "us");
    assert_int_equal(tg_settings_integer(settings, "listen.port"), 1);
    tg_settings_destroy(settings);
    assert_refused(WORDS("--region=us", "migrate"), no_environment, "\"migrate\" stands behind options");
    assert_refused(WORDS("--listen-port"), no_environment, "--listen-port needs a value");
    struct tg_settings_program plain = program;
    plain.usage = NULL;
    struct tg_error error;
    assert_int_equal(load(&plain, WORDS("migrate"), no_environment, &settings, &error), TG_INVALID);
    assert_non_null(strstr(error.message, "takes options only"));
}

static void help_is_given_whatever_else_is_wrong(void **state)
{
    const struct {
        const char *word;
        enum tg_settings_request request;
    } requests[] = {{"--help", TG_SETTINGS_HELP},
                    {"-h", TG_SETTINGS_HELP},
                    {"--version", TG_SETTINGS_VERSION},
                    {"--print-settings", TG_SETTINGS_PRINT}};
    for (size_t i = 0; i < 4; ++i) {
        tg_settings *settings = load_well(WORDS(requests[i].word), ENV("TOLLGATE_TEST_BAD=1", "TOLLGATE_CONFIG=/none"));
        assert_int_equal(tg_settings_request(settings), requests[i].request);
        tg_settings_destroy(settings);
    }
}

static void a_required_setting_must_be_set(void **state)
{
    static const struct tg_setting required[] = {
        {.key = "replica.name", .type = TG_SETTING_STRING, .is_required = true, .doc = "Its name."}};
    static const struct tg_settings_program strict = {"strict", "x.", NULL, "TOLLGATE_STRICT_", required, 1};
    tg_settings *settings;
    struct tg_error error;
    assert_int_equal(load(&strict, NULL, no_environment, &settings, &error), TG_INVALID);
    assert_string_equal(
        error.message,
        "replica.name must be set: in the file, as TOLLGATE_STRICT_REPLICA_NAME, or with --replica-name");
    assert_int_equal(load(&strict, WORDS("--replica-name="), no_environment, &settings, &error), TG_INVALID);
    assert_int_equal(load(&strict, WORDS("--replica-name=a"), no_environment, &settings, &error), TG_OK);
    tg_settings_destroy(settings);
}

static void a_secret_comes_from_file_or_environment_only(void **state)
{
    assert_refused(WORDS("--database-url", "postgres://u:hunter2@h"), no_environment,
                   "--database-url: a secret on the");
    tg_settings *settings;
    struct tg_error error;
    assert_int_equal(load(&program, WORDS("--database-url=hunter2"), no_environment, &settings, &error), TG_INVALID);
    assert_null(strstr(error.message, "hunter2"));
    settings = load_well(NULL, ENV("TOLLGATE_TEST_DATABASE_URL=postgres://u:hunter2@h"));
    assert_string_equal(tg_settings_string(settings, "database.url"), "postgres://u:hunter2@h");
    tg_settings_destroy(settings);
}

static char *printed(void (*print)(const struct tg_settings_program *, FILE *))
{
    char *text;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    print(&program, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void the_table_is_printed_for_the_documentation(void **state)
{
    char *text = printed(tg_settings_print_markdown);
    assert_string_equal(
        text,
        "| In the file | Environment | Option | Value | Default | Meaning |\n"
        "|---|---|---|---|---|---|\n"
        "| `listen.port` | `TOLLGATE_TEST_LISTEN_PORT` | `--listen-port` | integer | `8080` | "
        "Port for applications; 0 picks a free one. |\n"
        "| `listen.host` | `TOLLGATE_TEST_LISTEN_HOST` | `--listen-host` | text | `127.0.0.1` | Address to bind. |\n"
        "| `limits.head_ms` | `TOLLGATE_TEST_LIMITS_HEAD_MS` | `--limits-head-ms` | integer | `10000` | "
        "From the first byte of a head to its end. |\n"
        "| `limits.body` | `TOLLGATE_TEST_LIMITS_BODY` | `--limits-body` | size | `16MiB` | Largest body. |\n"
        "| `log.level` | `TOLLGATE_TEST_LOG_LEVEL` | `--log-level` | debug, info, error | `info` | Least to log. |\n"
        "| `region` | `TOLLGATE_TEST_REGION` | `--region` | text | `eu` | Name of a \\| b. |\n"
        "| `seal.key_file` | `TOLLGATE_TEST_SEAL_KEY_FILE` | `--seal-key-file` | path of a secret | none | "
        "The sealing key. |\n"
        "| `database.url` | `TOLLGATE_TEST_DATABASE_URL` | never | text, secret | none | Where the books are. |\n");
    free(text);
}

static void help_names_every_setting(void **state)
{
    char *text = printed(tg_settings_print_help);
    assert_non_null(strstr(text, "usage: tollgate-test [migrate] [options]"));
    for (size_t i = 0; i < program.row_count; ++i)
        assert_non_null(strstr(text, rows[i].doc));
    assert_non_null(strstr(text, "  --listen-port <integer>  (default 8080)\n"));
    assert_non_null(strstr(text, "  --log-level <debug|info|error>"));
    assert_non_null(strstr(text, "      TOLLGATE_TEST_LISTEN_PORT\n"));
    assert_null(strstr(text, "--database-url"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_hold_where_nothing_is_said),
        cmocka_unit_test(file_beats_default_environment_beats_file_and_flag_beats_all),
        cmocka_unit_test(the_file_is_named_by_flag_or_environment),
        cmocka_unit_test(empty_variables_and_nulls_set_nothing),
        cmocka_unit_test(unknown_names_are_refused_with_the_nearest_known),
        cmocka_unit_test(values_are_checked_and_the_error_says_where_they_came_from),
        cmocka_unit_test(sizes_with_units_are_understood),
        cmocka_unit_test(operands_come_before_options),
        cmocka_unit_test(help_is_given_whatever_else_is_wrong),
        cmocka_unit_test(a_required_setting_must_be_set),
        cmocka_unit_test(a_secret_comes_from_file_or_environment_only),
        cmocka_unit_test(the_table_is_printed_for_the_documentation),
        cmocka_unit_test(help_names_every_setting),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
