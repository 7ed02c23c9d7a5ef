#include "dataplane/upstream/request_head.h"

#include <assert.h>

/* Fields of the client that a provider gets to see. */
static const struct tg_text passed_names[] = {
    TG_TEXT_LITERAL("accept"),
    TG_TEXT_LITERAL("user-agent"),
    TG_TEXT_LITERAL("openai-beta"),
    TG_TEXT_LITERAL("anthropic-beta"),
    TG_TEXT_LITERAL("anthropic-version"),
    TG_TEXT_LITERAL("x-amzn-bedrock-guardrailidentifier"),
    TG_TEXT_LITERAL("x-amzn-bedrock-guardrailversion"),
    TG_TEXT_LITERAL("x-amzn-bedrock-trace"),
    TG_TEXT_LITERAL("idempotency-key"),
    TG_TEXT_LITERAL("traceparent"),
    TG_TEXT_LITERAL("tracestate"),
    TG_TEXT_LITERAL("x-client-request-id"),
};
enum { ACCEPT, USER_AGENT, PASSED_COUNT = sizeof(passed_names) / sizeof(passed_names[0]) };
static const struct tg_text STAINLESS = TG_TEXT_LITERAL("x-stainless-"); /* the SDKs' own: platform, retry count, … */

/* The index in passed_names, PASSED_COUNT for the SDKs' fields, -1 for what stays here. */
static int find_passed(struct tg_text name)
{
    for (int i = 0; i < PASSED_COUNT; ++i)
        if (name.bytes == passed_names[i].bytes && tg_text_equals_nocase(name, passed_names[i]))
            return i;
    if (name.bytes > STAINLESS.bytes && tg_text_equals_nocase(tg_text(name.data, STAINLESS.bytes), STAINLESS))
        return PASSED_COUNT;
    return -1;
}

/* Whether a comma-separated list has the word. */
static bool has_word(struct tg_text list, struct tg_text word)
{
    while (list.bytes != 0) {
        const char *comma = memchr(list.data, ',', list.bytes);
        size_t bytes = comma == NULL ? list.bytes : (size_t)(comma - list.data);
        if (tg_text_equals_nocase(tg_text_trim(tg_text(list.data, bytes)), word))
            return true;
        size_t used = comma == NULL ? bytes : bytes + 1;
        list = tg_text(list.data + used, list.bytes - used);
    }
    return false;
}

/* Named in a Connection field: for this hop only. */
static bool is_of_connection(const struct tg_http_header *headers, size_t count, struct tg_text name)
{
    static const struct tg_text CONNECTION = TG_TEXT_LITERAL("connection");
    for (size_t i = 0; i < count; ++i)
        if (headers[i].name.bytes == CONNECTION.bytes && tg_text_equals_nocase(headers[i].name, CONNECTION) &&
            has_word(headers[i].value, name))
            return true;
    return false;
}

/* `out` has room for all that can come: it was counted. */
struct head {
    char *out;
    size_t bytes;
};

static void put(struct head *head, struct tg_text text)
{
    if (text.bytes != 0)
        memcpy(head->out + head->bytes, text.data, text.bytes);
    head->bytes += text.bytes;
}

static void put_string(struct head *head, const char *string)
{
    put(head, tg_text_of(string));
}

static void put_number(struct head *head, size_t number)
{
    char digits[24];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    put(head, tg_text(digits + at, sizeof(digits) - at));
}

static void put_field(struct head *head, struct tg_text name, struct tg_text value)
{
    put(head, name);
    put_string(head, ": ");
    put(head, value);
    put_string(head, "\r\n");
}

static const struct tg_http_header *find_client_field(const struct tg_upstream_request *request, struct tg_text name)
{
    for (size_t i = 0; i < request->client_header_count; ++i)
        if (tg_text_equals_nocase(request->client_headers[i].name, name) && find_passed(name) >= 0)
            return &request->client_headers[i];
    return NULL;
}

/* Those of the provider's kind, unless the client says one of them itself. */
static void put_provider_fields(struct head *head, const struct tg_upstream_request *request)
{
    const struct tg_provider *provider = request->deployment->provider;
    for (size_t i = 0; i < provider->header_count; ++i)
        if (find_client_field(request, provider->headers[i].name) == NULL)
            put_field(head, provider->headers[i].name, provider->headers[i].value);
}

