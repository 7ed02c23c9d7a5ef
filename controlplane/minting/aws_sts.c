#include <inttypes.h>

#include "common/aws/sigv4.h"
#include "common/base/time.h"
#include "controlplane/minting/form.h"
#include "controlplane/minting/kinds.h"

/* https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html and …/API_AssumeRoleWithWebIdentity.html */
static const char STS_VERSION[] = "2011-06-15";
static const char DEFAULT_REGION[] = "us-east-1";

static enum tg_status add_form(const struct tg_mint_source *source, bool is_web_identity, struct tg_arena *arena,
                               struct tg_buf *body)
{
    struct tg_text duration = tg_arena_printf(arena, "%" PRId64, source->session_duration_s);
    const struct {
        const char *name;
        struct tg_text value;
    } fields[] = {
        {"Action", tg_text_of(is_web_identity ? "AssumeRoleWithWebIdentity" : "AssumeRole")},
        {"Version", tg_text_of(STS_VERSION)},
        {"RoleArn", source->role_arn},
        {"RoleSessionName", source->session_name},
        {"DurationSeconds", duration},
        {"ExternalId", source->external_id},
        {"WebIdentityToken", source->web_identity_token},
    };
    enum tg_status status = TG_OK;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]) && status == TG_OK; ++i)
        if (fields[i].value.bytes != 0)
            status = tg_form_add(body, fields[i].name, fields[i].value);
    return status;
}

/* Of "https://host:port/path?query". */
struct address {
    struct tg_text host, path, query;
};

static struct address split(struct tg_text url)
{
    const char *end = url.data + url.bytes;
    const char *host = url.data + strlen("https://");
    const char *path = host + strcspn(host, "/?");
    const char *query = path + strcspn(path, "?");
    return (struct address){
        .host = tg_text(host, (size_t)(path - host)),
        .path = tg_text(path, (size_t)(query - path)),
        .query = query == end ? tg_text(query, 0) : tg_text(query + 1, (size_t)(end - query - 1)),
    };
}

static void sign(const struct tg_mint_source *source, struct tg_text region, int64_t now_ms, struct tg_arena *arena,
                 struct tg_mint_call *call)
{
    struct address address = split(call->url);
    struct tg_text body = tg_buf_text(&call->body);
    struct tg_sigv4_request request = {.method = tg_text_of("POST"),
                                       .host = address.host,
                                       .path = address.path,
                                       .query = address.query,
                                       .headers = call->headers,
                                       .header_count = call->header_count,
                                       .body = &body,
                                       .body_count = 1};
    struct tg_sigv4_identity identity = {.region = region,
                                         .service = tg_text_of("sts"),
                                         .access_key_id = source->access_key_id,
                                         .secret_access_key = source->secret,
                                         .session_token = source->session_token};
    struct tg_sigv4_signature signature;
    tg_sigv4_sign(&request, &identity, now_ms, NULL, arena, &signature);
    for (size_t i = 0; i < signature.field_count; ++i)
        tg_mint_call_add_header(call, arena, tg_arena_copy(arena, signature.fields[i].name).data,
                                signature.fields[i].value);
}

enum tg_status tg_mint_sts_call(const struct tg_mint_source *source, int64_t now_ms, struct tg_arena *arena,
                                struct tg_mint_call *call, struct tg_error *error)
{
    bool is_web_identity = tg_text_is(source->kind, "aws_web_identity");
    struct tg_text region = source->region.bytes != 0 ? source->region : tg_text_of(DEFAULT_REGION);
    call->url = source->token_url.bytes != 0
                    ? tg_arena_copy(arena, source->token_url)
                    : tg_arena_printf(arena, "https://sts.%.*s.amazonaws.com/", TG_TEXT_ARG(region));
    if (!tg_text_starts_with(call->url, "https://"))
        return tg_fail(error, TG_INVALID, "token_url must begin with https://");
    if (add_form(source, is_web_identity, arena, &call->body) != TG_OK)
        return tg_fail(error, TG_TOO_LARGE, "the workload's token is too long");
    tg_mint_call_add_header(call, arena, "Content-Type",
                            tg_text_of("application/x-www-form-urlencoded; charset=utf-8"));
    if (!is_web_identity) /* the workload's token proves itself */
        sign(source, region, now_ms, arena, call);
    return TG_OK;
}

/* ---- the answer: XML of a fixed shape, of whose elements the text between the tags is wanted ---- */

static struct tg_text find_element(struct tg_text xml, const char *name, struct tg_arena *arena)
{
    struct tg_text open = tg_arena_printf(arena, "<%s>", name), close = tg_arena_printf(arena, "</%s>", name);
    const char *begin = xml.bytes == 0 ? NULL : memmem(xml.data, xml.bytes, open.data, open.bytes);
    if (begin == NULL)
        return tg_text("", 0);
    begin += open.bytes;
    const char *end = memmem(begin, (size_t)(xml.data + xml.bytes - begin), close.data, close.bytes);
    return end == NULL ? tg_text("", 0) : tg_text_trim(tg_text(begin, (size_t)(end - begin)));
}

/* Keys and tokens have no characters that XML would write otherwise. */
static bool is_plain(struct tg_text text)
{
    for (size_t i = 0; i < text.bytes; ++i)
        if (text.data[i] < '!' || text.data[i] > '~' || text.data[i] == '&' || text.data[i] == '<')
            return false;
    return text.bytes != 0;
}

enum tg_status tg_mint_sts_answer(int http_status, struct tg_text body, struct tg_arena *arena, struct tg_token *token,
                                  struct tg_error *error)
{
    struct tg_text failure = find_element(body, "Error", arena);
    struct tg_text words = tg_text(NULL, 0);
    if (failure.bytes != 0)
        words = tg_arena_printf(arena, "%.*s: %.*s", TG_TEXT_ARG(find_element(failure, "Code", arena)),
                                TG_TEXT_ARG(find_element(failure, "Message", arena)));
    enum tg_status status = tg_mint_refused(http_status, words, arena, error);
    if (status != TG_OK)
        return status;
    struct tg_text keys = find_element(body, "Credentials", arena);
    struct tg_text access_key_id = find_element(keys, "AccessKeyId", arena);
    struct tg_text secret = find_element(keys, "SecretAccessKey", arena);
    struct tg_text session_token = find_element(keys, "SessionToken", arena);
    if (!is_plain(access_key_id) || !is_plain(secret) || !is_plain(session_token) ||
        !tg_time_parse(find_element(keys, "Expiration", arena), &token->expires_at_ms))
        return tg_fail(error, TG_CORRUPT, "the answer of STS has no usable credentials");
    token->access_key_id = tg_arena_copy(arena, access_key_id);
    token->secret = tg_arena_copy(arena, secret);
    token->session_token = tg_arena_copy(arena, session_token);
    return TG_OK;
}
