/* What handlers ask of a request: its headers, its query. */
#include "common/http/server.h"

const struct tg_text *tg_http_request_header(const struct tg_http_request *request, const char *name)
{
    struct tg_text wanted = tg_text_of(name);
    for (size_t i = 0; i < request->header_count; ++i) {
        if (tg_text_equals_nocase(request->headers[i].name, wanted))
            return &request->headers[i].value;
    }
    return NULL;
}

bool tg_http_query_param(struct tg_text query, const char *name, struct tg_text *value)
{
    struct tg_text wanted = tg_text_of(name);
    while (query.bytes != 0) {
        const char *end = memchr(query.data, '&', query.bytes);
        size_t bytes = end == NULL ? query.bytes : (size_t)(end - query.data);
        const char *equals = memchr(query.data, '=', bytes);
        size_t name_bytes = equals == NULL ? bytes : (size_t)(equals - query.data);
        if (tg_text_equals(tg_text(query.data, name_bytes), wanted)) {
            *value = equals == NULL ? tg_text(query.data + bytes, 0) : tg_text(equals + 1, bytes - name_bytes - 1);
            return true;
        }
        if (end == NULL)
            break;
        query = tg_text(end + 1, query.bytes - bytes - 1);
    }
    return false;
}

bool tg_http_percent_decode(struct tg_arena *arena, struct tg_text text, bool is_form, struct tg_text *decoded)
{
    char *out = tg_arena_alloc(arena, text.bytes + 1);
    size_t bytes = 0;
    for (size_t i = 0; i < text.bytes; ++i) {
        char c = text.data[i];
        if (c == '%') {
            if (text.bytes - i < 3 || !tg_hex_decode(tg_text(text.data + i + 1, 2), &c, 1))
                return false;
            i += 2;
        } else if (c == '+' && is_form) {
            c = ' ';
        }
        out[bytes++] = c;
    }
    out[bytes] = '\0';
    *decoded = tg_text(out, bytes);
    return true;
}

int tg_http_refusal_status(enum tg_http_refusal refusal)
{
    switch (refusal) {
    case TG_HTTP_BAD_REQUEST:
        return 400;
    case TG_HTTP_HEAD_TOO_LARGE:
        return 431;
    case TG_HTTP_BODY_TOO_LARGE:
        return 413;
    case TG_HTTP_LENGTH_REQUIRED:
        return 501; /* RFC 9112 section 6.1: a transfer coding that is not understood */
    case TG_HTTP_BODIES_EXHAUSTED:
        return 503;
    case TG_HTTP_REQUEST_TIMEOUT:
        return 408;
    case TG_HTTP_BODY_UNWANTED:
        return 403;
    }
    return 400;
}

const char *tg_http_refusal_name(enum tg_http_refusal refusal)
{
    switch (refusal) {
    case TG_HTTP_BAD_REQUEST:
        return "bad_request";
    case TG_HTTP_HEAD_TOO_LARGE:
        return "head_too_large";
    case TG_HTTP_BODY_TOO_LARGE:
        return "body_too_large";
    case TG_HTTP_LENGTH_REQUIRED:
        return "length_required";
    case TG_HTTP_BODIES_EXHAUSTED:
        return "bodies_exhausted";
    case TG_HTTP_REQUEST_TIMEOUT:
        return "request_timeout";
    case TG_HTTP_BODY_UNWANTED:
        return "body_unwanted";
    }
    return "unknown";
}
