/* One HTTPS POST to somebody else's server: token endpoints.
 *
 * The peer's certificate and name are always verified, redirects are not followed (what is sent may be secret), every
 * wait ends, answers are bounded. The usual environment variables for proxies are honoured. Blocking; any thread. */
#ifndef TG_FETCH_FETCH_H
#define TG_FETCH_FETCH_H

#include <stdatomic.h>

#include "common/base/buf.h"

enum { TG_FETCH_MAX_HEADERS = 8, TG_FETCH_MAX_ANSWER_BYTES = 256 * 1024 };

struct tg_fetch_request {
    const char *url; /* https:// */
    struct {
        const char *name, *value;
    } headers[TG_FETCH_MAX_HEADERS];
    size_t header_count;
    struct tg_text body;
    struct tg_text ca_pem; /* trusted in place of the system's store; empty: that */
    int64_t timeout_ms;    /* for all of it */
    /* Ends the call early (TG_UNAVAILABLE, within about a second) once it is true; may be NULL. */
    const atomic_bool *must_stop;
};

struct tg_fetch_answer {
    int status;         /* of HTTP */
    struct tg_buf body; /* may be secret: wipe it */
};

/* TG_OK whenever the server answered, whatever its status; the caller deinits answer->body in every case. TG_TIMEOUT,
 * TG_DENIED (its certificate is not accepted), TG_TOO_LARGE, TG_INVALID (the address or the authority), else
 * TG_UNAVAILABLE; the error names the host, never what was sent. */
enum tg_status tg_fetch_post(const struct tg_fetch_request *request, struct tg_fetch_answer *answer,
                             struct tg_error *error) TG_MUST_CHECK;

#endif
