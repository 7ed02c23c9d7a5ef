/* What the files of this room share. */
#ifndef TG_DIALECTS_RESPONSES_INTERNAL_H
#define TG_DIALECTS_RESPONSES_INTERNAL_H

#include "common/codec/json_scan.h"
#include "dataplane/dialects/canonical/dialect.h"
#include "dataplane/dialects/canonical/reading.h"

/* ---- read_request.c, items.c, content.c, tools.c ---- */

bool tg_responses_read_request(const struct tg_request_source *source, struct tg_model_request *request,
                               struct tg_client_error *error);

/* `input`: a string or items. */
void tg_responses_read_input(struct tg_reading *reading, struct tg_json_token *token);
/* A part of a message's or a result's content, to the current turn. */
void tg_responses_read_content_part(struct tg_reading *reading, struct tg_json_token *token);

void tg_responses_read_tools(struct tg_reading *reading, struct tg_json_token *token);
/* `list`, raw, of an item of `input`: tools that the model learns of on the way; here they are tools like all others.
 */
void tg_responses_read_additional_tools(struct tg_reading *reading, struct tg_text list, size_t index);
/* Once all is read: a tool that `input` says again is one tool. */
void tg_responses_drop_repeated_tools(struct tg_model_request *request);
void tg_responses_read_tool_choice(struct tg_reading *reading, struct tg_json_token *token);
/* Once all is read: of the tools only those stay that `tool_choice` allows. */
void tg_responses_keep_allowed_tools(struct tg_reading *reading);

/* One name for a tool of a namespace, as other dialects can say it: at most 64 of the characters they take. */
struct tg_json_string tg_responses_flat_name(struct tg_arena *arena, struct tg_json_string space,
                                             struct tg_json_string name);

/* The name of the function by which the built-in local shell is said. */
#define TG_RESPONSES_LOCAL_SHELL "local_shell"

/* What stands before the data of redacted thinking, behind the mark of its origin: thinking may have no text either. */
#define TG_RESPONSES_REDACTED "redacted."

/* ---- write_request.c, write_items.c, write_tools.c ---- */

struct tg_responses_writing {
    struct tg_json_writer json;
    struct tg_arena *arena;
    const struct tg_model_request *request;
    const struct tg_request_target *target;
    struct tg_loss *loss;
    struct tg_client_error *error;
    bool is_own; /* the request was said in this dialect */
};

bool tg_responses_write_request(struct tg_arena *arena, const struct tg_model_request *request,
                                const struct tg_request_target *target, struct tg_loss *loss, struct tg_buf *out,
                                struct tg_client_error *error);

/* The name of a top-level member, as the provider's rules have it; false: it is dropped. */
bool tg_responses_write_member(struct tg_responses_writing *writing, const char *name);
/* `instructions` and `input`. */
void tg_responses_write_turns(struct tg_responses_writing *writing);
/* `tools` and `tool_choice`. */
void tg_responses_write_tools(struct tg_responses_writing *writing);

/* {"name":"written"}, where it is not empty. */
void tg_responses_write_string(struct tg_json_writer *json, const char *key, struct tg_json_string string);

/* ---- usage.c ---- */

enum { TG_RESPONSES_MOST_TOKENS = INT32_MAX }; /* no call has more of any kind: what says so is not believed */

/* `object` is the BEGIN token of a usage object, which is read to its end. False: it cannot be believed. */
bool tg_responses_read_usage(struct tg_json_scan *scan, const struct tg_json_token *object, struct tg_usage *usage);
void tg_responses_write_usage(struct tg_json_writer *json, const struct tg_usage *usage);

/* What a response object says beside its items: a whole answer, or the `response` of an event. */
struct tg_responses_summary {
    bool is_response; /* an object with `output` or `status` */
    struct tg_json_string id, model, status, incomplete_reason, service_tier;
    struct tg_json_string error_code, error_message, error_type, error_param;
    bool has_error;
    bool has_usage;
    struct tg_usage usage;
    struct tg_text output; /* the array, raw; empty if there is none */
    size_t text_bytes;     /* of what the model wrote in it */
    int64_t searches;      /* completed, as the items say */
    bool has_search_count;
    int64_t search_count; /* as tool_usage says */
};
/* `object` is the BEGIN token. */
void tg_responses_read_summary(struct tg_json_scan *scan, const struct tg_json_token *object,
                               struct tg_responses_summary *summary);
/* The usage, searches included; false if there is none. */
bool tg_responses_summary_usage(const struct tg_responses_summary *summary, struct tg_usage *usage);

/* ---- event.c: the names of a stream's events ---- */

enum tg_responses_event {
    TG_RESPONSES_EVENT_OTHER,
    TG_RESPONSES_CREATED, /* queued and in_progress, too */
    TG_RESPONSES_COMPLETED,
    TG_RESPONSES_INCOMPLETE,
    TG_RESPONSES_FAILED,
    TG_RESPONSES_ERROR,
    TG_RESPONSES_ITEM_ADDED,
    TG_RESPONSES_ITEM_DONE,
    TG_RESPONSES_PART_ADDED,
    TG_RESPONSES_PART_DONE,
    TG_RESPONSES_TEXT_DELTA,
    TG_RESPONSES_TEXT_DONE,
    TG_RESPONSES_ANNOTATION,
    TG_RESPONSES_REFUSAL_DELTA,
    TG_RESPONSES_REFUSAL_DONE,
    TG_RESPONSES_ARGUMENTS_DELTA,
    TG_RESPONSES_ARGUMENTS_DONE,
    TG_RESPONSES_INPUT_DELTA, /* of a custom tool's call */
    TG_RESPONSES_INPUT_DONE,
    TG_RESPONSES_SUMMARY_ADDED,
    TG_RESPONSES_SUMMARY_DELTA,
    TG_RESPONSES_SUMMARY_DONE,
    TG_RESPONSES_REASONING_DELTA,
    TG_RESPONSES_REASONING_DONE,
};

