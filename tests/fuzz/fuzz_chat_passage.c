/* Any bytes as a stream, cut by the input's first byte: what the client gets and what is counted do not depend on the
 * cuts, and nothing is passed on that the provider did not send. */
#include "dataplane/dialects/canonical/passage.h"
#include "dataplane/dialects/chat/chat.h"
#include "tests/fuzz/fuzz.h"

struct passage {
    struct tg_passage stream;
    struct tg_buf out;
};

static void pass(struct passage *passage, struct tg_text stream, size_t step, bool hides_usage)
{
    tg_passage_init(&passage->stream, &tg_dialect_chat, hides_usage);
    tg_buf_init(&passage->out, stream.bytes + 2);
    for (size_t at = 0; at < stream.bytes; at += step) {
        size_t left = stream.bytes - at;
        struct tg_text piece = tg_text(stream.data + at, left < step ? left : step);
        enum tg_status status = tg_passage_feed(&passage->stream, piece, &passage->out);
        REQUIRE(status == TG_OK || status == TG_TOO_LARGE); /* [DONE] with kilobytes of comments in its block */
        if (status != TG_OK)
            return;
    }
    REQUIRE(tg_passage_finish(&passage->stream, &passage->out) != TG_INVALID);
}

static void forget(struct passage *passage)
{
    tg_passage_deinit(&passage->stream);
    tg_buf_deinit(&passage->out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > 4096)
        return 0;
    struct tg_text stream = tg_text((const char *)data + 1, size - 1);
    struct passage whole, cut, open;
    pass(&whole, stream, stream.bytes, true);
    pass(&cut, stream, (size_t)data[0] + 1, true);
    pass(&open, stream, stream.bytes, false);
    if (memchr(stream.data, '\r', stream.bytes) == NULL) { /* the LF of a CRLF that is cut belongs to the next block */
        REQUIRE(tg_text_equals(tg_buf_text(&whole.out), tg_buf_text(&cut.out)));
        REQUIRE(tg_text_equals(tg_buf_text(&whole.stream.end), tg_buf_text(&cut.stream.end)));
    }
    REQUIRE(whole.stream.seen.has_usage == cut.stream.seen.has_usage);
    REQUIRE(memcmp(&whole.stream.seen.usage, &cut.stream.seen.usage, sizeof(whole.stream.seen.usage)) == 0);
    REQUIRE(whole.stream.seen.text_bytes == cut.stream.seen.text_bytes);
    size_t sent = open.out.bytes < stream.bytes ? open.out.bytes : stream.bytes;
    REQUIRE(sent == 0 || memcmp(open.out.data, stream.data, sent) == 0);
    forget(&whole);
    forget(&cut);
    forget(&open);
    return 0;
}
