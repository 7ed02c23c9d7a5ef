/* What the head of a message means: where its body ends, whether the connection lasts, what is asked for. Pure: bytes
 * in, verdict out. The rules that decide framing are RFC 9112 section 6, read strictly: whatever two readers could
 * understand differently is refused, since a proxy in front or a provider behind may be the other reader. */
#ifndef TG_HTTP_MESSAGE_H
#define TG_HTTP_MESSAGE_H

#include "common/http/server.h"

enum message_verdict {
    MESSAGE_DONE,
    MESSAGE_PARTIAL,
    MESSAGE_BAD,
    MESSAGE_TOO_MANY_HEADERS,
    MESSAGE_UNKNOWN_CODING, /* a transfer coding other than chunked */
};

enum message_framing {
    MESSAGE_NO_BODY,
    MESSAGE_BY_LENGTH,
    MESSAGE_CHUNKED,
    MESSAGE_UNTIL_CLOSE, /* answers only */
};

struct message_head {
    struct tg_text method; /* requests */
    struct tg_text target;
    struct tg_text path;
    struct tg_text query;
    int status; /* answers */
    int minor_version;
    size_t header_count;
    size_t head_bytes;
    enum message_framing framing;
    int64_t content_length; /* as announced, also where no body follows; -1 if not */
    bool is_persistent;     /* the connection may be used again */
    bool expects_continue;
};

/* Room for one header too many, by which the parser notices. */
enum { MESSAGE_HEADER_CAPACITY = TG_HTTP_MAX_HEADERS + 1 };

/* `bytes` of which an earlier call has seen `seen_bytes` and said MESSAGE_PARTIAL. On a refusal the head holds what was
 * understood so far. */
enum message_verdict message_read_request(const char *data, size_t bytes, size_t seen_bytes, struct message_head *head,
                                          struct tg_http_header *headers);

/* `is_to_head`: the request was HEAD, so that no body follows. 1xx answers come out like others, without a body. */
enum message_verdict message_read_answer(const char *data, size_t bytes, size_t seen_bytes, bool is_to_head,
                                         struct message_head *head, struct tg_http_header *headers);

/* The standard phrase of a status (RFC 9110 section 15), or "" for others. */
const char *message_reason(int status);

#endif
