#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/http/message.h"

static struct tg_http_header headers[MESSAGE_HEADER_CAPACITY];

static enum message_verdict read_request(const char *text, struct message_head *head)
{
    return message_read_request(text, strlen(text), 0, head, headers);
}

static void requests_that_could_be_read_in_two_ways_are_refused(void **state)
{
    static const struct {
        const char *why;
        const char *head;
        enum message_verdict verdict;
    } cases[] = {
        {"length and chunked", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
         MESSAGE_BAD},
        {"the same in the other order",
         "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", MESSAGE_BAD},
        {"two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", MESSAGE_BAD},
        {"the same length twice", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n",
         MESSAGE_BAD},
        {"a list of lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\n", MESSAGE_BAD},
        {"a signed length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\n", MESSAGE_BAD},
        {"a negative length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", MESSAGE_BAD},
        {"a hexadecimal length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x10\r\n\r\n", MESSAGE_BAD},
        {"an empty length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n", MESSAGE_BAD},
        {"a length beyond 63 bits", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775808\r\n\r\n",
         MESSAGE_BAD},
        {"two codings", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
         MESSAGE_UNKNOWN_CODING},
        {"chunked twice", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
         MESSAGE_UNKNOWN_CODING},
        {"chunked in two fields",
         "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", MESSAGE_BAD},
        {"identity", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", MESSAGE_UNKNOWN_CODING},
        {"chunked with a parameter", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;q=1\r\n\r\n",
         MESSAGE_UNKNOWN_CODING},
        {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", MESSAGE_BAD},
        {"a folded line", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n", MESSAGE_BAD},
        {"space before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", MESSAGE_BAD},
        {"space before the name", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", MESSAGE_BAD},
        {"no name", "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", MESSAGE_BAD},
        {"a name that is no token", "GET / HTTP/1.1\r\nHost: a\r\nX(y): 1\r\n\r\n", MESSAGE_BAD},
        {"a bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", MESSAGE_BAD},
        {"a bare LF after a field", "GET / HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n", MESSAGE_BAD},
        {"a bare LF at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", MESSAGE_BAD},
        {"a bare CR in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r2\r\n\r\n", MESSAGE_BAD},
        {"no Host", "GET / HTTP/1.1\r\nX: 1\r\n\r\n", MESSAGE_BAD},
        {"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", MESSAGE_BAD},
        {"a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", MESSAGE_BAD},
        {"a Host with a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", MESSAGE_BAD},
        {"a target without a slash", "GET x HTTP/1.1\r\nHost: a\r\n\r\n", MESSAGE_BAD},
        {"a target of another scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", MESSAGE_BAD},
        {"an absolute target without a host", "GET http:/// HTTP/1.1\r\nHost: a\r\n\r\n", MESSAGE_BAD},
        {"a fragment", "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", MESSAGE_BAD},
        {"bytes beyond ASCII in the target", "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", MESSAGE_BAD},
        {"an asterisk that is not OPTIONS", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", MESSAGE_BAD},
        {"CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", MESSAGE_BAD},
        {"a method that is no token", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", MESSAGE_BAD},
        {"no method", " / HTTP/1.1\r\nHost: a\r\n\r\n", MESSAGE_BAD},
        {"another version", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", MESSAGE_BAD},
        {"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", MESSAGE_BAD},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        struct message_head head;
        if (read_request(cases[i].head, &head) != cases[i].verdict)
            fail_msg("%s was not refused as it should be", cases[i].why);
    }
}

static void a_nul_in_a_value_is_refused(void **state)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\nX: 1\0002\r\n\r\n";
    struct message_head head;
    assert_int_equal(message_read_request(request, sizeof(request) - 1, 0, &head, headers), MESSAGE_BAD);
}

static void a_plain_request_is_understood(void **state)
{
    struct message_head head;
    assert_int_equal(read_request("POST /v1/chat?a=1&b=2 HTTP/1.1\r\nhost: a:80\r\nX-Y:  z \t\r\n"
                                  "content-length: 5\r\nExpect: 100-Continue\r\n\r\nhello",
                                  &head),
                     MESSAGE_DONE);
    assert_true(tg_text_is(head.method, "POST"));
    assert_true(tg_text_is(head.target, "/v1/chat?a=1&b=2"));
    assert_true(tg_text_is(head.path, "/v1/chat"));
    assert_true(tg_text_is(head.query, "a=1&b=2"));
    assert_int_equal(head.header_count, 4);
    assert_true(tg_text_is(headers[1].value, "z"));
    assert_int_equal(head.framing, MESSAGE_BY_LENGTH);
    assert_int_equal(head.content_length, 5);
    assert_true(head.is_persistent);
    assert_true(head.expects_continue);
}

static void absolute_and_asterisk_targets_are_understood(void **state)
{
    struct message_head head;
    assert_int_equal(read_request("GET http://a.b:1/c?d HTTP/1.1\r\nHost: a.b:1\r\n\r\n", &head), MESSAGE_DONE);
    assert_true(tg_text_is(head.path, "/c"));
    assert_true(tg_text_is(head.query, "d"));
    assert_int_equal(read_request("GET https://a.b HTTP/1.1\r\nHost: a.b\r\n\r\n", &head), MESSAGE_DONE);
    assert_true(tg_text_is(head.path, "/"));
    assert_int_equal(read_request("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", &head), MESSAGE_DONE);
}

static void connections_last_as_version_and_options_say(void **state)
{
    static const struct {
        const char *head;
        bool is_persistent;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n", false},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
        {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        struct message_head head;
        assert_int_equal(read_request(cases[i].head, &head), MESSAGE_DONE);
        assert_int_equal(head.is_persistent, cases[i].is_persistent);
    }
}

static void every_prefix_of_a_good_head_is_partial(void **state)
{
    static const char request[] = "POST /a?b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
    struct message_head head;
    for (size_t bytes = 0; bytes < sizeof(request) - 1; ++bytes) {
        char *copy = malloc(bytes + 1); /* exact, so that reading beyond it is noticed */
        memcpy(copy, request, bytes);
        copy = realloc(copy, bytes == 0 ? 1 : bytes);
        assert_int_equal(message_read_request(copy, bytes, 0, &head, headers), MESSAGE_PARTIAL);
        free(copy);
        /* and going on from there gives the same as all at once */
        if (bytes != 0)
            assert_int_equal(message_read_request(request, sizeof(request) - 1, bytes, &head, headers), MESSAGE_DONE);
    }
}

static void one_header_too_many_is_told_apart_from_nonsense(void **state)
{
    char request[8192] = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (int i = 1; i < TG_HTTP_MAX_HEADERS; ++i)
        strcat(request, "X: y\r\n");
    size_t bytes = strlen(request);
    strcat(request, "\r\n");
    struct message_head head;
    assert_int_equal(read_request(request, &head), MESSAGE_DONE);
    assert_int_equal(head.header_count, TG_HTTP_MAX_HEADERS);
    strcpy(request + bytes, "X: y\r\n\r\n");
    assert_int_equal(read_request(request, &head), MESSAGE_TOO_MANY_HEADERS);
    strcpy(request + bytes, "X: y\r\nX: y\r\n\r\n");
    assert_int_equal(read_request(request, &head), MESSAGE_TOO_MANY_HEADERS);
}

static void answers_are_framed_by_status_method_and_headers(void **state)
{
    static const struct {
        const char *head;
        bool is_to_head;
        enum message_verdict verdict;
        enum message_framing framing;
        int64_t content_length;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false, MESSAGE_DONE, MESSAGE_BY_LENGTH, 5},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true, MESSAGE_DONE, MESSAGE_NO_BODY, 5},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", false, MESSAGE_DONE, MESSAGE_CHUNKED, -1},
        {"HTTP/1.1 200 OK\r\n\r\n", false, MESSAGE_DONE, MESSAGE_UNTIL_CLOSE, -1},
        {"HTTP/1.1 204 No Content\r\n\r\n", false, MESSAGE_DONE, MESSAGE_NO_BODY, -1},
        {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", false, MESSAGE_DONE, MESSAGE_NO_BODY, 5},
        {"HTTP/1.1 100 Continue\r\n\r\n", false, MESSAGE_DONE, MESSAGE_NO_BODY, -1},
        {"HTTP/1.1 101 Switching Protocols\r\n\r\n", false, MESSAGE_BAD, MESSAGE_NO_BODY, -1},
        {"HTTP/1.1 099 Odd\r\n\r\n", false, MESSAGE_BAD, MESSAGE_NO_BODY, -1},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", false, MESSAGE_BAD,
         MESSAGE_NO_BODY, -1},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", false, MESSAGE_BAD, MESSAGE_NO_BODY, -1},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", false, MESSAGE_UNKNOWN_CODING, MESSAGE_NO_BODY, -1},
        {"HTTP/1.1 200 OK\r\nX: 1\r\n 2\r\n\r\n", false, MESSAGE_BAD, MESSAGE_NO_BODY, -1},
        {"HTTP/1.1 200 OK\nX: 1\r\n\r\n", false, MESSAGE_BAD, MESSAGE_NO_BODY, -1},
        {"ICY 200 OK\r\n\r\n", false, MESSAGE_BAD, MESSAGE_NO_BODY, -1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        struct message_head head;
        assert_int_equal(
            message_read_answer(cases[i].head, strlen(cases[i].head), 0, cases[i].is_to_head, &head, headers),
            cases[i].verdict);
        if (cases[i].verdict != MESSAGE_DONE)
            continue;
        assert_int_equal(head.framing, cases[i].framing);
        assert_int_equal(head.content_length, cases[i].content_length);
    }
}

static void query_parameters_are_found_and_decoded(void **state)
{
    struct tg_text value;
    struct tg_text query = tg_text_of("a=1&bc=%41+%zz&flag&d=");
    assert_true(tg_http_query_param(query, "bc", &value) && tg_text_is(value, "%41+%zz"));
    assert_true(tg_http_query_param(query, "flag", &value) && value.bytes == 0);
    assert_true(tg_http_query_param(query, "d", &value) && value.bytes == 0);
    assert_false(tg_http_query_param(query, "b", &value));
    struct tg_arena arena;
    tg_arena_init(&arena);
    assert_true(tg_http_percent_decode(&arena, tg_text_of("%41+b%2fc"), true, &value) && tg_text_is(value, "A b/c"));
    assert_true(tg_http_percent_decode(&arena, tg_text_of("%41+b"), false, &value) && tg_text_is(value, "A+b"));
    assert_false(tg_http_percent_decode(&arena, tg_text_of("%zz"), true, &value));
    assert_false(tg_http_percent_decode(&arena, tg_text_of("%4"), true, &value));
    tg_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_that_could_be_read_in_two_ways_are_refused),
        cmocka_unit_test(a_nul_in_a_value_is_refused),
        cmocka_unit_test(a_plain_request_is_understood),
        cmocka_unit_test(absolute_and_asterisk_targets_are_understood),
        cmocka_unit_test(connections_last_as_version_and_options_say),
        cmocka_unit_test(every_prefix_of_a_good_head_is_partial),
        cmocka_unit_test(one_header_too_many_is_told_apart_from_nonsense),
        cmocka_unit_test(answers_are_framed_by_status_method_and_headers),
        cmocka_unit_test(query_parameters_are_found_and_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
