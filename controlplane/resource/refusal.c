#include "controlplane/resource/refusal.h"

#include <stdio.h>

#include "common/log/log.h"

const char *tg_refusal_kind_name(enum tg_refusal_kind kind)
{
    static const char *const names[] = {
        [TG_REFUSAL_NONE] = "none",
        [TG_REFUSAL_MALFORMED] = "malformed",
        [TG_REFUSAL_INVALID] = "invalid",
        [TG_REFUSAL_UNAUTHORIZED] = "unauthorized",
        [TG_REFUSAL_NOT_FOUND] = "not_found",
        [TG_REFUSAL_METHOD] = "method_not_allowed",
        [TG_REFUSAL_CONFLICT] = "conflict",
        [TG_REFUSAL_CHANGED] = "changed",
        [TG_REFUSAL_KEY_REUSED] = "idempotency_key_reused",
        [TG_REFUSAL_TOO_LARGE] = "too_large",
        [TG_REFUSAL_MEDIA_TYPE] = "unsupported_media_type",
        [TG_REFUSAL_HEAD_TOO_LARGE] = "head_too_large",
        [TG_REFUSAL_SLOW] = "request_timeout",
        [TG_REFUSAL_LENGTH] = "length_required",
        [TG_REFUSAL_BUSY] = "busy",
        [TG_REFUSAL_UNAVAILABLE] = "unavailable",
        [TG_REFUSAL_INTERNAL] = "internal",
    };
    return names[kind];
}

/* What was cut in the middle of a UTF-8 sequence loses its rest. */
static void format_cut(char *out, size_t capacity, const char *format, va_list args)
{
    int wanted = vsnprintf(out, capacity, format, args);
    if (wanted < 0 || (size_t)wanted < capacity)
        return;
    size_t at = capacity - 1;
    while (at > 0 && ((unsigned char)out[at - 1] & 0xc0) == 0x80)
        --at;
    if (at > 0 && (unsigned char)out[at - 1] >= 0xc0)
        --at;
    out[at] = '\0';
}

void tg_refuse(struct tg_refusal *refusal, enum tg_refusal_kind kind, const char *format, ...)
{
    if (tg_refused(refusal))
        return;
    refusal->kind = kind;
    va_list args;
    va_start(args, format);
    format_cut(refusal->detail, sizeof(refusal->detail), format, args);
    va_end(args);
}

void tg_refuse_field(struct tg_refusal *refusal, struct tg_text field, const char *format, ...)
{
    if (!tg_refused(refusal)) {
        refusal->kind = TG_REFUSAL_INVALID;
        snprintf(refusal->detail, sizeof(refusal->detail), "The request has members that are wrong; see errors.");
    }
    char name[sizeof(refusal->errors[0].field)];
    snprintf(name, sizeof(name), "%.*s", TG_TEXT_ARG(field));
    for (size_t i = 0; i < refusal->error_count; ++i) {
        if (strcmp(refusal->errors[i].field, name) == 0)
            return;
    }
    if (refusal->error_count == TG_REFUSAL_MAX_ERRORS)
        return;
    struct tg_refusal_error *error = &refusal->errors[refusal->error_count++];
    memcpy(error->field, name, sizeof(name));
    va_list args;
    va_start(args, format);
    format_cut(error->detail, sizeof(error->detail), format, args);
    va_end(args);
}

void tg_refuse_failure(struct tg_refusal *refusal, enum tg_status status, const struct tg_error *error)
{
    bool may_pass = status == TG_UNAVAILABLE || status == TG_TIMEOUT || status == TG_EXHAUSTED;
    tg_log(may_pass ? TG_LOG_WARNING : TG_LOG_ERROR, "operation_failed",
           tg_log_string("status", tg_status_name(status)), tg_log_string("reason", error->message));
    if (may_pass)
        tg_refuse(refusal, TG_REFUSAL_UNAVAILABLE, "The database cannot do this now. Try again.");
    else
        tg_refuse(refusal, TG_REFUSAL_INTERNAL, "The server could not do this; its log says why.");
}
