#include <assert.h>
#include <stdlib.h>

#include "common/settings/settings_internal.h"

const char *tg_settings_request_name(enum tg_settings_request request)
{
    switch (request) {
    case TG_SETTINGS_RUN:
        return "run";
    case TG_SETTINGS_HELP:
        return "help";
    case TG_SETTINGS_VERSION:
        return "version";
    case TG_SETTINGS_PRINT:
        return "print_settings";
    }
    return "unknown";
}

/* The value of a variable; NULL if it is absent or empty. */
static const char *find_variable(char *const *environment, const char *name)
{
    size_t bytes = strlen(name);
    for (; *environment != NULL; ++environment)
        if (strncmp(*environment, name, bytes) == 0 && (*environment)[bytes] == '=' &&
            (*environment)[bytes + 1] != '\0')
            return *environment + bytes + 1;
    return NULL;
}

static const char *find_config(const struct tg_settings_program *program, char *const *environment)
{
    char name[SETTING_NAME_BYTES];
    setting_env_name(program, "config", name);
    const char *path = find_variable(environment, name);
    return path != NULL ? path : find_variable(environment, "TOLLGATE_CONFIG");
}

static enum tg_status check_required(const tg_settings *settings, struct tg_error *error)
{
    for (size_t row = 0; row < settings->program->row_count; ++row) {
        const struct tg_setting *setting = &settings->program->rows[row];
        const char *text = settings->values[row].text;
        if (!setting->is_required || (text != NULL && *text != '\0'))
            continue;
        char variable[SETTING_NAME_BYTES];
        char flag[SETTING_NAME_BYTES];
        setting_env_name(settings->program, setting->key, variable);
        setting_flag_name(setting->key, flag);
        bool is_secret = setting->secrecy == TG_SETTING_SECRET;
        return tg_fail(error, TG_INVALID, "%s must be set: in the file, as %s%s%s", setting->key, variable,
                       is_secret ? "" : ", or with ", is_secret ? "" : flag);
    }
    return TG_OK;
}

static enum tg_status load_sources(tg_settings *settings, int argc, char *const *argv, char *const *environment,
                                   struct tg_error *error)
{
    const char *config = find_config(settings->program, environment);
    enum tg_status status = setting_survey_arguments(settings, argc, argv, &config, error);
    if (status == TG_OK)
        status = setting_load_defaults(settings, error);
    if (status != TG_OK || settings->request != TG_SETTINGS_RUN)
        return status; /* help is given whatever else is wrong */
    if (config != NULL)
        status = setting_load_file(settings, config, error);
    if (status == TG_OK)
        status = setting_load_environment(settings, environment, error);
    if (status == TG_OK)
        status = setting_load_flags(settings, argc, argv, error);
    if (status == TG_OK)
        status = check_required(settings, error);
    return status;
}

enum tg_status tg_settings_load(const struct tg_settings_program *program, int argc, char *const *argv,
                                char *const *environment, tg_settings **settings, struct tg_error *error)
{
    tg_settings *loaded = calloc(1, sizeof(*loaded));
    if (loaded == NULL)
        abort();
    loaded->program = program;
    tg_arena_init(&loaded->arena);
    loaded->values = tg_arena_calloc(&loaded->arena, program->row_count * sizeof(loaded->values[0]));
    enum tg_status status = load_sources(loaded, argc, argv, environment, error);
    if (status != TG_OK) {
        tg_settings_destroy(loaded);
        loaded = NULL;
    }
    *settings = loaded;
    return status;
}

void tg_settings_destroy(tg_settings *settings)
{
    if (settings == NULL)
        return;
    tg_arena_deinit(&settings->arena);
    free(settings);
}

enum tg_settings_request tg_settings_request(const tg_settings *settings)
{
    return settings->request;
}

int tg_settings_operand_count(const tg_settings *settings)
{
    return settings->operand_count;
}

static size_t row_of(const tg_settings *settings, const char *key)
{
    size_t row = setting_find(settings->program, SETTING_KEY, tg_text_of(key));
    assert(row != settings->program->row_count);
    return row;
}

static int64_t number_of(const tg_settings *settings, const char *key, enum tg_setting_type type)
{
    size_t row = row_of(settings, key);
    assert(settings->program->rows[row].type == type);
    return settings->values[row].number;
}

const char *tg_settings_string(const tg_settings *settings, const char *key)
{
    size_t row = row_of(settings, key);
    assert(settings->program->rows[row].type == TG_SETTING_STRING ||
           settings->program->rows[row].type == TG_SETTING_PATH);
    return settings->values[row].text;
}

int64_t tg_settings_integer(const tg_settings *settings, const char *key)
{
    return number_of(settings, key, TG_SETTING_INTEGER);
}

int64_t tg_settings_size_bytes(const tg_settings *settings, const char *key)
{
    return number_of(settings, key, TG_SETTING_SIZE);
}

size_t tg_settings_choice(const tg_settings *settings, const char *key)
{
    return (size_t)number_of(settings, key, TG_SETTING_CHOICE);
}
