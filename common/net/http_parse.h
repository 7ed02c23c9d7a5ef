/* Heads of HTTP/1.x messages split into their parts: the parser that libh2o brings along, made strict.
 *
 * Pure: bytes in, pieces of the same bytes out. Refused here, beyond what the parser refuses itself: a line that does
 * not end in CRLF, a folded line (obs-fold, RFC 9112 section 5.2), an empty method or target. Refused by the parser:
 * control characters (NUL, bare CR) anywhere, a field name that is not a token, space before the colon. */
#ifndef TG_NET_HTTP_PARSE_H
#define TG_NET_HTTP_PARSE_H

#include "common/base/text.h"

struct tg_net_field {
    struct tg_text name;  /* as sent */
    struct tg_text value; /* without space around */
};

enum tg_net_parse {
    TG_NET_PARSE_DONE,
    TG_NET_PARSE_PARTIAL, /* so far it could become one */
    TG_NET_PARSE_BAD,
    TG_NET_PARSE_TOO_MANY_FIELDS,
};

struct tg_net_head {
    struct tg_text method; /* requests */
    struct tg_text target;
    int status;        /* responses */
    int minor_version; /* HTTP/1.x */
    size_t field_count;
    size_t head_bytes; /* all of it, with the empty line */
};

/* `bytes` of which the first `seen_bytes` were given to an earlier call that said PARTIAL (0: first call).
 * `fields` has room for `capacity`. */
enum tg_net_parse tg_net_parse_request(const char *data, size_t bytes, size_t seen_bytes, struct tg_net_head *head,
                                       struct tg_net_field *fields, size_t capacity);
enum tg_net_parse tg_net_parse_response(const char *data, size_t bytes, size_t seen_bytes, struct tg_net_head *head,
                                        struct tg_net_field *fields, size_t capacity);

#endif
