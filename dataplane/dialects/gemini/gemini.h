/* Google's generateContent and streamGenerateContent, as AI Studio (generativelanguage.googleapis.com) and Vertex serve
 * them alike.
 * (https://ai.google.dev/api/generate-content; names as google-genai 3.4 sends and reads them; November 2026)
 *
 * What is particular to it:
 *   - the model and whether to stream are in the path; a stream is SSE with ?alt=sse, otherwise one JSON array;
 *   - every name may be written in camelCase or in snake_case, as protobuf's JSON allows;
 *   - each chunk of a stream is a whole answer: parts go on from chunk to chunk, usage is cumulative, and nothing says
 *     that a chunk is the last: one with a finishReason may be;
 *   - calls of functions may have no ids, and their arguments are objects that come in one piece;
 *   - any part may have a thoughtSignature that must come back with it: on a thought it is the thinking's own; on
 *     another part it becomes an opaque thinking beside it (part.c). */
#ifndef TG_DIALECT_GEMINI_H
#define TG_DIALECT_GEMINI_H

#include "dataplane/dialects/canonical/dialect.h"

extern const struct tg_dialect tg_dialect_gemini;

/* Google's other operations tell errors alike. See struct tg_dialect for what they do. */
struct tg_text tg_gemini_error_body(struct tg_arena *arena, const struct tg_answer_error *error);
struct tg_text tg_gemini_error_event(struct tg_arena *arena, const struct tg_answer_error *error,
                                     enum tg_framing framing);
bool tg_gemini_read_error(struct tg_arena *arena, int http_status, struct tg_text body, struct tg_answer_error *error);

/* Whether a key as written is `name`, given in camelCase, in either spelling. */
bool tg_gemini_is(struct tg_text key, const char *name);

/* Adds a usageMetadata object, which may be of another operation. False if it says nothing or what cannot be. */
bool tg_gemini_usage(struct tg_text usage_metadata, struct tg_usage *usage);

#endif
