/* Who calls: the API key, wherever the SDK of a dialect puts it, by its SHA-256. */
#include "common/crypto/digest.h"
#include "dataplane/pipeline/stages_internal.h"

enum { MAX_KEY_BYTES = 512 };

/* RFC 6750 section 2.1: "Bearer" and the token; the scheme in any case. Empty if it is of another scheme. */
static struct tg_text bearer_token(struct tg_text value)
{
    static const struct tg_text SCHEME = TG_TEXT_LITERAL("bearer ");
    if (value.bytes <= SCHEME.bytes || !tg_text_equals_nocase(tg_text(value.data, SCHEME.bytes), SCHEME))
        return tg_text(NULL, 0);
    return tg_text_trim(tg_text(value.data + SCHEME.bytes, value.bytes - SCHEME.bytes));
}

/* The fields that carry a key: OpenAI's, Anthropic's, Azure's, Google's. */
static struct tg_text key_in(const struct tg_http_header *header)
{
    static const struct tg_text AUTHORIZATION = TG_TEXT_LITERAL("authorization");
    static const struct tg_text BARE[] = {TG_TEXT_LITERAL("x-api-key"), TG_TEXT_LITERAL("api-key"),
                                          TG_TEXT_LITERAL("x-goog-api-key")};
    if (header->name.bytes == AUTHORIZATION.bytes && tg_text_equals_nocase(header->name, AUTHORIZATION))
        return bearer_token(header->value);
    for (size_t i = 0; i < sizeof(BARE) / sizeof(BARE[0]); ++i)
        if (header->name.bytes == BARE[i].bytes && tg_text_equals_nocase(header->name, BARE[i]))
            return tg_text_trim(header->value);
    return tg_text(NULL, 0);
}

/* TG_ERROR_NONE, and the one key that the request carries, in a field or as ?key=; the same one twice is fine. */
static enum tg_client_error_code find_key(const struct tg_http_request *request, struct tg_text *key)
{
    *key = tg_text(NULL, 0);
    for (size_t i = 0; i <= request->header_count; ++i) {
        struct tg_text found = tg_text(NULL, 0);
        if (i < request->header_count)
            found = key_in(&request->headers[i]);
        else if (!tg_http_query_param(request->query, "key", &found))
            break;
        if (found.bytes == 0 || tg_text_equals(found, *key))
            continue;
        if (key->bytes != 0)
            return TG_ERROR_CONFLICTING_API_KEYS;
        *key = found;
    }
    return key->bytes == 0 ? TG_ERROR_MISSING_API_KEY : TG_ERROR_NONE;
}

static enum tg_stage_answer refuse(struct tg_exchange *exchange, enum tg_client_error_code code)
{
    tg_exchange_add_header(exchange, "www-authenticate", tg_text_of("Bearer realm=\"tollgate\"")); /* RFC 9110 11.6.1 */
    return tg_exchange_refuse(exchange, code, NULL, 0);
}

/* Load balancers, clients that probe their base URL, and people: no key needed, nothing told. */
static enum tg_stage_answer welcome(struct tg_exchange *exchange)
{
    exchange->answer.status = exchange->http_status = 200;
    exchange->answer.body = tg_text_of(
        "{\"object\":\"gateway\",\"name\":\"tollgate\",\"message\":\"This is an AI gateway. "
        "Point the base URL of an OpenAI SDK at /v1 here, those of Anthropic's and Google's SDKs at /.\"}\n");
    exchange->outcome = TOLLGATE__V1__OUTCOME__OUTCOME_COMPLETED;
    return TG_STAGE_REPLY;
}

/* TG_ERROR_NONE, and the principal, if the caller is known. */
static enum tg_client_error_code find_caller(const tg_snapshot *snapshot, const struct tg_http_request *request,
                                             struct tg_principal *principal)
{
    uint8_t sha256[TG_SHA256_BYTES];
    struct tg_text key;
    enum tg_client_error_code code = find_key(request, &key);
    if (code != TG_ERROR_NONE)
        return code;
    if (key.bytes > MAX_KEY_BYTES)
        return TG_ERROR_INVALID_API_KEY;
    tg_sha256(key.data, key.bytes, sha256);
    return tg_snapshot_find_key(snapshot, sha256, principal) ? TG_ERROR_NONE : TG_ERROR_INVALID_API_KEY;
}

bool stage_identify_admits(const struct tg_exchange_host *host, const struct tg_http_request *request)
{
    struct tg_principal principal;
    return host->snapshot != NULL && find_caller(host->snapshot->snapshot, request, &principal) == TG_ERROR_NONE &&
           !principal.is_revoked && !stage_resolve_profile_is_expired(&principal, tg_loop_now_unix_ms(host->loop));
}

enum tg_stage_answer stage_identify_enter(struct tg_exchange *exchange)
{
    if (exchange->endpoint.endpoint == TG_ENDPOINT_ROOT &&
        tg_endpoint_allows(TG_ENDPOINT_ROOT, exchange->request->method))
        return welcome(exchange);
    if (exchange->snapshot == NULL) {
        tg_exchange_add_header(exchange, "retry-after", tg_text("1", 1));
        return tg_exchange_refuse(exchange, TG_ERROR_NOT_READY, NULL, 0);
    }
    enum tg_client_error_code code = find_caller(exchange->snapshot->snapshot, exchange->request, &exchange->principal);
    exchange->is_identified = code == TG_ERROR_NONE;
    return exchange->is_identified ? TG_STAGE_CONTINUE : refuse(exchange, code);
}
