/* What the encoder's files share. */
#ifndef TG_DIALECTS_RESPONSES_ENCODE_INTERNAL_H
#define TG_DIALECTS_RESPONSES_ENCODE_INTERNAL_H

#include "dataplane/dialects/canonical/growing.h"
#include "dataplane/dialects/responses/internal.h"

enum { MAX_ENCODED_PARTS = 4096, MAX_KEPT_BYTES = 64 << 20 };

/* An item of `output`. */
struct encoded_item {
    struct encoded_item *next;
    unsigned output_index;
    struct tg_json_string id;
    struct tg_text json; /* once it is done */
    /* of a message */
    struct tg_growing content; /* its finished parts, with commas */
    unsigned content_count, open_content_count;
};

/* A canonical part that is open. */
struct encoded_part {
    struct encoded_part *next;
    unsigned number;
    enum tg_part_kind kind;
    struct encoded_item *item; /* NULL: this dialect cannot say it */
    unsigned content_index;
    bool has_text;
    struct tg_growing text, annotations, logprobs, signature;
    unsigned annotation_count;
    enum tg_dialect_id signature_origin;
    struct tg_json_string call_id, name, space, media_type;
    const struct tg_tool *tool; /* that a call is for; NULL if the request has none of that name */
    struct tg_text raw;
};

struct encoder {
    struct tg_arena *arena;
    const struct tg_encode_options *options;
    struct tg_json_string id, model;
    struct tg_text echo; /* what the response repeats of the request, members with commas */
    int64_t sequence;
    size_t kept_bytes;
    unsigned part_count, item_count;
    struct encoded_item *items, *last_item;
    struct encoded_item *message; /* that further text belongs to */
    struct encoded_part *parts;
    bool has_started, is_over, has_refusal;
    enum tg_finish finish;
    bool has_usage;
    struct tg_usage usage;
    struct tg_text service_tier;
};

/* ---- response.c ---- */

/* The members that echo the request. In the arena; NULL request: defaults. */
struct tg_text tg_responses_echo(struct tg_arena *arena, const struct tg_model_request *request);
/* {"id":…,"object":"response",…}. `error` is NULL unless it failed. */
void tg_responses_write_response(struct tg_json_writer *json, const struct encoder *encoder, const char *status,
                                 const struct tg_answer_error *error);
/* "completed" or "incomplete". */
const char *tg_responses_final_status(const struct encoder *encoder);

/* ---- encode_items.c ---- */

/* All items as JSON: `is_done` false is how they are announced. */
void tg_responses_write_message(struct tg_json_writer *json, const struct encoded_item *item, const char *status);
void tg_responses_write_reasoning(struct tg_json_writer *json, struct tg_arena *arena, const struct encoded_part *part,
                                  bool is_done);
void tg_responses_write_call(struct tg_json_writer *json, struct tg_arena *arena, const struct encoded_part *part,
                             bool is_done);
void tg_responses_write_image(struct tg_json_writer *json, const struct encoded_part *part, bool is_done);
/* {"type":"output_text",…} or a refusal. */
void tg_responses_write_text_part(struct tg_json_writer *json, const struct encoded_part *part, bool is_done);
/* An annotation; one without a place holds for all of the text so far. */
void tg_responses_write_annotation(struct tg_json_writer *json, const struct encoded_part *part,
                                   const struct tg_citation *citation);

/* ---- encode_parts.c: from PART_BEGIN to PART_END ---- */

enum tg_status tg_responses_begin_part(struct encoder *encoder, const struct tg_answer_event *event,
                                       struct tg_buf *out);
enum tg_status tg_responses_go_on(struct encoder *encoder, const struct tg_answer_event *event, struct tg_buf *out);
enum tg_status tg_responses_end_part(struct encoder *encoder, unsigned number, struct tg_buf *out);
enum tg_status tg_responses_close_message(struct encoder *encoder, const char *status, struct tg_buf *out);

/* ---- encode_say.c: the events of a stream ---- */

enum tg_status tg_responses_say_response(struct encoder *encoder, struct tg_buf *out, const char *name,
                                         const char *status, const struct tg_answer_error *error);
enum tg_status tg_responses_say_item(struct encoder *encoder, struct tg_buf *out, const char *name,
                                     const struct encoded_item *item, struct tg_text raw);
/* A delta, or what repeats all deltas: `key` is "delta", "text", "arguments", …, `index` the name of what counts inside
 * the item; NULL if nothing does. */
enum tg_status tg_responses_say_text(struct encoder *encoder, struct tg_buf *out, const struct encoded_part *part,
                                     const char *name, const char *index, const char *key, struct tg_text written);
/* The most frequent event of all. `logprobs` are the members of a list, or empty. */
enum tg_status tg_responses_say_text_delta(struct encoder *encoder, struct tg_buf *out, const struct encoded_part *part,
                                           struct tg_text written, struct tg_text logprobs);
enum tg_status tg_responses_say_part(struct encoder *encoder, struct tg_buf *out, const struct encoded_part *part,
                                     bool is_done);
enum tg_status tg_responses_say_summary_part(struct encoder *encoder, struct tg_buf *out,
                                             const struct encoded_part *part, bool is_done);
enum tg_status tg_responses_say_annotation(struct encoder *encoder, struct tg_buf *out, const struct encoded_part *part,
                                           struct tg_text annotation);
/* The text, then its part. */
enum tg_status tg_responses_say_text_done(struct encoder *encoder, struct tg_buf *out, const struct encoded_part *part);
enum tg_status tg_responses_say_arguments(struct encoder *encoder, struct tg_buf *out, const struct encoded_part *part);
enum tg_status tg_responses_say_error(struct encoder *encoder, struct tg_buf *out, const struct tg_answer_error *error);

/* ---- what is what ---- */

bool tg_responses_is_freeform(const struct encoded_part *part);
bool tg_responses_is_shell(const struct encoded_part *part);

#endif
