#include "common/http/server.h"

#include <assert.h>
#include <stdlib.h>

#include "common/http/server_internal.h"

enum {
    MAX_SPARE_REQUESTS = 128,
    DEFAULT_MAX_HEAD_BYTES = 32 * 1024,
    DEFAULT_MAX_BODY_BYTES = 10 * 1024 * 1024,
    DEFAULT_MAX_CONNECTIONS = 10000,
    DEFAULT_HEAD_TIMEOUT_MS = 30 * 1000,
    DEFAULT_BODY_IDLE_TIMEOUT_MS = 30 * 1000,
    DEFAULT_KEEPALIVE_TIMEOUT_MS = 75 * 1000,
    DRAIN_GRACE_MS = 1000,
    DEFAULT_WRITE_IDLE_TIMEOUT_MS = 60 * 1000,
};

static void on_work(struct tg_deferred *deferred)
{
    tg_http_server *server = (tg_http_server *)((char *)deferred - offsetof(tg_http_server, work));
    if (server->is_destroyed) {
        free(server);
        return;
    }
    void (*on_drained)(void *) = server->on_drained;
    if (on_drained != NULL && server->connection_count == 0) {
        server->on_drained = NULL;
        on_drained(server->on_drained_user); /* may destroy the server */
    }
}

static void set_defaults(struct tg_http_server_config *config)
{
    if (config->max_head_bytes == 0)
        config->max_head_bytes = DEFAULT_MAX_HEAD_BYTES;
    if (config->max_body_bytes == 0)
        config->max_body_bytes = DEFAULT_MAX_BODY_BYTES;
    if (config->max_connections == 0)
        config->max_connections = DEFAULT_MAX_CONNECTIONS;
    if (config->head_timeout_ms == 0)
        config->head_timeout_ms = DEFAULT_HEAD_TIMEOUT_MS;
    if (config->body_idle_timeout_ms == 0)
        config->body_idle_timeout_ms = DEFAULT_BODY_IDLE_TIMEOUT_MS;
    if (config->keepalive_timeout_ms == 0)
        config->keepalive_timeout_ms = DEFAULT_KEEPALIVE_TIMEOUT_MS;
    if (config->write_idle_timeout_ms == 0)
        config->write_idle_timeout_ms = DEFAULT_WRITE_IDLE_TIMEOUT_MS;
}

static void on_accept(void *user, tg_socket *socket)
{
    tg_http_server *server = user;
    connection_open(server, socket);
    if (server->connection_count >= server->config.max_connections)
        tg_listener_pause(server->listener);
}

enum tg_status tg_http_server_create(tg_loop *loop, const char *host, uint16_t port,
                                     const struct tg_http_server_config *config, tg_http_server **ret,
                                     struct tg_error *error)
{
    *ret = NULL;
    tg_http_server *server = calloc(1, sizeof(*server));
    if (server == NULL)
        abort();
    server->loop = loop;
    server->config = *config;
    server->work.run = on_work;
    set_defaults(&server->config);
    enum tg_status status = tg_listener_create(loop, host, port, on_accept, server, &server->listener, error);
    if (status != TG_OK) {
        free(server);
        return status;
    }
    server->port = tg_listener_port(server->listener);
    *ret = server;
    return TG_OK;
}

uint16_t tg_http_server_port(const tg_http_server *server)
{
    return server->port;
}

size_t tg_http_server_connection_count(const tg_http_server *server)
{
    return server->connection_count;
}

void tg_http_server_drain(tg_http_server *server, void (*on_drained)(void *user), void *user)
{
    assert(!server->is_draining);
    server->is_draining = true;
    server->on_drained = on_drained;
    server->on_drained_user = user;
    tg_listener_accept_waiting(server->listener);
    tg_listener_destroy(server->listener);
    server->listener = NULL;
    for (struct connection *connection = server->connections; connection != NULL;) {
        struct connection *next = connection->next;
        bool is_idle = connection->state == CONNECTION_IDLE;
        if (is_idle && connection->is_used)
            connection_close(connection);
        else if (is_idle) /* just arrived: its request is likely under way */
            connection_expect_within(connection, DRAIN_GRACE_MS);
        connection = next;
    }
    tg_loop_defer(server->loop, &server->work);
}

void tg_http_server_destroy(tg_http_server *server)
{
    if (server == NULL)
        return;
    tg_listener_destroy(server->listener);
    server->listener = NULL;
    server->on_drained = NULL;
    while (server->connections != NULL)
        connection_close(server->connections);
    while (server->spare_requests != NULL) {
        struct request *request = server->spare_requests;
        server->spare_requests = request->next;
        tg_arena_deinit(&request->arena);
        free(request);
    }
    server->is_destroyed = true;
    tg_loop_defer(server->loop, &server->work); /* after its connections, which were queued before */
}

/* ---- what connections need of their server ---- */

struct request *request_take(struct connection *connection)
{
    tg_http_server *server = connection->server;
    struct request *request = server->spare_requests;
    if (request != NULL) {
        server->spare_requests = request->next;
        --server->spare_request_count;
    } else {
        if ((request = malloc(sizeof(*request))) == NULL)
            abort();
        tg_arena_init(&request->arena);
    }
    struct tg_arena arena = request->arena;                /* keeps its block from request to request */
    memset(request, 0, offsetof(struct request, headers)); /* the arrays behind are written before they are read */
    request->connection = connection;
    request->arena = arena;
    request->public.arena = &request->arena;
    request->input = request->input_inline;
    request->input_capacity = INPUT_BYTES;
    request->output = request->output_inline;
    return request;
}

void request_release(tg_http_server *server, struct request *request)
{
    if (request == NULL)
        return;
    body_release(request, server->config.bodies);
    tg_arena_reset(&request->arena);
    if (request->input != request->input_inline)
        free(request->input);
    if (request->output != request->output_inline)
        free(request->output);
    if (server->spare_request_count == MAX_SPARE_REQUESTS || server->is_destroyed) {
        tg_arena_deinit(&request->arena);
        free(request);
        return;
    }
    request->next = server->spare_requests;
    server->spare_requests = request;
    ++server->spare_request_count;
}

void server_forget(struct connection *connection)
{
    tg_http_server *server = connection->server;
    *(connection->previous != NULL ? &connection->previous->next : &server->connections) = connection->next;
    if (connection->next != NULL)
        connection->next->previous = connection->previous;
    --server->connection_count;
    if (server->listener != NULL && server->connection_count < server->config.max_connections)
        tg_listener_resume(server->listener);
    if (server->on_drained != NULL && server->connection_count == 0)
        tg_loop_defer(server->loop, &server->work);
}
