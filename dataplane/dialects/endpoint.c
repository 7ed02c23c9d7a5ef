#include "dataplane/dialects/endpoint.h"

/* ---- what they are ---- */

static const char POST[] = "POST";
static const char GET[] = "GET, HEAD";
static const char ANY[] = "GET, HEAD, POST, PUT, PATCH, DELETE";

static const struct {
    const char *name;
    const char *allow;
    enum tg_operation operation;
    enum tg_dialect_id dialect;
} endpoints[TG_ENDPOINT_COUNT] = {
    [TG_ENDPOINT_UNKNOWN] = {"", "", TG_OPERATION_COUNT, TG_DIALECT_CHAT},
    [TG_ENDPOINT_ROOT] = {"", GET, TG_OPERATION_COUNT, TG_DIALECT_CHAT},
    [TG_ENDPOINT_CHAT_COMPLETIONS] = {"chat_completions", POST, TG_OPERATION_GENERATE, TG_DIALECT_CHAT},
    [TG_ENDPOINT_RESPONSES] = {"responses", POST, TG_OPERATION_GENERATE, TG_DIALECT_RESPONSES},
    [TG_ENDPOINT_MESSAGES] = {"messages", POST, TG_OPERATION_GENERATE, TG_DIALECT_MESSAGES},
    [TG_ENDPOINT_GENERATE_CONTENT] = {"generate_content", POST, TG_OPERATION_GENERATE, TG_DIALECT_GEMINI},
    [TG_ENDPOINT_CONVERSE] = {"converse", POST, TG_OPERATION_GENERATE, TG_DIALECT_CONVERSE},
    [TG_ENDPOINT_COUNT_TOKENS] = {"count_tokens", POST, TG_OPERATION_COUNT_TOKENS, TG_DIALECT_MESSAGES},
    [TG_ENDPOINT_GEMINI_COUNT_TOKENS] = {"count_tokens", POST, TG_OPERATION_COUNT_TOKENS, TG_DIALECT_GEMINI},
    [TG_ENDPOINT_COMPLETIONS] = {"completions", POST, TG_OPERATION_COMPLETE, TG_DIALECT_CHAT},
    [TG_ENDPOINT_EMBEDDINGS] = {"embeddings", POST, TG_OPERATION_EMBED, TG_DIALECT_CHAT},
    [TG_ENDPOINT_EMBED_CONTENT] = {"embed_content", POST, TG_OPERATION_EMBED, TG_DIALECT_GEMINI},
    [TG_ENDPOINT_BATCH_EMBED_CONTENTS] = {"embed_content", POST, TG_OPERATION_EMBED, TG_DIALECT_GEMINI},
    [TG_ENDPOINT_MODERATIONS] = {"moderations", POST, TG_OPERATION_MODERATE, TG_DIALECT_CHAT},
    [TG_ENDPOINT_RERANK] = {"rerank", POST, TG_OPERATION_RERANK, TG_DIALECT_CHAT},
    [TG_ENDPOINT_IMAGES] = {"images", POST, TG_OPERATION_IMAGE, TG_DIALECT_CHAT},
    [TG_ENDPOINT_IMAGE_EDITS] = {"image_edits", POST, TG_OPERATION_IMAGE_EDIT, TG_DIALECT_CHAT},
    [TG_ENDPOINT_SPEECH] = {"speech", POST, TG_OPERATION_SPEECH, TG_DIALECT_CHAT},
    [TG_ENDPOINT_TRANSCRIPTIONS] = {"transcriptions", POST, TG_OPERATION_TRANSCRIBE, TG_DIALECT_CHAT},
    [TG_ENDPOINT_NATIVE] = {"native", ANY, TG_OPERATION_NATIVE, TG_DIALECT_CHAT},
    [TG_ENDPOINT_MODELS] = {"models", GET, TG_OPERATION_COUNT, TG_DIALECT_CHAT},
    [TG_ENDPOINT_MODEL] = {"models", GET, TG_OPERATION_COUNT, TG_DIALECT_CHAT},
    [TG_ENDPOINT_GEMINI_MODELS] = {"models", GET, TG_OPERATION_COUNT, TG_DIALECT_GEMINI},
    [TG_ENDPOINT_GEMINI_MODEL] = {"models", GET, TG_OPERATION_COUNT, TG_DIALECT_GEMINI},
};

