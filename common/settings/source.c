#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "common/base/file.h"
#include "common/codec/yaml.h"
#include "common/settings/settings_internal.h"

enum { MAX_FILE_BYTES = 1024 * 1024 };

enum tg_status setting_apply(tg_settings *settings, size_t row, struct tg_text text, const char *origin,
                             struct tg_error *error)
{
    struct setting_value value = {tg_arena_copy(&settings->arena, text).data, 0};
    enum tg_status status = setting_parse(&settings->program->rows[row], value.text, origin, &value.number, error);
    if (status == TG_OK)
        settings->values[row] = value;
    return status;
}

enum tg_status setting_load_defaults(tg_settings *settings, struct tg_error *error)
{
    for (size_t row = 0; row < settings->program->row_count; ++row) {
        const struct tg_setting *setting = &settings->program->rows[row];
        bool may_be_unset = setting->type == TG_SETTING_STRING || setting->type == TG_SETTING_PATH;
        assert(setting->fallback != NULL || may_be_unset);
        assert(setting->secrecy != TG_SETTING_SECRET || may_be_unset);
        if (setting->fallback == NULL)
            continue;
        enum tg_status status = setting_apply(settings, row, tg_text_of(setting->fallback), "the default", error);
        if (status != TG_OK)
            return status;
    }
    return TG_OK;
}

/* ---- the file ---- */

struct file_walk {
    tg_settings *settings;
    const char *path;
    bool *is_seen; /* one per row: `a.b: 1` beside `a: {b: 1}` would be the same setting twice */
    struct tg_error *error;
};

static enum tg_status apply_member(struct file_walk *walk, const char *key, const tg_json *value)
{
    const struct tg_settings_program *program = walk->settings->program;
    char what[256];
    snprintf(what, sizeof(what), "%s: setting", walk->path);
    size_t row = setting_find(program, SETTING_KEY, tg_text_of(key));
    if (row == program->row_count)
        return setting_refuse_unknown(program, SETTING_KEY, what, tg_text_of(key), walk->error);
    if (walk->is_seen[row])
        return tg_fail(walk->error, TG_INVALID, "%s: %s is set twice", walk->path, key);
    walk->is_seen[row] = true;
    char number[24];
    struct tg_text text;
    switch (tg_json_kind(value)) {
    case TG_JSON_NULL:
        return TG_OK;
    case TG_JSON_STRING:
        text = tg_json_text(value);
        break;
    case TG_JSON_BOOLEAN:
        text = tg_text_of(tg_json_boolean(value) ? "true" : "false");
        break;
    case TG_JSON_NUMBER:
        snprintf(number, sizeof(number), "%" PRId64, tg_json_i64(value)); /* YAML gives whole numbers only */
        text = tg_text_of(number);
        break;
    default:
        return tg_fail(walk->error, TG_INVALID, "%s: %s must be a single value, not %s", walk->path, key,
                       tg_json_kind_name(tg_json_kind(value)));
    }
    return setting_apply(walk->settings, row, text, walk->path, walk->error);
}

/* A mapping is a group of settings unless a setting has its name. An unknown group is entered too, so that what is in
 * it is refused by its full name. */
static bool is_group(const struct tg_settings_program *program, const char *key, const tg_json *value)
{
    return tg_json_is(value, TG_JSON_OBJECT) && tg_json_count(value) != 0 &&
           setting_find(program, SETTING_KEY, tg_text_of(key)) == program->row_count;
}

/* Depth is bounded by the YAML reader. */
static enum tg_status walk_members(struct file_walk *walk, const char *prefix, const tg_json *group)
{
    for (struct tg_json_cursor cursor = {0}; tg_json_next_member(group, &cursor);) {
        struct tg_text key = tg_arena_printf(&walk->settings->arena, "%s%s%.*s", prefix, *prefix == '\0' ? "" : ".",
                                             TG_TEXT_ARG(cursor.key));
        bool is_inner = is_group(walk->settings->program, key.data, cursor.value);
        enum tg_status status =
            is_inner ? walk_members(walk, key.data, cursor.value) : apply_member(walk, key.data, cursor.value);
        if (status != TG_OK)
            return status;
    }
    return TG_OK;
}

static enum tg_status apply_document(tg_settings *settings, const char *path, const tg_json *root,
                                     struct tg_error *error)
{
    if (tg_json_is(root, TG_JSON_NULL))
        return TG_OK; /* an empty file sets nothing */
    if (!tg_json_is(root, TG_JSON_OBJECT))
        return tg_fail(error, TG_INVALID, "%s: settings must be a mapping of names to values", path);
    struct file_walk walk = {settings, path, NULL, error};
    walk.is_seen = tg_arena_calloc(&settings->arena, settings->program->row_count * sizeof(bool));
    return walk_members(&walk, "", root);
}

enum tg_status setting_load_file(tg_settings *settings, const char *path, struct tg_error *error)
{
    path = tg_arena_copy(&settings->arena, tg_text_of(path)).data;
    struct tg_buf content;
    tg_json *root = NULL;
    enum tg_status status = tg_file_read(path, MAX_FILE_BYTES, &content, error);
    if (status == TG_OK) {
        status = tg_yaml_parse(tg_buf_text(&content), &root, error);
        if (status != TG_OK)
            status = tg_fail_context(error, status, "%s", path);
    }
    if (status == TG_OK)
        status = apply_document(settings, path, root, error);
    tg_json_destroy(root);
    tg_buf_deinit(&content);
    return status;
}

