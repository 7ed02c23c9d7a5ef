#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/http/server_internal.h"

enum {
    /* How long, and how much, a client may go on sending after an answer that did not wait for its body: closing at
     * once would make its kernel throw the answer away (RFC 9112 section 9.6). */
    LINGER_MS = 2000,
    MAX_DISCARDED_BYTES = 16 * 1024 * 1024,
};

/* ---- waiting ---- */

/* The timer is only moved when it is set too late; else it looks at the deadline when it expires. */
void connection_expect_within(struct connection *connection, int64_t delay_ms)
{
    tg_loop *loop = connection->server->loop;
    connection->deadline_ms = tg_loop_now_ms(loop) + delay_ms;
    if (connection->timer.expires_at_ms == 0 || connection->timer.expires_at_ms > connection->deadline_ms)
        tg_timer_start(loop, &connection->timer, delay_ms);
}

void connection_expect_nothing(struct connection *connection)
{
    connection->deadline_ms = 0;
}

static void on_deadline(struct connection *connection)
{
    switch (connection->state) {
    case CONNECTION_HEAD:
    case CONNECTION_BODY:
        connection_refuse(connection, TG_HTTP_REQUEST_TIMEOUT);
        break;
    case CONNECTION_HANDLING: {
        size_t unsent = tg_socket_unsent_bytes(connection->socket);
        if (unsent != connection->unsent_bytes) {
            connection->unsent_bytes = unsent;
            connection_expect_within(connection, connection->server->config.write_idle_timeout_ms);
        } else {
            connection_break(connection);
        }
        break;
    }
    case CONNECTION_HANDSHAKING:
    case CONNECTION_IDLE:
    case CONNECTION_LINGERING:
        connection_close(connection);
        break;
    case CONNECTION_BROKEN:
    case CONNECTION_CLOSED:
        break;
    }
}

static void on_timer(struct tg_timer *timer)
{
    struct connection *connection = (struct connection *)((char *)timer - offsetof(struct connection, timer));
    if (connection->deadline_ms == 0)
        return;
    int64_t left_ms = connection->deadline_ms - tg_loop_now_ms(connection->server->loop);
    if (left_ms > 0) {
        tg_timer_start(connection->server->loop, timer, left_ms);
        return;
    }
    connection->deadline_ms = 0;
    on_deadline(connection);
}

/* ---- the end of a connection ---- */

void connection_settle_later(struct connection *connection)
{
    tg_loop_defer(connection->server->loop, &connection->work);
}

void connection_break(struct connection *connection)
{
    if (connection->state == CONNECTION_BROKEN || connection->state == CONNECTION_CLOSED)
        return;
    bool is_handled = connection->state == CONNECTION_HANDLING;
    connection->state = CONNECTION_BROKEN;
    connection_expect_nothing(connection);
    tg_socket_read_stop(connection->socket);
    /* A handler hears of it before the connection goes; without one there is nobody to tell. */
    if (!is_handled && connection->request != NULL) {
        request_release(connection->server, connection->request);
        connection->request = NULL;
    }
    connection_settle_later(connection);
}

void connection_close(struct connection *connection)
{
    tg_http_server *server = connection->server;
    assert(connection->state != CONNECTION_CLOSED);
    bool is_handled = connection->request != NULL && !connection->request->is_refused &&
                      (connection->state == CONNECTION_HANDLING || connection->state == CONNECTION_BROKEN);
    connection->state = CONNECTION_CLOSED;
    if (is_handled)
        server->config.on_close(server->config.user, &connection->request->public, false);
    if (connection->is_aborted && connection->request != NULL && connection->request->is_until_close)
        tg_socket_reset(connection->socket);
    else
        tg_socket_close(connection->socket);
    connection->socket = NULL;
    request_release(server, connection->request);
    request_release(server, connection->early);
    connection->request = NULL;
    connection->early = NULL;
    tg_timer_stop(server->loop, &connection->timer);
    server_forget(connection);
    connection_settle_later(connection);
}

/* ---- reading heads ---- */

static void set_public_fields(struct connection *connection)
{
    struct request *request = connection->request;
    request->public.method = request->head.method;
    request->public.target = request->head.target;
    request->public.path = request->head.path;
    request->public.query = request->head.query;
    request->public.headers = request->headers;
    request->public.header_count = request->head.header_count;
    memcpy(request->public.peer, connection->peer, sizeof(request->public.peer));
}

