/* https://ai.google.dev/gemini-api/docs/thinking: Gemini 2.5 has budgets, 3 and later have levels, earlier ones do not
 * think; …/thought-signatures: Gemini 3 and later refuse calls of functions that lack their signature; and
 * …/function-calling#multimodal: they take pictures in a function's response. */
#include "dataplane/dialects/gemini/gemini_internal.h"

static const struct tg_text PREFIX = TG_TEXT_LITERAL("gemini-");

struct gemini_model gemini_model_of(struct tg_text name)
{
    const char *at = name.bytes == 0 ? NULL : memmem(name.data, name.bytes, PREFIX.data, PREFIX.bytes);
    struct gemini_model model = {.is_pro = false};
    if (at == NULL || at + PREFIX.bytes == name.data + name.bytes)
        return model; /* Gemma, tuned models: as the first were */
    struct tg_text version = tg_text(at + PREFIX.bytes, (size_t)(name.data + name.bytes - at) - PREFIX.bytes);
    bool is_old = version.data[0] == '1' || tg_text_starts_with(version, "2.0");
    bool is_two = tg_text_starts_with(version, "2.");
    model.is_pro = memmem(version.data, version.bytes, "pro", 3) != NULL;
    model.thinks = !is_old;
    model.thinks_by_level = model.takes_media_in_responses = model.wants_signatures = !is_old && !is_two;
    return model;
}
