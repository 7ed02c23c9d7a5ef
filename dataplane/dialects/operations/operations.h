/* Operations that only pass: a provider gets the client's own bytes, and its answer goes back as it came. Each is a
 * dialect of its own as far as that goes: read_request, edit_request, watch_*, read_error and error_*; the members that
 * translate are NULL. OpenAI's are of the family "chat": they share its errors.
 *
 *   operation          usage is told by                              where that is missing
 *   completions        usage, also streamed, as chat's               estimated from the text
 *   embeddings         usage.prompt_tokens                           estimated
 *   moderations        usage, where a provider charges (Mistral)     nothing is used: OpenAI's are free
 *   rerank             meta.billed_units (Cohere), else usage        estimated
 *   images, edits      usage: tokens of text and of pictures         pictures: the elements of `data`
 *   speech             usage of speech.audio.done, streamed          characters (request's), estimated
 *   transcriptions     usage: tokens, or seconds; else `duration`    estimated
 *   embedContent       usageMetadata                                 estimated
 *   countTokens, …     nothing is used: they are free
 */
#ifndef TG_OPERATIONS_OPERATIONS_H
#define TG_OPERATIONS_OPERATIONS_H

#include "dataplane/dialects/canonical/dialect.h"

/* https://platform.openai.com/docs/api-reference: completions, embeddings, moderations, images, audio. */
extern const struct tg_dialect tg_operations_completions;
extern const struct tg_dialect tg_operations_embeddings;
extern const struct tg_dialect tg_operations_moderations;
extern const struct tg_dialect tg_operations_images;
extern const struct tg_dialect tg_operations_image_edits;
extern const struct tg_dialect tg_operations_speech;
extern const struct tg_dialect tg_operations_transcriptions;

/* https://docs.cohere.com/reference/rerank, https://jina.ai/reranker: one shape. */
extern const struct tg_dialect tg_operations_rerank;

/* https://ai.google.dev/api/embeddings (embedContent and batchEmbedContents), https://ai.google.dev/api/tokens. */
extern const struct tg_dialect tg_operations_gemini_embeddings;
extern const struct tg_dialect tg_operations_gemini_count_tokens;

/* https://platform.claude.com/docs/en/api/messages-count-tokens */
extern const struct tg_dialect tg_operations_count_tokens;

#endif
