/* What the gateway takes from the head of a provider's answer, and which of its fields the client gets. Pure. */
#ifndef TG_UPSTREAM_RESPONSE_HEAD_H
#define TG_UPSTREAM_RESPONSE_HEAD_H

#include "common/http/server.h"

enum { TG_UPSTREAM_PASSED_HEADERS = 24 };

struct tg_upstream_response {
    struct tg_http_header passed[TG_UPSTREAM_PASSED_HEADERS]; /* content type, rate limits, retry advice, … */
    size_t passed_count;
    struct tg_text request_id; /* the provider's own; passed as x-provider-request-id */
    bool is_event_stream;      /* Server-Sent Events */
    bool is_aws_event_stream;  /* Amazon's binary framing */
    bool is_json;
    bool is_encoded; /* a content coding that nobody asked for: nothing can be read inside */
};

/* Text refers to the headers' own memory. */
void tg_upstream_read_response(const struct tg_http_header *headers, size_t count,
                               struct tg_upstream_response *response);

#endif
