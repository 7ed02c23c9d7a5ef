/* Shared inside the room. */
#ifndef TG_DIALECT_GEMINI_INTERNAL_H
#define TG_DIALECT_GEMINI_INTERNAL_H

#include "common/codec/json_scan.h"
#include "dataplane/dialects/canonical/growing.h"
#include "dataplane/dialects/canonical/reading.h"
#include "dataplane/dialects/canonical/signature.h"
#include "dataplane/dialects/gemini/gemini.h"

static const struct tg_json_string GEMINI_NOTHING = {{"", 0}};

/* ---- parts, of requests and answers (part.c) ---- */

enum gemini_part_kind {
    GEMINI_PART_NONE, /* a signature alone, or nothing */
    GEMINI_PART_TEXT,
    GEMINI_PART_INLINE,   /* media_type, data: base64 */
    GEMINI_PART_FILE,     /* media_type, data: URI */
    GEMINI_PART_CALL,     /* id, name, value: args */
    GEMINI_PART_RESPONSE, /* id, name, value: response, nested: parts */
    GEMINI_PART_OTHER,    /* key */
};

/* A part as it is written. */
struct gemini_part {
    enum gemini_part_kind kind;
    bool is_thought;
    struct tg_json_string text, signature;
    struct tg_json_string id, name, media_type, data, title;
    struct tg_text value;  /* raw; empty if there is none */
    struct tg_text nested; /* raw: an array */
    struct tg_text key;    /* of OTHER: what it is called */
    struct tg_text raw;    /* the whole of it */
};

/* `token` begins the part. Anything but an object is a part of the kind OTHER without a key. */
void gemini_read_part(struct tg_json_scan *scan, struct tg_json_token *token, struct gemini_part *part);

/* A text's signature in the canonical form, which does not know any: the data of an opaque thinking behind the text. */
struct tg_json_string gemini_text_signature(struct tg_arena *arena, struct tg_json_string signature);
/* The reverse; false if the data is a signature of the part that follows. */
bool gemini_is_text_signature(struct tg_json_string data, struct tg_json_string *signature);

/* Google's clients take a signature for base64. A foreign one is marked and encoded, one of Google's stays. */
struct tg_json_string gemini_pack_signature(struct tg_arena *arena, enum tg_dialect_id origin,
                                            struct tg_json_string signature);
struct tg_json_string gemini_unpack_signature(struct tg_arena *arena, struct tg_json_string packed,
                                              enum tg_dialect_id *origin);

/* What the octets are when nobody says it: by the kind of part and by a URL's ending. */
struct tg_json_string gemini_media_type(struct tg_arena *arena, enum tg_part_kind kind, const struct tg_media *media);
/* TG_PART_IMAGE for "image/png", and so on; TG_PART_DOCUMENT for what is none of image, sound and video. */
enum tg_part_kind gemini_media_kind(struct tg_json_string media_type);

/* ---- what models of Google's take, where they differ (model.c) ---- */

struct gemini_model {
    bool is_pro;
    bool thinks;          /* at all */
    bool thinks_by_level; /* thinkingLevel; before: thinkingBudget */
    bool takes_media_in_responses;
    bool wants_signatures; /* a call of a function without one is refused */
};

struct gemini_model gemini_model_of(struct tg_text name);

/* ---- requests ---- */

bool gemini_read_request(const struct tg_request_source *source, struct tg_model_request *request,
                         struct tg_client_error *error);

/* What the reading of one request carries along. */
struct gemini_reader {
    struct tg_reading reading; /* the first member: what is given to the shared functions */
    bool has_contents, has_config, has_maximum;
    struct tg_json_string media_type; /* responseMimeType */
    struct tg_text schema, openapi_schema;
    unsigned content_count;
    unsigned unnamed_count;
    struct gemini_call *calls, *last_call; /* calls without ids that wait for their responses */
    struct tg_growing joined;              /* the thought that goes on, and its part */
    struct tg_part *joined_part;
    struct tg_text allowed_names; /* raw: an array */
    struct tg_json_string mode;   /* functionCallingConfig.mode */
};

/* `contents` and `systemInstruction`. */
void gemini_read_contents(struct gemini_reader *reader, struct tg_json_token *token);
void gemini_read_system(struct gemini_reader *reader, struct tg_json_token *token);
/* `tools` and `toolConfig`; the choice is known when both were read. */
void gemini_read_tools(struct gemini_reader *reader, struct tg_json_token *token);
void gemini_read_tool_config(struct gemini_reader *reader, struct tg_json_token *token);
void gemini_settle_tool_choice(struct gemini_reader *reader);
/* `generationConfig`. */
void gemini_read_config(struct gemini_reader *reader, struct tg_json_token *token);
void gemini_settle_format(struct gemini_reader *reader);

/* A schema as Google writes it (a subset of OpenAPI's, its types in capitals) as JSON schema. In the arena. */
struct tg_text gemini_json_schema(struct tg_arena *arena, struct tg_text schema);

void gemini_edit_request(struct tg_arena *arena, struct tg_text body, const struct tg_model_request *request,
                         const struct tg_request_target *target, struct tg_body *edited);

/* What the writing of one request carries along. */
struct gemini_writing {
    struct tg_json_writer json;
    struct tg_arena *arena;
    const struct tg_model_request *request;
    const struct tg_request_target *target;
    struct tg_loss *loss;
    struct tg_client_error *error;
    struct gemini_model model;
};

bool gemini_write_request(struct tg_arena *arena, const struct tg_model_request *request,
                          const struct tg_request_target *target, struct tg_loss *loss, struct tg_buf *out,
                          struct tg_client_error *error);
