#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dataplane/upstream/request_head.h"
#include "dataplane/upstream/response_head.h"

#define HEADER(name, value)                                                                                            \
    {                                                                                                                  \
        TG_TEXT_LITERAL(name), TG_TEXT_LITERAL(value)                                                                  \
    }

static const struct tg_provider PROVIDER = {
    .host_header = TG_TEXT_LITERAL("api.example.com"),
    .path_prefix = TG_TEXT_LITERAL("/openai/v1"),
    .auth = TG_AUTH_BEARER,
};
static const struct tg_deployment DEPLOYMENT = {.provider = &PROVIDER, .secret = TG_TEXT_LITERAL("sk-provider")};

static void assert_head(const struct tg_deployment *deployment, const struct tg_http_header *headers, size_t count,
                        const char *wanted)
{
    struct tg_arena arena;
    tg_arena_init(&arena);
    struct tg_upstream_request request = {
        .deployment = deployment,
        .method = tg_text_of("POST"),
        .path = tg_text_of("/chat/completions"),
        .content_type = tg_text_of("application/json"),
        .client_headers = headers,
        .client_header_count = count,
        .body_bytes = 1234567890,
    };
    struct tg_text head = tg_upstream_request_head(&arena, &request);
    if (!tg_text_is(head, wanted))
        fail_msg("head: %.*s\nwanted: %s", TG_TEXT_ARG(head), wanted);
    tg_arena_deinit(&arena);
}

static void only_harmless_fields_of_the_client_reach_the_provider(void **state)
{
    static const struct tg_http_header HEADERS[] = {
        HEADER("Host", "gateway"),
        HEADER("Authorization", "Bearer sk-client"),
        HEADER("api-key", "sk-client"),
        HEADER("Cookie", "a=b"),
        HEADER("Accept", "text/event-stream"),
        HEADER("Accept-Encoding", "gzip"),
        HEADER("Content-Type", "text/plain"),
        HEADER("Content-Length", "7"),
        HEADER("Transfer-Encoding", "chunked"),
        HEADER("Expect", "100-continue"),
        HEADER("Connection", "keep-alive, X-Stainless-Secret"),
        HEADER("Keep-Alive", "timeout=5"),
        HEADER("Proxy-Authorization", "Basic x"),
        HEADER("TE", "trailers"),
        HEADER("Upgrade", "h2c"),
        HEADER("X-Forwarded-For", "10.0.0.1"),
        HEADER("Forwarded", "for=10.0.0.1"),
        HEADER("OpenAI-Organization", "org-of-the-client"),
        HEADER("OpenAI-Beta", "assistants=v2"),
        HEADER("User-Agent", "OpenAI/Python 1.0"),
        HEADER("X-Stainless-Lang", "python"),
        HEADER("X-Stainless-Secret", "for one hop"),
        HEADER("x-stainless-", "nameless"),
        HEADER("Idempotency-Key", "k"),
        HEADER("traceparent", "00-1"),
        HEADER("X-Whatever", "w"),
    };
    assert_head(&DEPLOYMENT, HEADERS, sizeof(HEADERS) / sizeof(HEADERS[0]),
                "POST /openai/v1/chat/completions HTTP/1.1\r\n"
                "Host: api.example.com\r\n"
                "Authorization: Bearer sk-provider\r\n"
                "Content-Type: application/json\r\n"
                "Accept-Encoding: identity\r\n"
                "Content-Length: 1234567890\r\n"
                "Accept: text/event-stream\r\n"
                "OpenAI-Beta: assistants=v2\r\n"
                "User-Agent: OpenAI/Python 1.0\r\n"
                "X-Stainless-Lang: python\r\n"
                "Idempotency-Key: k\r\n"
                "traceparent: 00-1\r\n"
                "\r\n");
}

static void a_provider_without_a_credential_gets_none(void **state)
{
    struct tg_provider provider = {.host_header = TG_TEXT_LITERAL("[::1]:8000")};
    struct tg_deployment deployment = {.provider = &provider};
    static const struct tg_http_header HEADERS[] = {HEADER("authorization", "Bearer sk-client")};
    assert_head(&deployment, HEADERS, 1,
                "POST /chat/completions HTTP/1.1\r\n"
                "Host: [::1]:8000\r\n"
                "Content-Type: application/json\r\n"
                "Accept-Encoding: identity\r\n"
                "Content-Length: 1234567890\r\n"
                "Accept: */*\r\n"
                "User-Agent: tollgate/" TG_VERSION "\r\n"
                "\r\n");
}

