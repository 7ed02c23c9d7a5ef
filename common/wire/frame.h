/* Length-delimited frames: a varint length (protobuf's base 128, little end first), then so many bytes. This is what
 * writeDelimitedTo and parseDelimitedFrom of other languages' protobuf libraries speak.
 *
 * A frame is at most TG_FRAME_MAX_BYTES long. The reader is strict: a length of more than four octets, or written with
 * more octets than it needs, ends the connection. */
#ifndef TG_WIRE_FRAME_H
#define TG_WIRE_FRAME_H

#include "common/base/buf.h"
#include "common/wire/protocol.h"

enum { TG_FRAME_MAX_BYTES = 1 << 20, TG_FRAME_LENGTH_MAX_BYTES = 4 };

/* Appends the message as a frame. TG_TOO_LARGE if it is longer than a frame may be, TG_EXHAUSTED if the buffer has no
 * room for it; nothing is appended then. */
enum tg_status tg_frame_append(const ProtobufCMessage *message, struct tg_buf *buf) TG_MUST_CHECK;

/* The same for a message that is packed already. */
enum tg_status tg_frame_append_packed(struct tg_text packed, struct tg_buf *buf) TG_MUST_CHECK;

/* Begins a frame whose content, of `bytes`, the caller appends next: the buffer has room for it. */
enum tg_status tg_frame_begin(size_t bytes, struct tg_buf *buf) TG_MUST_CHECK;

enum tg_frame_result { TG_FRAME_COMPLETE, TG_FRAME_PARTIAL, TG_FRAME_MALFORMED };
const char *tg_frame_result_name(enum tg_frame_result result);

/* Looks at the front of `received`. COMPLETE: `*content` is the first frame's content and `*frame_bytes` what it took
 * with its length. PARTIAL: more is needed. */
enum tg_frame_result tg_frame_parse(struct tg_text received, struct tg_text *content, size_t *frame_bytes);

/* Cuts a byte stream into frames; never holds more than one frame and one read's worth. */
struct tg_frame_reader {
    struct tg_buf buf;
    size_t taken_bytes; /* of buf, by frames already handed out */
};

void tg_frame_reader_init(struct tg_frame_reader *reader);
void tg_frame_reader_deinit(struct tg_frame_reader *reader);

/* Where to put the next bytes, at least 1 and at most `*bytes` (which is set to the room). Call it only after
 * tg_frame_reader_next() said PARTIAL; then report what came with tg_frame_reader_add. */
char *tg_frame_reader_room(struct tg_frame_reader *reader, size_t *bytes);
void tg_frame_reader_add(struct tg_frame_reader *reader, size_t bytes);

/* The next frame's content; valid until the next call on the reader. */
enum tg_frame_result tg_frame_reader_next(struct tg_frame_reader *reader, struct tg_text *content);

#endif
