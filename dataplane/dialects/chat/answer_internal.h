/* Internal to the room: a whole answer, or a chunk of one, as it was read. */
#ifndef TG_CHAT_ANSWER_INTERNAL_H
#define TG_CHAT_ANSWER_INTERNAL_H

#include "common/codec/json_scan.h"
#include "dataplane/dialects/canonical/event.h"

/* One of the choices. `parts` are as chat_read_message() makes them. */
struct chat_choice {
    struct chat_choice *next;
    int64_t index;
    const struct tg_turn *turn; /* NULL if it has neither message nor delta */
    struct tg_json_string finish_reason, stop_reason;
    struct tg_text logprobs; /* the array of its tokens; empty if there is none */
};

struct chat_answer {
    struct tg_json_string id, model, service_tier;
    bool has_error;
    struct tg_answer_error error;
    bool has_usage;
    struct tg_usage usage;
    const struct chat_choice *choices;
    size_t choice_count;
    struct tg_text search_results; /* Perplexity's, an array; empty if there is none */
};

/* False if the document is no JSON object. All of it refers to `document` or lies in `scratch`. */
bool chat_answer_read(struct tg_arena *scratch, struct tg_text document, struct chat_answer *answer);

/* The members of an error object, or its text; a status that it names replaces one below 400. */
void chat_error_read_object(struct tg_json_scan *scan, const struct tg_json_token *object,
                            struct tg_answer_error *error);

#endif
