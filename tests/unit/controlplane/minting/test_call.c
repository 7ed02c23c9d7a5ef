/* What token endpoints are asked, and what is made of their answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "controlplane/minting/call.h"

static const int64_t NOW_MS = INT64_C(1440938160000); /* 2015-08-30T12:36:00Z */

struct fixture {
    struct tg_arena arena;
    struct tg_mint_call call;
    struct tg_token token;
    struct tg_error error;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    tg_arena_init(&fixture->arena);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    tg_buf_deinit(&fixture->call.body);
    tg_arena_deinit(&fixture->arena);
    free(fixture);
    return 0;
}

static enum tg_status make(struct fixture *fixture, const struct tg_mint_source *source)
{
    tg_buf_deinit(&fixture->call.body);
    return tg_mint_call_make(source, NOW_MS, &fixture->arena, &fixture->call, &fixture->error);
}

static enum tg_status read_answer(struct fixture *fixture, const char *kind, int http_status, const char *body)
{
    struct tg_mint_source source = {.kind = tg_text_of(kind)};
    return tg_mint_answer_read(&source, http_status, tg_text_of(body), NOW_MS, &fixture->arena, &fixture->token,
                               &fixture->error);
}

static struct tg_text header(const struct fixture *fixture, const char *name)
{
    for (size_t i = 0; i < fixture->call.header_count; ++i)
        if (tg_text_is(fixture->call.headers[i].name, name))
            return fixture->call.headers[i].value;
    return tg_text(NULL, 0);
}

static const struct tg_mint_source ROLE = {
    .kind = TG_TEXT_LITERAL("aws_assume_role"),
    .secret = TG_TEXT_LITERAL("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
    .access_key_id = TG_TEXT_LITERAL("AKIDEXAMPLE"),
    .role_arn = TG_TEXT_LITERAL("arn:aws:iam::1:role/a+b"),
    .session_name = TG_TEXT_LITERAL("tollgate-1"),
    .session_duration_s = 900,
};

static void a_role_is_assumed_at_the_region_s_endpoint_with_a_signature(void **state)
{
    struct fixture *fixture = *state;
    struct tg_mint_source source = ROLE;
    source.region = tg_text_of("eu-west-1");
    source.external_id = tg_text_of("x&y=z");
    source.session_token = tg_text_of("source-session");
    assert_int_equal(make(fixture, &source), TG_OK);
    assert_string_equal(fixture->call.url.data, "https://sts.eu-west-1.amazonaws.com/");
    assert_true(tg_text_is(tg_buf_text(&fixture->call.body),
                           "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fa%2Bb"
                           "&RoleSessionName=tollgate-1&DurationSeconds=900&ExternalId=x%26y%3Dz"));
    assert_true(tg_text_starts_with(header(fixture, "Authorization"),
                                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/eu-west-1/sts/aws4_request, "
                                    "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature="));
    assert_true(tg_text_is(header(fixture, "X-Amz-Date"), "20150830T123600Z"));
    assert_true(tg_text_is(header(fixture, "X-Amz-Security-Token"), "source-session"));
}

static void without_a_region_it_is_the_global_one_and_an_address_of_one_s_own_is_taken_as_it_is(void **state)
{
    struct fixture *fixture = *state;
    struct tg_mint_source source = ROLE;
    assert_int_equal(make(fixture, &source), TG_OK);
    assert_string_equal(fixture->call.url.data, "https://sts.us-east-1.amazonaws.com/");
    source.token_url = tg_text_of("https://vpce.example:8443");
    assert_int_equal(make(fixture, &source), TG_OK);
    assert_string_equal(fixture->call.url.data, "https://vpce.example:8443");
    source.token_url = tg_text_of("http://vpce.example");
    assert_int_equal(make(fixture, &source), TG_INVALID);
}

static void a_workload_proves_itself_by_its_token_alone(void **state)
{
    struct fixture *fixture = *state;
    struct tg_mint_source source = {.kind = tg_text_of("aws_web_identity"),
                                    .role_arn = tg_text_of("arn:r"),
                                    .web_identity_token = tg_text_of("a.b.c"),
                                    .session_name = tg_text_of("s"),
                                    .session_duration_s = 3600};
    assert_int_equal(make(fixture, &source), TG_OK);
    assert_int_equal(header(fixture, "Authorization").bytes, 0);
    assert_true(tg_text_is(tg_buf_text(&fixture->call.body),
                           "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Ar&RoleSessionName=s"
                           "&DurationSeconds=3600&WebIdentityToken=a.b.c"));
}

static void an_azure_client_asks_in_its_directory(void **state)
{
    struct fixture *fixture = *state;
    struct tg_mint_source source = {.kind = tg_text_of("azure_client_credentials"),
                                    .secret = tg_text_of("s~e/c"),
                                    .tenant_id = tg_text_of("contoso.example"),
                                    .client_id = tg_text_of("client")};
    assert_int_equal(make(fixture, &source), TG_OK);
    assert_string_equal(fixture->call.url.data, "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token");
    assert_true(tg_text_is(tg_buf_text(&fixture->call.body),
                           "grant_type=client_credentials&client_id=client&client_secret=s~e%2Fc"
                           "&scope=https%3A%2F%2Fcognitiveservices.azure.com%2F.default"));
}

static void what_is_no_service_account_or_not_exchanged_at_all_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct tg_mint_source source = {.kind = tg_text_of("gcp_service_account"), .secret = tg_text_of("{}")};
    assert_int_equal(make(fixture, &source), TG_INVALID);
    source.kind = tg_text_of("api_key");
    assert_int_equal(make(fixture, &source), TG_INVALID);
}

