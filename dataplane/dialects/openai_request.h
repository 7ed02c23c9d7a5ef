/* Reads the body of an OpenAI request (chat completions, embeddings) in one pass: what the gateway decides by, and
 * where it stands, so that single values can be replaced while all other bytes go to the provider as they came.
 *
 * https://platform.openai.com/docs/api-reference/chat/create and .../embeddings/create. Fields that the gateway does
 * not govern are not judged: the provider knows them better. Pure. */
#ifndef TG_DIALECTS_OPENAI_REQUEST_H
#define TG_DIALECTS_OPENAI_REQUEST_H

#include "common/base/status.h"
#include "dataplane/dialects/canonical/client_error.h"
#include "dataplane/dialects/endpoint.h"

/* Where a value stands in the body; `bytes` is 0 if it is not there. Strings without their quotes. */
struct tg_body_span {
    size_t at;
    size_t bytes;
};

enum { TG_OPENAI_MAX_CHOICES = 128, TG_OPENAI_MAX_MODEL_NAME_BYTES = 256 };

struct tg_openai_request {
    struct tg_text model; /* escapes resolved */
    bool is_streaming;
    bool wants_usage;          /* the client itself asked for the usage chunk */
    int64_t choices;           /* n */
    int64_t max_output_tokens; /* per choice; the larger one if both fields are there; 0: the client set none */
    int64_t prediction_bytes;  /* of `prediction`: rejected ones are billed as output */
    size_t prompt_bytes;       /* of messages and tools, or of input */
    int64_t inputs;            /* embeddings: how many texts; max_input_tokens holds for each */
    bool is_beyond_text;       /* images, audio, files, web search: bytes do not bound the prompt's tokens */

    struct tg_body_span model_span;
    struct tg_body_span stream_options_span; /* null, or the opening brace */
    struct tg_body_span include_usage_span;  /* its value inside stream_options */
    enum { TG_STREAM_OPTIONS_NONE, TG_STREAM_OPTIONS_EMPTY, TG_STREAM_OPTIONS_FILLED } stream_options; /* members? */
    struct tg_body_span max_tokens_span;
    struct tg_body_span max_completion_tokens_span;
    size_t first_member_at; /* behind the opening brace */
};

/* False, and *error says why, if the body cannot be used. `arena` takes what has to be unescaped. */
bool tg_openai_request_read(struct tg_arena *arena, enum tg_endpoint endpoint, struct tg_text body,
                            struct tg_openai_request *request, struct tg_client_error *error) TG_MUST_CHECK;

#endif