static void put_client_fields(struct head *head, const struct tg_upstream_request *request)
{
    const struct tg_http_header *headers = request->client_headers;
    size_t count = request->client_header_count;
    bool has_accept = false, has_user_agent = false;
    for (size_t i = 0; i < count; ++i) {
        int passed = find_passed(headers[i].name);
        if (passed < 0 || is_of_connection(headers, count, headers[i].name))
            continue;
        has_accept = has_accept || passed == ACCEPT;
        has_user_agent = has_user_agent || passed == USER_AGENT;
        put_field(head, headers[i].name, headers[i].value);
    }
    if (!has_accept)
        put_string(head, "Accept: */*\r\n");
    if (!has_user_agent)
        put_string(head, "User-Agent: tollgate/" TG_VERSION "\r\n");
}

/* ---- the proof ---- */

/* A token that was exchanged for the credential goes into Authorization wherever the provider's own keys go; so does a
 * key that signs nothing (https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-use.html). */
static enum tg_provider_auth auth_of(const struct tg_deployment *deployment)
{
    enum tg_provider_auth auth = deployment->provider->auth;
    if (deployment->secret.bytes == 0)
        return TG_AUTH_NONE;
    bool cannot_sign = auth == TG_AUTH_AWS_SIGV4 && deployment->credential_kind != TG_CREDENTIAL_AWS_KEYS;
    return deployment->credential_kind == TG_CREDENTIAL_BEARER_TOKEN || cannot_sign ? TG_AUTH_BEARER : auth;
}

static void put_signature(struct head *head, struct tg_arena *arena, const struct tg_upstream_request *request,
                          struct tg_text target)
{
    const struct tg_deployment *deployment = request->deployment;
    const struct tg_provider *provider = deployment->provider;
    struct tg_http_header content_type = {TG_TEXT_LITERAL("content-type"), request->content_type};
    const char *query = memchr(target.data, '?', target.bytes);
    size_t path_bytes = query == NULL ? target.bytes : (size_t)(query - target.data);
    struct tg_sigv4_request signed_request = {
        .method = request->method,
        .host = provider->host_header,
        .path = tg_text(target.data, path_bytes),
        .query = query == NULL ? tg_text(NULL, 0) : tg_text(query + 1, target.bytes - path_bytes - 1),
        .headers = &content_type,
        .header_count = request->content_type.bytes != 0,
        .body = request->body,
        .body_count = request->body_count,
    };
    struct tg_sigv4_identity identity = {
        .region = provider->region,
        .service = provider->auth_name,
        .access_key_id = deployment->access_key_id,
        .secret_access_key = deployment->secret,
        .session_token = deployment->session_token,
    };
    struct tg_sigv4_signature signature;
    tg_sigv4_sign(&signed_request, &identity, request->unix_ms, request->signing_keys, arena, &signature);
    for (size_t i = 0; i < signature.field_count; ++i)
        put_field(head, signature.fields[i].name, signature.fields[i].value);
}

static void put_proof(struct head *head, struct tg_arena *arena, const struct tg_upstream_request *request,
                      struct tg_text target)
{
    const struct tg_deployment *deployment = request->deployment;
    switch (auth_of(deployment)) {
    case TG_AUTH_BEARER:
        put_string(head, "Authorization: Bearer ");
        put(head, deployment->secret);
        put_string(head, "\r\n");
        break;
    case TG_AUTH_HEADER:
        put(head, deployment->provider->auth_name);
        put_string(head, ": ");
        put(head, deployment->provider->auth_scheme);
        put_string(head, deployment->provider->auth_scheme.bytes == 0 ? "" : " ");
        put(head, deployment->secret);
        put_string(head, "\r\n");
        break;
    case TG_AUTH_AWS_SIGV4:
        put_signature(head, arena, request, target);
        break;
    case TG_AUTH_QUERY: /* in the target */
    case TG_AUTH_NONE:
        break;
    }
}

/* ---- the request line ---- */

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

