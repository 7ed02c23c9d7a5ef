/* Everything the gateway can say "no" with: one table, one row per code, rendered in the dialect of the client.
 *
 * A stage refuses with a code and the words that fill its sentence; the row gives status, OpenAI type and whether an
 * SDK should try again. docs/errors.md shows the same table to people; a unit test holds the two together. */
#ifndef TG_DIALECTS_CLIENT_ERROR_H
#define TG_DIALECTS_CLIENT_ERROR_H

#include "dataplane/dialects/canonical/event.h"

enum tg_client_error_code {
    TG_ERROR_NONE,
    /* the connection or its framing (the server refused before any stage) */
    TG_ERROR_BAD_REQUEST,
    TG_ERROR_HEAD_TOO_LARGE,
    TG_ERROR_BODY_TOO_LARGE,
    TG_ERROR_LENGTH_REQUIRED,
    TG_ERROR_REQUEST_TIMEOUT,
    TG_ERROR_GATEWAY_OVERLOADED,
    TG_ERROR_NOT_READY,
    /* who calls */
    TG_ERROR_MISSING_API_KEY,
    TG_ERROR_CONFLICTING_API_KEYS,
    TG_ERROR_INVALID_API_KEY,
    TG_ERROR_API_KEY_EXPIRED,
    TG_ERROR_API_KEY_REVOKED,
    /* what is asked for */
    TG_ERROR_UNKNOWN_URL,
    TG_ERROR_METHOD_NOT_ALLOWED,
    TG_ERROR_WEBSOCKET_NOT_SERVED,
    TG_ERROR_INVALID_JSON,
    TG_ERROR_INVALID_FORM,
    TG_ERROR_MISSING_PARAMETER,
    TG_ERROR_INVALID_TYPE,
    TG_ERROR_INVALID_VALUE,
    TG_ERROR_MODEL_NOT_FOUND,
    TG_ERROR_MODEL_KIND_MISMATCH,
    TG_ERROR_UNSUPPORTED_PARAMETER,
    TG_ERROR_NATIVE_NOT_ALLOWED,
    /* what it may cost */
    TG_ERROR_BUDGET_EXCEEDED,
    TG_ERROR_BUDGET_BUSY,
    TG_ERROR_MODEL_NOT_PRICED,
    TG_ERROR_JOURNAL_FULL,
    /* who serves it */
    TG_ERROR_MODEL_UNAVAILABLE,
    TG_ERROR_CREDENTIAL_PENDING,
    TG_ERROR_PROVIDER_ERROR,
    TG_ERROR_PROVIDER_REFUSED_CREDENTIAL,
    TG_ERROR_PROVIDER_UNAVAILABLE,
    TG_ERROR_PROVIDER_TIMEOUT,
    TG_ERROR_PROVIDER_BROKE_OFF,
    TG_ERROR_PROVIDER_ANSWER_UNUSABLE,
    TG_ERROR_COUNT
};

enum tg_retry_advice {
    TG_RETRY_UNSAID, /* the SDK's own rules for the status apply */
    TG_RETRY_YES,    /* x-should-retry: true */
    TG_RETRY_NO,     /* x-should-retry: false */
};

struct tg_client_error_row {
    const char *code;
    int http_status;
    const char *type; /* OpenAI's error.type */
    enum tg_retry_advice retry;
    const char *sentence; /* {0} to {9} are replaced by the words given */
};

enum { TG_CLIENT_ERROR_WORDS = 10 };

/* One refusal. The words live as long as the exchange. */
struct tg_client_error {
    enum tg_client_error_code code;
    struct tg_text param; /* the request's field concerned; empty: none */
    struct tg_text words[TG_CLIENT_ERROR_WORDS];
};

/* The row of a code; never NULL. */
const struct tg_client_error_row *tg_client_error_row(enum tg_client_error_code code);

/* The code as the client sees it: "budget_exceeded"; "" for TG_ERROR_NONE. */
const char *tg_client_error_code_name(enum tg_client_error_code code);

/* The sentence with its words. In the arena. */
struct tg_text tg_client_error_sentence(struct tg_arena *arena, const struct tg_client_error *error);

/* The same as any dialect can say it; its type is OpenAI's. In the arena. */
struct tg_answer_error tg_client_error_said(struct tg_arena *arena, const struct tg_client_error *error);

#endif
