#include <curl/curl.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "common/crypto/secret.h"

static void print_help(FILE *out)
{
    fputs("tollgate talks to a Tollgate control plane.\n\n", out);
    tg_print_resources(out);
    fputs(
        "  tollgate usage      export | summary\n"
        "  tollgate apply      -f FILE\n"
        "  tollgate prices     import\n"
        "  tollgate version\n\n"
        "Flags before the command:\n"
        "  --url URL           the control plane (TOLLGATE_URL; http://127.0.0.1:8090)\n"
        "  --token-file FILE   the admin token (TOLLGATE_TOKEN_FILE, or TOLLGATE_TOKEN with the token itself)\n"
        "  --ca-file FILE      certificates to trust instead of the system's (TOLLGATE_CA_FILE)\n"
        "  --org NAME          the organization (TOLLGATE_ORGANIZATION; the only one, where there is one)\n"
        "  --json              print the API's JSON\n"
        "  --quiet             print nothing that was not asked for\n\n"
        "Exit codes: 0 done, 1 failed, 2 wrong command line, 3 input refused, 4 not found, 5 token missing or wrong,\n"
        "6 conflict, 7 control plane unreachable or not ready. \"tollgate COMMAND --help\" says more.\n",
        out);
}

struct globals {
    const char *url, *token_file, *ca_file;
    int first; /* index of the command's word */
};

/* Reads the flags before the command. False after a message. */
static bool read_globals(int argc, char **argv, struct globals *globals, struct tg_cli *cli)
{
    *globals = (struct globals){.url = getenv("TOLLGATE_URL"),
                                .token_file = getenv("TOLLGATE_TOKEN_FILE"),
                                .ca_file = getenv("TOLLGATE_CA_FILE")};
    cli->organization = getenv("TOLLGATE_ORGANIZATION");
    const struct {
        const char *flag;
        const char **value;
    } valued[] = {{"--url", &globals->url},
                  {"--token-file", &globals->token_file},
                  {"--ca-file", &globals->ca_file},
                  {"--org", &cli->organization}};
    int i = 1;
    for (; i < argc && argv[i][0] == '-' && strcmp(argv[i], "--help") != 0; ++i) {
        bool is_known = strcmp(argv[i], "--json") == 0 || strcmp(argv[i], "--quiet") == 0;
        cli->is_json |= strcmp(argv[i], "--json") == 0;
        cli->is_quiet |= strcmp(argv[i], "--quiet") == 0;
        for (size_t v = 0; v < sizeof(valued) / sizeof(valued[0]) && !is_known; ++v) {
            if (strcmp(argv[i], valued[v].flag) != 0)
                continue;
            if (i + 1 == argc) {
                tg_cli_usage("%s needs a value", argv[i]);
                return false;
            }
            *valued[v].value = argv[++i];
            is_known = true;
        }
        if (!is_known) {
            tg_cli_usage("there is no flag %s before the command; tollgate --help lists them", argv[i]);
            return false;
        }
    }
    globals->first = i;
    return true;
}

static enum tg_status read_token(const struct globals *globals, struct tg_secret *token, struct tg_error *error)
{
    const char *said = getenv("TOLLGATE_TOKEN");
    if (globals->token_file != NULL)
        return tg_secret_read_file(globals->token_file, 4096, token, error);
    if (said == NULL || *said == '\0')
        return tg_fail(error, TG_DENIED,
                       "no admin token: set TOLLGATE_TOKEN or TOLLGATE_TOKEN_FILE, or give --token-file");
    *token = tg_secret_copy(tg_text_of(said));
    return TG_OK;
}

static enum tg_exit (*find_command(int argc, char **argv))(struct tg_cli *, int, char **)
{
    const char *word = argv[0];
    if (argc > 1 && strcmp(word, "provider") == 0 && strcmp(argv[1], "kinds") == 0)
        return tg_command_provider_kinds;
    if (tg_is_resource(word))
        return tg_command_resource;
    if (strcmp(word, "usage") == 0)
        return tg_command_usage;
    if (strcmp(word, "prices") == 0)
        return tg_command_prices;
    return strcmp(word, "apply") == 0 ? tg_command_apply : NULL;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc; ++i) {
        if (strcmp(argv[i], "--help") == 0)
            return true;
    }
    return argc == 1;
}

/* --json may also stand at the end, where people put it. */
static int take_trailing_json(int argc, char **argv, struct tg_cli *cli)
{
    int kept = 0;
    for (int i = 0; i < argc; ++i) {
        if (strcmp(argv[i], "--json") == 0)
            cli->is_json = true;
        else
            argv[kept++] = argv[i];
    }
    return kept;
}

int main(int argc, char **argv)
{
    struct tg_cli cli = {0};
    struct globals globals;
    if (!read_globals(argc, argv, &globals, &cli))
        return TG_EXIT_USAGE;
    argc -= globals.first;
    argv += globals.first;
    if (argc == 0 || strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "help") == 0) {
        print_help(argc == 0 ? stderr : stdout);
        return argc == 0 ? TG_EXIT_USAGE : TG_EXIT_OK;
    }
    if (strcmp(argv[0], "version") == 0) {
        puts("tollgate " TG_VERSION);
        return TG_EXIT_OK;
    }
    enum tg_exit (*command)(struct tg_cli *, int, char **) = find_command(argc, argv);
    if (command == NULL)
        return tg_cli_usage("there is no command \"%s\"; tollgate --help lists them", argv[0]);
    argc = take_trailing_json(argc, argv, &cli);
    if (asks_for_help(argc, argv))
        return command(&cli, argc, argv);

    struct tg_error error;
    struct tg_secret token = {0};
    enum tg_exit result = TG_EXIT_FAILED;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    enum tg_status status = read_token(&globals, &token, &error);
    if (status == TG_OK)
        status = tg_client_create(globals.url != NULL ? globals.url : "http://127.0.0.1:8090", token.data,
                                  globals.ca_file, &cli.client, &error);
    result = status == TG_OK ? command(&cli, argc, argv) : tg_cli_fail(&error);
    tg_client_destroy(cli.client);
    tg_secret_deinit(&token);
    curl_global_cleanup();
    return result;
}
