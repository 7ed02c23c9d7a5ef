/* Internal to the room: what a usage object says, each token counted once.
 *
 * https://platform.openai.com/docs/api-reference/chat/object (usage): prompt_tokens includes cached, written, audio and
 * image tokens, completion_tokens includes reasoning and audio tokens; struct tg_usage keeps them apart. Other servers:
 *
 *   DeepSeek     prompt_cache_hit_tokens      https://api-docs.deepseek.com/api/create-chat-completion
 *   Mistral      num_cached_tokens            as its API answers (2026)
 *   OpenRouter   cache_write_tokens           https://openrouter.ai/docs/guides/best-practices/prompt-caching
 *   Perplexity   reasoning_tokens, citation_tokens (billed like the prompt) and num_search_queries beside the others
 *                                             https://docs.perplexity.ai/getting-started/pricing
 *   xAI, Gemini  reasoning beside completion_tokens, told by total_tokens: Gemini does not even name it */
#ifndef TG_CHAT_USAGE_INTERNAL_H
#define TG_CHAT_USAGE_INTERNAL_H

#include "common/codec/json_scan.h"
#include "common/codec/json_write.h"
#include "dataplane/dialects/canonical/usage.h"

/* As a provider reports them. Begin with all zeros. */
struct chat_reported {
    int64_t prompt, completion, total, cached, written, reasoning, searches, citations;
    int64_t input_audio, input_image, output_audio, output_image;
    bool has_prompt, has_completion;
    bool is_absurd; /* the prompt or the completion is no whole number that can be true */
};

/* A number of the usage object; `parent` is empty, or the member of it whose object the number is in. */
void chat_usage_take(struct chat_reported *reported, struct tg_text parent, struct tg_text name, struct tg_text text);

/* False if this cannot be what the call came to. */
bool chat_usage_count_once(const struct chat_reported *reported, struct tg_usage *usage);

/* `object` is the BEGIN token of a usage object. */
bool chat_usage_read(struct tg_json_scan *scan, const struct tg_json_token *object, struct tg_usage *usage);

/* The object as OpenAI writes it. */
void chat_usage_write(struct tg_json_writer *writer, const struct tg_usage *usage);

#endif
