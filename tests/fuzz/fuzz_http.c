/* Heads of messages and chunked bodies. A head means the same however much of it an earlier look has seen, and a body
 * decodes to the same bytes in one piece and byte by byte. */
#include <stdlib.h>
#include <string.h>

#include "common/http/chunked.h"
#include "common/http/message.h"
#include "tests/fuzz/fuzz.h"

static void read_heads(const char *data, size_t bytes)
{
    struct tg_http_header headers[MESSAGE_HEADER_CAPACITY];
    struct message_head head, later;
    memset(&head, 0, sizeof(head));
    memset(&later, 0, sizeof(later));
    enum message_verdict verdict = message_read_request(data, bytes, 0, &head, headers);
    if (verdict == MESSAGE_DONE) {
        REQUIRE(head.head_bytes > 0 && head.head_bytes <= bytes && head.header_count <= TG_HTTP_MAX_HEADERS);
        REQUIRE(head.framing != MESSAGE_UNTIL_CLOSE);
        REQUIRE(message_read_request(data, bytes, head.head_bytes - 1, &later, headers) == MESSAGE_DONE);
        REQUIRE(later.head_bytes == head.head_bytes && later.framing == head.framing);
    }
    for (int is_to_head = 0; is_to_head <= 1; is_to_head++) {
        memset(&head, 0, sizeof(head));
        if (message_read_answer(data, bytes, 0, is_to_head, &head, headers) == MESSAGE_DONE)
            REQUIRE(head.head_bytes <= bytes && (!is_to_head || head.framing == MESSAGE_NO_BODY));
    }
}

struct decoded {
    char *data;
    size_t bytes;
    struct chunked state;
};

static struct decoded decode(const char *data, size_t bytes, size_t piece_bytes)
{
    struct decoded decoded = {.data = malloc(bytes + 1)};
    char *piece = malloc(piece_bytes + 1);
    for (size_t at = 0; at < bytes && !chunked_is_done(&decoded.state);) {
        size_t length = bytes - at < piece_bytes ? bytes - at : piece_bytes;
        size_t body_bytes, taken_bytes;
        memcpy(piece, data + at, length);
        if (!chunked_decode(&decoded.state, piece, length, &body_bytes, &taken_bytes))
            break;
        REQUIRE(body_bytes <= taken_bytes && taken_bytes <= length);
        REQUIRE(taken_bytes == length || chunked_is_done(&decoded.state));
        memcpy(decoded.data + decoded.bytes, piece, body_bytes);
        decoded.bytes += body_bytes;
        at += length;
    }
    free(piece);
    return decoded;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    read_heads((const char *)data, bytes);
    struct decoded whole = decode((const char *)data, bytes, bytes > 0 ? bytes : 1);
    struct decoded cut = decode((const char *)data, bytes, 1);
    REQUIRE(whole.state.state == cut.state.state);
    if (whole.state.state != CHUNKED_BAD) {
        REQUIRE(whole.bytes == cut.bytes && memcmp(whole.data, cut.data, whole.bytes) == 0);
    }
    free(whole.data);
    free(cut.data);
    return 0;
}
