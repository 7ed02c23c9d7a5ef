/* Internal to the room: a loaded set, the names that follow from keys, and one value at a time. */
#ifndef TG_SETTINGS_INTERNAL_H
#define TG_SETTINGS_INTERNAL_H

#include "common/base/arena.h"
#include "common/settings/settings.h"

struct setting_value {
    const char *text; /* NULL: not set */
    int64_t number;   /* of numbers, sizes, choices */
};

struct tg_settings {
    const struct tg_settings_program *program;
    struct setting_value *values; /* one per row */
    struct tg_arena arena;
    enum tg_settings_request request;
    int operand_count;
};

/* ---- names.c ---- */

enum { SETTING_NAME_BYTES = 128 };

/* "listen.port" -> "TOLLGATE_DATAPLANE_LISTEN_PORT", and "--listen-port". Keys are short: asserted. */
void setting_env_name(const struct tg_settings_program *program, const char *key, char out[SETTING_NAME_BYTES]);
void setting_flag_name(const char *key, char out[SETTING_NAME_BYTES]);

/* How a setting is written at one of its sources. */
enum setting_form { SETTING_KEY, SETTING_ENV, SETTING_FLAG };
void setting_name(const struct tg_settings_program *program, enum setting_form form, size_t row,
                  char out[SETTING_NAME_BYTES]);

/* The row of that name; program->row_count if there is none. */
size_t setting_find(const struct tg_settings_program *program, enum setting_form form, struct tg_text name);

/* TG_INVALID: "<what> <name> is not known; did you mean <nearest>?". */
enum tg_status setting_refuse_unknown(const struct tg_settings_program *program, enum setting_form form,
                                      const char *what, struct tg_text name, struct tg_error *error);

/* ---- value.c ---- */

/* Parses `text` as the row demands. The error begins with `origin`. */
enum tg_status setting_parse(const struct tg_setting *row, const char *text, const char *origin, int64_t *number,
                             struct tg_error *error) TG_MUST_CHECK;

/* ---- source.c: each merges over what is there ---- */

enum tg_status setting_apply(tg_settings *settings, size_t row, struct tg_text text, const char *origin,
                             struct tg_error *error) TG_MUST_CHECK;
enum tg_status setting_load_defaults(tg_settings *settings, struct tg_error *error) TG_MUST_CHECK;
enum tg_status setting_load_file(tg_settings *settings, const char *path, struct tg_error *error) TG_MUST_CHECK;
enum tg_status setting_load_environment(tg_settings *settings, char *const *environment,
                                        struct tg_error *error) TG_MUST_CHECK;
enum tg_status setting_load_flags(tg_settings *settings, int argc, char *const *argv,
                                  struct tg_error *error) TG_MUST_CHECK;

/* The words before the first option, requests such as --help, and --config: known before anything is merged. */
enum tg_status setting_survey_arguments(tg_settings *settings, int argc, char *const *argv, const char **config,
                                        struct tg_error *error) TG_MUST_CHECK;

#endif
