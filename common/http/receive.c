/* Reads answers: every read lands in the client's scratch memory; only the head is copied out of it. */
#include <stdlib.h>

#include "common/http/client_internal.h"

static bool is_over(const tg_http_call *call)
{
    return call->state == CALL_ENDED || call->state == CALL_FAILED;
}

/* ---- body ---- */

static void hand_over(tg_http_call *call, struct tg_text piece, bool is_last, bool has_more)
{
    if (piece.bytes != 0 || is_last)
        call->handler->on_body(call->user, piece, is_last);
    /* The handler may have cancelled the call, which then is still memory until the end of the turn. */
    if (is_last && !is_over(call))
        call_finish(call, call->head.is_persistent && !has_more);
}

static void take_body(tg_http_call *call, char *data, size_t bytes)
{
    switch (call->head.framing) {
    case MESSAGE_NO_BODY:
        hand_over(call, tg_text(data, 0), true, bytes != 0);
        break;
    case MESSAGE_BY_LENGTH: {
        size_t own = (int64_t)bytes < call->left_bytes ? bytes : (size_t)call->left_bytes;
        call->left_bytes -= (int64_t)own;
        hand_over(call, tg_text(data, own), call->left_bytes == 0, own != bytes);
        break;
    }
    case MESSAGE_CHUNKED: {
        size_t body_bytes;
        size_t taken;
        if (chunked_decode(&call->chunked, data, bytes, &body_bytes, &taken))
            hand_over(call, tg_text(data, body_bytes), chunked_is_done(&call->chunked), taken != bytes);
        else
            call_fail(call, TG_HTTP_BAD_RESPONSE, "the chunked coding of the answer is broken");
        break;
    }
    case MESSAGE_UNTIL_CLOSE:
        hand_over(call, tg_text(data, bytes), false, false);
        break;
    }
}

/* ---- head ---- */

static void keep(tg_http_call *call, const char *data, size_t bytes)
{
    size_t needed = call->kept_bytes + bytes;
    if (needed > call->kept_capacity) {
        size_t capacity = call->kept_capacity;
        while (capacity < needed)
            capacity *= 2;
        char *kept = malloc(capacity);
        if (kept == NULL)
            abort();
        memcpy(kept, call->kept, call->kept_bytes);
        if (call->kept != call->kept_inline)
            free(call->kept);
        call->kept = kept;
        call->kept_capacity = capacity;
    }
    memcpy(call->kept + call->kept_bytes, data, bytes);
    call->kept_bytes = needed;
}

/* Copies the head out of the scratch memory, and its headers' texts with it. */
static void keep_head(tg_http_call *call, const char *data)
{
    keep(call, data, call->head.head_bytes);
    ptrdiff_t moved = 0;
    for (size_t i = 0; i < call->head.header_count; ++i) {
        struct tg_http_header *header = &call->headers[i];
        moved = header->name.data - data;
        header->name.data = call->kept + moved;
        moved = header->value.data - data;
        header->value.data = call->kept + moved;
    }
}

/* Paused inside on_head: what was read with the head waits. */
static void hold(tg_http_call *call, const char *rest, size_t bytes)
{
    call->held = malloc(bytes + 1);
    if (call->held == NULL)
        abort();
    memcpy(call->held, rest, bytes);
    call->held_bytes = bytes;
    call->is_holding = true;
}

void receive_held(tg_http_call *call)
{
    call->is_holding = false;
    take_body(call, call->held, call->held_bytes);
    if (!is_over(call) && !call->is_paused)
        tg_socket_read_start(call->upstream->socket);
}

static void on_complete_head(tg_http_call *call, char *rest, size_t rest_bytes)
{
    call->state = CALL_READING;
    call->left_bytes = call->head.content_length;
    if (!call->is_paused)
        call_wait(call, call->timeouts.idle_ms);
    call->handler->on_head(call->user, call->head.status, call->headers, call->head.header_count,
                           call->head.framing == MESSAGE_BY_LENGTH || call->head.framing == MESSAGE_NO_BODY
                               ? call->head.content_length
                               : -1);
    if (is_over(call) || (rest_bytes == 0 && call->head.framing != MESSAGE_NO_BODY))
        return;
    if (call->is_paused)
        hold(call, rest, rest_bytes);
    else
        take_body(call, rest, rest_bytes);
}