/* ---- where they are ---- */

/* A path is `before`, and where there is a model that, and `after`. The first that fits is meant; the most used stand
 * first. OpenAI's are at /v1 and, as LiteLLM has them and Azure's and Google's compatible addresses do, elsewhere. */
struct place {
    struct tg_text before;
    enum { NO_MODEL, MODEL } has_model;
    struct tg_text after;
    enum tg_endpoint endpoint;
    bool is_streaming;
};

#define AT(path, endpoint)                                                                                             \
    {                                                                                                                  \
        TG_TEXT_LITERAL(path), NO_MODEL, TG_TEXT_LITERAL(""), endpoint, false                                          \
    }
#define WITH_MODEL(before, after, endpoint)                                                                            \
    {                                                                                                                  \
        TG_TEXT_LITERAL(before), MODEL, TG_TEXT_LITERAL(after), endpoint, false                                        \
    }
#define STREAM(before, after, endpoint)                                                                                \
    {                                                                                                                  \
        TG_TEXT_LITERAL(before), MODEL, TG_TEXT_LITERAL(after), endpoint, true                                         \
    }
#define OPENAI(path, endpoint) AT("/v1" path, endpoint), AT(path, endpoint)
#define AZURE(path, endpoint)  WITH_MODEL("/openai/deployments/", path, endpoint)
#define GEMINI(action, endpoint)                                                                                       \
    WITH_MODEL("/v1beta/models/", ":" action, endpoint), WITH_MODEL("/v1/models/", ":" action, endpoint)

static const struct place places[] = {
    OPENAI("/chat/completions", TG_ENDPOINT_CHAT_COMPLETIONS),
    OPENAI("/messages", TG_ENDPOINT_MESSAGES),
    OPENAI("/responses", TG_ENDPOINT_RESPONSES),
    OPENAI("/embeddings", TG_ENDPOINT_EMBEDDINGS),
    OPENAI("/models", TG_ENDPOINT_MODELS),
    OPENAI("/messages/count_tokens", TG_ENDPOINT_COUNT_TOKENS),
    OPENAI("/completions", TG_ENDPOINT_COMPLETIONS),
    OPENAI("/moderations", TG_ENDPOINT_MODERATIONS),
    OPENAI("/rerank", TG_ENDPOINT_RERANK),
    AT("/v2/rerank", TG_ENDPOINT_RERANK),
    OPENAI("/images/generations", TG_ENDPOINT_IMAGES),
    OPENAI("/images/edits", TG_ENDPOINT_IMAGE_EDITS),
    OPENAI("/images/variations", TG_ENDPOINT_IMAGE_EDITS),
    OPENAI("/audio/speech", TG_ENDPOINT_SPEECH),
    OPENAI("/audio/transcriptions", TG_ENDPOINT_TRANSCRIPTIONS),
    OPENAI("/audio/translations", TG_ENDPOINT_TRANSCRIPTIONS),
    GEMINI("generateContent", TG_ENDPOINT_GENERATE_CONTENT),
    STREAM("/v1beta/models/", ":streamGenerateContent", TG_ENDPOINT_GENERATE_CONTENT),
    STREAM("/v1/models/", ":streamGenerateContent", TG_ENDPOINT_GENERATE_CONTENT),
    GEMINI("countTokens", TG_ENDPOINT_GEMINI_COUNT_TOKENS),
    GEMINI("embedContent", TG_ENDPOINT_EMBED_CONTENT),
    GEMINI("batchEmbedContents", TG_ENDPOINT_BATCH_EMBED_CONTENTS),
    AT("/v1beta/models", TG_ENDPOINT_GEMINI_MODELS),
    WITH_MODEL("/v1beta/models/", "", TG_ENDPOINT_GEMINI_MODEL),
    WITH_MODEL("/v1/models/", "", TG_ENDPOINT_MODEL),
    WITH_MODEL("/models/", "", TG_ENDPOINT_MODEL),
    STREAM("/model/", "/converse-stream", TG_ENDPOINT_CONVERSE),
    WITH_MODEL("/model/", "/converse", TG_ENDPOINT_CONVERSE),
    AZURE("/chat/completions", TG_ENDPOINT_CHAT_COMPLETIONS),
    AZURE("/embeddings", TG_ENDPOINT_EMBEDDINGS),
    AZURE("/completions", TG_ENDPOINT_COMPLETIONS),
    AZURE("/images/generations", TG_ENDPOINT_IMAGES),
    AZURE("/images/edits", TG_ENDPOINT_IMAGE_EDITS),
    AZURE("/audio/speech", TG_ENDPOINT_SPEECH),
    AZURE("/audio/transcriptions", TG_ENDPOINT_TRANSCRIPTIONS),
    AZURE("/audio/translations", TG_ENDPOINT_TRANSCRIPTIONS),
};
enum { PLACE_COUNT = sizeof(places) / sizeof(places[0]) };

