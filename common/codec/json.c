#include "common/codec/json.h"

#include <assert.h>
#include <stdlib.h>

#include <jansson.h>

#include "common/codec/json_scan.h"
#include "common/codec/json_text.h"

/* A tg_json is a json_t that no one else names. jansson's readers take const; what it hands out is borrowed. */
static json_t *native(const tg_json *value)
{
    return (json_t *)value;
}

static tg_json *wrap(json_t *value)
{
    if (value == NULL)
        abort();
    return (tg_json *)value;
}

/* The scanner judges first: it is stricter (depth) and counts columns in bytes from 1. What is left for jansson to
 * refuse is what only a tree can see: repeated names at any level, numbers beyond int64_t, NUL, lone surrogates. */
enum tg_status tg_json_parse(struct tg_text text, tg_json **root, struct tg_error *error)
{
    *root = NULL;
    struct tg_json_scan scan;
    tg_json_scan_init(&scan, text);
    enum tg_status status = tg_json_scan_finish(&scan, error);
    if (status != TG_OK)
        return status;
    json_error_t problem;
    json_t *value = json_loadb(text.data, text.bytes, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &problem);
    if (value == NULL)
        return tg_fail(error, TG_INVALID, "not valid JSON: line %d, column %d: %s", problem.line, problem.column,
                       problem.text);
    *root = wrap(value);
    return TG_OK;
}

void tg_json_destroy(tg_json *root)
{
    json_decref(native(root));
}

enum tg_json_kind tg_json_kind(const tg_json *value)
{
    switch (json_typeof(native(value))) {
    case JSON_OBJECT:
        return TG_JSON_OBJECT;
    case JSON_ARRAY:
        return TG_JSON_ARRAY;
    case JSON_STRING:
        return TG_JSON_STRING;
    case JSON_INTEGER:
    case JSON_REAL:
        return TG_JSON_NUMBER;
    case JSON_TRUE:
    case JSON_FALSE:
        return TG_JSON_BOOLEAN;
    case JSON_NULL:
        break;
    }
    return TG_JSON_NULL;
}

bool tg_json_is(const tg_json *value, enum tg_json_kind kind)
{
    return value != NULL && tg_json_kind(value) == kind;
}

size_t tg_json_count(const tg_json *value)
{
    return tg_json_is(value, TG_JSON_OBJECT) ? json_object_size(native(value)) : json_array_size(native(value));
}

tg_json *tg_json_member(const tg_json *value, const char *key)
{
    return (tg_json *)json_object_get(native(value), key);
}

tg_json *tg_json_at(const tg_json *value, size_t index)
{
    return (tg_json *)json_array_get(native(value), index);
}

bool tg_json_next_member(const tg_json *object, struct tg_json_cursor *cursor)
{
    json_t *members = native(object);
    cursor->position =
        cursor->is_started ? json_object_iter_next(members, cursor->position) : json_object_iter(members);
    cursor->is_started = true;
    if (cursor->position == NULL)
        return false;
    cursor->key = tg_text_of(json_object_iter_key(cursor->position));
    cursor->value = (tg_json *)json_object_iter_value(cursor->position);
    return true;
}

struct tg_text tg_json_text(const tg_json *value)
{
    assert(tg_json_is(value, TG_JSON_STRING));
    return tg_text(json_string_value(native(value)), json_string_length(native(value)));
}

bool tg_json_is_i64(const tg_json *value)
{
    return json_is_integer(native(value));
}

int64_t tg_json_i64(const tg_json *value)
{
    assert(tg_json_is_i64(value));
    return json_integer_value(native(value));
}

bool tg_json_boolean(const tg_json *value)
{
    assert(tg_json_is(value, TG_JSON_BOOLEAN));
    return json_is_true(native(value));
}

bool tg_json_equals(const tg_json *a, const tg_json *b)
{
    return json_equal(native(a), native(b)) != 0;
}

tg_json *tg_json_new_object(void)
{
    return wrap(json_object());
}

tg_json *tg_json_new_array(void)
{
    return wrap(json_array());
}

tg_json *tg_json_new_i64(int64_t number)
{
    return wrap(json_integer(number));
}

tg_json *tg_json_new_boolean(bool is_true)
{
    return wrap(json_boolean(is_true));
}

tg_json *tg_json_new_null(void)
{
    return wrap(json_null());
}

/* Where `text` is not what a tree may hold, U+FFFD stands instead. At most three times as long. */
static json_t *repaired_string(struct tg_text text)
{
    struct tg_buf repaired;
    tg_buf_init(&repaired, 3 * text.bytes);
    for (const char *at = text.data, *end = at + text.bytes; at != end;) {
        size_t bytes = (unsigned char)*at < 0x80 ? *at != '\0' : tg_json_utf8_bytes(at, end);
        struct tg_text valid = bytes != 0 ? tg_text(at, bytes) : tg_text("\xef\xbf\xbd", 3);
        if (tg_buf_append(&repaired, valid) != TG_OK)
            abort();
        at += bytes != 0 ? bytes : 1;
    }
    json_t *string = json_stringn(repaired.data, repaired.bytes);
    tg_buf_deinit(&repaired);
    return string;
}

tg_json *tg_json_new_text(struct tg_text text)
{
    if (text.bytes == 0)
        return wrap(json_string(""));
    json_t *string = memchr(text.data, '\0', text.bytes) == NULL ? json_stringn(text.data, text.bytes) : NULL;
    return wrap(string != NULL ? string : repaired_string(text));
}

tg_json *tg_json_copy(const tg_json *value)
{
    return wrap(json_deep_copy(native(value)));
}

void tg_json_set(tg_json *object, const char *key, tg_json *value)
{
    if (json_object_set_new(native(object), key, native(value)) != 0)
        abort();
}

void tg_json_set_text(tg_json *object, const char *key, struct tg_text text)
{
    tg_json_set(object, key, tg_json_new_text(text));
}

void tg_json_set_i64(tg_json *object, const char *key, int64_t number)
{
    tg_json_set(object, key, tg_json_new_i64(number));
}

void tg_json_set_boolean(tg_json *object, const char *key, bool is_true)
{
    tg_json_set(object, key, tg_json_new_boolean(is_true));
}

void tg_json_set_id(tg_json *object, const char *key, struct tg_id id)
{
    char text[TG_ID_TEXT_BYTES];
    tg_id_format(id, text);
    tg_json_set_text(object, key, tg_text_of(text));
}

void tg_json_remove(tg_json *object, const char *key)
{
    (void)json_object_del(native(object), key); /* it may not be there */
}

void tg_json_append(tg_json *array, tg_json *value)
{
    if (json_array_append_new(native(array), native(value)) != 0)
        abort();
}

static int append_dump(const char *data, size_t bytes, void *out)
{
    return tg_buf_append(out, tg_text(data, bytes)) == TG_OK ? 0 : -1;
}

enum tg_status tg_json_dump(const tg_json *value, enum tg_json_layout layout, struct tg_buf *out)
{
    size_t before = out->bytes;
    size_t flags = JSON_ENCODE_ANY | (layout == TG_JSON_COMPACT ? JSON_COMPACT : JSON_INDENT(2));
    if (json_dump_callback(native(value), append_dump, out, flags) == 0)
        return TG_OK;
    out->bytes = before;
    return TG_TOO_LARGE;
}