/* By the SSE event's name or, where a provider sends none, by the data's own `type`. */
enum tg_responses_event tg_responses_event_of(struct tg_text name, struct tg_text data);

/* ---- decode.c, decode_item.c ---- */

void *tg_responses_decoder_new(struct tg_arena *arena);
enum tg_status tg_responses_decode_block(void *decoder, struct tg_arena *scratch, struct tg_text name,
                                         struct tg_text data, const struct tg_answer_sink *sink);
enum tg_status tg_responses_decode_end(void *decoder, struct tg_arena *scratch, const struct tg_answer_sink *sink);
enum tg_status tg_responses_decode_whole(struct tg_arena *scratch, struct tg_text body,
                                         const struct tg_answer_sink *sink);

/* What came of an answer so far, whatever way it came. */
struct tg_responses_made {
    unsigned parts;
    bool has_calls, has_refusal, has_text;
};
enum { TG_RESPONSES_MAX_PARTS = 4096 };

/* An output item, once it is read: which members it has depends on its type. */
struct tg_responses_item {
    struct tg_json_string type, call_id, id, name, space, status, arguments, input, encrypted, result, format;
    struct tg_text raw, action, content, summary;
};
/* `object` is the BEGIN token. */
void tg_responses_read_item(struct tg_json_scan *scan, const struct tg_json_token *object,
                            struct tg_responses_item *item);
/* function_call, custom_tool_call, local_shell_call. */
bool tg_responses_is_call(const struct tg_responses_item *item);

/* A whole item as parts. TG_TOO_LARGE beyond TG_RESPONSES_MAX_PARTS. */
enum tg_status tg_responses_decode_item(struct tg_arena *scratch, const struct tg_responses_item *item,
                                        struct tg_responses_made *made, const struct tg_answer_sink *sink);
/* The texts of a reasoning item, to the last part made; its summaries, then what it holds raw. */
enum tg_status tg_responses_say_reasoning(const struct tg_responses_item *item, const struct tg_responses_made *made,
                                          const struct tg_answer_sink *sink);
/* The array `output`. */
enum tg_status tg_responses_decode_items(struct tg_arena *scratch, struct tg_text output,
                                         struct tg_responses_made *made, const struct tg_answer_sink *sink);
/* PART_BEGIN of a call, which becomes the last part made. */
enum tg_status tg_responses_begin_call(struct tg_arena *scratch, const struct tg_responses_item *item,
                                       struct tg_responses_made *made, const struct tg_answer_sink *sink);
/* The arguments of a call, whole, as the inside of a string. In `scratch`. */
struct tg_json_string tg_responses_call_arguments(struct tg_arena *scratch, const struct tg_responses_item *item);
/* FINISH and USAGE, or USAGE and ERROR if the response failed. */
enum tg_status tg_responses_decode_finish(const struct tg_responses_summary *summary,
                                          const struct tg_responses_made *made, const struct tg_answer_sink *sink,
                                          bool *has_failed);
/* One annotation of a text. False if it is none that can be carried. */
bool tg_responses_read_annotation(struct tg_json_scan *scan, const struct tg_json_token *object,
                                  struct tg_citation *citation);
/* The status that an error without one stands for. */
int tg_responses_status_of(struct tg_json_string code, struct tg_json_string type);

/* An event's members, whichever it has. */
struct tg_responses_data {
    enum tg_responses_event kind;
    int64_t output_index, content_index, summary_index;
    struct tg_json_string text; /* delta, or what `done` repeats */
    struct tg_text logprobs;
    struct tg_citation citation;
    bool has_citation;
    bool has_item;
    struct tg_responses_item item; /* item or part */
    struct tg_responses_summary response;
    struct tg_json_string code, message, param, error_type;
};
/* `kind` is set already. False: it is no JSON object. In event.c. */
bool tg_responses_read_data(struct tg_text data, struct tg_responses_data *event);

/* ---- encode.c; what its files share is in encode_internal.h ---- */

void *tg_responses_encoder_new(struct tg_arena *arena, const struct tg_encode_options *options);
enum tg_status tg_responses_encode(void *encoder, const struct tg_answer_event *event, struct tg_buf *out);

/* ---- error.c ---- */

struct tg_text tg_responses_error_body(struct tg_arena *arena, const struct tg_answer_error *error);
struct tg_text tg_responses_error_event(struct tg_arena *arena, const struct tg_answer_error *error,
                                        enum tg_framing framing);
bool tg_responses_read_error(struct tg_arena *arena, int http_status, struct tg_text body,
                             struct tg_answer_error *error);
/* The code that a failed response names. */
struct tg_json_string tg_responses_error_code(const struct tg_answer_error *error);
/* The members "code", "message" and "param" of an event, and `error` with them and "type". */
void tg_responses_write_error_members(struct tg_json_writer *json, const struct tg_answer_error *error);

/* ---- watch.c, edit.c ---- */

enum tg_block_fate tg_responses_watch_block(struct tg_seen *seen, bool hides_usage, struct tg_text name,
                                            struct tg_text data);
void tg_responses_watch_whole(struct tg_seen *seen, struct tg_text body);
bool tg_responses_watch_tail(struct tg_text tail, struct tg_usage *usage);
void tg_responses_edit_request(struct tg_arena *arena, struct tg_text body, const struct tg_model_request *request,
                               const struct tg_request_target *target, struct tg_body *edited);

#endif
