#include <assert.h>
#include <errno.h>
#include <stdio.h>

#include "common/http/client_internal.h"

static void connect_next(tg_http_call *call);
static void send_request(tg_http_call *call);

/* ---- time ---- */

static void arm(tg_http_call *call)
{
    int64_t earliest_ms = call->deadline_ms;
    if (call->total_deadline_ms != 0 && (earliest_ms == 0 || call->total_deadline_ms < earliest_ms))
        earliest_ms = call->total_deadline_ms;
    if (earliest_ms != 0 && (call->timer.expires_at_ms == 0 || call->timer.expires_at_ms > earliest_ms))
        tg_timer_start(call->client->loop, &call->timer, earliest_ms - tg_loop_now_ms(call->client->loop));
}

/* The timer is only moved when it is set too late; else it looks at the deadlines when it expires. */
void call_wait(tg_http_call *call, int64_t delay_ms)
{
    call->deadline_ms = tg_loop_now_ms(call->client->loop) + delay_ms;
    arm(call);
}

static void on_deadline(tg_http_call *call)
{
    switch (call->state) {
    case CALL_RESOLVING:
        call_fail(call, TG_HTTP_CONNECT_TIMEOUT, "the name was not resolved in time");
        break;
    case CALL_CONNECTING:
        upstream_close(call->upstream);
        if (call->next_address == call->addresses.count)
            call_fail(call, TG_HTTP_CONNECT_TIMEOUT, "no answer to the connection attempt in time");
        else
            connect_next(call);
        break;
    case CALL_SECURING:
        call_fail(call, TG_HTTP_CONNECT_TIMEOUT, "the TLS handshake did not end in time");
        break;
    case CALL_AWAITING:
        call_fail(call, TG_HTTP_FIRST_BYTE_TIMEOUT, "no answer in time");
        break;
    case CALL_READING:
        call_fail(call, TG_HTTP_IDLE_TIMEOUT, "the answer stopped in the middle");
        break;
    case CALL_FAILED:
    case CALL_ENDED:
        break;
    }
}

static void on_timer(struct tg_timer *timer)
{
    tg_http_call *call = (tg_http_call *)((char *)timer - offsetof(tg_http_call, timer));
    int64_t now_ms = tg_loop_now_ms(call->client->loop);
    if (call->total_deadline_ms != 0 && call->total_deadline_ms <= now_ms) {
        call_fail(call, TG_HTTP_TOTAL_TIMEOUT, "the call took longer than allowed");
    } else if (call->deadline_ms != 0 && call->deadline_ms <= now_ms) {
        call->deadline_ms = 0;
        on_deadline(call);
    } else {
        arm(call);
    }
}

/* ---- the end of a call ---- */

static void leave(tg_http_call *call)
{
    tg_http_client *client = call->client;
    tg_timer_stop(client->loop, &call->timer);
    if (call->lookup != NULL)
        tg_resolve_cancel(call->lookup);
    call->lookup = NULL;
    if (call->upstream != NULL)
        upstream_close(call->upstream);
    call->upstream = NULL;
}

static void end(tg_http_call *call)
{
    tg_http_client *client = call->client;
    call->state = CALL_ENDED;
    *(call->previous != NULL ? &call->previous->next : &client->calls) = call->next;
    if (call->next != NULL)
        call->next->previous = call->previous;
    origin_drop(client, call->origin);
    tg_loop_defer(client->loop, &call->work);
}

static void on_work(struct tg_deferred *deferred)
{
    tg_http_call *call = (tg_http_call *)((char *)deferred - offsetof(tg_http_call, work));
    if (call->state == CALL_ENDED) {
        call_release(call);
        return;
    }
    if (call->state != CALL_FAILED) {
        if (call->is_holding && !call->is_paused)
            receive_held(call);
        return;
    }
    end(call);
    call->handler->on_end(call->user, call->failure, call->reason);
}

