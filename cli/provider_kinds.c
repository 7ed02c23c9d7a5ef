/* tollgate provider kinds: what a provider can be, and what each kind needs and serves. */
#include "cli/cli.h"
#include "cli/output.h"

static const char kinds_help[] = "  tollgate provider kinds        all of them: what each needs, and what it serves\n"
                                 "  tollgate provider kinds KIND   everything about one\n";

enum { MAX_CELL_BYTES = 4096 };

static bool has_no_switches(const char *name)
{
    (void)name;
    return false;
}

static void add_word(struct tg_buf *list, struct tg_text word, enum tg_status *status)
{
    if (*status == TG_OK)
        *status = tg_buf_printf(list, "%s%.*s", list->bytes == 0 ? "" : ", ", TG_TEXT_ARG(word));
}

/* What conversations are held in, by the dialect; everything else by the operation. */
static enum tg_status join_apis(const tg_json *apis, struct tg_buf *list)
{
    enum tg_status status = TG_OK;
    for (size_t i = 0; i < tg_json_count(apis); ++i) {
        struct tg_text operation = tg_json_text(tg_json_member(tg_json_at(apis, i), "operation"));
        struct tg_text dialect = tg_json_text(tg_json_member(tg_json_at(apis, i), "dialect"));
        if (tg_text_is(operation, "generate"))
            add_word(list, dialect, &status);
        else if (i == 0 ||
                 !tg_text_equals(operation, tg_json_text(tg_json_member(tg_json_at(apis, i - 1), "operation"))))
            add_word(list, operation, &status);
    }
    return status;
}

static enum tg_status join_needs(const tg_json *needs, struct tg_buf *list)
{
    enum tg_status status = TG_OK;
    for (size_t i = 0; i < tg_json_count(needs); ++i)
        add_word(list, tg_json_text(tg_json_at(needs, i)), &status);
    return status;
}

static tg_json *row_of(const tg_json *kind)
{
    struct tg_buf needs, serves;
    tg_json *row = tg_json_new_object();
    tg_buf_init(&needs, MAX_CELL_BYTES);
    tg_buf_init(&serves, MAX_CELL_BYTES);
    bool is_joined = join_needs(tg_json_member(kind, "needs"), &needs) == TG_OK &&
                     join_apis(tg_json_member(kind, "apis"), &serves) == TG_OK;
    tg_json_set_text(row, "kind", tg_json_text(tg_json_member(kind, "name")));
    tg_json_set_text(row, "needs", is_joined ? tg_buf_text(&needs) : tg_text_of("(--json shows it)"));
    tg_json_set_text(row, "serves", is_joined ? tg_buf_text(&serves) : tg_text_of("(--json shows it)"));
    tg_json_set_text(row, "name", tg_json_text(tg_json_member(kind, "display_name")));
    tg_buf_deinit(&serves);
    tg_buf_deinit(&needs);
    return row;
}

static bool print_all(const tg_json *kinds)
{
    static const char *const columns[] = {"kind", "needs", "serves", "name", NULL};
    tg_json *rows = tg_json_new_array();
    for (size_t i = 0; i < tg_json_count(kinds); ++i)
        tg_json_append(rows, row_of(tg_json_at(kinds, i)));
    bool is_printed = tg_print_table(stdout, rows, columns);
    tg_json_destroy(rows);
    return is_printed;
}

static bool print_line(const char *name, struct tg_text text)
{
    return text.bytes == 0 || printf("%-14s %.*s\n", name, TG_TEXT_ARG(text)) >= 0;
}

static bool print_one(const tg_json *kind)
{
    static const char *const members[] = {"name", "display_name", "base_url",     "auth",
                                          "note", "checked",      "documentation"};
    tg_json *row = row_of(kind);
    bool is_printed = true;
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); ++i)
        is_printed &= print_line(members[i], tg_json_text(tg_json_member(kind, members[i])));
    is_printed &= print_line("needs", tg_json_text(tg_json_member(row, "needs")));
    is_printed &= print_line("serves", tg_json_text(tg_json_member(row, "serves")));
    tg_json_destroy(row);
    return is_printed;
}

static enum tg_exit show(const struct tg_cli *cli, const tg_json *kinds, const char *name)
{
    const tg_json *found = NULL;
    for (size_t i = 0; name != NULL && i < tg_json_count(kinds); ++i)
        if (tg_text_is(tg_json_text(tg_json_member(tg_json_at(kinds, i), "name")), name))
            found = tg_json_at(kinds, i);
    if (name != NULL && found == NULL) {
        fprintf(stderr, "tollgate: there is no kind of provider \"%s\"\n", name);
        return TG_EXIT_NOT_FOUND;
    }
    bool is_printed = cli->is_json ? tg_print_json(stdout, found != NULL ? found : kinds)
                                   : (found != NULL ? print_one(found) : print_all(kinds));
    return is_printed ? TG_EXIT_OK : TG_EXIT_FAILED;
}

enum tg_exit tg_command_provider_kinds(struct tg_cli *cli, int argc, char **argv)
{
    if (argc >= 3 && strcmp(argv[2], "--help") == 0) {
        fputs(kinds_help, stdout);
        return TG_EXIT_OK;
    }
    struct tg_arguments arguments;
    enum tg_exit result = TG_EXIT_USAGE;
    bool is_parsed = tg_arguments_parse(&arguments, argc - 2, argv + 2, has_no_switches);
    if (is_parsed && arguments.word_count > 1) {
        tg_cli_usage("\"%s\" is too much\n%s", arguments.words[1], kinds_help);
    } else if (is_parsed && tg_arguments_all_used(&arguments, kinds_help)) {
        struct tg_error error;
        tg_json *answer = NULL;
        enum tg_status status = tg_client_call(cli->client, "GET", "/api/v1/provider-kinds", NULL, &answer, &error);
        result = status == TG_OK
                     ? show(cli, tg_json_member(answer, "items"), arguments.word_count == 1 ? arguments.words[0] : NULL)
                     : tg_cli_fail(&error);
        tg_json_destroy(answer);
    }
    tg_arguments_deinit(&arguments);
    return result;
}
