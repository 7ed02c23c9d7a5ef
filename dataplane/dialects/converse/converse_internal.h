/* Shared inside the room. */
#ifndef TG_DIALECT_CONVERSE_INTERNAL_H
#define TG_DIALECT_CONVERSE_INTERNAL_H

#include "common/codec/base64.h"
#include "common/codec/json_scan.h"
#include "dataplane/dialects/canonical/aspect.h"
#include "dataplane/dialects/canonical/growing.h"
#include "dataplane/dialects/canonical/number.h"
#include "dataplane/dialects/canonical/reading.h"
#include "dataplane/dialects/canonical/signature.h"
#include "dataplane/dialects/claude/claude.h"
#include "dataplane/dialects/converse/converse.h"

/* ---- names ---- */

/* "png" as "image/png", and back; empty, and NULL, if that is not known. */
struct tg_json_string tg_converse_media_type(enum tg_part_kind kind, struct tg_json_string format);
const char *tg_converse_format(enum tg_part_kind kind, struct tg_json_string media_type);

/* An id of a tool call as Bedrock takes it: [a-zA-Z0-9_.:-]{1,64}; other bytes become "_" and their two hex digits, and
 * the end of a longer one gives way to a hash of the whole. */
struct tg_json_string tg_converse_tool_id(struct tg_arena *arena, struct tg_json_string id);

/* `redactedContent` is base64: a mark of another origin has to be inside of it. */
struct tg_json_string tg_converse_mark_redacted(struct tg_arena *arena, enum tg_dialect_id origin,
                                                struct tg_json_string data);
struct tg_json_string tg_converse_unmark_redacted(struct tg_arena *arena, struct tg_json_string data,
                                                  enum tg_dialect_id *origin);

enum tg_finish tg_converse_finish(struct tg_json_string stop_reason);

/* ---- requests ---- */

bool tg_converse_read_request(const struct tg_request_source *source, struct tg_model_request *request,
                              struct tg_client_error *error);
/* An array of content blocks, into the current turn. */
void tg_converse_read_content(struct tg_reading *reading, struct tg_json_token *array);
/* The value of cachePoint. */
enum tg_cache_mark tg_converse_read_cache(struct tg_json_scan *scan, struct tg_json_token *token);
void tg_converse_read_tools(struct tg_reading *reading, struct tg_json_token *token);
void tg_converse_read_model_fields(struct tg_reading *reading, struct tg_json_token *token);

void tg_converse_edit_request(struct tg_arena *arena, struct tg_text body, const struct tg_model_request *request,
                              const struct tg_request_target *target, struct tg_body *edited);

struct tg_converse_writing {
    struct tg_json_writer json;
    struct tg_arena *arena;
    const struct tg_model_request *request;
    const struct tg_request_target *target;
    struct tg_loss *loss;
    struct tg_client_error *error;
    struct tg_text model;
    struct tg_claude claude;
    unsigned unnamed_calls, unnamed_results; /* calls without an id, and the results that answer them, in order */
    unsigned documents;                      /* each needs a name */
};

bool tg_converse_write_request(struct tg_arena *arena, const struct tg_model_request *request,
                               const struct tg_request_target *target, struct tg_loss *loss, struct tg_buf *out,
                               struct tg_client_error *error);
/* `system` and `messages`. */
void tg_converse_write_system(struct tg_converse_writing *writing);
void tg_converse_write_turns(struct tg_converse_writing *writing);
void tg_converse_write_tools(struct tg_converse_writing *writing);
/* {"cachePoint":…}, if there is a mark. */
void tg_converse_write_cache(struct tg_json_writer *json, enum tg_cache_mark cache);
/* additionalModelRequestFields: thinking and top_k. */
void tg_converse_write_model_fields(struct tg_converse_writing *writing);
/* Whether the model will think in a way that leaves temperature and the like no say. */
bool tg_converse_is_thinking(const struct tg_converse_writing *writing);
static inline void tg_converse_lose(struct tg_converse_writing *writing, enum tg_aspect aspect,
                                    enum tg_loss_weight weight)
{
    tg_loss_add(writing->loss, tg_aspect_path(writing->request->dialect, aspect), weight);
}
/* Whether what only this dialect knows may be written as it came. */
static inline bool tg_converse_is_own(const struct tg_converse_writing *writing)
{
    return writing->request->dialect == TG_DIALECT_CONVERSE;
}

/* ---- usage ---- */

/* Reads a usage object from its BEGIN token; false if the numbers cannot be what the call came to. */
bool tg_converse_read_usage(struct tg_json_scan *scan, const struct tg_json_token *object, struct tg_usage *usage);

