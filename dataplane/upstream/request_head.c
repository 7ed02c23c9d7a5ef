#include "dataplane/upstream/request_head.h"

#include <assert.h>

/* Fields of the client that a provider gets to see. */
static const struct tg_text passed_names[] = {
    TG_TEXT_LITERAL("accept"),
    TG_TEXT_LITERAL("user-agent"),
    TG_TEXT_LITERAL("openai-beta"),
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

static void put_client_fields(struct head *head, const struct tg_http_header *headers, size_t count)
{
    bool has_accept = false, has_user_agent = false;
    for (size_t i = 0; i < count; ++i) {
        int passed = find_passed(headers[i].name);
        if (passed < 0 || is_of_connection(headers, count, headers[i].name))
            continue;
        has_accept = has_accept || passed == ACCEPT;
        has_user_agent = has_user_agent || passed == USER_AGENT;
        put(head, headers[i].name);
        put_string(head, ": ");
        put(head, headers[i].value);
        put_string(head, "\r\n");
    }
    if (!has_accept)
        put_string(head, "Accept: */*\r\n");
    if (!has_user_agent)
        put_string(head, "User-Agent: tollgate/" TG_VERSION "\r\n");
}

static void put_head(struct head *head, const struct tg_deployment *deployment, const char *path,
                     const struct tg_http_header *headers, size_t header_count, size_t content_length_bytes)
{
    put_string(head, "POST ");
    put(head, deployment->provider->path_prefix);
    put_string(head, path);
    put_string(head, " HTTP/1.1\r\nHost: ");
    put(head, deployment->provider->host_header);
    if (deployment->secret.bytes != 0) {
        put_string(head, "\r\nAuthorization: Bearer ");
        put(head, deployment->secret);
    }
    put_string(head, "\r\nContent-Type: application/json\r\nAccept-Encoding: identity\r\nContent-Length: ");
    put_number(head, content_length_bytes);
    put_string(head, "\r\n");
    put_client_fields(head, headers, header_count);
    put_string(head, "\r\n");
}

struct tg_text tg_upstream_request_head(struct tg_arena *arena, const struct tg_deployment *deployment,
                                        const char *path, const struct tg_http_header *client_headers,
                                        size_t client_header_count, size_t content_length_bytes)
{
    enum { MARGIN_BYTES = 512 }; /* all that is not counted below */
    size_t capacity = MARGIN_BYTES + strlen(path) + deployment->provider->path_prefix.bytes +
                      deployment->provider->host_header.bytes + deployment->secret.bytes;
    for (size_t i = 0; i < client_header_count; ++i)
        capacity += client_headers[i].name.bytes + client_headers[i].value.bytes + 4;
    struct head head = {tg_arena_alloc(arena, capacity), 0};
    put_head(&head, deployment, path, client_headers, client_header_count, content_length_bytes);
    assert(head.bytes <= capacity);
    return tg_text(head.out, head.bytes);
}
