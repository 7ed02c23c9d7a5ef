#include "dataplane/upstream/response_head.h"

/* Fields of a provider that a client gets to see. Not among them: cookies, transport, and the names of the account and
 * project behind the gateway's credential (openai-organization, openai-project). */
static const struct tg_text passed_names[] = {
    TG_TEXT_LITERAL("content-type"),
    TG_TEXT_LITERAL("content-encoding"),
    TG_TEXT_LITERAL("cache-control"),
    TG_TEXT_LITERAL("retry-after"),
    TG_TEXT_LITERAL("retry-after-ms"),
    TG_TEXT_LITERAL("x-should-retry"),
    TG_TEXT_LITERAL("openai-model"),
    TG_TEXT_LITERAL("openai-version"),
    TG_TEXT_LITERAL("openai-processing-ms"),
    TG_TEXT_LITERAL("x-amzn-errortype"),
    /* the provider's own name of the call, from here on */
    TG_TEXT_LITERAL("x-request-id"),
    TG_TEXT_LITERAL("request-id"),
    TG_TEXT_LITERAL("x-amzn-requestid"),
    TG_TEXT_LITERAL("apim-request-id"),
};
enum { CONTENT_TYPE, CONTENT_ENCODING, PASSED_COUNT = sizeof(passed_names) / sizeof(passed_names[0]) };
enum { FIRST_REQUEST_ID = PASSED_COUNT - 4 };
static const struct tg_text PROVIDER_REQUEST_ID = TG_TEXT_LITERAL("x-provider-request-id");

static bool starts_with(struct tg_text text, const char *prefix)
{
    struct tg_text start = tg_text_of(prefix);
    return text.bytes >= start.bytes && tg_text_equals_nocase(tg_text(text.data, start.bytes), start);
}

static int find_passed(struct tg_text name)
{
    for (int i = 0; i < PASSED_COUNT; ++i)
        if (name.bytes == passed_names[i].bytes && tg_text_equals_nocase(name, passed_names[i]))
            return i;
    return starts_with(name, "x-ratelimit-") || starts_with(name, "anthropic-ratelimit-") ? PASSED_COUNT : -1;
}

/* "application/json; charset=utf-8", "application/problem+json" */
static bool is_json(struct tg_text type)
{
    const char *end = memchr(type.data, ';', type.bytes);
    struct tg_text name = tg_text_trim(end == NULL ? type : tg_text(type.data, (size_t)(end - type.data)));
    return name.bytes >= 4 && tg_text_equals_nocase(tg_text(name.data + name.bytes - 4, 4), tg_text("json", 4));
}

void tg_upstream_read_response(const struct tg_http_header *headers, size_t count,
                               struct tg_upstream_response *response)
{
    response->passed_count = 0;
    response->request_id = tg_text(NULL, 0);
    response->is_event_stream = response->is_aws_event_stream = response->is_json = response->is_encoded = false;
    for (size_t i = 0; i < count; ++i) {
        struct tg_http_header header = headers[i];
        int passed = find_passed(header.name);
        if (passed < 0)
            continue;
        if (passed == CONTENT_TYPE && header.value.bytes != 0) {
            response->is_event_stream = starts_with(header.value, "text/event-stream");
            response->is_aws_event_stream = starts_with(header.value, "application/vnd.amazon.eventstream");
            response->is_json = is_json(header.value);
        } else if (passed == CONTENT_ENCODING) {
            response->is_encoded = !tg_text_equals_nocase(header.value, tg_text("identity", 8));
        } else if (passed >= FIRST_REQUEST_ID && passed < PASSED_COUNT) {
            if (response->request_id.bytes != 0)
                continue; /* Azure says it twice */
            response->request_id = header.value;
            header.name = PROVIDER_REQUEST_ID;
        }
        if (response->passed_count < TG_UPSTREAM_PASSED_HEADERS)
            response->passed[response->passed_count++] = header;
    }
}