void connection_refuse(struct connection *connection, enum tg_http_refusal refusal)
{
    tg_http_server *server = connection->server;
    struct request *request = connection->request;
    set_public_fields(connection);
    request->is_refused = true;
    connection->is_last = true;
    connection->state = CONNECTION_HANDLING;
    connection_expect_nothing(connection);
    if (connection->awaits_continue) { /* a half-sent "100 Continue" leaves no place for another answer */
        connection_break(connection);
        return;
    }
    server->config.on_refuse(server->config.user, &request->public, refusal);
    if (request->answer == ANSWER_AWAITED)
        connection_break(connection);
}

/* Room for more of a head that is not complete; false if it may not become longer. */
static bool grow_input(struct request *request, size_t max_head_bytes)
{
    if (request->input_bytes >= max_head_bytes)
        return false;
    if (request->input_bytes < request->input_capacity)
        return true;
    size_t capacity = request->input_capacity * 2;
    if (capacity > max_head_bytes)
        capacity = max_head_bytes;
    char *input = malloc(capacity);
    if (input == NULL)
        abort();
    memcpy(input, request->input, request->input_bytes);
    if (request->input != request->input_inline)
        free(request->input);
    request->input = input;
    request->input_capacity = capacity;
    return true;
}

/* Of a small body that came with its head nothing is left to be spared. */
static bool is_body_unwanted(struct connection *connection)
{
    const struct tg_http_server_config *config = &connection->server->config;
    const struct request *request = connection->request;
    int64_t there = (int64_t)(request->input_bytes - request->head.head_bytes);
    bool is_missing = request->head.framing == MESSAGE_CHUNKED || request->head.content_length > there;
    return is_missing && config->wants_body != NULL && !config->wants_body(config->user, &request->public);
}

static void begin_request(struct connection *connection)
{
    struct request *request = connection->request;
    if (request->head.head_bytes > connection->server->config.max_head_bytes) {
        connection_refuse(connection, TG_HTTP_HEAD_TOO_LARGE);
        return;
    }
    set_public_fields(connection);
    connection->is_used = true;
    connection->is_last = !request->head.is_persistent;
    if (is_body_unwanted(connection))
        connection_refuse(connection, TG_HTTP_BODY_UNWANTED);
    else
        body_begin(connection);
}

static void read_head(struct connection *connection)
{
    struct request *request = connection->request;
    const struct tg_http_server_config *config = &connection->server->config;
    if (connection->state == CONNECTION_IDLE) {
        connection->state = CONNECTION_HEAD;
        connection_expect_within(connection, config->head_timeout_ms);
    }
    switch (message_read_request(request->input, request->input_bytes, request->seen_bytes, &request->head,
                                 request->headers)) {
    case MESSAGE_DONE:
        begin_request(connection);
        break;
    case MESSAGE_PARTIAL:
        request->seen_bytes = request->input_bytes;
        if (!grow_input(request, config->max_head_bytes))
            connection_refuse(connection, TG_HTTP_HEAD_TOO_LARGE);
        break;
    case MESSAGE_BAD:
        connection_refuse(connection, TG_HTTP_BAD_REQUEST);
        break;
    case MESSAGE_TOO_MANY_HEADERS:
        connection_refuse(connection, TG_HTTP_HEAD_TOO_LARGE);
        break;
    case MESSAGE_UNKNOWN_CODING:
        connection_refuse(connection, TG_HTTP_LENGTH_REQUIRED);
        break;
    }
}

/* Reads into the request that is to come; false if there was nothing, or the end. */
static bool fill(struct connection *connection, struct request **slot)
{
    if (*slot == NULL)
        *slot = request_take(connection);
    struct request *request = *slot;
    size_t got = 0;
    switch (tg_socket_read(connection->socket, request->input + request->input_bytes,
                           request->input_capacity - request->input_bytes, &got)) {
    case TG_READ_DATA:
        request->input_bytes += got;
        return true;
    case TG_READ_AGAIN:
        break;
    case TG_READ_END:
    case TG_READ_FAILED:
        connection_break(connection);
        return false;
    }
    if (request->input_bytes == 0) {
        request_release(connection->server, request);
        *slot = NULL;
    }
    return false;
}

/* While the handler works: a client that leaves is seen here. One that sends its next request early is not read beyond
 * one buffer. */
static void read_early(struct connection *connection)
{
    struct request *early = connection->early;
    if (early != NULL && early->input_bytes == early->input_capacity)
        tg_socket_read_stop(connection->socket);
    else
        (void)fill(connection, &connection->early);
}

