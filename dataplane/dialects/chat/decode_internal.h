/* Internal to the room: what the decoder knows of an answer while it comes, and how its files say events.
 *
 *   decode.c        blocks, choices, the end
 *   decode_parts.c  what a model says: text, refusals, thinking, sound, pictures
 *   decode_calls.c  tool calls */
#ifndef TG_CHAT_DECODE_INTERNAL_H
#define TG_CHAT_DECODE_INTERNAL_H

#include "dataplane/dialects/chat/chat_internal.h"

enum { CHAT_NO_PART = -1, CHAT_MAX_PARTS = 4096, CHAT_THINKING_PREFIX_BYTES = 64 };

/* A tool call, in the order of their beginnings. */
struct chat_decode_call {
    struct chat_decode_call *next;
    int64_t index; /* as the provider numbers it; -1 if it does not */
    uint64_t id_hash;
    struct tg_json_string id;
    bool has_begun; /* its name came */
    bool is_custom;
    unsigned part;
};

struct chat_decode_choice {
    bool is_finished;
    bool has_refused;
    unsigned part_count;
    int thinking, text, refusal, audio; /* open parts */
    const char *thinking_field; /* the signature of the open thinking unless a better one comes; NULL: it has one */
    char thinking_prefix[CHAT_THINKING_PREFIX_BYTES];
    size_t thinking_prefix_bytes;
    struct chat_decode_call *calls, *last_call;
};

struct chat_decoder {
    struct tg_arena *arena;
    bool has_started;
    bool is_done;  /* [DONE] came */
    bool is_ended; /* END or ERROR was said */
    bool is_whole;
    size_t part_count;
    unsigned choice_count; /* up to the last one that was seen */
    struct chat_decode_choice *choices[TG_MAX_CHOICES];
};

/* One event on its way; what is the same for all of a chunk. */
struct chat_decoding {
    struct chat_decoder *decoder;
    struct tg_arena *scratch;
    const struct tg_answer_sink *sink;
    enum tg_status status;
};

/* What events of one choice have in common. */
struct chat_speaking {
    struct chat_decoding *decoding;
    struct chat_decode_choice *choice;
    unsigned index;
};

void chat_say(struct chat_decoding *decoding, const struct tg_answer_event *event);
/* An error of the provider's, in words of the gateway; the last event. */
void chat_fail_because(struct chat_decoding *decoding, const char *message);

void chat_say_of_part(struct chat_speaking *speaking, int part, struct tg_answer_event event);
/* CHAT_NO_PART beyond the bound; then an error is said. */
int chat_begin_part(struct chat_speaking *speaking, struct tg_answer_event event);
void chat_end_part(struct chat_speaking *speaking, int *part);
/* Nothing for an empty text or CHAT_NO_PART. */
void chat_say_delta(struct chat_speaking *speaking, int part, struct tg_json_string text);
void chat_say_signature(struct chat_speaking *speaking, int part, enum tg_dialect_id origin,
                        struct tg_json_string text);

/* A part of a message, whatever its kind. */
void chat_take_part(struct chat_speaking *speaking, const struct tg_part *part);
void chat_take_call(struct chat_speaking *speaking, const struct tg_part *part);
/* Ends the open text, refusal and thinking, but not the one at `but`. */
void chat_end_words(struct chat_speaking *speaking, const int *but);
void chat_end_calls(struct chat_speaking *speaking);

/* ---- citations ---- */

/* Of message.annotations: those that name an address. In the arena; NULL if there are none. */
const struct tg_citation *chat_annotations_read(struct tg_arena *arena, struct tg_text annotations, size_t *count);

/* Perplexity's search_results: [{"title": …, "url": …, "date": …}]. */
const struct tg_citation *chat_search_results_read(struct tg_arena *arena, struct tg_text results, size_t *count);

#endif
