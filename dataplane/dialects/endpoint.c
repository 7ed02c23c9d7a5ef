#include "dataplane/dialects/endpoint.h"

static const struct {
    const char *path;
    const char *name;
    const char *allow;
    const char *upstream_path;
} endpoints[TG_ENDPOINT_COUNT] = {
    [TG_ENDPOINT_UNKNOWN] = {"", "", "", ""},
    [TG_ENDPOINT_ROOT] = {"/", "", "GET, HEAD", ""},
    [TG_ENDPOINT_CHAT_COMPLETIONS] = {"/v1/chat/completions", "chat_completions", "POST", "/chat/completions"},
    [TG_ENDPOINT_EMBEDDINGS] = {"/v1/embeddings", "embeddings", "POST", "/embeddings"},
    [TG_ENDPOINT_MODELS] = {"/v1/models", "models", "GET, HEAD", ""},
    [TG_ENDPOINT_MODEL] = {"/v1/models/", "models", "GET, HEAD", ""},
};

const char *tg_endpoint_name(enum tg_endpoint endpoint)
{
    return (unsigned)endpoint < TG_ENDPOINT_COUNT ? endpoints[endpoint].name : "";
}

const char *tg_endpoint_allow(enum tg_endpoint endpoint)
{
    return (unsigned)endpoint < TG_ENDPOINT_COUNT ? endpoints[endpoint].allow : "";
}

const char *tg_endpoint_upstream_path(enum tg_endpoint endpoint)
{
    return (unsigned)endpoint < TG_ENDPOINT_COUNT ? endpoints[endpoint].upstream_path : "";
}

bool tg_endpoint_is_call(enum tg_endpoint endpoint)
{
    return tg_endpoint_upstream_path(endpoint)[0] != '\0';
}

enum tg_endpoint tg_endpoint_find(struct tg_text path, struct tg_text *name)
{
    static const char MODEL_PREFIX[] = "/v1/models/";
    *name = tg_text(NULL, 0);
    if (path.bytes > 1 && path.data[path.bytes - 1] == '/')
        --path.bytes;
    for (enum tg_endpoint endpoint = TG_ENDPOINT_ROOT; endpoint < TG_ENDPOINT_MODEL; ++endpoint)
        if (tg_text_is(path, endpoints[endpoint].path))
            return endpoint;
    if (!tg_text_starts_with(path, MODEL_PREFIX))
        return TG_ENDPOINT_UNKNOWN;
    *name = tg_text(path.data + sizeof(MODEL_PREFIX) - 1, path.bytes - (sizeof(MODEL_PREFIX) - 1));
    return TG_ENDPOINT_MODEL;
}

bool tg_endpoint_allows(enum tg_endpoint endpoint, struct tg_text method)
{
    if (tg_endpoint_is_call(endpoint))
        return tg_text_is(method, "POST");
    return tg_text_is(method, "GET") || tg_text_is(method, "HEAD");
}
