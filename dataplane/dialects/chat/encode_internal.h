/* Internal to the room: an answer on its way to a client, and how its files share the work.
 *
 *   encode.c        takes events, keeps what can only be said when it is whole
 *   encode_entry.c  makes the elements of a message's lists
 *   encode_chunk.c  says things at once, as chunks of a stream
 *   encode_whole.c  gathers them, for one answer at the end
 *
 * What a choice says leaves as a field of its delta or message: both files have a function for each shape of field. */
#ifndef TG_CHAT_ENCODE_INTERNAL_H
#define TG_CHAT_ENCODE_INTERNAL_H

#include "dataplane/dialects/canonical/growing.h"
#include "dataplane/dialects/chat/chat_internal.h"
#include "dataplane/dialects/chat/usage_internal.h"

/* A part that is open. */
struct chat_encode_part {
    struct chat_encode_part *next;
    unsigned choice, part;
    enum tg_part_kind kind;
    unsigned tool_index;
    bool is_custom;
    bool has_arguments;
    enum tg_dialect_id signature_origin;
    struct tg_json_string call_id, name, media_type; /* in the arena */
    struct tg_growing text, signature;
};

/* The lists of a message, as what stands between their brackets. */
enum chat_encode_list {
    CHAT_LIST_TOOL_CALLS,
    CHAT_LIST_REASONING_DETAILS,
    CHAT_LIST_ANNOTATIONS,
    CHAT_LIST_IMAGES,
    CHAT_LIST_LOGPROBS,
    CHAT_LIST_COUNT
};
const char *chat_encode_list_name(enum chat_encode_list list);

enum chat_encode_field { CHAT_FIELD_CONTENT, CHAT_FIELD_REFUSAL, CHAT_FIELD_REASONING, CHAT_FIELD_COUNT };
const char *chat_encode_field_name(enum chat_encode_field field);

struct chat_encode_choice {
    bool has_begun;
    bool has[CHAT_FIELD_COUNT]; /* the field is there, if empty */
    bool is_finished;
    unsigned tool_count, detail_count, image_count;
    enum tg_finish finish;
    /* whole answers */
    struct tg_growing fields[CHAT_FIELD_COUNT]; /* written strings */
    struct tg_growing lists[CHAT_LIST_COUNT];
    struct tg_growing audio;
};

struct chat_encoder {
    struct tg_arena *arena;
    struct tg_encode_options options;
    bool is_over;
    struct tg_json_string id, model;
    struct tg_text head; /* streams: what stands before the choice's index in every chunk */
    struct tg_json_string service_tier;
    bool has_usage;
    struct tg_usage usage;
    unsigned choice_count; /* up to the last one that was seen */
    struct chat_encode_choice *choices[TG_MAX_CHOICES];
    struct chat_encode_part *open, *spare;
    unsigned open_count;
};

/* ---- elements of lists ---- */

/* The call as an element of tool_calls. Of a stream its first piece, to which arguments are added; `arguments` are the
 * whole of them otherwise. */
enum tg_status chat_say_call(struct chat_encoder *encoder, const struct chat_encode_part *part,
                             struct tg_json_string arguments, struct tg_buf *out);
/* Of a stream: the signature of a call whose beginning is on its way already. */
enum tg_status chat_say_late_signature(struct chat_encoder *encoder, const struct chat_encode_part *part,
                                       struct tg_buf *out);
/* Thinking that must come back: its text with its signature, or what only its maker can read. */
enum tg_status chat_say_detail(struct chat_encoder *encoder, const struct chat_encode_part *part, struct tg_buf *out);
/* As OpenRouter and LiteLLM answer with pictures: OpenAI itself does not. */
enum tg_status chat_say_image(struct chat_encoder *encoder, const struct chat_encode_part *part, struct tg_buf *out);
enum tg_status chat_say_citations(struct chat_encoder *encoder, const struct tg_answer_event *event,
                                  struct tg_buf *out);
enum tg_status chat_say_logprobs(struct chat_encoder *encoder, const struct tg_answer_event *event, struct tg_buf *out);

/* ---- of a stream ---- */

enum tg_status chat_chunk_begin(struct chat_encoder *encoder, unsigned index, bool has_text, struct tg_buf *out);
enum tg_status chat_chunk_text(struct chat_encoder *encoder, unsigned index, enum chat_encode_field field,
                               struct tg_json_string text, struct tg_buf *out);
/* `elements` are JSON values with commas between them. */
enum tg_status chat_chunk_list(struct chat_encoder *encoder, unsigned index, enum chat_encode_list list,
                               struct tg_text elements, struct tg_buf *out);
enum tg_status chat_chunk_arguments(struct chat_encoder *encoder, unsigned index, unsigned tool_index,
                                    struct tg_json_string text, struct tg_buf *out);
enum tg_status chat_chunk_audio(struct chat_encoder *encoder, unsigned index, struct tg_json_string data,
                                struct tg_buf *out);
enum tg_status chat_chunk_finish(struct chat_encoder *encoder, unsigned index, const char *reason, struct tg_buf *out);
enum tg_status chat_chunk_end(struct chat_encoder *encoder, struct tg_buf *out);

/* ---- of a whole answer ---- */

enum tg_status chat_whole_list(struct chat_encoder *encoder, unsigned index, enum chat_encode_list list,
                               struct tg_text elements);
enum tg_status chat_whole_end(struct chat_encoder *encoder, struct tg_buf *out);

/* OpenAI's word for why a choice ended. */
const char *chat_finish_reason(const struct chat_encode_choice *choice, enum tg_finish finish);

#endif
