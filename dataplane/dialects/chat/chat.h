/* OpenAI's chat completions, as OpenAI defines them and as the many servers that speak them have stretched them.
 *
 * https://platform.openai.com/docs/api-reference/chat. What others add is read where it says something that the
 * gateway's canonical form knows: reasoning (DeepSeek, Groq, OpenRouter, Mistral), cache marks (OpenRouter), video, web
 * searches. Fields that the gateway does not govern are not judged: the provider knows them better. Pure.
 *
 * OpenAI's other operations answer with the same errors and count tokens in the same object: for them
 * (dataplane/dialects/operations) some of this dialect's functions are here by name. */
#ifndef TG_CHAT_CHAT_H
#define TG_CHAT_CHAT_H

#include "dataplane/dialects/canonical/dialect.h"

extern const struct tg_dialect tg_dialect_chat;

/* See struct tg_dialect for what they do. */
struct tg_text tg_chat_error_body(struct tg_arena *arena, const struct tg_answer_error *error);
struct tg_text tg_chat_error_event(struct tg_arena *arena, const struct tg_answer_error *error,
                                   enum tg_framing framing);
bool tg_chat_read_error(struct tg_arena *arena, int http_status, struct tg_text body, struct tg_answer_error *error);
enum tg_block_fate tg_chat_watch_block(struct tg_seen *seen, bool hides_usage, struct tg_text name,
                                       struct tg_text data);
void tg_chat_watch_whole(struct tg_seen *seen, struct tg_text body);
bool tg_chat_watch_tail(struct tg_text tail, struct tg_usage *usage);

#endif
