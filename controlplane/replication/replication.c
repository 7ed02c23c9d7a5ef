#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log/log.h"
#include "controlplane/replication/internal.h"

/* Nobody knows yet who a connection is that has not said Hello: so many may be that far, besides the replicas. */
enum { BACKLOG = 256, STACK_BYTES = 1 << 20, MAX_NAMELESS = 128 };

/* ---- sessions ---- */

static void destroy_session(struct tg_session *session)
{
    tg_waker_deinit(&session->waker);
    pthread_mutex_destroy(&session->mailbox);
    free(session);
}

static void end_session(struct tg_session *session)
{
    atomic_store(&session->must_end, true);
    tg_waker_wake(&session->waker);
}

/* Joins the threads that are through. Accept thread only. */
static void reap(tg_replication *server)
{
    struct tg_session *finished = NULL;
    pthread_mutex_lock(&server->mutex);
    for (struct tg_session **at = &server->sessions; *at != NULL;) {
        struct tg_session *session = *at;
        if (!atomic_load(&session->is_finished)) {
            at = &session->next;
            continue;
        }
        *at = session->next;
        session->next = finished;
        finished = session;
        --server->session_count;
    }
    pthread_mutex_unlock(&server->mutex);
    while (finished != NULL) {
        struct tg_session *session = finished;
        finished = session->next;
        pthread_join(session->thread, NULL);
        destroy_session(session);
    }
}

void tg_replication_announce(tg_replication *server, struct tg_session *session)
{
    pthread_mutex_lock(&server->mutex);
    for (struct tg_session *other = server->sessions; other != NULL; other = other->next)
        if (other != session && other->is_announced && strcmp(other->replica, session->replica) == 0)
            end_session(other);
    session->is_announced = true;
    pthread_mutex_unlock(&server->mutex);
}

void tg_replication_wake_all(tg_replication *server)
{
    pthread_mutex_lock(&server->mutex);
    for (struct tg_session *session = server->sessions; session != NULL; session = session->next)
        if (session->is_announced)
            tg_waker_wake(&session->waker);
    pthread_mutex_unlock(&server->mutex);
}

void tg_replication_recall(tg_replication *server, struct tg_id budget_id, struct tg_id spared_boot)
{
    pthread_mutex_lock(&server->mutex);
    for (struct tg_session *session = server->sessions; session != NULL; session = session->next) {
        if (!session->is_announced || tg_id_equals(session->member.boot_id, spared_boot))
            continue;
        pthread_mutex_lock(&session->mailbox);
        bool is_new = tg_pending_recalls_add(&session->recalls, budget_id);
        pthread_mutex_unlock(&session->mailbox);
        if (is_new)
            tg_waker_wake(&session->waker);
    }
    pthread_mutex_unlock(&server->mutex);
}

void tg_replication_end_all(tg_replication *server)
{
    pthread_mutex_lock(&server->mutex);
    for (struct tg_session *session = server->sessions; session != NULL; session = session->next)
        end_session(session);
    pthread_mutex_unlock(&server->mutex);
}

/* ---- accepting ---- */

static void turn_away(tg_replication *server, int fd, const char *reason)
{
    close(fd);
    tg_stat_add(&server->stats, TG_STAT_TURNED_AWAY, 1);
    tg_log(TG_LOG_WARNING, "replica_turned_away", tg_log_string("reason", reason));
}

static void start_session(tg_replication *server, int fd)
{
    struct tg_error error;
    struct tg_session *session = calloc(1, sizeof(*session));
    if (session == NULL)
        abort();
    session->server = server;
    session->fd = fd;
    pthread_mutex_init(&session->mailbox, NULL);
    if (tg_waker_init(&session->waker, &error) != TG_OK) {
        turn_away(server, fd, error.message);
        destroy_session(session);
        return;
    }
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    pthread_mutex_lock(&server->mutex); /* it is in the list before it can finish */
    int reason = pthread_create(&session->thread, &attributes, tg_replication_session_run, session);
    if (reason == 0) {
        session->next = server->sessions;
        server->sessions = session;
        ++server->session_count;
    }
    pthread_mutex_unlock(&server->mutex);
    pthread_attr_destroy(&attributes);
    if (reason != 0) {
        turn_away(server, fd, strerror(reason));
        destroy_session(session);
    }
}