/* OpenAI's addresses that are no calls of a model but belong to some provider: they are native wherever they stand. */
static const struct tg_text native_places[] = {
    TG_TEXT_LITERAL("/v1/files"),
    TG_TEXT_LITERAL("/v1/batches"),
    TG_TEXT_LITERAL("/v1/uploads"),
    TG_TEXT_LITERAL("/v1/responses"),
    TG_TEXT_LITERAL("/v1/conversations"),
    TG_TEXT_LITERAL("/v1/vector_stores"),
    TG_TEXT_LITERAL("/v1/chat/completions"),
    TG_TEXT_LITERAL("/v1/containers"),
};
enum { NATIVE_PLACE_COUNT = sizeof(native_places) / sizeof(native_places[0]) };

/* Kinds of providers that have a name of their own in paths; a kind of the registry belongs to the one it begins with
 * ("azure_ai" to "azure"). */
static const struct tg_text provider_names[] = {
    TG_TEXT_LITERAL("openai"),  TG_TEXT_LITERAL("anthropic"), TG_TEXT_LITERAL("gemini"),  TG_TEXT_LITERAL("vertex"),
    TG_TEXT_LITERAL("bedrock"), TG_TEXT_LITERAL("azure"),     TG_TEXT_LITERAL("mistral"), TG_TEXT_LITERAL("cohere"),
};
enum { PROVIDER_NAME_COUNT = sizeof(provider_names) / sizeof(provider_names[0]) };

static bool begins_with(struct tg_text text, struct tg_text start)
{
    return text.bytes >= start.bytes && memcmp(text.data, start.data, start.bytes) == 0;
}

static bool ends_with(struct tg_text text, struct tg_text end)
{
    return text.bytes >= end.bytes && memcmp(text.data + text.bytes - end.bytes, end.data, end.bytes) == 0;
}

static bool fits(const struct place *place, struct tg_text path, struct tg_text *model)
{
    if (place->has_model == NO_MODEL)
        return tg_text_equals(path, place->before);
    if (path.bytes <= place->before.bytes + place->after.bytes || !begins_with(path, place->before) ||
        !ends_with(path, place->after))
        return false;
    *model = tg_text(path.data + place->before.bytes, path.bytes - place->before.bytes - place->after.bytes);
    return true;
}

static bool find_place(struct tg_text path, struct tg_endpoint_match *match)
{
    for (size_t i = 0; i < PLACE_COUNT; ++i) {
        struct tg_text model = {NULL, 0};
        if (!fits(&places[i], path, &model))
            continue;
        match->endpoint = places[i].endpoint;
        match->is_streaming = places[i].is_streaming;
        match->model = model;
        return true;
    }
    return false;
}

