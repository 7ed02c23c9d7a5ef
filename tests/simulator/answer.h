/* The answer to a chat, a pure function of the request: which words, how many tokens, and their rendering, whole or as
 * the events of a stream.
 *
 * An answer is made of units, one token each: words of text, or the name and the words of the arguments of tool calls.
 * All choices have the same number; reasoning tokens come before them and are never seen. Both together stay within the
 * request's maximum. */
#ifndef TG_SIMULATOR_ANSWER_H
#define TG_SIMULATOR_ANSWER_H

#include "common/base/id.h"
#include "tests/simulator/request.h"
#include "tests/simulator/tools.h"

struct sim_answer {
    const struct sim_chat *chat;
    struct tg_id id;
    int64_t created_at_s;
    struct sim_tool_units tools; /* none: text */
    uint64_t seed;
    int64_t units;     /* visible, per choice */
    int64_t reasoning; /* per choice */
    int64_t prompt_tokens, cached_tokens;
    bool is_cut; /* by the maximum: finish_reason "length" */
};

void sim_answer_plan(struct tg_arena *arena, const struct sim_chat *chat, struct tg_id id, int64_t unix_ms,
                     struct sim_answer *answer);

/* The word at that place of a choice's text, with the space before it. JSON-safe. */
struct tg_text sim_answer_word(const struct sim_answer *answer, int64_t choice, int64_t index);

/* `generated` visible units over all choices; reasoning counts for each choice once anything is generated. */
int64_t sim_answer_completion_tokens(const struct sim_answer *answer, int64_t generated);
int64_t sim_answer_reasoning_tokens(const struct sim_answer *answer, int64_t generated);
int64_t sim_answer_all_units(const struct sim_answer *answer);

/* The whole body of an answer that is not streamed. */
struct tg_text sim_answer_body(struct tg_arena *arena, const struct sim_answer *answer);

/* ---- streamed ---- */

enum { SIM_EVENT_PIECES = 2, SIM_MAX_CHUNK_TOKENS = 64, SIM_MAX_WORD_BYTES = 16 };

/* One event, or the several that open or end a stream, as pieces to be sent together. */
struct sim_event {
    struct tg_text pieces[SIM_EVENT_PIECES];
    size_t count;
};

struct sim_stream {
    const struct sim_answer *answer;
    struct tg_arena *arena;
    struct tg_text before, after; /* of a chunk: up to its choice's number, and behind its words */
    char *head;                   /* what all text chunks of a choice begin with */
    size_t head_bytes;
    int64_t head_choice;   /* whose that is; -1: nobody's yet */
    char *burst;           /* room for the text chunks that are sent at once */
    int64_t choice, index; /* whose turn it is, and how far all are */
    int64_t generated;     /* visible units that were taken so far, over all choices */
    int64_t chunks;        /* chunks that were taken */
};

void sim_stream_init(struct sim_stream *stream, struct tg_arena *arena, const struct sim_answer *answer);
/* The events that say who speaks. */
void sim_stream_open(struct sim_stream *stream, struct sim_event *event);
/* The next chunk, or the next few that the directive wants sent at once; false when all are taken. Valid until the next
 * call. */
bool sim_stream_next(struct sim_stream *stream, struct sim_event *event);
/* Finish reasons, usage if it was asked for, and [DONE]. */
void sim_stream_end(struct sim_stream *stream, struct sim_event *event);

#endif
