/* Writes answers: head and first piece leave in one system call. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/http/server_internal.h"

enum {
    /* Beside what the caller's headers need: status line, Date, Content-Length or Transfer-Encoding, Connection. */
    OWN_HEAD_BYTES = 256,
    /* Head, chunk size, the caller's pieces, end of chunk. */
    MAX_WRITTEN_PIECES = TG_HTTP_MAX_PIECES + 3,
};
_Static_assert((int)MAX_WRITTEN_PIECES <= (int)TG_SOCKET_MAX_PIECES, "an answer's piece is one write");

#define LITERAL(text) (text), sizeof(text) - 1

static struct request *from_public(struct tg_http_request *request)
{
    return (struct request *)request;
}

static char *put(char *to, const char *data, size_t bytes)
{
    return (char *)memcpy(to, data, bytes) + bytes;
}

static char *put_number(char *to, uint64_t number)
{
    char digits[20];
    size_t count = 0;
    do
        digits[sizeof(digits) - ++count] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    return put(to, digits + sizeof(digits) - count, count);
}

static bool may_end_line(unsigned char c)
{
    return (c < ' ' && c != '\t') || c == 0x7f;
}

/* Whether one of eight bytes is a control character (a tab counts here), by the borrow or carry into its highest bit.
 */
static bool has_control(uint64_t block)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = UINT64_C(0x8080808080808080);
    uint64_t below_space = (block - ones * ' ') & ~block;
    uint64_t rubout = block ^ (ones * 0x7f);
    return ((below_space | ((rubout - ones) & ~rubout)) & highs) != 0;
}

/* The last block overlaps the one before it. False for a text that is shorter than a block. */
static bool is_free_of_controls(struct tg_text text)
{
    uint64_t block;
    if (text.bytes < sizeof(block))
        return false;
    for (size_t i = 0; i + sizeof(block) < text.bytes; i += sizeof(block)) {
        memcpy(&block, text.data + i, sizeof(block));
        if (has_control(block))
            return false;
    }
    memcpy(&block, text.data + text.bytes - sizeof(block), sizeof(block));
    return !has_control(block);
}

/* A value from elsewhere must not end its line. */
static char *put_value(char *to, struct tg_text value)
{
    if (is_free_of_controls(value))
        return put(to, value.data, value.bytes);
    for (size_t i = 0; i < value.bytes; ++i)
        *to++ = may_end_line((unsigned char)value.data[i]) ? ' ' : value.data[i];
    return to;
}

/* Those that are the server's business, also when a handler passes on a provider's headers. */
static bool is_own_header(struct tg_text name)
{
    switch (name.bytes) {
    case sizeof("date") - 1:
        return tg_text_equals_nocase(name, tg_text_of("date"));
    case sizeof("connection") - 1: /* and keep-alive */
        return tg_text_equals_nocase(name, tg_text_of("connection")) ||
               tg_text_equals_nocase(name, tg_text_of("keep-alive"));
    case sizeof("content-length") - 1:
        return tg_text_equals_nocase(name, tg_text_of("content-length"));
    case sizeof("transfer-encoding") - 1:
        return tg_text_equals_nocase(name, tg_text_of("transfer-encoding"));
    default:
        return false;
    }
}

/* RFC 9110 section 6.6.1, made once per second. */
static const char *date_now(tg_http_server *server)
{
    int64_t now_s = tg_loop_now_unix_ms(server->loop) / 1000;
    if (server->date_unix_s != now_s) {
        time_t seconds = (time_t)now_s;
        struct tm utc;
        gmtime_r(&seconds, &utc);
        strftime(server->date, sizeof(server->date), "%a, %d %b %Y %H:%M:%S GMT", &utc);
        server->date_unix_s = now_s;
    }
    return server->date;
}

static char *put_status_line(char *to, int status)
{
    if (status == 200)
        return put(to, LITERAL("HTTP/1.1 200 OK\r\n"));
    to = put(to, LITERAL("HTTP/1.1 "));
    to = put_number(to, (uint64_t)status);
    *to++ = ' ';
    const char *reason = message_reason(status);
    to = put(to, reason, strlen(reason));
    return put(to, LITERAL("\r\n"));
}

