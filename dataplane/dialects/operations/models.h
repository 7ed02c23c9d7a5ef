/* Lists of the models that a caller may use, as OpenAI writes them. All results are in the arena. */
#ifndef TG_OPERATIONS_MODELS_H
#define TG_OPERATIONS_MODELS_H

#include "common/base/arena.h"

struct tg_operations_listed_model {
    struct tg_text name;
    int64_t created_at_ms;
};

/* {"object":"list","data":[…]} */
struct tg_text tg_operations_models_body(struct tg_arena *arena, const struct tg_operations_listed_model *models,
                                         size_t count);
struct tg_text tg_operations_model_body(struct tg_arena *arena, const struct tg_operations_listed_model *model);

#endif
