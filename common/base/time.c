#include "common/base/time.h"

#include <stdio.h>
#include <time.h>

static int64_t read_clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t tg_time_unix_ms(void)
{
    return read_clock_ns(CLOCK_REALTIME) / 1000000;
}

int64_t tg_time_monotonic_ns(void)
{
    return read_clock_ns(CLOCK_MONOTONIC);
}

void tg_time_format(int64_t unix_ms, char *out)
{
    int64_t seconds = unix_ms / 1000, ms = unix_ms % 1000;
    if (ms < 0) {
        ms += 1000;
        --seconds;
    }
    time_t when = (time_t)seconds;
    struct tm parts;
    gmtime_r(&when, &parts);
    strftime(out, TG_TIME_TEXT_BYTES, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(out + 19, TG_TIME_TEXT_BYTES - 19, ".%03dZ", (int)ms);
}

/* Reads exactly `digits` digits at `*at` and moves past them; -1 if they are not there. */
static int read_digits(const char **at, const char *end, int digits)
{
    int value = 0;
    for (int i = 0; i < digits; ++i) {
        if (*at == end || **at < '0' || **at > '9')
            return -1;
        value = value * 10 + (*(*at)++ - '0');
    }
    return value;
}

static bool read_char(const char **at, const char *end, char first, char second)
{
    if (*at == end || (**at != first && **at != second))
        return false;
    ++*at;
    return true;
}

static bool read_fraction_ms(const char **at, const char *end, int *ms)
{
    *ms = 0;
    if (!read_char(at, end, '.', '.'))
        return true;
    int scale = 100, digits = 0;
    for (; *at != end && **at >= '0' && **at <= '9'; ++*at, ++digits) {
        *ms += (**at - '0') * scale;
        scale /= 10;
    }
    return digits >= 1 && digits <= 9;
}

static bool read_offset_minutes(const char **at, const char *end, int *minutes)
{
    *minutes = 0;
    if (read_char(at, end, 'Z', 'z'))
        return true;
    if (*at == end || (**at != '+' && **at != '-'))
        return false;
    int sign = *(*at)++ == '-' ? -1 : 1;
    int hours = read_digits(at, end, 2);
    if (hours < 0 || hours > 23 || !read_char(at, end, ':', ':'))
        return false;
    int mins = read_digits(at, end, 2);
    if (mins < 0 || mins > 59)
        return false;
    *minutes = sign * (hours * 60 + mins);
    return true;
}

bool tg_time_parse(struct tg_text text, int64_t *unix_ms)
{
    const char *at = text.data, *end = text.data + text.bytes;
    struct tm parts = {0};
    int year = read_digits(&at, end, 4);
    if (year < 0 || !read_char(&at, end, '-', '-'))
        return false;
    int month = read_digits(&at, end, 2);
    if (month < 1 || month > 12 || !read_char(&at, end, '-', '-'))
        return false;
    int day = read_digits(&at, end, 2);
    if (day < 1 || day > 31)
        return false;
    parts.tm_year = year - 1900;
    parts.tm_mon = month - 1;
    parts.tm_mday = day;
    int ms = 0, offset_minutes = 0;
    if (at != end) {
        if (!read_char(&at, end, 'T', 't'))
            return false;
        parts.tm_hour = read_digits(&at, end, 2);
        if (parts.tm_hour < 0 || parts.tm_hour > 23 || !read_char(&at, end, ':', ':'))
            return false;
        parts.tm_min = read_digits(&at, end, 2);
        if (parts.tm_min < 0 || parts.tm_min > 59 || !read_char(&at, end, ':', ':'))
            return false;
        parts.tm_sec = read_digits(&at, end, 2);
        if (parts.tm_sec < 0 || parts.tm_sec > 60)
            return false;
        if (!read_fraction_ms(&at, end, &ms) || !read_offset_minutes(&at, end, &offset_minutes) || at != end)
            return false;
    }
    struct tm normal = parts;
    time_t seconds = timegm(&normal);
    if (normal.tm_mday != day && parts.tm_sec != 60) /* 31 February is not a date */
        return false;
    *unix_ms = ((int64_t)seconds - offset_minutes * 60) * 1000 + ms;
    return true;
}
