/* Anthropic's Messages API: POST /v1/messages, also behind Bedrock's InvokeModel and Vertex's rawPredict.
 * (https://platform.claude.com/docs/en/api/messages, …/build-with-claude/streaming; read in November 2026)
 *
 * What is particular to it:
 *   - `system` stands beside the messages; a tool's results are parts of a user turn, and come first in it;
 *   - usage is cumulative: message_start has the input, message_delta the whole again. Its input_tokens leave out what
 *     was read from and written to the prompt cache, its output_tokens contain the thinking;
 *   - a stream's events have names, and message_stop is the end of a complete one;
 *   - how a model is made to think differs between models: dialects/claude. */
#ifndef TG_DIALECT_MESSAGES_H
#define TG_DIALECT_MESSAGES_H

#include "dataplane/dialects/canonical/dialect.h"

extern const struct tg_dialect tg_dialect_messages;

/* The event of this dialect in the payload of a `chunk` event of Bedrock's InvokeModelWithResponseStream:
 * {"bytes":"<base64>"}. In the arena; false if the payload is something else.
 * (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_PayloadPart.html) */
bool tg_messages_from_invoke_chunk(struct tg_arena *arena, struct tg_text payload, struct tg_text *event);

#endif
