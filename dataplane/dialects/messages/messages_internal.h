/* Shared inside the room. */
#ifndef TG_DIALECT_MESSAGES_INTERNAL_H
#define TG_DIALECT_MESSAGES_INTERNAL_H

#include "common/codec/json_scan.h"
#include "dataplane/dialects/canonical/aspect.h"
#include "dataplane/dialects/canonical/growing.h"
#include "dataplane/dialects/canonical/number.h"
#include "dataplane/dialects/canonical/reading.h"
#include "dataplane/dialects/canonical/signature.h"
#include "dataplane/dialects/claude/claude.h"
#include "dataplane/dialects/messages/messages.h"

/* ---- requests ---- */

bool tg_messages_read_request(const struct tg_request_source *source, struct tg_model_request *request,
                              struct tg_client_error *error);

/* `content` of a message: a string, or an array of blocks; into the current turn. */
void tg_messages_read_content(struct tg_reading *reading, struct tg_json_token *content);
/* {"type":"ephemeral","ttl":…}; `token` is the value of cache_control. */
enum tg_cache_mark tg_messages_read_cache(struct tg_reading *reading, struct tg_json_token *token);
void tg_messages_read_tools(struct tg_reading *reading, struct tg_json_token *token);
void tg_messages_read_tool_choice(struct tg_reading *reading, struct tg_json_token *token);

void tg_messages_edit_request(struct tg_arena *arena, struct tg_text body, const struct tg_model_request *request,
                              const struct tg_request_target *target, struct tg_body *edited);

/* What the writing of one request carries along. */
struct tg_messages_writing {
    struct tg_json_writer json;
    struct tg_arena *arena;
    const struct tg_model_request *request;
    const struct tg_request_target *target;
    struct tg_loss *loss;
    struct tg_client_error *error;
    struct tg_claude claude;
    unsigned unnamed_calls, unnamed_results; /* calls without an id, and the results that answer them, in order */
};

bool tg_messages_write_request(struct tg_arena *arena, const struct tg_model_request *request,
                               const struct tg_request_target *target, struct tg_loss *loss, struct tg_buf *out,
                               struct tg_client_error *error);
/* Whether what only this dialect knows may be written as it came. */
static inline bool tg_messages_is_own(const struct tg_messages_writing *writing)
{
    return writing->request->dialect == TG_DIALECT_MESSAGES;
}

/* The key of a top-level member, by the provider's own rules; false if the provider must not get it. */
bool tg_messages_begin_member(struct tg_messages_writing *writing, const char *key);
void tg_messages_lose(struct tg_messages_writing *writing, enum tg_aspect aspect, enum tg_loss_weight weight);
void tg_messages_write_tools(struct tg_messages_writing *writing);
void tg_messages_write_tool_choice(struct tg_messages_writing *writing);
/* `system` and `messages`. */
void tg_messages_write_system(struct tg_messages_writing *writing);
void tg_messages_write_turns(struct tg_messages_writing *writing);
void tg_messages_write_cache(struct tg_json_writer *json, enum tg_cache_mark cache);

/* An id of a tool call as Anthropic takes it: ^[a-zA-Z0-9_-]+$; other bytes become "_" and their two hex digits. */
struct tg_json_string tg_messages_tool_id(struct tg_arena *arena, struct tg_json_string id);

/* ---- usage ---- */

/* Sums stop meaning anything there. */
enum { TG_MESSAGES_TOKEN_BOUND_BILLIONS = 1000 };

/* The numbers of an answer as they were last told; begin with all zeros. */
struct tg_messages_tally {
    int64_t input, cache_read, cache_write, cache_write_1h, output, thinking, web_searches;
    struct tg_usage besides; /* of iterations that are billed and not part of the sums */
    bool has_input, has_output, is_absurd;
    struct tg_text service_tier; /* of the last object that said it; refers to that document */
};

/* Takes over what a usage object says; `object` is its BEGIN token. */
void tg_messages_tally_read(struct tg_messages_tally *tally, struct tg_json_scan *scan,
                            const struct tg_json_token *object);
/* False if the numbers cannot be what the call came to. */
bool tg_messages_tally_usage(const struct tg_messages_tally *tally, struct tg_usage *usage);

/* ---- answers ---- */

void *tg_messages_decoder_new(struct tg_arena *arena);
enum tg_status tg_messages_decode_block(void *decoder, struct tg_arena *scratch, struct tg_text name,
                                        struct tg_text data, const struct tg_answer_sink *sink);