static char *put_framing(char *to, struct request *request, int status, int64_t content_length)
{
    bool may_have_length = status != 204 && status >= 200;
    if (content_length >= 0 && may_have_length) {
        to = put(to, LITERAL("content-length: "));
        to = put_number(to, (uint64_t)content_length);
        to = put(to, LITERAL("\r\n"));
    } else if (request->is_chunked) {
        to = put(to, LITERAL("transfer-encoding: chunked\r\n"));
    }
    return to;
}

/* Composes the head and decides how the body is delimited and whether the connection stays. */
static void compose_head(struct request *request, int status, const struct tg_http_header *headers, size_t count,
                         int64_t content_length)
{
    struct connection *connection = request->connection;
    assert(status >= 200 && status <= 599);
    request->has_body = status != 204 && status != 304 && !tg_text_is(request->head.method, "HEAD");
    request->answer_left_bytes = content_length;
    bool is_old = request->head.minor_version == 0 && request->head.method.bytes != 0;
    request->is_chunked = content_length < 0 && !is_old && status != 204 && status != 304;
    request->is_until_close = content_length < 0 && is_old && request->has_body;
    connection->is_last |= request->is_until_close || connection->server->is_draining;

    size_t capacity = OWN_HEAD_BYTES;
    for (size_t i = 0; i < count; ++i)
        capacity += headers[i].name.bytes + headers[i].value.bytes + sizeof(": \r\n");
    if (capacity > OUTPUT_BYTES && (request->output = malloc(capacity)) == NULL)
        abort();
    char *to = put_status_line(request->output, status);
    to = put(to, LITERAL("date: "));
    to = put(to, date_now(connection->server), sizeof("Thu, 01 Jan 1970 00:00:00 GMT") - 1);
    to = put(to, LITERAL("\r\n"));
    for (size_t i = 0; i < count; ++i) {
        if (is_own_header(headers[i].name))
            continue;
        to = put_value(to, headers[i].name);
        to = put(to, LITERAL(": "));
        to = put_value(to, headers[i].value);
        to = put(to, LITERAL("\r\n"));
    }
    to = put_framing(to, request, status, content_length);
    if (connection->is_last)
        to = put(to, LITERAL("connection: close\r\n"));
    else if (is_old)
        to = put(to, LITERAL("connection: keep-alive\r\n"));
    else if (status == 426) /* has Upgrade, which must be named here: RFC 9110 section 7.8 */
        to = put(to, LITERAL("connection: upgrade\r\n"));
    to = put(to, LITERAL("\r\n"));
    request->output_bytes = (size_t)(to - request->output);
}

/* ---- states ---- */

static void after_write(struct connection *connection, struct request *request, enum tg_write result, bool is_final)
{
    switch (result) {
    case TG_WRITE_DONE:
        request->answer = is_final ? ANSWER_ENDED : ANSWER_WRITTEN;
        connection_settle_later(connection);
        break;
    case TG_WRITE_PENDING:
        request->answer = is_final ? ANSWER_ENDING : ANSWER_WRITING;
        connection->unsent_bytes = tg_socket_unsent_bytes(connection->socket);
        connection_expect_within(connection, connection->server->config.write_idle_timeout_ms);
        break;
    case TG_WRITE_FAILED:
        connection_break(connection);
        break;
    }
}

void answer_on_written(struct connection *connection, bool is_well)
{
    if (connection->state != CONNECTION_HANDLING)
        return;
    if (!is_well) {
        connection_break(connection);
        return;
    }
    struct request *request = connection->request;
    assert(request->answer == ANSWER_WRITING || request->answer == ANSWER_ENDING);
    connection_expect_nothing(connection);
    request->answer = request->answer == ANSWER_ENDING ? ANSWER_ENDED : ANSWER_WRITTEN;
    connection_settle_later(connection);
}

/* The client left, and the handler does not know it yet. */
static bool is_gone(const struct request *request)
{
    return request->connection->state != CONNECTION_HANDLING;
}