/* `systemInstruction` and `contents`. */
void gemini_write_contents(struct gemini_writing *writing);
/* `tools` and `toolConfig`. */
void gemini_write_tools(struct gemini_writing *writing);
/* `generationConfig`, and what of it stands beside. */
void gemini_write_config(struct gemini_writing *writing);
void gemini_lose(struct gemini_writing *writing, struct tg_text path, enum tg_loss_weight weight);

void gemini_write_member(struct tg_json_writer *json, const char *key, struct tg_json_string value);
void gemini_write_count(struct tg_json_writer *json, const char *key, int64_t count);

/* ---- answers ---- */

/* A chunk of a stream or a whole answer, as far as its members tell. */
struct gemini_chunk {
    struct tg_text candidates; /* raw: an array */
    struct tg_text usage;      /* raw: an object */
    struct tg_text error;      /* raw: an object */
    struct tg_json_string id, model, block_reason;
    bool has_feedback;
};

/* False if it is no JSON object. */
bool gemini_read_chunk(struct tg_text data, struct gemini_chunk *chunk);

struct gemini_candidate {
    int64_t index;
    struct tg_text parts; /* raw: an array, or one object */
    struct tg_json_string finish_reason;
    struct tg_text grounding, logprobs; /* raw: objects */
};

/* `token` begins the candidate. */
void gemini_read_candidate(struct tg_json_scan *scan, const struct tg_json_token *token,
                           struct gemini_candidate *candidate);

/* The first token of `array`, or of one value in place of it; then the next, until false. */
struct gemini_list {
    struct tg_json_scan scan;
    struct tg_json_token root;
    bool is_array, is_started;
};
void gemini_list_begin(struct gemini_list *list, struct tg_text raw);
bool gemini_list_next(struct gemini_list *list, struct tg_json_token *token);

enum tg_finish gemini_finish(struct tg_json_string reason);
const char *gemini_finish_reason(enum tg_finish finish);

/* ---- usage ---- */

/* False if there are no numbers that can be. `tier` is plain, a literal or in the document; empty if not said. */
bool gemini_read_usage(struct tg_text usage_metadata, struct tg_usage *usage, struct tg_text *tier);
/* How many searches are billed for what a candidate's groundingMetadata tells. */
int64_t gemini_count_searches(struct tg_text grounding, struct tg_json_string model);

/* ---- places in a text: Google counts octets, others characters (ruler.c) ---- */

enum { GEMINI_RULER_MAX_RUNS = 1 << 16 };

struct gemini_ruler {
    struct gemini_run {
        int64_t count; /* of characters */
        int64_t width; /* octets that each has */
    } * runs;
    size_t run_count, run_capacity;
    bool is_full; /* what is told behind it is unknown */
};

void gemini_ruler_add(struct gemini_ruler *ruler, struct tg_arena *arena, struct tg_json_string text);
/* -1 if it is not known. */
int64_t gemini_ruler_characters(const struct gemini_ruler *ruler, int64_t octets);
int64_t gemini_ruler_octets(const struct gemini_ruler *ruler, int64_t characters);

/* ---- what an answer refers to (grounding.c) ---- */

/* The citations of a groundingMetadata object, in the arena; how many. */
size_t gemini_read_grounding(struct tg_arena *arena, struct tg_text grounding, const struct gemini_ruler *ruler,
                             const struct tg_citation **citations);

/* Citations on their way to become one groundingMetadata object. Begin with all zeros. */
struct gemini_grounding {
    struct tg_text own; /* raw: as Google wrote it */
    struct tg_growing chunks, supports;
    unsigned count;
};

enum tg_status gemini_grounding_add(struct gemini_grounding *grounding, struct tg_arena *arena,
                                    const struct tg_answer_event *event, const struct gemini_ruler *ruler);
/* The member `groundingMetadata`, if there is anything to tell. */
void gemini_write_grounding(struct tg_json_writer *json, const struct gemini_grounding *grounding);

/* logprobsResult as the canonical array, in the arena; empty if it has none. */
struct tg_text gemini_read_logprobs(struct tg_arena *arena, struct tg_text logprobs_result);
/* Such an array, appended as elements of chosenCandidates and topCandidates, each with a comma behind it. */
enum tg_status gemini_add_logprobs(struct tg_arena *arena, struct tg_text array, struct tg_growing *chosen,
                                   struct tg_growing *top);

/* ---- decoding, encoding, errors, watching ---- */

void *gemini_decoder_new(struct tg_arena *arena);
enum tg_status gemini_decode_block(void *decoder, struct tg_arena *scratch, struct tg_text name, struct tg_text data,
                                   const struct tg_answer_sink *sink);
enum tg_status gemini_decode_end(void *decoder, struct tg_arena *scratch, const struct tg_answer_sink *sink);
enum tg_status gemini_decode_whole(struct tg_arena *scratch, struct tg_text body, const struct tg_answer_sink *sink);

void *gemini_encoder_new(struct tg_arena *arena, const struct tg_encode_options *options);
enum tg_status gemini_encode(void *encoder, const struct tg_answer_event *event, struct tg_buf *out);

/* The error object of a chunk or an answer; false if it says nothing. */
bool gemini_read_error_object(struct tg_arena *arena, struct tg_text object, struct tg_answer_error *error);

enum tg_block_fate gemini_watch_block(struct tg_seen *seen, bool hides_usage, struct tg_text name, struct tg_text data);
void gemini_watch_whole(struct tg_seen *seen, struct tg_text body);
bool gemini_watch_tail(struct tg_text tail, struct tg_usage *usage);

#endif