/* Whether there is room for one more connection. Among those without a name the oldest has to make it, so that whoever
 * connects and says nothing cannot keep a replica out. */
static bool make_room(tg_replication *server)
{
    struct tg_session *oldest = NULL;
    size_t nameless = 0, replicas = 0;
    pthread_mutex_lock(&server->mutex);
    for (struct tg_session *session = server->sessions; session != NULL; session = session->next) { /* newest first */
        replicas += session->is_announced;
        if (session->is_announced || atomic_load(&session->must_end))
            continue;
        ++nameless;
        oldest = session;
    }
    bool has_room =
        replicas < server->max_replicas && server->session_count < server->max_replicas + (size_t)2 * MAX_NAMELESS;
    if (has_room && nameless >= MAX_NAMELESS)
        end_session(oldest);
    pthread_mutex_unlock(&server->mutex);
    return has_room;
}

static void accept_one(tg_replication *server)
{
    int fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            tg_log(TG_LOG_ERROR, "accept_failed", tg_log_string("error", strerror(errno)));
            (void)tg_waker_wait(&server->accept_waker, 100); /* until something was closed */
        }
        return;
    }
    if (make_room(server))
        start_session(server, fd);
    else
        turn_away(server, fd, "as many replicas are connected as may be");
}

static void *run_accepting(void *argument)
{
    tg_replication *server = argument;
    while (!atomic_load(&server->is_stopping)) {
        struct pollfd entries[] = {{.fd = server->listen_fd, .events = POLLIN},
                                   {.fd = server->accept_waker.fd, .events = POLLIN}};
        if (poll(entries, 2, -1) < 0 && errno != EINTR)
            abort(); /* only a bug makes poll fail */
        (void)tg_waker_take(&server->accept_waker);
        reap(server);
        if (entries[0].revents != 0)
            accept_one(server);
    }
    for (;;) {
        tg_replication_end_all(server);
        reap(server);
        if (server->session_count == 0)
            return NULL;
        (void)tg_waker_wait(&server->accept_waker, 1000);
    }
}

/* ---- creating ---- */

static enum tg_status bind_one(const struct addrinfo *address, int *fd)
{
    static const int on = 1;
    *fd = socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->ai_protocol);
    if (*fd < 0)
        return TG_IO;
    setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(*fd, address->ai_addr, address->ai_addrlen) == 0 && listen(*fd, BACKLOG) == 0)
        return TG_OK;
    int reason = errno;
    close(*fd);
    errno = reason;
    return errno == EADDRINUSE ? TG_CONFLICT : TG_IO;
}

static enum tg_status start_listening(tg_replication *server, const struct tg_replication_config *config,
                                      struct tg_error *error)
{
    char port[8];
    snprintf(port, sizeof(port), "%u", (unsigned)config->port);
    struct addrinfo *addresses, hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    int reason = getaddrinfo(config->host, port, &hints, &addresses);
    if (reason != 0)
        return tg_fail(error, TG_INVALID, "cannot listen on %s: %s", config->host, gai_strerror(reason));
    enum tg_status status = TG_IO;
    for (const struct addrinfo *address = addresses; address != NULL && status != TG_OK; address = address->ai_next)
        status = bind_one(address, &server->listen_fd);
    int why = errno;
    freeaddrinfo(addresses);
    if (status != TG_OK) {
        server->listen_fd = -1;
        return tg_fail(error, status, "cannot listen for replicas on %s port %s: %s", config->host, port,
                       strerror(why));
    }
    struct sockaddr_storage bound;
    socklen_t bytes = sizeof(bound);
    char name[NI_MAXSERV];
    if (getsockname(server->listen_fd, (struct sockaddr *)&bound, &bytes) != 0 ||
        getnameinfo((struct sockaddr *)&bound, bytes, NULL, 0, name, sizeof(name), NI_NUMERICSERV) != 0)
        return tg_fail(error, TG_IO, "cannot tell the port that was picked");
    server->port = (uint16_t)strtoul(name, NULL, 10);
    return TG_OK;
}

