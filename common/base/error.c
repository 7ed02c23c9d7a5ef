#include "common/base/status.h"

#include <stdio.h>
#include <string.h>

enum tg_status tg_fail(struct tg_error *error, enum tg_status status, const char *format, ...)
{
    if (error == NULL)
        return status;
    error->status = status;
    va_list args;
    va_start(args, format);
    vsnprintf(error->message, sizeof(error->message), format, args);
    va_end(args);
    return status;
}

enum tg_status tg_fail_context(struct tg_error *error, enum tg_status status, const char *format, ...)
{
    if (error == NULL)
        return status;
    char inner[sizeof(error->message)];
    memcpy(inner, error->message, sizeof(inner));
    va_list args;
    va_start(args, format);
    int used = vsnprintf(error->message, sizeof(error->message), format, args);
    va_end(args);
    error->status = status;
    if (used >= 0 && (size_t)used < sizeof(error->message))
        snprintf(error->message + used, sizeof(error->message) - (size_t)used, ": %s", inner);
    return status;
}
