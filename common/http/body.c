/* Reads the body of a request into one piece of memory, counted against the gauge before any of it is read. */
#include <assert.h>
#include <stdlib.h>

#include "common/http/server_internal.h"

enum {
    FIRST_CHUNKED_BYTES = 16 * 1024,
    MIN_READ_BYTES = 4 * 1024,
    MAX_CHUNKED_READ_BYTES = 64 * 1024,
    MIN_BYTES_PER_S = 8 * 1024,
    /* Chunked framing that may lie in the buffer beside a body of the largest size. */
    CHUNKED_SLACK_BYTES = 4 * 1024,
};

static bool hold(struct request *request, struct tg_http_body_gauge *gauge, size_t bytes)
{
    int64_t more = (int64_t)bytes;
    if (gauge != NULL &&
        atomic_fetch_add_explicit(&gauge->held_bytes, more, memory_order_relaxed) + more > gauge->max_bytes) {
        atomic_fetch_sub_explicit(&gauge->held_bytes, more, memory_order_relaxed);
        return false;
    }
    request->held_bytes += more;
    return true;
}

void body_release(struct request *request, struct tg_http_body_gauge *gauge)
{
    if (gauge != NULL && request->held_bytes != 0)
        atomic_fetch_sub_explicit(&gauge->held_bytes, request->held_bytes, memory_order_relaxed);
    request->held_bytes = 0;
    bool is_inside = request->body >= request->input && request->body <= request->input + request->input_capacity;
    if (!is_inside)
        free(request->body);
    request->body = NULL;
}

/* Bytes that came behind this request belong to the next one. */
static void keep_early(struct connection *connection, const char *data, size_t bytes)
{
    if (bytes == 0)
        return;
    assert(connection->early == NULL);
    struct request *early = request_take(connection);
    if (bytes > early->input_capacity) {
        early->input = malloc(bytes);
        if (early->input == NULL)
            abort();
        early->input_capacity = bytes;
    }
    memcpy(early->input, data, bytes);
    early->input_bytes = bytes;
    connection->early = early;
}

static bool is_complete(const struct request *request)
{
    switch (request->head.framing) {
    case MESSAGE_BY_LENGTH:
        return request->body_bytes == (size_t)request->head.content_length;
    case MESSAGE_CHUNKED:
        return chunked_is_done(&request->chunked);
    case MESSAGE_NO_BODY:
    case MESSAGE_UNTIL_CLOSE:
        break;
    }
    return true;
}

static bool begin_by_length(struct connection *connection)
{
    struct request *request = connection->request;
    const struct tg_http_server_config *config = &connection->server->config;
    size_t length = (size_t)request->head.content_length;
    if (length > config->max_body_bytes) {
        connection_refuse(connection, TG_HTTP_BODY_TOO_LARGE);
        return false;
    }
    if (!hold(request, config->bodies, length)) {
        connection_refuse(connection, TG_HTTP_BODIES_EXHAUSTED);
        return false;
    }
    char *behind_head = request->input + request->head.head_bytes;
    size_t there = request->input_bytes - request->head.head_bytes;
    size_t own = there < length ? there : length;
    if (length <= request->input_capacity - request->head.head_bytes) {
        request->body = behind_head;
    } else {
        request->body = malloc(length);
        if (request->body == NULL)
            abort();
        memcpy(request->body, behind_head, own);
    }
    request->body_capacity = length;
    request->body_bytes = own;
    keep_early(connection, behind_head + own, there - own);
    return true;
}

/* Decodes `bytes` that were put behind the body. */
static bool take_chunked(struct connection *connection, size_t bytes)
{
    struct request *request = connection->request;
    char *at = request->body + request->body_bytes;
    size_t body_bytes;
    size_t taken;
    if (!chunked_decode(&request->chunked, at, bytes, &body_bytes, &taken)) {
        connection_refuse(connection, TG_HTTP_BAD_REQUEST);
        return false;
    }
    request->body_bytes += body_bytes;
    if (request->body_bytes > connection->server->config.max_body_bytes) {
        connection_refuse(connection, TG_HTTP_BODY_TOO_LARGE);
        return false;
    }
    keep_early(connection, at + taken, bytes - taken);
    return true;
}

/* Room for at least MIN_READ_BYTES more. */
static bool grow_chunked(struct connection *connection, size_t needed)
{
    struct request *request = connection->request;
    const struct tg_http_server_config *config = &connection->server->config;
    size_t most = config->max_body_bytes + CHUNKED_SLACK_BYTES;
    size_t capacity = request->body_capacity == 0 ? FIRST_CHUNKED_BYTES : request->body_capacity * 2;
    while (capacity < needed)
        capacity *= 2;
    if (capacity > most)
        capacity = most < needed ? needed : most;
    if (!hold(request, config->bodies, capacity - request->body_capacity)) {
        connection_refuse(connection, TG_HTTP_BODIES_EXHAUSTED);
        return false;
    }
    request->body = realloc(request->body, capacity); /* large blocks are moved by the page table, not copied */
    if (request->body == NULL)
        abort();
    request->body_capacity = capacity;
    return true;
}