/* ---- the environment ---- */

enum tg_status setting_load_environment(tg_settings *settings, char *const *environment, struct tg_error *error)
{
    const struct tg_settings_program *program = settings->program;
    char config_name[SETTING_NAME_BYTES];
    setting_env_name(program, "config", config_name);
    for (; *environment != NULL; ++environment) {
        const char *equals = strchr(*environment, '=');
        if (equals == NULL || !tg_text_starts_with(tg_text_of(*environment), program->env_prefix))
            continue;
        struct tg_text name = tg_text(*environment, (size_t)(equals - *environment));
        if (tg_text_is(name, config_name))
            continue;
        size_t row = setting_find(program, SETTING_ENV, name);
        if (row == program->row_count)
            return setting_refuse_unknown(program, SETTING_ENV, "environment variable", name, error);
        if (equals[1] == '\0')
            continue;
        const char *origin = tg_arena_copy(&settings->arena, name).data;
        enum tg_status status = setting_apply(settings, row, tg_text_of(equals + 1), origin, error);
        if (status != TG_OK)
            return status;
    }
    return TG_OK;
}

/* ---- the command line ---- */

/* One option: its name, and its value if that is in the same argument or must be the next one. */
struct option {
    struct tg_text name;
    const char *value; /* NULL: none */
    int arguments;     /* how many it takes up */
};

static bool is_request(struct tg_text name)
{
    return tg_text_is(name, "--help") || tg_text_is(name, "-h") || tg_text_is(name, "--version") ||
           tg_text_is(name, "--print-settings");
}

static enum tg_status read_option(const struct tg_settings_program *program, int argc, char *const *argv, int at,
                                  struct option *option, struct tg_error *error)
{
    if (argv[at][0] != '-')
        return tg_fail(error, TG_INVALID, "\"%s\" stands behind options; commands and operands come first", argv[at]);
    const char *equals = strchr(argv[at], '=');
    size_t bytes = equals != NULL ? (size_t)(equals - argv[at]) : strlen(argv[at]);
    *option = (struct option){tg_text(argv[at], bytes), equals != NULL ? equals + 1 : NULL, 1};
    bool is_known = is_request(option->name) || tg_text_is(option->name, "--config") ||
                    setting_find(program, SETTING_FLAG, option->name) != program->row_count;
    if (!is_known)
        return setting_refuse_unknown(program, SETTING_FLAG, "option", option->name, error);
    if (option->value != NULL || is_request(option->name))
        return TG_OK;
    if (at + 1 == argc)
        return tg_fail(error, TG_INVALID, "%.*s needs a value", TG_TEXT_ARG(option->name));
    option->value = argv[at + 1];
    option->arguments = 2;
    return TG_OK;
}

enum tg_status setting_survey_arguments(tg_settings *settings, int argc, char *const *argv, const char **config,
                                        struct tg_error *error)
{
    int at = 1;
    while (at < argc && argv[at][0] != '-')
        ++at;
    settings->operand_count = at - 1;
    if (settings->operand_count != 0 && settings->program->usage == NULL)
        return tg_fail(error, TG_INVALID, "\"%s\" is not understood; %s takes options only (--help lists them)",
                       argv[1], settings->program->name);
    while (at < argc) {
        struct option option;
        enum tg_status status = read_option(settings->program, argc, argv, at, &option, error);
        if (status != TG_OK)
            return status;
        if (tg_text_is(option.name, "--help") || tg_text_is(option.name, "-h"))
            settings->request = TG_SETTINGS_HELP;
        else if (tg_text_is(option.name, "--version"))
            settings->request = TG_SETTINGS_VERSION;
        else if (tg_text_is(option.name, "--print-settings"))
            settings->request = TG_SETTINGS_PRINT;
        else if (tg_text_is(option.name, "--config"))
            *config = option.value;
        at += option.arguments;
    }
    return TG_OK;
}

enum tg_status setting_load_flags(tg_settings *settings, int argc, char *const *argv, struct tg_error *error)
{
    const struct tg_settings_program *program = settings->program;
    for (int at = 1 + settings->operand_count; at < argc;) {
        struct option option;
        enum tg_status status = read_option(program, argc, argv, at, &option, error);
        if (status != TG_OK)
            return status;
        at += option.arguments;
        size_t row = setting_find(program, SETTING_FLAG, option.name);
        if (row == program->row_count)
            continue; /* --config and the requests: surveyed before */
        if (program->rows[row].secrecy == TG_SETTING_SECRET)
            return tg_fail(error, TG_INVALID,
                           "%.*s: a secret on the command line can be read by every user of the machine; use the file "
                           "or the environment",
                           TG_TEXT_ARG(option.name));
        const char *origin = tg_arena_copy(&settings->arena, option.name).data;
        status = setting_apply(settings, row, tg_text_of(option.value), origin, error);
        if (status != TG_OK)
            return status;
    }
    return TG_OK;
}
