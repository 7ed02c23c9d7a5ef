/* How many tokens a prompt or an answer has, where its provider does not say: counted here, with the vocabulary of the
 * model's maker where that is free and with o200k_base otherwise.
 *
 * The work is bounded. Of more text than TG_ESTIMATE_SAMPLE_BYTES a sample is counted, some of every part, and the rest
 * is taken to have as many tokens for its bytes: a prompt of 10 MB costs a worker a millisecond or two, at worst ten
 * (one word without end), and not a second. Texts are given as they are written in JSON; escapes are resolved first,
 * and what is no escape, or the half of one, is taken as it stands. Pure. */
#ifndef TG_ESTIMATE_ESTIMATE_H
#define TG_ESTIMATE_ESTIMATE_H

#include "common/tokens/tokens.h"
#include "dataplane/dialects/canonical/request.h"

enum {
    TG_ESTIMATE_SAMPLE_BYTES = 32 << 10,
    /* What a picture of the usual size costs: https://platform.claude.com/docs/en/build-with-claude/vision says about
     * 1,600 at most; Google (258 for each tile) and OpenAI (85 to 1,500) charge less for most. */
    TG_ESTIMATE_PICTURE_TOKENS = 1600,
};

/* The prompt of a conversation: texts, calls, results, tools and schemas, with what the chat format adds to each
 * message. Sound, films and documents that are no text count a token for every four bytes, which is too many rather
 * than too few, as does whatever is no conversation. */
int64_t tg_estimate_prompt(const struct tg_model_request *request, enum tg_vocabulary vocabulary);

/* A text of `all_bytes` that begins with `known`. Of one of which nothing is known, a token for every four bytes. */
int64_t tg_estimate_text(struct tg_text known, size_t all_bytes, enum tg_vocabulary vocabulary);

/* A token for every four bytes, rounded up. */
int64_t tg_estimate_bytes(size_t bytes);

#endif
