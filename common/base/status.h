/* What went wrong, coarsely: the result of every operation that can fail for reasons outside the program.
 *
 * Functions return `enum tg_status` (0 is TG_OK) and, where a person will want to know more, fill a `struct tg_error`
 * with a sentence that says what failed, where, and what to do. A bug is an assert, never a status. */
#ifndef TG_BASE_STATUS_H
#define TG_BASE_STATUS_H

#include <stdarg.h>

enum tg_status {
    TG_OK = 0,
    TG_INVALID,     /* the input is malformed or breaks a rule */
    TG_NOT_FOUND,   /* what was named does not exist */
    TG_CONFLICT,    /* it exists already, or changed underneath */
    TG_DENIED,      /* the caller may not */
    TG_TOO_LARGE,   /* beyond a configured bound */
    TG_EXHAUSTED,   /* a bounded resource is used up for now */
    TG_TIMEOUT,     /* a deadline passed */
    TG_UNAVAILABLE, /* the other side is not reachable or went away */
    TG_IO,          /* the operating system refused */
    TG_CORRUPT,     /* stored or received data fails its check */
};

#define TG_MUST_CHECK                        __attribute__((warn_unused_result))
#define TG_PRINTF(format_index, first_index) __attribute__((format(printf, format_index, first_index)))

/* The status as a lower-case word, for logs. Never NULL. */
const char *tg_status_name(enum tg_status status);

/* A failure told to a person. Plain data: copy it, put it on the stack, no clean-up. */
struct tg_error {
    enum tg_status status;
    char message[384];
};

/* Fills `error` (which may be NULL) and returns `status`, so that a failing function can end with
 * `return tg_fail(error, TG_INVALID, "...")`. The message is cut to fit. */
enum tg_status tg_fail(struct tg_error *error, enum tg_status status, const char *format, ...) TG_PRINTF(3, 4);

/* Puts "context: " before the message that `error` holds, keeping its status, which is returned. */
enum tg_status tg_fail_context(struct tg_error *error, enum tg_status status, const char *format, ...) TG_PRINTF(3, 4);

#endif
