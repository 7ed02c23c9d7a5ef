/* Lists of the models that a caller may use, each dialect's own. All results are in the arena.
 *
 * OpenAI's: https://platform.openai.com/docs/api-reference/models/list, also for who speaks none of the others;
 * Anthropic's: https://docs.claude.com/en/api/models-list; Google's: https://ai.google.dev/api/models. */
#ifndef TG_OPERATIONS_MODELS_H
#define TG_OPERATIONS_MODELS_H

#include "dataplane/dialects/canonical/operation.h"

struct tg_operations_listed_model {
    struct tg_text name;
    enum tg_model_kind kind;
    int64_t created_at_ms;
    int64_t max_input_tokens, max_output_tokens;
};

struct tg_text tg_operations_models_body(struct tg_arena *arena, enum tg_dialect_id dialect,
                                         const struct tg_operations_listed_model *models, size_t count);
struct tg_text tg_operations_model_body(struct tg_arena *arena, enum tg_dialect_id dialect,
                                        const struct tg_operations_listed_model *model);

#endif
