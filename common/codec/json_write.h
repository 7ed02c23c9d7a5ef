/* A streaming JSON writer onto a bounded buffer, for hot paths: what is written is there at once, nothing is kept.
 *
 * The caller gives the structure in order, the writer adds quotes, commas and escapes. Running out of room is
 * remembered and told once, by tg_json_write_finish(). Ill-formed UTF-8 becomes U+FFFD, so that the result is always
 * valid. */
#ifndef TG_CODEC_JSON_WRITE_H
#define TG_CODEC_JSON_WRITE_H

#include "common/base/buf.h"

struct tg_json_writer {
    struct tg_buf *out;
    unsigned depth;
    bool needs_comma;
    bool is_full;
};

/* Appends to `out`, which belongs to the caller. */
void tg_json_write_init(struct tg_json_writer *writer, struct tg_buf *out);

void tg_json_write_object_begin(struct tg_json_writer *writer);
void tg_json_write_object_end(struct tg_json_writer *writer);
void tg_json_write_array_begin(struct tg_json_writer *writer);
void tg_json_write_array_end(struct tg_json_writer *writer);

/* The name of the next value; only inside an object. */
void tg_json_write_key(struct tg_json_writer *writer, const char *key);

void tg_json_write_key_text(struct tg_json_writer *writer, struct tg_text key);

void tg_json_write_string(struct tg_json_writer *writer, struct tg_text text);
void tg_json_write_i64(struct tg_json_writer *writer, int64_t number);
void tg_json_write_boolean(struct tg_json_writer *writer, bool is_true);
void tg_json_write_null(struct tg_json_writer *writer);
/* A string's inside that is written already (json_string.h), between quotes. */
void tg_json_write_quoted(struct tg_json_writer *writer, struct tg_text written);
/* A value that is JSON already. */
void tg_json_write_raw(struct tg_json_writer *writer, struct tg_text json);

/* TG_TOO_LARGE if something did not fit: what stands in the buffer is then cut somewhere. All that was begun is ended.
 */
enum tg_status tg_json_write_finish(struct tg_json_writer *writer) TG_MUST_CHECK;

#endif
