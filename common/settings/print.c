#include "common/settings/settings_internal.h"

/* "size", or the words of a choice with `separator` between them. */
static void print_type(const struct tg_setting *row, const char *separator, FILE *out)
{
    if (row->type != TG_SETTING_CHOICE) {
        fputs(row->secrecy == TG_SETTING_SECRET_FILE ? "path of a secret" : tg_setting_type_name(row->type), out);
        return;
    }
    for (size_t i = 0; row->choices[i] != NULL; ++i)
        fprintf(out, "%s%s", i == 0 ? "" : separator, row->choices[i]);
}

/* Words of `text`, broken so that lines indented by `indent` end before column 100. */
static void print_wrapped(const char *text, int indent, FILE *out)
{
    enum { COLUMNS = 100 };
    int column = COLUMNS;
    bool is_first = true;
    while (*text != '\0') {
        int word = (int)strcspn(text, " ");
        if (column + 1 + word > COLUMNS) {
            fprintf(out, "%s%*s", is_first ? "" : "\n", indent, "");
            column = indent;
            is_first = false;
        } else {
            fputc(' ', out);
            ++column;
        }
        fprintf(out, "%.*s", word, text);
        column += word;
        text += word;
        text += strspn(text, " ");
    }
    fputc('\n', out);
}

static void print_row_help(const struct tg_settings_program *program, size_t at, FILE *out)
{
    enum { INDENT = 6 };
    const struct tg_setting *row = &program->rows[at];
    char name[SETTING_NAME_BYTES];
    setting_flag_name(row->key, name);
    if (row->secrecy == TG_SETTING_SECRET) {
        fprintf(out, "\n  (%s)", row->key);
    } else {
        fprintf(out, "\n  %s <", name);
        print_type(row, "|", out);
        fputc('>', out);
    }
    if (row->fallback != NULL && *row->fallback != '\0')
        fprintf(out, "  (default %s)", row->fallback);
    else if (row->is_required)
        fputs("  (required)", out);
    fputc('\n', out);
    print_wrapped(row->doc, INDENT, out);
    setting_env_name(program, row->key, name);
    fprintf(out, "%*s%s\n", INDENT, "", name);
}

void tg_settings_print_help(const struct tg_settings_program *program, FILE *out)
{
    fprintf(out, "%s: %s\n\nusage: %s%s%s [options]\n\n", program->name, program->summary, program->name,
            program->usage == NULL ? "" : " ", program->usage == NULL ? "" : program->usage);
    fprintf(out, "Each setting can also be given in a YAML file or by the environment variable below it; options come\n"
                 "before the environment, the environment before the file.\n\n");
    fprintf(out,
            "  --config <path>\n      The file: listen-port is `listen: {port: 8080}` there. %sCONFIG or "
            "TOLLGATE_CONFIG\n",
            program->env_prefix);
    for (size_t row = 0; row < program->row_count; ++row)
        print_row_help(program, row, out);
    fputs("\n  --print-settings\n      The settings as a Markdown table.\n\n  --version\n\n  --help\n", out);
}

/* A pipe would end the cell. */
static void print_cell(const char *text, FILE *out)
{
    for (; *text != '\0'; ++text) {
        if (*text == '|')
            fputc('\\', out);
        fputc(*text, out);
    }
}

void tg_settings_print_markdown(const struct tg_settings_program *program, FILE *out)
{
    fputs("| In the file | Environment | Option | Value | Default | Meaning |\n|---|---|---|---|---|---|\n", out);
    for (size_t at = 0; at < program->row_count; ++at) {
        const struct tg_setting *row = &program->rows[at];
        char name[SETTING_NAME_BYTES];
        setting_env_name(program, row->key, name);
        fprintf(out, "| `%s` | `%s` | ", row->key, name);
        setting_flag_name(row->key, name);
        if (row->secrecy == TG_SETTING_SECRET)
            fputs("never", out);
        else
            fprintf(out, "`%s`", name);
        fputs(" | ", out);
        print_type(row, ", ", out);
        if (row->secrecy == TG_SETTING_SECRET)
            fputs(", secret", out);
        fputs(" | ", out);
        if (row->fallback != NULL && *row->fallback != '\0') {
            fputc('`', out);
            print_cell(row->fallback, out);
            fputc('`', out);
        } else {
            fputs(row->is_required ? "required" : "none", out);
        }
        fputs(" | ", out);
        print_cell(row->doc, out);
        fputs(" |\n", out);
    }
}
