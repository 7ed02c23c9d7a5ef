/* The binary framing of AWS event streams (application/vnd.amazon.eventstream), in which Bedrock streams its answers:
 * reads it, however the bytes are cut into pieces, and writes it.
 *
 *   message = total length, 4 | headers' length, 4 | CRC-32 of these 8 | headers | payload | CRC-32 of all before, 4
 *   header  = name's length, 1 | name | type, 1 | value; lengths of strings and byte arrays are 2, all big-endian
 *
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html describes the same framing.)
 *
 * Feed a piece, take messages until there is none, feed the next. The raw bytes of all messages, in order, are the
 * stream: what is passed on unread is passed on unchanged. A message that lies within one piece is not copied; the rest
 * of a piece is kept until the next. Lengths are believed only once their checksum was right, and no message is larger
 * than the bound given at the start. After a failure there is no way to find the next message: the decoder repeats the
 * failure. Single owner. */
#ifndef TG_CODEC_AWS_EVENT_STREAM_H
#define TG_CODEC_AWS_EVENT_STREAM_H

#include "common/base/buf.h"

enum { TG_AWS_EVENT_MAX_BYTES = 1 << 20, TG_AWS_EVENT_OVERHEAD_BYTES = 16 };

enum tg_aws_event_result {
    TG_AWS_EVENT_MESSAGE,
    TG_AWS_EVENT_MORE,         /* feed on */
    TG_AWS_EVENT_TOO_LARGE,    /* a message is longer than the bound */
    TG_AWS_EVENT_BAD_LENGTH,   /* the lengths contradict each other */
    TG_AWS_EVENT_BAD_CHECKSUM, /* bytes were altered or lost, or this is no event stream */
    TG_AWS_EVENT_BAD_HEADERS,  /* they do not end where they should, or a type is unknown */
};
const char *tg_aws_event_result_name(enum tg_aws_event_result result);

/* The numbers are those of the format. */
enum tg_aws_event_type {
    TG_AWS_EVENT_TRUE = 0,
    TG_AWS_EVENT_FALSE = 1,
    TG_AWS_EVENT_INT8 = 2,
    TG_AWS_EVENT_INT16 = 3,
    TG_AWS_EVENT_INT32 = 4,
    TG_AWS_EVENT_INT64 = 5,
    TG_AWS_EVENT_BYTES = 6,
    TG_AWS_EVENT_STRING = 7,
    TG_AWS_EVENT_TIMESTAMP = 8, /* milliseconds since the Unix epoch */
    TG_AWS_EVENT_UUID = 9,
};
const char *tg_aws_event_type_name(enum tg_aws_event_type type);

struct tg_aws_event_header {
    struct tg_text name;
    enum tg_aws_event_type type;
    int64_t number;       /* booleans, integers, timestamps */
    struct tg_text value; /* bytes, strings, the 16 octets of a UUID; of a number read: its octets */
};

struct tg_aws_event_message {
    struct tg_text raw;     /* all bytes */
    struct tg_text headers; /* packed: see tg_aws_event_next_header() */
    struct tg_text payload;
    /* The strings that say what it is; empty where absent. Of headers with one name the first counts. */
    struct tg_text message_type;   /* ":message-type": "event", "exception" or "error" */
    struct tg_text event_type;     /* ":event-type" */
    struct tg_text exception_type; /* ":exception-type" */
    struct tg_text content_type;   /* ":content-type" */
    struct tg_text error_code;     /* ":error-code" of an "error" */
    struct tg_text error_message;  /* ":error-message" */
};

struct tg_aws_event_stream {
    struct tg_buf held; /* the message so far, once it spans pieces */
    const char *at;     /* what was fed and not taken yet */
    const char *end;
    size_t message_bytes; /* of the held one, once its prelude was checked; 0 before */
    size_t max_message_bytes;
    enum tg_aws_event_result failure; /* TG_AWS_EVENT_MORE: none */
    bool is_held;                     /* the last message handed out is in `held` */
};

/* `max_message_bytes`: TG_AWS_EVENT_MAX_BYTES unless there is a reason. */
void tg_aws_event_stream_init(struct tg_aws_event_stream *stream, size_t max_message_bytes);
void tg_aws_event_stream_deinit(struct tg_aws_event_stream *stream);

/* `piece` is referenced until tg_aws_event_stream_next() returned TG_AWS_EVENT_MORE; only then may the next be fed. */
void tg_aws_event_stream_feed(struct tg_aws_event_stream *stream, struct tg_text piece);

/* The next complete message, whose checksums were right and whose headers can all be read. Its text is valid until the
 * next call with this stream. */
enum tg_aws_event_result tg_aws_event_stream_next(struct tg_aws_event_stream *stream,
                                                  struct tg_aws_event_message *message) TG_MUST_CHECK;

/* How many bytes of an unfinished message are kept: not zero at the end of a stream that was cut off. */
size_t tg_aws_event_stream_rest_bytes(const struct tg_aws_event_stream *stream);

/* Takes the first of the packed headers off `headers`. False at their end, or where they are malformed (which those of
 * a message from the decoder never are). */
bool tg_aws_event_next_header(struct tg_text *headers, struct tg_aws_event_header *header);

/* ---- writing ---- */

/* Appends a message up to its payload; the caller appends the payload to `out` and ends the message with `*start`.
 * TG_TOO_LARGE, and nothing appended, if it would pass the buffer's maximum. Names are 1 to 255 bytes, values at most
 * 65535, a UUID 16. */
enum tg_status tg_aws_event_begin(struct tg_buf *out, const struct tg_aws_event_header *headers, size_t count,
                                  size_t *start) TG_MUST_CHECK;
/* TG_TOO_LARGE, and the message taken back, if there is no room for its last four bytes. */
enum tg_status tg_aws_event_end(struct tg_buf *out, size_t start) TG_MUST_CHECK;

/* Both at once. */
enum tg_status tg_aws_event_write(struct tg_buf *out, const struct tg_aws_event_header *headers, size_t count,
                                  struct tg_text payload) TG_MUST_CHECK;

#endif
