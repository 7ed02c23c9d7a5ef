/* Operations that only pass: a provider gets the client's own bytes, and its answer goes back as it came. Each is a
 * dialect of its own as far as that goes: read_request, edit_request, watch_*, read_error and error_*; the members that
 * translate are NULL. OpenAI's are of the family "chat": they share its errors and its usage object. */
#ifndef TG_OPERATIONS_OPERATIONS_H
#define TG_OPERATIONS_OPERATIONS_H

#include "dataplane/dialects/canonical/dialect.h"

/* POST /v1/embeddings: https://platform.openai.com/docs/api-reference/embeddings/create */
extern const struct tg_dialect tg_operations_embeddings;

#endif
