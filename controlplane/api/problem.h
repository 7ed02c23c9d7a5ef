/* Refusals as problem details (RFC 9457). One row of one table per kind: status, title. Pure. */
#ifndef TG_API_PROBLEM_H
#define TG_API_PROBLEM_H

#include "common/base/buf.h"
#include "controlplane/resource/refusal.h"

enum { TG_PROBLEM_MAX_BYTES = 64 * 1024 };

int tg_problem_status(enum tg_refusal_kind kind);

/* Appends the body; `out` has room for TG_PROBLEM_MAX_BYTES. */
void tg_problem_render(const struct tg_refusal *refusal, struct tg_id request_id, struct tg_buf *out);

#endif