/* What the head of a call to this provider is, without the fields that are always there. */
static void assert_proof(const struct tg_deployment *deployment, const char *path, const char *line, const char *field)
{
    static const struct tg_http_header HEADERS[] = {HEADER("x-api-key", "sk-client"), HEADER("Anthropic-Beta", "b")};
    struct tg_arena arena;
    struct tg_sigv4_cache keys = {.next = 0};
    static const struct tg_text BODY = TG_TEXT_LITERAL("{}");
    tg_arena_init(&arena);
    struct tg_upstream_request request = {
        .deployment = deployment,
        .method = tg_text_of("POST"),
        .path = tg_upstream_path(&arena, tg_text_of(path), deployment->upstream_model),
        .content_type = tg_text_of("application/json"),
        .client_headers = HEADERS,
        .client_header_count = 2,
        .body = &BODY,
        .body_count = 1,
        .body_bytes = 2,
        .unix_ms = 1700000000000,
        .signing_keys = &keys,
    };
    struct tg_text head = tg_upstream_request_head(&arena, &request);
    char *text = tg_text_strdup(head);
    assert_true(strncmp(text, line, strlen(line)) == 0);
    assert_non_null(strstr(text, field));
    assert_null(strstr(text, "sk-client"));
    assert_non_null(strstr(text, "\r\nAnthropic-Beta: b\r\n"));
    free(text);
    tg_arena_deinit(&arena);
}

static void each_kind_of_provider_gets_the_proof_it_wants(void **state)
{
    static const struct tg_http_header VERSION[] = {HEADER("anthropic-version", "2023-06-01")};
    struct tg_provider provider = {.host_header = tg_text_of("p"),
                                   .auth = TG_AUTH_HEADER,
                                   .auth_name = tg_text_of("x-api-key"),
                                   .headers = VERSION,
                                   .header_count = 1};
    struct tg_deployment deployment = {
        .provider = &provider, .secret = tg_text_of("s3"), .upstream_model = tg_text_of("a/b:c d")};
    assert_proof(&deployment, "/messages", "POST /messages HTTP/1.1\r\nHost: p\r\nx-api-key: s3\r\n",
                 "\r\nanthropic-version: 2023-06-01\r\n");
    deployment.credential_kind = TG_CREDENTIAL_BEARER_TOKEN;
    assert_proof(&deployment, "/messages", "POST /messages HTTP/1.1\r\n", "\r\nAuthorization: Bearer s3\r\n");
    deployment.credential_kind = TG_CREDENTIAL_API_KEY;
    provider.auth_name = tg_text_of("Authorization");
    provider.auth_scheme = tg_text_of("Token");
    assert_proof(&deployment, "/messages", "POST /messages HTTP/1.1\r\n", "\r\nAuthorization: Token s3\r\n");
    provider.auth = TG_AUTH_QUERY;
    provider.auth_name = tg_text_of("key");
    assert_proof(&deployment, "/m/{model}:go?alt=sse", "POST /m/a%2Fb:c%20d:go?alt=sse&key=s3 HTTP/1.1\r\n", "Host: p");
    assert_proof(&deployment, "/m", "POST /m?key=s3 HTTP/1.1\r\n", "Host: p");
    provider.auth = TG_AUTH_AWS_SIGV4;
    provider.auth_name = tg_text_of("bedrock");
    provider.region = tg_text_of("eu-west-1");
    assert_proof(&deployment, "/messages", "POST /messages HTTP/1.1\r\n", "\r\nAuthorization: Bearer s3\r\n");
    deployment.credential_kind = TG_CREDENTIAL_AWS_KEYS;
    deployment.access_key_id = tg_text_of("AKID");
    assert_proof(&deployment, "/model/{model}/converse", "POST /model/a%2Fb:c%20d/converse HTTP/1.1\r\n",
                 "Credential=AKID/20231114/eu-west-1/bedrock/aws4_request");
}

static void a_client_may_ask_for_another_version_of_the_dialect(void **state)
{
    static const struct tg_http_header VERSION[] = {HEADER("anthropic-version", "2023-06-01")};
    static const struct tg_http_header HEADERS[] = {HEADER("Anthropic-Version", "2027-01-01")};
    struct tg_provider provider = {.host_header = tg_text_of("p"), .headers = VERSION, .header_count = 1};
    struct tg_deployment deployment = {.provider = &provider};
    assert_head(&deployment, HEADERS, 1,
                "POST /chat/completions HTTP/1.1\r\n"
                "Host: p\r\n"
                "Content-Type: application/json\r\n"
                "Accept-Encoding: identity\r\n"
                "Content-Length: 1234567890\r\n"
                "Anthropic-Version: 2027-01-01\r\n"
                "Accept: */*\r\n"
                "User-Agent: tollgate/" TG_VERSION "\r\n"
                "\r\n");
}