/* `data` is scratch memory, or what is kept of the head already with the new bytes behind it. */
static void take_head(tg_http_call *call, char *data, size_t bytes)
{
    bool is_kept = data == call->kept;
    for (;;) {
        switch (message_read_answer(data, bytes, call->seen_bytes, call->is_to_head, &call->head, call->headers)) {
        case MESSAGE_DONE:
            break;
        case MESSAGE_PARTIAL:
            call->seen_bytes = bytes;
            if (bytes >= call->client->config.max_head_bytes)
                call_fail(call, TG_HTTP_BAD_RESPONSE, "the head of the answer is too large");
            else if (!is_kept)
                keep(call, data, bytes);
            else if (data != call->kept) { /* behind an interim answer */
                memmove(call->kept, data, bytes);
                call->kept_bytes = bytes;
            }
            return;
        case MESSAGE_TOO_MANY_HEADERS:
            call_fail(call, TG_HTTP_BAD_RESPONSE, "the answer has too many headers");
            return;
        case MESSAGE_UNKNOWN_CODING:
            call_fail(call, TG_HTTP_BAD_RESPONSE, "the answer has a transfer coding other than chunked");
            return;
        case MESSAGE_BAD:
            call_fail(call, TG_HTTP_BAD_RESPONSE, "the answer is not HTTP/1.1");
            return;
        }
        if (call->head.head_bytes > call->client->config.max_head_bytes) {
            call_fail(call, TG_HTTP_BAD_RESPONSE, "the head of the answer is too large");
            return;
        }
        if (call->head.status >= 200)
            break;
        data += call->head.head_bytes; /* interim answers are not passed on */
        bytes -= call->head.head_bytes;
        call->seen_bytes = 0;
    }
    if (!is_kept)
        keep_head(call, data);
    on_complete_head(call, data + call->head.head_bytes, bytes - call->head.head_bytes);
}

/* ---- events ---- */

static void on_data(tg_http_call *call, char *data, size_t bytes)
{
    call->has_bytes = true;
    if (call->state == CALL_READING) {
        call_wait(call, call->timeouts.idle_ms);
        take_body(call, data, bytes);
    } else if (call->kept_bytes == 0) {
        take_head(call, data, bytes);
    } else {
        keep(call, data, bytes);
        take_head(call, call->kept, call->kept_bytes);
    }
}

static void on_lost(tg_http_call *call, bool is_clean_end)
{
    if (is_clean_end && call->state == CALL_READING && call->head.framing == MESSAGE_UNTIL_CLOSE) {
        hand_over(call, tg_text(call->client->scratch, 0), true, false);
        return;
    }
    const char *reason =
        is_clean_end ? "the connection was closed too early" : tg_socket_failure(call->upstream->socket);
    if (call->has_bytes)
        call_fail(call, TG_HTTP_BROKEN, reason);
    else if (!is_clean_end && tg_socket_is_denied(call->upstream->socket)) /* TLS 1.3 says so only now */
        call_fail(call, TG_HTTP_TLS_FAILED, reason);
    else
        call_retry_or_fail(call, reason);
}

void receive(struct upstream *upstream)
{
    tg_http_client *client = upstream->client;
    tg_http_call *call = upstream->call;
    size_t got;
    enum tg_read result = tg_socket_read(upstream->socket, client->scratch, client->config.read_bytes, &got);
    if (result == TG_READ_AGAIN)
        return;
    if (call == NULL) /* idle: it was closed, or says something nobody asked for */
        upstream_close(upstream);
    else if (result == TG_READ_DATA)
        on_data(call, client->scratch, got);
    else
        on_lost(call, result == TG_READ_END);
}
