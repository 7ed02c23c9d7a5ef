#include "common/http/message.h"

#include "common/net/http_parse.h"

_Static_assert(sizeof(struct tg_http_header) == sizeof(struct tg_net_field) &&
                   offsetof(struct tg_http_header, value) == offsetof(struct tg_net_field, value),
               "headers are parsed in place");

/* The fields that decide framing and the connection's life. */
struct framing_fields {
    const struct tg_text *content_length;
    const struct tg_text *transfer_encoding;
    size_t host_count;
    const struct tg_text *host;
    bool is_repeated; /* Content-Length or Transfer-Encoding more than once */
    bool says_close;
    bool says_keep_alive;
    bool expects_continue;
};

static bool is_name(const struct tg_http_header *header, const char *name)
{
    return tg_text_equals_nocase(header->name, tg_text_of(name));
}

static void read_connection_options(struct tg_text value, struct framing_fields *fields)
{
    while (value.bytes != 0) {
        const char *comma = memchr(value.data, ',', value.bytes);
        size_t bytes = comma == NULL ? value.bytes : (size_t)(comma - value.data);
        struct tg_text option = tg_text_trim(tg_text(value.data, bytes));
        if (tg_text_equals_nocase(option, tg_text_of("close")))
            fields->says_close = true;
        else if (tg_text_equals_nocase(option, tg_text_of("keep-alive")))
            fields->says_keep_alive = true;
        if (comma != NULL)
            ++bytes;
        value = tg_text(value.data + bytes, value.bytes - bytes);
    }
}

/* Told apart by length first: this runs for every header of every message. */
static void read_fields(const struct tg_http_header *headers, size_t count, struct framing_fields *fields)
{
    *fields = (struct framing_fields){0};
    for (size_t i = 0; i < count; ++i) {
        const struct tg_http_header *header = &headers[i];
        switch (header->name.bytes) {
        case sizeof("host") - 1:
            if (is_name(header, "host")) {
                ++fields->host_count;
                fields->host = &header->value;
            }
            break;
        case sizeof("expect") - 1:
            if (is_name(header, "expect") && tg_text_equals_nocase(header->value, tg_text_of("100-continue")))
                fields->expects_continue = true;
            break;
        case sizeof("connection") - 1:
            if (is_name(header, "connection"))
                read_connection_options(header->value, fields);
            break;
        case sizeof("content-length") - 1:
            if (is_name(header, "content-length")) {
                fields->is_repeated |= fields->content_length != NULL;
                fields->content_length = &header->value;
            }
            break;
        case sizeof("transfer-encoding") - 1:
            if (is_name(header, "transfer-encoding")) {
                fields->is_repeated |= fields->transfer_encoding != NULL;
                fields->transfer_encoding = &header->value;
            }
            break;
        default:
            break;
        }
    }
}

/* RFC 9112 section 6.3, without its second chances. */
static enum message_verdict read_framing(const struct framing_fields *fields, struct message_head *head)
{
    head->content_length = -1;
    head->framing = MESSAGE_NO_BODY;
    if (fields->is_repeated || (fields->content_length != NULL && fields->transfer_encoding != NULL))
        return MESSAGE_BAD;
    if (fields->content_length != NULL) {
        uint64_t length;
        if (!tg_text_to_u64(*fields->content_length, &length) || length > INT64_MAX)
            return MESSAGE_BAD;
        head->content_length = (int64_t)length;
        head->framing = length == 0 ? MESSAGE_NO_BODY : MESSAGE_BY_LENGTH;
    }
    if (fields->transfer_encoding != NULL) {
        if (head->minor_version == 0) /* section 6.1: its sender does not know what it says */
            return MESSAGE_BAD;
        if (!tg_text_equals_nocase(*fields->transfer_encoding, tg_text_of("chunked")))
            return MESSAGE_UNKNOWN_CODING;
        head->framing = MESSAGE_CHUNKED;
    }
    head->is_persistent =
        head->minor_version == 0 ? fields->says_keep_alive && !fields->says_close : !fields->says_close;
    return MESSAGE_DONE;
}

static enum message_verdict from_parse(enum tg_net_parse parse)
{
    switch (parse) {
    case TG_NET_PARSE_DONE:
        return MESSAGE_DONE;
    case TG_NET_PARSE_PARTIAL:
        return MESSAGE_PARTIAL;
    case TG_NET_PARSE_TOO_MANY_FIELDS:
        return MESSAGE_TOO_MANY_HEADERS;
    case TG_NET_PARSE_BAD:
        break;
    }
    return MESSAGE_BAD;
}

/* ---- requests ---- */

static bool is_token(struct tg_text text)
{
    for (size_t i = 0; i < text.bytes; ++i) {
        char c = text.data[i];
        bool is_alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_alphanumeric && (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL))
            return false;
    }
    return text.bytes != 0;
}

/* Printable ASCII other than those that end or quote a URI. */
static bool is_uri_text(struct tg_text text)
{
    for (size_t i = 0; i < text.bytes; ++i) {
        unsigned char c = (unsigned char)text.data[i];
        if (c <= ' ' || c >= 0x7f || c == '#' || c == '"' || c == '<' || c == '>' || c == '\\')
            return false;
    }
    return true;
}

