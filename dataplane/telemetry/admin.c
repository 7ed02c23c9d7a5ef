#include "dataplane/telemetry/admin.h"

#include <stdlib.h>

enum {
    MAX_PAGE_BYTES = 256 << 10,
    MAX_BODY_BYTES = 4 << 10,
    MAX_CONNECTIONS = 64,
    IDLE_TIMEOUT_MS = 60000,
    WRITE_TIMEOUT_MS = 10000,
};

struct tg_admin {
    struct tg_admin_config config;
    struct tg_http_body_gauge bodies; /* its own: monitoring must answer while the replica is overloaded */
    tg_http_server *server;
};

static void answer_text(struct tg_http_request *request, int status, const char *type, struct tg_text body)
{
    struct tg_http_header headers[] = {
        {tg_text_of("content-type"), tg_text_of(type)},
        {tg_text_of("cache-control"), tg_text_of("no-store")},
    };
    tg_http_respond(request, status, headers, sizeof(headers) / sizeof(headers[0]), body);
}

static void answer_plain(struct tg_http_request *request, int status, const char *line)
{
    answer_text(request, status, "text/plain; charset=utf-8", tg_text_of(line));
}

static void answer_metrics(struct tg_admin *admin, struct tg_http_request *request, const struct tg_gauges *gauges)
{
    struct tg_buf page;
    tg_buf_init(&page, MAX_PAGE_BYTES);
    if (tg_telemetry_render(admin->config.telemetry, gauges, &page) == TG_OK)
        answer_text(request, 200, "text/plain; version=0.0.4; charset=utf-8",
                    tg_arena_copy(request->arena, tg_buf_text(&page)));
    else
        answer_plain(request, 500, "The metrics do not fit on their page.\n");
    tg_buf_deinit(&page);
}

static void on_request(void *user, struct tg_http_request *request)
{
    struct tg_admin *admin = user;
    struct tg_gauges gauges = {.is_ready = false};
    bool is_get = tg_text_is(request->method, "GET") || tg_text_is(request->method, "HEAD");
    admin->config.read_gauges(admin->config.user, &gauges);
    if (!is_get)
        answer_plain(request, 405, "Only GET.\n");
    else if (tg_text_is(request->path, "/metrics"))
        answer_metrics(admin, request, &gauges);
    else if (tg_text_is(request->path, "/healthz"))
        answer_plain(request, 200, "ok\n");
    else if (tg_text_is(request->path, "/readyz") && gauges.is_ready)
        answer_plain(request, 200, "ready\n");
    else if (tg_text_is(request->path, "/readyz"))
        answer_plain(request, 503, "not ready: no snapshot yet\n");
    else
        answer_plain(request, 404, "There are /metrics, /healthz and /readyz.\n");
}

static void on_refuse(void *user, struct tg_http_request *request, enum tg_http_refusal refusal)
{
    answer_plain(request, tg_http_refusal_status(refusal), "The request cannot be used.\n");
}

/* Every answer here is whole: nothing is left to do when a request ends or more can be written. */
static void on_close(void *user, struct tg_http_request *request, bool is_complete)
{
}

static void on_writable(void *user, struct tg_http_request *request)
{
}

enum tg_status tg_admin_create(tg_loop *loop, const struct tg_admin_config *config, tg_admin **admin,
                               struct tg_error *error)
{
    struct tg_admin *created = calloc(1, sizeof(*created));
    if (created == NULL)
        abort();
    created->config = *config;
    created->bodies.max_bytes = (int64_t)MAX_BODY_BYTES * MAX_CONNECTIONS;
    struct tg_http_server_config server_config = {
        .user = created,
        .on_request = on_request,
        .on_refuse = on_refuse,
        .on_close = on_close,
        .on_writable = on_writable,
        .bodies = &created->bodies,
        .max_body_bytes = MAX_BODY_BYTES,
        .max_connections = MAX_CONNECTIONS,
        .body_idle_timeout_ms = WRITE_TIMEOUT_MS,
        .keepalive_timeout_ms = IDLE_TIMEOUT_MS,
        .write_idle_timeout_ms = WRITE_TIMEOUT_MS,
    };
    enum tg_status status =
        tg_http_server_create(loop, config->host, config->port, &server_config, &created->server, error);
    if (status != TG_OK) {
        free(created);
        return status;
    }
    *admin = created;
    return TG_OK;
}

uint16_t tg_admin_port(const tg_admin *admin)
{
    return tg_http_server_port(admin->server);
}

void tg_admin_destroy(tg_admin *admin)
{
    if (admin == NULL)
        return;
    tg_http_server_destroy(admin->server);
    free(admin);
}