void tg_http_respond(struct tg_http_request *public, int status, const struct tg_http_header *headers,
                     size_t header_count, struct tg_text body)
{
    struct request *request = from_public(public);
    struct connection *connection = request->connection;
    if (is_gone(request))
        return;
    assert(request->answer == ANSWER_AWAITED);
    compose_head(request, status, headers, header_count, (int64_t)body.bytes);
    struct tg_text pieces[] = {tg_text(request->output, request->output_bytes), body};
    enum tg_write result = tg_socket_write(connection->socket, pieces, request->has_body ? 2 : 1);
    if (result == TG_WRITE_PENDING)
        tg_socket_own_pending(connection->socket);
    after_write(connection, request, result, true);
}

void tg_http_start(struct tg_http_request *public, int status, const struct tg_http_header *headers,
                   size_t header_count, int64_t content_length)
{
    struct request *request = from_public(public);
    if (is_gone(request))
        return;
    assert(request->answer == ANSWER_AWAITED);
    compose_head(request, status, headers, header_count, content_length);
    request->answer = ANSWER_BEGUN;
}

/* "1a\r\n" before a chunk; behind it its end, and after the last the end of the body. */
static size_t frame_chunk(struct request *request, size_t bytes, char *head)
{
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;
    for (int shift = 60; shift >= 0; shift -= 4) {
        unsigned digit = (bytes >> shift) & 0xf;
        if (digit != 0 || at != 0)
            head[at++] = digits[digit];
    }
    head[at++] = '\r';
    head[at++] = '\n';
    return at;
}

/* What goes on the wire for these pieces, into `out`; its count. */
static size_t frame_pieces(struct request *request, const struct tg_text *pieces, size_t count, size_t total,
                           bool is_final, struct tg_text *out)
{
    size_t written = 0;
    if (request->output_bytes != 0)
        out[written++] = tg_text(request->output, request->output_bytes);
    request->output_bytes = 0;
    if (!request->has_body)
        return written;
    bool is_chunk = request->is_chunked && total != 0;
    if (is_chunk)
        out[written++] = tg_text(request->chunk_head, frame_chunk(request, total, request->chunk_head));
    for (size_t i = 0; i < count; ++i)
        out[written++] = pieces[i];
    if (is_chunk)
        out[written++] = is_final ? tg_text(LITERAL("\r\n0\r\n\r\n")) : tg_text(LITERAL("\r\n"));
    else if (request->is_chunked && is_final)
        out[written++] = tg_text(LITERAL("0\r\n\r\n"));
    return written;
}

static void send_pieces(struct request *request, const struct tg_text *pieces, size_t count, bool is_final,
                        bool is_borrowed)
{
    struct connection *connection = request->connection;
    if (is_gone(request))
        return;
    assert(request->answer == ANSWER_BEGUN || request->answer == ANSWER_OPEN);
    assert(count <= TG_HTTP_MAX_PIECES);
    size_t total = 0;
    for (size_t i = 0; i < count; ++i)
        total += pieces[i].bytes;
    if (request->answer_left_bytes >= 0) {
        assert((int64_t)total <= request->answer_left_bytes);
        request->answer_left_bytes -= (int64_t)total;
        if (is_final && request->answer_left_bytes != 0) { /* shorter than announced: the client must not wait */
            tg_http_abort(&request->public);
            return;
        }
    }
    struct tg_text out[MAX_WRITTEN_PIECES];
    size_t written = frame_pieces(request, pieces, count, total, is_final, out);
    enum tg_write result = tg_socket_write(connection->socket, out, written);
    if (result == TG_WRITE_PENDING && is_borrowed)
        tg_socket_own_pending(connection->socket);
    after_write(connection, request, result, is_final);
}

void tg_http_send(struct tg_http_request *public, const struct tg_text *pieces, size_t piece_count, bool is_final)
{
    send_pieces(from_public(public), pieces, piece_count, is_final, false);
}

void tg_http_forward(struct tg_http_request *public, const struct tg_text *pieces, size_t piece_count, bool is_final)
{
    send_pieces(from_public(public), pieces, piece_count, is_final, true);
}

bool tg_http_is_writable(const struct tg_http_request *public)
{
    const struct request *request = (const struct request *)public;
    return !is_gone(request) && (request->answer == ANSWER_BEGUN || request->answer == ANSWER_OPEN);
}

void tg_http_abort(struct tg_http_request *public)
{
    struct request *request = from_public(public);
    if (is_gone(request))
        return;
    request->connection->is_aborted = true;
    connection_break(request->connection);
}
