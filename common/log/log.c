#include "common/log/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/time.h"

enum { LINE_BYTES = 2048 };

static struct {
    const char *program;
    enum tg_log_level level;
} logger = {"tollgate", TG_LOG_INFO}; /* set once before threads start, read-only afterwards */

static const char *const level_names[] = {"debug", "info", "warning", "error"};

const char *tg_log_level_name(enum tg_log_level level)
{
    return level_names[level];
}

void tg_log_init(const char *program, enum tg_log_level level)
{
    logger.program = program;
    logger.level = level;
}

struct line {
    char data[LINE_BYTES];
    size_t bytes;
};

static void put(struct line *line, const char *data, size_t bytes)
{
    size_t room = LINE_BYTES - 8 - line->bytes; /* always leaves space for the end of the object */
    if (bytes > room)
        bytes = room;
    memcpy(line->data + line->bytes, data, bytes);
    line->bytes += bytes;
}

static void put_quoted(struct line *line, struct tg_text text)
{
    put(line, "\"", 1);
    for (size_t i = 0; i < text.bytes && line->bytes < LINE_BYTES - 16; ++i) {
        unsigned char c = (unsigned char)text.data[i];
        char escaped[8];
        if (c == '"' || c == '\\') {
            put(line, (char[]){'\\', (char)c}, 2);
        } else if (c < 0x20) {
            put(line, escaped, (size_t)snprintf(escaped, sizeof(escaped), "\\u%04x", c));
        } else {
            put(line, text.data + i, 1);
        }
    }
    put(line, "\"", 1);
}

static void put_field(struct line *line, const struct tg_log_field *field)
{
    char text[TG_ID_TEXT_BYTES];
    put(line, ",", 1);
    put_quoted(line, tg_text_of(field->key));
    put(line, ":", 1);
    switch (field->kind) {
    case TG_LOG_TEXT:
        put_quoted(line, field->text);
        break;
    case TG_LOG_NUMBER:
        put(line, text, (size_t)snprintf(text, sizeof(text), "%" PRId64, field->number));
        break;
    case TG_LOG_ID:
        tg_id_format(field->id, text);
        put_quoted(line, tg_text_of(text));
        break;
    }
}

void tg_log_write(enum tg_log_level level, const char *event, const struct tg_log_field *fields, size_t count)
{
    if (level < logger.level)
        return;
    struct line line = {.bytes = 0};
    char time[TG_TIME_TEXT_BYTES];
    tg_time_format(tg_time_unix_ms(), time);
    put(&line, "{\"time\":", 8);
    put_quoted(&line, tg_text_of(time));
    const struct tg_log_field head[] = {
        tg_log_string("level", tg_log_level_name(level)),
        tg_log_string("program", logger.program),
        tg_log_string("event", event),
    };
    for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); ++i)
        put_field(&line, &head[i]);
    for (size_t i = 0; i < count; ++i) {
        if (fields[i].key != NULL)
            put_field(&line, &fields[i]);
    }
    memcpy(line.data + line.bytes, "}\n", 2);
    line.bytes += 2;
    /* Standard error is the last resort: there is nowhere to report that it failed. */
    ssize_t written = write(STDERR_FILENO, line.data, line.bytes);
    (void)written;
}
