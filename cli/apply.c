/* tollgate apply -f FILE: makes the configuration what the file says. Prints the plan first; running it again changes
 * nothing. What the file does not name is left alone. */
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/apply_walk.h"
#include "cli/output.h"
#include "common/base/file.h"
#include "common/codec/yaml.h"

static const char apply_help[] =
    "  tollgate apply -f FILE [--dry-run] [--yes]\n"
    "    Makes the configuration what the YAML file says; what it does not name is left alone.\n"
    "    Prints the plan first and, at a terminal, asks; --yes does not ask, --dry-run only plans.\n"
    "    Keys that it creates are shown once, at the end. docs/cli.md describes the file.\n";

enum { MAX_FILE_BYTES = 8 * 1024 * 1024 };

static bool is_switch(const char *name)
{
    return strcmp(name, "dry-run") == 0 || strcmp(name, "yes") == 0;
}

static void print_plan(const struct tg_apply *apply)
{
    for (size_t i = 0; i < tg_json_count(apply->changes); ++i) {
        const tg_json *change = tg_json_at(apply->changes, i);
        bool is_create = tg_text_is(tg_json_text(tg_json_member(change, "action")), "create");
        printf("%c %s", is_create ? '+' : '~', tg_json_text(tg_json_member(change, "path")).data);
        const tg_json *members = tg_json_member(change, "members");
        for (size_t m = 0; !is_create && m < tg_json_count(members); ++m)
            printf("%s%s", m == 0 ? ": " : ", ", tg_json_text(tg_json_at(members, m)).data);
        putchar('\n');
    }
    printf("%zu to change, %" PRId64 " as they should be\n", tg_json_count(apply->changes), apply->unchanged);
    fflush(stdout);
}

static void print_keys(const struct tg_apply *apply)
{
    bool is_first = true;
    for (size_t i = 0; i < tg_json_count(apply->changes); ++i) {
        const tg_json *change = tg_json_at(apply->changes, i), *key = tg_json_member(change, "key");
        if (key == NULL)
            continue;
        if (is_first)
            puts("\nNew keys, shown this once:");
        is_first = false;
        printf("  %s  %s\n", tg_json_text(key).data, tg_json_text(tg_json_member(change, "path")).data);
    }
}

static bool is_confirmed(void)
{
    char line[16];
    if (!isatty(STDIN_FILENO))
        return true;
    fputs("Apply? [y/N] ", stdout);
    fflush(stdout);
    return fgets(line, sizeof(line), stdin) != NULL && (line[0] == 'y' || line[0] == 'Y');
}

static enum tg_status walk(struct tg_apply *apply, struct tg_cli *cli, bool is_executing, const tg_json *document,
                           struct tg_error *error)
{
    *apply = (struct tg_apply){
        .cli = cli, .is_executing = is_executing, .changes = tg_json_new_array(), .declared = tg_json_new_object()};
    return tg_apply_walk(apply, document, error);
}

static void deinit(struct tg_apply *apply)
{
    tg_json_destroy(apply->changes);
    tg_json_destroy(apply->declared);
}

static enum tg_exit plan_and_apply(struct tg_cli *cli, const tg_json *document, bool is_dry, bool asks)
{
    struct tg_error error;
    struct tg_apply plan, done = {0};
    enum tg_status status = walk(&plan, cli, false, document, &error);
    if (status == TG_OK && !cli->is_json)
        print_plan(&plan);
    bool goes_on = status == TG_OK && !is_dry && tg_json_count(plan.changes) != 0;
    if (goes_on && asks && !is_confirmed()) {
        puts("nothing was changed");
        deinit(&plan);
        return TG_EXIT_FAILED;
    }
    if (goes_on) {
        status = walk(&done, cli, true, document, &error);
        if (!cli->is_json)
            print_keys(&done); /* also after a failure: those that were made are shown this once */
    }
    if (cli->is_json && (status == TG_OK || goes_on))
        tg_print_json(stdout, goes_on ? done.changes : plan.changes);
    deinit(&plan);
    deinit(&done);
    if (status == TG_OK)
        return TG_EXIT_OK;
    enum tg_exit result = tg_cli_fail(&error);
    if (goes_on)
        fputs("What was applied before this stands; mend it and run the same command again.\n", stderr);
    return result;
}

enum tg_exit tg_command_apply(struct tg_cli *cli, int argc, char **argv)
{
    if (argc >= 2 && strcmp(argv[1], "--help") == 0) {
        fputs(apply_help, stdout);
        return TG_EXIT_OK;
    }
    struct tg_arguments arguments;
    struct tg_error error;
    struct tg_buf content = {0};
    tg_json *document = NULL;
    enum tg_exit result = TG_EXIT_USAGE;
    if (!tg_arguments_parse(&arguments, argc - 1, argv + 1, is_switch))
        goto done;
    const char *path = tg_arguments_flag(&arguments, "f");
    if (path == NULL)
        path = tg_arguments_flag(&arguments, "file");
    bool is_dry = tg_arguments_switch(&arguments, "dry-run"), is_sure = tg_arguments_switch(&arguments, "yes");
    if (path == NULL || arguments.word_count != 0) {
        result = tg_cli_usage("apply wants a file\n%s", apply_help);
        goto done;
    }
    if (!tg_arguments_all_used(&arguments, apply_help))
        goto done;
    enum tg_status status = tg_file_read(path, MAX_FILE_BYTES, &content, &error);
    if (status == TG_OK) {
        status = tg_yaml_parse(tg_buf_text(&content), &document, &error);
        if (status != TG_OK)
            tg_fail_context(&error, status, "%s", path);
    }
    result = status == TG_OK ? plan_and_apply(cli, document, is_dry, !is_sure && !cli->is_json) : tg_cli_fail(&error);
done:
    tg_json_destroy(document);
    tg_buf_deinit(&content);
    tg_arguments_deinit(&arguments);
    return result;
}
