#include <stdio.h>

#include "controlplane/migrate/migrate.h"

bool tg_migration_version(const char *file, char version[TG_MIGRATION_NAME_BYTES])
{
    size_t bytes = strlen(file);
    size_t digits = strspn(file, "0123456789");
    if (digits == 0 || bytes < 5 || bytes >= TG_MIGRATION_NAME_BYTES || strcmp(file + bytes - 4, ".sql") != 0)
        return false;
    if (file[digits] != '_' && file[digits] != '.')
        return false;
    snprintf(version, TG_MIGRATION_NAME_BYTES, "%.*s", (int)digits, file);
    return true;
}

/* Takes the next line off the text, without its end. */
static bool take_line(struct tg_text *text, struct tg_text *line)
{
    if (text->bytes == 0)
        return false;
    const char *end = memchr(text->data, '\n', text->bytes);
    size_t bytes = end == NULL ? text->bytes : (size_t)(end - text->data);
    size_t taken = bytes + (end != NULL);
    *line = tg_text(text->data, bytes);
    if (bytes > 0 && line->data[bytes - 1] == '\r')
        --line->bytes;
    *text = tg_text(text->data + taken, text->bytes - taken);
    return true;
}

/* Whether the line is `-- migrate:<direction>` with options or without. */
static bool is_marker(struct tg_text line, const char *direction, struct tg_text *options)
{
    struct tg_text rest = tg_text_trim(line);
    if (!tg_text_starts_with(rest, "--"))
        return false;
    rest = tg_text_trim(tg_text(rest.data + 2, rest.bytes - 2));
    if (!tg_text_starts_with(rest, "migrate:"))
        return false;
    rest = tg_text(rest.data + 8, rest.bytes - 8);
    size_t bytes = strlen(direction);
    if (!tg_text_starts_with(rest, direction))
        return false;
    *options = tg_text_trim(tg_text(rest.data + bytes, rest.bytes - bytes));
    return rest.bytes == bytes || rest.data[bytes] == ' ' || rest.data[bytes] == '\t';
}

bool tg_migration_up_part(struct tg_text text, struct tg_text *up, bool *in_transaction)
{
    struct tg_text line, options;
    const char *begin = NULL;
    while (take_line(&text, &line)) {
        if (begin == NULL && is_marker(line, "up", &options)) {
            begin = text.data;
            *in_transaction = memmem(options.data, options.bytes, "transaction:false", 17) == NULL;
        } else if (begin != NULL && is_marker(line, "down", &options)) {
            *up = tg_text(begin, (size_t)(line.data - begin));
            return true;
        }
    }
    if (begin != NULL)
        *up = tg_text(begin, (size_t)(text.data - begin));
    return begin != NULL;
}
