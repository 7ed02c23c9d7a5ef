/* What a call asks a model for. Which dialect says it and at which path is the endpoint's and the provider's business.
 */
#ifndef TG_CANONICAL_OPERATION_H
#define TG_CANONICAL_OPERATION_H

#include "dataplane/dialects/canonical/request.h"

enum tg_operation {
    TG_OPERATION_GENERATE, /* a conversation goes on: the one that is translated between dialects */
    TG_OPERATION_COUNT_TOKENS,
    TG_OPERATION_COMPLETE, /* OpenAI's legacy completions */
    TG_OPERATION_EMBED,
    TG_OPERATION_MODERATE,
    TG_OPERATION_RERANK,
    TG_OPERATION_IMAGE,
    TG_OPERATION_IMAGE_EDIT, /* with pictures in the request: edits and variations */
    TG_OPERATION_SPEECH,
    TG_OPERATION_TRANSCRIBE, /* translations of speech, too */
    TG_OPERATION_NATIVE,     /* anything else that a provider has, in its own words */
    TG_OPERATION_COUNT
};

/* "generate", "count_tokens", …: as the provider registry writes them. */
const char *tg_operation_name(enum tg_operation operation);
/* False if there is none of that name. */
bool tg_operation_named(struct tg_text name, enum tg_operation *operation);

/* What a model is for: each operation is asked of one kind. */
enum tg_model_kind {
    TG_MODEL_CHAT,
    TG_MODEL_COMPLETION,
    TG_MODEL_EMBEDDING,
    TG_MODEL_MODERATION,
    TG_MODEL_RERANK,
    TG_MODEL_IMAGE,
    TG_MODEL_SPEECH,
    TG_MODEL_TRANSCRIPTION,
    TG_MODEL_NATIVE, /* no model: all else that a provider has */
    TG_MODEL_KIND_COUNT
};
const char *tg_model_kind_name(enum tg_model_kind kind); /* "chat", … */
bool tg_model_kind_named(struct tg_text name, enum tg_model_kind *kind);
/* Whether a model of that kind can be asked for an operation. */
bool tg_model_kind_does(enum tg_model_kind kind, enum tg_operation operation);
/* Where it is asked, for messages to people: "POST /v1/embeddings". */
const char *tg_model_kind_place(enum tg_model_kind kind);

/* "chat", "responses", "messages", "gemini", "converse". Operations other than generate are said in the family of one
 * of these: OpenAI's are "chat". */
const char *tg_dialect_id_name(enum tg_dialect_id dialect);
bool tg_dialect_id_named(struct tg_text name, enum tg_dialect_id *dialect);

#endif
