/* What a client asks for, read in one pass over its body without building a tree.
 *
 * Prompt tokens are counted by a rule that anybody can repeat: for a chat three per message, and one per word
 * of its texts; for embeddings one per word (at least one per input), or one per given token number. A word is a run of
 * bytes above the space character. Since each word, message and number takes at least as many bytes as it counts, the
 * count never exceeds the bytes of the body. */
#ifndef TG_SIMULATOR_REQUEST_H
#define TG_SIMULATOR_REQUEST_H

#include "common/base/arena.h"
#include "tests/simulator/directive.h"

struct sim_chat {
    struct tg_text model; /* as written between its quotes */
    struct tg_text asked; /* the last user message's text */
    bool is_after_tool;   /* the last message is a tool's result */
    int64_t prompt_tokens;
    int64_t max_tokens; /* of one choice; -1: not limited */
    int64_t choices;
    bool is_streaming, wants_usage;
    struct tg_text tools, tool_choice; /* JSON as written; empty if absent */
    struct sim_directive directive;
};

struct sim_embeddings {
    struct tg_text model;
    int64_t input_count, prompt_tokens, dimensions;
    bool is_base64;
    uint64_t seeds[2048]; /* one per input */
    struct sim_directive directive;
};

enum { SIM_MAX_CHOICES = 128, SIM_MAX_INPUTS = 2048, SIM_MAX_DIMENSIONS = 3072, SIM_DEFAULT_DIMENSIONS = 1536 };

/* Texts point into `body` or the arena. TG_INVALID with a sentence for the client. */
enum tg_status sim_chat_read(struct tg_arena *arena, struct tg_text body, struct sim_chat *chat,
                             struct tg_error *error) TG_MUST_CHECK;
enum tg_status sim_embeddings_read(struct tg_arena *arena, struct tg_text body, struct sim_embeddings *embeddings,
                                   struct tg_error *error) TG_MUST_CHECK;

int64_t sim_count_words(struct tg_text text);

#endif