static size_t or_default(size_t value, size_t fallback)
{
    return value == 0 ? fallback : value;
}

enum tg_status tg_replication_create(const struct tg_replication_config *config, tg_replication **server,
                                     struct tg_error *error)
{
    *server = NULL;
    tg_replication *made = calloc(1, sizeof(*made));
    if (made == NULL)
        abort();
    made->max_replicas = or_default(config->max_replicas, 1024);
    made->ping_interval_ms = (int64_t)or_default((size_t)config->ping_interval_ms, 5000);
    made->silence_timeout_ms = (int64_t)or_default((size_t)config->silence_timeout_ms, 60000);
    made->usage_batch_max_records = (int64_t)or_default((size_t)config->usage_batch_max_records, 2000);
    made->seal_ring = config->seal_ring;
    made->listen_fd = made->accept_waker.fd = made->notices_waker.fd = -1;
    pthread_mutex_init(&made->mutex, NULL);
    tg_recent_recalls_init(&made->recent_recalls);
    struct tg_db_config database = {.url = config->database_url, .application_name = "tollgate-replication"};
    enum tg_status status = tg_waker_init(&made->accept_waker, error);
    if (status == TG_OK)
        status = tg_waker_init(&made->notices_waker, error);
    if (status == TG_OK)
        status =
            tg_tls_server_create(config->certificate_file, config->key_file, config->client_ca_file, &made->tls, error);
    if (status == TG_OK)
        status = tg_db_pool_create(&database, or_default(config->lease_connections, 2), &made->leases, error);
    if (status == TG_OK)
        status = tg_db_pool_create(&database, or_default(config->state_connections, 2), &made->states, error);
    if (status == TG_OK)
        status = tg_db_open(&database, &made->notices, error);
    if (status == TG_OK)
        status =
            tg_desk_create(&database, or_default(config->booking_connections, 2), &made->stats, &made->desk, error);
    if (status == TG_OK)
        status = start_listening(made, config, error);
    if (status != TG_OK) {
        tg_replication_destroy(made);
        return status;
    }
    *server = made;
    return TG_OK;
}

uint16_t tg_replication_port(const tg_replication *server)
{
    return server->port;
}

enum tg_status tg_replication_start(tg_replication *server, struct tg_error *error)
{
    enum tg_status status = tg_desk_start(server->desk, error);
    if (status != TG_OK)
        return status;
    int reason = pthread_create(&server->notices_thread, NULL, tg_notices_run, server);
    if (reason != 0)
        return tg_fail(error, TG_IO, "no thread for notices: %s", strerror(reason));
    reason = pthread_create(&server->accept_thread, NULL, run_accepting, server);
    if (reason != 0) {
        atomic_store(&server->is_stopping, true);
        tg_waker_wake(&server->notices_waker);
        pthread_join(server->notices_thread, NULL);
        return tg_fail(error, TG_IO, "no thread for replicas: %s", strerror(reason));
    }
    server->is_started = true;
    return TG_OK;
}

void tg_replication_stop(tg_replication *server)
{
    if (!server->is_started)
        return;
    atomic_store(&server->is_stopping, true);
    tg_waker_wake(&server->accept_waker);
    tg_waker_wake(&server->notices_waker);
    pthread_join(server->accept_thread, NULL);
    pthread_join(server->notices_thread, NULL);
    server->is_started = false;
}

void tg_replication_destroy(tg_replication *server)
{
    if (server == NULL)
        return;
    tg_replication_stop(server);
    if (server->listen_fd >= 0)
        close(server->listen_fd);
    tg_desk_destroy(server->desk);
    tg_db_close(server->notices);
    tg_db_pool_destroy(server->leases);
    tg_db_pool_destroy(server->states);
    tg_tls_context_destroy(server->tls);
    tg_waker_deinit(&server->accept_waker);
    tg_waker_deinit(&server->notices_waker);
    tg_recent_recalls_deinit(&server->recent_recalls);
    pthread_mutex_destroy(&server->mutex);
    free(server);
}

enum tg_status tg_replication_render_metrics(const tg_replication *server, struct tg_buf *out)
{
    return tg_stats_render(&server->stats, out);
}