#define STS_ANSWER(credentials)                                                                                        \
    "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>\n<AssumedRoleUser>"    \
    "<Arn>arn</Arn></AssumedRoleUser><Credentials>" credentials                                                        \
    "</Credentials></AssumeRoleResult></AssumeRoleResponse>"

static void the_keys_in_an_answer_of_sts_are_found(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(read_answer(fixture, "aws_assume_role", 200,
                                 STS_ANSWER("<AccessKeyId>ASIA1</AccessKeyId>\n <SecretAccessKey>s/+=</SecretAccessKey>"
                                            "<SessionToken> tok== </SessionToken>"
                                            "<Expiration>2015-08-30T13:36:00Z</Expiration>")),
                     TG_OK);
    assert_true(tg_text_is(fixture->token.access_key_id, "ASIA1"));
    assert_true(tg_text_is(fixture->token.secret, "s/+="));
    assert_true(tg_text_is(fixture->token.session_token, "tok=="));
    assert_int_equal(fixture->token.expires_at_ms, NOW_MS + 3600000);
}

static void an_answer_of_sts_that_lacks_something_is_no_token(void **state)
{
    static const char *const answers[] = {
        "",
        "<Credentials>",
        "no xml",
        STS_ANSWER(""),
        STS_ANSWER("<AccessKeyId>A</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"),
        STS_ANSWER("<AccessKeyId>A</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
                   "<Expiration>tomorrow</Expiration>"),
        STS_ANSWER("<AccessKeyId>A</AccessKeyId><SecretAccessKey>s&amp;</SecretAccessKey><SessionToken>t</SessionToken>"
                   "<Expiration>2015-08-30T13:36:00Z</Expiration>"),
        STS_ANSWER("<AccessKeyId>A</AccessKeyId><SecretAccessKey></SecretAccessKey><SessionToken>t</SessionToken>"
                   "<Expiration>2015-08-30T13:36:00Z</Expiration>"),
        /* ended already */
        STS_ANSWER("<AccessKeyId>A</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
                   "<Expiration>2015-08-30T12:36:00Z</Expiration>"),
    };
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); ++i)
        assert_int_equal(read_answer(*state, "aws_assume_role", 200, answers[i]), TG_CORRUPT);
}

