/* create, list, show, update, delete (and revoke, for keys) over the rows of resources.c. */
#include <stdlib.h>

#include "cli/lookup.h"
#include "cli/output.h"
#include "cli/resource.h"

enum { MAX_PATH_BYTES = 16384 };

static bool has_no_switches(const char *name)
{
    (void)name;
    return false;
}

static void print_help(const struct tg_resource *resource, FILE *out)
{
    const char *name = resource->is_nameless ? "" : " NAME";
    if (!resource->is_read_only)
        fprintf(out, "  tollgate %s create%s [flags]\n", resource->noun, name);
    fprintf(out, "  tollgate %s list [flags]\n", resource->noun);
    if (!resource->is_read_only) {
        fprintf(out, "  tollgate %s show %s\n", resource->noun, resource->is_nameless ? "ID" : "NAME-OR-ID");
        if (!resource->is_immutable)
            fprintf(out, "  tollgate %s update NAME-OR-ID [flags]\n", resource->noun);
        if (strcmp(resource->noun, "key") == 0)
            fprintf(out, "  tollgate key revoke NAME-OR-ID\n");
        if (strcmp(resource->noun, "provider") == 0)
            fprintf(out, "  tollgate provider kinds [KIND]\n");
        fprintf(out, "  tollgate %s delete %s\n", resource->noun, resource->is_nameless ? "ID" : "NAME-OR-ID");
    }
    for (const struct tg_member *member = resource->members; member->flag != NULL; ++member) {
        char where[40] = "";
        snprintf(where, sizeof(where), "%s%s%s", member->verbs & TG_ON_CREATE ? "create " : "",
                 member->verbs & TG_ON_UPDATE ? "update " : "", member->verbs & TG_ON_LIST ? "list" : "");
        fprintf(out, "    --%-26s %-20s %s\n", member->flag, where, member->help);
    }
}

/* Reads the flags that `verb` takes into `body`. */
static enum tg_status read_members(struct tg_cli *cli, const struct tg_resource *resource, int verb,
                                   struct tg_arguments *arguments, tg_json *body, struct tg_error *error)
{
    for (const struct tg_member *member = resource->members; member->flag != NULL; ++member) {
        const char *text = member->verbs & verb ? tg_arguments_flag(arguments, member->flag) : NULL;
        if (text == NULL)
            continue;
        enum tg_status status = tg_member_set(cli, member, text, body, error);
        if (status != TG_OK)
            return status;
    }
    return TG_OK;
}

static enum tg_exit show(struct tg_cli *cli, const tg_json *value)
{
    bool is_printed = cli->is_json ? tg_print_json(stdout, value) : tg_print_members(stdout, value);
    return is_printed ? TG_EXIT_OK : TG_EXIT_FAILED;
}

static enum tg_status call(struct tg_cli *cli, const char *method, const struct tg_resource *resource, const char *id,
                           const char *action, const tg_json *body, tg_json **answer, struct tg_error *error)
{
    struct tg_buf path;
    tg_buf_init(&path, MAX_PATH_BYTES);
    enum tg_status status = tg_lookup_collection(cli, resource->collection, &path, error);
    if (status == TG_OK && id != NULL)
        status = tg_buf_printf(&path, "/%s%s", id, action);
    if (status == TG_OK)
        status = tg_client_call(cli->client, method, path.data, body, answer, error);
    tg_buf_deinit(&path);
    return status;
}

static enum tg_exit create(struct tg_cli *cli, const struct tg_resource *resource, const char *name,
                           struct tg_arguments *arguments)
{
    struct tg_error error;
    tg_json *body = tg_json_new_object(), *answer = NULL;
    if (name != NULL)
        tg_json_set_text(body, "name", tg_text_of(name));
    enum tg_status status = read_members(cli, resource, TG_ON_CREATE, arguments, body, &error);
    enum tg_exit result = TG_EXIT_USAGE;
    if (status == TG_OK && tg_arguments_all_used(arguments, "")) {
        status = call(cli, "POST", resource, NULL, NULL, body, &answer, &error);
        result = status == TG_OK ? show(cli, answer) : result;
    }
    if (status != TG_OK)
        result = tg_cli_fail(&error);
    else if (result == TG_EXIT_OK && !cli->is_json && tg_json_member(answer, "key") != NULL)
        fputs("\nThe key is shown this once: only its SHA-256 is stored.\n", stderr);
    tg_json_destroy(answer);
    tg_json_destroy(body);
    return result;
}

static enum tg_exit list(struct tg_cli *cli, const struct tg_resource *resource, struct tg_arguments *arguments)
{
    struct tg_error error;
    tg_json *filter = tg_json_new_object(), *items = NULL;
    struct tg_buf query;
    tg_buf_init(&query, MAX_PATH_BYTES);
    enum tg_exit result = TG_EXIT_USAGE;
    enum tg_status status = read_members(cli, resource, TG_ON_LIST, arguments, filter, &error);
    if (status == TG_OK && !tg_arguments_all_used(arguments, ""))
        goto done;
    struct tg_json_cursor cursor = {0};
    while (status == TG_OK && tg_json_next_member(filter, &cursor)) {
        status = tg_buf_printf(&query, "%s%.*s=%s", query.bytes == 0 ? "" : "&", TG_TEXT_ARG(cursor.key),
                               tg_json_text(cursor.value).data);
    }
    if (status == TG_OK)
        status = tg_lookup_all(cli, resource->collection, query.bytes == 0 ? NULL : query.data, &items, &error);
    if (status != TG_OK) {
        result = tg_cli_fail(&error);
        goto done;
    }
    const char *columns[TG_MAX_COLUMNS + 2] = {0};
    size_t count = 0;
    if (!resource->is_nameless)
        columns[count++] = "name";
    for (size_t i = 0; i < TG_MAX_COLUMNS && resource->columns[i] != NULL; ++i)
        columns[count++] = resource->columns[i];
    bool is_printed = cli->is_json ? tg_print_json(stdout, items) : tg_print_table(stdout, items, columns);
    result = is_printed ? TG_EXIT_OK : TG_EXIT_FAILED;
done:
    tg_json_destroy(items);
    tg_json_destroy(filter);
    tg_buf_deinit(&query);
    return result;
}

