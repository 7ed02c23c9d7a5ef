#include "common/net/http_parse.h"

/* Exported by libh2o-evloop 2.2.5, which does not install the header of the parser it contains (picohttpparser). */
struct phr_header {
    const char *name; /* NULL: a folded line */
    size_t name_len;
    const char *value;
    size_t value_len;
};
int phr_parse_request(const char *data, size_t bytes, const char **method, size_t *method_bytes, const char **target,
                      size_t *target_bytes, int *minor_version, struct phr_header *fields, size_t *field_count,
                      size_t seen_bytes);
int phr_parse_response(const char *data, size_t bytes, int *minor_version, int *status, const char **reason,
                       size_t *reason_bytes, struct phr_header *fields, size_t *field_count, size_t seen_bytes);
enum { PHR_PARTIAL = -2, PHR_BAD = -1 };

_Static_assert(sizeof(struct phr_header) == sizeof(struct tg_net_field) &&
                   offsetof(struct phr_header, name_len) == offsetof(struct tg_net_field, name.bytes) &&
                   offsetof(struct phr_header, value) == offsetof(struct tg_net_field, value.data) &&
                   offsetof(struct phr_header, value_len) == offsetof(struct tg_net_field, value.bytes),
               "the parser writes our fields in place");

/* The parser takes a bare LF for the end of a line; RFC 9112 section 2.2 only allows that, and two readers that differ
 * in it disagree about where a message ends. */
static bool ends_in_crlf(const char *at)
{
    return at[0] == '\r' && at[1] == '\n';
}

static enum tg_net_parse finish(const char *data, int result, struct tg_net_head *head, struct tg_net_field *fields,
                                size_t count, size_t capacity)
{
    if (result == PHR_PARTIAL)
        return TG_NET_PARSE_PARTIAL;
    if (result < 0)
        return count == capacity ? TG_NET_PARSE_TOO_MANY_FIELDS : TG_NET_PARSE_BAD;
    head->head_bytes = (size_t)result;
    head->field_count = count;
    if (!ends_in_crlf(data + result - 2))
        return TG_NET_PARSE_BAD;
    for (size_t i = 0; i < count; ++i) {
        if (fields[i].name.data == NULL || !ends_in_crlf(fields[i].value.data + fields[i].value.bytes))
            return TG_NET_PARSE_BAD;
        fields[i].value = tg_text_trim(fields[i].value);
    }
    return TG_NET_PARSE_DONE;
}

enum tg_net_parse tg_net_parse_request(const char *data, size_t bytes, size_t seen_bytes, struct tg_net_head *head,
                                       struct tg_net_field *fields, size_t capacity)
{
    *head = (struct tg_net_head){0};
    size_t count = capacity;
    int result =
        phr_parse_request(data, bytes, &head->method.data, &head->method.bytes, &head->target.data, &head->target.bytes,
                          &head->minor_version, (struct phr_header *)fields, &count, seen_bytes);
    enum tg_net_parse parsed = finish(data, result, head, fields, count, capacity);
    if (parsed != TG_NET_PARSE_DONE)
        return parsed;
    const char *version = head->target.data + head->target.bytes + 1;
    if (head->method.bytes == 0 || head->target.bytes == 0 || !ends_in_crlf(version + strlen("HTTP/1.1")))
        return TG_NET_PARSE_BAD;
    return TG_NET_PARSE_DONE;
}

enum tg_net_parse tg_net_parse_response(const char *data, size_t bytes, size_t seen_bytes, struct tg_net_head *head,
                                        struct tg_net_field *fields, size_t capacity)
{
    *head = (struct tg_net_head){0};
    size_t count = capacity;
    struct tg_text reason;
    int result = phr_parse_response(data, bytes, &head->minor_version, &head->status, &reason.data, &reason.bytes,
                                    (struct phr_header *)fields, &count, seen_bytes);
    enum tg_net_parse parsed = finish(data, result, head, fields, count, capacity);
    if (parsed != TG_NET_PARSE_DONE)
        return parsed;
    return ends_in_crlf(reason.data + reason.bytes) ? TG_NET_PARSE_DONE : TG_NET_PARSE_BAD;
}