/* "/anthropic/v1/messages": the name goes, the rest is a path. */
static bool take_provider_name(struct tg_text *path, struct tg_text *name)
{
    for (size_t i = 0; i < PROVIDER_NAME_COUNT; ++i) {
        struct tg_text candidate = provider_names[i];
        size_t bytes = candidate.bytes + 1;
        if (path->bytes < bytes || path->data[0] != '/' ||
            memcmp(path->data + 1, candidate.data, candidate.bytes) != 0 ||
            (path->bytes > bytes && path->data[bytes] != '/'))
            continue;
        *name = candidate;
        *path = path->bytes == bytes ? tg_text("/", 1) : tg_text(path->data + bytes, path->bytes - bytes);
        return true;
    }
    return false;
}

/* "/v1/files" or below it; of what is a call by itself only below. */
static bool is_native_place(struct tg_text path)
{
    for (size_t i = 0; i < NATIVE_PLACE_COUNT; ++i) {
        struct tg_text place = native_places[i];
        if (begins_with(path, place) && (path.bytes == place.bytes || path.data[place.bytes] == '/'))
            return true;
    }
    return false;
}

static void find(struct tg_text path, struct tg_endpoint_match *match)
{
    if (path.bytes > 1 && path.data[path.bytes - 1] == '/')
        --path.bytes;
    if (tg_text_is(path, "/")) {
        match->endpoint = TG_ENDPOINT_ROOT;
        return;
    }
    if (find_place(path, match))
        return;
    if (is_native_place(path)) {
        match->endpoint = TG_ENDPOINT_NATIVE;
        match->rest = path;
        return;
    }
    if (!take_provider_name(&path, &match->provider_kind))
        return;
    if (tg_text_is(path, "/")) {
        match->endpoint = TG_ENDPOINT_ROOT;
        return;
    }
    match->rest = path;
    if (!find_place(path, match))
        match->endpoint = TG_ENDPOINT_NATIVE;
}

/* Whose words a provider understands of which nothing else is known. */
static enum tg_dialect_id dialect_of_provider(struct tg_text name)
{
    if (tg_text_is(name, "anthropic"))
        return TG_DIALECT_MESSAGES;
    if (tg_text_is(name, "gemini") || tg_text_is(name, "vertex"))
        return TG_DIALECT_GEMINI;
    return tg_text_is(name, "bedrock") ? TG_DIALECT_CONVERSE : TG_DIALECT_CHAT;
}

void tg_endpoint_find(struct tg_text path, struct tg_endpoint_match *match)
{
    *match = (struct tg_endpoint_match){.endpoint = TG_ENDPOINT_UNKNOWN};
    find(path, match);
    bool is_any = match->endpoint == TG_ENDPOINT_NATIVE || match->endpoint == TG_ENDPOINT_UNKNOWN ||
                  match->endpoint == TG_ENDPOINT_ROOT;
    match->dialect = is_any ? dialect_of_provider(match->provider_kind) : endpoints[match->endpoint].dialect;
}

/* ---- what is asked of them ---- */

const char *tg_endpoint_name(enum tg_endpoint endpoint)
{
    return (unsigned)endpoint < TG_ENDPOINT_COUNT ? endpoints[endpoint].name : "";
}

const char *tg_endpoint_allow(enum tg_endpoint endpoint)
{
    return (unsigned)endpoint < TG_ENDPOINT_COUNT ? endpoints[endpoint].allow : "";
}

bool tg_endpoint_allows(enum tg_endpoint endpoint, struct tg_text method)
{
    const char *allow = tg_endpoint_allow(endpoint);
    if (allow == POST)
        return tg_text_is(method, "POST");
    if (allow == GET)
        return tg_text_is(method, "GET") || tg_text_is(method, "HEAD");
    return allow == ANY;
}

bool tg_endpoint_is_call(enum tg_endpoint endpoint)
{
    return tg_endpoint_operation(endpoint) != TG_OPERATION_COUNT;
}

enum tg_operation tg_endpoint_operation(enum tg_endpoint endpoint)
{
    return (unsigned)endpoint < TG_ENDPOINT_COUNT ? endpoints[endpoint].operation : TG_OPERATION_COUNT;
}
