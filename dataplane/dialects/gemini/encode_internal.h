/* The encoder's own state (encode.c), and what it writes (encode_chunk.c). */
#ifndef TG_DIALECT_GEMINI_ENCODE_INTERNAL_H
#define TG_DIALECT_GEMINI_ENCODE_INTERNAL_H

#include "dataplane/dialects/gemini/gemini_internal.h"

/* A part that has begun. */
struct gemini_open {
    struct gemini_open *next;
    unsigned part; /* in the events */
    enum tg_part_kind kind;
    enum tg_dialect_id signature_origin;
    struct tg_json_string call_id, name, media_type;
    struct tg_text raw;
    struct tg_growing text,
        signature; /* what is not streamed at once: arguments, base64, everything of a whole answer */
};

struct gemini_choice {
    unsigned index;
    bool has_finish, has_bad_call;
    enum tg_finish finish;
    struct gemini_open *open;
    struct tg_json_string signature; /* of the part that follows */
    struct tg_growing parts;         /* of a whole answer: each with a comma behind it */
    struct tg_growing chosen, top;   /* log-probabilities, likewise */
    struct gemini_grounding grounding;
    struct gemini_ruler ruler;
};

struct gemini_encoder {
    struct tg_arena *arena;
    struct tg_encode_options options;
    struct tg_json_string id, model;
    struct gemini_choice *choices[TG_MAX_CHOICES]; /* NULL: not seen */
    struct gemini_open *spare;
    bool has_elements; /* of the stream */
    size_t element_at; /* in `out`, where the element begins that is being written */
    bool has_usage;
    struct tg_usage usage;
    char service_tier[16];
    size_t service_tier_bytes;
};

enum tg_status gemini_stream_text(struct gemini_encoder *encoder, struct gemini_choice *choice,
                                  const struct gemini_open *open, struct tg_json_string text, struct tg_buf *out);
enum tg_status gemini_end_part(struct gemini_encoder *encoder, struct gemini_choice *choice, struct gemini_open *open,
                               struct tg_buf *out);
/* The last chunk, or the whole answer. */
enum tg_status gemini_encode_end(struct gemini_encoder *encoder, struct tg_buf *out);

/* What stands around a chunk in the stream's framing, and at its end. */
enum tg_status gemini_begin_element(struct gemini_encoder *encoder, struct tg_buf *out);
enum tg_status gemini_end_element(const struct gemini_encoder *encoder, struct tg_buf *out);
enum tg_status gemini_end_stream(const struct gemini_encoder *encoder, struct tg_buf *out);

#endif
