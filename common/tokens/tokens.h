/* How many tokens a text is, for the providers that do not say and for the endpoints that ask.
 *
 * The counts are those of OpenAI's tokenizer tiktoken with its vocabularies o200k_base and cl100k_base: for models of
 * other makers they are an estimate. A text is first cut into pieces (words with the space before them, up to three
 * digits, punctuation, white space; split.h), and each piece is a token of the vocabulary or is put together from
 * smaller ones (merge.h). The vocabularies are read-only data of the program, used in place. Everything here is pure
 * and may be called from any thread; nothing allocates memory.
 *
 * The names of special tokens ("<|endoftext|>") are ordinary text here, as in tiktoken's encode_ordinary. Bytes that
 * are not UTF-8 are taken one by one like punctuation. */
#ifndef TG_TOKENS_TOKENS_H
#define TG_TOKENS_TOKENS_H

#include "common/base/text.h"

enum tg_vocabulary {
    TG_VOCABULARY_O200K,
    TG_VOCABULARY_CL100K,
};

/* OpenAI's name of it: "o200k_base". Never NULL. */
const char *tg_vocabulary_name(enum tg_vocabulary vocabulary);

/* The vocabulary of a model by its name, which may have a provider before it ("azure/gpt-4") and "ft:" for fine-tuned.
 * For models that OpenAI did not make it is o200k, an estimate. */
enum tg_vocabulary tg_vocabulary_for_model(struct tg_text model);

/* Time goes with the length: per MB some 10 to 20 ms for prose and code, up to about 100 ms for scripts without spaces
 * or a single word (measured on one core at 2.8 GHz). */
int64_t tg_tokens_count(enum tg_vocabulary vocabulary, struct tg_text utf8);

/* The same, and the first `capacity` of the ids go to `ids`; there is never more than one per byte. */
int64_t tg_tokens_encode(enum tg_vocabulary vocabulary, struct tg_text utf8, uint32_t *ids, size_t capacity);

/* The bytes of a token, in read-only memory; without data if the vocabulary has no such token. Not always whole
 * characters. */
struct tg_text tg_tokens_bytes(enum tg_vocabulary vocabulary, uint32_t id);

/* ---- text that comes bit by bit ---- */

enum { TG_TOKEN_COUNTER_BYTES = 1024 };

/* Counts a text that is fed in parts. How it is cut, also within a character, makes no difference. The last piece is
 * kept until what follows shows where it ends, so the count is that of the whole text unless a piece, with what must be
 * seen to know its end, is longer than TG_TOKEN_COUNTER_BYTES (a word of a thousand letters, a page of blanks): such a
 * one is counted part by part, which may differ by a token or two for each thousand bytes and mostly does not. Plain
 * data. */
struct tg_token_counter {
    int64_t tokens; /* of the pieces before the held one */
    enum tg_vocabulary vocabulary;
    uint32_t held_bytes;
    char held[TG_TOKEN_COUNTER_BYTES];
};

void tg_token_counter_init(struct tg_token_counter *counter, enum tg_vocabulary vocabulary);

void tg_token_counter_feed(struct tg_token_counter *counter, struct tg_text part);

/* The tokens of everything that was fed, as if it ended here. More may be fed after that. */
int64_t tg_token_counter_finish(const struct tg_token_counter *counter);

/* ---- chat prompts ---- */

/* What OpenAI's models add to the texts of a chat prompt (role, content and name of each message, counted one by one):
 * OpenAI Cookbook, "How to count tokens with Tiktoken", section 6; for gpt-3.5-turbo-0613, gpt-4, gpt-4o and later. */
enum {
    TG_TOKENS_PER_MESSAGE = 3,
    TG_TOKENS_PER_NAME = 1,
    TG_TOKENS_BEFORE_ANSWER = 3, /* every answer is primed with <|start|>assistant<|message|> */
};

static inline int64_t tg_tokens_chat_overhead(int64_t messages, int64_t names)
{
    return messages * TG_TOKENS_PER_MESSAGE + names * TG_TOKENS_PER_NAME + TG_TOKENS_BEFORE_ANSWER;
}

#endif
