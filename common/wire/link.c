#include "common/wire/link.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/time.h"
#include "common/wire/dial.h"
#include "common/wire/pack.h"

enum {
    DEFAULT_SEND_MAX_BYTES = 4 << 20,
    WRITE_BYTES = 64 << 10, /* offered to TLS at once */
};

struct tg_wire_link {
    tg_tls_connection *tls;
    int fd;
    struct tg_waker *waker;
    struct tg_frame_reader reader;
    struct tg_buf queue; /* from sent_bytes on, frames to be written */
    size_t sent_bytes;
    bool was_filled;                         /* something was queued since the last TG_WIRE_WRITABLE */
    bool read_wants_write, write_wants_read; /* what TLS asked for, against expectation */
    char peer[128];
    char address[TG_DIAL_ADDRESS_BYTES];
};

const char *tg_wire_event_name(enum tg_wire_event event)
{
    switch (event) {
    case TG_WIRE_FRAME:
        return "frame";
    case TG_WIRE_WOKEN:
        return "woken";
    case TG_WIRE_WRITABLE:
        return "writable";
    case TG_WIRE_TIMEOUT:
        return "timeout";
    case TG_WIRE_CLOSED:
        return "closed";
    }
    return "unknown";
}

static enum tg_status shake_hands(tg_tls_connection *tls, int fd, const struct tg_dial *dial, struct tg_error *error)
{
    for (;;) {
        enum tg_tls_io io = tg_tls_handshake(tls, error);
        if (io == TG_TLS_DONE)
            return TG_OK;
        if (io == TG_TLS_CLOSED)
            return tg_fail(error, TG_UNAVAILABLE, "the peer closed the connection during the handshake");
        if (io == TG_TLS_FAILED)
            return error->status;
        enum tg_status status = tg_dial_await(dial, fd, io == TG_TLS_WANT_READ ? POLLIN : POLLOUT, error);
        if (status != TG_OK)
            return tg_fail_context(error, status, "TLS handshake");
    }
}

/* Takes the fd in every case. */
static enum tg_status start(const struct tg_wire_link_config *config, int fd, const char *server_name,
                            const struct tg_dial *dial, tg_wire_link **link, struct tg_error *error)
{
    struct tg_error own_error;
    if (error == NULL)
        error = &own_error;
    *link = NULL;
    tg_tls_connection *tls = tg_tls_connection_create(config->tls, fd, server_name);
    enum tg_status status = shake_hands(tls, fd, dial, error);
    if (status != TG_OK) {
        tg_tls_connection_destroy(tls);
        return status;
    }
    tg_wire_link *made = calloc(1, sizeof(*made));
    if (made == NULL)
        abort();
    made->tls = tls;
    made->fd = fd;
    made->waker = config->waker;
    tg_frame_reader_init(&made->reader);
    tg_buf_init(&made->queue, config->send_max_bytes == 0 ? DEFAULT_SEND_MAX_BYTES : config->send_max_bytes);
    tg_tls_peer_name(tls, made->peer);
    tg_dial_peer_address(fd, made->address);
    *link = made;
    return TG_OK;
}

enum tg_status tg_wire_link_connect(const struct tg_wire_link_config *config, const char *host, uint16_t port,
                                    const char *server_name, int64_t timeout_ms, tg_wire_link **link,
                                    struct tg_error *error)
{
    *link = NULL;
    struct tg_dial dial = {config->waker, config->is_cancelled, config->user, tg_time_monotonic_ms() + timeout_ms};
    int fd;
    enum tg_status status = tg_dial_connect(&dial, host, port, &fd, error);
    return status == TG_OK ? start(config, fd, server_name, &dial, link, error) : status;
}

enum tg_status tg_wire_link_accept(const struct tg_wire_link_config *config, int fd, int64_t timeout_ms,
                                   tg_wire_link **link, struct tg_error *error)
{
    *link = NULL;
    struct tg_dial dial = {config->waker, config->is_cancelled, config->user, tg_time_monotonic_ms() + timeout_ms};
    enum tg_status status = tg_dial_prepare(fd, error);
    if (status != TG_OK) {
        close(fd);
        return status;
    }
    return start(config, fd, NULL, &dial, link, error);
}

void tg_wire_link_close(tg_wire_link *link)
{
    if (link == NULL)
        return;
    tg_tls_connection_destroy(link->tls);
    tg_frame_reader_deinit(&link->reader);
    tg_buf_deinit(&link->queue);
    free(link);
}

const char *tg_wire_link_peer(const tg_wire_link *link)
{
    return link->peer;
}

const char *tg_wire_link_address(const tg_wire_link *link)
{
    return link->address;
}

/* Moves what is unsent to the front, before something is added: at most one move per buffer's worth. */
static void make_room(tg_wire_link *link)
{
    if (link->sent_bytes == 0 || link->sent_bytes < link->queue.bytes / 2)
        return;
    tg_buf_consume(&link->queue, link->sent_bytes);
    link->sent_bytes = 0;
}

enum tg_status tg_wire_link_send(tg_wire_link *link, const ProtobufCMessage *message)
{
    make_room(link);
    enum tg_status status = tg_frame_append(message, &link->queue);
    link->was_filled |= status == TG_OK;
    return status;
}

static enum tg_status send_wrapped(tg_wire_link *link, struct tg_text part,
                                   enum tg_status (*wrap)(struct tg_text part, struct tg_buf *buf))
{
    make_room(link);
    enum tg_status status = tg_frame_begin(tg_wire_wrapped_bytes(part), &link->queue);
    if (status == TG_OK)
        status = wrap(part, &link->queue); /* there is room */
    link->was_filled |= status == TG_OK;
    return status;
}

