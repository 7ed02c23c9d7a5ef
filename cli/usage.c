/* tollgate usage export | summary */
#include "common/base/usage.h"
#include "cli/lookup.h"
#include "cli/output.h"
#include "common/base/time.h"

static const char usage_help[] = "  tollgate usage export [--from TIME] [--to TIME] [--format csv|jsonl]\n"
                                 "  tollgate usage summary --by team|project|app|model [--from TIME] [--to TIME]\n"
                                 "    TIME is a date (2026-11-01) or RFC 3339; from is included, to is not.\n"
                                 "    Without them: the current month until now.\n";

enum { MAX_PATH_BYTES = 4096 };

static bool has_no_switches(const char *name)
{
    (void)name;
    return false;
}

/* The time that was said, or the default, in the form that the API takes. */
static enum tg_status format_time(const char *said, int64_t default_ms, char out[TG_TIME_TEXT_BYTES],
                                  struct tg_error *error)
{
    int64_t unix_ms = default_ms;
    if (said != NULL && !tg_time_parse(tg_text_of(said), &unix_ms))
        return tg_fail(error, TG_INVALID, "\"%s\" is not a time: use 2026-11-01 or 2026-11-01T12:00:00Z", said);
    tg_time_format(unix_ms, out);
    return TG_OK;
}

static int64_t start_of_month_ms(int64_t now_ms)
{
    char text[TG_TIME_TEXT_BYTES];
    tg_time_format(now_ms, text);
    memcpy(text + 8, "01T00:00:00.000Z", sizeof("01T00:00:00.000Z") - 1);
    int64_t start_ms = now_ms;
    bool is_time = tg_time_parse(tg_text_of(text), &start_ms);
    (void)is_time; /* it was formatted a moment ago */
    return start_ms;
}

static enum tg_status make_path(struct tg_cli *cli, struct tg_arguments *arguments, const char *report,
                                const char *parameter, const char *value, struct tg_buf *path, struct tg_error *error)
{
    char from[TG_TIME_TEXT_BYTES], to[TG_TIME_TEXT_BYTES];
    int64_t now_ms = tg_time_unix_ms();
    enum tg_status status = format_time(tg_arguments_flag(arguments, "from"), start_of_month_ms(now_ms), from, error);
    if (status == TG_OK)
        status = format_time(tg_arguments_flag(arguments, "to"), now_ms + 1000, to, error);
    if (status == TG_OK)
        status = tg_lookup_organization(cli, error);
    if (status == TG_OK)
        status =
            tg_buf_printf(path, "%s/usage/%s?from=%s&to=%s&%s=", cli->organization_path, report, from, to, parameter);
    if (status == TG_OK)
        status = tg_client_escape(path, tg_text_of(value));
    if (status == TG_OK)
        status = tg_buf_append(path, tg_text("", 1));
    return status;
}

static enum tg_exit export_usage(struct tg_cli *cli, struct tg_arguments *arguments)
{
    struct tg_error error = {.message = "the request is too long"};
    struct tg_buf path;
    tg_buf_init(&path, MAX_PATH_BYTES);
    const char *format = tg_arguments_flag(arguments, "format");
    enum tg_status status =
        make_path(cli, arguments, "export", "format", format != NULL ? format : "csv", &path, &error);
    enum tg_exit result = TG_EXIT_USAGE;
    if (status == TG_OK && tg_arguments_all_used(arguments, usage_help)) {
        status = tg_client_download(cli->client, path.data, stdout, &error);
        result = TG_EXIT_OK;
    }
    tg_buf_deinit(&path);
    return status == TG_OK ? result : tg_cli_fail(&error);
}

static bool is_anywhere(const tg_json *items, const char *column)
{
    for (size_t i = 0; i < tg_json_count(items); ++i) {
        const tg_json *value = tg_json_member(tg_json_at(items, i), column);
        if (tg_json_is_i64(value) ? tg_json_i64(value) != 0
                                  : tg_json_is(value, TG_JSON_STRING) && !tg_text_is(tg_json_text(value), "0"))
            return true;
    }
    return false;
}

/* The tokens that every model has, and of all else what was used at all. */
static bool print_summary(const tg_json *items)
{
    const char *columns[TG_USAGE_KIND_COUNT + 6] = {"name", "requests"};
    size_t count = 2;
    for (int kind = 0; kind < TG_USAGE_KIND_COUNT; ++kind) {
        const char *column = tg_usage_kind_name((enum tg_usage_kind)kind);
        if (kind == TG_USAGE_INPUT || kind == TG_USAGE_CACHED_INPUT || kind == TG_USAGE_OUTPUT ||
            kind == TG_USAGE_REASONING || is_anywhere(items, column))
            columns[count++] = column;
    }
    if (is_anywhere(items, "unpriced_requests"))
        columns[count++] = "unpriced_requests";
    columns[count++] = "cost_usd";
    columns[count] = NULL;
    return tg_print_table(stdout, items, columns);
}

static enum tg_exit summarize_usage(struct tg_cli *cli, struct tg_arguments *arguments)
{
    const char *by = tg_arguments_flag(arguments, "by");
    if (by == NULL)
        return tg_cli_usage("say by what to sum: --by team, project, app or model\n%s", usage_help);
    struct tg_error error = {.message = "the request is too long"};
    struct tg_buf path;
    tg_buf_init(&path, MAX_PATH_BYTES);
    tg_json *answer = NULL;
    enum tg_status status =
        make_path(cli, arguments, "summary", "by", strcmp(by, "app") == 0 ? "application" : by, &path, &error);
    enum tg_exit result = TG_EXIT_USAGE;
    if (status == TG_OK && tg_arguments_all_used(arguments, usage_help)) {
        status = tg_client_call(cli->client, "GET", path.data, NULL, &answer, &error);
        if (status == TG_OK) {
            const tg_json *items = tg_json_member(answer, "items");
            bool is_printed = cli->is_json ? tg_print_json(stdout, items) : print_summary(items);
            result = is_printed ? TG_EXIT_OK : TG_EXIT_FAILED;
        }
    }
    tg_json_destroy(answer);
    tg_buf_deinit(&path);
    return status == TG_OK ? result : tg_cli_fail(&error);
}

enum tg_exit tg_command_usage(struct tg_cli *cli, int argc, char **argv)
{
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || (argc >= 3 && strcmp(argv[2], "--help") == 0))) {
        fputs(usage_help, stdout);
        return TG_EXIT_OK;
    }
    bool is_export = argc >= 2 && strcmp(argv[1], "export") == 0;
    if (!is_export && (argc < 2 || strcmp(argv[1], "summary") != 0))
        return tg_cli_usage("usage wants export or summary\n%s", usage_help);
    struct tg_arguments arguments;
    enum tg_exit result = TG_EXIT_USAGE;
    if (tg_arguments_parse(&arguments, argc - 2, argv + 2, has_no_switches)) {
        if (arguments.word_count != 0)
            result = tg_cli_usage("\"%s\" is too much\n%s", arguments.words[0], usage_help);
        else
            result = is_export ? export_usage(cli, &arguments) : summarize_usage(cli, &arguments);
    }
    tg_arguments_deinit(&arguments);
    return result;
}
