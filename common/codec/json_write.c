#include "common/codec/json_write.h"

#include <assert.h>
#include <stdio.h>

#include "common/codec/json_text.h"

void tg_json_write_init(struct tg_json_writer *writer, struct tg_buf *out)
{
    *writer = (struct tg_json_writer){.out = out};
}

static void put(struct tg_json_writer *writer, const char *data, size_t bytes)
{
    if (!writer->is_full && tg_buf_append(writer->out, tg_text(data, bytes)) != TG_OK)
        writer->is_full = true;
}

static void begin_value(struct tg_json_writer *writer)
{
    if (writer->needs_comma)
        put(writer, ",", 1);
    writer->needs_comma = true;
}

static void open_container(struct tg_json_writer *writer, const char *bracket)
{
    begin_value(writer);
    put(writer, bracket, 1);
    writer->needs_comma = false;
    ++writer->depth;
}

static void close_container(struct tg_json_writer *writer, const char *bracket)
{
    assert(writer->depth != 0);
    put(writer, bracket, 1);
    writer->needs_comma = true;
    --writer->depth;
}

void tg_json_write_object_begin(struct tg_json_writer *writer)
{
    open_container(writer, "{");
}

void tg_json_write_object_end(struct tg_json_writer *writer)
{
    close_container(writer, "}");
}

void tg_json_write_array_begin(struct tg_json_writer *writer)
{
    open_container(writer, "[");
}

void tg_json_write_array_end(struct tg_json_writer *writer)
{
    close_container(writer, "]");
}

static void put_escape(struct tg_json_writer *writer, unsigned char byte)
{
    static const char short_forms[] = {
        ['"'] = '"', ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't',
    };
    char escape[8];
    int bytes = byte < sizeof(short_forms) && short_forms[byte] != 0
                    ? snprintf(escape, sizeof(escape), "\\%c", short_forms[byte])
                    : snprintf(escape, sizeof(escape), "\\u%04x", byte);
    put(writer, escape, (size_t)bytes);
}

static void put_string(struct tg_json_writer *writer, struct tg_text text)
{
    const char *at = text.data;
    const char *end = text.bytes == 0 ? at : at + text.bytes;
    const char *run = at; /* begin of what can be copied as it is */
    put(writer, "\"", 1);
    while (at != end && (at = tg_json_plain_end(at, end)) != end) {
        unsigned char byte = (unsigned char)*at;
        size_t bytes = byte < 0x80 ? 0 : tg_json_utf8_bytes(at, end);
        if (bytes != 0) {
            at += bytes;
            continue;
        }
        put(writer, run, (size_t)(at - run));
        if (byte < 0x80)
            put_escape(writer, byte);
        else
            put(writer, "\xef\xbf\xbd", 3);
        run = ++at;
    }
    put(writer, run, (size_t)(end - run));
    put(writer, "\"", 1);
}

void tg_json_write_key(struct tg_json_writer *writer, const char *key)
{
    tg_json_write_key_text(writer, tg_text_of(key));
}

void tg_json_write_key_text(struct tg_json_writer *writer, struct tg_text key)
{
    begin_value(writer);
    put_string(writer, key);
    put(writer, ":", 1);
    writer->needs_comma = false;
}

void tg_json_write_string(struct tg_json_writer *writer, struct tg_text text)
{
    begin_value(writer);
    put_string(writer, text);
}

void tg_json_write_quoted(struct tg_json_writer *writer, struct tg_text written)
{
    begin_value(writer);
    put(writer, "\"", 1);
    put(writer, written.data, written.bytes);
    put(writer, "\"", 1);
}

void tg_json_write_i64(struct tg_json_writer *writer, int64_t number)
{
    char digits[24];
    char *at = digits + sizeof(digits);
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (number < 0)
        *--at = '-';
    tg_json_write_raw(writer, tg_text(at, (size_t)(digits + sizeof(digits) - at)));
}

void tg_json_write_boolean(struct tg_json_writer *writer, bool is_true)
{
    tg_json_write_raw(writer, tg_text_of(is_true ? "true" : "false"));
}

void tg_json_write_null(struct tg_json_writer *writer)
{
    tg_json_write_raw(writer, tg_text_of("null"));
}

void tg_json_write_raw(struct tg_json_writer *writer, struct tg_text json)
{
    begin_value(writer);
    put(writer, json.data, json.bytes);
}

enum tg_status tg_json_write_finish(struct tg_json_writer *writer)
{
    assert(writer->depth == 0);
    return writer->is_full ? TG_TOO_LARGE : TG_OK;
}