/* ---- answers ---- */

void *tg_converse_decoder_new(struct tg_arena *arena);
enum tg_status tg_converse_decode_block(void *decoder, struct tg_arena *scratch, struct tg_text name,
                                        struct tg_text data, const struct tg_answer_sink *sink);
enum tg_status tg_converse_decode_end(void *decoder, struct tg_arena *scratch, const struct tg_answer_sink *sink);
enum tg_status tg_converse_decode_whole(struct tg_arena *scratch, struct tg_text body,
                                        const struct tg_answer_sink *sink);

/* A content block, or the start of one, or what a delta adds: members as they are written. */
struct tg_converse_content {
    enum tg_part_kind kind;
    bool is_there;
    struct tg_json_string text, signature, redacted;
    struct tg_json_string tool_id, name, format, bytes;
    struct tg_text input;           /* raw: an object, whole */
    struct tg_json_string fragment; /* of the input, streamed */
    struct tg_text citations;       /* raw: an array, whole */
    struct tg_text citation;        /* raw: one, streamed */
    struct tg_text raw;
};

struct tg_converse_event {
    int64_t index; /* -1: not said */
    struct tg_converse_content content;
    struct tg_json_string stop_reason, message;
    struct tg_text service_tier;
    struct tg_text blocks; /* raw: the content of a whole answer */
    struct tg_usage usage;
    bool names_usage, has_usage;
};

/* False if it is no JSON object. */
bool tg_converse_read_event(struct tg_arena *scratch, struct tg_text data, struct tg_converse_event *event);
void tg_converse_read_block(struct tg_arena *scratch, struct tg_json_scan *scan, const struct tg_json_token *object,
                            struct tg_converse_content *content);
size_t tg_converse_read_citations(struct tg_arena *arena, struct tg_text array, const struct tg_citation **citations);

/* ---- encoding ---- */

struct tg_converse_part {
    struct tg_converse_part *next;
    unsigned part;  /* in the events */
    unsigned index; /* in the answer */
    enum tg_part_kind kind;
    enum tg_dialect_id signature_origin;
    struct tg_json_string call_id, name, media_type;
    struct tg_text raw;
    struct tg_growing text, signature, citations;
};

struct tg_converse_encoder {
    struct tg_arena *arena;
    struct tg_encode_options options;
    struct tg_converse_part *parts, *last; /* whole: all of them; streamed: those that are open */
    struct tg_converse_part *spare;
    unsigned next_index;
    bool is_begun, has_tool_calls;
    enum tg_finish finish;
    struct tg_usage usage;
    char service_tier[16];
    size_t service_tier_bytes;
};

void *tg_converse_encoder_new(struct tg_arena *arena, const struct tg_encode_options *options);
enum tg_status tg_converse_encode(void *encoder, const struct tg_answer_event *event, struct tg_buf *out);
enum tg_status tg_converse_encode_whole(const struct tg_converse_encoder *encoder, struct tg_buf *out);
const char *tg_converse_stop_reason(const struct tg_converse_encoder *encoder);
/* `usage`, `metrics` and `serviceTier`, with their keys. */
void tg_converse_write_usage(struct tg_json_writer *json, const struct tg_converse_encoder *encoder);
/* The citations of an event as the objects of this dialect, each with a comma behind it. */
enum tg_status tg_converse_add_citations(struct tg_growing *growing, struct tg_arena *arena,
                                         const struct tg_answer_event *event);
static inline void tg_converse_write_member(struct tg_json_writer *json, const char *key, struct tg_json_string value)
{
    tg_json_write_key(json, key);
    tg_json_write_written(json, value);
}

/* ---- errors ---- */

extern const char tg_converse_error_type_header[];
const char *tg_converse_error_type(const struct tg_answer_error *error);
struct tg_text tg_converse_error_body(struct tg_arena *arena, const struct tg_answer_error *error);
struct tg_text tg_converse_error_event(struct tg_arena *arena, const struct tg_answer_error *error,
                                       enum tg_framing framing);
bool tg_converse_read_error(struct tg_arena *arena, int http_status, struct tg_text body,
                            struct tg_answer_error *error);
/* Whether the name of a stream's event is that of an exception, and what it is as a status. */
bool tg_converse_is_exception(struct tg_text name, int *http_status);

/* ---- watching ---- */

enum tg_block_fate tg_converse_watch_block(struct tg_seen *seen, bool hides_usage, struct tg_text name,
                                           struct tg_text data);
void tg_converse_watch_whole(struct tg_seen *seen, struct tg_text body);
bool tg_converse_watch_tail(struct tg_text tail, struct tg_usage *usage);

#endif
