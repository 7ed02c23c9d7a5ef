#include <assert.h>
#include <ctype.h>
#include <stdlib.h>

#include "common/settings/settings_internal.h"

static void write_name(const char *prefix, const char *key, char separator, bool is_upper, char out[SETTING_NAME_BYTES])
{
    size_t used = strlen(prefix);
    assert(used + strlen(key) < SETTING_NAME_BYTES);
    memcpy(out, prefix, used);
    for (; *key != '\0'; ++key) {
        bool is_separator = *key == '.' || *key == '_';
        out[used++] = is_separator ? separator : is_upper ? (char)toupper((unsigned char)*key) : *key;
    }
    out[used] = '\0';
}

void setting_env_name(const struct tg_settings_program *program, const char *key, char out[SETTING_NAME_BYTES])
{
    write_name(program->env_prefix, key, '_', true, out);
}

void setting_flag_name(const char *key, char out[SETTING_NAME_BYTES])
{
    write_name("--", key, '-', false, out);
}

void setting_name(const struct tg_settings_program *program, enum setting_form form, size_t row,
                  char out[SETTING_NAME_BYTES])
{
    const char *key = program->rows[row].key;
    switch (form) {
    case SETTING_KEY:
        assert(strlen(key) < SETTING_NAME_BYTES);
        snprintf(out, SETTING_NAME_BYTES, "%s", key);
        return;
    case SETTING_ENV:
        setting_env_name(program, key, out);
        return;
    case SETTING_FLAG:
        setting_flag_name(key, out);
        return;
    }
}

size_t setting_find(const struct tg_settings_program *program, enum setting_form form, struct tg_text name)
{
    char known[SETTING_NAME_BYTES];
    for (size_t row = 0; row < program->row_count; ++row) {
        setting_name(program, form, row, known);
        if (tg_text_is(name, known))
            return row;
    }
    return program->row_count;
}

/* Levenshtein's distance: how many single characters have to be added, dropped or changed. */
static size_t edit_distance(struct tg_text a, const char *b)
{
    size_t row[SETTING_NAME_BYTES + 1];
    size_t b_bytes = strlen(b);
    for (size_t j = 0; j <= b_bytes; ++j)
        row[j] = j;
    for (size_t i = 0; i < a.bytes; ++i) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < b_bytes; ++j) {
            size_t changed = diagonal + (a.data[i] != b[j]);
            size_t added = row[j] + 1;
            size_t dropped = row[j + 1] + 1;
            diagonal = row[j + 1];
            row[j + 1] = changed < added ? changed : added;
            if (dropped < row[j + 1])
                row[j + 1] = dropped;
        }
    }
    return row[b_bytes];
}

enum tg_status setting_refuse_unknown(const struct tg_settings_program *program, enum setting_form form,
                                      const char *what, struct tg_text name, struct tg_error *error)
{
    struct tg_text compared = name;
    if (compared.bytes >= SETTING_NAME_BYTES)
        compared.bytes = SETTING_NAME_BYTES - 1;
    char nearest[SETTING_NAME_BYTES] = "";
    size_t nearest_distance = compared.bytes / 3 + 1; /* further away is no help */
    for (size_t row = 0; row < program->row_count; ++row) {
        char known[SETTING_NAME_BYTES];
        setting_name(program, form, row, known);
        size_t distance = edit_distance(compared, known);
        if (distance < nearest_distance) {
            nearest_distance = distance;
            memcpy(nearest, known, sizeof(nearest));
        }
    }
    if (nearest[0] == '\0')
        return tg_fail(error, TG_INVALID, "%s %.*s is not known; %s --help lists what is", what, TG_TEXT_ARG(compared),
                       program->name);
    return tg_fail(error, TG_INVALID, "%s %.*s is not known; did you mean %s?", what, TG_TEXT_ARG(compared), nearest);
}
