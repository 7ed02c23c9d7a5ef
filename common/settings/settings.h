/* The settings of a program, driven by one const table that its main.c declares.
 *
 * A row's key names the setting everywhere: `listen.port` is `listen: {port: …}` in the YAML file, PREFIX_LISTEN_PORT
 * in the environment and --listen-port on the command line. Values are merged in that order, later ones win: default,
 * file
 * (--config, else PREFIX_CONFIG, else TOLLGATE_CONFIG), environment (an empty variable counts as not set), flags.
 * What is not in the table is refused by name, with the nearest name that is; so is a value that does not parse or is
 * out of bounds, with where it came from. After tg_settings_load() every getter succeeds.
 *
 *     static const struct tg_setting rows[] = {
 *         {.key = "listen.port", .type = TG_SETTING_INTEGER, .fallback = "8080", .min = 0, .max = 65535,
 *          .doc = "Port for applications; 0 picks a free one."},
 *     };
 *     static const struct tg_settings_program program = {"tollgate-dataplane", "the replica …", NULL,
 *                                                        "TOLLGATE_DATAPLANE_", rows, 1};
 *
 * --help, --version and --print-settings are understood by every program; main() asks tg_settings_request() first and
 * prints with the functions below. Arguments before the first option are the program's own (a command and its
 * operands). Loaded by one thread, then only read, by any. */
#ifndef TG_SETTINGS_SETTINGS_H
#define TG_SETTINGS_SETTINGS_H

#include <stdio.h>

#include "common/base/status.h"
#include "common/base/text.h"

enum tg_setting_type {
    TG_SETTING_STRING,
    TG_SETTING_PATH,
    TG_SETTING_INTEGER, /* decimal; the key ends with the unit */
    TG_SETTING_SIZE,    /* "512", "64KiB", "64MiB", "2GiB"; held in bytes */
    TG_SETTING_CHOICE,  /* one of the row's words */
};
const char *tg_setting_type_name(enum tg_setting_type type);

enum tg_setting_secrecy {
    TG_SETTING_PLAIN,
    TG_SETTING_SECRET_FILE, /* a path to a file that holds a secret: only documented as such */
    TG_SETTING_SECRET,      /* the value itself: never quoted or printed, and refused as a flag, which every user of the
                               machine could read */
};

struct tg_setting {
    const char *key; /* lower-case words with '_', in groups with '.' */
    enum tg_setting_type type;
    const char *fallback;       /* the default, as text; NULL: none, for strings and paths only */
    int64_t min;                /* bounds of numbers and sizes (bytes); not negative unless min is. */
    int64_t max;                /* 0: none */
    const char *const *choices; /* words of a choice, then NULL */
    enum tg_setting_secrecy secrecy;
    bool is_required; /* must not be empty in the end; --help and friends work without */
    const char *doc;  /* one sentence or two */
};

struct tg_settings_program {
    const char *name;
    const char *summary;    /* one sentence for --help */
    const char *usage;      /* what may stand before the options ("[migrate]"), or NULL: nothing may */
    const char *env_prefix; /* "TOLLGATE_DATAPLANE_" */
    const struct tg_setting *rows;
    size_t row_count;
};

typedef struct tg_settings tg_settings;

/* Reads everything. TG_INVALID with a sentence for the person who started the program; TG_NOT_FOUND or TG_IO if the
 * file cannot be read. No settings then. `environment` is a NULL-terminated list of NAME=value. */
enum tg_status tg_settings_load(const struct tg_settings_program *program, int argc, char *const *argv,
                                char *const *environment, tg_settings **settings, struct tg_error *error) TG_MUST_CHECK;
void tg_settings_destroy(tg_settings *settings); /* NULL is fine */

enum tg_settings_request { TG_SETTINGS_RUN, TG_SETTINGS_HELP, TG_SETTINGS_VERSION, TG_SETTINGS_PRINT };
const char *tg_settings_request_name(enum tg_settings_request request);
enum tg_settings_request tg_settings_request(const tg_settings *settings);

/* How many arguments stood before the first option: argv[1] to argv[count]. */
int tg_settings_operand_count(const tg_settings *settings);

/* Getters assert that the key is in the table and has the type. Text lives as long as the settings. */
const char *tg_settings_string(const tg_settings *settings, const char *key); /* string or path; NULL if not set */
int64_t tg_settings_integer(const tg_settings *settings, const char *key);
int64_t tg_settings_size_bytes(const tg_settings *settings, const char *key);
size_t tg_settings_choice(const tg_settings *settings, const char *key); /* index into the row's choices */

/* For --help. */
void tg_settings_print_help(const struct tg_settings_program *program, FILE *out);
/* For --print-settings: a Markdown table, the one in docs/configuration.md. No values, only the table's own words. */
void tg_settings_print_markdown(const struct tg_settings_program *program, FILE *out);

#endif
