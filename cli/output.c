#include "cli/output.h"

#include <inttypes.h>
#include <stdlib.h>

enum { MAX_OUTPUT_BYTES = 64 * 1024 * 1024, CELL_BYTES = 96, MAX_COLUMNS = 24 };

bool tg_print_json(FILE *out, const tg_json *value)
{
    struct tg_buf text;
    tg_buf_init(&text, MAX_OUTPUT_BYTES);
    bool is_written = tg_json_dump(value, TG_JSON_INDENTED, &text) == TG_OK &&
                      fwrite(text.data, 1, text.bytes, out) == text.bytes && fputc('\n', out) != EOF;
    tg_buf_deinit(&text);
    return is_written;
}

/* Text that may come from anyone is shown without control characters: a name must not move the cursor. */
static void format_cell(const tg_json *value, char cell[CELL_BYTES])
{
    if (value == NULL || tg_json_is(value, TG_JSON_NULL)) {
        snprintf(cell, CELL_BYTES, "-");
    } else if (tg_json_is(value, TG_JSON_STRING)) {
        snprintf(cell, CELL_BYTES, "%s", tg_json_text(value).bytes == 0 ? "-" : tg_json_text(value).data);
    } else if (tg_json_is(value, TG_JSON_BOOLEAN)) {
        snprintf(cell, CELL_BYTES, "%s", tg_json_boolean(value) ? "true" : "false");
    } else if (tg_json_is_i64(value)) {
        snprintf(cell, CELL_BYTES, "%" PRId64, tg_json_i64(value));
    } else {
        struct tg_buf text;
        tg_buf_init(&text, 65536);
        if (tg_json_dump(value, TG_JSON_COMPACT, &text) == TG_OK)
            snprintf(cell, CELL_BYTES, "%.*s", TG_TEXT_ARG(tg_buf_text(&text)));
        else
            snprintf(cell, CELL_BYTES, "(too long to show)");
        tg_buf_deinit(&text);
    }
    for (char *at = cell; *at != '\0'; ++at) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = '?';
    }
}

static void print_indented(FILE *out, const tg_json *object, int indent)
{
    int width = 0;
    struct tg_json_cursor cursor = {0};
    while (tg_json_next_member(object, &cursor))
        width = (int)cursor.key.bytes > width ? (int)cursor.key.bytes : width;
    cursor = (struct tg_json_cursor){0};
    while (tg_json_next_member(object, &cursor)) {
        if (tg_json_is(cursor.value, TG_JSON_OBJECT)) {
            fprintf(out, "%*s%.*s\n", indent, "", TG_TEXT_ARG(cursor.key));
            print_indented(out, cursor.value, indent + 2);
            continue;
        }
        if (tg_json_is(cursor.value, TG_JSON_STRING) && tg_json_text(cursor.value).bytes >= CELL_BYTES) {
            fprintf(out, "%*s%-*.*s  (%zu bytes; --json shows it)\n", indent, "", width, TG_TEXT_ARG(cursor.key),
                    tg_json_text(cursor.value).bytes);
            continue;
        }
        char cell[CELL_BYTES];
        format_cell(cursor.value, cell);
        fprintf(out, "%*s%-*.*s  %s\n", indent, "", width, TG_TEXT_ARG(cursor.key), cell);
    }
}

bool tg_print_members(FILE *out, const tg_json *object)
{
    print_indented(out, object, 0);
    return ferror(out) == 0;
}

bool tg_print_table(FILE *out, const tg_json *items, const char *const *columns)
{
    if (tg_json_count(items) == 0)
        return fputs("none\n", out) != EOF;
    int widths[MAX_COLUMNS] = {0};
    size_t count = 0;
    char cell[CELL_BYTES];
    for (; columns[count] != NULL && count < MAX_COLUMNS; ++count) {
        widths[count] = (int)strlen(columns[count]);
        for (size_t row = 0; row < tg_json_count(items); ++row) {
            format_cell(tg_json_member(tg_json_at(items, row), columns[count]), cell);
            if ((int)strlen(cell) > widths[count])
                widths[count] = (int)strlen(cell);
        }
    }
    for (size_t column = 0; column < count; ++column)
        fprintf(out, "%-*s%s", column + 1 < count ? widths[column] : 0, columns[column],
                column + 1 < count ? "  " : "\n");
    for (size_t row = 0; row < tg_json_count(items); ++row) {
        for (size_t column = 0; column < count; ++column) {
            format_cell(tg_json_member(tg_json_at(items, row), columns[column]), cell);
            fprintf(out, "%-*s%s", column + 1 < count ? widths[column] : 0, cell, column + 1 < count ? "  " : "\n");
        }
    }
    return ferror(out) == 0;
}
