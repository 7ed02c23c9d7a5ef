#include "common/tokens/tokens.h"

const char *tg_vocabulary_name(enum tg_vocabulary vocabulary)
{
    return vocabulary == TG_VOCABULARY_CL100K ? "cl100k_base" : "o200k_base";
}

/* The model families before gpt-4o and the embedding models, as in tiktoken's own list (tiktoken/model.py). A name
 * belongs to a family if nothing, or a version behind a dash or colon, follows. */
static const char *const cl100k_families[] = {
    "gpt-4",
    "gpt-3.5",
    "gpt-35", /* Azure's way to write it */
    "text-embedding-3",
    "text-embedding-ada-002",
    "davinci-002",
    "babbage-002",
};

static bool is_of_family(struct tg_text model, const char *family)
{
    size_t bytes = strlen(family);
    return tg_text_starts_with(model, family) &&
           (model.bytes == bytes || model.data[bytes] == '-' || model.data[bytes] == ':');
}

enum tg_vocabulary tg_vocabulary_for_model(struct tg_text model)
{
    const char *slash = model.bytes == 0 ? NULL : memrchr(model.data, '/', model.bytes);
    if (slash != NULL)
        model = tg_text(slash + 1, (size_t)(model.data + model.bytes - slash - 1));
    if (tg_text_starts_with(model, "ft:"))
        model = tg_text(model.data + 3, model.bytes - 3);
    for (size_t i = 0; i < sizeof(cl100k_families) / sizeof(*cl100k_families); ++i)
        if (is_of_family(model, cl100k_families[i]))
            return TG_VOCABULARY_CL100K;
    return TG_VOCABULARY_O200K;
}