static bool begin_chunked(struct connection *connection)
{
    struct request *request = connection->request;
    size_t there = request->input_bytes - request->head.head_bytes;
    if (!grow_chunked(connection, there + MIN_READ_BYTES))
        return false;
    memcpy(request->body, request->input + request->head.head_bytes, there);
    return take_chunked(connection, there);
}

static void deliver(struct connection *connection)
{
    struct request *request = connection->request;
    request->public.body = tg_text(request->body, request->body_bytes);
    connection->state = CONNECTION_HANDLING;
    connection_expect_nothing(connection);
    connection->server->config.on_request(connection->server->config.user, &request->public);
}

/* Besides the wait between two reads, the whole has its time: the idle timeout and what its bytes take at the least
 * rate. Who sends a byte now and then would hold the memory of a whole body otherwise. */
static void expect_more(struct connection *connection)
{
    struct request *request = connection->request;
    int64_t idle_ms = connection->server->config.body_idle_timeout_ms;
    int64_t now_ms = tg_loop_now_ms(connection->server->loop);
    if (connection->state != CONNECTION_BODY)
        request->body_began_at_ms = now_ms;
    connection->state = CONNECTION_BODY;
    int64_t due_at_ms = request->body_began_at_ms + idle_ms + (int64_t)request->body_bytes * 1000 / MIN_BYTES_PER_S;
    int64_t left_ms = due_at_ms > now_ms ? due_at_ms - now_ms : 1;
    connection_expect_within(connection, left_ms < idle_ms ? left_ms : idle_ms);
}

static void continue_or_deliver(struct connection *connection)
{
    struct request *request = connection->request;
    if (is_complete(request)) {
        if (!connection->awaits_continue)
            deliver(connection);
        return;
    }
    expect_more(connection);
}

/* RFC 9110 section 10.1.1: only now, when the body will be read, and only to a client that still holds it back. */
static void invite_body(struct connection *connection)
{
    static const struct tg_text invitation = TG_TEXT_LITERAL("HTTP/1.1 100 Continue\r\n\r\n");
    struct request *request = connection->request;
    if (!request->head.expects_continue || is_complete(request) || request->input_bytes > request->head.head_bytes)
        return;
    enum tg_write result = tg_socket_write(connection->socket, &invitation, 1);
    connection->awaits_continue = result == TG_WRITE_PENDING;
    if (result == TG_WRITE_FAILED)
        connection_break(connection);
}

void body_begin(struct connection *connection)
{
    struct request *request = connection->request;
    switch (request->head.framing) {
    case MESSAGE_BY_LENGTH:
        if (!begin_by_length(connection))
            return;
        break;
    case MESSAGE_CHUNKED:
        if (!begin_chunked(connection))
            return;
        break;
    case MESSAGE_NO_BODY:
    case MESSAGE_UNTIL_CLOSE:
        request->body = request->input + request->head.head_bytes;
        keep_early(connection, request->body, request->input_bytes - request->head.head_bytes);
        break;
    }
    invite_body(connection);
    if (connection->state != CONNECTION_BROKEN)
        continue_or_deliver(connection);
}

void body_read(struct connection *connection)
{
    struct request *request = connection->request;
    bool is_chunked = request->head.framing == MESSAGE_CHUNKED;
    if (is_complete(request)) {
        if (connection->awaits_continue)
            tg_socket_read_stop(connection->socket); /* until that is gone */
        continue_or_deliver(connection);
        return;
    }
    if (is_chunked && request->body_capacity - request->body_bytes < MIN_READ_BYTES &&
        !grow_chunked(connection, request->body_bytes + MIN_READ_BYTES))
        return;
    size_t room = request->body_capacity - request->body_bytes;
    if (is_chunked && room > MAX_CHUNKED_READ_BYTES) /* what follows the body lands there, too, and is kept */
        room = MAX_CHUNKED_READ_BYTES;
    size_t got;
    switch (tg_socket_read(connection->socket, request->body + request->body_bytes, room, &got)) {
    case TG_READ_AGAIN:
        return;
    case TG_READ_END:
    case TG_READ_FAILED:
        connection_break(connection);
        return;
    case TG_READ_DATA:
        break;
    }
    if (!is_chunked)
        request->body_bytes += got;
    else if (!take_chunked(connection, got))
        return;
    continue_or_deliver(connection);
}