enum tg_status tg_wire_link_send_upsert(tg_wire_link *link, struct tg_text packed_resource)
{
    return send_wrapped(link, packed_resource, tg_wire_wrap_upsert);
}

enum tg_status tg_wire_link_send_usage_batch(tg_wire_link *link, struct tg_text packed_batch)
{
    return send_wrapped(link, packed_batch, tg_wire_wrap_usage_batch);
}

size_t tg_wire_link_unsent_bytes(const tg_wire_link *link)
{
    return link->queue.bytes - link->sent_bytes;
}

/* False if the connection broke. */
static bool write_queued(tg_wire_link *link, struct tg_error *error)
{
    link->write_wants_read = false;
    while (link->sent_bytes < link->queue.bytes) {
        size_t bytes = link->queue.bytes - link->sent_bytes, written;
        if (bytes > WRITE_BYTES)
            bytes = WRITE_BYTES;
        switch (tg_tls_write(link->tls, link->queue.data + link->sent_bytes, bytes, &written, error)) {
        case TG_TLS_DONE:
            link->sent_bytes += written;
            break;
        case TG_TLS_WANT_READ:
            link->write_wants_read = true;
            return true;
        case TG_TLS_WANT_WRITE:
            return true;
        case TG_TLS_CLOSED:
            tg_fail(error, TG_UNAVAILABLE, "the peer closed the connection");
            return false;
        case TG_TLS_FAILED:
            return false;
        }
    }
    /* Memory is given back when little was sent: while much is, it would be asked for again at once. */
    if (link->queue.capacity > WRITE_BYTES && link->queue.bytes < link->queue.capacity / 8)
        tg_buf_deinit(&link->queue);
    link->queue.bytes = 0;
    link->sent_bytes = 0;
    return true;
}

/* Reads once. DONE: something came. */
static enum tg_tls_io read_some(tg_wire_link *link, struct tg_error *error)
{
    size_t room = SIZE_MAX, bytes;
    char *at = tg_frame_reader_room(&link->reader, &room);
    enum tg_tls_io io = tg_tls_read(link->tls, at, room, &bytes, error);
    if (io == TG_TLS_DONE)
        tg_frame_reader_add(&link->reader, bytes);
    else if (io == TG_TLS_CLOSED)
        tg_fail(error, TG_UNAVAILABLE, "the peer closed the connection");
    link->read_wants_write = io == TG_TLS_WANT_WRITE;
    return io;
}

/* Sleeps until the connection or the waker has something, or for `timeout_ms`. */
static void await_anything(const tg_wire_link *link, int64_t timeout_ms)
{
    struct pollfd entries[2] = {{.fd = link->fd, .events = POLLIN}, {.fd = link->waker->fd, .events = POLLIN}};
    if ((tg_wire_link_unsent_bytes(link) != 0 && !link->write_wants_read) || link->read_wants_write)
        entries[0].events |= POLLOUT;
    if (poll(entries, 2, timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms) < 0 && errno != EINTR)
        abort(); /* only a bug makes poll fail */
}

enum tg_wire_event tg_wire_link_poll(tg_wire_link *link, int64_t timeout_ms, struct tg_text *frame,
                                     struct tg_error *error)
{
    struct tg_error own_error;
    if (error == NULL)
        error = &own_error;
    int64_t deadline_ms = timeout_ms < 0 ? INT64_MAX : tg_time_monotonic_ms() + timeout_ms;
    for (;;) {
        if (!write_queued(link, error))
            return TG_WIRE_CLOSED;
        if (tg_waker_take(link->waker))
            return TG_WIRE_WOKEN;
        enum tg_frame_result result = tg_frame_reader_next(&link->reader, frame);
        if (result == TG_FRAME_COMPLETE)
            return TG_WIRE_FRAME;
        if (result == TG_FRAME_MALFORMED) {
            tg_fail(error, TG_CORRUPT, "the peer sent a malformed frame length, or more than %d bytes in one frame",
                    TG_FRAME_MAX_BYTES);
            return TG_WIRE_CLOSED;
        }
        switch (read_some(link, error)) {
        case TG_TLS_DONE:
            continue;
        case TG_TLS_CLOSED:
        case TG_TLS_FAILED:
            return TG_WIRE_CLOSED;
        case TG_TLS_WANT_READ:
        case TG_TLS_WANT_WRITE:
            break;
        }
        if (link->was_filled && tg_wire_link_unsent_bytes(link) == 0) {
            link->was_filled = false;
            return TG_WIRE_WRITABLE;
        }
        int64_t left_ms = timeout_ms < 0 ? -1 : deadline_ms - tg_time_monotonic_ms();
        if (timeout_ms >= 0 && left_ms <= 0)
            return TG_WIRE_TIMEOUT;
        await_anything(link, left_ms);
    }
}

enum tg_status tg_wire_link_flush(tg_wire_link *link, int64_t timeout_ms, struct tg_error *error)
{
    struct tg_error own_error;
    if (error == NULL)
        error = &own_error;
    const struct tg_dial dial = {.deadline_ms = tg_time_monotonic_ms() + timeout_ms};
    for (;;) {
        if (!write_queued(link, error))
            return error->status;
        if (tg_wire_link_unsent_bytes(link) == 0)
            return TG_OK;
        enum tg_status status = tg_dial_await(&dial, link->fd, link->write_wants_read ? POLLIN : POLLOUT, error);
        if (status != TG_OK)
            return status;
    }
}
