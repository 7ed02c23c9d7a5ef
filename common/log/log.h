/* Structured logs: one JSON object per line on standard error, with time, level, program part, event and fields.
 *
 * A log line never carries a secret, a prompt or an answer; there is no helper that would print one. Libraries return
 * errors; the caller with context logs, once. Any thread; a line is written with one write(2). */
#ifndef TG_LOG_LOG_H
#define TG_LOG_LOG_H

#include "common/base/id.h"
#include "common/base/status.h"

enum tg_log_level { TG_LOG_DEBUG, TG_LOG_INFO, TG_LOG_WARNING, TG_LOG_ERROR };

const char *tg_log_level_name(enum tg_log_level level);

/* Lines below `level` are dropped. Default: info. Call once, before threads start. */
void tg_log_init(const char *program, enum tg_log_level level);

/* One key and its value. Make them with the helpers below. */
struct tg_log_field {
    const char *key;
    enum { TG_LOG_TEXT, TG_LOG_NUMBER, TG_LOG_ID } kind;
    struct tg_text text;
    int64_t number;
    struct tg_id id;
};

static inline struct tg_log_field tg_log_text(const char *key, struct tg_text value)
{
    return (struct tg_log_field){.key = key, .kind = TG_LOG_TEXT, .text = value};
}
static inline struct tg_log_field tg_log_string(const char *key, const char *value)
{
    return tg_log_text(key, tg_text_of(value));
}
static inline struct tg_log_field tg_log_number(const char *key, int64_t value)
{
    return (struct tg_log_field){.key = key, .kind = TG_LOG_NUMBER, .number = value};
}
static inline struct tg_log_field tg_log_id(const char *key, struct tg_id value)
{
    return (struct tg_log_field){.key = key, .kind = TG_LOG_ID, .id = value};
}

/* tg_log(TG_LOG_INFO, "stream_connected", tg_log_string("peer", name), tg_log_number("revision", revision)); */
#define tg_log(level, event, ...)                                                                                      \
    tg_log_write(level, event, (const struct tg_log_field[]){{.key = NULL}, ##__VA_ARGS__},                            \
                 sizeof((const struct tg_log_field[]){{.key = NULL}, ##__VA_ARGS__}) / sizeof(struct tg_log_field))

void tg_log_write(enum tg_log_level level, const char *event, const struct tg_log_field *fields, size_t count);

#endif
