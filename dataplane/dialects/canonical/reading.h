/* What the readers of all dialects share: one strict pass over the body, the first trouble told, spans noted.
 *
 *     struct tg_reading reading;
 *     struct tg_json_token root, member;
 *     if (tg_reading_begin(&reading, source, request, error, &root))
 *         while (tg_reading_next_member(&reading, &root, &member))
 *             ...
 *     return tg_reading_finish(&reading);
 *
 * A trouble with a field is kept while the pass goes on, because a document that proves not to be JSON is told first.
 */
#ifndef TG_CANONICAL_READING_H
#define TG_CANONICAL_READING_H

#include "common/codec/json_scan.h"
#include "dataplane/dialects/canonical/client_error.h"
#include "dataplane/dialects/canonical/request.h"

struct tg_reading {
    struct tg_json_scan scan;
    const struct tg_request_source *source;
    struct tg_arena *arena;
    struct tg_model_request *request;
    struct tg_client_error *error;
    struct tg_request_tail tail;
    struct tg_body_member *members; /* of the root */
    size_t member_room;
    bool is_object;
};

/* Prepares *request and *error. False if the document does not begin as an object; then go on to finish. */
bool tg_reading_begin(struct tg_reading *reading, const struct tg_request_source *source,
                      struct tg_model_request *request, struct tg_client_error *error, struct tg_json_token *root);

/* The next member of the root; the one before, which has been passed over by then, is noted in the request's marks. */
bool tg_reading_next_member(struct tg_reading *reading, const struct tg_json_token *root, struct tg_json_token *member);

/* True if the document is JSON, an object, and nothing was found wrong with it. */
bool tg_reading_finish(struct tg_reading *reading);

/* The rest of an open container, or a scalar, as raw JSON; empty text for null. Strings with their quotes. */
struct tg_text tg_reading_raw(struct tg_reading *reading, struct tg_json_token *token);

/* Where a token's value stands. */
struct tg_span tg_reading_span(const struct tg_reading *reading, struct tg_text value);

/* A string's inside; empty for anything else. */
static inline struct tg_json_string tg_reading_string(const struct tg_json_token *token)
{
    return token->kind == TG_JSON_STRING ? tg_json_string(token->value) : tg_json_string(tg_text(NULL, 0));
}

/* Where the gateway says that something stands: "messages[3]". Once for each message: printf would cost more than
 * reading a short one. In the arena. */
struct tg_text tg_reading_path(struct tg_reading *reading, const char *list, size_t index);

/* ---- trouble ---- */

void tg_reading_fail_type(struct tg_reading *reading, const char *field, const char *wanted,
                          const struct tg_json_token *token);
void tg_reading_fail_value(struct tg_reading *reading, const char *field, const char *wanted);
void tg_reading_fail_missing(struct tg_reading *reading, const char *field);

/* ---- fields that the gateway governs ---- */

/* `model`: into request->model and marks.model. */
void tg_reading_model(struct tg_reading *reading, const struct tg_json_token *token);

/* True, false; null is false. */
bool tg_reading_boolean(struct tg_reading *reading, const char *field, const struct tg_json_token *token);

/* A whole number from 1 to `most`; null and what is refused are 0. */
int64_t tg_reading_count(struct tg_reading *reading, const char *field, const struct tg_json_token *token, int64_t most,
                         const char *wanted);

/* A field that passes raw between dialects; null is as good as absent. `path` is a literal or in the arena. */
void tg_reading_field(struct tg_reading *reading, enum tg_field_id id, const char *path, struct tg_json_token *token);
/* A member that nothing is known about: TG_FIELD_OTHER under its own name, below `prefix` ("" at the top). */
void tg_reading_other(struct tg_reading *reading, const char *prefix, struct tg_json_token *token);

#endif
