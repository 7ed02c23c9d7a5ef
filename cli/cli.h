/* What every command works with: where the API is, whose organization, how to print; and how commands end.
 *
 * main.c reads the global flags and the environment into a struct tg_cli and hands it to the command; a command talks
 * to the API through client.h, finds things by name through lookup.h, and prints through output.h. */
#ifndef TG_CLI_CLI_H
#define TG_CLI_CLI_H

#include <stdio.h>

#include "cli/client.h"

/* Exit codes that scripts can use; `tollgate help` lists them. */
enum tg_exit {
    TG_EXIT_OK = 0,
    TG_EXIT_FAILED = 1,  /* anything that has no code of its own */
    TG_EXIT_USAGE = 2,   /* the command line is wrong; nothing was sent */
    TG_EXIT_REFUSED = 3, /* the API found the input invalid */
    TG_EXIT_NOT_FOUND = 4,
    TG_EXIT_DENIED = 5,      /* the token is missing or wrong */
    TG_EXIT_CONFLICT = 6,    /* it exists already, is still in use, or was changed by somebody else */
    TG_EXIT_UNREACHABLE = 7, /* no control plane answers, or it is not ready */
};

struct tg_cli {
    tg_client *client;
    const char *organization;   /* a name or an id; NULL: the only one there is */
    char organization_path[80]; /* "/api/v1/organizations/<id>" once looked up; empty before */
    bool is_json;
    bool is_quiet; /* no plan, no "created": only what was asked for */
};

/* The arguments that follow a command's own words, taken apart by tg_arguments_parse(). */
struct tg_arguments {
    const char **words; /* what is not a flag, in order */
    size_t word_count;
    struct tg_flag {
        const char *name;  /* without the dashes */
        const char *value; /* NULL for a flag without value */
        bool is_used;
    } * flags;
    size_t flag_count;
};

/* `is_switch` tells the flags that take no value. False after a message to stderr. Free with tg_arguments_deinit(). */
bool tg_arguments_parse(struct tg_arguments *arguments, int argc, char **argv, bool (*is_switch)(const char *name));
void tg_arguments_deinit(struct tg_arguments *arguments);

/* The value of a flag (the last one wins), or NULL. Marks it as used. */
const char *tg_arguments_flag(struct tg_arguments *arguments, const char *name);
bool tg_arguments_switch(struct tg_arguments *arguments, const char *name);

/* False, after a message that names it, if a flag is left that nobody asked for. `usage` is shown below it. */
bool tg_arguments_all_used(const struct tg_arguments *arguments, const char *usage);

/* Prints "tollgate: message" to stderr and returns the exit code that belongs to the status. */
enum tg_exit tg_cli_fail(const struct tg_error *error);
enum tg_exit tg_cli_usage(const char *format, ...) TG_PRINTF(1, 2);

/* The commands. Each reads the words after its name. */
enum tg_exit tg_command_resource(struct tg_cli *cli, int argc, char **argv);       /* the noun is argv[0] */
enum tg_exit tg_command_provider_kinds(struct tg_cli *cli, int argc, char **argv); /* the words are the first two */
enum tg_exit tg_command_usage(struct tg_cli *cli, int argc, char **argv);
enum tg_exit tg_command_apply(struct tg_cli *cli, int argc, char **argv);
enum tg_exit tg_command_prices(struct tg_cli *cli, int argc, char **argv);

/* Whether a word is a noun that tg_command_resource() knows, and the table of them for the help. */
bool tg_is_resource(const char *noun);
void tg_print_resources(FILE *out);

#endif
