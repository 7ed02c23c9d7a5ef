#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/aws/sigv4.h"

#define HEADER(name, value)                                                                                            \
    {                                                                                                                  \
        TG_TEXT_LITERAL(name), TG_TEXT_LITERAL(value)                                                                  \
    }

enum { MAX_HEADERS = 4 };

static const int64_t NOW_MS = INT64_C(1440938160000); /* 2015-08-30T12:36:00Z */

#define LONG_TOKEN                                                                                                     \
    "AQoDYXdzEPT//////////"                                                                                            \
    "wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthA"                    \
    "x7mSEI/qkPpKPi/"                                                                                                  \
    "kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9"             \
    "q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="

#define UNRESERVED "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/* AWS's test suite for this signature, by its own names: each request with the signature that AWS computed. */
static const struct {
    const char *name;
    const char *method;
    const char *path;
    const char *query;
    struct tg_http_header headers[MAX_HEADERS];
    const char *session_token;
    const char *body;
    const char *signed_names;
    const char *signature;
} suite[] = {
    {.name = "get-vanilla", .signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {.name = "get-header-key-duplicate",
     .headers = {HEADER("My-Header1", "value2"), HEADER("My-Header1", "value2"), HEADER("My-Header1", "value1")},
     .signed_names = "host;my-header1;x-amz-date",
     .signature = "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
    {.name = "get-header-value-order",
     .headers = {HEADER("My-Header1", "value4"), HEADER("My-Header1", "value1"), HEADER("My-Header1", "value3"),
                 HEADER("My-Header1", "value2")},
     .signed_names = "host;my-header1;x-amz-date",
     .signature = "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
    {.name = "get-header-value-trim",
     .headers = {HEADER("My-Header1", " value1"), HEADER("My-Header2", " \"a   b   c\"")},
     .signed_names = "host;my-header1;my-header2;x-amz-date",
     .signature = "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
    {.name = "get-unreserved",
     .path = "/" UNRESERVED,
     .signature = "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
    {.name = "get-utf8",
     .path = "/\xe1\x88\xb4",
     .signature = "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
    {.name = "get-vanilla-empty-query-key",
     .query = "Param1=value1",
     .signature = "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
    {.name = "get-vanilla-query-order-encoded",
     .query = "Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
     .signature = "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"},
    {.name = "get-vanilla-query-order-key-case",
     .query = "Param2=value2&Param1=value1",
     .signature = "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {.name = "get-vanilla-query-order-key",
     .query = "Param1=value2&Param1=Value1",
     .signature = "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1"},
    {.name = "get-vanilla-query-order-value",
     .query = "Param1=value2&Param1=value1",
     .signature = "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"},
    {.name = "get-vanilla-query-unreserved",
     .query = UNRESERVED "=" UNRESERVED,
     .signature = "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
    {.name = "get-vanilla-utf8-query",
     .query = "\xe1\x88\xb4=bar",
     .signature = "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
    {.name = "get-vanilla-with-session-token",
     .session_token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267",
     .signed_names = "host;x-amz-date;x-amz-security-token",
     .signature = "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"},
    {.name = "get-relative-relative",
     .path = "/example1/example2/../..",
     .signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {.name = "get-relative",
     .path = "/example/..",
     .signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {.name = "get-slash-dot-slash",
     .path = "/./",
     .signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {.name = "get-slash-pointless-dot",
     .path = "/./example",
     .signature = "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
    {.name = "get-slash",
     .path = "//",
     .signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {.name = "get-slashes",
     .path = "//example//",
     .signature = "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
    {.name = "get-space",
     .path = "/example space/",
     .signature = "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
    {.name = "get-special-character",
     .path = "/example/$delete",
     .signature = "a853c9b21b528b19643d00910d35b83a10c366a10833ceefb45edd6c80e40f27"},
    {.name = "post-vanilla",
     .method = "POST",
     .signature = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
    {.name = "post-header-key-sort",
     .method = "POST",
     .headers = {HEADER("My-Header1", "value1")},
     .signed_names = "host;my-header1;x-amz-date",
     .signature = "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
    {.name = "post-header-value-case",
     .method = "POST",
     .headers = {HEADER("My-Header1", "VALUE1")},
     .signed_names = "host;my-header1;x-amz-date",
     .signature = "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
    {.name = "post-sts-header-before",
     .method = "POST",
     .session_token = LONG_TOKEN,
     .signed_names = "host;x-amz-date;x-amz-security-token",
     .signature = "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
    {.name = "post-vanilla-query",
     .method = "POST",
     .query = "Param1=value1",
     .signature = "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
    {.name = "post-x-www-form-urlencoded",
     .method = "POST",
     .headers = {HEADER("Content-Type", "application/x-www-form-urlencoded")},
     .body = "Param1=value1",
     .signed_names = "content-type;host;x-amz-date",
     .signature = "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
    {.name = "post-x-www-form-urlencoded-parameters",
     .method = "POST",
     .headers = {HEADER("Content-Type", "application/x-www-form-urlencoded; charset=utf8")},
     .body = "Param1=value1",
     .signed_names = "content-type;host;x-amz-date",
     .signature = "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"},
};

static const struct tg_sigv4_identity IDENTITY = {
    .region = TG_TEXT_LITERAL("us-east-1"),
    .service = TG_TEXT_LITERAL("service"),
    .access_key_id = TG_TEXT_LITERAL("AKIDEXAMPLE"),
    .secret_access_key = TG_TEXT_LITERAL("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
};

static const struct tg_sigv4_request PLAIN = {
    .method = TG_TEXT_LITERAL("GET"), .host = TG_TEXT_LITERAL("example.amazonaws.com"), .path = TG_TEXT_LITERAL("/")};

static struct tg_text field(const struct tg_sigv4_signature *signature, const char *name)
{
    for (size_t i = 0; i < signature->field_count; ++i)
        if (tg_text_is(signature->fields[i].name, name))
            return signature->fields[i].value;
    return tg_text(NULL, 0);
}

static void requests_of_the_providers_test_suite_are_signed_as_it_says(void **state)
{
    struct tg_sigv4_cache cache = {0};
    for (size_t i = 0; i < sizeof(suite) / sizeof(suite[0]); ++i) {
        struct tg_arena arena;
        tg_arena_init(&arena);
        struct tg_text body = tg_text_of(suite[i].body);
        struct tg_sigv4_request request = PLAIN;
        struct tg_sigv4_identity identity = IDENTITY;
        if (suite[i].method != NULL)
            request.method = tg_text_of(suite[i].method);
        if (suite[i].path != NULL)
            request.path = tg_text_of(suite[i].path);
        request.query = tg_text_of(suite[i].query);
        request.headers = suite[i].headers;
        while (request.header_count < MAX_HEADERS && suite[i].headers[request.header_count].name.bytes != 0)
            ++request.header_count;
        request.body = &body;
        request.body_count = suite[i].body != NULL;
        identity.session_token = tg_text_of(suite[i].session_token);
        struct tg_sigv4_signature signature;
        tg_sigv4_sign(&request, &identity, NOW_MS, i % 2 == 0 ? &cache : NULL, &arena, &signature);
        struct tg_text expected = tg_arena_printf(
            &arena,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=%s, "
            "Signature=%s",
            suite[i].signed_names == NULL ? "host;x-amz-date" : suite[i].signed_names, suite[i].signature);
        struct tg_text actual = field(&signature, "Authorization");
        if (!tg_text_equals(actual, expected))
            fail_msg("%s: %.*s\ninstead of %.*s", suite[i].name, TG_TEXT_ARG(actual), TG_TEXT_ARG(expected));
        assert_true(tg_text_is(field(&signature, "X-Amz-Date"), "20150830T123600Z"));
        assert_true(tg_text_equals(field(&signature, "X-Amz-Security-Token"), identity.session_token));
        assert_int_equal(signature.field_count, suite[i].session_token == NULL ? 2 : 3);
        tg_arena_deinit(&arena);
    }
    assert_int_equal(cache.next, 1); /* one key for all of them */
}

/* The signature of a request, with or without cache, as text that outlives the arena. */
static void sign(const struct tg_sigv4_request *request, const struct tg_sigv4_identity *identity, int64_t now_ms,
                 struct tg_sigv4_cache *cache, char out[512])
{
    struct tg_arena arena;
    tg_arena_init(&arena);
    struct tg_sigv4_signature signature;
    tg_sigv4_sign(request, identity, now_ms, cache, &arena, &signature);
    snprintf(out, 512, "%.*s", TG_TEXT_ARG(field(&signature, "Authorization")));
    tg_arena_deinit(&arena);
}

static void a_body_in_pieces_is_signed_as_one(void **state)
{
    static const char BODY[] = "{\"messages\":[]}";
    for (size_t cut = 0; cut < sizeof(BODY); ++cut) {
        struct tg_text whole = tg_text_of(BODY);
        struct tg_text pieces[] = {tg_text(BODY, cut), tg_text(NULL, 0), tg_text(BODY + cut, sizeof(BODY) - 1 - cut)};
        struct tg_sigv4_request request = PLAIN;
        char expected[512], actual[512];
        request.body = &whole;
        request.body_count = 1;
        sign(&request, &IDENTITY, NOW_MS, NULL, expected);
        request.body = pieces;
        request.body_count = 3;
        sign(&request, &IDENTITY, NOW_MS, NULL, actual);
        assert_string_equal(actual, expected);
    }
}

static void the_digest_of_the_body_is_sent_and_signed_if_asked_for(void **state)
{
    struct tg_arena arena;
    tg_arena_init(&arena);
    struct tg_text body = tg_text_of("abc");
    struct tg_sigv4_request request = PLAIN;
    request.body = &body;
    request.body_count = 1;
    request.sends_body_sha256 = true;
    struct tg_sigv4_signature signature;
    tg_sigv4_sign(&request, &IDENTITY, NOW_MS, NULL, &arena, &signature);
    assert_true(tg_text_is(field(&signature, "X-Amz-Content-Sha256"),
                           "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    struct tg_text proof = field(&signature, "Authorization");
    const char *names = "SignedHeaders=host;x-amz-content-sha256;x-amz-date,";
    assert_non_null(memmem(proof.data, proof.bytes, names, strlen(names)));
    tg_arena_deinit(&arena);
}

/* Each differs from the one before in one thing that the signing key is made from. */
static const struct {
    struct tg_text region, service, secret;
    int64_t days_later;
} origins[] = {
    {TG_TEXT_LITERAL("us-east-1"), TG_TEXT_LITERAL("bedrock"), TG_TEXT_LITERAL("secret"), 0},
    {TG_TEXT_LITERAL("us-east-1"), TG_TEXT_LITERAL("bedrock"), TG_TEXT_LITERAL("secreT"), 0},
    {TG_TEXT_LITERAL("us-east-2"), TG_TEXT_LITERAL("bedrock"), TG_TEXT_LITERAL("secreT"), 0},
    {TG_TEXT_LITERAL("us-east-2"), TG_TEXT_LITERAL("sts"), TG_TEXT_LITERAL("secreT"), 0},
    {TG_TEXT_LITERAL("us-east-2"), TG_TEXT_LITERAL("sts"), TG_TEXT_LITERAL("secreT"), 1},
};

static void a_cached_key_is_used_for_nothing_else(void **state)
{
    enum { ORIGINS = sizeof(origins) / sizeof(origins[0]), ROUNDS = 3 };
    struct tg_sigv4_cache cache = {0};
    for (int round = 0; round < ROUNDS; ++round)
        for (size_t i = 0; i < ORIGINS; ++i) {
            struct tg_sigv4_identity identity = {.region = origins[i].region,
                                                 .service = origins[i].service,
                                                 .access_key_id = TG_TEXT_LITERAL("AKID"),
                                                 .secret_access_key = origins[i].secret};
            int64_t now_ms = NOW_MS + origins[i].days_later * 86400000 + round * 1000;
            char expected[512], actual[512];
            sign(&PLAIN, &identity, now_ms, NULL, expected);
            sign(&PLAIN, &identity, now_ms, &cache, actual);
            assert_string_equal(actual, expected);
        }
    assert_int_equal(cache.next, ORIGINS);
}

static void more_keys_than_the_cache_holds_replace_each_other(void **state)
{
    struct tg_sigv4_cache cache = {0};
    for (int i = 0; i < 3 * TG_SIGV4_CACHED_KEYS; ++i) {
        char secret[32], expected[512], actual[512];
        snprintf(secret, sizeof(secret), "secret-%d", i);
        struct tg_sigv4_identity identity = IDENTITY;
        identity.secret_access_key = tg_text_of(secret);
        sign(&PLAIN, &identity, NOW_MS, NULL, expected);
        sign(&PLAIN, &identity, NOW_MS, &cache, actual);
        assert_string_equal(actual, expected);
    }
}

static void paths_that_mean_the_same_are_signed_alike(void **state)
{
    static const struct {
        const char *path;
        const char *same;
    } pairs[] = {
        {"", "/"},
        {"/..", "/"},
        {"/../a", "/a"},
        {"/a/..", "/"},
        {"/a/b/..", "/a"},
        {"/a/b/../", "/a/"},
        {"/a//b", "/a/b"},
        {"/a/./b/.", "/a/b"},
        {"/a/../", "/"},
        {"/a/../../../b/", "/b/"},
        {"/...", "/..."},
        {"/a../b", "/a../b"},
        {"/%2E%2E/a", "/%2E%2E/a"},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); ++i) {
        struct tg_sigv4_request request = PLAIN;
        char expected[512], actual[512];
        request.path = tg_text_of(pairs[i].same);
        sign(&request, &IDENTITY, NOW_MS, NULL, expected);
        request.path = tg_text_of(pairs[i].path);
        sign(&request, &IDENTITY, NOW_MS, NULL, actual);
        if (strcmp(actual, expected) != 0)
            fail_msg("%s is not signed as %s", pairs[i].path, pairs[i].same);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_of_the_providers_test_suite_are_signed_as_it_says),
        cmocka_unit_test(a_body_in_pieces_is_signed_as_one),
        cmocka_unit_test(the_digest_of_the_body_is_sent_and_signed_if_asked_for),
        cmocka_unit_test(a_cached_key_is_used_for_nothing_else),
        cmocka_unit_test(more_keys_than_the_cache_holds_replace_each_other),
        cmocka_unit_test(paths_that_mean_the_same_are_signed_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