static void discard(struct connection *connection)
{
    char trash[16 * 1024];
    size_t got;
    enum tg_read result = tg_socket_read(connection->socket, trash, sizeof(trash), &got);
    connection->discarded_bytes += got;
    if (result == TG_READ_END || result == TG_READ_FAILED || connection->discarded_bytes > MAX_DISCARDED_BYTES)
        connection_close(connection);
}

static void on_readable(void *user)
{
    struct connection *connection = user;
    switch (connection->state) {
    case CONNECTION_IDLE:
    case CONNECTION_HEAD:
        if (fill(connection, &connection->request))
            read_head(connection);
        break;
    case CONNECTION_BODY:
        body_read(connection);
        break;
    case CONNECTION_HANDLING:
        read_early(connection);
        break;
    case CONNECTION_LINGERING:
        discard(connection);
        break;
    case CONNECTION_HANDSHAKING:
    case CONNECTION_BROKEN:
    case CONNECTION_CLOSED:
        break;
    }
}

/* ---- from one request to the next ---- */

void connection_after_answer(struct connection *connection)
{
    tg_http_server *server = connection->server;
    struct request *request = connection->request;
    bool is_refused = request->is_refused;
    if (!is_refused)
        server->config.on_close(server->config.user, &request->public, true);
    request_release(server, request);
    connection->request = connection->early;
    connection->early = NULL;
    if (connection->is_last || server->is_draining) {
        if (!is_refused && connection->request == NULL) {
            connection_close(connection);
            return;
        }
        connection->state = CONNECTION_LINGERING;
        connection_expect_within(connection, LINGER_MS);
        tg_socket_shutdown(connection->socket);
        tg_socket_read_start(connection->socket);
        return;
    }
    connection->state = CONNECTION_IDLE;
    connection_expect_within(connection, server->config.keepalive_timeout_ms);
    tg_socket_read_start(connection->socket);
    if (connection->request != NULL)
        read_head(connection);
}

static void settle(struct tg_deferred *deferred)
{
    struct connection *connection = (struct connection *)((char *)deferred - offsetof(struct connection, work));
    switch (connection->state) {
    case CONNECTION_CLOSED:
        free(connection);
        break;
    case CONNECTION_BROKEN:
        connection_close(connection);
        break;
    case CONNECTION_HANDLING:
        if (connection->request->answer == ANSWER_ENDED) {
            connection_after_answer(connection);
        } else if (connection->request->answer == ANSWER_WRITTEN) {
            connection->request->answer = ANSWER_OPEN;
            if (connection->server->config.on_writable != NULL)
                connection->server->config.on_writable(connection->server->config.user, &connection->request->public);
        }
        break;
    case CONNECTION_HANDSHAKING:
    case CONNECTION_IDLE:
    case CONNECTION_HEAD:
    case CONNECTION_BODY:
    case CONNECTION_LINGERING:
        break;
    }
}

static void on_written(void *user, bool is_well)
{
    struct connection *connection = user;
    if (!connection->awaits_continue) {
        answer_on_written(connection, is_well);
        return;
    }
    connection->awaits_continue = false;
    tg_socket_read_start(connection->socket);
    if (!is_well)
        connection_break(connection);
    else if (connection->state == CONNECTION_BODY)
        body_read(connection);
}

static void on_open(void *user, const struct tg_error *error)
{
    struct connection *connection = user;
    if (error != NULL) {
        connection_close(connection);
        return;
    }
    connection->state = CONNECTION_IDLE;
    connection_expect_within(connection, connection->server->config.keepalive_timeout_ms);
    tg_socket_read_start(connection->socket);
}

const struct tg_socket_handler connection_socket_handler = {on_open, on_readable, on_written};

void connection_open(tg_http_server *server, tg_socket *socket)
{
    struct connection *connection = calloc(1, sizeof(*connection));
    if (connection == NULL)
        abort();
    connection->server = server;
    connection->socket = socket;
    connection->timer.on_expire = on_timer;
    connection->work.run = settle;
    tg_socket_peer(socket, connection->peer);
    connection->next = server->connections;
    if (connection->next != NULL)
        connection->next->previous = connection;
    server->connections = connection;
    ++server->connection_count;
    tg_socket_set_handler(socket, &connection_socket_handler, connection);
    if (server->config.tls == NULL) {
        on_open(connection, NULL);
        return;
    }
    connection->state = CONNECTION_HANDSHAKING;
    connection_expect_within(connection, server->config.head_timeout_ms);
    tg_socket_start_tls(socket, server->config.tls, NULL);
}
