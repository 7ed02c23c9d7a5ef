/* The two clocks. Deciding code never calls these: it is given the time. */
#ifndef TG_BASE_TIME_H
#define TG_BASE_TIME_H

#include "common/base/text.h"

/* Milliseconds since 1970-01-01T00:00:00Z. For people and for the books; may jump. */
int64_t tg_time_unix_ms(void);

/* Nanoseconds from an arbitrary start. For durations and deadlines; never jumps back. */
int64_t tg_time_monotonic_ns(void);

static inline int64_t tg_time_monotonic_ms(void)
{
    return tg_time_monotonic_ns() / 1000000;
}

enum { TG_TIME_TEXT_BYTES = sizeof("2026-01-31T23:59:59.999Z") };

/* RFC 3339 in UTC with milliseconds; `out` holds TG_TIME_TEXT_BYTES and is NUL-terminated. */
void tg_time_format(int64_t unix_ms, char *out);

/* RFC 3339 section 5.6, with any offset and 0 to 9 fractional digits (cut to milliseconds). Also accepts a plain
 * date, which is its midnight in UTC. False if it is anything else. */
bool tg_time_parse(struct tg_text text, int64_t *unix_ms);

#endif