enum tg_status tg_messages_decode_end(void *decoder, struct tg_arena *scratch, const struct tg_answer_sink *sink);
enum tg_status tg_messages_decode_whole(struct tg_arena *scratch, struct tg_text body,
                                        const struct tg_answer_sink *sink);

/* A content block, or what a delta adds to one, as it is written. */
struct tg_messages_content {
    struct tg_text type; /* empty: there is none */
    struct tg_json_string id, name, text, thinking, signature, data, partial_json;
    struct tg_text input;     /* raw */
    struct tg_text citations; /* raw: an array */
    struct tg_text citation;  /* raw: one */
    struct tg_text raw;       /* the whole of it */
};

/* Everything that an event of a stream, or a whole answer, may say. */
struct tg_messages_event {
    struct tg_text type;
    int64_t index; /* -1: not said */
    struct tg_messages_content content, delta;
    struct tg_json_string id, model;
    struct tg_json_string stop_reason, stop_sequence;
    struct tg_json_string error_type, error_message;
    struct tg_text blocks; /* raw: `content` of a whole answer */
    bool has_usage;
};

/* False if it is no JSON object. Usage goes to `tally`. */
bool tg_messages_read_event(struct tg_text data, struct tg_messages_event *event, struct tg_messages_tally *tally);
void tg_messages_read_block(struct tg_json_scan *scan, const struct tg_json_token *object,
                            struct tg_messages_content *content);
/* An array of citations in the arena; how many. */
size_t tg_messages_read_citations(struct tg_arena *arena, struct tg_text array, const struct tg_citation **citations);

enum tg_finish tg_messages_finish(struct tg_json_string stop_reason);

/* ---- encoding ---- */

struct tg_messages_part {
    struct tg_messages_part *next;
    unsigned part;  /* in the events */
    unsigned index; /* in the answer */
    enum tg_part_kind kind;
    enum tg_dialect_id origin;
    bool is_started; /* its content_block_start was written */
    struct tg_json_string call_id, name;
    struct tg_text raw;
    struct tg_growing text, signature, citations;
};

struct tg_messages_encoder {
    struct tg_arena *arena;
    struct tg_encode_options options;
    struct tg_json_string id, model;
    struct tg_messages_part *parts, *last; /* whole: all of them; streamed: those that are open */
    struct tg_messages_part *spare;
    unsigned next_index;
    bool is_begun; /* message_start was written */
    bool has_tool_calls, has_finish;
    enum tg_finish finish;
    struct tg_json_string stop_sequence;
    struct tg_usage usage;
    char service_tier[16];
    size_t service_tier_bytes;
};

void *tg_messages_encoder_new(struct tg_arena *arena, const struct tg_encode_options *options);
enum tg_status tg_messages_encode(void *encoder, const struct tg_answer_event *event, struct tg_buf *out);
enum tg_status tg_messages_encode_whole(const struct tg_messages_encoder *encoder, struct tg_buf *out);
void tg_messages_write_usage(struct tg_json_writer *json, const struct tg_messages_encoder *encoder);
void tg_messages_write_stop(struct tg_json_writer *json, const struct tg_messages_encoder *encoder);
/* The citations of an event as the objects of this dialect, each with a comma behind it. */
enum tg_status tg_messages_add_citations(struct tg_growing *growing, struct tg_arena *arena,
                                         const struct tg_answer_event *event);

/* ---- errors ---- */

struct tg_text tg_messages_error_body(struct tg_arena *arena, const struct tg_answer_error *error);
struct tg_text tg_messages_error_event(struct tg_arena *arena, const struct tg_answer_error *error,
                                       enum tg_framing framing);
bool tg_messages_read_error(struct tg_arena *arena, int http_status, struct tg_text body,
                            struct tg_answer_error *error);
/* What an error type is as an answer's status; 500 for one that is not known. */
int tg_messages_error_status(struct tg_json_string type);

/* ---- watching ---- */

enum tg_block_fate tg_messages_watch_block(struct tg_seen *seen, bool hides_usage, struct tg_text name,
                                           struct tg_text data);
void tg_messages_watch_whole(struct tg_seen *seen, struct tg_text body);
bool tg_messages_watch_tail(struct tg_text tail, struct tg_usage *usage);

#endif
