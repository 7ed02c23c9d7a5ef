#include <stdarg.h>
#include <stdlib.h>

#include "cli/cli.h"

bool tg_arguments_parse(struct tg_arguments *arguments, int argc, char **argv, bool (*is_switch)(const char *name))
{
    size_t count = (size_t)argc + 1;
    *arguments = (struct tg_arguments){.words = calloc(count, sizeof(*arguments->words)),
                                       .flags = calloc(count, sizeof(*arguments->flags))};
    if (arguments->words == NULL || arguments->flags == NULL)
        abort();
    for (int i = 0; i < argc; ++i) {
        if (argv[i][0] != '-' || argv[i][1] == '\0') {
            arguments->words[arguments->word_count++] = argv[i];
            continue;
        }
        struct tg_flag *flag = &arguments->flags[arguments->flag_count++];
        flag->name = argv[i] + (argv[i][1] == '-' ? 2 : 1);
        char *equals = strchr(argv[i], '=');
        if (equals != NULL) {
            *equals = '\0';
            flag->value = equals + 1;
        } else if (!is_switch(flag->name)) {
            if (i + 1 == argc) {
                tg_cli_usage("%s needs a value", argv[i]);
                return false;
            }
            flag->value = argv[++i];
        }
    }
    return true;
}

void tg_arguments_deinit(struct tg_arguments *arguments)
{
    free(arguments->words);
    free(arguments->flags);
    *arguments = (struct tg_arguments){0};
}

const char *tg_arguments_flag(struct tg_arguments *arguments, const char *name)
{
    const char *value = NULL;
    for (size_t i = 0; i < arguments->flag_count; ++i) {
        if (strcmp(arguments->flags[i].name, name) == 0) {
            arguments->flags[i].is_used = true;
            value = arguments->flags[i].value;
        }
    }
    return value;
}

bool tg_arguments_switch(struct tg_arguments *arguments, const char *name)
{
    bool is_there = false;
    for (size_t i = 0; i < arguments->flag_count; ++i) {
        if (strcmp(arguments->flags[i].name, name) == 0) {
            arguments->flags[i].is_used = true;
            is_there = true;
        }
    }
    return is_there;
}

bool tg_arguments_all_used(const struct tg_arguments *arguments, const char *usage)
{
    for (size_t i = 0; i < arguments->flag_count; ++i) {
        if (!arguments->flags[i].is_used) {
            tg_cli_usage("there is no flag --%s here\n%s", arguments->flags[i].name, usage);
            return false;
        }
    }
    return true;
}

enum tg_exit tg_cli_usage(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("tollgate: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return TG_EXIT_USAGE;
}

enum tg_exit tg_cli_fail(const struct tg_error *error)
{
    fprintf(stderr, "tollgate: %s\n", error->message);
    switch (error->status) {
    case TG_INVALID:
    case TG_TOO_LARGE:
        return TG_EXIT_REFUSED;
    case TG_NOT_FOUND:
        return TG_EXIT_NOT_FOUND;
    case TG_DENIED:
        return TG_EXIT_DENIED;
    case TG_CONFLICT:
        return TG_EXIT_CONFLICT;
    case TG_UNAVAILABLE:
    case TG_TIMEOUT:
        return TG_EXIT_UNREACHABLE;
    case TG_OK:
    case TG_EXHAUSTED:
    case TG_IO:
    case TG_CORRUPT:
        break;
    }
    return TG_EXIT_FAILED;
}
