/* Shared inside the room. */
#ifndef TG_OPERATIONS_INTERNAL_H
#define TG_OPERATIONS_INTERNAL_H

#include "common/codec/json_scan.h"
#include "common/codec/multipart.h"
#include "dataplane/dialects/canonical/edit.h"
#include "dataplane/dialects/canonical/reading.h"
#include "dataplane/dialects/chat/chat.h"
#include "dataplane/dialects/operations/operations.h"

/* ---- requests (request.c) ---- */

/* Reads a JSON body member by member; what must be there must be there. */
struct operations_rule {
    const char *name;
    void (*read)(struct tg_reading *reading, struct tg_json_token *token);
    bool is_required;
};
bool operations_read(const struct tg_request_source *source, struct tg_model_request *request,
                     struct tg_client_error *error, enum tg_dialect_id dialect, const struct operations_rule *rules,
                     size_t count);

/* Rules that several have. */
void operations_read_model(struct tg_reading *reading, struct tg_json_token *token);
void operations_read_stream(struct tg_reading *reading, struct tg_json_token *token);
void operations_read_choices(struct tg_reading *reading, struct tg_json_token *token);
void operations_read_images(struct tg_reading *reading, struct tg_json_token *token);
/* Text that counts as prompt, whatever its shape. */
void operations_read_prompt(struct tg_reading *reading, struct tg_json_token *token);
/* Texts: a string; or an array, of which each string or array is one, and all numbers together are one. */
void operations_read_inputs(struct tg_reading *reading, struct tg_json_token *token);

/* A form: `model`, `n`, `stream` and `prompt`, all else passes. */
bool operations_read_form(const struct tg_request_source *source, struct tg_model_request *request,
                          struct tg_client_error *error);

/* The model by its name at the provider, and the provider's rules. */
void operations_edit(struct tg_arena *arena, struct tg_text body, const struct tg_model_request *request,
                     const struct tg_request_target *target, struct tg_body *edited);
/* The same of a form, whose values are plain; JSON otherwise. */
void operations_edit_form(struct tg_arena *arena, struct tg_text body, const struct tg_model_request *request,
                          const struct tg_request_target *target, struct tg_body *edited);

/* ---- answers (answer.c) ---- */

/* What the members of an answer, or of an event of a stream, tell. */
struct operations_answer {
    bool is_object, has_error;
    struct tg_text usage;          /* raw: an object */
    struct tg_text billed_units;   /* raw: Cohere's meta.billed_units */
    struct tg_text usage_metadata; /* raw: Google's */
    struct tg_json_string type, model;
    int64_t data_count;  /* elements of `data`; -1: there is none */
    int64_t duration_ms; /* -1: not said */
    size_t text_bytes;   /* `text`, `delta` */
};
void operations_read_answer(struct tg_text body, struct operations_answer *answer);

/* Tokens by kind; what is not told apart of the output is of `output`. Also of the form
 * {"type":"duration","seconds":…}. False if there are no numbers that can be. */
bool operations_usage(struct tg_text object, enum tg_usage_kind output, struct tg_usage *usage);
/* {"search_units":…,"input_tokens":…,"output_tokens":…} */
bool operations_billed_units(struct tg_text object, struct tg_usage *usage);

/* The usage object at the end of an answer. */
bool operations_tail_usage(struct tg_text tail, enum tg_usage_kind output, struct tg_usage *usage);

/* Takes over what was read; usage that was told before stays where nothing is told. */
void operations_see(struct tg_seen *seen, const struct operations_answer *answer, enum tg_usage_kind output);

/* Nothing to pay for: what is counted or judged for free. */
void operations_watch_free(struct tg_seen *seen, struct tg_text body);
bool operations_tail_free(struct tg_text tail, struct tg_usage *usage);

/* An operation that does not stream has no blocks of its own. */
enum tg_block_fate operations_watch_no_block(struct tg_seen *seen, bool hides_usage, struct tg_text name,
                                             struct tg_text data);

#endif
