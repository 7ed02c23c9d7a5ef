/* Internal to the room: what an answer that passes unchanged says about itself. */
#ifndef TG_CHAT_WATCH_INTERNAL_H
#define TG_CHAT_WATCH_INTERNAL_H

#include "dataplane/dialects/canonical/dialect.h"
#include "dataplane/dialects/chat/usage_internal.h"

/* A whole answer, or one chunk of a stream. */
struct chat_glance {
    struct tg_text model;        /* as written; empty if there is none */
    struct tg_text service_tier; /* likewise */
    struct tg_usage usage;
    bool has_usage;    /* and it can be believed: whole numbers that a call can have */
    bool names_usage;  /* an object `usage` is there, whatever it says */
    bool has_choices;  /* `choices` is there and not empty */
    bool is_object;    /* a valid JSON object */
    bool has_error;    /* with a member `error` that is an object */
    size_t text_bytes; /* of what the model wrote (message.content and the like), for estimates */
};

void chat_glance_read(struct tg_text document, struct chat_glance *glance);

/* The usage object near the end of an answer, where servers put it: `tail` is the answer or its last bytes. Only what
 * stands behind the object is looked at, to prove that it is a member of the top-level object; far cheaper than a
 * parse, and possible when the rest is gone. False if there is none. */
bool chat_tail_usage(struct tg_text tail, struct tg_usage *usage);

/* A string member of the top-level object, if it is among the last; as written, empty if it is not there. */
struct tg_text chat_tail_string(struct tg_text tail, struct tg_text quoted_name);

/* The model that an answer names, as written; reads no further than that. Empty if there is none. */
struct tg_text chat_answer_model(struct tg_text document);

/* Adds the text that the model wrote in a chunk of a stream, found by its keys without a full parse; exact for what the
 * known servers send, good enough for an estimate otherwise. */
void chat_take_chunk_text(struct tg_text chunk, struct tg_seen *seen);

/* Whether a string under this key was written by the model: content, reasoning_content, reasoning, arguments, … */
bool chat_is_written_by_model(struct tg_text key);

#endif