/* RFC 9110 section 7.2: uri-host [":" port]. */
static bool is_host(struct tg_text text)
{
    for (size_t i = 0; i < text.bytes; ++i) {
        char c = text.data[i];
        bool is_alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_alphanumeric && (c == '\0' || strchr("-._~%!$&'()*+,;=:[]", c) == NULL))
            return false;
    }
    return true;
}

/* RFC 9112 section 3.2: origin-form, absolute-form of http and https, or "*" for OPTIONS. */
static bool read_target(struct message_head *head)
{
    struct tg_text rest = head->target;
    if (!is_uri_text(rest))
        return false;
    if (tg_text_is(rest, "*")) {
        head->path = rest;
        return tg_text_is(head->method, "OPTIONS");
    }
    if (rest.data[0] != '/') {
        size_t skip = rest.bytes > 7 && tg_text_equals_nocase(tg_text(rest.data, 7), tg_text_of("http://"))    ? 7
                      : rest.bytes > 8 && tg_text_equals_nocase(tg_text(rest.data, 8), tg_text_of("https://")) ? 8
                                                                                                               : 0;
        if (skip == 0)
            return false;
        size_t at = skip;
        while (at < rest.bytes && rest.data[at] != '/' && rest.data[at] != '?')
            ++at;
        if (at == skip || !is_host(tg_text(rest.data + skip, at - skip)))
            return false;
        rest = tg_text(rest.data + at, rest.bytes - at);
    }
    const char *mark = rest.bytes == 0 ? NULL : memchr(rest.data, '?', rest.bytes);
    head->path = mark == NULL ? rest : tg_text(rest.data, (size_t)(mark - rest.data));
    if (mark != NULL)
        head->query = tg_text(mark + 1, rest.bytes - head->path.bytes - 1);
    if (head->path.bytes == 0)
        head->path = tg_text("/", 1);
    return true;
}

enum message_verdict message_read_request(const char *data, size_t bytes, size_t seen_bytes, struct message_head *head,
                                          struct tg_http_header *headers)
{
    struct tg_net_head parsed;
    *head = (struct message_head){.content_length = -1};
    enum message_verdict verdict = from_parse(tg_net_parse_request(
        data, bytes, seen_bytes, &parsed, (struct tg_net_field *)headers, MESSAGE_HEADER_CAPACITY));
    if (verdict != MESSAGE_DONE)
        return verdict;
    if (parsed.field_count > TG_HTTP_MAX_HEADERS)
        return MESSAGE_TOO_MANY_HEADERS;
    if (!is_token(parsed.method))
        return MESSAGE_BAD;
    head->method = parsed.method;
    head->target = parsed.target;
    head->minor_version = parsed.minor_version;
    head->header_count = parsed.field_count;
    head->head_bytes = parsed.head_bytes;
    if (!read_target(head))
        return MESSAGE_BAD;
    struct framing_fields fields;
    read_fields(headers, head->header_count, &fields);
    /* RFC 9112 section 3.2: exactly one Host; HTTP/1.0 knew none. */
    if (fields.host_count > 1 || (fields.host_count == 0 && head->minor_version != 0) ||
        (fields.host_count == 1 && !is_host(*fields.host)))
        return MESSAGE_BAD;
    head->expects_continue = fields.expects_continue && head->minor_version != 0;
    return read_framing(&fields, head);
}

/* ---- answers ---- */

enum message_verdict message_read_answer(const char *data, size_t bytes, size_t seen_bytes, bool is_to_head,
                                         struct message_head *head, struct tg_http_header *headers)
{
    struct tg_net_head parsed;
    *head = (struct message_head){.content_length = -1};
    enum message_verdict verdict = from_parse(tg_net_parse_response(
        data, bytes, seen_bytes, &parsed, (struct tg_net_field *)headers, MESSAGE_HEADER_CAPACITY));
    if (verdict != MESSAGE_DONE)
        return verdict;
    if (parsed.field_count > TG_HTTP_MAX_HEADERS)
        return MESSAGE_TOO_MANY_HEADERS;
    head->status = parsed.status;
    head->minor_version = parsed.minor_version;
    head->header_count = parsed.field_count;
    head->head_bytes = parsed.head_bytes;
    if (head->status < 100 || head->status > 599 || head->status == 101) /* no switch of protocols was asked for */
        return MESSAGE_BAD;
    struct framing_fields fields;
    read_fields(headers, head->header_count, &fields);
    verdict = read_framing(&fields, head);
    if (verdict != MESSAGE_DONE)
        return verdict;
    if (is_to_head || head->status < 200 || head->status == 204 || head->status == 304) {
        head->framing = MESSAGE_NO_BODY;
    } else if (fields.content_length == NULL && fields.transfer_encoding == NULL) {
        head->framing = MESSAGE_UNTIL_CLOSE;
        head->is_persistent = false;
    }
    return MESSAGE_DONE;
}

const char *message_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {402, "Payment Required"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {422, "Unprocessable Content"},
        {426, "Upgrade Required"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
    };
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); ++i) {
        if (reasons[i].status == status)
            return reasons[i].reason;
    }
    return "";
}
