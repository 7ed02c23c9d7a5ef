/* Why an operation did not happen, as a client may know it. The API gives each kind its status and wording. */
#ifndef TG_RESOURCE_REFUSAL_H
#define TG_RESOURCE_REFUSAL_H

#include "common/base/status.h"
#include "common/base/text.h"
#include "controlplane/store/db.h"

enum tg_refusal_kind {
    TG_REFUSAL_NONE,
    TG_REFUSAL_MALFORMED, /* not even a request: bad JSON, query or header */
    TG_REFUSAL_INVALID,   /* fields are wrong; `errors` names them */
    TG_REFUSAL_UNAUTHORIZED,
    TG_REFUSAL_NOT_FOUND,
    TG_REFUSAL_METHOD,     /* not allowed on that path */
    TG_REFUSAL_CONFLICT,   /* contradicts what exists */
    TG_REFUSAL_CHANGED,    /* If-Match does not match */
    TG_REFUSAL_KEY_REUSED, /* Idempotency-Key with another request */
    TG_REFUSAL_TOO_LARGE,
    TG_REFUSAL_MEDIA_TYPE,
    TG_REFUSAL_HEAD_TOO_LARGE,
    TG_REFUSAL_SLOW,        /* the request did not arrive in time */
    TG_REFUSAL_LENGTH,      /* a transfer coding that is not understood */
    TG_REFUSAL_BUSY,        /* bounded queue or memory used up */
    TG_REFUSAL_UNAVAILABLE, /* the database */
    TG_REFUSAL_INTERNAL,
};
const char *tg_refusal_kind_name(enum tg_refusal_kind kind);

enum { TG_REFUSAL_MAX_ERRORS = 32 };

struct tg_refusal {
    enum tg_refusal_kind kind;
    char detail[512];
    size_t error_count;
    struct tg_refusal_error {
        char field[128];
        char detail[256];
    } errors[TG_REFUSAL_MAX_ERRORS];
};

static inline bool tg_refused(const struct tg_refusal *refusal)
{
    return refusal->kind != TG_REFUSAL_NONE;
}

/* The first refusal stands. Cut to fit, at a character. */
void tg_refuse(struct tg_refusal *refusal, enum tg_refusal_kind kind, const char *format, ...) TG_PRINTF(3, 4);

/* Adds an error of a field; the kind becomes INVALID (or stays MALFORMED). A second error of a field, and those beyond
 * the maximum, are dropped. */
void tg_refuse_field(struct tg_refusal *refusal, struct tg_text field, const char *format, ...) TG_PRINTF(3, 4);

/* A failure of the database or of the server itself: what could pass is UNAVAILABLE, the rest is INTERNAL and told to
 * the log, not to the client. */
void tg_refuse_failure(struct tg_refusal *refusal, enum tg_status status, const struct tg_error *error);

#endif