void call_fail(tg_http_call *call, enum tg_http_failure failure, const char *reason)
{
    call->failure = failure;
    snprintf(call->reason, sizeof(call->reason), "%s", reason);
    leave(call);
    call->state = CALL_FAILED;
    tg_loop_defer(call->client->loop, &call->work); /* may be inside tg_http_call_start */
}

void call_finish(tg_http_call *call, bool is_reusable)
{
    if (is_reusable && call->is_sent) {
        upstream_make_idle(call->upstream); /* first, so that a call started in on_end finds it */
        call->upstream = NULL;
    }
    leave(call);
    end(call);
    call->handler->on_end(call->user, TG_HTTP_NO_FAILURE, "");
}

void tg_http_call_cancel(tg_http_call *call)
{
    if (call->state == CALL_ENDED)
        return;
    leave(call);
    end(call);
}

/* ---- the way to a connection ---- */

static void on_resolved(void *user, const struct tg_addresses *addresses, const char *reason)
{
    tg_http_call *call = user;
    call->lookup = NULL;
    if (addresses->count == 0) {
        call_fail(call, TG_HTTP_RESOLVE_FAILED, reason);
        return;
    }
    call->addresses = *addresses;
    connect_next(call);
}

static void begin_connect(tg_http_call *call)
{
    call->state = CALL_RESOLVING;
    call->next_address = 0;
    call->reason[0] = '\0';
    call_wait(call, call->timeouts.connect_ms);
    call->connect_deadline_ms = call->deadline_ms;
    if (tg_resolve_known(call->origin->host, call->origin->port, &call->addresses)) {
        connect_next(call);
        return;
    }
    call->lookup = tg_resolve_start(call->client->loop, call->origin->host, call->origin->port, on_resolved, call);
    if (call->lookup == NULL)
        call_fail(call, TG_HTTP_RESOLVE_FAILED, "too many names wait to be resolved");
}

/* Each address gets its share of the time that is left, so that one that swallows packets does not starve the others.
 */
static void connect_next(tg_http_call *call)
{
    call->state = CALL_CONNECTING;
    while (call->next_address < call->addresses.count) {
        int64_t left_ms = call->connect_deadline_ms - tg_loop_now_ms(call->client->loop);
        int64_t share_ms = left_ms / (int64_t)(call->addresses.count - call->next_address);
        const struct tg_address *address = &call->addresses.items[call->next_address++];
        struct upstream *upstream = upstream_create(call);
        upstream->socket = tg_socket_connect(call->client->loop, address, &upstream_socket_handler, upstream);
        call->upstream = upstream;
        if (upstream->socket != NULL) {
            call_wait(call, share_ms);
            return;
        }
        snprintf(call->reason, sizeof(call->reason), "connect: %s", strerror(errno));
        upstream_close(upstream);
    }
    char reason[sizeof(call->reason)];
    snprintf(reason, sizeof(reason), "%s", call->reason);
    call_fail(call, TG_HTTP_CONNECT_FAILED, reason);
}

static void on_open(void *user, const struct tg_error *error)
{
    struct upstream *upstream = user;
    tg_http_call *call = upstream->call;
    if (call->state == CALL_SECURING) {
        if (error != NULL)
            call_fail(call, TG_HTTP_TLS_FAILED, error->message);
        else
            send_request(call);
        return;
    }
    if (error != NULL) {
        snprintf(call->reason, sizeof(call->reason), "%s", error->message);
        upstream_close(upstream);
        connect_next(call);
        return;
    }
    if (call->origin->tls == NULL) {
        send_request(call);
        return;
    }
    call->state = CALL_SECURING;
    call_wait(call, call->connect_deadline_ms - tg_loop_now_ms(call->client->loop));
    tg_socket_start_tls(upstream->socket, call->origin->tls, call->origin->host);
}

/* ---- the request ---- */