/* ':' and '@' may stand in a segment (RFC 3986 section 3.3), and names have them. */
static void put_segment(struct head *head, struct tg_text text)
{
    static const char DIGITS[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.bytes; ++i) {
        unsigned char c = (unsigned char)text.data[i];
        char escape[3] = {'%', DIGITS[c >> 4], DIGITS[c & 15]};
        bool is_plain = is_unreserved((char)c) || c == ':' || c == '@';
        put(head, is_plain ? tg_text(text.data + i, 1) : tg_text(escape, 3));
    }
}

struct tg_text tg_upstream_path(struct tg_arena *arena, struct tg_text pattern, struct tg_text upstream_model)
{
    static const struct tg_text MODEL = TG_TEXT_LITERAL("{model}");
    const char *place = pattern.bytes == 0 ? NULL : memmem(pattern.data, pattern.bytes, MODEL.data, MODEL.bytes);
    if (place == NULL)
        return pattern;
    struct head path = {tg_arena_alloc(arena, pattern.bytes + 3 * upstream_model.bytes), 0};
    size_t before = (size_t)(place - pattern.data);
    put(&path, tg_text(pattern.data, before));
    put_segment(&path, upstream_model);
    put(&path, tg_text(place + MODEL.bytes, pattern.bytes - before - MODEL.bytes));
    return tg_text(path.out, path.bytes);
}

/* Prefix, path and, where the secret goes there, the query. */
static struct tg_text put_target(struct head *head, const struct tg_upstream_request *request)
{
    const struct tg_deployment *deployment = request->deployment;
    const struct tg_provider *provider = deployment->provider;
    size_t begin = head->bytes;
    put(head, provider->path_prefix);
    put(head, request->path);
    if (head->bytes == begin)
        put_string(head, "/");
    if (auth_of(deployment) == TG_AUTH_QUERY) {
        bool has_query = request->path.bytes != 0 && memchr(request->path.data, '?', request->path.bytes) != NULL;
        put_string(head, has_query ? "&" : "?");
        put(head, provider->auth_name);
        put_string(head, "=");
        put_segment(head, deployment->secret);
    }
    return tg_text(head->out + begin, head->bytes - begin);
}

static void put_head(struct head *head, struct tg_arena *arena, const struct tg_upstream_request *request)
{
    put(head, request->method);
    put_string(head, " ");
    struct tg_text target = put_target(head, request);
    put_string(head, " HTTP/1.1\r\nHost: ");
    put(head, request->deployment->provider->host_header);
    put_string(head, "\r\n");
    put_proof(head, arena, request, target);
    if (request->content_type.bytes != 0) {
        put_string(head, "Content-Type: ");
        put(head, request->content_type);
        put_string(head, "\r\n");
    }
    put_string(head, "Accept-Encoding: identity\r\n");
    if (request->content_type.bytes != 0 || request->body_bytes != 0) {
        put_string(head, "Content-Length: ");
        put_number(head, request->body_bytes);
        put_string(head, "\r\n");
    }
    put_provider_fields(head, request);
    put_client_fields(head, request);
    put_string(head, "\r\n");
}

struct tg_text tg_upstream_request_head(struct tg_arena *arena, const struct tg_upstream_request *request)
{
    enum { MARGIN_BYTES = 1024 }; /* all that is not counted below; a signature is under 500 bytes */
    const struct tg_deployment *deployment = request->deployment;
    const struct tg_provider *provider = deployment->provider;
    size_t capacity = MARGIN_BYTES + request->method.bytes + provider->path_prefix.bytes + request->path.bytes +
                      provider->host_header.bytes + provider->auth_name.bytes + provider->auth_scheme.bytes +
                      provider->region.bytes + 3 * deployment->secret.bytes + deployment->access_key_id.bytes +
                      deployment->session_token.bytes + request->content_type.bytes;
    for (size_t i = 0; i < provider->header_count; ++i)
        capacity += provider->headers[i].name.bytes + provider->headers[i].value.bytes + 4;
    for (size_t i = 0; i < request->client_header_count; ++i)
        capacity += request->client_headers[i].name.bytes + request->client_headers[i].value.bytes + 4;
    struct head head = {tg_arena_alloc(arena, capacity), 0};
    put_head(&head, arena, request);
    assert(head.bytes <= capacity);
    return tg_text(head.out, head.bytes);
}
