/* What the gateway itself says to an OpenAI client: errors, whole or as the last event of a stream, and lists of
 * models. All results are in the arena. */
#ifndef TG_DIALECTS_OPENAI_ANSWER_H
#define TG_DIALECTS_OPENAI_ANSWER_H

#include "dataplane/dialects/canonical/client_error.h"

/* {"error":{"message":…,"type":…,"param":…,"code":…}} */
struct tg_text tg_openai_error_body(struct tg_arena *arena, const struct tg_client_error *error);

/* The same as an event, for a stream that has begun: SDKs raise it. */
struct tg_text tg_openai_error_event(struct tg_arena *arena, const struct tg_client_error *error);

struct tg_openai_listed_model {
    struct tg_text name;
    int64_t created_at_ms;
};

/* {"object":"list","data":[…]} */
struct tg_text tg_openai_models_body(struct tg_arena *arena, const struct tg_openai_listed_model *models, size_t count);
struct tg_text tg_openai_model_body(struct tg_arena *arena, const struct tg_openai_listed_model *model);

#endif