static enum tg_exit update(struct tg_cli *cli, const struct tg_resource *resource, const char *id,
                           struct tg_arguments *arguments)
{
    struct tg_error error;
    tg_json *body = tg_json_new_object(), *answer = NULL;
    enum tg_exit result = TG_EXIT_USAGE;
    enum tg_status status = read_members(cli, resource, TG_ON_UPDATE, arguments, body, &error);
    if (status == TG_OK && tg_arguments_all_used(arguments, "")) {
        if (tg_json_count(body) == 0) {
            result = tg_cli_usage("nothing to change: give at least one flag (tollgate %s --help lists them)",
                                  resource->noun);
        } else {
            status = call(cli, "PATCH", resource, id, "", body, &answer, &error);
            result = status == TG_OK ? show(cli, answer) : result;
        }
    }
    if (status != TG_OK)
        result = tg_cli_fail(&error);
    tg_json_destroy(answer);
    tg_json_destroy(body);
    return result;
}

/* show, update, delete and revoke begin with the resource that the name or id means. */
static enum tg_exit act_on_one(struct tg_cli *cli, const struct tg_resource *resource, const char *verb,
                               const char *name_or_id, struct tg_arguments *arguments)
{
    struct tg_error error;
    tg_json *found = NULL, *answer = NULL;
    enum tg_status status = tg_lookup(cli, resource->collection, resource->singular, name_or_id, NULL, &found, &error);
    if (status != TG_OK)
        return tg_cli_fail(&error);
    const char *id = tg_json_text(tg_json_member(found, "id")).data;
    enum tg_exit result = TG_EXIT_USAGE;
    if (strcmp(verb, "update") == 0) {
        result = update(cli, resource, id, arguments);
    } else if (tg_arguments_all_used(arguments, "")) {
        if (strcmp(verb, "show") == 0) {
            result = show(cli, found);
        } else if (strcmp(verb, "delete") == 0) {
            status = call(cli, "DELETE", resource, id, "", NULL, &answer, &error);
            result = status == TG_OK ? TG_EXIT_OK : tg_cli_fail(&error);
            if (status == TG_OK && !cli->is_json && !cli->is_quiet)
                printf("deleted %s %s\n", resource->singular, name_or_id);
        } else {
            status = call(cli, "POST", resource, id, "/revoke", NULL, &answer, &error);
            result = status == TG_OK ? show(cli, answer) : tg_cli_fail(&error);
        }
    }
    tg_json_destroy(answer);
    tg_json_destroy(found);
    return result;
}

static enum tg_exit run(struct tg_cli *cli, const struct tg_resource *resource, const char *verb,
                        struct tg_arguments *arguments)
{
    bool wants_name = strcmp(verb, "list") != 0 && !(strcmp(verb, "create") == 0 && resource->is_nameless);
    if (arguments->word_count != (wants_name ? 1u : 0u))
        return tg_cli_usage("tollgate %s %s takes %s", resource->noun, verb,
                            wants_name ? "one name or id" : "flags only, no further word");
    if (strcmp(verb, "list") == 0)
        return list(cli, resource, arguments);
    if (strcmp(verb, "create") == 0)
        return create(cli, resource, wants_name ? arguments->words[0] : NULL, arguments);
    return act_on_one(cli, resource, verb, arguments->words[0], arguments);
}

static bool has_verb(const struct tg_resource *resource, const char *verb)
{
    if (strcmp(verb, "list") == 0)
        return true;
    if (resource->is_read_only)
        return false;
    if (strcmp(verb, "create") == 0 || strcmp(verb, "show") == 0 || strcmp(verb, "delete") == 0)
        return true;
    if (strcmp(verb, "update") == 0)
        return !resource->is_immutable;
    return strcmp(verb, "revoke") == 0 && strcmp(resource->noun, "key") == 0;
}

enum tg_exit tg_command_resource(struct tg_cli *cli, int argc, char **argv)
{
    const struct tg_resource *resource = tg_resource_find(argv[0]);
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(resource, argc < 2 ? stderr : stdout);
        return argc < 2 ? TG_EXIT_USAGE : TG_EXIT_OK;
    }
    if (!has_verb(resource, argv[1])) {
        enum tg_exit result = tg_cli_usage("there is no \"%s\" for %s; there is:", argv[1], resource->noun);
        print_help(resource, stderr);
        return result;
    }
    for (int i = 2; i < argc; ++i) {
        if (strcmp(argv[i], "--help") == 0) {
            print_help(resource, stdout);
            return TG_EXIT_OK;
        }
    }
    struct tg_arguments arguments;
    enum tg_exit result = TG_EXIT_USAGE;
    if (tg_arguments_parse(&arguments, argc - 2, argv + 2, has_no_switches))
        result = run(cli, resource, argv[1], &arguments);
    tg_arguments_deinit(&arguments);
    return result;
}