static bool has(const struct tg_upstream_response *response, const char *name, const char *value)
{
    for (size_t i = 0; i < response->passed_count; ++i)
        if (tg_text_is(response->passed[i].name, name) && tg_text_is(response->passed[i].value, value))
            return true;
    return false;
}

static void only_what_helps_the_client_comes_back(void **state)
{
    static const struct tg_http_header HEADERS[] = {
        HEADER("Date", "today"),
        HEADER("Content-Type", "Text/Event-Stream; charset=utf-8"),
        HEADER("Connection", "keep-alive"),
        HEADER("Set-Cookie", "__cf_bm=x"),
        HEADER("openai-organization", "org-of-the-gateway"),
        HEADER("openai-processing-ms", "12"),
        HEADER("X-Request-ID", "req_1"),
        HEADER("X-RateLimit-Remaining-Requests", "9"),
        HEADER("Retry-After", "3"),
        HEADER("Strict-Transport-Security", "max-age=1"),
        HEADER("Server", "cloudflare"),
    };
    struct tg_upstream_response response;
    tg_upstream_read_response(HEADERS, sizeof(HEADERS) / sizeof(HEADERS[0]), &response);
    assert_true(response.is_event_stream);
    assert_false(response.is_json);
    assert_false(response.is_encoded);
    assert_true(tg_text_is(response.request_id, "req_1"));
    assert_int_equal(response.passed_count, 5);
    assert_true(has(&response, "Content-Type", "Text/Event-Stream; charset=utf-8"));
    assert_true(has(&response, "openai-processing-ms", "12"));
    assert_true(has(&response, "x-provider-request-id", "req_1"));
    assert_true(has(&response, "X-RateLimit-Remaining-Requests", "9"));
    assert_true(has(&response, "Retry-After", "3"));
}

static void json_is_told_by_its_type(void **state)
{
    static const struct {
        struct tg_http_header header;
        bool is_json;
    } CASES[] = {
        {HEADER("content-type", "application/json"), true},
        {HEADER("content-type", "application/JSON; charset=utf-8"), true},
        {HEADER("content-type", "application/problem+json"), true},
        {HEADER("content-type", "text/html"), false},
        {HEADER("content-type", ""), false},
        {HEADER("content-type", "js"), false},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); ++i) {
        struct tg_upstream_response response;
        tg_upstream_read_response(&CASES[i].header, 1, &response);
        assert_int_equal(response.is_json, CASES[i].is_json);
        assert_false(response.is_event_stream);
    }
}

static void a_content_coding_is_noticed(void **state)
{
    static const struct tg_http_header GZIP[] = {HEADER("Content-Encoding", "gzip")};
    static const struct tg_http_header IDENTITY[] = {HEADER("Content-Encoding", "identity")};
    struct tg_upstream_response response;
    tg_upstream_read_response(GZIP, 1, &response);
    assert_true(response.is_encoded);
    tg_upstream_read_response(IDENTITY, 1, &response);
    assert_false(response.is_encoded);
}

static void more_fields_than_are_passed_do_no_harm(void **state)
{
    struct tg_http_header headers[TG_HTTP_MAX_HEADERS];
    struct tg_upstream_response response;
    for (size_t i = 0; i < TG_HTTP_MAX_HEADERS; ++i)
        headers[i] = (struct tg_http_header)HEADER("x-ratelimit-x", "1");
    tg_upstream_read_response(headers, TG_HTTP_MAX_HEADERS, &response);
    assert_int_equal(response.passed_count, TG_UPSTREAM_PASSED_HEADERS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_provider_gets_the_proof_it_wants),
        cmocka_unit_test(a_client_may_ask_for_another_version_of_the_dialect),
        cmocka_unit_test(only_harmless_fields_of_the_client_reach_the_provider),
        cmocka_unit_test(a_provider_without_a_credential_gets_none),
        cmocka_unit_test(only_what_helps_the_client_comes_back),
        cmocka_unit_test(json_is_told_by_its_type),
        cmocka_unit_test(a_content_coding_is_noticed),
        cmocka_unit_test(more_fields_than_are_passed_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