static void a_refusal_of_sts_is_quoted(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(read_answer(fixture, "aws_assume_role", 403,
                                 "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>"
                                 "<Message>not\tyou</Message></Error></ErrorResponse>"),
                     TG_DENIED);
    assert_non_null(strstr(fixture->error.message, "HTTP status 403: AccessDenied: not you"));
    assert_int_equal(read_answer(fixture, "aws_assume_role", 503, "busy"), TG_UNAVAILABLE);
    assert_int_equal(read_answer(fixture, "aws_assume_role", 429, ""), TG_UNAVAILABLE);
}

static void an_access_token_lives_as_long_as_the_answer_says(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(read_answer(fixture, "gcp_service_account", 200,
                                 "{\"access_token\":\"ya29.x\",\"expires_in\":3599,\"token_type\":\"Bearer\"}"),
                     TG_OK);
    assert_true(tg_text_is(fixture->token.secret, "ya29.x"));
    assert_int_equal(fixture->token.expires_at_ms, NOW_MS + 3599000);
    assert_int_equal(
        read_answer(fixture, "azure_client_credentials", 200, "{\"access_token\":\"t\",\"expires_in\":\"60\"}"), TG_OK);
    assert_int_equal(fixture->token.expires_at_ms, NOW_MS + 60000);
}

static void an_answer_without_token_or_life_is_none(void **state)
{
    static const char *const answers[] = {
        "",
        "[]",
        "<html>",
        "{}",
        "{\"access_token\":\"t\"}",
        "{\"expires_in\":60}",
        "{\"access_token\":7,\"expires_in\":60}",
        "{\"access_token\":\"\",\"expires_in\":60}",
        "{\"access_token\":\"a b\",\"expires_in\":60}",
        "{\"access_token\":\"a\\r\\nx: y\",\"expires_in\":60}",
        "{\"access_token\":\"t\",\"expires_in\":0}",
        "{\"access_token\":\"t\",\"expires_in\":-1}",
        "{\"access_token\":\"t\",\"expires_in\":1.5}",
        "{\"access_token\":\"t\",\"expires_in\":\"soon\"}",
        "{\"access_token\":\"t\",\"expires_in\":9223372036854775807}",
        "{\"access_token\":\"t\",\"expires_in\":null}",
    };
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); ++i)
        assert_int_equal(read_answer(*state, "gcp_service_account", 200, answers[i]), TG_CORRUPT);
}

static void a_refusal_of_an_oauth_server_is_quoted_and_nothing_else_of_its_answer(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(read_answer(fixture, "gcp_service_account", 400,
                                 "{\"error\":\"invalid_grant\",\"error_description\":\"Invalid JWT\\u0007.\","
                                 "\"access_token\":\"leak\"}"),
                     TG_DENIED);
    assert_non_null(strstr(fixture->error.message, "HTTP status 400: invalid_grant: Invalid JWT"));
    assert_null(strchr(fixture->error.message, 7));
    assert_null(strstr(fixture->error.message, "leak"));
    assert_int_equal(read_answer(fixture, "gcp_service_account", 502, "<html>"), TG_UNAVAILABLE);
    assert_int_equal(read_answer(fixture, "gcp_service_account", 302, ""), TG_DENIED);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(a_role_is_assumed_at_the_region_s_endpoint_with_a_signature),
        WITH_FIXTURE(without_a_region_it_is_the_global_one_and_an_address_of_one_s_own_is_taken_as_it_is),
        WITH_FIXTURE(a_workload_proves_itself_by_its_token_alone),
        WITH_FIXTURE(an_azure_client_asks_in_its_directory),
        WITH_FIXTURE(what_is_no_service_account_or_not_exchanged_at_all_is_refused),
        WITH_FIXTURE(the_keys_in_an_answer_of_sts_are_found),
        WITH_FIXTURE(an_answer_of_sts_that_lacks_something_is_no_token),
        WITH_FIXTURE(a_refusal_of_sts_is_quoted),
        WITH_FIXTURE(an_access_token_lives_as_long_as_the_answer_says),
        WITH_FIXTURE(an_answer_without_token_or_life_is_none),
        WITH_FIXTURE(a_refusal_of_an_oauth_server_is_quoted_and_nothing_else_of_its_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