static void send_request(tg_http_call *call)
{
    tg_socket *socket = call->upstream->socket;
    call->state = CALL_AWAITING;
    call->is_sent = false;
    if (call->upstream->is_reused)
        tg_socket_mark(socket);
    call->deadline_ms = 0;
    if (!call->is_paused) {
        call_wait(call, call->timeouts.first_byte_ms);
        tg_socket_read_start(socket);
    }
    switch (tg_socket_write(socket, call->pieces, call->piece_count)) {
    case TG_WRITE_DONE:
        call->is_sent = true;
        break;
    case TG_WRITE_PENDING:
        break;
    case TG_WRITE_FAILED: /* the other side may have said why before it closed: reading finds that, or the failure */
        break;
    }
}

/* RFC 9110 section 9.2.2: a request that may have been acted on is not repeated. The other side cannot have acted on
 * one of which its kernel has acknowledged nothing: it had closed the idle connection, and the two crossed. */
void call_retry_or_fail(tg_http_call *call, const char *reason)
{
    struct upstream *upstream = call->upstream;
    bool is_harmless = upstream->is_reused && !call->is_retried && !call->has_bytes &&
                       tg_socket_is_unseen_since_mark(upstream->socket);
    if (!is_harmless) {
        call_fail(call, TG_HTTP_BROKEN, reason);
        return;
    }
    upstream_close(upstream);
    call->is_retried = true;
    begin_connect(call);
}

static void on_written(void *user, bool is_well)
{
    tg_http_call *call = ((struct upstream *)user)->call;
    if (call == NULL || (call->state != CALL_AWAITING && call->state != CALL_READING))
        return;
    call->is_sent = is_well;
    /* Not well: an answer may have come before the other side closed, and reading finds that or the failure. */
    if (is_well && call->state == CALL_AWAITING && !call->is_paused)
        call_wait(call, call->timeouts.first_byte_ms);
}

static void on_readable(void *user)
{
    receive(user);
}

const struct tg_socket_handler upstream_socket_handler = {on_open, on_readable, on_written};

tg_http_call *tg_http_call_start(tg_http_client *client, const struct tg_http_origin *origin,
                                 const struct tg_http_timeouts *timeouts, const struct tg_text *pieces,
                                 size_t piece_count, const struct tg_http_call_handler *handler, void *user)
{
    assert(piece_count != 0 && piece_count <= TG_HTTP_MAX_PIECES);
    tg_http_call *call = call_take(client);
    call->origin = origin_take(client, origin);
    call->timeouts = *timeouts;
    call->handler = handler;
    call->user = user;
    call->timer.on_expire = on_timer;
    call->work.run = on_work;
    memcpy(call->pieces, pieces, piece_count * sizeof(*pieces));
    call->piece_count = piece_count;
    call->is_to_head = tg_text_starts_with(pieces[0], "HEAD ");
    if (timeouts->total_ms != 0)
        call->total_deadline_ms = tg_loop_now_ms(client->loop) + timeouts->total_ms;
    call->upstream = upstream_take_idle(call->origin);
    if (call->upstream == NULL) {
        begin_connect(call);
    } else {
        call->upstream->call = call;
        send_request(call);
    }
    return call;
}

void tg_http_call_pause(tg_http_call *call)
{
    if (call->is_paused || call->state == CALL_ENDED || call->state == CALL_FAILED)
        return;
    call->is_paused = true;
    if (call->state == CALL_AWAITING || call->state == CALL_READING) {
        tg_socket_read_stop(call->upstream->socket);
        call->deadline_ms = 0;
    }
}

void tg_http_call_resume(tg_http_call *call)
{
    if (!call->is_paused || call->state == CALL_ENDED || call->state == CALL_FAILED)
        return;
    call->is_paused = false;
    if (call->state == CALL_AWAITING || call->state == CALL_READING) {
        if (call->is_holding)
            tg_loop_defer(call->client->loop, &call->work);
        else
            tg_socket_read_start(call->upstream->socket);
        call_wait(call, call->state == CALL_READING ? call->timeouts.idle_ms : call->timeouts.first_byte_ms);
    }
}

bool tg_http_call_is_retried(const tg_http_call *call)
{
    return call->is_retried;
}
